"""One client edits events again and again, quickly, as people do who correct themselves: after each edit it is
served what it wrote, byte for byte, and in the end Feishu has the same occurrences, with the same people and
reminders, as somebody sees who never knew the client's texts. What an edit is, is drawn by a seed."""

import datetime
import random

import pytest

from bridge import CALDAV, UNLIMITED, Bridge, responses
from feishu_sim import ADA, BOB, DAY, HOUR, SOON

ORGANIZER = "ORGANIZER:mailto:ada@example.com"
GUESTS = [f"mailto:{one}" for one in ("bob@example.com", "eve@example.com", "stranger@example.org")]
ZONES = ["Asia/Shanghai", "America/New_York", "Europe/Berlin"]
# Around changes of the clocks.
DAYS = [datetime.date(2027, 3, 8), datetime.date(2027, 3, 24), datetime.date(2027, 10, 26)]
TEXTS = ["SUMMARY", "LOCATION", "DESCRIPTION"]
STEPS = 14
OPTIONS = UNLIMITED


def days(number):
    return datetime.timedelta(days=number)


class Said:
    """What a series, or one occurrence, says besides its times."""

    def __init__(self, lines, guests=(), alarm=None):
        self.lines, self.guests, self.alarm = dict(lines), set(guests), alarm

    def copy(self):
        return Said(self.lines, self.guests, self.alarm)

    def turn(self, name, value):
        """Sets a line, or takes it out again."""
        if name in self.lines:
            del self.lines[name]
        else:
            self.lines[name] = value

    def body(self):
        people = [ORGANIZER, *[f"ATTENDEE;PARTSTAT=NEEDS-ACTION:{one}" for one in sorted(self.guests)]]
        alarm = [] if self.alarm is None else [
            "BEGIN:VALARM", "ACTION:DISPLAY", f"TRIGGER:{self.alarm}", "DESCRIPTION:Alarm", "END:VALARM"]
        return [*[f"{name}:{value}" for name, value in self.lines.items()],
                *(people if self.guests else []), *alarm]


class Series:
    """An event as its client has it."""

    def __init__(self, seed):
        self.rnd, self.uid, self.edits = random.Random(seed), f"edited-{seed}", 0
        self.all_day, self.zone = self.rnd.random() < .25, self.rnd.choice(ZONES)
        self.day, self.hour, self.hours = self.rnd.choice(DAYS), self.rnd.randint(0, 22), 1
        self.step, self.count = self.rnd.choice([1, 7]), self.rnd.randint(3, 7)
        self.said, self.overrides, self.excluded = Said({"SUMMARY": self.uid}), {}, set()

    def starts(self):
        return [self.day + days(self.step * number) for number in range(self.count)]

    def stamp(self, name, day, hour):
        return f"{name};VALUE=DATE:{day:%Y%m%d}" if self.all_day else \
            f"{name};TZID={self.zone}:{day:%Y%m%d}T{hour:02}0000"

    def component(self, day, hour, hours, said, more):
        last = datetime.datetime.combine(day, datetime.time(hour)) + datetime.timedelta(hours=hours)
        end = day + days(hours // 24 + 1) if self.all_day else last.date()
        return ["BEGIN:VEVENT", f"UID:{self.uid}", "DTSTAMP:20261120T000000Z", *more,
                self.stamp("DTSTART", day, hour), self.stamp("DTEND", end, last.hour), *said.body(), "END:VEVENT"]

    def text(self):
        rule = [f"RRULE:FREQ={'DAILY' if self.step == 1 else 'WEEKLY'};COUNT={self.count}"]
        out = self.component(self.day, self.hour, self.hours, self.said, rule + [
            self.stamp("EXDATE", day, self.hour) for day in sorted(self.excluded)])
        for day, (moved, hour, said) in sorted(self.overrides.items()):
            out += self.component(moved, hour, self.hours, said, [self.stamp("RECURRENCE-ID", day, self.hour)])
        return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", *out, "END:VCALENDAR", ""])

    # ---- edits ----

    def edit_text(self):
        name = self.rnd.choice(TEXTS)
        if name == "SUMMARY":
            self.said.lines[name] = f"{self.uid} {self.edits}"
        else:
            self.said.turn(name, f"{name} {self.edits}")

    def edit_own_view(self):
        name, value = self.rnd.choice([("COLOR", "red"), ("CLASS", "PRIVATE"), ("TRANSP", "TRANSPARENT")])
        self.said.turn(name, value)

    def edit_alarm(self):
        self.said.alarm = self.rnd.choice([None, "-PT5M", "-PT10M", "PT0S"])

    def edit_guests(self):
        self.said.guests ^= {self.rnd.choice(GUESTS)}

    def edit_time(self):
        self.hour = self.rnd.randint(0, 22)

    def edit_length(self):
        self.hours = self.rnd.choice([1, 2, 25, 49])

    def edit_day(self):
        by = days(self.rnd.choice([-7, 1, 7]))
        self.day += by
        self.excluded = {one + by for one in self.excluded}
        self.overrides = {one + by: what for one, what in self.overrides.items()}

    def edit_count(self):
        self.count = self.rnd.randint(2, 8)

    def edit_frequency(self):
        self.step = 8 - self.step

    def override(self):
        day = self.rnd.choice(self.starts())
        if day not in self.overrides:
            self.excluded.discard(day)
            self.overrides[day] = (day + days(self.rnd.choice([0, 0, 1])), self.rnd.randint(0, 22), self.said.copy())

    def edit_override(self):
        for _, _, said in list(self.overrides.values())[:1]:
            if self.rnd.random() < .5:
                said.lines[self.rnd.choice(TEXTS)] = f"Once {self.edits}"
            elif self.rnd.random() < .5:
                said.guests ^= {self.rnd.choice(GUESTS)}
            else:
                said.alarm = self.rnd.choice([None, "-PT15M"])

    def take_back(self):
        for day in list(self.overrides)[:1]:
            del self.overrides[day]

    def exclude(self):
        day = self.rnd.choice(self.starts())
        self.excluded.add(day)
        self.overrides.pop(day, None)

    def include(self):
        for day in sorted(self.excluded)[:1]:
            self.excluded.discard(day)

    def edit_all(self):
        guest = self.rnd.choice(GUESTS)
        comes = guest not in self.said.guests
        for said in [self.said, *[said for _, _, said in self.overrides.values()]]:
            said.lines["SUMMARY"] = f"{self.uid} all {self.edits}"
            (said.guests.add if comes else said.guests.discard)(guest)

    def edit(self):
        """One edit, drawn; its name."""
        self.edits += 1
        edits = [self.edit_text, self.edit_own_view, self.edit_alarm, self.edit_guests, self.edit_length,
                 self.edit_day, self.edit_count, self.edit_frequency, self.edit_all,
                 *[self.override, self.edit_override, self.exclude] * 2, self.take_back, self.include,
                 *([] if self.all_day else [self.edit_time])]
        one = self.rnd.choice(edits)
        one()
        there = set(self.starts())
        self.excluded &= there
        self.overrides = {day: what for day, what in self.overrides.items() if day in there}
        return one.__name__


def occurrences(client, href):
    """What is to be seen in the year: [(times and texts, guests, alarms)]."""
    year = 'start="20270101T000000Z" end="20280101T000000Z"'
    answer = client.report(href, "c:calendar-query", f"""<d:prop><c:calendar-data><c:expand {year}/></c:calendar-data>
        </d:prop><c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"><c:time-range {year}/>
        </c:comp-filter></c:comp-filter></c:filter>""")
    found = []
    for one in responses(answer):
        text = one.props[CALDAV + "calendar-data"].text.replace("\r", "").replace("\n ", "")
        for component in text.split("BEGIN:VEVENT\n")[1:]:
            event, _, alarms = component.partition("BEGIN:VALARM")
            lines = [line.split(":", 1) for line in event.splitlines()]
            said = {name.split(";")[0]: value for name, value in lines}
            guests = sorted(value for name, value in lines if name.startswith("ATTENDEE") and value in GUESTS)
            found.append(([said.get(name) for name in ("DTSTART", "DTEND", *TEXTS, "CLASS", "COLOR")],
                          said.get("TRANSP") == "TRANSPARENT", guests,
                          sorted(line for line in alarms.splitlines() if line.startswith("TRIGGER"))))
    return sorted(found, key=str)


@pytest.mark.parametrize("first", [1, 9, 17])
def test_after_any_edits_of_a_client_both_sides_say_the_same(sim, bridge, ada, first):
    sim.switch(rate_limit="off")
    sim.add_event(ADA, "First", (SOON, SOON + HOUR))
    for seed in range(first, first + 8):
        one, history = Series(seed), []
        href, text = f"{ada.href}{one.uid}.ics", one.text()
        assert ada.put(href, text, {"If-None-Match": "*"}).status_code == 201
        for _ in range(STEPS):
            history.append(one.edit())
            text = one.text()
            if one.rnd.random() < .3:
                bridge.sync(ada.name)
            etag = ada.request("HEAD", href).headers["ETag"]
            answer = ada.put(href, text, {"If-Match": etag})
            assert answer.status_code == 204, (seed, history, answer.text)
            assert ada.get(href) == text, (seed, history)
        last = sim.last_call()
        assert ada.put(href, text).status_code == 204
        assert sim.writes(last) == [], (seed, history)
    with Bridge(sim, UNLIMITED) as other:
        fresh = other.sign_in(ADA)
        bridge.sync(ada.name)
        assert occurrences(fresh, fresh.calendars()["Ada"]) == occurrences(ada, ada.href)


def test_an_answer_for_one_occurrence_is_served_at_once_and_is_no_conflict(sim, bridge, ada):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), recurrence="FREQ=DAILY;COUNT=5", attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    text = ada.get(href).replace("\r\n ", "")
    one = text[text.index("BEGIN:VEVENT"):text.index("END:VCALENDAR")].replace("20270115T", "20270117T").replace(
        "PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED").splitlines()
    one = [line for line in one if not line.startswith("RRULE")]
    one.insert(2, "RECURRENCE-ID;TZID=Asia/Shanghai:20270117T160000")
    text = text.replace("END:VCALENDAR", "\r\n".join([*one, "END:VCALENDAR"]))
    for partstat in ("ACCEPTED", "TENTATIVE"):
        text = text.replace("PARTSTAT=ACCEPTED", f"PARTSTAT={partstat}")
        answer = ada.put(href, text, {"If-Match": ada.request("HEAD", href).headers["ETag"]})
        assert answer.status_code == 204, answer.text
        assert ada.get(href) == text
    assert sim.told(BOB, "rsvp") and {n["event_id"].rsplit("_", 1)[1] for n in sim.told(BOB, "rsvp")} == {
        str(SOON + 2 * DAY)}
