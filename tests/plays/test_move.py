"""COPY and MOVE of events: what clients see, which calls Feishu saw, and who is told."""

import pytest

from bridge import Bridge, event, precondition, wait_until
from feishu_sim import ADA, BOB, HOUR, SOON

MEETING = ("ORGANIZER:mailto:ada@example.com\nATTENDEE:mailto:ada@example.com\n"
           "ATTENDEE:mailto:bob@example.com")


@pytest.fixture(name="bridge")
def fixture_bridge(sim):
    """What Feishu says is soon believed against what was just written."""
    with Bridge(sim, start=False) as bridge:
        bridge.env["TEST_WRITE_GUARD_MS"] = "300"
        bridge.start()
        yield bridge


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


def living(sim, summary):
    return [e for e in sim.events() if e["summary"] == summary and e["status"] != "cancelled"]


def test_what_cannot_be_deleted_is_not_moved(sim, bridge, ada):
    href = ada.put_new(summary="Half")
    sim.fault(method="DELETE", path="*/events/*", code=191002, status=403)
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code == 403
    assert list(ada.members(ada.href)) == [href] and not ada.members(ada.plans)
    assert len(living(sim, "Half")) == 1
    bridge.sync(ada.name)
    assert list(ada.members(ada.href)) == [href] and not ada.members(ada.plans)
    answer = transfer(ada, "MOVE", href, ada.plans + "a.ics")
    assert answer.status_code in (201, 204), answer.text
    bridge.sync(ada.name)
    assert not ada.members(ada.href) and list(ada.members(ada.plans)) == [ada.plans + "a.ics"]
    assert len(living(sim, "Half")) == 1


def test_a_move_that_a_fault_interrupts_is_finished_later(sim, bridge, ada):
    href = ada.put_new(summary="Later")
    sim.fault(method="DELETE", path="*/events/*", code=190003, status=500, count=-1)
    assert transfer(ada, "MOVE", href, ada.plans + "a.ics").status_code == 503
    sim.clear_faults()
    # Whatever is written next waits for it, so that nothing is deleted twice.
    ada.put_new("other")
    assert href not in ada.members(ada.href)
    assert list(ada.members(ada.plans)) == [ada.plans + "a.ics"]
    assert len(living(sim, "Later")) == 1
    assert transfer(ada, "MOVE", href, ada.plans + "a.ics").status_code == 404
    bridge.sync(ada.name)
    assert list(ada.members(ada.plans)) == [ada.plans + "a.ics"]


def test_an_unfinished_move_is_finished_without_being_asked(sim, bridge, ada):
    href = ada.put_new(summary="Alone")
    sim.fault(method="DELETE", path="*/events/*", code=190003, status=500, count=-1)
    assert transfer(ada, "MOVE", href, ada.plans + "a.ics").status_code == 503
    bridge.stop()
    sim.clear_faults()
    bridge.start()
    wait_until(lambda: href not in ada.members(ada.href), "the end of the move")
    assert list(ada.members(ada.plans)) == [ada.plans + "a.ics"]
    assert len(living(sim, "Alone")) == 1


def test_an_event_changed_in_feishu_meanwhile_stays_where_it_is(sim, bridge, ada):
    href = ada.put_new(summary="Before")
    wait_until(lambda: bridge.sync(ada.name), "a pull")
    sim.fault(method="DELETE", path="*/events/*", code=190003, status=500, count=-1)
    assert transfer(ada, "MOVE", href, ada.plans + "a.ics").status_code == 503
    (old,) = [e for e in sim.events(sim.primary(ADA)) if e["summary"] == "Before"]
    sim.edit(ADA, "event_patch", event_id=old["event_id"], event={"summary": "After"})
    sim.clear_faults()
    ada.put_new("other")
    assert len(living(sim, "After")) == 1 and not living(sim, "Before")
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:After" in ada.get(href), "the edit")
    assert not ada.members(ada.plans)


def test_answers_of_who_has_an_account_here_move_along(sim, bridge, ada):
    bob = bridge.sign_in(BOB)
    href = ada.put_new(summary="Meeting", extra=MEETING)
    sim.edit(BOB, "rsvp", event_id=sim.event("Meeting")["event_id"], rsvp_status="tentative")
    wait_until(lambda: bridge.sync(ada.name) and "PARTSTAT=TENTATIVE" in ada.get(href),
               "the answer", 40)
    sim.clear_notifications()
    assert transfer(ada, "MOVE", href, ada.plans + "a.ics").status_code == 201
    assert {(told["kind"], *told["to"]) for told in sim.notifications()} <= {("rsvp", ADA)}
    (moved,) = living(sim, "Meeting")
    assert [a["rsvp_status"] for a in moved["attendees"] if a.get("user_id") == BOB] == ["tentative"]
    wait_until(lambda: bridge.sync(ada.name) and
               "PARTSTAT=TENTATIVE" in ada.get(ada.plans + "a.ics"), "the answer there", 40)
    bridge.sync(bob.name)
    assert [t for t in map(bob.get, bob.members(bob.calendars()["Bob"])) if "Meeting" in t]


def test_a_copy_with_the_uid_of_another_event_names_that_one(ada):
    href = ada.put_new()
    assert transfer(ada, "COPY", href, ada.plans + "a.ics").status_code == 201
    for source, target in ((href, ada.href + "b.ics"), (href, ada.plans + "b.ics")):
        answer = transfer(ada, "COPY", source, target)
        assert answer.status_code == 403
        assert precondition(answer) == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
        assert target.replace("b.ics", "a.ics") in answer.text
    answer = transfer(ada, "MOVE", href, ada.plans + "b.ics")
    assert precondition(answer) == "{urn:ietf:params:xml:ns:caldav}no-uid-conflict"
    assert list(ada.members(ada.href)) == [href]


def test_add_member_makes_an_event_in_feishu(sim, ada):
    answer = ada.request("POST", ada.href, event("new@example.com", summary="Posted"),
                         {"Content-Type": "text/calendar; charset=utf-8"})
    assert answer.status_code == 201, answer.text
    assert sim.event("Posted")
    assert list(ada.members(ada.href)) == [answer.headers["Location"]]
