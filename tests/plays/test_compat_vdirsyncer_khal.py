"""vdirsyncer and khal against the bridge."""

import argparse
import datetime

from compat import assert_standup, desk, feishu_story, held, judge, left_behind  # makes the next one found
import vdirsyncer_khal


def test_what_khal_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("vdirsyncer_khal.py", ada, "--keep")
        found = held(sim, "compat-khal")
        assert sorted(found) == ["Standup"]
        assert_standup(found)


def test_khal_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("vdirsyncer_khal.py", ada)
        assert left_behind(sim) == []


def test_khal_shows_what_is_edited_in_feishu(tmp_path):
    with desk() as (sim, bridge, ada):
        one = vdirsyncer_khal.Desk(
            argparse.Namespace(url=bridge.url + "/dav/", user=ada.name, password=ada.password),
            tmp_path)
        one.vdirsyncer("discover", stdin="y\n" * 20)

        def shows():
            one.sync()
            text = one.khal("list", "-df", "", "-f", "{start}|{title}", "--notstarted",
                            "2027-01-01", "31d")
            found = set()
            for line in text.splitlines():
                start, bar, title = line.partition("|")
                if bar:
                    at = datetime.datetime.strptime(start, "%Y-%m-%d %H:%M")
                    at -= datetime.timedelta(hours=8)
                    found.add((at.strftime("%Y%m%dT%H%M%SZ"), title))
            return found
        feishu_story(sim, shows)
