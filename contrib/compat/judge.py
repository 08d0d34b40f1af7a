"""What every judge shares: its command line, its table, and its list of known failures.

A judge is called as  JUDGE URL USER PASSWORD [--json FILE] [--known FILE].  It prints a table
with one row a test and compares the failures with a list beside it, NAME.known:

    test name: the reason why it fails, and why that is right or accepted

Exit status 0: everything passes but what is listed. A listed test that passes, or that was not
reached, is as wrong as a failure that is not listed, so that the list stays true. 2: the judge
itself could not run. --keep leaves the calendar of the judge for others to look at.

Where the environment names a directory in COMPAT_RESULTS, a whole run (one without --keep) leaves its
results there as NAME.json; summary.py makes the table of the README of them.
"""

import argparse
import json
import os
import pathlib
import sys
import traceback

HERE = pathlib.Path(__file__).resolve().parent


def read_known(path):
    """{test: reason} of a list of known failures; a missing file is an empty list."""
    known = {}
    if not path.exists():
        return known
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), 1):
        line = line.strip()
        if not line or line.startswith("#"):
            continue
        test, colon, reason = line.partition(": ")
        if not colon or not reason.strip():
            sys.exit(f"{path}:{number}: no reason given")
        known[test.strip()] = reason.strip()
    return known


def expect(value, wanted):
    """As assert, with both sides in the message."""
    if value != wanted:
        raise AssertionError(f"{value!r} instead of {wanted!r}")


class Judge:
    """The results of one judge."""

    def __init__(self, name, parser=None):
        """parser: one with arguments of the judge's own, which come first."""
        parser = parser or argparse.ArgumentParser(prog=name)
        parser.add_argument("url", help="service root, for example http://127.0.0.1:5280/dav/")
        parser.add_argument("user")
        parser.add_argument("password")
        parser.add_argument("--json", type=pathlib.Path, help="write the results there, too")
        parser.add_argument("--known", type=pathlib.Path, default=HERE / f"{name}.known",
                            help="list of known failures")
        parser.add_argument("--keep", action="store_true", help="leave the calendar there")
        self.name = name
        self.options = parser.parse_args()
        self.url = self.options.url
        self.user = self.options.user
        self.password = self.options.password
        self.known = read_known(self.options.known)
        self.rows = []

    def row(self, test, passed, note=""):
        """Notes one result. note: why it failed, in one line."""
        note = " ".join(str(note).split())
        self.rows.append((test, bool(passed), note))
        word = "pass" if passed else "known" if test in self.known else "FAIL"
        print(f"{word:5}  {test}" + (f"  ({note})" if note and not passed else ""), flush=True)
        return passed

    def step(self, test, function, *arguments):
        """Runs a function as one test: it passes when nothing is raised. The function's result,
        None when it failed."""
        try:
            result = function(*arguments)
        except Exception as error:  # a judge goes on, whatever a client library raises
            where = traceback.extract_tb(error.__traceback__)[-1]
            text = str(error)[:300] or type(error).__name__
            self.row(test, False, f"{type(error).__name__}: {text} [{where.name}]")
            return None
        self.row(test, True)
        return result

    def play(self, tests, names, last):
        """Runs the methods of that name as tests, one after the other, and unless --keep is given a last
        one that takes away what they made."""
        for name in [*names, *([] if self.options.keep else [last])]:
            self.step(name.replace("_", " "), getattr(tests, name))
        self.finish()

    def write_results(self):
        """Where --json and COMPAT_RESULTS say."""
        rows = [{"test": test, "passed": ok, "note": note, "known": self.known.get(test)}
                for test, ok, note in self.rows]
        text = json.dumps(rows, indent=1)
        if self.options.json:
            self.options.json.write_text(text, encoding="utf-8")
        directory = os.environ.get("COMPAT_RESULTS")
        if directory and not self.options.keep:
            pathlib.Path(directory, f"{self.name}.json").write_text(text, encoding="utf-8")

    def finish(self):
        """Prints the verdict and ends the process."""
        failed = [row[0] for row in self.rows if not row[1]]
        passed = [row[0] for row in self.rows if row[1]]
        new = [test for test in failed if test not in self.known]
        healed = [test for test in passed if test in self.known]
        ran = {row[0] for row in self.rows}
        lost = [test for test in self.known if test not in ran]
        print(f"{self.name}: {len(passed)} passed, {len(failed)} failed, "
              f"{len(failed) - len(new)} of these known")
        for test in new:
            print(f"  not known: {test}")
        for test in healed:
            print(f"  listed in {self.options.known.name}, but passes: {test}")
        for test in lost:
            print(f"  listed in {self.options.known.name}, but did not run: {test}")
        self.write_results()
        if not self.rows:
            print(f"{self.name}: no test ran")
            sys.exit(2)
        sys.exit(1 if new or healed or lost else 0)
