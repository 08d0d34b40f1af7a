#!/usr/bin/env python3
"""The test suites of vdirsyncer (its storage tests) and python-caldav (its functional tests), run as their
authors wrote them from a copy of their source:

    upstream.py vdirsyncer SOURCE URL USER PASSWORD        release 0.19.0, as Debian's package
    upstream.py python_caldav SOURCE URL USER PASSWORD     release 0.11.0, as Debian's package

The source is that of the release which is installed; Debian's packages are without the tests. The suite of
vdirsyncer needs python3-pytest-asyncio, python3-aioresponses and python3-hypothesis as well."""

import argparse
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import xml.etree.ElementTree as ET

from judge import Judge

TIMEOUT_S = 600

VDIRSYNCER_SERVER = """
import os

import pytest


class ServerMixin:
    @pytest.fixture
    def get_storage_args(self, slow_create_collection, aio_connector):
        async def inner(collection="test"):
            args = {"url": os.environ["DAV_URL"], "username": os.environ["DAV_USER"],
                    "password": os.environ["DAV_PASSWORD"], "connector": aio_connector}
            if collection is not None:
                args = await slow_create_collection(self.storage_class, args, collection)
            return args
        return inner
"""
# What its list of incompatibilities has words for: Feishu has neither tasks nor journals.
PYTHON_CALDAV_CONF = """
import os

caldav_servers = [{"url": os.environ["DAV_URL"], "username": os.environ["DAV_USER"],
                   "password": os.environ["DAV_PASSWORD"], "incompatibilities": [
                       "no_todo", "no_journal", "no_todo_on_standard_calendar"]}]
test_xandikos = test_radicale = test_public_test_servers = False
"""
SUITES = {
    "vdirsyncer": ("storage/servers/feishu/__init__.py", VDIRSYNCER_SERVER,
                   ["tests/storage/dav/test_caldav.py", "--asyncio-mode=strict"]),
    "python_caldav": ("conf_private.py", PYTHON_CALDAV_CONF, ["tests/test_caldav.py", "-k", "ForServer"]),
}


def run(suite, source, directory, judge):
    """Runs pytest in a copy of the tests; the path of its results."""
    place, text, arguments = SUITES[suite]
    shutil.copytree(pathlib.Path(source) / "tests", directory / "tests")
    path = directory / "tests" / place
    path.parent.mkdir(exist_ok=True)
    path.write_text(text)
    results = directory / "results.xml"
    subprocess.run(
        [sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={results}",
         "--show-capture=no", *arguments], cwd=directory, timeout=TIMEOUT_S, check=False,
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env={
            **os.environ, "DAV_SERVER": "feishu", "DAV_URL": judge.url, "DAV_USER": judge.user,
            "DAV_PASSWORD": judge.password, "no_proxy": "*"})
    return results


def main():
    parser = argparse.ArgumentParser(prog="upstream")
    parser.add_argument("suite", choices=SUITES)
    parser.add_argument("source", help="directory of the release, with its folder tests")
    judge = Judge("upstream_" + "".join(sys.argv[1:2]), parser)
    with tempfile.TemporaryDirectory() as directory:
        results = run(judge.options.suite, judge.options.source, pathlib.Path(directory), judge)
        for case in ET.parse(results).iter("testcase"):
            bad = [one for one in case if one.tag in ("failure", "error")]
            if case.find("skipped") is None:
                judge.row(case.get("name"), not bad, bad[0].get("message")[:200] if bad else "")
    judge.finish()


if __name__ == "__main__":
    main()
