"""Last-Modified and getlastmodified: when the bridge learned of a change, the same for all who look, and a
condition of reads and writes (RFC 9110 section 13, RFC 4918 section 15.7)."""

from email.utils import format_datetime, parsedate_to_datetime
from datetime import timedelta

import pytest

from bridge import event
from feishu_sim import ADA, HOUR, SOON
from shared import ada, bridge, sim  # noqa: F401
from stage import Stage, has_hooks

MODIFIED = "{DAV:}getlastmodified"


def modified(client, href, depth="1"):
    """{href: time} of what tells one."""
    answer = client.propfind(href, depth, "<d:getlastmodified/>")
    return {one: props[MODIFIED].text for one, props in answer.items() if MODIFIED in props}


def shifted(text, seconds):
    return format_datetime(parsedate_to_datetime(text) + timedelta(seconds=seconds), usegmt=True)


def get(client, href, **headers):
    return client.request("GET", href, headers={
        name.replace("_", "-"): value for name, value in headers.items()})


def test_dates_are_conditions_of_reads_and_writes(sim, ada):  # noqa: F811
    href = ada.href + "dated.ics"
    assert ada.put(href, event("dated@example.com")).status_code == 201
    time = get(ada, href).headers["Last-Modified"]
    assert time == modified(ada, href, "0")[href]
    assert ada.request("HEAD", href).headers["Last-Modified"] == time

    same = get(ada, href, If_Modified_Since=time)
    assert same.status_code == 304 and not same.content and same.headers["ETag"]
    assert get(ada, href, If_Modified_Since=shifted(time, -1)).status_code == 200
    assert get(ada, href, If_Modified_Since="never").status_code == 200
    assert get(ada, href, If_Modified_Since=time, If_None_Match='"x"').status_code == 200

    since = sim.last_call()
    other = event("dated@example.com", summary="Other")
    early = {"If-Unmodified-Since": shifted(time, -1)}
    assert ada.put(href, other, early).status_code == 412
    assert ada.delete(href, early).status_code == 412
    assert sim.writes(since) == [], "nothing was written in Feishu"
    assert "Other" not in ada.get(href)
    assert ada.put(href, other, {"If-Unmodified-Since": time}).status_code == 204
    assert [method for method, _ in sim.writes(since)] == ["PATCH"]
    # However soon that was: another text has another time.
    assert modified(ada, href, "0")[href] != time
    assert ada.put(href, other, {"If-Unmodified-Since": time}).status_code == 412
    assert get(ada, href, If_Modified_Since=time).status_code == 200
    # Nor is what has the name next as old as what had it before.
    time = modified(ada, href, "0")[href]
    assert ada.delete(href).status_code == 204
    assert ada.put(href, event("dated@example.com", summary="New")).status_code == 201
    assert parsedate_to_datetime(modified(ada, href, "0")[href]) > parsedate_to_datetime(time)
    assert ada.delete(href).status_code == 204


@pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")
def test_a_modification_has_a_time_and_looking_again_changes_none(sim):  # noqa: F811
    with Stage(sim) as stage:
        client, href = stage.ada, stage.href
        for number in range(3):
            sim.add_event(ADA, f"Event {number}", (SOON, SOON + HOUR))
        assert client.put(href + "own.ics", event("own@modified", extra="X-A:b")).status_code == 201
        stage.bridge.sync(client.name)
        before = modified(client, href)
        assert set(before) == {href} | set(client.members(href))

        # Time goes by, and everything is read anew in each way that there is.
        for how in (("sync",), ("sync", "--full")):
            stage.clock.advance(600)
            stage.bridge.run(*how, client.name)
            assert modified(client, href) == before, how
        sim.tokens(sync="expire")
        stage.bridge.sync(client.name)
        stage.bridge.stop()
        stage.clock.advance(600)
        stage.bridge.start()
        stage.bridge.run("sync", "--full", client.name)
        assert modified(client, href) == before

        # One event is edited in Feishu: its time, and its calendar's.
        changed = next(one for one in sim.events() if one["summary"] == "Event 1")
        stage.clock.advance(600)
        sim.edit(ADA, "event_patch", event_id=changed["event_id"], event={"summary": "Edited"})
        stage.bridge.sync(client.name)
        after = modified(client, href)
        different = {one for one in before if before[one] != after[one]}
        assert len(different) == 2 and href in different
        one, = different - {href}
        assert "Edited" in client.get(one)
        assert after[one] == after[href] == get(client, one).headers["Last-Modified"]
        assert parsedate_to_datetime(after[one]) - parsedate_to_datetime(before[one]) >= \
            timedelta(minutes=30)
        # What is removed is a change of the calendar alone.
        stage.clock.advance(600)
        assert client.delete(href + "own.ics").status_code == 204
        last = modified(client, href)
        assert last[href] != after[href]
        assert all(last[name] == after[name] for name in last if name != href)
