"""vdirsyncer's storage class against the bridge."""

from compat import desk, judge, left_behind


def test_what_the_storage_of_vdirsyncer_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("vdirsyncer_storage.py", ada, "--keep")
        held = {}
        living = {one["calendar_id"]: one["summary"] for one in sim.calendars() if not one["is_deleted"]}
        for event in sim.events():
            for calendar in set(event["calendar_ids"]) & set(living):
                held.setdefault(living[calendar], []).append(event["summary"])
        shown = {}
        for name, href in ada.calendars().items():
            for member in ada.members(href):
                title, = {line[8:] for line in ada.get(member).splitlines()
                          if line.startswith("SUMMARY:") and line != "SUMMARY:late"}
                shown.setdefault(name, []).append(title)
        assert len(shown) > 10
        assert {name: sorted(titles) for name, titles in held.items()} == {
            name: sorted(titles) for name, titles in shown.items()}


def test_the_storage_of_vdirsyncer_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("vdirsyncer_storage.py", ada)
        assert left_behind(sim) == []
