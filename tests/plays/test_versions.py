"""ETag, Schedule-Tag, SEQUENCE, DTSTAMP, CREATED, LAST-MODIFIED: a second look at what has not changed
changes no byte, however Feishu words it; and each tag changes with what it stands for, and with nothing else."""

import pytest

from bridge import event, wait_until
from feishu_sim import ADA, BOB, DAY, EVE, HOUR, SOON, FeishuSim

LOTUS = "omm_0000000000000000000000000000f302"
HOUR, DAY = 3600, 86400
WORLD = {
    "people": [{"open_id": ADA, "name": "Ada", "email": "ada@example.com"},
               {"open_id": BOB, "name": "Bob", "email": "bob@example.com"},
               {"open_id": EVE, "name": "Eve", "email": "eve@example.com"}],
    "rooms": [{"room_id": LOTUS, "name": "Lotus", "capacity": 12}],
    "chats": [{"chat_id": "oc_00000000000000000000000000000001", "name": "Crew", "members": [ADA, BOB, EVE]}],
}


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim(WORLD) as sim:
        yield sim


def fill(sim):
    """Events of every kind, Ada's own and Bob's."""
    sim.switch(room_delay_ms=0)
    sim.add_event(ADA, "Plain", (SOON, SOON + HOUR))
    sim.add_event(ADA, "Days", ("2027-03-01", "2027-03-02"), color=-1)
    sim.add_event(ADA, "Rich", (SOON, SOON + HOUR), description="<b>x</b><br>y", visibility="private",
                  location={"name": "L", "address": "A", "latitude": 48.8566, "longitude": 2.3522},
                  reminders=[{"minutes": 5}], color=-14513409, free_busy_status="free",
                  vchat={"vc_type": "third_party", "meeting_url": "https://meet.example/x"})
    master = sim.add_event(ADA, "Weekly", (SOON, SOON + HOUR), recurrence="FREQ=WEEKLY;COUNT=5",
                           attendees=[{"user": BOB}, {"room": LOTUS}, {"email": "guest@example.org"}])
    key = master["event_id"][:-1]
    sim.edit(ADA, "event_patch", event_id=f"{key}{SOON + 7 * DAY}", event={"summary": "One"})
    sim.edit(ADA, "event_delete", event_id=f"{key}{SOON + 14 * DAY}")
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}, {"user": EVE}])
    sim.add_event(BOB, "Seen", (SOON, SOON + HOUR), attendees=[{"user": ADA}, {"user": EVE}],
                  attendee_ability="can_see_others")


def look(client):
    """All that a client can tell versions by."""
    found = {}
    for href in sorted(client.members(client.href)):
        answer = client.request("GET", href)
        found[href] = (answer.headers["ETag"], answer.headers.get("Schedule-Tag"), answer.content)
    return found, client.ctag(client.href), client.sync_collection(client.href)[2]


WORDINGS = [{}, {"lists_empty": "null"}, {"lists_empty": "missing"}, {"strings_empty": "missing"},
            {"strings_empty": "null"}, {"rrule_prefix": "on"}, {"geo_float32": "off"}]


def test_a_second_look_changes_no_byte_however_it_is_worded(sim, bridge):
    fill(sim)
    ada = bridge.sign_in(ADA)
    ada.href = ada.calendars()["Ada"]
    own = event("own@example.com", summary="Own", extra="X-A:b\\nSEQUENCE:7\\nLAST-MODIFIED:20261101T000000Z")
    assert ada.put(ada.href + "own.ics", own.replace("\\n", "\r\n")).status_code == 201
    bridge.sync(ada.name)
    first = look(ada)
    assert len(first[0]) == 7
    for wording in WORDINGS:
        sim.switch(**wording)
        bridge.sync(ada.name)
        assert look(ada) == first, wording
        sim.tokens(sync="expire")
        bridge.sync(ada.name)
        assert look(ada) == first, (wording, "a full reading")
    bridge.stop()
    bridge.start()
    bridge.sync(ada.name)
    assert look(ada) == first, "a restart"
    for href, (etag, _, text) in first[0].items():
        answer = ada.put(href, text, {"If-Match": etag})
        assert answer.status_code == 204 and answer.headers["ETag"] == etag, text
    assert look(ada) == first, "each written again as it was served"


def versions(text):
    return [line for line in text.replace("\r\n ", "").split("\r\n")
            if line.split(":")[0].split(";")[0] in ("DTSTAMP", "CREATED", "SEQUENCE", "LAST-MODIFIED")]


def test_stamps_of_events_of_feishu_come_from_when_they_were_made(sim, bridge):
    made = sim.add_event(ADA, "Plain", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href, = ada.members(ada.calendars()["Ada"])
    first = versions(ada.get(href))
    assert len({line.split(":")[1] for line in first}) == 1
    sim.edit(ADA, "event_patch", event_id=made["event_id"], event={"summary": "Later"})
    bridge.sync(ada.name)
    assert "SUMMARY:Later" in ada.get(href) and versions(ada.get(href)) == first


def test_a_clients_own_stamps_stay_its_own(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"] + "own.ics"
    text = event("own@example.com", summary="Own", extra="\n".join([
        "SEQUENCE:7", "CREATED:20200101T000000Z", "LAST-MODIFIED:20261101T000000Z"]))
    assert ada.put(href, text).status_code == 201
    sim.edit(ADA, "event_patch", event_id=sim.event("Own")["event_id"], event={"summary": "Edited"})
    wait_until(lambda: bridge.sync(ada.name) and "Edited" in ada.get(href), "the edit")
    assert versions(ada.get(href)) == versions(text)


def tags(client, href):
    headers = client.request("GET", href).headers
    return headers["ETag"], headers.get("Schedule-Tag")


def test_the_schedule_tag_stands_for_the_organizers_word(sim, bridge):
    made = sim.add_event(ADA, "Talk", (SOON, SOON + HOUR), attendees=[{"user": BOB}, {"user": EVE}])
    ada = bridge.sign_in(ADA)
    href, = ada.members(ada.calendars()["Ada"])
    wait_until(lambda: bridge.sync(ada.name) and "eve@example.com" in ada.get(href), "the guests")
    for answer in ("accept", "tentative", "decline"):
        etag, tag = tags(ada, href)
        sim.edit(EVE, "rsvp", event_id=made["event_id"], rsvp_status=answer)
        wait_until(lambda: bridge.sync(ada.name) and tags(ada, href)[0] != etag, answer)
        assert tags(ada, href)[1] == tag, answer
    for fields in ({"summary": "Speech"}, {"location": {"name": "Hall"}},
                   {"start_time": {"timestamp": str(SOON + HOUR), "timezone": "Asia/Shanghai"},
                    "end_time": {"timestamp": str(SOON + 2 * HOUR), "timezone": "Asia/Shanghai"}}):
        etag, tag = tags(ada, href)
        sim.edit(ADA, "event_patch", event_id=made["event_id"], event=fields)
        wait_until(lambda: bridge.sync(ada.name) and tags(ada, href)[0] != etag, str(fields))
        assert tags(ada, href)[1] != tag, fields
    etag, tag = tags(ada, href)
    sim.edit(ADA, "attendees_remove", event_id=made["event_id"], attendees=[{"user": BOB}])
    wait_until(lambda: bridge.sync(ada.name) and "bob@" not in ada.get(href), "who is left")
    assert tags(ada, href)[1] != tag


def test_an_event_without_people_has_no_schedule_tag(sim, bridge):
    sim.add_event(ADA, "Plain", (SOON, SOON + HOUR))
    ada = bridge.sign_in(ADA)
    href, = ada.members(ada.calendars()["Ada"])
    assert tags(ada, href)[1] is None


def test_a_group_is_invited_as_what_it_is(sim, bridge):
    ada = bridge.sign_in(ADA)
    chat = WORLD["chats"][0]["chat_id"]
    href = ada.calendars()["Ada"] + "g.ics"
    text = event("g@example.com", summary="All", extra="\n".join([
        "ORGANIZER:mailto:ada@example.com", f"ATTENDEE;CUTYPE=GROUP;CN=Crew:mailto:{chat}@feishu.invalid"]))
    assert ada.put(href, text).status_code == 201
    assert [(a["type"], a.get("chat_id")) for a in sim.event("All")["attendees"] if a["type"] == "chat"] == [
        ("chat", chat)]
    wait_until(lambda: bridge.sync(ada.name), "a look")
    assert "CUTYPE=GROUP;CN=Crew" in ada.get(href).replace("\r\n ", "")
    born = sim.add_event(ADA, "Born", (SOON, SOON + HOUR), attendees=[{"chat": chat}])
    bridge.sync(ada.name)
    texts = [ada.get(one).replace("\r\n ", "") for one in ada.members(ada.calendars()["Ada"])]
    shown, = [text for text in texts if "SUMMARY:Born" in text]
    line, = [line for line in shown.split("\r\n") if chat in line]
    assert "CUTYPE=GROUP" in line and "CN=Crew" in line, born
