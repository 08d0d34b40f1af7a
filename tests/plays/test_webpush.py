"""WebDAV-Push through the whole chain: an edit in Feishu arrives at a push service of our own.

What arrives is decrypted by the steps of RFC 8188 and 8291 in node.s crypto, and, where HTTP_ECE_DIR names a
folder in which npm has installed http_ece, by that as well.
"""

import base64
import contextlib
import email.utils
import http.server
import json
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import threading
import time
import xml.etree.ElementTree as ET

import pytest

from bridge import Bridge, event, precondition, wait_until
from feishu_sim import ADA, HOUR, SOON

P = "{https://bitfire.at/webdav-push}"
XMLNS_P = 'xmlns:p="https://bitfire.at/webdav-push"'
OPTIONS = {"sync.poll-interval": "1", "server.push-anywhere": "1"}
HELPER = pathlib.Path(__file__).with_name("webpush.mjs")

pytestmark = pytest.mark.skipif(not shutil.which("node"), reason="needs node")


def node(*arguments, stdin=""):
    done = subprocess.run(["node", str(HELPER), *arguments], input=stdin, text=True,
                          capture_output=True, timeout=30, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


class PushService:
    """Keeps what is posted to it; answers .status, below /slow only once .go is set."""

    def __init__(self):
        service = self
        self.messages, self.status = [], 201
        self.keys = node("keys")
        self.go = threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.messages.append((self.path, dict(self.headers), body))
                if self.path.startswith("/slow"):
                    service.go.wait(30)
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def paths(self):
        return [path for path, *_ in self.messages]

    def close(self):
        self.go.set()
        self.server.shutdown()
        self.server.server_close()

    def subscription(self, path="/phone"):
        return (f"<p:subscription><p:web-push-subscription><p:push-resource>{self.url}{path}"
                "</p:push-resource><p:content-encoding>aes128gcm</p:content-encoding>"
                f"<p:subscription-public-key type=\"p256dh\">{self.keys['public']}"
                "</p:subscription-public-key>"
                f"<p:auth-secret>{self.keys['auth']}</p:auth-secret>"
                "</p:web-push-subscription></p:subscription>")

    def read(self, message):
        """The push-message element, and the claims of who sent it."""
        path, headers, body = message
        assert headers["Content-Encoding"] == "aes128gcm" and int(headers["TTL"]) > 0
        answer = node("read", stdin=json.dumps({
            **self.keys, "body": base64.b64encode(body).decode(),
            "authorization": headers["Authorization"]}))
        assert answer["signed"], "the signature is that of the key named"
        assert answer["library"] == bool(os.environ.get("HTTP_ECE_DIR"))
        assert answer["claims"]["aud"] == self.url
        assert time.time() < answer["claims"]["exp"] < time.time() + 86400
        return ET.fromstring(answer["text"]), answer


@pytest.fixture(name="service")
def fixture_service():
    service = PushService()
    yield service
    service.close()


CONTENT = "<p:content-update><d:sync-level>1</d:sync-level></p:content-update>"
PROPERTIES = "<p:property-update><d:depth>0</d:depth></p:property-update>"


def register(client, href, subscription, triggers=CONTENT):
    return client.xml("POST", href, f"p:push-register {XMLNS_P}",
                      f"{subscription}<p:trigger>{triggers}</p:trigger>")


def push_properties(client, href):
    body = (f'<d:propfind xmlns:d="DAV:" {XMLNS_P}><d:prop><p:transports/><p:topic/>'
            "<p:supported-triggers/></d:prop></d:propfind>")
    answer = client.request("PROPFIND", href, body, {"Depth": "0"})
    root = ET.fromstring(answer.content)
    return root.find(f".//{P}topic").text, root.find(f".//{P}vapid-public-key").text


def test_an_edit_in_feishu_is_pushed_within_seconds(sim, ada, service):
    topic, key = push_properties(ada, ada.href)
    answer = register(ada, ada.href, service.subscription())
    assert answer.status_code == 204, answer.text
    assert answer.headers["Location"].startswith("/dav/push/") and answer.headers["Expires"]
    sim.add_event(ADA, "New", (SOON, SOON + HOUR))
    wait_until(lambda: service.messages, "the push")
    message, proof = service.read(service.messages[0])
    assert message.tag == P + "push-message"
    assert message.find(P + "topic").text == topic
    assert proof["key"] == key
    token = message.find(f"{P}content-update/{{DAV:}}sync-token").text
    assert message.find(P + "property-update") is None
    changed = ada.sync_collection(ada.href, token)[0]
    assert not changed, "the token pushed is the newest"
    assert service.messages[0][0] == "/phone"


def test_a_rename_is_a_property_update(sim, ada, service):
    register(ada, ada.href, service.subscription("/all"), CONTENT + PROPERTIES)
    register(ada, ada.href, service.subscription("/content"), CONTENT)
    answer = ada.xml("PROPPATCH", ada.href, "d:propertyupdate",
                     "<d:set><d:prop><a:calendar-color>#FF0000FF</a:calendar-color></d:prop>"
                     "</d:set>")
    assert "200" in answer.text
    wait_until(lambda: service.messages, "the push")
    message, _ = service.read(service.messages[0])
    assert message.find(P + "property-update") is not None
    ada.put_new("later")
    wait_until(lambda: [m for m in service.messages if m[0] == "/content"], "the content")
    for path, *_ in [m for m in service.messages if m[0] == "/content"][:1]:
        message, _ = service.read(next(m for m in service.messages if m[0] == path))
        assert message.find(P + "property-update") is None


def test_the_home_tells_of_new_calendars(sim, ada, service):
    assert register(ada, ada.home(), service.subscription()).status_code == 204
    ada.xml("MKCALENDAR", ada.home() + "plans/", "c:mkcalendar",
            "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>")
    wait_until(lambda: service.messages, "the push")
    message, _ = service.read(service.messages[0])
    assert message.find(P + "topic").text == push_properties(ada, ada.home())[0]


def test_an_ended_subscription_gets_nothing(sim, ada, service):
    href = register(ada, ada.href, service.subscription("/gone")).headers["Location"]
    register(ada, ada.href, service.subscription("/stays"))
    assert ada.delete(href).status_code == 204
    assert ada.delete(href).status_code == 404
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    assert {path for path, *_ in service.messages} == {"/stays"}


def test_registering_again_is_the_same_registration(ada, service):
    first = register(ada, ada.href, service.subscription())
    again = register(ada, ada.href, service.subscription())
    assert first.headers["Location"] == again.headers["Location"]
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    assert len(service.messages) == 1


def in_store(bridge, sql, *values):
    with contextlib.closing(sqlite3.connect(bridge.dir + "/store.db", timeout=20)) as db, db:
        return db.execute(sql, values).fetchall()


@pytest.mark.parametrize("status", (404, 410))
def test_a_subscription_unknown_to_the_push_service_is_forgotten(ada, service, status):
    service.status = status
    href = register(ada, ada.href, service.subscription()).headers["Location"]
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    wait_until(lambda: ada.delete(href).status_code == 404, "the subscription to be dropped")


def test_a_subscription_that_has_expired_is_forgotten(bridge, ada, service):
    old = register(ada, ada.href, service.subscription("/old")).headers["Location"]
    register(ada, ada.href, service.subscription("/new"))
    in_store(bridge, "UPDATE pushes SET expires_s = 1 WHERE resource LIKE '%/old'")
    wait_until(lambda: ada.delete(old).status_code == 404, "the subscription to be dropped")
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    assert service.paths() == ["/new"]


def test_an_expiry_is_granted_within_bounds(bridge, ada, service):
    now = time.time()
    for wanted, days in ((None, 30), (now + 60, 3), (now + 10 * 86400, 10), (now + 1e8, 30)):
        text = email.utils.formatdate(wanted, usegmt=True) if wanted else None
        answer = ada.xml("POST", ada.href, f"p:push-register {XMLNS_P}",
                         service.subscription() + f"<p:trigger>{CONTENT}</p:trigger>" +
                         (f"<p:expires>{text}</p:expires>" if text else ""))
        granted = email.utils.parsedate_to_datetime(answer.headers["Expires"]).timestamp()
        assert abs(granted - now - days * 86400) < 60, (wanted, answer.headers["Expires"])
    assert in_store(bridge, "SELECT count(*) FROM pushes") == [(1,)]


def test_a_message_that_the_service_does_not_take_comes_again(bridge, ada, service):
    service.status = 503
    register(ada, ada.href, service.subscription())
    ada.put_new()
    wait_until(lambda: in_store(bridge, "SELECT 1 FROM pushes WHERE retry_s > 0"), "the refusal")
    service.status = 201
    in_store(bridge, "UPDATE pushes SET retry_s = 1")
    wait_until(lambda: in_store(bridge, "SELECT 1 FROM pushes WHERE retry_s = 0"), "the success")
    assert len(service.messages) == 2
    tokens = {service.read(one)[0].find(f"{P}content-update/{{DAV:}}sync-token").text
              for one in service.messages}
    assert tokens == {ada.sync_collection(ada.href)[2]}


def test_a_slow_push_service_holds_up_nobody_else(ada, service):
    for n in range(10):
        register(ada, ada.href, service.subscription(f"/slow/{n}"))
    other = PushService()
    try:
        register(ada, ada.href, other.subscription("/quick"))
        for turn in range(2):
            ada.put_new(f"e{turn}")
            wait_until(lambda n=turn: len(other.messages) > n, "the push to the other service", 5)
        assert not service.go.is_set() and service.paths()
        service.go.set()
        wait_until(lambda: len(set(service.paths())) == 10, "those that had to wait")
    finally:
        other.close()


def test_a_stop_does_not_wait_for_a_push_service(bridge, ada, service):
    register(ada, ada.href, service.subscription("/slow"))
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    start = time.monotonic()
    bridge.stop()
    assert time.monotonic() - start < 5
    service.go.set()
    bridge.start()
    wait_until(lambda: len(service.messages) == 2, "the same again")


def dont_notify(*hrefs):
    return {"Push-Dont-Notify": ", ".join(f'"{href}"' for href in hrefs)}


def test_who_makes_a_change_need_not_be_told_of_it(sim, bridge, ada, service):
    mine = bridge.url + register(ada, ada.href, service.subscription("/mine")).headers["Location"]
    register(ada, ada.href, service.subscription("/other"))
    answer = ada.put(ada.href + "a.ics", event("a@example.com", summary="Mine"), dont_notify(mine))
    assert answer.status_code == 201
    wait_until(lambda: "/other" in service.paths(), "the push to the other")
    assert ada.delete(ada.href + "a.ics", dont_notify(mine)).status_code == 204
    wait_until(lambda: service.paths() == ["/other", "/other"], "the second one")
    sim.add_event(ADA, "Feishu's", (SOON, SOON + HOUR))
    wait_until(lambda: "/mine" in service.paths(), "what somebody else changed")
    assert sorted(service.paths()) == ["/mine", "/other", "/other", "/other"]


def test_a_star_tells_none_of_ones_own_devices(bridge, ada, service):
    register(ada, ada.href, service.subscription("/calendar"), CONTENT + PROPERTIES)
    register(ada, ada.home(), service.subscription("/home"))
    star = {"Push-Dont-Notify": "*"}
    ada.put(ada.href + "a.ics", event("a@example.com"), star)
    ada.xml("PROPPATCH", ada.href, "d:propertyupdate",
            "<d:set><d:prop><a:calendar-order>3</a:calendar-order></d:prop></d:set>", star)
    behind = ("SELECT 1 FROM pushes p JOIN accounts a ON a.id = p.account_id LEFT JOIN calendars c"
              " ON c.id = p.calendar_id WHERE p.sent < coalesce(c.change, a.home_change)")
    assert not in_store(bridge, behind)
    ada.put_new("loud")
    wait_until(lambda: service.messages, "the loud one")
    assert service.paths() == ["/calendar"]
    assert service.read(service.messages[0])[0].find(P + "property-update") is None


def test_what_was_not_told_before_a_quiet_change_is_still_told(bridge, ada, service):
    service.status = 503
    href = bridge.url + register(ada, ada.href, service.subscription()).headers["Location"]
    ada.put_new()
    wait_until(lambda: in_store(bridge, "SELECT 1 FROM pushes WHERE retry_s > 0"), "the refusal")
    ada.put(ada.href + "b.ics", event("b@example.com"), dont_notify(href))
    service.status = 201
    in_store(bridge, "UPDATE pushes SET retry_s = 1")
    wait_until(lambda: len(service.messages) == 2, "the first change")


def test_properties_of_the_home_have_a_trigger_too(ada, service):
    register(ada, ada.home(), service.subscription(), PROPERTIES)
    ada.xml("PROPPATCH", ada.home(), 'd:propertyupdate xmlns:x="urn:x"',
            "<d:set><d:prop><x:note>1</x:note></d:prop></d:set>")
    wait_until(lambda: service.messages, "the push")
    message, _ = service.read(service.messages[0])
    assert message.find(P + "property-update") is not None
    assert message.find(P + "content-update") is None


def test_pushes_survive_a_restart(bridge, ada, service):
    register(ada, ada.href, service.subscription())
    key = push_properties(ada, ada.href)[1]
    bridge.stop()
    bridge.start()
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    assert service.read(service.messages[0])[1]["key"] == key


def test_private_push_services_and_bad_keys_are_refused(sim, service):
    with Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        href = ada.calendars()["Ada"]
        answer = register(ada, href, service.subscription())
        assert answer.status_code == 403
        assert precondition(answer) == P + "invalid-subscription"
        # https, but on this machine: registered, and never reached.
        local = service.subscription().replace("http://", "https://")
        assert register(ada, href, local).status_code == 204
        broken = re.sub(r"(p256dh\">).", r"\1A", local)
        assert precondition(register(ada, href, broken)) == P + "invalid-subscription"
        answer = ada.put(href + "a.ics", event("a@example.com"))
        assert answer.status_code == 201
        wait_until(lambda: "push to https://127.0.0.1" in bridge.log(), "the attempt")
        assert not service.messages
