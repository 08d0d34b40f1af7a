"""Every kind of trouble that the simulator can make, at each call of each kind of write: the client
repeats what ends with 5xx, and then both sides are equal."""

import resource
import sqlite3
import threading

import pytest

from feishu_sim import FeishuSim
from stage import WRITES, Create, Stage, patient, simple, put

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
}
CALLS = (1, 2, 3)


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
@pytest.mark.parametrize("fault", FAULTS)
def test_a_write_survives(kind, fault):
    with FeishuSim() as sim:
        stage = Stage(sim)
        with stage.bridge:
            for n in CALLS:
                kind.prepare(stage, n)
                sim.clear_notifications()
                sim.fault(path="*/calendar/v4/*", nth=n, **FAULTS[fault])
                assert patient(lambda: kind.write(stage, n)).status_code < 500
                sim.clear_faults()
                stage.settle()
                patient(lambda: kind.write(stage, n))
                stage.settle()
                kind.check(stage, n)


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
def test_a_full_disk_loses_nothing(kind):
    """No file of the process may grow, in the middle of whatever it was writing."""
    with FeishuSim() as sim:
        stage = Stage(sim)
        with stage.bridge:
            for n, limit_bytes in enumerate((0, 8192, 65536, 131072), 1):
                kind.prepare(stage, n)
                sim.clear_notifications()
                pid = stage.bridge.process.pid
                _, hard = resource.prlimit(pid, resource.RLIMIT_FSIZE)
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit_bytes, hard))
                answer = kind.write(stage, n)
                assert answer.status_code in (201, 204, 500, 502, 503, 507), answer.text
                assert stage.ada.members(stage.href) is not None
                resource.prlimit(pid, resource.RLIMIT_FSIZE, (hard, hard))
                assert patient(lambda: kind.write(stage, n)) is not None
                stage.settle()
                kind.check(stage, n)


def test_while_another_process_locks_the_store_writes_end_in_time_and_reads_go_on():
    with FeishuSim() as sim:
        stage = Stage(sim)
        with stage.bridge:
            kind = Create()
            put(stage, 9, simple(9, "There"))
            other = sqlite3.connect(stage.bridge.dir + "/store.db", isolation_level=None)
            other.execute("BEGIN IMMEDIATE")
            answers = []
            writer = threading.Thread(target=lambda: answers.append(kind.write(stage, 1)))
            writer.start()
            assert "There 9" in stage.ada.get(f"{stage.href}9.ics")
            writer.join(31)
            assert answers and answers[0].status_code == 503, answers
            assert int(answers[0].headers["Retry-After"]) > 0
            other.execute("ROLLBACK")
            other.close()
            sim.clear_notifications()
            assert patient(lambda: kind.write(stage, 1)).status_code == 201
            stage.settle()
            kind.check(stage, 1)
