"""What real clients do on the wire, through the real program: Thunderbird, Apple, DAVx5, KDE, tsdav,
Evolution, vdirsyncer. Each test is a line of what their sources demand."""

import re
import xml.etree.ElementTree as ET

import pytest
import requests
from bridge import NS, Bridge, event, precondition, responses
from feishu_sim import FeishuSim

ADA = "ou_ada00000000000000000000000000001"
BOB = "ou_bob00000000000000000000000000002"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"
SOON = 1800000000


@pytest.fixture(scope="module", name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        yield sim


@pytest.fixture(scope="module", name="bridge")
def fixture_bridge(sim):
    with Bridge(sim, {"sync.poll-interval": "3600"}) as bridge:
        yield bridge


@pytest.fixture(scope="module", name="ada")
def fixture_ada(sim, bridge):
    sim.add_event(ADA, "First", (SOON, SOON + 3600))
    client = bridge.sign_in(ADA)
    client.href = client.calendars()["Ada"]
    client.principal = client.propfind("/dav/", 0, "<d:current-user-principal/>")
    client.principal = next(iter(client.principal.values()))[
        "{DAV:}current-user-principal"][0].text
    return client


def dav_classes(answer):
    return [one.strip() for one in answer.headers["DAV"].split(",")]


# ---- Thunderbird ----

@pytest.mark.parametrize("path", ["/", "/.well-known/caldav", "/dav/"])
def test_thunderbird_finds_the_principal_from_every_start(bridge, ada, path):
    href = path
    for _ in range(5):
        answer = ada.xml("PROPFIND", href, "d:propfind", "<d:prop><d:resourcetype/><d:owner/>"
                         "<d:displayname/><d:current-user-principal/>"
                         "<d:current-user-privilege-set/><c:calendar-home-set/></d:prop>",
                         {"Depth": "0"})
        if answer.status_code not in (301, 302, 307, 308):
            break
        href = answer.headers["Location"].replace(bridge.url, "")
    assert answer.status_code == 207
    first = responses(answer)[0]
    assert first.props["{DAV:}current-user-principal"][0].text == ada.principal


@pytest.mark.parametrize("path", ["/dav/", "calendar", "object", "principal", "home"])
@pytest.mark.parametrize("method", ["PROPFIND", "OPTIONS", "GET", "PUT", "REPORT", "DELETE"])
def test_without_credentials_it_is_401_with_basic_and_never_403(bridge, ada, path, method):
    href = {"calendar": ada.href, "object": next(iter(ada.members(ada.href))),
            "principal": ada.principal, "home": ada.home()}.get(path, path)
    answer = requests.request(method, bridge.url + href, timeout=30)
    if method == "OPTIONS" and answer.status_code == 200:
        return
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_the_ics_detector_of_thunderbird_gets_neither_409_nor_412(ada):
    for href in (ada.href, ada.home(), "/dav/"):
        assert ada.request("HEAD", href).status_code in (200, 403, 405, 404)
        answer = ada.request("PUT", href, "", {"If-Match": "nothing",
                                               "Content-Type": "text/plain"})
        assert answer.status_code in (403, 405), answer.status_code


def test_options_of_the_home_tell_of_scheduling_but_not_first(ada):
    for href in (ada.home(), ada.principal, ada.href):
        classes = dav_classes(ada.request("OPTIONS", href))
        assert "calendar-access" in classes and "calendar-auto-schedule" in classes
        assert classes[0] not in ("calendar-auto-schedule", "calendar-access")


def test_a_report_is_wrapped_and_every_propstat_has_a_status(ada):
    answer = ada.xml("PROPFIND", ada.href, "d:propfind", "<d:prop><d:supported-report-set/>"
                     "<d:no-such/></d:prop>", {"Depth": "0"})
    root = ET.fromstring(answer.content)
    for propstat in root.iter("{DAV:}propstat"):
        assert propstat.find("d:status", NS) is not None
    wanted = {"{DAV:}sync-collection", CALDAV + "calendar-query", CALDAV + "calendar-multiget",
              CALDAV + "free-busy-query"}
    found = {one[0].tag for one in root.iter("{DAV:}report")}
    assert wanted <= found
    assert all(parent.tag == "{DAV:}supported-report"
               for parent in root.iter() if parent.find("{DAV:}report") is not None)


def test_the_principal_has_all_three_that_scheduling_needs(ada):
    props = next(iter(ada.propfind(ada.principal, 0, "<c:calendar-user-address-set/>"
                                   "<c:schedule-inbox-URL/><c:schedule-outbox-URL/>").values()))
    addresses = [one.text for one in props[CALDAV + "calendar-user-address-set"]]
    assert "mailto:ada@example.com" in addresses
    for name in ("schedule-inbox-URL", "schedule-outbox-URL"):
        href = props[CALDAV + name][0].text
        assert ada.propfind(href, 0, "<d:resourcetype/>")


def test_a_missing_object_in_a_multiget_is_a_404_of_its_response(ada):
    member = next(iter(ada.members(ada.href)))
    answer = ada.report(ada.href, "c:calendar-multiget",
                        "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
                        f"<d:href>{ada.href}none.ics</d:href><d:href>{member}</d:href>")
    found = {one.href: one for one in responses(answer)}
    assert found[ada.href + "none.ics"].status == 404
    assert found[ada.href + "none.ics"].element.find("d:propstat", NS) is None
    assert CALDAV + "calendar-data" in found[member].props


def test_what_thunderbird_keeps_in_x_properties_stays(ada):
    text = event("ack@example.com", extra="X-MOZ-LASTACK:20270101T000000Z\n"
                 "X-MOZ-SNOOZE-TIME:20270102T000000Z\nX-MOZ-GENERATION:3")
    href = ada.href + "ack.ics"
    assert ada.put(href, text).status_code == 201
    assert ada.get(href) == text
    assert ada.delete(href).status_code == 204
    assert ada.delete(href).status_code == 404


def test_a_colour_is_six_or_eight_digits(ada):
    props = next(iter(ada.propfind(ada.href, 0, "<a:calendar-color/>").values()))
    assert re.fullmatch("#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?",
                        props["{http://apple.com/ns/ical/}calendar-color"].text)


# ---- Apple ----

APPLE = "".join(f"<{one}/>" for one in (
    "d:add-member c:allowed-sharing-modes a:autoprovisioned cs:bulk-requests a:calendar-color "
    "c:calendar-description c:calendar-free-busy-set a:calendar-order c:calendar-timezone "
    "d:current-user-privilege-set c:default-alarm-vevent-date c:default-alarm-vevent-datetime "
    "d:displayname cs:getctag d:group-membership a:language-code a:location-code d:owner "
    "cs:pre-publish-url cs:publish-url cs:push-transports cs:pushkey d:quota-available-bytes "
    "d:quota-used-bytes a:refreshrate d:resource-id d:resourcetype "
    "c:schedule-calendar-transp c:schedule-default-calendar-URL cs:source "
    "cs:subscribed-strip-alarms cs:subscribed-strip-attachments cs:subscribed-strip-todos "
    "c:supported-calendar-component-set c:supported-calendar-component-sets "
    "d:supported-report-set d:sync-token cs:xmpp-server cs:xmpp-uri").split())


def test_apples_39_properties_of_the_home_are_no_error(ada):
    answer = ada.xml("PROPFIND", ada.home(), "d:propfind", f"<d:prop>{APPLE}</d:prop>",
                     {"Depth": "1"})
    assert answer.status_code == 207
    for one in responses(answer):
        assert len(one.props) + len(one.missing) == 39
    calendar, = [one for one in responses(answer) if one.href == ada.href]
    assert {"{DAV:}sync-token", "{DAV:}displayname", "{DAV:}resourcetype",
            "{http://calendarserver.org/ns/}getctag",
            CALDAV + "supported-calendar-component-set"} <= set(calendar.props)


@pytest.mark.parametrize("depth,level", [
    ("1", ""), ("0", "<d:sync-level>1</d:sync-level>"), (None, "<d:sync-level>1</d:sync-level>"),
    ("1", "<d:sync-level>1</d:sync-level>")])
def test_sync_collection_in_the_manner_of_apple_davx5_and_tsdav(ada, depth, level):
    headers = {"Depth": depth} if depth else {}
    answer = ada.xml("REPORT", ada.href, "d:sync-collection",
                     f"<d:sync-token></d:sync-token>{level}<d:prop><d:getetag/>"
                     "<d:displayname/><c:calendar-data/></d:prop>", headers)
    assert answer.status_code == 207
    root = ET.fromstring(answer.content)
    token = root.find("d:sync-token", NS).text
    assert token and len(responses(answer)) == len(ada.members(ada.href))
    assert all("{DAV:}getetag" in one.props for one in responses(answer))
    again = ada.xml("REPORT", ada.href, "d:sync-collection",
                    f"<d:sync-token>{token}</d:sync-token>{level}<d:prop><d:getetag/></d:prop>",
                    headers)
    assert responses(again) == []


@pytest.mark.parametrize("token", ["nonsense", "data:,x-1", "http://example.com/1", "data:,"])
def test_an_invalid_token_is_403_with_valid_sync_token(ada, token):
    answer = ada.report(ada.href, "d:sync-collection", f"<d:sync-token>{token}</d:sync-token>"
                        "<d:sync-level>1</d:sync-level><d:prop><d:getetag/></d:prop>", 0)
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"


def test_multiget_and_expand_property_need_no_depth(ada):
    member = next(iter(ada.members(ada.href)))
    answer = ada.xml("REPORT", ada.href, "c:calendar-multiget", "<d:prop><d:getetag/>"
                     f"<c:schedule-tag/><c:calendar-data/></d:prop><d:href>{member}</d:href>")
    assert answer.status_code == 207 and len(responses(answer)) == 1
    answer = ada.xml("REPORT", ada.principal, "d:expand-property",
                     '<d:property name="calendar-proxy-write-for" '
                     'namespace="http://calendarserver.org/ns/"><d:property name="email-address-set"'
                     ' namespace="http://calendarserver.org/ns/"/></d:property>')
    assert answer.status_code == 207


def test_apples_way_of_making_changing_and_deleting_a_calendar(sim, ada):
    href = ada.home() + "E4B3AB40-9A2B-4C3E-8E5F-000000000001/"
    zone = "BEGIN:VCALENDAR&#13;\nVERSION:2.0&#13;\nPRODID:-//Apple//EN&#13;\nBEGIN:VTIMEZONE" \
        "&#13;\nTZID:Asia/Shanghai&#13;\nBEGIN:STANDARD&#13;\nDTSTART:19700101T000000&#13;\n" \
        "TZOFFSETFROM:+0800&#13;\nTZOFFSETTO:+0800&#13;\nEND:STANDARD&#13;\nEND:VTIMEZONE" \
        "&#13;\nEND:VCALENDAR&#13;\n"
    answer = ada.xml("MKCALENDAR", href, "c:mkcalendar", "<d:set><d:prop>"
                     '<a:calendar-color symbolic-color="custom">#FF2D55FF</a:calendar-color>'
                     "<a:calendar-order>7</a:calendar-order><d:displayname>Plans</d:displayname>"
                     f"<c:calendar-timezone>{zone}</c:calendar-timezone>"
                     "<c:supported-calendar-component-set><c:comp name=\"VEVENT\"/>"
                     "</c:supported-calendar-component-set></d:prop></d:set>")
    assert answer.status_code == 201, answer.text
    plans = sim.data(ADA, "GET", "/" + sim.calendar("Plans")["calendar_id"])
    assert plans["color"] & 0xFFFFFF == 0xFF2D55
    answer = ada.xml("PROPPATCH", href, "d:propertyupdate", "<d:set><d:prop>"
                     '<a:calendar-color symbolic-color="blue">#1BADF8FF</a:calendar-color>'
                     "</d:prop></d:set><d:set><d:prop><a:calendar-order>9</a:calendar-order>"
                     "</d:prop></d:set>")
    assert answer.status_code == 207 and " 200 " in answer.text and " 40" not in answer.text
    props = next(iter(ada.propfind(href, 0, "<a:calendar-order/><a:calendar-color/>").values()))
    assert props["{http://apple.com/ns/ical/}calendar-order"].text == "9"
    assert props["{http://apple.com/ns/ical/}calendar-color"].text.upper().startswith("#1BADF8")
    assert ada.delete(href).status_code == 204
    tasks = ada.xml("MKCALENDAR", ada.home() + "tasks/", "c:mkcalendar", "<d:set><d:prop>"
                    "<d:displayname>Reminders</d:displayname>"
                    "<c:supported-calendar-component-set><c:comp name=\"VTODO\"/>"
                    "</c:supported-calendar-component-set></d:prop></d:set>")
    assert tasks.status_code == 403 and "supported-calendar-component" in tasks.text
    assert not [one for one in sim.calendars() if one["summary"] == "Reminders"]


def test_apples_defaults_are_kept_at_the_home(ada):
    alarm = "BEGIN:VALARM\nX-WR-ALARMUID:1\nUID:1\nTRIGGER:-PT15H\nACTION:NONE\nEND:VALARM\n"
    answer = ada.xml("PROPPATCH", ada.home(), "d:propertyupdate", "<d:set><d:prop>"
                     f"<c:default-alarm-vevent-date>{alarm}</c:default-alarm-vevent-date>"
                     "</d:prop></d:set>")
    assert answer.status_code == 207 and " 200 " in answer.text
    props = next(iter(ada.propfind(ada.home(), 0, "<c:default-alarm-vevent-date/>").values()))
    assert "X-WR-ALARMUID" in props[CALDAV + "default-alarm-vevent-date"].text


def test_apple_puts_without_a_condition_and_updates_with_one(ada):
    href = ada.href + "apple.ics"
    answer = ada.put(href, event("apple@example.com"))
    assert answer.status_code == 201
    etag = answer.headers["ETag"]
    assert etag.startswith('"') and etag.endswith('"')
    changed = ada.put(href, event("apple@example.com", summary="Two"), {"If-Match": etag})
    assert changed.status_code == 204
    stale = ada.put(href, event("apple@example.com", summary="Three"), {"If-Match": etag})
    assert stale.status_code == 412 and stale.text, "KDE takes a 412 without a body for a 404"
    assert ada.delete(href, {"If-Match": etag}).status_code == 412
    assert ada.delete(href).status_code == 204


def test_principal_search_property_set_is_200(ada):
    answer = ada.xml("REPORT", "/dav/principals/" if "/principals/" in ada.principal else "/dav/",
                     "d:principal-search-property-set", "", {"Depth": "0"})
    assert answer.status_code == 200, answer.text


def outbox(ada, recipients, extra=""):
    props = next(iter(ada.propfind(ada.principal, 0, "<c:schedule-outbox-URL/>").values()))
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Apple//EN", "METHOD:REQUEST",
             "BEGIN:VFREEBUSY", "UID:FB-1", "DTSTAMP:20261120T000000Z",
             "DTSTART:20270114T000000Z", "DTEND:20270117T000000Z",
             "ORGANIZER:mailto:ada@example.com",
             *[f"ATTENDEE:mailto:{one}" for one in recipients]]
    if extra:
        lines.insert(8, extra)
    return ada.request("POST", props[CALDAV + "schedule-outbox-URL"][0].text,
                       "\r\n".join([*lines, "END:VFREEBUSY", "END:VCALENDAR", ""]),
                       {"Content-Type": "text/calendar; charset=utf-8",
                        "Originator": "mailto:ada@example.com",
                        "Recipient": ", ".join(f"mailto:{one}" for one in recipients)})


def test_the_outbox_answers_for_each_recipient_of_one_header(sim, ada):
    sim.add_event(BOB, "Busy", (SOON + 86400, SOON + 90000))
    answer = outbox(ada, ["bob@example.com", "ada@example.com", "nobody@example.com"])
    assert answer.status_code == 200
    root = ET.fromstring(answer.content)
    assert root.tag == CALDAV + "schedule-response"
    found = {one.find("c:recipient/d:href", NS).text: one for one in root}
    assert found["mailto:bob@example.com"].find("c:request-status", NS).text.startswith("2")
    data = found["mailto:bob@example.com"].find("c:calendar-data", NS).text
    assert "VFREEBUSY" in data and "20270116T080000Z" in data
    status = found["mailto:nobody@example.com"].find("c:request-status", NS).text
    assert status.startswith("3.7")


def test_apples_masked_uid_leaves_an_event_out(sim, bridge, ada):
    sim.add_event(ADA, "Mine", (SOON + 100000, SOON + 103600))
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Mine" in ada.get(one)]
    uid = re.search("UID:(.*)\r\n", ada.get(href)).group(1)
    busy = "20270116T114640Z"
    assert busy in outbox(ada, ["ada@example.com"]).text
    assert busy not in outbox(ada, ["ada@example.com"], "X-CALENDARSERVER-MASK-UID:" + uid).text
    assert ada.delete(href).status_code == 204


def test_a_time_range_with_only_a_start(ada):
    answer = ada.report(ada.href, "c:calendar-query", "<d:prop><d:getetag/></d:prop><c:filter>"
                        '<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
                        '<c:time-range start="20270101T000000Z"/></c:comp-filter>'
                        "</c:comp-filter></c:filter>")
    assert answer.status_code == 207 and responses(answer)


# ---- DAVx5 ----

def test_davx5_makes_a_calendar_with_its_own_body(sim, ada):
    href = ada.home() + "1a2b3c4d-dav-x5/"
    answer = ada.xml("MKCALENDAR", href, "c:mkcalendar", "<d:set><d:prop><d:resourcetype>"
                     "<d:collection/><c:calendar/></d:resourcetype><d:displayname>Davx"
                     "</d:displayname><c:calendar-description>text</c:calendar-description>"
                     "<a:calendar-color>#7BD148FF</a:calendar-color><c:calendar-timezone-id>"
                     "Europe/Vienna</c:calendar-timezone-id><c:supported-calendar-component-set>"
                     '<c:comp name="VEVENT"/></c:supported-calendar-component-set></d:prop>'
                     "</d:set>")
    assert answer.status_code == 201, answer.text
    assert sim.calendar("Davx")["description"] == "text"
    assert ada.delete(href).status_code == 204


def test_hrefs_are_raw_prefixes_and_every_change_has_an_etag(ada):
    odd = ada.href + "with%20space%20%26%20%C3%BC.ics"
    assert ada.put(odd, event("odd@example.com")).status_code == 201
    answer = ada.report(ada.href, "d:sync-collection", "<d:sync-token/><d:sync-level>1"
                        "</d:sync-level><d:prop><d:getetag/></d:prop>", 0)
    hrefs = [one.href for one in responses(answer)]
    assert all(href.startswith(ada.href) for href in hrefs)
    again = [href for href in hrefs if "space" in href]
    assert len(again) == 1 and "odd@example.com" in ada.get(again[0])
    assert ada.delete(odd).status_code == 204


def test_a_schedule_tag_stands_for_the_etag(sim, bridge, ada):
    sim.add_event(ADA, "Tagged", (SOON, SOON + 3600), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Tagged" in ada.get(one)]
    answer = ada.request("GET", href)
    tag, text = answer.headers["Schedule-Tag"], answer.content.decode()
    wrong = ada.put(href, text.replace("Tagged", "Named"), {"If-Schedule-Tag-Match": '"no"'})
    assert wrong.status_code == 412
    assert ada.put(href, text.replace("Tagged", "Named"),
                   {"If-Schedule-Tag-Match": tag}).status_code == 204
    tag = ada.request("GET", href).headers["Schedule-Tag"]
    assert ada.delete(href, {"If-Schedule-Tag-Match": tag}).status_code == 204


def test_read_only_is_403_with_need_privileges(sim, bridge, ada):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Look only"})["calendar"]
    sim.control("POST", "edit", {"as": BOB, "action": "share", "user": ADA, "role": "reader",
                                 "calendar_id": team["calendar_id"]})
    bridge.sync(ada.name)
    answer = ada.put(ada.calendars()["Look only"] + "x.ics", event("x@example.com"))
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}need-privileges"


# ---- others ----

def test_vdirsyncer_makes_a_collection_by_extended_mkcol(sim, ada):
    href = ada.home() + "vdir/"
    answer = ada.xml("MKCOL", href, "d:mkcol", "<d:set><d:prop><d:resourcetype><d:collection/>"
                     "<c:calendar/></d:resourcetype></d:prop></d:set>")
    assert answer.status_code == 201, answer.text
    assert href in ada.calendars().values()
    assert ada.delete(href).status_code == 204


def test_evolution_quotes_the_charset_and_wants_no_more_than_it_needs(ada):
    href = ada.href + "evolution.ics"
    answer = ada.put(href, event("evolution@example.com"),
                     {"Content-Type": 'text/calendar; charset="utf-8"',
                      "Prefer": "return=minimal"})
    assert answer.status_code == 201
    assert ada.delete(href).status_code == 204


def test_every_object_ends_in_ics(ada):
    assert all(href.endswith(".ics") for href in ada.members(ada.href))


def test_cadavers_properties_are_no_error(ada):
    answer = ada.xml("PROPFIND", ada.href, "d:propfind", "<d:prop><d:getcontentlength/>"
                     '<d:getlastmodified/><x:executable xmlns:x="http://apache.org/dav/props/"/>'
                     "<d:resourcetype/><d:checked-in/><d:checked-out/></d:prop>", {"Depth": "1"})
    assert answer.status_code == 207 and "executable" in answer.text


@pytest.mark.parametrize("method,status", [("PUT", 412), ("DELETE", 404), ("GET", 404),
                                           ("REPORT", 404), ("PROPPATCH", 404)])
def test_every_error_has_a_body_for_kde(ada, method, status):
    headers = {"If-Match": '"x"'} if method == "PUT" else {}
    body = event("none@example.com") if method == "PUT" else ""
    if method in ("REPORT", "PROPPATCH"):
        root = "d:propertyupdate" if method == "PROPPATCH" else "c:calendar-multiget"
        answer = ada.xml(method, ada.href + "none.ics", root, "<d:set><d:prop><d:x/></d:prop>"
                         "</d:set>" if method == "PROPPATCH" else "<d:prop/><d:href>/x</d:href>")
    else:
        answer = ada.request(method, ada.href + "none.ics", body,
                             {"Content-Type": "text/calendar", **headers})
    assert answer.status_code == status, answer.text
    assert answer.text
