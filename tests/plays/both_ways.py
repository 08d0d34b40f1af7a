"""An event that a client made, and one that was made in Feishu, looked at from both sides. For plays that
share one bridge (shared.py):

    from both_ways import fixture_born, fixture_make, quiet  # noqa: F401
"""

import datetime
import uuid
import zoneinfo

import pytest
from bridge import event
from feishu_sim import ADA

STEP = ("POST", "PATCH", "DELETE")


@pytest.fixture(autouse=True)
def quiet(sim):
    sim.clear_calls()
    sim.clear_notifications()


def seconds(local, zone):
    when = datetime.datetime.strptime(local, "%Y%m%dT%H%M%S")
    return int(when.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def lines(text):
    return text.replace("\r\n ", "").replace("\r\n\t", "").splitlines()


def line(text, name):
    """The one line of that name in the first VEVENT, without the name."""
    component = text.replace("\r\n ", "").split("BEGIN:VEVENT")[1].split("END:VEVENT")[0]
    found = [one for one in component.splitlines()
             if one.startswith((name + ":", name + ";"))]
    assert len(found) == 1, (name, found, text)
    return found[0][len(name):]


def has_line(text, name):
    return any(one.startswith((name + ":", name + ";")) for one in lines(text))


def writes(sim):
    return [(call["method"], call["path"].rsplit("/", 1)[1].rsplit("_", 1)[-1])
            for call in sim.calls() if call["method"] in STEP and "/events" in call["path"]]


def all_day(text, first, after):
    return text.replace("DTSTART;TZID=Asia/Shanghai:20270105T100000",
                        "DTSTART;VALUE=DATE:" + first).replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:" + after)


def only_delta(ada, token, href):
    """The delta since token is that one change; returns the new token."""
    changed, removed, token, _ = ada.sync_collection(ada.href, token)
    assert list(changed) == [href] and not removed
    return token


def token_of(ada):
    return ada.sync_collection(ada.href)[2]


class Made:
    """An event put by a client: in Feishu, served byte for byte, and one change."""

    def __init__(self, sim, bridge, ada, text, calls=1):
        self.sim, self.bridge, self.ada = sim, bridge, ada
        self.uid = [one[4:] for one in lines(text) if one.startswith("UID:")][0]
        self.href = f"{ada.href}{self.uid}.ics"
        self.text = text
        before = {e["event_id"] for e in sim.events()}
        self.token = token_of(ada)
        sim.clear_calls()
        answer = ada.put(self.href, text, {"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text
        assert len(writes(sim)) == calls, writes(sim)
        self.check_served(answer.headers["ETag"])
        new = [e for e in sim.events() if e["event_id"] not in before]
        assert len(new) == 1
        self.event = new[0]

    def check_served(self, etag=None):
        assert self.ada.get(self.href) == self.text
        etag = etag or self.ada.members(self.ada.href)[self.href]
        assert self.ada.members(self.ada.href)[self.href] == etag
        self.bridge.sync(self.ada.name)
        assert self.ada.get(self.href) == self.text
        assert self.ada.members(self.ada.href)[self.href] == etag
        self.token = only_delta(self.ada, self.token, self.href)

    def in_feishu(self):
        return [e for e in self.sim.events(deleted=True)
                if e["event_id"] == self.event["event_id"]][0]

    def put(self, text):
        """A change by the client; returns the writes it caused."""
        self.sim.clear_calls()
        self.text = text
        answer = self.ada.put(self.href, text,
                              {"If-Match": self.ada.members(self.ada.href)[self.href]})
        assert answer.status_code == 204, answer.text
        self.event = self.in_feishu()
        return writes(self.sim)

    def edit(self, who=ADA, event_id=None, **fields):
        """A change in Feishu; returns what the client then gets."""
        self.token = token_of(self.ada)
        self.sim.edit(who, "event_patch", event_id=event_id or self.event["event_id"],
                      event=fields)
        self.bridge.sync(self.ada.name)
        self.token = only_delta(self.ada, self.token, self.href)
        self.text = self.ada.get(self.href)
        return self.text

    def delete(self):
        self.sim.clear_calls()
        self.token = token_of(self.ada)
        assert self.ada.delete(self.href).status_code == 204
        self.bridge.sync(self.ada.name)
        changed, removed, _, _ = self.ada.sync_collection(self.ada.href, self.token)
        assert not changed and removed == [self.href]
        assert self.in_feishu()["is_deleted"] or self.in_feishu()["status"] == "cancelled"
        return writes(self.sim)


@pytest.fixture(name="make")
def fixture_make(sim, bridge, ada):
    made = []

    def make(text, **more):
        made.append(Made(sim, bridge, ada, text, **more))
        return made[-1]
    yield make
    for one in made:
        assert ada.delete(one.href).status_code in (204, 404)
    bridge.sync(ada.name)


def new(**fields):
    return event(f"{uuid.uuid4()}@example.com", **fields)


class Born:
    """An event made in Feishu, as the client gets it."""

    def __init__(self, sim, bridge, ada, when, who=ADA, summary="Born", **fields):
        token = token_of(ada)
        self.event = sim.add_event(who, summary, when, **fields)
        bridge.sync(ada.name)
        changed, removed, self.token, _ = ada.sync_collection(ada.href, token)
        assert len(changed) == 1 and not removed
        self.href = list(changed)[0]
        self.ada, self.bridge, self.sim = ada, bridge, sim
        assert self.href.endswith(".ics")

    def text(self):
        return self.ada.get(self.href)

    def put(self, text):
        self.sim.clear_calls()
        answer = self.ada.put(self.href, text,
                              {"If-Match": self.ada.members(self.ada.href)[self.href]})
        assert answer.status_code == 204, answer.text
        return writes(self.sim)


@pytest.fixture(name="born")
def fixture_born(sim, bridge, ada):
    made = []

    def born(when, **fields):
        made.append(Born(sim, bridge, ada, when, **fields))
        return made[-1]
    yield born
    for one in made:
        ada.delete(one.href)
    bridge.sync(ada.name)


def override(text, day, inner, zone="Asia/Shanghai", time="T100000"):
    uid = [one for one in lines(text) if one.startswith("UID:")][0]
    return text.replace("END:VCALENDAR", "\r\n".join([
        "BEGIN:VEVENT", uid, "DTSTAMP:20261120T000000Z",
        f"RECURRENCE-ID;TZID={zone}:{day}{time}", *inner, "END:VEVENT", "END:VCALENDAR"]))


def instances(sim, made, first="20270101T000000", last="20280101T000000"):
    """(start, summary) of what takes place, as Feishu expands it."""
    items, token = [], None
    while True:
        query = {"start_time": seconds(first, "UTC"), "end_time": seconds(last, "UTC"),
                 "page_size": 500, **({"page_token": token} if token else {})}
        page = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events/{made.event['event_id']}"
                        "/instances", query=query)
        items += page.get("items") or []
        token = page.get("page_token")
        if not page.get("has_more"):
            break
    return sorted((int(i["start_time"].get("timestamp", 0)) or i["start_time"]["date"],
                   i["summary"]) for i in items if i["status"] != "cancelled")
