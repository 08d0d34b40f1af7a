"""COPY and MOVE of events: what clients see, which calls Feishu saw, and who is told."""

import pytest

from bridge import event, precondition, wait_until
from feishu_sim import ADA, BOB, HOUR, SOON

MEETING = ("ORGANIZER:mailto:ada@example.com\nATTENDEE:mailto:ada@example.com\n"
           "ATTENDEE:mailto:bob@example.com")


@pytest.fixture(name="ada")
def fixture_ada(sim, ada):
    answer = ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
                     "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    assert answer.status_code == 201, answer.text
    ada.plans = ada.home() + "plans/"
    sim.clear_calls()
    return ada


def transfer(client, method, source, destination, headers=None):
    return client.request(method, source, headers={
        "Destination": client.bridge.url + destination, **(headers or {})})


def test_another_name_in_the_same_calendar_costs_no_call(sim, bridge, ada):
    href = ada.put_new()
    text, token = ada.get(href), ada.sync_collection(ada.href)[2]
    sim.clear_calls()
    answer = transfer(ada, "MOVE", href, ada.href + "b.ics")
    assert answer.status_code == 201, answer.text
    assert not sim.calls()
    assert list(ada.members(ada.href)) == [ada.href + "b.ics"]
    assert ada.get(ada.href + "b.ics") == text
    changed, removed, token, _ = ada.sync_collection(ada.href, token)
    assert list(changed) == [ada.href + "b.ics"] and removed == [href]
    bridge.sync(ada.name)
    assert list(ada.members(ada.href)) == [ada.href + "b.ics"]
    assert ada.sync_collection(ada.href, token)[:2] == ({}, [])


def test_a_renamed_event_is_the_same_event_for_feishu(sim, bridge, ada):
    href = ada.put_new(summary="Before")
    transfer(ada, "MOVE", href, ada.href + "b.ics")
    sim.edit(ADA, "event_patch", event_id=sim.event("Before")["event_id"], event={"summary": "After"})
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:After" in ada.get(ada.href + "b.ics"),
               "the edit, once the event is no longer fresh from a write")
    assert list(ada.members(ada.href)) == [ada.href + "b.ics"]
    assert ada.delete(ada.href + "b.ics").status_code == 204
    assert not ada.members(ada.href)


def test_a_name_in_use_is_not_given_twice(ada):
    first, second = ada.put_new("a"), ada.put_new("b")
    answer = transfer(ada, "MOVE", first, second, {"Overwrite": "F"})
    assert answer.status_code == 412
    answer = transfer(ada, "MOVE", first, second)
    assert answer.status_code == 403
    assert precondition(answer) == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
    assert set(ada.members(ada.href)) == {first, second}


def test_a_move_to_another_calendar_is_a_create_there_then_a_delete_here(sim, bridge, ada):
    href = ada.put_new(summary="Moves")
    text = ada.get(href)
    sim.clear_calls()
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code == 201, answer.text
    assert [method for method, _ in sim.writes()] == ["POST", "DELETE"]
    assert ada.get(ada.plans + "a.ics") == text
    assert not ada.members(ada.href)
    bridge.sync(ada.name)
    assert list(ada.members(ada.plans)) == [ada.plans + "a.ics"] and not ada.members(ada.href)


def test_a_series_moves_with_its_exceptions(sim, bridge, ada):
    href = ada.put_weekly(more="\nEXDATE;TZID=Asia/Shanghai:20270112T100000")
    text = ada.get(href)
    assert transfer(ada, "MOVE", href, ada.plans + "w.ics").status_code == 201
    bridge.sync(ada.name)
    assert ada.get(ada.plans + "w.ics") == text
    assert not ada.members(ada.href)


def test_nobody_is_told_of_a_meeting_that_moves(sim, ada):
    href = ada.put_new(summary="Meeting", extra=MEETING)
    assert sim.notifications(), "the invitation"
    sim.clear_notifications()
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code == 201, answer.text
    assert not sim.notifications()
    assert BOB in {a.get("user_id") for a in sim.event("Meeting")["attendees"]}
    assert "bob@example.com" in ada.get(ada.plans + "a.ics")


def test_a_meeting_is_not_copied(sim, ada):
    href = ada.put_new(extra=MEETING)
    sim.clear_calls()
    answer = transfer(ada, "COPY", href, ada.plans + "a.ics")
    assert answer.status_code == 403
    assert precondition(answer).endswith("unique-scheduling-object-resource")
    assert not sim.writes()


def test_a_copy_is_an_event_of_its_own(sim, bridge, ada):
    href = ada.put_new(summary="Twice")
    assert transfer(ada, "COPY", href, ada.plans + "a.ics").status_code == 201
    assert transfer(ada, "COPY", href, ada.plans + "a.ics").status_code == 204
    assert ada.delete(href).status_code == 204
    bridge.sync(ada.name)
    assert list(ada.members(ada.plans)) == [ada.plans + "a.ics"]


def test_an_invitation_stays_where_feishu_has_put_it(sim, bridge, ada):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    (href,) = ada.members(ada.href)
    sim.clear_calls()
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code == 403 and "invitation" in answer.text
    assert not sim.writes() and list(ada.members(ada.href)) == [href]
    assert transfer(ada, "MOVE", href, ada.href + "mine.ics").status_code == 201


def test_a_move_that_fails_half_way_loses_nothing_and_is_finished_by_the_next(sim, bridge, ada):
    href = ada.put_new(summary="Half")
    sim.fault(method="DELETE", path="*/events/*", code=191002, status=403)
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code >= 400
    assert href in ada.members(ada.href)
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code in (201, 204), answer.text
    bridge.sync(ada.name)
    assert not ada.members(ada.href) and list(ada.members(ada.plans)) == [ada.plans + "a.ics"]
    assert len([e for e in sim.events() if e["summary"] == "Half"]) == 1


def test_add_member_makes_an_event_in_feishu(sim, ada):
    answer = ada.request("POST", ada.href, event("new@example.com", summary="Posted"),
                         {"Content-Type": "text/calendar; charset=utf-8"})
    assert answer.status_code == 201, answer.text
    assert sim.event("Posted")
    assert list(ada.members(ada.href)) == [answer.headers["Location"]]
