"""Changes that Feishu tells of over the long connection. Polling is as good as off here: what
arrives was told of."""

import re
import shutil
import time
import urllib.parse

import pytest

from bridge import Bridge, event, wait_until, within
from dav_client import NS
from feishu_sim import ADA, BOB, HOUR, SOON

OPTIONS = {"sync.events": "auto"}
BOOTSTRAP = "/callback/ws/endpoint"


def lists(sim, since=0, person=ADA, calendar=None):
    """Reads of a calendar's events."""
    return [c for c in sim.calls(since, "GET")
            if c["path"].endswith("/events") and c["user"] == person
            and (not calendar or calendar in urllib.parse.unquote(c["path"]))]


def is_idle(sim, bridge, name, person):
    """Everything that was to be subscribed to is, and was looked at after it."""
    if not all(one["pushed"] for one in bridge.show(name)["calendars"]):
        return False
    asked = [c["seq"] for c in sim.calls(path="events/subscription") if c["user"] == person]
    read = [c["seq"] for c in lists(sim, person=person)]
    return asked and read and read[-1] > asked[-1]


def sign_in(sim, bridge, person=ADA):
    client = bridge.sign_in(person)
    wait_until(lambda: sim.connections(), "the long connection")
    wait_until(lambda: is_idle(sim, bridge, client.name, person), "the subscriptions")
    return client


def summaries(client, name="Ada"):
    return sorted(re.search(r"SUMMARY:(.*)\r", client.get(href))[1]
                  for href in client.members(client.calendars()[name]))


def make(sim, summary="Told", person=ADA, **fields):
    return sim.add_event(person, summary, (SOON, SOON + HOUR), **fields)


def arrives(sim, ada, summary="Told"):
    """Makes an event in Feishu; within five seconds the ctag is another."""
    href = ada.calendars()["Ada"]
    before = ada.ctag(href)
    make(sim, summary)
    return wait_until(lambda: ada.ctag(href) != before, "another ctag", within(5))


# ---- the way of a change ----

def test_an_edit_in_feishu_changes_the_ctag_within_five_seconds(sim, bridge):
    ada = sign_in(sim, bridge)
    for number in range(3):
        arrives(sim, ada, f"Told {number}")
    assert summaries(ada) == ["Told 0", "Told 1", "Told 2"]
    assert sim.push()["complaints"] == []
    wait_until(lambda: [m["state"] for m in sim.messages()] == ["delivered"] * 3, "the answers")


def test_every_kind_of_change_arrives(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    told = make(sim, attendees=[{"user": BOB}])
    href = ada.calendars()["Ada"]
    wait_until(lambda: len(ada.members(href)) == 1, "the event")
    [member] = ada.members(href)
    sim.edit(ADA, "event_patch", event_id=told["event_id"], event={"summary": "Renamed"})
    wait_until(lambda: "SUMMARY:Renamed" in ada.get(member), "the new title")
    sim.edit(BOB, "rsvp", event_id=told["event_id"], rsvp_status="accept")
    wait_until(lambda: "PARTSTAT=ACCEPTED" in ada.get(member).replace("\r\n ", ""), "the answer")
    sim.edit(ADA, "event_delete", event_id=told["event_id"])
    wait_until(lambda: not ada.members(href), "the deletion")


def test_members_in_limited_release_do_no_harm(sim, bridge):
    sim.switch(push_details="on", push_window_ms=0)
    ada = sign_in(sim, bridge)
    arrives(sim, ada)


def test_a_storm_of_changes_is_few_pulls(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    since = sim.last_call()
    for number in range(40):
        make(sim, f"Storm {number:02}")
    wait_until(lambda: len(ada.members(ada.calendars()["Ada"])) == 40, "all events")
    wait_until(lambda: len(sim.messages(state="delivered")) == 40, "all messages")
    assert len(lists(sim, since)) < 20


def test_what_a_client_wrote_comes_back_as_it_is(sim, bridge):
    ada = sign_in(sim, bridge)
    href = ada.calendars()["Ada"]
    text = event("own-1", summary="Own", extra="X-KEPT:yes")
    put = ada.put(href + "own.ics", text)
    assert put.status_code == 201
    before = ada.members(href)
    since = sim.last_call()
    wait_until(lambda: len(sim.messages(state="delivered")) == 1, "the message")
    wait_until(lambda: lists(sim, since), "the pull")
    assert ada.get(href + "own.ics") == text
    assert ada.members(href) == before


def test_a_message_is_acknowledged_before_the_pull_is_done(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    sim.fault(method="GET", path="*/events", delay_ms=14000)
    make(sim)
    wait_until(lambda: sim.messages(state="delivered"), "the acknowledgement")
    [message] = sim.messages()
    assert [attempt["code"] for attempt in message["attempts"]] == [200]
    assert not ada.members(ada.calendars()["Ada"])
    sim.clear_faults()
    wait_until(lambda: summaries(ada) == ["Told"], "the event")


def test_changed_lists_of_calendars_arrive(sim, bridge):
    ada = sign_in(sim, bridge)
    since = sim.last_call()
    sim.edit(ADA, "calendar_create", calendar={"summary": "Second"})
    wait_until(lambda: "Second" in ada.calendars(), "the new calendar", within(5))
    wait_until(lambda: lists(sim, since), "the read of the new one")
    assert not lists(sim, since, calendar=sim.primary(ADA)), "the others were not read"
    sim.edit(ADA, "calendar_patch", calendar_id=sim.calendar("Second")["calendar_id"],
             calendar={"summary": "Renamed"})
    wait_until(lambda: "Renamed" in ada.calendars(), "the new name", within(5))
    # The new calendar is listened to as well.
    wait_until(lambda: all(c["pushed"] for c in bridge.show(ada.name)["calendars"]), "it")
    make(sim, "There", calendar_id=sim.calendar("Renamed")["calendar_id"])
    wait_until(lambda: summaries(ada, "Renamed") == ["There"], "its event", within(5))


def test_sharing_and_its_end_arrive(sim, bridge):
    team = sim.edit(BOB, "calendar_create",
                    calendar={"summary": "Team", "permissions": "private"})["calendar"]
    ada = sign_in(sim, bridge)
    sim.edit(BOB, "share", calendar_id=team["calendar_id"], user=ADA, role="reader")
    wait_until(lambda: "Team" in ada.calendars(), "the shared calendar", within(5))
    sim.edit(BOB, "unshare", calendar_id=team["calendar_id"], user=ADA)
    wait_until(lambda: "Team" not in ada.calendars(), "its end", within(5))


def test_the_owner_sees_at_once_with_whom_a_calendar_was_shared(sim, bridge):
    ada = sign_in(sim, bridge)
    href = ada.calendars()["Ada"]
    calendar = sim.primary(ADA)

    def invited():
        props = ada.propfind(href, 0, "<cs:invite/>")[href]
        invite = props.get("{%s}invite" % NS["cs"])
        return [one.text for one in invite.iter("{DAV:}href")] if invite is not None else []
    assert "mailto:bob@example.com" not in invited()
    before = ada.ctag(href)
    sim.edit(ADA, "share", calendar_id=calendar, user=BOB, role="reader")
    wait_until(lambda: "mailto:bob@example.com" in invited(), "whom it is shared with", within(5))
    assert ada.ctag(href) != before, "clients look again"
    since = sim.last_call()
    sim.edit(ADA, "unshare", calendar_id=calendar, user=BOB)
    wait_until(lambda: "mailto:bob@example.com" not in invited(), "its end", within(5))
    assert not lists(sim, since), "no events were read for it"


def test_a_revocation_is_noticed(sim, bridge):
    ada = sign_in(sim, bridge)
    sim.tokens(user=ADA, access="revoke", refresh="revoke")
    wait_until(lambda: bridge.show(ada.name)["state"] == "sign-in needed", "the state")
    assert ada.calendars(), "calendars stay readable"


# ---- what goes wrong on the way ----

def test_a_message_that_comes_twice_counts_once(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    sim.connections(duplicate=1)
    since = sim.last_call()
    arrives(sim, ada)
    wait_until(lambda: bridge.metric("events_duplicate") == 1, "the second one")
    assert bridge.metric("events_received") == 1
    wait_until(lambda: sim.connections()[0]["acks"] == 2, "both acknowledgements")
    assert len(lists(sim, since)) == 1


@pytest.mark.parametrize("shuffle", [False, True])
def test_a_message_in_parts_is_put_together(sim, bridge, shuffle):
    ada = sign_in(sim, bridge)
    sim.connections(split=60, shuffle=shuffle)
    arrives(sim, ada)
    wait_until(lambda: sim.connections()[0]["acks"] == 1, "one acknowledgement")
    assert sim.push()["complaints"] == []


def test_a_lost_message_comes_with_its_repetition(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    sim.connections(drop=1)
    make(sim)
    wait_until(lambda: sim.messages()[0]["attempts"] and sim.messages()[0]["state"] == "waiting",
               "the end of the wait for an acknowledgement")
    assert not ada.members(ada.calendars()["Ada"])
    sim.clock(advance=15)
    wait_until(lambda: summaries(ada) == ["Told"], "the event")


@pytest.mark.parametrize("how", ["cut", "close"])
def test_after_a_cut_everything_is_looked_at_once(sim, bridge, how):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    first = sim.connections()[0]["id"]
    # Nobody can connect while the change is told of for the first time.
    sim.connections(**{how: True}, refuse_bootstrap={"code": 1000040343})
    make(sim)
    wait_until(lambda: bridge.show(ada.name)["events"] == "polling", "the notice")
    assert not ada.members(ada.calendars()["Ada"])
    sim.connections(refuse_bootstrap=None)
    wait_until(lambda: summaries(ada) == ["Told"], "the event")
    assert sim.connections()[0]["id"] != first
    assert bridge.show(ada.name)["events"] == "long-connection"
    arrives(sim, ada, "Later")


def test_a_connection_that_answers_no_pings_is_given_up(sim, bridge):
    ada = sign_in(sim, bridge)
    sim.connections(PingInterval=1, cut=True)
    wait_until(lambda: [c for c in sim.connections() if c["pings"] > 2], "pings")
    first = sim.connections()[0]["id"]
    sim.connections(ignore_pings=True)
    wait_until(lambda: [c for c in sim.connections() if c["id"] != first], "another connection")
    sim.connections(ignore_pings=False)
    arrives(sim, ada)


def test_the_interval_of_pings_is_taken_from_the_answers(sim, bridge):
    wait_until(lambda: [c for c in sim.connections() if c["pings"] == 1], "the first ping")
    assert len(sim.calls(path=BOOTSTRAP)) == 1
    sim.connections(PingInterval=1)
    # The next answer tells; with 120 seconds between pings it would be long in coming.
    sim.connections(cut=True)
    wait_until(lambda: [c for c in sim.connections() if c["pings"] > 2], "more pings")


# ---- when it cannot be had ----

def polling(sim, **options):
    return Bridge(sim, {"sync.poll-interval": "1", "sync.events": "auto", **options})


@pytest.mark.parametrize("refusal", [
    {"refuse_bootstrap": {"code": 403, "msg": "forbidden"}},
    {"refuse_bootstrap": {"code": 514}},
    {"refuse_bootstrap": {"code": 1000040350}},
    {"refuse_handshake": {"code": 403}},
    {"refuse_handshake": {"code": 514, "auth_code": 1000040350}},
], ids=str)
def test_where_it_is_refused_changes_are_polled_and_it_is_tried_again(sim, refusal):
    sim.connections(**refusal)
    with polling(sim) as bridge:
        ada = bridge.sign_in(ADA)
        make(sim)
        wait_until(lambda: summaries(ada) == ["Told"], "the event by polling")
        assert bridge.show(ada.name)["events"] == "polling"
        assert bridge.metric("events_long_connection") == 0
        assert not sim.calls(path="subscription"), "nobody would be told"
        wait_until(lambda: "refuses the long connection" in bridge.log(), "a line in the log")
        sim.connections(**{name: None for name in refusal})
        wait_until(lambda: bridge.show(ada.name)["events"] == "long-connection",
                   "the long connection")
        wait_until(lambda: bridge.show(ada.name)["calendars"][0]["pushed"], "subscriptions")


@pytest.mark.parametrize("trouble", [
    {"status": 500, "body": "oops"}, {"cut": "before"}, {"invalid_json": True},
    {"status": 200, "body": '{"code":1,"msg":"busy","data":{}}'}], ids=str)
def test_trouble_with_the_bootstrap_is_polled_over(sim, trouble):
    sim.fault(path=BOOTSTRAP, count=-1, **trouble)
    with polling(sim) as bridge:
        ada = bridge.sign_in(ADA)
        make(sim)
        wait_until(lambda: summaries(ada) == ["Told"], "the event by polling")
        assert bridge.show(ada.name)["events"] == "polling"
        assert "AppSecret" not in bridge.log() and "ticket" not in bridge.log()


def test_while_a_connection_is_lost_changes_are_polled(sim):
    with polling(sim) as bridge:
        ada = sign_in(sim, bridge)
        assert bridge.show(ada.name)["events"] == "long-connection"
        sim.connections(cut=True, refuse_bootstrap={"code": 1000040343})
        wait_until(lambda: bridge.show(ada.name)["events"] == "polling", "the notice")
        href = ada.calendars()["Ada"]
        make(sim, "Meanwhile")
        wait_until(lambda: len(ada.members(href)) == 1, "the event by polling", within(10))
        sim.connections(refuse_bootstrap=None)
        wait_until(lambda: bridge.show(ada.name)["events"] == "long-connection", "push again")


def test_without_events_nothing_is_asked_for(sim):
    with polling(sim, **{"sync.events": "none"}) as bridge:
        ada = bridge.sign_in(ADA)
        make(sim)
        wait_until(lambda: summaries(ada) == ["Told"], "the event by polling")
        assert not sim.calls(path=BOOTSTRAP)
        assert not sim.calls(path="subscription")
        assert bridge.show(ada.name)["events"] == "polling"


def test_it_stops_at_once_while_connected(sim):
    with Bridge(sim, OPTIONS) as bridge:
        ada = sign_in(sim, bridge)
        assert bridge.show(ada.name)["events"] == "long-connection"
        start = time.monotonic()
        assert bridge.stop() == 0
        assert time.monotonic() - start < within(3)
        wait_until(lambda: not sim.connections(), "the end of the connection")
        assert bridge.show(ada.name)["events"] == "polling"


def test_it_stops_at_once_while_waiting_to_connect(sim):
    sim.connections(refuse_bootstrap={"code": 1000040343}, ReconnectInterval=3600)
    with Bridge(sim, OPTIONS) as bridge:
        wait_until(lambda: "no long connection" in bridge.log(), "the refusal")
        start = time.monotonic()
        assert bridge.stop() == 0
        assert time.monotonic() - start < within(3)


# ---- polling as a net ----

def test_calendars_whose_changes_are_told_of_are_polled_less(sim):
    with polling(sim) as bridge:
        ada = sign_in(sim, bridge)
        sim.fault(path="*/events/subscription", code=191002, count=-1)
        bob = bridge.sign_in(BOB)
        wait_until(lambda: len(sim.calls(path="events/subscription")) == 2, "the refusal")
        homes = [(ada, ada.calendars()["Ada"]), (bob, bob.calendars()["Bob"])]
        since = sim.last_call()

        def polls(person):
            """Somebody looks at both; how often this one was read meanwhile."""
            for client, href in homes:
                client.ctag(href)
            return len(lists(sim, since, person))
        wait_until(lambda: polls(BOB) >= 7, "polls of the other")
        assert polls(ADA) <= 3


# ---- several servers ----

def test_two_servers_of_one_store_share_the_messages(sim, bridge):
    sim.switch(push_window_ms=0)
    ada = sign_in(sim, bridge)
    other = Bridge(sim, {**OPTIONS, "store.path": f"{bridge.dir}/store.db"}, start=False)
    try:
        other.start()
        wait_until(lambda: len(sim.connections()) == 2, "both connections")
        for number in range(12):
            make(sim, f"Told {number:02}")
        wait_until(lambda: len(summaries(ada)) == 12, "all events")
        wait_until(lambda: len(sim.messages(state="delivered")) == 12, "all messages")
        shares = [one["acks"] for one in sim.connections()]
        assert sum(shares) == 12
    finally:
        other.stop()
        shutil.rmtree(other.dir, ignore_errors=True)
