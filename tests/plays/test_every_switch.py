"""Every setting of every switch of the simulator that concerns events: one story of all kinds of events
is lived through under each, and after each step both sides show the same."""

import re
import time

import pytest
from bridge import Bridge, responses, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, FeishuSim
from test_this_and_future import component, new_uid

ZONE = "Asia/Shanghai"
FIRST = 1799114400  # 2027-01-05 10:00, a Tuesday
HOUR, DAY = 3600, 86400
WEEK = 7 * DAY
GUESTS = ("ORGANIZER:mailto:ada@example.com\n"
          "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\n"
          "ATTENDEE;RSVP=TRUE:mailto:bob@example.com\n"
          "ATTENDEE:mailto:zoe@elsewhere.example\n")
ALARM = "BEGIN:VALARM\nACTION:DISPLAY\nDESCRIPTION:Reminder\nTRIGGER:-PT15M\nEND:VALARM\n"

# They concern sign-in, access lists, free/busy, delivery and the interface itself; their own plays
# have them.
NOT_EVENTS = {
    "acl_subscribes", "acl_twice", "app", "bot", "freebusy_allday", "freebusy_order",
    "free_busy_reader_list", "primary_alias", "push_details", "push_window_ms", "rate_limit",
    "rate_per_minute", "rate_per_second", "record_calls", "refresh_tokens", "token_v2", "token_v3",
}
NUMBERS = {"room_delay_ms": [0, 300], "write_lag_ms": [700]}
# A bridge of their own: the probe finds out once, when a store is new, how days end.
PROBED = {"allday_read", "allday_write", "write_lag_ms"}


@pytest.fixture(scope="module", name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        sim.switch(rate_limit="off", room_delay_ms=0)
        yield sim


def opened(sim, guard_ms=300):
    """A bridge that believes soon after a write what it reads; reading lags under one setting alone."""
    bridge = Bridge(sim, start=False)
    bridge.env["TEST_WRITE_GUARD_MS"] = str(guard_ms)
    bridge.start()
    return bridge


def sign_in(bridge):
    ada, bob = bridge.sign_in(ADA), bridge.sign_in(BOB)
    ada.href, bob.href = ada.calendars()["Ada"], bob.calendars()["Bob"]
    return ada, bob


@pytest.fixture(scope="module", name="usual")
def fixture_usual(sim):
    with opened(sim) as bridge:
        yield bridge, *sign_in(bridge)


class Stage:
    """Both sides, for one setting."""

    def __init__(self, sim, bridge, ada, bob):
        self.sim, self.bridge, self.ada, self.bob = sim, bridge, ada, bob
        self.seen = {}

    def sync(self, who=None):
        self.bridge.sync((who or self.ada).name)

    def put(self, href, *parts, who=None, expect=(201, 204)):
        text = ("BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//plays//EN\r\n" + "".join(parts)
                + "END:VCALENDAR\r\n")
        client = who or self.ada
        etag = client.request("GET", href).headers.get("ETag")
        answer = client.put(href, text, {"If-Match": etag} if etag else {"If-None-Match": "*"})
        assert answer.status_code in expect, (answer.status_code, answer.text)
        return text

    def served(self, who=None):
        """(start, end, title) of all that takes place, as a client finds it."""
        client = who or self.ada
        answer = client.report(client.href, "c:calendar-query", (
            '<d:prop><c:calendar-data><c:expand start="20261201T000000Z" end="20271201T000000Z"/>'
            '</c:calendar-data></d:prop><c:filter><c:comp-filter name="VCALENDAR">'
            '<c:comp-filter name="VEVENT"><c:time-range start="20261201T000000Z" '
            'end="20271201T000000Z"/></c:comp-filter></c:comp-filter></c:filter>'))
        found = []
        for one in responses(answer):
            for data in one.props.values():
                for part in data.text.replace("\r\n ", "").replace("\n ", "").split(
                        "BEGIN:VEVENT")[1:]:
                    found.append(tuple(re.search(name + r"(?:;[^:\n]*)?:([^\r\n]*)", part).group(1)
                                       for name in ("DTSTART", "DTEND", "SUMMARY")))
        return sorted(found)

    def upstream(self):
        """The same, from Feishu's expansion of each event; its time values as it gives them."""
        found = []
        for master in self.sim.events(self.sim.primary(ADA)):
            if master["status"] == "cancelled":
                continue
            items = [master]
            if master.get("recurrence"):
                items = self.sim.edit(ADA, "request", method="GET", path=(
                    f"/open-apis/calendar/v4/calendars/{self.sim.primary(ADA)}/events/"
                    f"{master['event_id']}/instances?start_time={FIRST - 30 * DAY}"
                    f"&end_time={FIRST + 300 * DAY}&page_size=500")).get("items") or []
            found += [one for one in items if one["status"] != "cancelled"]
        return found

    def agree(self, wanted, look=False):
        """wanted: (start, end, title) with seconds or dates; both sides say just this, and with look
        also after another one."""
        texts = sorted((stamp(a), stamp(b), title) for a, b, title in wanted)
        assert self.served() == texts
        starts = sorted((day_or_second(one["start_time"]), one["summary"])
                        for one in self.upstream())
        assert starts == sorted((str(a), title) for a, _, title in wanted)

        def settled():
            self.sync()
            return self.served() == texts
        if look:
            wait_until(settled, f"{texts}; it is {self.served()}")


def stamp(value):
    if isinstance(value, str):
        return value.replace("-", "")
    return time.strftime("%Y%m%dT%H%M%SZ", time.gmtime(value))


def day_or_second(value):
    return value.get("date") or str(value["timestamp"])


def vevent(uid, summary, start="20270105T100000", end="20270105T110000", extra="", zone=ZONE):
    return "\r\n".join([
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261120T000000Z", f"DTSTART;TZID={zone}:{start}",
        f"DTEND;TZID={zone}:{end}", f"SUMMARY:{summary}",
        *[line for line in extra.split("\n") if line], "END:VEVENT", ""])


def days(uid, summary, first, after, extra=""):
    return "\r\n".join([
        "BEGIN:VEVENT", f"UID:{uid}", "DTSTAMP:20261120T000000Z", f"DTSTART;VALUE=DATE:{first}",
        f"DTEND;VALUE=DATE:{after}", f"SUMMARY:{summary}",
        *[line for line in extra.split("\n") if line], "END:VEVENT", ""])


# ---- the story, chapter by chapter: each leaves nothing behind ----

def single_events(stage):
    """Timed and all-day; changed and cleared by the client, changed upstream; timed <-> all-day."""
    sim, ada, uid, other = stage.sim, stage.ada, new_uid(), new_uid()
    href, there = f"{ada.href}{uid}.ics", f"{ada.href}{other}.ics"
    full = "DESCRIPTION:Words\nLOCATION:Here\n" + ALARM
    text = stage.put(href, vevent(uid, "Single", extra=full))
    assert ada.get(href) == text
    made = sim.event("Single")
    assert made["reminders"] == [{"minutes": 15}] and made["description"] == "Words"
    stage.put(there, days(other, "Days", "20270110", "20270112"))
    stage.agree([(FIRST, FIRST + HOUR, "Single"), ("2027-01-10", "2027-01-12", "Days")])
    sim.edit(ADA, "event_patch", event_id=made["event_id"], event={
        "summary": "Theirs", "location": {"name": "There"},
        "start_time": {"timestamp": str(FIRST + HOUR), "timezone": ZONE},
        "end_time": {"timestamp": str(FIRST + 3 * HOUR), "timezone": ZONE}})
    last = "2027-01-12" if sim.switches()["allday_write"]["value"] == "inclusive" else "2027-01-13"
    sim.edit(ADA, "event_patch", event_id=sim.event("Days")["event_id"], event={
        "start_time": {"date": "2027-01-11"}, "end_time": {"date": last}})
    wait_until(lambda: (stage.sync(), "SUMMARY:Theirs" in ada.get(href)
                        and "20270111" in ada.get(there))[1], "the changes")
    assert "LOCATION:There" in ada.get(href) and "DESCRIPTION:Words" in ada.get(href)
    stage.agree([(FIRST + HOUR, FIRST + 3 * HOUR, "Theirs"), ("2027-01-11", "2027-01-13", "Days")])
    # Timed becomes all-day and back; all-day becomes timed.
    stage.put(href, days(uid, "Theirs", "20270105", "20270106"))
    stage.put(there, vevent(other, "Days"))
    stage.agree([("2027-01-05", "2027-01-06", "Theirs"), (FIRST, FIRST + HOUR, "Days")])
    stage.put(href, vevent(uid, "Back", extra="LOCATION:Again\n"))
    stage.agree([(FIRST, FIRST + HOUR, "Back"), (FIRST, FIRST + HOUR, "Days")])
    cleared(stage, href, uid)
    for one in (href, there):
        assert ada.delete(one).status_code == 204
    stage.agree([], look=True)


def cleared(stage, href, uid):
    """What Feishu does not clear stays in sight; otherwise it is gone on both sides."""
    stage.put(href, vevent(uid, "Back"))
    place = (stage.sim.event("Back").get("location") or {}).get("name")
    assert ("LOCATION" in stage.ada.get(href)) == bool(place)
    if stage.sim.switches()["clear_empty"]["value"] == "clear":
        assert not place


def a_series(stage):
    """Exceptions moved, changed and cancelled, by both; EXDATEs come and go; the whole is moved."""
    sim, ada, uid = stage.sim, stage.ada, new_uid()
    href = f"{ada.href}{uid}.ics"
    rule = "RRULE:FREQ=WEEKLY;COUNT=6\n"

    def exdate(*dates):
        return f"EXDATE;TZID={ZONE}:" + ",".join(f"{d}T100000" for d in dates) + "\n"
    moved = component(uid, "20270112", "20270113", "140000", "150000", "Moved")
    changed = component(uid, "20270126", summary="Changed")
    stage.put(href, vevent(uid, "Weekly", extra=rule + exdate("20270119")), moved, changed)
    odd = FIRST + 8 * DAY + 4 * HOUR
    wanted = {FIRST + n * WEEK: "Weekly" for n in range(6) if n not in (1, 2)}
    wanted.update({odd: "Moved", FIRST + 3 * WEEK: "Changed"})

    def agree(look=False):
        stage.agree([(start, start + HOUR, title) for start, title in wanted.items()], look)
    agree()
    # One comes back, another goes.
    stage.put(href, vevent(uid, "Weekly", extra=rule + exdate("20270202")), moved, changed)
    del wanted[FIRST + 4 * WEEK]
    wanted[FIRST + 2 * WEEK] = "Weekly"
    agree()
    agree(look=True)
    # Feishu changes one and cancels one, and the series.
    key = sim.event("Weekly")["event_id"][:-1]
    sim.edit(ADA, "event_patch", event_id=key + str(FIRST + 2 * WEEK), event={"summary": "Theirs"})
    sim.edit(ADA, "event_delete", event_id=key + str(FIRST + 5 * WEEK))
    sim.edit(ADA, "event_patch", event_id=key + "0", event={"description": "For all"})
    wait_until(lambda: (stage.sync(), "Theirs" in ada.get(href) and "For all" in ada.get(href)
                        and "20270209T100000" in ada.get(href))[1], "the changes")
    del wanted[FIRST + 5 * WEEK]
    wanted[FIRST + 2 * WEEK] = "Theirs"
    agree()
    assert ada.get(href).count("BEGIN:VEVENT") == 4
    # An override is taken back; its occurrence is the rule's again.
    stage.put(href, vevent(uid, "Weekly", extra=rule + exdate("20270202", "20270209")), changed)
    del wanted[odd]
    wanted.update({FIRST + WEEK: "Weekly", FIRST + 2 * WEEK: "Weekly"})
    agree()
    # The whole is moved by an hour, with its exception, and to another zone's wall clock.
    later = component(uid, "20270126", summary="Changed", start="120000", end="130000").replace(
        "20270126T100000", "20270126T110000")
    stage.put(href, vevent(uid, "Weekly", "20270105T110000", "20270105T120000", extra=rule
                           + exdate("20270202", "20270209").replace("T100000", "T110000")), later)
    wanted = {FIRST + n * WEEK + HOUR: "Weekly" for n in (0, 1, 2)}
    wanted[FIRST + 3 * WEEK + 2 * HOUR] = "Changed"
    agree(look=True)
    assert ada.delete(href).status_code == 204
    stage.agree([], look=True)


def a_cut_series(stage):
    """RANGE=THISANDFUTURE."""
    ada, uid = stage.ada, new_uid()
    href = f"{ada.href}{uid}.ics"
    rule = vevent(uid, "Old", extra="RRULE:FREQ=WEEKLY;COUNT=4\n")
    behind = component(uid, "20270126", summary="Odd")
    stage.put(href, rule, behind)
    stage.put(href, rule, behind, component(
        uid, "20270119", start="120000", end="130000", summary="New",
        future=";RANGE=THISANDFUTURE"))
    stage.agree([(FIRST, FIRST + HOUR, "Old"), (FIRST + WEEK, FIRST + WEEK + HOUR, "Old"),
                 (FIRST + 2 * WEEK + 2 * HOUR, FIRST + 2 * WEEK + 3 * HOUR, "New"),
                 (FIRST + 3 * WEEK, FIRST + 3 * WEEK + HOUR, "Odd")])
    for one in ada.members(ada.href):
        assert ada.delete(one).status_code == 204
    stage.agree([], look=True)


def other_forms(stage):
    """Single <-> series, all-day series with exceptions, another zone, seconds and no length."""
    ada, uid, other, odd = stage.ada, new_uid(), new_uid(), new_uid()
    href, there = f"{ada.href}{uid}.ics", f"{ada.href}{other}.ics"
    stage.put(href, vevent(uid, "One"))
    stage.put(href, vevent(uid, "One", extra="RRULE:FREQ=DAILY;COUNT=3\n"))
    stage.put(there, days(other, "Days", "20270105", "20270106",
                          "RRULE:FREQ=DAILY;COUNT=4\nEXDATE;VALUE=DATE:20270106\n"),
              days(other, "Far", "20270115", "20270117").replace(
                  "DTSTAMP", "RECURRENCE-ID;VALUE=DATE:20270107\r\nDTSTAMP"))
    three = [(FIRST + n * DAY, FIRST + n * DAY + HOUR, "One") for n in range(3)]
    dates = [("2027-01-05", "2027-01-06", "Days"), ("2027-01-08", "2027-01-09", "Days"),
             ("2027-01-15", "2027-01-17", "Far")]
    stage.agree(three + dates)
    stage.put(href, vevent(uid, "One"))
    stage.agree(three[:1] + dates)
    assert ada.delete(there).status_code == 204
    # The same clock elsewhere: another instant.
    stage.put(href, vevent(uid, "One", extra="RRULE:FREQ=DAILY;COUNT=2\n"))
    stage.put(href, vevent(uid, "One", zone="Asia/Tokyo", extra="RRULE:FREQ=DAILY;COUNT=2\n"))
    stage.agree([(FIRST + n * DAY - HOUR, FIRST + n * DAY, "One") for n in range(2)])
    assert ada.delete(href).status_code == 204
    switches = stage.sim.switches()
    href = f"{ada.href}{odd}.ics"
    stage.put(href, vevent(odd, "Odd", end="20270105T100000"))
    shown = stage.served()
    least = 60 if switches["zero_length"]["value"] == "refuse" else 0
    assert shown == [(stamp(FIRST), stamp(FIRST + least), "Odd")]
    if switches["sub_minute"]["value"] == "refuse":
        stage.put(href, vevent(odd, "Odd", "20270105T100007", "20270105T100011"), expect=[403])
        assert stage.served() == shown
    else:
        stage.put(href, vevent(odd, "Odd", "20270105T100007", "20270105T100011"))
        stage.agree([(FIRST + 7, FIRST + 11, "Odd")])
    assert ada.delete(href).status_code == 204
    stage.agree([], look=True)


def a_meeting(stage):
    """Guests, their answers, one who comes and one who goes; a participant's own view; the end."""
    sim, ada, bob, uid = stage.sim, stage.ada, stage.bob, new_uid()
    href = f"{ada.href}{uid}.ics"
    stage.put(href, vevent(uid, "Meeting", extra=GUESTS))
    ids = {a.get("user_id") or a.get("third_party_email") for a in sim.event("Meeting")["attendees"]}
    taken = sim.switches()["third_party_attendee"]["value"] == "accept"
    assert ids == {ADA, BOB} | ({"zoe@elsewhere.example"} if taken else set())
    assert ("SCHEDULE-STATUS" in ada.get(href)) == (not taken)
    wait_until(lambda: (stage.sync(bob), bob.members(bob.href))[1], "the invitation")
    theirs = list(bob.members(bob.href))[0]
    assert "SUMMARY:Meeting" in bob.get(theirs)
    answered = "".join(
        re.sub("PARTSTAT=[A-Z-]+", "PARTSTAT=ACCEPTED", line) + "\r\n"
        if line.startswith("ATTENDEE") and "bob@" in line else line + "\r\n"
        for line in bob.get(theirs).replace("\r\n ", "").splitlines())
    answered = answered.replace("END:VEVENT", ALARM.replace("\n", "\r\n") + "END:VEVENT", 1)
    assert bob.put(theirs, answered).status_code == 204, answered
    status = {a.get("user_id"): a["rsvp_status"] for a in sim.event("Meeting")["attendees"]}
    assert status[BOB] == "accept"
    wait_until(lambda: (stage.sync(), re.search(
        r"ATTENDEE[^:]*PARTSTAT=ACCEPTED[^:]*:mailto:bob@", ada.get(href).replace(
            "\r\n ", "")))[1], "the answer")
    # A participant changes no title.
    refused = bob.put(theirs, bob.get(theirs).replace("SUMMARY:Meeting", "SUMMARY:Mine"))
    assert refused.status_code == 403 and sim.event("Meeting")
    # The same guest twice is one; one leaves.
    assert ada.put(href, re.sub(r"ATTENDEE[^\r]*(\r\n [^\r]*)*zoe@[^\r]*\r\n", "",
                                ada.get(href))).status_code == 204
    assert {a.get("user_id") for a in sim.event("Meeting")["attendees"]} == {ADA, BOB}
    assert ada.delete(href).status_code == 204
    stage.agree([])
    # Where Feishu does not tell of what is deleted, only a look at everything does.
    full = ["--full"] * (sim.switches()["deleted_items"]["value"] == "absent")
    wait_until(lambda: (stage.bridge.run("sync", *full, bob.name), not bob.members(bob.href))[1],
               "the end of it")


STORY = [single_events, a_series, a_cut_series, other_forms, a_meeting]


def live(stage):
    for who in (stage.ada, stage.bob):
        stage.sync(who)
    for chapter in STORY:
        try:
            chapter(stage)
        except AssertionError as error:
            raise AssertionError(f"{chapter.__name__}: {error}") from error
    assert not stage.ada.members(stage.ada.href)


# What only says how Feishu's answers look, or what else it would take: all of it at once.
LOOKS = {"anchor_with_sync", "attendee_twice", "bad_token", "deleted_get", "error_log_id",
         "geo_float32", "lists_empty", "page_size_below_min", "page_token_without_anchor",
         "room_delay_ms", "rrule_prefix", "strings_empty", "sync_page_token",
         "sync_remembers_anchor", "until_form", "zone_aliases"}


def settings():
    """{switch: position} so that each position of all that concern events comes."""
    with FeishuSim() as sim:
        switches = sim.switches()
    assert NOT_EVENTS | LOOKS <= set(switches)
    looks = []
    yield {}
    for name, row in sorted(switches.items()):
        positions = NUMBERS[name] if row["allowed"] == "a number" and name in NUMBERS else \
            row["allowed"]
        others = [one for one in positions if one != row["default"]]
        if name in LOOKS:
            for n, one in enumerate(others):
                looks.extend([{}] if n == len(looks) else [])
                looks[n][name] = one
        elif name not in NOT_EVENTS:
            yield from ({name: one} for one in others)
    yield from looks
    yield {"allday_read": "inclusive", "allday_write": "exclusive"}


def clean(sim, bridge, ada, bob):
    """What a chapter that failed has left behind must not fail the next."""
    sim.clear_faults()
    for master in sim.events():
        for one in [*master.get("exceptions", []), master]:
            sim.call(ADA, "DELETE", f"/{sim.primary(ADA)}/events/{one['event_id']}",
                     query={"need_notification": "false", "delete_exception": "true"})
    for who in (ada, bob):
        bridge.run("sync", "--full", who.name)


def name_of(setting):
    return "-".join(f"{k}-{v}" for k, v in setting.items())[:60] or "defaults"


@pytest.mark.parametrize("setting", list(settings()), ids=name_of)
def test_all_kinds_of_events_live_on_both_sides_under(sim, usual, setting):
    defaults = {name: sim.switches()[name]["default"] for name in setting}
    bridge, ada, bob = usual
    sim.switch(**setting)
    try:
        if set(setting) & PROBED:
            with opened(sim, 3000 if "write_lag_ms" in setting else 300) as fresh:
                live(Stage(sim, fresh, *sign_in(fresh)))
        else:
            live(Stage(sim, bridge, ada, bob))
    except BaseException:
        sim.switch(**defaults)
        clean(sim, bridge, ada, bob)
        raise
    finally:
        sim.switch(**defaults)
