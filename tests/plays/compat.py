"""What the plays with outside judges share: a bridge in front of the simulator, the judges of
contrib/compat as processes, and the simulator's state in a form that can be compared."""

import contextlib
import datetime
import pathlib
import subprocess
import sys

from bridge import Bridge, wait_until
from feishu_sim import FeishuSim

COMPAT = pathlib.Path(__file__).resolve().parent.parent.parent / "contrib" / "compat"
PERSON = "ou_ada00000000000000000000000000001"
MAIL = "ada@example.com"
JUDGE_S = 600

sys.path[:0] = [str(COMPAT), str(COMPAT / "thunderbird")]


@contextlib.contextmanager
def desk():
    """(simulator, bridge, signed-in client)"""
    with FeishuSim() as sim, Bridge(sim, {"sync.poll-interval": "1"}) as bridge:
        yield sim, bridge, bridge.sign_in(PERSON)


def judge(script, client, *options, first=()):
    """Runs a judge; what it does not accept is the failure's text. first: arguments of its own."""
    done = subprocess.run(
        [sys.executable, "-B", str(COMPAT / script), *first, client.bridge.url + "/dav/", client.name,
         client.password, *options], text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        timeout=JUDGE_S, check=False)
    assert done.returncode == 0, done.stdout
    return done.stdout


def utc(text):
    """20270104T020000Z as seconds."""
    at = datetime.datetime.strptime(text, "%Y%m%dT%H%M%SZ")
    return int(at.replace(tzinfo=datetime.timezone.utc).timestamp())


def moment(value):
    """A time object of Feishu: a date, or 20270104T020000Z."""
    if value.get("date"):
        return value["date"]
    at = datetime.datetime.fromtimestamp(int(value["timestamp"]), datetime.timezone.utc)
    return at.strftime("%Y%m%dT%H%M%SZ")


def original(event):
    """The instant that an exception stands for, out of its id."""
    seconds = int(event["event_id"].rsplit("_", 1)[1])
    return moment({"timestamp": seconds})


def held(sim, calendar):
    """What Feishu holds in a calendar: {summary: (start, end, rule, {original: exception})}, where an
    exception is "cancelled" or (summary, start)."""
    found = {}
    for event in sim.events(sim.calendar(calendar)["calendar_id"]):
        exceptions = {}
        for row in event["exceptions"]:
            if row["status"] == "cancelled":
                exceptions[original(row)] = "cancelled"
            elif not row["is_deleted"]:
                exceptions[original(row)] = (row["summary"], moment(row["start_time"]))
        assert event["summary"] not in found, f"twice {event['summary']}"
        found[event["summary"]] = (moment(event["start_time"]), moment(event["end_time"]),
                                   event.get("recurrence", ""), exceptions)
    return found


def left_behind(sim):
    """Titles of the calendars and events that are not part of the scenario. An event of a deleted
    calendar is out of everybody's sight."""
    living = {one["calendar_id"]: one["summary"] for one in sim.calendars()
              if not one["is_deleted"]}
    return ([name for name in living.values() if name.startswith("compat")] +
            [one["summary"] for one in sim.events() if set(one["calendar_ids"]) & set(living)])


def assert_standup(found):
    """The series that every judge leaves behind: weekly from 4 to 25 January 2027, the second
    occurrence later and with another title, the third cancelled."""
    start, end, rule, exceptions = found["Standup"]
    assert (start, end) == ("20270104T010000Z", "20270104T020000Z")
    assert "FREQ=WEEKLY" in rule
    assert exceptions == {"20270111T010000Z": ("Standup late", "20270111T080000Z"),
                          "20270118T010000Z": "cancelled"}


def assert_scene(sim, calendar, room="Room 1"):
    """What most judges leave behind: that series, and a single event that was moved and renamed."""
    found = held(sim, calendar)
    assert sorted(found) == ["Planning, edited", "Standup"]
    assert found["Planning, edited"][:2] == ("20270105T060000Z", "20270105T070000Z")
    assert sim.event("Planning, edited")["location"]["name"] == room
    assert_standup(found)


def feishu_story(sim, shows):
    """Edits made in Feishu itself, one after the other; shows() says what the client shows of January
    2027 in the primary calendar, as a set of (start in UTC, title)."""
    series = [f"202701{day:02}T010000Z" for day in (4, 11, 18, 25)]

    def until(expected, what):
        last = []

        def right():
            last[:] = [shows()]
            return last[0] == expected
        try:
            wait_until(right, what, 60)
        except AssertionError as error:
            raise AssertionError(f"{error}: {sorted(last[0])}") from None

    single = sim.add_event(MAIL, "Review", (utc("20270105T060000Z"), utc("20270105T070000Z")))
    until({("20270105T060000Z", "Review")}, "a new event")

    sim.edit(MAIL, "event_patch", calendar_id="primary", event_id=single["event_id"],
             event={"summary": "Review, moved",
                    "start_time": {"timestamp": str(utc("20270106T060000Z")),
                                   "timezone": "Asia/Shanghai"},
                    "end_time": {"timestamp": str(utc("20270106T070000Z")),
                                 "timezone": "Asia/Shanghai"}})
    moved = ("20270106T060000Z", "Review, moved")
    until({moved}, "an edited event")

    master = sim.add_event(MAIL, "Circle", (utc(series[0]), utc("20270104T020000Z")),
                           recurrence="FREQ=WEEKLY;UNTIL=20270126T000000Z")
    until({moved, *((at, "Circle") for at in series)}, "a new series")

    uid = master["event_id"].rsplit("_", 1)[0]
    sim.edit(MAIL, "event_patch", calendar_id="primary", event_id=f"{uid}_{utc(series[1])}",
             event={"summary": "Circle, special"})
    until({moved, (series[0], "Circle"), (series[1], "Circle, special"), (series[2], "Circle"),
           (series[3], "Circle")}, "an exception")

    sim.edit(MAIL, "event_delete", calendar_id="primary", event_id=f"{uid}_{utc(series[2])}")
    until({moved, (series[0], "Circle"), (series[1], "Circle, special"), (series[3], "Circle")},
          "a cancelled occurrence")

    sim.edit(MAIL, "event_delete", calendar_id="primary", event_id=single["event_id"])
    until({(series[0], "Circle"), (series[1], "Circle, special"), (series[3], "Circle")},
          "a deleted event")
