#!/usr/bin/env python3
"""The table of what the judges found, of the results that they left in a directory (see judge.py).

    summary.py DIRECTORY                 prints it
    summary.py DIRECTORY --write FILE    puts it between the marks in FILE
    summary.py DIRECTORY --check FILE    fails when FILE shows other numbers, or not all judges ran

Versions are those installed; --check does not compare them.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

HERE = pathlib.Path(__file__).resolve().parent
BEGIN, END = "<!-- judges: contrib/compat/summary.py -->", "<!-- /judges -->"

# Name of the results, what the reader knows it by, where its version is (None: in this repository).
JUDGES = [
    ("litmus", "litmus: basic, copymove, props, http", "litmus"),
    ("cadaver", "cadaver", "cadaver"),
    ("python_caldav", "python-caldav", "python3-caldav"),
    ("vdirsyncer_khal", "vdirsyncer with khal", "vdirsyncer"),
    ("vdirsyncer_storage", "vdirsyncer's storage class", "vdirsyncer"),
    ("thunderbird", "Thunderbird, the whole program", "thunderbird"),
    ("evolution", "Evolution's calendar back end over D-Bus", "evolution-data-server"),
    ("tsdav", "tsdav from npm", "tsdav/package.json"),
    ("caldavtester", "scripts in the format of Apple's caldavtester, written here", None),
]


def version_of(where):
    """Of a Debian package, or of the one dependency of a package.json."""
    if not where:
        return "own"
    if where.endswith(".json"):
        found = json.loads((HERE / where).read_text(encoding="utf-8"))
        return next(iter(found["dependencies"].values()))
    done = subprocess.run(["dpkg-query", "-W", "-f", "${Version}", where], capture_output=True,
                          text=True, check=False)
    return re.sub(r"^\d+:|[-~+].*$", "", done.stdout) or "?"


def table(directory):
    """The lines, and the judges whose results are missing."""
    lines = ["| judge | version | tests | passed | failed, each known and with its reason |",
             "| --- | --- | --- | --- | --- |"]
    missing = []
    for name, title, where in JUDGES:
        path = directory / f"{name}.json"
        if not path.exists():
            missing.append(name)
            continue
        rows = json.loads(path.read_text(encoding="utf-8"))
        failed = [row for row in rows if not row["passed"]]
        new = [row["test"] for row in failed if not row["known"]]
        words = str(len(failed)) + (f", of these not known: {', '.join(new)}" if new else "")
        lines.append(f"| {title} | {version_of(where)} | {len(rows)} | {len(rows) - len(failed)} "
                     f"| {words} |")
    return lines, missing


def without_versions(lines):
    return [re.sub(r"^(\|[^|]*\|)[^|]*\|", r"\1", line) for line in lines if line.startswith("|")]


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("directory", type=pathlib.Path)
    parser.add_argument("--write", type=pathlib.Path)
    parser.add_argument("--check", type=pathlib.Path)
    options = parser.parse_args()
    lines, missing = table(options.directory)
    print("\n".join(lines))
    for name in missing:
        print(f"no results of {name}", file=sys.stderr)
    path = options.write or options.check
    if not path:
        sys.exit(1 if missing else 0)
    before, begin, rest = path.read_text(encoding="utf-8").partition(BEGIN)
    old, end, after = rest.partition(END)
    if not begin or not end:
        sys.exit(f"{path}: the marks are not there")
    if options.write:
        path.write_text(before + begin + "\n" + "\n".join(lines) + "\n" + end + after, encoding="utf-8")
    elif without_versions(old.splitlines()) != without_versions(lines):
        sys.exit(f"{path} shows other numbers: run contrib/compat/summary.py --write")
    sys.exit(1 if missing else 0)


if __name__ == "__main__":
    main()
