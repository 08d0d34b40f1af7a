"""The simulator, a bridge and Ada as in conftest.py, but one of each for all plays of a file: every play
leaves behind what it found.

    from shared import ada, bridge, sim  # noqa: F401
"""

import pytest

from bridge import Bridge
from feishu_sim import ADA, HOUR, SOON, FeishuSim


@pytest.fixture(scope="module", name="sim")
def sim():
    with FeishuSim() as running:
        yield running


@pytest.fixture(scope="module", name="bridge")
def bridge(request, sim):
    with Bridge(sim, getattr(request.module, "OPTIONS", None)) as running:
        yield running


@pytest.fixture(scope="module", name="ada")
def ada(sim, bridge):
    """An event of hers tells the time zone of the account."""
    sim.add_event(ADA, "First", (SOON, SOON + HOUR))
    client = bridge.sign_in(ADA)
    client.href = client.calendars()["Ada"]
    return client
