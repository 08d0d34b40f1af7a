"""The way from a service root to the calendar home, as clients go it (RFC 6764, 5397, 4791)."""

import urllib.parse
import xml.etree.ElementTree as ET

import requests

DAV = "{DAV:}"
CALDAV = "{urn:ietf:params:xml:ns:caldav}"


def session(user, password):
    """A requests session that signs in and ignores proxies and .netrc."""
    made = requests.Session()
    made.trust_env = False
    made.auth = (user, password)
    return made


def propfind(http, url, depth, *names):
    """[(href, {property: element})] of one PROPFIND; names as {namespace}local."""
    root = ET.Element(DAV + "propfind")
    prop = ET.SubElement(root, DAV + "prop")
    for name in names:
        ET.SubElement(prop, name)
    answer = http.request("PROPFIND", url, data=ET.tostring(root),
                          headers={"Depth": str(depth), "Content-Type": "application/xml"})
    if answer.status_code != 207:
        raise RuntimeError(f"PROPFIND {url}: {answer.status_code}")
    found = []
    for response in ET.fromstring(answer.content).iter(DAV + "response"):
        properties = {}
        for propstat in response.iter(DAV + "propstat"):
            if " 200 " in propstat.findtext(DAV + "status", "") + " ":
                properties.update({item.tag: item for item in propstat.find(DAV + "prop")})
        href = urllib.parse.urljoin(answer.url, response.findtext(DAV + "href").strip())
        found.append((href, properties))
    return found


def href_of(http, url, name):
    """The href inside a property."""
    for _, properties in propfind(http, url, 0, name):
        if name in properties:
            return urllib.parse.urljoin(url, properties[name].findtext(DAV + "href").strip())
    raise RuntimeError(f"{url} has no {name}")


def home(http, url):
    """The calendar home of the signed-in user."""
    principal = href_of(http, url, DAV + "current-user-principal")
    return href_of(http, principal, CALDAV + "calendar-home-set")


def calendars(http, url):
    """{href: display name} of the calendars in the home."""
    found = {}
    for href, properties in propfind(http, home(http, url), 1, DAV + "resourcetype",
                                     DAV + "displayname"):
        kind = properties.get(DAV + "resourcetype")
        if kind is not None and kind.find(CALDAV + "calendar") is not None:
            name = properties.get(DAV + "displayname")
            found[href] = (name.text or "") if name is not None else ""
    return found
