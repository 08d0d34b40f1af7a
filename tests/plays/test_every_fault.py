"""Every kind of trouble that the simulator can make, at every call of every kind of write: the client
repeats what ends with 5xx, and then both sides are equal, and nobody was told twice."""

import fnmatch
import re
import resource
import sqlite3
import threading

import pytest

from feishu_sim import FeishuSim
from stage import Stage, has_hooks, patient
from writing import WRITES, Create, put, simple

pytestmark = pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")

FAULTS = {
    "service error": {"code": 190003, "status": 500},
    "error of a call that was done": {"code": 190003, "status": 500, "effect": True},
    "limit of the method": {"code": 190004, "status": 429},
    "limit of the app": {"code": 190005, "status": 429},
    "contention": {"code": 190010, "status": 429},
    "limit of the gateway": {"rate_limit_reset": 1},
    "cut before": {"cut": "before"},
    "cut after": {"cut": "after"},
    "half of the answer, done": {"invalid_json": True, "effect": True},
    "a page of a proxy": {"status": 502, "body": "<p>no", "content_type": "text/html"},
    "another content type": {"content_type": "text/html"},
    "no such page": {"status": 404, "body": "404 page not found", "content_type": "text/plain"},
    "expired access token": {"code": 99991677, "status": 401},
    "refused access token": {"code": 99991668, "status": 400},
    "the app is off": {"code": 99991662, "status": 400},
}
# Longer than the bridge of these plays waits: it was done, and nobody hears of it.
LATE = {"delay_ms": 1300}
LATE_OPTIONS = {"feishu.timeout": "1"}
WARM_UP, DRY_RUN = 1, 2  # turns before the first fault
TURNS_MAX = 60  # of a stage: everything that is on it is compared again and again


class Stages:
    """One stage after the other, each for several plays."""

    def __init__(self):
        self.sim = self.stage = self.options = None

    def get(self, options=None):
        if self.stage and (self.stage.turn > TURNS_MAX or self.options != options):
            self.close()
        if not self.stage:
            self.sim, self.options = FeishuSim(), options
            self.stage = Stage(self.sim, options)
            self.stage.turn = 0
        return self.stage

    def close(self):
        stage, self.stage = self.stage, None
        try:
            if stage:
                stage.__exit__()
        finally:
            if self.sim:
                self.sim.stop()


@pytest.fixture(name="stages", scope="module")
def fixture_stages():
    stages = Stages()
    yield stages
    stages.close()


@pytest.fixture(name="stage")
def fixture_stage(request, stages):
    failed = request.session.testsfailed
    yield stages.get()
    if request.session.testsfailed > failed:
        stages.close()  # what went wrong here is not to be in the way of others


def next_turn(stage):
    stage.turn += 1
    return stage.turn


def pattern_of(path):
    """The path with its ids open: /calendars/*/events/*/attendees"""
    return re.sub(r"/(feishu\.cn_[^/]+|[^/]+(?:%40|@)[^/]+|[0-9a-f-]{36}_\d+|ACL_[^/]+|user_\d+)", "/*",
                  path)


def calls_of(stage, kind):
    """(method, pattern, nth of these) of each call that the write makes when all goes well."""
    for _ in (WARM_UP, DRY_RUN):
        n = next_turn(stage)
        kind.prepare(stage, n)
        stage.sim.clear_notifications()
        since = stage.sim.last_call()
        assert kind.write(stage, n).status_code < 300
        upto = stage.sim.last_call()
        kind.check(stage, n)
    seen, found = [], []
    for call in stage.sim.calls(since=since):
        if call["seq"] > upto:
            break
        one = call["method"], pattern_of(call["path"])
        seen.append((call["method"], call["path"]))
        nth = len([1 for method, path in seen
                   if method == one[0] and fnmatch.fnmatchcase(path, one[1])])
        found.append((*one, nth))
    return found


def write_with(stage, kind, fault, call):
    """One turn in which a call goes wrong; returns its number."""
    method, pattern, nth = call
    n = next_turn(stage)
    kind.prepare(stage, n)
    stage.sim.fault(method=method, path=pattern, nth=nth, **fault)
    assert patient(lambda: kind.write(stage, n)).status_code < 500
    # What the bridge read in the background meanwhile is among the calls, too.
    hits = [one["hits"] for one in stage.sim.faults()]
    assert hits == [1] or method == "GET", call
    stage.sim.clear_faults()
    return n


def check_all(stage, kind, turns):
    """What is open is finished; the clients' repeats change nothing; both sides are equal."""
    stage.settle()
    for n in turns:
        patient(lambda n=n: kind.write(stage, n))
    stage.settle()
    for n in turns:
        kind.check(stage, n)
        kind.clean(stage, n)


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_survives(stage, kind, fault):
    calls = calls_of(stage, kind)
    assert calls
    check_all(stage, kind, [write_with(stage, kind, FAULTS[fault], call) for call in calls])


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
def test_a_write_survives_answers_that_come_too_late(stages, kind):
    stage = stages.get(LATE_OPTIONS)
    calls = [call for call in calls_of(stage, kind) if call[0] != "GET"]
    assert calls
    check_all(stage, kind, [write_with(stage, kind, LATE, call) for call in calls])


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
def test_a_full_disk_loses_nothing(stage, kind):
    """No file of the process may grow, in the middle of whatever it was writing."""
    turns = []
    for limit_bytes in (0, 8192, 65536, 131072):
        n = next_turn(stage)
        kind.prepare(stage, n)
        pid = stage.bridge.process.pid
        _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, hard))
        answer = kind.write(stage, n)
        assert answer.status_code in (200, 201, 204, 207, 500, 502, 503, 507), answer.text
        assert stage.ada.members(stage.href) is not None
        resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
        assert patient(lambda n=n: kind.write(stage, n)) is not None
        turns.append(n)
    check_all(stage, kind, turns)


def test_while_another_process_locks_the_store_writes_end_in_time_and_reads_go_on(stage):
    kind, there, n = Create(), next_turn(stage), next_turn(stage)
    put(stage, there, simple(there, "There"))
    other = sqlite3.connect(stage.store_path(), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    answers = []
    writer = threading.Thread(target=lambda: answers.append(kind.write(stage, n)))
    writer.start()
    assert f"There {there}" in stage.ada.get(f"{stage.href}{there}.ics")
    writer.join(31)
    assert answers and answers[0].status_code == 503, answers
    assert int(answers[0].headers["Retry-After"]) > 0
    other.execute("ROLLBACK")
    other.close()
    assert patient(lambda: kind.write(stage, n)).status_code == 201
    stage.settle()
    kind.check(stage, n)
