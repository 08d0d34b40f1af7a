"""Upstream trouble: answers that never come, crashes between two calls, limits. Nothing is lost,
nothing is doubled, nobody is told twice."""

import signal
import threading

import pytest

from bridge import Client, event, wait_until, within
from feishu_sim import ADA, BOB, HOUR, SOON

PEOPLE = ("ORGANIZER:mailto:ada@example.com\n"
          "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\n"
          "ATTENDEE;RSVP=TRUE:mailto:bob@example.com")


def insist(client, href, text, headers=None):
    """A client that repeats its PUT until it is told that it worked."""
    for _ in range(4):
        answer = client.put(href, text, headers)
        if answer.status_code < 500:
            return answer
    raise AssertionError(answer.text)


def settle(bridge, client):
    """After everything that is open has been finished, both sides are the same."""
    bridge.run("sync", "--full", client.name)
    return client.members(client.href)


CUTS = ["before", "after"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_create_without_an_answer_makes_one_event(sim, bridge, ada, cut):
    sim.fault(method="POST", path="*/events", cut=cut, count=2)
    text = event("a@example.com", summary="Once")
    answer = insist(ada, ada.href + "a.ics", text, {"If-None-Match": "*"})
    assert answer.status_code in (201, 204)
    assert sim.event("Once")
    assert list(settle(bridge, ada)) == [ada.href + "a.ics"]
    assert ada.get(ada.href + "a.ics") == text


@pytest.mark.parametrize("cut", CUTS)
def test_a_create_given_up_is_finished_by_the_next_attempt(sim, bridge, ada, cut):
    sim.fault(method="POST", path="*/events", cut=cut, count=-1)
    text = event("a@example.com", summary="Once")
    answer = ada.put(ada.href + "a.ics", text, {"If-None-Match": "*"})
    assert answer.status_code in (502, 503, 504), answer.status_code
    # Meanwhile a pull may meet the event before the bridge knows that it is the client's.
    bridge.sync(ada.name)
    sim.clear_faults()
    assert insist(ada, ada.href + "a.ics", text, {"If-None-Match": "*"}).status_code in (201, 204)
    assert sim.event("Once")
    assert list(settle(bridge, ada)) == [ada.href + "a.ics"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_patch_without_an_answer_is_done_once(sim, bridge, ada, cut):
    href = ada.href + "a.ics"
    ada.put(href, event("a@example.com", summary="Before", extra=PEOPLE))
    sim.clear_notifications()
    sim.fault(method="PATCH", path="*/events/*", cut=cut)
    answer = insist(ada, href, event("a@example.com", summary="After", extra=PEOPLE))
    assert answer.status_code == 204
    assert sim.event("After")
    assert len(sim.told(BOB, "update")) == 1
    assert list(settle(bridge, ada)) == [href]


@pytest.mark.parametrize("cut", CUTS)
def test_a_delete_without_an_answer_is_done_once(sim, bridge, ada, cut):
    href = ada.href + "a.ics"
    ada.put(href, event("a@example.com", summary="Gone", extra=PEOPLE))
    sim.clear_notifications()
    sim.fault(method="DELETE", path="*/events/*", cut=cut)
    answer = ada.delete(href)
    assert answer.status_code in (204, 404), answer.text
    assert not sim.events()
    assert len(sim.told(BOB, "cancel")) == 1
    assert not settle(bridge, ada)


@pytest.mark.parametrize("cut", CUTS)
def test_attendees_without_an_answer_are_invited_once(sim, bridge, ada, cut):
    sim.fault(method="POST", path="*/attendees", cut=cut)
    answer = insist(ada, ada.href + "a.ics", event("a@example.com", summary="Once",
                                                    extra=PEOPLE), {"If-None-Match": "*"})
    assert answer.status_code in (201, 204)
    people = [a for a in sim.event("Once")["attendees"] if a.get("user_id") == BOB]
    assert len(people) == 1
    assert len(sim.told(BOB, "invite")) == 1
    assert list(settle(bridge, ada)) == [ada.href + "a.ics"]


@pytest.mark.parametrize("cut", CUTS)
def test_a_decline_without_an_answer_is_a_decline(sim, bridge, ada, cut):
    sim.add_event(BOB, "Invited", (SOON, SOON + HOUR), attendees=[{"user": ADA}])
    bridge.sync(ada.name)
    href = list(ada.members(ada.href))[0]
    sim.fault(method="POST", path="*/reply", cut=cut)
    assert ada.delete(href).status_code == 204
    assert [a["rsvp_status"] for a in sim.event("Invited")["attendees"]
            if a.get("user_id") == ADA] == ["decline"]
    assert not settle(bridge, ada)


# ---- crashes ----

def crash_during(sim, bridge, ada, text, **fault):
    """Kills the bridge while the call that the fault delays is under way."""
    sim.fault(delay_ms=14000, **fault)
    before = sim.last_call()
    thread = threading.Thread(target=lambda: try_put(ada, text))
    thread.start()
    wait_until(lambda: sim.calls(before, fault["method"], fault["path"].strip("*")), "the call")
    assert bridge.stop(signal.SIGKILL) == -9
    sim.clear_faults()
    thread.join()
    bridge.start()


def try_put(client, text):
    try:
        client.put(client.href + "a.ics", text, {"If-None-Match": "*"})
    except OSError:
        pass


def test_a_crash_during_a_create_leaves_one_event_under_the_clients_name(sim, bridge, ada):
    text = event("a@example.com", summary="Once")
    crash_during(sim, bridge, ada, text, method="POST", path="*/events")
    wait_until(lambda: ada.href + "a.ics" in ada.members(ada.href), "the event after restart")
    assert sim.event("Once")
    assert list(settle(bridge, ada)) == [ada.href + "a.ics"]
    assert ada.get(ada.href + "a.ics") == text


def test_a_crash_between_create_and_attendees_is_finished_after_restart(sim, bridge, ada):
    text = event("a@example.com", summary="Once", extra=PEOPLE)
    crash_during(sim, bridge, ada, text, method="POST", path="*/attendees")
    wait_until(lambda: [a for a in sim.event("Once")["attendees"] if a.get("user_id") == BOB],
               "the attendee")
    wait_until(lambda: ada.href + "a.ics" in ada.members(ada.href), "the event after restart")
    assert len(sim.told(BOB, "invite")) == 1
    assert list(settle(bridge, ada)) == [ada.href + "a.ics"]


# ---- trouble that passes ----

@pytest.mark.parametrize("fault", [
    {"code": 190004, "status": 429}, {"code": 190010, "status": 429}, {"rate_limit_reset": 1},
    {"cut": "before"}, {"code": 99991677, "status": 401},
], ids=lambda f: "-".join(f"{k}={v}" for k, v in f.items()))
def test_a_passing_fault_is_not_seen_by_the_client(sim, ada, fault):
    sim.fault(method="POST", path="*/events", **fault)
    answer = ada.put(ada.href + "a.ics", event("a@example.com", summary="Once"))
    assert answer.status_code == 201, answer.text
    assert sim.event("Once")


@pytest.mark.parametrize("fault", [
    {"code": 190003, "status": 500}, {"status": 502, "body": "no", "content_type": "text/html"},
], ids=lambda f: "-".join(f))
def test_lasting_trouble_is_a_5xx_in_bounded_time_and_nothing_is_half_done(sim, bridge, ada,
                                                                           fault):
    sim.fault(method="PATCH", path="*/events/*", count=-1, **fault)
    href = ada.href + "a.ics"
    ada.put(href, event("a@example.com", summary="Before"))
    answer = ada.put(href, event("a@example.com", summary="After"))
    assert answer.status_code in (502, 503, 504)
    assert answer.elapsed.total_seconds() < within(30)
    assert "SUMMARY:" in ada.get(href)
    sim.clear_faults()
    assert ada.put(href, event("a@example.com", summary="After")).status_code == 204
    assert sim.event("After")
    assert list(settle(bridge, ada)) == [href]


def test_an_unreadable_answer_to_a_change_that_took_place_is_success(sim, bridge, ada):
    href = ada.href + "a.ics"
    ada.put(href, event("a@example.com", summary="Before"))
    sim.fault(method="PATCH", path="*/events/*", count=-1, invalid_json=True, effect=True)
    assert ada.put(href, event("a@example.com", summary="After")).status_code == 204
    assert len(sim.calls(method="PATCH")) == 1
    assert sim.event("After")
    assert "SUMMARY:After" in ada.get(href)


def test_what_feishu_refuses_is_told_with_its_words(sim, ada):
    sim.fault(method="POST", path="*/events", code=190013, status=400,
              msg="content being saved is at risk")
    answer = ada.put(ada.href + "a.ics", event("a@example.com"))
    assert 400 <= answer.status_code < 500
    assert not sim.events()
    assert ada.request("GET", ada.href + "a.ics").status_code == 404


def test_a_slow_write_does_not_hold_up_reading(sim, ada):
    ada.put(ada.href + "b.ics", event("b@example.com"))
    sim.fault(method="POST", path="*/events", delay_ms=14000)
    thread = threading.Thread(target=lambda: try_put(ada, event("a@example.com")))
    thread.start()
    wait_until(lambda: sim.faults()[0]["hits"], "the write")
    reader = Client(ada.bridge, ada.name, ada.password)
    for _ in range(5):
        assert reader.get(ada.href + "b.ics")
    assert thread.is_alive(), "the answers came first"
    sim.clear_faults()
    thread.join()


def test_writes_to_one_calendar_are_ordered_and_none_is_lost(sim, bridge, ada):
    def put(number):
        client = type(ada)(bridge, ada.name, ada.password)
        assert client.put(f"{ada.href}{number}.ics", event(f"{number}@example.com",
                          summary=f"Event {number}")).status_code == 201
    threads = [threading.Thread(target=put, args=(number,)) for number in range(12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(sim.events()) == 12
    assert len(settle(bridge, ada)) == 12


def put_aside(ada, href, name, answers):
    """A PUT of a client of its own, in a thread that runs."""
    client = Client(ada.bridge, ada.name, ada.password)
    thread = threading.Thread(target=lambda: answers.append(
        client.put(f"{href}{name}.ics", event(f"{name}@example.com", summary=name)).status_code))
    thread.start()
    return thread


def hits(sim):
    return sim.faults()[0]["hits"]


def test_writes_to_different_calendars_run_side_by_side(sim, ada):
    hrefs = [ada.href]
    for number in range(3):
        href = f"{ada.home()}plans{number}/"
        assert ada.request("MKCALENDAR", href).status_code == 201
        hrefs.append(href)
    answers = []
    sim.fault(method="POST", path="*/events", delay_ms=14000, count=-1)
    threads = [put_aside(ada, href, f"a{number}", answers) for number, href in enumerate(hrefs)]
    wait_until(lambda: hits(sim) == 4, "four creates that wait for Feishu at once")
    assert not answers
    sim.clear_faults()
    for thread in threads:
        thread.join()
    assert answers == [201] * 4


def test_it_stops_within_five_seconds_while_feishu_hangs(sim, bridge, ada):
    sim.fault(method="GET", path="*", delay_ms=20000, count=-1)
    bridge_poll = ada.ctag(ada.href)
    assert bridge_poll
    process = bridge.process
    process.send_signal(signal.SIGTERM)
    assert process.wait(timeout=within(5)) == 0
    bridge.process = None


def test_it_stops_within_five_seconds_while_a_write_hangs_and_looks_after_it_later(
        sim, bridge, ada):
    sim.fault(method="POST", path="*/events", delay_ms=8000, count=1)
    thread = threading.Thread(target=lambda: try_put(ada, event("a@example.com")))
    thread.start()
    wait_until(lambda: sim.calls(method="POST", path="/events"), "the write")
    bridge.process.send_signal(signal.SIGTERM)
    assert bridge.process.wait(timeout=within(5)) == 0
    thread.join()
    bridge.start()
    wait_until(lambda: len(sim.events()) == 1 and settle(bridge, ada), "the event on both sides")
    assert len(settle(bridge, ada)) == 1
