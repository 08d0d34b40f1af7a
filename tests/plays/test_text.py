"""Text as it really comes, through the real program: kept byte for byte, read as meant in Feishu, one edit in
Feishu changes one line; or refused with its precondition, and nothing is written."""

import pytest

from bridge import CALDAV, event, precondition, wait_until
from feishu_sim import ADA
from shared import bridge, sim  # noqa: F401

ALARM = ("BEGIN:VALARM\r\nUID:alarm-1\r\nACTION:EMAIL\r\nTRIGGER;RELATED=END:-PT2M\r\nREPEAT:2\r\nDURATION:PT5M\r\n"
         "SUMMARY:x\r\nDESCRIPTION:y\r\nATTENDEE:mailto:me@example.org\r\nACKNOWLEDGED:20261120T000000Z\r\n"
         "RELATED-TO;RELTYPE=SNOOZE:alarm-0\r\nPROXIMITY:ARRIVE\r\nBEGIN:VLOCATION\r\nUID:vl\r\n"
         "URL:geo:40.443,-79.945;u=10\r\nEND:VLOCATION\r\nEND:VALARM\r\n"
         "BEGIN:VALARM\r\nACTION:DISPLAY\r\nTRIGGER;VALUE=DATE-TIME:20270105T010000Z\r\nDESCRIPTION:abs\r\n"
         "X-MOZ-LASTACK:20261120T000000Z\r\nEND:VALARM\r\n")
# RFC 7986, 9073, 9253 and what Apple and Mozilla add.
NEWER = ("IMAGE;VALUE=URI;DISPLAY=BADGE;FMTTYPE=image/png:https://i.example/a.png\r\nREFRESH-INTERVAL;VALUE="
         "DURATION:P1W\r\nCONCEPT:https://c.example/x\r\nREFID:itinerary-1\r\nLINK;LINKREL=SOURCE;LABEL=Venue;"
         "VALUE=URI:https://l.example/v\r\nRELATED-TO;VALUE=URI;RELTYPE=FINISHTOSTART;GAP=PT1H:https://r.example/a\r\n"
         "STRUCTURED-DATA;FMTTYPE=application/json;VALUE=TEXT:{\\n\\\"a\\\": [1\\, 2]}\r\nX-APPLE-TRAVEL-ADVISORY-BEHAVIOR:"
         "AUTOMATIC\r\nX-MOZ-SNOOZE-TIME:20270105T020000Z\r\nX-MOZ-GENERATION:3\r\n"
         "BEGIN:PARTICIPANT\r\nUID:p1\r\nPARTICIPANT-TYPE:SPEAKER\r\nCALENDAR-ADDRESS:mailto:s@example.org\r\n"
         "END:PARTICIPANT\r\nBEGIN:VRESOURCE\r\nUID:r1\r\nRESOURCE-TYPE:PROJECTOR\r\nEND:VRESOURCE\r\n")


@pytest.fixture(scope="module", name="ada")
def fixture_ada(bridge):
    """There is no event but that of the play."""
    client = bridge.sign_in(ADA)
    client.href = client.calendars()["Ada"]
    return client


def with_lines(text, more):
    return text.replace("END:VEVENT", more + "END:VEVENT")


def odd(name):
    text = event(name + "@example.com", summary="Odd")
    return {
        "fold": text.replace("SUMMARY:Odd", "SUMMARY:Odd\r\nCOMMENT:日@@").encode().replace(
            "日@@".encode(), b"\xe6\r\n \x97\xa5"),
        "fold in a parameter": text.replace(
            "SUMMARY:Odd", "SUMMARY:Odd\r\nX-A;X-P=\"a;\r\n b,c:d\":v"),
        "commas": text.replace("SUMMARY:Odd", "SUMMARY:Odd, very; odd\r\nLOCATION:Here, there; everywhere"),
        "apple place": text.replace(
            "SUMMARY:Odd", "SUMMARY:Odd\r\nLOCATION:Caf\u00e9\\, 1 Rue\r\nX-APPLE-STRUCTURED-LOCATION;VALUE=URI;"
            "X-ADDRESS=\"1 Rue\\, Paris\";X-APPLE-RADIUS=70;X-TITLE=\"Caf\u00e9, \":geo:48.85,2.35"),
        "categories": text.replace(
            "SUMMARY:Odd", "SUMMARY:Odd\r\nCATEGORIES:A\\,B,C;D\r\nRESOURCES:Beamer\\, big,Chairs"),
        "parameters": text.replace(
            "SUMMARY:Odd", "SUMMARY;LANGUAGE=en;X-Q=\"a ^'b^' ^n ^^\":Odd\r\nX-V;X-B=c:\\d:\\e\\,f\\n\\\\g\"h"),
        "bare lf": text.replace("\r\n", "\n"),
        "no dtstamp": text.replace("DTSTAMP:20261120T000000Z\r\n", ""),
        "no version": text.replace("VERSION:2.0\r\n", ""),
        "no prodid": text.replace("PRODID:-//plays//EN\r\n", ""),
        "lower case": text.replace("SUMMARY:Odd", "summary:Odd").replace("DTSTAMP", "dtStamp"),
        "groups and order": text.replace("UID:", "X-FIRST:1\r\nUID:").replace(
            "SUMMARY:Odd", "X-LAST:2\r\nSUMMARY:Odd"),
        "alarms": with_lines(text, ALARM),
        "newer": with_lines(text, NEWER),
        "attach": text.replace(
            "SUMMARY:Odd", "SUMMARY:Odd\r\nATTACH;FMTTYPE=application/pdf;FILENAME=\"a,b.pdf\":https://a.example/b"
            "\r\nATTACH;VALUE=BINARY;ENCODING=BASE64:aGk="),
        "no last line end": text.removesuffix("\r\n"),
        "blank lines": text.replace("SUMMARY:Odd", "SUMMARY:Odd\r\n\r\nX-A:b"),
        "long": text.replace("SUMMARY:Odd", "SUMMARY:Odd\r\nX-LONG:" + "x" * 5000),
    }[name]


KEPT = ["fold", "fold in a parameter", "commas", "apple place", "categories", "parameters", "bare lf",
        "no dtstamp", "no version", "no prodid", "lower case", "groups and order", "alarms", "newer", "attach",
        "no last line end", "blank lines", "long"]


def raw(client, href):
    return client.request("GET", href).content


@pytest.mark.parametrize("name", KEPT)
def test_odd_text_is_kept_and_read_as_meant(sim, bridge, ada, name):
    text = odd(name)
    text = text.encode() if isinstance(text, str) else text
    href = ada.href + "odd.ics"
    answer = ada.put(href, text)
    assert answer.status_code == 201, answer.text
    assert raw(ada, href) == text and "ETag" in answer.headers
    made, = sim.events()
    assert made["summary"] == ("Odd, very; odd" if name == "commas" else "Odd")
    assert (made.get("location") or {}).get("name") == {
        "commas": "Here, there; everywhere", "apple place": "Café, 1 Rue"}.get(name)
    # The same again, and a second look: not a byte, not a call.
    sim.clear_calls()
    assert ada.put(href, text).status_code == 204
    bridge.sync(ada.name)
    assert raw(ada, href) == text
    assert not [call for call in sim.calls() if call["method"] in ("POST", "PATCH", "DELETE")
                and "/events" in call["path"]]
    # An edit in Feishu changes the line it concerns.
    sim.edit(ADA, "event_patch", event_id=made["event_id"], event={"summary": "Edited"})
    wait_until(lambda: bridge.sync(ada.name) and raw(ada, href) != text, "the edit")
    before, after = text.replace(b"\r\n", b"\n").split(b"\n"), raw(ada, href).replace(b"\r\n", b"\n").split(b"\n")
    gone, new = [one for one in before if one not in after], [one for one in after if one not in before]
    assert [one for one in new if one] == [b"SUMMARY:Edited"], (gone, new)
    assert all(one.upper().startswith(b"SUMMARY") or not one for one in gone), gone
    assert b"X-LIC-ERROR" not in raw(ada, href) and b"X-FEISHU" not in raw(ada, href).upper()
    assert ada.delete(href).status_code == 204
    bridge.sync(ada.name)


@pytest.mark.parametrize("change", [
    lambda text: text.replace("VERSION:2.0", "VERSION:2.0\r\nMETHOD:REQUEST"),
    lambda text: text.replace("SUMMARY", "X-LIC-ERROR;X-LIC-ERRORTYPE=PROPERTY-PARSE-ERROR:x\r\nSUMMARY"),
    lambda text: "\ufeff" + text], ids=["METHOD", "X-LIC-ERROR", "byte order mark"])
def test_what_is_taken_out_is_told_by_the_missing_etag(ada, change):
    href = ada.href + "odd.ics"
    answer = ada.put(href, change(event("m@example.com")))
    assert answer.status_code == 201 and "ETag" not in answer.headers
    assert ada.get(href) == event("m@example.com")
    assert ada.delete(href).status_code == 204


LATIN1 = event("l@example.com", summary="Caf\u00e9").encode("latin-1")
REFUSED = {
    "latin-1": (LATIN1, "valid-calendar-data"),
    "latin-1 that says so": (LATIN1.replace(b"SUMMARY:", b"SUMMARY;CHARSET=ISO-8859-1:"), "valid-calendar-data"),
    "nul": (event("n@x", summary="a\0b").encode(), "valid-calendar-data"),
    "another version": (event("v@x").replace("VERSION:2.0", "VERSION:1.0").encode(), "valid-calendar-data"),
    "no name": (event("c@x", extra=":nothing").encode(), "valid-calendar-data"),
    "two masters": (event("t@x").replace("END:VCALENDAR", event("t@x").split("EN\r\n")[1]).encode(),
                    "valid-calendar-object-resource"),
    "before 1970": (event("b@x", start="19690105T100000", end="19690105T110000").encode(), "min-date-time"),
    "behind 2500": (event("a@x", start="25010105T100000", end="25010105T110000").encode(), "max-date-time"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_text_that_cannot_be_kept_is_refused_with_its_precondition(sim, ada, name):
    text, expected = REFUSED[name]
    sim.clear_calls()
    answer = ada.put(ada.href + "bad.ics", text)
    assert answer.status_code == 403, answer.text
    assert precondition(answer) == CALDAV + expected
    assert not sim.calls(method="POST", path="/events")


def test_a_content_type_of_latin_1_is_refused_or_read_as_what_it_says(sim, ada):
    answer = ada.put(ada.href + "bad.ics", LATIN1, {"Content-Type": "text/calendar; charset=iso-8859-1"})
    assert answer.status_code in (403, 415), answer.text
    assert not sim.events()
