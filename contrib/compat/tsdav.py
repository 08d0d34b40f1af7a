#!/usr/bin/env python3
"""tsdav (from npm, the version of tsdav/package-lock.json), the CalDAV library of many programs in
TypeScript: finds calendars, makes one, creates, fetches, edits, moves, repeats and deletes events, and
synchronises in both of its ways. The steps themselves are tsdav/judge.mjs."""

import json
import os
import pathlib
import shutil
import subprocess
import tempfile

from judge import Judge

HERE = pathlib.Path(__file__).resolve().parent / "tsdav"
TIMEOUT_S = 300


def install(directory):
    """Installs tsdav into a directory; the judge's program there."""
    for name in ("package.json", "package-lock.json", "judge.mjs"):
        shutil.copy(HERE / name, directory)
    done = subprocess.run(["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"], cwd=directory,
                          capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    if done.returncode != 0:
        raise RuntimeError(done.stdout + done.stderr)
    return pathlib.Path(directory) / "judge.mjs"


def start(program, url, user, password, *options):
    """The program as a process; what it cannot do appears on stderr."""
    return subprocess.Popen(
        ["node", str(program), url, user, password, *options], stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, text=True, env={**os.environ, "NODE_NO_WARNINGS": "1"})


def main():
    judge = Judge("tsdav")
    with tempfile.TemporaryDirectory() as directory:
        program = os.environ.get("TSDAV_JUDGE") or install(directory)
        process = start(program, judge.url, judge.user, judge.password,
                        *(["--keep"] if judge.options.keep else []))
        output, _ = process.communicate(timeout=TIMEOUT_S)
    for line in output.splitlines():
        one = json.loads(line)
        judge.row(one["test"], one["passed"], one["note"])
    if process.returncode != 0:
        judge.row("node ends well", False, f"exit status {process.returncode}")
    judge.finish()


if __name__ == "__main__":
    main()
