"""What is gone in Feishu, and what only seems to be: people who left, calendars that were deleted, access
that was lost, roles that changed, listings that came back short. Deletions are believed only when certain,
each is told to clients exactly once, and what did not change keeps its ETag."""

import json

import pytest

from bridge import event, precondition, responses
from feishu_sim import ADA, BOB, DAY, HOUR, SOON
from pulled import event_lists, shared, texts, weekly


def subscribe(sim, who, calendar_id):
    sim.edit(who, "subscribe", calendar_id=calendar_id)


def answers_once(client, href, token, changed, removed):
    """A client that synchronises is told this, and the next time nothing."""
    got, gone, token, _ = client.sync_collection(href, token)
    assert (sorted(got), sorted(gone)) == (sorted(changed), sorted(removed))
    assert client.sync_collection(href, token)[:2] == ({}, [])
    return token


# ---- people who left ----

def test_who_left_the_tenant_takes_the_own_calendar_along_and_nothing_else(sim, bridge):
    sim.share(BOB, sim.primary(BOB), ADA, "reader")
    subscribe(sim, ADA, sim.primary(BOB))
    team = shared(sim)
    sim.add_event(BOB, "Bob's own", (SOON, SOON + HOUR))
    sim.add_event(BOB, "In the team", (SOON, SOON + HOUR), calendar_id=team)
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}, {"user": BOB}])
    sim.add_event(ADA, "Mine", (SOON, SOON + HOUR), attendees=[{"user": ADA}, {"user": BOB}])
    ada, bob = bridge.sign_in(ADA), bridge.sign_in(BOB)
    assert set(ada.calendars()) == {"Ada", "Bob", "Team"}
    mine, teams = ada.calendars()["Ada"], ada.calendars()["Team"]
    bobs = {href: bob.get(href) for href in bob.members(bob.calendars()["Bob"])}
    assert len(bobs) == 3
    bridge.sync(ada.name)  # now that Bob is known here, his calendars have an owner
    before = ada.members(mine), ada.members(teams), ada.ctag(mine), ada.ctag(teams)

    sim.person_is(BOB, resigned=True)
    bridge.sync(ada.name)
    assert set(ada.calendars()) == {"Ada", "Team"}
    assert (ada.members(mine), ada.members(teams), ada.ctag(mine), ada.ctag(teams)) == before

    # Bob's account here: nothing is deleted because nothing can be asked.
    assert bridge.run("sync", bob.name, check=False).returncode == 1
    assert bridge.show(bob.name)["state"] == "sign-in needed"
    assert {href: bob.get(href) for href in bob.members(bob.calendars()["Bob"])} == bobs
    answer = bob.put(bob.calendars()["Bob"] + "x.ics", event("x@example.com"))
    assert answer.status_code == 503 and "sign in" in answer.text


# ---- calendars ----

@pytest.mark.parametrize("how", ["deleted", "unshared"])
@pytest.mark.parametrize("listing", ["changes", "whole"])
def test_a_calendar_that_went_leaves_the_home_once_and_the_others_alone(sim, bridge, how, listing):
    teams = [shared(sim, f"Team {n}", permissions="private") for n in range(4)]
    for team in teams:
        sim.add_event(BOB, "Team event", (SOON, SOON + HOUR), calendar_id=team)
    ada = bridge.sign_in(ADA)
    before = {name: (href, ada.members(href), ada.ctag(href))
              for name, href in ada.calendars().items()}
    if how == "deleted":
        sim.edit(BOB, "calendar_delete", calendar_id=teams[1])
    else:
        sim.share(BOB, teams[1], ADA)
    if listing == "whole":
        sim.tokens(sync="expire")
    bridge.sync(ada.name)
    href = before.pop("Team 1")[0]
    assert {name: (href, ada.members(href), ada.ctag(href))
            for name, href in ada.calendars().items()} == before
    assert ada.request("PROPFIND", href, headers={"Depth": "0"}).status_code == 404
    assert ada.put(href + "x.ics", event("x@example.com")).status_code in (403, 404, 409)
    ctag = ada.ctag(ada.home())
    bridge.sync(ada.name)
    assert ada.ctag(ada.home()) == ctag


def test_an_invitation_goes_with_the_calendar_that_it_came_from(sim, bridge):
    team = sim.edit(BOB, "calendar_create", calendar={"summary": "Bob's team"})["calendar"]["calendar_id"]
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), calendar_id=team, attendees=[{"user": ADA}])
    ada = bridge.sign_in(ADA)
    mine = ada.calendars()["Ada"]
    [href] = ada.members(mine)
    token = ada.sync_collection(mine)[2]
    sim.edit(BOB, "calendar_delete", calendar_id=team)
    bridge.sync(ada.name)
    assert ada.sync_collection(mine, token)[:2] == ({}, [href])
    assert ada.request("GET", href).status_code == 404


def test_access_that_was_lost_and_given_back_brings_the_same_events(sim, bridge):
    team = shared(sim, permissions="private")
    sim.add_event(BOB, "Team event", (SOON, SOON + HOUR), calendar_id=team, reminders=[])
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    before = ada.members(href)
    _, _, token, _ = ada.sync_collection(href)
    sim.share(BOB, team, ADA)
    bridge.sync(ada.name)
    assert "Team" not in ada.calendars()
    sim.share(BOB, team, ADA, "writer")
    bridge.sync(ada.name)
    assert ada.calendars()["Team"] == href and ada.members(href) == before
    # What a client knew about the calendar before it went is no basis for changes any more.
    answer = ada.report(href, "d:sync-collection",
                        f"<d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level>"
                        "<d:prop><d:getetag/></d:prop>", 0)
    assert precondition(answer) == "{DAV:}valid-sync-token"


def calendar_list(sim, without):
    """Ada's list of calendars, as Feishu would answer it if some were not there."""
    data = sim.data(ADA, "GET", "", query={"page_size": "500"})
    data["calendar_list"] = [one for one in data["calendar_list"]
                             if one["summary"] not in without]
    return json.dumps({"code": 0, "msg": "success", "data": data})


def test_most_calendars_missing_from_one_listing_are_looked_for_twice(sim, bridge):
    for number in range(4):
        shared(sim, f"Team {number}")
    ada = bridge.sign_in(ADA)
    before = set(ada.calendars())
    short = calendar_list(sim, {"Team 0", "Team 1", "Team 2"})
    sim.tokens(sync="expire")
    # The first call meets the expired token, the second one the short listing.
    sim.fault(method="GET", path="*/calendars", nth=2, body=short, status=200)
    bridge.sync(ada.name)
    assert set(ada.calendars()) == before


def test_calendars_marked_as_deleted_in_most_of_a_listing_are_looked_at_twice(sim, bridge):
    for number in range(4):
        shared(sim, f"Team {number}")
    ada = bridge.sign_in(ADA)
    before = set(ada.calendars())
    data = json.loads(calendar_list(sim, ()))
    for one in data["data"]["calendar_list"]:
        one["is_deleted"] = one["summary"] != "Ada"
    sim.fault(method="GET", path="*/calendars", body=json.dumps(data), status=200)
    bridge.sync(ada.name)
    assert set(ada.calendars()) == before


@pytest.mark.parametrize("code, status", [(191000, 404), (191002, 403), (191003, 403)])
def test_a_calendar_that_its_events_deny_but_that_is_there_stays(sim, bridge, code, status):
    team = shared(sim)
    sim.add_event(BOB, "Team event", (SOON, SOON + HOUR), calendar_id=team)
    ada = bridge.sign_in(ADA)
    before = ada.members(ada.calendars()["Team"])
    sim.fault(method="GET", path=f"*{team.split('@')[0]}*/events*", code=code, status=status,
              count=2)
    for _ in range(2):
        assert bridge.run("sync", ada.name, check=False).returncode == 1
        assert ada.members(ada.calendars()["Team"]) == before
    bridge.sync(ada.name)
    assert ada.members(ada.calendars()["Team"]) == before


def test_the_primary_calendar_is_never_dropped(sim, bridge):
    sim.add_event(ADA, "Precious", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    sim.fault(method="GET", path=f"*{sim.primary(ADA).split('@')[0]}*", code=191000, status=404,
              count=-1)
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert set(texts(ada)) == {"Precious"}
    sim.clear_faults()
    bridge.sync(ada.name)
    assert set(texts(ada)) == {"Precious"}


# ---- roles ----

def test_details_are_taken_away_only_when_the_calendar_says_so_too(sim, bridge):
    team = shared(sim, role="reader")
    sim.add_event(BOB, "Details", (SOON, SOON + HOUR), calendar_id=team)
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    before = ada.members(href)
    # A listing that is wrong about the role.
    data = json.loads(calendar_list(sim, ()))
    for one in data["data"]["calendar_list"]:
        if one["summary"] == "Team":
            one["role"] = "free_busy_reader"
    sim.fault(method="GET", path="*/calendars", body=json.dumps(data), status=200)
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert ada.members(href) == before
    sim.tokens(sync="expire")
    bridge.sync(ada.name)
    assert ada.members(href) == before


def test_a_change_of_role_costs_no_client_a_download(sim, bridge):
    team = shared(sim, role="writer")
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Team"]
    text = event("own@example.com", summary="Own", extra="X-MINE:kept\nCATEGORIES:A,B")
    assert ada.put(href + "own.ics", text).status_code == 201
    sim.add_event(BOB, "Theirs", (SOON, SOON + HOUR), calendar_id=team)
    bridge.sync(ada.name)
    before = ada.members(href)
    _, _, token, _ = ada.sync_collection(href)
    for role in ("reader", "owner", "writer"):
        sim.share(BOB, team, ADA)
        sim.share(BOB, team, ADA, role)
        sim.clear_calls()
        bridge.sync(ada.name)
        assert [c for c in event_lists(sim) if "anchor_time" in c["query"]], "a whole read"
        assert ada.members(href) == before, role
        answers_once(ada, href, token, [], [])
    assert ada.get(href + "own.ics") == text


# ---- events ----

def everything(sim, bridge):
    """A calendar with every kind of event, edited on both sides; returns the client and its href."""
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    series = weekly(sim, summary="Series", attendees=[{"user": ADA}, {"user": BOB}])
    first = series["event_id"][:-1]
    sim.edit(ADA, "event_patch", event_id=f"{first}{SOON + 7 * DAY}", event={"summary": "Moved"})
    sim.edit(ADA, "event_delete", event_id=f"{first}{SOON + 14 * DAY}")
    sim.add_event(ADA, "Days", ("2027-03-01", "2027-03-02"))
    sim.add_event(ADA, "Rich", (SOON, SOON + HOUR), description="<p>Some <b>bold</b> words</p>",
                  reminders=[{"minutes": 5}, {"minutes": 60}], location={"name": "Room 1"})
    invited = sim.add_event(BOB, "Invited", (SOON, SOON + HOUR),
                            attendees=[{"user": ADA}, {"user": BOB}])
    sim.edit(ADA, "rsvp", event_id=invited["event_id"], rsvp_status="tentative")
    declined = sim.add_event(BOB, "Declined", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    for member in ada.members(href):
        if "Declined" in ada.get(member):
            assert ada.delete(member).status_code == 204
    assert declined
    alarm = ("BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT7M\nDESCRIPTION:x\nEND:VALARM\n"
             "X-MINE;P=1:kept\nCATEGORIES:A,B")
    assert ada.put(href + "own.ics", event("own@example.com", summary="Own", extra=alarm)) \
        .status_code == 201
    assert ada.put(href + "w.ics", event("w@example.com", summary="Count",
                                         extra="RRULE:FREQ=DAILY;COUNT=4")).status_code == 201
    bridge.run("sync", "--full", ada.name)
    return ada, href


def test_reading_everything_anew_changes_no_etag_and_tells_no_client_anything(sim, bridge):
    ada, href = everything(sim, bridge)
    assert len(ada.members(href)) == 6
    before = {member: (etag, ada.get(member)) for member, etag in ada.members(href).items()}
    ctag, home = ada.ctag(href), ada.ctag(ada.home())
    _, _, token, _ = ada.sync_collection(href)
    for how in ("full", "sync tokens", "restart", "list again"):
        sim.clear_calls()
        if how == "full":
            bridge.run("sync", "--full", ada.name)
        elif how == "sync tokens":
            sim.tokens(sync="expire")
            bridge.sync(ada.name)
        elif how == "restart":
            bridge.stop()
            bridge.start()
            bridge.run("sync", "--full", ada.name)
        else:
            sim.switch(lists_empty="missing", strings_empty="missing")
            bridge.run("sync", "--full", ada.name)
        assert event_lists(sim), how
        assert {member: (etag, ada.get(member))
                for member, etag in ada.members(href).items()} == before, how
        assert (ada.ctag(href), ada.ctag(ada.home())) == (ctag, home), how
        answers_once(ada, href, token, [], [])


def short_listing(sim, keep):
    data = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events", query={"anchor_time": "1"})
    data["items"] = [one for one in data["items"] if one["summary"] in keep]
    return json.dumps({"code": 0, "msg": "success", "data": data})


def test_a_listing_that_lost_most_events_is_looked_at_twice(sim, bridge):
    for number in range(5):
        sim.add_event(ADA, f"Event {number}", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    before = ada.members(href)
    _, _, token, _ = ada.sync_collection(href)
    short = short_listing(sim, {"Event 1"})
    sim.tokens(sync="expire")
    sim.fault(method="GET", path="*/events", nth=2, body=short, status=200)
    bridge.sync(ada.name)
    assert ada.members(href) == before
    answers_once(ada, href, token, [], [])


def test_a_second_look_that_fails_deletes_nothing(sim, bridge):
    for number in range(5):
        sim.add_event(ADA, f"Event {number}", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    before = ada.members(href)
    short = short_listing(sim, set())
    sim.tokens(sync="expire")
    sim.fault(method="GET", path="*/events", nth=2, body=short, status=200)
    sim.fault(method="GET", path="*/events", nth=2, code=190003, status=500, count=3)
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert ada.members(href) == before
    sim.clear_faults()
    bridge.sync(ada.name)
    assert ada.members(href) == before


def test_a_listing_that_ends_in_the_middle_deletes_nothing(sim, bridge):
    """The second page never comes: what stands on it was not met, and is not gone."""
    for number in range(5):
        sim.add_event(ADA, f"Event {number}", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    before = ada.members(href)
    first = json.loads(short_listing(sim, {"Event 1", "Event 2", "Event 3"}))
    first["data"].update(has_more=True, page_token="more", sync_token=None)
    sim.tokens(sync="expire")
    sim.fault(method="GET", path="*/events", nth=2, body=json.dumps(first), status=200)
    sim.fault(method="GET", path="*/events", nth=2, code=190003, status=500, count=-1)
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert ada.members(href) == before
    sim.clear_faults()
    bridge.sync(ada.name)
    assert ada.members(href) == before


def test_each_deletion_is_told_once_and_what_comes_back_is_new(sim, bridge):
    ids = [sim.add_event(ADA, f"Event {number}", (SOON, SOON + HOUR))["event_id"]
           for number in range(4)]
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    names = {number: member for number in range(4) for member in ada.members(href)
             if f"SUMMARY:Event {number}\r" in ada.get(member)}
    _, _, token, _ = ada.sync_collection(href)
    sim.edit(ADA, "event_delete", event_id=ids[0])
    bridge.sync(ada.name)
    token = answers_once(ada, href, token, [], [names[0]])
    sim.edit(ADA, "event_delete", event_id=ids[1])
    sim.tokens(sync="expire")
    bridge.sync(ada.name)
    token = answers_once(ada, href, token, [], [names[1]])
    assert ada.delete(names[2]).status_code == 204
    bridge.sync(ada.name)
    token = answers_once(ada, href, token, [], [names[2]])
    # A client puts its own under a name that was there.
    assert ada.put(names[0], event("again@example.com", summary="Again")).status_code == 201
    bridge.sync(ada.name)
    answers_once(ada, href, token, [names[0]], [])


def test_an_event_that_a_get_denies_while_the_list_has_it_stays(sim, bridge):
    meeting = sim.add_event(ADA, "Meeting", (SOON, SOON + HOUR),
                            attendees=[{"user": ADA}, {"user": BOB}])
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    sim.edit(ADA, "event_patch", event_id=meeting["event_id"], event={"summary": "Changed"})
    sim.fault(method="GET", path="*/events/*", code=193001, status=404, count=-1)
    bridge.sync(ada.name)
    sim.clear_faults()
    assert set(texts(ada)) == {"Changed"}
    bridge.run("sync", "--full", ada.name)
    assert len(ada.members(href)) == 1


def test_a_participant_who_is_uninvited_loses_the_event_and_a_new_invitation_brings_it_back(
        sim, bridge):
    meeting = sim.add_event(BOB, "Meeting", (SOON, SOON + HOUR),
                            attendees=[{"user": BOB}, {"user": ADA}])
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    member, = ada.members(href)
    _, _, token, _ = ada.sync_collection(href)
    ids = [a["attendee_id"] for a in sim.event("Meeting")["attendees"] if a.get("user_id") == ADA]
    sim.edit(BOB, "attendees_remove", event_id=meeting["event_id"], attendee_ids=ids)
    bridge.sync(ada.name)
    token = answers_once(ada, href, token, [], [member])
    sim.edit(BOB, "attendees_add", event_id=meeting["event_id"], attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    answers_once(ada, href, token, [member], [])
    assert len(responses(ada.report(href, "c:calendar-query",
                                    "<d:prop><d:getetag/></d:prop><c:filter>"
                                    "<c:comp-filter name=\"VCALENDAR\"/></c:filter>"))) == 1
