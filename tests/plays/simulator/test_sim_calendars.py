"""Calendars and their access lists (3, 4)."""

import pytest

from asked import (ADA, BOB, DAY, code, everything, listing, make, occurrence, open_id, share, shared,
                   weekly)


# ---- calendars (3) ----

def test_the_primary_calendar_belongs_to_its_user(sim):
    entry, = sim.data(ADA, "POST", "/primary", query={"user_id_type": "union_id"})["calendars"]
    assert entry["user_id"] == sim.person(ADA)["union_id"]
    assert (entry["calendar"]["type"], entry["calendar"]["role"]) == ("primary", "owner")
    assert entry["calendar"]["summary"] == "Ada"


def test_get_is_flat_and_create_is_not(sim):
    cal = sim.data(ADA, "POST", "", {"summary": "New"})["calendar"]
    assert cal["color"] == -14513409 and cal["permissions"] == "show_only_free_busy"
    assert sim.data(ADA, "GET", f"/{cal['calendar_id']}")["summary"] == "New"


def test_colleagues_primaries_show_the_callers_role(sim):
    reply = sim.data(ADA, "POST", "/primarys", {"user_ids": [open_id(sim, BOB)]})
    assert reply["calendars"][0]["calendar"]["role"] == "free_busy_reader"
    assert code(sim.call(ADA, "POST", "/primarys", {"user_ids": []})) == (400, 198001)
    assert code(sim.call(ADA, "POST", "/mget", {"calendar_ids": ["x"] * 11})) == (400, 198007)


def test_colour_and_alias_are_each_ones_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "reader")
    sim.data(BOB, "PATCH", f"/{cal}", {"color": -1, "summary_alias": "Ada's"})
    mine, his = (sim.data(u, "GET", f"/{cal}") for u in (ADA, BOB))
    assert (his["color"], his["summary_alias"]) == (-1, "Ada's")
    assert (mine["color"], mine["summary_alias"]) == (-14513409, "")


def test_only_an_owner_renames_and_deletes(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    assert code(sim.call(BOB, "PATCH", f"/{cal}", {"summary": "Mine"})) == (403, 191002)
    assert code(sim.call(BOB, "DELETE", f"/{cal}")) == (403, 191002)
    assert sim.call(ADA, "DELETE", f"/{cal}").status_code == 200
    assert code(sim.call(ADA, "GET", f"/{cal}")) == (403, 191003)


def test_with_a_calendar_its_events_go_for_their_guests_too(sim):
    def states(page):
        return {event["event_id"]: event["status"] for event in page["items"]}
    cal = shared(sim)
    series = weekly(sim, cal=cal)
    moved = occurrence(series, 1)
    sim.data(ADA, "POST", f"/{cal}/events/{series['event_id']}/attendees", {
        "attendees": [{"type": "user", "user_id": open_id(sim, BOB)}]})
    sim.data(ADA, "PATCH", f"/{cal}/events/{moved}", {"summary": "Moved"})
    make(sim, summary="Hers")
    before = everything(sim, BOB)
    assert states(before) == {series["event_id"]: "tentative", moved: "tentative"}
    sim.clear_notifications()
    assert sim.call(ADA, "DELETE", f"/{cal}").status_code == 200
    after = listing(sim, BOB, sync_token=before["sync_token"])
    assert states(after) == {series["event_id"]: "cancelled", moved: "cancelled"}
    assert [e["summary"] for e in sim.events()] == ["Hers"] and not sim.notifications()


def test_a_primary_calendar_is_neither_deleted_nor_left(sim):
    cal = sim.primary(ADA)
    assert code(sim.call(ADA, "DELETE", f"/{cal}")) == (403, 191004)
    assert code(sim.call(ADA, "POST", f"/{cal}/unsubscribe")) == (400, 191008)


def test_who_does_not_subscribe_cannot_colour(sim):
    cal = shared(sim, permissions="public")
    assert code(sim.call(BOB, "PATCH", f"/{cal}", {"color": 1})) == (400, 191009)
    assert sim.data(BOB, "POST", f"/{cal}/subscribe")["calendar"]["role"] == "reader"
    assert sim.call(BOB, "PATCH", f"/{cal}", {"color": 1}).status_code == 200
    assert sim.call(BOB, "POST", f"/{cal}/unsubscribe").status_code == 200
    assert code(sim.call(BOB, "POST", f"/{cal}/unsubscribe")) == (400, 191007)


@pytest.mark.parametrize("cal,expected", [
    ("nonsense", (400, 191001)), ("feishu.cn_x@group.calendar.feishu.cn", (404, 191000)),
    ("primary", (400, 190002)),
])
def test_a_wrong_calendar_id_is_told_precisely(sim, cal, expected):
    assert code(sim.call(ADA, "GET", f"/{cal}/events")) == expected


def test_the_word_primary_can_be_switched_on_for_users(sim):
    sim.switch(primary_alias="accept")
    assert sim.call(ADA, "GET", "/primary/events").status_code == 200
    assert code(sim.call(None, "GET", "/primary/events")) == (400, 190002)


def test_a_private_calendar_is_closed_to_others(sim):
    cal = shared(sim, permissions="private")
    assert code(sim.call(BOB, "GET", f"/{cal}")) == (403, 191002)
    assert code(sim.call(BOB, "POST", f"/{cal}/subscribe")) == (403, 191002)


def test_a_free_busy_reader_gets_no_event_list(sim):
    assert code(sim.call(BOB, "GET", f"/{sim.primary(ADA)}/events")) == (403, 191002)


def test_search_finds_public_calendars_by_title(sim):
    cal = shared(sim, permissions="public", summary="Lunar walks")
    shared(sim, permissions="private", summary="Lunar secrets")
    items = sim.data(BOB, "POST", "/search", {"query": "lunar"})["items"]
    assert [i["calendar_id"] for i in items] == [cal]
    assert code(sim.call(BOB, "POST", "/search", {"query": ""})) == (400, 99992402)


@pytest.mark.parametrize("body,field", [
    ({"summary": "x" * 256}, "summary"), ({"permissions": "open"}, "permissions"),
])
def test_fields_of_a_calendar_have_their_limits(sim, body, field):
    reply = sim.call(ADA, "POST", "", body)
    assert code(reply) == (400, 99992402)
    assert reply.json()["error"]["field_violations"][0]["field"] == field


def test_a_member_of_the_wrong_type_is_9499(sim):
    assert code(sim.call(ADA, "POST", "", {"summary": 5})) == (400, 9499)
    assert code(sim.call(ADA, "POST", "", {"color": "red"})) == (400, 9499)


def test_the_calendar_list_tells_what_changed_since_its_sync_token(sim):
    first = sim.data(ADA, "GET", "")
    assert not first["has_more"] and len(first["calendar_list"]) == 1
    cal = shared(sim)
    second = sim.data(ADA, "GET", "", query={"sync_token": first["sync_token"]})
    assert [c["calendar_id"] for c in second["calendar_list"]] == [cal]
    sim.call(ADA, "DELETE", f"/{cal}")
    third = sim.data(ADA, "GET", "", query={"sync_token": second["sync_token"]})
    assert [(c["calendar_id"], c["is_deleted"]) for c in third["calendar_list"]] == [(cal, True)]
    last = sim.data(ADA, "GET", "", query={"sync_token": third["sync_token"]})
    assert last["calendar_list"] == []


def test_the_calendar_list_comes_in_pages(sim):
    sim.switch(rate_limit="off")
    for n in range(60):
        shared(sim, summary=f"c{n}")
    first = sim.data(ADA, "GET", "", query={"page_size": 50})
    assert first["has_more"] and first["sync_token"] == ""
    second = sim.data(ADA, "GET", "", query={"page_size": 50, "page_token": first["page_token"]})
    assert not second["has_more"]
    ids = {c["calendar_id"] for c in first["calendar_list"] + second["calendar_list"]}
    assert len(ids) == 61


def test_the_calendar_lists_sync_token_lives_ninety_days(sim):
    token = sim.data(ADA, "GET", "")["sync_token"]
    sim.clock(advance=91 * DAY)
    assert code(sim.call(ADA, "GET", "", query={"sync_token": token})) == (400, 190008)


def test_sharing_and_unsharing_show_in_the_list(sim):
    cal = shared(sim, permissions="private")
    token = sim.data(BOB, "GET", "")["sync_token"]
    entry = share(sim, cal, BOB, "writer")
    reply = sim.data(BOB, "GET", "", query={"sync_token": token})
    assert [(c["role"], c["is_deleted"]) for c in reply["calendar_list"]] == [("writer", False)]
    sim.data(ADA, "DELETE", f"/{cal}/acls/{entry['acl_id']}")
    reply = sim.data(BOB, "GET", "", query={"sync_token": reply["sync_token"]})
    assert [c["is_deleted"] for c in reply["calendar_list"]] == [True]


# ---- access lists (4) ----

def test_the_access_list_is_for_owners(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    assert code(sim.call(BOB, "GET", f"/{cal}/acls")) == (403, 191002)
    acls = sim.data(ADA, "GET", f"/{cal}/acls")["acls"]
    assert [(a["role"], a["scope"]["user_id"]) for a in acls] == [
        ("owner", open_id(sim, ADA)), ("writer", open_id(sim, BOB))]


def test_an_unknown_access_entry_is_192000(sim):
    assert code(sim.call(ADA, "DELETE", f"/{shared(sim)}/acls/user_1")) == (404, 192000)


def test_an_unknown_person_is_told_by_kind_of_id(sim):
    body = {"role": "reader", "scope": {"type": "user", "user_id": "ou_nobody"}}
    cal = shared(sim)
    assert code(sim.call(ADA, "POST", f"/{cal}/acls", body)) == (400, 99992351)
    reply = sim.call(ADA, "POST", f"/{cal}/acls", body, query={"user_id_type": "union_id"})
    assert code(reply) == (400, 99992364)
