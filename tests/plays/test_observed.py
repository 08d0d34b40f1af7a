"""What administrator and user are told: last success, lag, last error, calls spent, and the end of
the sign-in a month ahead; and what nobody is told: secrets."""

import os
import re
import resource
import secrets
import sqlite3
import time
import urllib.parse

import requests

from bridge import Bridge, event, wait_until
from feishu_sim import ADA, BOB, DAY
from test_freebusy import freebusy


def page(bridge):
    """The account page, as the browser that signed in sees it."""
    with requests.Session() as browser:
        browser.trust_env = False
        start = browser.get(bridge.url + "/login", allow_redirects=False, timeout=10)
        consent = requests.get(start.headers["Location"] + "&sim_user=" + ADA,
                               allow_redirects=False, timeout=10)
        browser.get(consent.headers["Location"], timeout=10)
        return lambda: browser.get(bridge.url + "/", timeout=10).text


def sql(bridge, statement, *values):
    with sqlite3.connect(os.path.join(bridge.dir, "store.db"), timeout=20) as db:
        return db.execute(statement, values).fetchall()


def test_success_lag_calls_and_error_of_each_calendar_are_told_everywhere(sim, bridge):
    ada = bridge.sign_in(ADA)
    before = bridge.show(ada.name)
    one = [c for c in before["calendars"] if c["display_name"] == "Ada"][0]
    assert 0 <= time.time() - one["last_success"] < 60 and one["lag"] < 60
    assert one["calls"] >= 1 and one["last_error"] == ""
    labels = {"account": ADA, "calendar": one["name"]}
    assert bridge.metric("calendar_upstream_calls", **labels) == one["calls"]
    assert bridge.metric("calendar_last_success_timestamp_seconds", **labels) == \
        one["last_success"]
    assert bridge.metric("account_failing", account=ADA) == 0

    sim.fault(method="GET", path="*/events", code=190003, status=500, msg="trouble", count=-1)
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    after = bridge.show(ada.name)
    two = [c for c in after["calendars"] if c["display_name"] == "Ada"][0]
    assert "190003" in two["last_error"]
    assert two["last_success"] == one["last_success"]
    assert two["calls"] > one["calls"]
    assert bridge.metric("account_failing", account=ADA) == 1
    assert bridge.metric("account_last_success_timestamp_seconds", account=ADA) == \
        after["last_sync"] == before["last_sync"]
    assert 0 <= after["lag"] - (time.time() - after["last_sync"]) + 5 < 10
    assert abs(bridge.metric("account_lag_seconds", account=ADA) - after["lag"]) < 10
    metrics = requests.get(bridge.url + "/metrics", timeout=10).text
    for name in (f'account_last_error{{account="{ADA}",',
                 f'calendar_last_error{{account="{ADA}",calendar="{one["name"]}",'):
        [line] = [one for one in metrics.splitlines() if one.startswith("feishu_caldav_" + name)]
        assert "190003" in line and line.endswith('"} 1')
    text = bridge.run("user", "show", ada.name).stdout
    assert "190003" in text and re.search(r"^last sync +\S+  lag \d+ s$", text, re.M)
    look = page(bridge)
    assert "190003" in look()
    sim.clear_faults()
    bridge.sync(ada.name)
    assert "190003" not in look()
    assert "last_error{" not in requests.get(bridge.url + "/metrics", timeout=10).text
    assert re.search(r"Last sync: .*, Seconds since: \d+\.", look())
    assert bridge.metric("account_failing", account=ADA) == 0


def fill(bridge, name, copied):
    """Nine megabytes more in the log of the store, or in the database itself."""
    with sqlite3.connect(os.path.join(bridge.dir, "store.db"), timeout=20) as db:
        db.execute("PRAGMA wal_autocheckpoint = 0")
        db.execute("INSERT INTO settings (name, value) VALUES (?, ?)", (name, secrets.token_hex(4500000)))
    if copied:
        db.execute("PRAGMA wal_checkpoint(PASSIVE)")
    db.close()


def test_a_log_that_cannot_be_copied_into_the_store_is_told_of_once(bridge):
    ada = bridge.sign_in(ADA)
    ada.href = ada.calendars()["Ada"]
    assert bridge.metric("store_log_stuck") == 0
    fill(bridge, "first", copied=True)
    fill(bridge, "second", copied=True)
    size_bytes = os.path.getsize(os.path.join(bridge.dir, "store.db"))
    _, hard = resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, (size_bytes, hard))
    fill(bridge, "third", copied=False)
    ada.put_new("one")
    wait_until(lambda: bridge.metric("store_log_stuck") == 1, "the metric")
    wait_until(lambda: "cannot be copied into it" in bridge.log(), "the warning")
    ada.put_new("two")
    resource.prlimit(bridge.process.pid, resource.RLIMIT_FSIZE, (hard, hard))
    fill(bridge, "fourth", copied=False)
    ada.put_new("three")
    wait_until(lambda: bridge.metric("store_log_stuck") == 0, "the metric")
    wait_until(lambda: "log of the store is copied again" in bridge.log(), "the all-clear")
    assert bridge.log().count("cannot be copied into it") == 1


def about(calls, calendar_id):
    return [c for c in calls if f"/calendars/{calendar_id}" in urllib.parse.unquote(c["path"])]


def test_every_call_is_counted_with_its_account_and_its_calendar(sim):
    """The simulator's count and the bridge's are the same, whatever the calls were for."""
    for number in range(3):
        sim.add_event(ADA, f"Event {number}", (1800000000, 1800003600),
                      attendees=[{"user": BOB}])
    with Bridge(sim, {"sync.poll-interval": "3600", "sync.events": "auto"}) as bridge:
        ada = bridge.sign_in(ADA)
        look = page(bridge)
        href = ada.calendars()["Ada"]
        invited = ("ORGANIZER:mailto:ada@example.com\n"
                   "ATTENDEE;PARTSTAT=ACCEPTED:mailto:ada@example.com\n"
                   "ATTENDEE;RSVP=TRUE:mailto:eve@example.com")
        assert ada.put(href + "a.ics", event("a@example.com", extra=invited)).status_code == 201
        sim.tokens(user=ADA, access="expire")
        assert ada.delete(href + "a.ics").status_code == 204
        assert freebusy(ada, "bob@example.com", "eve@example.com").status_code == 200
        assert ada.xml("MKCALENDAR", f"{ada.home()}plans/", "c:mkcalendar",
                       "<d:set><d:prop><d:displayname>Plans</d:displayname></d:prop></d:set>"
                       ).status_code == 201
        wait_until(lambda: all(c["pushed"] for c in bridge.show(ada.name)["calendars"]), "push")

        def seen():
            """All but what no account asks for: the long connection and the browser's page."""
            return [c for c in sim.calls() if not c["path"].startswith(("/callback", "/ws"))
                    and "authorize" not in c["path"]]

        def counted():
            shown, calls = bridge.show(ada.name), seen()
            return shown["calls"] == len(calls) and shown
        shown = wait_until(counted, "the same count on both sides")
        calls = seen()
        assert sum(shown["calls_by_purpose"].values()) == shown["calls"]
        assert set(shown["calls_by_purpose"]) >= {
            "tokens", "calendars", "events", "attendees", "writes", "subscriptions", "sharing",
            "busy times", "people"}
        assert len(shown["calendars"]) == 2
        for one in shown["calendars"]:
            mine = about(calls, sim.calendar(one["display_name"])["calendar_id"])
            assert one["calls"] == len(mine) > 3, one["display_name"]
            assert bridge.metric("calendar_upstream_calls", account=ADA,
                          calendar=one["name"]) == len(mine)
        assert bridge.metric("account_upstream_calls", account=ADA) == shown["calls"]
        assert bridge.metric("account_upstream_calls_by_purpose", account=ADA,
                      purpose="writes") == shown["calls_by_purpose"]["writes"]
        assert re.search(rf"of this account: {shown['calls']}<", look())
        assert re.search(rf"^calls +{shown['calls']}  \(tokens", bridge.run(
            "user", "show", ada.name).stdout, re.M)
        bridge.stop()
        bridge.start()
        wait_until(lambda: bridge.show(ada.name)["calls"] > shown["calls"], "what came after")


def test_the_end_of_the_sign_in_is_announced_a_month_ahead(bridge):
    ada = bridge.sign_in(ADA)
    look = page(bridge)
    assert not bridge.show(ada.name)["sign_in_soon"]
    assert "Sign in again before" not in look()
    assert bridge.metric("account_sign_in_soon", account=ADA) == 0
    for left_days, soon in ((31, False), (29, True)):
        sql(bridge, "UPDATE accounts SET authorized_s = ?",
            int(time.time()) - (365 - left_days) * DAY)
        assert bridge.show(ada.name)["sign_in_soon"] == soon
        assert bridge.metric("account_sign_in_soon", account=ADA) == soon
        assert ("must sign in again before" in bridge.run("user", "list").stdout) == soon
        assert ("Sign in again before" in look()) == soon
    left = bridge.metric("account_sign_in_until_timestamp_seconds", account=ADA) - time.time()
    assert 28 * DAY < left <= 29 * DAY
    bridge.authorize(ADA)
    assert not bridge.show(ada.name)["sign_in_soon"]


def test_while_a_sign_in_is_needed_reading_goes_on_and_writes_get_503(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    assert ada.put(href + "a.ics", event("a@example.com", summary="Here")).status_code == 201
    sim.tokens(user=ADA, access="revoke", refresh="revoke")
    bridge.run("sync", ada.name, check=False)
    assert bridge.show(ada.name)["state"] == "sign-in needed"
    sim.clear_calls()
    assert "SUMMARY:Here" in ada.get(href + "a.ics")
    for answer in (ada.put(href + "b.ics", event("b@example.com")),
                   ada.put(href + "a.ics", event("a@example.com", summary="Other")),
                   ada.delete(href + "a.ics")):
        assert answer.status_code == 503
        assert "sign in" in answer.text
        assert int(answer.headers["Retry-After"]) > 0
    assert not sim.calls()
    bridge.authorize(ADA)
    wait_until(lambda: ada.delete(href + "a.ics").status_code == 204, "a write")


def test_a_removed_account_leaves_no_setting_behind(bridge):
    ada = bridge.sign_in(ADA)
    names = [name for (name,) in sql(bridge, "SELECT name FROM settings")]
    assert [name for name in names if name.startswith("primary.")]
    wait_until(lambda: sql(bridge, "SELECT * FROM spent"), "the counts")
    bridge.run("user", "remove", ada.name)
    names = [name for (name,) in sql(bridge, "SELECT name FROM settings")]
    assert not [name for name in names if name.startswith("primary.")]
    time_to_note = time.monotonic() + 1.5
    wait_until(lambda: time.monotonic() > time_to_note, "another round of notes")
    assert not sql(bridge, "SELECT * FROM spent")


def test_log_metrics_and_commands_tell_no_secret(sim, bridge):
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    ada.put(href + "a.ics", event("a@example.com"))
    sim.tokens(user=ADA, access="expire")
    bridge.sync(ada.name)
    sim.tokens(user=ADA, access="revoke", refresh="revoke")
    bridge.run("sync", ada.name, check=False)
    texts = {
        "log": bridge.log(),
        "metrics": requests.get(bridge.url + "/metrics", timeout=10).text,
        "show": bridge.run("user", "show", ada.name).stdout,
        "list": bridge.run("user", "list", "--json").stdout,
        "config": bridge.run("config").stdout,
    }
    calls = sim.calls()
    for place, text in texts.items():
        assert ada.password not in text, place
        assert not re.search(r"\beyJ[\w-]{8,}|\bt-[\w-]{16,}|Bearer \S{8,}|Basic \S{8,}", text), place
        assert not re.search(r"[?&]code=[\w-]{8,}", text), place
        assert not re.search(r"app.secret\s*[=:]\s*secret\b", text), place
    assert calls
