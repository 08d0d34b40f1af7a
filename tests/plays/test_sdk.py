"""The simulator under the official Feishu SDK from npm: tests/feishu-sim/sdk/*.test.mjs, one test
here for each of theirs."""

import fcntl
import json
import os
import pathlib
import re
import shutil
import subprocess

import pytest

from feishu_sim import FeishuSim

SDK = pathlib.Path(__file__).parents[1] / "feishu-sim" / "sdk"
TESTS = ["push.test.mjs", "sdk.test.mjs"]
FILES = ["package.json", "package-lock.json", "shapes.mjs", *TESTS]
NAMES = [name.replace("\\'", "'") for file in TESTS for _, name in re.findall(
    r"^test\((['\"])(.*?)\1, (?:async )?\(\) => \{", (SDK / file).read_text(), re.M)]


def run_all(room):
    """Name of each test and whether it passed; the output for those that did not."""
    for name in FILES:
        shutil.copy(SDK / name, room)
    install = subprocess.run(
        ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=room,
        capture_output=True, text=True, timeout=600)
    assert install.returncode == 0, install.stdout + install.stderr
    output = ""
    for name in TESTS:  # each with a simulator of its own: they load scenarios
        with FeishuSim() as sim:
            output += subprocess.run(
                ["node", "--test", "--test-reporter=tap", name], cwd=room, timeout=300,
                env={**os.environ, "SIM_URL": sim.url}, capture_output=True,
                text=True, check=False).stdout
    found = re.findall(r"^ *(ok|not ok) \d+ - (.*)$", output, re.M)
    return {re.sub(r"\\(.)", r"\1", name): state == "ok" for state, name in found}, output


@pytest.fixture(scope="session")
def results(tmp_path_factory, worker_id):
    """run_all, once: the first worker does it, the others wait for it."""
    if worker_id == "master":
        return run_all(tmp_path_factory.mktemp("sdk"))
    kept = tmp_path_factory.getbasetemp().parent / "sdk.json"
    with open(kept, "a+", encoding="utf-8") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.seek(0)
        text = file.read()
        if not text:
            text = json.dumps(run_all(tmp_path_factory.mktemp("sdk")))
            file.write(text)
        return json.loads(text)


@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
@pytest.mark.parametrize("name", NAMES)
def test_the_official_sdk(results, name):
    passed, output = results
    assert passed.get(name), output


def test_the_lock_file_names_no_registry():
    lock = (SDK / "package-lock.json").read_text()
    assert '"resolved"' not in lock and "registry" not in lock
    assert re.search(r'"@larksuiteoapi/node-sdk": "\d+\.\d+\.\d+"', lock)
