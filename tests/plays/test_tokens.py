"""Tokens that survive: a year of the clock in seconds. Refreshed daily although nobody asks for anything,
the end of the sign-in told a month ahead and everywhere, an app that is switched off and on again, a
person who is frozen.

Needs a build with --enable-test-hooks."""

import pytest
import requests

from bridge import event, wait_until
from feishu_sim import ADA, DAY, HOUR
from stage import Stage, has_hooks

pytestmark = pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")


@pytest.fixture(name="stage")
def fixture_stage(sim):
    """Pulls by itself, four times a second."""
    with Stage(sim, {"sync.poll-interval": "1"}) as stage:
        yield stage


def show(stage):
    return stage.bridge.show(stage.ada.name)


def metric(stage, name):
    return stage.bridge.metric(name, account=ADA)


def account_page(stage):
    with requests.Session() as browser:
        browser.trust_env = False
        start = browser.get(stage.bridge.url + "/login", allow_redirects=False, timeout=10)
        consent = requests.get(start.headers["Location"] + "&sim_user=" + ADA,
                               allow_redirects=False, timeout=10)
        browser.get(consent.headers["Location"], timeout=10)
        cookies = browser.cookies.copy()
    return lambda: requests.get(stage.bridge.url + "/", cookies=cookies, timeout=10).text


def refreshes(sim):
    return len([c for c in sim.calls(path="/oauth/v3/token") if c["status"] == 200])


def live_refresh_tokens(sim):
    return [t for t in sim.control("GET", "tokens")["tokens"]["refresh"]
            if t["user"] == ADA and t["live"]]


def writes_are_refused(stage):
    """Reading goes on, writing is refused in words and may be tried later."""
    assert "SUMMARY:Here" in stage.ada.get(stage.href + "here.ics")
    answers = (stage.ada.put(stage.href + "b.ics", event("b@example.com")),
               stage.ada.put(stage.href + "here.ics", event("here@example.com", summary="X")),
               stage.ada.delete(stage.href + "here.ics"))
    for answer in answers:
        assert answer.status_code in (403, 503), (answer.status_code, answer.text)
        assert answer.elapsed.total_seconds() < 30
        if answer.status_code == 503:
            assert int(answer.headers["Retry-After"]) > 0
    assert "SUMMARY:Here" in stage.ada.get(stage.href + "here.ics")
    return answers[0].text


def write_here(stage):
    answer = stage.ada.put(stage.href + "here.ics", event("here@example.com", summary="Here"))
    assert answer.status_code in (201, 204), answer.text


def test_a_token_of_seven_days_never_lapses_while_nobody_asks_for_anything(sim, stage):
    """Ten days in which the bridge is left alone; in two nights Feishu is down."""
    for day in range(10):
        before = refreshes(sim)
        if day in (4, 5):
            sim.fault(path="*", code=190003, status=500, count=-1)
            since = sim.last_call()
            stage.clock.advance(DAY)
            wait_until(lambda s=since: sim.last_call() > s, "a try")
            sim.clear_faults()
        else:
            stage.clock.advance(DAY)
        wait_until(lambda b=before: refreshes(sim) > b, f"the refresh of day {day}")
        assert len(live_refresh_tokens(sim)) == 1
    assert 10 <= refreshes(sim) <= 13
    assert show(stage)["state"] == "ok"
    write_here(stage)


@pytest.mark.parametrize("ended", [True, False])
def test_a_sign_in_has_the_last_word_over_a_refresh_that_began_before(sim, stage, ended):
    """Who signs in again because the sign-in has ended is not signed out by the answer to the try
    that found it ended; nor are her new tokens replaced by those of the sign-in before."""
    write_here(stage)
    sim.fault(method="POST", path="/oauth/v3/token", delay_ms=60000)
    since = sim.last_call()
    stage.clock.advance(8 * DAY if ended else DAY)
    wait_until(lambda: sim.faults()[0]["hits"], "the refresh")
    signed_in = stage.rows("SELECT authorized_s FROM accounts")[0][0]
    assert stage.bridge.authorize(ADA).status_code == 302
    again = stage.rows("SELECT authorized_s FROM accounts")[0][0]
    assert again > signed_in
    sim.clear_faults()
    expected = [400, 200] if ended else [200, 200]
    wait_until(lambda: sorted((c["status"] for c in sim.calls(since, path="/oauth/v3/token")),
                              reverse=True) == expected, "the answer to the refresh")
    # Once more through the lock of the tokens, behind whatever that answer led to.
    stage.bridge.run("sync", stage.ada.name)
    assert show(stage)["state"] == "ok"
    assert stage.rows("SELECT authorized_s FROM accounts")[0][0] == again
    write_here(stage)


def test_the_end_of_the_sign_in_is_told_a_month_ahead_and_then_comes(sim, stage):
    write_here(stage)
    sim.tokens(refresh_lifetime_s=400 * DAY)  # that it is refreshed daily is another play
    for more, soon in ((1, False), (333, False), (2, True)):
        before = refreshes(sim)
        stage.clock.advance(more * DAY)
        wait_until(lambda b=before: refreshes(sim) > b, "the refresh")
        assert show(stage)["state"] == "ok"
        assert show(stage)["sign_in_soon"] == soon
        assert metric(stage, "account_sign_in_soon") == soon
        assert ("must sign in again before" in stage.bridge.run("user", "list").stdout) == soon
        assert ("soon" in stage.bridge.run("user", "show", stage.ada.name).stdout) == soon
    left = metric(stage, "account_sign_in_until_timestamp_seconds") - sim.clock()["now"]
    assert 28 * DAY < left <= 29 * DAY
    stage.clock.advance(29 * DAY)
    wait_until(lambda: show(stage)["state"] == "sign-in needed", "the end")
    assert "sign in" in writes_are_refused(stage)
    assert "sign-in needed" in stage.bridge.run("user", "list").stdout
    # A new sign-in heals it, and its year begins anew.
    look = account_page(stage)
    assert show(stage)["state"] == "ok" and not show(stage)["sign_in_soon"]
    assert "Sign in again before" not in look()
    write_here(stage)
    assert stage.ada.delete(stage.href + "here.ics").status_code == 204


def test_the_account_page_tells_the_end_a_month_ahead(stage):
    """The page of a browser that stays signed in for a year would have no session: its clock is moved
    between two looks of one session."""
    look = account_page(stage)
    assert "Sign in again before" not in look()
    for days, soon in ((334, False), (336, True)):
        stage.rows("UPDATE sessions SET until_s = until_s + ?", days * DAY)
        stage.clock.advance_bridge(days * DAY - stage.clock.shift_ms / 1000)
        assert ("Sign in again before" in look()) == soon, days


@pytest.mark.parametrize("how", ["off", "uninstalled"])
@pytest.mark.parametrize("hours", [0, 3, 72], ids=lambda hours: f"{hours}h")
def test_while_the_app_is_revoked_reading_goes_on_and_its_return_heals_everything(
        sim, stage, how, hours):
    """After hours the access token has ended, and its refresh meets the same refusal."""
    write_here(stage)
    sim.add_event(ADA, "Theirs", (1800000000, 1800003600))
    wait_until(lambda: len(stage.ada.members(stage.href)) == 2, "the event")
    members = stage.ada.members(stage.href)
    sim.switch(app=how)
    stage.clock.advance(hours * HOUR)
    assert stage.bridge.run("sync", stage.ada.name, check=False).returncode == 1
    assert "app" in writes_are_refused(stage)
    assert stage.ada.members(stage.href) == members
    assert show(stage)["state"] == "ok" and show(stage)["last_error"]
    wait_until(lambda: metric(stage, "account_failing") == 1, "the metric")
    assert stage.bridge.run("check", check=False).returncode == 1
    sim.switch(app="on")
    write_here(stage)
    sim.add_event(ADA, "Later", (1800000000, 1800003600))

    def there():
        stage.ada.ctag(stage.href)
        return len(stage.ada.members(stage.href)) == 3
    wait_until(there, "the pull after the return")
    wait_until(lambda: metric(stage, "account_failing") == 0, "the metric")
    assert show(stage)["state"] == "ok" and not show(stage)["last_error"]


def test_a_frozen_person_keeps_the_calendars_and_signs_in_again(sim, stage):
    write_here(stage)
    sim.person_is(ADA, frozen=True)
    stage.clock.advance(3 * HOUR)
    wait_until(lambda: show(stage)["state"] == "sign-in needed", "the state")
    writes_are_refused(stage)
    sim.person_is(ADA, frozen=False)
    stage.bridge.authorize(ADA)
    assert show(stage)["state"] == "ok"
    write_here(stage)


def test_a_clock_that_is_set_back_stops_nothing(sim, stage):
    """It was three days ahead, and everything that was noted meanwhile lies in the future."""
    stage.clock.advance_bridge(3 * DAY)
    gone = sim.add_event(ADA, "Goes", (1800000000, 1800003600))
    write_here(stage)
    wait_until(lambda: len(stage.ada.members(stage.href)) == 2, "the pull")
    stage.bridge.run("sync", "--full", stage.ada.name)
    stage.clock.advance_bridge(-3 * DAY)
    # Polls, deletions that only a full read finds, edits over what a write had guarded, tokens.
    sim.switch(deleted_items="absent")
    sim.edit(ADA, "event_delete", event_id=gone["event_id"])
    sim.edit(ADA, "event_patch", event_id=sim.event("Here")["event_id"],
             event={"summary": "Changed"})
    wait_until(lambda: "SUMMARY:Changed" in stage.ada.get(stage.href + "here.ics"), "the poll")
    stage.bridge.run("sync", "--full", stage.ada.name)
    assert list(stage.ada.members(stage.href)) == [stage.href + "here.ics"]
    write_here(stage)
    stage.settle()
    stage.clock.advance(DAY)
    before = refreshes(sim)
    stage.clock.advance(DAY)
    wait_until(lambda: refreshes(sim) > before, "the refresh")
