"""What most plays stand on: the simulator (sim), a bridge before it (bridge), and Ada, who signed in and
has a client (ada). Each play has its own; a file whose plays share them imports them from shared.py.
A file that needs options of the bridge says OPTIONS = {...}."""

import pytest

from bridge import Bridge
from feishu_sim import ADA, FeishuSim


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        yield sim


@pytest.fixture(name="bridge")
def fixture_bridge(request, sim):
    with Bridge(sim, getattr(request.module, "OPTIONS", None)) as bridge:
        yield bridge


@pytest.fixture(name="ada")
def fixture_ada(sim, bridge):
    """Nothing has been asked of Feishu since she signed in."""
    client = bridge.sign_in(ADA)
    client.href = client.calendars()["Ada"]
    sim.clear_calls()
    return client
