"""KOrganizer and Merkuro on the wire: KDAV (KDE/kdav: protocols/caldavprotocol.cpp, common/dav*job.cpp) over
KIO's WebDAV or Qt's network classes, as the DAV resource of Akonadi uses them."""

import pytest
from bridge import NS, event
from clients import (CALDAV, CS, DAV, ICAL, MAIL, found_in, only, privileges, put_event,
                     reader_calendar, send, written)
from shared import ada, bridge, sim  # noqa: F401

SPACES = ('xmlns="DAV:" xmlns:c="urn:ietf:params:xml:ns:caldav" xmlns:a="http://apple.com/ns/ical/" '
          'xmlns:cs="http://calendarserver.org/ns/" xmlns:P="https://bitfire.at/webdav-push"')
XML = "text/xml; charset=utf-8"
ICALENDAR = "text/calendar"


def ask(ada, method, href, root, inner, depth="0"):
    """createPropFindJob and createReportJob: Depth always, an XML declaration never"""
    return send(ada, method, href, f"<{root} {SPACES}>{inner}</{root}>\n", XML, Depth=depth,
                Brief="t", Prefer="return=minimal")


def propfind(ada, href, names, depth="0"):
    return ask(ada, "PROPFIND", href, "propfind",
               "<prop>" + "".join(f"<{one}/>" for one in names.split()) + "</prop>", depth)


COLLECTIONS = ("displayname resourcetype a:calendar-color c:supported-calendar-component-set "
               "current-user-privilege-set cs:getctag P:transports P:topic P:supported-triggers")


def test_home_sets_are_found_in_two_rounds(ada):
    """DavPrincipalHomeSetsFetchJob: current-user-principal of what was typed in, then its home"""
    one = next(iter(found_in(propfind(ada, "/dav/", "c:calendar-home-set current-user-principal "
                                      "principal-URL")).values()))
    principal = one.props[DAV + "current-user-principal"][0].text
    one = next(iter(found_in(propfind(ada, principal, "c:calendar-home-set")).values()))
    assert one.props[CALDAV + "calendar-home-set"][0].text == ada.home()


def test_nothing_but_calendars_has_the_word_calendar_in_its_properties(ada):
    """containsCollection looks for <calendar/> at any depth below prop."""
    found = found_in(propfind(ada, ada.home(), COLLECTIONS, "1"))
    taken = {href for href, one in found.items()
             if any(list(prop.iter(CALDAV + "calendar")) for prop in one.props.values())}
    assert taken == set(ada.calendars().values())
    for href in taken:
        props = found[href].props
        assert props[DAV + "displayname"].text and props[CS + "getctag"].text
        assert len(props[ICAL + "calendar-color"].text) in (7, 9)
        assert [one.get("name") for one in props[CALDAV + "supported-calendar-component-set"]] == [
            "VEVENT"]


def test_the_only_propstat_that_says_200_is_that_of_what_was_found(ada):
    """The status is searched for "200", and the last propstat that has it is taken."""
    for one in found_in(propfind(ada, ada.home(), COLLECTIONS + " cs:no-such", "1")).values():
        states = [one.text for one in one.element.iterfind("d:propstat/d:status", NS)]
        assert sum("200" in state for state in states) == 1


def test_a_calendar_to_be_read_has_no_privilege_to_write(sim, bridge, ada):
    href = reader_calendar(sim, bridge, ada, "KDE looks")
    one = found_in(propfind(ada, href, COLLECTIONS))[href]
    assert privileges(one.props) and DAV + "write" not in privileges(one.props)
    own = found_in(propfind(ada, ada.href, COLLECTIONS))[ada.href]
    assert DAV + "write" in privileges(own.props) or DAV + "all" in privileges(own.props)


@pytest.mark.parametrize("component,some", [("VEVENT", True), ("VTODO", False), ("VJOURNAL", False)])
def test_items_are_listed_by_a_query_for_each_kind(ada, component, some):
    answer = ask(ada, "REPORT", ada.href, "c:calendar-query", "<prop><getetag/><resourcetype/></prop>"
                 f'<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="{component}"/>'
                 "</c:comp-filter></c:filter>", "1")
    found = found_in(answer)
    assert set(found) == (set(ada.members(ada.href)) if some else set())
    for one in found.values():
        assert one.props[DAV + "getetag"].text
        assert one.props[DAV + "resourcetype"].find("d:collection", NS) is None


def test_a_range_may_have_an_end_alone(ada):
    """The time range of the resource's settings"""
    member = next(iter(ada.members(ada.href)))
    for span, there in (('end="20280101T000000Z"', True), ('end="20260101T000000Z"', False),
                        ('start="20260101T000000Z"', True)):
        answer = ask(ada, "REPORT", ada.href, "c:calendar-query", "<prop><getetag/><resourcetype/>"
                     '</prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
                     f"<c:time-range {span}/></c:comp-filter></c:comp-filter></c:filter>", "1")
        assert (member in found_in(answer)) == there


def test_a_multiget_is_sent_at_depth_0(ada):
    member = next(iter(ada.members(ada.href)))
    answer = ask(ada, "REPORT", ada.href, "c:calendar-multiget", "<prop><getetag/><c:calendar-data/>"
                 f"</prop><href>{member}</href>", "0")
    one = found_in(answer)[member]
    assert "BEGIN:VEVENT" in one.props[CALDAV + "calendar-data"].text
    assert one.props[DAV + "getetag"].text


def test_an_item_is_made_and_read_at_once_for_its_etag(sim, ada):
    """DavItemCreateJob, then DavItemFetchJob"""
    href = ada.href + "kde-1.ics"
    answer = send(ada, "PUT", href, event("kde-1", summary="By KOrganizer"), ICALENDAR,
                  If_None_Match="*")
    assert answer.status_code == 201 and sim.event("By KOrganizer")
    assert answer.headers.get("Location", href).endswith(href)
    read = send(ada, "GET", href, Accept="text/calendar, text/x-vcalendar, text/x-vcard, text/vcard")
    assert read.status_code == 200 and read.headers["ETag"]
    since = sim.last_call()
    answer = send(ada, "PUT", href, event("kde-1", summary="Changed there"), ICALENDAR,
                  If_Match=read.headers["ETag"])
    assert answer.status_code == 204 and sim.event("Changed there")
    assert len(written(sim, since)) == 1
    assert send(ada, "DELETE", href, If_Match=send(ada, "GET", href).headers["ETag"]).status_code == 204


def test_a_conflict_has_a_body_and_the_fresh_item_can_be_read(ada):
    """hasConflict: 409 or 412, then a GET of what is there now"""
    href = put_event(ada, "kde-2.ics", "kde-2")
    answer = send(ada, "PUT", href, event("kde-2", summary="Mine"), ICALENDAR, If_Match='"old"')
    assert answer.status_code == 412 and answer.content
    gone = send(ada, "DELETE", href, If_Match='"old"')
    assert gone.status_code == 412 and gone.content
    assert "SUMMARY:Event" in ada.get(href)
    assert ada.delete(href).status_code == 204
    lost = send(ada, "DELETE", href, If_Match='"old"')
    assert lost.status_code == 404 and lost.content


@pytest.mark.parametrize("method,status", [("PUT", 412), ("DELETE", 404), ("GET", 404),
                                           ("REPORT", 404), ("PROPPATCH", 404)])
def test_every_error_has_a_body_for_kde(ada, method, status):
    """KIO takes an empty answer for "does not exist" and loses the conflict."""
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


def test_a_calendar_is_made_renamed_coloured_and_removed(sim, ada):
    """DavCollectionCreateJob, DavCollectionModifyJob, DavCollectionDeleteJob"""
    href = ada.home() + "kde-made/"
    answer = ask(ada, "MKCALENDAR", href, "c:mkcalendar", "<set><prop><displayname>KDE made"
                 "</displayname><a:calendar-color>#3daee9</a:calendar-color></prop></set>")
    assert answer.status_code == 201
    answer = ask(ada, "PROPPATCH", href, "propertyupdate", "<set><prop><displayname>KDE renamed"
                 "</displayname></prop></set><set><prop><a:calendar-color>#da4453</a:calendar-color>"
                 "</prop></set>")
    assert answer.status_code == 200, "as Prefer: return=minimal asks"
    assert sim.calendar("KDE renamed")
    props = only(ada.propfind(href, 0, "<a:calendar-color/>"))
    assert props[ICAL + "calendar-color"].text.lower().startswith("#da4453")
    assert send(ada, "DELETE", href).status_code == 204


def test_an_item_is_moved_to_another_calendar(sim, ada):
    """DavItemMoveJob"""
    home = ada.home() + "kde-target/"
    assert ada.xml("MKCALENDAR", home, "c:mkcalendar", "<d:set><d:prop><d:displayname>KDE target"
                   "</d:displayname></d:prop></d:set>").status_code == 201
    href = put_event(ada, "kde-3.ics", "kde-3", summary="Moved by KDE")
    answer = send(ada, "MOVE", href, Destination=ada.bridge.url + home + "kde-3.ics", Overwrite="F")
    assert answer.status_code == 201, answer.text
    assert "Moved by KDE" in ada.get(home + "kde-3.ics")
    assert sim.event("Moved by KDE")["calendar_ids"] == [sim.calendar("KDE target")["calendar_id"]]
    assert ada.delete(home).status_code == 204


def test_people_are_searched_by_name_and_address(ada):
    """DavPrincipalSearchJob"""
    base = only(ada.propfind("/dav/", 0, "<d:principal-collection-set/>"))[
        DAV + "principal-collection-set"][0].text
    for name, words in (("displayname", "Ada"), ("c:calendar-user-address-set", MAIL)):
        answer = ask(ada, "REPORT", base, "principal-property-search", "<property-search><prop>"
                     f"<{name}/></prop><match>{words}</match></property-search><prop>"
                     "<c:calendar-home-set/><displayname/></prop>")
        assert found_in(answer)[ada.principal].props[DAV + "displayname"].text == "Ada"
