"""Calendars are made, changed, left and deleted by clients."""

from feishu_sim import ADA, BOB


def test_a_calendar_is_made_changed_and_deleted(sim, bridge, ada):
    home = ada.home()
    answer = ada.xml("MKCALENDAR", home + "plans/", "c:mkcalendar",
                     "<d:set><d:prop><d:displayname>Plans</d:displayname>"
                     "<a:calendar-color>#FF0000FF</a:calendar-color></d:prop></d:set>")
    assert answer.status_code == 201, answer.text
    made = sim.calendar("Plans")
    assert home + "plans/" == ada.calendars()["Plans"]
    bridge.sync(ada.name)
    assert home + "plans/" == ada.calendars()["Plans"], "the client's name is kept"
    again = ada.xml("MKCALENDAR", home + "plans/", "c:mkcalendar", "")
    assert again.status_code in (403, 405, 409)
    answer = ada.xml("PROPPATCH", home + "plans/", "d:propertyupdate",
                     "<d:set><d:prop><d:displayname>Big plans</d:displayname></d:prop></d:set>")
    assert answer.status_code == 207 and "200" in answer.text
    assert sim.calendar("Big plans")["calendar_id"] == made["calendar_id"]
    assert ada.delete(home + "plans/").status_code == 204
    assert not [c for c in sim.calendars() if c["summary"] == "Big plans" and not c["is_deleted"]]
    assert ada.delete(ada.href).status_code == 403, "the primary calendar stays"


def test_a_calendar_whose_create_was_not_answered_is_not_made_twice(sim, ada):
    sim.fault(method="POST", path="*/calendars", cut="after")
    ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
            "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    if "Plans" not in ada.calendars():
        ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
                "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    assert sim.calendar("Plans")
    assert ada.calendars()["Plans"] == ada.home() + "plans/"


def test_somebody_elses_calendar_is_renamed_for_oneself_and_unsubscribed(sim, bridge, ada):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Team"})["calendar"]
    sim.share(BOB, team["calendar_id"], ADA, "writer")
    bridge.sync(ada.name)
    href = ada.calendars()["Team"]
    answer = ada.xml("PROPPATCH", href, "d:propertyupdate",
                     "<d:set><d:prop><d:displayname>Mine</d:displayname></d:prop></d:set>")
    assert "200" in answer.text
    assert sim.calendar("Team")["summary"] == "Team"
    assert "Mine" in ada.calendars()
    assert ada.delete(href).status_code == 204
    assert not sim.calendar("Team")["is_deleted"]
    bridge.sync(ada.name)
    assert set(ada.calendars()) == {"Ada"}
