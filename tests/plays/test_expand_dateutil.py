"""Our occurrences of random recurrence rules are those of python-dateutil."""

import os
import random
import subprocess
from datetime import datetime, timedelta

import pytest
from dateutil.rrule import rrulestr

TOOL = os.path.join(os.environ.get("BUILD_DIR", os.getcwd()), "tests", "ics-tool")
N_RULES = 200
N_OCCURRENCES = 60
DAYS = "MO TU WE TH FR SA SU".split()
FINE = ("FREQ=HOURLY", "FREQ=MINUTELY", "FREQ=SECONDLY")


def some(rng, values, most):
    chosen = rng.sample(list(values), rng.randint(1, most))
    return ",".join(str(v) for v in sorted(chosen))


def signed(rng, top, most):
    values = rng.sample(range(1, top + 1), rng.randint(1, most))
    return ",".join(str(v if rng.random() < 0.7 else -v) for v in sorted(values))


def by_day(rng, ordinals, top):
    days = rng.sample(DAYS, rng.randint(1, 3))
    if ordinals and rng.random() < 0.6:
        return ",".join(f"{rng.choice([-1, 1]) * rng.randint(1, top)}{d}" for d in days)
    return ",".join(days)


def random_rule(rng):
    freq = rng.choices(
        ["YEARLY", "MONTHLY", "WEEKLY", "DAILY", "HOURLY", "MINUTELY", "SECONDLY"],
        [5, 5, 4, 4, 2, 1, 1])[0]
    parts = [f"FREQ={freq}"]
    sparse = False
    if rng.random() < 0.5:
        parts.append(f"INTERVAL={rng.randint(1, 5)}")
    if rng.random() < 0.3:
        parts.append(f"WKST={rng.choice(DAYS)}")
    by_month = rng.random() < 0.3
    if by_month:
        parts.append("BYMONTH=" + some(rng, range(1, 13), 4))
    if freq == "YEARLY" and rng.random() < 0.15:
        parts.append("BYWEEKNO=" + signed(rng, 52, 3))
        parts.append("BYDAY=" + by_day(rng, False, 1))
    elif freq == "YEARLY" and rng.random() < 0.15:
        parts.append("BYYEARDAY=" + signed(rng, 366, 4))
    else:
        if freq != "WEEKLY" and rng.random() < 0.35:
            parts.append("BYMONTHDAY=" + signed(rng, 31, 5))
            sparse = True
        if rng.random() < 0.45:
            ordinals = freq in ("MONTHLY", "YEARLY")
            top = 5 if freq == "MONTHLY" or by_month else 20
            parts.append("BYDAY=" + by_day(rng, ordinals, top))
    if rng.random() < 0.2:
        parts.append("BYHOUR=" + some(rng, range(24), 3))
        parts.append("BYMINUTE=" + some(rng, range(0, 60, 5), 3))
    by_days = any("BYDAY" in part or "MONTHDAY" in part for part in parts)
    if freq in ("YEARLY", "MONTHLY") and by_days and rng.random() < 0.3:
        parts.append("BYSETPOS=" + signed(rng, 3, 2))
    if not sparse and rng.random() < 0.3:
        parts.append(f"COUNT={rng.randint(1, 40)}")
    return ";".join(parts)


def random_start(rng):
    days, seconds = rng.randint(0, 20000), rng.randint(0, 86399) // 300 * 300
    return datetime(1975, 1, 1) + timedelta(days=days, seconds=seconds)


def ics(time):
    return time.strftime("%Y%m%dT%H%M%S")


def run_tool(lines):
    out = subprocess.run([TOOL, "rules"], input="\n".join(lines) + "\n", text=True,
                         capture_output=True, check=True, timeout=120)
    return [line.split() for line in out.stdout.splitlines()]


def expected(start, rule):
    """DTSTART counts as the first occurrence even where it does not fit the rule (RFC
    5545 3.8.5.3); dateutil leaves it out. It is stopped after some years: it is slow."""
    years = 1 if rule.startswith(FINE) else 30
    end = start + timedelta(days=366 * years)
    bound = "" if "COUNT" in rule else f";UNTIL={ics(end)}"
    found = []
    try:
        for one in rrulestr(rule + bound, dtstart=start):
            if one > end or len(found) > N_OCCURRENCES:
                break
            found.append(one)
    except ValueError as error:
        assert "empty" in str(error)
    if start not in found[:1]:
        found = [start] + found
        count = [int(p[6:]) for p in rule.split(";") if p.startswith("COUNT=")]
        found = found[:count[0]] if count else found
    return found


def rules(seed, with_count=True):
    rng = random.Random(seed)
    cases = []
    while len(cases) < N_RULES:
        start, rule = random_start(rng), random_rule(rng)
        if with_count or "COUNT" not in rule:
            cases.append((start, rule))
    return cases


def same(ours, theirs):
    """As far as both go: dateutil was stopped after some years."""
    theirs = [ics(t) for t in theirs][:N_OCCURRENCES]
    return ours[:len(theirs)] == theirs


@pytest.mark.parametrize("seed", [20261120, 20261121, 20261122])
def test_random_rules_have_the_occurrences_dateutil_finds(seed):
    cases = rules(seed)
    ours = run_tool(f"{ics(start)} {rule}" for start, rule in cases)
    assert len(ours) == len(cases)
    theirs = [expected(start, rule) for start, rule in cases]
    wrong = [(ics(s), r, o[:5], [ics(t) for t in t[:5]])
             for (s, r), o, t in zip(cases, ours, theirs) if not same(o, t)]
    assert not wrong, wrong[:3]
    assert sum(len(t) for t in theirs) > 20 * N_RULES


def test_seeking_finds_the_same_occurrences_as_walking():
    cases = [(s, r, s + timedelta(days=i * 7 % 900, seconds=i)) for i, (s, r)
             in enumerate(rules(7, with_count=False))]
    walked = run_tool(f"{ics(s)} {r}" for s, r, _ in cases)
    sought = run_tool(f"{ics(s)} {r} {ics(since)}" for s, r, since in cases)
    compared = 0
    for (start, rule, since), all_of_them, later in zip(cases, walked, sought):
        overlap = [t for t in all_of_them if t >= ics(since)]
        if since <= start:
            overlap = all_of_them
        assert later[:len(overlap)] == overlap, (ics(start), rule, ics(since))
        compared += len(overlap)
    assert compared > N_RULES
