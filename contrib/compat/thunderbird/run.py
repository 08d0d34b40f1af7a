#!/usr/bin/env python3
"""Thunderbird (Debian packages thunderbird and xvfb): finds the calendars as its New Calendar window
does, and creates, edits, moves, repeats, excepts and deletes events on its own calendar interface.
Each step looks at what Thunderbird shows and at what the server holds for another client."""

import pathlib
import sys
import urllib.parse

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import discover  # noqa: E402
from client import Thunderbird  # noqa: E402
from judge import Judge, expect  # noqa: E402

CALENDAR = "compat-thunderbird"
OTHER = "compat-thunderbird-2"
FROM, UNTIL = "20270101T000000Z", "20270201T000000Z"
MKCALENDAR = """<?xml version="1.0"?>
<C:mkcalendar xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><set><prop>
<displayname>{name}</displayname></prop></set></C:mkcalendar>"""


def event(uid, *lines):
    """What Thunderbird's event window makes."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT",
                        f"UID:compat-thunderbird-{uid}", "DTSTAMP:20261101T000000Z", *lines,
                        "END:VEVENT", "END:VCALENDAR", ""])


def at(day, hour):
    """One hour in January 2027, Shanghai time."""
    return (f"DTSTART;TZID=Asia/Shanghai:202701{day:02}T{hour:02}0000",
            f"DTEND;TZID=Asia/Shanghai:202701{day:02}T{hour + 1:02}0000")


class Tests:
    """The steps, in their order; later ones use what earlier ones made."""

    def __init__(self, judge, thunderbird):
        self.judge, self.tb = judge, thunderbird
        self.http = discover.session(judge.user, judge.password)
        self.root = urllib.parse.urljoin(judge.url, "/")
        self.home = discover.home(self.http, judge.url)
        self.url = self.id = self.other = None
        self.offered = []

    # ---- the server, as another client sees it

    def objects(self, url=None):
        """{href: text}"""
        found = {}
        for href, properties in discover.propfind(self.http, url or self.url, 1,
                                                  discover.DAV + "getetag"):
            if discover.DAV + "getetag" in properties and not href.endswith("/"):
                answer = self.http.get(href)
                answer.raise_for_status()
                found[href] = answer.content.decode().replace("\r\n ", "")
        return found

    def object(self, uid):
        """(href, text) of one object."""
        found = [item for item in self.objects().items() if f"compat-thunderbird-{uid}" in item[1]]
        assert len(found) == 1, f"{len(found)} objects with that UID"
        return found[0]

    def has(self, uid, *parts):
        """The server's text has these parts."""
        text = self.object(uid)[1]
        for part in parts:
            assert part in text, f"no {part!r} in {text}"

    def item(self, uid):
        """What Thunderbird shows of one object."""
        found = [item for item in self.tb.items(self.id)
                 if item["id"] == f"compat-thunderbird-{uid}"]
        assert len(found) == 1, f"{len(found)} items"
        return found[0]

    def shown(self, *titles):
        """Sorted (start, title) of January with one of the titles."""
        return sorted(tuple(one) for one in self.tb.occurrences(self.id, FROM, UNTIL)
                      if one[1] in titles)

    def make(self, name):
        """A calendar made over HTTP: Thunderbird has no way to make one."""
        url = self.home.rstrip("/") + f"/{name}/"
        self.http.delete(url)
        answer = self.http.request("MKCALENDAR", url, data=MKCALENDAR.format(name=name).encode(),
                                   headers={"Content-Type": "application/xml"})
        assert answer.status_code == 201, answer.status_code
        for href, shown in discover.calendars(self.http, self.judge.url).items():
            if shown == name:
                return href
        raise AssertionError("made, but not in the home")

    def settled(self):
        """No calendar has complained or was switched off."""
        state = self.tb.state(self.id)
        expect((state["disabled"], state["errors"]), (False, []))

    # ---- the steps

    def password(self):
        """Stored under the realm that the server names."""
        answer = self.http.request("PROPFIND", self.judge.url, auth=lambda request: request)
        expect(answer.status_code, 401)
        realm = answer.headers["WWW-Authenticate"].split('realm="')[1].split('"')[0]
        self.tb.savePassword(self.root.rstrip("/"), realm, self.judge.user, self.judge.password)

    def detect(self):
        """New Calendar with nothing but the server's address: every calendar, and no bogus one."""
        self.url = self.make(CALENDAR)
        self.offered = self.tb.detect(self.judge.user, self.judge.password, self.root)
        offered = {one["uri"]: one["name"] for one in self.offered if one["type"] == "caldav"}
        expect(sorted(offered.values()),
               sorted(discover.calendars(self.http, self.judge.url).values()))
        expect([one for one in self.offered if one["type"] != "caldav"], [])
        self.id = [one["id"] for one in self.offered if one["name"] == CALENDAR][0]

    def load_all(self):
        """Each calendar is loaded, shows what the server has, and reports no error."""
        for one in self.offered:
            wanted = len(self.objects(one["uri"]))
            self.tb.wait_loaded(one["id"])
            self.tb.wait_items(one["id"], lambda items, n=wanted: len(items) == n,
                               f"{wanted} items in {one['name']}", 60)
            expect(self.tb.state(one["id"])["errors"], [])

    def capabilities(self):
        """It found sync-collection and server-side scheduling, and may write."""
        state = self.tb.state(self.id)
        expect((state["webdavSync"], state["scheduling"], state["readOnly"]), (True, True, False))

    def create(self):
        self.tb.add(self.id, event(
            "single", *at(4, 10), "SUMMARY:Planning", "LOCATION:Room 1",
            "DESCRIPTION:first\\nsecond", "BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:x",
            "TRIGGER:-PT15M", "END:VALARM"))
        self.has("single", "SUMMARY:Planning", "LOCATION:Room 1", "20270104T100000", "-PT15M")
        self.tb.refresh(self.id)
        item = self.item("single")
        expect((item["title"], item["start"], item["description"], item["alarms"]),
               ("Planning", "20270104T020000Z", "first\nsecond", ["-PT15M"]))

    def create_all_day(self):
        self.tb.add(self.id, event("allday", "DTSTART;VALUE=DATE:20270111",
                                   "DTEND;VALUE=DATE:20270114", "SUMMARY:Journey"))
        self.has("allday", "DTSTART;VALUE=DATE:20270111", "DTEND;VALUE=DATE:20270114")
        expect(self.item("allday")["end"], "20270114")

    def edit(self):
        self.tb.modify(self.id, "compat-thunderbird-single",
                       {"title": "Planning, edited", "DESCRIPTION": "third"})
        self.has("single", "SUMMARY:Planning\\, edited", "DESCRIPTION:third", "LOCATION:Room 1")
        expect(self.item("single")["title"], "Planning, edited")

    def move(self):
        self.tb.modify(self.id, "compat-thunderbird-single",
                       {"start": "20270105T060000Z", "end": "20270105T070000Z"})
        self.has("single", "20270105T140000")
        expect(self.shown("Planning, edited"), [("20270105T060000Z", "Planning, edited")])

    def edit_twice(self):
        """Two edits in a row: the ETag of the first one must be known to the second."""
        for title in ("Planning once", "Planning twice"):
            self.tb.modify(self.id, "compat-thunderbird-single", {"title": title})
        self.has("single", "SUMMARY:Planning twice")

    def repeat(self):
        self.tb.add(self.id, event("series", *at(4, 9), "SUMMARY:Standup",
                                   "RRULE:FREQ=WEEKLY;COUNT=4"))
        self.has("series", "RRULE:")
        expect(self.shown("Standup"),
               [(f"202701{day:02}T010000Z", "Standup") for day in (4, 11, 18, 25)])

    def except_one(self):
        self.tb.modifyOccurrence(
            self.id, "compat-thunderbird-series", "20270111T010000Z",
            {"title": "Standup late", "start": "20270111T080000Z", "end": "20270111T090000Z"})
        self.has("series", "RECURRENCE-ID", "SUMMARY:Standup late", "20270111T160000")
        expect(self.shown("Standup", "Standup late"),
               [("20270104T010000Z", "Standup"), ("20270111T080000Z", "Standup late"),
                ("20270118T010000Z", "Standup"), ("20270125T010000Z", "Standup")])

    def delete_one(self):
        self.tb.removeOccurrence(self.id, "compat-thunderbird-series", "20270118T010000Z")
        self.has("series", "EXDATE")
        expect(self.shown("Standup", "Standup late"),
               [("20270104T010000Z", "Standup"), ("20270111T080000Z", "Standup late"),
                ("20270125T010000Z", "Standup")])

    def dismiss_alarm(self):
        """Stored in the event as X-MOZ-LASTACK, and kept."""
        self.tb.modify(self.id, "compat-thunderbird-single", {"lastAck": "20270105T055000Z"})
        self.has("single", "X-MOZ-LASTACK:20270105T055000Z")
        self.tb.refresh(self.id)
        expect(self.item("single")["lastAck"], "20270105T055000Z")

    def see_a_change(self):
        """Another client edits: a refresh shows it."""
        href, text = self.object("single")
        self.http.put(href, data=text.replace("Planning twice", "Planning by another").encode(),
                      headers={"Content-Type": "text/calendar; charset=utf-8"}).raise_for_status()
        self.tb.wait_items(
            self.id, lambda items: "Planning by another" in [one["title"] for one in items],
            "the edit of another client")

    def see_a_new_event(self):
        """Another client creates."""
        self.http.put(self.url + "compat-thunderbird-new.ics",
                      data=event("new", *at(20, 9), "SUMMARY:By another").replace(
                          "VERSION:2.0", "VERSION:2.0\r\nPRODID:-//compat//EN").encode(),
                      headers={"Content-Type": "text/calendar"}).raise_for_status()
        self.tb.wait_items(self.id, lambda items: len(items) == 4, "the new event")

    def see_a_deletion(self):
        """Another client deletes."""
        self.http.delete(self.object("new")[0]).raise_for_status()
        self.tb.wait_items(self.id, lambda items: len(items) == 3, "the deletion")

    def another_calendar(self):
        """An event dragged from one calendar into another."""
        url = self.make(OTHER)
        self.other = self.tb.subscribe(url, OTHER, self.judge.user)
        self.tb.wait_loaded(self.other)
        expect(self.tb.items(self.other), [])
        self.tb.transfer(self.id, self.other, "compat-thunderbird-allday")
        expect([one["title"] for one in self.tb.items(self.other)], ["Journey"])
        expect(len(self.objects(url)), 1)
        expect([href for href, text in self.objects().items() if "Journey" in text], [])

    def reload(self):
        """Everything forgotten and loaded anew looks the same."""
        before = sorted(self.tb.items(self.id), key=lambda item: item["id"])
        self.tb.unsubscribe(self.id)
        self.id = self.tb.subscribe(self.url, CALENDAR, self.judge.user)
        self.tb.wait_items(self.id, lambda items: len(items) == len(before), "the items again")
        after = sorted(self.tb.items(self.id), key=lambda item: item["id"])
        for old, new in zip(before, after):
            expect({**new, "rules": None}, {**old, "rules": None})

    def delete(self):
        self.tb.remove(self.id, "compat-thunderbird-single")
        expect([text for text in self.objects().values() if "Planning" in text], [])

    def no_complaints(self):
        """All along, no calendar reported an error or was disabled."""
        self.settled()

    def clean(self):
        """Takes the calendars away again."""
        for name in (CALENDAR, OTHER):
            for href, shown in discover.calendars(self.http, self.judge.url).items():
                if shown == name:
                    self.http.delete(href).raise_for_status()


STEPS = ["password", "detect", "load_all", "capabilities", "create", "create_all_day", "edit",
         "move", "edit_twice", "repeat", "except_one", "delete_one", "dismiss_alarm",
         "see_a_change", "see_a_new_event", "see_a_deletion", "another_calendar", "reload",
         "delete", "no_complaints"]


def main():
    judge = Judge("thunderbird")
    with Thunderbird() as thunderbird:
        print(thunderbird.version())
        tests = Tests(judge, thunderbird)
        judge.play(tests, STEPS, "clean")


if __name__ == "__main__":
    main()
