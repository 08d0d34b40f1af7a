"""Free/busy, people and the rest (7, 8, 9)."""

import urllib.parse

import pytest

from asked import ADA, BOB, DAY, EVE, ROOM, T0, book, code, invite, make, open_id, path, shared


# ---- free/busy (7) ----

FREEBUSY = "/open-apis/calendar/v4/freebusy/"
WEEK = {"time_min": "2026-01-05T00:00:00+08:00", "time_max": "2026-01-12T00:00:00+08:00"}


def test_free_busy_has_the_busy_times_of_the_primary_calendar(sim):
    make(sim)
    make(sim, start=T0 + DAY, free_busy_status="free")
    gone = make(sim, start=T0 + 2 * DAY)
    sim.data(ADA, "DELETE", path(sim, gone))
    make(sim, cal=shared(sim), start=T0 + 3 * DAY)
    body = {**WEEK, "user_id": open_id(sim, ADA)}
    assert sim.data(BOB, "POST", FREEBUSY + "list", body)["freebusy_list"] == [
        {"start_time": "2026-01-05T09:30:00+08:00", "end_time": "2026-01-05T10:30:00+08:00"}]
    body["only_busy"] = False
    assert len(sim.data(BOB, "POST", FREEBUSY + "list", body)["freebusy_list"]) == 2


def test_free_busy_is_neither_sorted_nor_merged(sim):
    make(sim, recurrence="FREQ=DAILY;COUNT=4")
    make(sim)
    body = {**WEEK, "user_ids": [open_id(sim, ADA)]}
    items = sim.data(ADA, "POST", FREEBUSY + "batch", body)["freebusy_lists"][0]["freebusy_items"]
    begins = [i["start_time"] for i in items]
    assert len(begins) == 5 and begins != sorted(begins)


def test_a_declined_invitation_is_free(sim):
    event = make(sim)
    invite(sim, event, BOB)
    body = {**WEEK, "user_id": open_id(sim, BOB), "need_rsvp_status": True}
    items = sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"]
    assert [i["rsvp_status"] for i in items] == ["needs_action"]
    sim.data(BOB, "POST", path(sim, event, BOB) + "/reply", {"rsvp_status": "decline"})
    assert sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"] == []


def test_a_booked_room_is_busy(sim):
    sim.clock(set=T0 - DAY)
    book(sim, make(sim))
    sim.clock(advance=3)
    body = {**WEEK, "room_id": ROOM}
    assert len(sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"]) == 1
    token = sim.tokens(user=ADA, mint=True, scope="calendar:room:readonly")["access_token"]
    old = sim.call(ADA, "GET", "/open-apis/meeting_room/freebusy/batch_get", token=token,
                   query={"room_ids": [ROOM], **WEEK}).json()["data"]
    assert [b["organizer_info"]["name"] for b in old["free_busy"][ROOM]] == ["Ada"]


@pytest.mark.parametrize("method,change,expected", [
    ("list", {"time_max": "2026-04-06T00:00:00+08:00"}, (400, 190014)),
    ("list", {"time_min": "yesterday"}, (400, 190014)),
    ("list", {"time_min": None}, (400, 99992402)),
    ("list", {"user_id": None}, (400, 190002)),
    ("batch", {"time_max": "2026-01-20T00:00:00+08:00"}, (400, 198003)),
    ("batch", {"time_max": "2026-01-05 10:00"}, (400, 198002)),
    ("batch", {"user_ids": []}, (400, 198001)),
])
def test_free_busy_has_its_limits(sim, method, change, expected):
    ada = open_id(sim, ADA)
    body = {**WEEK, **({"user_id": ada} if method == "list" else {"user_ids": [ada]}), **change}
    body = {k: v for k, v in body.items() if v is not None}
    assert code(sim.call(ADA, "POST", FREEBUSY + method, body)) == expected


# ---- people (9) ----

def test_ids_are_found_by_e_mail_and_missing_when_unknown(sim):
    found = sim.data(None, "POST", "/open-apis/contact/v3/users/batch_get_id",
                     {"emails": [BOB, "nobody@example.com"], "mobiles": ["+8613800000003"]})
    assert [(u.get("email") or u["mobile"], u.get("user_id")) for u in found["user_list"]] == [
        (BOB, open_id(sim, BOB)), ("nobody@example.com", None),
        ("+8613800000003", open_id(sim, EVE))]


def test_a_person_is_shown_as_far_as_the_scopes_go(sim):
    user = sim.data(ADA, "GET", f"/open-apis/contact/v3/users/{open_id(sim, BOB)}")["user"]
    assert user["email"] == BOB and "name" not in user and "mobile" not in user
    full = sim.data(None, "GET", f"/open-apis/contact/v3/users/{open_id(sim, BOB)}")["user"]
    assert full["name"] == "Bob"


def test_several_people_by_repeated_query(sim):
    ids = [("user_ids", open_id(sim, BOB)), ("user_ids", open_id(sim, EVE)), ("user_ids", "ou_x")]
    items = sim.data(None, "GET", "/open-apis/contact/v3/users/batch", query=ids)["items"]
    assert [i["name"] for i in items] == ["Bob", "Eve"]


def test_users_search_people_by_name(sim):
    users = sim.data(ADA, "GET", "/open-apis/search/v1/user", query={"query": "bo"})["users"]
    assert [u["open_id"] for u in users] == [open_id(sim, BOB)]


def test_user_ids_need_a_scope(sim):
    reply = sim.call(ADA, "POST", "/primary", query={"user_id_type": "user_id"})
    assert code(reply) == (400, 99991679)
    reply = sim.call(ADA, "POST", "/primary", query={"user_id_type": "email"})
    assert code(reply) == (400, 99992402)


# ---- the rest (8) ----

def test_time_off_is_the_apps(sim):
    body = {"user_id": open_id(sim, ADA), "timezone": "Asia/Shanghai",
            "start_time": "2026-01-05", "end_time": "2026-01-05"}
    made = sim.data(None, "POST", "/open-apis/calendar/v4/timeoff_events", body)
    assert made["timeoff_event_id"].startswith("timeoff:")
    where = "/open-apis/calendar/v4/timeoff_events/" + made["timeoff_event_id"]
    assert sim.call(None, "DELETE", where).status_code == 200
    assert code(sim.call(None, "DELETE", where)) == (403, 195000)
    body["end_time"] = str(T0)
    assert code(sim.call(None, "POST", "/open-apis/calendar/v4/timeoff_events", body)) == (
        400, 190002)


def test_feishus_own_caldav_account_is_for_users(sim):
    conf = sim.data(ADA, "POST", "/open-apis/calendar/v4/settings/generate_caldav_conf",
                    {"device_name": "phone"})
    assert conf["server_address"] == "caldav.feishu.cn" and conf["device_name"] == "phone"


def test_exchange_bindings_are_for_administrators(sim):
    body = {"admin_account": "a@x", "exchange_account": "b@x", "user_id": open_id(sim, BOB)}
    where = "/open-apis/calendar/v4/exchange_bindings"
    assert code(sim.call(ADA, "POST", where, body)) == (403, 195101)
    made = sim.data(EVE, "POST", where, body)
    one = f"{where}/{urllib.parse.quote(made['exchange_binding_id'], safe='')}"
    assert sim.data(EVE, "GET", one)["status"] == "doing"
    assert sim.call(EVE, "DELETE", one).status_code == 200
    assert code(sim.call(EVE, "GET", one)) == (404, 195103)


def test_subscriptions_are_recorded(sim):
    sim.data(ADA, "POST", "/subscription")
    sim.data(ADA, "POST", f"/{sim.primary(ADA)}/events/subscription")
    assert sim.person(ADA)["list_subscribed"] is True
    cal = next(c for c in sim.calendars() if c["calendar_id"] == sim.primary(ADA))
    assert cal["event_subscribers"] == [open_id(sim, ADA)]


def test_an_attachment_is_uploaded_first(sim):
    files = {"file_name": (None, "a.txt"), "parent_type": (None, "calendar"),
             "parent_node": (None, sim.primary(ADA)), "size": (None, "3"),
             "file": ("a.txt", b"abc")}
    token = sim.tokens(user=ADA, mint=True, scope="drive:drive")["access_token"]
    reply = sim.call(ADA, "POST", "/open-apis/drive/v1/medias/upload_all", token=token,
                     files=files).json()
    event = make(sim, attachments=[{"file_token": reply["data"]["file_token"]}])
    assert [(a["name"], a["file_size"]) for a in event["attachments"]] == [("a.txt", "3")]
    after = sim.data(ADA, "PATCH", path(sim, event), {"attachments": [
        {"file_token": reply["data"]["file_token"], "is_deleted": True}]})["event"]
    assert "attachments" not in after
