"""Two sides change an event at once: with a condition the later one is refused, without one both are kept."""

from bridge import event, wait_until
from feishu_sim import ADA, DAY, HOUR, SOON


def edited_in_feishu(sim, bridge, ada, href, text, **fields):
    """A client's text is stored, and a little later somebody edits the event in Feishu."""
    assert ada.put(href, text).status_code in (201, 204)
    title = text.split("SUMMARY:")[1].split("\r\n")[0]
    before = ada.get(href)
    sim.edit(ADA, "event_patch", event_id=sim.event(title)["event_id"], event=fields)
    wait_until(lambda: bridge.sync(ada.name) and ada.get(href) != before, "the edit")


def test_without_a_condition_fields_changed_on_different_sides_merge(sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    edited_in_feishu(sim, bridge, ada, href, text, summary="Theirs")
    stale = text.replace("SUMMARY:Merge", "SUMMARY:Merge\r\nLOCATION:Ours")
    assert ada.put(href, stale).status_code == 204
    assert sim.event("Theirs")["location"]["name"] == "Ours"
    served = ada.get(href)
    assert "SUMMARY:Theirs" in served and "LOCATION:Ours" in served


def test_without_a_condition_the_newer_write_counts_for_a_field_changed_on_both_sides(
        sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    edited_in_feishu(sim, bridge, ada, href, text, summary="Theirs", location={"name": "There"})
    assert ada.put(href, text.replace("SUMMARY:Merge", "SUMMARY:Ours")).status_code == 204
    assert sim.event("Ours")["location"]["name"] == "There"
    assert "changed in Feishu and by a client, its SUMMARY counts" in bridge.log()


def test_a_client_that_knows_of_the_edit_may_take_it_back(sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    edited_in_feishu(sim, bridge, ada, href, text, summary="Theirs", location={"name": "There"})
    assert ada.put(href, ada.get(href).replace("SUMMARY:Theirs", "SUMMARY:Merge")).status_code == 204
    assert sim.event("Merge")["location"]["name"] == "There"
    current = {"If-Match": ada.request("GET", href).headers["ETag"]}
    assert ada.put(href, text, current).status_code == 204
    assert not sim.event("Merge").get("location", {}).get("name")


def test_without_a_condition_an_edit_that_was_seen_may_be_taken_back_alone(sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    edited_in_feishu(sim, bridge, ada, href, text, summary="Theirs")
    assert ada.put(href, ada.get(href).replace("SUMMARY:Theirs", "SUMMARY:Merge")).status_code == 204
    assert sim.event("Merge")
    assert "changed in Feishu and by a client, its SUMMARY counts" in bridge.log()
    assert ada.get(href) == text


def test_without_a_condition_an_old_text_stored_again_takes_nothing_back(sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    assert ada.put(href, text).status_code == 201
    etag = ada.members(ada.href)[href]
    sim.edit(ADA, "event_patch", event_id=sim.event("Merge")["event_id"], event={"summary": "Theirs"})
    wait_until(lambda: bridge.sync(ada.name) and ada.members(ada.href)[href] != etag, "the edit")
    sim.clear_calls()
    # Nobody was given the edit yet: this cannot be a decision about it.
    assert ada.put(href, text).status_code == 204
    assert sim.event("Theirs") and not sim.calls(method="PATCH")
    assert "SUMMARY:Theirs" in ada.get(href)


def test_without_a_condition_an_event_of_feishu_merges_with_what_was_served_before(sim, bridge, ada):
    made = sim.add_event(ADA, "Theirs", (SOON, SOON + HOUR), description="One")
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    text = ada.get(href)
    for fields in ({"summary": "Newer"}, {"location": {"name": "There"}}):
        sim.edit(ADA, "event_patch", event_id=made["event_id"], event=fields)
        bridge.sync(ada.name)
    assert "There" in ada.get(href)
    sim.clear_calls()
    assert ada.put(href, text.replace("DESCRIPTION:One", "DESCRIPTION:Two")).status_code == 204
    body, = [call["body"] for call in sim.calls(method="PATCH")]
    assert set(body) == {"description", "need_notification"}
    served = ada.get(href)
    assert "SUMMARY:Newer" in served and "LOCATION:There" in served and "DESCRIPTION:Two" in served
    # From now on its own write counts.
    assert ada.put(href, served.replace("SUMMARY:Newer", "SUMMARY:Theirs")).status_code == 204
    assert sim.event("Theirs")["location"]["name"] == "There"


def test_without_a_condition_an_edited_occurrence_is_not_taken_back_by_a_new_title(sim, bridge, ada):
    master = sim.add_event(ADA, "Weekly", (SOON, SOON + HOUR), recurrence="FREQ=WEEKLY;COUNT=4")
    second = f"{master['event_id'][:-1]}{SOON + 7 * DAY}"
    sim.edit(ADA, "event_patch", event_id=second, event={"summary": "Once"})
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    text = ada.get(href)
    sim.edit(ADA, "event_patch", event_id=second, event={"summary": "Twice", "location": {"name": "There"}})
    wait_until(lambda: bridge.sync(ada.name) and "Twice" in ada.get(href), "the edit")
    sim.clear_calls()
    assert ada.put(href, text.replace("SUMMARY:Weekly", "SUMMARY:Every week")).status_code == 204
    assert [call["path"].rsplit("_", 1)[1] for call in sim.calls(method="PATCH")] == ["0"]
    served = ada.get(href)
    assert "SUMMARY:Every week" in served and "SUMMARY:Twice" in served and "LOCATION:There" in served


def test_with_a_condition_a_stale_write_is_refused(sim, bridge, ada):
    href, text = ada.href + "m.ics", event("m@example.com", summary="Merge")
    assert ada.put(href, text).status_code == 201
    stale = {"If-Match": ada.request("GET", href).headers["ETag"]}
    edited_in_feishu(sim, bridge, ada, href, text, summary="Theirs")
    ours = text.replace("SUMMARY:Merge", "SUMMARY:Merge\r\nLOCATION:Ours")
    assert ada.put(href, ours, stale).status_code == 412
    assert not sim.event("Theirs").get("location", {}).get("name")


def test_an_occurrence_cancelled_in_feishu_stays_cancelled_when_a_stale_client_writes(
        sim, bridge, ada):
    href = ada.put_weekly()
    text = ada.get(href)
    master = sim.event("Weekly")
    second = str(int(master["start_time"]["timestamp"]) + 7 * DAY)
    sim.edit(ADA, "event_delete", event_id=master["event_id"][:-1] + second)
    wait_until(lambda: bridge.sync(ada.name) and "EXDATE" in ada.get(href), "the cancellation")
    assert ada.put(href, text.replace("SUMMARY:Weekly", "SUMMARY:Every week")).status_code == 204
    assert [one["status"] for one in sim.event("Every week")["exceptions"]] == ["cancelled"]
    assert "EXDATE" in ada.get(href)
