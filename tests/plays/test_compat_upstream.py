"""The test suites of vdirsyncer and python-caldav as their authors wrote them. Debian's packages are without
them: COMPAT_SOURCE_vdirsyncer and COMPAT_SOURCE_python_caldav name copies of their source."""

import os

import pytest

from compat import desk, judge


@pytest.mark.parametrize("suite", ["vdirsyncer", "python_caldav"])
def test_the_suite_finds_nothing_but_what_is_known(suite):
    source = os.environ.get("COMPAT_SOURCE_" + suite)
    if not source:
        pytest.skip(f"no source of {suite} is named")
    with desk() as (_, _, ada):
        print(judge("upstream.py", ada, first=[suite, source]))
