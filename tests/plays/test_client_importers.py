"""Programs that carry an export into a calendar: Google's own import and those that move a calendar out of
Google (an .ics of many events, cut by UID, put under names made of UIDs that are mail addresses), and plain
WebDAV clients: cadaver, davfs, Windows."""

import re

import pytest
from bridge import event, precondition
from clients import CALDAV, DAV, MAIL, found_in, send, written
from shared import ada, bridge, sim  # noqa: F401

GOOGLE = "-//Google Inc//Google Calendar 70.9054//EN"
KIND = "text/calendar; charset=utf-8"


def exported(uid, *lines, extra=""):
    """One event as Google writes it, with the head of the whole export."""
    return "\r\n".join([
        "BEGIN:VCALENDAR", f"PRODID:{GOOGLE}", "VERSION:2.0", "CALSCALE:GREGORIAN", "METHOD:PUBLISH",
        "X-WR-CALNAME:ada@example.com", "X-WR-TIMEZONE:Europe/Vienna", "BEGIN:VTIMEZONE",
        "TZID:Europe/Vienna", "X-LIC-LOCATION:Europe/Vienna", "BEGIN:DAYLIGHT", "TZOFFSETFROM:+0100",
        "TZOFFSETTO:+0200", "TZNAME:CEST", "DTSTART:19700329T020000",
        "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=-1SU", "END:DAYLIGHT", "BEGIN:STANDARD",
        "TZOFFSETFROM:+0200", "TZOFFSETTO:+0100", "TZNAME:CET", "DTSTART:19701025T030000",
        "RRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT",
        *lines, "DTSTAMP:20261120T000000Z", f"UID:{uid}", "CREATED:20260101T000000Z", "DESCRIPTION:",
        "LAST-MODIFIED:20260101T000000Z", "LOCATION:", "SEQUENCE:0", "STATUS:CONFIRMED",
        "TRANSP:OPAQUE", *[one for one in extra.split("\n") if one], "END:VEVENT", "END:VCALENDAR", ""])


TIMES = ("DTSTART;TZID=Europe/Vienna:20270105T100000", "DTEND;TZID=Europe/Vienna:20270105T110000")


@pytest.mark.parametrize("name", ["7kukuqrfedlm2f9t0vr4qvnqk8%40google.com.ics",
                                  "7kukuqrfedlm2f9t0vr4qvnqk8@google.com.ics"])
def test_a_uid_that_is_an_address_may_be_the_name_encoded_or_not(sim, ada, name):
    """Both ways to write the address mean one object."""
    uid = "7kukuqrfedlm2f9t0vr4qvnqk8@google.com"
    since = sim.last_call()
    answer = send(ada, "PUT", ada.href + name, exported(uid, *TIMES, "SUMMARY:Imported"), KIND,
                  If_None_Match="*")
    assert answer.status_code == 201, answer.text
    assert len(written(sim, since)) == 1 and sim.event("Imported")
    for other in (name.replace("%40", "@"), name.replace("@", "%40")):
        assert f"UID:{uid}" in ada.get(ada.href + other)
        assert ada.put(ada.href + other, exported(uid, *TIMES, "SUMMARY:Imported"),
                       {"If-None-Match": "*"}).status_code == 412
    assert ada.delete(ada.href + name).status_code == 204


def test_an_import_done_twice_gives_no_second_event(sim, ada):
    text = exported("twice@google.com", *TIMES, "SUMMARY:Twice")
    assert ada.put(ada.href + "twice.ics", text).status_code == 201
    since = sim.last_call()
    assert ada.put(ada.href + "twice.ics", text).status_code == 204
    assert written(sim, since) == [], "nothing changed, nobody is told"
    other = ada.put(ada.href + "other-name.ics", text)
    assert other.status_code == 403 and precondition(other) == CALDAV + "no-uid-conflict"
    assert ada.href + "twice.ics" in other.text, "where it is already"
    assert sim.event("Twice")
    assert ada.delete(ada.href + "twice.ics").status_code == 204


def test_the_frame_of_an_export_is_taken_and_its_method_is_not_served(sim, ada):
    href = ada.href + "frame.ics"
    assert ada.put(href, exported("frame@google.com", *TIMES, "SUMMARY:Frame")).status_code == 201
    text = ada.get(href)
    assert "METHOD" not in text and "TZID:Europe/Vienna" in text
    made = sim.event("Frame")
    assert made["start_time"] == {"timestamp": "1799139600", "timezone": "Europe/Vienna"}
    assert ada.delete(href).status_code == 204


def test_a_whole_export_is_refused_with_the_reason(sim, ada):
    """Two UIDs in one object: a program that does not cut is told so, and nothing is kept."""
    two = exported("a@google.com", *TIMES, "SUMMARY:Half").replace(
        "END:VCALENDAR", event("b@google.com", summary="Other half").split("PRODID:-//plays//EN\r\n")[1])
    answer = ada.put(ada.href + "all.ics", two)
    assert answer.status_code == 403
    assert precondition(answer) == CALDAV + "valid-calendar-object-resource"
    assert not [one for one in sim.events() if "alf" in one["summary"]]


def test_a_series_with_a_moved_occurrence_is_imported_as_one(sim, ada):
    moved = exported("series@google.com", "DTSTART;TZID=Europe/Vienna:20270112T140000",
                     "DTEND;TZID=Europe/Vienna:20270112T150000",
                     "RECURRENCE-ID;TZID=Europe/Vienna:20270112T100000", "SUMMARY:Moved")
    vevent = re.search("BEGIN:VEVENT.*END:VEVENT\r\n", moved, re.S).group(0)
    text = exported("series@google.com", *TIMES, "SUMMARY:Weekly", "RRULE:FREQ=WEEKLY;WKST=MO;UNTIL="
                    "20270201T225959Z;BYDAY=TU", "EXDATE;TZID=Europe/Vienna:20270119T100000")
    text = text.replace("END:VCALENDAR", vevent + "END:VCALENDAR")
    assert ada.put(ada.href + "series.ics", text).status_code == 201
    kinds = sorted((one["status"], one["summary"]) for one in sim.event("Weekly")["exceptions"])
    assert [kind for kind, _ in kinds] == ["cancelled", "confirmed"] and ("confirmed", "Moved") in kinds
    assert ada.delete(ada.href + "series.ics").status_code == 204


def test_an_occurrence_without_its_series_is_refused_with_the_reason(sim, ada):
    """An invitation to one occurrence: a RECURRENCE-ID alone"""
    text = exported("alone@google.com", *TIMES, "RECURRENCE-ID;TZID=Europe/Vienna:20270105T090000",
                    "SUMMARY:Alone")
    answer = ada.put(ada.href + "alone.ics", text)
    assert answer.status_code == 403 and "RECURRENCE-ID" in answer.text, "the reason is told"
    assert not [one for one in sim.events() if one["summary"] == "Alone"]


def test_guests_of_an_import_from_elsewhere_get_no_invitation_of_strangers(sim, ada):
    """The organizer is somebody else: nobody may be invited in Ada's name."""
    sim.clear_notifications()
    text = exported("guests@google.com", *TIMES, "SUMMARY:With guests", extra=(
        "ORGANIZER;CN=Eve:mailto:eve@elsewhere.example\nATTENDEE;CN=Bob;PARTSTAT=ACCEPTED:mailto:"
        f"bob@example.com\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{MAIL}"))
    answer = ada.put(ada.href + "guests.ics", text)
    assert answer.status_code == 201, answer.text
    assert "mailto:eve@elsewhere.example" in re.sub("\r\n[ \t]", "", ada.get(ada.href + "guests.ics"))
    assert not [one for one in sim.notifications() if one["kind"] == "invite"]
    assert ada.delete(ada.href + "guests.ics", {"Schedule-Reply": "F"}).status_code == 204


@pytest.mark.parametrize("ending", ["\n", "\r\n"])
def test_line_ends_and_a_byte_order_mark_do_not_matter(sim, ada, ending):
    text = exported("lines@google.com", *TIMES, "SUMMARY:Line ends").replace("\r\n", ending)
    answer = ada.put(ada.href + "lines.ics", "\ufeff" + text)
    assert answer.status_code == 201, answer.text
    assert sim.event("Line ends")
    assert ada.delete(ada.href + "lines.ics").status_code == 204


def test_an_event_without_an_end_or_a_stamp_is_taken(sim, ada):
    """Exports of small programs"""
    text = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//x//EN\r\nBEGIN:VEVENT\r\nUID:bare\r\n" \
        "DTSTART:20270105T100000Z\r\nSUMMARY:Bare\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
    answer = ada.put(ada.href + "bare.ics", text)
    assert answer.status_code == 201, answer.text
    assert sim.event("Bare")
    assert ada.delete(ada.href + "bare.ics").status_code == 204


def test_the_type_may_name_component_and_method(ada):
    answer = send(ada, "PUT", ada.href + "type.ics", exported("type@google.com", *TIMES, "SUMMARY:T"),
                  "text/calendar; component=VEVENT; method=PUBLISH; charset=UTF-8")
    assert answer.status_code == 201
    assert ada.delete(ada.href + "type.ics").status_code == 204


def test_without_a_type_the_text_is_looked_at(ada):
    for kind, status in (("", 201), (None, 204)):
        answer = send(ada, "PUT", ada.href + "no-type.ics", event("no-type"), kind)
        assert answer.status_code == status, answer.text
    assert ada.delete(ada.href + "no-type.ics").status_code == 204


# ---- plain WebDAV ----

def test_cadavers_properties_are_no_error(ada):
    answer = ada.xml("PROPFIND", ada.href, "d:propfind", "<d:prop><d:getcontentlength/>"
                     '<d:getlastmodified/><x:executable xmlns:x="http://apache.org/dav/props/"/>'
                     "<d:resourcetype/><d:checked-in/><d:checked-out/></d:prop>", {"Depth": "1"})
    assert answer.status_code == 207 and "executable" in answer.text
    one = found_in(answer)[ada.href]
    assert {DAV + "checked-in", DAV + "checked-out"} <= set(one.missing)


def test_a_file_manager_gets_allprop_without_a_body(ada):
    """gvfs, Windows: PROPFIND without a body, Depth 1"""
    found = found_in(send(ada, "PROPFIND", ada.home(), Depth="1"))
    assert ada.href in found and DAV + "resourcetype" in found[ada.href].props


def test_a_lock_is_refused_and_not_promised(ada):
    """davfs2 and Windows lock before they write; without class 2 they do not try."""
    member = next(iter(ada.members(ada.href)))
    answer = send(ada, "LOCK", member, "<D:lockinfo xmlns:D='DAV:'/>", Timeout="Second-3600")
    assert answer.status_code == 405 and "LOCK" not in answer.headers["Allow"]
    assert "2" not in [one.strip() for one in answer.headers["DAV"].split(",")]
