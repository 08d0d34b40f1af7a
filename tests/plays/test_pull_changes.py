"""From Feishu to the store: what changed since the last time, single occurrences and answers among it."""

import json

import pytest

from bridge import UNLIMITED, Bridge, event, wait_until
from feishu_sim import ADA, BOB, DAY, EVE, HOUR, SOON
from pulled import event_lists, occurrence, texts, weekly


def test_changes_come_by_sync_token_and_nothing_else_is_read(sim, bridge):
    sim.add_event(ADA, "One", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    _, _, token, _ = ada.sync_collection(href)
    ctag = ada.ctag(href)
    sim.clear_calls()
    bridge.sync(ada.name)
    assert [set(call["query"]) for call in event_lists(sim)] == [{"page_size", "sync_token"}]
    assert ada.ctag(href) == ctag, "nothing changed, and the ctag says so"
    sim.edit(ADA, "event_patch", event_id=sim.event("One")["event_id"],
             event={"summary": "One changed"})
    sim.add_event(ADA, "Two", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    assert set(texts(ada)) == {"One changed", "Two"}
    changed, removed, _, _ = ada.sync_collection(href, token)
    assert len(changed) == 2 and not removed
    assert ada.ctag(href) != ctag


@pytest.mark.parametrize("shape", ["full", "minimal"])
def test_a_deleted_event_disappears_whatever_the_shape_of_its_item(sim, bridge, shape):
    sim.switch(deleted_items=shape)
    sim.add_event(ADA, "Stays", (SOON, SOON + HOUR))
    gone = sim.add_event(ADA, "Goes", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    _, _, token, _ = ada.sync_collection(href)
    sim.edit(ADA, "event_delete", event_id=gone["event_id"])
    bridge.sync(ada.name)
    assert set(texts(ada)) == {"Stays"}
    changed, removed, _, _ = ada.sync_collection(href, token)
    assert not changed and len(removed) == 1


def test_exceptions_and_cancelled_occurrences_are_merged_into_their_series(sim, bridge):
    series = weekly(sim)
    ada = bridge.sign_in(ADA)
    sim.edit(ADA, "event_patch", event_id=occurrence(series, 1), event={"summary": "Moved"})
    sim.edit(ADA, "event_delete", event_id=occurrence(series, 2))
    bridge.sync(ada.name)
    members = ada.members(ada.calendars()["Ada"])
    assert len(members) == 1
    text = ada.get(list(members)[0]).replace("\r\n ", "")
    assert text.count("BEGIN:VEVENT") == 2
    assert "RECURRENCE-ID" in text and "SUMMARY:Moved" in text
    assert text.count("EXDATE") == 1


@pytest.mark.parametrize("shape", ["full", "minimal"])
def test_a_deleted_series_disappears_with_its_exceptions(sim, bridge, shape):
    sim.switch(deleted_items=shape, delete_master="cascade")
    series = weekly(sim)
    sim.edit(ADA, "event_patch", event_id=occurrence(series, 1), event={"summary": "Moved"})
    ada = bridge.sign_in(ADA)
    sim.edit(ADA, "event_delete", event_id=series["event_id"])
    bridge.sync(ada.name)
    assert not ada.members(ada.calendars()["Ada"])


@pytest.mark.parametrize("look", ["plain", "not_found"])
@pytest.mark.parametrize("shape", ["full", "minimal"])
def test_a_destroyed_exception_gives_its_occurrence_back_to_the_rule(sim, bridge, look, shape):
    sim.switch(occurrence_get=look, deleted_items=shape)
    master = weekly(sim)
    sim.edit(ADA, "event_patch", event_id=occurrence(master, 1), event={"summary": "Moved"})
    sim.edit(ADA, "event_delete", event_id=occurrence(master, 2))
    ada = bridge.sign_in(ADA)
    href, = ada.members(ada.calendars()["Ada"])
    assert "SUMMARY:Moved" in ada.get(href) and "EXDATE" in ada.get(href)
    for number in (1, 2):
        sim.edit(ADA, "event_delete", event_id=occurrence(master, number), delete_exception=True)
    sim.edit(ADA, "event_delete", event_id=occurrence(master, 3))
    bridge.sync(ada.name)
    text = ada.get(href).replace("\r\n ", "")
    assert "SUMMARY:Moved" not in text
    assert [line for line in text.splitlines() if line.startswith("EXDATE")] == [
        "EXDATE;TZID=Asia/Shanghai:20270205T160000"]


def test_an_exception_destroyed_just_after_it_was_written_gives_its_occurrence_back(sim, bridge, ada):
    """Within the seconds in which what is read may be older than what was written."""
    href = ada.put_weekly()
    second = event("w@example.com", start="20270112T120000", end="20270112T130000", summary="Once",
                   extra="RECURRENCE-ID;TZID=Asia/Shanghai:20270112T100000").split("VEVENT")[1]
    text = ada.get(href)
    moved = text.replace("END:VCALENDAR", f"BEGIN:VEVENT{second}VEVENT\r\nEND:VCALENDAR")
    assert ada.put(href, moved).status_code == 204
    exception, = sim.event("Weekly")["exceptions"]
    sim.edit(ADA, "event_delete", event_id=exception["event_id"], delete_exception=True)
    wait_until(lambda: bridge.sync(ada.name) and "RECURRENCE-ID" not in ada.get(href), "the edit")
    assert "EXDATE" not in ada.get(href)


def test_a_cancellation_taken_back_just_after_a_snooze_is_taken_back(sim, bridge, ada):
    """A snooze writes nothing to Feishu, so that nothing that is read is older than it."""
    href = ada.put_weekly()
    second = f"{sim.event('Weekly')['event_id'][:-1]}{1799114400 + 7 * DAY}"
    sim.edit(ADA, "event_delete", event_id=second)
    wait_until(lambda: bridge.sync(ada.name) and "EXDATE" in ada.get(href), "the cancellation")
    snoozed = ada.get(href).replace("SUMMARY:", "X-MOZ-LASTACK:20270101T000000Z\r\nSUMMARY:")
    assert ada.put(href, snoozed).status_code == 204 and ada.get(href) == snoozed
    sim.edit(ADA, "event_delete", event_id=second, delete_exception=True)
    wait_until(lambda: bridge.sync(ada.name) and "EXDATE" not in ada.get(href), "the occurrence", 10)


def test_guests_who_come_to_an_exception_just_after_a_write_are_seen(sim):
    """Their list may be older than the write, so that it is read again."""
    with Bridge(sim, start=False) as bridge:
        bridge.env["TEST_WAIT_PERCENT"] = "20"
        second = occurrence(sim.add_event(ADA, "Weekly", (SOON, SOON + HOUR), recurrence="FREQ=WEEKLY;COUNT=4",
                                          attendees=[{"user": BOB}]), 1)
        sim.edit(ADA, "event_patch", event_id=second, event={"summary": "Once"})
        ada = bridge.start().sign_in(ADA)
        href, = ada.members(ada.calendars()["Ada"])
        assert ada.get(href).count("bob@example.com") == 2
        assert ada.put(href, ada.get(href).replace("SUMMARY:Once", "SUMMARY:Only once")).status_code == 204
        sim.edit(ADA, "attendees_add", event_id=second, attendees=[{"user": EVE}])
        wait_until(lambda: bridge.sync(ada.name) and
                   "eve@example.com" in ada.get(href).replace("\r\n ", ""), "the guest", 15)


def test_exceptions_destroyed_before_their_series_was_read_cancel_nothing(sim, bridge, ada):
    master = weekly(sim)
    for number in (1, 2):
        sim.edit(ADA, "event_patch", event_id=occurrence(master, number), event={"summary": "Moved"})
        sim.edit(ADA, "event_delete", event_id=occurrence(master, number), delete_exception=True)
    sim.edit(ADA, "event_delete", event_id=occurrence(master, 3))
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    lines = ada.get(href).replace("\r\n ", "").splitlines()
    assert [line for line in lines if line.startswith("EXDATE")] == [
        "EXDATE;TZID=Asia/Shanghai:20270205T160000"]


def test_an_exception_destroyed_with_a_change_of_its_rule_cancels_nothing_when_the_rule_returns(
        sim, bridge, ada):
    master = weekly(sim)
    sim.edit(ADA, "event_patch", event_id=occurrence(master, 1), event={"summary": "Moved"})
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    assert "SUMMARY:Moved" in ada.get(href)
    # In the way of Feishu's own clients: the exceptions first (feishu-api 5.19).
    sim.edit(ADA, "event_delete", event_id=occurrence(master, 1), delete_exception=True)
    sim.edit(ADA, "event_patch", event_id=master["event_id"],
             event={"recurrence": "FREQ=WEEKLY;INTERVAL=2;COUNT=2"})
    bridge.sync(ada.name)
    assert "SUMMARY:Moved" not in ada.get(href)
    sim.edit(ADA, "event_patch", event_id=master["event_id"], event={"recurrence": "FREQ=WEEKLY;COUNT=4"})
    bridge.sync(ada.name)
    assert "FREQ=WEEKLY;COUNT=4" in ada.get(href) and "EXDATE" not in ada.get(href)


def test_exceptions_that_outlive_their_master_stay_visible(sim, bridge):
    series = weekly(sim)
    sim.edit(ADA, "event_patch", event_id=occurrence(series, 1), event={"summary": "Moved"})
    ada = bridge.sign_in(ADA)
    sim.edit(ADA, "event_delete", event_id=series["event_id"])
    bridge.sync(ada.name)
    found = texts(ada)
    assert set(found) == {"Moved"} and "RRULE" not in found["Moved"]


def test_an_answer_to_an_invitation_reaches_the_organizer(sim, bridge):
    meeting = sim.add_event(ADA, "Meeting", (SOON, SOON + HOUR),
                            attendees=[{"user": ADA}, {"user": BOB}])
    ada = bridge.sign_in(ADA)
    assert "PARTSTAT=ACCEPTED;" not in texts(ada)["Meeting"].split("CN=Bob")[1].split("\n")[0]
    sim.edit(BOB, "rsvp", event_id=meeting["event_id"], rsvp_status="decline")
    bridge.sync(ada.name)
    line = [line for line in texts(ada)["Meeting"].splitlines() if "bob@" in line][0]
    assert "PARTSTAT=DECLINED" in line


@pytest.mark.parametrize("position", ["either", "alone", "both"])
def test_long_changes_are_paged_as_the_service_wants_it(sim, position):
    sim.switch(sync_page_token=position, rate_limit="off")
    with Bridge(sim, UNLIMITED) as bridge:
        ada = bridge.sign_in(ADA)
        for number in range(520):
            sim.add_event(ADA, f"Event {number}", (SOON + number * HOUR, SOON + (number + 1) * HOUR))
        bridge.sync(ada.name)
        assert len(ada.members(ada.calendars()["Ada"])) == 520


@pytest.mark.parametrize("lists", ["null", "missing"])
@pytest.mark.parametrize("strings", ["null", "missing"])
def test_missing_and_null_mean_empty(sim, bridge, lists, strings):
    sim.switch(lists_empty=lists, strings_empty=strings)
    ada = bridge.sign_in(ADA)
    assert not ada.members(ada.calendars()["Ada"])
    sim.add_event(ADA, "One", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    assert set(texts(ada)) == {"One"}


def test_an_event_that_cannot_be_shown_does_not_end_the_pull(sim, bridge):
    bad = sim.add_event(ADA, "Bad", (SOON, SOON + HOUR))
    sim.add_event(ADA, "Good", (SOON, SOON + HOUR))
    page = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events", query={"anchor_time": "1"})
    for item in page["items"]:
        if item["event_id"] == bad["event_id"]:
            item["start_time"] = {"timestamp": "no number", "timezone": "Nowhere/At all"}
    sim.fault(method="GET", path="*/events", body=json.dumps({"code": 0, "data": page}),
              status=200)
    ada = bridge.sign_in(ADA, pull=False)
    wait_until(lambda: ada.calendars() and "Good" in texts(ada), "the good event")


def test_an_exception_that_cannot_be_read_does_not_hide_its_series(sim, bridge):
    series = weekly(sim)
    for number in (1, 2):
        sim.edit(ADA, "event_patch", event_id=occurrence(series, number), event={"summary": f"Moved {number}"})
    page = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events", query={"anchor_time": "1"})
    bad, = [item for item in page["items"] if item["event_id"] == occurrence(series, 1)]
    bad["start_time"] = {"timestamp": "no number", "timezone": "Nowhere/At all"}
    sim.fault(method="GET", path="*/events", body=json.dumps({"code": 0, "data": page}), status=200)
    ada = bridge.sign_in(ADA, pull=False)
    told = bridge.run("sync", ada.name, check=False)
    text, = texts(ada).values()
    assert "RRULE" in text and "SUMMARY:Moved 1" in text and "SUMMARY:Moved 2" in text
    assert f"exceptions of event {series['event_id'][:-2]} cannot be read: {bad['event_id']}" in \
        bridge.log() + told.stderr
    # Read well it is what it is.
    sim.edit(ADA, "event_patch", event_id=bad["event_id"], event={"summary": "Moved again"})
    bridge.sync(ada.name)
    text, = texts(ada).values()
    assert "SUMMARY:Moved again" in text and "SUMMARY:Moved 1" not in text
