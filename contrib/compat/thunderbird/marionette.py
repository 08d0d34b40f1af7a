"""A client of Marionette, the remote control inside Thunderbird: JSON messages over TCP, each
with its length in front ("12:[0,1,..]")."""

import json
import socket


class MarionetteError(Exception):
    """A command failed, or the script that was run threw."""


class Marionette:
    """One connection and session."""

    def __init__(self, port, timeout_s=60):
        self.socket = socket.create_connection(("127.0.0.1", port), timeout_s)
        self.file = self.socket.makefile("rb")
        self.serial = 0
        self.hello = self._read()
        self.send("WebDriver:NewSession", {"capabilities": {"alwaysMatch": {}}})
        self.send("Marionette:SetContext", {"value": "chrome"})

    def _read(self):
        digits = b""
        while not digits.endswith(b":"):
            byte = self.file.read(1)
            if not byte:
                raise MarionetteError("Thunderbird closed the connection")
            digits += byte
        return json.loads(self.file.read(int(digits[:-1])))

    def send(self, command, parameters, timeout_s=None):
        """The result of a command."""
        self.serial += 1
        message = json.dumps([0, self.serial, command, parameters]).encode()
        self.socket.settimeout(timeout_s or 60)
        self.socket.sendall(b"%d:%s" % (len(message), message))
        kind, serial, error, result = self._read()
        assert (kind, serial) == (1, self.serial)
        if error:
            raise MarionetteError(f"{error.get('error')}: {error.get('message')}")
        return result.get("value") if isinstance(result, dict) else result

    def run(self, script, *arguments, timeout_s=60):
        """Runs a function body in the main window with all privileges. It calls the last of its
        arguments with {value} or {error}."""
        answer = self.send("WebDriver:ExecuteAsyncScript", {
            "script": script, "args": list(arguments), "newSandbox": False,
            "scriptTimeout": timeout_s * 1000, "sandbox": "system",
        }, timeout_s + 10)
        if "error" in answer:
            raise MarionetteError(answer["error"])
        return answer.get("value")

    def quit(self):
        """Asks Thunderbird to end."""
        try:
            self.send("Marionette:Quit", {"flags": ["eForceQuit"]}, 20)
        except (OSError, MarionetteError):
            pass
        self.file.close()
        self.socket.close()
