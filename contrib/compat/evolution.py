#!/usr/bin/env python3
"""Evolution's calendar back end (Debian packages evolution-data-server, gir1.2-ecal-2.0, dbus): the services
that Evolution, GNOME Calendar and California share, on a message bus of their own, driven through libecal as
these programs do. Finds the calendars as the dialog does, then creates, reads, edits, moves, repeats,
excepts and deletes, each step checked in the back end and on the server."""

import json
import os
import pathlib
import shutil
import subprocess
import sys
import tempfile
import time
import uuid

import discover
from judge import Judge, expect

CALENDAR = "compat-evolution"
ZONE = "Asia/Shanghai"
WAIT_S = 40
TIMEOUT_S = 300
INSIDE = "COMPAT_EVOLUTION_BUS"


# A bus that starts Evolution's services and nothing else: no keyring is asked for the password.
BUS = """<!DOCTYPE busconfig PUBLIC "-//freedesktop//DTD D-Bus Bus Configuration 1.0//EN"
 "http://www.freedesktop.org/standards/dbus/1.0/busconfig.dtd">
<busconfig>
  <type>session</type>
  <listen>unix:dir={directory}</listen>
  <servicedir>{directory}</servicedir>
  <policy context="default">
    <allow send_destination="*" eavesdrop="true"/><allow eavesdrop="true"/><allow own="*"/>
  </policy>
</busconfig>
"""
SERVICES = pathlib.Path("/usr/share/dbus-1/services")


def start(arguments, directory, **more):
    """This program on a message bus of its own, at home in the directory."""
    home = pathlib.Path(directory)
    runtime = home / "run"
    runtime.mkdir(mode=0o700)
    for service in SERVICES.glob("org.gnome.evolution.dataserver.*"):
        shutil.copy(service, runtime)
    (home / "bus.conf").write_text(BUS.format(directory=runtime))
    environment = {
        "PATH": os.environ["PATH"], "HOME": str(home), "XDG_RUNTIME_DIR": str(runtime), INSIDE: "1",
        "XDG_CONFIG_HOME": str(home / "config"), "XDG_CACHE_HOME": str(home / "cache"),
        "XDG_DATA_HOME": str(home / "data"), "GSETTINGS_BACKEND": "memory", "LC_ALL": "C.UTF-8",
        "GIO_USE_PROXY_RESOLVER": "dummy", "GIO_USE_VFS": "local", "no_proxy": "*", "TZ": "UTC",
        "PYTHONDONTWRITEBYTECODE": "1",
        **{name: os.environ[name] for name in ("COMPAT_RESULTS",) if name in os.environ}}
    return subprocess.Popen(
        ["dbus-run-session", "--config-file", str(home / "bus.conf"), "--", sys.executable, "-B",
         str(pathlib.Path(__file__).resolve()),
         *arguments], env=environment, **more)


def component(ical, *lines):
    """An ICalGLib.Component of one VEVENT."""
    return ical.Component.new_from_string("\r\n".join(["BEGIN:VEVENT", *lines, "END:VEVENT", ""]))


def at(day, hour):
    """DTSTART and DTEND of one hour in January 2027."""
    return (f"DTSTART;TZID={ZONE}:202701{day:02}T{hour:02}0000",
            f"DTEND;TZID={ZONE}:202701{day:02}T{hour + 1:02}0000")


def utc(text):
    """20270104T020000Z as seconds."""
    return int(time.mktime(time.strptime(text, "%Y%m%dT%H%M%SZ")))


class Evolution:
    """The registry of sources, and what a program does with them."""

    def __init__(self, url, user, password):
        import gi
        gi.require_version("EDataServer", "1.2")
        gi.require_version("ECal", "2.0")
        gi.require_version("ICalGLib", "3.0")
        from gi.repository import ECal, EDataServer, GLib, ICalGLib
        self.ecal, self.eds, self.glib, self.ical = ECal, EDataServer, GLib, ICalGLib
        self.url, self.user, self.password = url, user, password
        self.registry = EDataServer.SourceRegistry.new_sync(None)

    def credentials(self):
        found = self.eds.NamedParameters.new()
        found.set("username", self.user)
        found.set("password", self.password)
        return found

    def spin(self, claim, what, seconds=WAIT_S):
        """Lets the main loop run until claim() is true; its value."""
        context = self.glib.MainContext.default()
        end = time.monotonic() + seconds
        while True:
            while context.iteration(False):
                pass
            value = claim()
            if value:
                return value
            if time.monotonic() > end:
                raise AssertionError(f"{what} did not come true within {seconds} s")
            time.sleep(0.02)

    def source(self, url, name):
        """A calendar account of the kind that the dialog makes."""
        uri = self.glib.Uri.parse(url, self.glib.UriFlags.NONE)
        made = self.eds.Source.new_with_uid(f"compat-{uuid.uuid4().hex}", None)
        made.set_display_name(name)
        made.set_parent("caldav-stub")
        made.get_extension(self.eds.SOURCE_EXTENSION_CALENDAR).set_backend_name("caldav")
        login = made.get_extension(self.eds.SOURCE_EXTENSION_AUTHENTICATION)
        login.set_host(uri.get_host())
        login.set_port(uri.get_port())
        login.set_user(self.user)
        login.set_method("plain/password")
        made.get_extension(self.eds.SOURCE_EXTENSION_SECURITY).set_secure(uri.get_scheme() == "https")
        webdav = made.get_extension(self.eds.SOURCE_EXTENSION_WEBDAV_BACKEND)
        webdav.set_resource_path(uri.get_path())
        webdav.set_email_address(self.user)
        return made

    def open(self, url, name):
        """An opened calendar: the source is registered, the password is given when asked for."""
        made = self.source(url, name)
        uid = made.get_uid()
        self.registry.commit_source_sync(made, None)
        source = self.spin(lambda: self.registry.ref_source(uid), "the new source")
        client = self.ecal.Client.connect_sync(source, self.ecal.ClientSourceType.EVENTS, 0xFFFFFFFF, None)
        source.invoke_authenticate_sync(self.credentials(), None)
        connected = self.eds.SourceConnectionStatus.CONNECTED
        self.spin(lambda: source.get_connection_status() == connected, "the connection")
        return Calendar(self, client)


class Calendar:
    """One opened calendar."""

    def __init__(self, evolution, client):
        self.evolution, self.client = evolution, client
        self.none = evolution.ecal.OperationFlags.NONE

    def components(self, query="#t"):
        """[{property: value}] of all that fits; an exception is one of its own."""
        _, found = self.client.get_object_list_sync(query, None)
        return found

    def titles(self, query="#t"):
        return sorted(one.get_summary() for one in self.components(query))

    def create(self, *lines):
        _, uid = self.client.create_object_sync(
            component(self.evolution.ical, *lines), self.none, None)
        return uid

    def get(self, uid, rid=None):
        _, found = self.client.get_object_sync(uid, rid, None)
        return found

    def modify(self, one, this=False, flags=None):
        kinds = self.evolution.ecal.ObjModType
        self.client.modify_object_sync(
            one, kinds.THIS if this else kinds.ALL, flags or self.none, None)

    def busy(self, first, last, address):
        """What the meeting planner gets for somebody."""
        _, found = self.client.get_free_busy_sync(utc(first), utc(last), [address], None)
        return "".join(one.get_as_string() for one in found)

    def remove(self, uid, rid=None):
        kinds = self.evolution.ecal.ObjModType
        self.client.remove_object_sync(uid, rid, kinds.THIS if rid else kinds.ALL, self.none, None)

    def refresh(self):
        self.client.refresh_sync(None)

    def occurrences(self, first, last):
        """{(start in UTC, title)} between two instants, as the view of a month gets them."""
        found = set()
        zone = self.evolution.ical.Timezone.get_utc_timezone()

        def note(one, begin, _end, *_rest):
            begin = begin if begin.is_date() else begin.convert_to_zone(zone)
            found.add((begin.as_ical_string(), one.get_summary()))
            return True
        self.client.generate_instances_sync(utc(first), utc(last), None, note)
        return found


class Tests:
    """The steps, in their order; later ones use what earlier ones made."""

    def __init__(self, judge):
        self.judge = judge
        self.http = discover.session(judge.user, judge.password)
        self.home = discover.home(self.http, judge.url)
        self.url = self.home + CALENDAR + "/"
        self.evolution = Evolution(judge.url, judge.user, judge.password)
        self.calendar = None

    def on_server(self):
        """{title: text} of the calendar."""
        found = {}
        for href, properties in discover.propfind(self.http, self.url, 1, discover.DAV + "getetag"):
            if discover.DAV + "getetag" in properties and not href.endswith("/"):
                text = self.http.get(href).content.decode()
                title = [line for line in text.splitlines() if line.startswith("SUMMARY")][0]
                found[title.partition(":")[2]] = text
        return found

    def find_calendars(self):
        """e_webdav_discover_sources_sync, what "Find Calendars" calls"""
        eds = self.evolution.eds
        source = self.evolution.source(self.judge.url, "discovery")
        answer = eds.webdav_discover_sources_sync(
            source, self.judge.url, eds.WebDAVDiscoverSupports.EVENTS, self.evolution.credentials(),
            None)
        found, addresses = answer[-2], answer[-1]
        assert any(f"mailto:{self.judge.user}" in one or self.judge.user in one for one in addresses)
        names = [one.display_name for one in found]
        assert CALENDAR in names, names
        for one in found:
            assert one.color.startswith("#"), one.color
            assert one.supports == eds.WebDAVDiscoverSupports.EVENTS | \
                eds.WebDAVDiscoverSupports.CALENDAR_AUTO_SCHEDULE or one.supports & \
                eds.WebDAVDiscoverSupports.EVENTS, one.supports

    def make_calendar(self):
        """Made by a request: libecal leaves that to the dialog."""
        self.http.delete(self.url)
        answer = self.http.request("MKCALENDAR", self.url)
        assert answer.status_code == 201, answer.status_code

    def wrong_password(self):
        """It is told from a server that is away."""
        evolution = Evolution(self.judge.url, self.judge.user, "wrong")
        try:
            evolution.eds.webdav_discover_sources_sync(
                evolution.source(self.judge.url, "wrong"), self.judge.url,
                evolution.eds.WebDAVDiscoverSupports.EVENTS, evolution.credentials(), None)
        except evolution.glib.Error as error:
            assert "nauthorized" in error.message, error.message
            return
        raise AssertionError("taken")

    def open(self):
        """The source is registered, the back end connects, and it may write."""
        self.calendar = self.evolution.open(self.url, CALENDAR)
        self.evolution.spin(lambda: not self.calendar.client.is_readonly(), "the right to write")
        expect(self.calendar.titles(), [])

    def create(self):
        self.calendar.create("UID:compat-evolution-1", "DTSTAMP:20261101T000000Z", *at(4, 10),
                             "SUMMARY:Planning", "LOCATION:Room 1", "DESCRIPTION:first\\nsecond")
        expect(self.calendar.titles(), ["Planning"])
        text = self.on_server()["Planning"]
        assert "LOCATION:Room 1" in text and "DESCRIPTION:first\\nsecond" in text, text

    def create_all_day(self):
        self.calendar.create("UID:compat-evolution-2", "DTSTAMP:20261101T000000Z",
                             "DTSTART;VALUE=DATE:20270111", "DTEND;VALUE=DATE:20270114",
                             "SUMMARY:Journey")
        assert "DTEND;VALUE=DATE:20270114" in self.on_server()["Journey"]

    def edit(self):
        one = self.calendar.get("compat-evolution-1")
        one.set_summary("Planning, edited")
        self.calendar.modify(one)
        text = self.on_server()["Planning\\, edited"]
        assert "LOCATION:Room 1" in text, text

    def move(self):
        ical = self.evolution.ical
        self.calendar.modify(component(
            ical, "UID:compat-evolution-1", "DTSTAMP:20261101T000000Z", *at(5, 14),
            "SUMMARY:Planning\\, edited", "LOCATION:Room 1"))
        expect(self.calendar.occurrences("20270105T000000Z", "20270106T000000Z"),
               {("20270105T060000Z", "Planning, edited")})
        assert ":20270105T140000" in self.on_server()["Planning\\, edited"]

    def repeat(self):
        self.calendar.create("UID:compat-evolution-3", "DTSTAMP:20261101T000000Z", *at(4, 9),
                             "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4")
        found = {one for one in self.calendar.occurrences("20270101T000000Z", "20270201T000000Z")
                 if one[1] == "Standup"}
        expect(found, {(f"202701{day:02}T010000Z", "Standup") for day in (4, 11, 18, 25)})

    def except_one(self):
        """One occurrence at another time with another title."""
        self.calendar.modify(component(
            self.evolution.ical, "UID:compat-evolution-3", "DTSTAMP:20261101T000000Z",
            f"RECURRENCE-ID;TZID={ZONE}:20270111T090000", *at(11, 16), "SUMMARY:Standup late"),
            this=True)
        text = self.on_server()["Standup"]
        assert text.count("BEGIN:VEVENT") == 2 and "SUMMARY:Standup late" in text, text

    def delete_one(self):
        self.calendar.remove("compat-evolution-3", "20270118T090000")
        found = {one for one in self.calendar.occurrences("20270101T000000Z", "20270201T000000Z")
                 if one[1].startswith("Standup")}
        expect(found, {("20270104T010000Z", "Standup"), ("20270111T080000Z", "Standup late"),
                       ("20270125T010000Z", "Standup")})
        assert "EXDATE" in self.on_server()["Standup"]

    def search(self):
        expect(self.calendar.titles('(contains? "location" "room 1")'), ["Planning, edited"])
        expect(self.calendar.titles('(occur-in-time-range? (make-time "20270112T000000Z") '
                                    '(make-time "20270113T000000Z"))'), ["Journey"])

    def refresh(self):
        """What others write appears, what others delete disappears."""
        text = "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//compat//EN", "BEGIN:VEVENT",
                            "UID:compat-evolution-4", "DTSTAMP:20261101T000000Z", *at(20, 10),
                            "SUMMARY:From elsewhere", "END:VEVENT", "END:VCALENDAR", ""])
        href = self.url + "elsewhere.ics"
        answer = self.http.put(href, data=text, headers={"Content-Type": "text/calendar"})
        assert answer.status_code == 201, answer.status_code
        self.shows_after_refresh(lambda titles: "From elsewhere" in titles)
        assert self.http.delete(href).status_code == 204
        self.shows_after_refresh(lambda titles: "From elsewhere" not in titles)

    def shows_after_refresh(self, claim):
        self.calendar.refresh()
        self.evolution.spin(lambda: claim(self.calendar.titles()), "the refreshed calendar")

    def conflict(self):
        """Somebody else was faster: out of sync, and nothing of theirs is lost."""
        one = self.calendar.get("compat-evolution-2")
        hrefs = [href for href, _ in discover.propfind(self.http, self.url, 1, discover.DAV + "getetag")
                 if "compat-evolution-2" in self.http.get(href).text]
        text = self.on_server()["Journey"].replace("SUMMARY:Journey", "SUMMARY:Journey, theirs")
        answer = self.http.put(hrefs[0], data=text, headers={"Content-Type": "text/calendar"})
        assert answer.status_code == 204, answer.status_code
        one.set_summary("Journey, mine")
        try:
            self.calendar.modify(one, flags=self.evolution.ecal.OperationFlags.CONFLICT_FAIL)
        except self.evolution.glib.Error as error:
            assert "out of sync" in error.message.lower(), error.message
        else:
            raise AssertionError("overwritten")
        assert "Journey, theirs" in self.on_server()
        self.shows_after_refresh(lambda titles: "Journey, theirs" in titles)

    def free_busy(self):
        """Through the outbox, as the meeting planner asks: there is an answer."""
        text = self.calendar.busy("20270105T000000Z", "20270106T000000Z", self.judge.user)
        assert "BEGIN:VFREEBUSY" in text and self.judge.user in text, text

    def delete(self):
        self.calendar.remove("compat-evolution-2")
        expect(self.calendar.titles(), ["Planning, edited", "Standup", "Standup late"])
        expect(sorted(self.on_server()), ["Planning\\, edited", "Standup"])

    def delete_calendar(self):
        assert self.http.delete(self.url).status_code == 204


STEPS = ["make_calendar", "find_calendars", "wrong_password", "open", "create", "create_all_day", "edit",
         "move", "repeat", "except_one", "delete_one", "search", "refresh", "conflict", "free_busy",
         "delete"]


def shows(url, user, password):
    """Reads "START END" from stdin and answers with what a calendar shows in that time; with an address
    behind them, with that person's busy time."""
    calendar = Evolution(url, user, password).open(url, "shown")
    for question in sys.stdin:
        words = question.split()
        if len(words) == 2:
            calendar.refresh()
            print(json.dumps(sorted(calendar.occurrences(*words))), flush=True)
        else:
            print(json.dumps(calendar.busy(*words)), flush=True)


def main():
    if INSIDE in os.environ and sys.argv[1] == "--shows":
        shows(*sys.argv[2:])
        return
    if INSIDE not in os.environ:
        with tempfile.TemporaryDirectory() as directory:
            process = start(sys.argv[1:], directory)
            sys.exit(process.wait(TIMEOUT_S))
    judge = Judge("evolution")
    tests = Tests(judge)
    judge.play(tests, STEPS, "delete_calendar")


if __name__ == "__main__":
    main()
