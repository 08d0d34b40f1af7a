"""Four hundred days, and a week by the hour, in seconds: access tokens, refresh tokens and the grant end,
sync tokens of both sides expire, subscriptions are renewed, tombstones and sign-ins under way are
forgotten, the bridge is killed now and then, and all the while both sides are edited. At the end bridge,
store, simulator and the clients' own copies are equal: nothing lost, doubled or resurrected, and nobody was
told twice.

Needs a build with --enable-test-hooks."""

import collections
import random
import signal
import time

import pytest
import requests

from bridge import event, precondition, responses, wait_until
from feishu_sim import ADA, BOB, DAY, HOUR, SOON, FeishuSim
from stage import Stage, check_equal, has_hooks, patient
from writing import INVITE_BOB, ORGANIZER

pytestmark = pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")
GRANT = 365 * DAY


class Copy:
    """A client's own copy of a calendar, kept by sync-collection as RFC 6578 says."""

    def __init__(self, client, href):
        self.client, self.href = client, href
        self.token, self.etags, self.fresh_starts = "", {}, 0

    def ask(self):
        inner = (f"<d:sync-token>{self.token}</d:sync-token><d:sync-level>1</d:sync-level>"
                 "<d:prop><d:getetag/></d:prop>")
        return self.client.report(self.href, "d:sync-collection", inner, 0)

    def update(self):
        answer = self.ask()
        if answer.status_code != 207:
            assert precondition(answer) == "{DAV:}valid-sync-token", answer.text
            self.token, self.etags = "", {}
            self.fresh_starts += 1
            answer = self.ask()
        for one in responses(answer):
            if one.status == 404:
                self.etags.pop(one.href, None)
            else:
                self.etags[one.href] = one.props["{DAV:}getetag"].text
        self.token = answer.text.split("sync-token>")[-2].split("<")[0]

    def check(self):
        self.update()
        assert self.etags == self.client.members(self.href)


class Life:
    """Both sides edit, each their own events, and each edit is counted."""

    def __init__(self, sim, stage, seed):
        self.sim, self.stage, self.random = sim, stage, random.Random(seed)
        self.number = 0
        self.mine = {}    # name -> whether Bob is invited; made by the client
        self.theirs = []  # event ids; made in Feishu
        self.expected = collections.Counter()  # (kind, event id) -> how often Bob is told
        self.page = None

    def title(self):
        self.number += 1
        return f"Event {self.number}"

    def href(self, number):
        return f"{self.stage.href}{number}.ics"

    def event_id(self, number):
        found = [e for e in self.sim.events(deleted=True) if f"#{number}#" in e["description"]]
        assert len(found) == 1, (number, [e["summary"] for e in found])
        return found[0]["event_id"]

    def text(self, number, invites):
        # In years to come: of what is over nobody is told.
        return event(f"{number}@example.com", start="20310107T100000", end="20310107T110000",
                     summary=self.title(), extra=f"DESCRIPTION:#{number}#\n" + (INVITE_BOB if invites else ORGANIZER))

    def put(self, number, invites):
        text = self.text(number, invites)
        answer = patient(lambda: self.stage.ada.put(self.href(number), text))
        assert answer.status_code in (201, 204), answer.text

    def client_create(self):
        number, invites = self.number, self.random.random() < 0.5
        self.put(number, invites)
        self.mine[number] = invites
        if invites:
            self.expected["invite", self.event_id(number)] += 1

    def client_change(self):
        if self.mine:
            number = self.random.choice(sorted(self.mine))
            self.put(number, self.mine[number])
            if self.mine[number]:
                self.expected["update", self.event_id(number)] += 1

    def client_delete(self):
        if self.mine:
            number = self.random.choice(sorted(self.mine))
            event_id = self.event_id(number)
            answer = patient(lambda: self.stage.ada.delete(self.href(number)))
            assert answer.status_code == 204, answer.text
            if self.mine.pop(number):
                self.expected["cancel", event_id] += 1

    def feishu_create(self):
        start = SOON + 4 * GRANT + self.random.randrange(300) * HOUR
        fields = self.random.choice([{}, {"recurrence": "FREQ=WEEKLY;COUNT=8"}])
        made = self.sim.add_event(ADA, self.title(), (start, start + HOUR), **fields)
        self.theirs.append(made["event_id"])

    def feishu_change(self):
        if self.theirs:
            self.sim.edit(ADA, "event_patch", event_id=self.random.choice(self.theirs),
                          event={"summary": self.title()})

    def feishu_delete(self):
        if self.theirs:
            event_id = self.theirs.pop(self.random.randrange(len(self.theirs)))
            self.sim.edit(ADA, "event_delete", event_id=event_id)

    def feishu_answer(self):
        for number, invites in self.mine.items():
            if invites:
                self.sim.edit(BOB, "rsvp", event_id=self.event_id(number),
                              rsvp_status=self.random.choice(["accept", "decline", "tentative"]))
                return

    def a_sign_in_nobody_finishes(self):
        requests.get(self.stage.bridge.url + "/login", allow_redirects=False, timeout=10)

    def sync_tokens_end(self):
        self.sim.tokens(sync="expire")

    def a_crash(self):
        self.stage.bridge.stop(signal.SIGKILL)
        self.stage.rise()

    STEPS = [client_create, client_create, client_change, client_delete, feishu_create,
             feishu_create, feishu_change, feishu_delete, feishu_answer]
    TROUBLE = [a_sign_in_nobody_finishes, a_sign_in_nobody_finishes, sync_tokens_end, a_crash]

    def live(self, steps):
        for _ in range(steps):
            self.random.choice(self.STEPS)(self)
        if self.random.random() < 0.3:
            self.random.choice(self.TROUBLE)(self)

    def nobody_was_told_twice(self):
        told = collections.Counter()
        for one in self.sim.notifications():
            if BOB in one["to"] and one["by"] == ADA:
                told[one["kind"], one["event_id"]] += 1
        assert told == self.expected

    def nothing_is_lost_or_back(self):
        titles = [e["summary"] for e in self.sim.events(self.sim.primary(ADA))]
        assert len(titles) == len(set(titles)) == len(self.mine) + len(self.theirs)


def sync(stage):
    stage.bridge.run("sync", stage.ada.name)


def house_was_kept(stage):
    """Deletions that are 90 days old are forgotten; how soon after is a matter of moments."""
    def too_old():
        before_s = int(time.time() + stage.clock.shift_ms / 1000) - 90 * DAY
        return stage.rows(f"SELECT name FROM tombstones WHERE removed_s < {before_s}")
    wait_until(lambda: not too_old(), "the end of old tombstones")


def state_of(stage):
    return stage.bridge.users()[ADA]["state"]


# No step ends just when a deletion is 90 days old, which one second more or less decides about.
@pytest.mark.parametrize("days, step_s", [(400, 5 * DAY + HOUR), (7, 3 * HOUR)],
                         ids=["400 days", "a week by the hour"])
def test_a_long_time_with_everything_that_ends(days, step_s):
    with FeishuSim() as sim, Stage(sim, {"sync.events": "long-connection",
                                         "feishu.rate-per-minute": "100000"}) as stage:
        sim.switch(rate_limit="off")
        life = Life(sim, stage, days)
        daily, rare = Copy(stage.ada, stage.href), Copy(stage.ada, stage.href)
        rare.update()
        since, signed_in, ended = 0, 0, False
        for turn in range(int(days * DAY / step_s)):
            stage.clock.advance(step_s)
            since += step_s
            if since - signed_in >= GRANT:  # nobody heeded what was told for a month
                assert not ended
                ended = True
                assert stage.bridge.run("sync", stage.ada.name, check=False).returncode == 1
                assert state_of(stage) == "sign-in needed"
                assert stage.ada.members(stage.href)
                stage.bridge.authorize(ADA)
                signed_in = since
            sync(stage)
            life.live(3)
            daily.client = rare.client = stage.ada
            daily.update()
            if turn % 20 == 19:
                house_was_kept(stage)
                stage.settle()
                daily.check()
                rare.check()
        stage.settle()
        daily.check()
        rare.check()
        life.nothing_is_lost_or_back()
        life.nobody_was_told_twice()
        assert state_of(stage) == "ok"
        assert ended == (days > 365)
        # Who asks after a hundred days is told to begin anew where deletions were forgotten since;
        # who asks every few days never is.
        assert daily.fresh_starts == 0
        assert (rare.fresh_starts > 0) == (days > 100)
        # A full read says the same once more, and costs the clients nothing.
        before = stage.ada.members(stage.href), stage.ada.ctag(stage.href)
        stage.bridge.run("sync", "--full", stage.ada.name)
        assert (stage.ada.members(stage.href), stage.ada.ctag(stage.href)) == before
        # What keeps the house has kept it.
        stage.clock.advance(2 * DAY)
        now_s = sim.clock()["now"]
        wait_until(lambda: not stage.rows("SELECT state FROM logins"), "the sign-ins forgotten")
        wait_until(lambda: not stage.rows("SELECT 1 FROM tombstones WHERE removed_s < ?",
                                          now_s - 91 * DAY), "the tombstones forgotten")
        wait_until(lambda: not stage.rows("SELECT 1 FROM unanswered"), "nothing unanswered")
        wait_until(lambda: not stage.rows(
            "SELECT kind FROM subscriptions WHERE made_s = 0 OR due_s < ?", now_s),
            "the subscriptions renewed", 40)
        check_equal(stage)
