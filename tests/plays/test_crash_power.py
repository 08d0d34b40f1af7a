"""The power goes: of what was written to the store, only what was synced is left, or that and some of
the rest, in pieces. The store opens, nothing that was acknowledged is missing, and after the client's
repeat store, bridge and simulator are equal. A refreshed pair of tokens is on the disk before the new
one is used.

Needs a build with --enable-test-hooks and without sanitizers."""

import os
import random
import re
import sqlite3
import threading

import pytest

import powercut
from bridge import Bridge, Client, event, wait_until
from feishu_sim import ADA, BOB, HOUR, SOON, FeishuSim
from stage import Stage, has_hooks, patient
from writing import ChangeAttendees, ChangeSeries, Create, CreateCalendar, DeleteSeries, Move, make, simple

pytestmark = pytest.mark.skipif(not (has_hooks() and powercut.works()),
                                reason="built without --enable-test-hooks, or with a sanitizer")
SYNCS_MAX = 60


class PowerStage(Stage):
    """Its bridge dies instead of a sync, and finds what the power cut left."""

    def __init__(self, sim):
        self.cut = None
        super().__init__(sim, prepare=self.wire)

    def wire(self, bridge):
        self.cut = powercut.PowerCut(bridge)

    def light(self, moments):
        self.cut.light(moments)

    def put_out(self):
        self.cut.put_out()

    def rise(self, keep=None):
        self.cut.restore(self.cut.disk().left(keep))
        super().rise()


def lot(n):
    """Every other time some of what was not synced is there, every time something else."""
    return random.Random(n) if n % 2 else None


@pytest.mark.parametrize("kind", [Create(), ChangeAttendees(), ChangeSeries(), DeleteSeries(),
                                  CreateCalendar(), Move()], ids=lambda kind: type(kind).__name__)
def test_a_write_survives_a_power_cut_at_every_sync(kind):
    with FeishuSim() as sim, PowerStage(sim) as stage:
        for n in range(1, SYNCS_MAX):
            kind.prepare(stage, n)
            sim.clear_notifications()
            stage.light(n)
            dead = stage.dies_of(lambda: kind.write(stage, n))
            stage.put_out()
            if not dead:
                break
            stage.rise(lot(n))
            stage.settle()
            assert patient(lambda: kind.write(stage, n)) is not None
            stage.settle()
            kind.check(stage, n)
            kind.clean(stage, n)
        assert 2 < n < SYNCS_MAX - 1


def test_what_was_acknowledged_is_there_after_a_power_cut():
    """Without any warning, and without a word of the bridge: right behind the answer."""
    with FeishuSim() as sim, PowerStage(sim) as stage:
        for n in range(1, 6):
            make(stage, n, simple(n, "Kept"))
            if n > 1:
                assert stage.ada.delete(f"{stage.href}{n - 1}.ics").status_code == 204
            members, ctag = stage.ada.members(stage.href), stage.ada.ctag(stage.href)
            stage.bridge.stop(9)
            stage.rise(lot(n))
            wait_until(lambda m=members: stage.ada.members(stage.href) == m,
                       "what was acknowledged")
            # Numbers may have been taken back, so no client goes on from one it knows.
            assert stage.ada.ctag(stage.href) != ctag
            stage.settle()


# ---- all states of the disk in the life of a store ----

def record():
    """The notes of a bridge that is made, signs in, reads, writes, and starts again."""
    with FeishuSim() as sim, Bridge(sim, start=False) as bridge:
        cut = powercut.PowerCut(bridge)
        bridge.start()
        sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
        ada = bridge.sign_in(ADA)
        href = ada.calendars()["Ada"]
        for n in range(3):
            assert ada.put(f"{href}{n}.ics", event(f"{n}@example.com", summary=f"E {n}")) \
                .status_code == 201
        sim.tokens(user=ADA, access="expire")
        ada.delete(f"{href}1.ics")
        assert bridge.stop() == 0
        bridge.start()
        ada = Client(bridge, ada.name, ada.password)
        assert ada.put(f"{href}9.ics", event("9@example.com", summary="E 9")).status_code == 201
        bridge.sync(ada.name)
        bridge.stop(9)
        notes = list(cut.notes())
        assert cut.disk().now()["store.db"]
        return notes


@pytest.fixture(name="notes", scope="module")
def fixture_notes():
    return record()


def disks(notes):
    """(number of the note, disk) after each."""
    disk = powercut.Disk()
    for number, note in enumerate(notes):
        disk.take(*note)
        yield number, note, disk


def open_store(directory):
    """None while there are no tables yet."""
    path = os.path.join(directory, "store.db")
    if not os.path.exists(path):
        return None
    db = sqlite3.connect(path)
    assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert not db.execute("PRAGMA foreign_key_check").fetchall()
    if not db.execute("PRAGMA user_version").fetchone()[0]:
        assert not db.execute("SELECT name FROM sqlite_schema").fetchall()
        db.close()
        return None
    return db


def test_the_store_is_whole_whatever_the_power_cut_left(notes, tmp_path):
    """After every write and every sync; a number that was given out is never given out again."""
    directory, known = str(tmp_path / "power"), 0
    assert len([1 for note in notes if note[0] == b"S"]) > 20
    for number, note, disk in disks(notes):
        if note[0] == b"N":
            continue
        lots = [None] if note[0] == b"S" else [random.Random(number)]
        for keep in lots:
            powercut.write_files(directory, disk.left(keep))
            db = open_store(directory)
            if db:
                change, = db.execute("SELECT value FROM state WHERE id = 1").fetchone()
                assert change >= known, (number, note[:2])
                if note[0] == b"S":
                    known = change
                db.close()


def test_a_first_start_that_was_cut_short_starts_again(notes, tmp_path):
    """At every moment until the store and its key are there."""
    with FeishuSim() as sim, Bridge(sim, start=False) as bridge:
        directory = str(tmp_path / "power")
        bridge.env["FEISHU_CALDAV_STORE_PATH"] = os.path.join(directory, "store.db")
        seen = set()
        for number, note, disk in disks(notes):
            if note[0] == b"N":
                break
            for keep in (None, random.Random(number)):
                files = disk.left(keep)
                state = hash(tuple(sorted(files.items())))
                if state in seen:
                    continue
                seen.add(state)
                powercut.write_files(directory, files)
                done = bridge.run("user", "list", check=False)
                assert done.returncode == 0, (number, sorted(files), done.stderr)
        assert len(seen) > 10


def tokens_in(files, directory):
    """The sealed tokens of all accounts."""
    powercut.write_files(directory, files)
    db = open_store(directory)
    try:
        return db.execute("SELECT open_id, access_token, refresh_token FROM accounts").fetchall()
    finally:
        db.close()


def test_every_token_is_on_the_disk_before_it_is_used(notes, tmp_path):
    """At each packet to Feishu that carries a user's token, what a power cut would leave knows the
    same tokens as the running process."""
    directory, used = str(tmp_path / "power"), []
    for _, note, disk in disks(notes):
        if note[0] != b"N":
            continue
        token = re.search(rb"Authorization: Bearer (eyJ\S{100,})", note[3])
        # At a sign-in Feishu is asked who it is before there is an account.
        if not token or b"/authen/v1/user_info" in note[3]:
            continue
        if token[1] not in used:
            used.append(token[1])
            left, now = (tokens_in(files, directory) for files in (disk.left(), disk.now()))
            assert left == now and left[0][1]
    assert len(used) == 2


def test_a_power_cut_while_a_new_token_is_first_used_loses_no_sign_in():
    with FeishuSim() as sim, PowerStage(sim) as stage:
        for n in range(3):
            stage.clock.advance(3 * HOUR)
            since = sim.last_call()
            sim.fault(path="*/calendar/v4/*", delay_ms=5000)
            thread = threading.Thread(target=lambda: stage.bridge.run(
                "sync", stage.ada.name, check=False))
            thread.start()
            wait_until(lambda: [c for c in sim.calls(since=since) if "/calendar/v4/" in c["path"]],
                       "the first call with the new token")
            assert sim.calls(since=since, path="/oauth/v3/token")
            stage.bridge.stop(9)
            files = stage.cut.disk().left(lot(n))
            sim.clear_faults()  # ends the wait, too
            thread.join()
            stage.cut.restore(files)
            stage.bridge.start()
            stage.ada = Client(stage.bridge, stage.ada.name, stage.ada.password)
            since = sim.last_call()
            make(stage, n, simple(n, "Made"))
            assert not [c for c in sim.calls(since=since, path="/oauth/") if c["status"] >= 400]
            stage.settle()
