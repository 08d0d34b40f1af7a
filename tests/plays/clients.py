"""What the plays of single clients (test_client_*.py) share: requests in the very words of a client, and
a client's eyes on the answers."""

import xml.etree.ElementTree as ET

from bridge import CALDAV, NS, event, responses
from feishu_sim import ADA, BOB, SOON  # noqa: F401

MAIL = "ada@example.com"
DAV = "{DAV:}"
CS = "{http://calendarserver.org/ns/}"
ICAL = "{http://apple.com/ns/ical/}"
XML = "application/xml; charset=utf-8"


def only(found):
    """The properties of the one response."""
    assert len(found) == 1, list(found)
    return next(iter(found.values()))


def send(ada, method, href, body=None, content_type=XML, **headers):
    """A request word for word; headers as keywords with _ for -, so Depth="1", If_Match=etag."""
    sent = {name.replace("_", "-"): value for name, value in headers.items()}
    if body is not None and content_type:
        sent["Content-Type"] = content_type
    return ada.request(method, href, body, sent)


def follow(ada, method, href, body=None, **headers):
    """As send, and goes where it is redirected to, as clients do with PROPFIND."""
    for _ in range(5):
        answer = send(ada, method, href, body, **headers)
        if answer.status_code not in (301, 302, 307, 308):
            return answer
        href = answer.headers["Location"].replace(ada.bridge.url, "")
    raise AssertionError(f"too many redirects, the last to {href}")


def anonymous(ada, method, href, body=None, **headers):
    """As send, without credentials."""
    auth, ada.session.auth = ada.session.auth, None
    try:
        return send(ada, method, href, body, **headers)
    finally:
        ada.session.auth = auth


def found_in(answer, status=207):
    """{href: Response} of a multistatus."""
    assert answer.status_code == status, (answer.status_code, answer.text)
    return {one.href: one for one in responses(answer)}


def token_of(answer):
    return ET.fromstring(answer.content).find("d:sync-token", NS).text


def classes_of(answer):
    """The words of the DAV header."""
    return [one.strip() for one in answer.headers["DAV"].split(",")]


def privileges(props):
    """Names of the privileges in a current-user-privilege-set."""
    return {one[0].tag for one in props[DAV + "current-user-privilege-set"]}


def put_event(ada, name, uid=None, **words):
    """Makes an event in Ada's calendar; its href."""
    href = ada.href + name
    answer = ada.put(href, event(uid or name + "@example.com", **words))
    assert answer.status_code == 201, answer.text
    return href


def written(sim, since):
    """The calls that changed something in Feishu since the call of this number: [(method, path)]."""
    return [(call["method"], call["path"]) for call in sim.calls(since=since)
            if call["method"] in ("POST", "PATCH", "PUT", "DELETE") and
            not any(word in call["path"] for word in ("/search", "freebusy", "batch_get_id", "mget",
                                                      "instance_view", "token", "/subscription"))]


def reader_calendar(sim, bridge, ada, name):
    """A calendar of Bob's that Ada may read; its href."""
    team = sim.edit(BOB, "calendar_create", calendar={"summary": name})["calendar"]
    sim.control("POST", "edit", {"as": BOB, "action": "share", "user": ADA, "role": "reader",
                                 "calendar_id": team["calendar_id"]})
    bridge.sync(ada.name)
    return ada.calendars()[name]


def freebusy_text(organizer, attendees, start="20270114T000000Z", end="20270117T000000Z", extra=()):
    """The body of a free/busy request."""
    return "\r\n".join([
        "BEGIN:VCALENDAR", "CALSCALE:GREGORIAN", "VERSION:2.0", "METHOD:REQUEST",
        "PRODID:-//clients//EN", "BEGIN:VFREEBUSY", "UID:4288F0F3-5C5B", f"DTEND:{end}",
        *[f"ATTENDEE:mailto:{one}" for one in attendees], f"DTSTART:{start}", *extra,
        "DTSTAMP:20261120T000000Z", f"ORGANIZER:{organizer}", "END:VFREEBUSY", "END:VCALENDAR", ""])


def busy_answers(answer):
    """{recipient: (request-status, calendar-data or "")} of a schedule-response."""
    assert answer.status_code == 200, (answer.status_code, answer.text)
    root = ET.fromstring(answer.content)
    assert root.tag == CALDAV + "schedule-response"
    return {one.find("c:recipient/d:href", NS).text:
            (one.find("c:request-status", NS).text, one.findtext("c:calendar-data", "", NS))
            for one in root}
