"""The Feishu simulator itself: what Feishu would refuse it refuses, what Feishu would keep it keeps.
The numbers in the sections are those of the interface's reference."""

import json
import pathlib
import re
import threading
import time
import urllib.parse

import pytest
import requests

from feishu_sim import APP_ID, APP_SECRET, CALENDARS, ControlError, FeishuSim

ADA, BOB, EVE = "ada@example.com", "bob@example.com", "eve@example.com"
ROOM = "omm_0000000000000000000000000000a001"
CHAT = "oc_00000000000000000000000000000c01"
T0 = 1767576600          # Monday 2026-01-05 09:30 in Shanghai
DAY = 86400
SCENARIOS = pathlib.Path(__file__).parents[1] / "feishu-sim" / "scenarios"
MINIMAL = json.loads((SCENARIOS / "minimal.json").read_text())


@pytest.fixture(scope="module")
def process():
    sim = FeishuSim()
    yield sim
    assert sim.stop() == 0


@pytest.fixture
def sim(process):
    process.clear_faults()
    process.reset(MINIMAL)
    return process


def at(seconds, zone="Asia/Shanghai"):
    return {"timestamp": str(seconds), "timezone": zone}


def day(date):
    return {"date": date, "timezone": "UTC"}


def timed(summary="event", start=T0, minutes=60, **more):
    return {"summary": summary, "start_time": at(start), "end_time": at(start + minutes * 60),
            "vchat": {"vc_type": "no_meeting"}, **more}


def make(sim, user=ADA, cal=None, **fields):
    cal = cal or sim.primary(user)
    return sim.data(user, "POST", f"/{cal}/events", timed(**fields))["event"]


def path(sim, event, user=ADA):
    return f"/{sim.primary(user)}/events/{event['event_id']}"


def code(reply):
    return reply.status_code, reply.json()["code"]


def uid(event):
    return event["event_id"].rsplit("_", 1)[0]


def weekly(sim, **more):
    return make(sim, summary="series", recurrence="FREQ=WEEKLY;BYDAY=MO", **more)


def occurrence(series, week):
    return f"{uid(series)}_{T0 + week * 7 * DAY}"


def listing(sim, user=ADA, cal=None, **query):
    return sim.data(user, "GET", f"/{cal or sim.primary(user)}/events", query=query)


def everything(sim, user=ADA, cal=None):
    return listing(sim, user, cal, anchor_time=1)


def open_id(sim, user):
    return sim.person(user)["open_id"]


def invite(sim, event, *users, as_user=ADA, **more):
    return sim.data(as_user, "POST", path(sim, event, as_user) + "/attendees", {
        "attendees": [{"type": "user", "user_id": open_id(sim, u)} for u in users], **more})


def shared(sim, user=ADA, **fields):
    return sim.data(user, "POST", "", {"summary": "Shared", **fields})["calendar"]["calendar_id"]


def share(sim, cal, user, role):
    return sim.data(ADA, "POST", f"/{cal}/acls", {
        "role": role, "scope": {"type": "user", "user_id": open_id(sim, user)}})


# ---- routes and the envelope (1.3, 1.4) ----

@pytest.mark.parametrize("method,target", [
    ("GET", "/"), ("GET", "/open-apis/calendar/v4/nothing"), ("PUT", CALENDARS),
    ("DELETE", CALENDARS), ("GET", CALENDARS + "/x/events/y/z"), ("GET", CALENDARS + "/"),
    ("POST", "/oauth/v3/tokens"), ("HEAD", CALENDARS),
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


# ---- signing in (2.3 to 2.5) ----

def authorize(sim, **changes):
    query = {"client_id": APP_ID, "response_type": "code", "state": "a b&c",
             "redirect_uri": "http://127.0.0.1:9/cb", "scope": "offline_access calendar:calendar",
             "sim_user": ADA}
    query.update(changes)
    return requests.get(sim.url + "/open-apis/authen/v1/authorize", allow_redirects=False,
                        params={k: v for k, v in query.items() if v is not None}, timeout=10)


def answer(reply):
    return dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(reply.headers["Location"]).query))


def exchange(sim, version="v3", form=False, **fields):
    body = {"grant_type": "authorization_code", "client_id": APP_ID,
            "client_secret": APP_SECRET, **fields}
    body = {k: v for k, v in body.items() if v is not None}
    where = "/oauth/v3/token" if version == "v3" else "/open-apis/authen/v2/oauth/token"
    sent = {"data": body} if form else {"json": body}
    return requests.post(sim.url + where, timeout=10, **sent)


def fresh_code(sim, **changes):
    return answer(authorize(sim, **changes))["code"]


def refresh(sim, token, **fields):
    return exchange(sim, grant_type="refresh_token", refresh_token=token, **fields)


def test_consent_redirects_with_code_and_state(sim):
    reply = authorize(sim)
    assert reply.status_code == 302
    assert reply.headers["Location"].startswith("http://127.0.0.1:9/cb?code=")
    assert answer(reply)["state"] == "a b&c"
    assert re.fullmatch(r"[A-Za-z0-9_-]{64}", answer(reply)["code"])


def test_refusal_redirects_with_access_denied(sim):
    assert answer(authorize(sim, sim_user="refuse")) == {"error": "access_denied", "state": "a b&c"}


def test_without_a_choice_the_page_lets_choose_a_person(sim):
    reply = authorize(sim, sim_user=None)
    assert reply.status_code == 200
    assert "sim_user=" + open_id(sim, BOB) in reply.text


def test_the_person_can_be_chosen_by_control_and_by_cookie(sim):
    sim.login(BOB)
    assert authorize(sim, sim_user=None).status_code == 302
    sim.login()
    reply = requests.get(authorize(sim, sim_user=None).url, cookies={"sim_user": BOB},
                         allow_redirects=False, timeout=10)
    assert reply.status_code == 302


@pytest.mark.parametrize("changes,number", [
    ({"client_id": "cli_0000000000000000"}, 20048),
    ({"redirect_uri": "https://elsewhere.example/cb"}, 20029),
    ({"scope": "calendar:calendar not:a:scope"}, 20027),
    ({"scope": " ".join(["calendar:calendar"] * 51)}, 20043),
    ({"response_type": "token"}, 20001),
])
def test_the_authorize_page_fails_for_what_feishu_does_not_take(sim, changes, number):
    reply = authorize(sim, **changes)
    assert reply.status_code == 400
    assert str(number) in reply.text


def test_a_code_gives_a_pair_with_life_times(sim):
    reply = exchange(sim, code=fresh_code(sim)).json()
    assert (reply["code"], reply["token_type"]) == (0, "Bearer")
    assert (reply["expires_in"], reply["refresh_token_expires_in"]) == (7200, 604800)
    assert reply["scope"] == "offline_access calendar:calendar"
    assert len(reply["access_token"]) > 1000
    assert sim.call(ADA, "GET", "", token=reply["access_token"]).status_code == 200


def test_v3_takes_a_form_and_v2_does_not(sim):
    assert exchange(sim, "v3", form=True, code=fresh_code(sim)).status_code == 200
    assert code(exchange(sim, "v2", form=True, code=fresh_code(sim))) == (400, 20063)
    assert exchange(sim, "v2", code=fresh_code(sim)).status_code == 200


def test_a_code_works_once(sim):
    once = fresh_code(sim)
    assert exchange(sim, code=once).status_code == 200
    assert code(exchange(sim, code=once)) == (400, 20065)


def test_a_code_lives_five_minutes(sim):
    late = fresh_code(sim)
    sim.clock(advance=301)
    assert code(exchange(sim, code=late)) == (400, 20004)


def test_an_unknown_code_is_an_invalid_grant(sim):
    reply = exchange(sim, code="x" * 64)
    assert code(reply) == (400, 20003)
    assert reply.json()["error"] == "invalid_grant"


@pytest.mark.parametrize("fields,number", [
    ({"client_secret": "wrong"}, 20002), ({"client_secret": None}, 20001),
    ({"client_id": "cli_0000000000000000"}, 20048), ({"grant_type": "password"}, 20036),
    ({"grant_type": None}, 20001), ({"redirect_uri": "http://127.0.0.1:9/other"}, 20071),
    ({"scope": "calendar:calendar vc:room"}, 20068),
    ({"scope": "calendar:calendar calendar:calendar"}, 20067), ({"code": None}, 20001),
])
def test_the_token_endpoint_refuses_what_does_not_fit(sim, fields, number):
    assert code(exchange(sim, **{"code": fresh_code(sim), **fields})) == (400, number)


def test_basic_credentials_beside_the_secret_are_20070(sim):
    reply = requests.post(sim.url + "/oauth/v3/token", auth=(APP_ID, APP_SECRET), timeout=10,
                          json={"grant_type": "authorization_code", "client_id": APP_ID,
                                "client_secret": APP_SECRET, "code": fresh_code(sim)})
    assert code(reply) == (400, 20070)


VERIFIER = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
CHALLENGE = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"    # RFC 7636, appendix B


def test_pkce_is_the_one_of_the_rfc(sim):
    pkce = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
    assert exchange(sim, code=fresh_code(sim, **pkce), code_verifier=VERIFIER).status_code == 200
    assert code(exchange(sim, code=fresh_code(sim, **pkce), code_verifier="x" * 43)) == (400, 20049)
    assert code(exchange(sim, code=fresh_code(sim, **pkce))) == (400, 20049)


def test_plain_pkce_compares_the_text(sim):
    plain = fresh_code(sim, code_challenge="y" * 43)
    assert exchange(sim, code=plain, code_verifier="y" * 43).status_code == 200


def test_v3_refuses_a_verifier_nobody_announced_and_v2_lets_it_pass(sim):
    assert code(exchange(sim, code=fresh_code(sim), code_verifier=VERIFIER)) == (400, 20049)
    assert exchange(sim, "v2", code=fresh_code(sim), code_verifier=VERIFIER).status_code == 200


def test_no_refresh_token_without_offline_access(sim):
    reply = exchange(sim, code=fresh_code(sim, scope="calendar:calendar")).json()
    assert "refresh_token" not in reply


def test_a_refresh_token_works_once_and_the_old_access_token_lives_on(sim):
    first = exchange(sim, code=fresh_code(sim)).json()
    second = refresh(sim, first["refresh_token"])
    assert second.status_code == 200
    assert code(refresh(sim, first["refresh_token"])) == (400, 20073)
    assert sim.call(ADA, "GET", "", token=first["access_token"]).status_code == 200
    assert refresh(sim, second.json()["refresh_token"]).status_code == 200


def test_a_refresh_token_ends_after_seven_days(sim):
    pair = exchange(sim, code=fresh_code(sim)).json()
    sim.clock(advance=8 * DAY)
    assert code(refresh(sim, pair["refresh_token"])) == (400, 20037)


def test_a_grant_ends_after_a_year_whatever_the_rotation(sim):
    sim.switch(rate_limit="off")
    token = exchange(sim, code=fresh_code(sim)).json()["refresh_token"]
    for _ in range(60):
        sim.clock(advance=6 * DAY)
        token = refresh(sim, token).json()["refresh_token"]
    sim.clock(advance=6 * DAY)
    assert code(refresh(sim, token)) == (400, 20037)


def test_refresh_can_be_forbidden_revoked_and_unknown(sim):
    token = exchange(sim, code=fresh_code(sim)).json()["refresh_token"]
    assert code(refresh(sim, "eyJ.x")) == (400, 20026)
    sim.switch(refresh_tokens="off")
    assert code(refresh(sim, token)) == (400, 20074)
    sim.switch(refresh_tokens="on")
    sim.tokens(user=ADA, refresh="revoke")
    assert code(refresh(sim, token)) == (400, 20064)


def test_revoking_an_access_token_leaves_the_refresh_token(sim):
    pair = exchange(sim, code=fresh_code(sim)).json()
    reply = requests.post(sim.url + "/oauth/v1/revoke", timeout=10, data={
        "token": pair["access_token"], "client_id": APP_ID, "client_secret": APP_SECRET})
    assert reply.status_code == 200
    assert code(sim.call(ADA, "GET", "", token=pair["access_token"])) == (400, 99991668)
    assert refresh(sim, pair["refresh_token"]).status_code == 200


def test_each_token_endpoint_can_be_gone(sim):
    sim.switch(token_v3="404")
    assert exchange(sim, code=fresh_code(sim)).status_code == 404
    assert exchange(sim, "v2", code=fresh_code(sim)).status_code == 200
    sim.switch(token_v3="on", token_v2="404")
    assert exchange(sim, "v2", code=fresh_code(sim)).status_code == 404


def test_user_info_shows_what_the_scopes_allow(sim):
    info = sim.data(ADA, "GET", "/open-apis/authen/v1/user_info")
    assert (info["name"], info["email"]) == ("Ada", ADA)
    assert "mobile" not in info and "user_id" not in info
    bare = sim.tokens(user=ADA, mint=True, scope="calendar:calendar")["access_token"]
    reply = sim.call(ADA, "GET", "/open-apis/authen/v1/user_info", token=bare).json()
    assert "email" not in reply["data"]


# ---- calendars (3) ----

def test_the_primary_calendar_belongs_to_its_user(sim):
    entry, = sim.data(ADA, "POST", "/primary", query={"user_id_type": "union_id"})["calendars"]
    assert entry["user_id"] == sim.person(ADA)["union_id"]
    assert (entry["calendar"]["type"], entry["calendar"]["role"]) == ("primary", "owner")
    assert entry["calendar"]["summary"] == "Ada"


def test_get_is_flat_and_create_is_not(sim):
    cal = sim.data(ADA, "POST", "", {"summary": "New"})["calendar"]
    assert cal["color"] == -14513409 and cal["permissions"] == "show_only_free_busy"
    assert sim.data(ADA, "GET", f"/{cal['calendar_id']}")["summary"] == "New"


def test_colleagues_primaries_show_the_callers_role(sim):
    reply = sim.data(ADA, "POST", "/primarys", {"user_ids": [open_id(sim, BOB)]})
    assert reply["calendars"][0]["calendar"]["role"] == "free_busy_reader"
    assert code(sim.call(ADA, "POST", "/primarys", {"user_ids": []})) == (400, 198001)
    assert code(sim.call(ADA, "POST", "/mget", {"calendar_ids": ["x"] * 11})) == (400, 198007)


def test_colour_and_alias_are_each_ones_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "reader")
    sim.data(BOB, "PATCH", f"/{cal}", {"color": -1, "summary_alias": "Ada's"})
    mine, his = (sim.data(u, "GET", f"/{cal}") for u in (ADA, BOB))
    assert (his["color"], his["summary_alias"]) == (-1, "Ada's")
    assert (mine["color"], mine["summary_alias"]) == (-14513409, "")


def test_only_an_owner_renames_and_deletes(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    assert code(sim.call(BOB, "PATCH", f"/{cal}", {"summary": "Mine"})) == (403, 191002)
    assert code(sim.call(BOB, "DELETE", f"/{cal}")) == (403, 191002)
    assert sim.call(ADA, "DELETE", f"/{cal}").status_code == 200
    assert code(sim.call(ADA, "GET", f"/{cal}")) == (403, 191003)


def test_a_primary_calendar_is_neither_deleted_nor_left(sim):
    cal = sim.primary(ADA)
    assert code(sim.call(ADA, "DELETE", f"/{cal}")) == (403, 191004)
    assert code(sim.call(ADA, "POST", f"/{cal}/unsubscribe")) == (400, 191008)


def test_who_does_not_subscribe_cannot_colour(sim):
    cal = shared(sim, permissions="public")
    assert code(sim.call(BOB, "PATCH", f"/{cal}", {"color": 1})) == (400, 191009)
    assert sim.data(BOB, "POST", f"/{cal}/subscribe")["calendar"]["role"] == "reader"
    assert sim.call(BOB, "PATCH", f"/{cal}", {"color": 1}).status_code == 200
    assert sim.call(BOB, "POST", f"/{cal}/unsubscribe").status_code == 200
    assert code(sim.call(BOB, "POST", f"/{cal}/unsubscribe")) == (400, 191007)


@pytest.mark.parametrize("cal,expected", [
    ("nonsense", (400, 191001)), ("feishu.cn_x@group.calendar.feishu.cn", (404, 191000)),
    ("primary", (400, 190002)),
])
def test_a_wrong_calendar_id_is_told_precisely(sim, cal, expected):
    assert code(sim.call(ADA, "GET", f"/{cal}/events")) == expected


def test_the_word_primary_can_be_switched_on_for_users(sim):
    sim.switch(primary_alias="accept")
    assert sim.call(ADA, "GET", "/primary/events").status_code == 200
    assert code(sim.call(None, "GET", "/primary/events")) == (400, 190002)


def test_a_private_calendar_is_closed_to_others(sim):
    cal = shared(sim, permissions="private")
    assert code(sim.call(BOB, "GET", f"/{cal}")) == (403, 191002)
    assert code(sim.call(BOB, "POST", f"/{cal}/subscribe")) == (403, 191002)


def test_a_free_busy_reader_gets_no_event_list(sim):
    assert code(sim.call(BOB, "GET", f"/{sim.primary(ADA)}/events")) == (403, 191002)


def test_search_finds_public_calendars_by_title(sim):
    cal = shared(sim, permissions="public", summary="Lunar walks")
    shared(sim, permissions="private", summary="Lunar secrets")
    items = sim.data(BOB, "POST", "/search", {"query": "lunar"})["items"]
    assert [i["calendar_id"] for i in items] == [cal]
    assert code(sim.call(BOB, "POST", "/search", {"query": ""})) == (400, 99992402)


@pytest.mark.parametrize("body,field", [
    ({"summary": "x" * 256}, "summary"), ({"permissions": "open"}, "permissions"),
])
def test_fields_of_a_calendar_have_their_limits(sim, body, field):
    reply = sim.call(ADA, "POST", "", body)
    assert code(reply) == (400, 99992402)
    assert reply.json()["error"]["field_violations"][0]["field"] == field


def test_a_member_of_the_wrong_type_is_9499(sim):
    assert code(sim.call(ADA, "POST", "", {"summary": 5})) == (400, 9499)
    assert code(sim.call(ADA, "POST", "", {"color": "red"})) == (400, 9499)


def test_the_calendar_list_tells_what_changed_since_its_sync_token(sim):
    first = sim.data(ADA, "GET", "")
    assert not first["has_more"] and len(first["calendar_list"]) == 1
    cal = shared(sim)
    second = sim.data(ADA, "GET", "", query={"sync_token": first["sync_token"]})
    assert [c["calendar_id"] for c in second["calendar_list"]] == [cal]
    sim.call(ADA, "DELETE", f"/{cal}")
    third = sim.data(ADA, "GET", "", query={"sync_token": second["sync_token"]})
    assert [(c["calendar_id"], c["is_deleted"]) for c in third["calendar_list"]] == [(cal, True)]
    last = sim.data(ADA, "GET", "", query={"sync_token": third["sync_token"]})
    assert last["calendar_list"] == []


def test_the_calendar_list_comes_in_pages(sim):
    sim.switch(rate_limit="off")
    for n in range(60):
        shared(sim, summary=f"c{n}")
    first = sim.data(ADA, "GET", "", query={"page_size": 50})
    assert first["has_more"] and first["sync_token"] == ""
    second = sim.data(ADA, "GET", "", query={"page_size": 50, "page_token": first["page_token"]})
    assert not second["has_more"]
    ids = {c["calendar_id"] for c in first["calendar_list"] + second["calendar_list"]}
    assert len(ids) == 61


def test_the_calendar_lists_sync_token_lives_ninety_days(sim):
    token = sim.data(ADA, "GET", "")["sync_token"]
    sim.clock(advance=91 * DAY)
    assert code(sim.call(ADA, "GET", "", query={"sync_token": token})) == (400, 190008)


def test_sharing_and_unsharing_show_in_the_list(sim):
    cal = shared(sim, permissions="private")
    token = sim.data(BOB, "GET", "")["sync_token"]
    entry = share(sim, cal, BOB, "writer")
    reply = sim.data(BOB, "GET", "", query={"sync_token": token})
    assert [(c["role"], c["is_deleted"]) for c in reply["calendar_list"]] == [("writer", False)]
    sim.data(ADA, "DELETE", f"/{cal}/acls/{entry['acl_id']}")
    reply = sim.data(BOB, "GET", "", query={"sync_token": reply["sync_token"]})
    assert [c["is_deleted"] for c in reply["calendar_list"]] == [True]


# ---- access lists (4) ----

def test_the_access_list_is_for_owners(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    assert code(sim.call(BOB, "GET", f"/{cal}/acls")) == (403, 191002)
    acls = sim.data(ADA, "GET", f"/{cal}/acls")["acls"]
    assert [(a["role"], a["scope"]["user_id"]) for a in acls] == [
        ("owner", open_id(sim, ADA)), ("writer", open_id(sim, BOB))]


def test_an_unknown_access_entry_is_192000(sim):
    assert code(sim.call(ADA, "DELETE", f"/{shared(sim)}/acls/user_1")) == (404, 192000)


def test_an_unknown_person_is_told_by_kind_of_id(sim):
    body = {"role": "reader", "scope": {"type": "user", "user_id": "ou_nobody"}}
    cal = shared(sim)
    assert code(sim.call(ADA, "POST", f"/{cal}/acls", body)) == (400, 99992351)
    reply = sim.call(ADA, "POST", f"/{cal}/acls", body, query={"user_id_type": "union_id"})
    assert code(reply) == (400, 99992364)


# ---- events: create (5.7) ----

def test_a_new_event_has_no_attendees_and_the_ids_of_the_interface(sim):
    event = make(sim, summary="New", description="")
    assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}_0", event["event_id"])
    assert event["organizer_calendar_id"] == sim.primary(ADA)
    assert event["status"] == "confirmed" and event["recurrence"] == ""
    assert event["start_time"] == at(T0)
    assert int(event["create_time"]) > 0
    assert sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"] == []


def test_start_and_end_are_required(sim):
    body = timed()
    del body["end_time"]
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", body)
    assert code(reply) == (400, 99992402)
    assert reply.json()["error"]["field_violations"][0]["field"] == "end_time"


@pytest.mark.parametrize("change,expected", [
    ({"start_time": {"timestamp": "0", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": "16725225601", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": "12.5", "timezone": "UTC"}}, 190014),
    ({"start_time": {"timestamp": 1767576600}}, 9499),
    ({"start_time": {}}, 190014),
    ({"start_time": at(T0, "Mars/Olympus")}, 190014),
    ({"start_time": at(T0, "China Standard Time")}, 190014),
    ({"start_time": at(T0, "Etc/UTC")}, 190014),
    ({"start_time": at(T0, "../etc/passwd")}, 190014),
    ({"start_time": {"date": "2026-02-30"}, "end_time": day("2026-03-01")}, 190014),
    ({"start_time": day("2026-01-05")}, 190014),
    ({"start_time": {"date": "2026-01-05", "timestamp": str(T0)}}, 190002),
    ({"end_time": at(T0 - 60)}, 190014),
    ({"summary": "x" * 1001}, 99992402),
    ({"description": "x" * 40961}, 99992402),
    ({"visibility": "secret"}, 99992402),
    ({"free_busy_status": "maybe"}, 99992402),
    ({"attendee_ability": "all"}, 99992402),
    ({"reminders": [{"minutes": 20161}]}, 99992402),
    ({"reminders": [{"minutes": "5"}]}, 9499),
    ({"reminders": {"minutes": 5}}, 9499),
    ({"location": {"name": ""}}, 99992402),
    ({"location": {"name": "x" * 513}}, 99992402),
    ({"color": 1.5}, 9499),
    ({"recurrence": "x" * 2001}, 99992402),
    ({"vchat": {"vc_type": "lark_live"}}, 99992402),
    ({"schemas": [{"ui_name": "Nonsense", "ui_status": "hide"}]}, 190014),
    ({"attachments": [{"file_token": "unknown"}]}, 193105),
    ({"event_check_in": {}}, 99992402),
    ({"event_check_in": {"enable_check_in": True, "check_in_start_time": {
        "time_type": "before_event_start", "duration": 0}}}, 190014),
])
def test_create_refuses_what_is_out_of_shape_or_range(sim, change, expected):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", {**timed(), **change})
    assert code(reply) == (400, expected)
    assert sim.events() == []


def test_characters_are_counted_not_bytes(sim):
    assert make(sim, summary="日" * 1000)["summary"] == "日" * 1000


def test_without_a_time_zone_it_is_shanghai(sim):
    event = make(sim, start_time={"timestamp": str(T0)})
    assert event["start_time"]["timezone"] == "Asia/Shanghai"


def test_coordinates_come_back_as_float32(sim):
    event = make(sim, location={"name": "x", "latitude": 31.2397023})
    assert event["location"] == {"name": "x", "latitude": 31.239702224731445}


def test_an_idempotency_key_repeats_the_first_event(sim):
    cal = sim.primary(ADA)
    key = {"idempotency_key": "k" * 32}
    first = sim.data(ADA, "POST", f"/{cal}/events", timed(), key)["event"]
    second = sim.data(ADA, "POST", f"/{cal}/events", timed("other"), key)["event"]
    assert first["event_id"] == second["event_id"]
    assert [e["summary"] for e in sim.events()] == ["event"]


@pytest.mark.parametrize("length", [31, 129])
def test_an_idempotency_key_has_32_to_128_characters(sim, length):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(),
                     {"idempotency_key": "k" * length})
    assert code(reply) == (400, 99992402)


def test_a_reader_cannot_create(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "reader")
    assert code(sim.call(BOB, "POST", f"/{cal}/events", timed())) == (403, 193002)
    share(sim, cal, BOB, "writer")
    assert sim.call(BOB, "POST", f"/{cal}/events", timed()).status_code == 200


# ---- events: all-day (5.3, 16.1) ----

@pytest.mark.parametrize("write,read,sent,seen", [
    ("inclusive", "exclusive", "2026-05-18", "2026-05-19"),
    ("inclusive", "inclusive", "2026-05-18", "2026-05-18"),
    ("exclusive", "exclusive", "2026-05-19", "2026-05-19"),
    ("exclusive", "inclusive", "2026-05-19", "2026-05-18"),
])
def test_the_end_date_is_read_and_written_as_switched(sim, write, read, sent, seen):
    sim.switch(allday_write=write, allday_read=read)
    event = make(sim, start_time=day("2026-05-18"), end_time=day(sent))
    assert event["start_time"] == day("2026-05-18")
    assert event["end_time"] == day(seen)


def test_the_zone_of_an_all_day_event_is_utc_whatever_is_sent(sim):
    event = make(sim, start_time={"date": "2026-05-18", "timezone": "Asia/Tokyo"},
                 end_time=day("2026-05-18"))
    assert event["start_time"]["timezone"] == "UTC"


def test_a_zero_length_event_can_be_refused(sim):
    assert make(sim, minutes=0)["end_time"] == at(T0)
    sim.switch(zero_length="refuse")
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(minutes=0))
    assert code(reply) == (400, 190014)


# ---- events: rules (5.4) ----

@pytest.mark.parametrize("sent,kept", [
    ("FREQ=DAILY", "FREQ=DAILY;INTERVAL=1"),
    ("RRULE:FREQ=DAILY", "FREQ=DAILY;INTERVAL=1"),
    ("BYDAY=WE;WKST=SU;INTERVAL=2;UNTIL=20260219T145959Z;FREQ=WEEKLY",
     "FREQ=WEEKLY;UNTIL=20260219T145959Z;INTERVAL=2;WKST=SU;BYDAY=WE"),
    ("freq=monthly;byday=1th;count=3", "FREQ=MONTHLY;COUNT=3;INTERVAL=1;BYDAY=1TH"),
    ("FREQ=MONTHLY;BYDAY=MO,TU;BYSETPOS=-1", "FREQ=MONTHLY;INTERVAL=1;BYDAY=MO,TU;BYSETPOS=-1"),
])
def test_a_rule_comes_back_in_feishus_order(sim, sent, kept):
    assert make(sim, recurrence=sent)["recurrence"] == kept


@pytest.mark.parametrize("rule,expected", [
    ("nonsense", 190014), ("INTERVAL=2", 190014), ("FREQ=HOURLY", 190014),
    ("FREQ=DAILY;FREQ=WEEKLY", 190014), ("FREQ=DAILY;INTERVAL=0", 190014),
    ("FREQ=DAILY;COUNT=x", 190014), ("FREQ=DAILY;UNTIL=tomorrow", 190014),
    ("FREQ=DAILY;UNTIL=20260230", 190014), ("FREQ=WEEKLY;BYDAY=XX", 190014),
    ("FREQ=DAILY;X-FOO=1", 190014), ("FREQ=DAILY;;INTERVAL=1", None),
    ("FREQ=DAILY;COUNT=2;UNTIL=20260301T000000Z", 190002),
])
def test_a_broken_rule_is_refused(sim, rule, expected):
    reply = sim.call(ADA, "POST", f"/{sim.primary(ADA)}/events", timed(recurrence=rule))
    if expected:
        assert code(reply) == (400, expected)
    else:
        assert reply.status_code == 200


def test_rules_obey_their_switches(sim):
    events = f"/{sim.primary(ADA)}/events"
    sim.switch(count="refuse", rrule_parts="named", rrule_prefix="on")
    assert code(sim.call(ADA, "POST", events, timed(recurrence="FREQ=DAILY;COUNT=2"))) == (
        400, 190014)
    assert code(sim.call(ADA, "POST", events, timed(recurrence="FREQ=YEARLY;BYMONTH=3"))) == (
        400, 190014)
    assert make(sim, recurrence="FREQ=DAILY")["recurrence"] == "RRULE:FREQ=DAILY;INTERVAL=1"


def instances(sim, event, start, end, **query):
    return sim.data(ADA, "GET", path(sim, event) + "/instances",
                    query={"start_time": start, "end_time": end, **query})["items"]


def starts(items):
    return [int(i["start_time"]["timestamp"]) for i in items]


def test_a_series_keeps_its_local_time_over_the_change_of_clocks(sim):
    # 09:00 in Berlin: 08:00 UTC before 29 March 2026, 07:00 UTC from then on
    start = 1774512000                     # Thursday 2026-03-26 08:00 UTC
    event = make(sim, start_time=at(start, "Europe/Berlin"), end_time=at(start + 1800,
                 "Europe/Berlin"), recurrence="FREQ=DAILY;COUNT=5")
    assert starts(instances(sim, event, start - 1, start + 10 * DAY)) == [
        start, start + DAY, start + 2 * DAY, start + 3 * DAY - 3600, start + 4 * DAY - 3600]


def test_until_is_the_last_instant_that_counts(sim):
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107T013000Z")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY, T0 + 2 * DAY]
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107T012959Z")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY]
    event = make(sim, recurrence="FREQ=DAILY;UNTIL=20260107")
    assert starts(instances(sim, event, T0 - 1, T0 + 10 * DAY)) == [T0, T0 + DAY, T0 + 2 * DAY]


def test_all_day_series_have_utc_midnight_as_original_time(sim):
    event = make(sim, start_time=day("2026-01-05"), end_time=day("2026-01-06"),
                 recurrence="FREQ=WEEKLY;COUNT=2")
    items = instances(sim, event, T0 - DAY, T0 + 30 * DAY)
    assert [i["event_id"] for i in items] == [f"{uid(event)}_1767571200", f"{uid(event)}_1768176000"]
    assert [i["end_time"]["date"] for i in items] == ["2026-01-07", "2026-01-14"]


def test_instances_come_in_pages_within_two_years(sim):
    event = make(sim, recurrence="FREQ=DAILY")
    query = {"start_time": T0 - 1, "end_time": T0 + 25 * DAY - 60, "page_size": 10}
    page = sim.data(ADA, "GET", path(sim, event) + "/instances", query=query)
    assert len(page["items"]) == 10 and page["has_more"]
    query["page_token"] = page["page_token"]
    assert starts(sim.data(ADA, "GET", path(sim, event) + "/instances",
                           query=query)["items"])[0] == T0 + 10 * DAY
    wide = {"start_time": T0, "end_time": T0 + 3 * 366 * DAY}
    assert code(sim.call(ADA, "GET", path(sim, event) + "/instances", query=wide)) == (400, 190002)
    assert code(sim.call(ADA, "GET", path(sim, event) + "/instances")) == (400, 99992402)


# ---- events: exceptions (5.1, 5.8, 5.9) ----

def test_patching_an_occurrence_makes_an_exception(sim):
    series = weekly(sim)
    moved = sim.data(ADA, "PATCH", f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}", {
        "start_time": at(T0 + 8 * DAY), "end_time": at(T0 + 8 * DAY + 3600)})["event"]
    assert moved["is_exception"] and moved["recurrence"] == ""
    assert moved["event_id"] == occurrence(series, 1)
    assert moved["recurring_event_id"] == series["event_id"]
    assert starts(instances(sim, series, T0 - 1, T0 + 15 * DAY)) == [
        T0, T0 + 8 * DAY, T0 + 14 * DAY]


def test_deleting_an_occurrence_leaves_a_cancelled_exception(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "DELETE", target)
    assert sim.data(ADA, "GET", target)["event"]["status"] == "cancelled"
    assert [i["status"] for i in instances(sim, series, T0 - 1, T0 + 15 * DAY)] == [
        "confirmed", "cancelled", "confirmed"]
    assert code(sim.call(ADA, "DELETE", target)) == (403, 193003)


def test_delete_exception_brings_the_occurrence_back(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "PATCH", target, {"summary": "other"})
    sim.data(ADA, "DELETE", target, query={"delete_exception": "true"})
    items = instances(sim, series, T0 - 1, T0 + 15 * DAY)
    assert [i["summary"] for i in items] == ["series"] * 3
    sim.switch(delete_exception="refuse")
    assert code(sim.call(ADA, "DELETE", target, query={"delete_exception": "true"})) == (
        400, 190002)


def test_a_patched_cancelled_occurrence_is_restored_or_refused(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "DELETE", target)
    sim.switch(restore_cancelled="refuse")
    assert code(sim.call(ADA, "PATCH", target, {"summary": "back"})) == (403, 193003)
    sim.switch(restore_cancelled="patch")
    assert sim.data(ADA, "PATCH", target, {"summary": "back"})["event"]["status"] == "confirmed"


def test_deleting_a_master_leaves_its_exceptions_unless_switched(sim):
    cal = sim.primary(ADA)
    for switch, left in (("leave", 1), ("cascade", 0)):
        sim.switch(delete_master=switch)
        series = weekly(sim)
        sim.data(ADA, "PATCH", f"/{cal}/events/{occurrence(series, 1)}", {"summary": "kept"})
        sim.data(ADA, "DELETE", path(sim, series))
        ids = [i["event_id"] for i in everything(sim)["items"] if uid(i) == uid(series)]
        assert len(ids) == left


def test_series_fields_do_not_flow_into_exceptions(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    sim.data(ADA, "PATCH", target, {"location": {"name": "here"}})
    sim.data(ADA, "PATCH", path(sim, series), {"summary": "renamed"})
    assert sim.data(ADA, "GET", target)["event"]["summary"] == "series"


def test_an_occurrence_outside_the_rule_does_not_exist(sim):
    series = weekly(sim)
    wrong = f"/{sim.primary(ADA)}/events/{uid(series)}_{T0 + DAY}"
    for method, body in (("GET", None), ("PATCH", {"summary": "x"}), ("DELETE", None)):
        assert code(sim.call(ADA, method, wrong, body)) == (404, 193001)


def test_an_untouched_occurrence_is_a_plain_instance_or_not_found(sim):
    series = weekly(sim)
    target = f"/{sim.primary(ADA)}/events/{occurrence(series, 2)}"
    event = sim.data(ADA, "GET", target)["event"]
    assert (event["event_id"], event["is_exception"], event["recurrence"]) == (
        occurrence(series, 2), False, "")
    assert event["start_time"] == at(T0 + 14 * DAY)
    sim.switch(occurrence_get="not_found")
    assert code(sim.call(ADA, "GET", target)) == (404, 193001)


def test_moving_a_series_shifts_its_original_times(sim):
    series = weekly(sim)
    sim.data(ADA, "PATCH", path(sim, series), {
        "start_time": at(T0 + 3600), "end_time": at(T0 + 7200)})
    old = f"/{sim.primary(ADA)}/events/{occurrence(series, 1)}"
    assert code(sim.call(ADA, "GET", old)) == (404, 193001)
    assert starts(instances(sim, series, T0 - 1, T0 + 8 * DAY)) == [T0 + 3600, T0 + 7 * DAY + 3600]


def test_an_exception_takes_no_rule(sim):
    target = f"/{sim.primary(ADA)}/events/{occurrence(weekly(sim), 1)}"
    assert code(sim.call(ADA, "PATCH", target, {"recurrence": "FREQ=DAILY"})) == (400, 190014)


# ---- events: patch (5.8) ----

def test_omitted_fields_stay(sim):
    event = make(sim, summary="a", description="b", location={"name": "c"}, color=5,
                 reminders=[{"minutes": 10}, {"minutes": -5}])
    after = sim.data(ADA, "PATCH", path(sim, event), {"summary": "z"})["event"]
    assert after == {**event, "summary": "z"}


def test_start_without_end_is_ignored(sim):
    event = make(sim)
    after = sim.data(ADA, "PATCH", path(sim, event), {"start_time": at(T0 - 3600)})["event"]
    assert after["start_time"] == event["start_time"]


@pytest.mark.parametrize("switch,summary,location,reminders,rule", [
    ("clear", "", None, [], ""),
    ("text", "", {"name": "c"}, [{"minutes": 10}], "FREQ=DAILY;INTERVAL=1"),
    ("keep", "a", {"name": "c"}, [{"minutes": 10}], "FREQ=DAILY;INTERVAL=1"),
])
def test_empty_values_clear_or_stay_as_switched(sim, switch, summary, location, reminders, rule):
    sim.switch(clear_empty=switch)
    event = make(sim, summary="a", location={"name": "c"}, reminders=[{"minutes": 10}],
                 recurrence="FREQ=DAILY")
    after = sim.data(ADA, "PATCH", path(sim, event), {
        "summary": "", "location": {}, "reminders": [], "recurrence": ""})["event"]
    assert after["summary"] == summary
    assert after.get("location") == location
    assert after["reminders"] == reminders
    assert after["recurrence"] == rule


def test_visibility_after_creation_is_the_callers_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    event = make(sim, cal=cal, visibility="public")
    target = f"/{cal}/events/{event['event_id']}"
    sim.data(BOB, "PATCH", target, {"visibility": "private", "free_busy_status": "free"})
    mine, his = (sim.data(u, "GET", target)["event"] for u in (ADA, BOB))
    assert (mine["visibility"], mine["free_busy_status"]) == ("public", "busy")
    assert (his["visibility"], his["free_busy_status"]) == ("private", "free")


def test_colour_and_reminders_are_each_ones_own(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "writer")
    event = make(sim, cal=cal, color=7, reminders=[{"minutes": 5}])
    his = sim.data(BOB, "GET", f"/{cal}/events/{event['event_id']}")["event"]
    assert (his["color"], his["reminders"]) == (-1, [])


def test_timed_to_all_day_can_be_refused(sim):
    event = make(sim)
    change = {"start_time": day("2026-01-05"), "end_time": day("2026-01-05")}
    sim.switch(timed_allday_patch="refuse")
    assert code(sim.call(ADA, "PATCH", path(sim, event), change)) == (400, 190014)
    sim.switch(timed_allday_patch="accept")
    assert sim.data(ADA, "PATCH", path(sim, event), change)["event"]["start_time"] == day(
        "2026-01-05")


# ---- events: get and delete ----

@pytest.mark.parametrize("event_id,expected", [
    ("nonsense", (400, 193000)), ("x_", (400, 193000)), ("x_-1", (400, 193000)),
    ("3430be1f-0000-4000-8000-000000000001_0", (404, 193001)),
])
def test_a_wrong_event_id_is_told_precisely(sim, event_id, expected):
    for method in ("GET", "DELETE"):
        assert code(sim.call(ADA, method, f"/{sim.primary(ADA)}/events/{event_id}")) == expected


def test_a_deleted_event_is_193003(sim):
    event = make(sim)
    sim.data(ADA, "DELETE", path(sim, event))
    for method, body in (("GET", None), ("PATCH", {"summary": "x"}), ("DELETE", None)):
        assert code(sim.call(ADA, method, path(sim, event), body)) == (403, 193003)
    sim.switch(deleted_get="cancelled")
    assert sim.data(ADA, "GET", path(sim, event))["event"]["status"] == "cancelled"


def test_need_notification_of_delete_is_true_or_false(sim):
    event = make(sim)
    reply = sim.call(ADA, "DELETE", path(sim, event), query={"need_notification": "no"})
    assert code(reply) == (400, 99992402)


# ---- events: the list (5.11) ----

def test_a_full_read_needs_an_anchor_for_page_tokens(sim):
    sim.switch(rate_limit="off")
    for n in range(60):
        make(sim, summary=f"e{n}")
    cut = listing(sim, page_size=50)
    assert cut["has_more"] and cut["page_token"] == "" and cut["sync_token"] == ""
    first = listing(sim, page_size=50, anchor_time=1)
    second = listing(sim, page_size=50, anchor_time=1, page_token=first["page_token"])
    assert len({i["event_id"] for i in first["items"] + second["items"]}) == 60
    assert first["sync_token"] == "" and second["sync_token"] and not second["has_more"]
    sim.switch(page_token_without_anchor="on")
    assert listing(sim, page_size=50)["page_token"]


@pytest.mark.parametrize("size", ["49", "0", "-1", "1001", "many"])
def test_page_sizes_out_of_range_are_refused(sim, size):
    reply = sim.call(ADA, "GET", f"/{sim.primary(ADA)}/events", query={"page_size": size})
    assert code(reply) == (400, 99992402)
    assert reply.json()["error"]["field_violations"][0]["field"] == "page_size"


def test_page_sizes_below_the_minimum_can_be_clamped(sim):
    sim.switch(page_size_below_min="clamp")
    assert listing(sim, page_size=10)["items"] == []


def test_the_anchor_filters_single_events_and_exceptions_but_no_series(sim):
    make(sim, summary="old", start=T0 - 30 * DAY)
    make(sim, summary="old series", start=T0 - 30 * DAY, recurrence="FREQ=DAILY;COUNT=2")
    series = weekly(sim, start=T0)
    for week, summary in ((0, "early"), (2, "late")):
        sim.data(ADA, "PATCH", f"/{sim.primary(ADA)}/events/{occurrence(series, week)}",
                 {"summary": summary})
    items = listing(sim, anchor_time=T0 + 7 * DAY)["items"]
    assert sorted(i["summary"] for i in items) == ["late", "old series", "series"]


def test_the_sync_token_delivers_what_changed_since(sim):
    kept, gone = make(sim, summary="kept"), make(sim, summary="gone")
    first = everything(sim)
    assert listing(sim, sync_token=first["sync_token"])["items"] == []
    sim.data(ADA, "PATCH", path(sim, kept), {"summary": "changed"})
    sim.data(ADA, "DELETE", path(sim, gone))
    new = make(sim, summary="new")
    second = listing(sim, sync_token=first["sync_token"])
    assert [(i["event_id"], i["summary"], i["status"]) for i in second["items"]] == [
        (kept["event_id"], "changed", "confirmed"), (gone["event_id"], "gone", "cancelled"),
        (new["event_id"], "new", "confirmed")]
    assert listing(sim, sync_token=second["sync_token"])["items"] == []


@pytest.mark.parametrize("switch,expected", [
    ("minimal", [{"event_id": None, "status": "cancelled"}]), ("absent", [])])
def test_deleted_items_are_as_switched(sim, switch, expected):
    sim.switch(deleted_items=switch)
    event = make(sim)
    token = everything(sim)["sync_token"]
    sim.data(ADA, "DELETE", path(sim, event))
    for item in expected:
        item["event_id"] = event["event_id"]
    assert listing(sim, sync_token=token)["items"] == expected


def test_a_series_comes_once_with_its_exceptions_as_items(sim):
    series = weekly(sim)
    events = f"/{sim.primary(ADA)}/events/"
    token = everything(sim)["sync_token"]
    sim.data(ADA, "PATCH", events + occurrence(series, 1), {"summary": "moved"})
    sim.data(ADA, "DELETE", events + occurrence(series, 2))
    changed = listing(sim, sync_token=token)["items"]
    assert [(i["event_id"], i["status"], i["recurring_event_id"]) for i in changed] == [
        (occurrence(series, 1), "confirmed", series["event_id"]),
        (occurrence(series, 2), "cancelled", series["event_id"])]
    assert len(everything(sim)["items"]) == 3


def test_incremental_reads_come_in_pages_too(sim):
    sim.switch(rate_limit="off")
    token = everything(sim)["sync_token"]
    for n in range(120):
        make(sim, summary=str(n))
    seen, query = [], {"sync_token": token, "page_size": 50}
    for pages in range(1, 9):
        reply = listing(sim, **query)
        seen += [i["summary"] for i in reply["items"]]
        if not reply["has_more"]:
            break
        query = {"page_token": reply["page_token"], "page_size": 50}
    assert pages == 3
    assert seen == [str(n) for n in range(120)]


def test_a_change_between_two_pages_is_not_lost(sim):
    sim.switch(rate_limit="off")
    events = [make(sim, summary=str(n)) for n in range(60)]
    first = listing(sim, anchor_time=1, page_size=50)
    sim.data(ADA, "PATCH", path(sim, events[0]), {"summary": "meanwhile"})
    second = listing(sim, anchor_time=1, page_size=50, page_token=first["page_token"])
    late = listing(sim, sync_token=second["sync_token"])
    assert [i["summary"] for i in late["items"]] == ["meanwhile"]


def test_expired_tokens_are_190008(sim):
    token = everything(sim)["sync_token"]
    sim.tokens(sync="expire", calendar_id=sim.primary(ADA))
    query = {"sync_token": token}
    assert code(sim.call(ADA, "GET", f"/{sim.primary(ADA)}/events", query=query)) == (400, 190008)


@pytest.mark.parametrize("more", [{"start_time": 1, "end_time": 2}, {"anchor_time": 1}])
def test_a_sync_token_with_other_restrictions_is_190009(sim, more):
    query = {"sync_token": everything(sim)["sync_token"], **more}
    assert code(sim.call(ADA, "GET", f"/{sim.primary(ADA)}/events", query=query)) == (400, 190009)


@pytest.mark.parametrize("query", [
    {"sync_token": "nonsense"}, {"page_token": "nonsense"}, {"start_time": 5},
    {"start_time": 10, "end_time": 5}, {"start_time": 5, "end_time": 10, "anchor_time": 1}])
def test_queries_that_do_not_fit_are_190002(sim, query):
    assert code(sim.call(ADA, "GET", f"/{sim.primary(ADA)}/events", query=query)) == (400, 190002)


def test_tokens_belong_to_their_calendar(sim):
    token = everything(sim)["sync_token"]
    reply = sim.call(ADA, "GET", f"/{shared(sim)}/events", query={"sync_token": token})
    assert code(reply) == (400, 190002)


@pytest.mark.parametrize("switch,alone,both", [
    ("either", 200, 200), ("alone", 200, 400), ("both", 400, 200)])
def test_page_and_sync_token_together_are_as_switched(sim, switch, alone, both):
    sim.switch(rate_limit="off", sync_page_token=switch)
    token = everything(sim)["sync_token"]
    for n in range(51):
        make(sim)
    page = listing(sim, sync_token=token, page_size=50)["page_token"]
    where = f"/{sim.primary(ADA)}/events"
    assert sim.call(ADA, "GET", where, query={"page_token": page}).status_code == alone
    assert sim.call(ADA, "GET", where, query={
        "page_token": page, "sync_token": token}).status_code == both


def test_a_window_is_cut_off_without_notice(sim):
    sim.switch(rate_limit="off")
    for n in range(60):
        make(sim, start=T0 + n * 60)
    make(sim, summary="elsewhere", start=T0 + 90 * DAY)
    reply = listing(sim, start_time=T0, end_time=T0 + DAY, page_size=50)
    assert len(reply["items"]) == 50
    assert (reply["has_more"], reply["page_token"], reply["sync_token"]) == (False, "", "")
    assert len(listing(sim, start_time=T0, end_time=T0 + DAY)["items"]) == 60


def test_a_window_holds_masters_that_reach_into_it(sim):
    make(sim, summary="over", recurrence="FREQ=DAILY;COUNT=3")
    make(sim, summary="endless", recurrence="FREQ=DAILY")
    reply = listing(sim, start_time=T0 + 30 * DAY, end_time=T0 + 31 * DAY)
    assert [i["summary"] for i in reply["items"]] == ["endless"]


def test_a_private_event_shows_readers_no_title(sim):
    cal = shared(sim)
    share(sim, cal, BOB, "reader")
    make(sim, cal=cal, summary="secret", visibility="private", location={"name": "x"})
    make(sim, cal=cal, summary="plain")
    items = everything(sim, BOB, cal)["items"]
    assert [(i["summary"], "location" in i) for i in items] == [("", False), ("plain", False)]


def test_a_google_calendar_cannot_be_listed(sim):
    sim.reset({"people": [{"name": "A", "email": ADA}],
               "calendars": [{"key": "g", "owner": ADA, "type": "google", "summary": "G"}]})
    cal = sim.calendar("G")["calendar_id"]
    assert code(sim.call(ADA, "GET", f"/{cal}/events")) == (403, 191004)


@pytest.mark.parametrize("switch,seen", [("array", {"items": []}), ("null", {"items": None}),
                                         ("missing", {})])
def test_empty_lists_are_as_switched(sim, switch, seen):
    sim.switch(lists_empty=switch)
    reply = everything(sim)
    assert {k: v for k, v in reply.items() if k == "items"} == seen
    assert reply["has_more"] is False


def test_optional_texts_can_be_missing(sim):
    make(sim)
    sim.switch(strings_empty="missing")
    item, = everything(sim)["items"]
    assert "description" not in item and "recurrence" not in item


def test_reads_lag_behind_writes_when_switched(sim):
    sim.clock(set=T0)
    old = make(sim, summary="old")
    token = everything(sim)["sync_token"]
    sim.switch(write_lag_ms=2000)
    new = make(sim, summary="new")
    sim.data(ADA, "PATCH", path(sim, old), {"summary": "changed"})
    assert [i["summary"] for i in everything(sim)["items"]] == ["old"]
    assert listing(sim, sync_token=token)["items"] == []
    assert sim.data(ADA, "GET", path(sim, old))["event"]["summary"] == "old"
    assert code(sim.call(ADA, "GET", path(sim, new))) == (404, 193001)
    early = listing(sim, sync_token=token)["sync_token"]
    sim.clock(advance=3)
    assert [i["summary"] for i in listing(sim, sync_token=early)["items"]] == ["new", "changed"]


# ---- the expanded view and search (5.12, 5.14) ----

def view(sim, start, end, user=ADA):
    return sim.call(user, "GET", f"/{sim.primary(user)}/events/instance_view",
                    query={"start_time": start, "end_time": end})


def test_the_view_expands_series_in_order(sim):
    make(sim, summary="single", start=T0 + 3600)
    weekly(sim)
    items = view(sim, T0 - 1, T0 + 8 * DAY).json()["data"]["items"]
    assert [(i["summary"], i["event_id"].endswith("_0")) for i in items] == [
        ("series", False), ("single", True), ("series", False)]
    assert "recurrence" not in items[0] and items[0]["recurring_event_id"].endswith("_0")


def test_the_view_has_its_limits(sim):
    assert code(view(sim, T0, T0 + 40 * DAY)) == (400, 193103)
    assert view(sim, T0, T0 + 40 * DAY - 1).status_code == 200
    sim.switch(rate_limit="off")
    for n in range(30):
        make(sim, recurrence="FREQ=DAILY", start=T0 + n * 60)
    assert code(view(sim, T0, T0 + 39 * DAY)) == (400, 193104)


def test_search_looks_at_the_last_month_unless_told(sim):
    make(sim, summary="Alpha one")
    where = f"/{sim.primary(ADA)}/events/search"
    sim.clock(set=T0 + 60 * DAY)
    sim.tokens()
    assert sim.data(ADA, "POST", where, {"query": "alpha"})["items"] == []
    found = sim.data(ADA, "POST", where, {"query": "alpha", "filter": {
        "start_time": at(T0 - DAY), "end_time": at(T0 + DAY)}})["items"]
    assert [i["summary"] for i in found] == ["Alpha one"]
    assert "create_time" not in found[0] and "vchat" not in found[0]


# ---- attendees (6) ----

def test_an_invited_person_sees_the_event_on_the_own_calendar(sim):
    event = make(sim, summary="meet")
    invite(sim, event, BOB)
    item, = everything(sim, BOB)["items"]
    assert item["event_id"] == event["event_id"]
    assert item["organizer_calendar_id"] == sim.primary(ADA)
    assert (item["status"], item["self_rsvp_status"]) == ("tentative", "needs_action")


def test_the_inviter_becomes_an_attendee_too(sim):
    event = make(sim)
    invite(sim, event, BOB)
    items = sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]
    assert {i["display_name"]: (i["is_organizer"], i["rsvp_status"]) for i in items} == {
        "Ada": (True, "accept"), "Bob": (False, "needs_action")}
    event = make(sim)
    invite(sim, event, BOB, add_operator_to_attendee=False)
    assert len(sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]) == 1


def test_a_participant_may_change_only_the_four_fields(sim):
    event = make(sim)
    invite(sim, event, BOB)
    his = path(sim, event, BOB)
    assert code(sim.call(BOB, "PATCH", his, {"summary": "mine"})) == (403, 193002)
    assert code(sim.call(BOB, "DELETE", his)) == (403, 193002)
    after = sim.data(BOB, "PATCH", his, {"reminders": [{"minutes": 3}], "color": 9,
                                         "visibility": "private", "free_busy_status": "free"})
    assert after["event"]["reminders"] == [{"minutes": 3}]
    assert sim.data(ADA, "GET", path(sim, event))["event"]["reminders"] == []
    sim.switch(participant_patch="ignore")
    assert sim.data(BOB, "PATCH", his, {"summary": "mine"})["event"]["summary"] == "event"


@pytest.mark.parametrize("answer_,status", [
    ("accept", "confirmed"), ("tentative", "tentative"), ("decline", "confirmed")])
def test_a_reply_is_seen_by_both(sim, answer_, status):
    event = make(sim)
    invite(sim, event, BOB)
    sim.data(BOB, "POST", path(sim, event, BOB) + "/reply", {"rsvp_status": answer_})
    his = sim.data(BOB, "GET", path(sim, event, BOB))["event"]
    assert (his["self_rsvp_status"], his["status"]) == (answer_, status)
    seen = {i["display_name"]: i["rsvp_status"] for i in
            sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]}
    assert seen["Bob"] == answer_


def test_who_is_not_invited_cannot_reply(sim):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/reply", {"rsvp_status": "accept"})
    assert code(reply) == (403, 193002)
    reply = sim.call(ADA, "POST", path(sim, event) + "/reply", {"rsvp_status": "needs_action"})
    assert code(reply) == (400, 99992402)


def test_replying_to_one_occurrence_makes_an_exception(sim):
    series = weekly(sim)
    invite(sim, series, BOB)
    sim.data(BOB, "POST", f"/{sim.primary(BOB)}/events/{occurrence(series, 1)}/reply",
             {"rsvp_status": "decline"})
    items = {i["event_id"]: i["self_rsvp_status"] for i in everything(sim, BOB)["items"]}
    assert items == {series["event_id"]: "needs_action", occurrence(series, 1): "decline"}


def test_an_uninvited_person_sees_the_event_cancelled(sim):
    event = make(sim)
    invite(sim, event, BOB)
    token = everything(sim, BOB)["sync_token"]
    sim.data(ADA, "POST", path(sim, event) + "/attendees/batch_delete", {
        "delete_ids": [{"type": "user", "user_id": open_id(sim, BOB)}]})
    assert [i["status"] for i in listing(sim, BOB, sync_token=token)["items"]] == ["cancelled"]
    assert everything(sim, BOB)["items"] == []
    assert code(sim.call(BOB, "GET", path(sim, event, BOB))) == (403, 193003)


def test_attendees_are_hidden_unless_the_ability_shows_them(sim):
    event = make(sim)
    invite(sim, event, BOB)
    his = path(sim, event, BOB)
    assert code(sim.call(BOB, "GET", his + "/attendees")) == (403, 194001)
    assert code(sim.call(BOB, "GET", his, query={"need_attendee": "true"})) == (403, 194001)
    sim.data(ADA, "PATCH", path(sim, event), {"attendee_ability": "can_see_others"})
    event_ = sim.data(BOB, "GET", his, query={"need_attendee": "true"})["event"]
    assert len(event_["attendees"]) == 2 and event_["has_more_attendee"] is False


def test_inviting_others_needs_the_ability(sim):
    event = make(sim)
    invite(sim, event, BOB)
    where = path(sim, event, BOB) + "/attendees"
    body = {"attendees": [{"type": "user", "user_id": open_id(sim, EVE)}]}
    assert code(sim.call(BOB, "POST", where, body)) == (403, 194002)
    sim.data(ADA, "PATCH", path(sim, event), {"attendee_ability": "can_invite_others"})
    assert sim.call(BOB, "POST", where, body).status_code == 200
    drop = {"delete_ids": [{"type": "user", "user_id": open_id(sim, EVE)}]}
    assert code(sim.call(BOB, "POST", where + "/batch_delete", drop)) == (403, 194003)


@pytest.mark.parametrize("attendee,expected", [
    ({"type": "user", "user_id": "ou_nobody"}, (400, 99992351)),
    ({"type": "resource", "room_id": "omm_nowhere"}, (400, 99992375)),
    ({"type": "robot"}, (400, 99992402)), ({"user_id": "x"}, (400, 194004)),
    ({"type": "user"}, (400, 190002)), ({"type": "third_party"}, (400, 190002)),
])
def test_an_attendee_who_does_not_exist_is_refused(sim, attendee, expected):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/attendees", {"attendees": [attendee]})
    assert code(reply) == expected
    assert sim.events()[0]["attendees"] == []


def test_third_parties_are_as_switched(sim):
    event = make(sim)
    body = {"attendees": [{"type": "third_party", "third_party_email": "x@y.example"}]}
    where = path(sim, event) + "/attendees"
    sim.switch(third_party_attendee="refuse")
    assert code(sim.call(ADA, "POST", where, body)) == (400, 194004)
    sim.switch(third_party_attendee="accept")
    added, = sim.data(ADA, "POST", where, body)["attendees"]
    assert added["third_party_email"] == "x@y.example"


def test_removing_who_is_not_there_is_194000(sim):
    event = make(sim)
    reply = sim.call(ADA, "POST", path(sim, event) + "/attendees/batch_delete",
                     {"attendee_ids": ["user_1"]})
    assert code(reply) == (404, 194000)


def test_a_chat_brings_its_members(sim):
    event = make(sim)
    added, = sim.data(ADA, "POST", path(sim, event) + "/attendees", {
        "attendees": [{"type": "chat", "chat_id": CHAT}]})["attendees"]
    members = sim.data(ADA, "GET", f"{path(sim, event)}/attendees/{added['attendee_id']}"
                       "/chat_members")["items"]
    assert [m["display_name"] for m in members] == ["Ada", "Bob"]
    assert len(everything(sim, BOB)["items"]) == 1


def test_the_first_attendee_brings_a_meeting_when_vchat_was_left_empty(sim):
    body = timed()
    del body["vchat"]
    event = sim.data(ADA, "POST", f"/{sim.primary(ADA)}/events", body)["event"]
    assert "vchat" not in event
    invite(sim, event, BOB)
    vchat = sim.data(ADA, "GET", path(sim, event))["event"]["vchat"]
    assert vchat["vc_type"] == "vc" and vchat["meeting_url"].startswith("https://vc.feishu.cn/j/")
    event = make(sim)
    invite(sim, event, BOB)
    assert sim.data(ADA, "GET", path(sim, event))["event"]["vchat"] == {"vc_type": "no_meeting"}


def test_attendees_come_in_pages(sim):
    event = make(sim)
    sim.data(ADA, "POST", path(sim, event) + "/attendees", {"attendees": [
        {"type": "third_party", "third_party_email": f"{n}@x.example"} for n in range(15)]})
    first = sim.data(ADA, "GET", path(sim, event) + "/attendees", query={"page_size": 1})
    assert len(first["items"]) == 10 and first["has_more"]
    second = sim.data(ADA, "GET", path(sim, event) + "/attendees",
                      query={"page_size": 10, "page_token": first["page_token"]})
    assert len(second["items"]) == 6 and not second["has_more"]


# ---- rooms (6.2, 10) ----

def book(sim, event, **more):
    return sim.data(ADA, "POST", path(sim, event) + "/attendees", {
        "attendees": [{"type": "resource", "room_id": ROOM, **more}]})["attendees"][0]


def room_answer(sim, event):
    items = sim.data(ADA, "GET", path(sim, event) + "/attendees")["items"]
    return next(i["rsvp_status"] for i in items if i["type"] == "resource")


def test_a_room_answers_after_a_while_and_only_once_for_a_time(sim):
    sim.clock(set=T0)
    first, second, later = (make(sim, start=T0 + n) for n in (0, 1800, 3600))
    assert book(sim, first)["rsvp_status"] == "needs_action"
    sim.clock(advance=3)
    assert room_answer(sim, first) == "accept"
    book(sim, second)
    book(sim, later)
    sim.clock(advance=3)
    assert (room_answer(sim, second), room_answer(sim, later)) == ("decline", "accept")


def test_a_rooms_answer_is_a_change_of_the_event(sim):
    sim.clock(set=T0)
    event = make(sim)
    book(sim, event)
    token = everything(sim)["sync_token"]
    sim.clock(advance=3)
    assert [i["event_id"] for i in listing(sim, sync_token=token)["items"]] == [event["event_id"]]


def test_a_moved_event_asks_its_room_again(sim):
    sim.clock(set=T0)
    event = make(sim)
    book(sim, event)
    sim.clock(advance=3)
    sim.data(ADA, "PATCH", path(sim, event), {
        "start_time": at(T0 + DAY), "end_time": at(T0 + DAY + 60)})
    assert room_answer(sim, event) == "needs_action"


def test_rooms_are_listed_for_the_app_and_searched_by_users(sim):
    rooms = sim.data(None, "GET", "/open-apis/vc/v1/rooms")["rooms"]
    assert [r["room_id"] for r in rooms] == [ROOM]
    assert sim.data(None, "GET", f"/open-apis/vc/v1/rooms/{ROOM}")["room"]["capacity"] == 8
    found = sim.data(ADA, "POST", "/open-apis/vc/v1/rooms/search", {"keyword": "lot"})["rooms"]
    assert [r["name"] for r in found] == ["Lotus"]
    assert code(sim.call(None, "GET", "/open-apis/vc/v1/rooms/omm_x")) == (404, 121004)
    many = sim.data(None, "POST", "/open-apis/vc/v1/rooms/mget", {"room_ids": [ROOM, "omm_x"]})
    assert len(many["items"]) == 1


# ---- free/busy (7) ----

FREEBUSY = "/open-apis/calendar/v4/freebusy/"
WEEK = {"time_min": "2026-01-05T00:00:00+08:00", "time_max": "2026-01-12T00:00:00+08:00"}


def test_free_busy_has_the_busy_times_of_the_primary_calendar(sim):
    make(sim)
    make(sim, start=T0 + DAY, free_busy_status="free")
    gone = make(sim, start=T0 + 2 * DAY)
    sim.data(ADA, "DELETE", path(sim, gone))
    make(sim, cal=shared(sim), start=T0 + 3 * DAY)
    body = {**WEEK, "user_id": open_id(sim, ADA)}
    assert sim.data(BOB, "POST", FREEBUSY + "list", body)["freebusy_list"] == [
        {"start_time": "2026-01-05T09:30:00+08:00", "end_time": "2026-01-05T10:30:00+08:00"}]
    body["only_busy"] = False
    assert len(sim.data(BOB, "POST", FREEBUSY + "list", body)["freebusy_list"]) == 2


def test_free_busy_is_neither_sorted_nor_merged(sim):
    make(sim, recurrence="FREQ=DAILY;COUNT=4")
    make(sim)
    body = {**WEEK, "user_ids": [open_id(sim, ADA)]}
    items = sim.data(ADA, "POST", FREEBUSY + "batch", body)["freebusy_lists"][0]["freebusy_items"]
    begins = [i["start_time"] for i in items]
    assert len(begins) == 5 and begins != sorted(begins)


def test_a_declined_invitation_is_free(sim):
    event = make(sim)
    invite(sim, event, BOB)
    body = {**WEEK, "user_id": open_id(sim, BOB), "need_rsvp_status": True}
    items = sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"]
    assert [i["rsvp_status"] for i in items] == ["needs_action"]
    sim.data(BOB, "POST", path(sim, event, BOB) + "/reply", {"rsvp_status": "decline"})
    assert sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"] == []


def test_a_booked_room_is_busy(sim):
    sim.clock(set=T0 - DAY)
    book(sim, make(sim))
    sim.clock(advance=3)
    body = {**WEEK, "room_id": ROOM}
    assert len(sim.data(ADA, "POST", FREEBUSY + "list", body)["freebusy_list"]) == 1
    token = sim.tokens(user=ADA, mint=True, scope="calendar:room:readonly")["access_token"]
    old = sim.call(ADA, "GET", "/open-apis/meeting_room/freebusy/batch_get", token=token,
                   query={"room_ids": [ROOM], **WEEK}).json()["data"]
    assert [b["organizer_info"]["name"] for b in old["free_busy"][ROOM]] == ["Ada"]


@pytest.mark.parametrize("method,change,expected", [
    ("list", {"time_max": "2026-04-06T00:00:00+08:00"}, (400, 190014)),
    ("list", {"time_min": "yesterday"}, (400, 190014)),
    ("list", {"time_min": None}, (400, 99992402)),
    ("list", {"user_id": None}, (400, 190002)),
    ("batch", {"time_max": "2026-01-20T00:00:00+08:00"}, (400, 198003)),
    ("batch", {"time_max": "2026-01-05 10:00"}, (400, 198002)),
    ("batch", {"user_ids": []}, (400, 198001)),
])
def test_free_busy_has_its_limits(sim, method, change, expected):
    ada = open_id(sim, ADA)
    body = {**WEEK, **({"user_id": ada} if method == "list" else {"user_ids": [ada]}), **change}
    body = {k: v for k, v in body.items() if v is not None}
    assert code(sim.call(ADA, "POST", FREEBUSY + method, body)) == expected


# ---- people (9) ----

def test_ids_are_found_by_e_mail_and_missing_when_unknown(sim):
    found = sim.data(None, "POST", "/open-apis/contact/v3/users/batch_get_id",
                     {"emails": [BOB, "nobody@example.com"], "mobiles": ["+8613800000003"]})
    assert [(u.get("email") or u["mobile"], u.get("user_id")) for u in found["user_list"]] == [
        (BOB, open_id(sim, BOB)), ("nobody@example.com", None),
        ("+8613800000003", open_id(sim, EVE))]


def test_a_person_is_shown_as_far_as_the_scopes_go(sim):
    user = sim.data(ADA, "GET", f"/open-apis/contact/v3/users/{open_id(sim, BOB)}")["user"]
    assert user["email"] == BOB and "name" not in user and "mobile" not in user
    full = sim.data(None, "GET", f"/open-apis/contact/v3/users/{open_id(sim, BOB)}")["user"]
    assert full["name"] == "Bob"


def test_several_people_by_repeated_query(sim):
    ids = [("user_ids", open_id(sim, BOB)), ("user_ids", open_id(sim, EVE)), ("user_ids", "ou_x")]
    items = sim.data(None, "GET", "/open-apis/contact/v3/users/batch", query=ids)["items"]
    assert [i["name"] for i in items] == ["Bob", "Eve"]


def test_users_search_people_by_name(sim):
    users = sim.data(ADA, "GET", "/open-apis/search/v1/user", query={"query": "bo"})["users"]
    assert [u["open_id"] for u in users] == [open_id(sim, BOB)]


def test_user_ids_need_a_scope(sim):
    reply = sim.call(ADA, "POST", "/primary", query={"user_id_type": "user_id"})
    assert code(reply) == (400, 99991679)
    reply = sim.call(ADA, "POST", "/primary", query={"user_id_type": "email"})
    assert code(reply) == (400, 99992402)


# ---- the rest (8) ----

def test_time_off_is_the_apps(sim):
    body = {"user_id": open_id(sim, ADA), "timezone": "Asia/Shanghai",
            "start_time": "2026-01-05", "end_time": "2026-01-05"}
    made = sim.data(None, "POST", "/open-apis/calendar/v4/timeoff_events", body)
    assert made["timeoff_event_id"].startswith("timeoff:")
    where = "/open-apis/calendar/v4/timeoff_events/" + made["timeoff_event_id"]
    assert sim.call(None, "DELETE", where).status_code == 200
    assert code(sim.call(None, "DELETE", where)) == (403, 195000)
    body["end_time"] = str(T0)
    assert code(sim.call(None, "POST", "/open-apis/calendar/v4/timeoff_events", body)) == (
        400, 190002)


def test_feishus_own_caldav_account_is_for_users(sim):
    conf = sim.data(ADA, "POST", "/open-apis/calendar/v4/settings/generate_caldav_conf",
                    {"device_name": "phone"})
    assert conf["server_address"] == "caldav.feishu.cn" and conf["device_name"] == "phone"


def test_exchange_bindings_are_for_administrators(sim):
    body = {"admin_account": "a@x", "exchange_account": "b@x", "user_id": open_id(sim, BOB)}
    where = "/open-apis/calendar/v4/exchange_bindings"
    assert code(sim.call(ADA, "POST", where, body)) == (403, 195101)
    made = sim.data(EVE, "POST", where, body)
    one = f"{where}/{urllib.parse.quote(made['exchange_binding_id'], safe='')}"
    assert sim.data(EVE, "GET", one)["status"] == "doing"
    assert sim.call(EVE, "DELETE", one).status_code == 200
    assert code(sim.call(EVE, "GET", one)) == (404, 195103)


def test_subscriptions_are_recorded(sim):
    sim.data(ADA, "POST", "/subscription")
    sim.data(ADA, "POST", f"/{sim.primary(ADA)}/events/subscription")
    assert sim.person(ADA)["list_subscribed"] is True
    cal = next(c for c in sim.calendars() if c["calendar_id"] == sim.primary(ADA))
    assert cal["event_subscribers"] == [open_id(sim, ADA)]


def test_an_attachment_is_uploaded_first(sim):
    files = {"file_name": (None, "a.txt"), "parent_type": (None, "calendar"),
             "parent_node": (None, sim.primary(ADA)), "size": (None, "3"),
             "file": ("a.txt", b"abc")}
    token = sim.tokens(user=ADA, mint=True, scope="drive:drive")["access_token"]
    reply = sim.call(ADA, "POST", "/open-apis/drive/v1/medias/upload_all", token=token,
                     files=files).json()
    event = make(sim, attachments=[{"file_token": reply["data"]["file_token"]}])
    assert [(a["name"], a["file_size"]) for a in event["attachments"]] == [("a.txt", "3")]
    after = sim.data(ADA, "PATCH", path(sim, event), {"attachments": [
        {"file_token": reply["data"]["file_token"], "is_deleted": True}]})["event"]
    assert "attachments" not in after


# ---- control ----

def test_who_is_notified_is_recorded(sim):
    event = make(sim)
    invite(sim, event, BOB)
    sim.data(ADA, "PATCH", path(sim, event), {"summary": "x", "need_notification": False})
    sim.data(ADA, "PATCH", path(sim, event), {"summary": "y"})
    sim.data(ADA, "PATCH", path(sim, event), {"color": 1})
    sim.data(ADA, "DELETE", path(sim, event), query={"need_notification": "false"})
    assert [(n["kind"], n["to"]) for n in sim.notifications()] == [
        ("invite", [open_id(sim, BOB)]), ("update", [open_id(sim, BOB)])]


def test_calls_are_recorded_in_order_with_who_and_what(sim):
    since = sim.last_call()
    sim.call(ADA, "POST", "", {"summary": "x"}, query={"a": "b c"})
    sim.call(None, "GET", "/nonsense")
    first, last = sim.calls(since)[0], sim.calls(since)[-1]
    assert (first["method"], first["path"], first["body"]) == ("POST", CALENDARS, {"summary": "x"})
    assert (first["token"], first["user"], first["query"]) == ("user", open_id(sim, ADA), {"a": "b c"})
    assert (last["token"], last["status"], last["code"]) == ("tenant", 400, 191001)


def test_a_fault_replaces_the_nth_answer_and_has_no_effect(sim):
    sim.fault(method="POST", path="*/events", nth=2, status=500, code=190003)
    where = f"/{sim.primary(ADA)}/events"
    assert [sim.call(ADA, "POST", where, timed(str(n))).status_code for n in range(3)] == [
        200, 500, 200]
    assert [e["summary"] for e in sim.events()] == ["0", "2"]
    assert sim.faults()[0]["hits"] == 1


@pytest.mark.parametrize("cut,count", [("before", 0), ("after", 1)])
def test_a_cut_connection_has_its_effect_or_not(sim, cut, count):
    where = f"/{sim.primary(ADA)}/events"
    sim.user_token(ADA)
    sim.fault(method="POST", path="*/events", cut=cut)
    with pytest.raises(requests.ConnectionError):
        sim.call(ADA, "POST", where, timed())
    assert len(sim.events()) == count


def test_faults_of_content(sim):
    sim.fault(invalid_json=True)
    with pytest.raises(requests.JSONDecodeError):
        sim.call(ADA, "GET", "").json()
    sim.fault(content_type="text/html", body="<h1>Bad gateway</h1>", status=502)
    reply = sim.call(ADA, "GET", "")
    assert (reply.status_code, reply.headers["Content-Type"]) == (502, "text/html")
    sim.fault(rate_limit_reset=7)
    reply = sim.call(ADA, "GET", "")
    assert reply.status_code == 429 and reply.headers["x-ogw-ratelimit-reset"] == "7"


def test_a_delayed_answer_holds_nobody_up(sim):
    sim.user_token(ADA), sim.user_token(BOB)
    cal = sim.primary(ADA)
    sim.fault(path="*/primary", delay_ms=1500)
    done = []
    slow = threading.Thread(target=lambda: done.append(FeishuSim.call(sim, BOB, "POST", "/primary")))
    slow.start()
    while not sim.faults()[0]["hits"]:
        pass
    begin = time.monotonic()
    assert requests.get(f"{sim.url}{CALENDARS}/{cal}", timeout=10, headers={
        "Authorization": "Bearer " + sim.user_token(ADA)}).status_code == 200
    assert time.monotonic() - begin < 1.2 and not done
    slow.join()
    assert done[0].status_code == 200


def test_edits_need_no_token_and_are_no_calls(sim):
    since = sim.last_call()
    event = sim.add_event(BOB, "his", (T0, T0 + 60), attendees=[{"user": ADA, "rsvp": "accept"}])
    sim.edit(ADA, "rsvp", event_id=event["event_id"], rsvp_status="decline")
    assert sim.calls(since) == []
    answers = {a["display_name"]: a["rsvp_status"] for a in sim.event("his")["attendees"]}
    assert answers == {"Bob": "accept", "Ada": "decline"}


def test_edits_obey_the_platform(sim):
    event = sim.add_event(BOB, "his", (T0, T0 + 60))
    with pytest.raises(ControlError, match="191002"):
        sim.edit(ADA, "event_delete", calendar_id=sim.primary(BOB), event_id=event["event_id"])


def test_every_switch_lists_its_positions_and_refuses_others(sim):
    for name, switch in sim.switches().items():
        assert switch["value"] == switch["default"]
        if switch["allowed"] != "a number":
            for position in switch["allowed"]:
                assert sim.switch(**{name: position})[name]["value"] == position
            with pytest.raises(ControlError):
                sim.switch(**{name: "sideways"})
    with pytest.raises(ControlError):
        sim.switch(nonsense="on")


def test_reset_brings_back_the_scenario(sim):
    before = sim.state("calendars")["calendars"]
    make(sim)
    sim.switch(count="refuse")
    sim.reset()
    assert sim.events() == [] and sim.switches()["count"]["value"] == "accept"
    assert len(sim.calendars()) == len(before)


def test_a_scenario_with_a_mistake_is_told(sim):
    with pytest.raises(ControlError, match="not known"):
        sim.reset({"people": [{"name": "A"}], "events": [{"as": "B", "when": {"day": 0}}]})


def test_relative_times_are_around_today(sim):
    sim.reset({"clock": {"set": "2026-03-04T12:00:00+08:00"}, "people": [{"name": "A"}], "events": [
        {"as": "A", "summary": "one", "when": {"day": 1, "time": "10:00", "minutes": 45}},
        {"as": "A", "summary": "two", "when": {"week": 0, "weekday": "MO", "days": 2}},
        {"as": "A", "summary": "three", "when": {"day": 0, "time": "09:00", "timezone": "UTC"},
         "recurrence": "FREQ=DAILY", "until_day": 3,
         "exceptions": [{"n": 1, "cancelled": True}, {"n": 2, "move_minutes": 30}]}]})
    one, two, three = (sim.event(s) for s in ("one", "two", "three"))
    assert one["start_time"] == at(1772676000)
    assert int(one["end_time"]["timestamp"]) - int(one["start_time"]["timestamp"]) == 45 * 60
    assert (two["start_time"]["date"], two["end_time"]["date"]) == ("2026-03-02", "2026-03-04")
    assert three["recurrence"] == "FREQ=DAILY;UNTIL=20260307T235959Z;INTERVAL=1"
    assert [e["status"] for e in three["exceptions"]] == ["cancelled", "confirmed"]


def test_changes_stand_in_the_feed_for_a_later_delivery(sim):
    since = max([c["seq"] for c in sim.feed()] or [0])
    event = make(sim)
    sim.data(ADA, "DELETE", path(sim, event))
    assert [(c["calendar_event_id"], c["change_type"]) for c in sim.feed(since)] == [
        (event["event_id"], "create"), (event["event_id"], "delete")]


def test_the_program_stops_within_a_second():
    sim = FeishuSim()
    sim.call(ADA, "GET", "")
    begin = time.monotonic()
    assert sim.stop() == 0
    assert time.monotonic() - begin < 2


def test_the_demo_scenario_loads():
    with FeishuSim(SCENARIOS / "demo.json") as sim:
        assert len(sim.events()) >= 60
    with FeishuSim(SCENARIOS / "minimal.json") as sim:
        assert [p["name"] for p in sim.state("people")["people"]][1:] == ["Ada", "Bob", "Eve"]
