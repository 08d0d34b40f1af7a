"""iCalendar text in a form in which two texts of the same meaning are equal."""

import datetime
import re
import zoneinfo

PARAMETER = re.compile(r';([^=;:]+)=((?:"[^"]*"|[^";:,])*(?:,(?:"[^"]*"|[^";:,])*)*)')
CARET = re.compile(r"\^[\^n']")  # RFC 6868
PERIOD = re.compile(r"([+-]?)P(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?$")
# What a date with time need not say.
DEFAULTS = {("VALUE", "DATE-TIME"), ("CUTYPE", "INDIVIDUAL"), ("ROLE", "REQ-PARTICIPANT"),
            ("PARTSTAT", "NEEDS-ACTION"), ("RSVP", "FALSE"), ("SCHEDULE-AGENT", "SERVER")}


class Component:
    def __init__(self, name):
        self.name, self.lines, self.parts = name, [], []

    def find(self, name):
        """[(parameters, value)] of the properties of that name."""
        return [line[1:] for line in self.lines if line[0] == name]


def content_line(text):
    """(name, {parameter: value}, value) of an unfolded line."""
    name = re.match(r"[^;:]*", text)[0]
    rest, parameters = text[len(name):], {}
    while rest.startswith(";"):
        found = PARAMETER.match(rest)
        if not found:
            raise ValueError(f"no content line: {text}")
        parameters[found[1].upper()] = CARET.sub(
            lambda one: {"^^": "^", "^n": "\n", "^'": '"'}[one[0]], found[2].strip('"'))
        rest = rest[found.end():]
    if not rest.startswith(":"):
        raise ValueError(f"no content line: {text}")
    return name.upper(), parameters, rest[1:]


def parse(text):
    """The VCALENDAR in the text."""
    stack = [Component("")]
    for line in re.sub(r"\r?\n[ \t]", "", text).splitlines():
        if not line.strip():
            continue
        name, parameters, value = content_line(line)
        if name == "BEGIN":
            stack.append(Component(value.upper()))
            stack[-2].parts.append(stack[-1])
        elif name == "END":
            if stack[-1].name != value.upper():
                raise ValueError(f"END:{value} after BEGIN:{stack[-1].name}")
            stack.pop()
        else:
            stack[-1].lines.append((name, parameters, value))
    if len(stack) != 1 or [one.name for one in stack[0].parts] != ["VCALENDAR"]:
        raise ValueError("not one VCALENDAR")
    return stack[0].parts[0]


def seconds_of(duration):
    """PT1H30M as seconds; None when it is no duration."""
    found = PERIOD.match(duration)
    if not found:
        return None
    weeks, days, hours, minutes, seconds = (int(one or 0) for one in found.groups()[1:])
    total = (weeks * 7 + days) * 86400 + hours * 3600 + minutes * 60 + seconds
    return -total if found[1] == "-" else total


def instant(parameters, value):
    """A date or date with time as datetime; floating times and unknown zones count as UTC."""
    zone = datetime.timezone.utc
    if "TZID" in parameters and not value.endswith("Z"):
        try:
            zone = zoneinfo.ZoneInfo(parameters["TZID"])
        except (KeyError, ValueError, OSError):
            pass
    form = "%Y%m%dT%H%M%S" if "T" in value else "%Y%m%d"
    return datetime.datetime.strptime(value.rstrip("Z"), form).replace(tzinfo=zone)


def length_s(component):
    """How long an event is, of DTEND or of DURATION; None without either."""
    start, end, duration = (component.find(name) for name in ("DTSTART", "DTEND", "DURATION"))
    if duration:
        return seconds_of(duration[0][1])
    if not start or not end:
        return None
    utc = datetime.timezone.utc
    span = instant(*end[0]).astimezone(utc) - instant(*start[0]).astimezone(utc)
    return int(span.total_seconds())


def dropped(name, value, filters):
    return name in filters or f"{name}={value}" in filters


def normal_lines(component, filters):
    for name, parameters, value in component.lines:
        if dropped(name, value, filters) or (component.name == "VEVENT" and
                                             name in ("DTEND", "DURATION")):
            continue
        kept = tuple(sorted((key, text) for key, text in parameters.items()
                            if f"{name}:{key}" not in filters and (key, text) not in DEFAULTS))
        if name == "RRULE":
            value = ";".join(sorted(part for part in value.split(";") if part != "INTERVAL=1"))
        elif name in ("TRIGGER", "DURATION") and seconds_of(value) is not None:
            value = f"{seconds_of(value)} s"
        elif name in ("ATTENDEE", "ORGANIZER"):
            value = re.sub("^mailto:", "mailto:", value, flags=re.I)
        for one in value.split(",") if name in ("EXDATE", "RDATE", "FREEBUSY") else [value]:
            yield name, kept, one


def normal(component, filters=frozenset()):
    """What two components of the same meaning have in common, as nested tuples. filters: PROPERTY,
    PROPERTY=VALUE or PROPERTY:PARAMETER that are looked over. Time zones are their names alone."""
    if component.name == "VTIMEZONE":
        return component.name, tuple(value for _, value in component.find("TZID")), ()
    lines = sorted(normal_lines(component, filters))
    if component.name == "VEVENT" and length_s(component) is not None:
        lines.append(("length", (), f"{length_s(component)} s"))
    parts = sorted(normal(part, filters) for part in component.parts)
    return component.name, tuple(lines), tuple(parts)


def without_zones(component):
    component.parts = [part for part in component.parts if part.name != "VTIMEZONE"]
    return component


def readable(form, indent=""):
    """A normal form as lines, for differences."""
    name, lines, parts = form
    yield indent + name
    for line in lines:
        yield indent + "  " + (line if isinstance(line, str) else
                               f"{line[0]} {' '.join('='.join(one) for one in line[1])} {line[2]}")
    for part in parts:
        yield from readable(part, indent + "  ")


def busy_periods(component):
    """{FBTYPE: [start/end]} of a VFREEBUSY."""
    found = {}
    for parameters, value in component.find("FREEBUSY"):
        for period in value.split(","):
            start, _, end = period.partition("/")
            if seconds_of(end) is not None:
                until = instant({}, start) + datetime.timedelta(seconds=seconds_of(end))
                end = until.strftime("%Y%m%dT%H%M%SZ")
            found.setdefault(parameters.get("FBTYPE", "BUSY"), []).append(f"{start}/{end}")
    return found
