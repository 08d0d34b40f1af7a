"""The Feishu simulator itself: what Feishu would refuse it refuses, what Feishu would keep it keeps. The
numbers in the files' first lines and section marks are those of the interface's reference.

One process for the plays of a file, and a fresh world for each of them."""

import pytest

from asked import MINIMAL
from feishu_sim import FeishuSim


@pytest.fixture(scope="module")
def process():
    sim = FeishuSim()
    yield sim
    assert sim.stop() == 0


@pytest.fixture
def sim(process):
    process.clear_faults()
    process.reset(MINIMAL)
    return process
