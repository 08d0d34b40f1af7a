"""Several writers of one calendar: who writes or deletes another event does not wait for Feishu with the first,
nor long behind a pull that waits for it; who writes the same name or UID, or a series of which it is a part, does."""

import threading

import pytest

from bridge import event, wait_until
from feishu_sim import ADA, HOUR, SOON

LATE_MS = 25000


class Writer(threading.Thread):
    """A PUT, or DELETE for text None, whose answer is awaited beside the play."""

    def __init__(self, client, href, text, headers=None):
        super().__init__()
        headers = {"If-None-Match": "*"} if headers is None else headers
        self.put = (lambda: client.put(href, text, headers)) if text else (lambda: client.delete(href))
        self.answer = None
        self.start()

    def run(self):
        self.answer = self.put()

    def status(self):
        self.join()
        return self.answer.status_code


def hold(sim, **fault):
    """The next such call is carried out, its answer stays away until the faults are taken away."""
    sim.fault(delay_ms=LATE_MS, **fault)


def is_held(sim):
    wait_until(lambda: sim.faults()[0]["hits"], "a write")


def creates(sim, since):
    return [path for method, path in sim.writes(since) if method == "POST"]


def test_events_of_one_calendar_do_not_wait_for_each_other(sim, ada):
    since = sim.last_call()
    hold(sim, method="POST", path="*/events")
    slow = Writer(ada, ada.href + "slow.ics", event("slow"))
    is_held(sim)
    for n in range(3):
        assert ada.put(f"{ada.href}quick-{n}.ics", event(f"quick-{n}")).status_code == 201
    changed = event("quick-0", summary="Changed")
    assert ada.put(ada.href + "quick-0.ics", changed).status_code == 204
    assert slow.is_alive()
    sim.clear_faults()
    assert slow.status() == 201
    assert len(creates(sim, since)) == 4
    assert len(ada.members(ada.href)) == 4


def test_a_delete_of_one_event_waits_for_no_writer_of_another(sim, ada):
    for name in ("slow", "quick"):
        assert ada.put(f"{ada.href}{name}.ics", event(name)).status_code == 201
    hold(sim, method="DELETE", path="*/events/*")
    slow = Writer(ada, ada.href + "slow.ics", None)
    is_held(sim)
    assert ada.delete(ada.href + "quick.ics").status_code == 204
    again = Writer(ada, ada.href + "again.ics", event("slow", summary="Again"))
    assert list(ada.members(ada.href)) == [ada.href + "slow.ics"]
    assert slow.is_alive() and again.is_alive()
    sim.clear_faults()
    assert (slow.status(), again.status()) == (204, 201)
    assert list(ada.members(ada.href)) == [ada.href + "again.ics"]


def test_a_slow_write_and_a_waiting_pull_hold_up_no_other_write(sim, ada):
    since = sim.last_call()
    hold(sim, method="POST", path="*/events")
    slow = Writer(ada, ada.href + "slow.ics", event("slow"))
    is_held(sim)
    sim.add_event(ADA, "From Feishu", (SOON, SOON + HOUR))
    pull = threading.Thread(target=ada.bridge.run, args=("sync", ada.name))
    pull.start()
    wait_until(lambda: sim.calls(since, "GET", "/events"), "the pull")
    for n in range(3):
        assert ada.put(f"{ada.href}quick-{n}.ics", event(f"quick-{n}")).status_code == 201
    assert slow.is_alive() and pull.is_alive()
    sim.clear_faults()
    assert slow.status() == 201
    pull.join()
    assert len(ada.members(ada.href)) == 5


def test_a_create_that_is_open_keeps_its_name_and_uid(sim, ada):
    """It is finished by the next write to its name or with its UID, and two such writes do not do it both."""
    sim.fault(method="POST", path="*/events", cut="before", count=-1)
    assert ada.put(ada.href + "one.ics", event("same"), {"If-None-Match": "*"}).status_code >= 500
    since = sim.last_call()
    sim.clear_faults()
    hold(sim, method="POST", path="*/events")
    first = Writer(ada, ada.href + "one.ics", event("other"), {})
    wait_until(lambda: sim.faults()[0]["hits"] or not first.is_alive(), "a create, perhaps the house's own")
    second = Writer(ada, ada.href + "two.ics", event("same"))
    for _ in range(20):  # the second has its time
        ada.members(ada.href)
    sim.clear_faults()
    assert (first.status(), second.status()) == (403, 403)
    assert len(creates(sim, since)) == 1
    assert list(ada.members(ada.href)) == [ada.href + "one.ics"]


@pytest.mark.parametrize("name, uid, status", [("same.ics", "other", 412), ("other.ics", "same", 403)])
def test_two_creates_of_one_name_or_uid_are_one(sim, ada, name, uid, status):
    since = sim.last_call()
    hold(sim, method="POST", path="*/events")
    first = Writer(ada, ada.href + "same.ics", event("same"))
    is_held(sim)
    second = Writer(ada, ada.href + name, event(uid))
    third = Writer(ada, ada.href + "third.ics", event("third"))
    assert third.status() == 201
    assert first.is_alive() and second.is_alive()
    sim.clear_faults()
    assert (first.status(), second.status()) == (201, status)
    assert len(creates(sim, since)) == 2


def cut(summary):
    """The weekly series with another title from the fourth time on."""
    later = "\r\n".join([
        "BEGIN:VEVENT", "UID:weekly", "DTSTAMP:20261120T000000Z",
        "RECURRENCE-ID;RANGE=THISANDFUTURE;TZID=Asia/Shanghai:20270126T100000",
        "DTSTART;TZID=Asia/Shanghai:20270126T100000", "DTEND;TZID=Asia/Shanghai:20270126T110000",
        f"SUMMARY:{summary}", "END:VEVENT", "END:VCALENDAR"])
    return event("weekly", extra="RRULE:FREQ=WEEKLY").replace("END:VCALENDAR", later)


def one_after_the_other(sim, ada, since, first, second):
    """The second asks nothing of Feishu before the first has its answer."""
    for _ in range(20):
        assert len(ada.members(ada.href)) == 2
    assert first.is_alive() and second.is_alive()
    assert len(sim.writes(since)) == 1
    sim.clear_faults()
    assert (first.status(), second.status()) == (204, 204)


def test_who_cuts_a_series_waits_for_the_writer_of_a_part(sim, ada):
    """The parts are events of their own, which somebody may be writing."""
    assert ada.put(ada.href + "weekly.ics", cut("New")).status_code == 201
    [part] = [href for href in ada.members(ada.href) if href != ada.href + "weekly.ics"]
    newer = ada.get(part).replace("SUMMARY:New", "SUMMARY:Newer")
    since = sim.last_call()
    hold(sim, method="PATCH", path="*/events/*")
    first = Writer(ada, part, newer, {})
    is_held(sim)
    second = Writer(ada, ada.href + "weekly.ics", cut("Newest"), {})
    one_after_the_other(sim, ada, since, first, second)
    assert "SUMMARY:Newest" in ada.get(part)


def test_who_has_to_finish_a_cut_waits_for_the_writer_of_a_part(sim, ada):
    weekly = event("weekly", summary="Old", extra="RRULE:FREQ=WEEKLY")
    assert ada.put(ada.href + "weekly.ics", weekly).status_code == 201
    sim.fault(method="PATCH", path="*/events/*", cut="before", count=-1)
    assert ada.put(ada.href + "weekly.ics", cut("New")).status_code >= 500
    [part] = [href for href in ada.members(ada.href) if href != ada.href + "weekly.ics"]
    newer = ada.get(part).replace("SUMMARY:New", "SUMMARY:Newer")
    sim.clear_faults()
    since = sim.last_call()
    hold(sim, method="PATCH", path=f"*/events/{sim.event('New')['event_id']}*")
    first = Writer(ada, part, newer, {})
    is_held(sim)
    second = Writer(ada, ada.href + "weekly.ics", weekly.replace("SUMMARY:Old", "SUMMARY:Older"), {})
    one_after_the_other(sim, ada, since, first, second)
    assert "SUMMARY:Newer" in ada.get(part)
    assert "SUMMARY:Older" in ada.get(ada.href + "weekly.ics")


def test_a_pull_gets_its_turn_between_writers(sim, ada):
    """Feishu's own change is not kept away by clients that write all the time."""
    over = threading.Event()

    def write_on(number):
        for n in range(200):
            if over.is_set():
                return
            assert ada.put(f"{ada.href}busy-{number}.ics", event(f"busy-{number}", summary=f"Round {n}")).ok
    writers = [threading.Thread(target=write_on, args=(number,)) for number in range(3)]
    for one in writers:
        one.start()
    try:
        sim.add_event(ADA, "From Feishu", (SOON, SOON + HOUR))
        ada.bridge.run("sync", ada.name)
        assert any("From Feishu" in ada.get(href) for href in ada.members(ada.href))
    finally:
        over.set()
        for one in writers:
            one.join()
