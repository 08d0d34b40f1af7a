"""The core of CalDAV through the real program: queries, deltas in pages, properties that are kept."""

import re

import pytest
from bridge import CALDAV, event, responses
from shared import ada, bridge, sim  # noqa: F401


def test_a_slash_more_or_less_is_the_same_everywhere(sim, ada):
    for href in (ada.home(), ada.href, ada.principal, "/dav/"):
        for form in (href.rstrip("/"), href.rstrip("/") + "/"):
            found = ada.propfind(form, 0, "<d:resourcetype/>")
            assert list(found) == [href], form
    bare = ada.href.rstrip("/")
    assert len(ada.members(bare)) == len(ada.members(ada.href))
    assert ada.sync_collection(bare)[0].keys() == ada.sync_collection(ada.href)[0].keys()
    answer = ada.xml("MKCALENDAR", ada.home() + "no-slash", "c:mkcalendar", "<d:set><d:prop>"
                     "<d:displayname>No slash</d:displayname></d:prop></d:set>")
    assert answer.status_code == 201
    assert ada.calendars()["No slash"] == ada.home() + "no-slash/"
    assert ada.put(ada.home() + "no-slash/a.ics", event("a@slash")).status_code == 201
    assert ada.delete(ada.home() + "no-slash").status_code == 204
    assert "No slash" not in ada.calendars()
    assert [c for c in sim.calendars() if c["summary"] == "No slash"][0]["is_deleted"]


def query(ada, inner, data="<c:calendar-data/>"):
    answer = ada.report(ada.href, "c:calendar-query", f"<d:prop><d:getetag/>{data}</d:prop>"
                        '<c:filter><c:comp-filter name="VCALENDAR"><c:comp-filter name="VEVENT">'
                        f"{inner}</c:comp-filter></c:comp-filter></c:filter>")
    assert answer.status_code == 207, answer.text
    return {one.href.rsplit("/", 1)[1]: one.props[CALDAV + "calendar-data"].text
            for one in responses(answer) if CALDAV + "calendar-data" in one.props}


@pytest.fixture(name="series")
def fixture_series(ada):
    """A Berlin series over the change to summer time, with one moved and one left out."""
    text = event("q@example.com", start="20270322T090000", end="20270322T100000",
                 zone="Europe/Berlin", summary="Query", extra=(
                     "RRULE:FREQ=WEEKLY;COUNT=5\nEXDATE;TZID=Europe/Berlin:20270405T090000\n"
                     "LOCATION:Köln\nCATEGORIES:Work"))
    text = text.replace("END:VCALENDAR", "\r\n".join([
        "BEGIN:VEVENT", "UID:q@example.com", "DTSTAMP:20261120T000000Z",
        "RECURRENCE-ID;TZID=Europe/Berlin:20270412T090000",
        "DTSTART;TZID=Europe/Berlin:20270413T120000", "DTEND;TZID=Europe/Berlin:20270413T130000",
        "SUMMARY:Query moved", "END:VEVENT", "END:VCALENDAR"]))
    href = ada.href + "q.ics"
    assert ada.put(href, text).status_code == 201
    yield href
    assert ada.delete(href).status_code == 204


def starts(text):
    return sorted(re.findall(r"\nDTSTART[^:]*:(\S+)", text.replace("BEGIN:STANDARD\r\nDTSTART", "")
                             .replace("BEGIN:DAYLIGHT\r\nDTSTART", "")))


def time_range(start, end):
    return f'<c:time-range start="{start}" end="{end}"/>'


def test_queries_find_instances_where_they_are(ada, series):
    assert series
    month = ("20270301T000000Z", "20270501T000000Z")
    found = query(ada, time_range(*month), '<c:calendar-data><c:expand start="%s" end="%s"/>'
                  "</c:calendar-data>" % month)
    assert starts(found["q.ics"]) == ["20270322T080000Z", "20270329T070000Z",
                                      "20270413T100000Z", "20270419T070000Z"]
    assert "RRULE" not in found["q.ics"] and "VTIMEZONE" not in found["q.ics"]
    for day, there in (("20270322", True), ("20270405", False), ("20270412", False),
                       ("20270413", True), ("20270426", False), ("20270321", False)):
        hit = query(ada, time_range(day + "T000000Z", day + "T235959Z"))
        assert ("q.ics" in hit) is there, day
    week = ("20270412T000000Z", "20270418T000000Z")
    limited = query(ada, time_range(*week), "<c:calendar-data><c:limit-recurrence-set "
                    'start="%s" end="%s"/></c:calendar-data>' % week)["q.ics"]
    assert limited.count("BEGIN:VEVENT") == 2
    other = ("20270322T000000Z", "20270323T000000Z")
    limited = query(ada, time_range(*other), "<c:calendar-data><c:limit-recurrence-set "
                    'start="%s" end="%s"/></c:calendar-data>' % other)["q.ics"]
    assert limited.count("BEGIN:VEVENT") == 1


@pytest.mark.parametrize("inner,there", [
    ('<c:prop-filter name="SUMMARY"><c:text-match>quer</c:text-match></c:prop-filter>', True),
    ('<c:prop-filter name="SUMMARY"><c:text-match negate-condition="yes">quer</c:text-match>'
     "</c:prop-filter>", False),
    ('<c:prop-filter name="LOCATION"><c:text-match collation="i;ascii-casemap">KÖLN'
     "</c:text-match></c:prop-filter>", False),
    ('<c:prop-filter name="LOCATION"><c:text-match collation="i;octet">Köln</c:text-match>'
     "</c:prop-filter>", True),
    ('<c:prop-filter name="CATEGORIES"/>', True),
    ('<c:prop-filter name="X-NO"><c:is-not-defined/></c:prop-filter>', True),
    ('<c:comp-filter name="VALARM"><c:is-not-defined/></c:comp-filter>', True),
    ('<c:comp-filter name="VALARM"/>', False),
    ('<c:prop-filter name="DTSTART"><c:param-filter name="TZID"><c:text-match>berlin'
     "</c:text-match></c:param-filter></c:prop-filter>", True),
    ('<c:prop-filter name="UID"><c:text-match collation="i;octet">q@example.com</c:text-match>'
     "</c:prop-filter>", True)])
def test_filters_look_into_the_text(ada, series, inner, there):
    assert series and ("q.ics" in query(ada, inner)) is there


def test_only_what_is_asked_for_is_given(ada, series):
    assert series
    data = ('<c:calendar-data><c:comp name="VCALENDAR"><c:prop name="VERSION"/>'
            '<c:comp name="VEVENT"><c:prop name="SUMMARY"/><c:prop name="UID"/></c:comp></c:comp>'
            "</c:calendar-data>")
    text = query(ada, '<c:prop-filter name="UID"><c:text-match>q@example.com</c:text-match>'
                 "</c:prop-filter>", data)["q.ics"]
    assert "SUMMARY:Query" in text and "LOCATION" not in text and "VTIMEZONE" not in text


def test_free_busy_of_a_calendar_holds_its_busy_time_alone(ada, series):
    assert series
    assert ada.put(ada.href + "free.ics", event(
        "free@example.com", start="20270323T090000", end="20270323T100000",
        extra="TRANSP:TRANSPARENT")).status_code == 201
    answer = ada.report(ada.href, "c:free-busy-query", time_range("20270320T000000Z",
                                                                  "20270408T000000Z"))
    assert answer.status_code == 200
    assert answer.headers["Content-Type"].startswith("text/calendar")
    busy = re.findall(r"\nFREEBUSY[^:]*:(\S+)", answer.text.replace("\r\n ", ""))
    assert ",".join(busy) == "20270322T080000Z/20270322T090000Z,20270329T070000Z/20270329T080000Z" \
        or busy == ["20270322T080000Z/PT1H", "20270329T070000Z/PT1H"]
    assert ada.delete(ada.href + "free.ics").status_code == 204


def test_sync_in_pages_delivers_each_change_once(ada):
    hrefs = [f"{ada.href}page{number}.ics" for number in range(7)]
    start = ada.sync_collection(ada.href)[2]
    for number, href in enumerate(hrefs):
        assert ada.put(href, event(f"page{number}@example.com")).status_code == 201
    seen, token, more = [], start, True
    while more:
        changed, removed, token, more = ada.sync_collection(ada.href, token, limit=3)
        assert len(changed) <= 3 and not removed
        seen += list(changed)
    assert sorted(seen) == hrefs
    for href in hrefs:
        assert ada.delete(href).status_code == 204
    gone, more = [], True
    while more:
        changed, removed, token, more = ada.sync_collection(ada.href, token, limit=3)
        gone += removed
        assert not changed
    assert sorted(gone) == hrefs
    # Whoever slept through all of it sees only what is gone, or nothing.
    changed, removed, _, _ = ada.sync_collection(ada.href, start)
    assert not changed and set(removed) <= set(hrefs)


def test_dead_properties_are_kept_over_a_restart(bridge, ada):
    answer = ada.xml("PROPPATCH", ada.href, "d:propertyupdate",
                     '<d:set><d:prop><x:note xmlns:x="http://x.example/">kept <b>as</b> is'
                     "</x:note></d:prop></d:set>")
    assert " 200 " in answer.text
    bridge.stop()
    bridge.start()
    found = ada.xml("PROPFIND", ada.href, "d:propfind",
                    '<d:prop><x:note xmlns:x="http://x.example/"/></d:prop>', {"Depth": "0"})
    assert "kept" in found.text and "as</" in found.text
    answer = ada.xml("PROPPATCH", ada.href, "d:propertyupdate", "<d:set><d:prop>"
                     '<x:other xmlns:x="http://x.example/">1</x:other><d:getetag>no</d:getetag>'
                     "</d:prop></d:set>")
    assert " 403 " in answer.text and " 424 " in answer.text


def deep_sync(ada, token="", limit=None):
    """Of the home at level infinite: ({href: etag or None}, removed, token, truncated)."""
    inner = f"<d:sync-token>{token}</d:sync-token><d:sync-level>infinite</d:sync-level>"
    if limit:
        inner += f"<d:limit><d:nresults>{limit}</d:nresults></d:limit>"
    answer = ada.report(ada.home(), "d:sync-collection", inner + "<d:prop><d:getetag/></d:prop>", 0)
    assert answer.status_code == 207, answer.text
    changed, removed, truncated = {}, set(), False
    for one in responses(answer):
        if one.status == 507:
            truncated = True
        elif one.status == 404:
            removed.add(one.href)
        else:
            etag = one.props.get("{DAV:}getetag")
            changed[one.href] = None if etag is None else etag.text
    token = re.search(r"<D:sync-token>(.*)</D:sync-token>", answer.text)[1]
    return changed, removed, token, truncated


@pytest.mark.parametrize("limit", (None, 1, 3))
def test_the_home_at_level_infinite_tells_what_changed_in_which_calendar(bridge, ada, limit):
    there = ada.home() + f"deep{limit}/"
    assert ada.xml("MKCALENDAR", there, "c:mkcalendar", "").status_code == 201
    for n in range(3):
        ada.put(f"{there}{n}.ics", event(f"{n}@deep{limit}"))
        ada.put(f"{ada.href}deep{n}.ics", event(f"{n}@deep"))
    bridge.sync(ada.name)  # what the first pull finds out of a calendar changes the list

    def everything(token):
        held, gone = {}, set()
        while True:
            changed, removed, token, truncated = deep_sync(ada, token, limit)
            assert limit is None or len(changed) + len(removed) <= limit
            held.update(changed)
            gone |= removed
            if not truncated:
                return held, gone, token
    held, gone, token = everything("")
    expected = {href: etag for calendar in ada.calendars().values()
                for href, etag in ada.members(calendar).items()}
    assert {href: etag for href, etag in held.items() if etag} == expected and not gone
    assert set(ada.calendars().values()) <= set(held)
    ada.delete(f"{there}1.ics")
    ada.put(f"{ada.href}deep2.ics", event("2@deep", summary=f"Other {limit}"))
    held, gone, token = everything(token)
    assert gone == {f"{there}1.ics"}
    assert {href for href, etag in held.items() if etag} == {f"{ada.href}deep2.ics"}
    assert everything(token) == ({}, set(), token)
    assert ada.delete(there).status_code == 204
    assert everything(token)[:2] == ({}, {there})


def test_a_calendar_that_is_deleted_during_its_first_pull_was_deleted(sim, ada):
    """The pull, which finds that out by itself, may be the first to forget it."""
    for n in range(20):
        href = f"{ada.home()}short{n}/"
        assert ada.xml("MKCALENDAR", href, "c:mkcalendar", "").status_code == 201
        assert ada.delete(href).status_code == 204
        assert ada.delete(href).status_code == 404
    assert not [one for one in sim.calendars() if one["summary"].startswith("short")
                and not one["is_deleted"]]
