"""Waiting for what must come: by looking again and again, never for a fixed time."""

import os
import pathlib
import re
import time

BUILD_DIR = os.environ.get("BUILD_DIR", os.getcwd())
# Long enough for a sanitized program on a busy machine; what takes that long fails only later.
WAIT_S = 60


def wait_until(claim, what="the condition", seconds=WAIT_S):
    """Polls until claim() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds:.1f} s")
        time.sleep(0.02)


def _sanitized():
    makefile = pathlib.Path(BUILD_DIR, "Makefile")
    return makefile.exists() and re.search("^SANITIZE = .*-fsanitize", makefile.read_text(), re.M)


SLOWNESS = 3 if _sanitized() else 1


def within(seconds):
    """A limit that a claim names: it holds for the program alone on a machine, and sanitizers and
    whatever else runs there stretch it."""
    return seconds * SLOWNESS * max(1, 2 * os.getloadavg()[0] / os.cpu_count())
