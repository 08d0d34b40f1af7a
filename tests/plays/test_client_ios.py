"""Apple Calendar of iOS 5 on the wire, where it does other things than that of macOS (apple/ccs-calendarserver,
contrib/performance/loadtest: request-data/iOS_5)."""

import pytest

from apple import (HOME_10_7, PRINCIPAL, START, TEXT, body, element, multiget, prop, propfind,
                   proppatch, query_since)
from bridge import NS
from clients import CALDAV, DAV, ICAL, anonymous, follow, found_in, only, send, written
from shared import ada, bridge, sim  # noqa: F401


@pytest.mark.parametrize("where", ["/principals/", "home", "calendar", "principal"])
def test_ios_asks_without_credentials_at_every_address_first(ada, where):
    href = {"home": ada.home(), "calendar": ada.href, "principal": ada.principal,
            "/principals/": "/dav/principals/"}[where]
    for method, text in (("PROPFIND", body("A:propfind", prop(START))), ("OPTIONS", None),
                         ("REPORT", body("A:principal-search-property-set", ""))):
        answer = anonymous(ada, method, href, text, content_type=TEXT)
        assert answer.status_code == 401 or method == "OPTIONS" and answer.status_code == 200
        assert answer.status_code == 200 or "Basic" in answer.headers["WWW-Authenticate"]


def test_order_and_colour_without_alpha_in_the_manner_of_ios(ada):
    before = only(ada.propfind(ada.href, 0, "<a:calendar-color/>"))[ICAL + "calendar-color"].text
    proppatch(ada, ada.href, "D:calendar-color", "#711A76")
    proppatch(ada, ada.href, "D:calendar-order", "0")
    props = only(ada.propfind(ada.href, 0, "<a:calendar-color/><a:calendar-order/>"))
    assert props[ICAL + "calendar-color"].text.upper().startswith("#711A76")
    assert props[ICAL + "calendar-order"].text == "0"
    proppatch(ada, ada.href, "D:calendar-color", before)


def test_a_time_range_with_only_a_start(ada):
    query = element("B:filter", element("B:comp-filter", element("B:comp-filter", element(
        "B:time-range", "", ' start="20270101T000000Z"'), ' name="VEVENT"'), ' name="VCALENDAR"'))
    answer = send(ada, "REPORT", ada.href, body("B:calendar-query", prop(
        "A:getetag A:getcontenttype") + query), TEXT, Depth="1")
    member = next(iter(ada.members(ada.href)))
    assert member in found_in(answer)
    assert all(one.props[DAV + "getcontenttype"].text for one in found_in(answer).values())


def test_the_first_start_of_ios_from_end_to_end(sim, ada):
    """Profile of iOS 5: everything without credentials first; events since a day, and tasks, by query."""
    def twice(method, href, text, **headers):
        refused = anonymous(ada, method, href, text, content_type=TEXT, **headers)
        assert refused.status_code == (301 if "well-known" in href else 401)
        return follow(ada, method, href, text, content_type=TEXT, **headers)
    since = sim.last_call()
    text = body("A:propfind", prop(START))
    start = next(iter(found_in(twice("PROPFIND", "/.well-known/caldav", text, Depth="0")).values()))
    principal = start.props[DAV + "current-user-principal"][0].text
    assert anonymous(ada, "OPTIONS", principal).status_code == 401
    assert send(ada, "OPTIONS", principal).status_code == 200
    text = body("A:propfind", prop("C:allowed-calendar-component-set " + PRINCIPAL))
    account = found_in(twice("PROPFIND", principal, text, Depth="0"))[principal].props
    answer = twice("REPORT", account[DAV + "principal-collection-set"][0].text,
                   body("A:principal-search-property-set", ""), Depth="0")
    assert answer.status_code == 200
    home = account[CALDAV + "calendar-home-set"][0].text
    listed = found_in(twice("PROPFIND", home, body("A:propfind", prop(HOME_10_7)), Depth="1"))
    inbox = account[CALDAV + "schedule-inbox-URL"][0].text
    for href, one in listed.items():
        if one.props[DAV + "resourcetype"].find("c:calendar", NS) is None:
            continue
        proppatch(ada, href, "D:calendar-color", one.props[ICAL + "calendar-color"].text)
        proppatch(ada, href, "D:calendar-order", "0")
        found_in(propfind(ada, href, "C:getctag A:sync-token"))
        events = found_in(query_since(ada, href, "VEVENT", "20261020T000000Z"))
        assert found_in(query_since(ada, href, "VTODO")) == {}
        data = found_in(multiget(ada, href, sorted(events) or [href + "none.ics"]))
        assert all(CALDAV + "calendar-data" in one.props for one in data.values() if not one.status)
    assert found_in(query_since(ada, inbox, "VEVENT", "20261020T000000Z")) == {}
    found_in(propfind(ada, inbox, "C:getctag A:sync-token"))
    found_in(propfind(ada, inbox, "A:getcontenttype A:getetag", "1"))
    assert written(sim, since) == []
