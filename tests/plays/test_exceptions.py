"""Exceptions of a series have people and a life of their own, whichever side made them."""

import re
import time

from bridge import event, wait_until
from feishu_sim import ADA, BOB, DAY, EVE
from shared import ada, bridge, sim  # noqa: F401

ORGANIZER = "ORGANIZER:mailto:ada@example.com"
BOB_LINE = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com"
EVE_LINE = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:eve@example.com"


def lines(day, summary, *more):
    """A component of the series, on that day of January 2027."""
    return event("x@example.com", start=f"202701{day:02}T100000", end=f"202701{day:02}T110000", summary=summary,
                 extra="\n".join(more))


def override(text, day, summary, *more):
    one = lines(day, summary, f"RECURRENCE-ID;TZID=Asia/Shanghai:202701{day:02}T100000", *more)
    return text.replace("END:VCALENDAR\r\n", one.split("PRODID:-//plays//EN\r\n")[1])


class Series:
    def __init__(self, sim, bridge, ada, text):
        self.sim, self.bridge, self.ada, self.href = sim, bridge, ada, ada.href + "x.ics"
        self.put(text)
        made = [one for one in sim.events() if one["summary"] == "Series"][-1]
        self.uid, self.start = made["event_id"][:-1], int(made["start_time"]["timestamp"])

    def put(self, text):
        answer = self.ada.put(self.href, text)
        assert answer.status_code in (201, 204), answer.text
        self.text = text

    def id(self, number):
        return f"{self.uid}{self.start + number * DAY}"

    def people(self, day=None):
        """Whom the served text names, of the series or of one occurrence."""
        parts = self.ada.get(self.href).replace("\r\n ", "").split("BEGIN:VEVENT")[1:]
        for part in parts:
            found = re.search("RECURRENCE-ID[^:]*:202701(..)", part)
            if (int(found[1]) if found else None) == day:
                return {who for who in ("bob", "eve") if f"mailto:{who}@" in part}
        return None

    def seen(self, what, ready):
        wait_until(lambda: self.bridge.sync(self.ada.name) and ready(), what)

    def gone(self):
        self.ada.delete(self.href)


def test_an_exception_that_a_client_made_has_people_of_its_own_just_after_it(sim, bridge, ada):
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5", ORGANIZER, BOB_LINE))
    sim.edit(BOB, "rsvp", event_id=one.uid + "0", rsvp_status="accept")
    one.seen("his answer", lambda: "PARTSTAT=ACCEPTED:mailto:bob" in ada.get(one.href).replace("\r\n ", ""))
    text = override(ada.get(one.href), 7, "Once", ORGANIZER, BOB_LINE)
    one.put(override(text, 8, "Twice", ORGANIZER, BOB_LINE))
    bridge.sync(ada.name)
    # What is read of a series from now on may be trusted (WRITE_GUARD_MS).
    before = time.monotonic()
    wait_until(lambda: time.monotonic() > before + 5.1, "the end of the guard")
    sim.edit(ADA, "attendees_add", event_id=one.uid + "0", attendees=[{"user": EVE}])
    sim.edit(ADA, "attendees_remove", event_id=one.id(3), attendees=[{"user": BOB}])
    one.seen("Eve in the series", lambda: one.people() == {"bob", "eve"})
    one.seen("nobody in the one", lambda: one.people(8) == set())
    one.seen("Bob alone in the other", lambda: one.people(7) == {"bob"})
    one.gone()


def test_an_occurrence_that_a_client_makes_take_place_again_shows_who_attends_it(sim, bridge, ada):
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5", ORGANIZER, BOB_LINE))
    sim.edit(ADA, "attendees_add", event_id=one.id(2), attendees=[{"user": EVE}])
    sim.edit(ADA, "event_delete", event_id=one.id(2))
    one.seen("the cancellation", lambda: "EXDATE" in ada.get(one.href))
    one.put(override(ada.get(one.href), 7, "Once", ORGANIZER, BOB_LINE))
    exception, = sim.event("Series")["exceptions"]
    assert {BOB, EVE} < {who.get("user_id") for who in exception["attendees"]}, "as it was before it was cancelled"
    one.seen("its people", lambda: one.people(7) == {"bob", "eve"})
    one.gone()


def test_a_series_that_becomes_all_day_has_all_its_days(sim, bridge, ada):
    """What was destroyed of it when it had times is no cancelled day."""
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5"))
    one.put(override(one.text, 7, "Once").replace("SUMMARY:Series", "EXDATE;TZID=Asia/Shanghai:20270106T100000"
                                                  "\r\nSUMMARY:Series"))
    days = event("x@example.com", summary="Series", extra="RRULE:FREQ=DAILY;COUNT=5")
    days = re.sub("DT(START|END);TZID=Asia/Shanghai:.*", lambda found: "DT%s;VALUE=DATE:2027010%d\r" % (
        found[1], 5 if found[1] == "START" else 6), days)
    one.put(days)
    for _ in range(2):
        bridge.sync(ada.name)
        assert ada.get(one.href) == days
    one.put(days.replace("SUMMARY:Series", "SUMMARY:Days"))
    bridge.run("sync", "--full", ada.name)
    assert ada.get(one.href) == one.text
    one.gone()


def test_an_old_text_knows_a_guest_of_feishus_also_where_it_adds_another(sim, bridge, ada):
    """It was made from what invited Eve, so all of it is new beside her."""
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5"))
    sim.edit(ADA, "attendees_add", event_id=one.id(2), attendees=[{"user": EVE}])
    one.seen("Eve", lambda: one.people(7) == {"eve"})
    text = ada.get(one.href).replace("\r\n ", "")
    sim.edit(ADA, "event_patch", event_id=one.id(3), event={"location": {"name": "There"}})
    one.seen("the place", lambda: "There" in ada.get(one.href))
    sim.clear_notifications()
    master, other = text.split("END:VEVENT\r\n", 1)
    one.put(master + f"{ORGANIZER}\r\n{BOB_LINE}\r\nEND:VEVENT\r\n" +
            other.replace("END:VEVENT", f"{BOB_LINE}\r\nEND:VEVENT"))
    assert [len(sim.told(who, "invite")) for who in (BOB, EVE)] == [1, 0]
    for exception in sim.event("Series")["exceptions"]:
        assert BOB in [who.get("user_id") for who in exception["attendees"]]
    assert "There" in ada.get(one.href)
    one.gone()


def test_an_old_text_that_moves_its_series_knows_what_it_names_by_the_new_starts(sim, bridge, ada):
    """So it is no older than it is, and nothing comes back that is cancelled in Feishu since."""
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5;INTERVAL=2"))
    sim.edit(ADA, "event_patch", event_id=one.id(2), event={"location": {"name": "There"}})
    sim.edit(ADA, "event_delete", event_id=one.id(4))
    one.seen("both", lambda: all(what in ada.get(one.href) for what in ("There", "EXDATE")))
    one.put(one.text.replace("SUMMARY:Series", "SUMMARY:Series\r\nX-OWN:1"))
    text = ada.get(one.href)
    sim.edit(ADA, "event_delete", event_id=one.id(2))
    one.seen("the other cancellation", lambda: "There" not in ada.get(one.href))
    ahead = {"0105": "0106", "0107": "0108", "0109": "0110"}
    one.put(re.sub("2027(01..)T", lambda found: f"2027{ahead[found[1]]}T", text))
    assert "There" not in ada.get(one.href)
    assert len(re.findall(r"2027(?:0108|0110)T100000", "".join(re.findall("EXDATE.*", ada.get(one.href))))) == 2
    made = sim.event("Series")["exceptions"]
    assert not [row for row in made if row["status"] != "cancelled" and not row["is_deleted"]]
    one.gone()


def test_a_cancelled_day_that_the_rule_has_no_more_can_be_taken_back(sim, bridge, ada):
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5",
                                         "EXDATE;TZID=Asia/Shanghai:20270108T100000"))
    sim.edit(ADA, "event_patch", event_id=one.uid + "0", event={"recurrence": "FREQ=DAILY;COUNT=2"})
    one.seen("the rule", lambda: "COUNT=5" not in ada.get(one.href))
    text = re.sub("EXDATE.*\r\n", "", ada.get(one.href))
    one.put(text)
    assert ada.get(one.href) == text
    one.gone()


def test_an_occurrence_that_is_gone_does_not_take_its_series_along(sim, bridge, ada):
    one = Series(sim, bridge, ada, lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5"))
    sim.fault(method="PATCH", path="*/events/*", code=193001, status=404, count=-1)
    answer = ada.put(one.href, override(one.text, 7, "Once"))
    sim.clear_faults()
    assert answer.status_code >= 400
    assert ada.get(one.href) == one.text
    one.gone()


def test_who_was_invited_to_one_occurrence_alone_hears_that_it_goes(sim, bridge, ada):
    """With its series, by an earlier end, by an EXDATE, by being taken back; nobody else hears it twice."""
    series = lines(5, "Series", "RRULE:FREQ=DAILY;COUNT=5", ORGANIZER, BOB_LINE)
    both = override(series, 8, "Once", ORGANIZER, BOB_LINE, EVE_LINE)

    def heard(change):
        one = Series(sim, bridge, ada, both)
        sim.clear_notifications()
        change(one)
        told = {who: [n["kind"] for n in sim.told(person)] for who, person in (("bob", BOB), ("eve", EVE))}
        if ada.request("HEAD", one.href).status_code == 200:
            one.gone()
        return told
    assert heard(lambda one: one.gone()) == {"bob": ["cancel"], "eve": ["uninvite"]}
    assert heard(lambda one: one.put(series.replace("COUNT=5", "COUNT=2"))) == {"bob": ["update"], "eve": ["uninvite"]}
    assert heard(lambda one: one.put(series)) == {"bob": [], "eve": ["uninvite"]}
    assert heard(lambda one: one.put(series.replace(
        "SUMMARY", "EXDATE;TZID=Asia/Shanghai:20270108T100000\r\nSUMMARY"))) == {"bob": ["cancel"], "eve": ["cancel"]}
