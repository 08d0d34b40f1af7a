/*
 * Properties of conversion over some thousand generated objects. FEISHU_CALDAV_TEST_SEED
 * chooses others.
 */
#include "bridge_upstream.h"

#include "base/str.h"
#include "base/when.h"
#include "unit.h"

#include <stdlib.h>

#define CASES 4000
#define EDITS 3
#define MAX_OCCURRENCES 8
#define MAX_GUESTS 4
#define DAY_S 86400

static uint64_t state;

static unsigned roll(unsigned n)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (unsigned)(state >> 33) % n;
}

static bool chance(unsigned percent)
{
    return roll(100) < percent;
}

enum form { FORM_DATE, FORM_ZONE, FORM_UTC, FORM_FLOATING };

/* What one component says, in small numbers. */
struct part {
    unsigned summary, description, location, class, transp, color, alarm, odd_alarm,
        extra;
    unsigned guests; /* bits */
    int shift_min, length_min;
};
struct model {
    enum form form;
    const char *zone;
    int day, minute;         /* of the start */
    unsigned freq;           /* 0 = no rule, 1 = daily, 2 = weekly */
    unsigned interval, ends; /* ends: 0 = never, 1 = COUNT, 2 = UNTIL */
    struct part master;
    struct {
        enum { PLAIN, EXCLUDED, CHANGED, CANCELLED } what;
        struct part part;
    } occurrences[MAX_OCCURRENCES];
};

static const char *const zones[] = {"Asia/Shanghai", "Europe/Berlin", "America/New_York",
    "Australia/Lord_Howe", "Asia/Kathmandu", "Asia/Tokyo"};
static const char *const texts[] = {"", "Lunch", "a\\, b\\; c", "会议纪要",
    "x < y & <b>z</b> &amp\\;", "line\\nline", "\xF0\x9F\x8E\x89"};
static const char *const classes[] = {
    "", "CLASS:PUBLIC", "CLASS:PRIVATE", "CLASS:CONFIDENTIAL"};
static const char *const colors[] = {
    "", "COLOR:red", "COLOR:DodgerBlue", "COLOR:no such"};
static const char *const alarms[] = {"", "-PT15M", "-P1D", "PT5M", "PT0S", "-P1W"};
static const char *const odd_alarms[] = {"", "TRIGGER;VALUE=DATE-TIME:20260101T000000Z",
    "TRIGGER;RELATED=END:-PT5M", "TRIGGER:-PT90S"};
static const char *const extras[] = {"", "X-FOO;X-BAR=\"a,b\":c", "CATEGORIES:A,B",
    "URL:https://example.com/", "STATUS:TENTATIVE", "SEQUENCE:3"};
static const char *const guests[MAX_GUESTS] = {"mailto:alice@example.com",
    "MAILTO:Bob@example.com", "mailto:carol@elsewhere.example",
    "mailto:ou_dave@feishu.invalid"};
#define COUNT(list) (unsigned)(sizeof(list) / sizeof(list)[0])

static struct part random_part(void)
{
    return (struct part){.summary = roll(COUNT(texts)),
        .description = roll(COUNT(texts)),
        .location = roll(COUNT(texts)),
        .class = roll(COUNT(classes)),
        .transp = roll(3),
        .color = roll(COUNT(colors)),
        .alarm = roll(COUNT(alarms)),
        .odd_alarm = roll(COUNT(odd_alarms)),
        .extra = roll(COUNT(extras)),
        .guests = chance(30) ? roll(1 << MAX_GUESTS) : 0,
        .length_min = (int)roll(5) * 45};
}

static void random_times(struct model *m)
{
    m->form = (enum form)roll(4);
    m->zone = zones[roll(COUNT(zones))];
    m->day = 20454 + (int)roll(500);
    m->minute = (int)roll(24) * 60 + (int)roll(2) * 30;
}

static void random_rule(struct model *m)
{
    m->freq = roll(3);
    m->interval = 1 + roll(2);
    m->ends = roll(3);
}

static void random_occurrence(struct model *m, size_t i)
{
    m->occurrences[i].what = roll(4);
    m->occurrences[i].part = m->master;
    struct part other = random_part();
    /* An override has the people of its series, or one more. */
    other.guests = m->master.guests;
    other.shift_min = (int)roll(3) * 60;
    if (chance(70))
        m->occurrences[i].part = other;
}

/* An override of a single event is none. */
static void tidy(struct model *m)
{
    for (size_t i = 0; i < MAX_OCCURRENCES; i++) {
        if (m->freq == 0)
            m->occurrences[i].what = PLAIN;
        m->occurrences[i].part.guests = m->master.guests;
    }
}

static struct model random_model(void)
{
    struct model m = {.master = random_part()};
    random_times(&m);
    random_rule(&m);
    for (size_t i = 0; i < 3; i++)
        random_occurrence(&m, roll(MAX_OCCURRENCES));
    tidy(&m);
    return m;
}

static struct model edited(const struct model *old)
{
    struct model m = *old;
    switch (roll(6)) {
    case 0:
        random_times(&m);
        break;
    case 1:
        random_rule(&m);
        break;
    case 2:
        m.master = random_part();
        break;
    case 3:
        m.master.summary = roll(COUNT(texts));
        m.master.extra = roll(COUNT(extras));
        break;
    default:
        random_occurrence(&m, roll(MAX_OCCURRENCES));
    }
    tidy(&m);
    return m;
}

static void add_time(
    struct buf *out, const struct model *m, const char *name, int day, int minute)
{
    int64_t at_s = (int64_t)day * DAY_S + minute * 60;
    struct civil c =
        civil_from_seconds(m->form == FORM_DATE ? (int64_t)day * DAY_S : at_s);
    buf_adds(out, name);
    if (m->form == FORM_DATE) {
        buf_printf(out, ";VALUE=DATE:%04d%02d%02d\r\n", c.year, c.month, c.day);
        return;
    }
    if (m->form == FORM_ZONE)
        buf_printf(out, ";TZID=%s", m->zone);
    buf_printf(out, ":%04d%02d%02dT%02d%02d%02d%s\r\n", c.year, c.month, c.day, c.hour,
        c.minute, c.second, m->form == FORM_UTC ? "Z" : "");
}

static int occurrence_day(const struct model *m, size_t i)
{
    return m->day + (int)(i * m->interval * (m->freq == 2 ? 7 : 1));
}

static void add_rule(struct buf *out, const struct model *m)
{
    if (m->freq == 0)
        return;
    buf_printf(
        out, "RRULE:FREQ=%s;INTERVAL=%u", m->freq == 1 ? "DAILY" : "WEEKLY", m->interval);
    if (m->ends == 1)
        buf_printf(out, ";COUNT=%d", MAX_OCCURRENCES + 1);
    if (m->ends == 2) {
        /* Far enough behind the last one in every zone. */
        struct civil c = civil_from_days(occurrence_day(m, MAX_OCCURRENCES) + 1);
        buf_printf(out, ";UNTIL=%04d%02d%02d", c.year, c.month, c.day);
        if (m->form != FORM_DATE)
            buf_adds(out, m->form == FORM_FLOATING ? "T000000" : "T000000Z");
    }
    buf_adds(out, "\r\n");
}

static void add_alarm(struct buf *out, const char *trigger)
{
    buf_printf(out, "BEGIN:VALARM\r\nACTION:DISPLAY\r\n%s\r\nEND:VALARM\r\n", trigger);
}

static void add_named(struct buf *out, const char *name, const char *text)
{
    if (*text != '\0')
        buf_printf(out, "%s:%s\r\n", name, text);
}

static void add_part(struct buf *out, const struct part *part)
{
    add_named(out, "SUMMARY", texts[part->summary]);
    add_named(out, "DESCRIPTION", texts[part->description]);
    add_named(out, "LOCATION", texts[part->location]);
    const char *const lines[] = {classes[part->class], colors[part->color],
        extras[part->extra],
        part->transp == 0       ? ""
            : part->transp == 1 ? "TRANSP:OPAQUE"
                                : "TRANSP:TRANSPARENT"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        if (*lines[i] != '\0')
            buf_printf(out, "%s\r\n", lines[i]);
    }
    if (part->guests != 0)
        buf_adds(out, "ORGANIZER:mailto:me@example.com\r\n");
    for (size_t i = 0; i < MAX_GUESTS; i++) {
        if (part->guests & 1u << i)
            buf_printf(out, "ATTENDEE;X-N=%zu:%s\r\n", i, guests[i]);
    }
    if (part->alarm != 0) {
        char trigger[40];
        snprintf(trigger, sizeof trigger, "TRIGGER:%s", alarms[part->alarm]);
        add_alarm(out, trigger);
    }
    if (part->odd_alarm != 0)
        add_alarm(out, odd_alarms[part->odd_alarm]);
}

static void add_event(
    struct buf *out, const struct model *m, const struct part *part, int day)
{
    bool whole = m->form == FORM_DATE;
    int minute = m->minute + part->shift_min;
    int days = whole ? 1 + part->length_min / 90 : 0;
    day += whole ? part->shift_min / 60 : 0;
    add_time(out, m, "DTSTART", day, minute);
    add_time(out, m, "DTEND", day + days, minute + part->length_min);
}

static char *render(struct arena *arena, const struct model *m)
{
    struct buf out = buf_new(arena);
    buf_adds(&out, "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Test//EN\r\n");
    buf_adds(&out, "BEGIN:VEVENT\r\nUID:client@uid\r\nDTSTAMP:20260101T000000Z\r\n");
    add_event(&out, m, &m->master, m->day);
    add_rule(&out, m);
    for (size_t i = 0; i < MAX_OCCURRENCES; i++) {
        if (m->occurrences[i].what == EXCLUDED)
            add_time(&out, m, "EXDATE", occurrence_day(m, i), m->minute);
    }
    add_part(&out, &m->master);
    buf_adds(&out, "END:VEVENT\r\n");
    for (size_t i = 0; i < MAX_OCCURRENCES; i++) {
        if (m->occurrences[i].what < CHANGED)
            continue;
        buf_adds(&out, "BEGIN:VEVENT\r\nUID:client@uid\r\nDTSTAMP:20260101T000000Z\r\n");
        add_time(&out, m, "RECURRENCE-ID", occurrence_day(m, i), m->minute);
        add_event(&out, m, &m->occurrences[i].part, occurrence_day(m, i));
        if (m->occurrences[i].what == CANCELLED)
            buf_adds(&out, "STATUS:CANCELLED\r\n");
        add_part(&out, &m->occurrences[i].part);
        buf_adds(&out, "END:VEVENT\r\n");
    }
    buf_adds(&out, "END:VCALENDAR\r\n");
    return out.data;
}

/* ---- the environment ---- */

static const char *address_of(void *self, struct ctx *cx, const char *open_id)
{
    (void)self, (void)cx;
    return str_eq(open_id, "ou_alice") ? "alice@example.com"
        : str_eq(open_id, "ou_bob")    ? "bob@example.com"
                                       : NULL;
}

static const char *id_of(void *self, struct ctx *cx, const char *address)
{
    (void)self, (void)cx;
    return str_ieq(address, "alice@example.com") ? "ou_alice"
        : str_ieq(address, "bob@example.com")    ? "ou_bob"
                                                 : NULL;
}

static struct convert_env random_env(void)
{
    return (struct convert_env){.read_end_exclusive = chance(50),
        .write_end_inclusive = chance(50),
        .calendar_id = "cal_me",
        .own_id = "ou_me",
        .own_address = "me@example.com",
        .own_name = "Me",
        .timezone = zones[roll(COUNT(zones))],
        .role = BE_OWNER,
        .address_of = address_of,
        .id_of = id_of};
}

static void expect_text(
    unsigned number, const char *what, const char *wanted, const char *got)
{
    if (!str_eq(wanted, got))
        fail_msg("case %u: %s: wanted\n%s\ngot\n%s", number, what, wanted, got);
}

static void expect_nothing(struct ctx *cx, unsigned number, struct upstream *up,
    const char *served, const char *text)
{
    struct plan plan;
    if (convert_plan(cx, up->env, upstream_series(up), served, text, &plan) != ERR_OK)
        fail_msg("case %u: %s", number, ctx_error(cx));
    if (plan.steps.n != 0)
        fail_msg("case %u: %zu steps, kind %d, body %s, for\n%s\nserved\n%s", number,
            plan.steps.n, (int)plan.steps.items[0].kind,
            plan.steps.items[0].body == NULL
                ? ""
                : json_print(cx->arena, plan.steps.items[0].body),
            text, served);
}

/* One client's object: made, edited some times; after each write it is served as it was
 * sent. */
static void run_case(struct ctx *cx, unsigned number)
{
    struct convert_env env = random_env();
    struct upstream up = {
        .cx = cx, .env = &env, .uid = "3430be1f-0000-4000-8000-000000000001"};
    struct model model = random_model();
    char *served = NULL;
    for (unsigned edit = 0; edit <= EDITS; edit++) {
        char *text = render(cx->arena, &model), *shown, *fresh;
        struct plan plan;
        const struct series *before = edit == 0 ? NULL : upstream_series(&up);
        enum err err = convert_plan(cx, &env, before, served, text, &plan);
        /* A series cannot start within a gap of its zone. */
        if (err == ERR_UPSTREAM_REFUSED && strstr(ctx_error(cx), "zone skips") != NULL)
            return;
        if (err != ERR_OK)
            fail_msg("case %u edit %u: %s\n%s", number, edit, ctx_error(cx), text);
        upstream_apply(&up, &plan);
        assert_int_equal(
            convert_down(cx, &env, upstream_series(&up), text, &shown), ERR_OK);
        expect_text(number, "sent and served", text, shown);
        expect_nothing(cx, number, &up, text, text);
        /* Without the shadow: stable, and the same as far as upstream goes. */
        assert_int_equal(
            convert_down(cx, &env, upstream_series(&up), NULL, &fresh), ERR_OK);
        assert_int_equal(
            convert_down(cx, &env, upstream_series(&up), fresh, &shown), ERR_OK);
        expect_text(number, "rendered twice", fresh, shown);
        expect_nothing(cx, number, &up, fresh, fresh);
        expect_nothing(cx, number, &up, fresh, text);
        served = text;
        model = edited(&model);
    }
}

static void what_is_sent_is_served_and_asks_for_nothing_again(void **unused)
{
    (void)unused;
    const char *seed = getenv("FEISHU_CALDAV_TEST_SEED");
    struct ctx *cx = ctx_new(NULL);
    for (unsigned i = 0; i < CASES; i++) {
        state = (seed == NULL ? 1 : strtoull(seed, NULL, 10)) * 1000003 + i + 1;
        for (int warm = 0; warm < 8; warm++)
            roll(2);
        run_case(cx, i);
        ctx_reset(cx);
    }
    ctx_free(cx);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sent_is_served_and_asks_for_nothing_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
