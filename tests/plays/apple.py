"""Requests in the words of Apple's calendar programs (apple/ccs-calendarserver, contrib/performance/loadtest:
request-data/ and ical.py)."""

from clients import MAIL, follow, found_in, freebusy_text, send

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


def home_sync(ada, token):
    level = element("A:sync-level", "1")
    return sync(ada, ada.home(), token, HOME.replace(" B:managed-attachments-server-URL", ""), level)


def make(component):
    return body("B:mkcalendar", element("A:set", element("A:prop", "".join((
        element("D:calendar-order", "7"),
        element("B:supported-calendar-component-set", element(
            "B:comp", "", f' name="{component}"')),
        element("D:calendar-color", "#FF2D55", ' symbolic-color="custom"'),
        element("B:calendar-timezone", ZONE), element("A:displayname", f"Made of {component}"),
        element("B:schedule-calendar-transp", element("B:opaque")))))))


def expand(name):
    inner = "".join(f'<A:property name="{local}" namespace="{space}"/>' for local, space in (
        ("calendar-user-address-set", SPACES["B"]), ("email-address-set", SPACES["C"]),
        ("displayname", SPACES["A"])))
    return f'<A:property name="{name}" namespace="{SPACES["C"]}">{inner}</A:property>'


def search_people(ada, base, words):
    """calendarserver-principal-search, as 10.11 types it, without Depth"""
    text = body("C:calendarserver-principal-search", f"<C:search-token>{words}</C:search-token>" + prop(
        "C:email-address-set B:calendar-user-type B:calendar-user-address-set A:principal-URL "
        "C:last-name C:record-type A:displayname C:first-name")).replace(
            "search xmlns", 'search context="attendee" xmlns', 1)
    return send(ada, "REPORT", base, text, TEXT)


def outbox(ada, recipients, extra=()):
    """requestAvailability"""
    return send(ada, "POST", ada.outbox, freebusy_text(f"mailto:{MAIL}", recipients, extra=(
        *extra, "SUMMARY:Availability for them")), "text/calendar", Originator=f"mailto:{MAIL}",
        Recipient=", ".join(f"mailto:{one}" for one in recipients))


def query_since(ada, href, component, since=None):
    span = element("B:time-range", "", f' start="{since}"') if since else ""
    query = element("B:filter", element("B:comp-filter", element(
        "B:comp-filter", span, f' name="{component}"'), ' name="VCALENDAR"'))
    return send(ada, "REPORT", href, body("B:calendar-query", prop("A:getetag A:getcontenttype") + query),
                TEXT, Depth="1")
