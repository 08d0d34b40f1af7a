"""Both sides at random, many times; at rest they are the same, and reading everything anew finds
nothing to change."""

import random

import pytest

from bridge import Bridge, event, wait_until
from feishu_sim import ADA, BOB, DAY, SOON, FeishuSim

STEPS = 50


class Storm:
    def __init__(self, sim, bridge, seed):
        self.sim, self.bridge, self.random = sim, bridge, random.Random(seed)
        self.ada = bridge.sign_in(ADA)
        self.href = self.ada.calendars()["Ada"]
        self.number = 0

    def title(self):
        self.number += 1
        return f"Event {self.number}"

    def mine(self):
        """Living events of Ada's on the Feishu side."""
        return [e for e in self.sim.events() if e["status"] != "cancelled"
                and e["event_organizer"]["user_id"] == ADA]

    # ---- as in the Feishu client ----

    def feishu_create(self):
        start = SOON + self.random.randrange(300) * 3600
        fields = self.random.choice([{}, {"recurrence": "FREQ=WEEKLY;COUNT=8"},
                                     {"recurrence": "FREQ=DAILY;COUNT=4"}])
        people = self.random.choice([None, [{"user": BOB}], [{"user": ADA}, {"user": BOB}]])
        self.sim.add_event(ADA, self.title(), (start, start + 3600), attendees=people, **fields)

    def feishu_days(self):
        day = self.random.randrange(10, 28)
        self.sim.add_event(ADA, self.title(), (f"2027-02-{day}", f"2027-02-{day}"))

    def feishu_invite(self):
        self.sim.add_event(BOB, self.title(), (SOON, SOON + 3600), attendees=[{"user": ADA}])

    def feishu_patch(self):
        for one in self.mine()[-1:]:
            self.sim.edit(ADA, "event_patch", event_id=one["event_id"],
                          event={"summary": self.title()})

    def occurrence(self, one, number):
        step = 7 * DAY if "WEEKLY" in one["recurrence"] else DAY
        return one["event_id"][:-1] + str(int(one["start_time"]["timestamp"]) + number * step)

    def feishu_occurrence(self):
        series = [e for e in self.mine() if e.get("recurrence") and "timestamp" in e["start_time"]]
        if not series:
            return
        one = self.random.choice(series)
        target = self.occurrence(one, self.random.randrange(3))
        known = {e["event_id"]: e for e in one["exceptions"]}
        if known.get(target, {}).get("status") == "cancelled":
            return
        if self.random.random() < 0.5:
            self.sim.edit(ADA, "event_patch", event_id=target, event={"summary": self.title()})
        else:
            self.sim.edit(ADA, "event_delete", event_id=target)

    def feishu_delete(self):
        mine = [e for e in self.mine() if not e["exceptions"]]
        if mine:
            self.sim.edit(ADA, "event_delete",
                          event_id=self.random.choice(mine)["event_id"])

    def feishu_answer(self):
        for one in self.mine():
            if BOB in [a.get("user_id") for a in one["attendees"]]:
                self.sim.edit(BOB, "rsvp", event_id=one["event_id"],
                              rsvp_status=self.random.choice(["accept", "decline", "tentative"]))
                return

    # ---- as a CalDAV client ----

    def client_create(self):
        title = self.title()
        extra = self.random.choice(["", "RRULE:FREQ=WEEKLY;COUNT=5", "LOCATION:Here",
                                    "BEGIN:VALARM\nACTION:DISPLAY\nTRIGGER:-PT10M\n"
                                    "DESCRIPTION:x\nEND:VALARM"])
        answer = self.ada.put(f"{self.href}{self.number}.ics",
                              event(f"{self.number}@example.com", summary=title, extra=extra),
                              {"If-None-Match": "*"})
        assert answer.status_code == 201, answer.text

    def client_change(self):
        members = self.ada.members(self.href)
        texts = {href: answer.content.decode() for href in members
                 if (answer := self.ada.request("GET", href)).status_code == 200}
        if not texts:  # none, or all gone by a pull meanwhile
            return
        href = self.random.choice(sorted(texts, key=texts.get))
        text = texts[href]
        if "mailto:bob@example.com" in text and "ORGANIZER;CN=Bob" in text.replace("\r\n ", ""):
            return
        lines = text.split("\r\n")
        at = [i for i, line in enumerate(lines) if line.startswith("SUMMARY:")][0]
        lines[at] = "SUMMARY:" + self.title()
        answer = self.ada.put(href, "\r\n".join(lines), {"If-Match": members[href]})
        assert answer.status_code in (204, 412), answer.text

    def client_delete(self):
        members = self.ada.members(self.href)
        if members:
            href = self.random.choice(sorted(members))
            assert self.ada.delete(href).status_code in (204, 404)

    def pull(self):
        self.bridge.sync(self.ada.name)

    STEPS = [feishu_create, feishu_days, feishu_invite, feishu_patch, feishu_occurrence,
             feishu_delete, feishu_answer, client_create, client_create, client_change,
             client_change, client_delete, pull, pull]

    def blow(self):
        for _ in range(STEPS):
            self.random.choice(self.STEPS)(self)

    # ---- at rest ----

    def summaries(self):
        """What the client sees, and what Feishu shows Ada, as sorted lists of titles."""
        seen, there = [], []
        for href in self.ada.members(self.href):
            lines = self.ada.get(href).replace("\r\n ", "").split("\r\n")
            seen += [line[8:] for line in lines if line.startswith("SUMMARY:")]
        for one in self.sim.events(deleted=True):  # exceptions outlive their master
            rsvp = [a["rsvp_status"] for a in one["attendees"] if a.get("user_id") == ADA]
            if one["event_organizer"]["user_id"] != ADA and rsvp == ["decline"]:
                continue
            there += [] if one["is_deleted"] else [one["summary"]]
            there += [e["summary"] for e in one["exceptions"]
                      if e["status"] != "cancelled" and not e["is_deleted"]]
        return sorted(seen), sorted(there)

    def is_settled(self):
        self.pull()
        before = self.ada.members(self.href)
        self.pull()
        seen, there = self.summaries()
        return seen == there and self.ada.members(self.href) == before


@pytest.mark.parametrize("seed", range(6))
def test_after_any_storm_both_sides_are_the_same(seed):
    with FeishuSim() as sim, Bridge(sim) as bridge:
        sim.switch(rate_limit="off", write_lag_ms=[0, 300, 1000][seed % 3])
        storm = Storm(sim, bridge, seed)
        storm.blow()
        try:
            wait_until(storm.is_settled, "peace")
        except AssertionError as error:
            raise AssertionError(storm.summaries()) from error
        etags, ctag = storm.ada.members(storm.href), storm.ada.ctag(storm.href)
        bridge.run("sync", "--full", storm.ada.name)
        assert storm.ada.members(storm.href) == etags, "a full read changes nothing"
        assert storm.ada.ctag(storm.href) == ctag
