"""A second, small Feishu, written from the published reference alone and sharing nothing with the
simulator: what both agree on is not merely one reading of it. It is sloppy where the knobs say so,
and writes down (complaints) what the reference does not allow a client to send."""

import json
import re
import threading
import time
import urllib.parse
import uuid
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

CAL = "/open-apis/calendar/v4/calendars"
CREATE_FIELDS = {
    "summary", "description", "need_notification", "start_time", "end_time", "vchat",
    "visibility", "attendee_ability", "free_busy_status", "location", "color", "reminders",
    "recurrence", "schemas", "attachments", "event_check_in", "source", "description_rich"}
OWN_FIELDS = {"visibility", "free_busy_status", "color", "reminders"}
RRULE_PARTS = {"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS",
               "WKST", "BYYEARDAY", "BYWEEKNO"}
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


class Refused(Exception):
    """An answer that is no success."""

    def __init__(self, code, status=400, msg="refused"):
        super().__init__(msg)
        self.code, self.status, self.msg = code, status, msg


class NotThere(Exception):
    """404 page not found, as text."""


def day_number(text):
    return int(time.mktime(time.strptime(text + " UTC", "%Y-%m-%d %Z")) - time.timezone) // 86400


def day_text(number):
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86400))


class OtherFeishu:
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

    # ---- what the reference says a client must send ----

    def complain(self, text):
        self.complaints.append(text)

    def check_time(self, value, name):
        if not isinstance(value, dict):
            raise Refused(99992402, 400, name + " is no object")
        if ("date" in value) == ("timestamp" in value):
            self.complain(f"{name}: date or timestamp, one of the two: {value}")
        if "timestamp" in value:
            if not re.fullmatch(r"[0-9]{1,11}", str(value["timestamp"])) or \
                    not isinstance(value["timestamp"], str):
                raise Refused(9499, 400, "timestamp is a string of seconds")
            if not value.get("timezone"):
                self.complain(f"{name} without a time zone")
            elif value["timezone"] != "UTC" and "/" not in value["timezone"]:
                self.complain(f"{name}: {value['timezone']} is no IANA name")

    def check_body(self, body, create):
        unknown = set(body) - CREATE_FIELDS
        if unknown:
            self.complain(f"unknown members {sorted(unknown)}")
        if ("start_time" in body) != ("end_time" in body):
            self.complain("start and end only together")
        for name in ("start_time", "end_time"):
            if name in body:
                self.check_time(body[name], name)
        if body.get("vchat") == {} or (create and "vc_type" not in body.get("vchat", {})):
            self.complain("vchat is empty")
        rule = body.get("recurrence")
        if rule:
            parts = dict(part.split("=", 1) for part in rule.split(";"))
            if set(parts) - RRULE_PARTS or "FREQ" not in parts:
                raise Refused(190014, 400, f"recurrence {rule}")
            if "COUNT" in parts:
                self.complain("COUNT is not supported")
                if self.knobs["count"] == "refuse" or "UNTIL" in parts:
                    raise Refused(190014, 400, "COUNT")
        for one in body.get("reminders") or []:
            if not isinstance(one.get("minutes"), int) or not -20160 <= one["minutes"] <= 20160:
                raise Refused(190014, 400, "reminders")
        if len(body.get("summary", "")) > 1000 or len(body.get("description", "")) > 40960:
            raise Refused(190014, 400, "too long")

    # ---- events ----

    def store_times(self, event, body):
        if "start_time" not in body or "end_time" not in body:
            return
        start, end = dict(body["start_time"]), dict(body["end_time"])
        if "date" in start:
            last = day_number(end["date"]) - (self.knobs["allday_write"] == "exclusive")
            if last < day_number(start["date"]):
                raise Refused(190014, 400, "end before start")
            shown = last + (self.knobs["allday_read"] == "exclusive")
            event["start_time"] = {"date": start["date"], "timezone": "UTC"}
            event["end_time"] = {"date": day_text(shown), "timezone": "UTC"}
            event["_days"] = (start["date"], day_text(last + 1))
            return
        if int(end["timestamp"]) < int(start["timestamp"]):
            raise Refused(190014, 400, "end before start")
        event.pop("_days", None)
        event["start_time"] = {k: start[k] for k in ("timestamp", "timezone") if k in start}
        event["end_time"] = {k: end[k] for k in ("timestamp", "timezone") if k in end}

    def print_event(self, event, me):
        shown = {k: v for k, v in event.items() if not k.startswith("_")}
        shown.update(event.get("_own", {}).get(me, {}))
        if event["status"] == "cancelled" and self.knobs["deleted"] == "minimal" and \
                not event["is_exception"]:
            return {"event_id": event["event_id"], "status": "cancelled"}
        if self.knobs["sparse"]:
            for name in [n for n, v in shown.items()
                         if v in ("", [], False, -1, None) or n in ("app_link", "create_time")
                         or (n == "vchat" and v.get("vc_type") == "no_meeting")]:
                del shown[name]
        if self.knobs["lists"] != "empty" and not shown.get("reminders"):
            shown["reminders"] = None
            if self.knobs["lists"] == "missing":
                del shown["reminders"]
        if self.knobs["numbers_as_text"] and "color" in shown:
            shown["color"] = str(shown["color"])
        return shown

    def visible(self, event, calendar):
        if event["organizer_calendar_id"] == calendar:
            return True
        return any(self.people.get(a.get("user_id"), {}).get("calendar") == calendar
                   for a in event["_attendees"])

    def find(self, calendar, event_id, dead=False):
        event = self.events.get(event_id)
        if not event or not self.visible(event, calendar):
            raise Refused(193001, 404, "event not found")
        if event["status"] == "cancelled" and not dead and not event["is_exception"]:
            raise Refused(193003, 403, "event is deleted")
        return event

    def occurrence(self, calendar, event_id):
        """The exception of that id, made from its master where there is none yet."""
        uid, original = event_id.rsplit("_", 1)
        if event_id in self.events or original == "0":
            return self.find(calendar, event_id)
        master = self.find(calendar, uid + "_0")
        copy = json.loads(json.dumps(master))
        first = master["start_time"]
        if "date" in first:
            length = day_number(master["end_time"]["date"]) - day_number(first["date"])
            day = int(original) // 86400
            copy["start_time"] = {"date": day_text(day), "timezone": "UTC"}
            copy["end_time"] = {"date": day_text(day + length), "timezone": "UTC"}
        else:
            length = int(master["end_time"]["timestamp"]) - int(first["timestamp"])
            copy["start_time"]["timestamp"] = original
            copy["end_time"]["timestamp"] = str(int(original) + length)
        copy.update({"event_id": event_id, "is_exception": True, "recurrence": "",
                     "recurring_event_id": uid + "_0"})
        self.events[event_id] = copy
        return copy

    def event_list(self, me, calendar, query):
        size = int(query.get("page_size", "500"))
        if not 50 <= size <= 1000:
            raise Refused(99992402, 400, "page_size")
        if "sync_token" in query and "anchor_time" in query:
            raise Refused(190009, 400, "sync token with other restrictions")
        start, since, last = 0, 0, max(self.versions.values(), default=0)
        if "page_token" in query:
            match = re.fullmatch(r"p-(\d+)-(\d+)-(\d+)", query["page_token"])
            if not match:
                raise Refused(190008)
            start, since, last = (int(part) for part in match.groups())
        elif "sync_token" in query:
            if not re.fullmatch(r"s-\d+", query["sync_token"]):
                raise Refused(190008)
            since = int(query["sync_token"][2:])
        now = time.monotonic()
        hidden = [self.versions[e["event_id"]] for e in self.events.values()
                  if e["_seen_at"] > now]
        last = min([last] + [version - 1 for version in hidden])
        found = [e for e in self.events.values() if self.visible(e, calendar)
                 and since < self.versions[e["event_id"]] <= last
                 and (since or e["status"] != "cancelled" or e["is_exception"])]
        found.sort(key=lambda e: self.versions[e["event_id"]])
        short = self.knobs["page_items"]
        at = start // 2 * short if short else start * size
        empty = short and start % 2 == 0
        page = [] if empty else found[at:at + (short or size)]
        more = len(found) > at + len(page)
        data = {"has_more": more, "items": [self.print_event(e, me) for e in page]}
        if more:
            data["page_token"] = f"p-{start + 1}-{since}-{last}"
        else:
            data["sync_token"] = f"s-{last}"
        return data

    def event_create(self, me, calendar, query, body):
        key = query.get("idempotency_key", "")
        if not 32 <= len(key) <= 128:
            self.complain(f"idempotency_key {key!r}")
        if (key, calendar) in self.keys and key:
            return {"event": self.print_event(self.events[self.keys[key, calendar]], me)}
        if "attendees" in body:
            self.complain("attendees on create")
        if "start_time" not in body or "end_time" not in body:
            raise Refused(99992402, 400, "times are required")
        self.check_body(body, True)
        event = self.add("", None, None, me, calendar, attendee_ability="none")
        self.store_times(event, body)
        event.update({k: v for k, v in body.items()
                      if k not in ("start_time", "end_time", "need_notification")})
        self.keys[key, calendar] = event["event_id"]
        self.touch(event)
        return {"event": self.print_event(event, me)}

    def event_patch(self, me, calendar, event_id, body):
        self.check_body(body, False)
        event = self.occurrence(calendar, event_id)
        organizes = event["organizer_calendar_id"] == calendar and self.writes_to(me, calendar)
        if not organizes:
            if set(body) - OWN_FIELDS - {"need_notification"}:
                self.complain(f"a participant changes {sorted(set(body) - OWN_FIELDS)}")
                raise Refused(193002, 403, "no permission to operate event")
        own = {k: v for k, v in body.items() if k in OWN_FIELDS}
        self.keep_before(event)
        self.store_times(event, body)
        if organizes:
            event.update({k: v for k, v in body.items()
                          if k not in ("start_time", "end_time", "need_notification")})
        else:
            event.setdefault("_own", {}).setdefault(me, {}).update(own)
        self.touch(event)
        return {"event": self.print_event(event, me)}

    def event_delete(self, me, calendar, event_id, query):
        if query.get("need_notification", "true") not in ("true", "false"):
            self.complain("need_notification is true or false")
        event = self.occurrence(calendar, event_id)
        if event["status"] == "cancelled":
            raise Refused(193003, 403, "event is deleted")
        if event["organizer_calendar_id"] != calendar or not self.writes_to(me, calendar):
            raise Refused(193002, 403, "no permission to operate event")
        if event["is_exception"] and query.get("delete_exception") == "true":
            del self.events[event_id]
            self.touch(self.events[event["recurring_event_id"]])
            return {}
        self.keep_before(event)
        event["status"] = "cancelled"
        self.touch(event)
        return {}

    def writes_to(self, me, calendar):
        return self.calendars[calendar]["roles"].get(me) in ("owner", "writer")

    def attendees(self, me, calendar, event_id, method, body):
        event = self.find(calendar, event_id)
        if method == "GET":
            if self.knobs["attendee_list"] == "404":
                raise NotThere
            if self.knobs["attendee_list"] == "hidden":
                raise Refused(194001, 403, "no permission to list event attendees")
            return {"has_more": False, "page_token": "", "items": event["_attendees"]}
        for one in body.get("attendees") or []:
            if one.get("type") not in ("user", "chat", "resource", "third_party"):
                raise Refused(194004, 400, "invalid attendee type")
            if one["type"] == "user" and one.get("user_id") not in self.people:
                raise Refused(190002, 400, "user")
            name = self.people.get(one.get("user_id"), {}).get("name", "")
            event["_attendees"].append({
                **{k: one[k] for k in ("type", "user_id", "third_party_email") if k in one},
                "attendee_id": f"{one['type']}_{len(event['_attendees']) + 1}",
                "rsvp_status": "needs_action", "is_optional": bool(one.get("is_optional")),
                "is_organizer": one.get("user_id") == me, "is_external": False,
                "display_name": name})
        if not event["vchat"].get("vc_type"):
            event["vchat"] = {"vc_type": "vc", "meeting_url": "https://vc.example/j/1"}
        self.touch(event)
        return {"attendees": event["_attendees"]}

    def remove_attendees(self, calendar, event_id, body):
        event = self.find(calendar, event_id)
        ids = set(body.get("attendee_ids") or [])
        users = {one.get("user_id") for one in body.get("delete_ids") or []}
        event["_attendees"] = [a for a in event["_attendees"] if a["attendee_id"] not in ids
                               and a.get("user_id", ids) not in users]
        self.touch(event)
        return {}

    def reply(self, me, calendar, event_id, body):
        event = self.find(calendar, event_id)
        if body.get("rsvp_status") not in ("accept", "decline", "tentative"):
            raise Refused(190014, 400, "rsvp_status")
        for one in event["_attendees"]:
            if one.get("user_id") == me:
                one["rsvp_status"] = body["rsvp_status"]
        self.touch(event)
        return {}

    # ---- calendars ----

    def print_calendar(self, calendar, me):
        shown = {k: v for k, v in calendar.items() if k != "roles"}
        shown["role"] = calendar["roles"].get(me, "unknown")
        if self.knobs["sparse"]:
            shown = {k: v for k, v in shown.items() if v not in ("", False, -1)}
        return shown

    def calendar_list(self, me, query):
        if not 50 <= int(query.get("page_size", "500")) <= 1000:
            raise Refused(99992402, 400, "page_size")
        found = [self.print_calendar(c, me) for c in self.calendars.values() if me in c["roles"]
                 and (query.get("sync_token") or not c["is_deleted"])]
        return {"has_more": False, "sync_token": "calendars-1", "calendar_list": found}

    def calendar_call(self, me, method, rest, query, body):
        if rest == [] and method == "GET":
            return self.calendar_list(me, query)
        if rest == [] and method == "POST":
            calendar = self.share(body.get("summary", ""), **{me: "owner"})
            self.calendars[calendar].update(body)
            return {"calendar": self.print_calendar(self.calendars[calendar], me)}
        if rest == ["primary"] and method == "POST":
            if self.knobs["primary"] == "404":
                raise NotThere
            return {"calendars": [{"user_id": me, "calendar": self.print_calendar(
                self.calendars[self.primary(me)], me)}]}
        if rest[0] in ("subscription", "mget", "primarys", "search"):
            if rest[0] == "subscription" and self.knobs["subscription"] == "ok":
                return {}
            raise NotThere
        calendar = rest[0]
        if calendar not in self.calendars or me not in self.calendars[calendar]["roles"]:
            raise Refused(191000, 404, "calendar not found")
        if self.calendars[calendar]["is_deleted"]:
            raise Refused(191003, 403, "calendar is deleted")
        if len(rest) == 1:
            if method == "GET":
                return self.print_calendar(self.calendars[calendar], me)
            if method == "PATCH":
                self.calendars[calendar].update(body)
                return {"calendar": self.print_calendar(self.calendars[calendar], me)}
            if method == "DELETE":
                self.calendars[calendar]["is_deleted"] = True
                return {}
        if rest[1] == "events":
            return self.event_call(me, calendar, method, rest[2:], query, body)
        raise NotThere

    def event_call(self, me, calendar, method, rest, query, body):
        key = (method, len(rest), rest[-1] if len(rest) > 1 else "")
        if rest == ["subscription"]:
            if self.knobs["subscription"] == "ok":
                return {}
            raise NotThere
        if method != "GET" and len(rest) < 2 and not self.writes_to(me, calendar) \
                and self.calendars[calendar]["roles"].get(me) != "owner":
            raise Refused(191002, 403, "no calendar access_role")
        match key:
            case ("GET", 0, _):
                if self.calendars[calendar]["roles"].get(me) == "free_busy_reader":
                    raise Refused(191002, 403, "no calendar access_role")
                return self.event_list(me, calendar, query)
            case ("POST", 0, _):
                return self.event_create(me, calendar, query, body)
            case ("GET", 1, _):
                if self.knobs["event_get"] == "404":
                    raise NotThere
                event = self.events.get(rest[0])
                if event and event["_seen_at"] > time.monotonic():
                    event = event.get("_before")
                    if not event:
                        raise Refused(193001, 404, "event not found")
                else:
                    event = self.find(calendar, rest[0])
                shown = self.print_event(event, me)
                if query.get("need_attendee") == "true":
                    if self.knobs["attendee_list"] == "hidden":
                        raise Refused(194001, 403, "hidden")
                    shown["attendees"] = event["_attendees"]
                return {"event": shown}
            case ("PATCH", 1, _):
                return self.event_patch(me, calendar, rest[0], body)
            case ("DELETE", 1, _):
                return self.event_delete(me, calendar, rest[0], query)
            case (_, 2, "attendees"):
                return self.attendees(me, calendar, rest[0], method, body)
            case ("POST", 3, "batch_delete"):
                return self.remove_attendees(calendar, rest[0], body)
            case ("POST", 2, "reply"):
                return self.reply(me, calendar, rest[0], body)
        raise NotThere

    def busy(self, body):
        def seconds(text):
            return time.mktime(time.strptime(text[:19] + " UTC", "%Y-%m-%dT%H:%M:%S %Z")) \
                - time.timezone
        if self.knobs["freebusy"] == "404":
            raise NotThere
        low, high = (int(seconds(body[k])) for k in ("time_min", "time_max"))
        items = []
        for event in self.living():
            if not self.visible(event, self.primary(body["user_id"])) or \
                    event["free_busy_status"] == "free":
                continue
            if "_days" in event:
                start, end = (day_number(day) * 86400 for day in event["_days"])
            elif "timestamp" in event["start_time"]:
                start, end = (int(event[k]["timestamp"]) for k in ("start_time", "end_time"))
            else:
                continue
            if start < high and end > low:
                items.append({k: time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(v))
                              for k, v in (("start_time", start), ("end_time", end))})
        return {"freebusy_list": items}

    # ---- sign-in ----

    def new_pair(self, open_id):
        access, refresh = "eyJ" + uuid.uuid4().hex * 40, "eyJr" + uuid.uuid4().hex * 40
        self.tokens[access], self.refresh[refresh] = open_id, open_id
        life = self.knobs["expires_in"]
        return {"code": 0, "access_token": access, "token_type": "Bearer",
                "expires_in": str(life) if self.knobs["numbers_as_text"] else life,
                "refresh_token": refresh, "refresh_token_expires_in": 604800,
                "scope": "offline_access calendar:calendar"}

    def token_call(self, body):
        if (body.get("client_id"), body.get("client_secret")) != (self.app_id, self.app_secret):
            raise Refused(20002)
        if body.get("grant_type") == "authorization_code":
            if body.get("code") not in self.codes:
                raise Refused(20003)
            asked = self.codes.pop(body["code"])
            if body.get("redirect_uri") != asked["redirect_uri"]:
                raise Refused(20071)
            if len(body.get("code_verifier", "")) < 43:
                raise Refused(20049)
            return self.new_pair(asked["user"])
        if body.get("grant_type") == "refresh_token":
            if body.get("refresh_token") not in self.refresh:
                raise Refused(20073)
            return self.new_pair(self.refresh.pop(body["refresh_token"]))
        raise Refused(20036)

    def authorize(self, query, user):
        if query.get("client_id") != self.app_id or query.get("response_type") != "code" or \
                query.get("code_challenge_method") != "S256" or not query.get("state"):
            self.complain(f"authorize: {query}")
        if "offline_access" not in query.get("scope", "").split():
            self.complain("offline_access is not asked for")
        code = uuid.uuid4().hex * 2
        self.codes[code] = {"redirect_uri": query["redirect_uri"], "user": user}
        return query["redirect_uri"] + "?" + urllib.parse.urlencode(
            {"code": code, "state": query["state"]})

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


class Gate:
    """Where a write waits until the play lets it go on."""

    def __init__(self, n, when):
        self.n, self.when = n, when
        self.reached, self.open = threading.Event(), threading.Event()

    def passes(self, when):
        if self.n == 0 and self.when == when:
            self.reached.set()
            self.open.wait(30)


class Handler(BaseHTTPRequestHandler):
    """HTTP around OtherFeishu.answer."""

    protocol_version = "HTTP/1.1"
    feishu = None

    def log_message(self, *_):
        pass

    def send(self, status, content, kind="application/json; charset=utf-8", headers=()):
        data = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = self.headers.get("Content-Type", "")
        if not raw:
            return {}
        if "x-www-form-urlencoded" in kind:
            return dict(urllib.parse.parse_qsl(raw))
        if "application/json" not in kind:
            self.feishu.complain(f"{self.path}: Content-Type {kind!r}")
        return json.loads(raw)

    def fault(self, path):
        for one in self.feishu.faults:
            if one["count"] and one["method"] == self.command and re.search(one["path"], path):
                one["count"] -= 1
                return one
        return None

    def serve(self):
        feishu = self.feishu
        parts = urllib.parse.urlsplit(self.path)
        query = {}
        for name, value in urllib.parse.parse_qsl(parts.query):
            query[name] = value if name not in query else \
                (query[name] if isinstance(query[name], list) else [query[name]]) + [value]
        body = self.body()
        if parts.path == "/open-apis/authen/v1/authorize":
            target = feishu.authorize(query, query.get("user", "ou_lin"))
            self.send(302, "", headers=[("Location", target)])
            return
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        fault = self.fault(parts.path)
        if fault and fault.get("cut") == "before":
            self.close_connection = True
            return
        gate = feishu.gate if self.command != "GET" and "/events" in parts.path else None
        if gate:
            gate.passes("before")
        if gate and gate.open.is_set() and gate.n == 0 and gate.when == "before":
            self.close_connection = True
            return
        if fault and "status" in fault:
            status, text = fault["status"], fault["body"]
        else:
            status, text = self.result(parts.path, query, body, token)
        if gate:
            gate.passes("after")
            gate.n -= 1
        if fault and "late_s" in fault:
            time.sleep(fault["late_s"])
        if fault and fault.get("cut") == "after":
            self.close_connection = True
            return
        self.send(status, text, "text/plain" if status == 404 and text[:1] == "4" else
                  "application/json; charset=utf-8", [("X-Tt-Logid", "20260911" + "0" * 20)])

    def result(self, path, query, body, token):
        feishu = self.feishu
        with feishu.lock:
            call = {"method": self.command, "path": urllib.parse.unquote(path), "query": query,
                    "body": body, "token": token, "code": 0}
            feishu.calls.append(call)
            try:
                status, reply = 200, feishu.answer(self.command, path, query, body, token)
            except Refused as refused:
                status = refused.status
                reply = {"code": refused.code, "msg": refused.msg, "error": "text, no object"}
                call["code"] = refused.code
            except NotThere:
                call["code"] = 404
                return 404, "404 page not found"
            if feishu.knobs["codes"] == "text":
                reply["code"] = str(reply["code"])
            if feishu.knobs["lists"] != "empty":
                tidy_lists(reply, feishu.knobs["lists"])
            return status, json.dumps(reply)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = serve


def tidy_lists(value, how):
    """Empty lists become null, or go."""
    if isinstance(value, list):
        for one in value:
            tidy_lists(one, how)
    elif isinstance(value, dict):
        for name in list(value):
            if value[name] == []:
                if how == "null":
                    value[name] = None
                else:
                    del value[name]
            else:
                tidy_lists(value[name], how)
