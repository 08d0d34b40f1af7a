"""One request of a script: what is sent, what is checked of the answer, what is kept of it."""

import base64
import http.client
import re
import time
import urllib.parse
import uuid
import xml.etree.ElementTree as ET

import calendar_data
import discover
from discover import DAV
from elements import matching
from server import FEATURES, Missing
from verify import good, status_of, value_of, verify

TIMEOUT_S = 60
WAITS, WAIT_S = 4, 0.25
MULTISTATUS = DAV + "multistatus"


def features_of(node):
    """Why the server is not asked: what it lacks, or what it has and should not; None when it is."""
    for feature in node.findall("require-feature/feature"):
        if feature.text not in FEATURES:
            return f"without {feature.text}"
    for feature in node.findall("exclude-feature/feature"):
        if feature.text in FEATURES:
            return f"with {feature.text}"
    return None


class Answer:
    def __init__(self, status, headers, text, path, read):
        """read: gives the text of a file of the scripts."""
        self.status, self.headers, self.text, self.path = status, headers, text, path
        self.read = read

    def as_multistatus(self, root):
        """For answers whose responses stand in another root element."""
        return Answer(207, self.headers, self.text.replace(root.rpartition("}")[2], "multistatus"),
                      self.path, self.read)


class Requests:
    """Makes the requests of one script. seen: what GETNEW has found before."""

    def __init__(self, server, directory):
        self.server, self.directory = server, directory
        self.seen, self.found, self.to_delete = set(), None, []

    def read(self, name, more=None):
        text = (self.directory / name).read_bytes().decode("utf-8", "surrogateescape")
        return self.server.fill(text, more)

    def credentials(self, node, path):
        if node.get("auth") == "no":
            return None
        user = self.server.fill(node.get("user", "")) or self.server.accounts[0].user
        account = self.server.account_of(user, path)
        password = self.server.fill(node.get("pswd", ""))
        if account and password in ("", "admin"):
            return account.user, account.password
        if "$" in user + password:
            raise Missing(user.strip("$:"))
        return user, password

    def send(self, method, path, headers, body, credentials, quote=True):
        if credentials:
            text = ":".join(credentials).encode()
            headers = {**headers, "Authorization": "Basic " + base64.b64encode(text).decode()}
        parts = list(urllib.parse.urlsplit(path))
        if quote:
            parts[2] = urllib.parse.quote(parts[2].encode("utf-8", "surrogateescape"))
        connection = http.client.HTTPConnection(self.server.origin.netloc, timeout=TIMEOUT_S)
        try:
            connection.request(method, urllib.parse.urlunsplit(parts),
                               body.encode("utf-8", "surrogateescape"), headers)
            answer = connection.getresponse()
            text = answer.read().decode("utf-8", "surrogateescape")
        finally:
            connection.close()
        return Answer(answer.status, answer.msg, text, path, self.read)

    def body(self, data, count, file=None):
        """file: this one instead of the request's own."""
        if data is None:
            return ""
        more = {one.findtext("name"): self.server.fill(one.findtext("value") or "")
                for one in data.findall("substitute")}
        name = file or data.findtext("filepath")
        text = self.read(name, {"$request_count:": str(count), **more})
        if data.get("generate") == "yes":
            text = re.sub("UID:.*", f"UID:{uuid.uuid4()}", text)
            text = re.sub("SUMMARY:(.*)", rf"SUMMARY:\1 #{count}", text)
            text = re.sub(r"(DT(?:START|END);[^:]*):\d{8}", rf"\1:{self.server.today:%Y%m%d}", text)
        for name in more:
            text = text.replace(name, more[name])
        return text

    def members(self, path, credentials):
        """The hrefs below a collection."""
        session = discover.session(*credentials)
        url = urllib.parse.urljoin(f"http://{self.server.origin.netloc}", path)
        try:
            found = [urllib.parse.urlsplit(href).path
                     for href, _ in discover.propfind(session, url, 1, DAV + "getetag")]
        except RuntimeError:
            return []
        return [href for href in found if href.rstrip("/") != path.rstrip("/")]

    def delete_all(self, path, credentials):
        for href in self.members(path, credentials):
            self.send("DELETE", href, {}, "", credentials, quote=False)

    def wait_count(self, path, credentials, count):
        for _ in range(WAITS):
            if len(self.members(path, credentials)) == count:
                return []
            time.sleep(WAIT_S)
        return [f"{len(self.members(path, credentials))} members of {path}, not {count}"]

    def newest(self, path, credentials, but=None):
        """The one member that was not there before."""
        members = [one for one in self.members(path, credentials) if one != but]
        found = members if len(members) == 1 else [one for one in members if one not in self.seen]
        self.found = found[0] if len(found) == 1 else None
        self.seen |= set(found)

    def containing(self, path, credentials, text):
        self.found = next((one for one in self.members(path, credentials) if text in self.send(
            "GET", one, {}, "", credentials, quote=False).text), None)

    def special(self, node, word, number):
        """What is no method of HTTP. (done, what is wrong); when not done, what was found is fetched."""
        paths = [self.server.filled(one.text) for one in node.findall("ruri")]
        if word == "DELAY":
            time.sleep(int(paths[0]))
            return True, []
        for path in paths:
            who = self.credentials(node, path)
            wrong = []
            if word in ("WAITCOUNT", "WAITDELETEALL"):
                wrong = self.wait_count(path, who, int(number))
            if word in ("DELETEALL", "WAITDELETEALL") and not wrong:
                self.delete_all(path, who)
            if wrong:
                return True, wrong
        if word in ("DELETEALL", "WAITCOUNT", "WAITDELETEALL"):
            return True, []
        if word == "GETOTHER":
            self.newest(paths[0].rsplit("/", 1)[0] + "/", who, paths[0])
        elif word == "GETCONTAINS":
            self.containing(paths[0], who, number)
        else:
            self.newest(paths[0], who)
        if not self.found:
            return True, ["nothing new"]
        if node.find("graburi") is not None:
            self.server.grab(node.findtext("graburi"), self.found)
        return word == "FINDNEW", []

    def path_of(self, node, count):
        path = self.server.filled(node.findtext("ruri"))
        if path == "$":
            return self.found
        where = path.partition("?")[0]
        for mark, value in (("**", str(uuid.uuid4())), ("##", str(count))):
            if mark in where:
                return path.replace(mark, value)
        return path

    def run(self, node, verifying=True, must_succeed=False, count=1):
        """Makes a request; what is wrong with the answer, in lines. With iterate-data, one request
        for each file of a directory."""
        if features_of(node):
            return []
        if node.get("iterate-data") == "yes":
            folder = node.findtext("data/filepath")
            names = sorted(one.name for one in (self.directory / folder).iterdir())
            return [f"{name}: {line}" for name in names if name[0] != "." for line in
                    self.run_one(node, verifying, must_succeed, count, f"{folder}/{name}")]
        return self.run_one(node, verifying, must_succeed, count)

    def run_one(self, node, verifying, must_succeed, count, file=None):
        word, _, number = node.findtext("method").partition(" ")
        if word in SPECIAL:
            done, wrong = self.special(node, word, number)
            if done:
                return wrong
            path, method, quote = self.found, "GET", False
        else:
            path, method = self.path_of(node, count), node.findtext("method")
            quote = node.find("ruri").get("quote") != "no" and path != self.found
        headers = {one.findtext("name"): self.server.filled(one.findtext("value") or "")
                   for one in node.findall("header")}
        data = node.find("data")
        if data is not None:
            headers["Content-Type"] = data.findtext("content-type")
        who = self.credentials(node, path)
        if node.get("end-delete") == "yes":
            self.to_delete.append((path, who))
        answer = self.send(method, path, headers, self.body(data, count, file), who, quote)
        wrong = []
        if verifying:
            wrong = self.verify(node, answer)
        elif must_succeed and answer.status // 100 != 2:
            wrong = [f"{method} {path}: {status_of(answer)}"]
        return wrong + list(self.grab(node, answer))

    def verify(self, node, answer):
        wrong = []
        for verifier in node.findall("verify"):
            if features_of(verifier):
                continue
            arguments = {}
            for one in verifier.findall("arg"):
                arguments[one.findtext("name")] = [self.server.fill(value.text or "")
                                                   for value in one.findall("value")]
            name = verifier.findtext("callback")
            wrong += [f"{name}: {line}" for line in verify(name, answer, arguments)]
        return wrong

    def grab(self, node, answer):
        """Keeps what later requests need; yields what cannot be found."""
        if node.find("grabcount") is not None:
            self.server.grab(node.findtext("grabcount"), str(answer.text.count("</D:response>") - 1))
        for kind, getter in (("grabheader", answer.headers.get), ("grabproperty", property_getter(answer)),
                             ("grabelement", None), ("grabcalproperty", None), ("grabcalparameter", None)):
            for one in node.findall(kind):
                name = self.server.fill(one.findtext("name") or one.findtext("property") or "")
                variables = [item.text for item in one.findall("variable")]
                if kind == "grabelement":
                    values = elements_of(answer, name, self.server.fill(one.findtext("parent") or ""))
                elif getter:
                    values = [getter(name)]
                else:
                    values = [calendar_value(answer, name, kind == "grabcalparameter")]
                if len(values) != len(variables) or None in values:
                    yield f"{kind}: {name} was not found"
                    continue
                for variable, value in zip(variables, values):
                    self.server.grab(variable, value)

    def clean_up(self):
        for path, who in self.to_delete:
            self.send("DELETE", path, {}, "", who)
        self.to_delete = []


SPECIAL = {"DELAY", "DELETEALL", "WAITCOUNT", "WAITDELETEALL", "GETNEW", "FINDNEW", "GETOTHER", "GETCONTAINS"}


def property_getter(answer):
    def get(name):
        if answer.status != 207:
            return None
        for propstat in ET.fromstring(answer.text).iter(DAV + "propstat"):
            found = propstat.find(f"{DAV}prop/{name}")
            if found is not None and good(propstat.findtext(DAV + "status")):
                return value_of(found)
        return None
    return get


def elements_of(answer, path, parent):
    """The texts of the elements at a path."""
    try:
        root = ET.fromstring(answer.text)
    except ET.ParseError:
        return []
    parents = {child: one for one in root.iter() for child in one}
    if parent:
        found = matching(root, parent, parents)
        if not found:
            return []
        root = found[0]
    return [one.text or "" for one in matching(root, path, parents)]


def calendar_value(answer, path, parameter):
    """VEVENT/ATTACH, of several the one with VEVENT/ATTACH$value; a parameter is one step more."""
    try:
        component = calendar_data.parse(answer.text)
    except ValueError:
        return None
    path, _, wanted = path.partition("$")
    steps = path.split("/")
    name = steps.pop() if parameter else None
    for step in steps[:-1]:
        component = next((one for one in component.parts if one.name == step), None)
        if component is None:
            return None
    for parameters, value in component.find(steps[-1]):
        if not wanted or value == wanted:
            return parameters.get(name) if parameter else value
    return None
