"""The process is killed before and after every commit and every call upstream of each kind of
write. After a restart the client repeats what it was not told the end of; then store, bridge and
simulator are equal, nothing is doubled and nobody was told twice.

Needs a build with --enable-test-hooks."""

import functools

import pytest

from feishu_sim import ADA, FeishuSim
from stage import WRITES, Stage, has_hooks, patient, put, simple

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
