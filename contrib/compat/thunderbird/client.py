"""Debian's Thunderbird in a display of its own, with an empty profile."""

import os
import pathlib
import shutil
import subprocess
import tempfile
import time

from marionette import Marionette

HERE = pathlib.Path(__file__).resolve().parent
START_S = 90

PREFERENCES = {
    "marionette.port": 0,
    "app.donation.eoy.version.viewed": 999,
    "app.normandy.enabled": False,
    "app.update.enabled": False,
    "browser.shell.checkDefaultBrowser": False,
    "calendar.loglevel": "Warn",
    "calendar.timezone.local": "Asia/Shanghai",
    "calendar.timezone.useSystemTimezone": False,
    "datareporting.healthreport.uploadEnabled": False,
    "datareporting.policy.dataSubmissionEnabled": False,
    "extensions.update.enabled": False,
    "mail.provider.enabled": False,
    "mail.provider.suppress_dialog_on_startup": True,
    "mail.rights.version": 1,
    "mail.shell.checkDefaultClient": False,
    "mail.spotlight.firstRunDone": True,
    "mailnews.start_page.enabled": False,
    "mailnews.start_page_override.mstone": "ignore",
    "network.captive-portal-service.enabled": False,
    "network.connectivity-service.enabled": False,
    "network.proxy.type": 0,
    "signon.rememberSignons": True,
    "toolkit.telemetry.enabled": False,
}


def wait_for(claim, what, seconds):
    """Polls until claim() is true and returns its value."""
    end = time.monotonic() + seconds
    while True:
        value = claim()
        if value:
            return value
        if time.monotonic() > end:
            raise RuntimeError(f"{what}: not within {seconds} s")
        time.sleep(0.1)


class Thunderbird:
    """A running Thunderbird. Its methods are the functions of calendar.js."""

    def __init__(self):
        self.dir = pathlib.Path(tempfile.mkdtemp(prefix="compat-thunderbird."))
        self.log = open(self.dir / "log", "wb")
        self.processes = []
        self.script = (HERE / "calendar.js").read_text(encoding="utf-8")
        try:
            self.marionette = self._start()
        except BaseException:
            self.close()
            raise

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()

    def _spawn(self, *command, **more):
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.log,
                                   stderr=self.log, **more)
        self.processes.append(process)
        return process

    def _display(self):
        """A display nobody else uses."""
        read, write = os.pipe()
        self._spawn("Xvfb", "-displayfd", str(write), "-screen", "0", "1280x900x24", "-nolisten",
                    "tcp", pass_fds=[write])
        os.close(write)
        with os.fdopen(read, "rb") as pipe:
            return ":" + pipe.readline().decode().strip()

    def _start(self):
        profile = self.dir / "profile"
        profile.mkdir()
        lines = [f"user_pref({_js(name)}, {_js(value)});" for name, value in PREFERENCES.items()]
        (profile / "user.js").write_text("\n".join(lines) + "\n")
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.dir), "LC_ALL": "C.UTF-8",
                       "DISPLAY": self._display(), "MOZ_CRASHREPORTER_DISABLE": "1",
                       "MOZ_DISABLE_CONTENT_SANDBOX": "1", "NO_AT_BRIDGE": "1",
                       "DBUS_SESSION_BUS_ADDRESS": "disabled:", "GDK_BACKEND": "x11",
                       "XDG_RUNTIME_DIR": str(self.dir)}
        process = self._spawn("thunderbird", "--no-remote", "--profile", str(profile),
                              "--marionette", "--remote-allow-system-access", env=environment)
        port = profile / "MarionetteActivePort"

        def active():
            if process.poll() is not None:
                raise RuntimeError(f"Thunderbird ended at once: {self.said()}")
            return port.exists() and port.read_text().strip()
        return Marionette(int(wait_for(active, "Thunderbird's remote control", START_S)))

    def said(self):
        """The end of what Thunderbird wrote."""
        return (self.dir / "log").read_text(errors="replace")[-2000:]

    def close(self):
        """Ends both programs."""
        if getattr(self, "marionette", None):
            self.marionette.quit()
        for process in reversed(self.processes):
            try:
                process.wait(timeout=0 if process.args[0] == "Xvfb" else 20)
            except subprocess.TimeoutExpired:
                process.terminate()
                try:
                    process.wait(timeout=10)
                except subprocess.TimeoutExpired:
                    process.kill()
                    process.wait()
        self.log.close()
        shutil.rmtree(self.dir, ignore_errors=True)

    def __getattr__(self, name):
        def call(*arguments, timeout_s=60):
            return self.marionette.run(self.script, name, list(arguments), timeout_s=timeout_s)
        if name.startswith("_") or name == "marionette":
            raise AttributeError(name)
        return call

    def wait_loaded(self, calendar, seconds=30):
        """Until a calendar was read for the first time; a write before that may be shown twice."""
        self.refresh(calendar)
        wait_for(lambda: self.state(calendar)["loads"], "the first load", seconds)

    def wait_items(self, calendar, claim, what, seconds=30):
        """Refreshes until the items satisfy the claim; returns them."""
        end = time.monotonic() + seconds
        while True:
            self.refresh(calendar)
            for _ in range(10):
                items = self.items(calendar)
                if claim(items):
                    return items
                time.sleep(0.1)
            if time.monotonic() > end:
                raise AssertionError(f"{what}: not within {seconds} s; there is {items}")


def _js(value):
    """A preference's value as JavaScript writes it."""
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else '"' + value + '"'
