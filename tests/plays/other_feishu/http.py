"""HTTP around OtherFeishu.answer: faults, gates, and how sloppily something is said."""

import json
import re
import threading
import time
import urllib.parse
from http.server import BaseHTTPRequestHandler

from .refusal import NotThere, Refused


class Gate:
    """Where a write waits until the play lets it go on."""

    def __init__(self, n, when):
        self.n, self.when = n, when
        self.reached, self.open = threading.Event(), threading.Event()

    def passes(self, when):
        if self.n == 0 and self.when == when:
            self.reached.set()
            self.open.wait(30)


class Handler(BaseHTTPRequestHandler):
    """HTTP around OtherFeishu.answer."""

    protocol_version = "HTTP/1.1"
    feishu = None

    def log_message(self, *_):
        pass

    def send(self, status, content, kind="application/json; charset=utf-8", headers=()):
        data = content.encode()
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(data)))
        for name, value in headers:
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def body(self):
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        kind = self.headers.get("Content-Type", "")
        if not raw:
            return {}
        if "x-www-form-urlencoded" in kind:
            return dict(urllib.parse.parse_qsl(raw))
        if "application/json" not in kind:
            self.feishu.complain(f"{self.path}: Content-Type {kind!r}")
        return json.loads(raw)

    def fault(self, path):
        for one in self.feishu.faults:
            if one["count"] and one["method"] == self.command and re.search(one["path"], path):
                one["count"] -= 1
                return one
        return None

    def serve(self):
        feishu = self.feishu
        parts = urllib.parse.urlsplit(self.path)
        query = {}
        for name, value in urllib.parse.parse_qsl(parts.query):
            query[name] = value if name not in query else \
                (query[name] if isinstance(query[name], list) else [query[name]]) + [value]
        body = self.body()
        if parts.path == "/open-apis/authen/v1/authorize":
            target = feishu.authorize(query, query.get("user", "ou_lin"))
            self.send(302, "", headers=[("Location", target)])
            return
        token = (self.headers.get("Authorization") or "").removeprefix("Bearer ")
        fault = self.fault(parts.path)
        if fault and fault.get("cut") == "before":
            self.close_connection = True
            return
        gate = feishu.gate if self.command != "GET" and "/events" in parts.path else None
        if gate:
            gate.passes("before")
        if gate and gate.open.is_set() and gate.n == 0 and gate.when == "before":
            self.close_connection = True
            return
        if fault and "status" in fault:
            status, text = fault["status"], fault["body"]
        else:
            status, text = self.result(parts.path, query, body, token)
        if gate:
            gate.passes("after")
            gate.n -= 1
        if fault and "late_s" in fault:
            time.sleep(fault["late_s"])
        if fault and fault.get("cut") == "after":
            self.close_connection = True
            return
        self.send(status, text, "text/plain" if status == 404 and text[:1] == "4" else
                  "application/json; charset=utf-8", [("X-Tt-Logid", "20260911" + "0" * 20)])

    def result(self, path, query, body, token):
        feishu = self.feishu
        with feishu.lock:
            call = {"method": self.command, "path": urllib.parse.unquote(path), "query": query,
                    "body": body, "token": token, "code": 0}
            feishu.calls.append(call)
            try:
                status, reply = 200, feishu.answer(self.command, path, query, body, token)
            except Refused as refused:
                status = refused.status
                reply = {"code": refused.code, "msg": refused.msg, "error": "text, no object"}
                call["code"] = refused.code
            except NotThere:
                call["code"] = 404
                return 404, "404 page not found"
            if feishu.knobs["codes"] == "text":
                reply["code"] = str(reply["code"])
            if feishu.knobs["lists"] != "empty":
                tidy_lists(reply, feishu.knobs["lists"])
            return status, json.dumps(reply)

    do_GET = do_POST = do_PATCH = do_DELETE = do_PUT = serve


def tidy_lists(value, how):
    """Empty lists become null, or go."""
    if isinstance(value, list):
        for one in value:
            tidy_lists(one, how)
    elif isinstance(value, dict):
        for name in list(value):
            if value[name] == []:
                if how == "null":
                    value[name] = None
                else:
                    del value[name]
            else:
                tidy_lists(value[name], how)
