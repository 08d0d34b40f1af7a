"""Apple Calendar on the wire: macOS 10.7 and 10.11, iOS 5 (apple/ccs-calendarserver, contrib/performance/
loadtest: request-data/ and ical.py, taken from the programs), in the order in which they ask."""

import re
import xml.etree.ElementTree as ET

import pytest
from bridge import NS, event, precondition, responses
from clients import (ADA, BOB, CALDAV, CS, DAV, ICAL, MAIL, SOON, anonymous, busy_answers, follow,
                     found_in, freebusy_text, only, privileges, put_event, send, token_of, written)
from shared import ada, bridge, sim  # noqa: F401

TEXT = "text/xml"
SPACES = {"A": "DAV:", "B": "urn:ietf:params:xml:ns:caldav", "C": "http://calendarserver.org/ns/",
          "D": "http://apple.com/ns/ical/", "E": "http://me.com/_namespace/",
          "F": "urn:ietf:params:xml:ns:carddav"}
START = "A:current-user-principal A:principal-URL A:resourcetype"
PRINCIPAL = ("B:calendar-home-set B:calendar-user-address-set A:current-user-principal A:displayname "
             "C:dropbox-home-URL C:email-address-set C:notification-URL A:principal-collection-set "
             "A:principal-URL A:resource-id B:schedule-inbox-URL B:schedule-outbox-URL "
             "A:supported-report-set")
HOME = (
    "A:add-member C:allowed-sharing-modes D:autoprovisioned E:bulk-requests B:calendar-alarm "
    "D:calendar-color B:calendar-description B:calendar-free-busy-set D:calendar-order "
    "B:calendar-timezone A:current-user-privilege-set B:default-alarm-vevent-date "
    "B:default-alarm-vevent-datetime A:displayname C:getctag C:invite D:language-code "
    "D:location-code A:owner C:pre-publish-url C:publish-url C:push-transports C:pushkey "
    "A:quota-available-bytes A:quota-used-bytes D:refreshrate A:resource-id A:resourcetype "
    "B:schedule-calendar-transp B:schedule-default-calendar-URL C:source "
    "C:subscribed-strip-alarms C:subscribed-strip-attachments C:subscribed-strip-todos "
    "B:supported-calendar-component-set B:supported-calendar-component-sets "
    "A:supported-report-set A:sync-token B:managed-attachments-server-URL")
HOME_10_7 = (
    "A:add-member C:allowed-sharing-modes E:bulk-requests D:calendar-color B:calendar-description "
    "B:calendar-free-busy-set D:calendar-order B:calendar-timezone A:current-user-privilege-set "
    "A:displayname C:getctag F:max-image-size F:max-resource-size C:me-card A:owner C:publish-url "
    "C:push-transports C:pushkey A:quota-available-bytes A:quota-used-bytes D:refreshrate "
    "A:resource-id A:resourcetype B:schedule-calendar-transp B:schedule-default-calendar-URL "
    "C:source C:subscribed-strip-alarms C:subscribed-strip-attachments C:subscribed-strip-todos "
    "B:supported-calendar-component-set A:supported-report-set A:sync-token C:xmpp-server C:xmpp-uri")
ZONE = "&#13;\n".join((
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Apple Inc.//Mac OS X 10.11//EN",
    "CALSCALE:GREGORIAN", "BEGIN:VTIMEZONE", "TZID:America/Los_Angeles", "BEGIN:DAYLIGHT",
    "TZOFFSETFROM:-0800", "RRULE:FREQ=YEARLY;BYMONTH=3;BYDAY=2SU", "DTSTART:20070311T020000",
    "TZNAME:PDT", "TZOFFSETTO:-0700", "END:DAYLIGHT", "BEGIN:STANDARD", "TZOFFSETFROM:-0700",
    "RRULE:FREQ=YEARLY;BYMONTH=11;BYDAY=1SU", "DTSTART:20071104T020000", "TZNAME:PST",
    "TZOFFSETTO:-0800", "END:STANDARD", "END:VTIMEZONE", "END:VCALENDAR", ""))


def element(name, inner="", attributes=""):
    """Each element says its namespace itself, as Apple writes it."""
    prefix, local = name.split(":")
    return f'<{name} xmlns:{prefix}="{SPACES[prefix]}"{attributes}>{inner}</{name}>'


def prop(names):
    return element("A:prop", "".join(element(one) for one in names.split()))


def body(root, inner):
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{element(root, inner)}\n'


def propfind(ada, href, names, depth="0"):
    return follow(ada, "PROPFIND", href, body("A:propfind", prop(names)), content_type=TEXT,
                  Depth=depth, Accept="*/*")


def proppatch(ada, href, name, inner, attributes=""):
    """One property a request; the answer must say 200 for it."""
    answer = send(ada, "PROPPATCH", href, body("A:propertyupdate", element("A:set", element(
        "A:prop", element(name, inner, attributes)))), TEXT)
    assert answer.status_code in (200, 207), answer.text
    if answer.status_code == 207:
        one, = found_in(answer).values()
        assert one.props and not one.missing, answer.text
    return answer


def sync(ada, href, token, names="A:getetag A:getcontenttype", level=""):
    inner = element("A:sync-token", token) + level + prop(names)
    return send(ada, "REPORT", href, body("A:sync-collection", inner), TEXT, Depth="1")


def multiget(ada, href, hrefs):
    inner = prop("A:getetag B:calendar-data B:schedule-tag") + "".join(
        element("A:href", one) for one in hrefs)
    return send(ada, "REPORT", href, body("B:calendar-multiget", inner), TEXT)


def change(text, **words):
    for name, value in words.items():
        text = text.replace(f"{name}:{value[0]}", f"{name}:{value[1]}")
    return text


# ---- setting up an account ----

@pytest.mark.parametrize("path", ["/.well-known/caldav", "/.well-known/caldav/", "/"])
@pytest.mark.parametrize("method", ["PROPFIND", "HEAD"])
def test_the_first_look_is_without_credentials_and_leads_to_a_401(ada, path, method):
    sent = {"content_type": TEXT, "Depth": "0"} if method == "PROPFIND" else {}
    answer = anonymous(ada, method, path, body("A:propfind", prop(START)) if sent else None, **sent)
    if method == "HEAD" and path == "/":
        assert answer.status_code in (200, 302, 303)
        return
    assert answer.status_code in (301, 302)
    where = answer.headers["Location"].replace(ada.bridge.url, "")
    answer = anonymous(ada, method, where, body("A:propfind", prop(START)) if sent else None, **sent)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("where", ["/principals/", "home", "calendar", "principal"])
def test_ios_asks_without_credentials_at_every_address_first(ada, where):
    href = {"home": ada.home(), "calendar": ada.href, "principal": ada.principal,
            "/principals/": "/dav/principals/"}[where]
    for method, text in (("PROPFIND", body("A:propfind", prop(START))), ("OPTIONS", None),
                         ("REPORT", body("A:principal-search-property-set", ""))):
        answer = anonymous(ada, method, href, text, content_type=TEXT)
        assert answer.status_code == 401 or method == "OPTIONS" and answer.status_code == 200
        assert answer.status_code == 200 or "Basic" in answer.headers["WWW-Authenticate"]


@pytest.mark.parametrize("start", ["/.well-known/caldav", "/.well-known/caldav/", "/", "/dav/",
                                   "/dav/principals/", "/principals/"])
def test_discovery_ends_at_the_principal(ada, start):
    answer = propfind(ada, start, START)
    if start == "/principals/":
        assert answer.status_code in (207, 404), "guessed by iOS 5; it goes on with other addresses"
        return
    found = next(iter(found_in(answer).values()))
    assert found.props[DAV + "current-user-principal"][0].text == ada.principal
    assert DAV + "resourcetype" in found.props


def test_the_principal_tells_what_an_account_needs(ada):
    found = found_in(propfind(ada, ada.principal, PRINCIPAL))
    props, missing = found[ada.principal].props, found[ada.principal].missing
    assert len(props) + len(missing) == 13
    for name in ("calendar-home-set", "schedule-inbox-URL", "schedule-outbox-URL"):
        assert props[CALDAV + name][0].text
    addresses = [one.text for one in props[CALDAV + "calendar-user-address-set"]]
    assert [one for one in addresses if one.startswith("mailto:")], "ical.py gives up without one"
    assert props[DAV + "principal-collection-set"][0].text
    assert props[DAV + "principal-URL"][0].text == ada.principal
    reports = {one[0][0].tag for one in props[DAV + "supported-report-set"]}
    assert {"{DAV:}expand-property", "{DAV:}principal-property-search",
            "{DAV:}principal-search-property-set", CS + "calendarserver-principal-search"} <= reports


def test_options_of_the_principal_are_those_of_a_calendar_server(ada):
    answer = send(ada, "OPTIONS", ada.principal)
    assert answer.status_code == 200
    assert "calendar-access" in answer.headers["DAV"] and "REPORT" in answer.headers["Allow"]


def test_principal_search_property_set_is_200(ada):
    base = only(ada.propfind(ada.principal, 0, "<d:principal-collection-set/>"))[
        DAV + "principal-collection-set"][0].text
    answer = send(ada, "REPORT", base, body("A:principal-search-property-set", ""), TEXT, Depth="0")
    assert answer.status_code == 200, answer.text
    found = {one[0].tag for one in ET.fromstring(answer.content).iter(DAV + "prop")}
    assert {DAV + "displayname", CS + "email-address-set"} <= found


def test_availability_is_asked_of_the_inbox(ada):
    one, = found_in(propfind(ada, ada.inbox, "C:calendar-availability")).values()
    assert len(one.props) + len(one.missing) == 1


# ---- the home ----

@pytest.mark.parametrize("names,count", [(HOME, 39), (HOME_10_7, 34)])
def test_apples_39_properties_of_the_home_are_no_error(ada, names, count):
    found = found_in(propfind(ada, ada.home(), names, "1"))
    for one in found.values():
        assert len(one.props) + len(one.missing) == count, one.href
        assert one.status is None
    calendar = found[ada.href].props
    assert {DAV + "sync-token", DAV + "displayname", DAV + "resourcetype", CS + "getctag",
            CALDAV + "supported-calendar-component-set", DAV + "owner", ICAL + "calendar-color",
            DAV + "current-user-privilege-set", DAV + "supported-report-set"} <= set(calendar)
    assert DAV + "sync-token" in found[ada.home()].props
    assert {DAV + "write", DAV + "bind"} & privileges(calendar)


def test_the_inbox_is_listed_in_the_home_and_says_what_it_is(ada):
    found = found_in(propfind(ada, ada.home(), HOME, "1"))
    assert found[ada.inbox].props[DAV + "resourcetype"].find("c:schedule-inbox", NS) is not None
    default = found[ada.inbox].props[CALDAV + "schedule-default-calendar-URL"]
    assert default[0].text == ada.href


def test_there_is_no_calendar_for_reminders(ada):
    """The Reminders program looks for VTODO, and for calendars to be made with it."""
    found = found_in(propfind(ada, ada.home(), HOME, "1"))
    sets = [[comp.get("name") for comp in one.props[CALDAV + "supported-calendar-component-set"]]
            for one in found.values() if CALDAV + "supported-calendar-component-set" in one.props]
    assert sets and all(names == ["VEVENT"] for names in sets)
    query = element("B:filter", element("B:comp-filter", element(
        "B:comp-filter", "", ' name="VTODO"'), ' name="VCALENDAR"'))
    answer = send(ada, "REPORT", ada.href, body("B:calendar-query", prop(
        "A:getetag A:getcontenttype") + query), TEXT, Depth="1")
    assert found_in(answer) == {}


def home_sync(ada, token):
    level = element("A:sync-level", "1")
    return sync(ada, ada.home(), token, HOME.replace(" B:managed-attachments-server-URL", ""), level)


def test_the_home_is_synchronised_with_all_its_properties(ada):
    first = home_sync(ada, "")
    assert {DAV + "displayname", CS + "getctag"} <= set(found_in(first)[ada.href].props)
    assert found_in(home_sync(ada, token_of(first))) == {}
    put_event(ada, "apple-home.ics")
    second = home_sync(ada, token_of(first))
    assert list(found_in(second)) == [ada.href]
    assert ada.delete(ada.href + "apple-home.ics").status_code == 204
    assert list(found_in(home_sync(ada, token_of(second)))) == [ada.href]


def test_when_the_list_of_calendars_has_changed_the_home_is_read_anew(ada):
    token = token_of(home_sync(ada, ""))
    href = ada.home() + "apple-home-sync/"
    assert send(ada, "MKCALENDAR", href, make("VEVENT"), TEXT).status_code == 201
    for sent in (token, "http://example.com/1"):
        answer = home_sync(ada, sent)
        if answer.status_code != 207:
            assert answer.status_code == 403
            assert precondition(answer) == "{DAV:}valid-sync-token"
            answer = home_sync(ada, "")
        assert href in found_in(answer)
    assert ada.delete(href).status_code == 204
    assert href not in found_in(home_sync(ada, ""))


def test_default_alarms_are_kept_at_the_home(ada):
    date = ("BEGIN:VALARM&#13;\nX-WR-ALARMUID:49F29226&#13;\nUID:49F29226&#13;\nTRIGGER:-PT15H&#13;\n"
            "ATTACH;VALUE=URI:Basso&#13;\nACTION:AUDIO&#13;\nEND:VALARM&#13;\n")
    none = ("BEGIN:VALARM&#13;\nX-WR-ALARMUID:4AD03A33&#13;\nUID:4AD03A33&#13;\n"
            "TRIGGER;VALUE=DATE-TIME:19760401T005545Z&#13;\nACTION:NONE&#13;\nEND:VALARM&#13;\n")
    proppatch(ada, ada.home(), "B:default-alarm-vevent-date", date)
    proppatch(ada, ada.home(), "B:default-alarm-vevent-datetime", none)
    props = found_in(propfind(ada, ada.home(), HOME))[ada.home()].props
    assert "X-WR-ALARMUID:49F29226" in props[CALDAV + "default-alarm-vevent-date"].text
    assert "ACTION:NONE" in props[CALDAV + "default-alarm-vevent-datetime"].text


# ---- calendars ----

def test_order_colour_and_zone_are_patched_at_the_first_poll(sim, ada):
    """_pollFirstTime1: each calendar in turn, each property in a request of its own."""
    href = ada.home() + "E4B3AB40-9A2B-4C3E-8E5F-000000000002/"
    answer = ada.xml("MKCALENDAR", href, "c:mkcalendar", "<d:set><d:prop><d:displayname>Polled"
                     "</d:displayname></d:prop></d:set>")
    assert answer.status_code == 201
    proppatch(ada, href, "D:calendar-color", "#882F00FF")
    proppatch(ada, href, "D:calendar-color", "#FD8208FF", ' symbolic-color="orange"')
    proppatch(ada, href, "D:calendar-order", "3")
    proppatch(ada, href, "A:displayname", "Polled again")
    proppatch(ada, href, "B:calendar-timezone", ZONE)
    proppatch(ada, href, "B:calendar-description", "some description")
    proppatch(ada, href, "B:schedule-calendar-transp", element("B:transparent"))
    props = found_in(propfind(ada, ada.home(), HOME, "1"))[href].props
    assert props[ICAL + "calendar-color"].text.upper().startswith("#FD8208")
    assert props[ICAL + "calendar-order"].text == "3"
    assert "TZID:America/Los_Angeles" in props[CALDAV + "calendar-timezone"].text
    assert props[CALDAV + "schedule-calendar-transp"].find("c:transparent", NS) is not None
    upstream = sim.data(ADA, "GET", "/" + sim.calendar("Polled again")["calendar_id"])
    assert upstream["color"] & 0xFFFFFF == 0xFD8208 and upstream["description"] == "some description"
    proppatch(ada, href, "B:schedule-calendar-transp", element("B:opaque"))
    assert ada.delete(href).status_code == 204


def test_order_and_colour_without_alpha_in_the_manner_of_ios(ada):
    before = only(ada.propfind(ada.href, 0, "<a:calendar-color/>"))[ICAL + "calendar-color"].text
    proppatch(ada, ada.href, "D:calendar-color", "#711A76")
    proppatch(ada, ada.href, "D:calendar-order", "0")
    props = only(ada.propfind(ada.href, 0, "<a:calendar-color/><a:calendar-order/>"))
    assert props[ICAL + "calendar-color"].text.upper().startswith("#711A76")
    assert props[ICAL + "calendar-order"].text == "0"
    proppatch(ada, ada.href, "D:calendar-color", before)


def test_a_colour_and_an_order_are_taken_for_a_calendar_that_may_only_be_read(sim, bridge, ada):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Painted"})["calendar"]
    sim.control("POST", "edit", {"as": BOB, "action": "share", "user": ADA, "role": "reader",
                                 "calendar_id": team["calendar_id"]})
    bridge.sync(ada.name)
    href = ada.calendars()["Painted"]
    for name, value in (("D:calendar-order", "5"), ("D:calendar-color", "#1BADF8FF")):
        proppatch(ada, href, name, value)
    props = only(ada.propfind(href, 0, "<a:calendar-color/><a:calendar-order/>"))
    assert props[ICAL + "calendar-order"].text == "5"
    assert props[ICAL + "calendar-color"].text.upper().startswith("#1BADF8")


def make(component):
    return body("B:mkcalendar", element("A:set", element("A:prop", "".join((
        element("D:calendar-order", "7"),
        element("B:supported-calendar-component-set", element(
            "B:comp", "", f' name="{component}"')),
        element("D:calendar-color", "#FF2D55", ' symbolic-color="custom"'),
        element("B:calendar-timezone", ZONE), element("A:displayname", f"Made of {component}"),
        element("B:schedule-calendar-transp", element("B:opaque")))))))


def test_apples_way_of_making_changing_and_deleting_a_calendar(sim, ada):
    href = ada.home() + "E4B3AB40-9A2B-4C3E-8E5F-000000000001/"
    answer = send(ada, "MKCALENDAR", href, make("VEVENT"), TEXT)
    assert answer.status_code == 201, answer.text
    upstream = sim.data(ADA, "GET", "/" + sim.calendar("Made of VEVENT")["calendar_id"])
    assert upstream["color"] & 0xFFFFFF == 0xFF2D55
    props = found_in(propfind(ada, ada.home(), HOME, "1"))[href].props
    assert props[DAV + "displayname"].text == "Made of VEVENT"
    assert props[ICAL + "calendar-order"].text == "7"
    proppatch(ada, href, "A:displayname", "Renamed")
    assert sim.calendar("Renamed")
    assert ada.delete(href).status_code == 204
    assert href not in found_in(propfind(ada, ada.home(), HOME, "1"))


def test_a_list_of_reminders_cannot_be_made_and_the_reason_is_told(sim, ada):
    answer = send(ada, "MKCALENDAR", ada.home() + "E4B3AB40-TASKS/", make("VTODO"), TEXT)
    assert answer.status_code == 403 and "supported-calendar-component" in answer.text
    assert not [one for one in sim.calendars() if one["summary"] == "Made of VTODO"]


def test_a_reminder_that_is_put_into_a_calendar_is_refused_by_its_component(ada):
    text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Apple//EN", "BEGIN:VTODO",
                        "UID:todo@example.com", "DTSTAMP:20261120T000000Z", "SUMMARY:Buy",
                        "END:VTODO", "END:VCALENDAR", ""])
    answer = send(ada, "PUT", ada.href + "todo.ics", text, "text/calendar")
    assert answer.status_code == 403
    assert precondition(answer) == CALDAV + "supported-calendar-component"


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


def expand(name):
    inner = "".join(f'<A:property name="{local}" namespace="{space}"/>' for local, space in (
        ("calendar-user-address-set", SPACES["B"]), ("email-address-set", SPACES["C"]),
        ("displayname", SPACES["A"])))
    return f'<A:property name="{name}" namespace="{SPACES["C"]}">{inner}</A:property>'


def test_a_multiget_of_200_is_one_request(ada):
    """MULTIGET_BATCH_SIZE; hrefs that are gone are told apart from those that are there."""
    member = next(iter(ada.members(ada.href)))
    gone = [f"{ada.href}gone-{n}.ics" for n in range(199)]
    found = found_in(multiget(ada, ada.href, [*gone, member]))
    assert len(found) == 200
    assert all(found[href].status == 404 for href in gone)
    assert found[member].status is None


def test_a_time_range_with_only_a_start(ada):
    query = element("B:filter", element("B:comp-filter", element("B:comp-filter", element(
        "B:time-range", "", ' start="20270101T000000Z"'), ' name="VEVENT"'), ' name="VCALENDAR"'))
    answer = send(ada, "REPORT", ada.href, body("B:calendar-query", prop(
        "A:getetag A:getcontenttype") + query), TEXT, Depth="1")
    member = next(iter(ada.members(ada.href)))
    assert member in found_in(answer)
    assert all(one.props[DAV + "getcontenttype"].text for one in found_in(answer).values())


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


def search_people(ada, base, words):
    """calendarserver-principal-search, as 10.11 types it, without Depth"""
    text = body("C:calendarserver-principal-search", f"<C:search-token>{words}</C:search-token>" + prop(
        "C:email-address-set B:calendar-user-type B:calendar-user-address-set A:principal-URL "
        "C:last-name C:record-type A:displayname C:first-name")).replace(
            "search xmlns", 'search context="attendee" xmlns', 1)
    return send(ada, "REPORT", base, text, TEXT)


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
    assert answer.status_code in (403, 405, 501), answer.status_code
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


def outbox(ada, recipients, extra=()):
    """requestAvailability"""
    return send(ada, "POST", ada.outbox, freebusy_text(f"mailto:{MAIL}", recipients, extra=(
        *extra, "SUMMARY:Availability for them")), "text/calendar", Originator=f"mailto:{MAIL}",
        Recipient=", ".join(f"mailto:{one}" for one in recipients))


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
