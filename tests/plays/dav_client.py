"""A plain CalDAV client of one account, what it is answered, and the events that it writes."""

import functools
import xml.etree.ElementTree as ET
from urllib.parse import urljoin

import requests

NS = {
    "d": "DAV:",
    "c": "urn:ietf:params:xml:ns:caldav",
    "cs": "http://calendarserver.org/ns/",
    "a": "http://apple.com/ns/ical/",
}
CALDAV = "{%s}" % NS["c"]
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())


class Client:
    """Whoever needs one calendar again and again keeps its address as .href."""

    def __init__(self, bridge, name, password):
        self.bridge, self.name, self.password = bridge, name, password
        self.session = requests.Session()
        self.session.auth = (name, password)
        self.session.trust_env = False
        self._home = self.href = None

    def request(self, method, href, body=None, headers=None, **arguments):
        if isinstance(body, str):
            body = body.encode()
        return self.session.request(method, urljoin(self.bridge.url, href), data=body,
                                    headers=headers or {}, timeout=60,
                                    allow_redirects=False, **arguments)

    def xml(self, method, href, root, inner, headers=None, **arguments):
        body = f'<?xml version="1.0" encoding="utf-8"?><{root} {XMLNS}>{inner}</{root.split()[0]}>'
        return self.request(method, href, body,
                            {"Content-Type": "application/xml; charset=utf-8", **(headers or {})},
                            **arguments)

    def propfind(self, href, depth, props):
        """Returns {href: {clark name: element}} of the 200 propstats."""
        answer = self.xml("PROPFIND", href, "d:propfind", f"<d:prop>{props}</d:prop>",
                          {"Depth": str(depth)})
        assert answer.status_code == 207, (answer.status_code, answer.text)
        return {r.href: r.props for r in responses(answer)}

    def report(self, href, root, inner, depth=1):
        return self.xml("REPORT", href, root, inner, {"Depth": str(depth)})

    @functools.cached_property
    def principal(self):
        root = self.propfind("/dav/", 0, "<d:current-user-principal/>")
        return first_href(next(iter(root.values())), "{DAV:}current-user-principal")

    def of_principal(self, name):
        """The address that a property of the principal holds."""
        props = self.propfind(self.principal, 0, f"<c:{name}/>")
        return first_href(next(iter(props.values())), CALDAV + name)

    @functools.cached_property
    def inbox(self):
        return self.of_principal("schedule-inbox-URL")

    @functools.cached_property
    def outbox(self):
        return self.of_principal("schedule-outbox-URL")

    def home(self):
        if self._home is None:
            self._home = self.of_principal("calendar-home-set")
        return self._home

    def calendars(self):
        """{displayname: href} of all calendars."""
        found = self.propfind(self.home(), 1, "<d:displayname/><d:resourcetype/>")
        return {(props["{DAV:}displayname"].text or ""): href
                for href, props in found.items()
                if props["{DAV:}resourcetype"].find("c:calendar", NS) is not None}

    def ctag(self, href):
        props = next(iter(self.propfind(href, 0, "<cs:getctag/>").values()))
        return props["{%s}getctag" % NS["cs"]].text

    def members(self, href):
        """{href: etag} of the objects of a calendar."""
        return {member: props["{DAV:}getetag"].text
                for member, props in self.propfind(href, 1, "<d:getetag/>").items()
                if "{DAV:}getetag" in props and not member.endswith("/")}

    def get(self, href):
        answer = self.request("GET", href)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.content.decode()

    def put(self, href, text, headers=None):
        return self.request("PUT", href, text,
                            {"Content-Type": "text/calendar; charset=utf-8", **(headers or {})})

    def put_new(self, name="a", **fields):
        """An event that was not there, in the calendar at .href; returns its address."""
        href = f"{self.href}{name}.ics"
        answer = self.put(href, event(f"{name}@example.com", **fields), {"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text
        return href

    def put_weekly(self, name="w", more="", **fields):
        """A new series of six, called Weekly; more: further lines, each after a newline."""
        return self.put_new(name, summary="Weekly", extra="RRULE:FREQ=WEEKLY;COUNT=6" + more, **fields)

    def delete(self, href, headers=None):
        return self.request("DELETE", href, headers=headers)

    def sync_collection(self, href, token="", props="<d:getetag/>", limit=None):
        """Returns (changed {href: props}, removed [href], token, truncated)."""
        inner = f"<d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level>"
        if limit is not None:
            inner += f"<d:limit><d:nresults>{limit}</d:nresults></d:limit>"
        answer = self.report(href, "d:sync-collection", f"{inner}<d:prop>{props}</d:prop>", 0)
        assert answer.status_code == 207, (answer.status_code, answer.text)
        changed, removed, truncated = {}, [], False
        for one in responses(answer):
            if one.status == 404:
                removed.append(one.href)
            elif one.status == 507:
                truncated = True
            else:
                changed[one.href] = one.props
        return changed, removed, ET.fromstring(answer.content).find("d:sync-token", NS).text, truncated


class Response:
    """One response element of a multistatus."""

    def __init__(self, element):
        self.element = element
        self.href = element.find("d:href", NS).text
        status = element.find("d:status", NS)
        self.status = int(status.text.split()[1]) if status is not None else None
        self.props, self.missing = {}, {}
        for propstat in element.findall("d:propstat", NS):
            code = int(propstat.find("d:status", NS).text.split()[1])
            for prop in propstat.find("d:prop", NS):
                (self.props if code == 200 else self.missing)[prop.tag] = prop


def responses(answer):
    return [Response(one) for one in ET.fromstring(answer.content).findall("d:response", NS)]


def first_href(props, name):
    return props[name].find("d:href", NS).text


def precondition(answer):
    """The clark name of the element inside DAV:error."""
    root = ET.fromstring(answer.content)
    assert root.tag == "{DAV:}error", answer.text
    return root[0].tag if len(root) else None


def event(uid, start="20270105T100000", end="20270105T110000", zone="Asia/Shanghai",
          summary="Event", extra=""):
    """A small VEVENT in a VCALENDAR, as a simple client would write it."""
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261120T000000Z", f"DTSTART;TZID={zone}:{start}", f"DTEND;TZID={zone}:{end}",
        f"SUMMARY:{summary}", *[line for line in extra.split("\n") if line],
        "END:VEVENT", "END:VCALENDAR", ""])
