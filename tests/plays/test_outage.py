"""Feishu is in trouble as a whole: reads go on at full speed, writes end within 30 s with 503 and
Retry-After, nothing is lost, few calls are spent on it, and it is over without a restart."""

import threading
import time

import pytest

from bridge import Bridge, Client, event, wait_until, within
from feishu_sim import ADA, FeishuSim

OUTAGES = {
    "service error": {"code": 190003, "status": 500},
    "a page of a proxy": {"status": 502, "body": "<p>no", "content_type": "text/html"},
    "invalid JSON": {"status": 200, "body": "{\"code\":0,", "content_type": "application/json"},
    "a portal's page": {"status": 200, "body": "<p>pay", "content_type": "text/html"},
    "no such page": {"status": 404, "body": "404 page not found", "content_type": "text/plain"},
    "cut": {"cut": "before"},
    "limit of the gateway": {"rate_limit_reset": 31},
    "an address not allowed": {"code": 99991401, "status": 400},
}


@pytest.fixture(name="ada")
def fixture_ada(ada):
    ada.put_new(summary="Before")
    return ada


def read_fast(ada):
    for _ in range(5):
        start = time.monotonic()
        assert "SUMMARY:" in ada.get(ada.href + "a.ics")
        ada.ctag(ada.href)
        if time.monotonic() - start < within(0.2):
            return
    raise AssertionError("reading is slow")


def write_fails(ada, name="a.ics", uid="a@example.com"):
    answer = ada.put(ada.href + name, event(uid, summary="After"))
    assert answer.status_code == 503, (answer.status_code, answer.text)
    assert 0 < int(answer.headers["Retry-After"]) <= 60
    assert answer.elapsed.total_seconds() < within(30)
    return answer.elapsed.total_seconds()


def ends(sim, ada):
    def again():
        return ada.put(ada.href + "a.ics",
                       event("a@example.com", summary="After")).status_code == 204
    wait_until(again, "a write after the outage")
    assert sim.event("After")
    ada.bridge.sync(ada.name)
    assert list(ada.members(ada.href)) == [ada.href + "a.ics"]


@pytest.mark.parametrize("outage", OUTAGES)
def test_reads_go_on_writes_end_in_time_and_it_ends_by_itself(sim, ada, outage):
    sim.fault(path="*", count=-1, **OUTAGES[outage])
    other = Client(ada.bridge, ada.name, ada.password)
    other.href = ada.href
    waited = []
    writer = threading.Thread(target=lambda: waited.append(write_fails(other)))
    writer.start()
    while writer.is_alive():
        read_fast(ada)
    assert waited
    write_fails(ada)
    sim.clear_faults()
    ends(sim, ada)


def test_while_feishu_is_silent_every_kind_of_write_ends_in_time(sim, ada):
    """All at once, so that none waits for the end of another: reads go on meanwhile, and afterwards the
    same writes work and nothing is there twice."""
    home = ada.home()
    for name in ("there", "target"):
        assert ada.request("MKCALENDAR", f"{home}{name}/").status_code == 201
    texts = {name: event(f"{name}@example.com", summary=name) for name in ("b", "c", "moved")}
    ada.put(f"{home}there/moved.ics", texts["moved"])
    ada.put(f"{home}there/c.ics", texts["c"])
    writes = [
        lambda client: client.put(ada.href + "b.ics", texts["b"]),
        lambda client: client.put(ada.href + "a.ics", event("a@example.com", summary="After")),
        lambda client: client.delete(f"{home}there/c.ics"),
        lambda client: client.request("MOVE", f"{home}there/moved.ics", headers={
            "Destination": f"{ada.bridge.url}{home}target/moved.ics"}),
        lambda client: client.request("MKCALENDAR", f"{home}made/"),
        lambda client: client.delete(f"{home}gone/"),
    ]
    assert ada.request("MKCALENDAR", f"{home}gone/").status_code == 201
    sim.fault(path="*", delay_ms=120000, count=-1)
    answers = []
    threads = [threading.Thread(target=lambda w=write: answers.append(
        w(Client(ada.bridge, ada.name, ada.password)))) for write in writes]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        read_fast(ada)
    for answer in answers:
        assert answer.status_code == 503, answer.text
        assert answer.elapsed.total_seconds() < within(30)
        assert int(answer.headers["Retry-After"]) > 0
    sim.clear_faults()
    for write in writes:
        wait_until(lambda w=write: w(ada).status_code < 500, "a write after the silence")
    ada.bridge.run("sync", "--full", ada.name)
    assert sorted(e["summary"] for e in sim.events()) == ["After", "b", "moved"]
    assert set(ada.members(ada.href)) == {ada.href + "a.ics", ada.href + "b.ics"}
    assert set(ada.members(f"{home}target/")) == {f"{home}target/moved.ics"}
    assert not ada.members(f"{home}there/")
    assert len([c for c in sim.calendars() if not c["is_deleted"] and c["summary"] == "made"]) == 1


def test_a_long_outage_costs_few_calls_and_little_waiting(sim, ada):
    sim.fault(path="*", count=-1, code=190003, status=500)
    end = time.monotonic() + 60
    while time.monotonic() < end and write_fails(ada) > 1:
        pass
    sim.clear_calls()
    assert max(write_fails(ada) for _ in range(20)) < 5
    assert len(sim.calls()) < 12
    sim.clear_faults()
    ends(sim, ada)


def test_a_server_that_is_gone_and_comes_back():
    with FeishuSim() as sim, Bridge(sim) as bridge:
        client = bridge.sign_in(ADA)
        href = client.calendars()["Ada"]
        client.put(href + "a.ics", event("a@example.com", summary="Before"))
        bridge.stop()
        for url in ("http://no-such-host.invalid", "http://127.0.0.1:9"):
            bridge.env["FEISHU_CALDAV_FEISHU_BASE_URL"] = url
            bridge.start()
            client = Client(bridge, client.name, client.password)
            client.href = href
            read_fast(client)
            write_fails(client)
            bridge.stop()
        bridge.env["FEISHU_CALDAV_FEISHU_BASE_URL"] = sim.url
        bridge.start()
        client = Client(bridge, client.name, client.password)
        client.href = href
        ends(sim, client)


@pytest.mark.parametrize("days", [2, -2])
def test_a_clock_that_differs_by_days_does_no_harm(sim, ada, days):
    sim.clock(set=int(time.time()) + days * 86400)
    ends(sim, ada)
