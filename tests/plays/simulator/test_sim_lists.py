"""The list of events, the expanded view and search (5.11, 5.12, 5.14)."""

import pytest

from asked import (
    ADA, BOB, DAY, T0, at, code, everything, listing, make, occurrence, path, share, shared,
    weekly)


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
