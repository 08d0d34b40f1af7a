"""Drives the Feishu simulator: starts the process, speaks its control interface (see
tests/feishu-sim/README.md), and calls the simulated platform as a person or as the app."""

import base64
import hashlib
import os
import secrets
import subprocess
import urllib.parse

import requests

APP_ID = "cli_sim0000000000000"
APP_SECRET = "secret"
CALENDARS = "/open-apis/calendar/v4/calendars"
# People of the world that the simulator starts with.
ADA = "ou_ada00000000000000000000000000001"
BOB = "ou_bob00000000000000000000000000002"
EVE = "ou_eve00000000000000000000000000003"
# Times of events.
HOUR = 3600
DAY = 86400
SOON = 1800000000  # 2027-01-15T08:00:00Z


def build_dir():
    return os.environ.get("BUILD_DIR", os.getcwd())


class ControlError(Exception):
    """The control interface did not like a request."""


class FeishuSim:
    """One simulator process on a free port. Use as a context manager or call stop()."""

    def __init__(self, scenario=None, binary=None):
        """scenario: a path, or a dict that is loaded with reset()."""
        self.binary = binary or os.path.join(build_dir(), "feishu-sim")
        command = [self.binary, "--listen", "127.0.0.1:0"]
        if isinstance(scenario, (str, os.PathLike)):
            command += ["--scenario", str(scenario)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True)
        line = self.process.stdout.readline()
        if not line.startswith("listening on "):
            self.process.wait(10)
            raise RuntimeError(f"the simulator did not start: {line!r}")
        self.url = line.split()[-1]
        self.port = int(self.url.rsplit(":", 1)[1])
        self.session = requests.Session()
        self.session.trust_env = False
        self._tokens = {}
        if isinstance(scenario, dict):
            self.reset(scenario)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()

    def stop(self):
        """Stops the process; returns its exit status (sanitizers make it fail)."""
        self.session.close()
        if self.process.poll() is None:
            self.process.terminate()
        try:
            status = self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            raise
        self.process.stdout.close()
        return status

    # ---- control ----

    def control(self, method, name, body=None, **query):
        reply = self.session.request(
            method, f"{self.url}/_sim/{name}", json=body, params=query or None, timeout=60)
        if reply.status_code != 200:
            raise ControlError(f"{method} {name}: {reply.status_code} {reply.text}")
        return reply.json()

    def reset(self, scenario=None):
        """Loads a scenario (a dict), or again the one loaded last."""
        self._tokens = {}
        return self.control("POST", "reset", scenario)

    def state(self, part=None, calendar_id=None):
        query = {"part": part, "calendar_id": calendar_id}
        return self.control("GET", "state", **{k: v for k, v in query.items() if v})

    def events(self, calendar_id=None, deleted=False):
        """Masters and single events, each with its exceptions and attendees."""
        events = self.state("events", calendar_id)["events"]
        return [e for e in events if deleted or not e["is_deleted"]]

    def event(self, summary):
        """The one living event of that title."""
        found = [e for e in self.events() if e["summary"] == summary]
        assert len(found) == 1, f"{len(found)} events are called {summary!r}"
        return found[0]

    def calendars(self):
        return self.state("calendars")["calendars"]

    def calendar(self, summary):
        found = [c for c in self.calendars()
                 if c["summary"] == summary and not c["is_deleted"]]
        assert len(found) == 1, f"{len(found)} calendars are called {summary!r}"
        return found[0]

    def person(self, any_id):
        """By e-mail, name, open_id, union_id or user_id."""
        for person in self.state("people")["people"]:
            if any_id in (person["email"], person["name"], person["open_id"],
                          person["union_id"], person["user_id"]):
                return person
        raise KeyError(any_id)

    def primary(self, user):
        return self.person(user)["primary_calendar_id"]

    def calls(self, since=0, method=None, path=None):
        """What the simulator saw, oldest first; path is a part of the path."""
        calls = self.control("GET", "calls", since=since)["calls"]
        return [c for c in calls
                if (not method or c["method"] == method) and (not path or path in c["path"])]

    def writes(self, since=0):
        """Calls that changed events, as (method, last part of the path)."""
        return [(call["method"], call["path"].rsplit("/", 1)[1]) for call in self.calls(since)
                if call["method"] != "GET" and "/events" in call["path"]
                and not call["path"].endswith("/subscription")]

    def last_call(self):
        return self.control("GET", "calls", since=1 << 40)["last"]

    def clear_calls(self):
        self.control("DELETE", "calls")

    def notifications(self):
        return self.control("GET", "notifications")["notifications"]

    def told(self, user, kind=None):
        """Notifications that the person got."""
        return [n for n in self.notifications() if user in n["to"] and kind in (None, n["kind"])]

    def clear_notifications(self):
        self.control("DELETE", "notifications")

    def feed(self, since=0):
        return self.control("GET", "feed", since=since)["feed"]

    def push(self, **values):
        """Delivery of events: mode, url, encrypt_key, verification_token are set; returns
        connections, messages and complaints."""
        if values:
            self.control("POST", "push", values)
        return self.control("GET", "push")

    def push_check(self):
        """The URL check of the developer console: passed, status, ms, body."""
        return self.control("POST", "push/check", {})

    def messages(self, kind=None, state=None):
        return [m for m in self.push()["messages"]
                if (not kind or kind in m["type"]) and (not state or m["state"] == state)]

    def connections(self, **values):
        """cut=True, split=bytes, refuse_bootstrap={"code": 403} ...; returns those that are open."""
        if values:
            self.control("POST", "connections", values)
        return self.push()["connections"]

    def edit(self, user, action, /, **members):
        """An edit as if in the Feishu client; returns the answer's data."""
        return self.control("POST", "edit", {"as": user, "action": action, **members})["data"]

    def add_event(self, user, summary, when, calendar_id="primary", attendees=None, **fields):
        """Short form of edit event_create; when: start and end in seconds, or two dates, or a
        dict for the scenario's relative times. Returns the event."""
        fields = {"summary": summary, "vchat": {"vc_type": "no_meeting"}, **fields}
        if isinstance(when, dict):
            fields["when"] = when
        else:
            zone = fields.pop("timezone", "Asia/Shanghai")
            for name, value in zip(("start_time", "end_time"), when):
                fields[name] = ({"date": value} if isinstance(value, str) else
                                {"timestamp": str(value), "timezone": zone})
        members = {"attendees": attendees} if attendees else {}
        return self.edit(user, "event_create", calendar_id=calendar_id, event=fields,
                         **members)["event"]

    def share(self, owner, calendar_id, user, role=None):
        """As the owner does it in the Feishu client; without a role the entry goes."""
        self.edit(owner, "share" if role else "unshare", calendar_id=calendar_id, user=user,
                  role=role)

    def switch(self, **values):
        return self.control("POST", "switches", values)["switches"]

    def switches(self):
        return self.control("GET", "switches")["switches"]

    def fault(self, **spec):
        """The next matching call goes wrong; see README for the members."""
        return self.control("POST", "faults", spec)["id"]

    def faults(self):
        return self.control("GET", "faults")["faults"]

    def clear_faults(self):
        self.control("DELETE", "faults")

    def tokens(self, **members):
        """POST tokens: user, access=expire|revoke, refresh=expire|revoke, grant=end ..."""
        self._tokens = {}
        return self.control("POST", "tokens", members)

    def person_is(self, user, **members):
        """resigned=True, frozen=True or False"""
        self._tokens = {}
        self.control("POST", "people", {"user": user, **members})

    def login(self, user=None, refuse=False):
        """Who consents on the authorize page without being asked."""
        self.control("POST", "login", {"user": user, "refuse": refuse})

    def clock(self, **members):
        """set=seconds or RFC 3339, advance=seconds, real=True; returns the clock."""
        if members:
            self._tokens = {}
            return self.control("POST", "clock", members)
        return self.control("GET", "clock")

    # ---- the platform ----

    def authorize(self, user, redirect_uri="http://127.0.0.1:9/callback", scope=None,
                  version="v3", verifier=None):
        """The whole sign-in of a person; returns the token reply as a dict."""
        verifier = verifier or secrets.token_urlsafe(48)
        digest = hashlib.sha256(verifier.encode()).digest()
        state = secrets.token_urlsafe(8)
        query = {
            "client_id": APP_ID, "response_type": "code", "redirect_uri": redirect_uri,
            "scope": scope or "offline_access calendar:calendar calendar:calendar:readonly",
            "state": state, "code_challenge_method": "S256",
            "code_challenge": base64.urlsafe_b64encode(digest).rstrip(b"=").decode(),
            "sim_user": user,
        }
        reply = self.session.get(self.url + "/open-apis/authen/v1/authorize", params=query,
                                 allow_redirects=False, timeout=10)
        assert reply.status_code == 302, reply.text
        back = urllib.parse.urlsplit(reply.headers["Location"])
        answer = dict(urllib.parse.parse_qsl(back.query))
        assert answer["state"] == state
        body = {
            "grant_type": "authorization_code", "client_id": APP_ID,
            "client_secret": APP_SECRET, "code": answer["code"],
            "redirect_uri": redirect_uri, "code_verifier": verifier,
        }
        path = "/oauth/v3/token" if version == "v3" else "/open-apis/authen/v2/oauth/token"
        reply = self.session.post(self.url + path, json=body, timeout=10)
        assert reply.status_code == 200, reply.text
        return reply.json()

    def user_token(self, user):
        """An access token with the usual scopes, without the browser."""
        if user not in self._tokens:
            reply = self.control("POST", "tokens", {"user": user, "mint": True})
            self._tokens[user] = reply["access_token"]
        return self._tokens[user]

    def tenant_token(self):
        reply = self.session.post(
            self.url + "/open-apis/auth/v3/tenant_access_token/internal",
            json={"app_id": APP_ID, "app_secret": APP_SECRET}, timeout=10)
        return reply.json()["tenant_access_token"]

    def call(self, user, method, path, body=None, query=None, token=None, **kwargs):
        """Calls the platform as a person (user None: as the app); returns the response.
        path: below /open-apis/calendar/v4/calendars unless it begins with /open-apis."""
        if not path.startswith(("/open-apis", "/oauth")):
            path = CALENDARS + path
        token = token or (self.user_token(user) if user else self.tenant_token())
        headers = {"Authorization": "Bearer " + token, **kwargs.pop("headers", {})}
        return self.session.request(method, self.url + path, json=body, params=query,
                                    headers=headers, timeout=30, **kwargs)

    def data(self, user, method, path, body=None, query=None):
        """Like call, insists on success and returns the member data."""
        reply = self.call(user, method, path, body, query)
        assert reply.status_code == 200, f"{method} {path}: {reply.status_code} {reply.text}"
        answer = reply.json()
        assert answer["code"] == 0, reply.text
        return answer["data"]
