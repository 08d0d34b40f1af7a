"""Apple Calendar of macOS 10.7 and 10.11 on the wire (apple/ccs-calendarserver, contrib/performance/loadtest):
events read and written, delegation, free/busy."""

import re

import pytest

from apple import (HOME, PRINCIPAL, TEXT, body, element, expand, multiget, outbox, prop, propfind,
                   search_people, sync)
from bridge import event, precondition, responses
from clients import (ADA, BOB, CALDAV, CS, DAV, MAIL, SOON, busy_answers, found_in, only, put_event,
                     send, token_of, written)
from feishu_sim import EVE
from shared import ada, bridge, sim  # noqa: F401


# ---- reading ----


def test_a_calendar_is_polled_by_ctag_token_and_a_listing(ada):
    one = found_in(propfind(ada, ada.href, "C:getctag A:sync-token"))[ada.href]
    assert one.props[CS + "getctag"].text and one.props[DAV + "sync-token"].text
    found = found_in(propfind(ada, ada.href, "A:getcontenttype A:getetag", "1"))
    members = {href: one for href, one in found.items() if href != ada.href}
    assert set(members) == set(ada.members(ada.href))
    for one in members.values():
        assert one.props[DAV + "getcontenttype"].text.startswith("text/calendar")


def test_the_inbox_is_polled_in_the_same_way_and_synchronised(ada):
    """ical.py takes a schedule-inbox for a calendar: its first report must not be refused."""
    one = found_in(propfind(ada, ada.inbox, "C:getctag A:sync-token"))[ada.inbox]
    assert one.props[CS + "getctag"].text
    assert list(found_in(propfind(ada, ada.inbox, "A:getcontenttype A:getetag", "1"))) == [ada.inbox]
    first = sync(ada, ada.inbox, "")
    assert found_in(first) == {} and token_of(first) == one.props[DAV + "sync-token"].text
    assert found_in(sync(ada, ada.inbox, token_of(first))) == {}
    put_event(ada, "apple-inbox.ics")
    assert ada.delete(ada.href + "apple-inbox.ics").status_code == 204
    again = found_in(propfind(ada, ada.inbox, "C:getctag A:sync-token"))[ada.inbox]
    assert again.props[DAV + "sync-token"].text == token_of(first), "it never changes"


def test_inbox_and_outbox_answer_queries_and_have_nothing(ada):
    query = element("B:filter", element("B:comp-filter", element(
        "B:comp-filter", "", ' name="VEVENT"'), ' name="VCALENDAR"'))
    for href in (ada.inbox, ada.outbox):
        answer = send(ada, "REPORT", href, body("B:calendar-query", prop("A:getetag") + query), TEXT,
                      Depth="1")
        assert found_in(answer) == {}
        assert found_in(multiget(ada, href, [href + "1.ics"]))[href + "1.ics"].status == 404


def test_sync_has_no_level_at_depth_1_and_an_empty_token_first(ada):
    first = sync(ada, ada.href, "")
    assert set(found_in(first)) == set(ada.members(ada.href))
    assert all(DAV + "getetag" in one.props for one in found_in(first).values())
    href = put_event(ada, "apple-sync.ics")
    second = sync(ada, ada.href, token_of(first))
    assert list(found_in(second)) == [href]
    assert ada.delete(href).status_code == 204
    third = sync(ada, ada.href, token_of(second))
    assert found_in(third)[href].status == 404
    assert found_in(sync(ada, ada.href, token_of(third))) == {}


@pytest.mark.parametrize("token", ["nonsense", "data:,x-1", "http://example.com/1", "data:,"])
def test_an_invalid_token_is_403_and_the_next_sync_starts_over(ada, token):
    answer = sync(ada, ada.href, token)
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"
    assert set(found_in(sync(ada, ada.href, ""))) == set(ada.members(ada.href))


def test_multiget_and_expand_property_need_no_depth(ada):
    member = next(iter(ada.members(ada.href)))
    found = found_in(multiget(ada, ada.href, [member]))
    assert "BEGIN:VEVENT" in found[member].props[CALDAV + "calendar-data"].text
    answer = send(ada, "REPORT", ada.principal, body("A:expand-property", "".join(
        expand(name) for name in ("calendar-proxy-read-for", "calendar-proxy-write-for"))), TEXT)
    found = found_in(answer)[ada.principal]
    assert set(found.props) | set(found.missing) == {
        CS + "calendar-proxy-read-for", CS + "calendar-proxy-write-for"}


def test_a_multiget_of_200_is_one_request(ada):
    """MULTIGET_BATCH_SIZE; hrefs that are gone are told apart from those that are there."""
    member = next(iter(ada.members(ada.href)))
    gone = [f"{ada.href}gone-{n}.ics" for n in range(199)]
    found = found_in(multiget(ada, ada.href, [*gone, member]))
    assert len(found) == 200
    assert all(found[href].status == 404 for href in gone)
    assert found[member].status is None


def test_answers_are_compressed_for_those_who_take_it(ada):
    answer = send(ada, "PROPFIND", ada.home(), body("A:propfind", prop(HOME)), TEXT, Depth="1",
                  Accept_Encoding="gzip,deflate", Accept="*/*", Accept_Language="en-us")
    assert answer.status_code == 207 and responses(answer)
    assert answer.headers.get("Content-Encoding") == "gzip"


# ---- writing ----


def test_apple_puts_without_a_condition_and_updates_with_one(sim, ada):
    href = ada.href + "5E1F0A6B-APPLE.ics"
    since = sim.last_call()
    answer = send(ada, "PUT", href, event("apple@example.com", summary="One"), "text/calendar")
    assert answer.status_code == 201
    etag = answer.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    changed = send(ada, "PUT", href, event("apple@example.com", summary="Two"), "text/calendar",
                   If_Match=etag)
    assert changed.status_code == 204
    assert [method for method, _ in written(sim, since)] == ["POST", "PATCH"] and sim.event("Two")
    stale = send(ada, "PUT", href, event("apple@example.com", summary="Three"), "text/calendar",
                 If_Match=etag)
    assert stale.status_code == 412 and stale.text
    assert ada.delete(href, {"If-Match": etag}).status_code == 412
    assert ada.delete(href).status_code == 204
    assert ada.delete(href).status_code == 404


def test_without_an_etag_the_event_is_read_again(ada):
    """The ETag may be missing where the text was changed; then GET has it, and the schedule tag."""
    href = put_event(ada, "apple-etag.ics", "apple-etag@example.com", extra=(
        f"ORGANIZER:mailto:{MAIL}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{MAIL}\n"
        "ATTENDEE;PARTSTAT=NEEDS-ACTION;RSVP=TRUE:mailto:bob@example.com"))
    answer = send(ada, "GET", href)
    assert answer.status_code == 200
    assert answer.headers["ETag"] == ada.members(ada.href)[href] and answer.headers["Schedule-Tag"]
    assert ada.delete(href).status_code == 204


def test_an_attendee_answers_with_the_schedule_tag(sim, bridge, ada):
    """changeEventAttendee"""
    sim.add_event(BOB, "Answer me", (SOON, SOON + 3600), attendees=[{"user": MAIL}])
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Answer me" in ada.get(one)]
    answer = send(ada, "GET", href)
    text = re.sub(r"\r\n[ \t]", "", answer.content.decode())
    accepted = re.sub("(ATTENDEE[^\r\n]*)PARTSTAT=NEEDS-ACTION([^\r\n]*:mailto:ada@)",
                      r"\1PARTSTAT=ACCEPTED\2", text)
    assert accepted != text
    put = send(ada, "PUT", href, accepted, "text/calendar",
               If_Schedule_Tag_Match=answer.headers["Schedule-Tag"])
    assert put.status_code == 204
    status, = [one["rsvp_status"] for one in sim.event("Answer me")["attendees"]
               if one["user_id"] == ADA]
    assert status == "accept"


def test_an_attendee_is_added_with_the_etag_and_bob_is_invited_once(sim, ada):
    """addEventAttendee: search, free/busy of both, then the event with organizer and attendees."""
    href = put_event(ada, "apple-invite.ics", "apple-invite@example.com", summary="Meeting")
    base = only(ada.propfind(ada.principal, 0, "<d:principal-collection-set/>"))[
        DAV + "principal-collection-set"][0].text
    found = found_in(search_people(ada, base, "bob"))
    one, = found.values()
    assert one.props[DAV + "displayname"].text == "Bob"
    answers = busy_answers(outbox(ada, [MAIL, "bob@example.com"], ("X-CALENDARSERVER-MASK-UID:"
                                                                   "apple-invite@example.com",)))
    assert all(status.startswith("2") for status, _ in answers.values()) and len(answers) == 2
    sim.clear_notifications()
    people = (f'ORGANIZER;CN="Ada":mailto:{MAIL}\nATTENDEE;CN="Ada";CUTYPE=INDIVIDUAL;PARTSTAT='
              f"ACCEPTED:mailto:{MAIL}\nATTENDEE;CN=Bob;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;"
              "RSVP=TRUE;SCHEDULE-STATUS=1.0:mailto:bob@example.com")
    etag = ada.members(ada.href)[href]
    answer = send(ada, "PUT", href, event("apple-invite@example.com", summary="Meeting", extra=people),
                  "text/calendar", If_Match=etag)
    assert answer.status_code == 204, answer.text
    ids = [one.get("user_id") for one in sim.event("Meeting")["attendees"]]
    assert ids.count(BOB) == 1
    assert [n["kind"] for n in sim.notifications() if BOB in n["to"]] == ["invite"]
    assert ada.delete(href).status_code == 204


def test_people_are_found_by_property_search_in_the_manner_of_10_7(ada):
    def field(name):
        return element("A:property-search", element("A:prop", element(name)) +
                       '<A:match match-type="starts-with">bob</A:match>')
    names = "A:displayname C:email-address-set C:first-name C:last-name"
    text = element("A:principal-property-search", "".join(field(one) for one in names.split()) + prop(
        "C:email-address-set B:calendar-user-address-set B:calendar-user-type A:displayname "
        "C:last-name C:first-name C:record-type A:principal-URL"), ' test="anyof"')
    base = only(ada.propfind(ada.principal, 0, "<d:principal-collection-set/>"))[
        DAV + "principal-collection-set"][0].text
    found = found_in(send(ada, "REPORT", base, text, TEXT))
    one, = found.values()
    assert one.props[DAV + "displayname"].text == "Bob"
    assert one.props[CS + "record-type"].text == "users"


def test_an_attachment_in_an_event_stays_and_managed_ones_are_not_promised(sim, ada):
    """Without managed-attachments in the DAV header macOS writes attachments into the event."""
    assert "managed-attachments" not in send(ada, "OPTIONS", ada.home()).headers["DAV"]
    inline = ("ATTACH;ENCODING=BASE64;VALUE=BINARY;FMTTYPE=text/plain;X-APPLE-FILENAME=note.txt:"
              "bm90ZQ==")
    href = put_event(ada, "apple-attach.ics", "apple-attach@example.com", summary="With a note",
                     extra=inline)
    assert inline in re.sub("\r\n[ \t]", "", ada.get(href)) and sim.event("With a note")
    answer = send(ada, "POST", href + "?action=attachment-add", "note", "text/plain",
                  Content_Disposition='attachment; filename="note.txt"')
    assert answer.status_code == 405
    assert ada.delete(href).status_code == 204


def test_alarms_of_apple_keep_their_names(sim, ada):
    alarm = ("BEGIN:VALARM\nX-WR-ALARMUID:7D1D0AFE\nUID:7D1D0AFE\nTRIGGER:-PT15M\nDESCRIPTION:Event "
             "reminder\nACTION:DISPLAY\nX-APPLE-DEFAULT-ALARM:TRUE\nEND:VALARM\nX-APPLE-TRAVEL-"
             "ADVISORY-BEHAVIOR:AUTOMATIC")
    href = put_event(ada, "apple-alarm.ics", "apple-alarm@example.com", summary="Alarmed", extra=alarm)
    text = ada.get(href)
    assert "X-WR-ALARMUID:7D1D0AFE" in text and "X-APPLE-TRAVEL-ADVISORY-BEHAVIOR" in text
    assert sim.event("Alarmed")["reminders"] == [{"minutes": 15}]
    acknowledged = text.replace("END:VALARM", "ACKNOWLEDGED:20270105T014500Z\r\nEND:VALARM")
    since = sim.last_call()
    assert ada.put(href, acknowledged).status_code == 204
    assert "ACKNOWLEDGED:20270105T014500Z" in ada.get(href) and written(sim, since) == []
    assert ada.delete(href).status_code == 204


# ---- delegation, free/busy ----


def test_delegation_finds_nobody_and_no_error(ada):
    names = "C:calendar-proxy-read-for C:calendar-proxy-write-for"
    one = found_in(propfind(ada, ada.principal, names))[ada.principal]
    assert all(len(found) == 0 for found in one.props.values())
    delegate = found_in(propfind(ada, ada.principal, "C:allowed-calendar-component-set " + PRINCIPAL))
    assert CALDAV + "calendar-home-set" in delegate[ada.principal].props


def test_the_outbox_answers_for_each_recipient_of_one_header(sim, ada):
    sim.add_event(BOB, "Busy", (SOON + 86400, SOON + 90000))
    found = busy_answers(outbox(ada, ["bob@example.com", "ada@example.com", "nobody@example.com"]))
    status, data = found["mailto:bob@example.com"]
    assert status.startswith("2") and "VFREEBUSY" in data and "20270116T080000Z" in data
    assert found["mailto:ada@example.com"][0].startswith("2")
    assert found["mailto:nobody@example.com"][0].startswith("3.7")


def test_apples_masked_uid_leaves_an_event_out(sim, bridge, ada):
    sim.add_event(ADA, "Mine", (SOON + 100000, SOON + 103600))
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Mine" in ada.get(one)]
    uid = re.search("UID:(.*)\r\n", ada.get(href)).group(1)
    busy = "20270116T114640Z"
    assert busy in outbox(ada, ["ada@example.com"]).text
    masked = outbox(ada, ["ada@example.com"], (f"X-CALENDARSERVER-MASK-UID:{uid}",))
    assert busy not in masked.text
    assert ada.delete(href).status_code == 204


def test_a_masked_uid_hides_no_other_event_of_the_same_time(sim, bridge, ada):
    """Who moves a meeting wants to know who has another one then."""
    when = (SOON + 100000, SOON + 103600)
    ours = sim.add_event(ADA, "Ours", when, attendees=[{"user": BOB, "rsvp": "accept"}])
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Ours" in ada.get(one)]
    mask = ("X-CALENDARSERVER-MASK-UID:" + re.search("UID:(.*)\r\n", ada.get(href)).group(1),)
    three = ["ada@example.com", "bob@example.com", "eve@example.com"]

    def busy(more=mask):
        return {who.split(":")[1].split("@")[0] for who, (_, data) in
                busy_answers(outbox(ada, three, more)).items() if "20270116T114640Z" in data}
    assert busy(("X-CALENDARSERVER-MASK-UID:none",)) == {"ada", "bob"} and busy() == set()
    sim.add_event(EVE, "Hers", when)
    assert busy() == {"eve"}
    sim.add_event(BOB, "His", when)
    assert busy() == {"bob", "eve"}
    sim.add_event(ADA, "Mine", when)
    assert busy() == set(name.split("@")[0] for name in three)
    sim.edit(ADA, "event_delete", event_id=ours["event_id"])


def test_the_window_of_availability_asks_by_expansion(ada):
    """timeRangeQuery"""
    comp = element("B:comp", element("B:prop", "", ' name="VERSION"') + element(
        "B:comp", "".join(element("B:prop", "", f' name="{one}"') for one in (
            "SUMMARY", "DTSTART", "DTEND", "LOCATION", "UID", "RECURRENCE-ID")), ' name="VEVENT"'),
        ' name="VCALENDAR"')
    span = ' start="20270115T000000Z" end="20270116T000000Z"'
    data = element("B:calendar-data", element("B:expand", "", span) + comp)
    query = element("B:filter", element("B:comp-filter", element("B:comp-filter", element(
        "B:time-range", "", span), ' name="VEVENT"'), ' name="VCALENDAR"'))
    href = put_event(ada, "apple-expand.ics", "apple-expand@example.com", start="20270115T100000",
                     end="20270115T110000", summary="Daily", extra="RRULE:FREQ=DAILY;COUNT=3")
    answer = send(ada, "REPORT", ada.href, body("B:calendar-query", element(
        "A:prop", element("A:getetag") + data) + query), TEXT, Depth="0")
    assert answer.status_code == 207
    text = "".join(one.props[CALDAV + "calendar-data"].text
                   for one in found_in(send(ada, "REPORT", ada.href, body(
                       "B:calendar-query", element("A:prop", element("A:getetag") + data) + query),
                       TEXT, Depth="1")).values())
    assert "DTSTART:20270115T020000Z" in text and "RRULE" not in text and "20270116T02" not in text
    assert ada.delete(href).status_code == 204
