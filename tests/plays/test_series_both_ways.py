"""Series both ways: rules, exceptions and what is taken back give the same occurrences to clients and in
Feishu, whoever made or changed them."""

import uuid

import pytest
from both_ways import fixture_born, fixture_make, quiet  # noqa: F401
from both_ways import all_day, has_line, instances, lines, new, override, seconds
from bridge import event
from feishu_sim import ADA, DAY, HOUR
from shared import ada, bridge, sim  # noqa: F401


def weekly(zone="Asia/Shanghai", more="", **fields):
    return new(zone=zone, extra="RRULE:FREQ=WEEKLY;COUNT=8" + more, **fields)


@pytest.mark.parametrize("rule,count", [
    ("FREQ=DAILY;COUNT=5", 5), ("FREQ=DAILY;INTERVAL=3;COUNT=4", 4),
    ("FREQ=WEEKLY;BYDAY=TU,TH;COUNT=7", 7), ("FREQ=WEEKLY;INTERVAL=2;WKST=SU;COUNT=3", 3),
    ("FREQ=MONTHLY;COUNT=3", 3), ("FREQ=MONTHLY;BYDAY=1TU;COUNT=4", 4),
    ("FREQ=YEARLY;COUNT=1", 1), ("FREQ=DAILY;UNTIL=20270109T020000Z", 5),
    ("FREQ=WEEKLY;UNTIL=20270202T155959Z", 5)])
def test_rules_give_the_same_occurrences_on_both_sides(sim, make, rule, count):
    made = make(new(extra="RRULE:" + rule, summary="R"))
    found = instances(sim, made)
    assert len(found) == count, (made.event["recurrence"], found)
    assert found[0][0] == seconds("20270105T100000", "Asia/Shanghai")
    assert made.event["recurrence"].startswith("FREQ=")


def test_a_series_keeps_its_wall_clock_over_daylight_saving(sim, make):
    text = new(zone="Europe/Berlin", start="20270322T090000", end="20270322T100000",
               extra="RRULE:FREQ=WEEKLY;COUNT=3", summary="R")
    found = [start for start, _ in instances(sim, make(text))]
    assert found == [seconds(f"2027{day}T090000", "Europe/Berlin")
                     for day in ("0322", "0329", "0405")]


def test_a_series_with_exceptions_lives_on_both_sides(sim, make):
    text = weekly(summary="Weekly", more="\nEXDATE;TZID=Asia/Shanghai:20270126T100000")
    text = override(text, "20270112", ["DTSTART;TZID=Asia/Shanghai:20270113T140000",
                                       "DTEND;TZID=Asia/Shanghai:20270113T150000",
                                       "SUMMARY:Moved"])
    made = make(text, calls=3)
    first = seconds("20270105T100000", "Asia/Shanghai")
    days = [first + n * 7 * DAY for n in range(8)]
    wanted = {day: "Weekly" for n, day in enumerate(days) if n not in (1, 3)}
    wanted[seconds("20270113T140000", "Asia/Shanghai")] = "Moved"
    assert dict(instances(sim, made)) == wanted
    # Feishu cancels one, changes one, and changes the series.
    key = made.event["event_id"][:-1]
    shown = made.edit(event_id=key + str(days[4]), summary="Changed there")
    assert shown.count("BEGIN:VEVENT") == 3 and "SUMMARY:Changed there" in shown
    assert "RECURRENCE-ID;TZID=Asia/Shanghai:20270202T100000" in lines(shown)
    sim.edit(ADA, "event_delete", event_id=key + str(days[5]))
    shown = made.edit(description="For all")
    assert "20270209T100000" in "".join(one for one in lines(shown) if one.startswith("EXDATE"))
    assert "20270126T100000" in "".join(one for one in lines(shown) if one.startswith("EXDATE"))
    # The client changes the title of the series: one call, and the exceptions keep theirs.
    assert made.put(shown.replace("SUMMARY:Weekly", "SUMMARY:Renamed")) == [("PATCH", "0")]
    now = dict(instances(sim, made))
    assert now[days[0]] == "Renamed" and now[days[4]] == "Changed there" and len(now) == 6
    # One more is left out by the client.
    calls = made.put(made.text.replace(
        "SUMMARY:Renamed", "EXDATE;TZID=Asia/Shanghai:20270216T100000\r\nSUMMARY:Renamed", 1))
    assert calls == [("DELETE", str(days[6]))]
    assert days[6] not in dict(instances(sim, made))
    # The end of it: exceptions first, then the master.
    calls = made.delete()
    assert calls[-1] == ("DELETE", "0") and len(calls) > 1
    assert [one for one in calls if one == ("DELETE", "0")] == [("DELETE", "0")]


@pytest.fixture(name="destroying", params=[
    {}, {"delete_exception": "refuse"}, {"delete_exception": "ignore"},
    {"occurrence_get": "not_found"}, {"restore_cancelled": "refuse"}],
    ids=lambda one: "-".join(*one.items()) if one else "plain")
def fixture_destroying(sim, request):
    sim.switch(**request.param)
    yield "delete_exception" not in request.param
    sim.switch(**{name: sim.switches()[name]["default"] for name in request.param})


def test_an_occurrence_taken_out_comes_back(sim, make, destroying):
    made = make(weekly(summary="Weekly", more="\nEXDATE;TZID=Asia/Shanghai:20270126T100000"),
                calls=2)
    assert len(instances(sim, made)) == 7
    made.put("".join(one + "\r\n" for one in lines(made.text)
                     if not one.startswith("EXDATE")))
    assert len(instances(sim, made)) == 8
    made.bridge.sync(made.ada.name)
    assert not has_line(made.ada.get(made.href), "EXDATE")
    # An exception that cannot be destroyed stays one, and says what the rule says.
    assert made.ada.get(made.href) == made.text or not destroying


def test_an_override_taken_back_follows_the_rule_again(sim, make, destroying):
    plain = weekly(summary="Weekly")
    made = make(override(plain, "20270112", ["DTSTART;TZID=Asia/Shanghai:20270112T140000",
                                             "DTEND;TZID=Asia/Shanghai:20270112T150000",
                                             "SUMMARY:Moved"]), calls=2)
    made.put(plain)
    assert {summary for _, summary in instances(sim, made)} == {"Weekly"}
    assert len(instances(sim, made)) == 8
    made.bridge.sync(made.ada.name)
    if not destroying:
        return
    assert made.ada.get(made.href) == plain
    # And the title of the series is that of all its occurrences again.
    made.put(plain.replace("SUMMARY:Weekly", "SUMMARY:All"))
    assert {summary for _, summary in instances(sim, made)} == {"All"}


def test_an_all_day_series_with_exceptions(sim, make):
    uid = f"{uuid.uuid4()}@example.com"
    text = all_day(event(uid, summary="Days", extra="RRULE:FREQ=DAILY;COUNT=6\n"
                         "EXDATE;VALUE=DATE:20270107"), "20270105", "20270106")
    text = text.replace("END:VCALENDAR", "\r\n".join([
        "BEGIN:VEVENT", "UID:" + uid, "DTSTAMP:20261120T000000Z",
        "RECURRENCE-ID;VALUE=DATE:20270109", "DTSTART;VALUE=DATE:20270115",
        "DTEND;VALUE=DATE:20270117", "SUMMARY:Two days later", "END:VEVENT", "END:VCALENDAR"]))
    made = make(text, calls=3)
    found = dict(instances(sim, made))
    assert set(found) == {"2027-01-05", "2027-01-06", "2027-01-08", "2027-01-10", "2027-01-15"}
    assert found["2027-01-15"] == "Two days later"
    midnight = seconds("20270109T000000", "UTC")
    assert [e["event_id"].rsplit("_", 1)[1] for e in made.event["exceptions"]
            if e["status"] != "cancelled"] == [str(midnight)]
    key = made.event["event_id"][:-1]
    shown = made.edit(event_id=key + str(seconds("20270110T000000", "UTC")), summary="There")
    assert "RECURRENCE-ID;VALUE=DATE:20270110" in shown
    made.delete()


def test_a_series_moved_in_time_moves_as_a_whole(sim, make):
    made = make(override(weekly(summary="Weekly"), "20270112", [
        "DTSTART;TZID=Asia/Shanghai:20270112T140000", "DTEND;TZID=Asia/Shanghai:20270112T150000",
        "SUMMARY:Odd"]), calls=2)
    later = made.text.replace("DTSTART;TZID=Asia/Shanghai:20270105T100000",
                              "DTSTART;TZID=Asia/Shanghai:20270105T110000").replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;TZID=Asia/Shanghai:20270105T120000"
    ).replace("RECURRENCE-ID;TZID=Asia/Shanghai:20270112T100000",
              "RECURRENCE-ID;TZID=Asia/Shanghai:20270112T110000")
    made.put(later)
    first = seconds("20270105T110000", "Asia/Shanghai")
    wanted = {first + n * 7 * DAY: "Weekly" for n in range(8) if n != 1}
    wanted[seconds("20270112T140000", "Asia/Shanghai")] = "Odd"
    assert dict(instances(sim, made)) == wanted
    made.bridge.sync(made.ada.name)
    assert made.ada.get(made.href) == later


def test_this_and_the_following_split_by_the_client(sim, make):
    """Apple and Thunderbird: the old series ends, a new one begins."""
    made = make(weekly(summary="Weekly"))
    made.put(made.text.replace("COUNT=8", "UNTIL=20270119T020000Z"))
    assert len(instances(sim, made)) == 3
    rest = make(new(start="20270126T120000", end="20270126T130000",
                    extra="RRULE:FREQ=WEEKLY;COUNT=5", summary="Rest"))
    assert len(instances(sim, rest)) == 5


def test_a_single_event_becomes_a_series_and_single_again(sim, bridge, ada, make):
    single = new(summary="Now single")
    made = make(single)
    made.put(single.replace("SUMMARY", "RRULE:FREQ=DAILY;COUNT=3\r\nSUMMARY"))
    assert len(instances(sim, made)) == 3
    answer = ada.put(made.href, single)
    assert answer.status_code == 204, answer.text
    living = [e for e in sim.events() if e["summary"] == "Now single"]
    assert len(living) == 1 and not living[0]["recurrence"]
    bridge.sync(ada.name)
    assert ada.get(made.href) == single
    assert not [href for href in ada.members(ada.href)
                if href != made.href and "Now single" in ada.get(href)]


def test_a_series_of_feishu_is_excepted_by_the_client(sim, born):
    start = seconds("20270105T090000", "Europe/Berlin")
    one = born((start, start + HOUR), summary="Theirs", timezone="Europe/Berlin",
               recurrence="FREQ=WEEKLY;COUNT=20")
    text = one.text()
    assert "RRULE:FREQ=WEEKLY" in text
    day = "20270406"  # summer time
    calls = one.put(override(text, day, [f"DTSTART;TZID=Europe/Berlin:{day}T100000",
                                         f"DTEND;TZID=Europe/Berlin:{day}T110000",
                                         "SUMMARY:Mine"], zone="Europe/Berlin", time="T090000"))
    assert calls == [("PATCH", str(seconds(day + "T090000", "Europe/Berlin")))]
    assert dict(instances(sim, one))[seconds(day + "T100000", "Europe/Berlin")] == "Mine"
