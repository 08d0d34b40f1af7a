#include "ical/expand.h"

#include "ical_unit.h"

#include <stdlib.h>
#include <time.h>

struct found {
    struct ctx *cx;
    LIST(struct instance) list;
};

static bool keep(void *self, const struct instance *one)
{
    struct found *found = self;
    LIST_ADD(found->cx->arena, &found->list, *one);
    return true;
}

static int by_start(const void *a, const void *b)
{
    const struct instance *x = a, *y = b;
    return (x->start_s > y->start_s) - (x->start_s < y->start_s);
}

static struct found expand(struct ctx *cx, const struct comp *calendar, const char *from,
    const char *until, const char *floating)
{
    struct found found = {.cx = cx};
    struct expand_range range = {.from_s = from ? at(from) : INT64_MIN,
        .until_s = until ? at(until) : INT64_MAX,
        .floating = floating ? zone_find(floating) : NULL};
    assert_ok(cx, expand_each(cx, calendar, &range, keep, &found));
    if (found.list.n)
        qsort(found.list.items, found.list.n, sizeof(struct instance), by_start);
    return found;
}

/* "0902T0900 0903T0900": the starts in UTC, by time. */
static const char *starts(struct ctx *cx, const struct comp *calendar, const char *from,
    const char *until, const char *floating)
{
    struct found found = expand(cx, calendar, from, until, floating);
    struct buf out = buf_new(cx->arena);
    for (size_t i = 0; i < found.list.n; i++) {
        struct civil c = civil_from_seconds(found.list.items[i].start_s);
        buf_printf(
            &out, "%s%02d%02dT%02d%02d", i ? " " : "", c.month, c.day, c.hour, c.minute);
    }
    return buf_str(&out);
}

#define YEAR "20260101T000000Z", "20270101T000000Z"
#define DAILY_BERLIN                                                                     \
    "DTSTART;TZID=Europe/Berlin:20260327T090000\nRRULE:FREQ=DAILY;COUNT=4\n"

static const struct {
    const char *claim, *lines, *floating, *expected;
} tables[] = {
    {"wall clock time stays over a change of the offset", DAILY_BERLIN, NULL,
        "0327T0800 0328T0800 0329T0700 0330T0700"},
    {"a time in the gap moves",
        "DTSTART;TZID=Europe/Berlin:20260328T023000\nRRULE:FREQ=DAILY;COUNT=3\n", NULL,
        "0328T0130 0329T0130 0330T0030"},
    {"a time that occurs twice is taken once, the first",
        "DTSTART;TZID=Europe/Berlin:20261024T023000\nRRULE:FREQ=DAILY;COUNT=3\n", NULL,
        "1024T0030 1025T0030 1026T0130"},
    {"EXDATE in another zone", DAILY_BERLIN "EXDATE:20260329T070000Z\n", NULL,
        "0327T0800 0328T0800 0330T0700"},
    {"EXDATE in a list and as wall clock time",
        DAILY_BERLIN "EXDATE;TZID=Europe/Berlin:20260327T090000,20260330T090000\n", NULL,
        "0328T0800 0329T0700"},
    {"EXDATE as date takes the day from a timed series",
        DAILY_BERLIN "EXDATE;VALUE=DATE:20260328\n", NULL,
        "0327T0800 0329T0700 0330T0700"},
    {"floating EXDATE on a zoned series", DAILY_BERLIN "EXDATE:20260328T090000\n", NULL,
        "0327T0800 0329T0700 0330T0700"},
    {"UTC EXDATE on a floating series",
        "DTSTART:20260327T090000\nRRULE:FREQ=DAILY;COUNT=3\nEXDATE:20260328T010000Z\n",
        "Asia/Shanghai", "0327T0100 0329T0100"},
    {"an EXDATE that fits nothing does nothing", DAILY_BERLIN "EXDATE:20260329T080000Z\n",
        NULL, "0327T0800 0328T0800 0329T0700 0330T0700"},
    {"RDATE adds, once", DAILY_BERLIN "RDATE:20260401T100000Z,20260329T070000Z\n", NULL,
        "0327T0800 0328T0800 0329T0700 0330T0700 0401T1000"},
    {"RDATE without a rule", "DTSTART:20260327T090000Z\nRDATE:20260401T100000Z\n", NULL,
        "0327T0900 0401T1000"},
    {"RDATE as date has the start's time",
        "DTSTART:20260327T090000Z\nRDATE;VALUE=DATE:20260401\n", NULL,
        "0327T0900 0401T0900"},
    {"EXDATE removes RDATE and DTSTART",
        "DTSTART:20260327T090000Z\nRDATE:20260401T100000Z,20260402T100000Z\n"
        "EXDATE:20260401T100000Z\nEXDATE:20260327T090000Z\n",
        NULL, "0402T1000"},
    {"two rules, no duplicates",
        "DTSTART:20260302T090000Z\nRRULE:FREQ=WEEKLY;COUNT=2\nRRULE:FREQ=DAILY;COUNT=2\n",
        NULL, "0302T0900 0303T0900 0309T0900"},
    {"all-day events begin at midnight of the floating zone",
        "DTSTART;VALUE=DATE:20260327\nRRULE:FREQ=DAILY;COUNT=3\n", "Europe/Berlin",
        "0326T2300 0327T2300 0328T2300"},
    {"an all-day EXDATE with a time",
        "DTSTART;VALUE=DATE:20260327\nRRULE:FREQ=DAILY;COUNT=3\n"
        "EXDATE:20260328T000000Z\n",
        NULL, "0327T0000 0329T0000"},
    {"UNTIL in UTC on a zoned series",
        "DTSTART;TZID=Asia/Shanghai:20260327T060000\n"
        "RRULE:FREQ=DAILY;UNTIL=20260328T220000Z\n",
        NULL, "0326T2200 0327T2200 0328T2200"},
    {"UNTIL as date on a timed series takes the whole day",
        "DTSTART;TZID=Asia/Shanghai:20260327T060000\nRRULE:FREQ=DAILY;UNTIL=20260328\n",
        NULL, "0326T2200 0327T2200"},
    {"UNTIL as time on an all-day series takes its day",
        "DTSTART;VALUE=DATE:20260327\nRRULE:FREQ=DAILY;UNTIL=20260328T000000Z\n", NULL,
        "0327T0000 0328T0000"},
    {"floating UNTIL",
        "DTSTART;TZID=Asia/Shanghai:20260327T060000\n"
        "RRULE:FREQ=DAILY;UNTIL=20260328T060000\n",
        NULL, "0326T2200 0327T2200"},
    {"DTSTART outside its rule is the first",
        "DTSTART:20260327T090000Z\nRRULE:FREQ=WEEKLY;BYDAY=MO;COUNT=3\n", NULL,
        "0327T0900 0330T0900 0406T0900"},
    {"a single event", "DTSTART:20260327T090000Z\n", NULL, "0327T0900"},
    {"a year outside", "DTSTART:20270327T090000Z\n", NULL, ""},
};

static void series_have_the_expected_instances(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++) {
        const char *found =
            starts(cx, event_of(cx, tables[i].lines), YEAR, tables[i].floating);
        if (strcmp(found, tables[i].expected))
            fail_msg("%s: %s instead of %s", tables[i].claim, found, tables[i].expected);
    }
}

#define MASTER(more)                                                                     \
    "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260302T090000\n"                  \
    "DTEND;TZID=Europe/Berlin:20260302T100000\nRRULE:FREQ=WEEKLY;COUNT=4\n" more         \
    "END:VEVENT\n"
#define OVERRIDE(id, lines)                                                              \
    "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID" id "\n" lines "END:VEVENT\n"

static const struct {
    const char *claim, *lines, *expected;
} overrides[] = {
    {"an exception moves its instance",
        MASTER("")
            OVERRIDE(";TZID=Europe/Berlin:20260309T090000", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"RECURRENCE-ID in UTC",
        MASTER("") OVERRIDE(":20260309T080000Z", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"RECURRENCE-ID in another zone",
        MASTER("")
            OVERRIDE(";TZID=Asia/Shanghai:20260309T160000", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"floating RECURRENCE-ID",
        MASTER("") OVERRIDE(":20260309T090000", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"RECURRENCE-ID as date on a timed series",
        MASTER("") OVERRIDE(";VALUE=DATE:20260309", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"an exception before its master in the text",
        OVERRIDE(":20260309T080000Z", "DTSTART:20260310T120000Z\n") MASTER(""),
        "0302T0800 0310T1200 0316T0800 0323T0800"},
    {"an exception and an EXDATE",
        MASTER("EXDATE:20260316T080000Z\n")
            OVERRIDE(":20260309T080000Z", "DTSTART:20260310T120000Z\n"),
        "0302T0800 0310T1200 0323T0800"},
    {"exceptions without a master",
        OVERRIDE(":20260309T080000Z", "DTSTART:20260310T120000Z\n")
            OVERRIDE(":20260316T080000Z", "DTSTART:20260316T080000Z\n"),
        "0310T1200 0316T0800"},
    {"THISANDFUTURE moves what comes after",
        MASTER("") OVERRIDE(";RANGE=THISANDFUTURE:20260309T080000Z",
            "DTSTART;TZID=Europe/Berlin:20260310T100000\n"),
        "0302T0800 0310T0900 0317T0900 0324T0900"},
};

static void exceptions_take_the_place_of_instances(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(overrides) / sizeof(overrides[0]); i++) {
        const char *found = starts(cx, calendar_of(cx, overrides[i].lines), YEAR, NULL);
        if (strcmp(found, overrides[i].expected))
            fail_msg(
                "%s: %s instead of %s", overrides[i].claim, found, overrides[i].expected);
    }
}

static void an_instance_tells_what_it_is(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx,
        MASTER("STATUS:TENTATIVE\n") OVERRIDE(":20260309T080000Z",
            "DTSTART:20260310T120000Z\nDURATION:PT30M\nTRANSP:TRANSPARENT\n"));
    struct found found = expand(cx, calendar, YEAR, NULL);
    const struct instance *first = &found.list.items[0], *moved = &found.list.items[1];
    assert_int_equal(first->end_s - first->start_s, 3600);
    assert_int_equal(first->recurrence_s, first->start_s);
    assert_int_equal(first->busy, BUSY_TENTATIVE);
    assert_int_equal(first->local_start.hour, 9);
    assert_non_null(comp_line(first->event, "RRULE"));
    assert_int_equal(moved->recurrence_s, at("20260309T080000Z"));
    assert_int_equal(moved->end_s - moved->start_s, 1800);
    assert_int_equal(moved->busy, BUSY_FREE);
    assert_non_null(comp_line(moved->event, "RECURRENCE-ID"));
}

static void status_and_transp_decide_what_is_busy(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *lines;
        enum busy_kind busy;
    } rows[] = {
        {"", BUSY_BUSY},
        {"STATUS:CONFIRMED\n", BUSY_BUSY},
        {"TRANSP:OPAQUE\n", BUSY_BUSY},
        {"STATUS:TENTATIVE\n", BUSY_TENTATIVE},
        {"STATUS:CANCELLED\n", BUSY_FREE},
        {"TRANSP:TRANSPARENT\n", BUSY_FREE},
        {"TRANSP:transparent\nSTATUS:TENTATIVE\n", BUSY_FREE},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct found found = expand(cx,
            event_of(cx,
                arena_printf(cx->arena, "DTSTART:20260327T090000Z\n%s", rows[i].lines)),
            YEAR, NULL);
        assert_int_equal(found.list.items[0].busy, rows[i].busy);
    }
}

static void dtend_makes_exact_and_duration_nominal_lengths(void **state)
{
    struct ctx *cx = *state;
    static const char start[] = "DTSTART;TZID=Europe/Berlin:20260327T200000\n"
                                "RRULE:FREQ=DAILY;COUNT=3\n";
    struct found exact = expand(cx,
        event_of(cx,
            arena_printf(
                cx->arena, "%sDTEND;TZID=Europe/Berlin:20260328T200000\n", start)),
        YEAR, NULL);
    struct found nominal = expand(
        cx, event_of(cx, arena_printf(cx->arena, "%sDURATION:P1D\n", start)), YEAR, NULL);
    for (size_t i = 0; i < 3; i++)
        assert_int_equal(exact.list.items[i].end_s - exact.list.items[i].start_s, 86400);
    assert_int_equal(
        nominal.list.items[1].end_s - nominal.list.items[1].start_s, 23 * 3600);
    assert_int_equal(nominal.list.items[2].end_s - nominal.list.items[2].start_s, 86400);
}

static void an_rdate_period_has_a_length_of_its_own(void **state)
{
    struct ctx *cx = *state;
    struct found found = expand(cx,
        event_of(cx,
            "DTSTART:20260327T090000Z\nDURATION:PT1H\nRDATE;VALUE=PERIOD:"
            "20260401T090000Z/PT3H,20260402T090000Z/20260402T110000Z\n"),
        YEAR, NULL);
    assert_int_equal(found.list.n, 3);
    assert_int_equal(found.list.items[0].end_s - found.list.items[0].start_s, 3600);
    assert_int_equal(found.list.items[1].end_s - found.list.items[1].start_s, 3 * 3600);
    assert_int_equal(found.list.items[2].end_s - found.list.items[2].start_s, 2 * 3600);
}

static void only_instances_in_the_range_are_given(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar =
        event_of(cx, "DTSTART:19900101T220000Z\nDURATION:PT4H\nRRULE:FREQ=DAILY\n");
    assert_string_equal(
        starts(cx, calendar, "20261120T000000Z", "20261121T000000Z", NULL),
        "1119T2200 1120T2200");
    assert_string_equal(
        starts(cx, calendar, "20261120T020000Z", "20261120T220000Z", NULL), "");
    struct comp *week = event_of(
        cx, "DTSTART:20000101T120000Z\nDURATION:P7D\nRRULE:FREQ=MONTHLY;BYMONTHDAY=1\n");
    assert_string_equal(
        starts(cx, week, "20261107T000000Z", "20261107T010000Z", NULL), "1101T1200");
}

static void a_series_without_end_in_an_open_range_is_cut(void **state)
{
    struct ctx *cx = *state;
    struct found found = {.cx = cx};
    struct comp *calendar = event_of(cx, "DTSTART:20260101T090000Z\nRRULE:FREQ=DAILY\n");
    struct expand_range range = {.from_s = INT64_MIN, .until_s = INT64_MAX};
    assert_err(cx, ERR_MAX_INSTANCES, expand_each(cx, calendar, &range, keep, &found));
    assert_int_equal(found.list.n, EXPAND_MAX_INSTANCES);
    range.max_instances = 3;
    found.list.n = 0;
    assert_err(cx, ERR_MAX_INSTANCES, expand_each(cx, calendar, &range, keep, &found));
    assert_int_equal(found.list.n, 3);
}

static bool stop_at_once(void *self, const struct instance *one)
{
    (void)one;
    ++*(int *)self;
    return false;
}

static void the_caller_may_stop_early(void **state)
{
    struct ctx *cx = *state;
    int n = 0;
    struct comp *calendar =
        event_of(cx, "DTSTART:20260101T090000Z\nRRULE:FREQ=SECONDLY\n");
    struct expand_range range = {.from_s = INT64_MIN, .until_s = INT64_MAX};
    assert_ok(cx, expand_each(cx, calendar, &range, stop_at_once, &n));
    assert_int_equal(n, 1);
}

static void bounds_are_the_hull_of_all_instances(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *lines, *from, *until; /* until NULL = no end */
    } rows[] = {
        {MASTER(""), "20260302T080000Z", "20260323T090000Z"},
        {MASTER("") OVERRIDE(":20260309T080000Z", "DTSTART:20260401T120000Z\n"),
            "20260302T080000Z", "20260401T120000Z"},
        {MASTER("EXDATE:20260302T080000Z\n"), "20260309T080000Z", "20260323T090000Z"},
        {"BEGIN:VEVENT\nDTSTART:20260302T080000Z\nRRULE:FREQ=DAILY\nEND:VEVENT\n",
            "20260302T080000Z", NULL},
        {"BEGIN:VEVENT\nDTSTART:20260302T080000Z\n"
         "RRULE:FREQ=DAILY;UNTIL=20260401T080000Z\n"
         "DURATION:PT1H\nEND:VEVENT\n",
            "20260302T080000Z", "20260401T090000Z"},
        {"BEGIN:VEVENT\nDTSTART:20260302T080000Z\nEXDATE:20260302T080000Z\nEND:VEVENT\n",
            "20260302T080000Z", "20260302T080000Z"},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        int64_t from_s, until_s;
        assert_ok(cx,
            expand_bounds(cx, calendar_of(cx, rows[i].lines), NULL, &from_s, &until_s));
        assert_int_equal(from_s, at(rows[i].from));
        assert_int_equal(until_s, rows[i].until ? at(rows[i].until) : INT64_MAX);
    }
}

static void has_knows_the_scheduled_starts(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx, MASTER("EXDATE:20260309T080000Z\n"));
    assert_true(expand_has(cx, calendar, at("20260302T080000Z"), NULL));
    assert_true(expand_has(cx, calendar, at("20260309T080000Z"), NULL)); /* excluded */
    assert_false(expand_has(cx, calendar, at("20260309T090000Z"), NULL));
    assert_false(expand_has(cx, calendar, at("20260330T070000Z"), NULL));
    assert_false(expand_has(cx, calendar, at("20200101T000000Z"), NULL));
    calendar = event_of(cx, "DTSTART;VALUE=DATE:20260302\nRRULE:FREQ=DAILY\n");
    assert_true(
        expand_has(cx, calendar, at("20260401T160000Z"), zone_find("Asia/Shanghai")));
}

static const char *printed(
    struct ctx *cx, const char *lines, const char *from, const char *until)
{
    struct comp *result;
    struct expand_range range = {.from_s = at(from), .until_s = at(until)};
    assert_ok(cx, expand_print(cx, calendar_of(cx, lines), &range, &result));
    const char *text = lines_text(cx, result);
    struct buf plain = buf_new(cx->arena);
    for (; *text; text++)
        if (*text != '\r')
            buf_addc(&plain, *text);
    return buf_str(&plain);
}

#define FRAME(lines)                                                                     \
    "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//test//\n" lines "END:VCALENDAR\n"
#define VTIMEZONE "BEGIN:VTIMEZONE\nTZID:Europe/Berlin\nEND:VTIMEZONE\n"

static void printed_instances_are_in_utc_and_without_rules(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(
        printed(cx,
            VTIMEZONE MASTER("SUMMARY:x\nEXDATE:20260316T080000Z\n") OVERRIDE(
                ":20260309T080000Z", "DTSTART;TZID=Europe/Berlin:20260310T120000\n"),
            YEAR),
        FRAME("BEGIN:VEVENT\nUID:1\nDTSTART:20260302T080000Z\nDTEND:20260302T090000Z\n"
              "SUMMARY:x\nRECURRENCE-ID:20260302T080000Z\nEND:VEVENT\n"
              "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260309T080000Z\n"
              "DTSTART:20260310T110000Z\nEND:VEVENT\n"
              "BEGIN:VEVENT\nUID:1\nDTSTART:20260323T080000Z\nDTEND:20260323T090000Z\n"
              "SUMMARY:x\nRECURRENCE-ID:20260323T080000Z\nEND:VEVENT\n"));
}

static void printed_dates_stay_dates_and_single_events_single(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(printed(cx,
                            "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260302\n"
                            "DTEND;VALUE=DATE:20260304\n"
                            "RRULE:FREQ=WEEKLY;COUNT=2\nEND:VEVENT\n",
                            YEAR),
        FRAME("BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260302\n"
              "DTEND;VALUE=DATE:20260304\nRECURRENCE-ID;VALUE=DATE:20260302\nEND:VEVENT\n"
              "BEGIN:VEVENT\nUID:1\nDTSTART;VALUE=DATE:20260309\n"
              "DTEND;VALUE=DATE:20260311\nRECURRENCE-ID;VALUE=DATE:20260309\n"
              "END:VEVENT\n"));
    assert_string_equal(
        printed(cx,
            VTIMEZONE "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260302T090000\n"
                      "DURATION:PT1H\nX-MOZ-LASTACK;TZID=Europe/Berlin:20260302T085500\n"
                      "BEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\nEND:VEVENT\n",
            YEAR),
        FRAME("BEGIN:VEVENT\nUID:1\nDTSTART:20260302T080000Z\nDURATION:PT1H\n"
              "X-MOZ-LASTACK:20260302T075500Z\nBEGIN:VALARM\nTRIGGER:-PT5M\nEND:VALARM\n"
              "END:VEVENT\n"));
}

static void a_nominal_duration_is_printed_as_end(void **state)
{
    struct ctx *cx = *state;
    assert_string_equal(
        printed(cx,
            "BEGIN:VEVENT\nUID:1\nDTSTART;TZID=Europe/Berlin:20260328T200000\n"
            "DURATION:P1D\nEND:VEVENT\n",
            YEAR),
        FRAME("BEGIN:VEVENT\nUID:1\nDTSTART:20260328T190000Z\nDTEND:20260329T180000Z\n"
              "END:VEVENT\n"));
}

static void limiting_keeps_the_master_and_what_matters(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx,
        VTIMEZONE MASTER("")
        /* in the range; moved out of it; moved into it; neither */
        OVERRIDE(":20260309T080000Z", "DTSTART:20260309T120000Z\n")
            OVERRIDE(":20260310T080000Z", "DTSTART:20260401T120000Z\n")
                OVERRIDE(":20260316T080000Z", "DTSTART:20260310T120000Z\n")
                    OVERRIDE(":20260323T080000Z", "DTSTART:20260323T120000Z\n"));
    struct expand_range range = {
        .from_s = at("20260309T000000Z"), .until_s = at("20260311T000000Z")};
    struct comp *result;
    assert_ok(cx, expand_limit(cx, calendar, &range, &result));
    const char *text = lines_text(cx, result);
    assert_non_null(strstr(text, "RRULE"));
    assert_non_null(strstr(text, "VTIMEZONE"));
    assert_non_null(strstr(text, "RECURRENCE-ID:20260309"));
    assert_non_null(strstr(text, "RECURRENCE-ID:20260310"));
    assert_non_null(strstr(text, "RECURRENCE-ID:20260316"));
    assert_null(strstr(text, "RECURRENCE-ID:20260323"));
    assert_non_null(strstr(lines_text(cx, calendar), "RECURRENCE-ID:20260323"));
}

static void a_month_of_a_thousand_old_series_is_quick(void **state)
{
    (void)state;
    clock_t begin = clock();
    for (int i = 0; i < 1000; i++) {
        struct ctx *cx = ctx_new(NULL);
        struct comp *calendar = event_of(cx,
            "DTSTART;TZID=Europe/Berlin:19900101T090000\nDURATION:PT1H\n"
            "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR\n");
        struct found found =
            expand(cx, calendar, "20261101T000000Z", "20261201T000000Z", NULL);
        assert_int_equal(found.list.n, 21);
        ctx_free(cx);
    }
    double ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
    if (ms > 2000) /* with sanitizers; else about 20 */
        fail_msg("%.0f ms", ms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(series_have_the_expected_instances),
        CTX_TEST(exceptions_take_the_place_of_instances),
        CTX_TEST(an_instance_tells_what_it_is),
        CTX_TEST(status_and_transp_decide_what_is_busy),
        CTX_TEST(dtend_makes_exact_and_duration_nominal_lengths),
        CTX_TEST(an_rdate_period_has_a_length_of_its_own),
        CTX_TEST(only_instances_in_the_range_are_given),
        CTX_TEST(a_series_without_end_in_an_open_range_is_cut),
        CTX_TEST(the_caller_may_stop_early),
        CTX_TEST(bounds_are_the_hull_of_all_instances),
        CTX_TEST(has_knows_the_scheduled_starts),
        CTX_TEST(printed_instances_are_in_utc_and_without_rules),
        CTX_TEST(printed_dates_stay_dates_and_single_events_single),
        CTX_TEST(a_nominal_duration_is_printed_as_end),
        CTX_TEST(limiting_keeps_the_master_and_what_matters),
        cmocka_unit_test(a_month_of_a_thousand_old_series_is_quick),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
