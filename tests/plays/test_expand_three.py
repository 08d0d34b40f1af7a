"""The occurrences of a series are the same for the bridge's clients, for Feishu (the simulator) and for
python-dateutil, whatever the rule, the zone and the exceptions."""

import random
import re
from datetime import datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr

from bridge import event
from feishu_sim import ADA, FeishuSim
from shared import ada, bridge  # noqa: F401

N_SERIES = 80
RULES = [
    "FREQ=DAILY", "FREQ=DAILY;INTERVAL=3", "FREQ=DAILY;BYDAY=MO,TU,WE,TH,FR", "FREQ=WEEKLY",
    "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=SU", "FREQ=WEEKLY;INTERVAL=2;BYDAY=TU,SU;WKST=MO",
    "FREQ=MONTHLY;BYMONTHDAY=31", "FREQ=MONTHLY;BYMONTHDAY=-1", "FREQ=MONTHLY;BYDAY=-1FR",
    "FREQ=MONTHLY;BYDAY=2TU,4TU", "FREQ=MONTHLY;BYDAY=MO,TU,WE,TH,FR;BYSETPOS=-1",
    "FREQ=MONTHLY;INTERVAL=2;BYDAY=FR;BYMONTHDAY=13", "FREQ=YEARLY;BYMONTH=3,10;BYDAY=-1SU",
    "FREQ=YEARLY;BYMONTH=2;BYMONTHDAY=29",
]
ZONES = ["Asia/Shanghai", "Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "UTC"]


def ics(time):
    return time.strftime("%Y%m%dT%H%M%S")


@pytest.fixture(name="sim", scope="module")
def fixture_sim():
    with FeishuSim() as sim:
        sim.switch(rate_limit="off")
        yield sim


def series(number):
    """A rule with its end, its zone, and its occurrences as wall clocks; none lies in a gap."""
    rng = random.Random(number)
    rule, zone = RULES[number % len(RULES)], rng.choice(ZONES)
    # Neither end of daylight saving has a wall clock between six and the evening.
    near = datetime(2027, 1, 1) + timedelta(days=rng.randint(0, 300), hours=rng.randint(6, 20))
    first = next(iter(rrulestr(rule, dtstart=near)))
    count = rng.randint(2, 25)
    found = list(rrulestr(f"{rule};COUNT={count}", dtstart=first))
    found = [one for one in found if one < first + timedelta(days=700)]
    if len(found) < count or rng.random() < 0.5:
        last = found[-1].replace(tzinfo=ZoneInfo(zone)).astimezone(timezone.utc)
        return f"{rule};UNTIL={ics(last)}Z", zone, found, rng
    return f"{rule};COUNT={count}", zone, found, rng


def instants(wall_clocks, zone):
    return sorted(int(one.replace(tzinfo=ZoneInfo(zone)).timestamp()) for one in wall_clocks)


def of_bridge(ada, uid):
    """Starts that calendar-query expands (RFC 4791 9.6.5)."""
    answer = ada.report(ada.href, "c:calendar-query", '''<d:prop><c:calendar-data>
        <c:expand start="20261201T000000Z" end="20300101T000000Z"/></c:calendar-data></d:prop>
        <c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">
        <c:prop-filter name="UID"><c:text-match collation="i;octet">%s</c:text-match></c:prop-filter>
        </c:comp-filter></c:comp-filter></c:filter>''' % uid)
    assert answer.status_code == 207, answer.text
    return sorted(int(datetime.strptime(text + "+0000", "%Y%m%dT%H%M%SZ%z").timestamp())
                  for text in re.findall(r"\nDTSTART:(\d{8}T\d{6}Z)", answer.text))


def of_feishu(sim, event_id, first):
    found, token = [], None
    while True:
        query = {"start_time": first - 1, "end_time": first + 720 * 86400, "page_size": 500,
                 "page_token": token}
        data = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events/{event_id}/instances", query=query)
        found += [int(one["start_time"]["timestamp"]) for one in data["items"]
                  if one["status"] != "cancelled"]
        token = data.get("page_token")
        if not data["has_more"]:
            return sorted(found)


@pytest.mark.parametrize("number", range(N_SERIES))
def test_three_expansions_agree(sim, ada, number):
    rule, zone, found, rng = series(number)
    uid = f"three-{number}@example.com"
    gone = rng.sample(found[1:], rng.randint(0, min(3, len(found) - 1)))
    extra = f"RRULE:{rule}"
    for one in gone:
        extra += (f"\nEXDATE:{ics(one)}Z" if zone == "UTC" else f"\nEXDATE;TZID={zone}:{ics(one)}")
    text = event(uid, ics(found[0]), ics(found[0] + timedelta(minutes=30)), zone, uid, extra)
    if zone == "UTC":
        text = re.sub(r";TZID=UTC:(\d+T\d+)", r":\1Z", text)
    assert ada.put(f"{ada.href}{number}.ics", text).status_code == 201
    wanted = instants([one for one in found if one not in gone], zone)
    assert of_bridge(ada, uid) == wanted
    assert of_feishu(sim, sim.event(uid)["event_id"], instants(found, zone)[0]) == wanted
