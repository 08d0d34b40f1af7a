"""vdirsyncer on the wire (pimutils/vdirsyncer: vdirsyncer/storage/dav.py). The program itself, with khal, is
played in test_compat_vdirsyncer_khal.py, its storage tests in test_compat_vdirsyncer_storage.py."""

from bridge import NS, event
from clients import CALDAV, DAV, ICAL, found_in, follow, only, put_event, send
from shared import ada, bridge, sim  # noqa: F401

XML = "application/xml; charset=UTF-8"


def ask(ada, method, href, text, **headers):
    return follow(ada, method, href, f"\n        {text}\n        ", content_type=XML,
                  User_Agent="vdirsyncer/0.19", **headers)


def test_bodies_begin_with_white_space_and_without_a_declaration(ada):
    text = '<propfind xmlns="DAV:"><prop><current-user-principal /></prop></propfind>'
    for start in ("/dav/", "/.well-known/caldav"):
        one = next(iter(found_in(ask(ada, "PROPFIND", start, text, Depth="0")).values()))
        assert one.props[DAV + "current-user-principal"][0].text == ada.principal


def test_the_home_is_listed_by_resourcetype_alone(ada):
    text = '<propfind xmlns="DAV:"><prop><resourcetype /></prop></propfind>'
    found = found_in(ask(ada, "PROPFIND", ada.home(), text, Depth="1"))
    calendars = {href for href, one in found.items()
                 if one.props[DAV + "resourcetype"].find("c:calendar", NS) is not None}
    assert calendars == set(ada.calendars().values())


def test_vdirsyncer_makes_a_collection_by_extended_mkcol(sim, ada):
    """Without a slash at the end, and an element with a namespace prefix of lxml's making"""
    text = ('<mkcol xmlns="DAV:"><set><prop><resourcetype><collection/><ns0:calendar '
            'xmlns:ns0="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop></set></mkcol>')
    answer = ask(ada, "MKCOL", ada.home() + "vdir", text)
    assert answer.status_code == 201, answer.text
    assert ada.calendars()["vdir"] == ada.home() + "vdir/" and sim.calendar("vdir")
    assert ada.delete(ada.home() + "vdir/").status_code == 204


def test_items_are_listed_by_propfind_with_their_type(ada):
    text = '<propfind xmlns="DAV:"><prop><resourcetype/><getcontenttype/><getetag/></prop></propfind>'
    found = found_in(ask(ada, "PROPFIND", ada.href, text, Depth="1"))
    assert found.pop(ada.href).props[DAV + "resourcetype"].find("d:collection", NS) is not None
    assert set(found) == set(ada.members(ada.href))
    for one in found.values():
        assert one.props[DAV + "getcontenttype"].text.split(";")[0] == "text/calendar"
        assert one.props[DAV + "getetag"].text


def test_a_range_and_kinds_are_asked_by_query(ada):
    """item_types, start_date, end_date: one query for each kind"""
    for kind, some in (("VEVENT", True), ("VTODO", False)):
        text = ('<C:calendar-query xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop>'
                '<getcontenttype/><getetag/></prop><C:filter><C:comp-filter name="VCALENDAR">'
                f'<C:comp-filter name="{kind}"><C:time-range start="20270101T000000Z" '
                'end="20270201T000000Z"/></C:comp-filter></C:comp-filter></C:filter>'
                "</C:calendar-query>")
        assert bool(found_in(ask(ada, "REPORT", ada.href, text, Depth="1"))) == some


def test_a_multiget_has_no_depth_and_gives_back_the_hrefs_as_sent(ada):
    href = put_event(ada, "vdir%20one%40example.com.ics", "vdir-1")
    hrefs = list(ada.members(ada.href))
    text = ('<C:calendar-multiget xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><prop>'
            "<getetag/><C:calendar-data/></prop>" + "\n".join(f"<href>{one}</href>" for one in hrefs) +
            "</C:calendar-multiget>")
    found = found_in(ask(ada, "REPORT", ada.href, text))
    assert list(found) == hrefs
    assert all(CALDAV + "calendar-data" in one.props for one in found.values())
    assert ada.delete(href).status_code == 204


def test_items_are_put_and_deleted_under_conditions(sim, ada):
    href = ada.href + "vdir-2.ics"
    answer = send(ada, "PUT", href, event("vdir-2", summary="By vdirsyncer"), "text/calendar",
                  If_None_Match="*")
    assert answer.status_code == 201 and sim.event("By vdirsyncer")
    assert send(ada, "PUT", href, event("vdir-2"), "text/calendar",
                If_None_Match="*").status_code == 412
    etag = ada.members(ada.href)[href]
    answer = send(ada, "PUT", href, event("vdir-2", summary="Two"), "text/calendar", If_Match=etag)
    assert answer.status_code == 204
    assert send(ada, "DELETE", href, "", XML, If_Match=etag).status_code == 412
    assert send(ada, "DELETE", href, "", XML,
                If_Match=ada.members(ada.href)[href]).status_code == 204


def test_metasync_sets_reads_and_removes(ada):
    href = ada.home() + "vdir-meta/"
    assert ask(ada, "MKCOL", href, '<mkcol xmlns="DAV:"><set><prop><resourcetype><collection/>'
               '<c:calendar xmlns:c="urn:ietf:params:xml:ns:caldav"/></resourcetype></prop></set>'
               "</mkcol>").status_code == 201

    def patch(action, element):
        return ask(ada, "PROPPATCH", href, f'<propertyupdate xmlns="DAV:"><{action}><prop>{element}'
                   f"</prop></{action}></propertyupdate>")
    for name, space, value in (("calendar-color", ICAL, "#4A86E8"), ("displayname", DAV, "Meta"),
                               ("calendar-description", CALDAV, "text"), ("calendar-order", ICAL, "4")):
        answer = patch("set", f'<n:{name} xmlns:n="{space[1:-1]}">{value}</n:{name}>')
        assert answer.status_code == 207 and " 200 " in answer.text
        found = only(ada.propfind(href, 0, f'<n:{name} xmlns:n="{space[1:-1]}"/>'))
        assert found[space + name].text.upper().startswith(value.upper())
    answer = patch("remove", '<n:calendar-order xmlns:n="http://apple.com/ns/ical/"/>')
    assert answer.status_code == 207 and " 200 " in answer.text
    for name, space in (("displayname", DAV), ("calendar-color", ICAL)):
        answer = patch("remove", f'<n:{name} xmlns:n="{space[1:-1]}"/>')
        assert answer.status_code == 207, "no 5xx, which would end the synchronisation"
    assert ada.delete(href).status_code == 204
