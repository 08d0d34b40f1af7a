#include "base/when.h"

#include "unit.h"

static const struct {
    int year, month, day;
    int64_t days;
    int weekday;
} known[] = {
    {1970, 1, 1, 0, 4},       {1969, 12, 31, -1, 3},   {1970, 3, 1, 59, 0},
    {1972, 2, 29, 789, 2},    {2000, 2, 29, 11016, 2}, {2000, 3, 1, 11017, 3},
    {1900, 2, 28, -25509, 3}, {1900, 3, 1, -25508, 4}, {2026, 11, 20, 20777, 5},
    {2100, 2, 28, 47540, 0},  {2100, 3, 1, 47541, 1},  {1600, 2, 29, -135081, 2},
    {1, 1, 1, -719162, 1},    {0, 3, 1, -719468, 3},   {9999, 12, 31, 2932896, 5},
};

static void known_days_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
        int64_t days = civil_days(known[i].year, known[i].month, known[i].day);
        assert_int_equal(days, known[i].days);
        assert_int_equal(civil_weekday(days), known[i].weekday);
        struct civil civil = civil_from_days(known[i].days);
        assert_int_equal(civil.year, known[i].year);
        assert_int_equal(civil.month, known[i].month);
        assert_int_equal(civil.day, known[i].day);
    }
}

static void days_follow_each_other_for_four_thousand_years(void **state)
{
    (void)state;
    struct civil before = civil_from_days(civil_days(0, 1, 1) - 1);
    for (int64_t days = civil_days(0, 1, 1); days < civil_days(4000, 1, 1); days++) {
        struct civil civil = civil_from_days(days);
        assert_int_equal(civil_days(civil.year, civil.month, civil.day), days);
        assert_true(civil_valid(&civil));
        bool next_day = civil.day == before.day + 1 && civil.month == before.month;
        bool next_month = civil.day == 1 && before.day >= 28 &&
            (civil.month == before.month + 1 || (civil.month == 1 && before.month == 12));
        assert_true(next_day || next_month);
        before = civil;
    }
}

static void seconds_before_1970_fall_into_the_right_day(void **state)
{
    (void)state;
    struct civil civil = civil_from_seconds(-1);
    assert_int_equal(civil.year, 1969);
    assert_int_equal(civil.day, 31);
    assert_int_equal(civil.hour, 23);
    assert_int_equal(civil.second, 59);
    assert_int_equal(civil_seconds(&civil), -1);
    civil = civil_from_seconds(-86400);
    assert_int_equal(civil.hour, 0);
    assert_int_equal(civil.day, 31);
    static const int64_t seconds[] = {
        0, 1795167660, -2208988800, 4102444799, -62167219200};
    for (size_t i = 0; i < sizeof(seconds) / sizeof(*seconds); i++) {
        civil = civil_from_seconds(seconds[i]);
        assert_int_equal(civil_seconds(&civil), seconds[i]);
    }
}

static void only_days_that_exist_are_valid(void **state)
{
    (void)state;
    static const struct {
        struct civil civil;
        bool valid;
    } cases[] = {
        {{2024, 2, 29, 0, 0, 0}, true},    {{2023, 2, 29, 0, 0, 0}, false},
        {{2000, 2, 29, 0, 0, 0}, true},    {{1900, 2, 29, 0, 0, 0}, false},
        {{2024, 4, 30, 23, 59, 59}, true}, {{2024, 4, 31, 0, 0, 0}, false},
        {{2024, 0, 1, 0, 0, 0}, false},    {{2024, 13, 1, 0, 0, 0}, false},
        {{2024, 1, 0, 0, 0, 0}, false},    {{2024, 1, 32, 0, 0, 0}, false},
        {{2024, 1, 1, 24, 0, 0}, false},   {{2024, 1, 1, 0, 60, 0}, false},
        {{2024, 1, 1, 0, 0, 60}, false},   {{2024, 1, 1, -1, 0, 0}, false},
        {{10000, 1, 1, 0, 0, 0}, false},   {{-1, 1, 1, 0, 0, 0}, false},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++)
        if (civil_valid(&cases[i].civil) != cases[i].valid)
            fail_msg("case %zu", i);
}

static void instants_are_written_in_each_form(void **state)
{
    (void)state;
    char out[WHEN_TEXT_BYTES];
    int64_t unix_s = 20777 * 86400LL + 9 * 3600 + 41 * 60;
    assert_string_equal(when_rfc3339(unix_s, out), "2026-11-20T09:41:00Z");
    assert_string_equal(when_ics_utc(unix_s, out), "20261120T094100Z");
    assert_string_equal(when_date(20777, out), "2026-11-20");
    assert_string_equal(when_ics_date(20777, out), "20261120");
    assert_string_equal(when_rfc3339(-1, out), "1969-12-31T23:59:59Z");
    assert_string_equal(when_rfc3339(-62167219200, out), "0000-01-01T00:00:00Z");
    when_rfc3339(INT64_MAX / 2, out); /* nonsense, but within its bounds */
    assert_true(strlen(out) < WHEN_TEXT_BYTES);
}

static void rfc_3339_is_read_with_offsets_and_fractions(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } cases[] = {
        {"1970-01-01T00:00:00Z", 0},
        {"1969-12-31T23:59:59z", -1},
        {"2026-11-20T09:41:00Z", 1795167660},
        {"2026-11-20T17:41:00+08:00", 1795167660},
        {"2026-11-20 04:11:00-05:30", 1795167660},
        {"2026-11-20t09:41:00.999999Z", 1795167660},
        {"2026-11-20T09:41:00.5+00:00", 1795167660},
        {"2026-01-01T00:00:00+08:00", 1767196800}, /* still the day before in UTC */
        {"1985-04-12T23:20:50.52Z", 482196050},
        {"1990-12-31T23:59:60Z", 662687999}, /* a leap second is the second before */
        {"1937-01-01T12:00:27.87+00:20", -1041337173},
    };
    for (size_t i = 0; i < sizeof(cases) / sizeof(*cases); i++) {
        int64_t unix_s = 77;
        if (!when_parse_rfc3339(cases[i].text, &unix_s))
            fail_msg("not read: %s", cases[i].text);
        assert_int_equal(unix_s, cases[i].unix_s);
    }
}

static void what_is_not_rfc_3339_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "2026", "2026-11-20", "2026-11-20T09:41Z",
        "2026-11-20T09:41:00", "2026-11-20T09:41:00+0800", "2026-11-20T09:41:00+08",
        "2026-11-20T09:41:00.Z", "2026-11-20T09:41:00Z ", " 2026-11-20T09:41:00Z",
        "2026-11-31T09:41:00Z", "2026-11-20T24:00:00Z", "2026-11-20T09:41:61Z",
        "2026-11-20T09:41:00+24:00", "2026-11-20T09:41:00+08:60", "2026-1-20T09:41:00Z",
        "+2026-11-20T09:41:00Z", "2026/11/20T09:41:00Z", "2026-11-20T09:41:00GMT"};
    int64_t unix_s = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (when_parse_rfc3339(wrong[i], &unix_s))
            fail_msg("read: %s", wrong[i]);
    assert_false(when_parse_rfc3339(NULL, &unix_s));
    assert_int_equal(unix_s, 77);
}

static void http_dates_are_read_in_their_three_forms(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        int64_t unix_s;
    } rows[] = {
        {"Sun, 06 Nov 1994 08:49:37 GMT", 784111777}, /* RFC 9110 section 5.6.7 */
        {"Sunday, 06-Nov-94 08:49:37 GMT", 784111777},
        {"Sun Nov  6 08:49:37 1994", 784111777},
        {"Thu, 01 Jan 1970 00:00:00 GMT", 0},
        {"Friday, 20-Nov-26 09:41:00 GMT", 1795167660},
        {"Friday, 20-Nov-76 09:41:00 GMT", 3373090860}, /* 50 years on */
        {"Sunday, 20-Nov-77 09:41:00 GMT", 248866860},
        {"Fri Nov 20 09:41:00 2026", 1795167660},
        {"Tue, 29 Feb 2028 23:59:60 GMT", 1835481599},
    };
    int64_t unix_s;
    for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
        if (!when_parse_http(rows[i].text, 1795167660, &unix_s))
            fail_msg("not read: %s", rows[i].text);
        assert_int_equal(unix_s, rows[i].unix_s);
    }
}

static void what_is_no_http_date_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "0", "1795167660", "2026-11-20T09:41:00Z",
        "Fri, 20 Nov 2026 09:41:00", "Fri, 20 Nov 2026 09:41:00 UTC",
        "Fri, 20 Nov 2026 09:41:00 GMT ", "Fri, 31 Nov 2026 09:41:00 GMT",
        "Fri, 20 nov 2026 09:41:00 GMT", "20 Nov 2026 09:41:00 GMT",
        "Fri, 20-Nov-26 09:41:00 GMT", "Friday, 20 Nov 2026 09:41:00 GMT",
        "Friday Nov 20 09:41:00 2026", "Fri Nov 20 09:41:00 2026 GMT",
        "Fri Nov 6 09:41:00 2026", "Fri, 20 Nov 2026 24:41:00 GMT"};
    int64_t unix_s = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (when_parse_http(wrong[i], 1795167660, &unix_s))
            fail_msg("read: %s", wrong[i]);
    assert_false(when_parse_http(NULL, 0, &unix_s));
    assert_int_equal(unix_s, 77);
}

static void a_date_is_read(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "2026-11-31", "2026-11-20T", "20261120",
        "2026-11-2", "2023-02-29", "0000-00-00"};
    int64_t days = 77;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (when_parse_date(wrong[i], &days))
            fail_msg("read: %s", wrong[i]);
    assert_int_equal(days, 77);
    assert_true(when_parse_date("2026-11-20", &days));
    assert_int_equal(days, 20777);
    assert_true(when_parse_date("1969-12-31", &days));
    assert_int_equal(days, -1);
}

static void icalendar_times_are_read_in_their_three_forms(void **state)
{
    (void)state;
    struct civil civil;
    bool is_date, is_utc;
    assert_true(when_parse_ics("20261120", &civil, &is_date, &is_utc));
    assert_true(is_date && !is_utc && civil.hour == 0 && civil.day == 20);
    assert_true(when_parse_ics("20261120T094101", &civil, &is_date, &is_utc));
    assert_true(!is_date && !is_utc && civil.hour == 9 && civil.second == 1);
    assert_true(when_parse_ics("20261120T094160Z", &civil, &is_date, &is_utc));
    assert_true(!is_date && is_utc && civil.minute == 41 && civil.second == 59);
}

static void what_is_not_an_icalendar_time_is_refused(void **state)
{
    (void)state;
    static const char *const wrong[] = {"", "2026112", "20261131", "20261120Z",
        "20261120T", "20261120T0941", "20261120T094100z", "20261120T094100ZZ",
        "20261120t094100", "20261120T240000", "20261120T094161", "2026-11-20",
        "20261120T0941 0", " 20261120"};
    struct civil civil = {.year = 77};
    bool is_date, is_utc;
    for (size_t i = 0; i < sizeof(wrong) / sizeof(*wrong); i++)
        if (when_parse_ics(wrong[i], &civil, &is_date, &is_utc))
            fail_msg("read: %s", wrong[i]);
    assert_false(when_parse_ics(NULL, &civil, &is_date, &is_utc));
    assert_int_equal(civil.year, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(known_days_agree),
        cmocka_unit_test(days_follow_each_other_for_four_thousand_years),
        cmocka_unit_test(seconds_before_1970_fall_into_the_right_day),
        cmocka_unit_test(only_days_that_exist_are_valid),
        cmocka_unit_test(instants_are_written_in_each_form),
        cmocka_unit_test(rfc_3339_is_read_with_offsets_and_fractions),
        cmocka_unit_test(what_is_not_rfc_3339_is_refused),
        cmocka_unit_test(http_dates_are_read_in_their_three_forms),
        cmocka_unit_test(what_is_no_http_date_is_refused),
        cmocka_unit_test(a_date_is_read),
        cmocka_unit_test(icalendar_times_are_read_in_their_three_forms),
        cmocka_unit_test(what_is_not_an_icalendar_time_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
