"""Sign-in with Feishu, app passwords, tokens: what the bridge does and what Feishu saw of it."""

import json
import re
import sqlite3
import subprocess
from urllib.parse import parse_qs, urlsplit

import pytest
import requests

from bridge import PROGRAM, event, wait_until
from feishu_sim import ADA, BOB


def start(bridge):
    """The query of the authorize page a new sign-in leads to."""
    page = requests.get(bridge.url + "/login", allow_redirects=False, timeout=10)
    return page.headers["Location"], {k: v[0] for k, v in
                                      parse_qs(urlsplit(page.headers["Location"]).query).items()}


def consent(url, person=ADA):
    return requests.get(url + "&sim_user=" + person, allow_redirects=False,
                        timeout=10).headers["Location"]


def test_a_sign_in_uses_pkce_and_state_and_asks_for_offline_access(bridge):
    _, query = start(bridge)
    assert query["code_challenge_method"] == "S256"
    assert len(query["code_challenge"]) == 43
    assert len(query["state"]) >= 22
    assert "offline_access" in query["scope"].split()
    assert query["redirect_uri"] == bridge.url + "/oauth/callback"


def test_the_name_is_the_e_mail_address(bridge):
    assert bridge.sign_in(ADA).name == "ada@example.com"


def test_an_unknown_state_is_refused_and_nobody_is_signed_in(sim, bridge):
    back = consent(start(bridge)[0])
    forged = back.replace("state=", "state=x")
    assert requests.get(forged, allow_redirects=False, timeout=10).status_code == 400
    assert not bridge.users()
    assert not sim.calls(path="/oauth/v3/token")


def test_a_state_works_once(bridge):
    back = consent(start(bridge)[0])
    assert requests.get(back, allow_redirects=False, timeout=10).status_code == 302
    assert requests.get(back, allow_redirects=False, timeout=10).status_code == 400


def test_a_used_code_is_refused_in_words(bridge):
    first = consent(start(bridge)[0])
    assert requests.get(first, allow_redirects=False, timeout=10).status_code == 302
    code = parse_qs(urlsplit(first).query)["code"][0]
    state = parse_qs(urlsplit(consent(start(bridge)[0])).query)["state"][0]
    again = requests.get(f"{bridge.url}/oauth/callback?code={code}&state={state}",
                         allow_redirects=False, timeout=10)
    assert again.status_code >= 400
    assert list(bridge.users()) == [ADA]


def test_a_person_who_says_no_is_told_so(bridge):
    answer = requests.get(consent(start(bridge)[0], "refuse"), allow_redirects=False, timeout=10)
    assert answer.status_code == 403
    assert not bridge.users()


def test_without_the_v3_endpoint_v2_is_taken(sim, bridge):
    sim.switch(token_v3="404")
    bridge.sign_in(ADA)
    assert bridge.users()[ADA]["state"] == "ok"
    assert sim.calls(path="/authen/v2/oauth/token")


def test_a_second_sign_in_keeps_the_account_and_its_passwords(bridge):
    ada = bridge.sign_in(ADA)
    assert bridge.authorize(ADA).status_code == 302
    assert len(bridge.users()) == 1
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207


def test_login_on_the_command_line_completes_through_the_running_server(bridge):
    process = subprocess.Popen([PROGRAM, "user", "login", "--name", "ada"], env=bridge.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True)
    url = process.stdout.readline().strip()
    assert requests.get(consent(url), allow_redirects=False, timeout=10).status_code == 302
    rest, _ = process.communicate(timeout=20)
    assert process.returncode == 0
    assert rest == "ada\n"


@pytest.mark.parametrize("name", [b"", b"a:b", b"-x", b" x", b"a\nb", b"\xff\xfe", b"x" * 201])
def test_a_user_name_is_what_a_client_and_a_command_can_say(bridge, name):
    done = subprocess.run([PROGRAM, "user", "login", b"--name=" + name], env=bridge.env, timeout=10,
                          stdin=subprocess.DEVNULL, capture_output=True, check=False)
    assert (done.returncode, done.stdout) == (1, b"")
    assert done.stderr.startswith(b"feishu-caldav: a user name is at most 200 bytes")


def test_login_on_the_command_line_takes_a_pasted_address(bridge):
    process = subprocess.Popen([PROGRAM, "user", "login"], env=bridge.env, stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    url = process.stdout.readline().strip()
    rest, _ = process.communicate(consent(url) + "\n", timeout=20)
    assert process.returncode == 0
    assert rest == "ada@example.com\n"
    # The running server meets the account by itself.
    wait_until(lambda: bridge.users()[ADA]["last_sync"], "the first pull")


def test_login_on_the_command_line_reports_a_refusal(bridge):
    process = subprocess.Popen([PROGRAM, "user", "login"], env=bridge.env,
                               stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE, text=True)
    url = process.stdout.readline().strip()
    requests.get(consent(url, "refuse"), allow_redirects=False, timeout=10)
    _, errors = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "access_denied" in errors


def test_an_expired_access_token_is_refreshed_and_the_new_pair_is_kept(sim, bridge):
    ada = bridge.sign_in(ADA)
    sim.tokens(user=ADA, access="expire")
    sim.clear_calls()
    bridge.sync(ada.name)
    assert len(sim.calls(path="/oauth/v3/token")) == 1
    # The old refresh token is dead: only a stored new one can do this a second time.
    sim.tokens(user=ADA, access="expire")
    bridge.sync(ada.name)
    assert len(sim.calls(path="/oauth/v3/token")) == 2
    assert bridge.users()[ADA]["state"] == "ok"


def test_a_refresh_whose_answer_is_cut_before_it_took_effect_is_tried_again(sim, bridge):
    ada = bridge.sign_in(ADA)
    sim.tokens(user=ADA, access="expire")
    sim.fault(path="/oauth/v3/token", cut="before")
    bridge.sync(ada.name)
    assert bridge.users()[ADA]["state"] == "ok"


def test_a_dead_refresh_token_asks_for_a_new_sign_in_and_reading_goes_on(sim, bridge):
    sim.add_event(ADA, "Still here", (1800000000, 1800003600))
    ada = bridge.sign_in(ADA)
    href = ada.calendars()["Ada"]
    sim.tokens(user=ADA, access="expire", refresh="revoke")
    assert bridge.run("sync", ada.name, check=False).returncode == 1
    assert bridge.users()[ADA]["state"] == "sign-in needed"
    member = list(ada.members(href))[0]
    assert "Still here" in ada.get(member)
    answer = ada.put(href + "new.ics", event("new@example.com"))
    assert answer.status_code in (403, 503), answer.status_code
    bridge.authorize(ADA)
    assert bridge.users()[ADA]["state"] == "ok"
    assert ada.put(href + "new.ics", event("new@example.com")).status_code == 201


def test_without_a_refresh_token_the_end_of_the_access_token_is_the_end(sim, bridge):
    sim.switch(refresh_tokens="missing")
    ada = bridge.sign_in(ADA)
    assert bridge.users()[ADA]["state"] == "ok"
    sim.tokens(user=ADA, access="expire")
    done = bridge.run("sync", ada.name, check=False)
    assert done.returncode == 1
    assert "refresh token" in done.stderr
    assert bridge.users()[ADA]["state"] == "sign-in needed"


def test_app_passwords_are_long_alone_on_stdout_and_revocable(bridge):
    ada = bridge.sign_in(ADA)
    out = bridge.run("user", "password", ada.name, "--label", "phone").stdout
    assert out.count("\n") == 1
    assert len(out.strip().replace("-", "")) == 32  # base32: 160 bits
    ada.session.auth = (ada.name, out.strip())
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207
    listed = json.loads(bridge.run("user", "passwords", ada.name, "--json").stdout)
    phone = [one for one in listed if one["label"] == "phone"][0]
    assert phone["last_used"] > 0
    bridge.run("user", "passwords", ada.name, "--revoke", str(phone["id"]))
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 401
    assert bridge.run("user", "passwords", ada.name, "--revoke", str(phone["id"]),
                      check=False).returncode == 1


def test_guessing_is_throttled_while_a_known_password_still_works(bridge):
    ada = bridge.sign_in(ADA)
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207
    statuses = [requests.request("PROPFIND", bridge.url + "/dav/", auth=(ada.name, f"guess{i}"),
                                 timeout=10).status_code for i in range(30)]
    assert statuses[0] == 401
    assert statuses[-1] == 429
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207


def test_a_removed_account_is_gone_and_its_grant_revoked(sim, bridge):
    ada = bridge.sign_in(ADA)
    bridge.run("user", "remove", ada.name)
    assert not bridge.users()
    assert ada.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 401
    assert sim.calls(path="/oauth/v1/revoke")
    assert bridge.run("user", "show", ada.name, check=False).returncode == 1


def test_two_people_see_only_their_own_calendars(bridge):
    ada, bob = bridge.sign_in(ADA), bridge.sign_in(BOB)
    assert list(ada.calendars()) == ["Ada"]
    assert list(bob.calendars()) == ["Bob"]
    assert bob.request("PROPFIND", ada.calendars()["Ada"], headers={"Depth": "0"}).status_code \
        in (403, 404)


def test_commands_answer_help_and_refuse_what_they_do_not_know(bridge):
    for command in ("serve", "check", "config", "sync", "convert", "user login", "user list",
                    "user show", "user remove", "user password", "user passwords"):
        words = command.split()
        done = bridge.run(*words, "--help")
        assert done.stdout.startswith("Usage:"), command
        assert bridge.run(*words, "--nonsense", check=False).returncode == 2, command
    for command in ("user show", "user remove", "user password", "user passwords", "sync"):
        assert bridge.run(*command.split(), check=False).returncode == 2, command
        assert bridge.run(*command.split(), "nobody", check=False).returncode == 1, command


def test_check_says_what_is_wrong_in_one_line_each(sim, bridge):
    lines = bridge.run("check").stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == ["configuration", "store", "feishu"]
    bridge.env["FEISHU_CALDAV_FEISHU_APP_SECRET"] = "wrong"
    done = bridge.run("check", check=False)
    assert done.returncode == 1
    assert "10015" in done.stdout.splitlines()[-1]
    sim.stop()
    assert bridge.run("check", check=False).returncode == 1


# ---- sessions of browsers ----

def browser(bridge, person=ADA):
    """A browser that has signed in, as the cookie it holds."""
    with requests.Session() as session:
        session.trust_env = False
        page = session.get(bridge.url + "/login", allow_redirects=False, timeout=10)
        session.get(consent(page.headers["Location"], person), timeout=10)
        return session.cookies.get_dict()


def account_page(bridge, cookies):
    return requests.get(bridge.url + "/", cookies=cookies, timeout=10).text


def is_signed_in(bridge, cookies):
    return "Signed in as" in account_page(bridge, cookies)


def sign_out(bridge, cookies, **fields):
    token = re.search(r'name="token" value="([0-9a-f]+)"', account_page(bridge, cookies))[1]
    answer = requests.post(bridge.url + "/sign-out", data={"token": token, **fields},
                           cookies=cookies, allow_redirects=False, timeout=10)
    assert answer.status_code == 303, answer.text


def test_a_session_that_was_signed_out_is_worthless_though_somebody_kept_its_cookie(bridge):
    mine, other = browser(bridge), browser(bridge)
    assert mine != other
    sign_out(bridge, mine)
    assert not is_signed_in(bridge, mine)
    assert is_signed_in(bridge, other)
    bridge.stop()
    bridge.start()
    assert not is_signed_in(bridge, mine)
    assert is_signed_in(bridge, other)


def test_signing_out_everywhere_ends_all_sessions_of_that_person_alone(bridge):
    first, second, bobs = browser(bridge), browser(bridge), browser(bridge, BOB)
    sign_out(bridge, first, everywhere="1")
    assert not is_signed_in(bridge, first) and not is_signed_in(bridge, second)
    assert is_signed_in(bridge, bobs)


def test_sessions_end_with_their_account_and_cannot_be_made_up(bridge):
    mine = browser(bridge)
    name, value = next(iter(mine.items()))
    for other in (value[:-1] + ("A" if value[-1] != "A" else "B"), value + value, "x", ""):
        assert not is_signed_in(bridge, {name: other})
    assert value not in open(bridge.dir + "/store.db", "rb").read().decode("latin-1")
    bridge.run("user", "remove", "ada@example.com")
    assert not is_signed_in(bridge, mine)


def test_who_starts_sign_ins_without_end_is_told_to_wait_and_leaves_little_behind(bridge):
    answers = [requests.get(bridge.url + "/login", allow_redirects=False, timeout=10)
               for _ in range(70)]
    assert answers[0].status_code == 302
    assert answers[-1].status_code == 429
    assert 0 < int(answers[-1].headers["Retry-After"]) <= 300
    with sqlite3.connect(bridge.dir + "/store.db") as db:
        assert db.execute("SELECT count(*) FROM logins").fetchone()[0] <= 60
    # One that was under way before is finished all the same.
    assert requests.get(consent(answers[0].headers["Location"]), allow_redirects=False,
                        timeout=10).status_code == 302
    assert list(bridge.users()) == [ADA]


def test_signing_in_again_and_again_is_not_throttled(bridge):
    for _ in range(65):
        assert bridge.authorize(ADA).status_code == 302


# ---- what a terminal would obey ----

HOSTILE = "Ada\u001b[2J\u009b31m\u202egnp\u2028\u007f"


def test_names_and_errors_of_feishu_reach_no_terminal_as_commands(sim, bridge):
    sim.reset({"people": [{"name": HOSTILE, "email": "ada@example.com", "open_id": ADA},
                          {"name": "Bob", "email": "bob@example.com", "open_id": BOB}]})
    ada = bridge.sign_in(ADA)
    sim.edit(ADA, "calendar_create", calendar={"summary": "Plans " + HOSTILE})
    bridge.sync(ada.name)
    sim.fault(method="GET", path="*/events", code=193000, status=400, msg="bad " + HOSTILE, count=-1)
    failed = bridge.run("sync", ada.name, check=False)
    assert failed.returncode == 1 and "bad Ada" in failed.stderr
    texts = {"sync": failed.stderr,
             "log": bridge.log()}
    for command in (("user", "list"), ("user", "show", ada.name), ("user", "list", "--json"),
                    ("user", "show", "--json", ada.name), ("user", "passwords", ada.name)):
        texts[" ".join(command)] = bridge.run(*command).stdout
    assert "Plans Ada" in texts[f"user show {ada.name}"]
    for place, text in texts.items():
        for character in "\u001b\u009b\u007f\u202e\u2028":
            assert character not in text, (place, hex(ord(character)))
    listed = json.loads(texts["user list --json"])[0]
    assert listed["display_name"] == HOSTILE
    assert "Plans " + HOSTILE in [c["display_name"] for c in listed["calendars"]]
