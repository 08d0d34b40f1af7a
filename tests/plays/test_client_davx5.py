"""DAVx5 on the wire (bitfireAT/davx5-ose: DavResourceFinder, HomeSetRefresher, DavCollectionRepository,
CalDavCollection, SyncManager, PushRegistrationManager; bitfireAT/dav4jvm: ktor/)."""

import pytest
from bridge import NS, event, precondition
from clients import (ADA, BOB, CALDAV, DAV, ICAL, MAIL, SOON, anonymous, classes_of, found_in, only,
                     put_event, reader_calendar, send, token_of, written)
from shared import ada, bridge, sim  # noqa: F401

OPTIONS = {"server.push-anywhere": "1"}
NAMESPACES = ('xmlns="DAV:" xmlns:CAL="urn:ietf:params:xml:ns:caldav" '
              'xmlns:ICAL="http://apple.com/ns/ical/" xmlns:CS="http://calendarserver.org/ns/" '
              'xmlns:PUSH="https://bitfire.at/webdav-push"')
BASE = ("resourcetype displayname current-user-principal current-user-privilege-set "
        "CAL:calendar-home-set CAL:supported-calendar-component-set ICAL:calendar-color "
        "CAL:calendar-description CAL:calendar-timezone")
COLLECTIONS = ("current-user-privilege-set displayname owner resourcetype PUSH:transports PUSH:topic "
               "ICAL:calendar-color CAL:calendar-description CAL:calendar-timezone "
               "CAL:calendar-timezone-id CAL:supported-calendar-component-set CS:source")
HOMES = ("displayname group-membership resourcetype CAL:calendar-home-set "
         "CS:calendar-proxy-read-for CS:calendar-proxy-write-for")
CAPABILITIES = "supported-report-set sync-token CS:getctag CAL:max-resource-size"
PUSH = "{https://bitfire.at/webdav-push}"
XML = "application/xml; charset=utf-8"
ICALENDAR = "text/calendar;charset=utf-8"
ACCEPT = "text/xml; charset=utf-8, application/xml;q=0.9, */*;q=0.8"


def document(root, inner):
    return f"<?xml version='1.0' encoding='UTF-8' ?><{root} {NAMESPACES}>{inner}</{root}>"


def prop(names):
    return "<prop>" + "".join(f"<{one} />" for one in names.split()) + "</prop>"


def propfind(ada, href, names, depth="0"):
    return send(ada, "PROPFIND", href, document("propfind", prop(names)), XML, Depth=depth,
                Accept=ACCEPT)


def list_changes(ada, href, token=""):
    """DavCollection.reportChanges"""
    text = (f"<sync-token>{token}</sync-token>" if token else "<sync-token />")
    return send(ada, "REPORT", href, document("sync-collection", text + "<sync-level>1</sync-level>" +
                                              prop("getetag resourcetype")), XML, Depth="0",
                Accept=ACCEPT)


def query(ada, href, span):
    """DavCalendar.calendarQuery"""
    return send(ada, "REPORT", href, document(
        "CAL:calendar-query", prop("getetag") + '<CAL:filter><CAL:comp-filter name="VCALENDAR">'
        f'<CAL:comp-filter name="VEVENT">{span}</CAL:comp-filter></CAL:comp-filter></CAL:filter>'),
        XML, Depth="1", Accept=ACCEPT)


def multiget(ada, href, hrefs):
    """DavCalendar.multiget: no Depth"""
    return send(ada, "REPORT", href, document(
        "CAL:calendar-multiget", prop("getcontenttype getetag CAL:schedule-tag CAL:calendar-data") +
        "".join(f"<href>{one}</href>" for one in hrefs)), XML, Accept=ACCEPT)


def put(ada, href, text, **headers):
    return send(ada, "PUT", href, text, ICALENDAR, **headers)


def href_called(ada, title):
    found, = [one for one in ada.members(ada.href) if f"SUMMARY:{title}" in ada.get(one)]
    return found


# ---- finding: DavResourceFinder ----

@pytest.mark.parametrize("start", ["/dav/", "home", "principal", "calendar"])
def test_any_address_leads_to_the_principal(ada, start):
    href = {"home": ada.home(), "principal": ada.principal, "calendar": ada.href}.get(start, start)
    one, = found_in(propfind(ada, href, BASE)).values()
    assert one.props[DAV + "current-user-principal"][0].text == ada.principal


def test_the_well_known_address_redirects_to_one_that_answers(ada):
    answer = anonymous(ada, "PROPFIND", "/.well-known/caldav", document(
        "propfind", prop("current-user-principal")), content_type=XML, Depth="0")
    assert answer.status_code == 301
    where = answer.headers["Location"].replace(ada.bridge.url, "")
    one, = found_in(propfind(ada, where, "current-user-principal")).values()
    assert one.props[DAV + "current-user-principal"][0].text == ada.principal


def test_options_of_the_principal_have_calendar_access_and_no_redirect(ada):
    answer = send(ada, "OPTIONS", ada.principal)
    assert answer.status_code == 200 and "calendar-access" in classes_of(answer)


def test_the_e_mail_address_is_that_of_the_principal(ada):
    one, = found_in(propfind(ada, ada.principal, "CAL:calendar-user-address-set")).values()
    assert f"mailto:{MAIL}" in [href.text for href in one.props[CALDAV + "calendar-user-address-set"]]


def test_the_home_is_found_and_no_others_by_proxy_or_group(ada):
    one = found_in(propfind(ada, ada.principal, HOMES))[ada.principal]
    assert [href.text for href in one.props[CALDAV + "calendar-home-set"]] == [ada.home()]
    for name in ("{http://calendarserver.org/ns/}calendar-proxy-read-for", DAV + "group-membership"):
        assert not list(one.props.get(name, []))


def test_collections_of_the_home_have_all_that_is_shown(ada):
    found = found_in(propfind(ada, ada.home(), COLLECTIONS, "1"))
    own = found[ada.home()]
    assert DAV + "current-user-privilege-set" in own.props, "else a calendar can be made anywhere"
    calendar = found[ada.href].props
    assert calendar[DAV + "owner"][0].text == ada.principal
    assert calendar[DAV + "displayname"].text == "Ada" and ICAL + "calendar-color" in calendar
    assert calendar[PUSH + "topic"].text and calendar[PUSH + "transports"][0].tag == PUSH + "web-push"
    assert [one.get("name") for one in calendar[CALDAV + "supported-calendar-component-set"]] == [
        "VEVENT"]
    calendars = [href for href, one in found.items()
                 if one.props[DAV + "resourcetype"].find("c:calendar", NS) is not None]
    assert ada.inbox not in calendars and ada.outbox not in calendars


# ---- making and removing calendars: DavCollectionRepository ----

def mkcalendar(components=""):
    zone = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//DAVx5//EN\r\nBEGIN:VTIMEZONE\r\nTZID:Europe/"
            "Vienna\r\nBEGIN:STANDARD\r\nDTSTART:19961027T030000\r\nTZOFFSETFROM:+0200\r\n"
            "TZOFFSETTO:+0100\r\nRRULE:FREQ=YEARLY;BYMONTH=10;BYDAY=-1SU\r\nEND:STANDARD\r\nEND:"
            "VTIMEZONE\r\nEND:VCALENDAR\r\n")
    return document("CAL:mkcalendar", "<set><prop><resourcetype><collection /><CAL:calendar />"
                    "</resourcetype><displayname>Davx</displayname><CAL:calendar-description>text"
                    "</CAL:calendar-description><ICAL:calendar-color>#7BD148FF</ICAL:calendar-color>"
                    "<CAL:calendar-timezone-id>Europe/Vienna</CAL:calendar-timezone-id>"
                    f"<CAL:calendar-timezone>{zone}</CAL:calendar-timezone>{components}</prop></set>")


@pytest.mark.parametrize("names", ["", "VEVENT", "VEVENT VTODO"])
def test_davx5_makes_a_calendar_with_its_own_body(sim, ada, names):
    comps = "".join(f'<CAL:comp name="{one}" />' for one in names.split())
    comps = comps and ("<CAL:supported-calendar-component-set>" + comps +
                       "</CAL:supported-calendar-component-set>")
    href = ada.home() + "1a2b3c4d-dav-x5/"
    answer = send(ada, "MKCALENDAR", href, mkcalendar(comps), XML, Accept=ACCEPT)
    assert answer.status_code == 201, "207 counts as an error"
    assert sim.calendar("Davx")["description"] == "text"
    props = found_in(propfind(ada, ada.home(), COLLECTIONS, "1"))[href].props
    assert props[CALDAV + "calendar-timezone-id"].text == "Europe/Vienna"
    assert props[ICAL + "calendar-color"].text.upper().startswith("#7BD148")
    gone = send(ada, "DELETE", href)
    assert gone.status_code == 204, "207 counts as an error"


def test_a_calendar_of_tasks_alone_is_refused_with_a_reason(ada):
    answer = send(ada, "MKCALENDAR", ada.home() + "tasks-davx5/", mkcalendar(
        '<CAL:supported-calendar-component-set><CAL:comp name="VTODO" />'
        "</CAL:supported-calendar-component-set>"), XML, Accept=ACCEPT)
    assert answer.status_code == 403 and "supported-calendar-component" in answer.text


# ---- reading: SyncManager ----

def test_a_sync_begins_with_what_the_collection_can(ada):
    one = found_in(propfind(ada, ada.href, CAPABILITIES))[ada.href]
    reports = {report[0][0].tag for report in one.props[DAV + "supported-report-set"]}
    assert DAV + "sync-collection" in reports
    assert one.props[DAV + "sync-token"].text
    assert int(one.props[CALDAV + "max-resource-size"].text) > 100000


def test_the_token_of_the_collection_is_that_of_the_report(ada):
    """syncRequired compares both; different ones would mean a sync each time."""
    token = token_of(list_changes(ada, ada.href))
    one = found_in(propfind(ada, ada.href, "sync-token"))[ada.href]
    assert one.props[DAV + "sync-token"].text == token


def test_sync_is_at_depth_0_with_level_1_and_every_change_has_an_etag(ada):
    first = list_changes(ada, ada.href)
    assert set(found_in(first)) == set(ada.members(ada.href))
    href = put_event(ada, "davx5-new.ics")
    second = list_changes(ada, ada.href, token_of(first))
    one, = found_in(second).values()
    assert one.href == href and one.status is None
    assert one.props[DAV + "getetag"].text, "a changed member without one is fatal"
    assert one.props[DAV + "resourcetype"].find("d:collection", NS) is None
    ada.delete(href)
    third = list_changes(ada, ada.href, token_of(second))
    assert found_in(third)[href].status == 404


def test_hrefs_are_raw_prefixes_and_every_change_has_an_etag(ada):
    odd = ada.href + "with%20space%20%26%20%C3%BC.ics"
    assert put(ada, odd, event("odd@example.com"), If_None_Match="*").status_code == 201
    hrefs = list(found_in(list_changes(ada, ada.href)))
    assert all(href.startswith(ada.href) for href in hrefs)
    again = [href for href in hrefs if "space" in href]
    assert len(again) == 1 and "odd@example.com" in ada.get(again[0])
    found = found_in(multiget(ada, ada.href, again))
    assert list(found) == again and CALDAV + "calendar-data" in found[again[0]].props
    assert ada.delete(odd).status_code == 204


@pytest.mark.parametrize("token", ["nonsense", "http://example.com/sync/1"])
def test_a_spent_token_is_told_by_valid_sync_token(ada, token):
    answer = list_changes(ada, ada.href, token)
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}valid-sync-token"


def test_the_default_is_a_query_with_a_start_alone(sim, bridge, ada):
    """timeRangePastDays"""
    sim.add_event(ADA, "Long past", (SOON - 400 * 86400, SOON - 400 * 86400 + 3600))
    bridge.sync(ada.name)
    found = found_in(query(ada, ada.href, '<CAL:time-range start="20260822T000000Z" />'))
    past = href_called(ada, "Long past")
    assert past not in found and len(found) == len(ada.members(ada.href)) - 1
    assert all(one.props[DAV + "getetag"].text for one in found.values())
    assert past in found_in(query(ada, ada.href, ""))
    assert ada.delete(past).status_code == 204


def test_a_series_that_began_before_the_range_is_found(ada):
    href = put_event(ada, "davx5-series.ics", start="20250107T100000", end="20250107T110000",
                     extra="RRULE:FREQ=WEEKLY")
    assert href in found_in(query(ada, ada.href, '<CAL:time-range start="20280101T000000Z" />'))
    assert ada.delete(href).status_code == 204


def test_a_multiget_of_ten_has_type_etag_tag_and_data(ada):
    hrefs = [put_event(ada, f"davx5-{n}.ics") for n in range(10)]
    found = found_in(multiget(ada, ada.href, hrefs))
    assert list(found) == hrefs
    for one in found.values():
        assert one.props[DAV + "getcontenttype"].text.startswith("text/calendar")
        assert one.props[DAV + "getetag"].text
        text = one.props[CALDAV + "calendar-data"].text
        uids = {line for line in text.splitlines() if line.startswith("UID:")}
        assert len(uids) == 1, "exactly one UID an object"
    for href in hrefs:
        ada.delete(href)


def test_a_series_with_exceptions_is_one_object_of_one_uid(sim, bridge, ada):
    master = sim.add_event(ADA, "Circle", (SOON, SOON + 3600), recurrence="FREQ=WEEKLY;COUNT=4")
    uid = master["event_id"].rsplit("_", 1)[0]
    sim.edit(ADA, "event_patch", calendar_id="primary", event_id=f"{uid}_{SOON + 7 * 86400}",
             event={"summary": "Circle, special"})
    bridge.sync(ada.name)
    href = href_called(ada, "Circle\r")
    text = ada.get(href)
    assert text.count("BEGIN:VEVENT") == 2
    assert len({line for line in text.splitlines() if line.startswith("UID:")}) == 1
    assert ada.delete(href).status_code == 204


# ---- writing ----

def test_a_new_event_is_named_by_its_uid_and_must_be_new(sim, ada):
    href = ada.href + "8f1c0b2e-davx5.ics"
    text = event("8f1c0b2e-davx5", summary="By DAVx5", extra="SEQUENCE:0")
    answer = put(ada, href, text, If_None_Match="*", Push_Dont_Notify='"none"')
    assert answer.status_code == 201 and sim.event("By DAVx5")
    assert put(ada, href, text, If_None_Match="*").status_code == 412
    assert ada.delete(href).status_code == 204


def test_without_a_schedule_tag_the_etag_guards(ada):
    href = put_event(ada, "davx5-plain.ics")
    answer = send(ada, "GET", href)
    assert "Schedule-Tag" not in answer.headers
    etag = answer.headers["ETag"]
    text = event("davx5-plain.ics@example.com", summary="Again")
    assert put(ada, href, text, If_Match=etag).status_code == 204
    assert put(ada, href, text, If_Match=etag).status_code == 412
    assert send(ada, "DELETE", href, If_Match=etag).status_code == 412
    assert ada.delete(href).status_code == 204


def test_a_schedule_tag_stands_for_the_etag(sim, bridge, ada):
    """Sent in place of If-Match, also for meetings of one's own and for DELETE."""
    sim.add_event(ADA, "Tagged", (SOON, SOON + 3600), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    href = href_called(ada, "Tagged")
    one = found_in(multiget(ada, ada.href, [href]))[href]
    tag, text = one.props[CALDAV + "schedule-tag"].text, one.props[CALDAV + "calendar-data"].text
    assert send(ada, "GET", href).headers["Schedule-Tag"] == tag
    text = text.replace("\n", "\r\n").replace("\r\r", "\r").replace("Tagged", "Named")
    wrong = put(ada, href, text, If_Schedule_Tag_Match='"no"')
    assert wrong.status_code == 412
    assert put(ada, href, text, If_Schedule_Tag_Match=tag).status_code == 204
    assert sim.event("Named")
    wrong = send(ada, "DELETE", href, If_Schedule_Tag_Match='"no"')
    assert wrong.status_code == 412 and sim.event("Named")
    tag = send(ada, "GET", href).headers["Schedule-Tag"]
    assert send(ada, "DELETE", href, If_Schedule_Tag_Match=tag).status_code == 204


def test_an_answer_of_somebody_else_does_not_spoil_the_schedule_tag(sim, bridge, ada):
    sim.add_event(ADA, "Answered", (SOON, SOON + 3600), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    href = href_called(ada, "Answered")
    before = send(ada, "GET", href)
    bobs, = [one["event_id"] for one in sim.data(BOB, "GET", f"/{sim.primary(BOB)}/events")["items"]
             if one["summary"] == "Answered"]
    sim.data(BOB, "POST", f"/{sim.primary(BOB)}/events/{bobs}/reply", {"rsvp_status": "accept"})
    bridge.sync(ada.name)
    after = send(ada, "GET", href)
    assert after.headers["ETag"] != before.headers["ETag"]
    assert after.headers["Schedule-Tag"] == before.headers["Schedule-Tag"]
    assert send(ada, "DELETE", href,
                If_Schedule_Tag_Match=before.headers["Schedule-Tag"]).status_code == 204


def test_an_invitation_is_answered_with_the_schedule_tag(sim, bridge, ada):
    sim.add_event(BOB, "Question", (SOON, SOON + 3600), attendees=[{"user": MAIL}])
    bridge.sync(ada.name)
    href = href_called(ada, "Question")
    answer = send(ada, "GET", href)
    text = answer.content.decode().replace("\r\n ", "")
    line, = [one for one in text.splitlines() if one.startswith("ATTENDEE") and MAIL in one]
    text = text.replace(line, line.replace("NEEDS-ACTION", "TENTATIVE"))
    assert put(ada, href, text, If_Schedule_Tag_Match=answer.headers["Schedule-Tag"]).status_code == 204
    status, = [one["rsvp_status"] for one in sim.event("Question")["attendees"]
               if one["user_id"] == ADA]
    assert status == "tentative"


def test_read_only_is_403_with_need_privileges(sim, bridge, ada):
    """Every other 403 stops the sync of the collection."""
    answer = put(ada, reader_calendar(sim, bridge, ada, "DAVx5 looks only") + "x.ics",
                 event("x@example.com"), If_None_Match="*")
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}need-privileges"


def test_an_update_of_what_is_gone_is_412_and_it_may_be_put_again_as_new(sim, ada):
    href = put_event(ada, "davx5-lost.ics", summary="Lost")
    etag = ada.members(ada.href)[href]
    ada.delete(href)
    text = event("davx5-lost.ics@example.com", summary="Found")
    answer = put(ada, href, text, If_Match=etag)
    assert answer.status_code == 412, "RFC 9110; the next sync removes it from the phone"
    assert put(ada, href, text, If_None_Match="*").status_code == 201 and sim.event("Found")
    assert ada.delete(href).status_code == 204


def test_the_own_sequence_may_rise_without_a_word_to_feishu(sim, ada):
    href = put_event(ada, "davx5-seq.ics", "davx5-seq@example.com", extra="SEQUENCE:0")
    since = sim.last_call()
    text = event("davx5-seq@example.com", extra="SEQUENCE:1")
    assert put(ada, href, text, If_Match=ada.members(ada.href)[href]).status_code == 204
    assert "SEQUENCE:1" in ada.get(href) and written(sim, since) == []
    assert ada.delete(href).status_code == 204


# ---- push ----

def register(url):
    return document("PUSH:push-register", "<PUSH:subscription><PUSH:web-push-subscription>"
                    f"<PUSH:push-resource>{url}</PUSH:push-resource>"
                    '<PUSH:subscription-public-key type="p256dh">BCVxsr7N_eNgVRqvHtD0zTZsEc6-VV-JvLex'
                    "hqUzORcxaOzi6-AYWXvTBHm4bjyPjs7Vd8pZGH6SRpkNtoIAiw4</PUSH:subscription-public-key>"
                    "<PUSH:auth-secret>BTBZMqHH6r4Tts7J_aSIgg</PUSH:auth-secret>"
                    "</PUSH:web-push-subscription></PUSH:subscription>"
                    "<PUSH:expires>Mon, 30 Nov 2026 10:00:00 GMT</PUSH:expires>")


def test_a_push_is_subscribed_by_post_and_ended_by_delete(ada):
    answer = send(ada, "POST", ada.href, register("http://127.0.0.1:9/up?token=1"), XML)
    assert answer.status_code == 204, answer.text
    where = answer.headers["Location"].replace(ada.bridge.url, "")
    assert answer.headers["Expires"].endswith("GMT")
    assert send(ada, "DELETE", where).status_code == 204
    assert send(ada, "DELETE", where).status_code == 404


def test_the_topic_is_that_of_the_collection_and_stays(ada):
    first, second = (found_in(propfind(ada, ada.home(), COLLECTIONS, "1")) for _ in range(2))
    topics = [one.props[PUSH + "topic"].text for one in first.values() if PUSH + "topic" in one.props]
    assert len(topics) == len(set(topics))
    assert only({ada.href: first[ada.href].props})[PUSH + "topic"].text == \
        second[ada.href].props[PUSH + "topic"].text
