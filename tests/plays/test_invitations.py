"""Invitations, both ways: who is invited, who answers, who declines, and whom Feishu would not have."""

import pytest

from bridge import CALDAV, event, precondition, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON


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
