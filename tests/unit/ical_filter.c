#include "ical/filter.h"

#include "ical_unit.h"

/* RFC 4791 9.9 for VEVENT: DTEND, DURATION above zero, DTSTART a date-time; and whether
 * the range from 10:00 to 12:00 on 2026-03-02 (or, for dates, that day) is overlapped. */
static const struct {
    const char *lines;
    bool match;
} events[] = {
    /* DTEND: start < DTEND and end > DTSTART */
    {"DTSTART:20260302T100000Z\nDTEND:20260302T110000Z\n", true},
    {"DTSTART:20260302T090000Z\nDTEND:20260302T100000Z\n", false},
    {"DTSTART:20260302T090000Z\nDTEND:20260302T100001Z\n", true},
    {"DTSTART:20260302T120000Z\nDTEND:20260302T130000Z\n", false},
    {"DTSTART:20260302T115959Z\nDTEND:20260302T130000Z\n", true},
    {"DTSTART:20260302T080000Z\nDTEND:20260302T140000Z\n", true},
    {"DTSTART;VALUE=DATE:20260302\nDTEND;VALUE=DATE:20260303\n", true},
    {"DTSTART;VALUE=DATE:20260301\nDTEND;VALUE=DATE:20260302\n", false},
    {"DTSTART;VALUE=DATE:20260303\nDTEND;VALUE=DATE:20260304\n", false},
    /* DURATION above zero: start < DTSTART+DURATION and end > DTSTART */
    {"DTSTART:20260302T090000Z\nDURATION:PT1H\n", false},
    {"DTSTART:20260302T090000Z\nDURATION:PT1H1S\n", true},
    {"DTSTART:20260302T120000Z\nDURATION:PT1H\n", false},
    {"DTSTART;VALUE=DATE:20260301\nDURATION:P2D\n", true},
    /* DURATION of zero: start <= DTSTART and end > DTSTART */
    {"DTSTART:20260302T100000Z\nDURATION:PT0S\n", true},
    {"DTSTART:20260302T095959Z\nDURATION:PT0S\n", false},
    {"DTSTART:20260302T120000Z\nDURATION:PT0S\n", false},
    /* neither, a date-time: start <= DTSTART and end > DTSTART */
    {"DTSTART:20260302T100000Z\n", true},
    {"DTSTART:20260302T115959Z\n", true},
    {"DTSTART:20260302T095959Z\n", false},
    {"DTSTART:20260302T120000Z\n", false},
    /* neither, a date: the whole day */
    {"DTSTART;VALUE=DATE:20260302\n", true},
    {"DTSTART;VALUE=DATE:20260301\n", false},
    {"DTSTART;VALUE=DATE:20260303\n", false},
    /* recurring: any instance */
    {"DTSTART:20200302T100000Z\nRRULE:FREQ=YEARLY\n", true},
    {"DTSTART:20200302T100000Z\nRRULE:FREQ=YEARLY\nEXDATE:20260302T100000Z\n", false},
    {"DTSTART:20200303T100000Z\nRRULE:FREQ=YEARLY\n", false},
    {"DTSTART:20200303T100000Z\nRDATE:20260302T110000Z\n", true},
    {"DTSTART:20260302T080000Z\nRRULE:FREQ=DAILY;COUNT=2\nDURATION:PT3H\n", true},
};

static bool matches(struct ctx *cx, const struct comp *calendar,
    struct comp_filter *inner, const struct zone *floating)
{
    struct comp_filter root = {.name = "VCALENDAR"};
    bool match;
    LIST_ADD(cx->arena, &root.comps, inner);
    assert_ok(cx, filter_match(cx, &root, calendar, floating, &match));
    return match;
}

static struct comp_filter in_range(const char *name)
{
    return (struct comp_filter){.name = name,
        .has_range = true,
        .from_s = at("20260302T100000Z"),
        .until_s = at("20260302T120000Z")};
}

static void events_overlap_as_the_table_says(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(events) / sizeof(events[0]); i++) {
        struct comp_filter filter = in_range("VEVENT");
        if (matches(cx, event_of(cx, events[i].lines), &filter, NULL) != events[i].match)
            fail_msg("%s must %smatch", events[i].lines, events[i].match ? "" : "not ");
    }
}

static void floating_times_are_read_in_the_zone_given(void **state)
{
    struct ctx *cx = *state;
    struct comp_filter filter = in_range("VEVENT");
    struct comp *calendar = event_of(cx, "DTSTART:20260302T190000\n");
    assert_false(matches(cx, calendar, &filter, NULL));
    assert_true(matches(cx, calendar, &filter, zone_find("Asia/Shanghai")));
}

static void ranges_may_be_open(void **state)
{
    struct ctx *cx = *state;
    struct comp_filter filter = in_range("VEVENT");
    struct comp *endless = event_of(cx, "DTSTART:20200302T100000Z\nRRULE:FREQ=DAILY\n");
    struct comp *old = event_of(cx, "DTSTART:20200302T100000Z\n");
    filter.until_s = INT64_MAX;
    assert_true(matches(cx, endless, &filter, NULL));
    assert_false(matches(cx, old, &filter, NULL));
    filter = in_range("VEVENT");
    filter.from_s = INT64_MIN;
    assert_true(matches(cx, endless, &filter, NULL));
    assert_true(matches(cx, old, &filter, NULL));
}

static const struct {
    const char *event, *alarm;
    bool match;
} alarms[] = {
#define AT10 "DTSTART:20260302T100000Z\nDTEND:20260302T140000Z\n"
    {AT10, "TRIGGER:PT0S\n", true},
    {AT10, "TRIGGER:-PT1S\n", false},
    {AT10, "TRIGGER:PT1H\n", true},
    {AT10, "TRIGGER:PT2H\n", false},
    {AT10, "TRIGGER;RELATED=START:PT1H\n", true},
    {AT10, "TRIGGER;RELATED=END:PT0S\n", false},
    {AT10, "TRIGGER;RELATED=END:-PT3H\n", true},
    {AT10, "TRIGGER;VALUE=DATE-TIME:20260302T103000Z\n", true},
    {AT10, "TRIGGER;VALUE=DATE-TIME:20260302T120000Z\n", false},
    {AT10, "TRIGGER:-PT1H\nREPEAT:1\nDURATION:PT1H\n", true},
    {AT10, "TRIGGER:-PT1H\nREPEAT:1\nDURATION:PT10M\n", false},
    {AT10, "TRIGGER:-PT1H\nREPEAT:6\nDURATION:PT10M\n", true},
    {AT10, "TRIGGER:-PT1H\nREPEAT:1\nDURATION:PT3H\n", false},
    {AT10, "TRIGGER;VALUE=DATE-TIME:20260302T090000Z\nREPEAT:3\nDURATION:PT45M\n", true},
    {AT10, "ACTION:DISPLAY\n", false},
    {AT10, "TRIGGER:soon\n", false},
    {"DTSTART:20260303T100000Z\n", "TRIGGER:-P1D\n", true},
    {"DTSTART:20200303T100000Z\nRRULE:FREQ=DAILY\n", "TRIGGER:-P1D\n", true},
    {"DTSTART:20200303T090000Z\nRRULE:FREQ=DAILY\n", "TRIGGER:-P1D\n", false},
    {"DTSTART:20200303T090000Z\nDURATION:PT2H\nRRULE:FREQ=DAILY\n",
        "TRIGGER;RELATED=END:P7D\n", true},
};

static void alarms_overlap_by_each_of_their_triggers(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(alarms) / sizeof(alarms[0]); i++) {
        struct comp_filter alarm = in_range("VALARM"), event = {.name = "VEVENT"};
        LIST_ADD(cx->arena, &event.comps, &alarm);
        struct comp *calendar = event_of(cx,
            arena_printf(cx->arena, "%sBEGIN:VALARM\n%sEND:VALARM\n", alarms[i].event,
                alarms[i].alarm));
        if (matches(cx, calendar, &event, NULL) != alarms[i].match)
            fail_msg("%s%s must %smatch", alarms[i].event, alarms[i].alarm,
                alarms[i].match ? "" : "not ");
    }
}

static const struct {
    const char *lines;
    bool match;
} freebusies[] = {
    {"DTSTART:20260302T080000Z\nDTEND:20260302T110000Z\n", true},
    {"DTSTART:20260302T080000Z\nDTEND:20260302T100000Z\n", true}, /* start <= DTEND */
    {"DTSTART:20260302T080000Z\nDTEND:20260302T093000Z\n", false},
    {"DTSTART:20260302T120000Z\nDTEND:20260302T133000Z\n", false},
    {"FREEBUSY:20260302T080000Z/PT3H\n", true},
    {"FREEBUSY:20260302T080000Z/PT1H,20260302T113000Z/20260302T130000Z\n", true},
    {"FREEBUSY:20260302T080000Z/PT2H\n", false},
    {"FREEBUSY:20260302T120000Z/PT2H\n", false},
    {"", false},
};

static void freebusy_overlaps_as_the_table_says(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(freebusies) / sizeof(freebusies[0]); i++) {
        struct comp_filter filter = in_range("VFREEBUSY");
        struct comp *calendar = calendar_of(cx,
            arena_printf(cx->arena, "BEGIN:VFREEBUSY\nUID:1\n%sEND:VFREEBUSY\n",
                freebusies[i].lines));
        if (matches(cx, calendar, &filter, NULL) != freebusies[i].match)
            fail_msg("%s must %smatch", freebusies[i].lines,
                freebusies[i].match ? "" : "not ");
    }
}

static const char person[] =
    "DTSTART:20260302T100000Z\nSUMMARY:Caf\xc3\xa9 \\, STRA\xc3\x9f"
    "E\nCATEGORIES:A,B\n"
    "DTSTAMP:20260302T110000Z\nLAST-MODIFIED:20260401T110000Z\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:a@example.com\n"
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:b@example.com\n";

static const struct {
    const char *name, *text, *param, *param_text;
    enum collation collation;
    bool negate, match;
} texts[] = {
    {"SUMMARY", NULL, NULL, NULL, 0, false, true},
    {"LOCATION", NULL, NULL, NULL, 0, false, false},
    {"SUMMARY", "caf", NULL, NULL, COLLATION_ASCII_CASEMAP, false, true},
    {"SUMMARY", "caf", NULL, NULL, COLLATION_OCTET, false, false},
    {"SUMMARY", "Caf", NULL, NULL, COLLATION_OCTET, false, true},
    {"SUMMARY", "CAF\xc3\x89", NULL, NULL, COLLATION_ASCII_CASEMAP, false, false},
    {"SUMMARY", "CAF\xc3\x89", NULL, NULL, COLLATION_UNICODE_CASEMAP, false, true},
    {"SUMMARY", "cafe\xcc\x81", NULL, NULL, COLLATION_UNICODE_CASEMAP, false, true},
    {"SUMMARY", "strasse", NULL, NULL, COLLATION_UNICODE_CASEMAP, false, true},
    {"SUMMARY", "\xc3\xa9 , s", NULL, NULL, COLLATION_UNICODE_CASEMAP, false, true},
    {"SUMMARY", "tea", NULL, NULL, COLLATION_ASCII_CASEMAP, true, true},
    {"SUMMARY", "caf", NULL, NULL, COLLATION_ASCII_CASEMAP, true, false},
    {"LOCATION", "tea", NULL, NULL, COLLATION_ASCII_CASEMAP, true, false},
    {"SUMMARY", "", NULL, NULL, COLLATION_OCTET, false, true},
    {"CATEGORIES", "b", NULL, NULL, COLLATION_ASCII_CASEMAP, false, true},
    {"ATTENDEE", "b@example", NULL, NULL, COLLATION_ASCII_CASEMAP, false, true},
    {"ATTENDEE", NULL, "PARTSTAT", "needs-action", COLLATION_ASCII_CASEMAP, false, true},
    {"ATTENDEE", "a@example", "PARTSTAT", "needs-action", COLLATION_ASCII_CASEMAP, false,
        false},
    {"ATTENDEE", "b@example", "PARTSTAT", "needs-action", COLLATION_ASCII_CASEMAP, false,
        true},
    {"ATTENDEE", NULL, "PARTSTAT", NULL, 0, false, true},
    {"ATTENDEE", NULL, "CN", NULL, 0, false, false},
};

static void properties_match_by_text_and_parameters(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
        struct comp_filter filter = {.name = "VEVENT"};
        struct prop_filter prop = {.name = texts[i].name,
            .match = {texts[i].text, texts[i].collation, texts[i].negate}};
        if (texts[i].param)
            LIST_ADD(cx->arena, &prop.params,
                ((struct param_filter){.name = texts[i].param,
                    .match = {texts[i].param_text, texts[i].collation, false}}));
        LIST_ADD(cx->arena, &filter.props, prop);
        if (matches(cx, event_of(cx, person), &filter, NULL) != texts[i].match)
            fail_msg("row %zu must %smatch", i, texts[i].match ? "" : "not ");
    }
}

static void absent_properties_and_parameters_match_is_not_defined(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *prop, *param;
        bool match;
    } rows[] = {
        {"LOCATION", NULL, true},
        {"SUMMARY", NULL, false},
        {"ATTENDEE", "CN", true},
        {"ATTENDEE", "PARTSTAT", false},
        {"LOCATION", "CN", false},
    };
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct comp_filter filter = {.name = "VEVENT"};
        struct prop_filter prop = {
            .name = rows[i].prop, .is_not_defined = !rows[i].param};
        if (rows[i].param)
            LIST_ADD(cx->arena, &prop.params,
                ((struct param_filter){.name = rows[i].param, .is_not_defined = true}));
        LIST_ADD(cx->arena, &filter.props, prop);
        if (matches(cx, event_of(cx, person), &filter, NULL) != rows[i].match)
            fail_msg("row %zu must %smatch", i, rows[i].match ? "" : "not ");
    }
}

static void properties_match_by_time(void **state)
{
    struct ctx *cx = *state;
    static const struct {
        const char *name;
        bool match;
    } rows[] = {{"DTSTAMP", true}, {"DTSTART", true}, {"LAST-MODIFIED", false},
        {"SUMMARY", false}, {"COMPLETED", false}};
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        struct comp_filter filter = {.name = "VEVENT"};
        LIST_ADD(cx->arena, &filter.props,
            ((struct prop_filter){.name = rows[i].name,
                .has_range = true,
                .from_s = at("20260302T100000Z"),
                .until_s = at("20260302T120000Z")}));
        assert_int_equal(matches(cx, event_of(cx, person), &filter, NULL), rows[i].match);
    }
}

static void components_match_by_being_there_or_not(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = event_of(cx, person);
    struct comp_filter event = {.name = "VEVENT"}, todo = {.name = "VTODO"};
    assert_true(matches(cx, calendar, &event, NULL));
    assert_false(matches(cx, calendar, &todo, NULL));
    event.is_not_defined = todo.is_not_defined = true;
    assert_false(matches(cx, calendar, &event, NULL));
    assert_true(matches(cx, calendar, &todo, NULL));
    /* RFC 4791 7.8.7: events without an alarm */
    struct comp_filter alarm = {.name = "VALARM", .is_not_defined = true};
    struct comp_filter without = {.name = "VEVENT"};
    LIST_ADD(cx->arena, &without.comps, &alarm);
    assert_true(matches(cx, calendar, &without, NULL));
    calendar = event_of(cx, "DTSTART:20260302T100000Z\nBEGIN:VALARM\nEND:VALARM\n");
    assert_false(matches(cx, calendar, &without, NULL));
    struct comp_filter root = {.name = "VCALENDAR"};
    bool match = false;
    assert_ok(cx, filter_match(cx, &root, calendar, NULL, &match));
    assert_true(match);
    root.name = "VTODO";
    assert_ok(cx, filter_match(cx, &root, calendar, NULL, &match));
    assert_false(match);
}

static void all_conditions_must_hold_for_one_component(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx,
        "BEGIN:VEVENT\nUID:1\nDTSTART:20260302T100000Z\nRRULE:FREQ=DAILY\nSUMMARY:all\n"
        "END:VEVENT\n"
        "BEGIN:VEVENT\nUID:1\nRECURRENCE-ID:20260310T100000Z\nDTSTART:20260310T150000Z\n"
        "SUMMARY:other\nEND:VEVENT\n");
    struct comp_filter filter = in_range("VEVENT");
    LIST_ADD(cx->arena, &filter.props,
        ((struct prop_filter){.name = "SUMMARY", .match = {.text = "other"}}));
    assert_false(matches(cx, calendar, &filter, NULL));
    filter.from_s = at("20260310T140000Z");
    filter.until_s = at("20260310T160000Z");
    assert_true(matches(cx, calendar, &filter, NULL));
    filter.props.items[0].match.text = "all";
    assert_false(matches(cx, calendar, &filter, NULL));
}

static void collations_have_names(void **state)
{
    (void)state;
    enum collation collation = COLLATION_OCTET;
    assert_true(collation_find("", &collation));
    assert_int_equal(collation, COLLATION_ASCII_CASEMAP);
    assert_true(collation_find("i;unicode-casemap", &collation));
    assert_int_equal(collation, COLLATION_UNICODE_CASEMAP);
    assert_true(collation_find("i;octet", &collation));
    assert_true(collation_find("default", &collation));
    assert_false(collation_find("i;ascii-numeric", &collation));
}

static const char *selected(
    struct ctx *cx, const struct comp_select *select, const struct comp *calendar)
{
    struct buf plain = buf_new(cx->arena);
    for (const char *c = lines_text(cx, select_apply(cx, select, calendar)); *c; c++)
        if (*c != '\r')
            buf_addc(&plain, *c);
    return buf_str(&plain);
}

static void selection_keeps_what_is_named(void **state)
{
    struct ctx *cx = *state;
    struct comp *calendar = calendar_of(cx,
        "BEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\nDTSTART:19700101T000000\nEND:STANDARD\n"
        "END:VTIMEZONE\nBEGIN:VEVENT\nUID:1\nDTSTART;TZID=X:20260302T100000\n"
        "SUMMARY:s\nX-BIG:big\nBEGIN:VALARM\nTRIGGER:PT0S\nEND:VALARM\nEND:VEVENT\n");
    const char *before = lines_text(cx, calendar);
    struct comp_select zone = {.name = "VTIMEZONE"}, event = {.name = "VEVENT"};
    struct comp_select root = {.name = "VCALENDAR"};
    LIST_ADD(cx->arena, &event.props, "UID");
    LIST_ADD(cx->arena, &event.props, "DTSTART");
    LIST_ADD(cx->arena, &event.no_value, "X-BIG");
    LIST_ADD(cx->arena, &root.comps, &event);
    LIST_ADD(cx->arena, &root.comps, &zone);
    assert_string_equal(selected(cx, &root, calendar),
        "BEGIN:VCALENDAR\nVERSION:2.0\nBEGIN:VTIMEZONE\nTZID:X\nBEGIN:STANDARD\n"
        "DTSTART:19700101T000000\nEND:STANDARD\nEND:VTIMEZONE\nBEGIN:VEVENT\nUID:1\n"
        "DTSTART;TZID=X:20260302T100000\nX-BIG:\nEND:VEVENT\nEND:VCALENDAR\n");
    event.all_comps = true;
    assert_non_null(strstr(selected(cx, &root, calendar), "BEGIN:VALARM\nTRIGGER"));
    root.all_props = true;
    assert_non_null(strstr(selected(cx, &root, calendar), "PRODID"));
    struct comp_select all = {.name = "VCALENDAR", .all_props = true, .all_comps = true};
    assert_string_equal(selected(cx, &all, calendar), before);
    assert_string_equal(lines_text(cx, calendar), before);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(events_overlap_as_the_table_says),
        CTX_TEST(floating_times_are_read_in_the_zone_given),
        CTX_TEST(ranges_may_be_open),
        CTX_TEST(alarms_overlap_by_each_of_their_triggers),
        CTX_TEST(freebusy_overlaps_as_the_table_says),
        CTX_TEST(properties_match_by_text_and_parameters),
        CTX_TEST(absent_properties_and_parameters_match_is_not_defined),
        CTX_TEST(properties_match_by_time),
        CTX_TEST(components_match_by_being_there_or_not),
        CTX_TEST(all_conditions_must_hold_for_one_component),
        CTX_TEST(collations_have_names),
        CTX_TEST(selection_keeps_what_is_named),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
