"""Attendees and rooms (6, 10)."""

import pytest

from asked import (
    ADA, BOB, CHAT, DAY, EVE, ROOM, T0, at, book, code, everything, invite, listing, make,
    occurrence, open_id, path, timed, weekly)


# ---- attendees (6) ----

def test_an_invited_person_sees_the_event_on_the_own_calendar(sim):
    event = make(sim, summary="meet")
    invite(sim, event, BOB)
    item, = everything(sim, BOB)["items"]
    assert item["event_id"] == event["event_id"]
    assert item["organizer_calendar_id"] == sim.primary(ADA)
    assert (item["status"], item["self_rsvp_status"]) == ("tentative", "needs_action")


def test_the_inviter_becomes_an_attendee_too(sim):
    event = make(sim)
    invite(sim, event, BOB)
    items = sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]
    assert {i["display_name"]: (i["is_organizer"], i["rsvp_status"]) for i in items} == {
        "Ada": (True, "accept"), "Bob": (False, "needs_action")}
    event = make(sim)
    invite(sim, event, BOB, add_operator_to_attendee=False)
    assert len(sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]) == 1


def test_a_participant_may_change_only_the_four_fields(sim):
    event = make(sim)
    invite(sim, event, BOB)
    his = path(sim, event, BOB)
    assert code(sim.call(BOB, "PATCH", his, {"summary": "mine"})) == (403, 193002)
    assert code(sim.call(BOB, "DELETE", his)) == (403, 193002)
    after = sim.data(BOB, "PATCH", his, {"reminders": [{"minutes": 3}], "color": 9,
                                         "visibility": "private", "free_busy_status": "free"})
    assert after["event"]["reminders"] == [{"minutes": 3}]
    assert sim.data(ADA, "GET", path(sim, event))["event"]["reminders"] == []
    sim.switch(participant_patch="ignore")
    assert sim.data(BOB, "PATCH", his, {"summary": "mine"})["event"]["summary"] == "event"


@pytest.mark.parametrize("answer_,status", [
    ("accept", "confirmed"), ("tentative", "tentative"), ("decline", "confirmed")])
def test_a_reply_is_seen_by_both(sim, answer_, status):
    event = make(sim)
    invite(sim, event, BOB)
    sim.data(BOB, "POST", path(sim, event, BOB) + "/reply", {"rsvp_status": answer_})
    his = sim.data(BOB, "GET", path(sim, event, BOB))["event"]
    assert (his["self_rsvp_status"], his["status"]) == (answer_, status)
    seen = {i["display_name"]: i["rsvp_status"] for i in
            sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]}
    assert seen["Bob"] == answer_


def test_who_is_not_invited_cannot_reply(sim):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/reply", {"rsvp_status": "accept"})
    assert code(reply) == (403, 193002)
    reply = sim.call(ADA, "POST", path(sim, event) + "/reply", {"rsvp_status": "needs_action"})
    assert code(reply) == (400, 99992402)


def test_replying_to_one_occurrence_makes_an_exception(sim):
    series = weekly(sim)
    invite(sim, series, BOB)
    sim.data(BOB, "POST", f"/{sim.primary(BOB)}/events/{occurrence(series, 1)}/reply",
             {"rsvp_status": "decline"})
    items = {i["event_id"]: i["self_rsvp_status"] for i in everything(sim, BOB)["items"]}
    assert items == {series["event_id"]: "needs_action", occurrence(series, 1): "decline"}


def test_an_uninvited_person_sees_the_event_cancelled(sim):
    event = make(sim)
    invite(sim, event, BOB)
    token = everything(sim, BOB)["sync_token"]
    sim.data(ADA, "POST", path(sim, event) + "/attendees/batch_delete", {
        "delete_ids": [{"type": "user", "user_id": open_id(sim, BOB)}]})
    assert [i["status"] for i in listing(sim, BOB, sync_token=token)["items"]] == ["cancelled"]
    assert everything(sim, BOB)["items"] == []
    assert code(sim.call(BOB, "GET", path(sim, event, BOB))) == (403, 193003)


def test_attendees_are_hidden_unless_the_ability_shows_them(sim):
    event = make(sim)
    invite(sim, event, BOB)
    his = path(sim, event, BOB)
    assert code(sim.call(BOB, "GET", his + "/attendees")) == (403, 194001)
    assert code(sim.call(BOB, "GET", his, query={"need_attendee": "true"})) == (403, 194001)
    sim.data(ADA, "PATCH", path(sim, event), {"attendee_ability": "can_see_others"})
    event_ = sim.data(BOB, "GET", his, query={"need_attendee": "true"})["event"]
    assert len(event_["attendees"]) == 2 and event_["has_more_attendee"] is False


def test_inviting_others_needs_the_ability(sim):
    event = make(sim)
    invite(sim, event, BOB)
    where = path(sim, event, BOB) + "/attendees"
    body = {"attendees": [{"type": "user", "user_id": open_id(sim, EVE)}]}
    assert code(sim.call(BOB, "POST", where, body)) == (403, 194002)
    sim.data(ADA, "PATCH", path(sim, event), {"attendee_ability": "can_invite_others"})
    assert sim.call(BOB, "POST", where, body).status_code == 200
    drop = {"delete_ids": [{"type": "user", "user_id": open_id(sim, EVE)}]}
    assert code(sim.call(BOB, "POST", where + "/batch_delete", drop)) == (403, 194003)


@pytest.mark.parametrize("attendee,expected", [
    ({"type": "user", "user_id": "ou_nobody"}, (400, 99992351)),
    ({"type": "resource", "room_id": "omm_nowhere"}, (400, 99992375)),
    ({"type": "robot"}, (400, 99992402)), ({"user_id": "x"}, (400, 194004)),
    ({"type": "user"}, (400, 190002)), ({"type": "third_party"}, (400, 190002)),
])
def test_an_attendee_who_does_not_exist_is_refused(sim, attendee, expected):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/attendees", {"attendees": [attendee]})
    assert code(reply) == expected
    assert sim.events()[0]["attendees"] == []


def test_third_parties_are_as_switched(sim):
    event = make(sim)
    body = {"attendees": [{"type": "third_party", "third_party_email": "x@y.example"}]}
    where = path(sim, event) + "/attendees"
    sim.switch(third_party_attendee="refuse")
    assert code(sim.call(ADA, "POST", where, body)) == (400, 194004)
    sim.switch(third_party_attendee="accept")
    added, = sim.data(ADA, "POST", where, body)["attendees"]
    assert added["third_party_email"] == "x@y.example"


def test_removing_who_is_not_there_is_194000(sim):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/attendees/batch_delete",
                     {"attendee_ids": ["user_1"]})
    assert code(reply) == (404, 194000)


def test_a_chat_brings_its_members(sim):
    event = make(sim)
    added, = sim.data(ADA, "POST", path(sim, event) + "/attendees", {
        "attendees": [{"type": "chat", "chat_id": CHAT}]})["attendees"]
    members = sim.data(ADA, "GET", f"{path(sim, event)}/attendees/{added['attendee_id']}"
                       "/chat_members")["items"]
    assert [m["display_name"] for m in members] == ["Ada", "Bob"]
    assert len(everything(sim, BOB)["items"]) == 1


def test_the_first_attendee_brings_a_meeting_when_vchat_was_left_empty(sim):
    body = timed()
    del body["vchat"]
    event = sim.data(ADA, "POST", f"/{sim.primary(ADA)}/events", body)["event"]
    assert "vchat" not in event
    invite(sim, event, BOB)
    vchat = sim.data(ADA, "GET", path(sim, event))["event"]["vchat"]
    assert vchat["vc_type"] == "vc" and vchat["meeting_url"].startswith("https://vc.feishu.cn/j/")
    event = make(sim)
    invite(sim, event, BOB)
    assert sim.data(ADA, "GET", path(sim, event))["event"]["vchat"] == {"vc_type": "no_meeting"}


def test_a_meeting_chat_is_for_two_who_see_each_other(sim):
    """5.17: its errors are 195107 to 195110."""
    event = make(sim)
    mine, his = path(sim, event) + "/meeting_chat", path(sim, event, BOB) + "/meeting_chat"
    assert code(sim.call(ADA, "POST", mine)) == (400, 195109)
    invite(sim, event, BOB)
    assert code(sim.call(BOB, "POST", his)) == (400, 195109)
    assert code(sim.call(ADA, "POST", path(sim, event) + "/meeting_minute")) == (400, 195110)
    chat = sim.data(ADA, "POST", mine)["meeting_chat_id"]
    assert code(sim.call(ADA, "DELETE", mine, query={"meeting_chat_id": "oc_0"})) == (400, 195108)
    sim.data(ADA, "PATCH", path(sim, event), {"attendee_ability": "can_see_others"})
    assert sim.data(BOB, "POST", his)["meeting_chat_id"] == chat
    assert code(sim.call(BOB, "DELETE", his, query={"meeting_chat_id": chat})) == (403, 195107)
    assert code(sim.call(ADA, "DELETE", mine, query={"meeting_chat_id": chat})) == (200, 0)


def test_100_rooms_are_added_by_a_call_at_most(sim):
    event = make(sim)
    rooms = [{"type": "resource", "room_id": ROOM}] * 101
    refused = code(sim.call(ADA, "POST", path(sim, event) + "/attendees", {"attendees": rooms}))
    assert refused[0] == 400 and refused[1] in (190002, 190014, 99992402)


def test_attendees_come_in_pages(sim):
    event = make(sim)
    sim.data(ADA, "POST", path(sim, event) + "/attendees", {"attendees": [
        {"type": "third_party", "third_party_email": f"{n}@x.example"} for n in range(15)]})
    first = sim.data(ADA, "GET", path(sim, event) + "/attendees", query={"page_size": 1})
    assert len(first["items"]) == 10 and first["has_more"]
    second = sim.data(ADA, "GET", path(sim, event) + "/attendees",
                      query={"page_size": 10, "page_token": first["page_token"]})
    assert len(second["items"]) == 6 and not second["has_more"]


# ---- rooms (6.2, 10) ----

def room_answer(sim, event):
    items = sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]
    return next(i["rsvp_status"] for i in items if i["type"] == "resource")


def test_a_room_answers_after_a_while_and_only_once_for_a_time(sim):
    sim.clock(set=T0)
    first, second, later = (make(sim, start=T0 + n) for n in (0, 1800, 3600))
    assert book(sim, first)["rsvp_status"] == "needs_action"
    sim.clock(advance=3)
    assert room_answer(sim, first) == "accept"
    book(sim, second)
    book(sim, later)
    sim.clock(advance=3)
    assert (room_answer(sim, second), room_answer(sim, later)) == ("decline", "accept")


def test_a_rooms_answer_is_a_change_of_the_event(sim):
    sim.clock(set=T0)
    event = make(sim)
    book(sim, event)
    token = everything(sim)["sync_token"]
    sim.clock(advance=3)
    assert [i["event_id"] for i in listing(sim, sync_token=token)["items"]] == [event["event_id"]]


def test_a_moved_event_asks_its_room_again(sim):
    sim.clock(set=T0)
    event = make(sim)
    book(sim, event)
    sim.clock(advance=3)
    sim.data(ADA, "PATCH", path(sim, event), {
        "start_time": at(T0 + DAY), "end_time": at(T0 + DAY + 60)})
    assert room_answer(sim, event) == "needs_action"


def test_rooms_are_listed_for_the_app_and_searched_by_users(sim):
    rooms = sim.data(None, "GET", "/open-apis/vc/v1/rooms")["rooms"]
    assert [r["room_id"] for r in rooms] == [ROOM]
    assert sim.data(None, "GET", f"/open-apis/vc/v1/rooms/{ROOM}")["room"]["capacity"] == 8
    found = sim.data(ADA, "POST", "/open-apis/vc/v1/rooms/search", {"keyword": "lot"})["rooms"]
    assert [r["name"] for r in found] == ["Lotus"]
    assert code(sim.call(None, "GET", "/open-apis/vc/v1/rooms/omm_x")) == (404, 121004)
    many = sim.data(None, "POST", "/open-apis/vc/v1/rooms/mget", {"room_ids": [ROOM, "omm_x"]})
    assert len(many["items"]) == 1
