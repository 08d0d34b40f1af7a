"""Routes, the envelope, tokens, scopes and rate limits (1.3 to 1.5, 2.8, 2.9)."""

import re
import urllib.parse

import pytest
import requests

from asked import ADA, BOB, code, make, path
from feishu_sim import APP_ID, CALENDARS


# ---- routes and the envelope (1.3, 1.4) ----

@pytest.mark.parametrize("method,target", [
    ("GET", "/"), ("GET", "/open-apis/calendar/v4/nothing"), ("PUT", CALENDARS),
    ("DELETE", CALENDARS), ("GET", CALENDARS + "/x/events/y/z"), ("GET", CALENDARS + "/"),
    ("POST", "/oauth/v3/tokens"), ("HEAD", CALENDARS), ("GET", CALENDARS + "x"),
    ("GET", CALENDARS + "//events"), ("GET", CALENDARS + "/x/event"), ("GET", CALENDARS + "/x/"),
])
def test_an_unknown_route_or_method_is_404_in_plain_text(sim, method, target):
    reply = requests.request(method, sim.url + target, timeout=10)
    assert reply.status_code == 404
    assert reply.headers["Content-Type"] == "text/plain"
    assert method == "HEAD" or reply.text == "404 page not found"


def test_every_reply_names_its_log_id(sim):
    good = sim.call(ADA, "GET", "")
    bad = sim.call(ADA, "GET", "/nonsense")
    assert re.fullmatch(r"\d{14}[0-9A-F]{18,20}", good.headers["X-Tt-Logid"])
    assert bad.json()["error"]["log_id"] == bad.headers["X-Tt-Logid"]


def test_a_write_without_result_answers_an_empty_object(sim):
    event = make(sim)
    assert sim.call(ADA, "DELETE", path(sim, event)).json() == {
        "code": 0, "msg": "success", "data": {}}


def test_a_body_on_get_and_delete_does_no_harm(sim):
    event = make(sim)
    assert sim.call(ADA, "GET", path(sim, event), {}).status_code == 200
    assert sim.call(ADA, "DELETE", path(sim, event), {}).status_code == 200


def test_a_percent_encoded_calendar_id_is_the_same_calendar(sim):
    cal = sim.primary(ADA)
    assert sim.data(ADA, "GET", "/" + urllib.parse.quote(cal, safe=""))["calendar_id"] == cal


def test_a_body_that_is_not_json_is_99991300(sim):
    reply = sim.call(ADA, "POST", "", headers={"Content-Type": "application/json"}, data=b"{")
    assert code(reply) == (400, 99991300)


def test_unknown_members_of_a_body_are_ignored(sim):
    assert make(sim, colour="red", attendees=[{"type": "user"}])["summary"] == "event"


# ---- tokens at the gateway (2.8) ----

@pytest.mark.parametrize("header,expected", [
    (None, (400, 99991661)), ("abc", (400, 99991661)), ("Bearer ", (400, 99991661)),
    ("Bearer t-unknown", (400, 99991663)), ("Bearer eyJunknown", (400, 99991668)),
    ("Bearer u-unknown", (400, 99991668)), ("Bearer zzz", (400, 99991671)),
])
def test_a_bad_token_is_told_apart_by_its_prefix(sim, header, expected):
    headers = {"Authorization": header} if header is not None else {}
    assert code(requests.get(sim.url + CALENDARS, headers=headers, timeout=10)) == expected


def test_the_token_is_checked_before_the_parameters(sim):
    reply = requests.get(sim.url + CALENDARS + "?page_size=1", timeout=10)
    assert code(reply) == (400, 99991661)


def test_an_expired_user_token_is_401(sim):
    token = sim.user_token(ADA)
    sim.tokens(user=ADA, access="expire")
    assert code(sim.call(ADA, "GET", "", token=token)) == (401, 99991677)


def test_a_user_token_expires_with_the_clock(sim):
    token = sim.user_token(ADA)
    sim.clock(advance=7201)
    assert code(sim.call(ADA, "GET", "", token=token)) == (401, 99991677)


def test_a_method_of_the_app_takes_no_user_token(sim):
    reply = sim.call(ADA, "POST", "/open-apis/contact/v3/users/batch_get_id", {"emails": [BOB]})
    assert code(reply) == (400, 99991668)


def test_a_method_of_users_takes_no_tenant_token(sim):
    assert code(sim.call(None, "POST", "/subscription"))[1] == 99991663


def test_the_tenant_token_stays_the_same_until_half_an_hour_is_left(sim):
    first = sim.tenant_token()
    assert sim.tenant_token() == first
    sim.clock(advance=5500)
    second = sim.tenant_token()
    assert second != first
    assert sim.call(None, "GET", "", token=first).status_code == 200


def test_wrong_app_credentials_are_http_200_with_a_code(sim):
    url = sim.url + "/open-apis/auth/v3/tenant_access_token/internal"
    unknown = requests.post(url, json={"app_id": "cli_x", "app_secret": "y"}, timeout=10)
    wrong = requests.post(url + "/", json={"app_id": APP_ID, "app_secret": "y"}, timeout=10)
    assert unknown.status_code == 200
    assert unknown.json() == {"code": 10003, "data": {}, "msg": "invalid param"}
    assert (wrong.status_code, wrong.json()["code"]) == (200, 10015)


def test_without_bot_ability_the_tenant_token_is_190007(sim):
    sim.switch(bot="off")
    assert code(sim.call(None, "GET", "")) == (404, 190007)


# ---- scopes (2.9) ----

def test_a_scope_which_the_user_did_not_grant_is_99991679(sim):
    token = sim.tokens(user=ADA, mint=True, scope="calendar:calendar:readonly")["access_token"]
    reply = sim.call(ADA, "POST", "", {"summary": "x"}, token=token)
    assert code(reply) == (400, 99991679)
    named = [v["subject"] for v in reply.json()["error"]["permission_violations"]]
    assert named == ["calendar:calendar", "calendar:calendar:create"]


def test_a_scope_which_the_app_does_not_have_is_99991672(sim):
    sim.reset({"app": {"scopes": ["contact:user.id:readonly"]},
               "people": [{"name": "A", "email": ADA}]})
    token = sim.tokens(user=ADA, mint=True, scope="calendar:calendar")["access_token"]
    reply = sim.call(ADA, "GET", "", token=token)
    assert code(reply) == (400, 99991672)
    assert "calendar:calendar:readonly" in reply.json()["msg"]


def test_the_broad_scope_does_not_open_the_primary_calendar(sim):
    token = sim.tokens(user=ADA, mint=True, scope="calendar:calendar")["access_token"]
    assert code(sim.call(ADA, "POST", "/primary", token=token)) == (400, 99991679)


# ---- rate limits (1.5) ----

def test_more_than_fifty_calls_in_a_second_are_429_with_headers(sim):
    sim.switch(rate_per_second=3)
    cal = "/" + sim.primary(ADA)
    replies = [sim.call(ADA, "GET", cal) for _ in range(30)]
    refused = [r for r in replies if r.status_code == 429]
    assert refused
    assert refused[0].json()["code"] == 99991400
    assert refused[0].headers["x-ogw-ratelimit-limit"] == "3"
    assert int(refused[0].headers["x-ogw-ratelimit-reset"]) >= 1


def test_each_method_has_a_budget_of_its_own(sim):
    cal = "/" + sim.primary(ADA)
    sim.switch(rate_per_second=0, rate_per_minute=0)
    assert sim.call(ADA, "GET", cal).status_code == 429
    sim.switch(rate_per_second=1, rate_per_minute=1)
    assert sim.call(ADA, "GET", cal + "/events").status_code == 200
    assert sim.call(ADA, "GET", cal + "/events").status_code == 429
    assert sim.call(ADA, "GET", "").status_code == 200


def test_the_rate_limit_can_be_switched_off(sim):
    sim.switch(rate_limit="off", rate_per_second=1)
    cal = "/" + sim.primary(ADA)
    assert {sim.call(ADA, "GET", cal).status_code for _ in range(20)} == {200}
