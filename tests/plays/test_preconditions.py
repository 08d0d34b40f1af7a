"""Each precondition element of RFC 4791 and RFC 6638 where it applies: what the client is told, and that
Feishu was not bothered. Those of filters and of broken objects are in test_bad_input.py."""

import xml.etree.ElementTree as ET

import pytest

from bridge import event, precondition, responses
from feishu_sim import ADA, BOB, HOUR, SOON
from shared import ada, bridge, sim  # noqa: F401
from both_ways import override

CALDAV = "{urn:ietf:params:xml:ns:caldav}"
ORGANIZER = "ORGANIZER:mailto:ada@example.com\nATTENDEE;RSVP=TRUE:mailto:bob@example.com"
UID = "pre@example.com"
TODO = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nBEGIN:VTODO\r\nUID:t\r\nDTSTAMP:20260101T000000Z\r\n"
        "SUMMARY:Buy\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
DAILY = "RRULE:FREQ=DAILY;COUNT=100001"


def two_uids():
    return event(UID).replace("END:VCALENDAR\r\n", "") + \
        event("other@example.com").split("PRODID:-//plays//EN\r\n")[1]


def guests(n):
    return "\n".join(["ORGANIZER:mailto:ada@example.com"] +
                     [f"ATTENDEE:mailto:p{one}@example.com" for one in range(n)])


def refused(answer, name, status=403):
    assert (answer.status_code, precondition(answer)) == (status, name), answer.text
    return True


@pytest.mark.parametrize("name,text,headers", [
    ("supported-calendar-data", event(UID), {"Content-Type": "text/plain"}),
    ("valid-calendar-data", event(UID).replace("DTSTART;TZID=Asia/Shanghai:", "DTSTART:x"), {}),
    ("valid-calendar-object-resource", two_uids(), {}),
    ("valid-calendar-object-resource", event(UID, extra="RRULE:FREQ=HOURLY;COUNT=3"), {}),
    ("valid-calendar-object-resource", event(UID, summary="x" * 1001), {}),
    ("supported-calendar-component", TODO, {}),
    ("max-resource-size", event(UID, extra="\n".join(["X-LONG:" + 900 * "x"] * 1200)), {}),
    ("min-date-time", event(UID, start="18990105T100000", end="18990105T110000"), {}),
    ("max-date-time", event(UID, start="21010105T100000", end="21010105T110000"), {}),
    ("max-instances", event(UID, extra=DAILY), {}),
    ("max-instances", event(UID, extra="RRULE:FREQ=MINUTELY"), {}),
    ("max-attendees-per-instance", event(UID, extra=guests(3001)), {}),
], ids=lambda value: value if isinstance(value, str) and value.islower() else "")
def test_what_may_not_be_put(sim, ada, name, text, headers):  # noqa: F811
    since = sim.last_call()
    href = ada.href + "pre.ics"
    refused(ada.put(href, text, headers), CALDAV + name)
    assert ada.request("GET", href).status_code == 404
    assert sim.writes(since) == []


@pytest.mark.parametrize("rule", [
    "RRULE:FREQ=DAILY", "RRULE:FREQ=DAILY;UNTIL=20991231T000000Z", "RRULE:FREQ=DAILY;COUNT=20000",
    "RRULE:FREQ=WEEKLY;BYDAY=MO,TU,WE,TH,FR", "RRULE:FREQ=YEARLY"])
def test_long_and_endless_series_are_taken(sim, ada, rule):  # noqa: F811
    since = sim.last_call()
    href = ada.href + "long.ics"
    assert ada.put(href, event("long@example.com", extra=rule)).status_code == 201
    assert ("POST", "events") in sim.writes(since)
    assert rule in ada.get(href)
    assert ada.delete(href).status_code == 204


def test_a_uid_is_in_a_calendar_once(sim, ada):  # noqa: F811
    first, second = ada.href + "first.ics", ada.href + "second.ics"
    assert ada.put(first, event("once@example.com")).status_code == 201
    since = sim.last_call()
    answer = ada.put(second, event("once@example.com"))
    refused(answer, CALDAV + "no-uid-conflict")
    assert f">{first}<" in answer.text
    assert sim.writes(since) == []
    assert ada.delete(first).status_code == 204


def test_calendars_are_made_where_there_is_room_for_them(sim, ada):  # noqa: F811
    since = sim.last_call()
    refused(ada.xml("MKCALENDAR", ada.href, "c:mkcalendar", ""), "{DAV:}resource-must-be-null", 405)
    for href in (ada.href + "inner/", ada.principal + "there/"):
        refused(ada.xml("MKCALENDAR", href, "c:mkcalendar", ""),
                CALDAV + "calendar-collection-location-ok")
    answer = ada.xml("MKCALENDAR", ada.home() + "todo/", "c:mkcalendar", "<d:set><d:prop>"
                     '<c:supported-calendar-component-set><c:comp name="VTODO"/>'
                     "</c:supported-calendar-component-set></d:prop></d:set>")
    error = ET.fromstring(answer.content).find(f".//{{DAV:}}error/{CALDAV}supported-calendar-component")
    assert error is not None and answer.status_code >= 400, (answer.status_code, answer.text)
    assert [call for call in sim.calls(since) if call["method"] != "GET"] == []


@pytest.mark.parametrize("span,name", [
    ('start="18000101T000000Z" end="18010101T000000Z"', "min-date-time"),
    ('start="21500101T000000Z" end="21510101T000000Z"', "max-date-time"),
    ('start="00010101T000000Z" end="99991231T235959Z"', None),
    ('start="19700101T000000Z"', None)])
def test_ranges_of_time_have_limits(sim, ada, span, name):  # noqa: F811
    """RFC 4791 7.8 and 7.9; ranges that reach beyond the limits, as clients send them, are good."""
    since = sim.last_call()
    whole = ('<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">{}'
             "</c:comp-filter></c:comp-filter></c:filter>")
    asked = [("c:calendar-query", "<d:prop><d:getetag/></d:prop>" +
              whole.format(f"<c:time-range {span}/>"))]
    if "end=" in span:
        data = f"<d:prop><c:calendar-data><c:limit-recurrence-set {span}/></c:calendar-data></d:prop>"
        asked += [("c:calendar-query", data + whole.format("")),
                  ("c:calendar-multiget", f"{data}<d:href>{next(iter(ada.members(ada.href)))}</d:href>")]
    for root, inner in asked:
        answer = ada.report(ada.href, root, inner)
        if name:
            refused(answer, CALDAV + name)
        else:
            assert answer.status_code == 207 and len(responses(answer)) == 1, answer.text
    assert sim.calls(since) == []


# ---- RFC 6638 ----

def test_the_default_calendar_is_needed(sim, ada):  # noqa: F811
    """4.3.1.1; which one it is, Feishu decides (9.2: a protected property)."""
    since = sim.last_call()
    refused(ada.delete(ada.href), CALDAV + "default-calendar-needed")
    answer = ada.xml("PROPPATCH", ada.inbox, "d:propertyupdate",
                     "<d:set><d:prop><c:schedule-default-calendar-URL><d:href>/nowhere/</d:href>"
                     "</c:schedule-default-calendar-URL></d:prop></d:set>")
    assert answer.status_code == 207 and "cannot-modify-protected-property" in answer.text
    assert [call for call in sim.calls(since) if call["method"] != "GET"] == []
    assert ada.href in ada.calendars().values()


def test_a_meeting_has_one_organizer(sim, ada):  # noqa: F811
    """3.2.4.2, in a new meeting and in a changed one; addresses of one person are the same."""
    href = ada.href + "one.ics"
    weekly = event("one@example.com", extra="RRULE:FREQ=WEEKLY;COUNT=4\n" + ORGANIZER)

    def with_exception(text, organizer):
        return override(text, "20270112", [
            "DTSTART;TZID=Asia/Shanghai:20270112T140000", "DTEND;TZID=Asia/Shanghai:20270112T150000",
            "SUMMARY:Later", f"ORGANIZER:mailto:{organizer}",
            "ATTENDEE;RSVP=TRUE:mailto:bob@example.com"])
    since = sim.last_call()
    refused(ada.put(href, with_exception(weekly, "bob@example.com")),
            CALDAV + "same-organizer-in-all-components")
    assert sim.writes(since) == [] and ada.request("GET", href).status_code == 404
    assert ada.put(href, weekly).status_code == 201
    since = sim.last_call()
    refused(ada.put(href, with_exception(ada.get(href), "stranger@example.org")),
            CALDAV + "same-organizer-in-all-components")
    assert sim.writes(since) == []
    assert ada.put(href, with_exception(ada.get(href), "ADA@example.com")).status_code == 204
    assert sim.writes(since)
    assert ada.delete(href).status_code == 204


def test_an_organizer_stays_the_organizer(sim, ada):  # noqa: F811
    """3.2.4.3"""
    href = ada.href + "mine.ics"
    assert ada.put(href, event("mine@example.com", extra=ORGANIZER)).status_code == 201
    since = sim.last_call()
    answer = ada.put(href, ada.get(href).replace(
        "mailto:ada@example.com", "mailto:bob@example.com").replace("RSVP=TRUE:mailto:bob", "X=1:mailto:ada"))
    refused(answer, CALDAV + "allowed-organizer-scheduling-object-change")
    assert sim.writes(since) == []
    assert ada.delete(href).status_code == 204


def test_an_attendee_changes_the_own_answer_alone(sim, bridge, ada):  # noqa: F811
    """3.2.4.4"""
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href, = (one for one in ada.members(ada.href) if "SUMMARY:Invited" in ada.get(one))
    text, since = ada.get(href), sim.last_call()
    for old, new in (("SUMMARY:Invited", "SUMMARY:Mine"),
                     ("END:VEVENT", "ATTENDEE:mailto:eve@example.com\r\nEND:VEVENT")):
        refused(ada.put(href, text.replace(old, new)),
                CALDAV + "allowed-attendee-scheduling-object-change")
    assert sim.writes(since) == []


def test_a_meeting_is_copied_nowhere_but_may_be_put_where_it_moves_to(sim, ada):  # noqa: F811
    """3.2.4.1: Thunderbird and Evolution move a meeting by a PUT there before the DELETE here."""
    there = ada.home() + "there/"
    assert ada.xml("MKCALENDAR", there, "c:mkcalendar", "").status_code == 201
    href = ada.href + "unique.ics"
    assert ada.put(href, event("unique@example.com", extra=ORGANIZER)).status_code == 201
    since = sim.last_call()
    refused(ada.request("COPY", href, headers={"Destination": there + "unique.ics"}),
            CALDAV + "unique-scheduling-object-resource")
    assert sim.writes(since) == []
    assert ada.put(there + "unique.ics", ada.get(href)).status_code == 201
    assert ada.delete(href).status_code == 204
    assert "UID:unique@example.com" in ada.get(there + "unique.ics")
    assert ada.delete(there).status_code == 204


def ask_busy(client, organizer, method="REQUEST"):
    return client.request("POST", client.outbox, "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:x", f"METHOD:{method}", "BEGIN:VFREEBUSY", "UID:busy",
        "DTSTAMP:20270101T000000Z", "DTSTART:20270115T000000Z", "DTEND:20270116T000000Z",
        f"ORGANIZER:mailto:{organizer}", "ATTENDEE:mailto:eve@example.com", "END:VFREEBUSY",
        "END:VCALENDAR", ""]), {"Content-Type": "text/calendar; charset=utf-8"})


def test_busy_times_are_asked_in_the_own_name(sim, bridge, ada):  # noqa: F811
    """5.2: of an address of somebody else here; an unknown one may be another of one's own."""
    bridge.sign_in(BOB)
    since = sim.last_call()
    refused(ask_busy(ada, "bob@example.com"), CALDAV + "valid-organizer")
    refused(ask_busy(ada, "ada@example.com", "PUBLISH"), CALDAV + "valid-scheduling-message")
    assert sim.calls(since, path="freebusy") == []
    for organizer in ("ada@example.com", "Ada@Example.com", "ada@home.example.org"):
        assert ask_busy(ada, organizer).status_code == 200
    # Who acts for him asks in his name.
    sim.share(BOB, sim.primary(BOB), ADA, "writer")
    sim.edit(ADA, "subscribe", calendar_id=sim.primary(BOB))
    bridge.sync(ada.name)
    assert ask_busy(ada, "bob@example.com").status_code == 200
