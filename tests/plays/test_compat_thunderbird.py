"""Thunderbird against the bridge."""

from compat import assert_standup, desk, feishu_story, held, judge, left_behind  # makes the next one found
from client import Thunderbird

REALM = "feishu-caldav"


def test_what_thunderbird_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("thunderbird/run.py", ada, "--keep")
        found = held(sim, "compat-thunderbird")
        assert sorted(found) == ["Standup"]
        assert_standup(found)
        other = held(sim, "compat-thunderbird-2")
        assert sorted(other) == ["Journey"]
        assert other["Journey"][0] == "2027-01-11"


def test_thunderbird_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("thunderbird/run.py", ada)
        assert left_behind(sim) == []


def test_thunderbird_shows_what_is_edited_in_feishu():
    with desk() as (sim, bridge, ada), Thunderbird() as thunderbird:
        thunderbird.savePassword(bridge.url, REALM, ada.name, ada.password)
        offered = thunderbird.detect(ada.name, ada.password, bridge.url + "/")
        assert len(offered) == 1
        calendar = offered[0]["id"]

        def shows():
            thunderbird.refresh(calendar)
            found = thunderbird.occurrences(calendar, "20270101T000000Z", "20270201T000000Z")
            return {tuple(one) for one in found}
        feishu_story(sim, shows)
        assert thunderbird.state(calendar)["errors"] == []
