"""A create whose end the client was not told, sent again with If-None-Match: * after it was finished behind
its back: the answer is that of the first one, once. What the client was told, and what others made, is
412 as ever (RFC 9110 13.1.2)."""

import socket

import pytest
import requests

from bridge import event, wait_until
from feishu_sim import FeishuSim
from stage import Stage, has_hooks, living, told
from writing import INVITE_BOB

pytestmark = pytest.mark.skipif(not has_hooks(), reason="built without --enable-test-hooks")
NEW = {"If-None-Match": "*"}


@pytest.fixture(name="stage", scope="module")
def fixture_stage():
    with FeishuSim() as sim, Stage(sim) as stage:
        yield stage


def text_of(name, title=None):
    return event(f"{name}@example.com", summary=title or name, extra=INVITE_BOB)


def create(stage, name, text=None):
    return stage.ada.put(f"{stage.href}{name}.ics", text or text_of(name), NEW)


def fail_to_create(stage, name, **fault):
    stage.sim.fault(count=-1, **fault)
    assert create(stage, name).status_code == 503
    stage.sim.clear_faults()
    wait_until(lambda: not stage.rows("SELECT 1 FROM journal"), "the end in the background", 40)
    assert len(living(stage.sim, name)) == 1


def is_answered(stage, name):
    """The repeat is the first answer again, and with it the matter is closed."""
    answer = create(stage, name)
    assert answer.status_code == 201, answer.text
    href = f"{stage.href}{name}.ics"
    assert answer.headers["ETag"] == stage.ada.members(stage.href)[href]
    assert stage.ada.get(href) == text_of(name)
    assert create(stage, name).status_code == 412
    assert len(living(stage.sim, name)) == 1
    assert told(stage.sim, "invite", name) == 1


@pytest.mark.parametrize("fault", [
    {"method": "POST", "path": "*/events", "cut": "after"},
    {"method": "POST", "path": "*/events", "code": 190003, "status": 500, "effect": True},
    {"method": "POST", "path": "*/attendees", "cut": "before"},
], ids=["event", "error", "before people"])
def test_a_create_that_ended_in_the_background_is_answered_as_a_create(stage, request, fault):
    name = request.node.callspec.id.replace(" ", "-")
    fail_to_create(stage, name, **fault)
    is_answered(stage, name)
    stage.settle()


def test_it_is_answered_so_after_a_restart_too(stage):
    fail_to_create(stage, "restart", method="POST", path="*/attendees", cut="before")
    stage.bridge.stop()
    stage.rise()
    is_answered(stage, "restart")


def test_another_text_or_another_name_is_another_create(stage):
    fail_to_create(stage, "other", method="POST", path="*/attendees", cut="before")
    assert create(stage, "other", text_of("other", "Changed")).status_code == 412
    assert stage.ada.put(stage.href + "else.ics", text_of("other"), NEW).status_code in (403, 409)
    is_answered(stage, "other")


def test_what_the_client_was_told_is_412_the_second_time(stage):
    assert create(stage, "told").status_code == 201
    assert create(stage, "told").status_code == 412


def test_what_was_changed_or_deleted_since_is_no_longer_that_create(stage):
    href = stage.href + "since.ics"
    fail_to_create(stage, "since", method="POST", path="*/attendees", cut="before")
    assert stage.ada.put(href, text_of("since", "since 2")).status_code == 204
    assert create(stage, "since").status_code == 412
    fail_to_create(stage, "deleted", method="POST", path="*/attendees", cut="before")
    assert stage.ada.delete(stage.href + "deleted.ics").status_code == 204
    assert create(stage, "deleted").status_code == 201, "it is made anew, as a client may wish"
    assert create(stage, "deleted").status_code == 412


def test_after_a_day_it_is_forgotten(stage):
    fail_to_create(stage, "old", method="POST", path="*/attendees", cut="before")
    stage.clock.advance(86400 + 60)
    wait_until(lambda: not stage.rows("SELECT 1 FROM unanswered"), "the end of the day")
    assert create(stage, "old").status_code == 412
    stage.settle()  # with a fresh token: to be killed while it is renewed is another play's


def test_a_client_that_gave_up_waiting_is_answered_when_it_asks_again(stage):
    body = text_of("gone-away").encode()
    stage.sim.fault(method="POST", path="*/events", delay_ms=700)
    with socket.create_connection(("127.0.0.1", stage.bridge.port)) as connection:
        prepared = stage.ada.session.prepare_request(
            requests.Request("PUT", stage.bridge.url + stage.href + "gone-away.ics",
                                           data=body, headers=NEW))
        head = "".join(f"{name}: {value}\r\n" for name, value in prepared.headers.items())
        connection.sendall(f"PUT {stage.href}gone-away.ics HTTP/1.1\r\nHost: 127.0.0.1\r\n{head}\r\n"
                           .encode() + body)
        wait_until(lambda: living(stage.sim, "gone-away"), "the call")
    wait_until(lambda: not stage.rows("SELECT 1 FROM journal")
               and stage.href + "gone-away.ics" in stage.ada.members(stage.href), "its end")
    wait_until(lambda: "PUT " + stage.href + "gone-away.ics 201" in stage.bridge.log(), "the log")
    is_answered(stage, "gone-away")


def test_a_create_that_was_killed_at_any_moment_is_answered_as_a_create(stage):
    answers = []
    for n in range(1, 40):
        name = f"killed-{n}"
        stage.light(n)
        dead = stage.dies_of(lambda: answers.append(create(stage, name)) or answers[0])
        stage.put_out()
        if dead:
            stage.rise()
        if answers:
            break
        wait_until(lambda: not stage.rows("SELECT 1 FROM journal"), "the end of the journal", 40)
        is_answered(stage, name)
    assert 5 < n < 39
    assert answers[0].status_code == 201
    stage.settle()
