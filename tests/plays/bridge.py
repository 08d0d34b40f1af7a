"""The bridge under test: the real binary with a store, a configuration and a port of its own.

    with FeishuSim() as sim, Bridge(sim) as bridge:
        ada = bridge.sign_in("ou_ada00000000000000000000000000001")          # person of the simulator's scenario
        ada.propfind("/dav/", 0, "<d:current-user-principal/>")
"""

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from urllib.parse import urljoin

import requests

BUILD_DIR = os.environ.get("BUILD_DIR", os.getcwd())
PROGRAM = os.path.join(BUILD_DIR, "feishu-caldav")
NS = {
    "d": "DAV:",
    "c": "urn:ietf:params:xml:ns:caldav",
    "cs": "http://calendarserver.org/ns/",
    "a": "http://apple.com/ns/ical/",
}
XMLNS = " ".join(f'xmlns:{prefix}="{uri}"' for prefix, uri in NS.items())
WAIT_S = 20


def wait_until(claim, what="the condition", seconds=WAIT_S):
    """Polls until claim() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise AssertionError(f"{what} did not come true within {seconds} s")
        time.sleep(0.02)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Bridge:
    """A running feishu-caldav in front of a simulator (anything with a .url)."""

    def __init__(self, sim=None, options=None, start=True):
        self.dir = tempfile.mkdtemp(prefix="feishu-caldav-play.")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.log_path = os.path.join(self.dir, "log")
        settings = {
            "server.listen": f"127.0.0.1:{self.port}",
            "store.path": os.path.join(self.dir, "store.db"),
            "sync.poll-interval": "1",
            # Most plays say themselves when something is read; test_push_*.py sets it to auto.
            "sync.events": "none",
            "log.level": "debug",
        }
        if sim is not None:
            settings.update({
                "feishu.app-id": getattr(sim, "app_id", "cli_sim0000000000000"),
                "feishu.app-secret": getattr(sim, "app_secret", "secret"),
                "feishu.base-url": sim.url,
                "feishu.accounts-url": sim.url,
            })
        settings.update(options or {})
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("FEISHU_CALDAV_")}
        self.env.update({"XDG_CONFIG_HOME": self.dir, "HOME": self.dir})
        for name, value in settings.items():
            if value is not None:
                self.env["FEISHU_CALDAV_" + re.sub(r"[.-]", "_", name).upper()] = str(value)
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([PROGRAM, "serve"], env=self.env, stderr=log,
                                        stdout=log, stdin=subprocess.DEVNULL, cwd=self.dir)
        log.close()

        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"feishu-caldav ended at once:\n{self.log()}")
            try:
                return requests.get(self.url + "/healthz", timeout=5).ok
            except requests.ConnectionError:
                return False
        if self.env["FEISHU_CALDAV_SERVER_LISTEN"].endswith(f":{self.port}") and \
                "FEISHU_CALDAV_SERVER_TLS_CERT" not in self.env:
            wait_until(answers, "an answer of /healthz")
        return self

    def stop(self, how=signal.SIGTERM):
        """Ends the process; returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("feishu-caldav did not end within 15 s of SIGTERM")
        self.process = None
        return status

    def close(self):
        try:
            status = self.stop()
            assert status in (0, None, -9), f"exit status {status}:\n{self.log()[-4000:]}"
            assert "AddressSanitizer" not in self.log() and "runtime error:" not in self.log(), \
                self.log()[-8000:]
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def run(self, *arguments, stdin="", check=True):
        """A command on the same store; returns the finished process."""
        done = subprocess.run([PROGRAM, *arguments], env=self.env, input=stdin, text=True,
                              capture_output=True, timeout=60, cwd=self.dir, check=False)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done

    def authorize(self, person):
        """Goes through the sign-in page as a person of the simulator; returns the final answer."""
        page = requests.get(self.url + "/login", allow_redirects=False, timeout=30)
        assert page.status_code == 302, page.text
        consent = requests.get(page.headers["Location"] + "&sim_user=" + person,
                               allow_redirects=False, timeout=30)
        assert consent.status_code == 302, consent.text
        return requests.get(consent.headers["Location"], cookies=page.cookies,
                            allow_redirects=False, timeout=30)

    def sign_in(self, person, pull=True):
        """Signs a person in and returns a client with a new app password."""
        answer = self.authorize(person)
        assert answer.status_code == 302, answer.text
        users = json.loads(self.run("user", "list", "--json").stdout)
        name = [user["name"] for user in users if user["open_id"] == person][0]
        if pull:
            self.run("sync", name)
        password = self.run("user", "password", name, "--label", "play").stdout.strip()
        return Client(self, name, password)

    def sync(self, name):
        return self.run("sync", name)


class Client:
    """A plain CalDAV client of one account."""

    def __init__(self, bridge, name, password):
        self.bridge, self.name, self.password = bridge, name, password
        self.session = requests.Session()
        self.session.auth = (name, password)
        self.session.trust_env = False
        self._home = None

    def request(self, method, href, body=None, headers=None, **arguments):
        if isinstance(body, str):
            body = body.encode()
        return self.session.request(method, urljoin(self.bridge.url, href), data=body,
                                    headers=headers or {}, timeout=60,
                                    allow_redirects=False, **arguments)

    def xml(self, method, href, root, inner, headers=None, **arguments):
        body = f'<?xml version="1.0" encoding="utf-8"?><{root} {XMLNS}>{inner}</{root.split()[0]}>'
        return self.request(method, href, body,
                            {"Content-Type": "application/xml; charset=utf-8", **(headers or {})},
                            **arguments)

    def propfind(self, href, depth, props):
        """Returns {href: {clark name: element}} of the 200 propstats."""
        answer = self.xml("PROPFIND", href, "d:propfind", f"<d:prop>{props}</d:prop>",
                          {"Depth": str(depth)})
        assert answer.status_code == 207, (answer.status_code, answer.text)
        return {r.href: r.props for r in responses(answer)}

    def report(self, href, root, inner, depth=1):
        return self.xml("REPORT", href, root, inner, {"Depth": str(depth)})

    def home(self):
        if self._home is None:
            root = self.propfind("/dav/", 0, "<d:current-user-principal/>")
            principal = first_href(next(iter(root.values())), "{DAV:}current-user-principal")
            props = self.propfind(principal, 0, "<c:calendar-home-set/>")
            self._home = first_href(next(iter(props.values())),
                                    "{%s}calendar-home-set" % NS["c"])
        return self._home

    def calendars(self):
        """{displayname: href} of all calendars."""
        found = self.propfind(self.home(), 1, "<d:displayname/><d:resourcetype/>")
        return {(props["{DAV:}displayname"].text or ""): href
                for href, props in found.items()
                if props["{DAV:}resourcetype"].find("c:calendar", NS) is not None}

    def ctag(self, href):
        props = next(iter(self.propfind(href, 0, "<cs:getctag/>").values()))
        return props["{%s}getctag" % NS["cs"]].text

    def members(self, href):
        """{href: etag} of the objects of a calendar."""
        return {member: props["{DAV:}getetag"].text
                for member, props in self.propfind(href, 1, "<d:getetag/>").items()
                if "{DAV:}getetag" in props and not member.endswith("/")}

    def get(self, href):
        answer = self.request("GET", href)
        assert answer.status_code == 200, (answer.status_code, answer.text)
        return answer.content.decode()

    def put(self, href, text, headers=None):
        return self.request("PUT", href, text,
                            {"Content-Type": "text/calendar; charset=utf-8", **(headers or {})})

    def delete(self, href, headers=None):
        return self.request("DELETE", href, headers=headers)

    def sync_collection(self, href, token="", props="<d:getetag/>", limit=None):
        """Returns (changed {href: props}, removed [href], token, truncated)."""
        inner = f"<d:sync-token>{token}</d:sync-token><d:sync-level>1</d:sync-level>"
        if limit is not None:
            inner += f"<d:limit><d:nresults>{limit}</d:nresults></d:limit>"
        answer = self.report(href, "d:sync-collection", f"{inner}<d:prop>{props}</d:prop>", 0)
        assert answer.status_code == 207, (answer.status_code, answer.text)
        changed, removed, truncated = {}, [], False
        for one in responses(answer):
            if one.status == 404:
                removed.append(one.href)
            elif one.status == 507:
                truncated = True
            else:
                changed[one.href] = one.props
        return changed, removed, ET.fromstring(answer.content).find("d:sync-token", NS).text, truncated


class Response:
    """One response element of a multistatus."""

    def __init__(self, element):
        self.element = element
        self.href = element.find("d:href", NS).text
        status = element.find("d:status", NS)
        self.status = int(status.text.split()[1]) if status is not None else None
        self.props, self.missing = {}, {}
        for propstat in element.findall("d:propstat", NS):
            code = int(propstat.find("d:status", NS).text.split()[1])
            for prop in propstat.find("d:prop", NS):
                (self.props if code == 200 else self.missing)[prop.tag] = prop


def responses(answer):
    return [Response(one) for one in ET.fromstring(answer.content).findall("d:response", NS)]


def first_href(props, name):
    return props[name].find("d:href", NS).text


def precondition(answer):
    """The clark name of the element inside DAV:error."""
    root = ET.fromstring(answer.content)
    assert root.tag == "{DAV:}error", answer.text
    return root[0].tag if len(root) else None


def event(uid, start="20270105T100000", end="20270105T110000", zone="Asia/Shanghai",
          summary="Event", extra=""):
    """A small VEVENT in a VCALENDAR, as a simple client would write it."""
    return "\r\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", "BEGIN:VEVENT", f"UID:{uid}",
        "DTSTAMP:20261120T000000Z", f"DTSTART;TZID={zone}:{start}", f"DTEND;TZID={zone}:{end}",
        f"SUMMARY:{summary}", *[line for line in extra.split("\n") if line],
        "END:VEVENT", "END:VCALENDAR", ""])
