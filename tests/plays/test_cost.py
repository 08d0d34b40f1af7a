"""What single things cost, as docs/cost.md tells: the table's rows are measured here, all of them."""

import os
import re

from bridge import Bridge, wait_until
from dav_client import event
from feishu_sim import ADA, BOB, HOUR, SOON
from test_freebusy import freebusy

DOCUMENT = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "cost.md")
GUESTS = ("ORGANIZER:mailto:ada@example.com\nATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\n"
          "ATTENDEE;RSVP=TRUE:mailto:bob@example.com\nATTENDEE;RSVP=TRUE:mailto:eve@example.com")


def told():
    """{what: calls} of the table of single things."""
    with open(DOCUMENT, encoding="utf-8") as file:
        table = file.read().split("## Single things")[1].split("## ")[0]
    return {what: int(calls) for what, calls in re.findall(r"^\| (.+) \| (\d+) \|$", table, re.M)}


LOOK = "a look whether a calendar changed (500 changes at most)"
READ = "a client reads, lists, searches a calendar, compares tokens"
AGAIN = "who attends, read again after a write with guests"
FIRST_LIST, FIRST_OWN, FIRST_EVENT = (
    "a first pull: the list of calendars", "a first pull: of each calendar of one's own",
    "a first pull: each event")
SUBSCRIPTION = ("a subscription to changes, renewed daily: the list; events of a calendar; "
                "access list of one's own")
BUSY = "busy time of ten colleagues in two weeks"
FOUND = "a change that was found, with who attends"
NEW, NEW_GUESTS, CHANGED, DELETED, SIGN_IN = (
    "a new event", "a new event with guests who are known", "a change of an event", "a deletion",
    "a sign-in")


def costs(sim, what, action, of=lambda call: True):
    """Does it, and compares with the table; of picks the calls that belong to it."""
    since = sim.last_call()
    action()
    found = [c for c in sim.calls(since) if of(c)]
    assert len(found) == told()[what], (what, [(c["method"], c["path"]) for c in found])


def guest_gets(call):
    return call["method"] == "GET" and "/events/" in call["path"]


def lists(call):
    return call["method"] == "GET" and call["path"].endswith("/events")


def test_reading_writing_and_asking_cost_what_the_table_says(sim, ada, bridge):
    href = ada.href
    assert ada.put(href + "warm.ics", event("warm@x", extra=GUESTS)).status_code == 201
    bridge.sync(ada.name)

    def read():
        members = ada.members(href)
        ada.get(next(iter(members)))
        ada.sync_collection(href, ada.sync_collection(href)[2])
        ada.ctag(href)
        ada.calendars()
    costs(sim, READ, read)
    costs(sim, NEW, lambda: ada.put(href + "a.ics", event("a@x")))
    costs(sim, CHANGED, lambda: ada.put(href + "a.ics", event("a@x", summary="B")))
    costs(sim, DELETED, lambda: ada.delete(href + "a.ics"))
    bridge.sync(ada.name)
    costs(sim, NEW_GUESTS,
          lambda: ada.put(href + "g.ics", event("g@x", summary="Guests", extra=GUESTS)))
    written = sim.event("Guests")["event_id"]
    costs(sim, AGAIN,
          lambda: bridge.sync(ada.name), lambda call: call["path"].endswith(written))
    costs(sim, BUSY,
          lambda: freebusy(ada, "bob@example.com", "eve@example.com"))
    costs(sim, LOOK,
          lambda: bridge.sync(ada.name), lists)
    found = sim.add_event(ADA, "Found", (SOON, SOON + HOUR), attendees=[{"user": BOB}])["event_id"]
    costs(sim, FOUND,
          lambda: bridge.sync(ada.name), lambda call: call["path"].endswith(found))


def test_a_first_pull_costs_what_the_table_says(sim):
    for number in range(7):
        sim.add_event(BOB, f"Event {number}", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    with Bridge(sim) as bridge:
        bridge.sign_in(ADA)  # what is found out once a tenant is known
        start = sim.last_call()
        since = sim.calls(start)
        costs(sim, SIGN_IN, lambda: bridge.authorize(BOB),
              lambda c: "oauth" in c["path"] or "user_info" in c["path"])

        def mine():
            return [c for c in sim.calls(start) if c["user"] == BOB and "/calendars" in c["path"]]
        wait_until(lambda: len([c for c in mine() if guest_gets(c)]) == 7, "the first pull")
        assert not since
        rows = told()
        assert len([c for c in mine() if c["path"].endswith(("/calendars", "/primary"))]) == \
            rows[FIRST_LIST]
        own = [c for c in mine() if c["path"].endswith(("/events", "/acls"))]
        assert len(own) == rows[FIRST_OWN]
        assert len([c for c in mine() if guest_gets(c)]) == 7 * rows[FIRST_EVENT]


def test_subscriptions_cost_what_the_table_says(sim):
    with Bridge(sim, {"sync.events": "auto", "sync.poll-interval": "86400"}) as bridge:
        ada = bridge.sign_in(ADA)
        wait_until(lambda: bridge.show(ada.name)["calls_by_purpose"].get("subscriptions") == 3,
                   "the list, events, access list")
        assert told()[SUBSCRIPTION] == 1


def test_every_row_is_measured_above():
    assert set(told()) == {LOOK, READ, AGAIN, FIRST_LIST, FIRST_OWN, FIRST_EVENT, SUBSCRIPTION, BUSY,
                           FOUND, NEW, NEW_GUESTS, CHANGED, DELETED, SIGN_IN}
