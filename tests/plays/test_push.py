"""From clients to Feishu: what the client got, which calls Feishu saw, and what is there afterwards."""

import pytest

from bridge import CALDAV, Bridge, event, precondition, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON, FeishuSim


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


# ---- people ----

def with_people(*lines):
    return "\n".join(("ORGANIZER:mailto:ada@example.com",) + lines)


def test_attendees_are_added_with_a_second_call_and_invited_once(sim, ada):
    ada.put_new(summary="Meeting", extra=with_people(
        "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com",
        "ATTENDEE;RSVP=TRUE:mailto:bob@example.com"))
    assert [method + " " + part for method, part in sim.writes()] == \
        ["POST events", "POST attendees"]
    people = {a.get("user_id") for a in sim.event("Meeting")["attendees"]}
    assert BOB in people
    invited = [n for n in sim.notifications() if BOB in n["to"]]
    assert len(invited) == 1


def test_if_the_attendees_are_refused_the_event_goes_away_again_quietly(sim, ada):
    sim.fault(method="POST", path="*/attendees", code=194002, status=403)
    answer = ada.put(ada.href + "a.ics", event("a@example.com", summary="Meeting",
                     extra=with_people("ATTENDEE:mailto:bob@example.com")))
    assert answer.status_code >= 400
    assert not sim.events()
    assert not sim.notifications()
    assert ada.request("GET", ada.href + "a.ics").status_code == 404
    deleted = sim.calls(method="DELETE")[0]
    assert deleted["query"]["need_notification"] == "false"


def test_a_participants_delete_is_a_decline_and_stays_out_of_sight(sim, bridge, ada):
    meeting = sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.clear_calls()
    assert ada.delete(href).status_code == 204
    assert sim.writes() == [("POST", "reply")]
    assert [a["rsvp_status"] for a in sim.event("Invited")["attendees"]
            if a.get("user_id") == ADA] == ["decline"]
    for full in ([], ["--full"]):
        bridge.run("sync", *full, ada.name)
        assert not ada.members(ada.href)
    sim.edit(ADA, "rsvp", event_id=meeting["event_id"], rsvp_status="accept")
    wait_until(lambda: bridge.sync(ada.name) and ada.members(ada.href), "the event again")


def test_a_delete_that_is_taken_back_shows_the_invitation_again(sim, bridge, ada):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    text = ada.get(href).replace("\r\n ", "")
    assert ada.delete(href).status_code == 204
    answer = ada.put(href, text.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED"),
                     {"If-None-Match": "*"})
    assert answer.status_code == 201, answer.text
    assert [a["rsvp_status"] for a in sim.event("Invited")["attendees"]
            if a.get("user_id") == ADA] == ["accept"]
    bridge.run("sync", "--full", ada.name)
    assert list(ada.members(ada.href)) == [href]


def test_an_answer_of_a_participant_is_a_reply(sim, bridge, ada):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}],
                  attendee_ability="can_see_others")
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.clear_calls()
    text = ada.get(href).replace("\r\n ", "").replace("PARTSTAT=NEEDS-ACTION",
                                                       "PARTSTAT=ACCEPTED")
    assert ada.put(href, text).status_code == 204
    assert sim.writes() == [("POST", "reply")]
    assert [a["rsvp_status"] for a in sim.event("Invited")["attendees"]
            if a.get("user_id") == ADA] == ["accept"]


def invited_to_one_day(sim, bridge, ada):
    """Bob's series of three days, of which Ada was invited to the second. (its id, her object)"""
    uid = sim.add_event(BOB, "Circle", (SOON, SOON + HOUR),
                        recurrence="FREQ=DAILY;COUNT=3")["event_id"].rsplit("_", 1)[0]
    occurrence = f"{uid}_{SOON + DAY}"
    sim.edit(BOB, "event_patch", event_id=occurrence, event={"summary": "Circle with Ada"})
    sim.edit(BOB, "attendees_add", event_id=occurrence, attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    sim.clear_calls()
    return occurrence, list(ada.members(ada.href))[0]


def answer_of_ada(sim):
    return [one["rsvp_status"] for one in sim.event("Circle")["exceptions"][0]["attendees"]
            if one.get("user_id") == ADA]


def test_an_invitation_to_one_occurrence_is_answered(sim, bridge, ada):
    _, href = invited_to_one_day(sim, bridge, ada)
    text = ada.get(href).replace("\r\n ", "")
    assert "RECURRENCE-ID" in text and "RRULE" not in text.split("END:VTIMEZONE")[-1]
    text = text.replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED")
    assert ada.put(href, text).status_code == 204
    assert sim.writes() == [("POST", "reply")]
    assert answer_of_ada(sim) == ["accept"]
    assert "PARTSTAT=ACCEPTED" in ada.get(href).replace("\r\n ", "")
    # What Feishu need not hear of is kept as well.
    assert ada.put(href, text.replace("SUMMARY", "X-MINE:1\r\nSUMMARY")).status_code == 204
    bridge.sync(ada.name)
    assert "X-MINE:1" in ada.get(href)


def test_a_deleted_invitation_to_one_occurrence_is_declined_and_gone(sim, bridge, ada):
    occurrence, href = invited_to_one_day(sim, bridge, ada)
    assert ada.delete(href).status_code == 204
    assert sim.writes() == [("POST", "reply")]
    assert answer_of_ada(sim) == ["decline"]
    assert not ada.members(ada.href)
    bridge.run("sync", "--full", ada.name)
    assert not ada.members(ada.href)
    # Accepted in Feishu after all, it is there again.
    sim.edit(ADA, "rsvp", event_id=occurrence, rsvp_status="accept")
    bridge.run("sync", "--full", ada.name)
    assert list(ada.members(ada.href)) == [href]


def test_a_participant_may_not_change_what_is_the_organizers(sim, bridge, ada):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.clear_calls()
    answer = ada.put(href, ada.get(href).replace("SUMMARY:Invited", "SUMMARY:Mine"))
    assert answer.status_code in (403, 409)
    assert not sim.writes()
    assert sim.event("Invited")


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


# ---- calendars ----

def test_a_calendar_is_made_changed_and_deleted(sim, bridge, ada):
    home = ada.home()
    answer = ada.xml("MKCALENDAR", home + "plans/", "c:mkcalendar",
                     "<d:set><d:prop><d:displayname>Plans</d:displayname>"
                     "<a:calendar-color>#FF0000FF</a:calendar-color></d:prop></d:set>")
    assert answer.status_code == 201, answer.text
    made = sim.calendar("Plans")
    assert home + "plans/" == ada.calendars()["Plans"]
    bridge.sync(ada.name)
    assert home + "plans/" == ada.calendars()["Plans"], "the client's name is kept"
    again = ada.xml("MKCALENDAR", home + "plans/", "c:mkcalendar", "")
    assert again.status_code in (403, 405, 409)
    answer = ada.xml("PROPPATCH", home + "plans/", "d:propertyupdate",
                     "<d:set><d:prop><d:displayname>Big plans</d:displayname></d:prop></d:set>")
    assert answer.status_code == 207 and "200" in answer.text
    assert sim.calendar("Big plans")["calendar_id"] == made["calendar_id"]
    assert ada.delete(home + "plans/").status_code == 204
    assert not [c for c in sim.calendars() if c["summary"] == "Big plans" and not c["is_deleted"]]
    assert ada.delete(ada.href).status_code == 403, "the primary calendar stays"


def test_a_calendar_whose_create_was_not_answered_is_not_made_twice(sim, ada):
    sim.fault(method="POST", path="*/calendars", cut="after")
    ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
            "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    if "Plans" not in ada.calendars():
        ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
                "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    assert sim.calendar("Plans")
    assert ada.calendars()["Plans"] == ada.home() + "plans/"


def test_somebody_elses_calendar_is_renamed_for_oneself_and_unsubscribed(sim, bridge, ada):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Team"})["calendar"]
    sim.share(BOB, team["calendar_id"], ADA, "writer")
    bridge.sync(ada.name)
    href = ada.calendars()["Team"]
    answer = ada.xml("PROPPATCH", href, "d:propertyupdate",
                     "<d:set><d:prop><d:displayname>Mine</d:displayname></d:prop></d:set>")
    assert "200" in answer.text
    assert sim.calendar("Team")["summary"] == "Team"
    assert "Mine" in ada.calendars()
    assert ada.delete(href).status_code == 204
    assert not sim.calendar("Team")["is_deleted"]
    bridge.sync(ada.name)
    assert set(ada.calendars()) == {"Ada"}


# ---- free/busy ----

def freebusy(client, *addresses, start="20270101T000000Z", end="20270108T000000Z", organizer="ada"):
    outbox = client.propfind("/dav/", 0, "<d:current-user-principal/>")
    principal = next(iter(outbox.values()))["{DAV:}current-user-principal"][0].text
    props = client.propfind(principal, 0, "<c:schedule-outbox-URL/>")
    href = next(iter(props.values()))[CALDAV + "schedule-outbox-URL"][0].text
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", "METHOD:REQUEST",
             "BEGIN:VFREEBUSY", "UID:fb@example.com", "DTSTAMP:20261120T000000Z",
             f"DTSTART:{start}", f"DTEND:{end}",
             f"ORGANIZER:mailto:{organizer}@example.com"]
    lines += [f"ATTENDEE:mailto:{address}" for address in addresses]
    lines += ["END:VFREEBUSY", "END:VCALENDAR", ""]
    headers = {"Content-Type": "text/calendar", "Originator": f"mailto:{organizer}@example.com",
               "Recipient": ", ".join(f"mailto:{address}" for address in addresses)}
    return client.request("POST", href, "\r\n".join(lines), headers)


def test_busy_time_of_colleagues_is_asked_in_batches_and_cached(sim, ada):
    sim.add_event(BOB, "Busy", (1798800000, 1798803600))
    sim.add_event(BOB, "Overlaps", (1798802000, 1798807200))
    answer = freebusy(ada, "bob@example.com", "eve@example.com", "nobody@example.com")
    assert answer.status_code == 200
    assert "2.0;Success" in answer.text and "3.7;Invalid calendar user" in answer.text
    assert answer.text.count("FREEBUSY;") == 1, "two meetings that overlap are one busy time"
    assert "20270101T104000Z/20270101T124000Z" in answer.text
    assert len(sim.calls(path="/freebusy/batch")) == 1
    freebusy(ada, "bob@example.com", "eve@example.com")
    assert len(sim.calls(path="/freebusy/batch")) == 1


def test_many_recipients_are_asked_ten_at_a_time():
    people = [{"open_id": f"ou_many{n:028d}", "name": f"Many {n}", "email": f"many{n}@example.com"}
              for n in range(25)]
    people.append({"open_id": ADA, "name": "Ada", "email": "ada@example.com"})
    with FeishuSim({"people": people}) as sim, Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        sim.add_event(people[13]["open_id"], "Busy", (1798800000, 1798803600))
        answer = freebusy(ada, *(one["email"] for one in people[:25]),
                          start="20270101T000000Z", end="20270201T000000Z")
        assert answer.text.count("2.0;Success") == 25
        assert answer.text.count("FREEBUSY;") == 1
        asked = [len(call["body"]["user_ids"]) for call in sim.calls(path="/freebusy/batch")]
        assert sorted(asked) == [5] * 3 + [10] * 6, "three batches, three pieces of two weeks each"


def test_a_long_range_is_asked_in_pieces_of_two_weeks(sim, ada):
    freebusy(ada, "bob@example.com", start="20270101T000000Z", end="20270201T000000Z")
    assert len(sim.calls(path="/freebusy/batch")) == 3


def test_one_recipient_who_cannot_be_asked_does_not_spoil_the_others(sim, ada):
    sim.fault(path="*/freebusy/batch", code=190003, status=500, count=-1)
    answer = freebusy(ada, "bob@example.com", "nobody@example.com")
    assert answer.status_code == 200
    assert "5.1" in answer.text and "3.7" in answer.text


def test_availability_counts_as_busy_time(bridge, ada):
    inbox = ada.home() + "inbox/"
    hours = "&#13;\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VAVAILABILITY", "UID:a",
        "DTSTAMP:20261120T000000Z", "BEGIN:AVAILABLE", "UID:b", "DTSTART:20270101T010000Z",
        "DTEND:20270101T090000Z", "RRULE:FREQ=DAILY", "END:AVAILABLE", "END:VAVAILABILITY",
        "END:VCALENDAR", ""])
    answer = ada.xml("PROPPATCH", inbox, "d:propertyupdate",
                     "<d:set><d:prop><c:calendar-availability>" + hours +
                     "</c:calendar-availability></d:prop></d:set>")
    assert answer.status_code == 207 and "200 OK" in answer.text
    bob = bridge.sign_in(BOB)
    answer = freebusy(bob, "ada@example.com", end="20270102T000000Z", organizer="bob")
    assert "BUSY-UNAVAILABLE:20270101T000000Z/20270101T010000Z" in answer.text
    assert "BUSY-UNAVAILABLE:20270101T090000Z/20270102T000000Z" in answer.text


# ---- two sides at once ----

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


# ---- people whom Feishu would not have ----

def attendee(address, more=""):
    return f"ATTENDEE;PARTSTAT=NEEDS-ACTION;ROLE=REQ-PARTICIPANT{more}:mailto:{address}"


GUESTS = [f"guest{number}@example.org" for number in range(3)]


@pytest.mark.parametrize("how", ["refuse", "invalid"])
def test_whom_feishu_refuses_is_left_out_and_told_by_schedule_status(sim, bridge, ada, how):
    sim.switch(third_party_attendee=how)
    people = "\n".join(["ORGANIZER:mailto:ada@example.com", attendee(GUESTS[0]),
                        attendee("bob@example.com"), attendee("ou_nobody@feishu.invalid")])
    href = ada.put_new(summary="Meeting", extra=people)
    text = ada.get(href).replace("\r\n ", "")
    assert attendee(GUESTS[0], ";SCHEDULE-STATUS=3.7") in text
    assert attendee("bob@example.com") in text
    assert [a["user_id"] for a in sim.event("Meeting")["attendees"] if a.get("user_id")
            and a["user_id"] != ADA] == [BOB]
    bridge.sync(ada.name)
    assert ada.get(href).replace("\r\n ", "") == text
    # Nothing of it is tried again by an edit that is about something else.
    sim.clear_calls()
    assert ada.put(href, ada.get(href).replace("SUMMARY:Meeting", "SUMMARY:Met")).status_code == 204
    assert [one for one in sim.writes() if one[0] == "POST"] == []


def test_whom_feishu_refused_may_be_removed_or_tried_again(sim, ada):
    sim.switch(third_party_attendee="refuse")
    people = "\n".join(["ORGANIZER:mailto:ada@example.com", attendee("bob@example.com"),
                        attendee(GUESTS[0]), attendee(GUESTS[1])])
    href = ada.put_new(summary="Meeting", extra=people)
    sim.switch(third_party_attendee="accept")
    lines = ada.get(href).replace("\r\n ", "").replace(";SCHEDULE-STATUS=3.7", "")
    lines = lines.replace(attendee(GUESTS[1]) + "\r\n", "")
    assert ada.put(href, lines).status_code == 204
    assert [a["third_party_email"] for a in sim.event("Meeting")["attendees"]
            if a["type"] == "third_party"] == [GUESTS[0]]
    assert GUESTS[1] not in ada.get(href).replace("\r\n ", "")


def test_many_guests_are_added_and_removed_in_as_many_calls_as_feishu_wants(sim, ada):
    sim.switch(rate_limit="off")
    many = "\n".join(attendee(f"g{number}@example.org") for number in range(1100))
    href = ada.put_new(summary="Crowd", extra="ORGANIZER:mailto:ada@example.com\n" + many)
    calls = [call for call in sim.calls(method="POST", path="/attendees")]
    assert [len(call["body"]["attendees"]) for call in calls] == [1000, 100]
    sim.clear_calls()
    assert ada.put(href, event("a@example.com", summary="Crowd")).status_code == 204
    calls = [call for call in sim.calls(method="POST", path="batch_delete")]
    assert [len(call["body"]["delete_ids"]) for call in calls] == [500, 500, 100]


def test_more_guests_than_feishu_holds_are_refused_before_anything_is_written(sim, ada):
    many = "\n".join(attendee(f"g{number}@example.org") for number in range(3001))
    answer = ada.put(ada.href + "x.ics", event(
        "x@example.com", extra="ORGANIZER:mailto:ada@example.com\n" + many))
    assert answer.status_code == 403
    assert precondition(answer) == CALDAV + "max-attendees-per-instance"
    assert not sim.writes()


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
