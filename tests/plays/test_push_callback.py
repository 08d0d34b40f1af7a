"""Changes that Feishu tells of by calling back: POST /feishu/events."""

import http.server
import json
import threading

import pytest
import requests

from bridge import Bridge, wait_until, within
from feishu_sim import ADA, HOUR, SOON, FeishuSim

KEY = "an Encrypt Key"
TOKEN = "a Verification Token"
ENCRYPTED = {"feishu.encrypt-key": KEY, "feishu.verification-token": TOKEN}
PLAIN = {"feishu.verification-token": TOKEN}
SIGNED = ["X-Lark-Request-Timestamp", "X-Lark-Request-Nonce", "X-Lark-Signature"]


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim() as sim:
        sim.switch(push_window_ms=0)
        yield sim


def start(sim, keys, **options):
    return Bridge(sim, {"sync.events": "callback", **keys, **options})


def configure(sim, url, keys):
    sim.push(mode="webhook", url=url + "/feishu/events",
             encrypt_key=keys.get("feishu.encrypt-key"),
             verification_token=keys.get("feishu.verification-token"))


def sign_in(sim, bridge):
    ada = bridge.sign_in(ADA)
    primary = sim.primary(ADA)
    wait_until(lambda: [c for c in sim.calendars()
                        if c["calendar_id"] == primary and c["event_subscribers"]],
               "the subscription")
    return ada


def make(sim, summary="Told"):
    sim.add_event(ADA, summary, (SOON, SOON + HOUR))


def members(ada):
    return ada.members(ada.calendars()["Ada"])


class Recorder(http.server.BaseHTTPRequestHandler):
    """Stands where the bridge should be, and keeps what Feishu sends."""

    def do_POST(self):  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        headers = {k: v for k, v in self.headers.items() if k.lower().startswith("x-lark-")}
        self.server.seen.append((headers, body))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_):
        pass


@pytest.fixture(name="recorder")
def fixture_recorder():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Recorder)
    server.seen = []
    server.url = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield server
    server.shutdown()
    server.server_close()


def record(sim, recorder, keys):
    """What Feishu sends for one change: headers and body."""
    configure(sim, recorder.url, keys)
    make(sim)
    wait_until(lambda: recorder.seen, "the callback")
    return recorder.seen.pop()


def post(bridge, headers, body, method="POST"):
    return requests.request(method, bridge.url + "/feishu/events", data=body, timeout=10,
                            headers={"Content-Type": "application/json;charset=utf-8", **headers})


def refused(answer, status=403):
    assert answer.status_code == status, answer.text
    assert answer.text.strip()
    return True


@pytest.mark.parametrize("keys", [ENCRYPTED, PLAIN, {"feishu.encrypt-key": KEY}],
                         ids=["encrypted", "plain", "encrypted without token"])
def test_the_url_check_is_answered_within_a_second(sim, keys):
    with start(sim, keys) as bridge:
        configure(sim, bridge.url, keys)
        check = sim.push_check()
        assert check["passed"], check
        assert check["ms"] < 1000
        assert list(json.loads(check["body"])) == ["challenge"]
        assert bridge.metric("events_callback") == 1


@pytest.mark.parametrize("keys", [ENCRYPTED, PLAIN], ids=["encrypted", "plain"])
def test_an_edit_in_feishu_changes_the_ctag_within_five_seconds(sim, keys):
    sim.switch(push_window_ms=3000)
    with start(sim, keys) as bridge:
        configure(sim, bridge.url, keys)
        ada = sign_in(sim, bridge)
        href = ada.calendars()["Ada"]
        before = ada.ctag(href)
        make(sim)
        wait_until(lambda: ada.ctag(href) != before, "another ctag", within(5))
        wait_until(lambda: sim.messages(state="delivered"), "the answer")
        [message] = sim.messages()
        assert [a["code"] for a in message["attempts"]] == [200]
        shown = json.loads(bridge.run("user", "show", ada.name, "--json").stdout)
        assert shown["calendars"][0]["pushed"]
        wait_until(lambda: json.loads(bridge.run("user", "show", ada.name, "--json").stdout)
                   ["events"] == "callback", "the way in user show")


def test_what_is_not_signed_by_feishu_is_refused(sim, recorder):
    with start(sim, ENCRYPTED) as bridge:
        ada = sign_in(sim, bridge)
        headers, body = record(sim, recorder, ENCRYPTED)
        assert refused(post(bridge, {}, body))
        for name in SIGNED:
            assert refused(post(bridge, {k: v for k, v in headers.items() if k != name}, body))
            other = "0" if headers[name][-1] != "0" else "1"
            assert refused(post(bridge, {**headers, name: headers[name][:-1] + other}, body))
        assert refused(post(bridge, headers, body.replace(b'"}', b' "}')))
        assert refused(post(bridge, headers, b'{"challenge":"x","type":"url_verification"}'))
        assert bridge.metric("events_refused") == 9
        assert bridge.metric("events_received") == 0
        assert not members(ada)
        assert post(bridge, headers, body).status_code == 200
        wait_until(lambda: members(ada), "the event")


def test_an_encrypted_body_under_another_key_is_refused(sim, recorder):
    with start(sim, ENCRYPTED) as bridge:
        sign_in(sim, bridge)
        headers, body = record(sim, recorder, {**ENCRYPTED, "feishu.encrypt-key": "another"})
        assert refused(post(bridge, headers, body))


def test_a_signature_of_another_time_is_refused(sim, recorder):
    with start(sim, {"feishu.encrypt-key": KEY}) as bridge:
        sign_in(sim, bridge)
        headers, body = record(sim, recorder, ENCRYPTED)
        old = str(int(headers["X-Lark-Request-Timestamp"]) - 400)
        assert refused(post(bridge, {**headers, "X-Lark-Request-Timestamp": old}, body))


@pytest.mark.parametrize("token", [None, "another", TOKEN + "x", TOKEN[:-1]])
def test_a_plain_body_with_another_token_is_refused(sim, recorder, token):
    with start(sim, PLAIN) as bridge:
        ada = sign_in(sim, bridge)
        headers, body = record(sim, recorder, {"feishu.verification-token": token})
        assert refused(post(bridge, headers, body))
        assert not members(ada)


def test_a_plain_body_is_refused_where_encryption_is_on(sim, recorder):
    with start(sim, ENCRYPTED) as bridge:
        sign_in(sim, bridge)
        headers, body = record(sim, recorder, PLAIN)
        assert refused(post(bridge, headers, body))


def test_the_same_event_counts_once(sim, recorder):
    with start(sim, ENCRYPTED) as bridge:
        ada = sign_in(sim, bridge)
        headers, body = record(sim, recorder, ENCRYPTED)
        for _ in range(3):
            assert post(bridge, headers, body).status_code == 200
        assert bridge.metric("events_received") == 1
        assert bridge.metric("events_duplicate") == 2
        wait_until(lambda: members(ada), "the event")


@pytest.mark.parametrize("body", [b"", b"x", b"[]", b"{}", b"\xff\xfe", b'{"encrypt":5}',
                                  b'{"header":{"event_type":"x"}}', b"{" * 5000])
def test_what_is_no_callback_is_refused(sim, body):
    with start(sim, PLAIN) as bridge:
        answer = post(bridge, {}, body)
        assert answer.status_code in (400, 403) and answer.text.strip()


def test_a_body_that_is_too_large_is_refused(sim):
    with start(sim, PLAIN) as bridge:
        assert refused(post(bridge, {}, b'{"a":"' + b"x" * (1 << 20) + b'"}'), 413)


def test_other_methods_are_not_allowed(sim):
    with start(sim, PLAIN) as bridge:
        assert post(bridge, {}, b"", "GET").status_code == 405


@pytest.mark.parametrize("options", [
    {**PLAIN, "sync.events": "none"}, {**PLAIN, "sync.events": "long-connection"},
    {"sync.events": "callback"}, {"sync.events": "auto"}], ids=str)
def test_where_callbacks_are_off_there_is_nothing(sim, options):
    with Bridge(sim, {**options}) as bridge:
        body = json.dumps({"challenge": "x", "token": TOKEN, "type": "url_verification"})
        assert refused(post(bridge, {}, body.encode()), 404)


def test_auto_takes_callbacks_where_keys_are_set(sim):
    sim.connections(refuse_bootstrap={"code": 403})
    with Bridge(sim, {"sync.events": "auto", **PLAIN}) as bridge:
        configure(sim, bridge.url, PLAIN)
        assert sim.push_check()["passed"]
        ada = sign_in(sim, bridge)
        make(sim)
        wait_until(lambda: members(ada), "the event")


def test_a_server_that_was_down_gets_the_repetition(sim):
    with start(sim, ENCRYPTED) as bridge:
        configure(sim, bridge.url, ENCRYPTED)
        ada = sign_in(sim, bridge)
        bridge.stop()
        make(sim)
        wait_until(lambda: sim.messages() and sim.messages()[0]["state"] == "waiting"
                   and sim.messages()[0]["attempts"], "an attempt in vain")
        bridge.start()
        sim.clock(advance=15)
        wait_until(lambda: sim.messages(state="delivered"), "the repetition")
        wait_until(lambda: members(ada), "the event")
