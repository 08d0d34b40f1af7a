"""Events: what the reference says a client must send, and what comes of it."""

import json
import re
import time

from .refusal import NotThere, Refused

CREATE_FIELDS = {
    "summary", "description", "need_notification", "start_time", "end_time", "vchat",
    "visibility", "attendee_ability", "free_busy_status", "location", "color", "reminders",
    "recurrence", "schemas", "attachments", "event_check_in", "source", "description_rich"}
OWN_FIELDS = {"visibility", "free_busy_status", "color", "reminders"}
RRULE_PARTS = {"FREQ", "UNTIL", "COUNT", "INTERVAL", "BYDAY", "BYMONTHDAY", "BYMONTH", "BYSETPOS",
               "WKST", "BYYEARDAY", "BYWEEKNO"}


def day_number(text):
    return int(time.mktime(time.strptime(text + " UTC", "%Y-%m-%d %Z")) - time.timezone) // 86400


def day_text(number):
    return time.strftime("%Y-%m-%d", time.gmtime(number * 86400))


class Events:
    """A part of OtherFeishu."""

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

    # ---- printing and finding ----

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
