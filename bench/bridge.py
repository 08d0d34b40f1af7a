"""feishu-caldav with the simulator of Feishu behind it, rate limits off on both sides."""

import contextlib
import http.client
import json
import os
import pathlib
import re
import subprocess
import time
import urllib.parse

from peers import Missing, Server, listens, wait_for

PERSON = "ou_bench00000000000000000000000001"
SCENARIO = {
    "people": [{"open_id": PERSON, "name": "Bench", "email": "bench@example.com"}],
    "login": PERSON,
    "switches": {"rate_limit": "off"},
}
CALENDAR = re.compile(rb"<[^>]*href[^>]*>([^<]+)</[^>]*href>(?:(?!</[^>]*response>).)*"
                      rb"<[^>]*:?calendar\s*/>", re.S)
HREF = re.compile(rb"<(?:\w+:)?href[^>]*>([^<]+)<")


def get(url):
    """Status and Location of one GET; redirects are not followed."""
    parts = urllib.parse.urlsplit(url)
    connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=60)
    connection.request("GET", parts.path + ("?" + parts.query if parts.query else ""))
    answer = connection.getresponse()
    answer.read()
    connection.close()
    return answer.status, answer.headers.get("Location")


class Bridge(Server):
    name = "feishu-caldav"

    def __init__(self, directory, build_dir):
        super().__init__(directory)
        self.build_dir = pathlib.Path(build_dir)
        self.sim = None
        self.home = None

    def prepare(self):
        for program in ("feishu-caldav", "feishu-sim"):
            if not os.access(self.build_dir / program, os.X_OK):
                raise Missing(f"{program} is not built in {self.build_dir}")
        self.version = subprocess.run([self.build_dir / "feishu-caldav", "--version"],
                                      capture_output=True, text=True).stdout.strip()
        scenario = self.directory / "scenario.json"
        scenario.write_text(json.dumps(SCENARIO))
        port_file = self.directory / "sim.port"
        with open(self.directory / "sim.log", "wb") as log:
            self.sim = subprocess.Popen(
                [self.build_dir / "feishu-sim", "--scenario", scenario,
                 "--port-file", port_file], stdout=log, stderr=log)
        wait_for(lambda: port_file.exists() and listens(int(port_file.read_text())),
                 "the simulator")
        self.sim_url = f"http://127.0.0.1:{port_file.read_text().strip()}"
        options = {
            "server.listen": f"127.0.0.1:{self.port}",
            "store.path": self.directory / "store.db",
            "feishu.app-id": "cli_sim0000000000000",
            "feishu.app-secret": "secret",
            "feishu.base-url": self.sim_url,
            "feishu.accounts-url": self.sim_url,
            "feishu.rate-per-second": 10000,
            "feishu.rate-per-minute": 100000,
            "sync.poll-interval": 3600,
            "sync.events": "none",
            "sync.events": "none",
            "log.level": "warning",
        }
        self.env = {k: v for k, v in os.environ.items() if not k.startswith("FEISHU_CALDAV_")}
        self.env["XDG_CONFIG_HOME"] = self.env["HOME"] = str(self.directory)
        for name, value in options.items():
            self.env["FEISHU_CALDAV_" + re.sub("[.-]", "_", name).upper()] = str(value)

    def command(self):
        return ["env", "-i", *(f"{k}={v}" for k, v in self.env.items()),
                str(self.build_dir / "feishu-caldav"), "serve"]

    def run(self, *arguments):
        return subprocess.run([self.build_dir / "feishu-caldav", *arguments], env=self.env,
                              cwd=self.directory, capture_output=True, text=True, check=True,
                              timeout=600).stdout.strip()

    def after_first_start(self):
        _, consent = get(f"http://127.0.0.1:{self.port}/login")
        _, back = get(f"{consent}&sim_user={PERSON}")
        status, _ = get(back)
        if status != 302:
            raise RuntimeError(f"the sign-in ended with {status}")
        self.user = json.loads(self.run("user", "list", "--json"))[0]["name"]
        self.run("sync", self.user)
        self.password = self.run("user", "password", self.user, "--label", "bench")
        self.home = self.find("/dav/", 0, "current-user-principal", "DAV:")
        self.home = self.find(self.home, 0, "calendar-home-set",
                              "urn:ietf:params:xml:ns:caldav")

    def find(self, path, depth, name, namespace):
        status, body = self.propfind(path, depth, f'<x:{name} xmlns:x="{namespace}"/>')
        hrefs = HREF.findall(body)
        if status != 207 or len(hrefs) < 2:
            raise RuntimeError(f"no {name} at {path}: {status} {body[:300]}")
        return hrefs[1].decode()

    def propfind(self, path, depth, props):
        body = f'<propfind xmlns="DAV:"><prop>{props}</prop></propfind>'
        return self.request("PROPFIND", path, body,
                            {"Depth": str(depth), "Content-Type": "application/xml"})

    @property
    def calendar(self):
        if not hasattr(self, "_calendar"):
            _, body = self.propfind(self.home, 1, "<resourcetype/>")
            self._calendar = CALENDAR.search(body).group(1).decode()
        return self._calendar

    def calls(self, method):
        connection = http.client.HTTPConnection(self.sim_url.removeprefix("http://"))
        connection.request(method, "/_sim/calls")
        data = connection.getresponse().read()
        connection.close()
        return data

    def upstream_calls(self):
        """How many calls the simulator has seen since forget_calls."""
        found = json.loads(self.calls("GET"))
        return len(found if isinstance(found, list) else found["calls"])

    def forget_calls(self, quiet_s=3, at_most_s=300):
        """When the background work of a start is over: counts from here."""
        end = time.monotonic() + at_most_s
        while time.monotonic() < end:
            self.calls("DELETE")
            time.sleep(quiet_s)
            if self.upstream_calls() == 0:
                return

    def stop_all(self):
        self.stop()
        if self.sim is not None:
            self.sim.terminate()
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.sim.wait(10)
