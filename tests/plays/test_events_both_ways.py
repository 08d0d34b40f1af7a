"""Every kind of event both ways: what a client makes is what Feishu holds, what is made in Feishu is
what a client gets, and an edit on either side is seen on the other, with nothing told besides."""

import datetime
import uuid
import zoneinfo

import pytest
from bridge import event, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR
from shared import ada, bridge, sim  # noqa: F401

STEP = ("POST", "PATCH", "DELETE")


@pytest.fixture(autouse=True)
def _quiet(sim):
    sim.clear_calls()
    sim.clear_notifications()


def seconds(local, zone):
    when = datetime.datetime.strptime(local, "%Y%m%dT%H%M%S")
    return int(when.replace(tzinfo=zoneinfo.ZoneInfo(zone)).timestamp())


def lines(text):
    return text.replace("\r\n ", "").replace("\r\n\t", "").splitlines()


def line(text, name):
    """The one line of that name in the first VEVENT, without the name."""
    component = text.replace("\r\n ", "").split("BEGIN:VEVENT")[1].split("END:VEVENT")[0]
    found = [one for one in component.splitlines()
             if one.startswith((name + ":", name + ";"))]
    assert len(found) == 1, (name, found, text)
    return found[0][len(name):]


def has_line(text, name):
    return any(one.startswith((name + ":", name + ";")) for one in lines(text))


def writes(sim):
    return [(call["method"], call["path"].rsplit("/", 1)[1].rsplit("_", 1)[-1])
            for call in sim.calls() if call["method"] in STEP and "/events" in call["path"]]


def all_day(text, first, after):
    return text.replace("DTSTART;TZID=Asia/Shanghai:20270105T100000",
                        "DTSTART;VALUE=DATE:" + first).replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:" + after)


def only_delta(ada, token, href):
    """The delta since token is that one change; returns the new token."""
    changed, removed, token, _ = ada.sync_collection(ada.href, token)
    assert list(changed) == [href] and not removed
    return token


def token_of(ada):
    return ada.sync_collection(ada.href)[2]


class Made:
    """An event put by a client: in Feishu, served byte for byte, and one change."""

    def __init__(self, sim, bridge, ada, text, calls=1):
        self.sim, self.bridge, self.ada = sim, bridge, ada
        self.uid = [one[4:] for one in lines(text) if one.startswith("UID:")][0]
        self.href = f"{ada.href}{self.uid}.ics"
        self.text = text
        before = {e["event_id"] for e in sim.events()}
        self.token = token_of(ada)
        sim.clear_calls()
        answer = ada.put(self.href, text, {"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text
        assert len(writes(sim)) == calls, writes(sim)
        self.check_served(answer.headers["ETag"])
        new = [e for e in sim.events() if e["event_id"] not in before]
        assert len(new) == 1
        self.event = new[0]

    def check_served(self, etag=None):
        assert self.ada.get(self.href) == self.text
        etag = etag or self.ada.members(self.ada.href)[self.href]
        assert self.ada.members(self.ada.href)[self.href] == etag
        self.bridge.sync(self.ada.name)
        assert self.ada.get(self.href) == self.text
        assert self.ada.members(self.ada.href)[self.href] == etag
        self.token = only_delta(self.ada, self.token, self.href)

    def in_feishu(self):
        return [e for e in self.sim.events(deleted=True)
                if e["event_id"] == self.event["event_id"]][0]

    def put(self, text):
        """A change by the client; returns the writes it caused."""
        self.sim.clear_calls()
        self.text = text
        answer = self.ada.put(self.href, text,
                              {"If-Match": self.ada.members(self.ada.href)[self.href]})
        assert answer.status_code == 204, answer.text
        self.event = self.in_feishu()
        return writes(self.sim)

    def edit(self, who=ADA, event_id=None, **fields):
        """A change in Feishu; returns what the client then gets."""
        self.token = token_of(self.ada)
        self.sim.edit(who, "event_patch", event_id=event_id or self.event["event_id"],
                      event=fields)
        self.bridge.sync(self.ada.name)
        self.token = only_delta(self.ada, self.token, self.href)
        self.text = self.ada.get(self.href)
        return self.text

    def delete(self):
        self.sim.clear_calls()
        self.token = token_of(self.ada)
        assert self.ada.delete(self.href).status_code == 204
        self.bridge.sync(self.ada.name)
        changed, removed, _, _ = self.ada.sync_collection(self.ada.href, self.token)
        assert not changed and removed == [self.href]
        assert self.in_feishu()["is_deleted"] or self.in_feishu()["status"] == "cancelled"
        return writes(self.sim)


@pytest.fixture(name="make")
def fixture_make(sim, bridge, ada):
    made = []

    def make(text, **more):
        made.append(Made(sim, bridge, ada, text, **more))
        return made[-1]
    yield make
    for one in made:
        assert ada.delete(one.href).status_code in (204, 404)
    bridge.sync(ada.name)


def new(**fields):
    return event(f"{uuid.uuid4()}@example.com", **fields)


class Born:
    """An event made in Feishu, as the client gets it."""

    def __init__(self, sim, bridge, ada, when, who=ADA, summary="Born", **fields):
        token = token_of(ada)
        self.event = sim.add_event(who, summary, when, **fields)
        bridge.sync(ada.name)
        changed, removed, self.token, _ = ada.sync_collection(ada.href, token)
        assert len(changed) == 1 and not removed
        self.href = list(changed)[0]
        self.ada, self.bridge, self.sim = ada, bridge, sim
        assert self.href.endswith(".ics")

    def text(self):
        return self.ada.get(self.href)

    def put(self, text):
        self.sim.clear_calls()
        answer = self.ada.put(self.href, text,
                              {"If-Match": self.ada.members(self.ada.href)[self.href]})
        assert answer.status_code == 204, answer.text
        return writes(self.sim)


@pytest.fixture(name="born")
def fixture_born(sim, bridge, ada):
    made = []

    def born(when, **fields):
        made.append(Born(sim, bridge, ada, when, **fields))
        return made[-1]
    yield born
    for one in made:
        ada.delete(one.href)
    bridge.sync(ada.name)


# ---- time ----

@pytest.mark.parametrize("zone", ["Asia/Shanghai", "America/New_York", "Europe/Berlin",
                                  "Asia/Kolkata", "UTC"])
@pytest.mark.parametrize("start", ["20270105T100000", "20270705T233000"])
def test_a_timed_event_is_at_its_instant_with_its_zone(make, born, zone, start):
    end = start[:9] + "235900"
    text = new(start=start, end=end, zone=zone)
    if zone == "UTC":
        text = text.replace("DTSTART;TZID=UTC:" + start, f"DTSTART:{start}Z").replace(
            "DTEND;TZID=UTC:" + end, f"DTEND:{end}Z")
    made = make(text)
    first, last = seconds(start, zone), seconds(end, zone)
    assert made.event["start_time"] == {"timestamp": str(first), "timezone": zone}
    assert made.event["end_time"] == {"timestamp": str(last), "timezone": zone}
    shown = born((first, last), timezone=zone).text()
    if zone == "UTC":
        assert line(shown, "DTSTART") == f":{start}Z" and line(shown, "DTEND") == f":{end}Z"
        assert "VTIMEZONE" not in shown
    else:
        assert line(shown, "DTSTART") == f";TZID={zone}:{start}"
        assert line(shown, "DTEND") == f";TZID={zone}:{end}"
        assert f"TZID:{zone}\r\n" in shown
    # Moved in Feishu, then back by the client.
    moved = made.edit(start_time={"timestamp": str(first + DAY), "timezone": zone},
                      end_time={"timestamp": str(last + DAY), "timezone": zone})
    assert (start[:6] + f"{int(start[6:8]) + 1:02}") in line(moved, "DTSTART")
    back = moved.replace(line(moved, "DTSTART"), line(text, "DTSTART")).replace(
        line(moved, "DTEND"), line(text, "DTEND"))
    assert made.put(back) == [("PATCH", "0")]
    assert made.event["start_time"]["timestamp"] == str(first)


def test_duration_in_place_of_an_end(make):
    made = make(new().replace("DTEND;TZID=Asia/Shanghai:20270105T110000", "DURATION:PT1H30M"))
    assert int(made.event["end_time"]["timestamp"]) - \
        int(made.event["start_time"]["timestamp"]) == 5400
    longer = made.edit(start_time=made.event["start_time"],
                       end_time={"timestamp": str(int(made.event["start_time"]["timestamp"])
                                                  + 7200), "timezone": "Asia/Shanghai"})
    assert not has_line(longer, "DURATION") or "PT2H" in longer
    assert "20270105T120000" in longer or "PT2H" in longer


def test_a_floating_event_is_in_the_zone_of_the_account(make):
    text = new().replace(";TZID=Asia/Shanghai", "")
    made = make(text)
    zone = made.event["start_time"]["timezone"]
    assert made.event["start_time"]["timestamp"] == str(seconds("20270105T100000", zone))


@pytest.mark.parametrize("windows,iana", [
    ("China Standard Time", "Asia/Shanghai"), ("W. Europe Standard Time", "Europe/Berlin"),
    ("Pacific Standard Time", "America/Los_Angeles"), ("Tokyo Standard Time", "Asia/Tokyo"),
    ("/freeassociation.sourceforge.net/Europe/Paris", "Europe/Paris"),
    ("/mozilla.org/20070129_1/Europe/Rome", "Europe/Rome")])
def test_the_zone_names_of_other_programs_are_understood(make, windows, iana):
    definition = ("BEGIN:VTIMEZONE\r\nTZID:" + windows + "\r\nBEGIN:STANDARD\r\n"
                  "DTSTART:16010101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\n"
                  "END:STANDARD\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT")
    made = make(new(zone=windows).replace("BEGIN:VEVENT", definition))
    assert made.event["start_time"] == {
        "timestamp": str(seconds("20270105T100000", iana)), "timezone": iana}


def test_an_outlook_zone_by_its_rules_alone_is_at_the_right_instant(make):
    """Outlook's "Customized Time Zone" has a meaningless name; its rules count."""
    definition = ("BEGIN:VTIMEZONE\r\nTZID:Customized Time Zone\r\nBEGIN:STANDARD\r\n"
                  "DTSTART:16010101T030000\r\nTZOFFSETFROM:+0200\r\nTZOFFSETTO:+0100\r\n"
                  "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10\r\nEND:STANDARD\r\n"
                  "BEGIN:DAYLIGHT\r\nDTSTART:16010101T020000\r\nTZOFFSETFROM:+0100\r\n"
                  "TZOFFSETTO:+0200\r\nRRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3\r\n"
                  "END:DAYLIGHT\r\nEND:VTIMEZONE\r\nBEGIN:VEVENT")
    for start in ("20270105T100000", "20270705T100000"):
        made = make(new(zone="Customized Time Zone", start=start, end=start[:9] + "110000")
                    .replace("BEGIN:VEVENT", definition))
        assert made.event["start_time"]["timestamp"] == str(seconds(start, "Europe/Berlin"))
        assert "/" in made.event["start_time"]["timezone"] or \
            made.event["start_time"]["timezone"] == "UTC"


@pytest.mark.parametrize("first,after,last", [
    ("20270105", "20270106", "2027-01-05"), ("20270105", "20270108", "2027-01-07"),
    ("20270228", "20270301", "2027-02-28"), ("20271231", "20280101", "2027-12-31")])
def test_whole_days_are_the_same_days_on_both_sides(sim, make, born, first, after, last):
    made = make(all_day(new(), first, after))
    iso = f"{first[:4]}-{first[4:6]}-{first[6:]}"
    create = sim.calls(method="POST", path="/events")[0]["body"]
    assert create["start_time"]["date"] == iso and create["end_time"]["date"] == last
    shown = born((iso, last)).text()
    assert line(shown, "DTSTART") == ";VALUE=DATE:" + first
    assert line(shown, "DTEND") == ";VALUE=DATE:" + after


def test_a_whole_day_without_an_end_is_one_day(sim, make):
    text = all_day(new(), "20270105", "X").replace("DTEND;VALUE=DATE:X\r\n", "")
    make(text)
    create = sim.calls(method="POST", path="/events")[0]["body"]
    assert (create["start_time"]["date"], create["end_time"]["date"]) == ("2027-01-05",) * 2


def test_an_event_over_several_days_and_one_over_midnight(make, born):
    made = make(new(start="20270105T220000", end="20270108T030000"))
    assert int(made.event["end_time"]["timestamp"]) - \
        int(made.event["start_time"]["timestamp"]) == 53 * HOUR
    start = seconds("20270105T220000", "Asia/Shanghai")
    assert line(born((start, start + 53 * HOUR)).text(), "DTEND").endswith(":20270108T030000")


def test_a_timed_event_becomes_whole_days_and_back(make):
    made = make(new())
    timed = made.text
    days = all_day(timed, "20270105", "20270106")
    made.put(days)
    assert "date" in made.event["start_time"]
    made.put(timed)
    assert made.event["start_time"]["timestamp"] == str(seconds("20270105T100000",
                                                                "Asia/Shanghai"))


# ---- words ----

TEXT = "Line one\\nline two\\, with \\; and \\\\ and 中文 😀"
PLAIN = "Line one\nline two, with ; and \\ and 中文 😀"


def test_texts_keep_every_character_both_ways(make, born):
    made = make(new(summary="中文\\, 😀\\; x", extra=f"DESCRIPTION:{TEXT}\nLOCATION:Raum 1\\, 2"))
    assert made.event["summary"] == "中文, 😀; x"
    assert made.event["description"] == PLAIN
    assert made.event["location"]["name"] == "Raum 1, 2"
    start = seconds("20270105T100000", "Asia/Shanghai")
    shown = born((start, start + HOUR), summary="中文, 😀; x", description=PLAIN,
                 location={"name": "Raum 1, 2"}).text()
    assert line(shown, "SUMMARY") == ":中文\\, 😀\\; x"
    assert line(shown, "DESCRIPTION") == ":" + TEXT
    assert line(shown, "LOCATION") == ":Raum 1\\, 2"
    assert all(len(one.encode()) <= 75 for one in shown.split("\r\n"))


def test_texts_are_changed_and_cleared_by_either_side(make):
    made = make(new(extra="DESCRIPTION:Words\nLOCATION:Here"))
    shown = made.edit(description="Other words", location={"name": "There"}, summary="Named")
    assert line(shown, "DESCRIPTION") == ":Other words" and line(shown, "SUMMARY") == ":Named"
    assert line(shown, "LOCATION") == ":There"
    assert made.put(shown.replace("DESCRIPTION:Other words\r\n", "").replace(
        "LOCATION:There\r\n", "")) == [("PATCH", "0")]
    assert not made.event["description"]
    assert not (made.event.get("location") or {}).get("name")
    assert made.put(made.text.replace("SUMMARY:Named", "SUMMARY:Again")) == [("PATCH", "0")]
    shown = made.edit(summary="")
    assert not has_line(shown, "SUMMARY") or line(shown, "SUMMARY") == ":"


# ---- what single people set ----

@pytest.mark.parametrize("lines_,field,value,other,shown", [
    ("CLASS:PRIVATE", "visibility", "private", "public", "CLASS:PUBLIC"),
    ("CLASS:PUBLIC", "visibility", "public", "private", "CLASS:PRIVATE"),
    ("CLASS:CONFIDENTIAL", "visibility", "private", "public", "CLASS:PUBLIC"),
    ("TRANSP:TRANSPARENT", "free_busy_status", "free", "busy", "TRANSP:OPAQUE"),
    ("TRANSP:OPAQUE", "free_busy_status", "busy", "free", "TRANSP:TRANSPARENT"),
])
def test_visibility_and_busy_status_go_both_ways(make, lines_, field, value, other, shown):
    made = make(new(extra=lines_))
    assert made.event[field] == value
    text = made.edit(**{field: other})
    assert shown in text or (shown == "TRANSP:OPAQUE" and "TRANSPARENT" not in text)
    assert made.put(text.replace(shown, lines_) if shown in text else
                    text.replace("END:VEVENT", lines_ + "\r\nEND:VEVENT")) == [("PATCH", "0")]
    assert made.event[field] == value


def alarm(trigger, extra=""):
    return ("BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:Reminder\r\n"
            f"TRIGGER{extra}:{trigger}\r\nEND:VALARM\r\n")


def test_reminders_go_both_ways_and_an_edit_of_them_touches_nothing_else(sim, make, born):
    made = make(new().replace("END:VEVENT", alarm("-PT15M") + alarm("PT0S") + "END:VEVENT"))
    assert sorted(r["minutes"] for r in made.event["reminders"]) == [0, 15]
    shown = made.edit(reminders=[{"minutes": 30}])
    assert shown.count("BEGIN:VALARM") == 1 and "TRIGGER:-PT30M" in shown
    made.put(shown.replace("TRIGGER:-PT30M", "TRIGGER:-P1D"))
    patch = sim.calls(method="PATCH")
    assert [set(c["body"]) - {"need_notification"} for c in patch] == [{"reminders"}]
    assert made.event["reminders"] == [{"minutes": 1440}]
    made.put(made.text.replace(alarm("-P1D"), "") if alarm("-P1D") in made.text else
             made.text.split("BEGIN:VALARM")[0] + made.text.split("END:VALARM\r\n")[1])
    assert not made.event["reminders"]
    start = seconds("20270105T100000", "Asia/Shanghai")
    text = born((start, start + HOUR), reminders=[{"minutes": 5}, {"minutes": -5}]).text()
    assert text.count("BEGIN:VALARM") == 2
    assert "-PT5M" in text and "TRIGGER:PT5M" in text
    assert sim.notifications() == []


def test_a_colour_goes_both_ways(make):
    made = make(new(extra="COLOR:tomato"))
    assert made.event["color"] not in (0, -1)
    shown = made.edit(color=-16776961)  # 0xFF0000FF
    assert line(shown, "COLOR") == ":blue"
    assert made.put(shown.replace("COLOR:blue\r\n", "")) == [("PATCH", "0")]
    assert made.event["color"] in (0, -1)


def test_a_meeting_link_goes_both_ways(make, born):
    start = seconds("20270105T100000", "Asia/Shanghai")
    shown = born((start, start + HOUR), vchat={
        "vc_type": "third_party", "meeting_url": "https://meet.example/abc"}).text()
    assert "https://meet.example/abc" in "".join(lines(shown))
    made = make(new(extra="CONFERENCE;VALUE=URI;FEATURE=VIDEO:https://meet.example/xyz"))
    assert made.event["vchat"]["meeting_url"] == "https://meet.example/xyz"
    plain = make(new(extra="URL:https://example.com/page"))
    assert plain.event["vchat"]["vc_type"] == "no_meeting", "an URL alone is no meeting"


# ---- series ----

def weekly(zone="Asia/Shanghai", more="", **fields):
    return new(zone=zone, extra="RRULE:FREQ=WEEKLY;COUNT=8" + more, **fields)


def override(text, day, inner, zone="Asia/Shanghai", time="T100000"):
    uid = [one for one in lines(text) if one.startswith("UID:")][0]
    return text.replace("END:VCALENDAR", "\r\n".join([
        "BEGIN:VEVENT", uid, "DTSTAMP:20261120T000000Z",
        f"RECURRENCE-ID;TZID={zone}:{day}{time}", *inner, "END:VEVENT", "END:VCALENDAR"]))


def instances(sim, made, first="20270101T000000", last="20280101T000000"):
    """(start, summary) of what takes place, as Feishu expands it."""
    items, token = [], None
    while True:
        query = {"start_time": seconds(first, "UTC"), "end_time": seconds(last, "UTC"),
                 "page_size": 500, **({"page_token": token} if token else {})}
        page = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events/{made.event['event_id']}"
                        "/instances", query=query)
        items += page.get("items") or []
        token = page.get("page_token")
        if not page.get("has_more"):
            break
    return sorted((int(i["start_time"].get("timestamp", 0)) or i["start_time"]["date"],
                   i["summary"]) for i in items if i["status"] != "cancelled")


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


# ---- what cannot be held ----

@pytest.mark.parametrize("extra", [
    "RDATE;TZID=Asia/Shanghai:20270111T100000,20270113T100000", "RRULE:FREQ=HOURLY;COUNT=3",
    "RRULE:FREQ=DAILY;COUNT=3\nRRULE:FREQ=WEEKLY;COUNT=3"])
def test_what_feishu_cannot_hold_is_refused_with_a_precondition(sim, ada, extra):
    answer = ada.put(ada.href + "no.ics", new(extra=extra))
    assert answer.status_code == 403, (answer.status_code, answer.text)
    assert "<" in answer.text and "error" in answer.text
    assert writes(sim) == []
    assert ada.request("GET", ada.href + "no.ics").status_code == 404


# ---- nobody is told by accident ----

def test_edits_of_the_own_view_of_a_meeting_notify_nobody(sim, bridge, ada):
    token = token_of(ada)
    sim.add_event(ADA, "Meeting", (1830000000, 1830003600), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    href = list(ada.sync_collection(ada.href, token)[0])[0]
    sim.clear_notifications()
    text = ada.get(href).replace("END:VEVENT", alarm("-PT10M") + "END:VEVENT")
    assert ada.put(href, text).status_code == 204
    text = text.replace("BEGIN:VALARM", "COLOR:tomato\r\nX-MOZ-LASTACK:20270101T000000Z\r\n"
                        "BEGIN:VALARM")
    assert ada.put(href, text).status_code == 204
    assert sim.notifications() == []
    assert ada.put(href, text.replace("SUMMARY:Meeting", "SUMMARY:Changed")).status_code == 204
    assert {n["kind"] for n in sim.notifications()} == {"update"}
    assert ada.delete(href).status_code == 204
    wait_until(lambda: "cancel" in {n["kind"] for n in sim.notifications()}, "the notice")
