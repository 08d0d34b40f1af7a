/* Which text a write without a condition was made from (merge.c). */
#include "bridge/convert.h"
#include "unit.h"

#define HEAD                                                                             \
    "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//C//EN\r\nBEGIN:VEVENT\r\nUID:u\r\n"     \
    "DTSTART:20261120T100000Z\r\nDTEND:20261120T110000Z\r\n"
#define TAIL "END:VEVENT\r\nEND:VCALENDAR\r\n"
#define STAMP(day) "DTSTAMP:202611" day "T000000Z\r\nSEQUENCE:" day "\r\n"

static const char ours[] = HEAD STAMP("01") "SUMMARY:A\r\nX-KEEP:1\r\n" TAIL;
static const char theirs[] = HEAD STAMP("01") "SUMMARY:B\r\nX-KEEP:1\r\n" TAIL;

static const struct convert_env env = {.own_id = "ou_me",
    .own_address = "me@example.com",
    .timezone = "Asia/Shanghai",
    .role = BE_OWNER};

enum base { OLDER, SERVED };

/* served = what Feishu says now; given = a client was given it. */
static void expect(struct ctx *cx, const char *shadow, const char *served, bool given,
    const char *text, enum base base, const char *conflicts)
{
    struct merge merge = {.older = &shadow,
        .n_older = 1,
        .served = served,
        .upstream = served,
        .text = text,
        .given = given};
    const char *said;
    const char *found = convert_merge_base(cx, &env, &merge, &said);
    assert_string_equal(found, base == OLDER ? shadow : served);
    assert_string_equal(said, conflicts);
}

static void a_text_that_knows_the_news_was_made_from_them(void **state)
{
    expect(*state, ours, theirs, false,
        HEAD STAMP("02") "SUMMARY:B\r\nLOCATION:L\r\nX-KEEP:1\r\n" TAIL, SERVED, "");
}

static void a_text_that_knows_nothing_was_made_from_the_older_one(void **state)
{
    expect(*state, ours, theirs, true,
        HEAD STAMP("02") "SUMMARY:A\r\nLOCATION:L\r\nX-KEEP:1\r\n" TAIL, OLDER, "");
}

static void a_field_changed_on_both_sides_is_the_newer_writes(void **state)
{
    expect(*state, ours, theirs, true, HEAD STAMP("02") "SUMMARY:C\r\nX-KEEP:1\r\n" TAIL,
        OLDER, "SUMMARY");
}

static void a_change_that_was_given_may_be_taken_back_and_is_told(void **state)
{
    expect(*state, ours, theirs, true, ours, SERVED, "SUMMARY");
    expect(*state, ours, theirs, true, HEAD STAMP("09") "SUMMARY:A\r\nX-KEEP:1\r\n" TAIL,
        SERVED, "SUMMARY");
}

static void a_change_that_nobody_was_given_is_not_taken_back(void **state)
{
    expect(*state, ours, theirs, false, ours, OLDER, "");
    expect(*state, ours, theirs, false, HEAD STAMP("09") "SUMMARY:A\r\nX-KEEP:1\r\n" TAIL,
        OLDER, "");
}

static void a_snoozed_alarm_of_an_old_copy_takes_nothing_back(void **state)
{
    expect(*state, ours, theirs, true,
        HEAD STAMP(
            "09") "SUMMARY:A\r\nX-KEEP:1\r\nX-MOZ-LASTACK:20261101T000000Z\r\n" TAIL,
        OLDER, "");
}

static void an_occurrence_cancelled_by_feishu_may_be_given_back(void **state)
{
    static const char series[] = HEAD STAMP("01") "RRULE:FREQ=DAILY;COUNT=5\r\n" TAIL;
    static const char cut[] = HEAD STAMP("01") "RRULE:FREQ=DAILY;COUNT=5\r\n"
                                               "EXDATE:20261121T100000Z\r\n" TAIL;
    expect(*state, series, cut, true, series, SERVED, "RECURRENCE-ID");
    expect(*state, series, cut, false, series, OLDER, "");
    /* A cancellation of its own is something that it brings. */
    expect(*state, series, cut, true,
        HEAD STAMP("01") "RRULE:FREQ=DAILY;COUNT=5\r\nEXDATE:20261122T100000Z\r\n" TAIL,
        OLDER, "");
}

static void a_changed_occurrence_is_merged_field_by_field(void **state)
{
#define SERIES(title)                                                                    \
    HEAD "RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:" title "\r\nEND:VEVENT\r\n"
#define OVERRIDE(more)                                                                   \
    "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20261121T100000Z\r\n"                        \
    "DTSTART:20261121T120000Z\r\nDTEND:20261121T130000Z\r\n" more TAIL
    static const char base[] = SERIES("A") OVERRIDE("SUMMARY:X\r\n");
    static const char now[] = SERIES("A") OVERRIDE("SUMMARY:Y\r\n");
    /* The series was changed in an old copy: the occurrence is not taken back. */
    expect(*state, base, now, true, SERIES("B") OVERRIDE("SUMMARY:X\r\n"), OLDER, "");
    expect(*state, base, now, true, SERIES("B") OVERRIDE("SUMMARY:Y\r\n"), SERVED, "");
    expect(
        *state, base, now, true, SERIES("A") OVERRIDE("SUMMARY:Z\r\n"), OLDER, "SUMMARY");
    expect(*state, base, now, true, base, SERVED, "SUMMARY");
    expect(*state, base, now, false, base, OLDER, "");
}

#define PLAIN(title) HEAD "RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:" title "\r\n" TAIL

static void a_changed_occurrence_that_feishu_took_back_is_not_made_again(void **state)
{
    static const char base[] = SERIES("A") OVERRIDE("SUMMARY:A\r\n");
    /* The series was changed in an old copy. */
    expect(*state, base, PLAIN("A"), true, SERIES("B") OVERRIDE("SUMMARY:A\r\n"), OLDER,
        "");
    /* What was seen may be put back, and a change of it is newer. */
    expect(*state, base, PLAIN("A"), true, base, SERVED, "RECURRENCE-ID");
    expect(*state, base, PLAIN("A"), true, SERIES("A") OVERRIDE("SUMMARY:Z\r\n"), OLDER,
        "RECURRENCE-ID");
}

static void a_changed_occurrence_that_one_side_gives_up_is_a_conflict(void **state)
{
    static const char base[] = SERIES("A") OVERRIDE("SUMMARY:X\r\n");
    static const char now[] = SERIES("A") OVERRIDE("SUMMARY:Y\r\n");
    static const char cut[] = HEAD "RRULE:FREQ=DAILY;COUNT=5\r\nSUMMARY:A\r\n"
                                   "EXDATE:20261121T100000Z\r\n" TAIL;
    expect(*state, base, now, true, PLAIN("A"), OLDER, "RECURRENCE-ID");
    expect(*state, base, now, true, cut, OLDER, "RECURRENCE-ID");
    expect(*state, base, cut, true, SERIES("A") OVERRIDE("SUMMARY:Z\r\n"), OLDER,
        "RECURRENCE-ID");
}

static void an_occurrence_changed_on_both_sides_shows_no_knowledge(void **state)
{
    static const char theirs_too[] = SERIES("A")
        "BEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20261121T100000Z\r\n"
        "DTSTART:20261121T100000Z\r\nDTEND:20261121T110000Z\r\n"
        "SUMMARY:Y\r\nLOCATION:L\r\n" TAIL;
    expect(*state, PLAIN("A"), theirs_too, true, SERIES("A") OVERRIDE("SUMMARY:Z\r\n"),
        OLDER, "SUMMARY");
    expect(*state, PLAIN("A"), theirs_too, true, SERIES("A") OVERRIDE("SUMMARY:Y\r\n"),
        SERVED, "");
}

#define MEETING(answer, more)                                                            \
    HEAD "ORGANIZER:mailto:boss@example.com\r\n"                                         \
    "ATTENDEE:mailto:boss@example.com\r\n"                                               \
    "ATTENDEE;PARTSTAT=" answer ":mailto:me@example.com\r\n" more TAIL

static void an_answer_given_in_feishu_is_news(void **state)
{
    static const char was[] = MEETING("ACCEPTED", "");
    static const char now[] = MEETING("DECLINED", "");
    expect(*state, was, now, true, MEETING("ACCEPTED", "X-NOTE:1\r\n"), OLDER, "");
    expect(*state, was, now, true, MEETING("DECLINED", "X-NOTE:1\r\n"), SERVED, "");
    expect(*state, was, now, true, MEETING("TENTATIVE", ""), OLDER, "PARTSTAT");
    expect(*state, was, now, true, was, SERVED, "PARTSTAT");
    /* Nobody can take an answer back, so that none is no news. */
    expect(*state, was, MEETING("NEEDS-ACTION", ""), true,
        MEETING("ACCEPTED", "X-NOTE:1\r\n"), SERVED, "");
    expect(*state, MEETING("NEEDS-ACTION", ""), now, true,
        MEETING("NEEDS-ACTION", "X-NOTE:1\r\n"), OLDER, "");
}

static void an_answer_to_an_occurrence_is_news_though_the_text_gives_it_up(
    void **state)
{
#define MEETINGS                                                                         \
    HEAD "RRULE:FREQ=DAILY;COUNT=5\r\nORGANIZER:mailto:boss@example.com\r\n"             \
    "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:me@example.com\r\n"
#define ONE(answer)                                                                      \
    "END:VEVENT\r\nBEGIN:VEVENT\r\nUID:u\r\nRECURRENCE-ID:20261121T100000Z\r\n"          \
    "DTSTART:20261121T120000Z\r\nDTEND:20261121T130000Z\r\n"                             \
    "ORGANIZER:mailto:boss@example.com\r\n"                                              \
    "ATTENDEE;PARTSTAT=" answer ":mailto:me@example.com\r\n"
    expect(*state, MEETINGS ONE("NEEDS-ACTION") TAIL, MEETINGS ONE("ACCEPTED") TAIL, true,
        MEETINGS TAIL, OLDER, "RECURRENCE-ID");
    expect(*state, MEETINGS ONE("ACCEPTED") TAIL, MEETINGS ONE("NEEDS-ACTION") TAIL, true,
        MEETINGS TAIL, SERVED, "");
    expect(*state, MEETINGS ONE("ACCEPTED") TAIL, MEETINGS ONE("DECLINED") TAIL, true,
        MEETINGS "X-NOTE:1\r\n" ONE("ACCEPTED") TAIL, OLDER, "");
}

static void of_several_older_texts_it_is_the_one_that_the_text_shows(void **state)
{
    static const char *const versions[] = {
        HEAD "SUMMARY:C\r\nLOCATION:Q\r\n" TAIL, /* served */
        HEAD "SUMMARY:B\r\nLOCATION:Q\r\n" TAIL,
        HEAD "SUMMARY:B\r\nLOCATION:P\r\n" TAIL,
        HEAD "SUMMARY:A\r\nLOCATION:P\r\n" TAIL,
    };
    static const struct {
        const char *text;
        size_t base;
        const char *conflicts;
    } cases[] = {
        {HEAD "SUMMARY:C\r\nLOCATION:Q\r\nCLASS:PRIVATE\r\n" TAIL, 0, ""},
        {HEAD "SUMMARY:B\r\nLOCATION:Q\r\nCLASS:PRIVATE\r\n" TAIL, 1, ""},
        {HEAD "SUMMARY:B\r\nLOCATION:P\r\nCLASS:PRIVATE\r\n" TAIL, 2, ""},
        {HEAD "SUMMARY:A\r\nLOCATION:P\r\nCLASS:PRIVATE\r\n" TAIL, 3, ""},
        {HEAD "SUMMARY:B\r\nLOCATION:X\r\n" TAIL, 2, "LOCATION"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct merge merge = {.older = versions + 1,
            .n_older = 3,
            .served = versions[0],
            .upstream = versions[0],
            .text = cases[i].text,
            .given = true};
        const char *said;
        assert_string_equal(
            convert_merge_base(*state, &env, &merge, &said), versions[cases[i].base]);
        assert_string_equal(said, cases[i].conflicts);
    }
}

static void without_an_older_text_what_is_served_counts(void **state)
{
    struct merge merge = {.served = theirs, .upstream = theirs, .text = ours};
    const char *said;
    assert_string_equal(convert_merge_base(*state, &env, &merge, &said), theirs);
    assert_string_equal(said, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(a_text_that_knows_the_news_was_made_from_them),
        CTX_TEST(a_text_that_knows_nothing_was_made_from_the_older_one),
        CTX_TEST(a_field_changed_on_both_sides_is_the_newer_writes),
        CTX_TEST(a_change_that_was_given_may_be_taken_back_and_is_told),
        CTX_TEST(a_change_that_nobody_was_given_is_not_taken_back),
        CTX_TEST(a_snoozed_alarm_of_an_old_copy_takes_nothing_back),
        CTX_TEST(an_occurrence_cancelled_by_feishu_may_be_given_back),
        CTX_TEST(a_changed_occurrence_is_merged_field_by_field),
        CTX_TEST(a_changed_occurrence_that_feishu_took_back_is_not_made_again),
        CTX_TEST(a_changed_occurrence_that_one_side_gives_up_is_a_conflict),
        CTX_TEST(an_occurrence_changed_on_both_sides_shows_no_knowledge),
        CTX_TEST(an_answer_given_in_feishu_is_news),
        CTX_TEST(an_answer_to_an_occurrence_is_news_though_the_text_gives_it_up),
        CTX_TEST(of_several_older_texts_it_is_the_one_that_the_text_shows),
        CTX_TEST(without_an_older_text_what_is_served_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
