"""The calendar home is synchronised like a calendar (RFC 6578): which calendars came, changed and went, seen
by a client that holds a copy, while both sides edit the list."""

import random
import re

import pytest

from bridge import event, precondition, responses, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON, FeishuSim
from pulled import shared
from stage import Stage, has_hooks

NAMES = ('<d:displayname/><d:getetag/><a:calendar-color xmlns:a="http://apple.com/ns/ical/"/>')
COLOR = "{http://apple.com/ns/ical/}calendar-color"


class Copy:
    """What a client holds of the home, by sync-collection alone."""

    def __init__(self, client, level, limit=None):
        self.client, self.level, self.limit = client, level, limit
        self.token, self.held, self.fresh_starts = "", {}, 0

    def ask(self):
        inner = f"<d:sync-token>{self.token}</d:sync-token><d:sync-level>{self.level}</d:sync-level>"
        if self.limit:
            inner += f"<d:limit><d:nresults>{self.limit}</d:nresults></d:limit>"
        return self.client.report(self.client.home(), "d:sync-collection",
                                  f"{inner}<d:prop>{NAMES}</d:prop>", 0)

    def look(self):
        """Returns (told, gone): what the server said was there, and was not any more."""
        told, gone, more = {}, [], True
        while more:
            answer, more = self.ask(), False
            if answer.status_code != 207:
                assert precondition(answer) == "{DAV:}valid-sync-token", answer.text
                self.token, self.held = "", {}
                self.fresh_starts += 1
                answer = self.ask()
            for one in responses(answer):
                if one.status == 507:
                    more = True
                elif one.status == 404:
                    assert not one.props and one.href not in gone
                    gone.append(one.href)
                    self.held = {href: props for href, props in self.held.items()
                                 if not (href.startswith(one.href) and one.href.endswith("/"))
                                 and href != one.href}
                else:
                    self.held[one.href] = told[one.href] = one.props
            self.token = re.search(r"<D:sync-token>(.*)</D:sync-token>", answer.text)[1]
        return told, gone

    def check(self):
        """It holds what a client that reads everything anew would."""
        expected = {href: None for href in self.client.calendars().values()}
        if self.level == "infinite":
            for href in list(expected):
                expected.update(self.client.members(href))
        etags = {href: props.get("{DAV:}getetag") for href, props in self.held.items()}
        assert {href: None if etag is None else etag.text for href, etag in etags.items()} == expected
        names = {props["{DAV:}displayname"].text for href, props in self.held.items()
                 if href.endswith("/")}
        assert names == set(self.client.calendars())


def unsubscribe(sim, who, calendar_id):
    sim.edit(who, "unsubscribe", calendar_id=calendar_id)


@pytest.mark.parametrize("level,limit", [("1", None), ("infinite", None), ("infinite", 1)])
def test_each_change_of_the_list_in_feishu_is_told_once(sim, bridge, level, limit):
    lasting = shared(sim, "Lasting", permissions="private")
    sim.add_event(BOB, "In it", (SOON, SOON + HOUR), calendar_id=lasting)
    ada = bridge.sign_in(ADA)
    copy = Copy(ada, level, limit)
    copy.look()
    copy.check()
    hrefs = {name: href for name, href in ada.calendars().items()}

    team = shared(sim, "Team", permissions="private")  # a calendar appears, with an event in it
    sim.add_event(BOB, "Inside", (SOON, SOON + HOUR), calendar_id=team)
    bridge.sync(ada.name)
    told, gone = copy.look()
    there = ada.calendars()["Team"]
    inside = set(ada.members(there)) if level == "infinite" else set()
    assert set(told) == {there} | inside and gone == []
    assert told[there]["{DAV:}displayname"].text == "Team"
    copy.check()

    # Renamed, and coloured, in Feishu: the calendar alone is told, with what it is now.
    sim.edit(BOB, "calendar_patch", calendar_id=team, calendar={"summary": "Crew"})
    bridge.sync(ada.name)
    told, gone = copy.look()
    assert set(told) == {there} and gone == []
    assert told[there]["{DAV:}displayname"].text == "Crew"
    sim.data(ADA, "PATCH", f"/{team}", {"color": -65536})
    bridge.sync(ada.name)
    told, gone = copy.look()
    assert set(told) == {there} and gone == [] and told[there][COLOR].text.startswith("#FF0000")

    # No longer hers, and one that she does not want any more: each is one tombstone.
    sim.share(BOB, team, ADA)
    unsubscribe(sim, ADA, lasting)
    bridge.sync(ada.name)
    told, gone = copy.look()
    assert told == {} and sorted(gone) == sorted([there, hrefs["Lasting"]])
    copy.check()
    assert copy.look() == ({}, [])
    assert copy.fresh_starts == 0

    # The same calendar at its old place: at level 1 it is told, deeper the client starts over,
    # because it could take events of before for those of now.
    sim.share(BOB, team, ADA, "writer")
    bridge.sync(ada.name)
    told, gone = copy.look()
    assert there in told and gone == []
    copy.check()
    assert copy.fresh_starts == 0, "it had seen the calendar go"
    token = copy.token
    sim.share(BOB, team, ADA)
    bridge.sync(ada.name)
    sim.share(BOB, team, ADA, "writer")
    bridge.sync(ada.name)
    assert copy.token == token
    copy.look()
    copy.check()
    assert copy.fresh_starts == (level == "infinite")


class Crowd:
    """Calendars that both sides make, name, fill, share and take away, at random."""

    def __init__(self, sim, bridge, seed):
        self.sim, self.bridge, self.random = sim, bridge, random.Random(seed)
        self.ada = bridge.sign_in(ADA)
        self.number, self.theirs, self.mine = 0, {}, []

    def name(self):
        self.number += 1
        return f"Name {self.number}"

    def they_make(self):
        team = shared(self.sim, self.name(), permissions="private")
        self.theirs[team] = True

    def they_share_or_not(self):
        team = self.random.choice(list(self.theirs))
        self.theirs[team] = not self.theirs[team]
        self.sim.share(BOB, team, ADA, "writer" if self.theirs[team] else None)

    def they_rename(self):
        self.sim.edit(BOB, "calendar_patch", calendar_id=self.random.choice(list(self.theirs)),
                      calendar={"summary": self.name()})

    def they_fill(self):
        self.sim.add_event(BOB, self.name(), (SOON, SOON + HOUR),
                           calendar_id=self.random.choice(list(self.theirs)))

    def they_remove(self):
        team = self.random.choice(list(self.theirs))
        del self.theirs[team]
        self.sim.edit(BOB, "calendar_delete", calendar_id=team)

    def i_make(self):
        href = f"{self.ada.home()}own-{self.random.randrange(4)}/"
        made = href not in self.mine
        inner = f"<d:set><d:prop><d:displayname>{self.name()}</d:displayname></d:prop></d:set>"
        answer = self.ada.xml("MKCALENDAR", href, "c:mkcalendar", inner)
        assert answer.status_code == (201 if made else 405), answer.text
        self.mine = sorted({href, *self.mine})

    def i_fill(self):
        href = f"{self.random.choice(self.mine)}{self.random.randrange(3)}.ics"
        uid = href.replace("/", "-")
        assert self.ada.put(href, event(uid, summary=self.name())).status_code in (201, 204)

    def i_remove(self):
        href = self.mine.pop(self.random.randrange(len(self.mine)))
        assert self.ada.delete(href).status_code == 204

    def step(self):
        edits = [self.they_make, self.i_make]
        edits += [self.they_share_or_not, self.they_rename, self.they_fill, self.they_fill,
                  self.they_remove] if self.theirs else []
        edits += [self.i_fill, self.i_fill, self.i_remove] if self.mine else []
        self.random.choice(edits)()


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_copies_of_the_home_are_right_after_any_edits_of_the_list(sim, bridge, seed):
    sim.switch(rate_limit="off")
    crowd = Crowd(sim, bridge, seed)
    copies = [Copy(crowd.ada, "1"), Copy(crowd.ada, "1", 1), Copy(crowd.ada, "infinite"),
              Copy(crowd.ada, "infinite", 2)]
    for _ in range(12):
        for _ in range(crowd.random.randrange(1, 4)):
            crowd.step()
        bridge.sync(crowd.ada.name)
        for copy in copies:
            if crowd.random.random() < 0.7:
                copy.look()
                copy.check()
    for copy in copies:
        copy.look()
        copy.check()
    assert [copy.fresh_starts for copy in copies[:2]] == [0, 0]


def test_what_one_client_does_to_the_list_another_one_is_told(sim, bridge):
    ada = bridge.sign_in(ADA)
    flat, deep = Copy(ada, "1"), Copy(ada, "infinite")
    there = ada.home() + "made-here/"

    def both():
        answers = flat.look(), deep.look()
        flat.check()
        deep.check()
        return answers
    both()
    since = sim.last_call()
    assert ada.xml("MKCALENDAR", there, "c:mkcalendar",
                   "<d:set><d:prop><d:displayname>Made here</d:displayname></d:prop></d:set>"
                   ).status_code == 201
    assert ada.put(there + "one.ics", event("one@made")).status_code == 201
    (told, gone), (deep_told, deep_gone) = both()
    assert set(told) == {there} and set(deep_told) == {there, there + "one.ics"}
    assert gone == [] and deep_gone == []
    answer = ada.xml("PROPPATCH", there, "d:propertyupdate",
                     "<d:set><d:prop><d:displayname>Other</d:displayname></d:prop></d:set>")
    assert answer.status_code == 207
    (told, _), (deep_told, _) = both()
    assert set(told) == set(deep_told) == {there}
    assert told[there]["{DAV:}displayname"].text == "Other"
    assert ada.delete(there).status_code == 204
    assert both() == (({}, [there]), ({}, [there]))
    written = [(call["method"], call["status"]) for call in sim.calls(since, path="/calendars")
               if call["method"] in ("POST", "PATCH", "DELETE") and "/events" not in call["path"]]
    assert written == [("POST", 200), ("PATCH", 200), ("DELETE", 200)]
    sim.clear_calls()
    assert both() == (({}, []), ({}, []))
    assert sim.calls() == [], "what clients read costs no call"
    assert flat.fresh_starts == deep.fresh_starts == 0


def test_another_sign_in_costs_no_client_a_fresh_start_and_another_account_does(sim, bridge):
    ada = bridge.sign_in(ADA)
    copy = Copy(ada, "infinite")
    copy.look()
    copy.client = bridge.sign_in(ADA)
    assert copy.look() == ({}, []) and copy.fresh_starts == 0
    bridge.run("user", "remove", ada.name)
    copy.client = bridge.sign_in(ADA)
    copy.look()
    copy.check()
    assert copy.fresh_starts == 1


def test_what_is_known_of_the_home_outlives_a_restart(sim, bridge):
    team = shared(sim, "Team", permissions="private")
    ada = bridge.sign_in(ADA)
    copy = Copy(ada, "1")
    copy.look()
    there = ada.calendars()["Team"]
    sim.share(BOB, team, ADA)
    bridge.sync(ada.name)
    bridge.stop()
    bridge.start()
    assert copy.look() == ({}, [there])
    assert copy.fresh_starts == 0


@pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")
def test_a_token_of_the_home_that_is_too_old_is_refused_and_a_younger_one_is_not():
    with FeishuSim() as sim, Stage(sim) as stage:
        ada = stage.ada

        def come(name):
            href = ada.home() + name + "/"
            assert ada.xml("MKCALENDAR", href, "c:mkcalendar", "").status_code == 201
            return href

        def live(days):
            """Short steps, or what she granted ends."""
            for _ in range(0, days, 6):
                stage.clock.advance(6 * DAY)
                stage.bridge.sync(ada.name)
        old, young = Copy(ada, "1"), Copy(ada, "1")
        first, second = come("first"), come("second")
        old.look()
        assert ada.delete(first).status_code == 204
        young.look()
        live(60)
        assert ada.delete(second).status_code == 204
        live(36)  # 96 and 36 days ago

        def floor():
            return stage.rows("SELECT count(*) FROM calendar_tombstones")[0][0] == 1
        wait_until(floor, "the housekeeping of tombstones")
        assert young.look() == ({}, [second])
        assert young.fresh_starts == 0
        old.look()
        assert old.fresh_starts == 1
        old.check()
