"""WebDAV-Push through the whole chain: an edit in Feishu arrives at a push service of our own.

What arrives is decrypted by the steps of RFC 8188 and 8291 in node.s crypto, and, where HTTP_ECE_DIR names a
folder in which npm has installed http_ece, by that as well.
"""

import base64
import http.server
import json
import pathlib
import re
import shutil
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
    """Keeps what is posted to it; answers .status."""

    def __init__(self):
        service = self
        self.messages, self.status = [], 201
        self.keys = node("keys")

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                service.messages.append((self.path, dict(self.headers), body))
                self.send_response(service.status)
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def close(self):
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


def test_a_subscription_unknown_to_the_push_service_is_forgotten(ada, service):
    service.status = 410
    href = register(ada, ada.href, service.subscription()).headers["Location"]
    ada.put_new()
    wait_until(lambda: service.messages, "the push")
    wait_until(lambda: ada.delete(href).status_code == 404, "the subscription to be dropped")


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
