"""What Feishu is asked to tell of: made, renewed, dropped, and never in the way of reading."""

import sqlite3
import time

from bridge import Bridge, wait_until
from feishu_sim import ADA, BOB, HOUR, SOON

OPTIONS = {"sync.events": "auto"}


def told(sim, person=ADA):
    """What the person is told of: the list, titles of calendars, titles of access lists."""
    calendars = [c for c in sim.calendars() if not c["is_deleted"]]
    return (sim.person(person)["list_subscribed"],
            sorted(c["summary"] for c in calendars if person in c["event_subscribers"]),
            sorted(c["summary"] for c in calendars if person in c["acl_subscribers"]))


def calls(sim, since=0, end="subscription"):
    return [c for c in sim.calls(since, "POST") if c["path"].endswith("/" + end)]


def team(sim, role, permissions="private", summary="Team"):
    """Bob's calendar, shared with Ada."""
    calendar = sim.edit(BOB, "calendar_create", calendar={
        "summary": summary, "permissions": permissions})["calendar"]["calendar_id"]
    if role:
        sim.edit(BOB, "share", calendar_id=calendar, user=ADA, role=role)
    return calendar


def test_a_sign_in_is_followed_by_subscriptions(sim, bridge):
    for role in ("free_busy_reader", "reader", "writer", "owner"):
        team(sim, role, summary=role)
    bridge.sign_in(ADA)
    wait_until(lambda: told(sim) == (True, ["Ada", "owner", "reader", "writer"],
                                     ["Ada", "owner"]), "the subscriptions")
    assert {c["token"] for c in calls(sim)} == {"user"}
    assert all(c["status"] == 200 for c in calls(sim)), "nothing was asked that is refused"


def test_they_are_made_after_the_first_pull(sim, bridge):
    sim.add_event(ADA, "First", (SOON, SOON + HOUR))
    bridge.sign_in(ADA)
    wait_until(lambda: told(sim)[1] == ["Ada"], "the subscription")
    first = calls(sim)[0]["seq"]
    assert [c for c in sim.calls(method="GET") if c["path"].endswith("/events")][0]["seq"] < first


def test_a_change_between_pull_and_subscription_is_not_lost(sim, bridge):
    sim.fault(path="*/events/subscription", delay_ms=14000)
    ada = bridge.sign_in(ADA)
    wait_until(lambda: calls(sim), "the call under way")
    sim.add_event(ADA, "Between", (SOON, SOON + HOUR))
    sim.clear_faults()
    wait_until(lambda: ada.members(ada.calendars()["Ada"]), "the event")


def noted(bridge):
    with sqlite3.connect(f"{bridge.dir}/store.db") as store:
        return store.execute("SELECT count(*) FROM subscriptions WHERE made_s > 0").fetchone()[0]


def test_nothing_is_asked_twice(sim, bridge):
    ada = bridge.sign_in(ADA)
    wait_until(lambda: told(sim) == (True, ["Ada"], ["Ada"]), "the subscriptions")
    bridge.sync(ada.name)
    sim.edit(ADA, "calendar_create", calendar={"summary": "Second"})
    wait_until(lambda: told(sim) == (True, ["Ada", "Second"], ["Ada", "Second"]), "the new ones")
    wait_until(lambda: noted(bridge) == 5, "their note")
    bridge.stop()
    bridge.start()
    wait_until(lambda: sim.connections(), "the long connection")
    bridge.sync(ada.name)
    assert len(calls(sim)) == 5


def due_now(bridge):
    with sqlite3.connect(f"{bridge.dir}/store.db") as store:
        store.execute("UPDATE subscriptions SET due_s = 1")


def test_they_are_renewed_when_their_time_comes(sim, bridge):
    ada = bridge.sign_in(ADA)
    wait_until(lambda: len(calls(sim)) == 3, "the subscriptions")
    bridge.stop()
    with sqlite3.connect(f"{bridge.dir}/store.db") as store:
        rows = store.execute("SELECT due_s - made_s FROM subscriptions").fetchall()
    assert len(rows) == 3
    assert all(18 * 3600 <= pause <= 86400 for [pause] in rows), "daily"
    due_now(bridge)
    bridge.start()
    wait_until(lambda: len(calls(sim)) == 6, "the renewal")
    assert bridge.show(ada.name)["calendars"][0]["pushed"]


def test_they_are_made_again_after_a_new_sign_in(sim, bridge):
    ada = bridge.sign_in(ADA)
    wait_until(lambda: len(calls(sim)) == 3, "the subscriptions")
    signed_in = bridge.show(ada.name)["authorized"]
    wait_until(lambda: time.time() > signed_in + 1, "another second")
    bridge.sign_in(ADA)
    wait_until(lambda: len(calls(sim)) == 6, "the new ones")


def test_a_refusal_does_not_disturb_reading(sim):
    sim.add_event(ADA, "Read", (SOON, SOON + HOUR))
    sim.fault(path="*subscription", code=191002, count=-1)
    with Bridge(sim, {"sync.poll-interval": "1", "sync.events": "auto"}) as bridge:
        ada = bridge.sign_in(ADA)
        wait_until(lambda: len(calls(sim)) == 3, "the refusals")
        href = ada.calendars()["Ada"]
        sim.add_event(ADA, "Also read", (SOON, SOON + HOUR))
        wait_until(lambda: len(ada.members(href)) == 2, "the event by polling")
        shown = bridge.show(ada.name)
        assert shown["state"] == "ok" and shown["last_error"] == ""
        assert not shown["calendars"][0]["pushed"]
        assert len(calls(sim)) == 3, "it is not asked again at once"
        sim.clear_faults()
        bridge.stop()
        due_now(bridge)
        bridge.start()
        wait_until(lambda: told(sim) == (True, ["Ada"], ["Ada"]), "another day")


def test_trouble_is_tried_again_in_some_minutes(sim, bridge):
    sim.fault(path="*/events/subscription", code=190005, status=500, count=-1)
    ada = bridge.sign_in(ADA)
    wait_until(lambda: told(sim) == (True, [], ["Ada"]), "the others")
    bridge.sync(ada.name)
    bridge.stop()
    with sqlite3.connect(f"{bridge.dir}/store.db") as store:
        [[due]] = store.execute("SELECT due_s FROM subscriptions WHERE kind = 1")
    assert 200 < due - time.time() <= 300


def test_a_calendar_that_left_is_no_longer_told_of(sim, bridge):
    calendar = team(sim, None, "public")
    sim.edit(ADA, "subscribe", calendar_id=calendar)
    ada = bridge.sign_in(ADA)
    wait_until(lambda: told(sim)[1] == ["Ada", "Team"], "the subscriptions")
    sim.edit(ADA, "unsubscribe", calendar_id=calendar)
    wait_until(lambda: "Team" not in ada.calendars(), "its end")
    wait_until(lambda: told(sim)[1] == ["Ada"], "the end of its subscription")


def test_access_that_was_lost_ends_it_quietly(sim, bridge):
    calendar = team(sim, "reader")
    ada = bridge.sign_in(ADA)
    wait_until(lambda: told(sim)[1] == ["Ada", "Team"], "the subscriptions")
    sim.edit(BOB, "unshare", calendar_id=calendar, user=ADA)
    wait_until(lambda: calls(sim, end="unsubscription"), "the attempt to end it")
    assert bridge.show(ada.name)["last_error"] == ""
    assert list(ada.calendars()) == ["Ada"]


def test_an_account_that_is_removed_is_told_of_nothing(sim, bridge):
    team(sim, "writer")
    ada = bridge.sign_in(ADA)
    wait_until(lambda: told(sim) == (True, ["Ada", "Team"], ["Ada"]), "the subscriptions")
    bridge.run("user", "remove", ada.name)
    assert told(sim) == (False, [], [])
    ended = calls(sim, end="unsubscription")
    assert len(ended) == 4 and all(c["status"] == 200 for c in ended)
    [revoked] = sim.calls(path="/oauth/v1/revoke")[:1]
    assert ended[-1]["seq"] < revoked["seq"], "before the tokens go"


def test_two_people_of_one_calendar_are_both_told(sim, bridge):
    sim.switch(push_window_ms=0)
    calendar = team(sim, "reader")
    people = [bridge.sign_in(ADA), bridge.sign_in(BOB)]
    wait_until(lambda: "Team" in told(sim, ADA)[1] and "Team" in told(sim, BOB)[1], "both")
    sim.add_event(BOB, "Told", (SOON, SOON + HOUR), calendar_id=calendar)
    for client in people:
        wait_until(lambda c=client: c.members(c.calendars()["Team"]), "the event")
