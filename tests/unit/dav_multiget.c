/* calendar-multiget (RFC 4791 section 7.9). */
#include "dav_fake_backend.h"

#define DATA "<D:prop><D:getetag/><C:calendar-data/></D:prop>"

static int multiget(struct world *w, const char *headers, const char *inner)
{
    return report(w, WORK, headers, "C:calendar-multiget", inner);
}

static void fill(struct world *w)
{
    static const char *const uids[] = {"oct", "nov", "old"};
    for (size_t i = 0; i < 3; i++)
        fake_add(w, "work", arena_printf(w->cx->arena, "%s.ics", uids[i]),
            event_text(w, uids[i], "20261120T080000Z", NULL));
}

static void multiget_answers_every_href_in_order(void **state)
{
    struct world *w = *state;
    fill(w);
    assert_status(w, 207, multiget(w, NULL, "<D:prop><D:getetag/><C:calendar-data/>"
        "<D:getcontenttype/><C:schedule-tag/></D:prop>"
        "<D:href>" WORK "nov.ics</D:href><D:href>" WORK "missing.ics</D:href>"
        "<D:href>/dav/calendars/ada/work/o%63t.ics</D:href>"
        "<D:href>https://dav.example.com" WORK "old.ics</D:href>"));
    assert_found(w, 4, "//D:response");
    assert_string_equal(text_at(w, "//D:response[1]//C:calendar-data"),
        fake_object(w, "work", "nov.ics")->text);
    /* Thunderbird: a 404 in a propstat would end its whole synchronisation. */
    assert_found(w, 1, "//D:response[2][contains(D:status,' 404 ')][not(D:propstat)]");
    assert_string_equal(text_at(w, "//D:response[2]/D:href"), WORK "missing.ics");
    assert_string_equal(text_at(w, "//D:response[3]/D:href"), WORK "oct.ics");
    assert_string_equal(text_at(w, "//D:response[4]/D:href"), WORK "old.ics");
    assert_found(w, 0, "//D:propstat[contains(D:status,' 404 ')]/D:prop/C:calendar-data");
}

static void a_multiget_at_the_home_goes_to_and_fro_between_calendars(void **state)
{
    struct world *w = *state;
    struct buf hrefs = buf_new(w->cx->arena);
    for (int i = 0; i < 6; i++) {
        const char *calendar = i % 2 ? "team" : "work";
        char *uid = arena_printf(w->cx->arena, "e%d", i);
        fake_add(w, calendar, uid, event_text(w, uid, "20261120T080000Z", NULL));
        buf_printf(&hrefs, "<D:href>" ADA "%s/%s</D:href>", calendar, uid);
    }
    assert_status(w, 207,
        report(w, ADA, NULL, "C:calendar-multiget",
            arena_printf(w->cx->arena, "<D:prop><C:calendar-data/></D:prop>%s",
                buf_str(&hrefs))));
    for (int i = 0; i < 6; i++)
        assert_non_null(strstr(
            text_at(w, arena_printf(w->cx->arena, "//D:response[%d]//C:calendar-data",
                           i + 1)),
            arena_printf(w->cx->arena, "UID:e%d\r\n", i)));
}

static void multiget_does_not_care_for_depth(void **state)
{
    static const char *const headers[] = {
        NULL, "Depth: 0", "Depth: 1", "Depth: infinity"};
    struct world *w = *state;
    fill(w);
    for (size_t i = 0; i < 4; i++) {
        assert_status(w, 207, multiget(w, headers[i],
            DATA "<D:href>" WORK "nov.ics</D:href>"));
        assert_found(w, 1, "//C:calendar-data");
    }
}

static void hrefs_that_lie_elsewhere_are_not_found(void **state)
{
    static const char *const elsewhere[] = {ADA "team/t.ics",
        "/dav/calendars/bob/work/x.ics", "/other/nov.ics", WORK, "nov.ics", "",
        WORK "a%2Fb.ics", WORK "../work/nov.ics", WORK "%ff.ics", "http://["};
    struct world *w = *state;
    fill(w);
    fake_add(w, "team", "t.ics", event_text(w, "t", "20261120T080000Z", NULL));
    for (size_t i = 0; i < sizeof(elsewhere) / sizeof(*elsewhere); i++) {
        assert_status(w, 207, multiget(w, NULL,
            arena_printf(w->cx->arena, DATA "<D:href>%s</D:href>", elsewhere[i])));
        assert_found(w, 1, "//D:response[contains(D:status,' 404 ')]");
        assert_string_equal(text_at(w, "//D:response/D:href"), elsewhere[i]);
    }
    /* From the home all its calendars can be read. */
    assert_status(w, 207, report(w, ADA, NULL, "C:calendar-multiget",
        DATA "<D:href>" WORK "nov.ics</D:href><D:href>" ADA "team/t.ics</D:href>"
        "<D:href>" ADA "colleague/t.ics</D:href><D:href>" ADA "none/t.ics</D:href>"));
    assert_found(w, 2, "//C:calendar-data");
    assert_found(w, 2, "//D:response[contains(D:status,' 404 ')]");
}

static void a_multiget_has_its_limits(void **state)
{
    struct world *w = *state;
    struct buf many = buf_new(w->cx->arena);
    buf_adds(&many, DATA);
    for (int i = 0; i < 20001; i++)
        buf_adds(&many, "<D:href>" WORK "x.ics</D:href>");
    assert_precondition(w, 507, "D:number-of-matches-within-limits",
        multiget(w, NULL, buf_str(&many)));
    assert_status(w, 400, multiget(w, NULL, DATA));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        WORLD_TEST(multiget_answers_every_href_in_order),
        WORLD_TEST(a_multiget_at_the_home_goes_to_and_fro_between_calendars),
        WORLD_TEST(multiget_does_not_care_for_depth),
        WORLD_TEST(hrefs_that_lie_elsewhere_are_not_found),
        WORLD_TEST(a_multiget_has_its_limits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
