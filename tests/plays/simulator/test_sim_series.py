"""Rules and exceptions (5.1, 5.4, 5.8, 5.9)."""

import pytest

from asked import (
    ADA, DAY, T0, at, code, day, everything, instances, make, occurrence, path, starts, timed,
    uid, weekly)


# ---- events: rules (5.4) ----

@pytest.mark.parametrize("sent,kept", [
    ("FREQ=DAILY", "FREQ=DAILY;INTERVAL=1"),
    ("RRULE:FREQ=DAILY", "FREQ=DAILY;INTERVAL=1"),
    ("BYDAY=WE;WKST=SU;INTERVAL=2;UNTIL=20260219T145959Z;FREQ=WEEKLY",
     "FREQ=WEEKLY;UNTIL=20260219T145959Z;INTERVAL=2;WKST=SU;BYDAY=WE"),
    ("freq=monthly;byday=1th;count=3", "FREQ=MONTHLY;COUNT=3;INTERVAL=1;BYDAY=1TH"),
    ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,TU;BYSETPOS=-1"),
])
def test_a_rule_comes_back_in_feishus_order(sim, sent, kept):
    assert make(sim, recurrence=sent)["recurrence"] == kept


@pytest.mark.parametrize("rule,expected", [
    ("nonsense", 190014), ("INTERVAL=2", 190014), ("FREQ=HOURLY", 190014),
    ("FREQ=DAILY;FREQ=WEEKLY", 190014), ("FREQ=DAILY;INTERVAL=0", 190014),
    ("FREQ=DAILY;COUNT=x", 190014), ("FREQ=DAILY;UNTIL=tomorrow", 190014),
    ("FREQ=DAILY;UNTIL=20260230", 190014), ("FREQ=WEEKLY;BYDAY=XX", 190014),
    ("FREQ=DAILY;X-FOO=1", 190014), ("FREQ=DAILY;;INTERVAL=1", None),
    ("FREQ=DAILY;COUNT=2;UNTIL=20260301T000000Z", 190002),
])
def test_a_broken_rule_is_refused(sim, rule, expected):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(recurrence=rule))
    if expected:
        assert code(reply) == (400, expected)
    else:
        assert reply.status_code == 200


def test_rules_obey_their_switches(sim):
    events = f"/{sim.primary(ADA)}/events"
    sim.switch(count="refuse", rrule_parts="named", rrule_prefix="on")
    assert code(sim.call(ADA, "POST", events, timed(recurrence="FREQ=DAILY;COUNT=2"))) == (
        400, 190014)
    assert code(sim.call(ADA, "POST", events, timed(recurrence="FREQ=YEARLY;BYMONTH=3"))) == (
        400, 190014)
    assert make(sim, recurrence="FREQ=DAILY")["recurrence"] == "RRULE:FREQ=DAILY;INTERVAL=1"


def test_a_series_keeps_its_local_time_over_the_change_of_clocks(sim):
    # 09:00 in Berlin: 08:00 UTC before 29 March 2026, 07:00 UTC from then on
    start = 1774512000                     # Thursday 2026-03-26 08:00 UTC
    event = make(sim, start_time=at(start, "Europe/Berlin"), end_time=at(start + 1800,
                 "Europe/Berlin"), recurrence="FREQ=DAILY;COUNT=5")
    assert starts(instances(sim, event, start - 1, start + 10 * DAY)) == [
        start, start + DAY, start + 2 * DAY, start + 3 * DAY - 3600, start + 4 * DAY - 3600]


def test_until_is_the_last_instant_that_counts(sim):
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107T013000Z")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY, T0 + 2 * DAY]
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107T012959Z")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY]
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY, T0 + 2 * DAY]


def test_all_day_series_have_utc_midnight_as_original_time(sim):
    event = make(sim, start_time=day("2026-01-05"), end_time=day("2026-01-06"),
                 recurrence="FREQ=WEEKLY;COUNT=2")
    items = instances(sim, event, T0 - DAY, T0 + 30 * DAY)
    assert [i["event_id"] for i in items] == [f"{uid(event)}_1767571200", f"{uid(event)}_1768176000"]
    assert [i["end_time"]["date"] for i in items] == ["2026-01-07", "2026-01-14"]


def test_instances_come_in_pages_within_two_years(sim):
    event = make(sim, recurrence="FREQ=DAILY")
    query = {"start_time": T0 - 1, "end_time": T0 + 25 * DAY - 60, "page_size": 10}
    page = sim.data(ADA, "GET", path(sim, event) + "/instances", query=query)
    assert len(page["items"]) == 10 and page["has_more"]
    query["page_token"] = page["page_token"]
    assert starts(sim.data(ADA, "GET", path(sim, event) + "/instances",
                           query=query)["items"])[0] == T0 + 10 * DAY
    wide = {"start_time": T0, "end_time": T0 + 3 * 366 * DAY}
    assert code(sim.call(ADA, "GET", path(sim, event) + "/instances", query=wide)) == (400, 190002)
    assert code(sim.call(ADA, "GET", path(sim, event) + "/instances")) == (400, 99992402)


# ---- events: exceptions (5.1, 5.8, 5.9) ----

def test_patching_an_occurrence_makes_an_exception(sim):
    series = weekly(sim)
    moved = sim.data(ADA, "PATCH", f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}", {
        "start_time": at(T0 + 8 * DAY), "end_time": at(T0 + 8 * DAY + 3600)})["event"]
    assert moved["is_exception"] and moved["recurrence"] == ""
    assert moved["event_id"] == occurrence(series, 1)
    assert moved["recurring_event_id"] == series["event_id"]
    assert starts(instances(sim, series, T0 - 1, T0 + 15 * DAY)) == [
        T0, T0 + 8 * DAY, T0 + 14 * DAY]


def test_deleting_an_occurrence_leaves_a_cancelled_exception(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "DELETE", target)
    assert sim.data(ADA, "GET", target)["event"]["status"] == "cancelled"
    assert [i["status"] for i in instances(sim, series, T0 - 1, T0 + 15 * DAY)] == [
        "confirmed", "cancelled", "confirmed"]
    assert code(sim.call(ADA, "DELETE", target)) == (403, 193003)


def test_delete_exception_brings_the_occurrence_back(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "PATCH", target, {"summary": "other"})
    sim.data(ADA, "DELETE", target, query={"delete_exception": "true"})
    items = instances(sim, series, T0 - 1, T0 + 15 * DAY)
    assert [i["summary"] for i in items] == ["series"] * 3
    sim.switch(delete_exception="refuse")
    assert code(sim.call(ADA, "DELETE", target, query={"delete_exception": "true"})) == (
        400, 190002)


def test_a_patched_cancelled_occurrence_is_restored_or_refused(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "DELETE", target)
    sim.switch(restore_cancelled="refuse")
    assert code(sim.call(ADA, "PATCH", target, {"summary": "back"})) == (403, 193003)
    sim.switch(restore_cancelled="patch")
    assert sim.data(ADA, "PATCH", target, {"summary": "back"})["event"]["status"] == "confirmed"


def test_deleting_a_master_leaves_its_exceptions_unless_switched(sim):
    cal = sim.primary(ADA)
    for switch, left in (("leave", 1), ("cascade", 0)):
        sim.switch(delete_master=switch)
        series = weekly(sim)
        sim.data(ADA, "PATCH", f"/{cal}/events/{occurrence(series, 1)}", {"summary": "kept"})
        sim.data(ADA, "DELETE", path(sim, series))
        ids = [i["event_id"] for i in everything(sim)["items"] if uid(i) == uid(series)]
        assert len(ids) == left


def test_series_fields_do_not_flow_into_exceptions(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "PATCH", target, {"location": {"name": "here"}})
    sim.data(ADA, "PATCH", path(sim, series), {"summary": "renamed"})
    assert sim.data(ADA, "GET", target)["event"]["summary"] == "series"


def test_an_occurrence_outside_the_rule_does_not_exist(sim):
    series = weekly(sim)
    wrong = f"/{sim.primary(ADA)}/events/{uid(series)}_{T0 + DAY}"
    for method, body in (("GET", None), ("PATCH", {"summary": "x"}), ("DELETE", None)):
        assert code(sim.call(ADA, method, wrong, body)) == (404, 193001)


def test_an_untouched_occurrence_is_a_plain_instance_or_not_found(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 2)}"
    event = sim.data(ADA, "GET", target)["event"]
    assert (event["event_id"], event["is_exception"], event["recurrence"]) == (
        occurrence(series, 2), False, "")
    assert event["start_time"] == at(T0 + 14 * DAY)
    sim.switch(occurrence_get="not_found")
    assert code(sim.call(ADA, "GET", target)) == (404, 193001)


def test_moving_a_series_shifts_its_original_times(sim):
    series = weekly(sim)
    sim.data(ADA, "PATCH", path(sim, series), {
        "start_time": at(T0 + 3600), "end_time": at(T0 + 7200)})
    old = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    assert code(sim.call(ADA, "GET", old)) == (404, 193001)
    assert starts(instances(sim, series, T0 - 1, T0 + 8 * DAY)) == [T0 + 3600, T0 + 7 * DAY + 3600]


def test_an_exception_takes_no_rule(sim):
    target = f"/{sim.primary(ADA)}/events/{occurrence(weekly(sim), 1)}"
    assert code(sim.call(ADA, "PATCH", target, {"recurrence": "FREQ=DAILY"})) == (400, 190014)
