"""Events as real products write them (tests/samples, a folder a product): each is stored, served byte for
byte, edited in Feishu, and served with no other line touched than those that the edit concerns."""

import datetime
import difflib
import os

import pytest

from bridge import event, wait_until
from feishu_sim import ADA
from shared import ada, bridge, sim  # noqa: F401

DIR = os.path.join(os.path.dirname(__file__), "..", "samples")
SAMPLES = sorted(os.path.join(product, name) for product in os.listdir(DIR)
                 for name in os.listdir(os.path.join(DIR, product)))


def is_series(name):
    with open(os.path.join(DIR, name), "rb") as file:
        return any(b"\nRRULE" in part.split(b"END:VEVENT")[0]
                   for part in file.read().split(b"BEGIN:VEVENT")[1:])


SERIES = [name for name in SAMPLES if is_series(name)]
SINGLE = [name for name in SAMPLES if not is_series(name)]
PRODUCTS = ("thunderbird", "apple-macos", "apple-ios", "google", "outlook", "evolution",
            "korganizer", "davx5", "nextcloud", "fantastical")


def test_there_are_samples_of_every_product():
    assert len(SAMPLES) >= 60
    for product in PRODUCTS:
        assert len([name for name in SAMPLES if name.startswith(product)]) >= 6, product


def lines(data):
    """Content lines; folds are undone in bytes, as they may cut a character in two."""
    data = data.replace(b"\r\n", b"\n").replace(b"\n ", b"").replace(b"\n\t", b"")
    return data.decode().splitlines()


def changed(before, after):
    """The lines that are gone and those that came."""
    diff = list(difflib.ndiff(lines(before), lines(after)))
    return ([line[2:] for line in diff if line.startswith("- ")],
            [line[2:] for line in diff if line.startswith("+ ")])


def names(found):
    return sorted({line.split(":")[0].split(";")[0] for line in found})


class Sample:
    """One sample in the bridge, and its event in Feishu."""

    def __init__(self, sim, bridge, ada, name):
        self.sim, self.bridge, self.ada = sim, bridge, ada
        with open(os.path.join(DIR, name), "rb") as file:
            self.text = file.read()
        self.href = ada.href + name.replace(os.sep, "-")
        known = {one["event_id"] for one in sim.events()}
        answer = ada.put(self.href, self.text, {"If-None-Match": "*"})
        assert answer.status_code == 201, f"{name}: {answer.text}"
        self.event, = [one for one in sim.events() if one["event_id"] not in known]
        self.id = self.event["event_id"]
        self.first = self.get()
        # METHOD has no place in a stored object (RFC 4791 4.1).
        self.kept = b"".join(line for line in self.text.splitlines(keepends=True)
                             if not line.startswith(b"METHOD:"))

    def get(self):
        answer = self.ada.request("GET", self.href)
        assert answer.status_code == 200, answer.text
        return answer.content

    def edit(self, fields, event_id=None, action="event_patch"):
        """Edits in Feishu; returns the lines that are gone and those that came."""
        members = {"event": fields} if fields else {}
        before = self.get()
        self.sim.edit(ADA, action, event_id=event_id or self.id, **members)
        self.bridge.sync(self.ada.name)
        return changed(before, self.get())


@pytest.fixture(name="stored", scope="module")
def fixture_stored(sim, bridge, ada):
    """All samples, put so long ago that what is read upstream is believed."""
    found = {name: Sample(sim, bridge, ada, name) for name in SAMPLES}
    last = ada.href + "last.ics"
    assert ada.put(last, event("last@example.com", summary="Last")).status_code == 201
    bridge.sync(ada.name)
    for one in found.values():
        one.second = one.get()
    sim.edit(ADA, "event_patch", event_id=sim.event("Last")["event_id"], event={"summary": "Seen"})
    wait_until(lambda: bridge.sync(ada.name) and "SUMMARY:Seen" in ada.get(last), "the edit")
    return found


@pytest.fixture(name="sample")
def fixture_sample(request, stored):
    return stored[request.param]


def samples(names_of_files):
    return pytest.mark.parametrize("sample", names_of_files, indirect=True,
                                   ids=lambda name: name.removesuffix(".ics"))


@samples(SAMPLES)
def test_a_sample_is_served_byte_for_byte(sample):
    assert sample.first == sample.kept
    assert sample.second == sample.kept


@samples(SAMPLES)
def test_a_new_title_in_feishu_changes_the_summary_alone(sample):
    gone, new = sample.edit({"summary": "Changed in Feishu"})
    assert new == ["SUMMARY:Changed in Feishu"]
    assert len(gone) == 1 and gone[0].startswith("SUMMARY")


@samples(SAMPLES)
def test_a_new_place_in_feishu_changes_the_location_alone(sample):
    gone, new = sample.edit({"location": {"name": "Room 7"}})
    assert new == ["LOCATION:Room 7"]
    assert set(names(gone)) <= {"LOCATION", "GEO", "X-APPLE-STRUCTURED-LOCATION", "STRUCTURED-DATA"}


def shifted(event, name):
    """The event's time a day later, in the form of a request."""
    time = event[name]
    if not time.get("date"):
        return {"timestamp": str(int(time["timestamp"]) + 86400), "timezone": time["timezone"]}
    day = datetime.date.fromisoformat(time["date"])
    # The end is read exclusive and written inclusive (feishu-api 16.1).
    return {"date": str(day + datetime.timedelta(days=0 if name == "end_time" else 1))}


@samples(SINGLE)
def test_a_move_in_feishu_changes_the_times_alone(sample):
    times = {name: shifted(sample.event, name) for name in ("start_time", "end_time")}
    gone, new = sample.edit(times)
    if b"TZID=" in sample.text and b"BEGIN:VTIMEZONE" not in sample.text:
        # The definition that the client left out comes along.
        new = new[new.index("END:VTIMEZONE") + 1:]
    assert names(gone) == names(new)
    assert names(new) in (["DTEND", "DTSTART"], ["DTSTART"])


def untouched(sample):
    """Ids of occurrences that the rule gives and nobody changed."""
    start = sample.event["start_time"]
    first = int(start.get("timestamp") or datetime.datetime.fromisoformat(
        start["date"] + "T00:00:00+00:00").timestamp())
    items = sample.sim.data(ADA, "GET", f"/{sample.sim.primary(ADA)}/events/{sample.id}/instances",
                            query={"start_time": first - 1, "end_time": first + 700 * 86400})["items"]
    return [one for one in items if not one["is_exception"] and one["status"] != "cancelled"]


@samples(SERIES)
def test_an_occurrence_cancelled_in_feishu_is_one_exdate_more(sample):
    gone, new = sample.edit(None, untouched(sample)[-1]["event_id"], "event_delete")
    assert not gone
    assert len(new) == 1 and new[0].startswith("EXDATE")


@samples(SERIES)
def test_an_occurrence_renamed_in_feishu_is_one_component_more(sample):
    gone, new = sample.edit({"summary": "Once"}, untouched(sample)[-1]["event_id"])
    assert not gone
    assert new[0] == "BEGIN:VEVENT" or new[-1] == "BEGIN:VEVENT"
    assert "SUMMARY:Once" in new and names(new).count("RECURRENCE-ID") == 1
    assert new.count("BEGIN:VEVENT") == 1
