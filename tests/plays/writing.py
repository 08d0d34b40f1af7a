"""Every kind of write on a stage (stage.py), with what must hold after it, however often it was interrupted."""

import re

from bridge import event
from feishu_sim import ADA, BOB, HOUR, SOON
from stage import living, patient, told

ORGANIZER = "ORGANIZER:mailto:ada@example.com\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com"
INVITE_BOB = ORGANIZER + "\nATTENDEE;RSVP=TRUE:mailto:bob@example.com"


def name_of(stage, n):
    return f"{stage.href}{n}.ics"


class Write:
    """prepare(stage, n) makes what write(stage, n) changes; check(stage, n) is said afterwards.
    n tells apart the turns on one stage."""

    def prepare(self, stage, n):
        """Nothing is there before."""

    def write(self, stage, n):
        raise NotImplementedError

    def check(self, stage, n):
        raise NotImplementedError

    def clean(self, stage, n):
        """What would make later turns on the stage slow goes."""


def put(stage, n, text):
    return stage.ada.put(name_of(stage, n), text)


def make(stage, n, text):
    answer = patient(lambda: put(stage, n, text))
    assert answer.status_code == 201, answer.text


def simple(n, summary, extra=""):
    return event(f"{n}@example.com", summary=f"{summary} {n}", extra=extra)


class Create(Write):
    def write(self, stage, n):
        return put(stage, n, simple(n, "Made", INVITE_BOB))

    def check(self, stage, n):
        master = stage.sim.event(f"Made {n}")
        assert [a.get("user_id") for a in master["attendees"]].count(BOB) == 1
        assert told(stage.sim, "invite", f"Made {n}") == 1


class Change(Write):
    def prepare(self, stage, n):
        make(stage, n, simple(n, "Before", INVITE_BOB))

    def write(self, stage, n):
        return put(stage, n, simple(n, "After", INVITE_BOB))

    def check(self, stage, n):
        assert stage.sim.event(f"After {n}")
        assert told(stage.sim, "update", f"After {n}") == 1


class ChangeAttendees(Write):
    def prepare(self, stage, n):
        make(stage, n, simple(n, "Before", ORGANIZER))

    def write(self, stage, n):
        return put(stage, n, simple(n, "After", INVITE_BOB))

    def check(self, stage, n):
        ids = [a.get("user_id") for a in stage.sim.event(f"After {n}")["attendees"]]
        assert ids.count(BOB) == 1
        assert told(stage.sim, "invite", f"After {n}") == 1


class RemoveAttendee(Write):
    def prepare(self, stage, n):
        make(stage, n, simple(n, "Before", INVITE_BOB))

    def write(self, stage, n):
        return put(stage, n, simple(n, "Before", ORGANIZER))

    def check(self, stage, n):
        ids = [a.get("user_id") for a in stage.sim.event(f"Before {n}")["attendees"]]
        assert BOB not in ids
        assert told(stage.sim, "uninvite", f"Before {n}") == 1


class Delete(Write):
    def prepare(self, stage, n):
        make(stage, n, simple(n, "Before", INVITE_BOB))

    def write(self, stage, n):
        return stage.ada.delete(name_of(stage, n))

    def check(self, stage, n):
        assert not living(stage.sim, f"Before {n}")
        assert told(stage.sim, "cancel", f"Before {n}") == 1


def override(n, day, summary):
    return "\r\n".join([
        "BEGIN:VEVENT", f"UID:{n}@example.com", "DTSTAMP:20261120T000000Z",
        f"RECURRENCE-ID;TZID=Asia/Shanghai:{day}T100000",
        f"DTSTART;TZID=Asia/Shanghai:{day}T140000", f"DTEND;TZID=Asia/Shanghai:{day}T150000",
        f"SUMMARY:{summary}", "END:VEVENT", ""])


def edited_series(n):
    text = event(f"{n}@example.com", summary=f"After {n}",
                 extra="RRULE:FREQ=WEEKLY;UNTIL=20270301T000000Z\n"
                       "EXDATE;TZID=Asia/Shanghai:20270112T100000")
    return text.replace("END:VCALENDAR", override(n, "20270119", f"Moved {n}") +
                        override(n, "20270126", f"Other {n}") + "END:VCALENDAR")


class ChangeSeries(Write):
    def prepare(self, stage, n):
        make(stage, n, simple(n, "Before", "RRULE:FREQ=WEEKLY;UNTIL=20270301T000000Z"))

    def write(self, stage, n):
        return put(stage, n, edited_series(n))

    def check(self, stage, n):
        exceptions = stage.sim.event(f"After {n}")["exceptions"]
        kept = sorted(e["summary"] for e in exceptions if e["status"] != "cancelled")
        assert kept == [f"Moved {n}", f"Other {n}"]
        assert len(exceptions) == 3


class DeleteSeries(Write):
    def prepare(self, stage, n):
        make(stage, n, edited_series(n))

    def write(self, stage, n):
        return stage.ada.delete(name_of(stage, n))

    def check(self, stage, n):
        assert not living(stage.sim, f"After {n}")


def invite_ada(stage, n):
    """Bob's event; returns its href with Ada."""
    before = set(stage.ada.members(stage.href))
    stage.sim.add_event(BOB, f"Invited {n}", (SOON, SOON + HOUR),
                        attendees=[{"user": BOB}, {"user": ADA}])
    stage.bridge.sync(stage.ada.name)
    stage.invitations = getattr(stage, "invitations", {})
    stage.invitations[n], = set(stage.ada.members(stage.href)) - before


def own_answer(stage, n):
    answer, = [a["rsvp_status"] for a in stage.sim.event(f"Invited {n}")["attendees"]
               if a.get("user_id") == ADA]
    return answer


class Answer(Write):
    def prepare(self, stage, n):
        invite_ada(stage, n)
        text = stage.ada.get(stage.invitations[n]).replace("\r\n ", "")
        assert text.count("PARTSTAT=NEEDS-ACTION") == 1, text
        self.text = text.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED")

    def write(self, stage, n):
        return stage.ada.put(stage.invitations[n], self.text)

    def check(self, stage, n):
        assert own_answer(stage, n) == "accept"
        assert told(stage.sim, "rsvp", f"Invited {n}") <= 1


class Decline(Write):
    def prepare(self, stage, n):
        invite_ada(stage, n)

    def write(self, stage, n):
        return stage.ada.delete(stage.invitations[n])

    def check(self, stage, n):
        assert own_answer(stage, n) == "decline"
        assert stage.invitations[n] not in stage.ada.members(stage.href)


class CutSeries(Write):
    """RANGE=THISANDFUTURE: one resource becomes two."""

    def text(self, n, *more):
        text = event(f"{n}@example.com", summary=f"Before {n}",
                     extra="RRULE:FREQ=WEEKLY;COUNT=8\n" + INVITE_BOB +
                           "\nEXDATE;TZID=Asia/Shanghai:20270112T100000,20270216T100000")
        people = INVITE_BOB.replace("\n", "\r\n") + "\r\nEND:VEVENT"
        parts = [override(n, "20270209", f"Moved {n}"), *more]
        return text.replace("END:VCALENDAR", "".join(
            part.replace("END:VEVENT", people) for part in parts) + "END:VCALENDAR")

    def prepare(self, stage, n):
        make(stage, n, self.text(n))

    def write(self, stage, n):
        return put(stage, n, self.text(n, override(n, "20270126", f"After {n}").replace(
            "RECURRENCE-ID", "RECURRENCE-ID;RANGE=THISANDFUTURE")))

    def check(self, stage, n):
        before, after = stage.sim.event(f"Before {n}"), stage.sim.event(f"After {n}")
        assert [len([e for e in one["exceptions"] if not e["is_deleted"]])
                for one in (before, after)] == [1, 2]
        for one in (before, after):
            assert [a.get("user_id") for a in one["attendees"]].count(BOB) == 1
        # By the part that begins; what is left keeps its people (one invitation each, in all).
        assert told(stage.sim, "invite", f"After {n}") == 1
        assert told(stage.sim, "invite", f"Before {n}") <= 1  # that of the preparation
        assert not told(stage.sim, "update", f"Before {n}")
        assert len([href for href in stage.ada.members(stage.href)
                    if re.search(rf"UID:{n}(_R\w+)?@", stage.ada.get(href))]) == 2


class ReplaceSeries(Write):
    """A timed series becomes an all-day one where Feishu does not change that: it is made anew."""

    def prepare(self, stage, n):
        stage.sim.switch(timed_allday_patch="refuse")
        make(stage, n, simple(n, "Before", INVITE_BOB + "\nRRULE:FREQ=WEEKLY;COUNT=4").replace(
            "END:VCALENDAR", override(n, "20270119", f"Moved {n}") + "END:VCALENDAR"))

    def write(self, stage, n):
        text = simple(n, "After", INVITE_BOB + "\nRRULE:FREQ=WEEKLY;COUNT=4\n"
                                               "EXDATE;VALUE=DATE:20270112")
        return put(stage, n, text.replace("DTSTART;TZID=Asia/Shanghai:20270105T100000",
                                          "DTSTART;VALUE=DATE:20270105").replace(
            "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:20270106"))

    def check(self, stage, n):
        made = stage.sim.event(f"After {n}")
        assert made["start_time"]["date"] == "2027-01-05"
        assert [e["status"] for e in made["exceptions"]] == ["cancelled"]
        assert [a.get("user_id") for a in made["attendees"]].count(BOB) == 1
        assert told(stage.sim, "invite", f"After {n}") == 1
        assert told(stage.sim, "cancel", f"Before {n}") == 0
        assert not living(stage.sim, f"Before {n}")
        assert name_of(stage, n) in stage.ada.members(stage.href)


class CreateCalendar(Write):
    def write(self, stage, n):
        return stage.ada.xml("MKCALENDAR", f"{stage.ada.home()}plans{n}/", "c:mkcalendar",
                             "<d:set><d:prop><d:displayname>"
                             f"Plans {n}</d:displayname></d:prop></d:set>")

    def check(self, stage, n):
        assert stage.sim.calendar(f"Plans {n}")
        assert stage.ada.calendars()[f"Plans {n}"] == f"{stage.ada.home()}plans{n}/"


def make_calendar(stage, n):
    answer = patient(lambda: CreateCalendar().write(stage, n))
    assert answer.status_code == 201, answer.text


class InCalendar(Write):
    """A write in a calendar of its own."""

    def prepare(self, stage, n):
        make_calendar(stage, n)

    def clean(self, stage, n):
        assert patient(lambda: stage.ada.delete(f"{stage.ada.home()}plans{n}/")) is not None


class RenameCalendar(InCalendar):
    def write(self, stage, n):
        return stage.ada.xml("PROPPATCH", f"{stage.ada.home()}plans{n}/", "d:propertyupdate",
                             "<d:set><d:prop><d:displayname>"
                             f"Renamed {n}</d:displayname></d:prop></d:set>")

    def check(self, stage, n):
        assert stage.sim.calendar(f"Renamed {n}")
        assert stage.ada.calendars()[f"Renamed {n}"] == f"{stage.ada.home()}plans{n}/"


class DeleteCalendar(Write):
    def prepare(self, stage, n):
        make_calendar(stage, n)

    def write(self, stage, n):
        return stage.ada.delete(f"{stage.ada.home()}plans{n}/")

    def check(self, stage, n):
        assert not [c for c in stage.sim.calendars()
                    if c["summary"] == f"Plans {n}" and not c["is_deleted"]]
        assert f"Plans {n}" not in stage.ada.calendars()


class Move(InCalendar):
    """Into another calendar, with somebody invited and a property that Feishu never hears of."""

    def prepare(self, stage, n):
        make_calendar(stage, n)
        make(stage, n, simple(n, "Moved", INVITE_BOB))
        answer = patient(lambda: stage.ada.xml(
            "PROPPATCH", name_of(stage, n), 'd:propertyupdate xmlns:x="urn:x"',
            f"<d:set><d:prop><x:note>{n}</x:note></d:prop></d:set>"))
        assert "200 OK" in answer.text

    def target(self, stage, n):
        return f"{stage.ada.home()}plans{n}/{n}.ics"

    def write(self, stage, n):
        return stage.ada.request("MOVE", name_of(stage, n), headers={
            "Destination": stage.bridge.url + self.target(stage, n)})

    def check(self, stage, n):
        moved, = [e for e in living(stage.sim, f"Moved {n}") if e["status"] != "cancelled"]
        assert [a.get("user_id") for a in moved["attendees"]].count(BOB) == 1
        there = self.target(stage, n)
        assert list(stage.ada.members(f"{stage.ada.home()}plans{n}/")) == [there]
        assert name_of(stage, n) not in stage.ada.members(stage.href)
        found = stage.ada.propfind(there, 0, '<x:note xmlns:x="urn:x"/>')[there]
        assert found["{urn:x}note"].text == str(n)
        assert told(stage.sim, "invite", f"Moved {n}") <= 1  # that of the preparation
        assert not told(stage.sim, "cancel", f"Moved {n}")


class Share(InCalendar):
    def write(self, stage, n):
        return stage.ada.xml("POST", f"{stage.ada.home()}plans{n}/", "cs:share",
                             "<cs:set><d:href>mailto:bob@example.com</d:href>"
                             "<cs:read-write/></cs:set>")

    def check(self, stage, n):
        acls = [acl["role"] for acl in stage.sim.calendar(f"Plans {n}")["acls"]
                if acl["user_id"] == BOB]
        assert acls == ["writer"]


WRITES = [Create(), Change(), ChangeAttendees(), RemoveAttendee(), Delete(), ChangeSeries(),
          DeleteSeries(), CutSeries(), ReplaceSeries(), Answer(), Decline(), CreateCalendar(),
          RenameCalendar(), DeleteCalendar(), Move(), Share()]
