"""RECURRENCE-ID;RANGE=THISANDFUTURE: Feishu cannot hold it, so the series is cut in two, on both
sides and with nothing in between that anybody could see."""

import datetime
import random
import re
import uuid
import zoneinfo

import pytest
from bridge import event
from feishu_sim import ADA, BOB, EVE
from shared import bridge, sim  # noqa: F401
from dateutil import rrule

SHANGHAI = "Asia/Shanghai"
WEEK = 7 * 86400
FIRST = 1799114400  # 2027-01-05 10:00, a Tuesday
INVITE = ("ORGANIZER:mailto:ada@example.com\n"
          "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\n"
          "ATTENDEE;RSVP=TRUE:mailto:bob@example.com")


@pytest.fixture(scope="module", name="signed_in")
def fixture_signed_in(bridge):
    client = bridge.sign_in(ADA)
    client.href = client.calendars()["Ada"]
    return client


@pytest.fixture(name="ada")
def fixture_ada(sim, signed_in):
    yield signed_in
    sim.clear_faults()
    for href in signed_in.members(signed_in.href):
        assert signed_in.delete(href).status_code in (204, 404)
    sim.clear_calls()
    sim.clear_notifications()


def component(uid, day, to=None, start="100000", end="110000", summary="Event", extra="", future="",
              zone=SHANGHAI):
    to = to or day
    return "\r\n".join([
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261120T000000Z",
        f"RECURRENCE-ID{future};TZID={zone}:{day}T100000", f"DTSTART;TZID={zone}:{to}T{start}",
        f"DTEND;TZID={zone}:{to}T{end}", f"SUMMARY:{summary}",
        *[line for line in extra.split("\n") if line], "END:VEVENT", ""])


def from_on(uid, day, **more):
    return component(uid, day, future=";RANGE=THISANDFUTURE", **more)


def series(uid, *components, rule="FREQ=WEEKLY", extra="", **more):
    text = event(uid, extra="RRULE:" + rule + "\n" + extra, **more)
    return text.replace("END:VCALENDAR", "".join(components) + "END:VCALENDAR")


def writes(sim):
    return [(call["method"], re.sub(r"(_0|/attendees|/events)$", r" \1", call["path"]).split()[-1])
            for call in sim.calls()
            if call["method"] in ("POST", "PATCH", "DELETE") and "/events" in call["path"]]


class Cut:
    """A series put, and then cut by another PUT."""

    def __init__(self, sim, bridge, ada, before, after, status=204):
        self.sim, self.bridge, self.ada = sim, bridge, ada
        self.uid = re.search(r"UID:(.*?)\r", before).group(1)
        self.href = f"{ada.href}{self.uid}.ics"
        assert ada.put(self.href, before, {"If-None-Match": "*"}).status_code == 201
        self.before, self.after = before, after
        self.etag = ada.members(ada.href)[self.href]
        self.token = ada.sync_collection(ada.href)[2]
        sim.clear_calls()
        sim.clear_notifications()
        self.answer = ada.put(self.href, after, {"If-Match": self.etag})
        assert self.answer.status_code == status, self.answer.text

    def parts(self):
        """(text of what is left, [href, text of each later part])"""
        assert "ETag" not in self.answer.headers
        changed, removed, _, _ = self.ada.sync_collection(self.ada.href, self.token)
        assert self.href in changed and not removed
        later = [(href, self.ada.get(href)) for href in changed if href != self.href]
        return self.ada.get(self.href), sorted(later, key=lambda one: start_of(one[1]))

    def check_stable(self):
        """Another look changes nothing."""
        before = self.ada.members(self.ada.href)
        self.bridge.run("sync", "--full", self.ada.name)
        assert self.ada.members(self.ada.href) == before


def start_of(text):
    return re.search(r"BEGIN:VEVENT.*?DTSTART[^:]*:(\S+)", text, re.DOTALL).group(1)


def new_uid():
    return f"{uuid.uuid4()}@example.com"


def times(sim, summary):
    """Starts of the series' instances upstream that take place."""
    master = sim.event(summary)
    items = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events/{master['event_id']}/instances",
                     query={"start_time": FIRST - 86400, "end_time": FIRST + 60 * WEEK,
                            "page_size": 500})["items"]
    return sorted(int(one["start_time"]["timestamp"]) for one in items
                  if one["status"] != "cancelled")


def test_a_series_is_cut_in_two_on_both_sides(sim, bridge, ada):
    uid = new_uid()
    later = component(uid, "20270202", start="170000", end="173000", summary="Odd")
    text = series(uid, component(uid, "20270112", start="120000", end="123000", summary="Even"),
                  later, summary="Old", rule="FREQ=WEEKLY;COUNT=8",
                  extra=f"EXDATE;TZID={SHANGHAI}:20270119T100000,20270209T100000\nX-KEEP:me")
    change = from_on(uid, "20270126", start="150000", end="154500", summary="New",
                     extra="CATEGORIES:a\nBEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\n"
                           "DESCRIPTION:x\nEND:VALARM")
    cut = Cut(sim, bridge, ada, text, text.replace("END:VCALENDAR", change + "END:VCALENDAR"))
    assert [method for method, _ in writes(sim)] == [
        "POST", "DELETE", "DELETE", "PATCH", "DELETE", "PATCH"], writes(sim)
    left, [(href, part)] = cut.parts()
    assert "RRULE:FREQ=WEEKLY;COUNT=3\r\n" in left and "X-KEEP:me" in left
    assert f"EXDATE;TZID={SHANGHAI}:20270119T100000\r\n" in left
    assert "SUMMARY:Even" in left and "Odd" not in left and "THISANDFUTURE" not in left
    part_uid = re.search(r"UID:(.*?)\r", part).group(1)
    assert part_uid != uid and href != cut.href
    assert f"RELATED-TO;RELTYPE=NEXT:{part_uid}" in left.replace("\r\n ", "")
    assert f"RELATED-TO;RELTYPE=FIRST:{uid}" in part.replace("\r\n ", "")
    assert "RRULE:FREQ=WEEKLY;COUNT=5\r\n" in part and "CATEGORIES:a" in part
    assert f"EXDATE;TZID={SHANGHAI}:20270209T150000\r\n" in part
    assert f"RECURRENCE-ID;TZID={SHANGHAI}:20270202T150000\r\n" in part and "SUMMARY:Odd" in part
    assert times(sim, "Old") == [FIRST, FIRST + WEEK + 7200]
    begin = FIRST + 3 * WEEK + 5 * 3600
    assert times(sim, "New") == [begin, begin + WEEK + 7200, begin + 3 * WEEK, begin + 4 * WEEK]
    assert sim.event("New")["reminders"] == [{"minutes": 5}]
    assert sim.notifications() == []
    cut.check_stable()
    # Each goes its own way from here, from either side.
    sim.edit(ADA, "event_patch", event_id=sim.event("New")["event_id"], event={"summary": "Newer"})
    bridge.sync(ada.name)
    assert "SUMMARY:Newer" in ada.get(href) and "Newer" not in ada.get(cut.href)
    assert ada.put(cut.href, left.replace("SUMMARY:Old", "SUMMARY:Older")).status_code == 204
    assert sim.event("Older") and sim.event("Newer")
    assert ada.delete(href).status_code == 204
    assert [one["summary"] for one in sim.events()] == ["Older"]


def test_a_new_series_may_come_cut_already(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, from_on(uid, "20270119", summary="Then"), summary="First", rule="FREQ=WEEKLY")
    answer = ada.put(ada.href + "new.ics", text, {"If-None-Match": "*"})
    assert answer.status_code == 201 and "ETag" not in answer.headers
    assert len(ada.members(ada.href)) == 2
    assert "UNTIL=20270119T015959Z" in ada.get(ada.href + "new.ics")
    assert times(sim, "First") == [FIRST, FIRST + WEEK]
    assert times(sim, "Then")[:2] == [FIRST + 2 * WEEK, FIRST + 3 * WEEK]
    # The same again, because its answer was lost.
    assert ada.put(ada.href + "new.ics", text).status_code == 204
    assert len(sim.events()) == 2
    bridge.run("sync", "--full", ada.name)
    assert len(ada.members(ada.href)) == 2


def test_the_same_cut_again_changes_nothing(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, summary="Old", extra=INVITE)
    cut = Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270119", summary="New", extra=INVITE) + "END:VCALENDAR"))
    cut.parts()
    sim.clear_calls()
    sim.clear_notifications()
    assert ada.put(cut.href, cut.after).status_code == 204
    assert writes(sim) == [] and sim.notifications() == []
    assert len(sim.events()) == 2


def test_from_the_first_on_the_series_itself_changes(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, summary="Old")
    cut = Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270105", start="120000", end="123000", summary="New")
        + "END:VCALENDAR"))
    left, later = cut.parts()
    assert not later and f"UID:{uid}\r\n" in left and "SUMMARY:New" in left
    assert [one["summary"] for one in sim.events()] == ["New"]
    assert times(sim, "New")[0] == FIRST + 7200
    cut.check_stable()


def test_all_from_one_on_is_cancelled(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, summary="Old", extra=INVITE)
    cut = Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270119", extra=INVITE + "\nSTATUS:CANCELLED")
        + "END:VCALENDAR"))
    left, later = cut.parts()
    assert not later and "THISANDFUTURE" not in left
    assert times(sim, "Old") == [FIRST, FIRST + WEEK]
    assert [(n["kind"], BOB in n["to"]) for n in sim.notifications()] == [("update", True)]


def notified(sim, kind, person):
    return len([n for n in sim.notifications() if n["kind"] == kind and person in n["to"]])


def people(sim, summary):
    return {a.get("user_id") for a in sim.event(summary)["attendees"]}


@pytest.mark.parametrize("change,told", [
    ({"summary": "New"}, True),
    ({"summary": "Old", "start": "120000", "end": "130000"}, True),
    ({"summary": "Old", "extra": "X-MINE:1"}, False),
    ({"summary": "Old", "extra": "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT5M\nDESCRIPTION:x\n"
                                 "END:VALARM"}, False),
], ids=["title", "time", "own property", "alarm"])
def test_guests_hear_once_and_only_of_news(sim, bridge, ada, change, told):
    uid = new_uid()
    text = series(uid, summary="Old", extra=INVITE)
    change["extra"] = INVITE + "\n" + change.get("extra", "")
    cut = Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270119", **change) + "END:VCALENDAR"))
    _, [(_, part)] = cut.parts()
    assert part.count("ATTENDEE") == 2
    assert len(sim.events()) == 2 and all(BOB in {a.get("user_id") for a in one["attendees"]}
                                          for one in sim.events())
    assert [(n["kind"], n["to"]) for n in sim.notifications() if BOB in n["to"]] == (
        [("invite", [BOB])] if told else [])


def test_who_is_not_in_the_part_hears_that_the_series_ends(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, summary="Old", extra=INVITE + "\nATTENDEE:mailto:eve@example.com")
    Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270119", summary="New", extra=INVITE) + "END:VCALENDAR"))
    assert people(sim, "New") == {ADA, BOB} and people(sim, "Old") == {ADA, BOB, EVE}
    assert notified(sim, "update", EVE) == 1 and notified(sim, "invite", EVE) == 0


def test_who_is_invited_to_one_occurrence_alone_does_not_leave_it_with_the_cut(sim, bridge, ada):
    def told(keeps):
        uid = new_uid()
        one = component(uid, "20270202", summary="Once", extra=INVITE + "\nATTENDEE:mailto:eve@example.com")
        other = component(uid, "20270209", summary="Twice", extra=INVITE + "\nATTENDEE:mailto:eve@example.com")
        cut = Cut(sim, bridge, ada, series(uid, one, other, summary="Old", extra=INVITE), series(
            uid, other, one if keeps else "", from_on(uid, "20270119", summary="New", extra=INVITE),
            summary="Old", extra=INVITE))
        _, [(_, part)] = cut.parts()
        assert part.count("mailto:eve@") == (2 if keeps else 1)
        return notified(sim, "uninvite", EVE), notified(sim, "invite", EVE), notified(sim, "invite", BOB)
    assert told(keeps=True) == (0, 2, 1)
    for href in ada.members(ada.href):
        ada.delete(href)
    assert told(keeps=False) == (1, 1, 1)


def test_what_icalendar_does_not_say_goes_along(sim, bridge, ada):
    sim.add_event(ADA, "Rich", (FIRST, FIRST + 3600), recurrence="FREQ=WEEKLY",
                  description="<b>bold</b> words", attendee_ability="can_invite_others",
                  location={"name": "Here", "address": "Street 1", "latitude": 10.5,
                            "longitude": 20.25})
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    text = ada.get(href)
    body = text[text.index("BEGIN:VEVENT"):text.index("END:VCALENDAR")]
    change = re.sub(r"RRULE:.*?\r\n", "", body).replace(
        "DTSTAMP", f"RECURRENCE-ID;RANGE=THISANDFUTURE;TZID={SHANGHAI}:20270119T100000\r\nDTSTAMP"
    ).replace("20270105T", "20270119T").replace("SUMMARY:Rich", "SUMMARY:Richer")
    assert ada.put(href, text.replace("END:VCALENDAR", change + "END:VCALENDAR")).status_code == 204
    old, part = sim.event("Rich"), sim.event("Richer")
    for member in ("description", "location", "attendee_ability"):
        assert part[member] == old[member], member


def test_rooms_are_free_before_the_part_asks_for_them(sim, bridge, ada):
    uid = new_uid()
    text = series(uid, summary="Old", extra=INVITE, rule="FREQ=WEEKLY;COUNT=6")
    Cut(sim, bridge, ada, text, text.replace(
        "END:VCALENDAR", from_on(uid, "20270119", summary="New", extra=INVITE) + "END:VCALENDAR"))
    order = [(c["method"], c["path"].endswith("/attendees")) for c in sim.calls()
             if c["method"] in ("POST", "PATCH") and "/events" in c["path"]]
    assert order == [("POST", False), ("PATCH", False), ("POST", True)]


@pytest.mark.parametrize("method,path,nth", [
    ("POST", "*/events", 1), ("PATCH", "*/events/*", 1), ("DELETE", "*/events/*", 1)])
def test_a_cut_that_feishu_refuses_leaves_the_series_whole(sim, bridge, ada, method, path, nth):
    uid = new_uid()
    text = series(uid, component(uid, "20270112", summary="Even"),
                  component(uid, "20270209", "20270210", summary="Odd", extra=INVITE),
                  summary="Old", extra=f"EXDATE;TZID={SHANGHAI}:20270202T100000\n" + INVITE)
    after = text.replace("END:VCALENDAR", from_on(uid, "20270119", summary="New", extra=INVITE)
                         + "END:VCALENDAR")
    href = f"{ada.href}{uid}.ics"
    assert ada.put(href, text).status_code == 201
    before, shown = ada.members(ada.href), times(sim, "Old")
    sim.clear_notifications()
    sim.fault(method=method, path=path, nth=nth, code=190014, status=400, count=1)
    answer = ada.put(href, after)
    assert answer.status_code in (403, 409), answer.text
    assert {one["summary"] for one in sim.events()} == {"Old"}
    assert "UNTIL" not in sim.event("Old")["recurrence"] and times(sim, "Old") == shown
    assert sim.notifications() == []
    bridge.sync(ada.name)
    assert list(ada.members(ada.href)) == [href] and ada.get(href) == text
    assert ada.members(ada.href) == before
    assert ada.put(href, after).status_code == 204
    assert len(ada.members(ada.href)) == 2


@pytest.mark.parametrize("change,why", [
    (lambda uid: from_on(uid, "20270118"), "no occurrence"),
    (lambda uid: from_on(uid, "20270119", extra="RRULE:FREQ=DAILY"), "RRULE"),
    (lambda uid: from_on(uid, "20270119").replace(
        "DTSTART;TZID=Asia/Shanghai:20270119T100000", "DTSTART;TZID=Europe/Berlin:20270119T030000")
     .replace("DTEND;TZID=Asia/Shanghai:20270119T110000",
              "DTEND;TZID=Europe/Berlin:20270119T040000"), "time zone"),
    (lambda uid: from_on(uid, "20270119").replace("THISANDFUTURE", "THISANDPRIOR"),
     "RANGE=THISANDPRIOR")], ids=["off the rule", "rule", "zone", "prior"])
def test_what_cannot_be_cut_exactly_is_refused_with_the_part(sim, ada, change, why):
    uid = new_uid()
    href = f"{ada.href}{uid}.ics"
    text = series(uid, summary="Old")
    assert ada.put(href, text).status_code == 201
    sim.clear_calls()
    answer = ada.put(href, text.replace("END:VCALENDAR", change(uid) + "END:VCALENDAR"))
    assert answer.status_code == 403 and why in answer.text, answer.text
    assert writes(sim) == [] and ada.get(href) == text


# ---- against dateutil ----

WEEKDAYS = ["MO", "TU", "WE", "TH", "FR", "SA", "SU"]


def local(number, zone):
    return datetime.datetime.fromtimestamp(number, zoneinfo.ZoneInfo(zone)).replace(tzinfo=None)


def occurrences(start, rule, until):
    return list(rrule.rrulestr(rule, dtstart=start).between(
        start - datetime.timedelta(1), until, inc=True))


def random_series(chance):
    start = datetime.datetime(2027, 1, 4) + datetime.timedelta(
        days=chance.randrange(28), hours=chance.randrange(6, 18))
    freq = chance.choice(["DAILY", "WEEKLY", "WEEKLY", "MONTHLY", "YEARLY"])
    rule = f"FREQ={freq};INTERVAL={chance.choice([1, 1, 2, 3])}"
    if freq == "WEEKLY" and chance.random() < .7:
        days = set(chance.sample(WEEKDAYS, 2)) | {WEEKDAYS[start.weekday()]}
        rule += ";BYDAY=" + ",".join(sorted(days))
    if freq == "MONTHLY" and chance.random() < .5:
        rule += f";BYDAY={(start.day - 1) // 7 + 1}{WEEKDAYS[start.weekday()]}"
    if chance.random() < .4:
        rule += f";COUNT={chance.randrange(4, 30)}"
    return start, rule


@pytest.mark.parametrize("seed", range(40))
def test_the_parts_have_the_occurrences_that_dateutil_finds(ada, seed):
    """Cut anywhere, moved by hours and days: what dateutil makes of the whole is what it makes of
    the parts; what cannot be is refused."""
    chance = random.Random(seed)
    zone = chance.choice([SHANGHAI, "Europe/Berlin", "America/New_York"])
    start, rule = random_series(chance)
    until = start + datetime.timedelta(days=1500)
    whole = occurrences(start, rule, until)
    if len(whole) < 3:
        return
    at = whole[chance.randrange(1, min(len(whole), 12))]
    shift = datetime.timedelta(hours=chance.choice([0, 1, -2]), days=chance.choice([0, 0, 1, -2]))
    uid = new_uid()

    def stamp(value):
        return value.strftime("%Y%m%dT%H%M%S")
    text = event(uid, stamp(start), stamp(start + datetime.timedelta(hours=1)), zone,
                 extra="RRULE:" + rule).replace(
        "END:VCALENDAR", "\r\n".join([
            "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261120T000000Z",
            f"RECURRENCE-ID;RANGE=THISANDFUTURE;TZID={zone}:{stamp(at)}",
            f"DTSTART;TZID={zone}:{stamp(at + shift)}",
            f"DTEND;TZID={zone}:{stamp(at + shift + datetime.timedelta(hours=1))}",
            "SUMMARY:Event", "END:VEVENT", "END:VCALENDAR"]))
    answer = ada.put(f"{ada.href}{seed}.ics", text)
    days_moved = (at + shift).date() != at.date()
    if answer.status_code == 403:
        assert days_moved and "MONTHLY" in rule or "YEARLY" in rule, answer.text
        return
    assert answer.status_code == 201, answer.text
    wanted = [one if one < at else one + shift for one in whole]
    found = []
    for href in ada.members(ada.href):
        part = ada.get(href).replace("\r\n ", "")
        body = part[part.index("BEGIN:VEVENT"):]
        begin = datetime.datetime.strptime(start_of(part), "%Y%m%dT%H%M%S")
        one = re.search(r"RRULE:(\S+)", body).group(1)
        ends = re.search(r"UNTIL=(\w+)Z", one)
        if ends:
            utc = datetime.datetime.strptime(ends.group(1), "%Y%m%dT%H%M%S").replace(
                tzinfo=datetime.timezone.utc)
            one = one.replace(ends.group(0), "UNTIL=" + stamp(
                utc.astimezone(zoneinfo.ZoneInfo(zone))))
        found += occurrences(begin, one, until + datetime.timedelta(days=5))
    limit = until - datetime.timedelta(days=5)
    assert sorted(o for o in found if o < limit) == sorted(o for o in wanted if o < limit)
