"""Against another Feishu than the simulator: written from the reference alone, missing what is
optional, and saying things as sloppily as it may."""

import time

import pytest
from bridge import Bridge, event, wait_until
from feishu_sim import HOUR, SOON
from other_feishu import LIN, MEI, ZONE, OtherFeishu, sign_in, stamp


@pytest.fixture(name="feishu", params=[
    {},
    {"codes": "text", "numbers_as_text": True},
    {"lists": "null", "sparse": True},
    {"lists": "missing", "sparse": True, "deleted": "minimal"},
    {"contact": "404", "tenant": "404", "freebusy": "404", "attendee_list": "404", "primary": "404",
     "event_get": "404", "user_info": "no_email"},
    {"contact": "ok", "attendee_list": "hidden", "token_v3": "404", "instances": "404"},
    {"allday_read": "inclusive", "allday_write": "exclusive", "subscription": "ok"},
    {"allday_read": "inclusive", "allday_write": "inclusive"},
    {"allday_read": "exclusive", "allday_write": "exclusive", "contact": "ok"},
    {"page_items": 1, "count": "refuse"},
    {"lag_s": 0.7},
], ids=lambda knobs: "-".join(f"{k}={v}" for k, v in knobs.items()) or "plain")
def fixture_feishu(request):
    with OtherFeishu(**request.param) as feishu:
        yield feishu


@pytest.fixture(name="bridge")
def fixture_bridge(feishu):
    with Bridge(feishu) as bridge:
        yield bridge


def all_day(text, first, after):
    return text.replace(f"DTSTART;TZID={ZONE}:20270105T100000", f"DTSTART;VALUE=DATE:{first}") \
        .replace(f"DTEND;TZID={ZONE}:20270105T110000", f"DTEND;VALUE=DATE:{after}")


def test_a_whole_life_of_events_under_every_sloppiness(feishu, bridge):
    feishu.add("Old", stamp(SOON), stamp(SOON + HOUR), location={"name": "Room"})
    lin = sign_in(bridge)
    feishu.calls.clear()
    assert not feishu.complaints
    # Reading.
    assert len(lin.members(lin.href)) == 1
    _, _, token, _ = lin.sync_collection(lin.href)
    old = next(iter(lin.members(lin.href)))
    assert "SUMMARY:Old" in lin.get(old) and "LOCATION:Room" in lin.get(old)
    assert feishu.calls == [], "reading asks Feishu nothing"
    # A timed event.
    text = event("one@example.com", summary="One")
    made = lin.put(lin.href + "one.ics", text, {"If-None-Match": "*"})
    assert made.status_code == 201, made.text
    assert feishu.writes() == [("POST", "events")]
    assert feishu.one("One")["start_time"] == stamp(1799114400)
    assert lin.get(lin.href + "one.ics") == text
    assert made.headers["ETag"] == lin.members(lin.href)[lin.href + "one.ics"]
    # The same again writes nothing.
    feishu.calls.clear()
    assert lin.put(lin.href + "one.ics", text).status_code == 204
    assert feishu.writes() == []
    # A change, and only of the alarm.
    assert lin.put(lin.href + "one.ics", text.replace("SUMMARY:One", "SUMMARY:First")
                   ).status_code == 204
    assert feishu.one("First")
    feishu.calls.clear()
    alarm = ("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT10M\r\nEND:VALARM"
             "\r\nEND:VEVENT")
    assert lin.put(lin.href + "one.ics", text.replace("SUMMARY:One", "SUMMARY:First")
                   .replace("END:VEVENT", alarm)).status_code == 204
    patches = feishu.seen("PATCH")
    assert [set(c["body"]) - {"need_notification"} for c in patches] == [{"reminders"}]
    assert feishu.one("First")["reminders"] == [{"minutes": 10}]
    # All day, two days.
    days = all_day(event("days@example.com", summary="Days"), "20270105", "20270107")
    assert lin.put(lin.href + "days.ics", days).status_code == 201
    if feishu.knobs["freebusy"] == "ok":
        assert feishu.one("Days")["_days"] == ("2027-01-05", "2027-01-07")
    # A series with COUNT, an exception and an EXDATE.
    series = event("w@example.com", summary="Weekly", extra="RRULE:FREQ=WEEKLY;COUNT=5\n"
                   f"EXDATE;TZID={ZONE}:20270119T100000")
    override = ("BEGIN:VEVENT\r\nUID:w@example.com\r\nDTSTAMP:20261120T000000Z\r\n"
                f"RECURRENCE-ID;TZID={ZONE}:20270112T100000\r\n"
                f"DTSTART;TZID={ZONE}:20270112T140000\r\nDTEND;TZID={ZONE}:20270112T150000\r\n"
                "SUMMARY:Later\r\nEND:VEVENT\r\nEND:VCALENDAR")
    series = series.replace("END:VCALENDAR", override)
    assert lin.put(lin.href + "w.ics", series).status_code == 201
    assert lin.get(lin.href + "w.ics") == series
    assert feishu.one("Weekly")["recurrence"].startswith("FREQ=WEEKLY;")
    assert feishu.one("Later")["start_time"] == stamp(1799114400 + 7 * 86400 + 4 * HOUR)
    # Everything is met again by the pull and is nothing new.
    bridge.sync(lin.name)
    before = lin.members(lin.href)
    assert len(before) == 4
    if feishu.knobs["lag_s"]:
        time.sleep(feishu.knobs["lag_s"])
    bridge.sync(lin.name)
    bridge.run("sync", "--full", lin.name)
    assert lin.members(lin.href) == before
    assert lin.get(lin.href + "w.ics") == series and lin.get(lin.href + "days.ics") == days
    changed, removed, token, _ = lin.sync_collection(lin.href, token)
    assert len(changed) == 3 and not removed
    # Changes of Feishu's side.
    feishu.change(feishu.one("First"), summary="Foreign")
    feishu.change(feishu.one("Later"), status="cancelled")
    feishu.change(feishu.one("Old"), status="cancelled")
    wait_until(lambda: bridge.sync(lin.name) and old not in lin.members(lin.href), "the deletion")
    changed, removed, token, _ = lin.sync_collection(lin.href, token)
    assert set(changed) == {lin.href + "one.ics", lin.href + "w.ics"} and removed == [old]
    assert "SUMMARY:Foreign" in lin.get(lin.href + "one.ics")
    unfolded = lin.get(lin.href + "w.ics").replace("\r\n ", "")
    assert "20270112T100000" in unfolded and "RECURRENCE-ID" not in unfolded
    # The end.
    for name in ("one", "days", "w"):
        assert lin.delete(f"{lin.href}{name}.ics").status_code == 204
    assert not lin.members(lin.href)
    assert not feishu.living()
    for _ in range(2):
        bridge.sync(lin.name)
        assert not lin.members(lin.href)
    changed, removed, _, _ = lin.sync_collection(lin.href, token)
    assert not changed and len(removed) == 3
    assert feishu.complaints == []


def test_an_invitation_is_answered_and_declined_under_every_sloppiness(feishu, bridge):
    feishu.add("Invited", stamp(SOON), stamp(SOON + HOUR), MEI, _attendees=[
        {"type": "user", "user_id": who, "attendee_id": "user_" + who, "rsvp_status": answer,
         "display_name": who, "is_organizer": who == MEI, "is_optional": False}
        for who, answer in ((MEI, "accept"), (LIN, "needs_action"))])
    lin = sign_in(bridge)
    feishu.calls.clear()
    href = next(iter(lin.members(lin.href)))
    text = lin.get(href)
    # Only what is the own: an alarm, and that one is free.
    alarm = ("TRANSP:TRANSPARENT\r\nBEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\n"
             "TRIGGER:-PT10M\r\nEND:VALARM\r\nEND:VEVENT")
    answer = lin.put(href, text.replace("TRANSP:OPAQUE\r\n", "").replace("END:VEVENT", alarm))
    assert answer.status_code == 204, answer.text
    bodies = [c["body"] for c in feishu.seen("PATCH")]
    assert len(bodies) == 1
    assert set(bodies[0]) - {"need_notification"} == {"reminders", "free_busy_status"}
    assert feishu.writes() == [("PATCH", "0")]
    feishu.calls.clear()
    assert lin.delete(href).status_code == 204
    assert feishu.writes() == [("POST", "reply")]
    mine = [a for a in feishu.one("Invited")["_attendees"] if a["user_id"] == LIN]
    assert mine[0]["rsvp_status"] == "decline"
    bridge.sync(lin.name)
    assert not lin.members(lin.href)
    assert feishu.complaints == []


def test_a_meeting_is_made_with_people_under_every_sloppiness(feishu, bridge):
    lin = sign_in(bridge)
    text = event("m@example.com", summary="Meeting", extra="ORGANIZER:mailto:lin@corp.example\n"
                 "ATTENDEE;PARTSTAT=ACCEPTED:mailto:lin@corp.example\n"
                 "ATTENDEE;RSVP=TRUE:mailto:mei@corp.example")
    answer = lin.put(lin.href + "m.ics", text)
    if feishu.knobs["contact"] == "ok":
        assert answer.status_code == 201, answer.text
        assert {a["user_id"] for a in feishu.one("Meeting")["_attendees"]} >= {MEI}
    else:
        assert answer.status_code in (201, 403), answer.text
        assert len(feishu.living("Meeting")) == (answer.status_code == 201)
    assert feishu.complaints == []


# ---- items of odd shapes ----

PLAIN = (stamp(SOON), stamp(SOON + HOUR), {})
WHOLE_NULL = ("description", "location", "reminders", "vchat", "recurrence", "color", "visibility",
              "event_organizer", "status", "is_exception", "app_link", "create_time",
              "attendee_ability", "free_busy_status")


def odd_items():
    """{title: (start, end, other members)}"""
    found = {
        "no end": (PLAIN[0], None, {}),
        "no zone": ({"timestamp": str(SOON)}, {"timestamp": str(SOON + 60)}, {}),
        "numbers": ({"timestamp": SOON, "timezone": ZONE},
                    {"timestamp": SOON + 60, "timezone": ZONE}, {}),
        "unknown zone": (stamp(SOON, "Mars/Base"), stamp(SOON + 60, "Mars/Base"), {}),
        "no length": (stamp(SOON), stamp(SOON), {}),
        "backwards": (stamp(SOON), stamp(SOON - 60), {}),
        "all three": ({"date": "2027-01-15", "timestamp": "", "timezone": "UTC"},
                      {"date": "2027-01-16", "timestamp": "", "timezone": "UTC"}, {}),
        "same day": ({"date": "2027-01-15"}, {"date": "2027-01-15"}, {}),
        "year 2090": (stamp(3786912000, "UTC"), stamp(3786912000, "UTC"), {}),
    }
    members = {
        "no rule": {"recurrence": "FREQ=NEVER;X=1"},
        "a prefix": {"recurrence": "RRULE:FREQ=DAILY;COUNT=3"},
        "two lines": {"recurrence": "FREQ=DAILY;COUNT=3\nEXDATE:20270116T080000Z"},
        "a date": {"recurrence": "FREQ=DAILY;UNTIL=20270120"},
        "tentative": {"status": "tentative"},
        "capitals": {"visibility": "Private", "free_busy_status": "Free"},
        "null": dict.fromkeys(WHOLE_NULL),
        "texts": {"color": "-1", "reminders": [{"minutes": "15"}], "is_exception": "false"},
        "wrong types": {"description": ["x"], "location": "Room", "vchat": "none",
                        "reminders": {}},
        "controls": {"description": "a\x00b\x0bc\x1f \ud83d tail"},
        "long": {"description": "中" * 40960},
        "html": {"description": "<p>a<br>b &amp; <a href='https://x.example'>l</a></p>"},
        "lines": {"summary": "lines\r\nEND:VEVENT\r\nSUMMARY:x"},
    }
    found.update({name: (*PLAIN[:2], more) for name, more in members.items()})
    return found


def test_items_of_odd_shapes_are_shown_and_edited_in_nothing_but_the_edit():
    items = odd_items()
    with OtherFeishu() as feishu, Bridge(feishu) as bridge:
        for name, (start, end, more) in items.items():
            feishu.add(more.pop("summary", name), start, end, **more,
                       event_id=name.replace(" ", "-") + "_0")
        untitled = feishu.add("gone", *PLAIN[:2], event_id="untitled_0")
        del untitled["summary"]
        lin = sign_in(bridge)
        members = lin.members(lin.href)
        assert len(members) == len(items) + 1
        for href in members:
            text = lin.get(href)
            assert text.count("BEGIN:VEVENT") == text.count("END:VEVENT\r\n") == 1
            assert "NEVER" not in text and "\x00" not in text
            assert text.replace("\r\n ", "").count("\nSUMMARY:") <= 1
            if "SUMMARY" not in text:
                continue
            feishu.calls.clear()
            answer = lin.put(href, text.replace("\r\nSUMMARY:", "\r\nSUMMARY:New "))
            assert answer.status_code == 204, (href, answer.text)
            bodies = [call["body"] for call in feishu.seen("PATCH")]
            assert [set(body) - {"need_notification"} for body in bodies] == [{"summary"}], href


def test_exceptions_that_come_before_their_master_are_merged():
    with OtherFeishu(page_items=1) as feishu, \
            Bridge(feishu) as bridge:
        for n, more in ((1, {"summary": "Odd"}), (2, {"status": "cancelled"})):
            start = SOON + n * 7 * 86400
            feishu.add(more.pop("summary", "x"), stamp(start), stamp(start + HOUR),
                       event_id=f"series_{start}", is_exception=True,
                       recurring_event_id="series_0", **more)
        feishu.add("Weekly", *PLAIN[:2], event_id="series_0", recurrence="FREQ=WEEKLY;COUNT=5")
        lin = sign_in(bridge)
        href, = lin.members(lin.href)
        text = lin.get(href)
        assert text.count("BEGIN:VEVENT") == 2 and "SUMMARY:Odd" in text and "EXDATE" in text
        bridge.run("sync", "--full", lin.name)
        assert lin.get(href) == text
