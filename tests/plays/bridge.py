"""The bridge under test: the real binary with a store, a configuration and a port of its own.

    with FeishuSim() as sim, Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        ada.propfind("/dav/", 0, "<d:current-user-principal/>")
"""

import itertools
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile

import requests

# What plays need beside a bridge comes along.
from dav_client import CALDAV, NS, Client, event, first_href, precondition, responses  # noqa: F401
from waiting import BUILD_DIR, wait_until, within  # noqa: F401

# For plays with hundreds of events, with the simulator's switch rate_limit off.
UNLIMITED = {"feishu.rate-per-second": "10000", "feishu.rate-per-minute": "100000"}
PROGRAM = os.path.join(BUILD_DIR, "feishu-caldav")
# Below those that the kernel gives to outgoing connections, and each process begins elsewhere.
PORTS = itertools.cycle(range(10000, 32000))
for _ in range(os.getpid() * 67 % 22000):
    next(PORTS)


def free_port():
    for port in PORTS:
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port


class Bridge:
    """A running feishu-caldav in front of a simulator (anything with a .url), its .sim."""

    def __init__(self, sim=None, options=None, start=True):
        self.sim = sim
        self.dir = tempfile.mkdtemp(prefix="feishu-caldav-play.")
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.process = None
        self.log_path = os.path.join(self.dir, "log")
        settings = {
            "server.listen": f"127.0.0.1:{self.port}",
            "store.path": os.path.join(self.dir, "store.db"),
            # Most plays say themselves when something is read.
            "sync.poll-interval": "3600",
            "sync.events": "none",
            "log.level": "debug",
        }
        if sim is not None:
            settings.update({
                "feishu.app-id": getattr(sim, "app_id", "cli_sim0000000000000"),
                "feishu.app-secret": getattr(sim, "app_secret", "secret"),
                "feishu.base-url": sim.url,
                "feishu.accounts-url": sim.url,
            })
        settings.update(options or {})
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("FEISHU_CALDAV_")}
        self.env.update({"XDG_CONFIG_HOME": self.dir, "HOME": self.dir})
        for name, value in settings.items():
            if value is not None:
                self.env["FEISHU_CALDAV_" + re.sub(r"[.-]", "_", name).upper()] = str(value)
        if start:
            self.start()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def start(self):
        log = open(self.log_path, "ab")
        self.process = subprocess.Popen([PROGRAM, "serve"], env=self.env, stderr=log,
                                        stdout=log, stdin=subprocess.DEVNULL, cwd=self.dir)
        log.close()

        def answers():
            if self.process.poll() is not None:
                raise AssertionError(f"feishu-caldav ended at once:\n{self.log()}")
            try:
                return requests.get(self.url + "/healthz", timeout=5).ok
            except requests.ConnectionError:
                return False
        if self.env["FEISHU_CALDAV_SERVER_LISTEN"].endswith(f":{self.port}") and \
                "FEISHU_CALDAV_SERVER_TLS_CERT" not in self.env:
            wait_until(answers, "an answer of /healthz")
        return self

    def stop(self, how=signal.SIGTERM):
        """Ends the process; returns its exit status."""
        if self.process is None:
            return None
        if self.process.poll() is None:
            self.process.send_signal(how)
        try:
            status = self.process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError("feishu-caldav did not end within 15 s of SIGTERM")
        self.process = None
        return status

    def close(self):
        try:
            status = self.stop()
            assert status in (0, None, -9), f"exit status {status}:\n{self.log()[-4000:]}"
            assert "AddressSanitizer" not in self.log() and "runtime error:" not in self.log(), \
                self.log()[-8000:]
        finally:
            shutil.rmtree(self.dir, ignore_errors=True)

    def log(self):
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def run(self, *arguments, stdin="", check=True):
        """A command on the same store; returns the finished process."""
        done = subprocess.run([PROGRAM, *arguments], env=self.env, input=stdin, text=True,
                              capture_output=True, timeout=60, cwd=self.dir, check=False)
        if check:
            assert done.returncode == 0, f"{arguments}: {done.returncode}\n{done.stderr}"
        return done

    def authorize(self, person):
        """Goes through the sign-in page as a person of the simulator; returns the final answer."""
        page = requests.get(self.url + "/login", allow_redirects=False, timeout=30)
        assert page.status_code == 302, page.text
        consent = requests.get(page.headers["Location"] + "&sim_user=" + person,
                               allow_redirects=False, timeout=30)
        assert consent.status_code == 302, consent.text
        return requests.get(consent.headers["Location"], cookies=page.cookies,
                            allow_redirects=False, timeout=30)

    def sign_in(self, person, pull=True):
        """Signs a person in and returns a client with a new app password."""
        answer = self.authorize(person)
        assert answer.status_code == 302, answer.text
        name = self.users()[person]["name"]
        if pull:
            self.run("sync", name)
        password = self.run("user", "password", name, "--label", "play").stdout.strip()
        return Client(self, name, password)

    def sync(self, name):
        return self.run("sync", name)

    def users(self):
        """What user list says, by open_id."""
        listed = json.loads(self.run("user", "list", "--json").stdout)
        return {user["open_id"]: user for user in listed}

    def show(self, name):
        """What user show says."""
        return json.loads(self.run("user", "show", name, "--json").stdout)

    def metric(self, name, **labels):
        """A number of /metrics; without labels, of that line which has none."""
        text = ",".join(f'{key}="{value}"' for key, value in labels.items())
        line = re.escape(name + (f"{{{text}}}" if labels else ""))
        found = re.search(rf"^feishu_caldav_{line} (-?\d+)$",
                          requests.get(self.url + "/metrics", timeout=30).text, re.M)
        assert found, (name, labels)
        return int(found[1])
