"""Apple Calendar of macOS 10.7 and 10.11 on the wire (apple/ccs-calendarserver, contrib/performance/loadtest,
whose requests are taken from the programs): setting up an account, its home, its calendars."""

import xml.etree.ElementTree as ET

import pytest

from apple import (HOME, HOME_10_7, PRINCIPAL, START, TEXT, ZONE, body, element, expand, home_sync,
                   make, multiget, prop, propfind, proppatch, query_since, sync)
from bridge import NS, precondition
from clients import (ADA, BOB, CALDAV, CS, DAV, ICAL, SOON, anonymous, found_in, only, privileges,
                     put_event, reader_calendar, send, token_of, written)
from shared import ada, bridge, sim  # noqa: F401


# ---- setting up an account ----


@pytest.mark.parametrize("path", ["/.well-known/caldav", "/.well-known/caldav/", "/"])
@pytest.mark.parametrize("method", ["PROPFIND", "HEAD"])
def test_the_first_look_is_without_credentials_and_leads_to_a_401(ada, path, method):
    sent = {"content_type": TEXT, "Depth": "0"} if method == "PROPFIND" else {}
    answer = anonymous(ada, method, path, body("A:propfind", prop(START)) if sent else None, **sent)
    if method == "HEAD" and path == "/":
        assert answer.status_code == 200
        return
    assert answer.status_code == 301
    where = answer.headers["Location"].replace(ada.bridge.url, "")
    answer = anonymous(ada, method, where, body("A:propfind", prop(START)) if sent else None, **sent)
    assert answer.status_code == 401 and answer.headers["WWW-Authenticate"].startswith("Basic ")


@pytest.mark.parametrize("start", ["/.well-known/caldav", "/.well-known/caldav/", "/", "/dav/",
                                   "/dav/principals/", "/principals/"])
def test_discovery_ends_at_the_principal(ada, start):
    answer = propfind(ada, start, START)
    if start == "/principals/":
        assert answer.status_code == 404, "guessed by iOS 5; it goes on with other addresses"
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


def test_the_home_is_synchronised_with_all_its_properties(ada):
    first = home_sync(ada, "")
    assert {DAV + "displayname", CS + "getctag"} <= set(found_in(first)[ada.href].props)
    assert found_in(home_sync(ada, token_of(first))) == {}
    put_event(ada, "apple-home.ics")
    second = home_sync(ada, token_of(first))
    assert list(found_in(second)) == [ada.href]
    assert ada.delete(ada.href + "apple-home.ics").status_code == 204
    assert list(found_in(home_sync(ada, token_of(second)))) == [ada.href]


def test_calendars_that_come_and_go_are_told_at_the_home(ada):
    token = token_of(home_sync(ada, ""))
    href = ada.home() + "apple-home-sync/"
    assert send(ada, "MKCALENDAR", href, make("VEVENT"), TEXT).status_code == 201
    answer = home_sync(ada, token)
    assert set(found_in(answer)) == {href}
    assert found_in(answer)[href].props[DAV + "displayname"].text == "Made of VEVENT"
    token = token_of(answer)
    answer = home_sync(ada, "http://example.com/1")
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"
    assert href in found_in(home_sync(ada, ""))
    assert ada.delete(href).status_code == 204
    answer = home_sync(ada, token)
    assert {one.href: one.status for one in found_in(answer).values()} == {href: 404}
    assert found_in(home_sync(ada, token_of(answer))) == {}
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


def test_a_colour_and_an_order_are_taken_for_a_calendar_that_may_only_be_read(sim, bridge, ada):
    href = reader_calendar(sim, bridge, ada, "Painted")
    for name, value in (("D:calendar-order", "5"), ("D:calendar-color", "#1BADF8FF")):
        proppatch(ada, href, name, value)
    props = only(ada.propfind(href, 0, "<a:calendar-color/><a:calendar-order/>"))
    assert props[ICAL + "calendar-order"].text == "5"
    assert props[ICAL + "calendar-color"].text.upper().startswith("#1BADF8")


def test_a_name_that_is_sent_back_as_it_was_hides_no_later_one(sim, bridge, ada):
    """Else it would be a private alias of a shared calendar, and its owner's next name not be seen."""
    href = reader_calendar(sim, bridge, ada, "Old name")
    since = sim.last_call()
    proppatch(ada, href, "A:displayname", "Old name")
    assert written(sim, since) == []
    sim.edit(BOB, "calendar_patch", calendar_id=sim.calendar("Old name")["calendar_id"],
             calendar={"summary": "New name"})
    bridge.sync(ada.name)
    assert ada.calendars()["New name"] == href
    proppatch(ada, href, "A:displayname", "Private name")
    assert ada.calendars()["Private name"] == href and sim.calendar("New name")


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


# ---- whole sequences ----


def test_the_first_start_of_macos_from_end_to_end(sim, bridge, ada):
    """StartupProfile of 10.11: each request in its place, with what the answer before has told, and no other
    answer than the client goes on with. Then the next poll, which finds one change."""
    since = sim.last_call()
    start = next(iter(found_in(propfind(ada, "/.well-known/caldav/", START)).values()))
    principal = start.props[DAV + "current-user-principal"][0].text
    account = found_in(propfind(ada, principal, PRINCIPAL))[principal].props
    assert send(ada, "OPTIONS", principal).status_code == 200
    answer = send(ada, "REPORT", account[DAV + "principal-collection-set"][0].text,
                  body("A:principal-search-property-set", ""), TEXT, Depth="0")
    assert answer.status_code == 200
    inbox = account[CALDAV + "schedule-inbox-URL"][0].text
    found_in(propfind(ada, inbox, "C:calendar-availability"))
    home = account[CALDAV + "calendar-home-set"][0].text
    listed = found_in(propfind(ada, home, HOME, "1"))
    for name in ("default-alarm-vevent-date", "default-alarm-vevent-datetime"):
        proppatch(ada, home, f"B:{name}", "BEGIN:VALARM&#13;\nACTION:NONE&#13;\nEND:VALARM&#13;\n")
    calendars = [href for href, one in listed.items()
                 if one.props[DAV + "resourcetype"].find("c:calendar", NS) is not None]
    held = {}
    for order, href in enumerate(calendars, 1):
        proppatch(ada, href, "D:calendar-order", str(order))
        proppatch(ada, href, "A:displayname", listed[href].props[DAV + "displayname"].text)
        proppatch(ada, href, "D:calendar-color", listed[href].props[ICAL + "calendar-color"].text)
        proppatch(ada, href, "B:calendar-timezone", ZONE)
        found_in(propfind(ada, href, "C:getctag A:sync-token"))
        found_in(query_since(ada, href, "VEVENT", "20260101T000000Z"))
        hrefs = [one for one in found_in(propfind(ada, href, "A:getcontenttype A:getetag", "1"))
                 if one != href]
        held[href] = set(hrefs)
        if hrefs:
            assert all(CALDAV + "calendar-data" in one.props
                       for one in found_in(multiget(ada, href, hrefs)).values())
    assert ada.href in held and held[ada.href] == set(ada.members(ada.href))
    found_in(propfind(ada, inbox, "C:getctag A:sync-token"))
    found_in(propfind(ada, inbox, "A:getcontenttype A:getetag", "1"))
    found_in(send(ada, "REPORT", principal, body("A:expand-property", "".join(
        expand(name) for name in ("calendar-proxy-read-for", "calendar-proxy-write-for"))), TEXT))
    token = token_of(home_sync(ada, ""))
    found_in(propfind(ada, inbox, "C:getctag A:sync-token"))
    assert written(sim, since) == [], "an account that is set up changes nothing in Feishu"

    sim.add_event(ADA, "Since the poll", (SOON, SOON + 3600))
    bridge.sync(ada.name)
    changed = found_in(home_sync(ada, token))
    assert list(changed) == [ada.href]
    new = set(found_in(sync(ada, ada.href, ""))) - held[ada.href]
    text, = (one.props[CALDAV + "calendar-data"].text
             for one in found_in(multiget(ada, ada.href, sorted(new))).values())
    assert "SUMMARY:Since the poll" in text
    assert ada.delete(new.pop()).status_code == 204
