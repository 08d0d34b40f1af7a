"""Signing in (2.3 to 2.5)."""

import re
import urllib.parse

import pytest
import requests

from asked import ADA, BOB, DAY, code, open_id
from feishu_sim import APP_ID, APP_SECRET


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
