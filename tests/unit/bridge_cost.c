/* The numbers of docs/cost.md, from the constants of the scheduler; "--print" prints
 * them. What single things cost is measured by tests/plays/test_cost.py. */
#include "bridge/poll.h"
#include "bridge/pull.h"

#include "unit.h"

#include <stdlib.h>

#define BEGIN "<!-- computed: tests/unit/bridge_cost --print -->\n"
#define END "<!-- end -->\n"
#define FILE_MAX 100000

/* ---- whom it is computed for; the same words in docs/cost.md ---- */
#define CALENDARS 5
#define OWNED 1
#define EVENTS 400 /* in a calendar */
#define AT_WORK_H                                                                        \
    9 /* a client looks at every calendar at least every quarter of an hour */
#define CHANGES 10   /* a day, in Feishu, in any of them */
#define WRITES 4     /* a day, by clients */
#define BUSY_TIMES 5 /* look-ups a day */

/* ---- how the bridge is set ---- */
#define BASE_MS 120000
#define RATE 1000
#define SHARE (RATE * POLL_SHARE_PERCENT / 100)
#define TOKEN_LIFE_S 7200

/* ---- what single things cost (measured) ---- */
#define CALLS_OF_A_WRITE 2 /* looks, writes */
#define CALLS_AFTER 1      /* who attends is read again */
#define CALLS_OF_A_CHANGE 1

#define DAY_S 86400
#define NOW_S 1800000000

struct cost {
    long users;
    bool told;
    double stretch_at_work, stretch_idle;
    double polls, readings, subscriptions, tokens, changes, writes, busy_times, all;
    double at_work_per_minute; /* of the tenant, every method */
    double lists_per_minute;   /* of calendar.event.list, at work */
    double every_s;            /* a calendar that a client looks at is polled */
};

/* The polls of all users as those of one with so many times the calls. */
static size_t user(const struct cost *cost, bool at_work, struct poll list[CALENDARS + 1])
{
    struct poll_facts facts = {/* Somebody looked today, something changed this week. */
        .interest_s = at_work ? NOW_S : NOW_S - DAY_S / 2,
        .changed_s = NOW_S - DAY_S,
        .cost = 100,
        .told = cost->told};
    size_t n = 0;
    for (; n < CALENDARS; n++) {
        int64_t interval_ms = poll_interval_ms(BASE_MS, &facts, NOW_S);
        list[n] = (struct poll){.interval_ms = interval_ms,
            .calls =
                cost->users * poll_calls(&facts, interval_ms, n < OWNED, cost->told)};
    }
    list[n++] = (struct poll){
        .interval_ms = poll_interval_ms(POLL_LIST_FACTOR * BASE_MS, &facts, NOW_S),
        .calls = cost->users * 100};
    return n;
}

/* Of one user, in calls a minute; lists: those of events alone. */
static double polls_per_minute(
    const struct cost *cost, bool at_work, double stretch, double *lists)
{
    struct poll list[CALENDARS + 1];
    size_t n = user(cost, at_work, list);
    double calls = 0;
    *lists = 0;
    for (size_t i = 0; i < n; i++) {
        double looks = 60000 / (double)list[i].interval_ms / stretch;
        calls += looks * (double)list[i].calls / 100 / (double)cost->users;
        *lists += i < CALENDARS ? looks : 0;
    }
    return calls;
}

static double stretch_of(const struct cost *cost, bool at_work)
{
    struct poll list[CALENDARS + 1];
    size_t n = user(cost, at_work, list);
    return (double)poll_stretch(list, n, SHARE) / POLL_STRETCH_NONE;
}

static double least(double a, double b)
{
    return a < b ? a : b;
}

static struct cost cost_of(long users, bool told)
{
    struct cost cost = {.users = users, .told = told};
    double at_work_min = AT_WORK_H * 60, idle_min = 24 * 60 - at_work_min, lists, unused;
    cost.stretch_at_work = stretch_of(&cost, true);
    cost.stretch_idle = stretch_of(&cost, false);
    double at_work = polls_per_minute(&cost, true, cost.stretch_at_work, &lists);
    double idle = polls_per_minute(&cost, false, cost.stretch_idle, &unused);
    double stretch = (cost.stretch_at_work * at_work_min + cost.stretch_idle * idle_min) /
        (at_work_min + idle_min);
    int pages = (EVENTS + PULL_PAGE_EVENTS - 1) / PULL_PAGE_EVENTS;
    cost.polls = at_work * at_work_min + idle * idle_min;
    cost.readings = CALENDARS * pages * (double)DAY_S / READING_AGAIN_S / stretch;
    /* Renewed between three quarters of the time and all of it. */
    if (told)
        cost.subscriptions =
            (1 + CALENDARS + OWNED) * (double)DAY_S / (SUBSCRIPTION_RENEW_S * 7 / 8.0);
    /* What Feishu tells of is read at once, one's own writes too. */
    cost.changes = CHANGES * (CALLS_OF_A_CHANGE + (told ? 1 : 0));
    cost.writes = WRITES * (CALLS_OF_A_WRITE + CALLS_AFTER + (told ? 1 : 0));
    cost.busy_times = BUSY_TIMES;
    cost.tokens = least((double)DAY_S / (TOKEN_LIFE_S - TOKEN_MARGIN_S),
        cost.polls + cost.changes + cost.writes);
    cost.all = cost.polls + cost.readings + cost.subscriptions + cost.tokens +
        cost.changes + cost.writes + cost.busy_times;
    double rest = cost.readings / 24 / 60 + cost.subscriptions / 24 / 60 +
        cost.tokens / 24 / 60 +
        (cost.changes + cost.writes + cost.busy_times) / at_work_min;
    cost.at_work_per_minute = (double)users * (at_work + rest);
    cost.lists_per_minute = (double)users *
        (lists + cost.readings / 24 / 60 + (told ? (CHANGES + WRITES) / at_work_min : 0));
    struct poll list[CALENDARS + 1];
    user(&cost, true, list);
    cost.every_s = (double)list[CALENDARS - 1].interval_ms / 1000 * cost.stretch_at_work;
    return cost;
}

/* How many users before intervals are stretched at work. */
static long users_that_fit(bool told)
{
    long low = 1, high = 10000000;
    while (high - low > 1) {
        long middle = (low + high) / 2;
        struct cost cost = {.users = middle, .told = told};
        if (stretch_of(&cost, true) > 1)
            high = middle;
        else
            low = middle;
    }
    return low;
}

/* How many users before what is told of alone takes what polls leave of the list of
 * events, at work. */
static long users_that_are_told_at_once(void)
{
    return (long)((RATE - SHARE) / ((CHANGES + WRITES) / (AT_WORK_H * 60.0)));
}

static const char *duration(struct ctx *cx, double s)
{
    if (s < 3600)
        return arena_printf(cx->arena, "%.0f min", s / 60);
    return arena_printf(cx->arena, "%.1f h", s / 3600);
}

static void add_rows(struct ctx *cx, struct buf *text)
{
    static const long users[] = {10, 1000, 100000};
    for (int told = 0; told < 2; told++)
        for (size_t i = 0; i < 3; i++) {
            struct cost cost = cost_of(users[i], told);
            buf_printf(text,
                "| %ld | %s | %.0f | %.1f | %.0f | %.0f | %.0f | %.0f | %.0f "
                "| **%.0f** |\n",
                cost.users, told ? "yes" : "no", cost.polls, cost.readings,
                cost.subscriptions, cost.tokens, cost.changes, cost.writes,
                cost.busy_times, cost.all);
            (void)cx;
        }
    buf_adds(text,
        "\n| users | push | calls a minute at work | of them lists of events "
        "| a calendar in use is polled every | polls stretched by |\n"
        "| ---: | --- | ---: | ---: | ---: | ---: |\n");
    for (int told = 0; told < 2; told++)
        for (size_t i = 0; i < 3; i++) {
            struct cost cost = cost_of(users[i], told);
            buf_printf(text, "| %ld | %s | %.0f | %.0f | %s | %.1f |\n", cost.users,
                told ? "yes" : "no", cost.at_work_per_minute, cost.lists_per_minute,
                duration(cx, cost.every_s), cost.stretch_at_work);
        }
}

static const char *computed(struct ctx *cx)
{
    struct buf text = buf_new(cx->arena);
    buf_adds(&text,
        "\n| users | push | polls | daily readings | subscriptions | tokens | changes in "
        "Feishu | writes | busy times | calls per user and day |\n| ---: | --- | ---: | "
        "---: | ---: | ---: | ---: | ---: | ---: | ---: |\n");
    add_rows(cx, &text);
    buf_printf(&text,
        "\n* Intervals of polls begin to stretch at %ld users without push, at %ld with "
        "it.\n* With push, changes reach clients at once up to %ld users: so many change "
        "together what fills the\n  part of a minute that polls leave.\n\n",
        users_that_fit(false), users_that_fit(true), users_that_are_told_at_once());
    return buf_str(&text);
}

static char *document(struct ctx *cx)
{
    const char *docs = getenv("DOCS_DIR");
    char *text = arena_alloc(cx->arena, FILE_MAX);
    FILE *file =
        fopen(arena_printf(cx->arena, "%s/cost.md", docs ? docs : "../docs"), "r");
    assert_non_null(file);
    size_t len = fread(text, 1, FILE_MAX - 1, file);
    text[len] = 0;
    fclose(file);
    return text;
}

static void the_document_tells_what_is_computed(void **state)
{
    struct ctx *cx = *state;
    char *text = document(cx);
    char *begin = strstr(text, BEGIN), *end = strstr(text, END);
    assert_non_null(begin);
    assert_non_null(end);
    *end = 0;
    assert_string_equal(begin + strlen(BEGIN), computed(cx));
}

static void the_document_says_what_it_is_computed_for(void **state)
{
    struct ctx *cx = *state;
    const char *text = document(cx);
    static const struct {
        const char *words, *unit;
        int number;
    } rows[] = {
        {"calendars", "", CALENDARS},
        {"of these one's own", "", OWNED},
        {"events in each", "", EVENTS},
        {"hours a day with a client at work", "", AT_WORK_H},
        {"changes a day in Feishu", "", CHANGES},
        {"writes a day by clients", "", WRITES},
        {"look-ups of busy time a day", "", BUSY_TIMES},
        {"`sync.poll-interval`", " s", BASE_MS / 1000},
        {"`feishu.rate-per-minute`", "", RATE},
        {"of these for polls", "", SHARE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        char line[200];
        snprintf(line, sizeof(line), "| %s | %d%s |\n", rows[i].words, rows[i].number,
            rows[i].unit);
        if (!strstr(text, line))
            fail_msg("docs/cost.md does not say: %s", line);
    }
}

static void a_tenant_of_200_users_stays_inside_the_limits_at_work(void **state)
{
    (void)state;
    struct cost without = cost_of(200, false), with = cost_of(200, true);
    assert_true(without.stretch_at_work == 1 && with.stretch_at_work == 1);
    assert_true(without.at_work_per_minute < RATE && with.at_work_per_minute < RATE);
    assert_true(5 * with.at_work_per_minute < without.at_work_per_minute);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(the_document_tells_what_is_computed),
        CTX_TEST(the_document_says_what_it_is_computed_for),
        CTX_TEST(a_tenant_of_200_users_stays_inside_the_limits_at_work),
    };
    if (argc > 1 && strcmp(argv[1], "--print") == 0) {
        struct ctx *cx = ctx_new(NULL);
        printf(BEGIN "%s" END, computed(cx));
        ctx_free(cx);
        return 0;
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
