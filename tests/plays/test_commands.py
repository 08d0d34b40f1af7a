"""The command line: what it prints, what it returns."""

import json
import os
import resource
import signal
import subprocess

import pytest

from bridge import PROGRAM, Bridge, event, wait_until
from feishu_sim import ADA, SOON



def test_convert_goes_to_feishu_and_back(bridge):
    path = os.path.join(bridge.dir, "one.ics")
    with open(path, "w", encoding="utf-8", newline="") as file:
        file.write(event("one@example.com", summary="Both ways",
                         extra="RRULE:FREQ=WEEKLY;COUNT=3\nLOCATION:Here"))
    there = bridge.run("convert", path).stdout
    made = json.loads(there)[0]
    assert made["summary"] == "Both ways" and made["location"]["name"] == "Here"
    assert "UNTIL=" in made["recurrence"]
    back = bridge.run("convert", "-", stdin=there).stdout
    assert "SUMMARY:Both ways" in back and "DTSTART;TZID=Asia/Shanghai:20270105T100000" in back


@pytest.mark.parametrize("text", ["", "nonsense", "{", "{}", "BEGIN:VCALENDAR\r\nEND:VEVENT\r\n",
                                  "\0", "[[[[[[[[[[[["])
def test_convert_refuses_what_it_cannot_read_in_one_line(bridge, text):
    done = bridge.run("convert", "-", stdin=text, check=False)
    assert done.returncode == 1
    assert done.stdout == "" and len(done.stderr.strip().splitlines()) == 1


def test_sync_says_what_changed(sim, bridge):
    ada = bridge.sign_in(ADA)
    sim.add_event(ADA, "One", (SOON, SOON + 3600))
    changed = json.loads(bridge.run("sync", "--json", ada.name).stdout)
    assert (changed["changed"], changed["removed"], changed["failed"]) == (1, 0, 0)
    sim.edit(ADA, "event_delete", event_id=sim.event("One")["event_id"])
    changed = json.loads(bridge.run("sync", "--json", ada.name).stdout)
    assert (changed["changed"], changed["removed"], changed["failed"]) == (0, 1, 0)
    assert "0 events changed" in bridge.run("sync", ada.name).stdout


def test_a_limit_on_files_is_told_in_plain_words(sim, bridge):
    ada = bridge.sign_in(ADA)
    sim.add_event(ADA, "One", (SOON, SOON + 3600))
    _, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    done = subprocess.run([PROGRAM, "sync", ada.name], env=bridge.env, text=True, cwd=bridge.dir,
                          capture_output=True, timeout=60,
                          preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard)))
    assert done.returncode == 1, (done.returncode, done.stderr)
    assert "database" in done.stderr or "store" in done.stderr
    assert "1 events changed" in bridge.run("sync", ada.name).stdout


def test_a_reader_that_has_enough_hears_no_complaint(bridge):
    done = subprocess.Popen([PROGRAM, "user", "list"], env=bridge.env, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE)
    done.stdout.close()
    assert done.stderr.read() == b""
    done.stderr.close()
    done.wait(timeout=30)


def test_sync_tells_of_what_feishu_gave_unreadable_and_has_not_failed(sim, bridge):
    """All was pulled: what is told is for the administrator, and stays until somebody edits it in Feishu."""
    ada = bridge.sign_in(ADA)
    series = sim.add_event(ADA, "Weekly", (SOON, SOON + 3600), recurrence="FREQ=WEEKLY")
    moved = series["event_id"][:-1] + str(SOON + 7 * 86400)
    sim.edit(ADA, "event_patch", event_id=moved, event={"summary": "Moved"})
    bridge.sync(ada.name)
    page = sim.data(ADA, "GET", f"/{sim.primary(ADA)}/events", query={"anchor_time": "1"})
    bad, = [item for item in page["items"] if item["event_id"] == moved]
    bad["start_time"] = {"timestamp": "no number", "timezone": "Nowhere/At all"}
    sim.fault(method="GET", path="*/events", body=json.dumps({"code": 0, "data": page}), status=200, count=-1)
    done = bridge.run("sync", "--full", "--json", ada.name)
    assert (json.loads(done.stdout)["unreadable"], json.loads(done.stdout)["failed"]) == (1, 0)
    assert f"exceptions of event {series['event_id'][:-2]} cannot be read: {moved}" in done.stderr
    assert "0 failed, 1 unreadable" in bridge.run("sync", "--full", ada.name).stdout


def test_sync_fails_when_it_could_not(sim, bridge):
    ada = bridge.sign_in(ADA)
    sim.fault(method="GET", path="*/calendars", code=190003, status=500, count=-1)
    done = bridge.run("sync", ada.name, check=False)
    assert done.returncode == 1
    assert "190003" in done.stderr


def test_show_tells_of_calendars_tokens_and_errors(sim, bridge):
    ada = bridge.sign_in(ADA)
    shown = json.loads(bridge.run("user", "show", "--json", ada.name).stdout)
    assert shown["calendars"][0]["display_name"] == "Ada"
    assert shown["calendars"][0]["complete"] is True
    assert shown["refresh_expires"] > shown["access_expires"] > 0
    assert "offline_access" in shown["scopes"]
    text = bridge.run("user", "show", ada.name).stdout
    assert "last error       none" in text and "Ada" in text


def secrets_of(sim, client):
    kinds = sim.state("tokens")["tokens"]
    tokens = [one["token"] for rows in kinds.values() for one in rows if "token" in one]
    assert len(tokens) >= 2, "access and refresh token"
    return [client.password, client.password.replace("-", ""), *tokens]


def test_no_secret_is_printed_or_logged(sim, bridge):
    ada = bridge.sign_in(ADA)
    out = bridge.log() + bridge.run("user", "show", ada.name).stdout \
        + bridge.run("config").stdout + bridge.run("check").stdout
    for secret in secrets_of(sim, ada):
        assert secret not in out


def test_no_secret_lies_open_in_the_store(sim, bridge):
    ada = bridge.sign_in(ADA)
    secrets = secrets_of(sim, ada)
    for name in os.listdir(bridge.dir):
        path = os.path.join(bridge.dir, name)
        if name.startswith("store"):
            assert os.stat(path).st_mode & 0o077 == 0, name
        if os.path.isfile(path):
            with open(path, "rb") as file:
                data = file.read()
            assert not [secret for secret in secrets if secret.encode() in data], name


def test_a_hangup_reloads_the_log_options(bridge):
    bridge.process.send_signal(signal.SIGHUP)
    wait_until(lambda: "reloaded" in bridge.log(), "the reload")
    assert bridge.process.poll() is None


def test_without_an_app_it_serves_and_warns_plainly():
    with Bridge(None) as bridge:
        assert "no Feishu app is configured" in bridge.log()
        done = bridge.run("user", "login", check=False)
        assert done.returncode == 1 and "feishu.app-id" in done.stderr


def test_commands_are_safe_beside_the_running_server(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    for number in range(5):
        assert ada.put(f"{href}{number}.ics", event(f"{number}@example.com")).status_code == 201
        bridge.sync(ada.name)
        bridge.run("user", "password", ada.name)
    assert len(ada.members(href)) == 5
    assert len(sim.events()) == 5
