"""What becomes of calls to Feishu that go wrong on the way, seen from a CalDAV client, from the
simulator and from the log."""

import concurrent.futures
import json

import pytest
import requests
from bridge import Bridge, event
from feishu_sim import ADA, APP_SECRET

MAIL = "ada@example.com"
EVENTS = "*/events"
ONE = "*/events/*"


@pytest.fixture(name="ada")
def fixture_ada(sim, ada):
    ada.calls_before = sim.last_call()
    return ada


def put(client, name="a", summary="Event", **more):
    return client.put(f"{client.href}{name}.ics", event(name, summary=summary, **more))


def writes(sim, client, method="POST", path="/events"):
    """The calls of one kind since the sign-in."""
    return [call for call in sim.calls(client.calls_before, method, path)
            if call["path"].endswith(path) or path != "/events"]


def test_a_create_cut_before_its_effect_is_repeated_with_the_same_key(sim, ada):
    sim.fault(method="POST", path=EVENTS, cut="before")
    assert put(ada).status_code == 201
    assert [one["summary"] for one in sim.events()] == ["Event"]


def test_a_create_cut_after_its_effect_makes_one_event_and_not_two(sim, ada):
    sim.fault(method="POST", path=EVENTS, cut="after")
    assert put(ada).status_code == 201
    assert [one["summary"] for one in sim.events()] == ["Event"]
    keys = {call["query"]["idempotency_key"] for call in writes(sim, ada)}
    assert len(keys) == 1


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_cut_change_arrives(sim, ada, cut):
    assert put(ada).status_code == 201
    sim.fault(method="PATCH", path=ONE, cut=cut)
    assert put(ada, summary="Changed").status_code == 204
    assert [one["summary"] for one in sim.events()] == ["Changed"]


@pytest.mark.parametrize("cut", ["before", "after"])
def test_a_cut_deletion_arrives(sim, ada, cut):
    assert put(ada).status_code == 201
    sim.fault(method="DELETE", path=ONE, cut=cut)
    assert ada.delete(f"{ada.href}a.ics").status_code == 204
    assert sim.events() == []
    assert ada.request("GET", f"{ada.href}a.ics").status_code == 404


def test_half_an_answer_to_a_create_is_no_second_event(sim, ada):
    sim.fault(method="POST", path=EVENTS, invalid_json=True)
    assert put(ada).status_code == 201
    assert [one["summary"] for one in sim.events()] == ["Event"]


def test_a_rate_limit_is_waited_for(sim, ada):
    sim.fault(method="POST", path=EVENTS, rate_limit_reset=1)
    assert put(ada).status_code == 201
    first, second = writes(sim, ada)
    assert (first["status"], first["code"], second["code"]) == (429, 99991400, 0)
    assert second["real_ms"] - first["real_ms"] >= 1000


def test_a_long_rate_limit_is_told_to_the_client(sim, ada):
    sim.fault(method="POST", path=EVENTS, rate_limit_reset=300)
    answer = put(ada)
    assert answer.status_code == 503
    assert 200 < int(answer.headers["Retry-After"]) <= 301
    assert len(writes(sim, ada)) == 1
    assert sim.events() == []


@pytest.mark.parametrize("code", [190004, 190005, 190010])
def test_contention_is_backed_off_from(sim, ada, code):
    sim.fault(method="POST", path=EVENTS, code=code, status=429, count=2)
    assert put(ada).status_code == 201
    assert [call["code"] for call in writes(sim, ada)] == [code, code, 0]


def test_an_expired_access_token_is_renewed_once(sim, ada):
    sim.tokens(user=MAIL, access="expire")
    assert put(ada).status_code == 201
    assert put(ada, "b", "Second").status_code == 201
    assert len(sim.calls(ada.calls_before, "POST", "/oauth/v3/token")) == 1


def test_many_writes_at_once_renew_an_expired_token_once(sim, bridge, ada):
    sim.tokens(user=MAIL, access="expire")

    def one(number):
        return requests.put(f"{bridge.url}{ada.href}n{number}.ics",
                            event(f"n{number}").encode(), timeout=60,
                            auth=(ada.name, ada.password),
                            headers={"Content-Type": "text/calendar"}).status_code
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        assert set(pool.map(one, range(8))) == {201}
    assert len(sim.events()) == 8
    assert len(sim.calls(ada.calls_before, "POST", "/oauth/v3/token")) == 1


def test_a_dead_grant_leaves_the_calendar_readable_and_refuses_writes(sim, bridge, ada):
    assert put(ada).status_code == 201
    sim.tokens(user=MAIL, access="revoke", refresh="revoke")
    assert put(ada, "b").status_code in (403, 503)
    assert "SUMMARY:Event" in ada.get(f"{ada.href}a.ics")
    users = json.loads(bridge.run("user", "list", "--json").stdout)
    assert users[0]["state"] == "sign-in needed"
    # Signing in again heals it.
    assert bridge.authorize(ADA).status_code == 302
    assert put(ada, "b").status_code == 201


def test_a_refusal_by_feishu_is_a_refusal_and_changes_nothing(sim, ada):
    sim.fault(method="POST", path=EVENTS, code=190013, status=400, msg="content at risk")
    answer = put(ada)
    assert 400 <= answer.status_code < 500
    assert ada.request("GET", f"{ada.href}a.ics").status_code == 404
    assert len(writes(sim, ada)) == 1


def test_a_failed_call_is_logged_with_code_and_log_id(sim, bridge, ada):
    sim.fault(method="POST", path=EVENTS, code=190013, status=400, msg="content at risk")
    put(ada)
    log_id = writes(sim, ada)[0]["log_id"]
    line = [line for line in bridge.log().splitlines()
            if "calendar.event.create failed" in line][0]
    assert "190013" in line and log_id in line


def test_no_secret_is_ever_logged(sim, bridge, ada):
    sim.tokens(user=MAIL, access="expire")
    put(ada)
    log = bridge.log()
    assert "debug" in log
    tokens = sim.control("GET", "tokens")["tokens"]
    assert len(tokens["access"]) >= 2 and len(tokens["refresh"]) >= 2
    for token in tokens["access"] + tokens["refresh"]:
        assert token["token"] not in log
    assert f'"{APP_SECRET}"' not in log and f"={APP_SECRET}" not in log
    assert ada.password not in log
    assert "Bearer" not in log


@pytest.mark.parametrize("fault", [
    {"code": 190003, "status": 500}, {"cut": "before"}, {"invalid_json": True},
    {"status": 502, "body": "bad gateway", "content_type": "text/html"},
])
def test_a_pull_survives_a_fault(sim, bridge, ada, fault):
    sim.add_event(MAIL, "From Feishu", (1798855200, 1798858800))
    sim.fault(method="GET", path=EVENTS, **fault)
    bridge.sync(ada.name)
    assert len(ada.members(ada.href)) == 1


def test_a_host_that_is_gone_loses_nothing(sim, bridge, ada):
    assert put(ada).status_code == 201
    sim.stop()
    assert put(ada, summary="Changed").status_code == 503
    assert "SUMMARY:Event" in ada.get(f"{ada.href}a.ics")
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert "SUMMARY:Event" in ada.get(f"{ada.href}a.ics")


def test_a_wrong_address_of_feishu_deletes_nothing(sim, ada, bridge):
    assert put(ada).status_code == 201
    sim.fault(method="GET", path="/open-apis/*", count=-1, status=404,
              content_type="text/plain", body="404 page not found")
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    sim.clear_faults()
    assert list(ada.members(ada.href)) == [f"{ada.href}a.ics"]


def test_the_old_token_endpoint_is_found(sim):
    sim.switch(token_v3="404")
    with Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        assert ada.calendars()
        sim.tokens(user=MAIL, access="expire")
        assert ada.put(ada.calendars()["Ada"] + "a.ics", event("a")).status_code == 201
    paths = [call["path"] for call in sim.calls(method="POST", path="/token")
             if "tenant" not in call["path"]]
    v2 = "/open-apis/authen/v2/oauth/token"
    # The sign-in's code was good at the second address; the refresh went there at once, or, from
    # another process that had to find out again, by the same way.
    assert paths[:2] == ["/oauth/v3/token", v2] and paths[-1] == v2


def test_reads_cause_no_upstream_call(sim, ada):
    assert put(ada).status_code == 201
    before = sim.last_call()
    for _ in range(3):
        ada.ctag(ada.href)
        ada.members(ada.href)
        ada.get(f"{ada.href}a.ics")
        ada.sync_collection(ada.href)
    assert sim.calls(before) == []
