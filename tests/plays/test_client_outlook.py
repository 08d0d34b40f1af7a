"""Outlook CalDAV Synchronizer on the wire (aluxnimm/outlookcaldavsynchronizer: DataAccess/
CalDavDataAccess.cs, WebDavDataAccess.cs)."""

import pytest
from bridge import NS, Bridge, event, precondition
from clients import (ADA, CALDAV, DAV, ICAL, MAIL, classes_of, follow, found_in, only, privileges,
                     put_event, reader_calendar, send, token_of, written)
from feishu_sim import FeishuSim
from shared import ada, bridge, sim  # noqa: F401

SPACES = ('xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
          'xmlns:CS="http://calendarserver.org/ns/" xmlns:E="http://apple.com/ns/ical/"')
XML = "application/xml"
LOTUS = "omm_0000000000000000000000000000f302"


def ask(ada, method, href, root, inner, depth=None):
    sent = {"Depth": depth} if depth else {}
    text = f"<?xml version='1.0'?>\r\n   <{root} {SPACES}>{inner}</{root}>\r\n   "
    return follow(ada, method, href, text, content_type=XML, Prefer="return=minimal", **sent)


def propfind(ada, href, names, depth="0"):
    return found_in(ask(ada, "PROPFIND", href, "D:propfind", "<D:prop>" + "".join(
        f"<{one}/>" for one in names.split()) + "</D:prop>", depth))


# ---- the test of the settings: ConnectionTester ----

def test_the_autodiscovery_goes_by_well_known_principal_and_home(ada):
    one = next(iter(propfind(ada, "/.well-known/caldav", "D:current-user-principal D:principal-URL "
                             "D:resourcetype").values()))
    principal = one.props[DAV + "current-user-principal"][0].text
    one = next(iter(propfind(ada, principal, "C:calendar-home-set").values()))
    home = one.props[CALDAV + "calendar-home-set"][0].text
    found = propfind(ada, home, "D:resourcetype D:displayname E:calendar-color "
                     "C:supported-calendar-component-set", "1")
    assert found[ada.href].props[DAV + "displayname"].text == "Ada"
    assert len(found[ada.href].props[ICAL + "calendar-color"].text) >= 7
    tasks = [href for href, one in found.items() for comp in one.props.get(
        CALDAV + "supported-calendar-component-set", []) if comp.get("name") == "VTODO"]
    assert tasks == [], "it would offer them as task lists"


def test_hrefs_are_paths(ada):
    """They are appended to scheme and host of the request."""
    one = propfind(ada, ada.principal, "C:calendar-home-set D:current-user-principal "
                   "C:calendar-user-address-set")[ada.principal]
    for name in (CALDAV + "calendar-home-set", DAV + "current-user-principal"):
        assert one.props[name][0].text.startswith("/")


def test_a_calendar_passes_all_questions_of_the_connection_test(ada):
    assert "calendar-access" in classes_of(send(ada, "OPTIONS", ada.href))
    one = propfind(ada, ada.href, "D:resourcetype")[ada.href]
    assert one.props[DAV + "resourcetype"].find("c:calendar", NS) is not None
    one = propfind(ada, ada.href, "D:supported-report-set")[ada.href]
    reports = {report[0][0].tag for report in one.props[DAV + "supported-report-set"]}
    assert {CALDAV + "calendar-query", DAV + "sync-collection"} <= reports
    one = propfind(ada, ada.href, "D:current-user-privilege-set")[ada.href]
    assert DAV + "write" in privileges(one.props)


def test_a_calendar_to_be_read_gives_none_of_the_four_privileges(sim, bridge, ada):
    href = reader_calendar(sim, bridge, ada, "Outlook looks")
    one = propfind(ada, href, "D:current-user-privilege-set")[href]
    assert not privileges(one.props) & {DAV + "write", DAV + "write-content", DAV + "bind",
                                        DAV + "unbind"}


def test_the_owner_has_an_address_that_is_well_formed(ada):
    """GetCalendarOwnerPropertiesOrNull: owner and current-user-principal, then the address"""
    one = propfind(ada, ada.href, "D:owner CS:organizer")[ada.href]
    owner = one.props[DAV + "owner"][0].text
    assert owner == ada.principal, "else it takes the calendar for a shared one"
    one = propfind(ada, owner, "C:calendar-user-address-set")[owner]
    mails = [href.text for href in one.props[CALDAV + "calendar-user-address-set"]
             if href.text.startswith("mailto:")]
    assert mails[0] == f"mailto:{MAIL}"


def test_proxies_are_promised_and_there_are_none(ada):
    assert "calendar-proxy" in classes_of(send(ada, "OPTIONS", ada.principal))
    one = propfind(ada, ada.principal, "CS:calendar-proxy-read-for CS:calendar-proxy-write-for")[
        ada.principal]
    assert all(len(found) == 0 for found in one.props.values())


def test_a_calendar_is_made_by_mkcol_and_named_by_proppatch(sim, ada):
    """AddResource"""
    href = ada.home() + "2f8e0f0e-outlook/"
    answer = ask(ada, "MKCOL", href, "D:mkcol", "<D:set><D:prop><D:resourcetype><D:collection/>"
                 "<C:calendar/></D:resourcetype></D:prop></D:set>")
    assert answer.status_code == 201
    answer = ask(ada, "PROPPATCH", href, "D:propertyupdate", "<D:set><D:prop><D:displayname>From "
                 "Outlook</D:displayname></D:prop></D:set>", "0")
    assert answer.status_code == 200 and sim.calendar("From Outlook")
    answer = ask(ada, "PROPPATCH", href, "D:propertyupdate", "<D:set><D:prop><E:calendar-color >"
                 "#FF8040FF</E:calendar-color></D:prop></D:set>", "0")
    assert answer.status_code == 200
    assert propfind(ada, href, "E:calendar-color")[href].props[
        ICAL + "calendar-color"].text.upper().startswith("#FF8040")
    assert send(ada, "DELETE", href).status_code == 204


# ---- synchronising ----

def query(ada, component, span=""):
    return ask(ada, "REPORT", ada.href, "C:calendar-query", '<D:prop><D:getetag/></D:prop><C:filter>'
               f'<C:comp-filter name="VCALENDAR"><C:comp-filter name="{component}">\r\n{span}\r\n'
               "</C:comp-filter></C:comp-filter></C:filter>", "1")


def test_versions_are_listed_by_query_with_and_without_a_range(ada):
    everything = found_in(query(ada, "VEVENT"))
    assert {href: one.props[DAV + "getetag"].text for href, one in everything.items()} == \
        ada.members(ada.href)
    span = '<C:time-range start="20270101T000000Z" end="20270201T000000Z"/>'
    assert found_in(query(ada, "VEVENT", span))
    assert found_in(query(ada, "VTODO")) == {}, "207 and no 404 where there is nothing"


def sync(ada, token=None):
    text = f"<D:sync-token>{token}</D:sync-token>" if token else "<D:sync-token/>"
    return ask(ada, "REPORT", ada.href, "D:sync-collection",
               text + "<D:sync-level>1</D:sync-level><D:prop><D:getetag/></D:prop>", "0")


def test_a_removed_event_has_a_status_and_no_etag(ada):
    href = put_event(ada, "outlook-gone.ics")
    first = sync(ada)
    assert found_in(first)[href].props[DAV + "getetag"].text.startswith('"')
    assert ada.delete(href).status_code == 204
    gone = found_in(sync(ada, token_of(first)))[href]
    assert gone.status == 404 and not gone.props
    assert {one.status for one in found_in(sync(ada, token_of(first))).values()} <= {None, 404}


def test_a_spent_token_is_403_with_the_element_below_error(ada):
    answer = sync(ada, "http://example.com/spent")
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"


@pytest.mark.parametrize("names", ["<D:getetag/><D:displayname/><C:calendar-data/>", "<D:getetag/>"])
def test_a_multiget_asks_for_a_displayname_as_well(ada, names):
    """GetEntities and GetVersions: what events do not have may be missing, and nothing else"""
    member = next(iter(ada.members(ada.href)))
    answer = ask(ada, "REPORT", ada.href, "C:calendar-multiget", f"<D:prop>{names}</D:prop>\r\n"
                 f"<D:href>{member}</D:href>", "1")
    one = found_in(answer)[member]
    assert one.props[DAV + "getetag"].text
    assert "calendar-data" not in names or "BEGIN:VEVENT" in one.props[CALDAV + "calendar-data"].text


def test_events_are_put_with_a_quoted_etag_and_read_for_it_where_it_is_missing(sim, ada):
    href = ada.href + "outlook-1.ics"
    since = sim.last_call()
    answer = send(ada, "PUT", href, event("outlook-1", summary="By Outlook"), "text/calendar",
                  If_None_Match="*")
    assert answer.status_code == 201 and sim.event("By Outlook")
    etag = answer.headers.get("ETag") or send(ada, "GET", href).headers["ETag"]
    answer = send(ada, "PUT", href, event("outlook-1", summary="Later"), "text/calendar",
                  If_Match=etag)
    assert answer.status_code == 204 and sim.event("Later")
    assert [method for method, _ in written(sim, since)] == ["POST", "PATCH"]
    answer = send(ada, "PUT", href, event("outlook-1", summary="Stale"), "text/calendar",
                  If_Match=etag)
    assert answer.status_code == 412
    assert send(ada, "DELETE", href, "", "", If_Match=etag).status_code == 412
    etag = send(ada, "GET", href).headers["ETag"]
    answer = send(ada, "DELETE", href, "", "", If_Match=etag)
    assert answer.status_code == 204 and "X-Dav-Error" not in answer.headers
    assert send(ada, "DELETE", href, "", "", If_Match=etag).status_code == 404


def test_the_etag_of_one_event_is_found_by_propfind(ada):
    member, etag = next(iter(ada.members(ada.href).items()))
    assert propfind(ada, member, "D:getetag")[member].props[DAV + "getetag"].text == etag


def test_what_outlook_adds_stays(ada):
    text = event("outlook-x", extra="X-MICROSOFT-CDO-BUSYSTATUS:OOF\nX-MICROSOFT-CDO-ALLDAYEVENT:FALSE\n"
                 "X-ALT-DESC;FMTTYPE=text/html:<b>fat</b>\nPRIORITY:5")
    href = ada.href + "outlook-x.ics"
    assert send(ada, "PUT", href, text, "text/calendar", If_None_Match="*").status_code == 201
    assert ada.get(href) == text
    assert ada.delete(href).status_code == 204


def test_a_room_is_found_by_its_name_and_its_id_is_an_address():
    """GetResourceUriOrNull: REPORT on one's own principal, applied to all; the id becomes an attendee"""
    world = {"people": [{"open_id": ADA, "name": "Ada", "email": MAIL}],
             "rooms": [{"room_id": LOTUS, "name": "Lotus (3F)", "capacity": 12}]}
    with FeishuSim(world) as sim, Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        principal = only(ada.propfind("/dav/", 0, "<d:current-user-principal/>"))[
            DAV + "current-user-principal"][0].text
        answer = ask(ada, "REPORT", principal, "D:principal-property-search", "<D:property-search>"
                     '<D:prop><D:displayname/></D:prop><D:match match-type="equals">lotus (3f)</D:match>'
                     "</D:property-search><D:prop><D:displayname/><D:resource-id/>"
                     "<C:calendar-user-type/></D:prop><D:apply-to-principal-collection-set/>", "0")
        room, = found_in(answer).values()
        assert room.props[DAV + "displayname"].text == "Lotus (3F)"
        assert room.props[CALDAV + "calendar-user-type"].text == "ROOM"
        address = room.props[DAV + "resource-id"][0].text
        href = ada.calendars()["Ada"] + "outlook-room.ics"
        text = event("outlook-room", summary="In the room", extra=(
            f"ORGANIZER:mailto:{MAIL}\nATTENDEE;PARTSTAT=ACCEPTED:mailto:{MAIL}\n"
            f"ATTENDEE;CUTYPE=ROOM;ROLE=NON-PARTICIPANT:{address}"))
        assert send(ada, "PUT", href, text, "text/calendar", If_None_Match="*").status_code == 201
        assert [one["room_id"] for one in sim.event("In the room")["attendees"]
                if one["type"] == "resource"] == [LOTUS]
