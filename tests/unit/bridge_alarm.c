#include "bridge/alarm.h"

#include "bridge/color.h"
#include "unit.h"

static bool read_alarm(struct ctx *cx, const char *lines, int *minutes)
{
    struct comp *calendar;
    char *text = arena_printf(cx->arena,
        "BEGIN:VCALENDAR\r\nBEGIN:VALARM\r\n%s\r\nEND:VALARM\r\nEND:VCALENDAR\r\n",
        lines);
    assert_int_equal(lines_parse(cx, text, strlen(text), &calendar), ERR_OK);
    return alarm_minutes(comp_sub(calendar, "VALARM"), minutes);
}

static void relative_alarms_are_minutes_before_the_start(void **state)
{
    static const struct {
        const char *trigger;
        int minutes;
    } cases[] = {
        {"TRIGGER:-PT15M", 15},
        {"TRIGGER:PT5M", -5},
        {"TRIGGER:+PT5M", -5},
        {"TRIGGER:PT0S", 0},
        {"TRIGGER:-PT0M", 0},
        {"TRIGGER:-P1D", 1440},
        {"TRIGGER:-P1DT2H", 1560},
        {"TRIGGER:-P2W", 20160},
        {"TRIGGER;RELATED=START;VALUE=DURATION:-PT120S", 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct ctx *cx = *state;
        int minutes = -99;
        char *display = arena_printf(cx->arena, "ACTION:DISPLAY\r\n%s", cases[i].trigger);
        char *audio = arena_printf(cx->arena, "ACTION:audio\r\n%s", cases[i].trigger);
        assert_true(read_alarm(cx, display, &minutes));
        assert_int_equal(minutes, cases[i].minutes);
        assert_true(read_alarm(cx, audio, &minutes));
    }
}

static void other_alarms_are_the_clients_own(void **state)
{
    static const char *const alarms[] = {
        "ACTION:EMAIL\r\nTRIGGER:-PT15M",
        "ACTION:NONE\r\nTRIGGER;VALUE=DATE-TIME:19760401T005545Z",
        "ACTION:DISPLAY\r\nTRIGGER;VALUE=DATE-TIME:20261120T050000Z",
        "ACTION:DISPLAY\r\nTRIGGER;RELATED=END:-PT15M",
        "ACTION:DISPLAY\r\nTRIGGER:-PT90S",
        "ACTION:DISPLAY\r\nTRIGGER:-P15D",
        "ACTION:DISPLAY\r\nTRIGGER:-P99999999W",
        "ACTION:DISPLAY\r\nTRIGGER:soon",
        "ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nREPEAT:2\r\nDURATION:PT5M",
        "ACTION:DISPLAY\r\nTRIGGER:-PT15M\r\nRELATED-TO;RELTYPE=SNOOZE:x",
        "TRIGGER:-PT15M",
        "ACTION:DISPLAY",
    };
    for (size_t i = 0; i < sizeof alarms / sizeof alarms[0]; i++) {
        int minutes = 7;
        if (read_alarm(*state, alarms[i], &minutes))
            fail_msg("taken for a reminder: %s", alarms[i]);
        assert_int_equal(minutes, 7);
    }
}

static void colours_have_the_nearest_name(void **state)
{
    (void)state;
    assert_string_equal(color_name(0xFF0000), "red");
    assert_string_equal(color_name(0xFE0101), "red");
    assert_string_equal(color_name(0x00FFFF), "aqua"); /* cyan comes later */
    assert_string_equal(color_name(0xFFFFFF), "white");
}

static void colours_are_read_by_name_and_number(void **state)
{
    (void)state;
    uint32_t rgb = 1;
    assert_true(color_parse("DodgerBlue", &rgb));
    assert_int_equal(rgb, 0x1E90FF);
    assert_true(color_parse("#1e90ff80", &rgb));
    assert_int_equal(rgb, 0x1E90FF);
    assert_false(color_parse("#1e90f", &rgb));
    assert_false(color_parse("blueish", &rgb));
    assert_false(color_parse("", &rgb));
    assert_int_equal(rgb, 0x1E90FF);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        CTX_TEST(relative_alarms_are_minutes_before_the_start),
        CTX_TEST(other_alarms_are_the_clients_own),
        CTX_TEST(colours_have_the_nearest_name),
        CTX_TEST(colours_are_read_by_name_and_number),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
