#!/usr/bin/env python3
"""Runs scripts in the format of Apple's caldavtester, a program for Python 2 that no distribution has:

    run.py URL USER PASSWORD [--account USER:PASSWORD]...        the scripts in scripts/
    run.py --source DIRECTORY URL USER PASSWORD ...              those of a copy of caldavtester

A script is an XML file: requests at the start and at the end, and between them suites of tests; a test is
a row of requests, each with verifiers of its answer (verify.py) and with values to keep for later
requests (request.py). What names stand for is found out by discovery (server.py). Apple's scripts
want more users than one: --account, once for each. Of Apple's scripts those run that suites.txt does
not take out with a reason.

Every script begins with the accounts emptied: run it with accounts made for it."""

import argparse
import fnmatch
import pathlib
import sys
import traceback
import xml.etree.ElementTree as ET

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))

from judge import Judge
from request import Requests, features_of
from server import Missing, Server


class Scripts:
    """Runs scripts and notes what becomes of each test. skipped: {reason: number of tests}."""

    def __init__(self, judge, server, directory):
        self.judge, self.server, self.directory = judge, server, directory
        self.skipped = {}

    def skip(self, reason, tests):
        self.skipped[reason] = self.skipped.get(reason, 0) + tests

    def run(self, path):
        root = ET.parse(path).getroot()
        suites = [one for one in root.findall("test-suite") if one.get("ignore") != "yes"]
        tests = sum(len(one.findall("test")) for one in suites)
        reason = features_of(root)
        if reason:
            self.skip(reason, tests)
            return
        self.server.forget()
        requests = Requests(self.server, self.directory)
        self.start(path.stem, root, requests)
        for suite in suites:
            self.suite(path.stem, suite, requests)
        requests.clean_up()
        self.end(root, requests)

    def start(self, script, root, requests):
        """What is wrong here is a failed test, but does not end the script."""
        wrong = []
        for node in root.findall("start/request"):
            try:
                wrong += requests.run(node, verifying=False, must_succeed=True)
            except Missing as missing:
                self.skip(f"without {missing} at the start", 0)
        if wrong:
            self.judge.row(f"{script} | start", False, "; ".join(wrong))

    def end(self, root, requests):
        for node in root.findall("end/request"):
            try:
                requests.run(node, verifying=False)
            except Missing:
                pass

    def suite(self, script, suite, requests):
        tests = [one for one in suite.findall("test") if one.get("ignore") != "yes"]
        reason = features_of(suite)
        if reason:
            self.skip(reason, len(tests))
            return
        if suite.get("change-uid") == "yes":
            self.server.new_uids()
        for test in tests:
            name = " | ".join((script, suite.get("name"), test.get("name")))
            reason = features_of(test)
            if reason:
                self.skip(reason, 1)
                continue
            try:
                wrong = self.test(test, requests)
            except Missing as missing:
                self.skip(f"without {missing}", 1)
                continue
            except Exception as error:  # an answer that nobody thought of is the test's failure
                where = traceback.extract_tb(error.__traceback__)[-1]
                wrong = [f"{type(error).__name__}: {error} [{where.name}]"]
            self.judge.row(name, not wrong, "; ".join(wrong))

    def test(self, test, requests):
        """The first request that goes wrong ends a test."""
        for count in range(1, int(test.get("count", 1)) + 1):
            for number, node in enumerate(test.findall("request"), 1):
                tries = 4 if node.get("wait-for-success") == "yes" else 1
                while tries:
                    wrong = requests.run(node, count=count)
                    tries = tries - 1 if wrong else 0
                if wrong:
                    return [f"request {number}: {line}" for line in wrong]
        return []


def each_alone(known):
    """A line of the list of known failures may name several tests of a suite: script | suite | 1, 4, 7"""
    found = {}
    for names, reason in known.items():
        suite, bar, numbers = names.rpartition(" | ")
        for number in numbers.split(", "):
            found[suite + bar + number] = reason
    return found


def taken_out():
    """[(pattern, reason)] of Apple's scripts that do not apply."""
    lines = (HERE / "suites.txt").read_text(encoding="utf-8").splitlines()
    return [tuple(line.split(": ", 1)) for line in lines if line and line[0] != "#"]


def arguments():
    parser = argparse.ArgumentParser(prog="run.py")
    parser.add_argument("--source", type=pathlib.Path, help="a copy of Apple's caldavtester")
    parser.add_argument("--account", action="append", default=[], help="USER:PASSWORD of one user more")
    parser.add_argument("--only", default="*", help="pattern of the names of scripts")
    parser.add_argument("--all", action="store_true", help="also those that suites.txt takes out")
    return parser


def main():
    apple = any(one.split("=")[0] == "--source" for one in sys.argv)
    judge = Judge("upstream_caldavtester" if apple else "caldavtester", arguments())
    judge.known = each_alone(judge.known)
    options = judge.options
    directory = options.source or HERE
    folder = directory / "scripts" / "tests" / "CalDAV" if apple else HERE / "scripts"
    out = taken_out() if apple and not options.all else []
    server = Server(judge.url, [(judge.user, judge.password),
                                *(tuple(one.split(":", 1)) for one in options.account)])
    scripts = Scripts(judge, server, directory)
    for path in sorted(folder.glob(options.only + ".xml")):
        reason = next((text for pattern, text in out if fnmatch.fnmatch(path.stem, pattern)), None)
        if reason in (None, "runs"):
            scripts.run(path)
    if not options.keep:
        server.forget()
    for reason, tests in sorted(scripts.skipped.items()):
        print(f"skip   {tests} {reason}")
    if options.only != "*":
        judge.known = {test: text for test, text in judge.known.items()
                       if fnmatch.fnmatch(test.split(" | ")[0], options.only)}
    judge.finish()


if __name__ == "__main__":
    main()
