"""Evolution on the wire (GNOME/evolution-data-server: calendar/backends/caldav/e-cal-backend-caldav.c and
libedataserver/e-webdav-session.c, e-webdav-discover.c). The back end itself is played in
test_compat_evolution.py."""

import pytest
from bridge import NS, event, precondition
from clients import (BOB, CALDAV, CS, DAV, MAIL, SOON, busy_answers, classes_of, follow, found_in,
                     freebusy_text, privileges, put_event, reader_calendar, send, token_of, written)
from shared import ada, bridge, sim  # noqa: F401

ICALENDAR = 'text/calendar; charset="utf-8"'
SPACES = ('xmlns="{}" xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
          'xmlns:CS="http://calendarserver.org/ns/" xmlns:IC="http://apple.com/ns/ical/"')
XML = 'application/xml; charset="utf-8"'


def ask(ada, method, href, root, inner, depth=None, space="DAV:"):
    sent = {"Depth": depth} if depth else {}
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {SPACES.format(space)}>{inner}</{root}>\n'
    return follow(ada, method, href, text, content_type=XML, **sent)


def test_discovery_reads_principal_home_and_calendars(ada):
    """e-webdav-discover.c"""
    answer = ask(ada, "PROPFIND", "/.well-known/caldav", "propfind", "<prop><current-user-principal/>"
                 "<principal-URL/><resourcetype/><C:calendar-home-set/><C:calendar-user-address-set/>"
                 "<C:schedule-outbox-URL/></prop>", "0")
    one = next(iter(found_in(answer).values()))
    assert one.props[DAV + "current-user-principal"][0].text == ada.principal
    found = found_in(ask(ada, "PROPFIND", ada.home(), "propfind", "<prop><resourcetype/><displayname/>"
                         "<current-user-privilege-set/><C:supported-calendar-component-set/>"
                         "<C:calendar-description/><IC:calendar-color/><IC:calendar-order/></prop>", "1"))
    calendar = found[ada.href].props
    assert calendar[DAV + "resourcetype"].find("c:calendar", NS) is not None
    assert calendar[CALDAV + "supported-calendar-component-set"][0].get("name") == "VEVENT"
    assert calendar["{http://apple.com/ns/ical/}calendar-color"].text.startswith("#")


def test_opening_asks_for_options_then_privileges_then_ctag(ada):
    """ecb_caldav_connect_sync"""
    answer = send(ada, "OPTIONS", ada.href)
    assert {"calendar-access", "calendar-auto-schedule"} <= set(classes_of(answer))
    assert {"PUT", "POST", "DELETE"} & {one.strip() for one in answer.headers["Allow"].split(",")}
    one = found_in(ask(ada, "PROPFIND", ada.href, "propfind",
                       "<prop><current-user-privilege-set/></prop>", "0"))[ada.href]
    assert privileges(one.props) & {DAV + "write", DAV + "write-content", DAV + "all"}
    one = found_in(ask(ada, "PROPFIND", ada.href, "propfind", "<prop><CS:getctag/>"
                       "<supported-report-set/></prop>", "0"))[ada.href]
    assert one.props[CS + "getctag"].text
    reports = {report[0][0].tag for report in one.props[DAV + "supported-report-set"]}
    assert DAV + "sync-collection" in reports


def test_a_calendar_to_be_read_is_not_writable(sim, bridge, ada):
    href = reader_calendar(sim, bridge, ada, "Evolution looks")
    one = found_in(ask(ada, "PROPFIND", href, "propfind",
                       "<prop><current-user-privilege-set/></prop>", "0"))[href]
    assert not privileges(one.props) & {DAV + "write", DAV + "write-content", DAV + "all"}


def sync(ada, token=""):
    """e_webdav_session_sync_collection_sync"""
    text = f"<sync-token>{token}</sync-token>" if token else "<sync-token/>"
    return ask(ada, "REPORT", ada.href, "sync-collection",
               text + "<sync-level>1</sync-level><prop><getetag/></prop>", "0")


def test_a_token_is_a_uri_or_it_is_not_used_again(ada):
    token = token_of(sync(ada))
    assert ":" in token or "/" in token, "else each refresh reads everything"
    assert found_in(sync(ada, token)) == {}


def test_a_spent_token_is_403_with_valid_sync_token_in_its_body(ada):
    answer = sync(ada, "http://example.com/spent")
    assert answer.status_code == 403 and "valid-sync-token" in answer.text
    assert precondition(answer) == "{DAV:}valid-sync-token"


def test_without_sync_the_query_has_a_start_and_an_end_or_none(ada):
    """limit-download-days, and the first look at two months around today"""
    def query(span):
        return ask(ada, "REPORT", ada.href, "calendar-query", "<D:prop><D:getetag/></D:prop><filter>"
                   f'<comp-filter name="VCALENDAR"><comp-filter name="VEVENT">{span}</comp-filter>'
                   "</comp-filter></filter>", "1", space="urn:ietf:params:xml:ns:caldav")
    member = next(iter(ada.members(ada.href)))
    for span in ("", '<time-range start="20261101T000000Z"/>', '<time-range end="20270201T000000Z"/>',
                 '<time-range start="20270101T000000Z" end="20270201T000000Z"/>'):
        found = found_in(query(span))
        assert member in found and found[member].props[DAV + "getetag"].text
    assert member not in found_in(query('<time-range end="20261201T000000Z"/>'))


def multiget(ada, hrefs):
    return ask(ada, "REPORT", ada.href, "calendar-multiget", "<D:prop><D:getetag/><calendar-data/>"
               "</D:prop>" + "".join(f"<D:href>{one}</D:href>" for one in hrefs), "1",
               space="urn:ietf:params:xml:ns:caldav")


def test_a_multiget_of_100_answers_in_the_order_asked(ada):
    """E_CALDAV_MAX_MULTIGET_AMOUNT; what is gone is a 404 of its response"""
    member = next(iter(ada.members(ada.href)))
    hrefs = [f"{ada.href}evolution-{n}.ics" for n in range(99)]
    hrefs.insert(40, member)
    found = found_in(multiget(ada, hrefs))
    assert list(found) == hrefs
    assert found[member].status is None and all(
        one.status == 404 for one in found.values() if one.href != member)


def test_evolution_quotes_the_charset_and_wants_no_more_than_it_needs(sim, ada):
    href = ada.href + "evolution.ics"
    since = sim.last_call()
    answer = send(ada, "PUT", href, event("evolution@example.com", summary="By Evolution"), ICALENDAR,
                  Prefer="return=minimal", If_None_Match="*")
    assert answer.status_code == 201 and not answer.content
    etag = answer.headers["ETag"]
    assert not etag.startswith("W/"), "with a weak one the event is read again"
    assert len(written(sim, since)) == 1 and sim.event("By Evolution")
    answer = send(ada, "PUT", href, event("evolution@example.com", summary="Twice"), ICALENDAR,
                  Prefer="return=minimal", If_Match=etag)
    assert answer.status_code == 204 and sim.event("Twice")
    answer = send(ada, "PUT", href, event("evolution@example.com", summary="Late"), ICALENDAR,
                  Prefer="return=minimal", If_Match=etag)
    assert answer.status_code == 412 and sim.event("Twice")
    assert ada.delete(href).status_code == 204


def test_a_body_in_chunks_is_taken(ada):
    """e_webdav_session_put_sync sends without Content-Length"""
    text = event("chunks@example.com").encode()
    answer = ada.session.put(ada.bridge.url + ada.href + "chunks.ics",
                             data=iter([text[:50], text[50:]]), headers={"Content-Type": ICALENDAR},
                             timeout=30)
    assert answer.status_code == 201
    assert ada.delete(ada.href + "chunks.ics").status_code == 204


def test_an_event_that_is_read_has_an_etag(ada):
    """ecb_caldav_load_component_sync: without one it is an invalid object"""
    member, etag = next(iter(ada.members(ada.href).items()))
    answer = send(ada, "GET", member)
    assert answer.headers["ETag"] == etag and answer.headers["Content-Type"].startswith("text/calendar")


def test_an_event_is_looked_for_by_its_uid_with_and_without_ics(ada):
    for name in ("unknown@example.com.ics", "unknown@example.com"):
        assert send(ada, "GET", ada.href + name).status_code == 404


def test_an_invitation_is_deleted_without_an_answer(sim, bridge, ada):
    """E_CAL_OPERATION_FLAG_DISABLE_ITIP_MESSAGE: Schedule-Reply: F"""
    sim.add_event(BOB, "Not answered", (SOON, SOON + 3600), attendees=[{"user": MAIL}])
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Not answered" in ada.get(one)]
    sim.clear_notifications()
    assert send(ada, "DELETE", href, If_Match=ada.members(ada.href)[href],
                Schedule_Reply="F").status_code == 204
    assert href not in ada.members(ada.href)
    assert [n for n in sim.notifications() if BOB in n["to"]] == []


@pytest.mark.parametrize("headers", [{}, {"Schedule_Reply": "F"}])
def test_guests_of_a_deleted_meeting_are_told_whatever_evolution_says(sim, ada, headers):
    """The header is about the answer of an attendee (RFC 6638 8.1); an organizer's cancellation is always
    told (3.2.1.3)."""
    href = put_event(ada, "evolution-told.ics", "evolution-told@example.com", extra=(
        f"ORGANIZER:mailto:{MAIL}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{MAIL}\n"
        "ATTENDEE;RSVP=TRUE:mailto:bob@example.com"))
    sim.clear_notifications()
    assert send(ada, "DELETE", href, If_Match=ada.members(ada.href)[href], **headers).status_code == 204
    assert [n["kind"] for n in sim.notifications() if BOB in n["to"]] == ["cancel"]


def test_who_shall_not_be_told_is_marked_by_schedule_agent(sim, ada):
    sim.clear_notifications()
    href = put_event(ada, "evolution-agent.ics", "evolution-agent@example.com", summary="Agent", extra=(
        f"ORGANIZER;SCHEDULE-AGENT=CLIENT:mailto:{MAIL}\nATTENDEE;SCHEDULE-AGENT=CLIENT;PARTSTAT="
        f"ACCEPTED:mailto:{MAIL}\nATTENDEE;SCHEDULE-AGENT=CLIENT:mailto:bob@example.com"))
    assert not [n for n in sim.notifications() if BOB in n["to"]]
    assert ada.delete(href, {"Schedule-Reply": "F"}).status_code == 204


def test_owner_leads_to_the_outbox_and_that_to_busy_times(sim, ada):
    """ecb_caldav_receive_schedule_outbox_url_sync; no Originator, no Recipient, roles with each name"""
    one = found_in(ask(ada, "PROPFIND", ada.href, "propfind", "<prop><owner/></prop>", "0"))[ada.href]
    owner = one.props[DAV + "owner"][0].text
    one = found_in(ask(ada, "PROPFIND", owner, "propfind",
                       "<prop><C:schedule-outbox-URL/></prop>", "0"))[owner]
    outbox = one.props[CALDAV + "schedule-outbox-URL"][0].text
    sim.add_event(BOB, "Busy", (SOON + 86400, SOON + 90000))
    text = freebusy_text(f"mailto:{MAIL}", ["bob@example.com"]).replace(
        "ATTENDEE:", "ATTENDEE;CUTYPE=INDIVIDUAL;PARTSTAT=NEEDS-ACTION;ROLE=CHAIR:")
    answers = busy_answers(send(ada, "POST", outbox, text, ICALENDAR))
    assert "20270116T080000Z" in answers["mailto:bob@example.com"][1]


def test_whom_the_outbox_does_not_know_is_looked_for_among_the_principals(ada):
    """ecb_caldav_get_free_busy_from_principal_sync: a search at the calendar itself, which may be refused, and
    then a free-busy-query of what was found"""
    text = freebusy_text(f"mailto:{MAIL}", ["nobody@elsewhere.example"])
    status, data = busy_answers(send(ada, "POST", ada.outbox, text, ICALENDAR))[
        "mailto:nobody@elsewhere.example"]
    assert not status.startswith("2") and not data
    answer = ask(ada, "REPORT", ada.href, "principal-property-search", "<property-search><prop>"
                 "<C:calendar-user-address-set/></prop><match>nobody@elsewhere.example</match>"
                 "</property-search><prop><displayname/></prop><apply-to-principal-collection-set/>", "0")
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}supported-report"


def test_a_home_tells_its_busy_times_at_any_depth(ada):
    for depth in ("1", "infinity"):
        answer = ask(ada, "REPORT", ada.home(), "C:free-busy-query",
                     '<C:time-range start="20270115T000000Z" end="20270116T000000Z"/>', depth)
        assert answer.status_code == 200 and "20270115T080000Z" in answer.text
        assert answer.headers["Content-Type"].startswith("text/calendar")
        assert sum(line.startswith("FREEBUSY") for line in answer.text.splitlines()) == 1
