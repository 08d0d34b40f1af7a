"""Evolution's calendar back end against the bridge."""

import contextlib
import json
import subprocess
import tempfile

from compat import assert_scene, desk, feishu_story, judge, left_behind, utc  # makes the next one found
import evolution


def test_what_evolution_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("evolution.py", ada, "--keep")
        assert_scene(sim, "compat-evolution")


def test_evolution_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("evolution.py", ada)
        assert left_behind(sim) == []


@contextlib.contextmanager
def planner(bridge, ada):
    """ask(words ...): the back end with Ada's calendar open, which answers a line for a line."""
    with tempfile.TemporaryDirectory() as directory:
        process = evolution.start(["--shows", bridge.url + ada.calendars()["Ada"], ada.name, ada.password],
                                  directory, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

        def ask(*words):
            process.stdin.write(" ".join(words) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())
        try:
            yield ask
        finally:
            process.stdin.close()
            assert process.wait(60) == 0
            process.stdout.close()


def test_evolution_shows_what_is_edited_in_feishu():
    with desk() as (sim, bridge, ada), planner(bridge, ada) as ask:
        feishu_story(sim, lambda: {
            tuple(one) for one in ask("20270101T000000Z", "20270201T000000Z")})


def test_the_busy_time_of_a_colleague_is_shown_in_evolution():
    with desk() as (sim, bridge, ada), planner(bridge, ada) as ask:
        sim.add_event("bob@example.com", "Secret", (utc("20270105T060000Z"), utc("20270105T070000Z")))
        text = ask("20270105T000000Z", "20270106T000000Z", "bob@example.com")
        assert "20270105T060000Z" in text and "Secret" not in text
