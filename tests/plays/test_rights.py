"""What somebody may not see is not shown, and what may not be written is refused: calendars of busy
time, other people's private events, third-party calendars."""

import json
import xml.etree.ElementTree as ET

import pytest

from bridge import NS, event, precondition, responses
from feishu_sim import ADA, BOB, DAY, EVE, HOUR, SOON, FeishuSim

HOUR, DAY = 3600, 86400
NEED = "{DAV:}need-privileges"
# In every text of an event that is not to be seen; Bob and Eve are at the meeting.
SECRETS = ("Takeover", "numbers", "Vault", "meet.example", "Bob", "Eve", "example.com", "plan.pdf",
           "feishu.invalid", "attachment")


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        sim.switch(free_busy_reader_list="opaque")
        yield sim


def share(sim, calendar_id, role=None):
    sim.edit(BOB, "share" if role else "unshare", calendar_id=calendar_id, user=ADA,
             **({"role": role} if role else {}))


def shared(sim, role, **fields):
    made = sim.edit(BOB, "calendar_create", calendar={"summary": "Team", **fields})["calendar"]
    share(sim, made["calendar_id"], role)
    return made["calendar_id"]


def upload(sim, calendar_id, name="plan.pdf", user=BOB):
    token = sim.tokens(user=user, mint=True, scope="drive:drive")["access_token"]
    files = {"file_name": (None, name), "parent_type": (None, "calendar"),
             "parent_node": (None, calendar_id), "size": (None, "3"), "file": (name, b"abc")}
    reply = sim.call(user, "POST", "/open-apis/drive/v1/medias/upload_all", token=token, files=files)
    return reply.json()["data"]["file_token"]


def secret(sim, calendar_id, when=(SOON, SOON + HOUR), **fields):
    """A meeting of Bob and Eve of which everything tells something."""
    fields = {"description": "The <b>numbers</b>", "location": {"name": "Vault", "address": "Below"},
              "attachments": [{"file_token": upload(sim, calendar_id)}], "summary": "Takeover",
              "vchat": {"vc_type": "third_party", "meeting_url": "https://meet.example/x"}, **fields}
    return sim.add_event(BOB, fields.pop("summary"), when, calendar_id=calendar_id,
                         attendees=[{"user": EVE}, {"email": "guest@example.com"}], **fields)


def objects(client, name="Team"):
    """{href: unfolded text}"""
    return {href: client.get(href).replace("\r\n ", "")
            for href in client.members(client.calendars()[name])}


def only(client, name="Team"):
    found = list(objects(client, name).values())
    assert len(found) == 1, found
    return found[0]


def leaks(text):
    return [one for one in SECRETS if one in text]


def writes(sim):
    return [(call["method"], call["path"]) for call in sim.calls()
            if call["method"] != "GET" and "/events" in call["path"]]


def refused(answer):
    return answer.status_code == 403 and precondition(answer) == NEED


def privileges(client, href):
    found = next(iter(client.propfind(href, 0, "<d:current-user-privilege-set/>").values()))
    return {one.tag.split("}")[1] for one in
            found["{DAV:}current-user-privilege-set"].iter()} - {
                "privilege", "current-user-privilege-set"}


# ---- calendars of busy time ----

def test_a_calendar_of_busy_time_shows_when_and_nothing_else(sim, bridge):
    team = shared(sim, "free_busy_reader")
    secret(sim, team)
    ada = bridge.sign_in(ADA)
    text = only(ada)
    assert "SUMMARY:Busy\r\n" in text and "TRANSP:OPAQUE\r\n" in text
    assert "DTSTART;TZID=Asia/Shanghai:20270115T160000\r\n" in text
    assert not leaks(text)
    for name in ("DESCRIPTION", "LOCATION", "ATTENDEE", "ORGANIZER", "URL", "CONFERENCE", "ATTACH",
                 "GEO", "X-ALT-DESC", "STYLED-DESCRIPTION", "VALARM", "CLASS"):
        assert name not in text, name
    # Nor is anybody asked about whom it is with.
    assert not sim.calls(path="/attendees") and not [
        call for call in sim.calls(method="GET") if call["query"].get("need_attendee")]


def test_what_is_free_is_transparent_and_private_is_private(sim, bridge):
    team = shared(sim, "free_busy_reader")
    secret(sim, team, visibility="private", free_busy_status="free")
    ada = bridge.sign_in(ADA)
    text = only(ada)
    assert "SUMMARY:Busy\r\n" in text and "TRANSP:TRANSPARENT" in text and "CLASS:PRIVATE" in text
    assert not leaks(text)
    query = ('<c:time-range start="20270101T000000Z" end="20270201T000000Z"/>')
    answer = ada.report(ada.calendars()["Team"], "c:free-busy-query", query)
    assert answer.status_code == 200 and "FREEBUSY" not in answer.text.split("BEGIN:VFREEBUSY")[1] \
        .replace("END:VFREEBUSY", "")


def test_feishu_shows_the_title_of_a_public_event_to_everybody_and_no_more(sim, bridge):
    team = shared(sim, "free_busy_reader")
    secret(sim, team, summary="Open day", visibility="public")
    text = only(bridge.sign_in(ADA))
    assert "SUMMARY:Open day\r\n" in text and "CLASS:PUBLIC" in text
    assert not leaks(text)


def test_a_series_of_busy_time_has_its_exceptions(sim, bridge):
    team = shared(sim, "free_busy_reader")
    master = secret(sim, team, recurrence="FREQ=WEEKLY;COUNT=4")
    key = master["event_id"][:-1]
    start = SOON + 7 * DAY
    sim.edit(BOB, "event_patch", calendar_id=team, event_id=f"{key}{start}", event={
        "summary": "Takeover moved",
        "start_time": {"timestamp": str(start + HOUR), "timezone": "Asia/Shanghai"},
        "end_time": {"timestamp": str(start + 2 * HOUR), "timezone": "Asia/Shanghai"}})
    sim.edit(BOB, "event_delete", calendar_id=team, event_id=f"{key}{SOON + 14 * DAY}")
    text = only(bridge.sign_in(ADA))
    assert text.count("SUMMARY:Busy\r\n") == 2 and not leaks(text)
    assert "RRULE:" in text and "EXDATE" in text and "RECURRENCE-ID" in text
    assert "DTSTART;TZID=Asia/Shanghai:20270122T170000\r\n" in text


def test_changes_of_busy_time_arrive_and_stay_without_details(sim, bridge):
    team = shared(sim, "free_busy_reader")
    made = secret(sim, team)
    ada = bridge.sign_in(ADA)
    href, = objects(ada)
    _, _, token, _ = ada.sync_collection(ada.calendars()["Team"])
    # A change of the details alone is none that this person may know of.
    sim.edit(BOB, "event_patch", calendar_id=team, event_id=made["event_id"],
             event={"summary": "Takeover tomorrow", "location": {"name": "Vault 2"}})
    bridge.sync(ada.name)
    changed, removed, token, _ = ada.sync_collection(ada.calendars()["Team"], token)
    assert not changed and not removed
    sim.edit(BOB, "event_patch", calendar_id=team, event_id=made["event_id"], event={
        "start_time": {"timestamp": str(SOON + DAY), "timezone": "Asia/Shanghai"},
        "end_time": {"timestamp": str(SOON + DAY + HOUR), "timezone": "Asia/Shanghai"}})
    bridge.sync(ada.name)
    assert "20270116T160000" in only(ada) and not leaks(only(ada))
    sim.edit(BOB, "event_delete", calendar_id=team, event_id=made["event_id"])
    bridge.sync(ada.name)
    _, removed, _, _ = ada.sync_collection(ada.calendars()["Team"], token)
    assert removed == [href]


def test_busy_time_is_read_only_and_a_search_does_not_look_behind_it(sim, bridge):
    team = shared(sim, "free_busy_reader")
    secret(sim, team)
    ada = bridge.sign_in(ADA)
    home = ada.calendars()["Team"]
    href, = objects(ada)
    text = ada.get(href)
    sim.clear_calls()
    assert refused(ada.put(home + "n.ics", event("n@x")))
    assert refused(ada.put(href, text.replace("SUMMARY:Busy", "SUMMARY:Mine")))
    assert refused(ada.put(href, text.replace("SUMMARY:Busy", "SUMMARY:Busy\r\nCLASS:PRIVATE")))
    assert refused(ada.delete(href))
    assert not sim.calls()
    assert {"read", "read-free-busy"} <= privileges(ada, home)
    assert not privileges(ada, home) & {"write", "write-content", "bind", "unbind", "write-acl"}
    for words, count in (("Takeover", 0), ("Busy", 1)):
        answer = ada.report(home, "c:calendar-query",
                            '<d:prop><d:getetag/></d:prop><c:filter><c:comp-filter name="VCALENDAR">'
                            '<c:comp-filter name="VEVENT"><c:prop-filter name="SUMMARY">'
                            f'<c:text-match>{words}</c:text-match></c:prop-filter></c:comp-filter>'
                            '</c:comp-filter></c:filter>')
        assert len(responses(answer)) == count


@pytest.mark.parametrize("before", ["reader", "writer"])
def test_who_loses_the_details_is_not_served_them_from_before(sim, bridge, before):
    team = shared(sim, before)
    secret(sim, team)
    ada = bridge.sign_in(ADA)
    text, = objects(ada).values()
    assert "Takeover" in text and "Vault" in text
    if before == "writer":
        href, = objects(ada)
        own = ada.get(href).replace("SUMMARY:", "X-NOTE:numbers are bad\r\nCOMMENT:Takeover!\r\nSUMMARY:")
        assert ada.put(href, own).status_code == 204
    share(sim, team)
    share(sim, team, "free_busy_reader")
    bridge.sync(ada.name)
    assert "SUMMARY:Busy" in only(ada) and not leaks(only(ada))
    share(sim, team)
    share(sim, team, before)
    bridge.sync(ada.name)
    text = only(ada)
    assert "SUMMARY:Takeover" in text and "LOCATION:Vault" in text
    if before == "writer":
        assert "COMMENT:Takeover!" in text, "the own words are there again"


def test_where_the_list_is_refused_the_calendar_is_empty_and_is_asked_once_a_day(sim, bridge):
    sim.switch(free_busy_reader_list="refuse")
    team = shared(sim, "free_busy_reader")
    secret(sim, team)
    ada = bridge.sign_in(ADA)
    home = ada.calendars()["Team"]
    assert not ada.members(home) and "read" not in privileges(ada, home)
    assert refused(ada.put(home + "n.ics", event("n@x")))

    def lists():
        return [call for call in sim.calls(method="GET")
                if call["path"].endswith("/events") and team.split("@")[0] in call["path"]]
    asked = len(lists())
    assert asked <= 1
    bridge.sync(ada.name)
    bridge.sync(ada.name)
    assert len(lists()) == asked
    # The moment the role is another, it is read.
    share(sim, team)
    share(sim, team, "reader")
    bridge.sync(ada.name)
    assert "Takeover" in only(ada)
    share(sim, team)
    share(sim, team, "free_busy_reader")
    bridge.sync(ada.name)
    assert not ada.members(ada.calendars()["Team"])


# ---- a colleague's primary calendar, of which busy time is told ----

@pytest.fixture(name="colleague")
def fixture_colleague(sim):
    """Bob's own calendar in Ada's list, of which she is told when he is busy."""
    sim.switch(free_busy_reader_list="refuse")
    primary = sim.primary(BOB)
    secret(sim, primary)
    sim.data(ADA, "POST", f"/{primary}/subscribe")
    return primary


def theirs(client):
    return client.calendars()["Bob"]


def test_a_colleague_who_shows_busy_time_alone_is_shown_as_busy(sim, bridge, colleague):
    sim.clock(set="2027-01-10T00:00:00Z")
    sim.add_event(BOB, "Free", (SOON + DAY, SOON + DAY + HOUR), free_busy_status="free")
    sim.add_event(BOB, "Far", (SOON + 300 * DAY, SOON + 300 * DAY + HOUR))
    ada = bridge.sign_in(ADA)
    text = only(ada, "Bob")
    assert "SUMMARY:Busy\r\n" in text and "TRANSP:OPAQUE" in text and not leaks(text.replace("Bob", ""))
    assert "DTSTART:20270115T080000Z\r\n" in text and "DTEND:20270115T090000Z\r\n" in text
    href, = objects(ada, "Bob")
    assert refused(ada.put(href, text.replace("Busy", "Mine"))) and refused(ada.delete(href))
    assert "read" in privileges(ada, theirs(ada)) and "write" not in privileges(ada, theirs(ada))


def test_busy_times_come_move_and_go_and_stay_as_they_are(sim, bridge, colleague):
    sim.clock(set="2027-01-10T00:00:00Z")
    ada = bridge.sign_in(ADA)
    home = theirs(ada)
    first, (href,) = ada.members(home), ada.members(home)
    _, _, token, _ = ada.sync_collection(home)
    bridge.sync(ada.name)
    assert ada.members(home) == first and ada.sync_collection(home, token)[:2] == ({}, [])
    made = sim.event("Takeover")
    sim.edit(BOB, "event_patch", event_id=made["event_id"], event={
        "start_time": {"timestamp": str(SOON + DAY), "timezone": "Asia/Shanghai"},
        "end_time": {"timestamp": str(SOON + DAY + HOUR), "timezone": "Asia/Shanghai"}})
    bridge.sync(ada.name)
    changed, removed, token, _ = ada.sync_collection(home, token)
    assert removed == [href] and len(changed) == 1
    assert "DTSTART:20270116T080000Z" in only(ada, "Bob")
    sim.edit(BOB, "event_delete", event_id=made["event_id"])
    bridge.sync(ada.name)
    assert not ada.members(home)


def test_without_the_right_to_ask_for_busy_time_the_calendar_is_empty(sim, bridge, colleague):
    sim.clock(set="2027-01-10T00:00:00Z")
    sim.fault(method="POST", path="*/freebusy/list", code=191002, status=403, count=-1)
    ada = bridge.sign_in(ADA)
    assert not ada.members(theirs(ada)) and "read" not in privileges(ada, theirs(ada))
    sim.clear_faults()
    bridge.sync(ada.name)
    assert "SUMMARY:Busy" in only(ada, "Bob")


def test_a_colleague_who_shows_more_is_shown_as_is(sim, bridge, colleague):
    sim.clock(set="2027-01-10T00:00:00Z")
    ada = bridge.sign_in(ADA)
    assert "SUMMARY:Busy" in only(ada, "Bob")
    share(sim, colleague, "reader")
    bridge.sync(ada.name)
    text = only(ada, "Bob")
    assert "SUMMARY:Takeover" in text and "LOCATION:Vault" in text
    share(sim, colleague)
    sim.data(ADA, "POST", f"/{colleague}/subscribe")
    bridge.sync(ada.name)
    assert "SUMMARY:Busy" in only(ada, "Bob") and not leaks(only(ada, "Bob").replace("Bob", ""))


# ---- other people's private events ----

def test_a_private_event_of_somebody_else_is_busy_and_private(sim, bridge):
    team = shared(sim, "reader")
    made = secret(sim, team, visibility="private")
    ada = bridge.sign_in(ADA)
    text = only(ada)
    assert "SUMMARY:Busy\r\n" in text and "CLASS:PRIVATE" in text and not leaks(text)
    href, = objects(ada)
    assert refused(ada.put(href, ada.get(href).replace("SUMMARY:Busy", "SUMMARY:Mine")))
    sim.edit(BOB, "event_patch", calendar_id=team, event_id=made["event_id"],
             event={"visibility": "default"})
    sim.edit(BOB, "event_patch", calendar_id=team, event_id=made["event_id"],
             event={"summary": "Announced"})
    sim.tokens(sync="expire")
    bridge.sync(ada.name)
    assert "SUMMARY" in only(ada)


def test_a_private_event_stays_private_whatever_upstream_sends_along(sim, bridge):
    """A Feishu that leaves nothing out: the events come by a fault as the owner has them."""
    team = shared(sim, "reader")
    made = sim.data(BOB, "GET", f"/{team}/events/{secret(sim, team)['event_id']}",
                    query={"need_attendee": "true"})["event"]
    made["visibility"] = "private"
    sim.fault(method="GET", path=f"*/{team.split('@')[0]}*/events", count=-1, status=200, body=json.dumps({
        "code": 0, "msg": "success", "data": {"has_more": False, "sync_token": "t", "items": [made]}}))
    text = only(bridge.sign_in(ADA))
    assert "SUMMARY:Busy\r\n" in text and "CLASS:PRIVATE" in text and not leaks(text)


def test_one_private_occurrence_hides_itself_alone(sim, bridge):
    team = shared(sim, "reader")
    master = sim.add_event(BOB, "Weekly", (SOON, SOON + HOUR), calendar_id=team,
                           recurrence="FREQ=WEEKLY;COUNT=3")
    sim.edit(BOB, "event_patch", calendar_id=team,
             event_id=f"{master['event_id'][:-1]}{SOON + 7 * DAY}",
             event={"summary": "Takeover", "visibility": "private", "location": {"name": "Vault"}})
    text = only(bridge.sign_in(ADA))
    assert text.count("SUMMARY:Weekly\r\n") == 1 and not leaks(text)


def test_ones_own_private_event_is_seen_by_oneself(sim, bridge):
    sim.add_event(ADA, "Dentist", (SOON, SOON + HOUR), visibility="private")
    text = only(bridge.sign_in(ADA), "Ada")
    assert "SUMMARY:Dentist" in text and "CLASS:PRIVATE" in text


def test_a_writer_sees_private_events_of_a_shared_calendar(sim, bridge):
    team = shared(sim, "writer")
    secret(sim, team, visibility="private")
    text = only(bridge.sign_in(ADA))
    assert "SUMMARY:Takeover" in text and "CLASS:PRIVATE" in text


# ---- third-party calendars ----

def test_a_third_party_calendar_is_shown_and_never_written(sim, bridge):
    made = sim.edit(ADA, "calendar_create", calendar={"summary": "Outside"})["calendar"]
    sim.add_event(ADA, "Flight", (SOON, SOON + HOUR), calendar_id=made["calendar_id"],
                  location={"name": "PEK"})
    listed = sim.data(ADA, "GET", "")
    for one in listed["calendar_list"]:
        one["is_third_party"] = one["calendar_id"] == made["calendar_id"]
    sim.fault(method="GET", path="*/calendar/v4/calendars", count=-1, status=200,
              body=json.dumps({"code": 0, "msg": "success", "data": listed}))
    ada = bridge.sign_in(ADA)
    home = ada.calendars()["Outside"]
    href, = objects(ada, "Outside")
    text = ada.get(href)
    assert "SUMMARY:Flight" in text and "LOCATION:PEK" in text
    sim.clear_calls()
    assert refused(ada.put(href, text.replace("Flight", "Train")))
    assert refused(ada.put(home + "n.ics", event("n@x")))
    assert refused(ada.delete(href))
    move = ada.request("MOVE", href, headers={"Destination": bridge.url + ada.calendars()["Ada"] + "x.ics"})
    assert move.status_code == 403
    assert not writes(sim)
    assert ada.get(href) == text
    assert not privileges(ada, home) & {"write", "write-content", "bind", "unbind"}
    # Thunderbird takes the collection for read-only by this set; DAVx5 by the body of the refusal.
    error = ET.fromstring(ada.put(href, text.replace("Flight", "Train")).content)
    assert error.find(".//d:privilege", NS) is not None
