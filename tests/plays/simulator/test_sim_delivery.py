"""The simulator's delivery of events: who is told of what, together with what, and when again.
(The official SDK judges the envelopes and frames: tests/feishu-sim/sdk/push.test.mjs.)"""

import http.server
import threading

import pytest
import requests

from waiting import wait_until
from feishu_sim import ADA, APP_ID, APP_SECRET, BOB, HOUR, SOON, ControlError, FeishuSim

CHANGED = "calendar.calendar.event.changed_v4"


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        sim.clock(set=1795000000)
        yield sim


def subscribe(sim, user=ADA):
    sim.data(user, "POST", f"/{sim.primary(user)}/events/subscription")


def make(sim, summary="Event", **fields):
    return sim.add_event(ADA, summary, (SOON, SOON + HOUR), **fields)["event_id"]


def changes(sim):
    return [message["change"] for message in sim.messages(CHANGED)]


def test_nobody_is_told_without_a_subscription(sim):
    make(sim)
    sim.edit(ADA, "calendar_create", calendar={"summary": "Second"})
    assert not sim.messages()
    assert sim.feed()


def test_subscribers_are_told_and_no_longer_after_they_left(sim):
    subscribe(sim)
    make(sim)
    [message] = sim.messages()
    assert message["event"]["calendar_id"] == sim.primary(ADA)
    assert [user["open_id"] for user in message["event"]["user_id_list"]] == [ADA]
    sim.data(ADA, "POST", f"/{sim.primary(ADA)}/events/unsubscription")
    make(sim)
    assert len(sim.messages()) == 1


@pytest.mark.parametrize("later, expected", [
    (["event_patch"], ["create"]), (["event_patch", "event_delete"], []), (["event_delete"], [])])
def test_changes_of_a_new_event_are_told_together(sim, later, expected):
    subscribe(sim)
    event = make(sim)
    for action in later:
        sim.edit(ADA, action, event_id=event, event={"description": "x"})
    assert changes(sim) == expected


def test_the_window_of_three_seconds_keeps_changes_together(sim):
    event = make(sim)
    subscribe(sim)
    sim.edit(ADA, "event_patch", event_id=event, event={"description": "1"})
    sim.clock(advance=2)
    sim.edit(ADA, "event_patch", event_id=event, event={"description": "2"})
    assert changes(sim) == ["update"]
    sim.clock(advance=1)
    wait_until(lambda: sim.messages()[0]["attempts"], "the first attempt")
    sim.edit(ADA, "event_delete", event_id=event)
    assert changes(sim) == ["update", "delete"]


def test_answers_are_counted_apart_from_changes(sim):
    sim.switch(push_details="on")
    event = make(sim, attendees=[{"user": ADA}, {"user": BOB}])
    subscribe(sim)
    sim.edit(ADA, "event_patch", event_id=event, event={"description": "1"})
    for status in ("accept", "decline"):
        sim.edit(BOB, "rsvp", event_id=event, rsvp_status=status)
    update, answer = sim.messages(CHANGED)
    assert (update["change"], answer["change"]) == ("update", "rsvp")
    [info] = answer["event"]["rsvp_infos"]
    assert info["from_user_id"]["open_id"] == BOB
    assert info["rsvp_status"] == "decline"


def test_a_message_without_answer_is_repeated_four_times(sim):
    subscribe(sim)
    make(sim)
    sim.clock(advance=3)
    for number, pause in enumerate([15, 300, 3600, 21600], 1):
        wait_until(lambda n=number: len(sim.messages()[0]["attempts"]) == n
                   and sim.messages()[0]["state"] == "waiting", f"attempt {number}")
        sim.clock(advance=pause - 1)
        assert len(sim.messages()[0]["attempts"]) == number
        sim.clock(advance=1)
    wait_until(lambda: sim.messages()[0]["state"] == "given_up", "the end")
    assert len(sim.messages()[0]["attempts"]) == 5
    make(sim)
    sim.clock(advance=3)
    wait_until(lambda: sim.messages()[1]["attempts"], "the next message, when none waited")


def test_lists_and_access_entries_are_told_to_their_subscribers(sim):
    sim.data(ADA, "POST", "/subscription")
    calendar = sim.edit(ADA, "calendar_create", calendar={"summary": "Team"})["calendar"]
    assert [m["type"] for m in sim.messages()] == ["calendar.calendar.changed_v4"]
    sim.data(ADA, "POST", f"/{calendar['calendar_id']}/acls/subscription")
    sim.edit(ADA, "share", calendar_id=calendar["calendar_id"], user=BOB, role="writer")
    sim.edit(ADA, "unshare", calendar_id=calendar["calendar_id"], user=BOB)
    created, deleted = sim.messages("acl")
    assert created["type"] == "calendar.calendar.acl.created_v4"
    assert deleted["type"] == "calendar.calendar.acl.deleted_v4"
    assert created["event"]["scope"]["user_id"]["open_id"] == BOB
    assert created["event"]["role"] == "writer"
    assert "calendar_id" not in created["event"]


def bootstrap(sim, app_id=APP_ID, app_secret=APP_SECRET):
    return requests.post(f"{sim.url}/callback/ws/endpoint", timeout=5,
                         json={"AppID": app_id, "AppSecret": app_secret}).json()


def test_the_bootstrap_knows_the_app(sim):
    good = bootstrap(sim)
    assert good["code"] == 0
    assert good["data"]["URL"].startswith("ws://127.0.0.1:")
    assert good["data"]["ClientConfig"]["PingInterval"] == 120
    assert bootstrap(sim, app_secret="wrong")["code"] == 514
    assert bootstrap(sim, app_id="")["code"] == 1000040344
    sim.connections(refuse_bootstrap={"code": 1000040350, "count": 1})
    assert bootstrap(sim)["code"] == 1000040350
    assert bootstrap(sim)["code"] == 0


def upgrade(sim, url, key="dGhlIHNhbXBsZSBub25jZQ=="):
    return requests.get("http" + url[2:], stream=True, timeout=5, headers={
        "Upgrade": "websocket", "Connection": "Upgrade", "Sec-WebSocket-Key": key,
        "Sec-WebSocket-Version": "13"})


def test_the_handshake_needs_a_ticket_that_was_not_used(sim):
    url = bootstrap(sim)["data"]["URL"]
    first = upgrade(sim, url)
    assert first.status_code == 101
    # The example of RFC 6455 section 1.3
    assert first.headers["Sec-WebSocket-Accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
    second = upgrade(sim, url)
    assert second.status_code == 403
    assert second.headers["Handshake-Status"] == "514"
    first.close()


def test_a_refused_handshake_says_why(sim):
    sim.connections(refuse_handshake={"code": 514, "auth_code": 1000040350, "count": 1})
    answer = upgrade(sim, bootstrap(sim)["data"]["URL"])
    assert answer.headers["Handshake-Status"] == "514"
    assert answer.headers["Handshake-Autherrcode"] == "1000040350"


def test_unknown_faults_of_connections_are_refused(sim):
    with pytest.raises(ControlError):
        sim.connections(unheard_of=1)


class Receiver(http.server.BaseHTTPRequestHandler):
    """Answers callbacks with the statuses it was given, then 200."""

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.seen.append((dict(self.headers), body))
        status = self.server.statuses.pop(0) if self.server.statuses else 200
        self.send_response(status)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


def test_a_webhook_that_fails_is_called_again(sim):
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Receiver)
    server.seen, server.statuses = [], [500, 404]
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        sim.push(mode="webhook", url=f"http://127.0.0.1:{server.server_port}/hook",
                 encrypt_key="key")
        assert not sim.push_check()["passed"]
        server.statuses = [500, 404]
        server.seen.clear()
        subscribe(sim)
        make(sim)
        for number, pause in enumerate([3, 15, 300], 1):
            sim.clock(advance=pause)
            wait_until(lambda n=number: len(server.seen) == n, f"call {number}")
            wait_until(lambda n=number: sim.messages()[0]["attempts"][n - 1]["code"],
                       "its answer")
        assert [a["code"] for a in sim.messages()[0]["attempts"]] == [500, 404, 200]
        assert sim.messages()[0]["state"] == "delivered"
        assert all("X-Lark-Signature" in headers for headers, _ in server.seen)
    finally:
        server.shutdown()
        server.server_close()
