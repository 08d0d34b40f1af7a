"""tsdav and ts-caldav on the wire, the libraries of scheduling services written in TypeScript
(natelindev/tsdav: src/account.ts, calendar.ts, collection.ts; KlautNet/ts-caldav: src/protocol/). tsdav
itself is played in test_compat_tsdav.py."""

import pytest
from bridge import NS, event, responses
from clients import (CALDAV, CS, DAV, ICAL, anonymous, found_in, put_event, send, token_of)
from shared import ada, bridge, sim  # noqa: F401

SPACES = ('xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:ca="http://apple.com/ns/ical/" '
          'xmlns:cs="http://calendarserver.org/ns/" xmlns:card="urn:ietf:params:xml:ns:carddav" '
          'xmlns:d="DAV:"')
XML = "text/xml;charset=UTF-8"
ICALENDAR = "text/calendar; charset=utf-8"


def ask(ada, method, href, root, inner, **headers):
    text = f'<?xml version="1.0" encoding="utf-8"?>\n<{root} {SPACES}>\n  {inner}\n</{root}>'
    return send(ada, method, href, text, XML, **headers)


def propfind(ada, href, names, depth="0"):
    return ask(ada, "PROPFIND", href, "d:propfind", "<d:prop>" + "".join(
        f"<{one}/>" for one in names.split()) + "</d:prop>", depth=depth)


# ---- tsdav ----

def test_service_discovery_is_a_propfind_of_well_known_without_depth(ada):
    body = '<?xml version="1.0" encoding="utf-8" ?>\n<d:propfind xmlns:d="DAV:"><d:prop>' \
        "<d:resourcetype/></d:prop></d:propfind>"
    for method in ("PROPFIND", "GET"):
        answer = send(ada, method, "/.well-known/caldav", body if method == "PROPFIND" else None, XML)
        assert 300 <= answer.status_code < 400
        assert answer.headers["Location"].endswith("/dav/")


def test_the_principal_and_the_home_are_single_hrefs(ada):
    one = next(iter(found_in(propfind(ada, "/dav/", "d:current-user-principal")).values()))
    assert [href.text for href in one.props[DAV + "current-user-principal"]] == [ada.principal]
    one = found_in(propfind(ada, ada.principal, "c:calendar-home-set"))[ada.principal]
    assert [href.text for href in one.props[CALDAV + "calendar-home-set"]] == [ada.home()]


def test_wrong_credentials_are_401_and_nothing_else(ada):
    answer = anonymous(ada, "PROPFIND", "/dav/", "<d:propfind xmlns:d='DAV:'><d:prop>"
                       "<d:current-user-principal/></d:prop></d:propfind>", content_type=XML, Depth="0")
    assert answer.status_code == 401


def test_calendars_are_listed_with_name_ctag_token_and_components(ada):
    found = found_in(propfind(ada, ada.home(), "c:calendar-description c:calendar-timezone d:displayname "
                              "ca:calendar-color cs:getctag d:resourcetype "
                              "c:supported-calendar-component-set d:sync-token", "1"))
    props = found[ada.href].props
    assert props[CS + "getctag"].text and props[DAV + "sync-token"].text
    assert props[DAV + "displayname"].text == "Ada" and props[ICAL + "calendar-color"].text
    one = found_in(propfind(ada, ada.href, "d:supported-report-set"))[ada.href]
    assert len(one.props[DAV + "supported-report-set"]) > 1


def sync(ada, token=None):
    """syncCollection: no Depth; level before token; data and a name that events do not have"""
    text = f"<d:sync-token>{token}</d:sync-token>" if token else ""
    return ask(ada, "REPORT", ada.href, "d:sync-collection", "<d:sync-level>1</d:sync-level>" + text +
               "<d:prop><d:getetag/><c:calendar-data/><d:displayname/></d:prop>")


def test_sync_without_depth_asks_for_data_and_displayname(ada):
    """Also without a sync-token element at all, which is how a new calendar is asked."""
    for answer in (sync(ada), sync(ada, token_of(sync(ada)))):
        assert answer.status_code == 207, answer.text
        for one in responses(answer):
            assert one.props[DAV + "getetag"].text
            assert DAV + "displayname" not in one.props
    href = put_event(ada, "tsdav-1.ics")
    token = token_of(sync(ada))
    assert ada.delete(href).status_code == 204
    assert found_in(sync(ada, token))[href].status == 404


def test_every_object_ends_in_ics(ada):
    """What does not is left out, by fetchCalendarObjects and by the synchronisation alike."""
    assert all(href.endswith(".ics") for href in ada.members(ada.href))
    assert all(href.endswith(".ics") for href in found_in(sync(ada)))


def test_no_answer_to_a_query_has_a_status_above_400(ada):
    """collectionQuery: one bad response fails the whole."""
    filters = ('<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range '
               'start="20270101T000000Z" end="20270201T000000Z"/></c:comp-filter></c:comp-filter>'
               "</c:filter>")
    expand = '<c:calendar-data><c:expand start="20270101T000000Z" end="20270201T000000Z"/></c:calendar-data>'
    for data in ("", "<c:calendar-data/>", expand):
        answer = ask(ada, "REPORT", ada.href, "c:calendar-query",
                     f"<d:prop><d:getetag/>{data}</d:prop>{filters}", depth="1")
        found = found_in(answer)
        assert found and all(one.status is None for one in found.values())
        if data:
            assert all("BEGIN:VEVENT" in one.props[CALDAV + "calendar-data"].text
                       for one in found.values())


def test_a_query_that_finds_nothing_is_an_empty_multistatus(ada):
    answer = ask(ada, "REPORT", ada.href, "c:calendar-query", "<d:prop><d:getetag/></d:prop><c:filter>"
                 '<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range '
                 'start="20200101T000000Z" end="20200102T000000Z"/></c:comp-filter></c:comp-filter>'
                 "</c:filter>", depth="1")
    assert answer.status_code == 207 and responses(answer) == []


def test_objects_are_made_changed_and_deleted_by_etag(sim, ada):
    href = ada.href + "tsdav-2.ics"
    answer = send(ada, "PUT", href, event("tsdav-2", summary="By tsdav"), ICALENDAR, If_None_Match="*")
    assert answer.status_code == 201 and sim.event("By tsdav")
    etag = ada.members(ada.href)[href]
    answer = send(ada, "PUT", href, event("tsdav-2", summary="Again"), ICALENDAR, If_Match=etag)
    assert answer.status_code == 204
    assert send(ada, "DELETE", href, If_Match=etag).status_code == 412
    assert send(ada, "DELETE", href, If_Match=ada.members(ada.href)[href]).status_code == 204


def test_a_calendar_is_made_with_a_namespace_on_its_root_alone(sim, ada):
    href = ada.home() + "tsdav-made/"
    answer = ask(ada, "MKCALENDAR", href, "c:mkcalendar", "<d:set><d:prop><d:displayname>tsdav made"
                 "</d:displayname></d:prop></d:set>")
    assert answer.status_code == 201 and sim.calendar("tsdav made")
    assert send(ada, "DELETE", href).status_code == 204


def test_free_busy_is_asked_of_the_calendar(ada):
    answer = ask(ada, "REPORT", ada.href, "c:free-busy-query",
                 '<c:time-range start="20270115T000000Z" end="20270116T000000Z"/>', depth="1")
    assert answer.status_code == 200 and "FREEBUSY" in answer.text


# ---- ts-caldav ----

@pytest.mark.parametrize("path", ["/.well-known/caldav", "/dav"])
def test_ts_caldav_finds_the_root_by_get_and_options(ada, path):
    answer = send(ada, "GET", path)
    where = answer.headers.get("Location", path).replace(ada.bridge.url, "")
    answer = send(ada, "OPTIONS", where)
    assert answer.status_code < 400
    assert "PROPFIND" in answer.headers["Allow"] and "1" in answer.headers["DAV"]


def test_ts_caldav_prefers_little_and_gets_what_was_asked(ada):
    text = "\n    <d:propfind xmlns:d=\"DAV:\">\n      <d:prop><d:current-user-principal/></d:prop>\n" \
        "    </d:propfind>"
    answer = send(ada, "PROPFIND", "/dav/", text, "application/xml; charset=utf-8", Depth="0",
                  Prefer="return=minimal")
    one = next(iter(found_in(answer).values()))
    assert one.props[DAV + "current-user-principal"][0].text == ada.principal
    assert one.element.find("d:propstat/d:status", NS).text.endswith(" 200 OK")


def test_ts_caldav_deletes_with_a_star_for_an_etag(ada):
    href = put_event(ada, "ts-caldav-1.ics")
    assert send(ada, "DELETE", href, If_Match="*").status_code == 204
    assert send(ada, "DELETE", href, If_Match="*").status_code == 404
