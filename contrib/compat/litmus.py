#!/usr/bin/env python3
"""litmus (Debian package litmus): the WebDAV suites basic, copymove, props and http against the
calendar home. litmus makes a collection there, which is a calendar, and then writes plain text
files into it, which a calendar must refuse; the list of known failures says what follows from
that."""

import os
import re
import subprocess
import tempfile

import discover
from judge import Judge

SUITES = "basic copymove props http"
TIMEOUT_S = 120
RESULT = re.compile(r"^\s*\d+\. (\w+)\.+ (?:WARNING: .*\n\s+\.+ )*(pass|FAIL|SKIPPED)"
                    r"(?: \((.*))?", re.M)
SUITE = re.compile(r"^-> running `(\w+)':", re.M)


def run(home, user, password):
    """The output of litmus. It writes its log into the working directory."""
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ["litmus", "--keep-going", home, user, password], cwd=directory, timeout=TIMEOUT_S,
            env={**os.environ, "TESTS": SUITES, "no_proxy": "*"}, check=False,
            text=True, errors="replace", stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    return done.stdout


def main():
    judge = Judge("litmus")
    http = discover.session(judge.user, judge.password)
    home = discover.home(http, judge.url)
    output = run(home, judge.user, judge.password).replace("\r", "\n")
    parts = SUITE.split(output)
    for suite, text in zip(parts[1::2], parts[2::2]):
        # A line is written twice, first without its result.
        text = re.sub(r"^\s*\d+\. \w+\.+ *\n", "", text, flags=re.M)
        for name, word, note in RESULT.findall(text):
            # What is skipped was never reached: no verdict, neither way.
            if word != "SKIPPED":
                judge.row(f"{suite} {name}", word == "pass", note.rstrip(")"))
    http.delete(home.rstrip("/") + "/litmus/")
    judge.finish()


if __name__ == "__main__":
    main()
