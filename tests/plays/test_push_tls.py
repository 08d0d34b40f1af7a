"""The long connection over TLS: a front that speaks TLS stands before the simulator. The program
trusts the system's certificates only, so it runs where that file is another (unshare)."""

import os
import socket
import ssl
import subprocess
import threading

import pytest

import bridge as bridge_module
from bridge import Bridge, wait_until
from feishu_sim import ADA, SOON

BUNDLE = "/etc/ssl/certs/ca-certificates.crt"
UNSHARE = ["unshare", "-rm", "mount", "--bind", "/etc/hostname", BUNDLE]


def can_replace_certificates():
    try:
        return subprocess.run(UNSHARE, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        return False


pytestmark = pytest.mark.skipif(not can_replace_certificates(), reason="unshare is not allowed")


class Front:
    """Takes TLS on a port and passes bytes on to another, in pieces as large as they come."""

    def __init__(self, target, cert, key):
        self.target = target
        self.context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.context.load_cert_chain(cert, key)
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            try:
                plain, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.serve, args=(plain,), daemon=True).start()

    def serve(self, plain):
        try:
            client = self.context.wrap_socket(plain, server_side=True)
        except OSError:
            return
        server = socket.create_connection(("127.0.0.1", self.target))
        back = threading.Thread(target=self.copy, args=(server, client), daemon=True)
        back.start()
        self.copy(client, server)
        back.join()
        client.close()
        server.close()

    @staticmethod
    def copy(source, sink):
        try:
            while data := source.recv(65536):
                sink.sendall(data)
        except OSError:
            pass
        for end in (source, sink):
            try:
                end.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass


class Behind:
    """The simulator as it is seen through the front."""

    def __init__(self, sim, port):
        self.url = f"https://127.0.0.1:{port}"
        self.sim = sim


@pytest.fixture(name="front")
def fixture_front(sim, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", cert, "-days",
                    "2", "-subj", "/CN=front", "-addext", "subjectAltName=IP:127.0.0.1"],
                   check=True, capture_output=True)
    front = Front(sim.port, cert, key)
    front.cert = cert
    yield front
    front.listener.close()


@pytest.fixture(name="program")
def fixture_program(front, tmp_path, monkeypatch):
    """The program with the front's certificate as the only one it trusts."""
    script = tmp_path / "program"
    script.write_text(
        "#!/bin/sh\n"
        f"exec unshare -rm sh -c 'mount --bind {front.cert} {BUNDLE} && exec \"$0\" \"$@\"' "
        f"{bridge_module.PROGRAM} \"$@\"\n")
    os.chmod(script, 0o755)
    monkeypatch.setattr(bridge_module, "PROGRAM", str(script))


def members(client):
    return client.members(client.calendars()["Ada"])


def sign_in(sim, bridge):
    """Through the browser's plain way: the sign-in page names the front's address."""
    page = bridge_module.requests.get(bridge.url + "/login", allow_redirects=False, timeout=10)
    consent = page.headers["Location"].split("/open-apis", 1)[1]
    back = sim.session.get(f"{sim.url}/open-apis{consent}&sim_user={ADA}", allow_redirects=False,
                           timeout=10)
    assert bridge_module.requests.get(back.headers["Location"], allow_redirects=False,
                                      timeout=10).status_code == 302
    name = "ada@example.com"
    bridge.run("sync", name)
    password = bridge.run("user", "password", name).stdout.strip()
    return bridge_module.Client(bridge, name, password)


def test_changes_arrive_over_tls(sim, front, program):
    sim.connections(tls=True)
    sim.switch(push_window_ms=0)
    options = {"sync.events": "auto"}
    with Bridge(Behind(sim, front.port), options) as bridge:
        ada = sign_in(sim, bridge)
        wait_until(lambda: sim.connections(), "the long connection")
        wait_until(lambda: len(sim.calls(path="subscription")) == 3, "the subscriptions")
        # Many messages in one TLS record, and parts of one in several.
        sim.connections(delay_ms=500)
        for number in range(30):
            sim.add_event(ADA, f"Told {number}", (SOON, SOON + 3600))
        wait_until(lambda: len(members(ada)) == 30, "all events")
        wait_until(lambda: len(sim.messages(state="delivered")) == 30, "all acknowledgements")
        sim.connections(delay_ms=0, split=30)
        sim.add_event(ADA, "In parts", (SOON, SOON + 3600))
        wait_until(lambda: len(members(ada)) == 31, "the one in parts")
        wait_until(lambda: len(sim.messages(state="delivered")) == 31, "its acknowledgement")
        assert all(len(m["attempts"]) == 1 for m in sim.messages())
        assert sim.push()["complaints"] == []


def test_a_plain_socket_is_refused_where_the_api_is_spoken_to_by_tls(sim, front, program):
    options = {"sync.events": "auto"}
    with Bridge(Behind(sim, front.port), options) as bridge:
        wait_until(lambda: "gave no wss:// address" in bridge.log(), "the refusal")
        assert not sim.connections()


def test_a_certificate_that_nobody_signed_is_refused(sim, front):
    sim.connections(tls=True)
    options = {"sync.events": "auto"}
    with Bridge(Behind(sim, front.port), options) as bridge:
        wait_until(lambda: "no long connection" in bridge.log(), "the refusal")
        assert "certificate" in bridge.log()
        assert not sim.calls(path="/callback/ws/endpoint")
