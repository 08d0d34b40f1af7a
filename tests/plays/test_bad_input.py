"""Bad input through the real program: each has its status and its precondition, and nothing is written."""

import base64
import http.client
import re

import pytest
from bridge import CALDAV, event, precondition
from shared import ada, bridge, sim  # noqa: F401


@pytest.mark.parametrize("path,status", [
    ("a%2Fb.ics", (400, 403, 404)), ("..%2F..%2Fx.ics", (400, 403, 404)),
    ("%2e%2e/%2e%2e/x.ics", (400, 403, 404, 405)), ("../../x.ics", (400, 403, 404, 405)),
    ("%00.ics", (400,)), ("%ff%fe.ics", (400,)), ("%zz.ics", (400,)), ("%", (400,))])
def test_bad_paths_are_refused(sim, ada, path, status):
    sim.clear_calls()
    basic = base64.b64encode(f"{ada.name}:{ada.password}".encode()).decode()
    wire = http.client.HTTPConnection("127.0.0.1", ada.bridge.port, timeout=30)
    wire.request("PUT", ada.href + path, event("bad@example.com").encode(),
                 {"Content-Type": "text/calendar", "Authorization": "Basic " + basic})
    answer = wire.getresponse()
    assert answer.status in status, answer.read()
    wire.close()
    assert not sim.calls(method="POST", path="/events")


BAD = {
    "no calendar": ("nonsense", 403, "valid-calendar-data"),
    "no event": ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:x\r\nEND:VCALENDAR\r\n", 403, None),
    "cut": (event("cut@x")[:150], 403, "valid-calendar-data"),
    "todo": (event("todo@x").replace("VEVENT", "VTODO"), 403, "supported-calendar-component"),
    "two uids": (event("one@x").replace("END:VCALENDAR", event("two@x").split(
        "PRODID:-//plays//EN\r\n")[1]), 403, "valid-calendar-object-resource"),
    "no uid": (event("u@x").replace("UID:u@x\r\n", ""), 403, None),
    "no start": (re.sub("DTSTART.*\r\n", "", event("s@x")), 403, None),
    "bad date": (event("d@x").replace("20270105T100000", "20271399T990000"), 403, None),
    "not utf-8": (event("8@x").encode().replace(b"Event", b"\xff\xfe"), 403, None),
}


@pytest.mark.parametrize("case", BAD)
def test_bad_objects_are_refused_with_their_precondition(sim, ada, case):
    text, status, name = BAD[case]
    sim.clear_calls()
    answer = ada.put(ada.href + "bad.ics", text)
    assert answer.status_code == status, answer.text
    found = precondition(answer)
    assert found and (name is None or found == CALDAV + name), found
    assert sim.calls(method="POST", path="/events") == []
    assert ada.request("GET", ada.href + "bad.ics").status_code == 404


def test_another_content_type_is_refused(ada):
    answer = ada.put(ada.href + "bad.ics", event("t@x"), {"Content-Type": "text/html"})
    assert answer.status_code in (403, 415)


@pytest.mark.parametrize("body", [
    "<d:propfind", "<!DOCTYPE x [<!ENTITY a 'b'>]><d:propfind xmlns:d='DAV:'><d:allprop/>"
    "</d:propfind>", "<a>" * 5000 + "</a>" * 5000, "not xml", "<x/>"])
def test_bad_xml_is_400(ada, body):
    for method in ("PROPFIND", "REPORT", "PROPPATCH"):
        answer = ada.request(method, ada.href, body, {"Content-Type": "application/xml",
                                                      "Depth": "0"})
        # What is well-formed may be a report that is not known, or holds entities.
        assert answer.status_code == 400 or (
            body.startswith(("<x", "<!")) and answer.status_code == 403), answer.text
        assert "<!ENTITY" not in answer.text


@pytest.mark.parametrize("inner,name", [
    ('<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:prop-filter name="SUMMARY">'
     '<c:text-match collation="i;no-such">x</c:text-match></c:prop-filter></c:comp-filter>'
     "</c:comp-filter>", "supported-collation"),
    ('<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range start="x"/>'
     "</c:comp-filter></c:comp-filter>", "valid-filter"),
    ('<c:comp-filter name="VEVENT"/>', "valid-filter")])
def test_bad_filters_have_their_precondition(ada, inner, name):
    answer = ada.report(ada.href, "c:calendar-query",
                        f"<d:prop><d:getetag/></d:prop><c:filter>{inner}</c:filter>")
    assert answer.status_code in (400, 403)
    assert precondition(answer) == CALDAV + name


def test_infinity_is_refused_with_its_precondition(ada):
    answer = ada.xml("PROPFIND", ada.home(), "d:propfind", "<d:allprop/>", {"Depth": "infinity"})
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}propfind-finite-depth"
