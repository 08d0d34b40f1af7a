"""cadaver against the bridge."""

from compat import desk, held, judge


def test_cadaver_writes_reach_feishu():
    with desk() as (sim, _, ada):
        judge("cadaver.py", ada, "--keep")
        assert held(sim, "compat-cadaver") == {}
        judge("cadaver.py", ada)
        assert [one for one in sim.calendars()
                if one["summary"] == "compat-cadaver" and not one["is_deleted"]] == []
