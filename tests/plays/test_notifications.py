"""Who is told of what a client does: the lines of docs/notifications.md, by what Feishu's people got."""

import pytest

from bridge import event
from feishu_sim import ADA, BOB, EVE, HOUR, SOON
from shared import ada, bridge, sim  # noqa: F401

NAMES = {ADA: "ada", BOB: "bob", EVE: "eve"}
HOUR, DAY = 3600, 86400
BOB_LINE = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:bob@example.com"
EVE_LINE = "ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:eve@example.com"
ORGANIZER = "ORGANIZER:mailto:ada@example.com"


def told(sim):
    """{(kind, name)}, and forgets."""
    found = {(one["kind"], NAMES[who]) for one in sim.notifications() for who in one["to"] if who in NAMES}
    sim.clear_notifications()
    return found


class Meeting:
    """An event of Ada's as a client wrote it last."""

    def __init__(self, sim, ada, text):
        self.sim, self.ada, self.href = sim, ada, ada.href + "m.ics"
        self.put(text)

    def put(self, text):
        told(self.sim)
        self.text = text
        answer = self.ada.put(self.href, text)
        assert answer.status_code in (201, 204), answer.text
        return told(self.sim)

    def change(self, old, new):
        assert old in self.text
        return self.put(self.text.replace(old, new))

    def add(self, *lines):
        return self.change("SUMMARY:", "\r\n".join([*lines, "SUMMARY:"]))


@pytest.fixture(name="make")
def fixture_make(sim, bridge, ada):
    def make(*people, start="20270105T100000", extra=()):
        lines = ([ORGANIZER, *people] if people else []) + list(extra)
        told(sim)
        return Meeting(sim, ada, event("m@example.com", start=start, end=start[:9] + "235900",
                                       summary="Meeting", extra="\n".join(lines)))
    yield make
    ada.delete(ada.href + "m.ics")
    bridge.sync(ada.name)
    told(sim)


EVERYBODY = {("update", "bob"), ("update", "eve")}


def test_an_event_without_guests_tells_nobody_whatever_happens(sim, ada, make):
    one = make()
    assert told(sim) == set()
    assert one.change("SUMMARY:Meeting", "SUMMARY:Other") == set()
    assert one.change("20270105T100000", "20270105T110000") == set()
    assert ada.delete(one.href).status_code == 204
    assert told(sim) == set()


def test_a_meeting_invites_its_guests(sim, ada):
    told(sim)
    ada.put(ada.href + "m.ics", event("m@example.com", summary="Meeting", extra="\n".join(
        [ORGANIZER, BOB_LINE, EVE_LINE])))
    assert told(sim) == {("invite", "bob"), ("invite", "eve")}
    ada.delete(ada.href + "m.ics")
    assert told(sim) == {("cancel", "bob"), ("cancel", "eve")}


def test_an_import_of_what_is_over_invites_nobody(sim, ada):
    told(sim)
    ada.put(ada.href + "m.ics", event("m@example.com", start="20200105T100000", end="20200105T110000",
                                      extra="\n".join([ORGANIZER, BOB_LINE])))
    assert told(sim) == set()
    assert [a for a in sim.event("Event")["attendees"] if a.get("user_id") == BOB], "yet he is there"
    # Nor does anybody hear when it is cleared away.
    assert ada.delete(ada.href + "m.ics").status_code == 204
    assert told(sim) == set()


def test_an_import_of_a_series_that_is_over_tells_nobody_of_its_exceptions(sim, ada):
    told(sim)
    sim.clear_calls()
    text = event("m@example.com", start="20200105T100000", end="20200105T110000", summary="Old", extra="\n".join(
        ["RRULE:FREQ=WEEKLY;COUNT=4", ORGANIZER, BOB_LINE, EVE_LINE]))
    one = event("m@example.com", start="20200112T120000", end="20200112T130000", summary="Old", extra="\n".join(
        ["RECURRENCE-ID;TZID=Asia/Shanghai:20200112T100000", ORGANIZER, BOB_LINE]))
    text = text.replace("END:VCALENDAR\r\n", one.split("PRODID:-//plays//EN\r\n")[1])
    assert ada.put(ada.href + "m.ics", text, {"If-None-Match": "*"}).status_code == 201
    assert told(sim) == set() and ada.get(ada.href + "m.ics") == text
    # The simulator tells strangers nothing; Feishu writes them mails.
    told_of = [call["body"]["need_notification"] for call in sim.calls(method="POST", path="/attendees")]
    assert told_of == [False, False]
    assert ada.delete(ada.href + "m.ics").status_code == 204
    assert told(sim) == set()


@pytest.mark.parametrize("old,new", [
    ("SUMMARY:Meeting", "SUMMARY:Other"), ("SUMMARY:", "LOCATION:There\r\nSUMMARY:"),
    ("SUMMARY:", "DESCRIPTION:Why\r\nSUMMARY:"), ("20270105T100000", "20270105T110000"),
    ("SUMMARY:", "RRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY:"),
    ("SUMMARY:", "CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.example/x\r\nSUMMARY:")],
    ids=["title", "place", "text", "time", "rule", "link"])
def test_what_concerns_the_guests_is_told_them_once(sim, make, old, new):
    one = make(BOB_LINE, EVE_LINE)
    assert one.change(old, new) == EVERYBODY
    assert one.put(one.text) == set(), "the same again"


ALARM = "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\nTRIGGER:-PT15M\r\nEND:VALARM\r\nEND:VEVENT"


@pytest.mark.parametrize("old,new", [
    ("END:VEVENT", ALARM), ("SUMMARY:", "X-MOZ-LASTACK:20270105T000000Z\r\nSUMMARY:"),
    ("SUMMARY:", "COLOR:red\r\nSUMMARY:"), ("SUMMARY:", "CLASS:PRIVATE\r\nSUMMARY:"),
    ("SUMMARY:", "TRANSP:TRANSPARENT\r\nSUMMARY:"), ("SUMMARY:", "CATEGORIES:Work\r\nSUMMARY:"),
    ("SUMMARY:", "ATTACH:https://files.example/x\r\nSUMMARY:"), ("DTSTAMP:20261120", "DTSTAMP:20261121"),
    ("PRODID:-//plays//EN", "PRODID:-//other//EN")],
    ids=["alarm", "snooze", "colour", "class", "busy", "categories", "file", "stamp", "program"])
def test_what_is_ones_own_is_told_nobody(sim, make, old, new):
    assert make(BOB_LINE, EVE_LINE).change(old, new) == set()


def test_who_comes_and_goes_is_told_and_nobody_else(sim, make):
    one = make(BOB_LINE)
    assert one.add(EVE_LINE) == {("invite", "eve")}
    assert one.change(EVE_LINE, EVE_LINE.replace("PARTSTAT", "ROLE=OPT-PARTICIPANT;PARTSTAT")) == set()
    assert one.change(BOB_LINE + "\r\n", "") == {("uninvite", "bob")}


@pytest.mark.parametrize("agent", ["CLIENT", "NONE"])
def test_a_client_that_keeps_the_telling_to_itself_may(sim, ada, make, agent):
    one = make(BOB_LINE, EVE_LINE)
    assert one.change("ORGANIZER:", f"ORGANIZER;SCHEDULE-AGENT={agent}:") == set()
    assert one.change("SUMMARY:Meeting", "SUMMARY:Other") == set()
    told(sim)
    assert ada.delete(one.href).status_code == 204
    assert told(sim) == set()


def test_one_occurrence_changed_or_cancelled_is_told(sim, make):
    one = make(BOB_LINE, extra=["RRULE:FREQ=WEEKLY;COUNT=4"])
    assert one.add("EXDATE;TZID=Asia/Shanghai:20270112T100000") == {("cancel", "bob")}
    moved = event("m@example.com", start="20270119T120000", end="20270119T130000", summary="Meeting",
                  extra="\n".join(["RECURRENCE-ID;TZID=Asia/Shanghai:20270119T100000", ORGANIZER, BOB_LINE]))
    kinds = one.change("END:VCALENDAR", moved.split("PRODID:-//plays//EN\r\n")[1])
    assert kinds == {("update", "bob")}
    # Taking them back is a technical step.
    assert one.change("EXDATE;TZID=Asia/Shanghai:20270112T100000\r\n", "") == set()


def test_a_series_that_moves_with_its_exceptions_is_told_once(sim, make):
    one = make(BOB_LINE, extra=["RRULE:FREQ=WEEKLY;COUNT=4", "EXDATE;TZID=Asia/Shanghai:20270112T100000"])
    told(sim)
    sim.clear_notifications()
    one.text = one.text.replace("20270112T100000", "20270112T110000")
    answer = one.ada.put(one.href, one.text.replace("20270105T100000", "20270105T110000"))
    assert answer.status_code == 204
    assert len([n for n in sim.notifications() if n["kind"] == "update"]) == 1
    assert told(sim) == {("update", "bob")}


def test_what_is_changed_in_a_series_and_its_exceptions_alike_is_told_once(sim, make):
    """As clients do it that are asked to change all."""
    one = make(BOB_LINE, extra=["RRULE:FREQ=WEEKLY;COUNT=4"])
    moved = event("m@example.com", start="20270119T120000", end="20270119T130000", summary="Meeting",
                  extra="\n".join(["RECURRENCE-ID;TZID=Asia/Shanghai:20270119T100000", ORGANIZER, BOB_LINE]))
    one.change("END:VCALENDAR", moved.split("PRODID:-//plays//EN\r\n")[1])

    def heard(old, new):
        sim.clear_notifications()
        one.text = one.text.replace(old, new)
        assert one.ada.put(one.href, one.text).status_code == 204
        assert one.ada.get(one.href) == one.text
        return sorted((n["kind"], NAMES[who]) for n in sim.notifications() for who in n["to"])
    assert heard("SUMMARY:Meeting", "LOCATION:Room\r\nSUMMARY:Met") == [("update", "bob")]
    assert heard(BOB_LINE, f"{BOB_LINE}\r\n{EVE_LINE}") == [("invite", "eve")]
    exception, = one.sim.event("Met")["exceptions"]
    assert EVE in [who.get("user_id") for who in exception["attendees"]]
    assert heard(f"\r\n{EVE_LINE}", "") == [("uninvite", "eve")]
    assert heard("SUMMARY:Met", "SUMMARY:Meet") == [("update", "bob")]
    # Who attends stays known over a change, though its answer does not say it.
    told(sim)
    assert one.ada.delete(one.href).status_code == 204
    assert told(sim) == {("cancel", "bob")}


# ---- the other side ----

@pytest.fixture(name="invitation")
def fixture_invitation(sim, bridge, ada):
    made = sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}, {"user": EVE}])
    bridge.sync(ada.name)
    href = [one for one in ada.members(ada.href) if "SUMMARY:Invited" in ada.get(one)][0]
    told(sim)
    yield href
    sim.edit(BOB, "event_delete", event_id=made["event_id"])
    bridge.sync(ada.name)
    told(sim)


def answered(ada, href, partstat):
    text = ada.get(href).replace("\r\n ", "")
    lines = [line for line in text.split("\r\n") if line.startswith("ATTENDEE") and "ada@example.com" in line]
    return ada.put(href, text.replace(lines[0], f"ATTENDEE;PARTSTAT={partstat}:mailto:ada@example.com"))


def test_an_answer_reaches_the_organizer_alone(sim, ada, invitation):
    assert answered(ada, invitation, "ACCEPTED").status_code == 204
    assert told(sim) <= {("rsvp", "bob")}
    assert answered(ada, invitation, "ACCEPTED").status_code == 204
    assert told(sim) == set(), "the same answer again"


def test_a_participants_own_view_is_told_nobody(sim, ada, invitation):
    text = ada.get(invitation)
    assert ada.put(invitation, text.replace("TRANSP:OPAQUE", "TRANSP:TRANSPARENT").replace(
        "END:VEVENT", ALARM)).status_code == 204
    assert told(sim) == set()


def test_a_participants_delete_declines_and_says_so(sim, bridge, ada, invitation):
    assert ada.delete(invitation).status_code == 204
    assert told(sim) <= {("rsvp", "bob")}
    assert [a["rsvp_status"] for a in sim.event("Invited")["attendees"] if a.get("user_id") == ADA] == ["decline"]


def test_a_participants_delete_without_reply_is_silent(sim, ada, invitation):
    sim.clear_calls()
    assert ada.delete(invitation, {"Schedule-Reply": "F"}).status_code == 204
    assert told(sim) == set()
    assert not [call for call in sim.calls() if call["method"] != "GET" and "/events/" in call["path"]]
    assert ada.request("GET", invitation).status_code == 404
