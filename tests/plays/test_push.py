"""From clients to Feishu: what the client got, which calls Feishu saw, and what is there afterwards."""

import pytest

from bridge import CALDAV, event, precondition, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON


# ---- create, change, delete ----

def test_a_new_event_is_one_create_with_an_idempotency_key(sim, ada):
    text = event("a@example.com", summary="New")
    answer = ada.put(ada.href + "a.ics", text, {"If-None-Match": "*"})
    assert answer.status_code == 201
    assert sim.writes() == [("POST", "events")]
    assert len(sim.calls(method="POST", path="/events")[0]["query"]["idempotency_key"]) == 36
    assert ada.get(ada.href + "a.ics") == text
    assert answer.headers["ETag"] == ada.members(ada.href)[ada.href + "a.ics"]
    made = sim.event("New")
    assert made["start_time"] == {"timestamp": "1799114400", "timezone": "Asia/Shanghai"}
    assert made["vchat"]["vc_type"] == "no_meeting"


def test_the_own_create_is_not_met_as_a_stranger_by_the_next_pull(sim, bridge, ada):
    href = ada.put_new()
    before, ctag = ada.members(ada.href), ada.ctag(ada.href)
    bridge.sync(ada.name)
    assert ada.members(ada.href) == before and ada.ctag(ada.href) == ctag
    assert list(before) == [href]


def test_a_change_is_one_patch_of_what_differs(sim, ada):
    href = ada.put_new(summary="Before")
    sim.clear_calls()
    answer = ada.put(href, event("a@example.com", summary="After"),
                     {"If-Match": ada.members(ada.href)[href]})
    assert answer.status_code == 204
    assert len(sim.writes()) == 1
    body = sim.calls(method="PATCH")[0]["body"]
    assert body["summary"] == "After"
    assert "start_time" not in body and "vchat" not in body
    assert sim.event("After")


def test_what_feishu_cannot_hold_is_kept_for_the_client_without_a_call(sim, ada):
    href = ada.put_new()
    sim.clear_calls()
    text = event("a@example.com", extra="X-MOZ-LASTACK:20261120T000000Z\nCATEGORIES:Work")
    assert ada.put(href, text).status_code == 204
    assert not sim.writes()
    assert ada.get(href) == text


def test_the_shadow_survives_a_change_in_feishu(sim, bridge, ada):
    href = ada.put_new(summary="Before", extra="X-KEEP:me")
    sim.edit(ADA, "event_patch", event_id=sim.event("Before")["event_id"],
             event={"summary": "After"})
    bridge.sync(ada.name)
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:After" in ada.get(href), "the change")
    assert "X-KEEP:me" in ada.get(href)


def test_a_delete_is_one_delete_and_is_gone_on_both_sides(sim, bridge, ada):
    href = ada.put_new()
    sim.clear_calls()
    assert ada.delete(href).status_code == 204
    assert [method for method, _ in sim.writes()] == ["DELETE"]
    assert not sim.events()
    assert ada.request("GET", href).status_code == 404
    bridge.sync(ada.name)
    assert not ada.members(ada.href)
    assert ada.delete(href).status_code == 404


def test_an_event_already_deleted_in_feishu_is_deleted_without_complaint(sim, bridge, ada):
    sim.add_event(ADA, "Gone", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.edit(ADA, "event_delete", event_id=sim.event("Gone")["event_id"])
    assert ada.delete(href).status_code in (204, 404)
    assert not ada.members(ada.href)


# ---- preconditions ----

def test_two_writers_with_one_etag_only_one_wins(sim, ada):
    href = ada.put_new()
    etag = ada.members(ada.href)[href]
    first = ada.put(href, event("a@example.com", summary="First"), {"If-Match": etag})
    second = ada.put(href, event("a@example.com", summary="Second"), {"If-Match": etag})
    assert (first.status_code, second.status_code) == (204, 412)
    assert sim.event("First")


def test_a_change_in_feishu_not_pulled_yet_is_found_before_writing(sim, bridge, ada):
    sim.add_event(ADA, "Before", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    (href, etag), = ada.members(ada.href).items()
    text = ada.get(href)
    sim.edit(ADA, "event_patch", event_id=sim.event("Before")["event_id"],
             event={"description": "From Feishu"})
    answer = ada.put(href, text.replace("SUMMARY:Before", "SUMMARY:After"), {"If-Match": etag})
    assert answer.status_code == 412
    assert "From Feishu" in ada.get(href), "the foreign change is there to be merged"
    assert sim.event("Before")


def test_without_a_precondition_both_changes_are_kept(sim, bridge, ada):
    sim.add_event(ADA, "Before", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    text = ada.get(href)
    sim.edit(ADA, "event_patch", event_id=sim.event("Before")["event_id"],
             event={"description": "From Feishu"})
    assert ada.put(href, text.replace("SUMMARY:Before", "SUMMARY:After")).status_code == 204
    after = sim.event("After")
    assert after["description"] == "From Feishu"


def test_a_uid_that_is_in_use_is_refused_and_the_place_is_named(sim, ada):
    href = ada.put_new("a")
    sim.clear_calls()
    answer = ada.put(ada.href + "b.ics", event("a@example.com"))
    assert answer.status_code in (403, 409)
    assert precondition(answer) == CALDAV + "no-uid-conflict"
    assert href in answer.text
    assert not sim.writes()


def test_a_reader_cannot_write_and_is_told_so(sim, bridge, ada):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Team"})["calendar"]
    sim.share(BOB, team["calendar_id"], ADA, "reader")
    bridge.sync(ada.name)
    sim.clear_calls()
    answer = ada.put(ada.calendars()["Team"] + "a.ics", event("a@example.com"))
    assert answer.status_code == 403
    assert precondition(answer) == "{DAV:}need-privileges"
    assert not sim.writes()


# ---- series ----

def test_a_series_is_created_with_until_and_shown_as_it_was_sent(sim, ada):
    href = ada.put_weekly()
    rule = sim.event("Weekly")["recurrence"]
    assert "UNTIL=" in rule and "COUNT" not in rule
    assert "COUNT=6" in ada.get(href)


def test_an_override_and_an_exdate_become_exceptions(sim, bridge, ada):
    href = ada.put_weekly()
    text = ada.get(href)
    override = ("BEGIN:VEVENT\r\nUID:w@example.com\r\nDTSTAMP:20261120T000000Z\r\n"
                "RECURRENCE-ID;TZID=Asia/Shanghai:20270112T100000\r\n"
                "DTSTART;TZID=Asia/Shanghai:20270112T140000\r\n"
                "DTEND;TZID=Asia/Shanghai:20270112T150000\r\nSUMMARY:Later\r\nEND:VEVENT\r\n")
    text = text.replace("SUMMARY:Weekly", "EXDATE;TZID=Asia/Shanghai:20270119T100000\r\n"
                        "SUMMARY:Weekly").replace("END:VCALENDAR", override + "END:VCALENDAR")
    assert ada.put(href, text).status_code == 204
    exceptions = {e["status"]: e for e in sim.event("Weekly")["exceptions"]}
    assert set(exceptions) == {"confirmed", "cancelled"}
    assert exceptions["confirmed"]["summary"] == "Later"
    assert ada.get(href) == text
    bridge.sync(ada.name)
    assert ada.get(href) == text
    # Both are taken back again.
    assert ada.put(href, text.replace(override, "").replace(
        "EXDATE;TZID=Asia/Shanghai:20270119T100000\r\n", "")).status_code == 204
    days = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events/"
                    f"{sim.event('Weekly')['event_id']}/instances",
                    query={"start_time": "1799000000", "end_time": "1806000000"})["items"]
    shown = [i for i in days if i["status"] != "cancelled"]
    assert len(shown) == 6 and {i["summary"] for i in shown} == {"Weekly"}
    taken_back = ada.get(href)
    assert "EXDATE" not in taken_back and "RECURRENCE-ID" not in taken_back
    bridge.run("sync", ada.name)
    bridge.run("sync", "--full", ada.name)
    assert ada.get(href) == taken_back


def move_second(sim):
    """Somebody changes the second occurrence in Feishu."""
    series = sim.event("Weekly")
    first = int(series["start_time"]["timestamp"])
    sim.edit(ADA, "event_patch", event_id=series["event_id"][:-1] + str(first + 7 * DAY),
             event={"summary": "Moved"})


def test_deleting_a_series_leaves_no_exception_behind(sim, bridge, ada):
    href = ada.put_weekly()
    move_second(sim)
    wait_until(lambda: bridge.sync(ada.name) and "Moved" in ada.get(href), "the exception")
    assert ada.delete(href).status_code == 204
    assert not [e for e in sim.events() if not e["is_deleted"]]
    bridge.sync(ada.name)
    assert not ada.members(ada.href)


def test_deleting_a_series_takes_along_an_exception_not_pulled_yet(sim, bridge, ada):
    href = ada.put_weekly()
    move_second(sim)
    assert ada.delete(href).status_code == 204
    left = [x for e in sim.events(deleted=True) for x in e["exceptions"]
            if x["status"] != "cancelled" and not x["is_deleted"]]
    assert not left
    bridge.sync(ada.name)
    assert not ada.members(ada.href)


def test_an_exception_made_in_feishu_meanwhile_is_a_conflict(sim, bridge, ada):
    href = ada.put_weekly()
    etag = ada.members(ada.href)[href]
    move_second(sim)
    answer = ada.put(href, ada.get(href).replace("SUMMARY:Weekly", "SUMMARY:Changed"),
                     {"If-Match": etag})
    assert answer.status_code == 412
    assert "SUMMARY:Moved" in ada.get(href)


# ---- switches of the unsettled points that writing meets ----

@pytest.mark.parametrize("switch", [
    {"delete_master": "cascade"}, {"delete_exception": "refuse"}, {"delete_exception": "ignore"},
    {"deleted_get": "cancelled"}, {"restore_cancelled": "refuse"}, {"rrule_prefix": "on"},
    {"count": "refuse"}, {"occurrence_get": "not_found"}, {"occurrence_unknown": "accept"},
    {"series_time_change": "drop"}, {"lists_empty": "null"}, {"strings_empty": "missing"},
    {"until_form": "date"}, {"self_rsvp": "off"}, {"sub_minute": "refuse"},
    {"participant_patch": "ignore"}, {"timed_allday_patch": "refuse"},
], ids=lambda s: "-".join(next(iter(s.items()))))
def test_a_series_lives_through_its_whole_life_under(sim, bridge, ada, switch):
    sim.switch(**switch)
    href = ada.put_weekly()
    text = ada.get(href)
    excluded = text.replace("SUMMARY:Weekly",
                            "EXDATE;TZID=Asia/Shanghai:20270119T100000\r\nSUMMARY:Weekly")
    assert ada.put(href, excluded).status_code == 204
    bridge.sync(ada.name)
    assert "EXDATE" in ada.get(href)
    renamed = ada.get(href).replace("SUMMARY:Weekly", "SUMMARY:Every week")
    assert ada.put(href, renamed).status_code == 204
    assert sim.event("Every week")
    bridge.sync(ada.name)
    assert "SUMMARY:Every week" in ada.get(href)
    assert ada.delete(href).status_code == 204
    bridge.sync(ada.name)
    assert not ada.members(ada.href)
    left = [e for e in sim.events() if e["status"] != "cancelled"]
    assert not left


def test_what_cannot_be_cleared_stays_visible(sim, bridge, ada):
    href = ada.put_new(summary="Event", extra="LOCATION:Here\nDESCRIPTION:Text")
    sim.switch(clear_empty="keep")
    assert ada.put(href, event("a@example.com", summary="Event")).status_code in (204, 403)
    assert sim.event("Event")["location"]["name"] == "Here"
    assert "LOCATION:Here" in ada.get(href)


def test_an_older_version_read_after_a_write_is_not_shown(sim, bridge, ada):
    sim.add_event(ADA, "Old", (SOON, SOON + HOUR))
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.switch(write_lag_ms=1500)
    # A foreign change just before: reading shows it without the own one, for a while.
    sim.edit(ADA, "event_patch", event_id=sim.event("Old")["event_id"],
             event={"description": "seen late"})
    assert ada.put(href, ada.get(href).replace("SUMMARY:Old", "SUMMARY:New")).status_code == 204
    created = ada.put_new("b", summary="Created")
    for full in ([], ["--full"], []):
        bridge.run("sync", *full, ada.name)
        assert "SUMMARY:New" in ada.get(href)
        assert "SUMMARY:Created" in ada.get(created)
    wait_until(lambda: bridge.sync(ada.name) and "seen late" in ada.get(href),
               "both changes", 30)
    assert "SUMMARY:New" in ada.get(href)
    assert len(ada.members(ada.href)) == 2


def test_a_change_in_feishu_just_after_a_write_is_seen_at_once(sim, bridge, ada):
    href = ada.put_new(summary="Mine")
    ada.put(href, event("a@example.com", summary="Mine again"))
    sim.edit(ADA, "event_patch", event_id=sim.event("Mine again")["event_id"],
             event={"description": "theirs"})
    bridge.sync(ada.name)
    text = ada.get(href)
    assert "SUMMARY:Mine again" in text and "DESCRIPTION:theirs" in text
    sim.edit(ADA, "event_patch", event_id=sim.event("Mine again")["event_id"],
             event={"summary": "Theirs"})
    answer = ada.put(href, text.replace("Mine again", "Lost"),
                     {"If-Match": ada.members(ada.href)[href]})
    assert answer.status_code == 412
    sim.edit(ADA, "event_delete", event_id=sim.event("Theirs")["event_id"])
    bridge.sync(ada.name)
    assert not ada.members(ada.href)


def test_people_invited_in_feishu_just_after_a_create_are_seen_at_once(sim, bridge, ada):
    href = ada.put_new(summary="Mine")
    made = sim.event("Mine")
    sim.edit(ADA, "attendees_add", event_id=made["event_id"], attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    assert "mailto:bob@example.com" in ada.get(href).replace("\r\n ", "")
    answered = ada.get(href).replace("SUMMARY:Mine", "SUMMARY:Ours")
    assert ada.put(href, answered).status_code == 204
    sim.edit(BOB, "rsvp", event_id=made["event_id"], rsvp_status="decline")
    bridge.sync(ada.name)
    assert "PARTSTAT=DECLINED" in ada.get(href).replace("\r\n ", "").split("mailto:bob@")[0]


def test_a_deleted_event_does_not_come_back_while_reading_lags(sim, bridge, ada):
    href = ada.put_new()
    ada.put_new("b")
    ada.put_new("c")
    bridge.sync(ada.name)
    sim.switch(write_lag_ms=1500)
    assert ada.delete(href).status_code == 204
    for full in ([], ["--full"]):
        bridge.run("sync", *full, ada.name)
        assert href not in ada.members(ada.href)


# ---- floating times ----

@pytest.mark.parametrize("prop", [
    "<c:calendar-timezone-id>Europe/Berlin</c:calendar-timezone-id>",
    "<c:calendar-timezone>BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//EN\nBEGIN:VTIMEZONE\nTZID:Europe/Berlin\n"
    "BEGIN:STANDARD\nDTSTART:19701025T030000\nTZOFFSETFROM:+0200\nTZOFFSETTO:+0100\nEND:STANDARD\n"
    "END:VTIMEZONE\nEND:VCALENDAR\n</c:calendar-timezone>"], ids=["id", "definition"])
def test_floating_times_are_in_the_calendars_zone_then_in_the_accounts(sim, bridge, ada, prop):
    def floating(name):
        return event(f"{name}@example.com", summary=name).replace(";TZID=Asia/Shanghai", "")
    assert ada.put(ada.href + "a.ics", floating("a")).status_code == 201
    assert sim.event("a")["start_time"]["timezone"] == "Asia/Shanghai"
    answer = ada.xml("PROPPATCH", ada.href, "d:propertyupdate", f"<d:set><d:prop>{prop}</d:prop></d:set>")
    assert answer.status_code == 207 and "200" in answer.text
    assert ada.put(ada.href + "b.ics", floating("b")).status_code == 201
    assert sim.event("b")["start_time"]["timezone"] == "Europe/Berlin"
    bridge.sync(ada.name)
    assert "DTSTART:20270105T100000" in ada.get(ada.href + "b.ics")


# ---- meetings ----

def test_a_feishu_meeting_is_asked_for_by_a_placeholder_and_shown_in_its_place(sim, bridge, ada):
    href = ada.put_new(summary="Video", extra="CONFERENCE;VALUE=URI;FEATURE=VIDEO:feishu:meeting")
    link = sim.event("Video")["vchat"]["meeting_url"]
    text = ada.get(href).replace("\r\n ", "")
    assert f"CONFERENCE;VALUE=URI;FEATURE=VIDEO:{link}" in text and f"URL;VALUE=URI:{link}" in text
    assert "feishu:meeting" not in text
    bridge.sync(ada.name)
    assert ada.get(href).replace("\r\n ", "") == text


def test_an_html_description_is_not_flattened_by_an_edit_of_something_else(sim, bridge, ada):
    sim.add_event(ADA, "Rich", (SOON, SOON + HOUR), description="<p>One <b>two</b></p>")
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    text = ada.get(href)
    assert "DESCRIPTION:One two" in text and "X-ALT-DESC;FMTTYPE=text/html:<p>One <b>two</b></p>" in text
    assert ada.put(href, text.replace("SUMMARY:Rich", "SUMMARY:Richer")).status_code == 204
    assert sim.event("Richer")["description"] == "<p>One <b>two</b></p>"
    assert ada.put(href, ada.get(href).replace("DESCRIPTION:One two", "DESCRIPTION:Plain")).status_code == 204
    assert sim.event("Richer")["description"] == "Plain"
