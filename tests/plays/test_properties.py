"""Dead properties of events through the whole chain: kept by the bridge, never told to Feishu."""

from bridge import event, precondition, responses
from feishu_sim import ADA, BOB, HOUR, SOON
from test_move import transfer

NOTE = "{urn:x}note"


def note(client, href, text, headers=None):
    return client.xml("PROPPATCH", href, 'd:propertyupdate xmlns:x="urn:x"',
                      f"<d:set><d:prop><x:note>{text}</x:note></d:prop></d:set>", headers)


def noted(client, href):
    found = client.propfind(href, 0, '<x:note xmlns:x="urn:x"/>')[href]
    return found[NOTE].text if NOTE in found else None


def test_a_note_on_an_event_changes_nothing_but_itself(sim, bridge, ada):
    href = ada.put_new()
    etag, token = ada.members(ada.href)[href], ada.sync_collection(ada.href)[2]
    text = ada.get(href)
    sim.clear_calls()
    answer = note(ada, href, "un &amp; deux")
    assert answer.status_code == 207 and "200 OK" in answer.text
    assert noted(ada, href) == "un & deux"
    assert not sim.calls()
    assert ada.members(ada.href)[href] == etag and ada.get(href) == text
    assert ada.sync_collection(ada.href, token)[:2] == ({}, [])
    bridge.stop()
    bridge.start()
    assert noted(ada, href) == "un & deux"


def test_a_note_outlives_changes_of_the_event_from_both_sides(sim, bridge, ada):
    href = ada.put_new(summary="Before")
    note(ada, href, "kept")
    assert ada.put(href, event("a@example.com", summary="Client")).status_code == 204
    assert noted(ada, href) == "kept"
    sim.edit(ADA, "event_patch", event_id=sim.event("Client")["event_id"],
             event={"description": "Feishu"})
    bridge.sync(ada.name)
    bridge.run("sync", "--full", ada.name)
    assert noted(ada, href) == "kept"


def test_a_deleted_event_takes_its_notes_with_it(sim, bridge, ada):
    href = ada.put_new(summary="Gone")
    note(ada, href, "old")
    assert ada.delete(href).status_code == 204
    assert ada.put_new() == href
    assert noted(ada, href) is None
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    (invited,) = [one for one in ada.members(ada.href) if one != href]
    note(ada, invited, "declined")
    text = ada.get(invited)
    assert ada.delete(invited).status_code == 204
    assert ada.put(invited, text).status_code == 201
    assert noted(ada, invited) is None


def test_a_move_keeps_notes_and_a_copy_has_its_own(sim, ada):
    ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar", "")
    plans, href = ada.home() + "plans/", ada.put_new()
    note(ada, href, "first")
    assert transfer(ada, "COPY", href, plans + "copy.ics").status_code == 201
    assert noted(ada, plans + "copy.ics") == "first"
    note(ada, plans + "copy.ics", "second")
    assert noted(ada, href) == "first"
    assert transfer(ada, "COPY", href, plans + "copy.ics").status_code == 204
    assert noted(ada, plans + "copy.ics") == "first"
    assert transfer(ada, "MOVE", href, ada.href + "renamed.ics").status_code == 201
    assert noted(ada, ada.href + "renamed.ics") == "first"
    assert ada.delete(plans + "copy.ics").status_code == 204
    assert transfer(ada, "MOVE", ada.href + "renamed.ics", plans + "m.ics").status_code == 201
    assert noted(ada, plans + "m.ics") == "first"
    assert ada.request("PROPFIND", ada.href + "renamed.ics").status_code == 404


def test_two_people_have_their_own_notes_on_one_event(sim, bridge, ada):
    made = sim.add_event(ADA, "Meeting", (SOON, SOON + HOUR), attendees=[{"user": BOB}])
    bridge.sync(ada.name)
    bob = bridge.sign_in(BOB)
    uid = made["event_id"].rsplit("_", 1)[0]
    ours, his = f"{ada.href}{uid}.ics", f"{bob.calendars()['Bob']}{uid}.ics"
    note(ada, ours, "ada's")
    assert noted(bob, his) is None
    note(bob, his, "bob's")
    assert noted(ada, ours) == "ada's"


def test_there_is_an_end_to_what_one_event_may_keep(ada):
    href = ada.put_new()
    for start in (0, 100):
        props = "".join(f"<x:p{n}>v</x:p{n}>" for n in range(start, start + 100))
        answer = ada.xml("PROPPATCH", href, 'd:propertyupdate xmlns:x="urn:x"',
                         f"<d:set><d:prop>{props}</d:prop></d:set>")
        assert answer.status_code == 207, answer.text
    answer = note(ada, href, "one too many")
    assert answer.status_code == 507
    assert precondition(answer) == "{DAV:}quota-not-exceeded"
    assert noted(ada, href) is None
    answer = ada.request("PROPFIND", href, headers={"Depth": "0"})
    (one,) = responses(answer)
    assert len([tag for tag in one.props if tag.startswith("{urn:x}p")]) == 200


def test_a_note_is_refused_where_its_condition_does_not_hold(ada):
    href = ada.put_new()
    assert note(ada, href, "no", {"If-Match": '"other"'}).status_code == 412
    assert note(ada, ada.href + "nowhere.ics", "no").status_code == 404
    assert noted(ada, href) is None
