"""The contract with the outside, by somebody who knows only the contract: commands, configuration by
file, addresses, names, and who sees what."""

import json
import os
import re
import stat
import subprocess
import textwrap
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

import pytest
import requests
from bridge import PROGRAM, Bridge, Client, event, free_port, wait_until
from feishu_sim import HOUR, SOON
from other_feishu import LIN, MEI, OtherFeishu, consent, sign_in, stamp


@pytest.fixture(scope="module", name="feishu")
def fixture_feishu():
    with OtherFeishu(contact="ok") as feishu:
        yield feishu


@pytest.fixture(scope="module", name="bridge")
def fixture_bridge(feishu):
    with Bridge(feishu) as bridge:
        yield bridge


# ---- commands ----

COMMANDS = ["serve", "check", "config", "user login", "user list", "user show", "user remove",
            "user password", "user passwords", "sync", "convert"]


@pytest.mark.parametrize("command", [*COMMANDS, "user"])
def test_every_command_has_help(bridge, command):
    done = bridge.run(*command.split(), "--help")
    assert "Usage: feishu-caldav" in done.stdout and done.stderr == ""


@pytest.mark.parametrize("command", [*COMMANDS, "user", "no-such"])
def test_wrong_usage_is_2_and_nothing_on_stdout(bridge, command):
    done = bridge.run(*command.split(), "--no-such-option", check=False)
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("command", ["user show", "user remove", "user password",
                                     "user passwords", "sync"])
def test_an_unknown_name_is_1_and_one_line(bridge, command):
    done = bridge.run(*command.split(), "nobody@example.com", check=False)
    assert done.returncode == 1 and len(done.stderr.splitlines()) == 1
    assert "nobody@example.com" in done.stderr


def test_listings_take_json(bridge):
    name = sign_in(bridge).name
    listed = json.loads(bridge.run("user", "list", "--json").stdout)
    assert {"name", "open_id", "state"} <= set(listed[0])
    assert isinstance(json.loads(bridge.run("user", "show", name, "--json").stdout), dict)
    made = json.loads(bridge.run("user", "passwords", name, "--json").stdout)
    assert made and {"id", "label"} <= set(made[0])
    assert isinstance(json.loads(bridge.run("config", "--json").stdout), (dict, list))
    options = json.loads(bridge.run("config", "--list", "--json").stdout)
    assert len(options) >= 20


def test_a_password_is_revoked_by_its_id_and_stops_at_once(bridge):
    lin = sign_in(bridge)
    listed = json.loads(bridge.run("user", "passwords", lin.name, "--json").stdout)
    other = bridge.run("user", "password", lin.name, "--label", "The phone").stdout.strip()
    now = json.loads(bridge.run("user", "passwords", lin.name, "--json").stdout)
    new, = [one for one in now if one["id"] not in {old["id"] for old in listed}]
    assert new["label"] == "The phone"
    phone = Client(bridge, lin.name, other)
    assert phone.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207
    bridge.run("user", "passwords", lin.name, "--revoke", str(new["id"]))
    assert phone.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 401
    assert lin.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207
    done = bridge.run("user", "passwords", lin.name, "--revoke", str(new["id"]), check=False)
    assert done.returncode == 1


def test_login_without_a_server_takes_the_redirect_url_from_stdin(feishu):
    with Bridge(feishu, start=False) as bridge:
        login = subprocess.Popen([PROGRAM, "user", "login", "--name", "lin"], env=bridge.env,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        address = login.stdout.readline().strip()
        query = dict(urllib.parse.parse_qsl(urllib.parse.urlsplit(address).query))
        assert query["redirect_uri"] == bridge.url + "/oauth/callback"
        assert query["code_challenge_method"] == "S256" and query["state"]
        rest, _ = login.communicate(consent(address) + "\n", timeout=30)
        assert login.returncode == 0
        assert rest.strip() == "lin"
        listed = json.loads(bridge.run("user", "list", "--json").stdout)
        assert [(one["name"], one["open_id"]) for one in listed] == [("lin", LIN)]
        bridge.start()
        assert Client(bridge, "lin", bridge.run("user", "password", "lin").stdout.strip()).home()


def test_login_with_a_foreign_state_is_1(feishu):
    with Bridge(feishu, start=False) as bridge:
        login = subprocess.Popen([PROGRAM, "user", "login"], env=bridge.env, text=True,
                                 stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE)
        address = consent(login.stdout.readline().strip())
        login.communicate(re.sub("state=[^&]*", "state=stolen", address) + "\n", timeout=30)
        assert login.returncode == 1
        assert json.loads(bridge.run("user", "list", "--json").stdout) == []


def test_the_name_is_the_e_mail_or_else_the_open_id(bridge):
    assert sign_in(bridge).name == "lin@corp.example"
    with OtherFeishu(user_info="no_email") as other, Bridge(other) as second:
        assert sign_in(second).name == LIN


def test_check_is_0_when_all_is_well_and_1_with_a_line_for_what_is_not(bridge, feishu):
    assert bridge.run("check").returncode == 0
    with Bridge(feishu, {"feishu.base-url": "http://127.0.0.1:1"}, start=False) as wrong:
        done = wrong.run("check", check=False)
        assert done.returncode == 1
        assert (done.stdout + done.stderr).strip()


def test_a_removed_account_is_gone_at_once(feishu):
    with Bridge(feishu) as bridge:
        lin, mei = sign_in(bridge), sign_in(bridge, MEI)
        bridge.run("user", "remove", lin.name)
        assert lin.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 401
        assert mei.request("PROPFIND", "/dav/", headers={"Depth": "0"}).status_code == 207
        listed = json.loads(bridge.run("user", "list", "--json").stdout)
        assert [one["open_id"] for one in listed] == [MEI]


@pytest.mark.parametrize("shape", [
    lambda one: one, lambda one: [one], lambda one: {"event": one},
    lambda one: {"code": 0, "msg": "success", "data": {"event": one}},
    lambda one: {"code": 0, "data": {"has_more": False, "items": [one]}}],
    ids=["event", "list", "member", "reply", "page"])
def test_convert_takes_every_shape_in_which_feishu_says_an_event(bridge, tmp_path, shape):
    path = tmp_path / "event.json"
    path.write_text(json.dumps(shape({
        "event_id": "3430be1f-0000-4000-8000-000000000001_0", "summary": "Said",
        "start_time": stamp(SOON), "end_time": stamp(SOON + HOUR), "status": "confirmed"})))
    text = bridge.run("convert", str(path)).stdout
    assert "SUMMARY:Said" in text and text.startswith("BEGIN:VCALENDAR")
    ics = tmp_path / "event.ics"
    ics.write_text(text)
    assert "Said" in bridge.run("convert", str(ics)).stdout


# ---- configuration ----

def test_a_file_is_enough_and_the_environment_wins(feishu, tmp_path):
    port, other = free_port(), free_port()
    path = tmp_path / "feishu-caldav.conf"
    path.write_text(textwrap.dedent(f"""\
        # a comment
        [server]
        listen = 127.0.0.1:{port} 127.0.0.1:{other}

        [feishu]
        app-id = {feishu.app_id}
        app-secret-file = {tmp_path}/secret
        base-url = {feishu.url}
        accounts-url = {feishu.url}/

        [store]
        path = {tmp_path}/deep/er/store.db

        [sync]
        poll-interval = 2 s
        """))
    (tmp_path / "secret").write_text(feishu.app_secret + "\n")
    env = {"PATH": os.environ["PATH"], "XDG_CONFIG_HOME": str(tmp_path), "HOME": str(tmp_path)}

    def run(*words, **more):
        return subprocess.run([PROGRAM, *words], env={**env, **more}, text=True, timeout=30,
                              capture_output=True, check=False)
    assert run("check").returncode == 0, run("check")
    shown = run("config").stdout
    assert feishu.app_secret not in shown and str(port) in shown
    assert "sync.poll-interval = 7" in run("config",
                                            FEISHU_CALDAV_SYNC_POLL_INTERVAL="7").stdout
    with subprocess.Popen([PROGRAM, "-c", str(path), "serve"], env=env,
                          stderr=subprocess.PIPE) as server:
        def answers():
            try:
                return requests.get(f"http://127.0.0.1:{other}/healthz", timeout=5).ok
            except requests.ConnectionError:
                return False
        wait_until(answers, "the second address")
        for name in os.listdir(tmp_path / "deep/er"):
            mode = stat.S_IMODE(os.stat(tmp_path / "deep/er" / name).st_mode)
            assert mode & 0o077 == 0, (name, oct(mode))
        server.terminate()
        assert server.wait(5) == 0
    path.write_text("[feishu]\napp-id = x\n\n[sync]\npoll-intervall = 3\n")
    done = run("config")
    assert done.returncode == 1
    assert f"{path}:5" in done.stderr and "poll-intervall" in done.stderr


def test_the_token_path_can_be_named():
    with OtherFeishu(token_v3="404") as feishu:
        path = "/open-apis/authen/v2/oauth/token"
        with Bridge(feishu, {"feishu.token-path": path}) as bridge:
            sign_in(bridge)
        paths = {call["path"] for call in feishu.seen("POST", "token")}
        assert paths == {path} or paths == {path, "/open-apis/auth/v3/tenant_access_token/"
                                            "internal"}


def test_the_budget_is_kept():
    with OtherFeishu() as feishu, Bridge(feishu, {"feishu.rate-per-second": "5"}) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"]
        start = os.times().elapsed
        for number in range(15):
            assert lin.put(f"{href}{number}.ics", event(f"{number}@x")).status_code == 201
        assert os.times().elapsed - start >= 1.5


# ---- addresses ----

def test_the_addresses_of_the_contract(bridge):
    get = {path: requests.get(bridge.url + path, allow_redirects=False, timeout=30)
           for path in ("/login", "/.well-known/caldav", "/", "/healthz", "/metrics", "/dav/",
                        "/oauth/callback")}
    assert get["/login"].status_code == 302
    assert get["/.well-known/caldav"].status_code in (301, 302, 307, 308)
    assert get["/.well-known/caldav"].headers["Location"].endswith("/dav/")
    assert get["/"].status_code == 200 and "text/html" in get["/"].headers["Content-Type"]
    assert get["/healthz"].status_code == get["/metrics"].status_code == 200
    assert get["/dav/"].status_code == 401
    assert get["/dav/"].headers["WWW-Authenticate"].startswith("Basic realm=")
    assert 400 <= get["/oauth/callback"].status_code < 500


def test_everything_is_found_by_discovery_alone(bridge):
    lin = sign_in(bridge)
    start = lin.request("PROPFIND", "/.well-known/caldav", headers={"Depth": "0"})
    assert start.status_code in (301, 302, 307, 308)
    assert lin.calendars() and "Lin" in lin.calendars()


def test_a_base_url_with_a_prefix_is_in_all_that_is_said(feishu):
    port = free_port()
    base = f"http://127.0.0.1:{port}/cal"
    with Bridge(feishu, {"server.base-url": base, "server.listen": f"127.0.0.1:{port}"},
                start=False) as bridge:
        bridge.url, bridge.port = base, port
        bridge.start()
        page = requests.get(base + "/login", allow_redirects=False, timeout=30)
        query = dict(urllib.parse.parse_qsl(
            urllib.parse.urlsplit(page.headers["Location"]).query))
        assert query["redirect_uri"] == base + "/oauth/callback"
        lin = sign_in(bridge)
        lin._home = None
        root = lin.request("PROPFIND", base + "/dav/", headers={"Depth": "1"})
        assert root.status_code == 207
        hrefs = re.findall(r"<[^>]*href>([^<]*)<", root.text)
        assert hrefs and all(href.startswith("/cal/dav/") for href in hrefs)


# ---- who sees what, and which calls it costs ----

def test_reading_costs_no_call_and_the_same_again_writes_nothing(bridge, feishu):
    lin = sign_in(bridge)
    href = lin.calendars()["Lin"]
    text = event("cost@example.com", summary="Cost")
    assert lin.put(href + "cost.ics", text).status_code == 201
    feishu.calls.clear()
    lin.propfind(lin.home(), 1, "<d:displayname/><cs:getctag/><d:sync-token/>")
    lin.members(href)
    lin.sync_collection(href)
    lin.report(href, "c:calendar-query", "<d:prop><d:getetag/><c:calendar-data/></d:prop>"
               '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT"/>'
               "</c:comp-filter></c:filter>")
    lin.report(href, "c:calendar-multiget", "<d:prop><c:calendar-data/></d:prop>"
               f"<d:href>{href}cost.ics</d:href>")
    lin.report(href, "c:free-busy-query",
               '<c:time-range start="20270101T000000Z" end="20270201T000000Z"/>')
    lin.get(href + "cost.ics")
    assert feishu.calls == []
    assert lin.put(href + "cost.ics", text).status_code == 204
    assert [c for c in feishu.calls if c["method"] != "GET"] == []
    assert lin.delete(href + "cost.ics").status_code == 204


def test_a_put_whose_answer_comes_too_late_makes_one_event(feishu):
    with Bridge(feishu, {"feishu.timeout": "1"}) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"]
        before = set(lin.members(href))
        feishu.fault("POST", "/events$", cut="after", count=2)
        text = event("late@example.com", summary="Late")
        answer = lin.put(href + "late.ics", text, {"If-None-Match": "*"})
        if answer.status_code >= 500:
            answer = lin.put(href + "late.ics", text, {"If-None-Match": "*"})
        assert answer.status_code in (201, 204)
        bridge.sync(lin.name)
        assert len(feishu.living("Late")) == 1
        assert set(lin.members(href)) - before == {href + "late.ics"}
        lin.delete(href + "late.ics")


def test_answers_that_come_too_late_leave_everything_once(feishu):
    with Bridge(feishu, {"feishu.timeout": "1"}) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"] + "late.ics"
        text = event("late@example.com", summary="Late", extra=(
            "ORGANIZER:mailto:lin@corp.example\nATTENDEE:mailto:lin@corp.example\n"
            "ATTENDEE:mailto:mei@corp.example"))
        for method, path in (("POST", "/events$"), ("POST", "/attendees$"),
                             ("PATCH", "/events/"), ("DELETE", "/events/")):
            feishu.fault(method, path, late_s=2)
        assert lin.put(href, text).status_code == 201
        late = feishu.one("Late")
        assert [a["user_id"] for a in late["_attendees"]].count(MEI) == 1
        assert lin.put(href, text.replace("Late", "Later")).status_code == 204
        assert feishu.one("Later")["event_id"] == late["event_id"]
        assert len([c for c in feishu.seen("PATCH") if c["path"].endswith(late["event_id"])]) == 1
        assert lin.delete(href).status_code == 204
        assert not feishu.living("Later")


def test_two_accounts_share_a_calendar_and_an_event(feishu):
    team = feishu.share("Team", **{LIN: "owner", MEI: "writer"})
    with Bridge(feishu) as bridge:
        lin, mei = sign_in(bridge), sign_in(bridge, MEI)
        ours, theirs = lin.calendars()["Team"], mei.calendars()["Team"]
        assert lin.put(ours + "a.ics", event("a@team", summary="Ours")).status_code == 201
        assert feishu.one("Ours")["organizer_calendar_id"] == team
        bridge.sync(mei.name)
        href, = mei.members(theirs)
        text = mei.get(href)
        assert "SUMMARY:Ours" in text and "UID:a@team" in text, "one UID for both"
        assert mei.put(href, text.replace("Ours", "Hers")).status_code == 204
        _, _, token, _ = lin.sync_collection(ours)
        bridge.sync(lin.name)
        changed, removed, token, _ = lin.sync_collection(ours, token)
        assert list(changed) == [ours + "a.ics"] and not removed
        assert "SUMMARY:Hers" in lin.get(ours + "a.ics")
        # A meeting of Lin's with Mei stands in both primary calendars under one UID.
        mine, hers = lin.calendars()["Lin"], mei.calendars()["Mei"]
        assert lin.put(mine + "m.ics", event("m@team", summary="Both", extra=(
            "ORGANIZER:mailto:lin@corp.example\nATTENDEE:mailto:lin@corp.example\n"
            "ATTENDEE:mailto:mei@corp.example"))).status_code == 201
        bridge.sync(mei.name)
        invited, = [one for one in mei.members(hers) if "SUMMARY:Both" in mei.get(one)]
        assert "UID:m@team" in mei.get(invited)
        assert mei.delete(invited).status_code == 204
        bridge.sync(lin.name)
        line, = [one for one in lin.get(mine + "m.ics").replace("\r\n ", "").splitlines()
                 if "mailto:mei@" in one and one.startswith("ATTENDEE")]
        assert "PARTSTAT=DECLINED" in line
        assert lin.delete(ours + "a.ics").status_code == 204
        assert lin.delete(mine + "m.ics").status_code == 204
        bridge.sync(mei.name)
        assert not mei.members(theirs) and not mei.members(hers)


def test_tokens_that_end_in_the_middle_are_renewed_unseen(feishu):
    with Bridge(feishu) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"]
        feishu.forget_access_tokens()
        assert lin.put(href + "t.ics", event("t@x", summary="Token")).status_code == 201
        feishu.forget_access_tokens()
        bridge.sync(lin.name)
        feishu.forget_access_tokens()
        assert lin.delete(href + "t.ics").status_code == 204
        assert not feishu.living("Token")


def test_a_restart_changes_nothing_that_clients_see(feishu):
    with Bridge(feishu) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"]
        assert lin.put(href + "r.ics", event("r@x", summary="Stays")).status_code == 201
        before = (lin.calendars(), lin.members(href), lin.ctag(href), lin.get(href + "r.ics"))
        _, _, token, _ = lin.sync_collection(href)
        bridge.stop()
        feishu.change(feishu.one("Stays"), summary="Changed")
        bridge.start()
        wait_until(lambda: "Changed" in lin.get(href + "r.ics"), "the change made meanwhile")
        changed, removed, token, _ = lin.sync_collection(href, token)
        assert list(changed) == [href + "r.ics"] and not removed
        bridge.sync(lin.name)
        assert not lin.sync_collection(href, token)[0]
        assert lin.calendars() == before[0]
        lin.delete(href + "r.ics")


def test_roles_are_told_and_kept(feishu):
    reader = feishu.share("Read", **{MEI: "owner", LIN: "reader"})
    feishu.share("Busy", **{MEI: "owner", LIN: "free_busy_reader"})
    feishu.add("Theirs", stamp(SOON), stamp(SOON + HOUR), MEI, reader)
    with Bridge(feishu) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Read"]
        member, = lin.members(href)
        feishu.calls.clear()
        for answer in (lin.put(href + "n.ics", event("n@x")), lin.put(member, lin.get(member)
                       .replace("Theirs", "Mine")), lin.delete(member)):
            assert answer.status_code == 403 and "need-privileges" in answer.text
        assert feishu.calls == []
        privileges = lin.propfind(href, 0, "<d:current-user-privilege-set/>")
        names = {one.tag for one in next(iter(privileges.values()))
                 ["{DAV:}current-user-privilege-set"].iter()}
        assert "{DAV:}read" in names and "{DAV:}write" not in names
        busy = lin.calendars().get("Busy")
        if busy:
            assert not lin.members(busy)
            assert lin.put(busy + "n.ics", event("n@x")).status_code == 403


def test_processes_and_threads_share_one_renewal_of_a_token(feishu):
    with Bridge(feishu) as bridge:
        lin = sign_in(bridge)
        href = lin.calendars()["Lin"]
        feishu.forget_access_tokens()
        before = len(feishu.seen("POST", "/token"))

        def put(number):
            client = Client(bridge, lin.name, lin.password)
            return client.put(f"{href}p{number}.ics", event(f"p{number}@x")).status_code

        def sync(_):
            return bridge.run("sync", lin.name, check=False).returncode
        with ThreadPoolExecutor(8) as pool:
            puts, syncs = pool.map(put, range(4)), pool.map(sync, range(3))
            assert list(puts) == [201] * 4 and list(syncs) == [0] * 3
        renewals = [call for call in feishu.seen("POST", "/token")[before:]
                    if call["body"].get("grant_type") == "refresh_token"]
        assert len(renewals) == 1
        for number in range(4):
            assert lin.delete(f"{href}p{number}.ics").status_code == 204
