#include "ical/recur.h"

#include "ical_unit.h"

#include <time.h>

/* The examples of RFC 5545 3.8.5.3 (DTSTART 1997-09-02T09:00 where not told otherwise)
 * and rules that other implementations get wrong. Dates without times: at 09:00. "..." =
 * more. */
static const struct {
    const char *start, *rule, *expected;
} rules[] = {
    {"19970902T090000", "FREQ=DAILY;COUNT=10",
        "0902 0903 0904 0905 0906 0907 0908 0909 0910 0911"},
    {"19971220T090000", "FREQ=DAILY;UNTIL=19971224T000000Z", "1220 1221 1222 1223"},
    {"19970902T090000", "FREQ=DAILY;INTERVAL=2", "0902 0904 0906 0908 ..."},
    {"19970902T090000", "FREQ=DAILY;INTERVAL=10;COUNT=5", "0902 0912 0922 1002 1012"},
    {"19980130T090000", "FREQ=YEARLY;UNTIL=20000131T140000Z;BYMONTH=1;BYMONTHDAY=30,31",
        "0130 0131 0130 0131 0130 0131"},
    {"19980101T090000", "FREQ=DAILY;UNTIL=19980103T140000Z;BYMONTH=1", "0101 0102 0103"},
    {"19970902T090000", "FREQ=WEEKLY;COUNT=10",
        "0902 0909 0916 0923 0930 1007 1014 1021 1028 1104"},
    {"19970902T090000", "FREQ=WEEKLY;UNTIL=19970930T000000Z", "0902 0909 0916 0923"},
    {"19970902T090000", "FREQ=WEEKLY;INTERVAL=2;WKST=SU", "0902 0916 0930 1014 ..."},
    {"19970902T090000", "FREQ=WEEKLY;COUNT=10;WKST=SU;BYDAY=TU,TH",
        "0902 0904 0909 0911 0916 0918 0923 0925 0930 1002"},
    {"19970901T090000",
        "FREQ=WEEKLY;INTERVAL=2;UNTIL=19970920T000000Z;WKST=SU;"
        "BYDAY=MO,WE,FR",
        "0901 0903 0905 0915 0917 0919"},
    {"19970902T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=8;WKST=SU;BYDAY=TU,TH",
        "0902 0904 0916 0918 0930 1002 1014 1016"},
    {"19970905T090000", "FREQ=MONTHLY;COUNT=10;BYDAY=1FR",
        "0905 1003 1107 1205 0102 0206 0306 0403 0501 0605"},
    {"19970905T090000", "FREQ=MONTHLY;UNTIL=19971224T000000Z;BYDAY=1FR",
        "0905 1003 1107 1205"},
    {"19970907T090000", "FREQ=MONTHLY;INTERVAL=2;COUNT=10;BYDAY=1SU,-1SU",
        "0907 0928 1102 1130 0104 0125 0301 0329 0503 0531"},
    {"19970922T090000", "FREQ=MONTHLY;COUNT=6;BYDAY=-2MO",
        "0922 1020 1117 1222 0119 0216"},
    {"19970928T090000", "FREQ=MONTHLY;BYMONTHDAY=-3",
        "0928 1029 1128 1229 0129 0226 ..."},
    {"19970902T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=2,15",
        "0902 0915 1002 1015 1102 1115 1202 1215 0102 0115"},
    {"19970930T090000", "FREQ=MONTHLY;COUNT=10;BYMONTHDAY=1,-1",
        "0930 1001 1031 1101 1130 1201 1231 0101 0131 0201"},
    {"19970910T090000", "FREQ=MONTHLY;INTERVAL=18;COUNT=10;BYMONTHDAY=10,11,12,13,14,15",
        "0910 0911 0912 0913 0914 0915 0310 0311 0312 0313"},
    {"19970902T090000", "FREQ=MONTHLY;INTERVAL=2;BYDAY=TU",
        "0902 0909 0916 0923 0930 1104 1111 1118 1125 0106 ..."},
    {"19970610T090000", "FREQ=YEARLY;COUNT=10;BYMONTH=6,7",
        "0610 0710 0610 0710 0610 0710 0610 0710 0610 0710"},
    {"19970310T090000", "FREQ=YEARLY;INTERVAL=2;COUNT=10;BYMONTH=1,2,3",
        "0310 0110 0210 0310 0110 0210 0310 0110 0210 0310"},
    {"19970101T090000", "FREQ=YEARLY;INTERVAL=3;COUNT=10;BYYEARDAY=1,100,200",
        "0101 0410 0719 0101 0409 0718 0101 0410 0719 0101"},
    {"19970519T090000", "FREQ=YEARLY;BYDAY=20MO", "0519 0518 0517 ..."},
    {"19970512T090000", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=MO", "0512 0511 0517 ..."},
    {"19970313T090000", "FREQ=YEARLY;BYMONTH=3;BYDAY=TH",
        "0313 0320 0327 0305 0312 0319 0326 0304 ..."},
    {"19970605T090000", "FREQ=YEARLY;BYDAY=TH;BYMONTH=6,7,8",
        "0605 0612 0619 0626 0703 0710 0717 0724 0731 0807 ..."},
    {"19980213T090000", "FREQ=MONTHLY;BYDAY=FR;BYMONTHDAY=13",
        "0213 0313 1113 0813 1013 ..."},
    {"19970913T090000", "FREQ=MONTHLY;BYDAY=SA;BYMONTHDAY=7,8,9,10,11,12,13",
        "0913 1011 1108 1213 0110 0207 0307 ..."},
    {"19961105T090000",
        "FREQ=YEARLY;INTERVAL=4;BYMONTH=11;BYDAY=TU;"
        "BYMONTHDAY=2,3,4,5,6,7,8",
        "1105 1107 1102 ..."},
    {"19970904T090000", "FREQ=MONTHLY;COUNT=3;BYDAY=TU,WE,TH;BYSETPOS=3",
        "0904 1007 1106"},
    {"19970929T090000", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-2",
        "0929 1030 1127 1230 0129 0226 0330 ..."},
    {"19970902T090000", "FREQ=HOURLY;INTERVAL=3;UNTIL=19970902T170000Z",
        "0902 0902T120000 0902T150000"},
    {"19970902T090000", "FREQ=MINUTELY;INTERVAL=15;COUNT=6",
        "0902 0902T091500 0902T093000 0902T094500 0902T100000 0902T101500"},
    {"19970902T090000", "FREQ=MINUTELY;INTERVAL=90;COUNT=4",
        "0902 0902T103000 0902T120000 0902T133000"},
    {"19970902T090000", "FREQ=DAILY;BYHOUR=9,10;BYMINUTE=0,40",
        "0902 0902T094000 0902T100000 0902T104000 0903 ..."},
    {"19970902T160000", "FREQ=MINUTELY;INTERVAL=20;BYHOUR=9,10,11,12,13,14,15,16",
        "0902T160000 0902T162000 0902T164000 0903 0903T092000 ..."},
    {"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=MO",
        "0805 0810 0819 0824"},
    {"19970805T090000", "FREQ=WEEKLY;INTERVAL=2;COUNT=4;BYDAY=TU,SU;WKST=SU",
        "0805 0817 0819 0831"},
    {"20070115T090000", "FREQ=MONTHLY;BYMONTHDAY=15,30;COUNT=5",
        "0115 0130 0215 0315 0330"},
    /* beyond the examples */
    {"20200131T090000", "FREQ=MONTHLY;COUNT=4", "0131 0331 0531 0731"},
    {"20200229T090000", "FREQ=YEARLY;COUNT=3", "0229 0229 0229"},
    {"20200101T090000", "FREQ=DAILY;BYMONTHDAY=-1;COUNT=4", "0101 0131 0229 0331"},
    {"20200103T090000", "FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1;COUNT=3",
        "0103 0110 0117"},
    {"20200101T090000", "FREQ=HOURLY;INTERVAL=2;BYHOUR=9,10,11,12;COUNT=4",
        "0101 0101T110000 0102 0102T110000"},
    {"20200101T090000", "FREQ=YEARLY;BYWEEKNO=1;BYDAY=MO;COUNT=4", "0101 0104 0103 0102"},
    {"20200106T090000", "FREQ=YEARLY;BYWEEKNO=53;BYDAY=MO;COUNT=3", "0106 1228 1228"},
    {"20200108T090000", "FREQ=YEARLY;BYWEEKNO=20;COUNT=3", "0108 0513 0519"},
    {"20201231T090000", "FREQ=YEARLY;BYYEARDAY=-1,366;COUNT=3", "1231 1231 1231"},
    {"20200102T090000", "FREQ=WEEKLY;BYDAY=MO;COUNT=3", "0102 0106 0113"},
    {"20200101T090000", "FREQ=MONTHLY;BYDAY=MO;BYHOUR=9,15;BYSETPOS=-1;COUNT=3",
        "0101 0127T150000 0224T150000"},
    {"20200101T090000", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31", "0101"},
    {"20200101T090000", "FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30", "0101"},
    {"20200101T090000", "FREQ=SECONDLY;BYMONTH=2;BYMONTHDAY=31", "0101"},
    {"20210101T090000", "FREQ=YEARLY;INTERVAL=4;BYMONTH=2;BYMONTHDAY=29", "0101"},
    {"20200101T090000", "freq=daily;count=2", "0101 0102"},
};

static struct recur *open_rule(struct ctx *cx, const char *start, const char *rule)
{
    struct recur *recur;
    struct civil civil = civil_from_seconds(at(start));
    assert_ok(cx, recur_open(cx, rule, &civil, false, &recur));
    const struct recur_until *until = recur_until(recur);
    if (until->set)
        recur_stop(recur, civil_seconds(&until->civil));
    return recur;
}

/* What the walk finds, in the table's form; at most n. */
static const char *walked(struct ctx *cx, struct recur *recur, size_t n)
{
    struct buf out = buf_new(cx->arena);
    int64_t wall_s;
    while (n-- && recur_next(recur, &wall_s)) {
        struct civil c = civil_from_seconds(wall_s);
        buf_printf(&out, "%s%02d%02d", out.len_bytes ? " " : "", c.month, c.day);
        if (c.hour != 9 || c.minute || c.second)
            buf_printf(&out, "T%02d%02d%02d", c.hour, c.minute, c.second);
    }
    return buf_str(&out);
}

static void every_rule_has_the_expected_occurrences(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        const char *expected = rules[i].expected, *found;
        size_t n = 1;
        for (const char *c = expected; *c; c++)
            n += *c == ' ';
        bool more = str_ends(expected, " ...");
        if (more)
            expected = arena_strndup(cx->arena, expected, strlen(expected) - 4);
        found = walked(
            cx, open_rule(cx, rules[i].start, rules[i].rule), more ? n - 1 : n + 1);
        if (strcmp(found, expected))
            fail_msg("%s %s:\n%s instead of\n%s", rules[i].start, rules[i].rule, found,
                expected);
    }
}

static void seeking_does_not_change_what_comes(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(rules) / sizeof(rules[0]); i++) {
        struct recur *walk = open_rule(cx, rules[i].start, rules[i].rule);
        if (recur_has_count(walk))
            continue;
        int64_t wall_s, sought_s, from_s = at(rules[i].start) + 40 * 86400 + 5;
        struct recur *seek = open_rule(cx, rules[i].start, rules[i].rule);
        recur_seek(seek, from_s);
        for (int n = 0; n < 400 && recur_next(walk, &wall_s); n++) {
            if (wall_s < from_s)
                continue;
            assert_true(recur_next(seek, &sought_s));
            assert_int_equal(sought_s, wall_s);
        }
    }
}

static void an_old_daily_series_is_found_quickly(void **state)
{
    struct ctx *cx = *state;
    clock_t begin = clock();
    int64_t wall_s = 0;
    for (int i = 0; i < 1000; i++) {
        struct recur *recur = open_rule(cx, "19000101T090000", "FREQ=DAILY");
        recur_seek(recur, at("20261120T000000"));
        assert_true(recur_next(recur, &wall_s));
    }
    assert_int_equal(wall_s, at("20261120T090000"));
    assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 1);
}

static void every_walk_ends(void **state)
{
    struct ctx *cx = *state;
    static const char *const endless[] = {"FREQ=SECONDLY",
        "FREQ=SECONDLY;COUNT=2000000000", "FREQ=SECONDLY;BYMONTHDAY=31;BYMONTH=2,4,6",
        "FREQ=SECONDLY;INTERVAL=32767;BYSECOND=7", "FREQ=MINUTELY;BYYEARDAY=366;BYHOUR=1",
        "FREQ=HOURLY;BYDAY=MO;BYMONTHDAY=31;BYMONTH=2", "FREQ=DAILY;INTERVAL=32767",
        "FREQ=WEEKLY;BYMONTH=2;INTERVAL=1000", "FREQ=MONTHLY;BYMONTH=2;BYMONTHDAY=30",
        "FREQ=YEARLY;BYWEEKNO=53;BYMONTH=6;BYDAY=MO", "FREQ=YEARLY;BYDAY=53MO;BYMONTH=1",
        "FREQ=MONTHLY;BYDAY=MO;BYSETPOS=6"};
    for (size_t i = 0; i < sizeof(endless) / sizeof(endless[0]); i++) {
        struct recur *recur = open_rule(cx, "20200101T090000", endless[i]);
        int64_t wall_s, n = 0;
        clock_t begin = clock();
        while (recur_next(recur, &wall_s))
            n++;
        assert_true(n <= RECUR_MAX_STEPS);
        double ms = (double)(clock() - begin) * 1000 / CLOCKS_PER_SEC;
        if (ms > 3000) /* with sanitizers */
            fail_msg("%s took %.0f ms", endless[i], ms);
    }
}

static void a_walk_that_was_cut_says_so(void **state)
{
    struct ctx *cx = *state;
    int64_t wall_s;
    struct recur *recur = open_rule(cx, "20200101T090000", "FREQ=SECONDLY");
    while (recur_next(recur, &wall_s))
        ;
    assert_true(recur_spent(recur));
    recur = open_rule(cx, "20200101T090000", "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=31");
    while (recur_next(recur, &wall_s))
        ;
    assert_false(recur_spent(recur));
}

static void broken_and_absurd_rules_are_refused(void **state)
{
    struct ctx *cx = *state;
    static const char *const broken[] = {"", "FREQ=", "FREQ=OFTEN", "DAILY",
        "FREQ=DAILY;BYMONTH=0", "FREQ=DAILY;BYDAY=XX", "FREQ=DAILY;COUNT=0",
        "FREQ=DAILY;INTERVAL=-1", "FREQ=DAILY;UNTIL=never", "FREQ=DAILY;COLOUR=RED",
        "FREQ=DAILY;BYHOUR=25", "FREQ=MONTHLY;BYMONTHDAY=32", "FREQ=YEARLY;BYMONTH=13",
        "RSCALE=HEBREW;FREQ=YEARLY", "RSCALE=GREGORIAN;FREQ=MONTHLY;SKIP=FORWARD"};
    struct civil start = {2020, 1, 1, 9, 0, 0};
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct recur *recur = NULL;
        enum err found = recur_open(cx, broken[i], &start, false, &recur);
        if (found != ERR_VALID_CALENDAR_DATA)
            fail_msg("\"%s\" gives %s", broken[i], err_name(found));
        assert_null(recur);
    }
    struct buf fine = buf_new(cx->arena);
    buf_adds(&fine, "FREQ=DAILY;BYHOUR=1,2;BYMINUTE=0");
    for (int i = 1; i < 60; i++)
        buf_printf(&fine, ",%d", i);
    buf_adds(&fine, ";BYSECOND=0");
    for (int i = 1; i < 60; i++)
        buf_printf(&fine, ",%d", i);
    struct recur *recur;
    assert_err(cx, ERR_VALID_CALENDAR_DATA,
        recur_open(cx, buf_str(&fine), &start, false, &recur));
    assert_err(
        cx, ERR_VALID_CALENDAR_DATA, recur_open(cx, "FREQ=HOURLY", &start, true, &recur));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(every_rule_has_the_expected_occurrences),
        CTX_TEST(seeking_does_not_change_what_comes),
        CTX_TEST(an_old_daily_series_is_found_quickly),
        CTX_TEST(every_walk_ends),
        CTX_TEST(a_walk_that_was_cut_says_so),
        CTX_TEST(broken_and_absurd_rules_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
