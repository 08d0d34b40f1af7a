"""What scripts of caldavtester must know of a server: its features and its addresses. Apple's program
reads them from serverinfo.xml; here they are found out by discovery, as a client would.

A script writes $name: where a value belongs. Values of the server (home of the first user, ...) and
values that requests left behind are in one table, in which the server's come first."""

import datetime
import re
import sys
import pathlib
import urllib.parse
import uuid

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import discover
from discover import CALDAV, DAV

NAME = re.compile(r"\$[_a-zA-Z][_a-zA-Z0-9-]*:")
NOW = re.compile(r"\$now\.(?:(year|month|week)\.)?([+-]?\d+):")
UIDS = 20
# Names of features as scripts have them. Not there: tasks and polls (split-calendars), attachments,
# invitations to calendars that must be accepted, trash, JSON, quotas, a time zone service.
FEATURES = {
    "caldav", "COPY Method", "MOVE Method", "Extended MKCOL", "ACL Method", "acl-principal-prop-set REPORT",
    "principal-match REPORT", "principal-property-search REPORT", "principal-search-property-set REPORT",
    "calendarserver-principal-search REPORT", "add-member", "brief", "ctag", "current-user-principal",
    "extended-principal-search", "expand-property", "own-root", "prefer", "prefer-minimal",
    "prefer-representation", "prefer-noroot", "sync-report", "sync-report-limit", "sync-report-home",
    "well-known", "implicit-scheduling", "proxy", "shared-calendars",
    "supported-component-sets", "timezones-by-reference", "vavailability", "resource-id",
}
# What any server may add to or leave out of calendar data.
FILTERS = {"CALSCALE", "PRODID", "DTSTAMP", "CREATED", "LAST-MODIFIED", "X-WR-CALNAME", "CLASS=PUBLIC",
           "PRIORITY=0", "TRANSP=OPAQUE", "SEQUENCE=0", "ATTENDEE:EMAIL", "ORGANIZER:EMAIL"}
IN_UTC = (b'<D:propertyupdate xmlns:D="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav"><D:set><D:prop>'
          b"<C:calendar-timezone-id>UTC</C:calendar-timezone-id></D:prop></D:set></D:propertyupdate>")
RESPONSE = "/{DAV:}multistatus/{DAV:}response"
SHORTCUTS = {
    "multistatus-response-prefix": RESPONSE,
    "multistatus-href-prefix": RESPONSE + "/{DAV:}href",
    "verify-response-prefix": "{DAV:}response/{DAV:}propstat/{DAV:}prop",
    "verify-property-prefix": RESPONSE + "/{DAV:}propstat/{DAV:}prop",
    "verify-bad-response": RESPONSE + "/{DAV:}status",
    "verify-error-response": RESPONSE + "/{DAV:}error",
    "CALDAV": "urn:ietf:params:xml:ns:caldav",
    "CS": "http://calendarserver.org/ns/",
}


class Missing(Exception):
    """A script wants something that this server has not got."""


def segment(href):
    return href.rstrip("/").rsplit("/", 1)[-1]


class Account:
    """One user of the server, and where what is hers is found."""

    def __init__(self, url, user, password):
        self.user, self.password = user, password
        self.http = http = discover.session(user, password)
        self.principal = discover.href_of(http, url, DAV + "current-user-principal")
        self.home = discover.href_of(http, self.principal, CALDAV + "calendar-home-set")
        self.inbox = discover.href_of(http, self.principal, CALDAV + "schedule-inbox-URL")
        self.outbox = discover.href_of(http, self.principal, CALDAV + "schedule-outbox-URL")
        self.calendar = discover.href_of(http, self.inbox, CALDAV + "schedule-default-calendar-URL")
        self.name = discover.propfind(http, self.principal, 0, DAV + "displayname")[0][1][
            DAV + "displayname"].text
        self.url = url

    def path(self, which):
        return urllib.parse.urlsplit(getattr(self, which)).path.rstrip("/")

    def clean(self):
        """Takes away all calendars but the first one, and everything in that. Scripts expect a server
        in whose calendars days are those of UTC."""
        for href in discover.calendars(self.http, self.url):
            if href != self.calendar:
                self.http.delete(href)
        for href, _ in discover.propfind(self.http, self.calendar, 1, DAV + "getetag"):
            if href != self.calendar:
                self.http.delete(href, headers={"Schedule-Reply": "F"})
        self.http.request("PROPPATCH", self.calendar, data=IN_UTC)

    def values(self):
        mail = self.user if "@" in self.user else self.user + "@example.com"
        guid = segment(self.principal)
        return {
            "userid": self.user, "pswd": self.password, "userguid": guid, "username": self.name,
            "username-encoded": urllib.parse.quote(self.name), "firstname": self.name.split()[0],
            "lastname": self.name.split()[-1], "principal": self.path("principal") + "/",
            "principaluri": self.path("principal") + "/", "calendarhome": self.path("home"),
            "calendarhomealt": self.path("home"), "calendarpath": self.path("calendar"),
            "calendarpathalt": self.path("calendar"), "inboxpath": self.path("inbox"),
            "outboxpath": self.path("outbox"), "email": mail, "cuaddr": "mailto:" + mail,
            "cuaddralt": "mailto:" + mail, "cuaddraltnoslash": "mailto:" + mail,
            "cuaddrurn": "mailto:" + mail,
        }


class Server:
    def __init__(self, url, accounts):
        """accounts: (user, password), the first of them is user 1."""
        self.accounts = [Account(url, *one) for one in accounts]
        self.origin = urllib.parse.urlsplit(url)
        self.today = datetime.date.today()
        self.values, self.grabbed = self.first_values(url), {}
        self.new_uids()

    def first_values(self, url):
        one = self.accounts[0]
        root = self.origin.path
        principals = one.path("principal").rsplit("/", 1)[0] + "/"
        homes = one.path("home").rsplit("/", 1)[0] + "/"
        host = f"{self.origin.scheme}://{self.origin.netloc}"
        values = {
            **SHORTCUTS, "host": host, "hostssl": host, "root": root, "principalcollection": principals,
            "principals_uids": principals, "principals_users": principals, "calendars": homes,
            "calendars_uids": homes, "calendars_users": homes, "calendar": segment(one.calendar),
            "inbox": segment(one.inbox), "outbox": segment(one.outbox), "useradmin": "admin",
            "pswdadmin": "admin", "calendar_sync_extra_items": "[]", "calendar_sync_extra_count": "0",
            "calendar_home_items_initial_sync": f"[{segment(one.calendar)}/]",
        }
        found = discover.propfind(one.http, one.calendar, 0, DAV + "add-member")[0][1]
        if DAV + "add-member" in found:
            where = urllib.parse.urljoin(one.calendar, found[DAV + "add-member"].findtext(DAV + "href"))
            values["add-member"] = where.removeprefix(one.calendar)
        for number, account in enumerate(self.accounts, 1):
            for name, value in account.values().items():
                values[f"{name}{number}"] = value
            values[f"principal{number}noslash"] = account.path("principal")
        return {f"${name}:": value for name, value in values.items()}

    def new_uids(self):
        for number in range(1, UIDS + 1):
            self.grabbed[f"$uid{number}:"] = str(uuid.uuid4())

    def forget(self):
        """A new script begins: nothing is left of the one before."""
        self.grabbed = {}
        self.new_uids()
        for account in self.accounts:
            account.clean()

    def moment(self, found):
        """$now.year.1:, $now.month.-1:, $now.week.2: or $now.3:"""
        unit, offset = found[1], int(found[2])
        if unit == "year":
            return str(self.today.year + offset)
        if unit == "month":
            years, month = divmod(self.today.month - 1 + offset, 12)
            return f"{self.today.year + years}{month + 1:02}"
        day = self.today + datetime.timedelta(days=offset * (7 if unit == "week" else 1))
        return day.strftime("%Y%m%d")

    def fill(self, text, more=None):
        """The text with values in the place of names. more: names that only this text has."""
        text = NOW.sub(self.moment, text)
        while "$uidrandom:" in text:
            text = text.replace("$uidrandom:", str(uuid.uuid4()), 1)
        tables = [more or {}, self.values, self.grabbed]

        def value(found):
            return next((table[found[0]] for table in tables if found[0] in table), found[0])
        for _ in range(10):
            filled = NAME.sub(value, text)
            if filled == text:
                break
            text = filled
        return text

    def filled(self, text):
        """As fill, for what makes no sense with a name left in it."""
        text = self.fill(text)
        missing = NAME.search(text)
        if missing:
            raise Missing(missing[0].strip("$:"))
        return text

    def grab(self, name, value):
        """Keeps a value; basename($name:) and urlpath($name:) keep a part of a URL."""
        found = re.match(r"(basename|urlpath)\((.*)\)$", name)
        if found and found[1] == "basename":
            value = segment(value)
        elif found:
            value = urllib.parse.urlsplit(value).path
        self.grabbed[found[2] if found else name] = value

    def account_of(self, user, path):
        """Who makes a request. The administrator is she whose home it is: nobody here may look into the
        homes of others."""
        if user == "admin":
            return next((one for one in self.accounts if path.startswith(one.path("home"))),
                        self.accounts[0])
        return next((one for one in self.accounts if one.user == user), None)
