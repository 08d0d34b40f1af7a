"""Short forms of what plays of the simulator ask of it, and the people of its smallest scenario."""

import json
import pathlib

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
ROOM = "omm_0000000000000000000000000000a001"
CHAT = "oc_00000000000000000000000000000c01"
T0 = 1767576600          # Monday 2026-01-05 09:30 in Shanghai
DAY = 86400
SCENARIOS = pathlib.Path(__file__).parents[2] / "feishu-sim" / "scenarios"
MINIMAL = json.loads((SCENARIOS / "minimal.json").read_text())


def at(seconds, zone="Asia/Shanghai"):
    return {"timestamp": str(seconds), "timezone": zone}


def day(date):
    return {"date": date, "timezone": "UTC"}


def timed(summary="event", start=T0, minutes=60, **more):
    return {"summary": summary, "start_time": at(start), "end_time": at(start + minutes * 60),
            "vchat": {"vc_type": "no_meeting"}, **more}


def make(sim, user=ADA, cal=None, **fields):
    cal = cal or sim.primary(user)
    return sim.data(user, "POST", f"/{cal}/events", timed(**fields))["event"]


def path(sim, event, user=ADA):
    return f"/{sim.primary(user)}/events/{event['event_id']}"


def code(reply):
    return reply.status_code, reply.json()["code"]


def uid(event):
    return event["event_id"].rsplit("_", 1)[0]


def weekly(sim, **more):
    return make(sim, summary="series", recurrence="FREQ=WEEKLY;BYDAY=MO", **more)


def occurrence(series, week):
    return f"{uid(series)}_{T0 + week * 7 * DAY}"


def listing(sim, user=ADA, cal=None, **query):
    return sim.data(user, "GET", f"/{cal or sim.primary(user)}/events", query=query)


def everything(sim, user=ADA, cal=None):
    return listing(sim, user, cal, anchor_time=1)


def open_id(sim, user):
    return sim.person(user)["open_id"]


def invite(sim, event, *users, as_user=ADA, **more):
    return sim.data(as_user, "POST", path(sim, event, as_user) + "/attendees", {
        "attendees": [{"type": "user", "user_id": open_id(sim, u)} for u in users], **more})


def shared(sim, user=ADA, **fields):
    return sim.data(user, "POST", "", {"summary": "Shared", **fields})["calendar"]["calendar_id"]


def share(sim, cal, user, role):
    return sim.data(ADA, "POST", f"/{cal}/acls", {
        "role": role, "scope": {"type": "user", "user_id": open_id(sim, user)}})


def instances(sim, event, start, end, **query):
    return sim.data(ADA, "GET", path(sim, event) + "/instances",
                    query={"start_time": start, "end_time": end, **query})["items"]


def starts(items):
    return [int(i["start_time"]["timestamp"]) for i in items]


def book(sim, event, **more):
    return sim.data(ADA, "POST", path(sim, event) + "/attendees", {
        "attendees": [{"type": "resource", "room_id": ROOM, **more}]})["attendees"][0]
