"""Thunderbird on the wire, from its own sources (ESR 128 and later, modules/CalDav*.sys.mjs and
modules/caldav/): how it looks for calendars, reads, writes and schedules. The program itself is played
in test_compat_thunderbird.py."""

import re
import xml.etree.ElementTree as ET

import pytest
from bridge import NS, event, precondition
from clients import (BOB, CALDAV, CS, DAV, MAIL, SOON, anonymous, busy_answers, classes_of, follow,
                     found_in, freebusy_text, only, privileges, put_event, reader_calendar, send,
                     token_of, written)
from shared import ada, bridge, sim  # noqa: F401

HEADER = '<?xml version="1.0" encoding="UTF-8"?>\n'
NAMESPACES = ('xmlns:D="DAV:" xmlns:A="http://apple.com/ns/ical/" '
              'xmlns:C="urn:ietf:params:xml:ns:caldav" xmlns:CS="http://calendarserver.org/ns/"')
DETECT = ("D:resourcetype", "D:owner", "D:displayname", "D:current-user-principal",
          "D:current-user-privilege-set", "A:calendar-color", "C:calendar-home-set")
WRITE = {DAV + "write", DAV + "write-content", DAV + "write-properties", DAV + "all"}


def propfind(ada, href, *props, depth="0"):
    """CalDavPropfindRequest"""
    body = (f"{HEADER}<D:propfind {NAMESPACES}><D:prop>" + "".join(f"<{one}/>" for one in props) +
            "</D:prop></D:propfind>")
    return follow(ada, "PROPFIND", href, body, content_type="text/xml; charset=utf-8", Depth=depth)


def sync(ada, href, token=None):
    """CalDavWebDavSyncHandler.doWebDAVSync"""
    body = (f'{HEADER}<sync-collection xmlns="DAV:">' +
            (f"<sync-token>{token}</sync-token>" if token else "<sync-token/>") +
            "<sync-level>1</sync-level><prop><getcontenttype/><getetag/></prop></sync-collection>")
    return send(ada, "REPORT", href, body, "text/xml; charset=utf-8", Depth="1")


def multiget(ada, href, hrefs):
    """CalDavMultigetSyncHandler.doMultiGet"""
    body = (f'{HEADER}<C:calendar-multiget xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav">'
            "<D:prop><D:getetag/><C:calendar-data/></D:prop>" +
            "".join(f"<D:href>{one}</D:href>" for one in hrefs) + "</C:calendar-multiget>")
    return send(ada, "REPORT", href, body, "text/xml; charset=utf-8", Depth="1")


def first_props(answer):
    """response.firstProps: of Depth 0 only the first response counts, so there is but one."""
    one, = found_in(answer).values()
    return one.props


# ---- looking for calendars: CalDavProvider.detectCalendars ----

@pytest.mark.parametrize("path", ["/", "/.well-known/caldav", "/dav/", "/dav"])
def test_thunderbird_finds_the_principal_from_every_start(ada, path):
    props = first_props(propfind(ada, path, *DETECT))
    assert props[DAV + "current-user-principal"][0].text == ada.principal
    assert props[DAV + "resourcetype"].find("c:calendar", NS) is None


@pytest.mark.parametrize("start", ["home", "principal", "calendar"])
def test_thunderbird_takes_any_of_the_addresses_for_a_start(ada, start):
    href = {"home": ada.home(), "principal": ada.principal, "calendar": ada.href}[start]
    props = first_props(propfind(ada, href, *DETECT))
    if start == "calendar":
        assert props[DAV + "resourcetype"].find("c:calendar", NS) is not None
    elif start == "principal":
        assert props[CALDAV + "calendar-home-set"][0].text == ada.home()
    else:
        assert props[DAV + "current-user-principal"][0].text == ada.principal


def test_the_listing_of_the_home_has_a_resourcetype_everywhere_and_a_name_and_a_colour(ada):
    home = first_props(propfind(ada, ada.principal, "C:calendar-home-set"))
    href = home[CALDAV + "calendar-home-set"][0].text
    found = found_in(propfind(ada, href, "D:resourcetype", "D:displayname",
                              "D:current-user-privilege-set", "A:calendar-color", depth="1"))
    for one in found.values():
        assert DAV + "resourcetype" in one.props, "Thunderbird stops with a TypeError otherwise"
        for propstat in one.element.findall("d:propstat", NS):
            assert propstat.find("d:status", NS) is not None
    calendar = found[ada.href].props
    assert calendar[DAV + "displayname"].text == "Ada"
    assert re.fullmatch("#[0-9A-Fa-f]{6}([0-9A-Fa-f]{2})?",
                        calendar["{http://apple.com/ns/ical/}calendar-color"].text)
    assert privileges(calendar) & WRITE


def test_a_calendar_that_may_only_be_read_has_privileges_without_a_writing_one(sim, bridge, ada):
    props = first_props(propfind(ada, reader_calendar(sim, bridge, ada, "Thunderbird reads"),
                                 "D:current-user-privilege-set"))
    assert privileges(props) and not privileges(props) & WRITE


@pytest.mark.parametrize("path", ["/dav/", "calendar", "object", "principal", "home"])
@pytest.mark.parametrize("method", ["PROPFIND", "OPTIONS", "GET", "PUT", "REPORT", "DELETE"])
def test_without_credentials_it_is_401_with_basic_and_never_403(ada, path, method):
    href = {"calendar": ada.href, "object": next(iter(ada.members(ada.href))),
            "principal": ada.principal, "home": ada.home()}.get(path, path)
    answer = anonymous(ada, method, href)
    if method == "OPTIONS" and answer.status_code == 200:
        return
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic ")


def test_a_wrong_password_is_401_as_well(ada):
    auth, ada.session.auth = ada.session.auth, (ada.name, "wrong")
    try:
        answer = propfind(ada, "/dav/", *DETECT)
    finally:
        ada.session.auth = auth
    assert answer.status_code == 401
    assert 'realm="' in answer.headers["WWW-Authenticate"]


def test_the_ics_detector_of_thunderbird_finds_no_calendar_file(ada):
    """CalICSProvider: HEAD, GET, PROPFIND and a test PUT at the same addresses, at the same time."""
    for href in (ada.href, ada.home(), ada.principal, "/dav/"):
        for method in ("HEAD", "GET"):
            answer = send(ada, method, href)
            assert answer.status_code == 200
            assert not answer.headers.get("Content-Type", "").startswith("text/calendar")
        answer = send(ada, "PUT", href, "", "text/plain; charset=utf-8", If_Match="nothing")
        assert answer.status_code == 405, "409 and 412 make it offer an iCalendar file"
    found = found_in(propfind(ada, ada.href, "D:getcontenttype", "D:resourcetype", "D:displayname",
                              "A:calendar-color", depth="1"))
    assert DAV + "getcontenttype" not in found[ada.href].props


# ---- one calendar: CalDavCalendar ----

def test_what_is_asked_of_a_calendar_before_its_first_use(ada):
    """checkDavResourceType"""
    answer = propfind(ada, ada.href, "D:resourcetype", "D:owner", "D:current-user-principal",
                      "D:current-user-privilege-set", "D:supported-report-set",
                      "C:supported-calendar-component-set", "CS:getctag")
    props = first_props(answer)
    assert props[DAV + "resourcetype"].find("c:calendar", NS) is not None
    assert [one.get("name") for one in props[CALDAV + "supported-calendar-component-set"]] == [
        "VEVENT"]
    assert props[CS + "getctag"].text


def test_a_report_is_wrapped_and_every_propstat_has_a_status(ada):
    answer = propfind(ada, ada.href, "D:supported-report-set", "D:no-such")
    root = ET.fromstring(answer.content)
    for propstat in root.iter("{DAV:}propstat"):
        assert propstat.find("d:status", NS) is not None
    wanted = {"{DAV:}sync-collection", CALDAV + "calendar-query", CALDAV + "calendar-multiget",
              CALDAV + "free-busy-query"}
    found = {one[0].tag for one in root.iter("{DAV:}report")}
    assert wanted <= found
    assert all(parent.tag == "{DAV:}supported-report"
               for parent in root.iter() if parent.find("{DAV:}report") is not None)


def test_options_of_the_home_tell_of_scheduling_but_not_first(ada):
    """checkServerCaps asks the parent of the calendar; the first word of the header is dropped."""
    parent = ada.href.rstrip("/").rsplit("/", 1)[0] + "/"
    assert parent == ada.home()
    for href in (parent, ada.principal, ada.href):
        answer = send(ada, "OPTIONS", href)
        assert answer.status_code == 200
        classes = classes_of(answer)
        assert "calendar-access" in classes and "calendar-auto-schedule" in classes
        assert classes[0] not in ("calendar-auto-schedule", "calendar-access")


def test_the_principal_has_all_three_that_scheduling_needs(ada):
    """checkPrincipalsNameSpace"""
    props = first_props(propfind(ada, ada.principal, "C:calendar-home-set",
                                 "C:calendar-user-address-set", "C:schedule-inbox-URL",
                                 "C:schedule-outbox-URL"))
    assert [one.text for one in props[CALDAV + "calendar-home-set"]] == [ada.home()]
    addresses = [one.text for one in props[CALDAV + "calendar-user-address-set"]]
    assert f"mailto:{MAIL}" in addresses
    for name in ("schedule-inbox-URL", "schedule-outbox-URL"):
        assert ada.propfind(props[CALDAV + name][0].text, 0, "<d:resourcetype/>")


def test_the_inbox_is_polled_like_a_calendar_and_is_empty(ada):
    found = found_in(propfind(ada, ada.inbox, "D:getcontenttype", "D:resourcetype", "D:getetag",
                              depth="1"))
    assert list(found) == [ada.inbox]


# ---- reading ----

def test_the_first_sync_is_at_depth_1_with_an_empty_token(ada):
    found = found_in(sync(ada, ada.href))
    assert set(found) == set(ada.members(ada.href))
    for one in found.values():
        assert one.status is None
        assert one.props[DAV + "getcontenttype"].text.startswith("text/calendar")
        assert one.props[DAV + "getetag"].text
        assert one.href.endswith(".ics")


def test_a_deletion_is_a_404_of_its_response(ada):
    href = put_event(ada, "tb-gone.ics")
    token = token_of(sync(ada, ada.href))
    assert ada.delete(href).status_code == 204
    answer = sync(ada, ada.href, token)
    found = found_in(answer)
    assert found[href].status == 404 and found[href].element.find("d:propstat", NS) is None
    assert not [one for one in found.values() if one.status not in (None, 404, 507)]
    assert found_in(sync(ada, ada.href, token_of(answer))) == {}


def test_pages_of_a_sync_end_with_507_and_are_followed(ada):
    for n in range(3):
        put_event(ada, f"tb-page-{n}.ics")
    token, pages, seen = "", 0, set()
    while True:
        changed, _, token, more = ada.sync_collection(ada.href, token, limit=2)
        pages += 1
        seen |= set(changed)
        if not more:
            break
    assert pages > 1 and seen == set(ada.members(ada.href))
    for n in range(3):
        ada.delete(f"{ada.href}tb-page-{n}.ics")


def test_a_spent_token_is_a_4xx_that_is_not_the_sign_of_the_rate_limit(ada):
    answer = sync(ada, ada.href, "http://example.com/old")
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"
    assert '<D:error xmlns:D="DAV:"/>' not in answer.text


def test_no_refusal_looks_like_the_rate_limit(sim, bridge, ada):
    look = reader_calendar(sim, bridge, ada, "Look, do not touch")
    for answer, status in ((ada.put(look + "x.ics", event("x@example.com")), 403),
                           (ada.delete(look + "x.ics"), 404),
                           (ada.put(ada.href + "x.ics", "no calendar"), 403),
                           (ada.delete(ada.href), 403)):
        assert answer.status_code == status
        assert '<D:error xmlns:D="DAV:"/>' not in answer.text and answer.text


def test_a_missing_object_in_a_multiget_is_a_404_of_its_response(ada):
    member = next(iter(ada.members(ada.href)))
    found = found_in(multiget(ada, ada.href, [ada.href + "none.ics", member]))
    assert found[ada.href + "none.ics"].status == 404
    assert found[ada.href + "none.ics"].element.find("d:propstat", NS) is None
    assert CALDAV + "calendar-data" in found[member].props


def test_a_multiget_fetches_100_at_once(sim, bridge, ada):
    team = sim.edit(MAIL, "calendar_create", calendar={"summary": "Hundred"})["calendar"]
    for n in range(100):
        sim.add_event(MAIL, f"E{n}", (SOON + n * 3600, SOON + n * 3600 + 600),
                      calendar_id=team["calendar_id"])
    bridge.sync(ada.name)
    href = ada.calendars()["Hundred"]
    hrefs = list(found_in(sync(ada, href)))
    assert len(hrefs) == 100
    found = found_in(multiget(ada, href, hrefs))
    assert list(found) == hrefs
    assert all("BEGIN:VEVENT" in one.props[CALDAV + "calendar-data"].text for one in found.values())
    assert all(one.props[DAV + "getetag"].text for one in found.values())


# ---- writing ----

def test_a_new_event_is_put_with_if_none_match_and_fetched_once(sim, ada):
    href = ada.href + "0e5b2d1c-tb.ics"
    since = sim.last_call()
    text = event("0e5b2d1c-tb", summary="By Thunderbird")
    kind = "text/calendar; charset=utf-8"
    assert send(ada, "PUT", href, text, kind, If_None_Match="*").status_code == 201
    assert len(written(sim, since)) == 1 and sim.event("By Thunderbird")
    found = found_in(multiget(ada, ada.href, [href]))
    assert found[href].props[CALDAV + "calendar-data"].text.replace("\r", "") == text.replace("\r", "")
    again = send(ada, "PUT", href, text, kind, If_None_Match="*")
    assert again.status_code == 412, "opens the conflict dialog"
    assert ada.delete(href).status_code == 204


def test_a_conflict_is_412_and_a_head_tells_whether_the_event_is_still_there(ada):
    href = put_event(ada, "tb-conflict.ics")
    old = ada.members(ada.href)[href]
    assert ada.put(href, event("tb-conflict.ics@example.com", summary="Other")).status_code == 204
    kind = "text/calendar; charset=utf-8"
    mine = send(ada, "PUT", href, event("tb-conflict.ics@example.com", summary="Mine"), kind,
                If_Match=old)
    assert mine.status_code == 412
    assert send(ada, "DELETE", href, If_Match=old).status_code == 412
    head = send(ada, "HEAD", href)
    assert head.status_code == 200 and head.headers["ETag"]
    assert send(ada, "DELETE", href).status_code == 204
    assert send(ada, "HEAD", href).status_code == 404
    assert send(ada, "DELETE", href, If_Match=old).status_code == 404


def test_what_thunderbird_keeps_in_x_properties_stays(ada):
    text = event("ack@example.com", extra="X-MOZ-LASTACK:20270101T000000Z\n"
                 "X-MOZ-SNOOZE-TIME:20270102T000000Z\nX-MOZ-GENERATION:3")
    href = ada.href + "ack.ics"
    assert ada.put(href, text).status_code == 201
    assert ada.get(href) == text
    assert ada.delete(href).status_code == 204
    assert ada.delete(href).status_code == 404


def test_a_snooze_is_kept_and_nothing_is_said_to_feishu(sim, ada):
    alarm = ("BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT15M\nDESCRIPTION:Mozilla Standardbeschreibung\n"
             "END:VALARM")
    href = put_event(ada, "snooze.ics", "snooze@example.com", extra=alarm)
    since = sim.last_call()
    snoozed = event("snooze@example.com", extra="X-MOZ-LASTACK:20270105T014500Z\nX-MOZ-SNOOZE-TIME:"
                    "20270105T020000Z\nX-MOZ-GENERATION:1\n" + alarm)
    etag = ada.members(ada.href)[href]
    assert ada.put(href, snoozed, {"If-Match": etag}).status_code == 204
    assert ada.get(href) == snoozed
    assert written(sim, since) == []
    assert ada.delete(href).status_code == 204


def test_a_snooze_of_an_invitation_is_kept_and_answers_nobody(sim, bridge, ada):
    sim.add_event(BOB, "Asked", (SOON, SOON + 3600), attendees=[{"user": MAIL}])
    bridge.sync(ada.name)
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Asked" in ada.get(one)]
    text = ada.get(href)
    snoozed = text.replace("END:VEVENT", "X-MOZ-LASTACK:20270105T014500Z\r\nEND:VEVENT", 1)
    since = sim.last_call()
    assert ada.put(href, snoozed, {"If-Match": ada.members(ada.href)[href]}).status_code == 204
    assert "X-MOZ-LASTACK:20270105T014500Z" in ada.get(href)
    assert written(sim, since) == []
    assert ada.delete(href, {"Schedule-Reply": "F"}).status_code == 204


def test_a_method_inside_an_event_is_not_served_again(sim, ada):
    """An invitation that was opened from a mail is stored with its METHOD."""
    text = event("method@example.com", summary="From a mail").replace(
        "PRODID:", "METHOD:PUBLISH\r\nPRODID:", 1)
    href = ada.href + "method.ics"
    assert ada.put(href, text).status_code == 201
    assert sim.event("From a mail")
    assert "METHOD" not in ada.get(href)
    found = found_in(multiget(ada, ada.href, [href]))
    assert "METHOD" not in found[href].props[CALDAV + "calendar-data"].text
    assert ada.delete(href).status_code == 204


# ---- scheduling: CalDavFreeBusyRequest ----

def freebusy(ada, recipient):
    return send(ada, "POST", ada.outbox, freebusy_text(f"mailto:{MAIL}", [recipient]),
                "text/calendar; charset=utf-8", Originator=f"mailto:{MAIL}",
                Recipient=f"mailto:{recipient}")


def test_free_busy_is_asked_with_originator_and_recipient(sim, ada):
    sim.add_event(BOB, "Busy", (SOON + 86400, SOON + 90000))
    answers = busy_answers(freebusy(ada, "bob@example.com"))
    status, data = answers["mailto:bob@example.com"]
    assert status.startswith("2.0")
    assert re.search("FREEBUSY[^\r\n]*:20270116T080000Z/(20270116T090000Z|PT1H)", data)


def test_free_busy_of_somebody_unknown_is_no_failure_of_the_request(ada):
    answers = busy_answers(freebusy(ada, "nobody@elsewhere.example"))
    status, data = answers["mailto:nobody@elsewhere.example"]
    assert not status.startswith("2") and not data


def test_the_principal_of_a_home_is_found_by_search(ada):
    """CalDavPrincipalPropertySearchRequest, where current-user-principal is missing"""
    home = ada.home().rstrip("/")
    body = (f'{HEADER}<D:principal-property-search {NAMESPACES}><D:property-search><D:prop>'
            f"<C:calendar-home-set/></D:prop><D:match>{home}</D:match></D:property-search><D:prop>"
            "<C:calendar-home-set/><C:calendar-user-address-set/><C:schedule-inbox-URL/>"
            "<C:schedule-outbox-URL/></D:prop></D:principal-property-search>")
    base = only(ada.propfind(ada.home(), 0, "<d:principal-collection-set/>"))[
        DAV + "principal-collection-set"][0].text
    found = found_in(send(ada, "REPORT", base, body, "text/xml; charset=utf-8", Depth="1"))
    assert list(found) == [ada.principal]
    assert CALDAV + "schedule-outbox-URL" in found[ada.principal].props
