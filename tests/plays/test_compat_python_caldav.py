"""python-caldav against the bridge."""

import datetime

import caldav
from compat import assert_scene, desk, feishu_story, judge, left_behind

JANUARY = (datetime.datetime(2027, 1, 1, tzinfo=datetime.timezone.utc),
           datetime.datetime(2027, 2, 1, tzinfo=datetime.timezone.utc))


def test_what_python_caldav_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("python_caldav.py", ada, "--keep")
        assert_scene(sim, "compat python-caldav")


def test_python_caldav_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("python_caldav.py", ada)
        assert left_behind(sim) == []


def test_python_caldav_sees_what_is_edited_in_feishu():
    with desk() as (sim, bridge, ada):
        client = caldav.DAVClient(bridge.url + "/dav/", username=ada.name, password=ada.password)
        client.session.trust_env = False
        calendar = [one for one in client.principal().calendars()][0]

        def shows():
            found = set()
            for item in calendar.date_search(*JANUARY, expand=True):
                for event in item.icalendar_instance.walk("VEVENT"):
                    start = event["DTSTART"].dt.astimezone(datetime.timezone.utc)
                    found.add((start.strftime("%Y%m%dT%H%M%SZ"), str(event["SUMMARY"])))
            return found
        feishu_story(sim, shows)
