"""The calendar that every server gets: the same events for the same numbers."""

import datetime
import random

BEGIN = datetime.datetime(2025, 1, 6, 9, 0)
DAYS = 730
# The month that the queries ask for.
MONTH = ("20260201T000000Z", "20260301T000000Z")

ZONE = """BEGIN:VTIMEZONE
TZID:Asia/Shanghai
BEGIN:STANDARD
DTSTART:19700101T000000
TZOFFSETFROM:+0800
TZOFFSETTO:+0800
TZNAME:CST
END:STANDARD
END:VTIMEZONE
"""

WORDS = ("review planning budget design launch customer team release training interview "
         "weekly quarterly report lunch standup demo retrospective travel").split()


def event(number):
    """(UID, file name, iCalendar text): of twenty, two repeat, one lasts a day or more."""
    chance = random.Random(number)
    uid = f"{chance.getrandbits(64):016x}-{number}@bench.example"
    start = BEGIN + datetime.timedelta(days=chance.randrange(DAYS),
                                       minutes=15 * chance.randrange(36))
    kind = number % 20
    lines = [f"UID:{uid}", "DTSTAMP:20250101T000000Z", "SEQUENCE:0",
             "SUMMARY:" + " ".join(chance.sample(WORDS, 3)),
             f"LOCATION:Room {chance.randrange(40)}",
             "DESCRIPTION:" + " ".join(chance.choices(WORDS, k=40))]
    if kind == 7:
        last = start + datetime.timedelta(days=chance.randrange(1, 4))
        lines += [f"DTSTART;VALUE=DATE:{start:%Y%m%d}", f"DTEND;VALUE=DATE:{last:%Y%m%d}"]
    else:
        end = start + datetime.timedelta(minutes=15 * chance.randrange(1, 9))
        lines += [f"DTSTART;TZID=Asia/Shanghai:{start:%Y%m%dT%H%M%S}",
                  f"DTEND;TZID=Asia/Shanghai:{end:%Y%m%dT%H%M%S}"]
    if kind == 3:
        lines.append("RRULE:FREQ=WEEKLY;COUNT=30")
    if kind == 13:
        lines.append("RRULE:FREQ=MONTHLY;COUNT=12")
    if kind % 4 == 1:
        lines += ["BEGIN:VALARM", "ACTION:DISPLAY", "DESCRIPTION:reminder",
                  "TRIGGER:-PT15M", "END:VALARM"]
    text = ("BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//bench//EN\n"
            + (ZONE if kind != 7 else "")
            + "BEGIN:VEVENT\n" + "\n".join(fold(line) for line in lines)
            + "\nEND:VEVENT\nEND:VCALENDAR\n")
    return uid, f"{uid.split('@')[0]}.ics", text.replace("\n", "\r\n")


def fold(line):
    parts = [line[:74]]
    parts += [" " + line[i:i + 73] for i in range(74, len(line), 73)]
    return "\n".join(parts)
