#!/usr/bin/env python3
"""vdirsyncer and khal (Debian packages of these names): a directory of .ics files kept equal with
the server, and a calendar on the command line that reads and writes these files. khal creates,
edits, moves, repeats and deletes; what only its full-screen form can do (except one occurrence, or
drop one) is written into the file, as any other program on the directory would.

The configurations below are working ones: copy them."""

import os
import pathlib
import subprocess
import tempfile

import discover
from judge import Judge, expect

CALENDAR = "compat-khal"
TIMEOUT_S = 120

VDIRSYNCER = """
[general]
status_path = "{dir}/status/"

[pair feishu]
a = "local"
b = "remote"
collections = ["from a", "from b"]
metadata = ["displayname", "color"]
conflict_resolution = null

[storage local]
type = "filesystem"
path = "{dir}/calendars/"
fileext = ".ics"

[storage remote]
type = "caldav"
url = "{url}"
username = "{user}"
password = "{password}"
"""

KHAL = """
[calendars]
[[feishu]]
path = {dir}/calendars/*
type = discover

[locale]
local_timezone = Asia/Shanghai
default_timezone = Asia/Shanghai
timeformat = %H:%M
dateformat = %Y-%m-%d
longdateformat = %Y-%m-%d
datetimeformat = %Y-%m-%d %H:%M
longdatetimeformat = %Y-%m-%d %H:%M

[default]
default_calendar = {calendar}

[sqlite]
path = {dir}/khal.db
"""


class Desk:
    """A home directory with both programs set up."""

    def __init__(self, judge, directory):
        self.judge = judge
        self.dir = pathlib.Path(directory)
        self.http = discover.session(judge.user, judge.password)
        self.local = self.dir / "calendars" / CALENDAR
        self.local.mkdir(parents=True)
        values = {"dir": self.dir, "url": judge.url, "user": judge.user,
                  "password": judge.password, "calendar": CALENDAR}
        (self.dir / "vdirsyncer.conf").write_text(VDIRSYNCER.format(**values))
        (self.dir / "khal.conf").write_text(KHAL.format(**values))

    def run(self, *arguments, stdin=""):
        """The output of a command; its failure is an exception."""
        done = subprocess.run(
            arguments, input=stdin, text=True, capture_output=True, timeout=TIMEOUT_S, check=False,
            env={"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
                 "no_proxy": "*", "PYTHONDONTWRITEBYTECODE": "1"})
        if done.returncode != 0:
            raise RuntimeError((done.stderr or done.stdout)[-400:])
        return done.stdout + done.stderr

    def vdirsyncer(self, *arguments, stdin=""):
        return self.run("vdirsyncer", "-c", str(self.dir / "vdirsyncer.conf"), *arguments,
                        stdin=stdin)

    def khal(self, *arguments, stdin=""):
        return self.run("khal", "-c", str(self.dir / "khal.conf"), *arguments, stdin=stdin)

    def sync(self):
        """One synchronisation; it must report neither conflict nor error."""
        text = self.vdirsyncer("sync")
        for word in ("error", "conflict", "Skipping"):
            assert word not in text, text[-400:]
        return text

    def agenda(self):
        """What khal shows of January 2027: sorted lines "start title"."""
        text = self.khal("list", "-a", CALENDAR, "-df", "", "-f", "{start} {title}", "--notstarted",
                         "2027-01-01", "31d")
        return sorted({line for line in text.splitlines() if line.startswith("2027")})

    def remote(self):
        """{file name: text} of the calendar on the server."""
        found = {}
        url = self.remote_url()
        for href, properties in discover.propfind(self.http, url, 1, discover.DAV + "getetag"):
            if discover.DAV + "getetag" in properties and not href.endswith("/"):
                answer = self.http.get(href)
                answer.raise_for_status()
                found[href.rsplit("/", 1)[1]] = answer.content.decode()
        return found

    def remote_url(self):
        """The calendar that vdirsyncer made: named so, or at that path."""
        for href, name in discover.calendars(self.http, self.judge.url).items():
            if CALENDAR in (name, href.rstrip("/").rsplit("/", 1)[1]):
                return href
        raise AssertionError(f"there is no calendar {CALENDAR}")

    def file(self, title):
        """The local file of an event."""
        for path in self.local.glob("*.ics"):
            if f"SUMMARY:{title}" in path.read_text():
                return path
        raise AssertionError(f"no local file has {title}")

    def only(self, title):
        """The server's text of the one object with the title."""
        texts = [text for text in self.remote().values() if f"SUMMARY:{title}" in text]
        assert len(texts) == 1, f"{len(texts)} objects with {title}"
        return texts[0]


class Tests:
    """The steps, in their order."""

    def __init__(self, desk):
        self.desk = desk

    def discover(self):
        """Finds the calendars and makes the one that is local only (extended MKCOL)."""
        self.desk.vdirsyncer("discover", stdin="y\n" * 20)
        self.desk.remote_url()

    def first_sync(self):
        """Pulls everything there is."""
        self.desk.sync()
        assert self.desk.sync().count("Copying") == 0

    def create(self):
        """khal new, sync: the server has it."""
        self.desk.khal("new", "-a", CALENDAR, "-l", "Room 1", "-m", "15m", "2027-01-04", "10:00",
                       "11:00", "Planning", "::", "with notes")
        self.desk.sync()
        text = self.desk.only("Planning")
        for part in ("20270104T100000", "LOCATION:Room 1", "DESCRIPTION:with notes"):
            assert part in text, part

    def unchanged(self):
        """Nothing moves when nothing changed, not even after the server has rewritten it."""
        expect(self.desk.sync().count("Copying"), 0)

    def create_all_day(self):
        """khal new with dates."""
        self.desk.khal("new", "-a", CALENDAR, "2027-01-11", "2027-01-13", "Journey")
        self.desk.sync()
        text = self.desk.only("Journey")
        assert "DTSTART;VALUE=DATE:20270111" in text and "DTEND;VALUE=DATE:20270114" in text, text

    def edit(self):
        """khal edit: another title."""
        self.desk.khal("edit", "--show-past", "-a", CALENDAR, "Planning", stdin="s\nPlanning two\nn\n")
        self.desk.sync()
        assert "LOCATION:Room 1" in self.desk.only("Planning two")

    def move(self):
        """khal edit: another time."""
        self.desk.khal("edit", "--show-past", "-a", CALENDAR, "Planning",
                       stdin="t\n2027-01-05 14:00 15:00\nn\n")
        self.desk.sync()
        assert "20270105T140000" in self.desk.only("Planning two")

    def repeat(self):
        """khal new -r weekly."""
        self.desk.khal("new", "-a", CALENDAR, "-r", "weekly", "-u", "2027-01-27", "2027-01-04",
                       "09:00", "10:00", "Standup")
        self.desk.sync()
        assert "RRULE:" in self.desk.only("Standup")

    def except_one(self):
        """One occurrence later and with another title."""
        path = self.desk.file("Standup")
        text = path.read_text().replace("\r\n", "\n")
        start = text.index("BEGIN:VEVENT")
        master = text[start:text.index("END:VEVENT") + len("END:VEVENT\n")]
        lines = [line for line in master.split("\n")
                 if not line.startswith(("RRULE", "DTSTART", "DTEND", "SUMMARY"))]
        lines[1:1] = ["RECURRENCE-ID;TZID=Asia/Shanghai:20270111T090000",
                      "DTSTART;TZID=Asia/Shanghai:20270111T160000",
                      "DTEND;TZID=Asia/Shanghai:20270111T170000", "SUMMARY:Standup late"]
        path.write_text(text.replace(master, master + "\n".join(lines)))
        self.desk.sync()
        text = self.desk.only("Standup late")
        assert "RECURRENCE-ID;TZID=Asia/Shanghai:20270111T090000" in text, text

    def delete_one(self):
        """One occurrence less: EXDATE."""
        path = self.desk.file("Standup")
        text = path.read_text()
        path.write_text(text.replace("RRULE:", "EXDATE;TZID=Asia/Shanghai:20270118T090000\nRRULE:"))
        self.desk.sync()
        assert "EXDATE;TZID=Asia/Shanghai:20270118T090000" in self.desk.only("Standup late")

    def agenda(self):
        """khal shows what was written, after a fresh pull into an empty directory."""
        for path in [*self.desk.local.glob("*.ics"), *(self.desk.dir / "status").rglob("*")]:
            if path.is_file():
                path.unlink()
        self.desk.vdirsyncer("discover", stdin="y\n" * 20)
        self.desk.sync()
        expect(self.desk.agenda(), [
            "2027-01-04 09:00 Standup", "2027-01-05 14:00 Planning two",
            "2027-01-11 16:00 Standup late", "2027-01-11 Journey", "2027-01-25 09:00 Standup"])

    def change_of_another(self):
        """An edit made on the server by another client reaches khal."""
        name, text = [item for item in self.desk.remote().items() if "Planning two" in item[1]][0]
        answer = self.desk.http.put(
            self.desk.remote_url() + name, text.replace("Planning two", "Planning three").encode(),
            headers={"Content-Type": "text/calendar; charset=utf-8"})
        answer.raise_for_status()
        self.desk.sync()
        assert "2027-01-05 14:00 Planning three" in self.desk.agenda(), self.desk.agenda()

    def conflict(self):
        """Both sides changed: vdirsyncer must see it (ETags), and nothing is lost."""
        path = self.desk.file("Planning three")
        path.write_text(path.read_text().replace("Planning three", "Planning mine"))
        name, text = [item for item in self.desk.remote().items() if "Planning three" in item[1]][0]
        self.desk.http.put(
            self.desk.remote_url() + name, text.replace("Planning three", "Planning theirs").encode(),
            headers={"Content-Type": "text/calendar; charset=utf-8"}).raise_for_status()
        try:
            self.desk.vdirsyncer("sync")
            raise AssertionError("no conflict was reported")
        except RuntimeError as error:
            assert "conflict" in str(error).lower(), error
        assert "SUMMARY:Planning theirs" in self.desk.only("Planning theirs")
        path.write_text(self.desk.only("Planning theirs"))
        self.desk.vdirsyncer("sync")

    def metasync(self):
        """displayname and colour go both ways."""
        self.desk.vdirsyncer("metasync")
        (self.desk.local / "color").write_text("#228AFF")
        (self.desk.local / "displayname").write_text(CALENDAR)
        self.desk.vdirsyncer("metasync")
        for _, properties in discover.propfind(
                self.desk.http, self.desk.remote_url(), 0,
                "{http://apple.com/ns/ical/}calendar-color", discover.DAV + "displayname"):
            colour = properties["{http://apple.com/ns/ical/}calendar-color"].text
            expect(colour[:7].upper(), "#228AFF")
            expect(properties[discover.DAV + "displayname"].text, CALENDAR)

    def delete(self):
        """khal edit, Delete; and a file that is removed."""
        self.desk.khal("edit", "--show-past", "-a", CALENDAR, "Journey", stdin="D\ny\n")
        self.desk.sync()
        self.desk.file("Planning").unlink()
        self.desk.sync()
        expect(len(self.desk.remote()), 1)

    def nothing_left_to_do(self):
        """A last pass moves nothing."""
        expect(self.desk.sync().count("Copying"), 0)

    def delete_calendar(self):
        """Takes the calendar away again."""
        self.desk.http.delete(self.desk.remote_url()).raise_for_status()


STEPS = ["discover", "first_sync", "create", "unchanged", "create_all_day", "edit", "move",
         "repeat", "except_one", "delete_one", "agenda", "change_of_another", "conflict",
         "metasync", "delete", "nothing_left_to_do"]


def main():
    judge = Judge("vdirsyncer_khal")
    with tempfile.TemporaryDirectory() as directory:
        tests = Tests(Desk(judge, directory))
        judge.play(tests, STEPS, "delete_calendar")


if __name__ == "__main__":
    main()
