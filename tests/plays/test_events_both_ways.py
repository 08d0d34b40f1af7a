"""Every kind of event both ways: what a client makes is what Feishu holds, what is made in Feishu is
what a client gets, and an edit on either side is seen on the other, with nothing told besides."""

import pytest
from both_ways import fixture_born, fixture_make, quiet  # noqa: F401
from both_ways import all_day, has_line, line, lines, new, seconds, token_of, writes
from bridge import wait_until
from feishu_sim import ADA, BOB, DAY, HOUR
from shared import ada, bridge, sim  # noqa: F401


# ---- time ----

@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Europe/Berlin",
                                  "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("start", ["20270105T100000", "20270705T233000"])
def test_a_timed_event_is_at_its_instant_with_its_zone(make, born, zone, start):
    end = start[:9] + "235900"
    text = new(start=start, end=end, zone=zone)
    if zone == "UTC":
        text = text.replace("DTSTART;TZID=UTC:" + start, f"DTSTART:{start}Z").replace(
            "DTEND;TZID=UTC:" + end, f"DTEND:{end}Z")
    made = make(text)
    first, last = seconds(start, zone), seconds(end, zone)
    assert made.event["start_time"] == {"timestamp": str(first), "timezone": zone}
    assert made.event["end_time"] == {"timestamp": str(last), "timezone": zone}
    shown = born((first, last), timezone=zone).text()
    if zone == "UTC":
        assert line(shown, "DTSTART") == f":{start}Z" and line(shown, "DTEND") == f":{end}Z"
        assert "VTIMEZONE" not in shown
    else:
        assert line(shown, "DTSTART") == f";TZID={zone}:{start}"
        assert line(shown, "DTEND") == f";TZID={zone}:{end}"
        assert f"TZID:{zone}\r\n" in shown
    # Moved in Feishu, then back by the client.
    moved = made.edit(start_time={"timestamp": str(first + DAY), "timezone": zone},
                      end_time={"timestamp": str(last + DAY), "timezone": zone})
    assert (start[:6] + f"{int(start[6:8]) + 1:02}") in line(moved, "DTSTART")
    back = moved.replace(line(moved, "DTSTART"), line(text, "DTSTART")).replace(
        line(moved, "DTEND"), line(text, "DTEND"))
    assert made.put(back) == [("PATCH", "0")]
    assert made.event["start_time"]["timestamp"] == str(first)


def test_duration_in_place_of_an_end(make):
    made = make(new().replace("DTEND;TZID=Asia/Shanghai:20270105T110000", "DURATION:PT1H30M"))
    assert int(made.event["end_time"]["timestamp"]) - \
        int(made.event["start_time"]["timestamp"]) == 5400
    longer = made.edit(start_time=made.event["start_time"],
                       end_time={"timestamp": str(int(made.event["start_time"]["timestamp"])
                                                  + 7200), "timezone": "Asia/Shanghai"})
    assert not has_line(longer, "DURATION") or "PT2H" in longer
    assert "20270105T120000" in longer or "PT2H" in longer


def test_a_floating_event_is_in_the_zone_of_the_account(make):
    text = new().replace(";TZID=Asia/Shanghai", "")
    made = make(text)
    zone = made.event["start_time"]["timezone"]
    assert made.event["start_time"]["timestamp"] == str(seconds("20270105T100000", zone))


@pytest.mark.parametrize("windows,iana", [
    ("China Standard Time", "Asia/Shanghai"), ("W. Europe Standard Time", "Europe/Berlin"),
    ("Pacific Standard Time", "America/Los_Angeles"), ("Tokyo Standard Time", "Asia/Tokyo"),
    ("/freeassociation.sourceforge.net/Europe/Paris", "Europe/Paris"),
    ("/mozilla.org/20070129_1/Europe/Rome", "Europe/Rome")])
def test_the_zone_names_of_other_programs_are_understood(make, windows, iana):
    definition = ("BEGIN:VTIMEZONE\r\nTZID:" + windows + "\r\nBEGIN:STANDARD\r\n"
                  "DTSTART:16010101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n"
                  "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT")
    made = make(new(zone=windows).replace("BEGIN:VEVENT", definition))
    assert made.event["start_time"] == {
        "timestamp": str(seconds("20270105T100000", iana)), "timezone": iana}


def test_an_outlook_zone_by_its_rules_alone_is_at_the_right_instant(make):
    """Outlook's "Customized Time Zone" has a meaningless name; its rules count."""
    definition = ("BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\n"
                  "DTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
                  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
                  "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\n"
                  "TZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n"
                  "END:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT")
    for start in ("20270105T100000", "20270705T100000"):
        made = make(new(zone="Customized Time Zone", start=start, end=start[:9] + "110000")
                    .replace("BEGIN:VEVENT", definition))
        assert made.event["start_time"]["timestamp"] == str(seconds(start, "Europe/Berlin"))
        assert "/" in made.event["start_time"]["timezone"] or \
            made.event["start_time"]["timezone"] == "UTC"


@pytest.mark.parametrize("first,after,last", [
    ("20270105", "20270106", "2027-01-05"), ("20270105", "20270108", "2027-01-07"),
    ("20270228", "20270301", "2027-02-28"), ("20271231", "20280101", "2027-12-31")])
def test_whole_days_are_the_same_days_on_both_sides(sim, make, born, first, after, last):
    made = make(all_day(new(), first, after))
    iso = f"{first[:4]}-{first[4:6]}-{first[6:]}"
    create = sim.calls(method="POST", path="/events")[0]["body"]
    assert create["start_time"]["date"] == iso and create["end_time"]["date"] == last
    shown = born((iso, last)).text()
    assert line(shown, "DTSTART") == ";VALUE=DATE:" + first
    assert line(shown, "DTEND") == ";VALUE=DATE:" + after


def test_a_whole_day_without_an_end_is_one_day(sim, make):
    text = all_day(new(), "20270105", "X").replace("DTEND;VALUE=DATE:X\r\n", "")
    make(text)
    create = sim.calls(method="POST", path="/events")[0]["body"]
    assert (create["start_time"]["date"], create["end_time"]["date"]) == ("2027-01-05",) * 2


def test_an_event_over_several_days_and_one_over_midnight(make, born):
    made = make(new(start="20270105T220000", end="20270108T030000"))
    assert int(made.event["end_time"]["timestamp"]) - \
        int(made.event["start_time"]["timestamp"]) == 53 * HOUR
    start = seconds("20270105T220000", "Asia/Shanghai")
    assert line(born((start, start + 53 * HOUR)).text(), "DTEND").endswith(":20270108T030000")


def test_a_timed_event_becomes_whole_days_and_back(make):
    made = make(new())
    timed = made.text
    days = all_day(timed, "20270105", "20270106")
    made.put(days)
    assert "date" in made.event["start_time"]
    made.put(timed)
    assert made.event["start_time"]["timestamp"] == str(seconds("20270105T100000",
                                                                "Asia/Shanghai"))


# ---- words ----

TEXT = "Line one\\nline two\\, with \\; and \\\\ and 中文 😀"
PLAIN = "Line one\nline two, with ; and \\ and 中文 😀"


def test_texts_keep_every_character_both_ways(make, born):
    made = make(new(summary="中文\\, 😀\\; x", extra=f"DESCRIPTION:{TEXT}\nLOCATION:Raum 1\\, 2"))
    assert made.event["summary"] == "中文, 😀; x"
    assert made.event["description"] == PLAIN
    assert made.event["location"]["name"] == "Raum 1, 2"
    start = seconds("20270105T100000", "Asia/Shanghai")
    shown = born((start, start + HOUR), summary="中文, 😀; x", description=PLAIN,
                 location={"name": "Raum 1, 2"}).text()
    assert line(shown, "SUMMARY") == ":中文\\, 😀\\; x"
    assert line(shown, "DESCRIPTION") == ":" + TEXT
    assert line(shown, "LOCATION") == ":Raum 1\\, 2"
    assert all(len(one.encode()) <= 75 for one in shown.split("\r\n"))


def test_texts_are_changed_and_cleared_by_either_side(make):
    made = make(new(extra="DESCRIPTION:Words\nLOCATION:Here"))
    shown = made.edit(description="Other words", location={"name": "There"}, summary="Named")
    assert line(shown, "DESCRIPTION") == ":Other words" and line(shown, "SUMMARY") == ":Named"
    assert line(shown, "LOCATION") == ":There"
    assert made.put(shown.replace("DESCRIPTION:Other words\r\n", "").replace(
        "LOCATION:There\r\n", "")) == [("PATCH", "0")]
    assert not made.event["description"]
    assert not (made.event.get("location") or {}).get("name")
    assert made.put(made.text.replace("SUMMARY:Named", "SUMMARY:Again")) == [("PATCH", "0")]
    shown = made.edit(summary="")
    assert not has_line(shown, "SUMMARY") or line(shown, "SUMMARY") == ":"


# ---- what single people set ----

@pytest.mark.parametrize("lines_,field,value,other,shown", [
    ("CLASS:PRIVATE", "visibility", "private", "public", "CLASS:PUBLIC"),
    ("CLASS:PUBLIC", "visibility", "public", "private", "CLASS:PRIVATE"),
    ("CLASS:CONFIDENTIAL", "visibility", "private", "public", "CLASS:PUBLIC"),
    ("TRANSP:TRANSPARENT", "free_busy_status", "free", "busy", "TRANSP:OPAQUE"),
    ("TRANSP:OPAQUE", "free_busy_status", "busy", "free", "TRANSP:TRANSPARENT"),
])
def test_visibility_and_busy_status_go_both_ways(make, lines_, field, value, other, shown):
    made = make(new(extra=lines_))
    assert made.event[field] == value
    text = made.edit(**{field: other})
    assert shown in text or (shown == "TRANSP:OPAQUE" and "TRANSPARENT" not in text)
    assert made.put(text.replace(shown, lines_) if shown in text else
                    text.replace("END:VEVENT", lines_ + "\r\nEND:VEVENT")) == [("PATCH", "0")]
    assert made.event[field] == value


def alarm(trigger, extra=""):
    return ("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\n"
            f"TRIGGER{extra}:{trigger}\r\nEND:VALARM\r\n")


def test_reminders_go_both_ways_and_an_edit_of_them_touches_nothing_else(sim, make, born):
    made = make(new().replace("END:VEVENT", alarm("-PT15M") + alarm("PT0S") + "END:VEVENT"))
    assert sorted(r["minutes"] for r in made.event["reminders"]) == [0, 15]
    shown = made.edit(reminders=[{"minutes": 30}])
    assert shown.count("BEGIN:VALARM") == 1 and "TRIGGER:-PT30M" in shown
    made.put(shown.replace("TRIGGER:-PT30M", "TRIGGER:-P1D"))
    patch = sim.calls(method="PATCH")
    assert [set(c["body"]) - {"need_notification"} for c in patch] == [{"reminders"}]
    assert made.event["reminders"] == [{"minutes": 1440}]
    made.put(made.text.replace(alarm("-P1D"), "") if alarm("-P1D") in made.text else
             made.text.split("BEGIN:VALARM")[0] + made.text.split("END:VALARM\r\n")[1])
    assert not made.event["reminders"]
    start = seconds("20270105T100000", "Asia/Shanghai")
    text = born((start, start + HOUR), reminders=[{"minutes": 5}, {"minutes": -5}]).text()
    assert text.count("BEGIN:VALARM") == 2
    assert "-PT5M" in text and "TRIGGER:PT5M" in text
    assert sim.notifications() == []


def test_a_colour_goes_both_ways(make):
    made = make(new(extra="COLOR:tomato"))
    assert made.event["color"] not in (0, -1)
    shown = made.edit(color=-16776961)  # 0xFF0000FF
    assert line(shown, "COLOR") == ":blue"
    assert made.put(shown.replace("COLOR:blue\r\n", "")) == [("PATCH", "0")]
    assert made.event["color"] in (0, -1)


def test_a_meeting_link_goes_both_ways(make, born):
    start = seconds("20270105T100000", "Asia/Shanghai")
    shown = born((start, start + HOUR), vchat={
        "vc_type": "third_party", "meeting_url": "https://meet.example/abc"}).text()
    assert "https://meet.example/abc" in "".join(lines(shown))
    made = make(new(extra="CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.example/xyz"))
    assert made.event["vchat"]["meeting_url"] == "https://meet.example/xyz"
    plain = make(new(extra="URL:https://example.com/page"))
    assert plain.event["vchat"]["vc_type"] == "no_meeting", "an URL alone is no meeting"


# ---- what cannot be held ----

@pytest.mark.parametrize("extra", [
    "RDATE;TZID=Asia/Shanghai:20270111T100000,20270113T100000", "RRULE:FREQ=HOURLY;COUNT=3",
    "RRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=WEEKLY;COUNT=3"])
def test_what_feishu_cannot_hold_is_refused_with_a_precondition(sim, ada, extra):
    answer = ada.put(ada.href + "no.ics", new(extra=extra))
    assert answer.status_code == 403, (answer.status_code, answer.text)
    assert "valid-calendar-object-resource" in answer.text
    assert extra[:5] in answer.text, "which line it is"
    assert writes(sim) == []
    assert ada.request("GET", ada.href + "no.ics").status_code == 404


# ---- nobody is told by accident ----

def test_edits_of_the_own_view_of_a_meeting_notify_nobody(sim, bridge, ada):
    token = token_of(ada)
    sim.add_event(ADA, "Meeting", (1830000000, 1830003600), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    href = list(ada.sync_collection(ada.href, token)[0])[0]
    sim.clear_notifications()
    text = ada.get(href).replace("END:VEVENT", alarm("-PT10M") + "END:VEVENT")
    assert ada.put(href, text).status_code == 204
    text = text.replace("BEGIN:VALARM", "COLOR:tomato\r\nX-MOZ-LASTACK:20270101T000000Z\r\n"
                        "BEGIN:VALARM")
    assert ada.put(href, text).status_code == 204
    assert sim.notifications() == []
    assert ada.put(href, text.replace("SUMMARY:Meeting", "SUMMARY:Changed")).status_code == 204
    assert {n["kind"] for n in sim.notifications()} == {"update"}
    assert ada.delete(href).status_code == 204
    wait_until(lambda: "cancel" in {n["kind"] for n in sim.notifications()}, "the notice")
