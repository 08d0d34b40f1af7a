"""litmus judges the bridge; what it may find is in contrib/compat/litmus.known."""

from compat import desk, judge


def test_litmus_finds_nothing_but_what_is_known():
    with desk() as (_, _, ada):
        print(judge("litmus.py", ada))
