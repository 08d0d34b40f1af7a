"""tsdav against the bridge."""

import json
import shutil

import pytest

from compat import assert_scene, desk, feishu_story, judge, left_behind  # makes the next one found
import tsdav

pytestmark = pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")


@pytest.fixture(scope="module", name="program", autouse=True)
def fixture_program(tmp_path_factory):
    """tsdav is installed once for all plays of this file."""
    with pytest.MonkeyPatch.context() as patch:
        program = tsdav.install(tmp_path_factory.mktemp("tsdav"))
        patch.setenv("TSDAV_JUDGE", str(program))
        yield program


def test_what_tsdav_writes_is_what_feishu_holds():
    with desk() as (sim, _, ada):
        judge("tsdav.py", ada, "--keep")
        assert_scene(sim, "compat-tsdav", "Room 2")


def test_tsdav_leaves_nothing_behind():
    with desk() as (sim, _, ada):
        judge("tsdav.py", ada)
        assert left_behind(sim) == []


def test_tsdav_shows_what_is_edited_in_feishu(program):
    with desk() as (sim, bridge, ada):
        process = tsdav.start(program, bridge.url + "/dav/", ada.name, ada.password, "--shows")

        def shows():
            process.stdin.write("2027-01-01T00:00:00Z 2027-02-01T00:00:00Z\n")
            process.stdin.flush()
            return {tuple(one) for one in json.loads(process.stdout.readline())}
        try:
            feishu_story(sim, shows)
        finally:
            process.stdin.close()
            assert process.wait(30) == 0
            process.stdout.close()


def test_the_lock_file_of_tsdav_names_no_registry():
    lock = (tsdav.HERE / "package-lock.json").read_text()
    assert '"resolved"' not in lock and "registry" not in lock
    assert '"tsdav": "2.3.0"' in lock
