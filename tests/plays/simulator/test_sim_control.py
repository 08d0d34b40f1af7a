"""The control interface of the simulator."""

import threading
import time

import pytest
import requests

from asked import ADA, BOB, SCENARIOS, T0, at, code, invite, make, open_id, path, timed
from feishu_sim import CALENDARS, ControlError, FeishuSim
from waiting import within


def test_who_is_notified_is_recorded(sim):
    event = make(sim)
    invite(sim, event, BOB)
    sim.data(ADA, "PATCH", path(sim, event), {"summary": "x", "need_notification": False})
    sim.data(ADA, "PATCH", path(sim, event), {"summary": "y"})
    sim.data(ADA, "PATCH", path(sim, event), {"color": 1})
    sim.data(ADA, "DELETE", path(sim, event), query={"need_notification": "false"})
    assert [(n["kind"], n["to"]) for n in sim.notifications()] == [
        ("invite", [open_id(sim, BOB)]), ("update", [open_id(sim, BOB)])]


def test_calls_are_recorded_in_order_with_who_and_what(sim):
    since = sim.last_call()
    sim.call(ADA, "POST", "", {"summary": "x"}, query={"a": "b c"})
    sim.call(None, "GET", "/nonsense")
    first, last = sim.calls(since)[0], sim.calls(since)[-1]
    assert (first["method"], first["path"], first["body"]) == ("POST", CALENDARS, {"summary": "x"})
    assert (first["token"], first["user"], first["query"]) == ("user", open_id(sim, ADA), {"a": "b c"})
    assert (last["token"], last["status"], last["code"]) == ("tenant", 400, 191001)


@pytest.mark.parametrize("sent, kept", [
    (b'{"summary": "\\u00e9\\n\\"\\u0001"}', {"summary": 'é\n"\x01'}), (b'{"a', '{"a'), (b"", None),
    (b'["' + b"x" * 70000 + b'"]', '["' + "x" * 65534)])
def test_the_body_of_a_call_is_kept_as_json_or_as_text_of_64_kb_at_most(sim, sent, kept):
    since = sim.last_call()
    sim.call(ADA, "POST", "", data=sent, headers={"Content-Type": "application/json"})
    assert sim.calls(since)[-1]["body"] == kept


def test_the_query_of_a_call_is_told_as_it_came_and_decoded(sim):
    since = sim.last_call()
    sim.call(ADA, "GET", "/x%20y?a=%20+b&c&d=%2B%26&e=")
    call = sim.calls(since)[-1]
    assert (call["path"], call["query_text"]) == (CALENDARS + "/x%20y", "a=%20+b&c&d=%2B%26&e=")
    assert (call["route"], call["query"]) == (
        CALENDARS + "/:calendar_id", {"a": "  b", "c": "", "d": "+&", "e": ""})


def test_a_fault_replaces_the_nth_answer_and_has_no_effect(sim):
    sim.fault(method="POST", path="*/events", nth=2, status=500, code=190003)
    where = f"/{sim.primary(ADA)}/events"
    assert [sim.call(ADA, "POST", where, timed(str(n))).status_code for n in range(3)] == [
        200, 500, 200]
    assert [e["summary"] for e in sim.events()] == ["0", "2"]
    assert sim.faults()[0]["hits"] == 1


@pytest.mark.parametrize("cut,count", [("before", 0), ("after", 1)])
def test_a_cut_connection_has_its_effect_or_not(sim, cut, count):
    where = f"/{sim.primary(ADA)}/events"
    sim.user_token(ADA)
    sim.fault(method="POST", path="*/events", cut=cut)
    with pytest.raises(requests.ConnectionError):
        sim.call(ADA, "POST", where, timed())
    assert len(sim.events()) == count


def test_faults_of_content(sim):
    sim.fault(invalid_json=True)
    with pytest.raises(requests.JSONDecodeError):
        sim.call(ADA, "GET", "").json()
    sim.fault(content_type="text/html", body="<h1>Bad gateway</h1>", status=502)
    reply = sim.call(ADA, "GET", "")
    assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html")
    sim.fault(rate_limit_reset=7)
    reply = sim.call(ADA, "GET", "")
    assert reply.status_code == 429 and reply.headers["x-ogw-ratelimit-reset"] == "7"


def test_a_delayed_answer_holds_nobody_up(sim):
    sim.user_token(ADA), sim.user_token(BOB)
    cal = sim.primary(ADA)
    sim.fault(path="*/primary", delay_ms=30000)
    done = []
    slow = threading.Thread(target=lambda: done.append(FeishuSim.call(sim, BOB, "POST", "/primary")))
    slow.start()
    while not sim.faults()[0]["hits"]:
        pass
    assert requests.get(f"{sim.url}{CALENDARS}/{cal}", timeout=10, headers={
        "Authorization": "Bearer " + sim.user_token(ADA)}).status_code == 200
    assert not done
    FeishuSim.clear_faults(sim)
    slow.join()
    assert done[0].status_code == 200


def test_edits_need_no_token_and_are_no_calls(sim):
    since = sim.last_call()
    event = sim.add_event(BOB, "his", (T0, T0 + 60), attendees=[{"user": ADA, "rsvp": "accept"}])
    sim.edit(ADA, "rsvp", event_id=event["event_id"], rsvp_status="decline")
    assert sim.calls(since) == []
    answers = {a["display_name"]: a["rsvp_status"] for a in sim.event("his")["attendees"]}
    assert answers == {"Bob": "accept", "Ada": "decline"}


def test_edits_obey_the_platform(sim):
    event = sim.add_event(BOB, "his", (T0, T0 + 60))
    with pytest.raises(ControlError, match="191002"):
        sim.edit(ADA, "event_delete", calendar_id=sim.primary(BOB), event_id=event["event_id"])


def test_every_switch_lists_its_positions_and_refuses_others(sim):
    for name, switch in sim.switches().items():
        assert switch["value"] == switch["default"]
        if switch["allowed"] != "a number":
            for position in switch["allowed"]:
                assert sim.switch(**{name: position})[name]["value"] == position
            with pytest.raises(ControlError):
                sim.switch(**{name: "sideways"})
    with pytest.raises(ControlError):
        sim.switch(nonsense="on")


def test_reset_brings_back_the_scenario(sim):
    before = sim.state("calendars")["calendars"]
    make(sim)
    sim.switch(count="refuse")
    sim.reset()
    assert sim.events() == [] and sim.switches()["count"]["value"] == "accept"
    assert len(sim.calendars()) == len(before)


def test_a_scenario_with_a_mistake_is_told(sim):
    with pytest.raises(ControlError, match="not known"):
        sim.reset({"people": [{"name": "A"}], "events": [{"as": "B", "when": {"day": 0}}]})


def test_relative_times_are_around_today(sim):
    sim.reset({"clock": {"set": "2026-03-04T12:00:00+08:00"}, "people": [{"name": "A"}], "events": [
        {"as": "A", "summary": "one", "when": {"day": 1, "time": "10:00", "minutes": 45}},
        {"as": "A", "summary": "two", "when": {"week": 0, "weekday": "MO", "days": 2}},
        {"as": "A", "summary": "three", "when": {"day": 0, "time": "09:00", "timezone": "UTC"},
         "recurrence": "FREQ=DAILY", "until_day": 3,
         "exceptions": [{"n": 1, "cancelled": True}, {"n": 2, "move_minutes": 30}]}]})
    one, two, three = (sim.event(s) for s in ("one", "two", "three"))
    assert one["start_time"] == at(1772676000)
    assert int(one["end_time"]["timestamp"]) - int(one["start_time"]["timestamp"]) == 45 * 60
    assert (two["start_time"]["date"], two["end_time"]["date"]) == ("2026-03-02", "2026-03-04")
    assert three["recurrence"] == "FREQ=DAILY;UNTIL=20260307T235959Z;INTERVAL=1"
    assert [e["status"] for e in three["exceptions"]] == ["cancelled", "confirmed"]


def test_changes_stand_in_the_feed_for_a_later_delivery(sim):
    since = max([c["seq"] for c in sim.feed()] or [0])
    event = make(sim)
    sim.data(ADA, "DELETE", path(sim, event))
    assert [(c["calendar_event_id"], c["change_type"]) for c in sim.feed(since)] == [
        (event["event_id"], "create"), (event["event_id"], "delete")]


def test_the_program_stops_within_a_second():
    sim = FeishuSim()
    sim.call(ADA, "GET", "")
    begin = time.monotonic()
    assert sim.stop() == 0
    assert time.monotonic() - begin < within(1)


def test_the_demo_scenario_loads():
    with FeishuSim(SCENARIOS / "demo.json") as sim:
        assert len(sim.events()) >= 60
    with FeishuSim(SCENARIOS / "minimal.json") as sim:
        assert [p["name"] for p in sim.state("people")["people"]][1:] == ["Ada", "Bob", "Eve"]
