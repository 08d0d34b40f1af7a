"""cadaver against the bridge."""

from compat import desk, held, judge, left_behind


def test_cadaver_writes_reach_feishu():
    with desk() as (sim, _, ada):
        judge("cadaver.py", ada, "--keep")
        assert held(sim, "compat-cadaver") == {}
        judge("cadaver.py", ada)
        assert left_behind(sim) == []
