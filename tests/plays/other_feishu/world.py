"""People, calendars and events of the other Feishu, what it was asked, and how sloppy it is."""

import json
import threading
import time
import urllib.parse
import uuid
from http.server import ThreadingHTTPServer

from .calendars import Calendars
from .events import Events
from .http import Gate, Handler
from .refusal import NotThere, Refused
from .signing_in import SigningIn

CAL = "/open-apis/calendar/v4/calendars"
KNOBS = {
    "contact": "scope",        # ok, scope (99991672), 404
    "tenant": "ok",            # ok, 404: no token of the application
    "freebusy": "ok",          # ok, 404
    "attendee_list": "ok",     # ok, 404, hidden (194001)
    "subscription": "404",     # ok, 404
    "instances": "404",        # ok, 404
    "event_get": "ok",         # ok, 404
    "primary": "ok",           # ok, 404
    "user_info": "ok",         # ok, no_email
    "token_v3": "ok",          # ok, 404
    "codes": "number",         # number, text
    "lists": "empty",          # empty, null, missing
    "sparse": False,           # fields at their default are left out
    "count": "ok",             # ok, refuse
    "allday_read": "exclusive", "allday_write": "inclusive",
    "lag_s": 0.0,              # until a write is seen by list and get
    "page_items": 0,           # > 0: pages are this short, and every other one is empty
    "deleted": "full",         # full, minimal
    "expires_in": 7200,
    "numbers_as_text": False,  # color, minutes, expires_in
}



class OtherFeishu(Events, Calendars, SigningIn):
    """Runs in a thread; knobs, calls, complaints and the world are plain attributes."""

    app_id, app_secret = "cli_0123456789abcdef", "another secret"

    def __init__(self, **knobs):
        self.knobs = {**KNOBS, **knobs}
        self.calls, self.complaints, self.faults = [], [], []
        self.lock = threading.RLock()
        self.people, self.tokens, self.refresh, self.codes = {}, {}, {}, {}
        self.calendars, self.events, self.versions = {}, {}, {}
        self.keys, self.gate = {}, None
        self.person("ou_lin", "Lin", "lin@corp.example")
        self.person("ou_mei", "Mei", "mei@corp.example")
        handler = type("Handler", (Handler,), {"feishu": self})
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        self.server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()

    # ---- the world ----

    def person(self, open_id, name, email):
        calendar = f"feishu.cn_{open_id[3:]}Primary0000000000@group.calendar.feishu.cn"
        self.people[open_id] = {"open_id": open_id, "union_id": "on_" + open_id[3:], "name": name,
                                "email": email, "calendar": calendar}
        self.calendars[calendar] = {
            "calendar_id": calendar, "summary": name, "description": "", "permissions":
            "show_only_free_busy", "color": -1, "type": "primary", "summary_alias": "",
            "is_deleted": False, "is_third_party": False, "roles": {open_id: "owner"}}

    def share(self, summary, **roles):
        calendar = f"feishu.cn_{uuid.uuid4().hex[:22]}@group.calendar.feishu.cn"
        self.calendars[calendar] = {
            "calendar_id": calendar, "summary": summary, "description": "", "permissions":
            "private", "color": -1, "type": "shared", "summary_alias": "", "is_deleted": False,
            "is_third_party": False, "roles": roles}
        return calendar

    def primary(self, open_id="ou_lin"):
        return self.people[open_id]["calendar"]

    def touch(self, event):
        version = max(self.versions.values(), default=0) + 1
        self.versions[event["event_id"]] = version
        event["_seen_at"] = time.monotonic() + self.knobs["lag_s"]
        return event

    def add(self, summary, start, end, open_id="ou_lin", calendar=None, **fields):
        """An event as if made in the Feishu client; times in the form of reading."""
        with self.lock:
            if "event_id" not in fields:
                fields["event_id"] = f"{uuid.uuid4()}_0"
            event = {
                "organizer_calendar_id": calendar or self.primary(open_id), "summary": summary,
                "description": "", "status": "confirmed", "color": -1, "start_time": start,
                "end_time": end, "create_time": "1763366905", "recurrence": "",
                "is_exception": False, "attendee_ability": "can_see_others",
                "event_organizer": {"display_name": self.people[open_id]["name"],
                                    "user_id": open_id},
                "visibility": "default", "free_busy_status": "busy",
                "vchat": {"vc_type": "no_meeting"}, "reminders": [],
                "app_link": "https://applink.example/" + uuid.uuid4().hex, "_attendees": [],
                **fields}
            self.events[event["event_id"]] = event
            self.touch(event)["_seen_at"] = 0
            return event

    def change(self, event, **fields):
        with self.lock:
            event.update(fields)
            self.touch(event)["_seen_at"] = 0

    def keep_before(self, event):
        """What reading still shows while a write is not seen."""
        event["_before"] = {k: v for k, v in json.loads(json.dumps(event)).items()
                            if k != "_before"}

    def living(self, summary=None):
        with self.lock:
            return [e for e in self.events.values() if e["status"] != "cancelled"
                    and summary in (None, e["summary"])]

    def one(self, summary):
        found = self.living(summary)
        assert len(found) == 1, (summary, [e["event_id"] for e in found])
        return found[0]

    def seen(self, method=None, path=""):
        return [c for c in self.calls if method in (None, c["method"]) and path in c["path"]]

    def writes(self):
        return [(c["method"], c["path"].rsplit("/", 1)[1].split("_")[-1]) for c in self.calls
                if c["method"] != "GET" and "/events" in c["path"]
                and not c["path"].endswith("subscription")]

    def fault(self, method, path, count=1, **what):
        """what: cut="before"|"after", late_s, or status and body."""
        self.faults.append({"method": method, "path": path, "count": count, **what})

    def hold(self, n, when):
        """The n-th write from now (0 first) is held "before" or "after" its effect; returns the
        gate: .reached and .open are events."""
        self.gate = Gate(n, when)
        return self.gate

    def forget_access_tokens(self):
        with self.lock:
            self.tokens.clear()

    # ---- the calls ----

    def answer(self, method, path, query, body, token):
        """Returns the flat reply."""
        if path == "/oauth/v3/token" and self.knobs["token_v3"] == "ok" or \
                path == "/open-apis/authen/v2/oauth/token":
            return self.token_call(body)
        if path == "/open-apis/auth/v3/tenant_access_token/internal" and \
                self.knobs["tenant"] == "ok":
            return {"code": 0, "msg": "ok", "tenant_access_token": "t-tenant", "expire": 7200}
        if not path.startswith("/open-apis/"):
            raise NotThere
        if path.startswith("/open-apis/contact/"):
            if self.knobs["contact"] == "404":
                raise NotThere
            if self.knobs["contact"] == "scope":
                raise Refused(99991672, 400, "Access denied. One of the following scopes ...")
            return self.contact(path, query, body)
        if not token:
            raise Refused(99991661)
        if token not in self.tokens:
            raise Refused(99991677, 401, "Authentication token expired.")
        me = self.tokens[token]
        if path == "/open-apis/authen/v1/user_info":
            shown = dict(self.people[me])
            del shown["calendar"]
            if self.knobs["user_info"] == "no_email":
                del shown["email"]
            return {"code": 0, "data": shown}
        if path == "/open-apis/calendar/v4/freebusy/list":
            return {"code": 0, "data": self.busy(body)}
        if path.startswith(CAL):
            rest = [urllib.parse.unquote(part) for part in path[len(CAL):].split("/")[1:]]
            return {"code": 0, "msg": "success",
                    "data": self.calendar_call(me, method, rest, query, body)}
        raise NotThere

    def contact(self, path, query, body):
        if path.endswith("/batch_get_id"):
            found = {p["email"]: p["open_id"] for p in self.people.values()}
            return {"code": 0, "data": {"user_list": [
                {"email": mail, **({"user_id": found[mail]} if mail in found else {})}
                for mail in body.get("emails", [])]}}
        ids = query.get("user_ids", path.rsplit("/", 1)[1])
        people = [p for p in self.people.values()
                  if p["open_id"] in (ids if isinstance(ids, list) else [ids])]
        if path.endswith("/batch"):
            return {"code": 0, "data": {"items": people}}
        return {"code": 0, "data": {"user": people[0]}} if people else {"code": 41050}
