"""Rooms that answer late, people who are not to be seen, and the numbers that Feishu takes at once."""

import re

import pytest

from bridge import Bridge, event, wait_until
from feishu_sim import ADA, BOB, EVE, HOUR, SOON, FeishuSim

LOTUS = "omm_0000000000000000000000000000f302"
BOARD = "omm_0000000000000000000000000000f001"
HOUR, DAY = 3600, 86400
WORLD = {
    "people": [{"open_id": ADA, "name": "Ada", "email": "ada@example.com"},
               {"open_id": BOB, "name": "Bob", "email": "bob@example.com"},
               {"open_id": EVE, "name": "Eve", "email": "eve@example.com"}],
    "rooms": [{"room_id": LOTUS, "name": "Lotus", "capacity": 12},
              {"room_id": BOARD, "name": "Board room", "capacity": 20}] + [
        {"room_id": f"omm_{number:032x}", "name": f"Room {number}"} for number in range(250)],
}


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim(WORLD) as sim:
        yield sim


def guests(count, first=0):
    return [f"g{number}@example.org" for number in range(first, first + count)]


def room_address(room):
    return f"{room}@feishu.invalid"


def meeting(*addresses, uid="m@example.com", more=""):
    guests = [f"ATTENDEE;PARTSTAT=NEEDS-ACTION:mailto:{address}" for address in addresses]
    return event(uid, summary="Meeting", extra="\n".join(
        ["ORGANIZER:mailto:ada@example.com", *guests, *more.split("\n")]))


def answers(text):
    """{address: PARTSTAT}"""
    found = {}
    for line in text.replace("\r\n ", "").splitlines():
        if line.startswith("ATTENDEE"):
            match = re.search(r"PARTSTAT=([A-Z-]+)", line)
            found[line.rsplit("mailto:", 1)[1].lower()] = match.group(1) if match else None
    return found


def tags(client, href):
    headers = client.request("GET", href).headers
    return headers["ETag"], headers.get("Schedule-Tag")


def shows(bridge, client, href, address, answer):
    wait_until(lambda: answers(client.get(href)).get(address) == answer, f"{address}: {answer}")


# ---- rooms ----

@pytest.mark.parametrize("answer,partstat", [("accept", "ACCEPTED"), ("decline", "DECLINED")])
def test_a_room_that_answers_later_changes_the_etag_and_not_the_schedule_tag(
        sim, bridge, ada, answer, partstat):
    sim.switch(room_delay_ms=10 ** 9)
    href = ada.href + "m.ics"
    assert ada.put(href, meeting("bob@example.com", room_address(LOTUS))).status_code == 201
    bridge.sync(ada.name)
    assert answers(ada.get(href))[room_address(LOTUS)] == "NEEDS-ACTION"
    bridge.sync(ada.name)
    before = tags(ada, href)
    _, _, token, _ = ada.sync_collection(ada.href)
    sim.edit(ADA, "room_answer", event_id=sim.event("Meeting")["event_id"], room=LOTUS,
             rsvp_status=answer)
    bridge.sync(ada.name)
    shows(bridge, ada, href, room_address(LOTUS), partstat)
    after = tags(ada, href)
    assert before[0] != after[0] and before[1] == after[1] and after[1]
    assert list(ada.sync_collection(ada.href, token)[0]) == [href]
    assert not sim.calls(method="PATCH")


def test_a_room_that_answers_is_seen_without_anybody_asking(sim):
    """Upstream tells of no change: the bridge looks again by itself, a few times."""
    with Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        ada.href = ada.calendars()["Ada"]
        sim.switch(room_delay_ms=1500)
        href = ada.href + "m.ics"
        assert ada.put(href, meeting(room_address(LOTUS))).status_code == 201
        shows(bridge, ada, href, room_address(LOTUS), "ACCEPTED")


def test_a_taken_room_declines(sim, bridge, ada):
    sim.switch(room_delay_ms=0)
    expected = {"one": "ACCEPTED", "two": "DECLINED"}
    for uid in expected:
        assert ada.put(f"{ada.href}{uid}.ics",
                       meeting(room_address(BOARD), uid=uid)).status_code == 201
        sim.state("events")
    wait_until(lambda: bridge.sync(ada.name) and expected == {
        uid: answers(ada.get(f"{ada.href}{uid}.ics"))[room_address(BOARD)] for uid in expected},
        "both answers")


def test_a_client_that_writes_while_a_room_books_does_not_book_it_again(sim, bridge, ada):
    sim.switch(room_delay_ms=10 ** 9)
    href = ada.href + "m.ics"
    text = meeting(room_address(LOTUS))
    assert ada.put(href, text).status_code == 201
    sim.clear_calls()
    assert ada.put(href, text.replace("SUMMARY:Meeting", "SUMMARY:Talk")).status_code == 204
    sim.edit(ADA, "room_answer", event_id=sim.event("Talk")["event_id"], room=LOTUS,
             rsvp_status="accept")
    # Its copy still says NEEDS-ACTION: that is nobody's to take back.
    assert ada.put(href, text.replace("SUMMARY:Meeting", "SUMMARY:Speech")).status_code == 204
    assert not sim.calls(method="POST", path="/attendees")
    assert [a["rsvp_status"] for a in sim.event("Speech")["attendees"]
            if a["type"] == "resource"] == ["accept"]


# ---- people who are not to be seen ----

@pytest.fixture(name="hidden")
def fixture_hidden(sim, bridge):
    """Bob's meeting of which Ada sees only herself."""
    made = sim.add_event(BOB, "Hidden", (SOON, SOON + HOUR),
                         attendees=[{"user": ADA}, {"user": EVE}, {"email": "guest@example.org"}],
                         attendee_ability="none")
    bridge.run("sync", "ada@example.com", check=False)
    return made


def people(sim, title="Hidden"):
    return sorted(a.get("user_id") or a.get("third_party_email") or a.get("room_id")
                  for a in sim.event(title)["attendees"])


def test_of_a_hidden_list_the_organizer_and_oneself_are_shown(sim, bridge, ada, hidden):
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    text = ada.get(href)
    assert list(answers(text)) == ["ada@example.com"]
    assert "ORGANIZER;CN=Bob:mailto:bob@example.com" in text.replace("\r\n ", "")
    assert "Eve" not in text and "guest@example.org" not in text


def test_an_answer_to_a_hidden_list_deletes_nobody(sim, bridge, ada, hidden):
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    before = people(sim)
    sim.clear_calls()
    text = ada.get(href).replace("\r\n ", "").replace("PARTSTAT=NEEDS-ACTION", "PARTSTAT=ACCEPTED")
    assert ada.put(href, text).status_code == 204
    assert [call["path"].rsplit("/", 1)[1] for call in sim.calls()
            if call["method"] != "GET" and "/events/" in call["path"]] == ["reply"]
    assert people(sim) == before
    bridge.sync(ada.name)
    assert answers(ada.get(href)) == {"ada@example.com": "ACCEPTED"}


def test_who_was_seen_and_is_hidden_now_is_not_deleted_by_a_put(sim, bridge, ada):
    made = sim.add_event(BOB, "Hidden", (SOON, SOON + HOUR), attendee_ability="can_see_others",
                         attendees=[{"user": ADA}, {"user": EVE}])
    bridge.sync(ada.name)
    href, = ada.members(ada.href)
    assert "eve@example.com" in answers(ada.get(href))
    # An alarm of the client's own: from now on it has a text of its own here.
    text = ada.get(href).replace("END:VEVENT", "BEGIN:VALARM\r\nACTION:DISPLAY\r\nDESCRIPTION:x\r\n"
                                 "TRIGGER:-PT7M\r\nEND:VALARM\r\nEND:VEVENT")
    assert ada.put(href, text).status_code == 204
    sim.edit(BOB, "event_patch", event_id=made["event_id"], event={"attendee_ability": "none"})
    sim.tokens(sync="expire")
    bridge.sync(ada.name)
    before = people(sim)
    shown = ada.get(href)
    only_me = "\r\n".join(line for line in shown.replace("\r\n ", "").split("\r\n")
                          if "eve@example.com" not in line)
    sim.clear_calls()
    assert ada.put(href, only_me.replace("TRIGGER:-PT7M", "TRIGGER:-PT8M")).status_code == 204
    assert people(sim) == before
    assert not [c for c in sim.calls() if "batch_delete" in c["path"]]


# ---- the directory ----

def look_ups(sim):
    return [len(call["body"]["emails"]) for call in sim.calls(method="POST", path="batch_get_id")]


def test_addresses_are_looked_up_in_batches_and_not_again(sim, bridge, ada):
    text = meeting("bob@example.com", "eve@example.com", *guests(118))
    sim.clear_calls()
    assert ada.put(ada.href + "m.ics", text).status_code == 201
    # Herself, two colleagues and 118 strangers; strangers are remembered, too.
    assert look_ups(sim) in ([50, 50, 20], [50, 50, 21])
    assert not sim.calls(path="/contact/v3/users/ou_")
    kinds = [a["type"] for call in sim.calls(method="POST", path="/attendees")
             for a in call["body"]["attendees"]]
    assert kinds.count("user") == 2 and kinds.count("third_party") == 118
    sim.clear_calls()
    assert ada.put(ada.href + "n.ics", text.replace("m@example.com", "n@example.com")).status_code == 201
    assert look_ups(sim) == []


@pytest.mark.parametrize("code,status", [(99991672, 400), (40004, 403)])
def test_a_directory_that_refuses_is_asked_once_and_everybody_is_a_stranger(sim, bridge, ada, code, status):
    sim.fault(method="POST", path="*/batch_get_id", code=code, status=status, count=-1)
    sim.clear_calls()
    answer = ada.put(ada.href + "m.ics", meeting("bob@example.com", *guests(400)))
    assert answer.status_code == 201, answer.text
    assert len(sim.calls(path="batch_get_id")) == 1
    assert len(people(sim, "Meeting")) in (401, 402)


def test_many_people_of_whom_nobody_may_ask_are_shown_by_their_ids(sim, bridge):
    """More than fit into one look-up, of which the first is refused."""
    crowd = [{"open_id": f"ou_{number:032d}", "name": f"P{number}", "email": f"p{number}@example.com"}
             for number in range(180)]
    sim.reset({"people": WORLD["people"] + crowd})
    sim.add_event(ADA, "Crowd", (SOON, SOON + HOUR), attendees=[{"user": one["open_id"]} for one in crowd])
    sim.fault(method="GET", path="*/contact/v3/users/batch", code=40004, status=403, count=-1)
    client = bridge.sign_in(ADA)
    href, = client.members(client.calendars()["Ada"])
    wait_until(lambda: bridge.sync(client.name) and len(answers(client.get(href))) >= 180, "the crowd")
    assert f"{crowd[7]['open_id']}@feishu.invalid" in answers(client.get(href))
    assert "CN=P7" in client.get(href).replace("\r\n ", "")


# ---- numbers ----

def batches(sim, path, member):
    """How many at once, call by call."""
    return [len(call["body"][member]) for call in sim.calls(method="POST")
            if call["path"].endswith(path)]


def test_many_guests_come_and_go_in_as_many_calls_as_it_takes(sim, bridge, ada):
    href = ada.href + "m.ics"
    sim.clear_calls()
    assert ada.put(href, meeting(*guests(2150))).status_code == 201
    assert batches(sim, "/attendees", "attendees") == [1000, 1000, 150]
    assert len(people(sim, "Meeting")) in (2150, 2151)
    sim.clear_calls()
    answer = ada.put(href, meeting(*guests(940)))
    assert answer.status_code == 204, answer.text
    assert batches(sim, "/batch_delete", "delete_ids") == [500, 500, 210]
    assert not batches(sim, "/attendees", "attendees")
    assert len(people(sim, "Meeting")) in (940, 941)


def test_rooms_are_booked_a_hundred_at_a_time(sim, bridge, ada):
    sim.clear_calls()
    rooms = [room_address(f"omm_{number:032x}") for number in range(230)]
    assert ada.put(ada.href + "m.ics", meeting(*rooms, *guests(20))).status_code == 201
    sizes = [(sum(a["type"] == "resource" for a in call["body"]["attendees"]),
              len(call["body"]["attendees"])) for call in sim.calls(method="POST", path="/attendees")]
    assert [rooms for rooms, _ in sizes] == [100, 100, 30]
    assert sum(all_ for _, all_ in sizes) == 250


def test_more_guests_than_feishu_holds_are_refused_before_a_call(sim, bridge, ada):
    sim.clear_calls()
    answer = ada.put(ada.href + "m.ics", meeting(*guests(3001)))
    assert answer.status_code == 403 and "max-attendees-per-instance" in answer.text
    assert not [call for call in sim.calls() if call["method"] == "POST" and "/events" in call["path"]]
    assert not sim.events()
