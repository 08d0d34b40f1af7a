"""Time zones of clients, each as it means it, whatever other objects say under the same name; and rules
that this Feishu does not take."""

import datetime
import uuid
import zoneinfo

import pytest
from bridge import CALDAV, event, precondition
from shared import ada, bridge, sim  # noqa: F401


def definition(tzid, standard, summer, autumn="10", spring="3"):
    """A VTIMEZONE with European days of change."""
    return "\r\n".join([
        "BEGIN:VTIMEZONE", "TZID:" + tzid, "BEGIN:STANDARD", "DTSTART:16010101T030000",
        f"TZOFFSETFROM:{summer}", f"TZOFFSETTO:{standard}",
        f"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH={autumn}", "END:STANDARD", "BEGIN:DAYLIGHT",
        "DTSTART:16010101T020000", f"TZOFFSETFROM:{standard}", f"TZOFFSETTO:{summer}",
        f"RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH={spring}", "END:DAYLIGHT", "END:VTIMEZONE",
        "BEGIN:VEVENT"])


def seconds(local, zone):
    when = datetime.datetime.strptime(local, "%Y%m%dT%H%M%S")
    return str(int(when.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp()))


def put(ada, title, zone, vtimezone, **more):  # noqa: F811
    uid = f"{uuid.uuid4()}@example.com"
    text = event(uid, zone=zone, summary=title, **more)
    if vtimezone:
        text = text.replace("BEGIN:VEVENT", vtimezone)
    href = f"{ada.href}{uid}.ics"
    return href, text, ada.put(href, text)


def test_a_definition_never_leaks_from_one_object_to_another(sim, bridge, ada):  # noqa: F811
    """Outlook calls every zone that somebody changed the same."""
    name = "Customized Time Zone"
    made = [put(ada, f"Zone {n}", name, definition(name, *offsets), start="20270705T100000",
                end="20270705T110000")
            for n, offsets in enumerate((("+0100", "+0200"), ("+0100", "+0100")))]
    assert [answer.status_code for _, _, answer in made] == [201] * 2
    wanted = [seconds("20270705T100000", "Europe/Berlin"), seconds("20270705T090000", "UTC")]
    for n, start in enumerate(wanted):
        assert sim.event(f"Zone {n}")["start_time"]["timestamp"] == start
    # Without one of its own it means nothing, however often it was defined elsewhere.
    _, _, answer = put(ada, "Nowhere", name, None)
    assert answer.status_code == 403 and precondition(answer) == CALDAV + "valid-timezone"
    # And another look, from the store alone, does not mix them.
    bridge.sync(ada.name)
    for href, text, _ in made:
        assert ada.get(href) == text
        assert ada.delete(href).status_code == 204


@pytest.mark.parametrize("zone", [*(f"Etc/GMT{hours:+}" for hours in range(-14, 12) if hours), "EST",
                                  "EST5EDT", "CST6CDT", "MST", "MST7MDT", "PST8PDT", "HST", "CET", "MET",
                                  "EET", "WET"])
def test_a_zone_of_no_country_is_written_as_one_that_has_its_time(sim, bridge, ada, zone):  # noqa: F811
    """Feishu is sent names of countries' lists alone."""
    for local in ("20270105T100000", "20270705T100000"):
        href, text, answer = put(ada, "Anywhere", zone, None, start=local, end=local[:9] + "110000")
        assert answer.status_code == 201, answer.text
        assert sim.event("Anywhere")["start_time"]["timestamp"] == seconds(local, zone)
        assert ada.get(href) == text
        bridge.sync(ada.name)
        assert ada.get(href) == text
        assert ada.delete(href).status_code == 204


def test_a_known_name_with_rules_of_its_own_keeps_name_and_wall_clock(sim, ada):  # noqa: F811
    """An old program's Moscow still has summer time."""
    href, text, answer = put(ada, "Old rules", "Europe/Moscow",
                             definition("Europe/Moscow", "+0300", "+0400"),
                             start="20270705T100000", end="20270705T110000")
    assert answer.status_code == 201
    assert sim.event("Old rules")["start_time"] == {
        "timestamp": seconds("20270705T100000", "Europe/Moscow"), "timezone": "Europe/Moscow"}
    assert ada.get(href) == text
    href_2, _, _ = put(ada, "New rules", "Europe/Moscow", None, start="20270705T100000",
                       end="20270705T110000")
    assert sim.event("New rules")["start_time"] == sim.event("Old rules")["start_time"]
    for one in (href, href_2):
        assert ada.delete(one).status_code == 204


@pytest.mark.parametrize("rule", [
    "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1", "FREQ=YEARLY;BYWEEKNO=20;BYDAY=TU",
    "FREQ=YEARLY;BYYEARDAY=5", "FREQ=MONTHLY;BYMONTHDAY=-1"])
def test_an_odd_rule_is_taken_or_refused_as_a_whole(sim, ada, rule):  # noqa: F811
    href, text, answer = put(ada, "Odd rule", "Asia/Shanghai", None, extra="RRULE:" + rule)
    assert answer.status_code == 201 and ada.get(href) == text
    assert ada.delete(href).status_code == 204
    sim.switch(rrule_parts="named")
    href, text, answer = put(ada, "Odd rule", "Asia/Shanghai", None, extra="RRULE:" + rule)
    sim.switch(rrule_parts="wide")
    assert answer.status_code == 403, answer.text
    assert ada.request("GET", href).status_code == 404
    assert not [one for one in sim.events() if one["summary"] == "Odd rule"]
