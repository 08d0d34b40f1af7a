#!/usr/bin/env python3
"""Measures feishu-caldav beside Debian's Cyrus and Radicale on the same events, in one run.

Prints a table and writes JSON. Nothing here is a test: no number makes it fail. See README.md.
"""

import argparse
import json
import os
import pathlib
import platform
import random
import re
import signal
import statistics
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, str(pathlib.Path(__file__).parent))

import data  # noqa: E402
from bridge import Bridge  # noqa: E402
from peers import Cyrus, Missing, Radicale, listens  # noqa: E402

XMLNS = ('xmlns="DAV:" xmlns:C="urn:ietf:params:xml:ns:caldav" '
         'xmlns:CS="http://calendarserver.org/ns/"')
TOKEN = re.compile(rb"<(?:\w+:)?sync-token[^>]*>([^<]+)<")
HREF = re.compile(rb"<(?:\w+:)?href[^>]*>([^<]+)<")
MULTIGET = 100


def xml(text):
    return ('<?xml version="1.0" encoding="utf-8"?>' + text).encode()


CTAG = xml(f"<propfind {XMLNS}><prop><CS:getctag/><sync-token/></prop></propfind>")
ETAGS = xml(f"<propfind {XMLNS}><prop><getetag/><resourcetype/></prop></propfind>")
FREEBUSY = xml(f'<C:free-busy-query {XMLNS}><C:time-range start="{data.MONTH[0]}" '
               f'end="{data.MONTH[1]}"/></C:free-busy-query>')


def sync_collection(token):
    return xml(f"<sync-collection {XMLNS}><sync-token>{token}</sync-token>"
               "<sync-level>1</sync-level><prop><getetag/></prop></sync-collection>")


def month_query(expand):
    inner = (f'<C:expand start="{data.MONTH[0]}" end="{data.MONTH[1]}"/>' if expand else "")
    return xml(f"<C:calendar-query {XMLNS}><prop><getetag/><C:calendar-data>{inner}"
               '</C:calendar-data></prop><C:filter><C:comp-filter name="VCALENDAR">'
               '<C:comp-filter name="VEVENT">'
               f'<C:time-range start="{data.MONTH[0]}" end="{data.MONTH[1]}"/>'
               "</C:comp-filter></C:comp-filter></C:filter></C:calendar-query>")


def multigets(hrefs):
    for at in range(0, len(hrefs), MULTIGET):
        chosen = "".join(f"<href>{href}</href>" for href in hrefs[at:at + MULTIGET])
        yield xml(f"<C:calendar-multiget {XMLNS}><prop><getetag/><C:calendar-data/></prop>"
                  f"{chosen}</C:calendar-multiget>")


class Bench:
    """One server and the requests to it."""

    def __init__(self, server, load, work, seconds):
        self.server, self.load, self.work, self.seconds = server, load, work, seconds
        self.results = {}
        self.hrefs = []

    def raw(self, method, path, body=b"", headers=()):
        head = [f"{method} {path} HTTP/1.1", f"Host: 127.0.0.1:{self.server.port}",
                f"Authorization: {self.server.authorization()}",
                f"Content-Length: {len(body)}", *(f"{k}: {v}" for k, v in headers)]
        return "\r\n".join(head).encode() + b"\r\n\r\n" + body

    def report(self, body, depth=1):
        return self.raw("REPORT", self.server.calendar, body,
                        [("Depth", depth), ("Content-Type", "application/xml")])

    def propfind(self, body, depth):
        return self.raw("PROPFIND", self.server.calendar, body,
                        [("Depth", depth), ("Content-Type", "application/xml")])

    def put(self, event):
        _, name, text = event
        return self.raw("PUT", self.server.calendar + name, text.encode(),
                        [("Content-Type", "text/calendar; charset=utf-8")])

    def ask(self, request):
        """One request as it is, for its answer."""
        head, _, body = request.partition(b"\r\n\r\n")
        lines = head.decode().split("\r\n")
        method, path, _ = lines[0].split(" ")
        headers = dict(line.split(": ", 1) for line in lines[2:])
        return self.server.request(method, path, body, headers)

    def requests_file(self, requests):
        path = self.work / "requests"
        with open(path, "wb") as file:
            for one in requests:
                file.write(b"%d\n%s" % (len(one), one))
        return path

    def command(self, requests, connections, *more):
        return [str(self.load), "--connections", str(connections), *more, "127.0.0.1",
                str(self.server.port), str(self.requests_file(requests))]

    def drive(self, requests, connections=1, once=False):
        """Runs the load; the result has CPU time per request."""
        more = ["--once"] if once else ["--seconds", str(self.seconds)]
        before_s = self.server.cpu_s()
        done = subprocess.run(self.command(requests, connections, *more),
                              capture_output=True, text=True)
        if not done.stdout:
            raise RuntimeError(f"load: {done.stderr}")
        result = json.loads(done.stdout)
        cpu_s = self.server.cpu_s() - before_s
        result["per_s"] = result["requests"] / result["seconds"]
        result["cpu_us"] = 1e6 * cpu_s / max(result["requests"], 1)
        return result

    def note(self, key, result, **more):
        result.update(more)
        self.results[key] = result
        bad = {s: n for s, n in result.get("statuses", {}).items() if not s.startswith("2")}
        if bad or result.get("failed"):
            say(f"  {self.server.name}: {key}: statuses {bad}, failed {result.get('failed')}")
        return result

    # ---- what is measured ----

    def fill(self, events):
        began = time.monotonic()
        if not self.server.fill(events):
            result = self.drive([self.put(one) for one in events], 4, once=True)
            self.note("fill", result)
        self.hrefs = self.listed(self.ask(self.propfind(ETAGS, 1))[1])
        say(f"  {self.server.name}: {len(self.hrefs)} events in "
            f"{time.monotonic() - began:.1f} s")

    def listed(self, body):
        hrefs = (one.decode() for one in HREF.findall(body))
        return sorted({one for one in hrefs if one.endswith(".ics")})

    def start(self):
        """From the start of the program to the first good answer, the store being full."""
        times = []
        request = self.propfind(CTAG, 0)
        for _ in range(3):
            self.server.stop()
            began = time.monotonic()
            with open(self.server.log, "ab") as log:
                self.server.process = subprocess.Popen(
                    self.server.command(), stdout=log, stderr=log,
                    stdin=subprocess.DEVNULL, cwd=self.server.directory)
            while True:
                self.server.alive()
                if listens(self.server.port) and self.ask(request)[0] == 207:
                    break
                time.sleep(0.0005)
            times.append(time.monotonic() - began)
        self.note("start", {"seconds": statistics.median(times)})

    def too_slow(self, key):
        """Many connections to a server of a few answers a second would take minutes."""
        slow = self.results.get(key, {}).get("per_s", 100) < 5
        if slow:
            say(f"  {self.server.name}: too slow for many connections and requests")
        return slow

    def polls(self):
        body = self.ask(self.report(sync_collection("")))[1]
        token = TOKEN.search(body)
        for connections in (1, 32):
            if connections > 1 and self.too_slow("poll-ctag-1"):
                return
            self.note(f"poll-ctag-{connections}",
                      self.drive([self.propfind(CTAG, 0)], connections))
            if token:
                request = self.report(sync_collection(token.group(1).decode()))
                found = len(self.listed(self.ask(request)[1]))
                self.note(f"poll-sync-{connections}", self.drive([request], connections),
                          found=found)

    def initial_sync(self):
        requests = [self.report(sync_collection(""))]
        requests += [self.report(one) for one in multigets(self.hrefs)]
        text = self.ask(requests[1])[1]
        result = self.drive(requests, once=True)
        self.note("initial-sync", result, found=text.count(b"BEGIN:VEVENT"),
                  per_s=len(self.hrefs) / result["seconds"],
                  cpu_us=result["cpu_us"] * result["requests"] / len(self.hrefs))

    def repeated(self, key, request, count):
        status, body = self.ask(request)
        if status // 100 != 2:
            say(f"  {self.server.name}: {key}: answered {status}, left out")
            return
        self.note(key, self.drive([request]), found=count(body))

    def queries(self):
        self.repeated("propfind-1", self.propfind(ETAGS, 1), lambda b: len(self.listed(b)))
        for key, expand in (("month", False), ("month-expand", True)):
            self.repeated(key, self.report(month_query(expand)),
                          lambda b: b.count(b"BEGIN:VEVENT"))
        if self.server.can_freebusy:
            self.repeated("free-busy", self.report(FREEBUSY),
                          lambda b: b.count(b"FREEBUSY") and len(
                              re.findall(rb"\d{8}T\d{6}Z/", b.replace(b"\r\n ", b""))))

    def gets(self):
        hrefs = random.Random(1).sample(self.hrefs, min(500, len(self.hrefs)))
        requests = [self.raw("GET", href) for href in hrefs]
        for connections in (1, 32):
            if connections > 1 and self.too_slow("poll-ctag-1"):
                return
            self.note(f"get-{connections}", self.drive(requests, connections))

    def puts(self, first, count):
        if self.too_slow("poll-ctag-1"):
            count = max(count // 20, 5)
        for connections in (1, 8):
            events = [data.event(first + i) for i in range(count)]
            first += count
            self.note(f"put-{connections}",
                      self.drive([self.put(one) for one in events], connections, once=True))

    def burst(self):
        """As many ready connections at once as once stalled an epoll loop."""
        if not self.server.keeps_connections:
            return
        request = self.propfind(CTAG, 0)
        worst = None
        for _ in range(5):
            result = self.drive([request] * 128, 128, once=True)
            if worst is None or result["seconds"] > worst["seconds"]:
                worst = result
        self.note("burst-128", worst)

    def idle(self, connections=500):
        if not self.server.keeps_connections:
            self.note("idle-500", {"resident_mb": self.server.resident_mb()})
            return
        request = self.propfind(CTAG, 0)
        holder = subprocess.Popen(
            self.command([request] * connections, connections, "--once", "--hold"),
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        result = json.loads(holder.stdout.readline())
        self.note("idle-500", result, resident_mb=self.server.resident_mb(),
                  processes=len(self.server.pids()))
        holder.stdin.close()
        holder.wait()

    def all(self, put_first, puts):
        """Each step by name; reads before writes."""
        yield "start", self.start
        yield "idle", self.idle
        yield "polls", self.polls
        yield "initial sync", self.initial_sync
        yield "queries", self.queries
        yield "get", self.gets
        yield "128 at once", self.burst
        yield "put", lambda: self.puts(put_first, puts)


# key, what it is, unit, value, how to compare: more or less is better
ROWS = [
    ("poll-ctag-1", "poll: PROPFIND getctag, 1 connection", "/s", "per_s", "more"),
    ("poll-ctag-32", "poll: PROPFIND getctag, 32 connections", "/s", "per_s", "more"),
    ("poll-sync-1", "poll: sync-collection, current token, 1 connection", "/s", "per_s", "more"),
    ("poll-sync-32", "poll: sync-collection, current token, 32 conn.", "/s", "per_s", "more"),
    ("initial-sync", "initial sync: sync-collection + multiget by 100", "ev/s", "per_s", "more"),
    ("propfind-1", "PROPFIND Depth 1, getetag", "/s", "per_s", "more"),
    ("month", "calendar-query of a month", "/s", "per_s", "more"),
    ("month-expand", "calendar-query of a month, expand", "/s", "per_s", "more"),
    ("free-busy", "free-busy-query of a month", "/s", "per_s", "more"),
    ("get-1", "GET, 1 connection", "/s", "per_s", "more"),
    ("get-32", "GET, 32 connections", "/s", "per_s", "more"),
    ("put-1", "PUT of a new event, 1 connection", "/s", "per_s", "more"),
    ("put-8", "PUT of a new event, 8 connections", "/s", "per_s", "more"),
    ("burst-128", "128 requests at the same moment, worst of 5", "s", "seconds", "less"),
    ("start", "start to first answer, full store", "s", "seconds", "less"),
    ("idle-500", "resident with 500 idle connections", "MB", "resident_mb", "less"),
]


def say(text):
    print(text, file=sys.stderr, flush=True)


def number(value):
    if value is None:
        return "-"
    if value >= 99.95:
        return f"{value:,.0f}"
    return f"{value:.4f}" if value < 0.1 else f"{value:.3g}"


def table(results, names):
    """Rows of text: values, ratio of the first server to each other, CPU per request."""
    head = ["", "unit", *names, *(f"x {name}" for name in names[1:]),
            *(f"CPU us {name}" for name in names)]
    lines = [head]
    for key, title, unit, field, better in ROWS:
        found = [results[name].get(key) for name in names]
        if not any(found):
            continue
        values = [one and one.get(field) for one in found]
        ratios = []
        for other in values[1:]:
            if not values[0] or not other:
                ratios.append(None)
            else:
                ratios.append(values[0] / other if better == "more" else other / values[0])
        lines.append([title, unit, *map(number, values), *map(number, ratios),
                      *(number(one and one.get("cpu_us")) for one in found)])
    widths = [max(len(line[i]) for line in lines) for i in range(len(head))]
    return "\n".join(
        "  ".join(cell.ljust(width) if i < 2 else cell.rjust(width)
                  for i, (cell, width) in enumerate(zip(line, widths, strict=True))).rstrip()
        for line in lines)


def check_same_work(results, names):
    """Servers that find different things do not do the same work: say so."""
    for key in ("propfind-1", "initial-sync", "month", "month-expand"):
        found = {name: results[name][key]["found"] for name in names if key in results[name]}
        if len(set(found.values())) > 1:
            yield f"{key}: not the same answer: " + ", ".join(
                f"{name} {n}" for name, n in found.items())


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    return {"cpus": os.cpu_count(), "model": model.group(1) if model else platform.machine(),
            "kernel": platform.release(), "time": time.strftime("%Y-%m-%dT%H:%M:%SZ",
                                                                 time.gmtime())}


def open_servers(arguments, work):
    """Those that can be measured here, started and with an empty calendar."""
    makers = {
        "feishu-caldav": lambda: Bridge(work / "bridge", arguments.build_dir),
        "cyrus": lambda: Cyrus(work / "cyrus"),
        "radicale": lambda: Radicale(work / "radicale"),
    }
    for name, make in makers.items():
        if name in arguments.without:
            continue
        server = make()
        try:
            server.prepare()
        except Missing as why:
            say(f"{name}: left out: {why}")
            continue
        yield server


def measure(arguments, work, servers):
    events = [data.event(i) for i in range(arguments.events)]
    benches = []
    for server in servers:
        say(f"{server.name} ({server.version.splitlines()[0] if server.version else '?'})")
        server.start()
        server.after_first_start()
        bench = Bench(server, arguments.load, work, arguments.seconds)
        bench.fill(events)
        benches.append(bench)
    bridge = next((s for s in servers if isinstance(s, Bridge)), None)
    upstream = None
    steps = [list(bench.all(arguments.events, arguments.puts)) for bench in benches]
    for round_ in zip(*steps, strict=True):
        if round_[0][0] == "put" and bridge:
            upstream = bridge.upstream_calls()
        if round_[0][0] == "polls" and bridge:
            bridge.forget_calls()
        say(round_[0][0])
        for name, step in round_:
            if arguments.only and name not in arguments.only:
                continue
            step()
    return {bench.server.name: bench.results for bench in benches}, upstream


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--build-dir", type=pathlib.Path, default=pathlib.Path.cwd())
    parser.add_argument("--load", type=pathlib.Path, help="default: BUILD_DIR/bench/load")
    parser.add_argument("--events", type=int, default=10000)
    parser.add_argument("--puts", type=int, default=300, help="new events in each PUT row")
    parser.add_argument("--seconds", type=float, default=3, help="of each row")
    parser.add_argument("--quick", action="store_true", help="500 events, 1 s, 100 PUTs")
    parser.add_argument("--without", action="append", default=[], metavar="SERVER")
    parser.add_argument("--only", action="append", metavar="STEP",
                        help="start, idle, polls, initial sync, queries, get, "
                             "128 at once, put")
    parser.add_argument("--json", type=pathlib.Path, default=pathlib.Path("bench.json"))
    arguments = parser.parse_args()
    if arguments.quick:
        arguments.events, arguments.seconds, arguments.puts = 500, 1, 100
    arguments.build_dir = arguments.build_dir.resolve()
    arguments.load = (arguments.load or arguments.build_dir / "bench" / "load").resolve()
    return arguments


def main():
    arguments = parse()
    servers = []
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # what was started is ended
    with tempfile.TemporaryDirectory(prefix="feishu-caldav-bench.") as work:
        try:
            for server in open_servers(arguments, pathlib.Path(work)):
                servers.append(server)
            if not servers:
                say("there is nothing to measure")
                return 1
            results, upstream = measure(arguments, pathlib.Path(work), servers)
        finally:
            for server in servers:
                getattr(server, "stop_all", server.stop)()
    names = [server.name for server in servers]
    print(f"\n{arguments.events} events in one calendar; CPU of the server per request "
          "(per event in the initial sync)\n")
    print(table(results, names))
    notes = list(check_same_work(results, names))
    if upstream is not None:
        notes.append(f"upstream calls of the bridge during all reads: {upstream}")
    print("\n" + "\n".join(notes))
    arguments.json.write_text(json.dumps(
        {"machine": machine(), "events": arguments.events, "upstream_calls_in_reads": upstream,
         "versions": {server.name: server.version for server in servers},
         "notes": notes, "results": results}, indent=1) + "\n")
    say(f"written: {arguments.json}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
