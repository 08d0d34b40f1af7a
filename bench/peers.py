"""The servers that the bridge is measured beside: Debian's Cyrus and Radicale, each with a private
configuration in a temporary directory and a free port of the loopback."""

import base64
import contextlib
import http.client
import os
import pathlib
import pwd
import shutil
import smtplib
import socket
import subprocess
import time

USER, PASSWORD = "bench", "correct-horse"
CYRUS_BIN = pathlib.Path("/usr/lib/cyrus/bin")


class Missing(Exception):
    """This server cannot be measured here; the text says why."""


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def wait_for(condition, what, seconds=60):
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if condition():
            return
        time.sleep(0.002)
    raise RuntimeError(f"{what} did not come within {seconds} s")


def listens(port):
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), 1):
        return True
    return False


def descendants(pid):
    """pid and all processes below it."""
    children = {}
    for entry in os.listdir("/proc"):
        if entry.isdigit():
            with contextlib.suppress(OSError):
                stat = pathlib.Path(f"/proc/{entry}/stat").read_text()
                parent = int(stat.rpartition(")")[2].split()[1])
                children.setdefault(parent, []).append(int(entry))
    found, todo = [], [pid]
    while todo:
        one = todo.pop()
        found.append(one)
        todo += children.get(one, [])
    return found


class Server:
    """One server: how it starts, where its calendar is, what it costs."""

    name = ""
    can_freebusy = keeps_connections = True

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        self.port = free_port()
        self.user, self.password = USER, PASSWORD
        self.process = None
        self.log = self.directory / "log"

    # ---- to be given by each server ----
    def prepare(self):
        """Once, before the first start."""

    def command(self):
        raise NotImplementedError

    def after_first_start(self):
        """Once: accounts and the empty calendar."""

    @property
    def calendar(self):
        """Path of the calendar, with the slash."""
        raise NotImplementedError

    def fill(self, events):
        """None when the events must come by PUT, else it has put them where they belong."""
        return None

    # ---- common ----
    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdout=log, stderr=log,
                                            stdin=subprocess.DEVNULL, cwd=self.directory)
        wait_for(lambda: self.alive() and listens(self.port), f"{self.name} on its port")

    def alive(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"{self.name} ended with {self.process.returncode}: "
                               + self.log.read_text(errors="replace")[-2000:])
        return True

    def stop(self):
        if self.process is None:
            return
        self.process.terminate()
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process = None

    def authorization(self):
        both = f"{self.user}:{self.password}".encode()
        return "Basic " + base64.b64encode(both).decode()

    def request(self, method, path, body=None, headers=()):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=600)
        connection.request(method, path, body,
                           {"Authorization": self.authorization(), **dict(headers)})
        answer = connection.getresponse()
        data = answer.read()
        connection.close()
        return answer.status, data

    def pids(self):
        return descendants(self.process.pid)

    def cpu_s(self):
        """CPU seconds of the process, its children, and those of them that have ended."""
        ticks = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                stat = pathlib.Path(f"/proc/{pid}/stat").read_text()
                fields = stat.rpartition(")")[2].split()
                ticks += sum(int(fields[i]) for i in (11, 12, 13, 14))
        return ticks / os.sysconf("SC_CLK_TCK")

    def resident_mb(self):
        """What is resident; pages that several processes share are counted once (PSS)."""
        total_kb = 0
        for pid in self.pids():
            with contextlib.suppress(OSError):
                for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().split("\n"):
                    if line.startswith("Pss:"):
                        total_kb += int(line.split()[1])
        return total_kb / 1024


class Radicale(Server):
    name = "radicale"
    can_freebusy = False  # since 3.2
    keeps_connections = False  # HTTP/1.0, and a queue of five

    def prepare(self):
        if shutil.which("radicale") is None:
            raise Missing("radicale is not installed")
        self.version = subprocess.run(["radicale", "--version"], capture_output=True,
                                      text=True, check=True).stdout.strip()
        (self.directory / "users").write_text(f"{USER}:{PASSWORD}\n")
        (self.directory / "config").write_text(f"""[server]
hosts = 127.0.0.1:{self.port}
max_connections = 600
timeout = 600
[auth]
type = htpasswd
htpasswd_filename = {self.directory}/users
htpasswd_encryption = plain
delay = 0
[rights]
type = owner_only
[storage]
filesystem_folder = {self.directory}/collections
[logging]
level = error
""")

    def command(self):
        return ["radicale", "--config", str(self.directory / "config")]

    @property
    def calendar(self):
        return f"/{USER}/work/"

    def fill(self, events):
        """Straight into its folder of files: by PUT it would take an hour."""
        folder = self.directory / "collections" / "collection-root" / USER / "work"
        folder.mkdir(parents=True)
        (folder / ".Radicale.props").write_text('{"tag": "VCALENDAR"}')
        for _, name, text in events:
            (folder / name).write_text(text, newline="")
        return True


class Cyrus(Server):
    name = "cyrus"

    def prepare(self):
        if not (CYRUS_BIN / "httpd").exists():
            raise Missing("cyrus-caldav is not installed")
        if shutil.which("saslpasswd2") is None:
            raise Missing("sasl2-bin (for Cyrus) is not installed")
        if os.geteuid() != 0:
            raise Missing("Cyrus must be started by root")
        self.version = subprocess.run([CYRUS_BIN / "cyr_info", "version"],
                                      capture_output=True, text=True).stdout.strip()
        self.lmtp_port = free_port()
        for name in ("conf", "conf/db", "conf/socket", "spool", "run", "run/proc", "run/lock"):
            (self.directory / name).mkdir()
        here = self.directory
        (here / "imapd.conf").write_text(f"""configdirectory: {here}/conf
defaultpartition: default
partition-default: {here}/spool
proc_path: {here}/run/proc
mboxname_lockpath: {here}/run/lock
servername: localhost
admins: admin
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {here}/sasldb2
sasl_mech_list: PLAIN
httpmodules: caldav
caldav_create_default: yes
httptimeout: 60
autocreate_quota: 0
autocreate_post: yes
""")
        (here / "cyrus.conf").write_text(f"""START {{
  recover cmd="ctl_cyrusdb -C {here}/imapd.conf -r"
}}
SERVICES {{
  lmtp cmd="lmtpd -a -C {here}/imapd.conf" listen="127.0.0.1:{self.lmtp_port}" prefork=0
  http cmd="httpd -C {here}/imapd.conf" listen="127.0.0.1:{self.port}" prefork=32 maxchild=600
}}
""")
        for user in (USER, "admin"):
            subprocess.run(["saslpasswd2", "-p", "-c", "-f", here / "sasldb2",
                            "-u", "localhost", user], input=PASSWORD.encode(), check=True)
        owner = pwd.getpwnam("cyrus")
        for path in [here.parent, here, *here.rglob("*")]:
            os.chown(path, owner.pw_uid, owner.pw_gid)

    def command(self):
        here = self.directory
        return [CYRUS_BIN / "master", "-C", here / "imapd.conf", "-M", here / "cyrus.conf",
                "-p", here / "run" / "master.pid", "-l", "1024"]

    def after_first_start(self):
        """A person is somebody with an INBOX, and the first letter makes that."""
        wait_for(lambda: listens(self.lmtp_port), "Cyrus's LMTP")
        with smtplib.LMTP("127.0.0.1", self.lmtp_port) as lmtp:
            lmtp.sendmail("admin@localhost", [USER], "Subject: hello\r\n\r\nhello\r\n")
        status, body = self.request("MKCALENDAR", self.calendar)
        if status != 201:
            raise RuntimeError(f"Cyrus made no calendar: {status} {body[:300]}")

    @property
    def calendar(self):
        return f"/dav/calendars/user/{USER}/work/"
