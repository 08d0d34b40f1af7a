"""Killed in the middle of a write of many calls, at each of them, before and after its effect: after the
restart everything is there once, as the client said."""

import signal
import threading

import pytest
from bridge import Bridge, event, wait_until
from feishu_sim import HOUR
from other_feishu import MEI, ZONE, OtherFeishu, sign_in, stamp

FIRST = 1799114400
WEEK = 7 * 86400


def series(summary, *exceptions, extra=""):
    text = event("w@example.com", summary=summary, extra="RRULE:FREQ=WEEKLY;COUNT=6\n" + extra)
    for day, title in exceptions:
        text = text.replace("END:VCALENDAR", "\r\n".join([
            "BEGIN:VEVENT", "UID:w@example.com", "DTSTAMP:20261120T000000Z",
            f"RECURRENCE-ID;TZID={ZONE}:{day}T100000", f"DTSTART;TZID={ZONE}:{day}T140000",
            f"DTEND;TZID={ZONE}:{day}T150000", "SUMMARY:" + title, "END:VEVENT",
            "END:VCALENDAR"]))
    return text


CREATE = series("Weekly", ("20270112", "Odd"), extra=(
    f"EXDATE;TZID={ZONE}:20270119T100000\nORGANIZER:mailto:lin@corp.example\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:lin@corp.example\nATTENDEE:mailto:mei@corp.example"))
CHANGE = series("Renamed", ("20270112", "Odd"), ("20270126", "Odder"), extra=(
    f"EXDATE;TZID={ZONE}:20270119T100000,20270202T100000\nORGANIZER:mailto:lin@corp.example\n"
    "ATTENDEE;PARTSTAT=ACCEPTED:mailto:lin@corp.example\nATTENDEE:mailto:mei@corp.example"))


def try_(call):
    try:
        return call()
    except OSError:
        return None


def killed_while(bridge, feishu, n, when, call):
    """The bridge is killed while the n-th write of call is held; it runs again afterwards. False
    when there are not so many writes."""
    gate = feishu.hold(n, when)
    thread = threading.Thread(target=lambda: try_(call))
    thread.start()
    wait_until(lambda: gate.reached.is_set() or not thread.is_alive(), "the write or the end")
    reached = gate.reached.is_set()
    if reached:
        assert bridge.stop(signal.SIGKILL) == -9
    gate.open.set()
    thread.join()
    feishu.gate = None
    if reached:
        bridge.start()
    return reached


def living(feishu):
    """{original time: (title, start)} of the one series, and who is invited."""
    events = feishu.living()
    masters = [e for e in events if not e["is_exception"]]
    assert len(masters) <= 1, [e["event_id"] for e in masters]
    rows = {e["event_id"].rsplit("_", 1)[1]: (e["summary"], e["start_time"]["timestamp"])
            for e in events}
    gone = {e["event_id"].rsplit("_", 1)[1] for e in feishu.events.values()
            if e["status"] == "cancelled" and e["is_exception"]}
    people = [a["user_id"] for a in masters[0]["_attendees"]] if masters else []
    return rows, gone, people


AFTER_CREATE = {"0": ("Weekly", str(FIRST)),
                str(FIRST + WEEK): ("Odd", str(FIRST + WEEK + 4 * HOUR))}
AFTER_CHANGE = {"0": ("Renamed", str(FIRST)),
                str(FIRST + WEEK): ("Odd", str(FIRST + WEEK + 4 * HOUR)),
                str(FIRST + 3 * WEEK): ("Odder", str(FIRST + 3 * WEEK + 4 * HOUR))}


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_create_of_many_calls_survives_being_killed_at_each(when):
    with OtherFeishu(contact="ok") as feishu:
        for n in range(8):
            with Bridge(feishu) as bridge:
                lin = sign_in(bridge)
                href = lin.href + "w.ics"
                reached = killed_while(bridge, feishu, n, when, lambda c=lin, h=href: c.put(
                    h, CREATE, {"If-None-Match": "*"}))
                # What a client does that got no answer: the same again.
                answer = wait_until(lambda c=lin, h=href: c.put(h, CREATE), "an answer")
                assert answer.status_code in (201, 204), (n, answer.text)
                wait_until(lambda: living(feishu)[0] == AFTER_CREATE, f"the series, {n} {when}")
                rows, gone, people = living(feishu)
                assert gone == {str(FIRST + 2 * WEEK)} and people.count(MEI) == 1, (n, people)
                bridge.sync(lin.name)
                assert list(lin.members(lin.href)) == [href]
                assert lin.get(href) == CREATE
                assert lin.delete(href).status_code == 204
                assert not living(feishu)[0]
                feishu.events.clear()
            if not reached:
                break
        assert n >= 4 and feishu.complaints == []


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_change_of_many_calls_survives_being_killed_at_each(when):
    with OtherFeishu(contact="ok") as feishu:
        for n in range(6):
            with Bridge(feishu) as bridge:
                lin = sign_in(bridge)
                href = lin.href + "w.ics"
                assert lin.put(href, CREATE).status_code == 201
                reached = killed_while(bridge, feishu, n, when,
                                       lambda c=lin, h=href: c.put(h, CHANGE))
                assert lin.put(href, CHANGE).status_code == 204
                wait_until(lambda: living(feishu)[0] == AFTER_CHANGE, f"the change, {n} {when}")
                assert living(feishu)[1] == {str(FIRST + 2 * WEEK), str(FIRST + 4 * WEEK)}
                bridge.sync(lin.name)
                assert lin.get(href) == CHANGE
                lin.delete(href)
                feishu.events.clear()
            if not reached:
                break
        assert n >= 3


@pytest.mark.parametrize("when", ["before", "after"])
def test_a_delete_of_many_calls_survives_being_killed_at_each(when):
    with OtherFeishu(contact="ok") as feishu:
        for n in range(5):
            with Bridge(feishu) as bridge:
                lin = sign_in(bridge)
                href = lin.href + "w.ics"
                assert lin.put(href, CREATE).status_code == 201
                reached = killed_while(bridge, feishu, n, when,
                                       lambda c=lin, h=href: c.delete(h))
                assert lin.delete(href).status_code in (204, 404)
                assert not living(feishu)[0]
                bridge.sync(lin.name)
                assert not lin.members(lin.href)
                feishu.events.clear()
            if not reached:
                break
        assert n >= 2


def test_a_single_change_killed_before_its_effect_is_not_lost_sight_of():
    with OtherFeishu() as feishu, Bridge(feishu) as bridge:
        feishu.add("Theirs", stamp(FIRST), stamp(FIRST + HOUR))
        lin = sign_in(bridge)
        href, = lin.members(lin.href)
        text = lin.get(href)
        for when, title in (("before", "One"), ("after", "Two")):
            killed_while(bridge, feishu, 0, when,
                         lambda t=title: lin.put(href, text.replace("Theirs", t)))
            bridge.sync(lin.name)
            seen = feishu.living()[0]["summary"]
            assert seen == (title if when == "after" else "Theirs")
            assert f"SUMMARY:{seen}" in lin.get(href)
            assert lin.put(href, lin.get(href).replace(f"SUMMARY:{seen}", "SUMMARY:Theirs")
                           ).status_code == 204
