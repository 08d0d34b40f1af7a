"""Calendars, and which call goes to which event; free/busy."""

import time

from .events import day_number
from .refusal import NotThere, Refused


class Calendars:
    """A part of OtherFeishu."""

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
