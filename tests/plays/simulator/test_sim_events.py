"""Single events: made, changed, read and deleted (5)."""

import re

import pytest

from asked import ADA, BOB, T0, at, code, day, make, path, share, shared, timed


# ---- events: create (5.7) ----

def test_a_new_event_has_no_attendees_and_the_ids_of_the_interface(sim):
    event = make(sim, summary="New", description="")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_0", event["event_id"])
    assert event["organizer_calendar_id"] == sim.primary(ADA)
    assert event["status"] == "confirmed" and event["recurrence"] == ""
    assert event["start_time"] == at(T0)
    assert int(event["create_time"]) > 0
    assert sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"] == []


def test_start_and_end_are_required(sim):
    body = timed()
    del body["end_time"]
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", body)
    assert code(reply) == (400, 99992402)
    assert reply.json()["error"]["field_violations"][0]["field"] == "end_time"


@pytest.mark.parametrize("change,expected", [
    ({"start_time": {"timestamp": "0", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": "16725225601", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": "12.5", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": 1767576600}}, 9499),
    ({"start_time": {}}, 190014),
    ({"start_time": at(T0, "Mars/Olympus")}, 190014),
    ({"start_time": at(T0, "China Standard Time")}, 190014),
    ({"start_time": at(T0, "Etc/UTC")}, 190014),
    ({"start_time": at(T0, "../etc/passwd")}, 190014),
    ({"start_time": {"date": "2026-02-30"}, "end_time": day("2026-03-01")}, 190014),
    ({"start_time": day("2026-01-05")}, 190014),
    ({"start_time": {"date": "2026-01-05", "timestamp": str(T0)}}, 190002),
    ({"end_time": at(T0 - 60)}, 190014),
    ({"summary": "x" * 1001}, 99992402),
    ({"description": "x" * 40961}, 99992402),
    ({"visibility": "secret"}, 99992402),
    ({"free_busy_status": "maybe"}, 99992402),
    ({"attendee_ability": "all"}, 99992402),
    ({"reminders": [{"minutes": 20161}]}, 99992402),
    ({"reminders": [{"minutes": "5"}]}, 9499),
    ({"reminders": {"minutes": 5}}, 9499),
    ({"location": {"name": ""}}, 99992402),
    ({"location": {"name": "x" * 513}}, 99992402),
    ({"color": 1.5}, 9499),
    ({"recurrence": "x" * 2001}, 99992402),
    ({"vchat": {"vc_type": "lark_live"}}, 99992402),
    ({"schemas": [{"ui_name": "Nonsense", "ui_status": "hide"}]}, 190014),
    ({"attachments": [{"file_token": "unknown"}]}, 193105),
    ({"event_check_in": {}}, 99992402),
    ({"event_check_in": {"enable_check_in": True, "check_in_start_time": {
        "time_type": "before_event_start", "duration": 0}}}, 190014),
])
def test_create_refuses_what_is_out_of_shape_or_range(sim, change, expected):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", {**timed(), **change})
    assert code(reply) == (400, expected)
    assert sim.events() == []


def test_characters_are_counted_not_bytes(sim):
    assert make(sim, summary="日" * 1000)["summary"] == "日" * 1000


def test_without_a_time_zone_it_is_shanghai(sim):
    event = make(sim, start_time={"timestamp": str(T0)})
    assert event["start_time"]["timezone"] == "Asia/Shanghai"


def test_coordinates_come_back_as_float32(sim):
    event = make(sim, location={"name": "x", "latitude": 31.2397023})
    assert event["location"] == {"name": "x", "latitude": 31.239702224731445}


def test_an_idempotency_key_repeats_the_first_event(sim):
    cal = sim.primary(ADA)
    key = {"idempotency_key": "k" * 32}
    first = sim.data(ADA, "POST", f"/{cal}/events", timed(), key)["event"]
    second = sim.data(ADA, "POST", f"/{cal}/events", timed("other"), key)["event"]
    assert first["event_id"] == second["event_id"]
    assert [e["summary"] for e in sim.events()] == ["event"]


@pytest.mark.parametrize("length", [31, 129])
def test_an_idempotency_key_has_32_to_128_characters(sim, length):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(),
                     {"idempotency_key": "k" * length})
    assert code(reply) == (400, 99992402)


def test_a_reader_cannot_create(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "reader")
    assert code(sim.call(BOB, "POST", f"/{cal}/events", timed())) == (403, 193002)
    share(sim, cal, BOB, "writer")
    assert sim.call(BOB, "POST", f"/{cal}/events", timed()).status_code == 200


# ---- events: all-day (5.3, 16.1) ----

@pytest.mark.parametrize("write,read,sent,seen", [
    ("inclusive", "exclusive", "2026-05-18", "2026-05-19"),
    ("inclusive", "inclusive", "2026-05-18", "2026-05-18"),
    ("exclusive", "exclusive", "2026-05-19", "2026-05-19"),
    ("exclusive", "inclusive", "2026-05-19", "2026-05-18"),
])
def test_the_end_date_is_read_and_written_as_switched(sim, write, read, sent, seen):
    sim.switch(allday_write=write, allday_read=read)
    event = make(sim, start_time=day("2026-05-18"), end_time=day(sent))
    assert event["start_time"] == day("2026-05-18")
    assert event["end_time"] == day(seen)


def test_the_zone_of_an_all_day_event_is_utc_whatever_is_sent(sim):
    event = make(sim, start_time={"date": "2026-05-18", "timezone": "Asia/Tokyo"},
                 end_time=day("2026-05-18"))
    assert event["start_time"]["timezone"] == "UTC"


def test_a_zero_length_event_can_be_refused(sim):
    assert make(sim, minutes=0)["end_time"] == at(T0)
    sim.switch(zero_length="refuse")
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(minutes=0))
    assert code(reply) == (400, 190014)


# ---- events: patch (5.8) ----

def test_omitted_fields_stay(sim):
    event = make(sim, summary="a", description="b", location={"name": "c"}, color=5,
                 reminders=[{"minutes": 10}, {"minutes": -5}])
    after = sim.data(ADA, "PATCH", path(sim, event), {"summary": "z"})["event"]
    assert after == {**event, "summary": "z"}


def test_start_without_end_is_ignored(sim):
    event = make(sim)
    after = sim.data(ADA, "PATCH", path(sim, event), {"start_time": at(T0 - 3600)})["event"]
    assert after["start_time"] == event["start_time"]


@pytest.mark.parametrize("switch,summary,location,reminders,rule", [
    ("clear", "", None, [], ""),
    ("text", "", {"name": "c"}, [{"minutes": 10}], "FREQ=DAILY;INTERVAL=1"),
    ("keep", "a", {"name": "c"}, [{"minutes": 10}], "FREQ=DAILY;INTERVAL=1"),
])
def test_empty_values_clear_or_stay_as_switched(sim, switch, summary, location, reminders, rule):
    sim.switch(clear_empty=switch)
    event = make(sim, summary="a", location={"name": "c"}, reminders=[{"minutes": 10}],
                 recurrence="FREQ=DAILY")
    after = sim.data(ADA, "PATCH", path(sim, event), {
        "summary": "", "location": {}, "reminders": [], "recurrence": ""})["event"]
    assert after["summary"] == summary
    assert after.get("location") == location
    assert after["reminders"] == reminders
    assert after["recurrence"] == rule


def test_visibility_after_creation_is_the_callers_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    event = make(sim, cal=cal, visibility="public")
    target = f"/{cal}/events/{event['event_id']}"
    sim.data(BOB, "PATCH", target, {"visibility": "private", "free_busy_status": "free"})
    mine, his = (sim.data(u, "GET", target)["event"] for u in (ADA, BOB))
    assert (mine["visibility"], mine["free_busy_status"]) == ("public", "busy")
    assert (his["visibility"], his["free_busy_status"]) == ("private", "free")


def test_colour_and_reminders_are_each_ones_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    event = make(sim, cal=cal, color=7, reminders=[{"minutes": 5}])
    his = sim.data(BOB, "GET", f"/{cal}/events/{event['event_id']}")["event"]
    assert (his["color"], his["reminders"]) == (-1, [])


def test_timed_to_all_day_can_be_refused(sim):
    event = make(sim)
    change = {"start_time": day("2026-01-05"), "end_time": day("2026-01-05")}
    sim.switch(timed_allday_patch="refuse")
    assert code(sim.call(ADA, "PATCH", path(sim, event), change)) == (400, 190014)
    sim.switch(timed_allday_patch="accept")
    assert sim.data(ADA, "PATCH", path(sim, event), change)["event"]["start_time"] == day(
        "2026-01-05")


# ---- events: get and delete ----

@pytest.mark.parametrize("event_id,expected", [
    ("nonsense", (400, 193000)), ("x_", (400, 193000)), ("x_-1", (400, 193000)),
    ("3430be1f-0000-4000-8000-000000000001_0", (404, 193001)),
])
def test_a_wrong_event_id_is_told_precisely(sim, event_id, expected):
    for method in ("GET", "DELETE"):
        assert code(sim.call(ADA, method, f"/{sim.primary(ADA)}/events/{event_id}")) == expected


def test_a_deleted_event_is_193003(sim):
    event = make(sim)
    sim.data(ADA, "DELETE", path(sim, event))
    for method, body in (("GET", None), ("PATCH", {"summary": "x"}), ("DELETE", None)):
        assert code(sim.call(ADA, method, path(sim, event), body)) == (403, 193003)
    sim.switch(deleted_get="cancelled")
    assert sim.data(ADA, "GET", path(sim, event))["event"]["status"] == "cancelled"


def test_need_notification_of_delete_is_true_or_false(sim):
    event = make(sim)
    reply = sim.call(ADA, "DELETE", path(sim, event), query={"need_notification": "no"})
    assert code(reply) == (400, 99992402)
