"""A calendar of 10,000 events is answered piece by piece: what a request costs in memory does not grow with
its answer. Measured in the plain build, because a sanitizer holds back what is freed."""

import contextlib
import json
import pathlib
import re
import threading
import time

import pytest

from bridge import BUILD_DIR, Bridge, event, responses
from feishu_sim import ADA, SOON, FeishuSim

EVENTS = 10000
WORDS = "some words that make an event as large as usual ones " * 12
SCENARIO = pathlib.Path(__file__).parent.parent / "feishu-sim/scenarios/minimal.json"
SANITIZED = "-fsanitize=address" in pathlib.Path(BUILD_DIR, "Makefile").read_text(encoding="utf-8")
MAX_KB = 4000

pytestmark = pytest.mark.skipif(SANITIZED, reason="a sanitizer keeps what is freed")


def at(seconds):
    return {"timestamp": str(SOON + seconds), "timezone": "Asia/Shanghai"}


def scenario():
    made = json.loads(SCENARIO.read_text(encoding="utf-8"))
    made["events"] = [{"as": ADA, "summary": f"Event {n}", "description": WORDS,
                       "start_time": at(n * 3600), "end_time": at(n * 3600 + 1800)}
                      for n in range(EVENTS)]
    return made


@pytest.fixture(scope="module", name="ada")
def fixture_ada():
    # Two threads serve, so that what each of them needs once is not counted for a request.
    with FeishuSim(scenario()) as sim, Bridge(sim, {"server.max-connections": "250"}) as bridge:
        client = bridge.sign_in(ADA)
        # What the first pull needed is not counted, nor what reading attendees would go on needing.
        bridge.stop()
        sim.fault(method="GET", path="*/events/*", code=99991672, status=400, count=-1)
        bridge.start()
        client.href = client.calendars()["Ada"]
        client.hrefs = list(client.members(client.href))
        assert len(client.hrefs) == EVENTS
        yield client


def own_kb(pid):
    """Without the pages of the store, which the system lends and takes back."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read())[1])


@contextlib.contextmanager
def measured(client):
    """Yields a function that tells how much more memory was in use at most, in kB."""
    pid, most, over = client.bridge.process.pid, [0], threading.Event()
    before = own_kb(pid)

    def watch():
        while not over.is_set():
            most[0] = max(most[0], own_kb(pid) - before)
            time.sleep(0.002)
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        yield lambda: most[0]
    finally:
        over.set()
        watcher.join()


DATA = "<d:getetag/><c:calendar-data/>"
EVENT = '<c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">{}</c:comp-filter></c:comp-filter>'
ALL_TIME = 'start="20260101T000000Z" end="20300101T000000Z"'


def query(data, inner):
    return "c:calendar-query", f"<d:prop>{data}</d:prop><c:filter>{EVENT.format(inner)}</c:filter>"


REPORTS = {
    "query of everything": query(DATA, ""),
    "query of all times": query(DATA, f"<c:time-range {ALL_TIME}/>"),
    "query that expands": query(f"<c:calendar-data><c:expand {ALL_TIME}/></c:calendar-data>",
                                f"<c:time-range {ALL_TIME}/>"),
    "query of texts": query(DATA, '<c:prop-filter name="SUMMARY"><c:text-match>event</c:text-match>'
                                  '</c:prop-filter>'),
    "query of owners and rights": query("<d:owner/><d:acl/><d:current-user-privilege-set/><d:getetag/>", ""),
    "first synchronisation": ("d:sync-collection", "<d:sync-token/><d:sync-level>1</d:sync-level>"
                              f"<d:prop>{DATA}</d:prop>"),
    "first synchronisation with lengths": (
        "d:sync-collection", "<d:sync-token/><d:sync-level>1</d:sync-level>"
        "<d:prop><d:getetag/><d:getcontentlength/></d:prop>"),
}


def ask_and_measure(client, method, root, inner, max_kb=MAX_KB):
    with measured(client) as most:
        answer = client.xml(method, client.href, root, inner, {"Depth": "1"}, stream=True)
        assert answer.status_code == 207
        content = b"".join(answer.iter_content(1 << 16))
        assert most() < max_kb, f"{len(content) // 1000} kB cost {most()} kB"
    assert content.endswith(b"</D:multistatus>\n")
    return content


@pytest.mark.parametrize("name", REPORTS)
def test_a_report_on_10000_events_costs_a_few_megabytes(ada, name):
    content = ask_and_measure(ada, "REPORT", *REPORTS[name])
    assert content.count(b"<D:response>") == EVENTS


def test_a_multiget_of_10000_events_costs_a_few_megabytes(ada):
    hrefs = "".join(f"<d:href>{one}</d:href>" for one in ada.hrefs)
    # The request itself is kept as a tree.
    content = ask_and_measure(ada, "REPORT", "c:calendar-multiget", f"<d:prop>{DATA}</d:prop>{hrefs}",
                              2 * MAX_KB)
    assert content.count(b"BEGIN:VEVENT") == EVENTS
    assert len(content) > EVENTS * len(WORDS)


@pytest.mark.parametrize("inner", ("<d:allprop/>", "<d:propname/>",
                                   "<d:prop><d:getetag/><x:a xmlns:x='urn:x'/><d:acl/></d:prop>"))
def test_a_listing_of_10000_events_costs_a_few_megabytes(ada, inner):
    assert ask_and_measure(ada, "PROPFIND", "d:propfind", inner).count(b"<D:response>") == EVENTS + 1


def test_dead_properties_do_not_make_listings_grow(ada):
    assert "200 OK" in ada.xml(
        "PROPPATCH", ada.hrefs[7], 'd:propertyupdate xmlns:x="urn:x"',
        "<d:set><d:prop><x:a>kept</x:a></d:prop></d:set>").text
    content = ask_and_measure(ada, "PROPFIND", "d:propfind", "<d:allprop/>")
    assert content.count(b">kept<") == 1


def test_pages_of_a_synchronisation_are_as_cheap(ada):
    token, seen = "", set()
    with measured(ada) as most:
        while True:
            changed, _, token, truncated = ada.sync_collection(ada.href, token, limit=1000)
            seen |= set(changed)
            if not truncated:
                break
        assert most() < MAX_KB
    assert len(seen) == EVENTS


def test_busy_times_of_a_year_are_as_cheap(ada):
    for _ in range(8):  # what the threads and the zones need once is not counted for the request
        assert ada.report(ada.href, "c:free-busy-query", f"<c:time-range {ALL_TIME}/>").status_code == 200
    with measured(ada) as most:
        answer = ada.report(ada.href, "c:free-busy-query", f"<c:time-range {ALL_TIME}/>")
        assert answer.status_code == 200
        assert answer.text.count("FREEBUSY;") == EVENTS
        assert most() < MAX_KB, most()


def test_many_large_answers_at_once_cost_as_many_times_more(ada):
    """Readers that take their time hold a piece each, not their answers."""
    with measured(ada) as most:
        answers = [ada.xml("REPORT", ada.href, *REPORTS["query of everything"], {"Depth": "1"}, stream=True)
                   for _ in range(20)]
        firsts = [next(answer.iter_content(1 << 16)) for answer in answers]
        assert all(b"<D:response>" in first for first in firsts)
        assert most() < 20 * MAX_KB / 2, most()
        for answer in answers:
            answer.close()
    assert ada.put(ada.href + "after.ics", event("after@example.com")).status_code == 201
    assert len(responses(ada.report(ada.href, *query("<d:getetag/>", f"<c:time-range {ALL_TIME}/>")))) \
        == EVENTS + 1
