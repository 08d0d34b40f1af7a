"""Old texts of series that come without a condition: what a client changed in them is written, what Feishu did
to single occurrences meanwhile stays, and so does an answer given there."""

from bridge import event, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON

FIRST = 1799114400  # 2027-01-05T02:00:00Z, the first of put_weekly


def override(day, start, summary="Weekly", more=""):
    """The component that says what the occurrence of that day of January is."""
    text = event("w@example.com", start=start, end=f"{start[:9]}{int(start[9:11]) + 1:02}0000",
                 summary=summary, extra=f"RECURRENCE-ID;TZID=Asia/Shanghai:202701{day:02}T100000{more}")
    return "BEGIN:VEVENT" + text.split("VEVENT")[1] + "VEVENT\r\n"


def with_override(text, component):
    return text.replace("END:VCALENDAR", component + "END:VCALENDAR")


def weekly(sim, ada, *components):
    """A series of six with its overrides; its address and text."""
    href = ada.put_weekly()
    text = ada.get(href)
    for one in components:
        text = with_override(text, one)
    if components:
        assert ada.put(href, text).status_code == 204
    sim.clear_calls()
    return href, text


def occurrence(sim, number):
    return f"{sim.event('Weekly')['event_id'][:-1]}{FIRST + 7 * DAY * number}"


def rows(sim, summary):
    """What Feishu has of single occurrences: {scheduled start: (status, title)}."""
    return {int(one["event_id"].rsplit("_", 1)[1]): (one["status"], one["summary"])
            for one in sim.event(summary)["exceptions"] if not one["is_deleted"]}


def test_a_change_of_an_occurrence_that_feishu_took_back_is_not_made_again(sim, bridge, ada):
    href, text = weekly(sim, ada, override(12, "20270112T120000"))
    sim.edit(ADA, "event_delete", event_id=occurrence(sim, 1), delete_exception=True)
    wait_until(lambda: bridge.sync(ada.name) and "RECURRENCE-ID" not in ada.get(href), "the edit")
    assert "EXDATE" not in ada.get(href)
    sim.clear_calls()
    assert ada.put(href, text.replace("SUMMARY:Weekly", "SUMMARY:Every week", 1)).status_code == 204
    assert [one for one in sim.writes() if one[0] != "POST"] == [
        ("PATCH", sim.event("Every week")["event_id"])]
    assert "RECURRENCE-ID" not in ada.get(href) and rows(sim, "Every week") == {}
    bridge.sync(ada.name)
    assert "RECURRENCE-ID" not in ada.get(href)


def test_an_edit_of_an_occurrence_that_feishu_took_back_is_newer_and_logged(sim, bridge, ada):
    href, text = weekly(sim, ada, override(12, "20270112T120000", "Once"))
    sim.edit(ADA, "event_delete", event_id=occurrence(sim, 1), delete_exception=True)
    wait_until(lambda: bridge.sync(ada.name) and "RECURRENCE-ID" not in ada.get(href), "the edit")
    sim.clear_calls()
    assert ada.put(href, text.replace("SUMMARY:Once", "SUMMARY:Only once")).status_code == 204
    patch, = sim.calls(method="PATCH")
    assert patch["path"].endswith(f"_{FIRST + 7 * DAY}")
    assert {**patch["body"], "need_notification": None} == {
        "summary": "Only once", "need_notification": None}
    assert "w.ics was changed in Feishu and by a client, its RECURRENCE-ID counts" in bridge.log()
    # That it is at the time of the rule again was Feishu's word, and stays.
    served = ada.get(href)
    assert "SUMMARY:Only once" in served and "20270112T120000" not in served


def test_an_answer_given_in_feishu_is_not_taken_back_by_an_old_text(sim, bridge, ada):
    def served():
        return ada.get(href).replace("\r\n ", "")
    meeting = sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    [href] = ada.members(ada.href)
    assert ada.put(href, served().replace("NEEDS-ACTION", "ACCEPTED")).status_code == 204
    bridge.sync(ada.name)
    accepted = served()
    assert "PARTSTAT=ACCEPTED" in accepted
    sim.edit(ADA, "rsvp", event_id=meeting["event_id"], rsvp_status="tentative")
    wait_until(lambda: bridge.sync(ada.name) and "PARTSTAT=TENTATIVE" in served(), "the answer")
    sim.clear_calls()
    assert ada.put(href, accepted.replace("END:VEVENT", "X-NOTE:1\r\nEND:VEVENT")).status_code == 204
    assert not sim.writes()
    assert "PARTSTAT=TENTATIVE" in served() and "X-NOTE:1" in served()
    # What is not old is an answer of today.
    assert ada.put(href, served().replace("TENTATIVE", "DECLINED")).status_code == 204
    assert [call["body"]["rsvp_status"] for call in sim.calls(path="/reply")] == ["decline"]


def test_a_series_moved_in_an_old_text_keeps_what_feishu_did_to_its_occurrences(sim, bridge, ada):
    href, text = weekly(sim, ada)
    sim.edit(ADA, "event_delete", event_id=occurrence(sim, 1))
    sim.edit(ADA, "event_patch", event_id=occurrence(sim, 2), event={"summary": "Once"})
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:Once" in ada.get(href) and
               "EXDATE" in ada.get(href), "the edits")
    moved = text.replace("20270105T110000", "20270105T120000").replace("20270105T100000", "20270105T110000")
    assert ada.put(href, moved).status_code == 204
    served = ada.get(href)
    assert "EXDATE;TZID=Asia/Shanghai:20270112T110000" in served
    assert "RECURRENCE-ID;TZID=Asia/Shanghai:20270119T110000" in served and "SUMMARY:Once" in served
    hour = FIRST + 3600
    assert rows(sim, "Weekly") == {
        hour + 7 * DAY: ("cancelled", "Weekly"), hour + 14 * DAY: ("confirmed", "Once")}
    assert sim.told(ADA) == []
    bridge.sync(ada.name)
    assert ada.get(href) == served


def test_an_occurrence_changed_on_both_sides_keeps_the_news_of_the_series(sim, bridge, ada):
    href, text = weekly(sim, ada)
    sim.edit(ADA, "event_patch", event_id=occurrence(sim, 1), event={"summary": "Once"})
    sim.edit(ADA, "event_patch", event_id=sim.event("Weekly")["event_id"],
             event={"location": {"name": "There"}})
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:Once" in ada.get(href) and
               "LOCATION:There" in ada.get(href), "the edits")
    sim.clear_calls()
    assert ada.put(href, with_override(text, override(12, "20270112T120000"))).status_code == 204
    patch, = sim.calls(method="PATCH")
    assert patch["path"].endswith(f"_{FIRST + 7 * DAY}")
    assert set(patch["body"]) == {"start_time", "end_time", "need_notification"}
    served = ada.get(href)
    assert "LOCATION:There" in served and "SUMMARY:Once" in served
    assert "DTSTART;TZID=Asia/Shanghai:20270112T120000" in served
    assert sim.event("Weekly")["location"]["name"] == "There"
