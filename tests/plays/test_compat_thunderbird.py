"""Thunderbird against the bridge."""

import contextlib

import pytest
from compat import (MAIL, PERSON, assert_standup, desk, feishu_story, held, judge, left_behind,
                    utc)
from bridge import Bridge, wait_until
from feishu_sim import FeishuSim
from client import Thunderbird  # found because of compat
from marionette import MarionetteError

REALM = "feishu-caldav"
BOB = "bob@example.com"
BUSY = 2  # calIFreeBusyInterval


def test_what_thunderbird_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("thunderbird/run.py", ada, "--keep")
        found = held(sim, "compat-thunderbird")
        assert sorted(found) == ["Standup"]
        assert_standup(found)
        other = held(sim, "compat-thunderbird-2")
        assert sorted(other) == ["Journey"]
        assert other["Journey"][0] == "2027-01-11"


def test_thunderbird_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("thunderbird/run.py", ada)
        assert left_behind(sim) == []


@contextlib.contextmanager
def open_thunderbird(bridge, ada):
    """(thunderbird, {calendar name: what was offered}) with every calendar added."""
    with Thunderbird() as thunderbird:
        thunderbird.savePassword(bridge.url, REALM, ada.name, ada.password)
        offered = thunderbird.detect(ada.name, ada.password, bridge.url + "/")
        yield thunderbird, {one["name"]: one for one in offered}


def invite(sim, *more, **fields):
    """Bob invites Ada; the event."""
    return sim.add_event(BOB, "Invitation", (utc("20270105T060000Z"), utc("20270105T070000Z")),
                         attendees=[{"user": MAIL}, *more], **fields)


def answer_in_feishu(sim):
    """Ada's answer as Feishu holds it."""
    return [one["rsvp_status"] for one in sim.event("Invitation")["attendees"]
            if one["user_id"] == PERSON][0]


def test_thunderbird_shows_what_is_edited_in_feishu():
    with desk() as (sim, bridge, ada), open_thunderbird(bridge, ada) as (thunderbird, offered):
        calendar = offered["Ada"]["id"]

        def shows():
            thunderbird.refresh(calendar)
            found = thunderbird.occurrences(calendar, "20270101T000000Z", "20270201T000000Z")
            return {tuple(one) for one in found}
        feishu_story(sim, shows)
        assert thunderbird.state(calendar)["errors"] == []


@pytest.mark.parametrize("status, rsvp", [
    ("ACCEPTED", "accept"), ("DECLINED", "decline"), ("TENTATIVE", "tentative")])
def test_an_answer_given_in_thunderbird_arrives_in_feishu(status, rsvp):
    with desk() as (sim, bridge, ada), open_thunderbird(bridge, ada) as (thunderbird, offered):
        calendar = offered["Ada"]["id"]
        invite(sim)
        item = thunderbird.wait_items(calendar, lambda items: items, "the invitation")[0]
        assert item["organizer"] == f"mailto:{BOB}"
        assert [f"mailto:{MAIL}", "NEEDS-ACTION"] in item["attendees"]
        thunderbird.answer(calendar, item["id"], f"mailto:{MAIL}", status)
        assert answer_in_feishu(sim) == rsvp
        assert thunderbird.state(calendar)["errors"] == []


def test_an_invitation_deleted_in_thunderbird_is_declined():
    with desk() as (sim, bridge, ada), open_thunderbird(bridge, ada) as (thunderbird, offered):
        calendar = offered["Ada"]["id"]
        invite(sim)
        item = thunderbird.wait_items(calendar, lambda items: items, "the invitation")[0]
        thunderbird.remove(calendar, item["id"])
        assert answer_in_feishu(sim) == "decline"
        thunderbird.wait_items(calendar, lambda items: not items, "an empty calendar")


def test_a_calendar_shared_for_reading_is_read_only_in_thunderbird():
    with FeishuSim() as sim, Bridge(sim, {"sync.poll-interval": "1"}) as bridge:
        shared = sim.edit(BOB, "calendar_create", calendar={"summary": "Team"})["calendar"]
        sim.share(BOB, shared["calendar_id"], MAIL, "reader")
        sim.edit(MAIL, "subscribe", calendar_id=shared["calendar_id"])
        sim.add_event(BOB, "Shown", (utc("20270105T060000Z"), utc("20270105T070000Z")),
                      calendar_id=shared["calendar_id"])
        ada = bridge.sign_in(PERSON)
        with open_thunderbird(bridge, ada) as (thunderbird, offered):
            assert {name: one["readOnly"] for name, one in offered.items()} == {
                "Ada": False, "Team": True}
            items = thunderbird.wait_items(offered["Team"]["id"], lambda items: items, "the event")
            assert [one["title"] for one in items] == ["Shown"]


def test_the_busy_time_of_a_colleague_is_shown_in_thunderbird():
    with desk() as (sim, bridge, ada), open_thunderbird(bridge, ada) as (thunderbird, offered):
        sim.add_event(BOB, "Secret", (utc("20270105T060000Z"), utc("20270105T070000Z")))
        calendar = offered["Ada"]["id"]
        wait_until(lambda: thunderbird.state(calendar)["scheduling"], "scheduling")
        busy = thunderbird.freeBusy(f"mailto:{BOB}", "20270105T000000Z", "20270106T000000Z")
        assert [one[1:] for one in busy if one[0] == BUSY] == [
            ["20270105T060000Z", "20270105T070000Z"]]


def test_a_write_that_feishu_refuses_is_not_shown_as_done():
    with desk() as (sim, bridge, ada), open_thunderbird(bridge, ada) as (thunderbird, offered):
        calendar = offered["Ada"]["id"]
        sim.add_event(MAIL, "Mine", (utc("20270105T060000Z"), utc("20270105T070000Z")))
        item = thunderbird.wait_items(calendar, lambda items: items, "the event")[0]
        sim.fault(method="PATCH", path="*/events/*", code=190013, status=400, count=-1)
        with pytest.raises(MarionetteError):
            thunderbird.modify(calendar, item["id"], {"title": "Refused"})
        sim.clear_faults()
        items = thunderbird.wait_items(
            calendar, lambda items: [one["title"] for one in items] == ["Mine"], "the old title")
        thunderbird.modify(calendar, items[0]["id"], {"title": "Taken"})
        assert sim.event("Taken")
