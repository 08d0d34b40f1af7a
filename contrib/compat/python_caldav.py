#!/usr/bin/env python3
"""python-caldav (Debian package python3-caldav), the client library that most scripts use:
makes a calendar and creates, finds, edits, moves, repeats, excepts and deletes events in it."""

import datetime

import caldav
from judge import Judge, expect

CALENDAR = "compat python-caldav"
ZONE = "Asia/Shanghai"
HEAD = "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//compat//python-caldav//EN\r\n"
UTC = datetime.timezone.utc


def event(uid, *lines):
    """One VEVENT without its frame."""
    return "\r\n".join(["BEGIN:VEVENT", f"UID:compat-pycaldav-{uid}", "DTSTAMP:20261101T000000Z",
                        *lines, "END:VEVENT", ""])


def calendar_text(*events):
    """A whole object."""
    return HEAD + "".join(events) + "END:VCALENDAR\r\n"


def at(day, hour):
    """DTSTART and DTEND of one hour in January 2027."""
    return (f"DTSTART;TZID={ZONE}:202701{day:02}T{hour:02}0000",
            f"DTEND;TZID={ZONE}:202701{day:02}T{hour + 1:02}0000")


def day(number):
    """Midnight UTC of a day of January 2027."""
    return datetime.datetime(2027, 1, number, tzinfo=UTC)


class Tests:
    """The steps, in their order; later ones use what earlier ones made."""

    def __init__(self, judge):
        self.judge = judge
        self.client = caldav.DAVClient(judge.url, username=judge.user, password=judge.password)
        self.client.session.trust_env = False
        self.principal = self.calendar = self.token = None

    def load(self, uid):
        """The object as the server has it now, asked by UID."""
        return self.calendar.event_by_uid(f"compat-pycaldav-{uid}")

    def starts(self, first, last, expand=False):
        """Sorted (summary, start) of a search by time."""
        found = []
        for item in self.calendar.date_search(day(first), day(last), expand=expand):
            for component in item.icalendar_instance.walk("VEVENT"):
                start = component["DTSTART"].dt
                if isinstance(start, datetime.datetime):
                    start = start.astimezone(UTC).strftime("%m-%dT%H")
                else:
                    start = start.strftime("%m-%d")
                found.append((str(component["SUMMARY"]), start))
        return sorted(found)

    def find_principal(self):
        """current-user-principal and the calendar home."""
        self.principal = self.client.principal()
        assert self.principal.calendar_home_set.url

    def list_calendars(self):
        """There is at least the primary calendar."""
        assert self.principal.calendars()

    def make_calendar(self):
        """MKCALENDAR with a name; the list shows it."""
        for old in self.principal.calendars():
            if old.name == CALENDAR:
                old.delete()
        self.calendar = self.principal.make_calendar(name=CALENDAR)
        assert CALENDAR in [one.name for one in self.principal.calendars()]

    def create(self):
        """PUT of a new event."""
        self.calendar.save_event(calendar_text(event(
            "single", *at(4, 10), "SUMMARY:Planning", "LOCATION:Room 1",
            "DESCRIPTION:first line\\nsecond line")))
        got = self.load("single").icalendar_instance.walk("VEVENT")[0]
        expect(str(got["SUMMARY"]), "Planning")
        expect(str(got["LOCATION"]), "Room 1")
        expect(str(got["DESCRIPTION"]), "first line\nsecond line")

    def create_all_day(self):
        """Three days, ends are exclusive."""
        self.calendar.save_event(calendar_text(event(
            "allday", "DTSTART;VALUE=DATE:20270111", "DTEND;VALUE=DATE:20270114",
            "SUMMARY:Journey")))
        got = self.load("allday").icalendar_instance.walk("VEVENT")[0]
        expect(got["DTSTART"].dt, datetime.date(2027, 1, 11))
        expect(got["DTEND"].dt, datetime.date(2027, 1, 14))

    def create_utc(self):
        """A time in UTC."""
        self.calendar.save_event(calendar_text(event(
            "utc", "DTSTART:20270115T010000Z", "DTEND:20270115T013000Z", "SUMMARY:Call")))
        expect(self.starts(15, 16), [("Call", "01-15T01")])

    def search_by_time(self):
        """calendar-query with a time range: inside, and outside."""
        expect(self.starts(4, 5), [("Planning", "01-04T02")])
        expect(self.starts(5, 6), [])
        expect(self.starts(12, 13), [("Journey", "01-11")])

    def edit(self):
        """PUT over an event."""
        item = self.load("single")
        item.data = item.data.replace("SUMMARY:Planning", "SUMMARY:Planning, edited")
        item.data = item.data.replace("Planning, edited", "Planning\\, edited")
        item.save()
        got = self.load("single").icalendar_instance.walk("VEVENT")[0]
        expect(str(got["SUMMARY"]), "Planning, edited")
        expect(str(got["LOCATION"]), "Room 1")

    def move(self):
        """Another time for the same event."""
        item = self.load("single")
        item.data = calendar_text(event("single", *at(5, 14), "SUMMARY:Planning\\, edited",
                                        "LOCATION:Room 1"))
        item.save()
        expect(self.starts(4, 5), [])
        expect(self.starts(5, 6), [("Planning, edited", "01-05T06")])

    def repeat(self):
        """A weekly series; expansion by the server."""
        self.calendar.save_event(calendar_text(event(
            "series", *at(4, 9), "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4")))
        found = [one for one in self.starts(1, 31, expand=True) if one[0] == "Standup"]
        expect(found, [("Standup", f"01-{number:02}T01") for number in (4, 11, 18, 25)])

    def except_one(self):
        """One occurrence at another time with another title."""
        item = self.load("series")
        item.data = calendar_text(
            event("series", *at(4, 9), "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4"),
            event("series", f"RECURRENCE-ID;TZID={ZONE}:20270111T090000", *at(11, 16),
                  "SUMMARY:Standup late"))
        item.save()
        found = [one for one in self.starts(1, 31, expand=True) if "Standup" in one[0]]
        expect(found, [("Standup", "01-04T01"), ("Standup", "01-18T01"),
                       ("Standup", "01-25T01"), ("Standup late", "01-11T08")])

    def delete_one(self):
        """One occurrence less: EXDATE."""
        item = self.load("series")
        item.data = calendar_text(
            event("series", *at(4, 9), "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4",
                  f"EXDATE;TZID={ZONE}:20270118T090000"),
            event("series", f"RECURRENCE-ID;TZID={ZONE}:20270111T090000", *at(11, 16),
                  "SUMMARY:Standup late"))
        item.save()
        found = [one for one in self.starts(1, 31, expand=True) if "Standup" in one[0]]
        expect(found, [("Standup", "01-04T01"), ("Standup", "01-25T01"),
                       ("Standup late", "01-11T08")])

    def list_events(self):
        """calendar-query without a range."""
        found = sorted(str(item.icalendar_instance.walk("VEVENT")[0]["SUMMARY"])
                       for item in self.calendar.events())
        expect(found, ["Call", "Journey", "Planning, edited", "Standup"])

    def multiget(self):
        """calendar-multiget of what a sync-collection named."""
        objects = self.calendar.objects_by_sync_token(load_objects=True)
        expect(len(list(objects)), 4)
        assert all(item.data for item in objects)
        self.token = objects

    def sync_token(self):
        """Only what changed since the token."""
        before = self.token.sync_token
        item = self.load("utc")
        item.data = item.data.replace("SUMMARY:Call", "SUMMARY:Call back")
        item.save()
        self.load("allday").delete()
        changed = self.calendar.objects_by_sync_token(sync_token=before, load_objects=False)
        expect(len(list(changed)), 2)
        assert changed.sync_token != before

    def sync_objects(self):
        """The library's own synchronisation on top of that."""
        updated, deleted = self.token.sync()
        expect((len(list(updated)), len(list(deleted))), (1, 1))

    def free_busy(self):
        """free-busy-query."""
        answer = self.calendar.freebusy_request(day(5), day(6))
        assert "20270105T060000Z" in answer.data, answer.data

    def delete(self):
        """DELETE, then it is gone."""
        self.load("utc").delete()
        try:
            self.load("utc")
        except caldav.lib.error.NotFoundError:
            return
        raise AssertionError("still there")

    def refuse_todo(self):
        """Feishu's calendars hold no tasks: refused, and not silently."""
        try:
            self.calendar.save_todo(
                HEAD + "BEGIN:VTODO\r\nUID:compat-todo\r\nDTSTAMP:20261101T000000Z\r\n"
                "SUMMARY:no\r\nEND:VTODO\r\nEND:VCALENDAR\r\n")
        except caldav.lib.error.DAVError:
            return
        raise AssertionError("accepted")

    def rename_calendar(self):
        """PROPPATCH of displayname."""
        self.calendar.set_properties([caldav.elements.dav.DisplayName(CALENDAR + " 2")])
        names = [one.name for one in self.principal.calendars()]
        assert CALENDAR + " 2" in names, names
        self.calendar.set_properties([caldav.elements.dav.DisplayName(CALENDAR)])

    def delete_calendar(self):
        """DELETE of the collection."""
        self.calendar.delete()
        assert CALENDAR not in [one.name for one in self.principal.calendars()]


STEPS = ["find_principal", "list_calendars", "make_calendar", "create", "create_all_day",
         "create_utc", "search_by_time", "edit", "move", "repeat", "except_one", "delete_one",
         "list_events", "multiget", "sync_token", "sync_objects", "free_busy", "delete",
         "refuse_todo", "rename_calendar"]


def main():
    judge = Judge("python_caldav")
    tests = Tests(judge)
    judge.play(tests, STEPS, "delete_calendar")


if __name__ == "__main__":
    main()
