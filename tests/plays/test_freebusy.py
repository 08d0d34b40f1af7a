"""Free/busy of colleagues and rooms by POST to the outbox: asked in batches, in pieces, one by one where it must be."""

from bridge import CALDAV, Bridge
from feishu_sim import ADA, BOB, FeishuSim


def freebusy(client, *addresses, start="20270101T000000Z", end="20270108T000000Z", organizer="ada"):
    outbox = client.propfind("/dav/", 0, "<d:current-user-principal/>")
    principal = next(iter(outbox.values()))["{DAV:}current-user-principal"][0].text
    props = client.propfind(principal, 0, "<c:schedule-outbox-URL/>")
    href = next(iter(props.values()))[CALDAV + "schedule-outbox-URL"][0].text
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", "METHOD:REQUEST",
             "BEGIN:VFREEBUSY", "UID:fb@example.com", "DTSTAMP:20261120T000000Z",
             f"DTSTART:{start}", f"DTEND:{end}",
             f"ORGANIZER:mailto:{organizer}@example.com"]
    lines += [f"ATTENDEE:mailto:{address}" for address in addresses]
    lines += ["END:VFREEBUSY", "END:VCALENDAR", ""]
    headers = {"Content-Type": "text/calendar", "Originator": f"mailto:{organizer}@example.com",
               "Recipient": ", ".join(f"mailto:{address}" for address in addresses)}
    return client.request("POST", href, "\r\n".join(lines), headers)


def test_busy_time_of_colleagues_is_asked_in_batches_and_cached(sim, ada):
    sim.add_event(BOB, "Busy", (1798800000, 1798803600))
    sim.add_event(BOB, "Overlaps", (1798802000, 1798807200))
    answer = freebusy(ada, "bob@example.com", "eve@example.com", "nobody@example.com")
    assert answer.status_code == 200
    assert "2.0;Success" in answer.text and "3.7;Invalid calendar user" in answer.text
    assert answer.text.count("FREEBUSY;") == 1, "two meetings that overlap are one busy time"
    assert "20270101T104000Z/20270101T124000Z" in answer.text
    assert len(sim.calls(path="/freebusy/batch")) == 1
    freebusy(ada, "bob@example.com", "eve@example.com")
    assert len(sim.calls(path="/freebusy/batch")) == 1


def test_many_recipients_are_asked_ten_at_a_time():
    people = [{"open_id": f"ou_many{n:028d}", "name": f"Many {n}", "email": f"many{n}@example.com"}
              for n in range(25)]
    people.append({"open_id": ADA, "name": "Ada", "email": "ada@example.com"})
    with FeishuSim({"people": people}) as sim, Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        sim.add_event(people[13]["open_id"], "Busy", (1798800000, 1798803600))
        answer = freebusy(ada, *(one["email"] for one in people[:25]),
                          start="20270101T000000Z", end="20270201T000000Z")
        assert answer.text.count("2.0;Success") == 25
        assert answer.text.count("FREEBUSY;") == 1
        asked = [len(call["body"]["user_ids"]) for call in sim.calls(path="/freebusy/batch")]
        assert sorted(asked) == [5] * 3 + [10] * 6, "three batches, three pieces of two weeks each"


def test_a_long_range_is_asked_in_pieces_of_two_weeks(sim, ada):
    freebusy(ada, "bob@example.com", start="20270101T000000Z", end="20270201T000000Z")
    assert len(sim.calls(path="/freebusy/batch")) == 3


def test_one_recipient_who_cannot_be_asked_does_not_spoil_the_others(sim, ada):
    sim.fault(path="*/freebusy/batch", code=190003, status=500, count=-1)
    answer = freebusy(ada, "bob@example.com", "nobody@example.com")
    assert answer.status_code == 200
    assert "5.1" in answer.text and "3.7" in answer.text


def test_availability_counts_as_busy_time(bridge, ada):
    inbox = ada.home() + "inbox/"
    hours = "&#13;\n".join([
        "BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VAVAILABILITY", "UID:a",
        "DTSTAMP:20261120T000000Z", "BEGIN:AVAILABLE", "UID:b", "DTSTART:20270101T010000Z",
        "DTEND:20270101T090000Z", "RRULE:FREQ=DAILY", "END:AVAILABLE", "END:VAVAILABILITY",
        "END:VCALENDAR", ""])
    answer = ada.xml("PROPPATCH", inbox, "d:propertyupdate",
                     "<d:set><d:prop><c:calendar-availability>" + hours +
                     "</c:calendar-availability></d:prop></d:set>")
    assert answer.status_code == 207 and "200 OK" in answer.text
    bob = bridge.sign_in(BOB)
    answer = freebusy(bob, "ada@example.com", end="20270102T000000Z", organizer="bob")
    assert "BUSY-UNAVAILABLE:20270101T000000Z/20270101T010000Z" in answer.text
    assert "BUSY-UNAVAILABLE:20270101T090000Z/20270102T000000Z" in answer.text
