"""The process is killed before and after every commit and every call upstream of each kind of
write. After a restart the client repeats what it was not told the end of; then store, bridge and
simulator are equal, nothing is doubled and nobody was told twice.

Needs a build with --enable-test-hooks."""

import functools

import pytest

from feishu_sim import ADA, BOB, DAY, HOUR, SOON, FeishuSim
from stage import Stage, has_hooks, patient
from writing import WRITES, put, simple

MOMENTS_MAX = 150

pytestmark = pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")


@pytest.mark.parametrize("kind", WRITES, ids=lambda kind: type(kind).__name__)
def test_a_write_survives_a_crash_at_every_moment(kind):
    with FeishuSim() as sim, Stage(sim) as stage:
        for n in range(1, MOMENTS_MAX):
            kind.prepare(stage, n)
            sim.clear_notifications()
            stage.light(n)
            dead = stage.dies_of(lambda: kind.write(stage, n))
            stage.put_out()
            if not dead:
                break
            stage.rise()
            stage.settle()
            assert patient(lambda: kind.write(stage, n)) is not None
            stage.settle()
            kind.check(stage, n)
            kind.clean(stage, n)
        assert 3 < n < MOMENTS_MAX - 1


class Copy:
    """What a client knows that asks for changes and is never allowed a fresh start."""

    def __init__(self, stage):
        self.stage, self.token, self.etags = stage, "", {}

    def update(self):
        changed, removed, self.token, _ = self.stage.ada.sync_collection(
            self.stage.href, self.token)
        for href, props in changed.items():
            self.etags[href] = props["{DAV:}getetag"].text
        for href in removed:
            del self.etags[href]
        assert self.etags == self.stage.ada.members(self.stage.href)


@pytest.mark.parametrize("how", ["changes", "whole"])
def test_a_pull_survives_a_crash_at_every_moment(how):
    """New, changed and deleted events, a series with exceptions and people: clients are told of each
    change, whenever the pull was killed."""
    with FeishuSim() as sim, Stage(sim) as stage:
        sim.switch(delete_master="cascade")
        sim.add_event(ADA, "Goes 1", (SOON, SOON + HOUR))
        copy = Copy(stage)
        for n in range(1, MOMENTS_MAX):
            sim.edit(ADA, "event_delete", event_id=sim.event(f"Goes {n}")["event_id"])
            sim.add_event(ADA, f"Goes {n + 1}", (SOON, SOON + HOUR))
            series = sim.add_event(ADA, f"Series {n}", (SOON, SOON + HOUR),
                                   recurrence="FREQ=DAILY;COUNT=5", attendees=[{"user": BOB}])
            for day, change in ((1, {"summary": f"Moved {n}"}), (2, None)):
                occurrence = f"{series['event_id'][:-1]}{SOON + day * DAY}"
                if change:
                    sim.edit(ADA, "event_patch", event_id=occurrence, event=change)
                else:
                    sim.edit(ADA, "event_delete", event_id=occurrence)
            copy.update()
            stage.light(n)
            done = stage.bridge.run("sync", *(["--full"] if how == "whole" else []),
                                    stage.ada.name, check=False)
            stage.put_out()
            if stage.bridge.process.poll() is not None:
                stage.rise()
            copy.update()
            stage.settle()
            copy.update()
            sim.edit(ADA, "event_delete", event_id=series["event_id"])
            if done.returncode != -9:
                break
        assert 5 < n < MOMENTS_MAX - 1


def state_of(stage):
    return stage.bridge.users()[ADA]["state"]


def test_a_token_refresh_leaves_a_usable_account_or_says_what_is_lost():
    """A reply that was never stored is lost, and only a new sign-in helps; it is asked for."""
    lost = 0
    with FeishuSim() as sim, Stage(sim) as stage:
        for n in range(1, MOMENTS_MAX):
            sim.tokens(user=ADA, access="expire")
            stage.light(n)
            write = functools.partial(put, stage, n, simple(n, "Made"))
            dead = stage.dies_of(write)
            stage.put_out()
            if not dead:
                break
            stage.rise()
            stage.bridge.run("sync", stage.ada.name, check=False)
            if state_of(stage) != "ok":
                lost += 1
                assert stage.ada.request("GET", stage.href).status_code < 500
                stage.bridge.sign_in(ADA)
            assert patient(write) is not None
            stage.settle()
            assert sim.event(f"Made {n}")
        assert n > 3
        assert lost <= 3  # between the reply and the commit: nowhere else
