#include "ical/zone.h"

#include "ical_unit.h"

#include "base/file.h"
#include "ical/tzif.h"

#include <pthread.h>
#include <stdlib.h>

static const struct {
    const char *tzid, *name; /* NULL = unknown */
} names[] = {
    {"Europe/Berlin", "Europe/Berlin"},
    {"europe/BERLIN", "Europe/Berlin"},
    {"America/Argentina/Buenos_Aires", "America/Argentina/Buenos_Aires"},
    {"america/argentina/buenos_aires", "America/Argentina/Buenos_Aires"},
    {"Europe/Bratislava", "Europe/Bratislava"},
    {"PRC", "Asia/Shanghai"},
    {"Asia/Chongqing", "Asia/Shanghai"},
    {"Asia/Calcutta", "Asia/Kolkata"},
    {"US/Eastern", "America/New_York"},
    {"US-Eastern", "America/New_York"},
    {"Australia/Canberra", "Australia/Sydney"},
    {"America/New York", "America/New_York"},
    {"UTC", "UTC"},
    {"Z", "UTC"},
    {"Etc/GMT", "UTC"},
    {"GMT", "UTC"},
    {"Etc/Zulu", "UTC"},
    {"utc", "UTC"},
    {"Etc/GMT-8", "Asia/Singapore"}, /* Feishu takes zones of countries */
    {"etc/gmt+5", "America/Panama"},
    {"Etc/GMT+12", "Etc/GMT+12"},
    {"EST5EDT", "America/New_York"},
    {"UTC-08", "Pacific/Pitcairn"},
    {"/freeassociation.sourceforge.net/Europe/Berlin", "Europe/Berlin"},
    {"/freeassociation.sourceforge.net/Tzfile/Asia/Tokyo", "Asia/Tokyo"},
    {"/citadel.org/20190914_1/Europe/London", "Europe/London"},
    {"/mozilla.org/20050126_1/Europe/Berlin", "Europe/Berlin"},
    {"/softwarestudio.org/Olson_20011030_5/America/Chicago", "America/Chicago"},
    {"W. Europe Standard Time", "Europe/Berlin"},
    {"china standard time", "Asia/Shanghai"},
    {"Eastern Standard Time", "America/New_York"},
    {"India Standard Time", "Asia/Kolkata"},
    {"Greenwich Standard Time", "Atlantic/Reykjavik"},
    {"Pacific Daylight Time", "America/Los_Angeles"},
    {"China Standard Time 1", "Asia/Shanghai"},
    {"(UTC+01:00) Amsterdam, Berlin, Bern, Rome, Stockholm, Vienna", "Europe/Berlin"},
    {"(UTC+08:00) Beijing, Chongqing, Hong Kong, Urumqi", "Asia/Shanghai"},
    {"(GMT-05:00) Eastern Time (US & Canada)", "America/New_York"},
    {"(UTC) Dublin, Edinburgh, Lisbon, London", "Europe/London"},
    {"Canberra, Melbourne, Sydney", "Australia/Sydney"},
    {"(GMT+01.00) Amsterdam/Berlin/Bern/Rome", "Europe/Amsterdam"},
    {"UTC+8", "Asia/Shanghai"},
    {"GMT+05:30", "Asia/Kolkata"},
    {"tzone://Microsoft/Utc", "UTC"},
    {"tzone://Microsoft/Custom", NULL},
    {"../../../etc/passwd", NULL},
    {"Europe/../Nowhere", NULL},
    {"posixrules", NULL},
    {"Factory", NULL},
    {"Nowhere/City", NULL},
    {"", NULL},
};

static void tzids_of_all_kinds_are_understood(void **state)
{
    struct ctx *cx = *state;
    for (int round = 0; round < 2; round++) { /* the second from the cache */
        for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
            const struct zone *zone = zone_from_tzid(cx, names[i].tzid, NULL);
            const char *name = zone ? zone_name(zone) : NULL;
            if (!str_eq(name, names[i].name))
                fail_msg("\"%s\" is %s", names[i].tzid, name ? name : "unknown");
        }
    }
}

static void vendor_names_are_no_iana_names(void **state)
{
    struct ctx *cx = *state;
    assert_non_null(zone_from_tzid(cx, "W. Europe Standard Time", NULL));
    assert_null(zone_find("W. Europe Standard Time"));
    assert_null(zone_find("europe/berlin"));
    assert_null(zone_find("Europe/../Europe/Berlin"));
}

static void one_zone_has_one_address(void **state)
{
    (void)state;
    assert_ptr_equal(zone_find("PRC"), zone_find("Asia/Shanghai"));
    assert_ptr_equal(zone_find("Etc/UTC"), zone_utc());
}

/* A summer time that the country had once would move what was written then. */
static void a_zone_of_no_country_has_its_own_time(void **state)
{
    struct ctx *cx = *state;
    for (int hours = -14; hours < 12; hours++) {
        const char *name = arena_printf(cx->arena, "Etc/GMT%+d", hours);
        const struct zone *zone = hours ? zone_find(name) : zone_utc();
        /* Tokelau had another day before. */
        int64_t unix_s = at(hours == -13 ? "20120101T000000Z" : "20000101T000000Z");
        for (; unix_s < at("20400101T000000Z"); unix_s += INT64_C(7) * 86400)
            if (zone_offset_s(zone, unix_s) != -hours * 3600)
                fail_msg("%s at %lld: %s", name, (long long)unix_s, zone_name(zone));
    }
}

static void local_times_and_instants_convert(void **state)
{
    (void)state;
    static const struct {
        const char *zone, *local, *utc;
    } pairs[] = {
        {"Asia/Shanghai", "20261120T094100", "20261120T014100Z"},
        {"Asia/Shanghai", "19870701T120000", "19870701T030000Z"}, /* CDT */
        {"Europe/Berlin", "20260715T120000", "20260715T100000Z"},
        {"Europe/Berlin", "20260115T120000", "20260115T110000Z"},
        {"Europe/Berlin", "20990715T120000", "20990715T100000Z"},
        {"Europe/Berlin", "22500715T120000", "22500715T100000Z"}, /* by the footer */
        {"Europe/Berlin", "22501215T120000", "22501215T110000Z"},
        {"America/New_York", "20260308T015959", "20260308T065959Z"},
        {"America/New_York", "20260308T030000", "20260308T070000Z"},
        {"Australia/Lord_Howe", "20260115T120000", "20260115T010000Z"},
        {"Asia/Kathmandu", "20260115T120000", "20260115T061500Z"},
        {"Pacific/Kiritimati", "20260115T120000", "20260114T220000Z"},
        {"America/Santiago", "24000115T120000", "24000115T150000Z"},
    };
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
        const struct zone *zone = zone_find(pairs[i].zone);
        struct civil local = civil_from_seconds(at(pairs[i].local));
        char text[WHEN_TEXT_BYTES];
        assert_string_equal(when_ics_utc(zone_to_unix(zone, &local), text), pairs[i].utc);
        local = zone_to_local(zone, at(pairs[i].utc));
        assert_int_equal(civil_seconds(&local), at(pairs[i].local));
    }
}

static void a_time_in_a_gap_has_the_offset_before_it(void **state)
{
    (void)state;
    struct civil gap = {2026, 3, 29, 2, 30, 0};
    assert_int_equal(
        zone_to_unix(zone_find("Europe/Berlin"), &gap), at("20260329T013000Z"));
    struct civil day = {2011, 12, 30, 12, 0, 0}; /* Samoa left this day out */
    assert_int_equal(
        zone_to_unix(zone_find("Pacific/Apia"), &day), at("20111230T220000Z"));
}

static void a_time_that_occurs_twice_is_the_first(void **state)
{
    (void)state;
    struct civil twice = {2026, 10, 25, 2, 30, 0};
    assert_int_equal(
        zone_to_unix(zone_find("Europe/Berlin"), &twice), at("20261025T003000Z"));
    struct civil local =
        zone_to_local(zone_find("Europe/Berlin"), at("20261025T013000Z"));
    assert_int_equal(local.hour, 2);
}

static void open_ends_do_no_harm(void **state)
{
    (void)state;
    const struct zone *zone = zone_find("Europe/Berlin");
    assert_int_equal(zone_offset_s(zone, INT64_MAX), 3600);
    assert_int_equal(zone_offset_s(zone, INT64_MIN), 3208); /* local mean time */
    assert_true(zone_to_local(zone, INT64_MAX).year > 9999);
    assert_true(zone_to_local(zone, INT64_MIN).year < 0);
}

static struct comp *vtimezone_of(struct ctx *cx, const char *lines)
{
    return comp_sub(calendar_of(cx,
                        arena_printf(cx->arena,
                            "BEGIN:VTIMEZONE\nTZID:Custom\n%sEND:VTIMEZONE\n", lines)),
        "VTIMEZONE");
}

#define STANDARD(start, from, to, more)                                                  \
    "BEGIN:STANDARD\nDTSTART:" start "\nTZOFFSETFROM:" from "\nTZOFFSETTO:" to "\n" more \
    "END:STANDARD\n"
#define DAYLIGHT(start, from, to, more)                                                  \
    "BEGIN:DAYLIGHT\nDTSTART:" start "\nTZOFFSETFROM:" from "\nTZOFFSETTO:" to "\n" more \
    "END:DAYLIGHT\n"

static const struct {
    const char *lines, *name;
} customs[] = {
    {"X-LIC-LOCATION:Asia/Tokyo\n" STANDARD("19700101T000000", "+0100", "+0100", ""),
        "Asia/Tokyo"},
    {STANDARD("16010101T000000", "+0800", "+0800", ""), "Asia/Shanghai"},
    {STANDARD("16010101T000000", "+0000", "+0000", ""), "UTC"},
    {STANDARD("16010101T030000", "+0200", "+0100",
         "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n") DAYLIGHT("16010101T020000", "+0100",
         "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\n"),
        "Europe/Berlin"},
    {STANDARD("20071104T020000", "-0400", "-0500",
         "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU\n") DAYLIGHT("20070311T020000", "-0500",
         "-0400", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU\n"),
        "America/New_York"},
    /* rules of before 2007, never ended */
    {STANDARD("19671029T020000", "-0400", "-0500",
         "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\n") DAYLIGHT("19870405T020000", "-0500",
         "-0400", "RRULE:FREQ=YEARLY;BYDAY=1SU;BYMONTH=4\n"),
        "America/New_York"},
    {STANDARD("16010101T000000", "+0713", "+0713", ""), NULL},
    {"", NULL},
};

static void custom_rules_find_a_zone_that_agrees(void **state)
{
    struct ctx *cx = *state;
    for (size_t i = 0; i < sizeof(customs) / sizeof(customs[0]); i++) {
        const struct comp *vtimezone = vtimezone_of(cx, customs[i].lines);
        const struct zone *zone = zone_from_tzid(cx, "Custom", vtimezone);
        const char *name = zone ? zone_name(zone) : NULL;
        if (!str_eq(name, customs[i].name))
            fail_msg("number %zu is %s", i, name ? name : "unknown");
    }
}

static void a_known_name_wins_over_its_rules(void **state)
{
    struct ctx *cx = *state;
    const struct comp *vtimezone =
        vtimezone_of(cx, STANDARD("19700101T000000", "+0500", "+0500", ""));
    assert_string_equal(
        zone_name(zone_from_tzid(cx, "Europe/Berlin", vtimezone)), "Europe/Berlin");
}

static void rules_of_every_windows_zone_find_an_equal_one(void **state)
{
    struct ctx *cx = *state;
    static const char *const zones[] = {"Europe/Helsinki", "America/Sao_Paulo",
        "Australia/Adelaide", "Asia/Kolkata", "America/St_Johns", "Pacific/Chatham",
        "America/Havana", "Asia/Jerusalem", "Africa/Cairo", "America/Nuuk"};
    int64_t now_s = ctx_now_s(cx);
    for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++) {
        const struct zone *zone = zone_find(zones[i]);
        struct comp *vtimezone = zone_vtimezone(cx, zone, now_s, INT64_MAX);
        const struct zone *found = zone_from_tzid(cx, "Custom", vtimezone);
        assert_non_null(found);
        for (int64_t s = now_s; s < now_s + 4 * 365 * 86400; s += 86400)
            assert_int_equal(zone_offset_s(found, s), zone_offset_s(zone, s));
    }
}

static void tzdir_names_another_database(void **state)
{
    struct ctx *cx = *state;
    char dir[] = "/tmp/ical_zone.XXXXXX", *data;
    size_t len_bytes;
    assert_non_null(mkdtemp(dir));
    assert_ok(
        cx, file_read(cx, "/usr/share/zoneinfo/Asia/Tokyo", 65536, &data, &len_bytes));
    char *area = arena_printf(cx->arena, "%s/Moon", dir);
    char *place = arena_printf(cx->arena, "%s/Base_One", area);
    assert_ok(cx, dir_make_private(cx, area));
    assert_ok(cx, file_write_private(cx, place, data, len_bytes));
    assert_null(zone_find("Moon/Base_One"));
    setenv("TZDIR", dir, 1);
    const struct zone *zone = zone_find_nocase("moon/base_one");
    unsetenv("TZDIR");
    remove(place);
    remove(area);
    remove(dir);
    assert_non_null(zone);
    assert_string_equal(zone_name(zone), "Moon/Base_One");
    assert_int_equal(zone_offset_s(zone, 0), 9 * 3600);
}

/* Files come from the system, but it may be half updated. */
static void damaged_files_do_no_harm(void **state)
{
    struct ctx *cx = *state;
    char *data;
    size_t len_bytes, n_good = 0;
    assert_ok(
        cx, file_read(cx, "/usr/share/zoneinfo/Europe/Berlin", 65536, &data, &len_bytes));
    for (size_t i = 0; i < 2 * len_bytes; i++) {
        size_t len = i < len_bytes ? i : len_bytes;
        unsigned char *copy =
            malloc(len ? len : 1); /* so that the sanitizer sees its end */
        assert_non_null(copy);
        memcpy(copy, data, len);
        if (i >= len_bytes)
            copy[i - len_bytes] ^= (unsigned char)(1 << i % 8);
        struct zone zone;
        if (tzif_read(copy, len, &zone)) {
            n_good++;
            zone_offset_s(&zone, 1795167660);
            struct civil civil = {2026, 11, 20, 9, 41, 0};
            zone_to_unix(&zone, &civil);
            free(zone.types);
            free(zone.at_s);
            free(zone.type_of);
        }
        free(copy);
    }
    assert_true(n_good > 0 && n_good < len_bytes);
}

static void *find_many(void *wrong)
{
    static const char *const some[] = {"Asia/Dubai", "Asia/Dhaka", "Asia/Baku",
        "Asia/Seoul", "Africa/Lagos", "Europe/Rome", "Europe/Oslo", "America/Lima"};
    for (int i = 0; i < 4000; i++) {
        const char *name = some[i % 8];
        const struct zone *zone = zone_find(name);
        if (!zone || strcmp(zone_name(zone), name))
            *(bool *)wrong = true;
    }
    return NULL;
}

static void threads_find_zones_at_the_same_time(void **state)
{
    (void)state;
    pthread_t threads[8];
    bool wrong[8] = {false};
    for (size_t i = 0; i < 8; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, find_many, &wrong[i]), 0);
    for (size_t i = 0; i < 8; i++) {
        pthread_join(threads[i], NULL);
        assert_false(wrong[i]);
    }
}

static void made_up_names_do_not_make_zones_load_twice(void **state)
{
    struct ctx *cx = *state;
    for (int i = 0; i < 9000; i++)
        zone_remember(arena_printf(cx->arena, "\1made up %d", i), zone_utc());
    assert_ptr_equal(zone_remembered("\1made up 0"), zone_utc());
    assert_null(zone_remembered("\1made up 8999"));
    const struct zone *late = zone_find("Pacific/Apia");
    assert_non_null(late);
    assert_ptr_equal(zone_find("Pacific/Apia"), late);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(tzids_of_all_kinds_are_understood),
        CTX_TEST(vendor_names_are_no_iana_names),
        CTX_TEST(one_zone_has_one_address),
        CTX_TEST(a_zone_of_no_country_has_its_own_time),
        CTX_TEST(local_times_and_instants_convert),
        CTX_TEST(a_time_in_a_gap_has_the_offset_before_it),
        CTX_TEST(a_time_that_occurs_twice_is_the_first),
        CTX_TEST(open_ends_do_no_harm),
        CTX_TEST(custom_rules_find_a_zone_that_agrees),
        CTX_TEST(a_known_name_wins_over_its_rules),
        CTX_TEST(rules_of_every_windows_zone_find_an_equal_one),
        CTX_TEST(tzdir_names_another_database),
        CTX_TEST(damaged_files_do_no_harm),
        CTX_TEST(threads_find_zones_at_the_same_time),
        CTX_TEST(made_up_names_do_not_make_zones_load_twice),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
