"""A bridge and a simulator whose equality is checked."""

import contextlib
import json
import os
import re
import sqlite3
import struct
import subprocess

import requests

from bridge import BUILD_DIR, Bridge, Client, wait_until
from feishu_sim import ADA, BOB

# Of waits that only let time pass: a hundred plays would wait for hours.
WAIT_PERCENT = 2
# In which the process comes to the moments behind an answer.
AFTERWARDS_S = 0.2


def has_hooks():
    """The build can be killed, moved in time and hurried (--enable-test-hooks)."""
    with open(os.path.join(BUILD_DIR, "config.h"), encoding="utf-8") as file:
        return "#define TEST_HOOKS 1" in file.read()


class Clock:
    """The wall clock of a bridge that is not started yet, and of a simulator."""

    def __init__(self, bridge, sim=None):
        path = os.path.join(bridge.dir, "clock")
        self.file = open(path, "w+b", buffering=0)
        self.sim, self.shift_ms = sim, 0
        self.write()
        bridge.env["TEST_CLOCK_FILE"] = path

    def write(self):
        # In place: processes have mapped it.
        os.pwrite(self.file.fileno(), struct.pack("=q", self.shift_ms), 0)

    def advance(self, seconds):
        """Both move on; Feishu first, or what it issues in between would be old at once."""
        self.sim.clock(advance=seconds)
        self.advance_bridge(seconds)

    def advance_bridge(self, seconds):
        self.shift_ms += int(seconds * 1000)
        self.write()


class Stage:
    """A bridge that can be told to die at a moment to come, and whose time can be moved."""

    def __init__(self, sim, options=None, prepare=None):
        """prepare(bridge) is called before the bridge starts."""
        self.sim = sim
        # Many turns on one stage must not wait for the budget.
        options = {"feishu.rate-per-second": "1000", "feishu.rate-per-minute": "2000",
                   **(options or {})}
        sim.switch(rate_limit="off")
        self.bridge = Bridge(sim, options, start=False)
        self.fuse = os.path.join(self.bridge.dir, "fuse")
        self.bridge.env["TEST_FAULT_FILE"] = self.fuse
        self.bridge.env["TEST_WAIT_PERCENT"] = str(WAIT_PERCENT)
        self.clock = Clock(self.bridge, sim)
        if prepare:
            prepare(self.bridge)
        self.bridge.start()
        self.ada = self.bridge.sign_in(ADA)
        self.href = self.ada.calendars()["Ada"]

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.clock.file.close()
        self.bridge.close()

    def light(self, moments):
        with open(self.fuse, "w", encoding="ascii") as file:
            file.write(f"{moments:06d}")

    def put_out(self):
        """Nothing more is counted; how many moments were left, None when it was out already."""
        ashes = self.fuse + ".out"
        try:
            os.rename(self.fuse, ashes)
        except FileNotFoundError:
            return None
        with open(ashes, encoding="ascii") as file:
            left = int(file.read())
        os.unlink(ashes)
        return left

    def dies_of(self, action):
        """Does what may kill the process; true when it did. What comes after an answer may kill as well."""
        answer = patient(action)
        if answer is not None:
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.bridge.process.wait(timeout=AFTERWARDS_S)
            if self.bridge.process.poll() is None and self.put_out() != 0:
                return False
        assert self.bridge.process.wait(timeout=10) == -9, self.bridge.log()[-4000:]
        return True

    def rise(self):
        self.bridge.start()
        self.ada = Client(self.bridge, self.ada.name, self.ada.password)

    def store_path(self):
        return self.bridge.env["FEISHU_CALDAV_STORE_PATH"]

    def rows(self, sql, *values):
        with sqlite3.connect(self.store_path(), timeout=20) as db:
            return db.execute(sql, values).fetchall()

    def settle(self):
        """Everything that is open has been finished and everything has been pulled."""
        wait_until(lambda: not self.rows("SELECT name FROM journal"), "the end of the journal",
                   40)
        self.bridge.run("sync", "--full", self.ada.name)
        check_equal(self)


def when(value):
    return value.get("timestamp") or value.get("date")


def is_shown(one, master):
    """To Ada: not what was cancelled, nor what she declined of others."""
    if one.get("status") == "cancelled" or one.get("is_deleted"):
        return False
    answers = [a["rsvp_status"] for a in master.get("attendees", []) if a.get("user_id") == ADA]
    return master["event_organizer"]["user_id"] == ADA or answers != ["decline"]


def upstream_parts(stage):
    """(uid, original time) -> what people see of each living master and exception."""
    parts = {}
    for master in stage.sim.events(stage.sim.primary(ADA)):
        for one in [master, *master.get("exceptions", [])]:
            if not is_shown(one, master):
                continue
            uid, original = one["event_id"].rsplit("_", 1)
            parts[uid, int(original)] = (one["summary"], when(one["start_time"]),
                                         when(one["end_time"]), one.get("recurrence") or "")
    return parts


def stored_parts(stage):
    parts = {}
    for uid, original, text in stage.rows(
            "SELECT uid, original_time, json FROM rows JOIN row_texts USING (id)"
            " WHERE calendar_id = (SELECT id FROM calendars WHERE type = 'primary')"
            " AND NOT EXISTS (SELECT 1 FROM objects o WHERE o.calendar_id = rows.calendar_id"
            " AND o.upstream_uid = rows.uid AND o.hidden)"):
        one = json.loads(text)
        if one.get("status") != "cancelled":
            parts[uid, original] = (one["summary"], when(one["start_time"]),
                                    when(one["end_time"]), one.get("recurrence") or "")
    return parts


def check_equal(stage):
    """Bridge, store and simulator hold the same events."""
    upstream, stored = upstream_parts(stage), stored_parts(stage)
    masters = {uid for uid, original in upstream if original == 0}
    upstream = {key: part for key, part in upstream.items() if key[0] in masters}
    stored = {key: part for key, part in stored.items() if key[0] in masters}
    assert stored == upstream, sorted(set(stored.items()) ^ set(upstream.items()))
    members = stage.ada.members(stage.href)
    assert len(members) == len(masters)
    served = sorted(summary for href in members
                    for summary in re.findall(r"SUMMARY:(.*?)\r", stage.ada.get(href)))
    assert served == sorted(part[0] for part in upstream.values())
    assert stage.rows("PRAGMA integrity_check") == [("ok",)]
    assert not stage.rows("SELECT upstream_uid FROM objects WHERE NOT hidden"
                          " GROUP BY calendar_id, upstream_uid HAVING count(*) > 1")


def ids_of(sim, title):
    """Event ids of everything that was ever called so at its end."""
    return {e["event_id"] for e in sim.events(deleted=True) if e["summary"] == title}


def told(sim, kind, title):
    """How often Bob was told of an event."""
    ids = ids_of(sim, title)
    return len([n for n in sim.told(BOB, kind) if n["event_id"] in ids])


def living(sim, title):
    return [e for e in sim.events() if e["summary"] == title]


def patient(action):
    """Repeats what ends with 5xx, as clients do; None when the process died of it."""
    for _ in range(6):
        try:
            answer = action()
        except requests.ConnectionError:
            return None
        # A multistatus has its failures inside.
        if answer.status_code < 500 and not (
                answer.status_code == 207 and re.search(r"HTTP/1\.1 5\d\d", answer.text)):
            return answer
    raise AssertionError(f"{answer.status_code} {answer.text}")
