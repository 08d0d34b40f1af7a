"""The HTTP server: addresses, limits, sign-in, pages. Claims of src/http."""

import gzip
import os
import re
import signal
import socket
import sqlite3
import ssl
import subprocess
import time
import urllib.request

import pytest
import requests

from bridge import UNLIMITED, Bridge, event, free_port, precondition, wait_until, within
from feishu_sim import ADA, FeishuSim
from shared import ada, bridge, sim  # noqa: F401


def raw(bridge, request, port=None):
    """The whole answer to raw bytes on a connection of its own."""
    with socket.create_connection(("127.0.0.1", port or bridge.port), timeout=10) as conn:
        conn.sendall(request)
        answer = b""
        try:
            while chunk := conn.recv(65536):
                answer += chunk
        except ConnectionResetError:
            pass
        return answer


def test_plain_http_off_loopback_is_refused_with_one_line(sim):
    bridge = Bridge(sim, {"server.listen": f"0.0.0.0:{free_port()}"}, start=False)
    try:
        done = bridge.run("serve", check=False)
        assert done.returncode == 1
        assert "loopback" in done.stderr.strip().splitlines()[-1]
    finally:
        bridge.close()


def test_plain_http_off_loopback_is_served_behind_a_trusted_proxy(sim):
    port = free_port()
    options = {"server.listen": f"0.0.0.0:{port}", "server.trusted-proxy": "127.0.0.1"}
    with Bridge(sim, options) as bridge:
        wait_until(lambda: _healthy(f"http://127.0.0.1:{port}"), "an answer")
        answer = requests.request("PROPFIND", f"http://127.0.0.1:{port}/dav/", timeout=10)
        assert answer.status_code == 401
        assert bridge.process.poll() is None


def _healthy(url, **arguments):
    try:
        return requests.get(url + "/healthz", timeout=5, **arguments).ok
    except requests.RequestException:
        return False


def test_built_in_tls_serves_https(sim, tmp_path):
    cert, key = tmp_path / "cert.pem", tmp_path / "key.pem"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt",
                    "ec_paramgen_curve:prime256v1", "-nodes", "-keyout", key, "-out", cert,
                    "-days", "2", "-subj", "/CN=localhost"], check=True, capture_output=True)
    with Bridge(sim, {"server.tls-cert": cert, "server.tls-key": key}) as bridge:
        url = f"https://127.0.0.1:{bridge.port}"
        wait_until(lambda: _healthy(url, verify=False), "an answer over TLS")
        context = ssl.create_default_context(cafile=str(cert))
        context.check_hostname = False
        with urllib.request.urlopen(url + "/healthz", context=context, timeout=5) as answer:
            assert answer.read() == b"ok\n"


def test_a_unix_socket_is_an_address(sim, tmp_path):
    path = tmp_path / "socket"
    with Bridge(sim, {"server.listen": f"unix:{path}"}):
        wait_until(path.exists, "the socket")
        with socket.socket(socket.AF_UNIX) as conn:
            conn.connect(str(path))
            conn.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
            assert conn.recv(4096).startswith(b"HTTP/1.1 200 ")
    assert not path.exists()


def test_several_addresses_are_served_at_once(sim):
    port = free_port()
    with Bridge(sim) as plain:
        first = plain.port
    options = {"server.listen": f"127.0.0.1:{first} [::1]:{port}"}
    with Bridge(sim, options):
        wait_until(lambda: _healthy(f"http://127.0.0.1:{first}"), "the first address")
        assert _healthy(f"http://[::1]:{port}")


def test_a_listening_port_in_use_is_one_plain_line(sim, bridge):
    second = Bridge(sim, {"server.listen": f"127.0.0.1:{bridge.port}"}, start=False)
    try:
        done = second.run("serve", check=False)
        assert done.returncode == 1
        assert f"127.0.0.1:{bridge.port}" in done.stderr
    finally:
        second.close()


def test_sigterm_ends_it_cleanly_within_five_seconds(sim):
    with Bridge(sim) as bridge:
        idle = socket.create_connection(("127.0.0.1", bridge.port))
        started = time.monotonic()
        assert bridge.stop() == 0
        assert time.monotonic() - started < within(5)
        idle.close()


def test_missing_credentials_are_401_with_basic_and_a_body(bridge):
    answer = requests.request("PROPFIND", bridge.url + "/dav/", timeout=10)
    assert answer.status_code == 401
    assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert answer.text


@pytest.mark.parametrize("header", ["Basic", "Basic !!!", "Basic YWxpY2U=", "Bearer x",
                                    "Basic /////w=="])
def test_broken_credentials_are_401(bridge, header):
    answer = requests.get(bridge.url + "/dav/", headers={"Authorization": header}, timeout=10)
    assert answer.status_code == 401


def test_guessing_passwords_is_throttled(sim):
    with Bridge(sim) as bridge:
        ada = bridge.sign_in(ADA)
        statuses = set()
        for _ in range(60):
            answer = requests.get(bridge.url + "/dav/", auth=(ada.name, "wrong"), timeout=10)
            statuses.add(answer.status_code)
            if answer.status_code == 429:
                assert int(answer.headers["Retry-After"]) > 0
                break
        assert statuses == {401, 429}


def test_guesses_from_many_addresses_count_for_the_person_however_she_is_named(sim):
    with Bridge(sim, {"server.trusted-proxy": "127.0.0.1"}) as bridge:
        ada = bridge.sign_in(ADA)
        names = (ada.name, ada.name.upper(), ada.name.title(), ADA)
        statuses = [requests.get(bridge.url + "/dav/", auth=(names[i % 4], "wrong"), timeout=10,
                                 headers={"X-Forwarded-For": f"192.0.2.{i}"}).status_code
                    for i in range(70)]
        assert statuses[:60] == [401] * 60 and statuses[60:] == [429] * 10
        # Somebody else is not held up, and who adds an address of her own is that of the proxy's.
        other = requests.get(bridge.url + "/dav/", auth=("bob@example.com", "wrong"), timeout=10,
                             headers={"X-Forwarded-For": "127.0.0.1, 198.51.100.7"})
        assert other.status_code == 401


def test_a_revoked_password_stops_working_at_once(bridge):
    ada = bridge.sign_in(ADA, pull=False)
    assert ada.request("OPTIONS", "/dav/").status_code == 200
    rows = bridge.run("user", "passwords", ada.name, "--json").stdout
    newest = max(int(n) for n in re.findall(r'"id":\s*"?(\d+)', rows))
    bridge.run("user", "passwords", ada.name, "--revoke", str(newest))
    assert ada.request("OPTIONS", "/dav/").status_code == 401


@pytest.mark.parametrize("method", ["GET", "PROPFIND", "OPTIONS", "REPORT"])
def test_well_known_redirects_every_method_without_credentials(bridge, method):
    answer = requests.request(method, bridge.url + "/.well-known/caldav", timeout=10,
                              allow_redirects=False)
    assert answer.status_code == 301
    assert answer.headers["Location"] == "/dav/"


def test_the_host_root_sends_dav_clients_to_the_service_root(bridge):
    answer = requests.request("PROPFIND", bridge.url + "/", timeout=10, allow_redirects=False)
    assert (answer.status_code, answer.headers["Location"]) == (301, "/dav/")


@pytest.mark.parametrize("path", ["/dav/a%2fb/", "/dav/%00", "/dav/../x", "/dav/%2e%2e/x",
                                  "/dav/%ff", "/dav/%zz", "/dav/%"])
def test_a_broken_path_is_400(bridge, path):
    answer = raw(bridge, f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    assert answer.split()[1] == b"400", answer


def test_an_unknown_address_is_404_with_a_body(bridge):
    answer = requests.get(bridge.url + "/nothing", timeout=10)
    assert answer.status_code == 404 and answer.text


def test_a_known_address_with_a_wrong_method_is_405(bridge):
    for path, allow in (("/healthz", "GET, HEAD"), ("/password", "POST"),
                        ("/", "PROPFIND, OPTIONS, REPORT, PROPPATCH, GET, HEAD")):
        answer = requests.delete(bridge.url + path, timeout=10)
        assert (answer.status_code, answer.headers["Allow"]) == (405, allow)


def test_a_request_may_name_the_whole_url(bridge):
    for start in (b"http://example.com", b"HTTPS://example.com:8443"):
        for path, status in ((b"/healthz", b"200"), (b"/nothing", b"404"), (b"", b"200")):
            answer = raw(bridge, b"GET " + start + path + b" HTTP/1.1\r\nHost: example.com\r\n"
                         b"Connection: close\r\n\r\n")
            assert answer.split()[1] == status, answer


@pytest.mark.parametrize("head", [
    "", "Host: a\r\nHost: b\r\n",
    "Host: a\r\nContent-Length: 0\r\nContent-Length: 40\r\n",
    "Host: a\r\nContent-Length: 40\r\nTransfer-Encoding: chunked\r\n"])
def test_what_could_be_read_in_two_ways_is_400_and_ends_the_connection(bridge, head):
    """RFC 9112 3.2, 6.3: what follows may be a request for one reader, a body for the other."""
    one = f"GET /healthz HTTP/1.1\r\n{head}\r\n"
    answer = raw(bridge, (one + "GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").encode())
    assert answer.startswith(b"HTTP/1.1 400 ") and answer.count(b"HTTP/1.1 ") == 1
    assert raw(bridge, b"GET /healthz HTTP/1.0\r\n\r\n").startswith(b"HTTP/1.1 200 ")


def test_a_body_of_100_mb_is_413_and_the_server_goes_on(bridge, ada):
    home = ada.home()
    answer = ada.put(home + "x/y.ics", "x" * 100_000_000)
    assert answer.status_code == 413
    assert precondition(answer) is not None or answer.text
    assert ada.request("OPTIONS", home).status_code == 200


def test_a_chunked_body_over_the_limit_is_413(ada):
    def chunks():
        for _ in range(200):
            yield b"x" * 100_000
    answer = ada.session.put(ada.bridge.url + ada.home() + "x/y.ics", data=chunks(),
                               timeout=60)
    assert answer.status_code == 413


def test_a_chunked_body_without_end_is_not_read_for_ever(bridge):
    chunk = b"100000\r\n" + b"x" * 0x100000 + b"\r\n"
    with socket.create_connection(("127.0.0.1", bridge.port), timeout=30) as conn:
        conn.sendall(b"PUT /dav/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        with pytest.raises(OSError):
            for _ in range(400):
                conn.sendall(chunk)


def test_expect_100_continue_over_the_limit_is_refused_before_the_body(bridge, ada):
    head = (f"PUT {ada.home()}x/y.ics HTTP/1.1\r\nHost: x\r\nContent-Length: 100000000\r\n"
            "Expect: 100-continue\r\nConnection: close\r\n\r\n")
    assert raw(bridge, head.encode()).split()[1] in (b"413", b"401")


def test_a_url_that_is_too_long_is_refused(bridge):
    answer = requests.get(bridge.url + "/dav/" + "a" * 6000, timeout=10)
    assert answer.status_code in (414, 431)


def test_large_answers_are_gzipped_when_asked_for(ada):
    calendar = next(iter(ada.calendars().values()))
    for i in range(20):
        assert ada.put(f"{calendar}gzip-{i}.ics", event(f"gzip-{i}")).status_code == 201
    body = '<propfind xmlns="DAV:"><allprop/></propfind>'
    headers = {"Depth": "1", "Accept-Encoding": "gzip"}
    plain = ada.request("PROPFIND", calendar, body, {"Depth": "1", "Accept-Encoding": "identity"})
    assert "Content-Encoding" not in plain.headers
    answer = ada.request("PROPFIND", calendar, body, headers, stream=True)
    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.raw.read(decode_content=False)) == plain.content


def own_memory_kb(bridge):
    """Without the pages of the store, which the system lends and takes back."""
    with open(f"/proc/{bridge.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


def test_memory_does_not_grow_with_the_answer():
    count, size = 400, 20000
    with FeishuSim() as sim, Bridge(sim, UNLIMITED, start=False) as bridge:
        sim.switch(rate_limit="off")
        # What is freed must not be held back by a sanitizer, whose quarantine would be measured.
        bridge.env["ASAN_OPTIONS"] = "quarantine_size_mb=1:thread_local_quarantine_size_kb=64"
        bridge.start()
        for i in range(count):
            sim.add_event(ADA, f"Event {i}", (1800000000 + i * 60, 1800000060 + i * 60),
                          description="long " * (size // 5))
        ada = bridge.sign_in(ADA)

        def unread():
            with sqlite3.connect(os.path.join(bridge.dir, "store.db"), timeout=20) as db:
                return db.execute("SELECT 1 FROM rows WHERE has_attendees = 0").fetchall()
        wait_until(lambda: not unread(), "the end of the back-fill")
        bridge.stop()  # what the first pull needed is not counted
        bridge.start()
        href = ada.calendars()["Ada"]
        hrefs = ada.members(href)
        assert len(hrefs) == count
        body = "<d:prop><d:getetag/><c:calendar-data/></d:prop>" + "".join(
            f"<d:href>{one}</d:href>" for one in hrefs)
        for coding in ("identity", "gzip"):
            before = most = own_memory_kb(bridge)
            answer = ada.xml("REPORT", href, "c:calendar-multiget", body,
                             {"Accept-Encoding": coding}, stream=True)
            assert answer.status_code == 207
            assert answer.headers["Transfer-Encoding"] == "chunked"
            assert answer.headers.get("Content-Encoding", "identity") == coding
            content = b""
            for piece in answer.iter_content(1 << 20):
                content += piece
                most = max(most, own_memory_kb(bridge))
            assert len(content) > count * size
            assert content.count(b"BEGIN:VEVENT") == content.count(b"<D:response>") == count
            assert content.endswith(b"</D:multistatus>\n")
            assert most - before < 6000, f"{len(content) // 1000} kB cost {most - before} kB"
        assert ada.get(next(iter(hrefs))), "the connection goes on"


def test_a_connection_is_kept_alive_over_many_requests(ada):
    import http.client
    conn = http.client.HTTPConnection("127.0.0.1", ada.bridge.port, timeout=10)
    conn.connect()
    mine = conn.sock.getsockname()
    for _ in range(50):
        conn.request("GET", "/healthz")
        answer = conn.getresponse()
        assert (answer.status, answer.read()) == (200, b"ok\n")
        assert conn.sock.getsockname() == mine
    conn.close()


@pytest.mark.parametrize("count", [127, 128, 129, 256])
def test_many_simultaneously_ready_connections_are_all_answered(bridge, count):
    conns = [socket.create_connection(("127.0.0.1", bridge.port), timeout=60)
             for _ in range(count)]
    try:
        for _ in range(8):
            # It sleeps while they come, and finds all of them ready.
            bridge.process.send_signal(signal.SIGSTOP)
            for conn in conns:
                conn.sendall(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n")
            bridge.process.send_signal(signal.SIGCONT)
            for conn in conns:
                assert conn.recv(4096).startswith(b"HTTP/1.1 200 ")
    finally:
        for conn in conns:
            conn.close()


def test_a_slow_feishu_does_not_hold_up_reads(sim, ada):
    calendar = next(iter(ada.calendars().values()))
    import threading
    sim.fault(method="POST", path="*/events", delay_ms=14000, count=8)
    writers = [threading.Thread(target=ada.put, args=(f"{calendar}slow-{i}.ics",
                                                        event(f"slow-{i}"))) for i in range(8)]
    try:
        for one in writers:
            one.start()
        wait_until(lambda: sim.faults()[0]["hits"], "a write")
        for _ in range(20):
            assert requests.get(ada.bridge.url + "/healthz", timeout=10).ok
        assert ada.members(calendar) is not None
        assert all(one.is_alive() for one in writers), "the answers came first"
    finally:
        sim.clear_faults()
        for one in writers:
            one.join()


def test_a_path_prefix_of_base_url_is_in_every_href(sim):
    with Bridge(sim, {"server.base-url": "http://localhost/cal"}) as bridge:
        answer = requests.request("PROPFIND", bridge.url + "/cal/.well-known/caldav", timeout=10,
                                  allow_redirects=False)
        assert answer.headers["Location"] == "/cal/dav/"
        url = requests.get(bridge.url + "/cal/login", timeout=10, allow_redirects=False)
        assert "localhost%2Fcal%2Foauth%2Fcallback" in url.headers["Location"]


def test_metrics_are_for_this_machine_only(bridge):
    answer = requests.get(bridge.url + "/metrics", timeout=10)
    assert re.search(r"^feishu_caldav_accounts \d+$", answer.text, re.M)
    through = requests.get(bridge.url + "/metrics", timeout=10,
                           headers={"X-Forwarded-For": "192.0.2.1"})
    assert through.status_code == 403


def test_the_page_greets_in_english_and_in_chinese(bridge):
    english = requests.get(bridge.url + "/", timeout=10)
    chinese = requests.get(bridge.url + "/", headers={"Accept-Language": "zh-CN,zh;q=0.9,en;q=0.8"},
                           timeout=10)
    assert "Sign in with Feishu" in english.text and 'lang="en"' in english.text
    assert "使用飞书登录" in chinese.content.decode() and 'lang="zh"' in chinese.text
    assert "default-src 'none'" in english.headers["Content-Security-Policy"]


def signed_in_browser(bridge):
    answer = bridge.authorize(ADA)
    assert answer.status_code == 302 and answer.headers["Location"] == "/"
    assert "HttpOnly" in answer.headers["Set-Cookie"]
    browser = requests.Session()
    browser.trust_env = False
    browser.cookies.update(answer.cookies)
    return browser


def form_token(page):
    return re.search(r'name="token" value="([0-9a-f]+)"', page.text).group(1)


def test_the_account_page_makes_and_revokes_a_password(bridge):
    browser = signed_in_browser(bridge)
    page = browser.get(bridge.url + "/", timeout=10)
    assert f"{bridge.url}/dav/" in page.text
    made = browser.post(bridge.url + "/password", timeout=10,
                        data={"label": "iPhone & <co>", "token": form_token(page)})
    secret = re.search(r"<code>([^<]+)</code>", made.text).group(1)
    name = re.search(r"User name</th><td><code>([^<]+)", page.text).group(1)
    assert requests.options(bridge.url + "/dav/", auth=(name, secret), timeout=10).ok
    page = browser.get(bridge.url + "/", timeout=10)
    assert "iPhone &amp; &lt;co&gt;" in page.text
    row = re.search(r"iPhone &amp;.*?name=\"id\" value=\"(\d+)\"", page.text, re.S).group(1)
    browser.post(bridge.url + "/password/revoke", timeout=10,
                 data={"id": row, "token": form_token(page)})
    assert requests.options(bridge.url + "/dav/", auth=(name, secret),
                            timeout=10).status_code == 401


def test_the_account_page_names_access_in_the_readers_language(bridge):
    browser = signed_in_browser(bridge)
    bridge.run("sync", "ada@example.com")
    english = browser.get(bridge.url + "/?lang=en", timeout=10).content.decode()
    chinese = browser.get(bridge.url + "/?lang=zh", timeout=10).content.decode()
    assert "<td>owner</td>" in english
    assert "<td>所有者</td>" in chinese and "owner" not in chinese


def test_a_form_without_its_token_is_refused(bridge):
    browser = signed_in_browser(bridge)
    assert browser.post(bridge.url + "/password", data={"label": "x"}, timeout=10).status_code == 403
    other = signed_in_browser(bridge)
    token = form_token(other.get(bridge.url + "/", timeout=10))
    if browser.cookies.get_dict() != other.cookies.get_dict():
        assert browser.post(bridge.url + "/password", data={"label": "x", "token": token},
                            timeout=10).status_code == 403


def test_signing_out_ends_the_session(bridge):
    browser = signed_in_browser(bridge)
    token = form_token(browser.get(bridge.url + "/", timeout=10))
    browser.post(bridge.url + "/sign-out", data={"token": token}, timeout=10)
    assert "Sign in with Feishu" in browser.get(bridge.url + "/", timeout=10).text


def test_a_sign_in_that_another_browser_started_opens_no_session(sim, bridge):
    page = requests.get(bridge.url + "/login", allow_redirects=False, timeout=10)
    other = requests.get(bridge.url + "/login", allow_redirects=False, timeout=10)
    back = requests.get(page.headers["Location"] + "&sim_user=" + ADA, allow_redirects=False,
                        timeout=10).headers["Location"]
    answer = requests.get(back, cookies=other.cookies, allow_redirects=False, timeout=10)
    assert answer.status_code == 302 and "Set-Cookie" not in answer.headers
    assert bridge.run("user", "show", "ada@example.com").stdout
    welcome = requests.get(bridge.url + answer.headers["Location"], timeout=10)
    assert "Sign in with Feishu" in welcome.text and "signed you in" in welcome.text


def test_the_cookie_is_secure_where_the_trusted_proxys_network_says_https(sim):
    forwarded = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "cal.example.com"}
    for network, flag in (("127.0.0.0/8", True), ("10.0.0.0/8", False)):
        with Bridge(sim, {"server.trusted-proxy": network}) as bridge:
            answer = requests.get(bridge.url + "/login", headers=forwarded, timeout=10,
                                  allow_redirects=False)
            assert ("; Secure" in answer.headers["Set-Cookie"]) is flag, network
    silent = {"server.trusted-proxy": "127.0.0.1", "server.base-url": "https://cal.example.com"}
    with Bridge(sim, silent) as bridge:
        for forwarded, flag in (({}, True), ({"X-Forwarded-Proto": "http"}, False)):
            answer = requests.get(bridge.url + "/login", headers=forwarded, timeout=10,
                                  allow_redirects=False)
            assert ("; Secure" in answer.headers["Set-Cookie"]) is flag, forwarded


def test_a_forged_cookie_is_nobody(bridge):
    page = requests.get(bridge.url + "/", cookies={"feishu-caldav": "1.AAAA"}, timeout=10)
    assert "Sign in with Feishu" in page.text


def test_refusal_on_feishus_page_is_told_in_words(bridge):
    url = requests.get(bridge.url + "/login", timeout=10, allow_redirects=False).headers["Location"]
    state = re.search(r"[?&]state=([^&]+)", url).group(1)
    answer = requests.get(f"{bridge.url}/oauth/callback?error=access_denied&state={state}", timeout=10)
    assert answer.status_code == 403 and "<h2>" in answer.text


def test_a_callback_with_an_unknown_state_is_refused(bridge):
    answer = requests.get(f"{bridge.url}/oauth/callback?code=abc&state=unknown", timeout=10)
    assert answer.status_code == 400
