#!/usr/bin/env python3
"""cadaver (Debian package cadaver): the plain WebDAV client. Lists, reads, writes and deletes the
files of a calendar, and makes and removes a collection."""

import os
import pathlib
import subprocess
import tempfile
import urllib.parse

import discover
from judge import Judge

CALENDAR = "compat-cadaver"
TIMEOUT_S = 60
EVENT = "\r\n".join([
    "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//compat//cadaver//EN", "BEGIN:VEVENT",
    "UID:compat-cadaver-1", "DTSTAMP:20261101T000000Z", "DTSTART:20270104T020000Z",
    "DTEND:20270104T030000Z", "SUMMARY:By cadaver", "END:VEVENT", "END:VCALENDAR", ""])


class Tests:
    """The steps, in their order."""

    def __init__(self, judge, directory):
        self.judge = judge
        self.dir = pathlib.Path(directory)
        self.http = discover.session(judge.user, judge.password)
        self.home = discover.home(self.http, judge.url)
        host = urllib.parse.urlsplit(self.home).hostname
        netrc = self.dir / ".netrc"
        netrc.write_text(f"machine {host} login {judge.user} password {judge.password}\n")
        netrc.chmod(0o600)
        (self.dir / "event.ics").write_text(EVENT, newline="")
        (self.dir / "other.ics").write_text(EVENT.replace("By cadaver", "Again"), newline="")

    def run(self, *commands):
        """What cadaver prints for some commands, started in the home."""
        done = subprocess.run(
            ["cadaver", self.home], input="\n".join([*commands, "quit", ""]), text=True,
            cwd=self.dir, timeout=TIMEOUT_S, check=False, errors="replace",
            env={"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
                 "no_proxy": "*"}, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
        return done.stdout

    def expect(self, words, *commands):
        """Each of the words is in the output, and no command failed."""
        text = self.run(*commands)
        for word in words:
            assert word in text, f"no {word!r} in: {text[-300:]}"
        assert "failed" not in text, text[-300:]
        return text

    def list_home(self):
        """ls of the home shows collections."""
        self.expect(["succeeded", "Coll:"], "ls")

    def make_collection(self):
        """MKCOL makes a calendar."""
        self.http.delete(self.home + CALENDAR + "/")
        self.expect(["succeeded"], f"mkcol {CALENDAR}")
        self.expect([CALENDAR], "ls")

    def put(self):
        """put of an event."""
        self.expect(["succeeded"], f"cd {CALENDAR}", "put event.ics")
        answer = self.http.get(f"{self.home}{CALENDAR}/event.ics")
        assert "SUMMARY:By cadaver" in answer.text, answer.text

    def list(self):
        """ls of the calendar shows the file."""
        self.expect(["event.ics"], f"cd {CALENDAR}", "ls")

    def get(self):
        """get gives what put wrote."""
        self.expect(["succeeded"], f"cd {CALENDAR}", "get event.ics got.ics")
        text = (self.dir / "got.ics").read_bytes().decode()
        assert "SUMMARY:By cadaver" in text and "UID:compat-cadaver-1" in text, text

    def put_again(self):
        """put over the same name changes the event."""
        self.expect(["succeeded"], f"cd {CALENDAR}", "put other.ics event.ics")
        assert "SUMMARY:Again" in self.http.get(f"{self.home}{CALENDAR}/event.ics").text

    def properties(self):
        """propnames and propget."""
        self.expect(["getetag", "getcontenttype"], f"cd {CALENDAR}", "propnames event.ics")
        self.expect(["text/calendar"], "set namespace DAV:", f"cd {CALENDAR}",
                    "propget event.ics getcontenttype")

    def dead_property(self):
        """propset, propget and propdel of a property unknown to the server, on the calendar."""
        self.expect(["succeeded"], "set namespace http://example.com/compat",
                    f"propset {CALENDAR} shade green")
        self.expect(["green"], "set namespace http://example.com/compat",
                    f"propget {CALENDAR} shade")
        self.expect(["succeeded"], "set namespace http://example.com/compat",
                    f"propdel {CALENDAR} shade")

    def refuse_text(self):
        """A file that is no event is refused and not there afterwards."""
        (self.dir / "note.txt").write_text("not an event\n")
        text = self.run(f"cd {CALENDAR}", "put note.txt")
        assert "failed" in text, text[-300:]
        assert self.http.get(f"{self.home}{CALENDAR}/note.txt").status_code == 404

    def delete(self):
        """delete of the event."""
        self.expect(["succeeded"], f"cd {CALENDAR}", "delete event.ics")
        assert self.http.get(f"{self.home}{CALENDAR}/event.ics").status_code == 404

    def delete_collection(self):
        """rmcol of the calendar."""
        self.expect(["succeeded"], f"rmcol {CALENDAR}")
        assert CALENDAR not in self.run("ls")


STEPS = ["list_home", "make_collection", "put", "list", "get", "put_again", "properties",
         "dead_property", "refuse_text", "delete"]


def main():
    judge = Judge("cadaver")
    with tempfile.TemporaryDirectory() as directory:
        tests = Tests(judge, directory)
        judge.play(tests, STEPS, "delete_collection")


if __name__ == "__main__":
    main()
