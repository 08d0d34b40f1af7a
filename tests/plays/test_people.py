"""People and rooms: found while somebody types, asked whether they are free, within the budget and without
the scopes that would be nice to have."""

import base64
import http.client
import json
import re
import threading
import xml.etree.ElementTree as ET

import pytest

from bridge import NS, Bridge, Client, responses, wait_until
from feishu_sim import ADA, HOUR, SOON, FeishuSim

WANG = "ou_wang0000000000000000000000000002"
ROSE = "ou_rose0000000000000000000000000003"
LOTUS = "omm_0000000000000000000000000000f302"
BOARD = "omm_0000000000000000000000000000f001"
SCOPES = ("offline_access calendar:calendar calendar:calendar:readonly calendar:calendar.free_busy:read "
          "contact:user.base:readonly contact:contact.base:readonly contact:user.email:readonly "
          "vc:room:readonly")
WORLD = {
    "people": [
        {"open_id": ADA, "name": "Ada", "email": "ada@example.com"},
        {"open_id": WANG, "name": "王芳", "en_name": "Wang Fang", "email": "wf@example.com"},
        {"open_id": ROSE, "name": "Rose Meyer", "email": "rose.meyer@example.com"},
        {"name": "Gone Rose", "email": "gone@example.com", "resigned": True},
    ],
    "rooms": [
        {"room_id": LOTUS, "name": "莲 Lotus (3F)", "capacity": 12, "custom_room_id": "F3-02"},
        {"room_id": BOARD, "name": "Board room", "capacity": 20},
    ],
}


@pytest.fixture(name="sim")
def fixture_sim():
    with FeishuSim(WORLD) as sim:
        yield sim


def start(sim, scopes=SCOPES + " contact:user:search"):
    return Bridge(sim, {"feishu.scopes": scopes})


def found(client, root, inner, props="<d:displayname/><c:calendar-user-type/>"
                                     "<cs:email-address-set/><c:calendar-user-address-set/>"):
    """{name: response} of a search."""
    answer = client.report("/dav/principals/", root, f"{inner}<d:prop>{props}</d:prop>", 0)
    assert answer.status_code == 207, answer.text
    return {one.props["{DAV:}displayname"].text: one for one in responses(answer)}


def typed(client, words, context="attendee"):
    """As Apple Calendar asks while somebody types."""
    return found(client, f'cs:calendarserver-principal-search context="{context}"',
                 "".join(f"<cs:search-token>{word}</cs:search-token>" for word in words.split()))


def named(client, words, match="starts-with"):
    """As iOS and older macOS do: in the name or in an address."""
    one = (f'<d:match match-type="{match}">{words}</d:match>')
    return found(client, 'd:principal-property-search test="anyof"',
                 f"<d:property-search><d:prop><d:displayname/></d:prop>{one}</d:property-search>"
                 "<d:property-search><d:prop><cs:email-address-set/></d:prop>"
                 f"{one}</d:property-search>")


def searches(sim, part="search"):
    return [call["path"] for call in sim.calls() if part in call["path"]]


# ---- finding ----

def test_colleagues_are_found_by_name_pinyin_and_address(sim):
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        assert set(typed(ada, "王")) == {"王芳"}
        assert set(typed(ada, "wang fang")) == {"王芳"}
        assert set(named(ada, "wang")) == {"王芳"}
        assert set(named(ada, "rose")) == {"Rose Meyer"}
        assert set(named(ada, "meyer")) == {"Rose Meyer"}
        assert set(named(ada, "rose.mey")) == {"Rose Meyer"}, "known by now, so found by address"
        assert set(typed(ada, "ada")) == {"Ada"}
        assert not typed(ada, "nobody")
        wang = typed(ada, "王")["王芳"]
        assert wang.props["{%s}calendar-user-type" % NS["c"]].text == "INDIVIDUAL"
        assert wang.props["{%s}email-address-set" % NS["cs"]][0].text == "wf@example.com"
        hrefs = [one.text for one in wang.props["{%s}calendar-user-address-set" % NS["c"]]]
        assert hrefs == ["mailto:wf@example.com", f"/dav/principals/{WANG}/"]


def test_a_whole_address_is_looked_up(sim):
    with start(sim, SCOPES) as bridge:
        ada = bridge.sign_in(ADA)
        sim.fault(path="*/employees/search", code=99991672, status=400, count=-1)
        assert not named(ada, "rose.mey")
        assert [one.href for one in named(ada, "rose.meyer@example.com").values()] \
            == [f"/dav/principals/{ROSE}/"]


def test_rooms_are_found_and_have_a_stable_address(sim):
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        lotus = typed(ada, "lotus", "location")
        assert set(lotus) == {"莲 Lotus (3F)"}
        one = lotus["莲 Lotus (3F)"]
        assert one.href == f"/dav/principals/{LOTUS}/"
        assert one.props["{%s}calendar-user-type" % NS["c"]].text == "ROOM"
        assert one.props["{%s}calendar-user-address-set" % NS["c"]][0].text \
            == f"mailto:{LOTUS}@feishu.invalid"
        assert not typed(ada, "lotus", "user")
        everything = found(ada, "d:principal-property-search",
                           "<d:property-search><d:prop><c:calendar-user-type/></d:prop>"
                           '<d:match match-type="equals">ROOM</d:match></d:property-search>')
        assert set(everything) == {"莲 Lotus (3F)", "Board room"}


def test_who_was_found_stays_a_principal(sim):
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        href = typed(ada, "王")["王芳"].href
        bridge.stop()
        sim.fault(path="*", code=99991672, status=400, count=-1)
        bridge.start()
        props = ada.propfind(href, 0, "<d:displayname/><d:resourcetype/><cs:record-type/>")[href]
        assert props["{DAV:}displayname"].text == "王芳"
        assert props["{DAV:}resourcetype"].find("d:principal", NS) is not None
        answer = ada.report("/dav/", "d:expand-property",
                            '<d:property name="current-user-principal"><d:property name="displayname"/>'
                            "</d:property>", 0)
        assert answer.status_code == 207 and "Ada" in answer.text
        assert ada.xml("PROPFIND", "/dav/principals/ou_nobody/", "d:propfind",
                       "<d:prop><d:displayname/></d:prop>", {"Depth": "0"}).status_code == 404


# ---- the budget ----

def test_the_same_search_is_asked_once(sim):
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        sim.clear_calls()
        for _ in range(3):
            assert set(typed(ada, "王")) == {"王芳"}
            assert set(named(ada, "王")) == {"王芳"}
        assert searches(sim) == ["/open-apis/search/v1/user", "/open-apis/vc/v1/rooms/search"]
        assert len(searches(sim, "/contact/v3/users/batch")) == 1


def test_a_search_does_not_hold_up_cached_reads(sim):
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        sim.fault(path="*/search/v1/user", delay_ms=14000)
        other = Client(bridge, ada.name, ada.password)
        late = []
        thread = threading.Thread(target=lambda: late.append(typed(other, "王")))
        thread.start()
        wait_until(lambda: searches(sim, "search/v1/user"), "the search")
        for _ in range(20):
            ada.propfind(ada.home(), 0, "<cs:getctag/>")
        assert not late, "reads are answered while the search waits"
        sim.clear_faults()
        thread.join()
        assert set(late[0]) == {"王芳"}


# ---- without scopes ----

def test_without_the_search_scope_the_directory_of_employees_is_asked(sim):
    with start(sim, SCOPES) as bridge:
        ada = bridge.sign_in(ADA)
        sim.clear_calls()
        assert set(typed(ada, "王")) == {"王芳"}
        assert set(named(ada, "rose.mey")) == {"Rose Meyer"}, "which knows addresses, too"
        assert set(typed(ada, "meyer")) == {"Rose Meyer"}
        assert searches(sim, "search/v1/user") == ["/open-apis/search/v1/user"], "refused once"
        assert len(searches(sim, "employees/search")) == 3


@pytest.mark.parametrize("status, code", [(400, 99991672), (400, 99991679), (404, None)])
def test_where_nothing_may_be_asked_those_who_are_known_are_found(sim, status, code):
    fault = {"code": code} if code else {"body": "404 page not found", "content_type": "text/plain"}
    with start(sim) as bridge:
        sim.add_event(ADA, "Meeting", (SOON, SOON + HOUR),
                      attendees=[{"user": ADA}, {"user": ROSE}, {"room": LOTUS}])
        ada = bridge.sign_in(ADA)
        for path in ("*/search/v1/user", "*/employees/search", "*/vc/v1/rooms*"):
            sim.fault(path=path, status=status, count=-1, **fault)
        sim.clear_calls()
        assert set(typed(ada, "rose")) == {"Rose Meyer"}
        assert set(typed(ada, "lotus")) == {"莲 Lotus (3F)"}, "it was in an event"
        assert not typed(ada, "王")
        assert not typed(ada, "board")
        assert set(typed(ada, "ada")) == {"Ada"}
        assert len(searches(sim)) == 3, "each is asked once in an hour"
        assert len(searches(sim, "/vc/v1/rooms")) == 2
        assert show_state(bridge) == "ok", "the person need not sign in again for it"


def show_state(bridge):
    return json.loads(bridge.run("user", "list", "--json").stdout)[0]["state"]


# ---- free or busy ----

def busy(client, recipients, headers):
    """{address: (request-status, number of busy periods)}; headers: pairs."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//plays//EN", "METHOD:REQUEST",
             "BEGIN:VFREEBUSY", "UID:fb-1", "DTSTAMP:20261120T000000Z",
             "DTSTART:20270115T000000Z", "DTEND:20270116T000000Z",
             "ORGANIZER:mailto:ada@example.com",
             *[f"ATTENDEE:{one}" for one in recipients], "END:VFREEBUSY", "END:VCALENDAR", ""]
    body = "\r\n".join(lines).encode()
    connection = http.client.HTTPConnection("127.0.0.1", client.bridge.port, timeout=60)
    connection.putrequest("POST", client.home() + "outbox/")
    token = base64.b64encode(f"{client.name}:{client.password}".encode()).decode()
    for name, value in [("Authorization", "Basic " + token), ("Content-Length", str(len(body))),
                        ("Content-Type", "text/calendar; charset=utf-8"), *headers]:
        connection.putheader(name, value)
    connection.endheaders(body)
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    assert answer.status == 200, text
    found_there = {}
    for one in ET.fromstring(text).findall("c:response", NS):
        data = one.find("c:calendar-data", NS)
        found_there[one.find("c:recipient/d:href", NS).text] = (
            one.find("c:request-status", NS).text[0],
            len(re.findall("^FREEBUSY", data.text, re.M)) if data is not None else None)
    return found_there


def test_a_room_is_asked_whether_it_is_free(sim):
    with start(sim) as bridge:
        taken = sim.add_event(ROSE, "Taken", (SOON, SOON + HOUR),
                              attendees=[{"user": ROSE}, {"room": LOTUS}])
        sim.edit(ROSE, "room_answer", event_id=taken["event_id"], room=LOTUS,
                 rsvp_status="accept")
        ada = bridge.sign_in(ADA)
        lotus = f"mailto:{LOTUS}@feishu.invalid"
        board = f"mailto:{BOARD}@feishu.invalid"
        assert busy(ada, [lotus, board, "mailto:rose.meyer@example.com"], []) == {
            lotus: ("2", 1), board: ("2", 0), "mailto:rose.meyer@example.com": ("2", 1)}
        rooms = [call["body"]["room_id"] for call in sim.calls(path="freebusy/list")]
        assert sorted(rooms) == [BOARD, LOTUS]


def test_several_recipient_headers_are_all_asked(sim):
    """Thunderbird and others send a Recipient line each; Apple one line with commas."""
    with start(sim) as bridge:
        ada = bridge.sign_in(ADA)
        expected = {"mailto:wf@example.com": ("2", 0), "mailto:rose.meyer@example.com": ("2", 0),
                    "mailto:nobody@elsewhere.example": ("3", None)}
        assert busy(ada, [], [("Originator", "mailto:ada@example.com"),
                              *[("Recipient", one) for one in expected]]) == expected
        assert busy(ada, [], [("Recipient", ", ".join(expected))]) == expected
