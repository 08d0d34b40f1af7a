"""python-caldav on the wire, and Home Assistant, which is built upon it (home-assistant/core: homeassistant/
components/caldav/). The library is Debian's; test_compat_python_caldav.py plays it at length."""

import datetime

import caldav
import pytest
from bridge import event
from caldav.lib.error import AuthorizationError, ConsistencyError, NotFoundError, PutError
from clients import ADA, SOON, put_event, reader_calendar
from shared import ada, bridge, sim  # noqa: F401

UTC = datetime.timezone.utc
DAY = datetime.datetime(2027, 1, 15, tzinfo=UTC)


def client_of(ada, path="/dav/", password=None):
    client = caldav.DAVClient(ada.bridge.url + path, username=ada.name, password=password or ada.password)
    client.session.trust_env = False
    return client


@pytest.fixture(name="calendar")
def fixture_calendar(ada):
    found, = [one for one in client_of(ada).principal().calendars() if one.name == "Ada"]
    return found


# ---- python-caldav ----

@pytest.mark.parametrize("path", ["/dav/", "/dav"])
def test_the_principal_is_found_from_the_root(ada, path):
    principal = client_of(ada, path).principal()
    assert str(principal.url).endswith(ada.principal)
    assert principal.calendar_home_set.url.path == ada.home()


def test_a_principal_can_be_given_as_well(ada):
    principal = client_of(ada, ada.principal).principal()
    assert [one.name for one in principal.calendars()]


def test_calendar_user_addresses_and_boxes_are_found(ada):
    principal = client_of(ada).principal()
    assert principal.get_vcal_address().to_ical().decode() == "mailto:ada@example.com"
    assert str(principal.schedule_inbox().url).endswith(ada.inbox)
    assert str(principal.schedule_outbox().url).endswith(ada.outbox)
    assert list(principal.schedule_inbox().get_items()) == []


def test_an_event_is_saved_by_text_and_found_by_uid(sim, calendar):
    saved = calendar.save_event(event("pycaldav-1", summary="By python-caldav"))
    assert sim.event("By python-caldav")
    assert calendar.event_by_uid("pycaldav-1").url == saved.url
    assert calendar.event_by_url(saved.url).data.count("BEGIN:VEVENT") == 1
    saved.delete()
    with pytest.raises(NotFoundError):
        calendar.event_by_uid("pycaldav-1")


def test_the_library_updates_and_notices_a_conflict_only_when_asked(sim, calendar):
    saved = calendar.save_event(event("pycaldav-2", summary="One"))
    with pytest.raises(ConsistencyError):
        calendar.save_event(event("pycaldav-2", summary="Two"), no_overwrite=True)
    assert sim.event("One")
    calendar.save_event(event("pycaldav-2", summary="Two"), no_create=True)
    assert sim.event("Two")
    saved.load()
    assert "SUMMARY:Two" in saved.data
    saved.delete()


def test_a_search_takes_text_category_and_range_together(calendar):
    saved = calendar.save_event(event("pycaldav-3", summary="Needle", extra="CATEGORIES:hay,stack"))
    found = calendar.search(event=True, summary="Needle", start=datetime.datetime(2027, 1, 1),
                            end=datetime.datetime(2027, 2, 1))
    assert [one.icalendar_component["UID"] for one in found] == ["pycaldav-3"]
    assert [one.icalendar_component["UID"] for one in calendar.search(event=True, category="hay")] == [
        "pycaldav-3"]
    assert calendar.search(event=True, summary="Nothing of that") == []
    saved.delete()


def test_an_object_that_cannot_be_kept_is_an_error_of_the_library(calendar):
    """It takes each 403 for a matter of rights."""
    with pytest.raises((PutError, AuthorizationError), match="Forbidden"):
        calendar.save_event(event("pycaldav-4").replace("DTSTART", "X-START"))


def test_a_write_to_a_calendar_to_be_read_is_forbidden(sim, bridge, ada):
    href = reader_calendar(sim, bridge, ada, "Python looks")
    look = client_of(ada).calendar(url=ada.bridge.url + href)
    with pytest.raises(AuthorizationError):
        look.save_event(event("pycaldav-5"))


# ---- Home Assistant ----

def test_home_assistant_tells_a_wrong_password_by_the_reason_phrase(ada):
    """config_flow.py: err.reason == "Unauthorized" means a wrong password, else a wrong address"""
    with pytest.raises(AuthorizationError) as caught:
        client_of(ada, password="wrong").principal()
    assert caught.value.reason == "Unauthorized"


def test_home_assistant_takes_calendars_with_a_name_and_vevent(ada):
    """api.py: get_supported_components of each; calendar.py: no entity without a name"""
    calendars = client_of(ada).principal().calendars()
    assert calendars
    for one in calendars:
        assert one.get_supported_components() == ["VEVENT"]
        assert one.name


def test_home_assistant_makes_no_list_of_tasks(ada):
    """todo.py"""
    assert not [one for one in client_of(ada).principal().calendars()
                if "VTODO" in one.get_supported_components()]


def starts(found):
    return sorted((str(one.icalendar_component["SUMMARY"]), one.icalendar_component["DTSTART"].dt)
                  for one in found)


def test_home_assistant_reads_a_week_of_expanded_events(sim, bridge, ada, calendar):
    """coordinator.py: search with start, end, event and expand"""
    sim.add_event(ADA, "Daily", (SOON + 3600, SOON + 7200), recurrence="FREQ=DAILY;COUNT=5")
    bridge.sync(ada.name)
    found = calendar.search(start=DAY, end=DAY + datetime.timedelta(days=3), event=True, expand=True)
    daily = [when.astimezone(UTC) for name, when in starts(found) if name == "Daily"]
    assert daily == [DAY + datetime.timedelta(days=n, hours=9) for n in range(3)]
    for one in found:
        component = one.icalendar_component
        assert "DTEND" in component or "DURATION" in component
        assert "RRULE" not in component
    href, = [one for one in ada.members(ada.href) if "SUMMARY:Daily" in ada.get(one)]
    ada.delete(href)


def test_home_assistant_sees_events_that_have_begun_and_all_day_ones(ada, calendar):
    href = put_event(ada, "ha-allday.ics", "ha-allday", summary="Holiday").replace("\r\n", "")
    ada.put(href, event("ha-allday", summary="Holiday").replace(
        "DTSTART;TZID=Asia/Shanghai:20270105T100000", "DTSTART;VALUE=DATE:20270114").replace(
        "DTEND;TZID=Asia/Shanghai:20270105T110000", "DTEND;VALUE=DATE:20270118"))
    found = calendar.search(start=DAY, end=DAY + datetime.timedelta(days=1), event=True, expand=True)
    holiday = [one.icalendar_component for one in found
               if one.icalendar_component["SUMMARY"] == "Holiday"]
    assert [one["DTSTART"].dt for one in holiday] == [datetime.date(2027, 1, 14)]
    assert [one["DTEND"].dt for one in holiday] == [datetime.date(2027, 1, 18)]
    ada.delete(href)


@pytest.mark.parametrize("rule", [None, "FREQ=WEEKLY;COUNT=3"])
def test_home_assistant_creates_an_event_of_named_fields(sim, calendar, rule):
    """async_create_event: add_event with summary, dtstart, dtend, description and location, which may be
    missing"""
    fields = {"summary": "From the kitchen", "dtstart": DAY, "dtend": DAY + datetime.timedelta(hours=1),
              "dtstamp": datetime.datetime(2026, 11, 20, tzinfo=UTC), "description": "with, commas; and\nlines",
              "location": "Kitchen"}
    if rule:
        fields["rrule"] = {"FREQ": "WEEKLY", "COUNT": 3}
    calendar.add_event(**fields)
    made = sim.event("From the kitchen")
    assert made["location"]["name"] == "Kitchen" and made["start_time"]["timestamp"] == str(
        int(DAY.timestamp()))
    assert bool(made.get("recurrence")) == bool(rule)
    made, = calendar.search(event=True, summary="From the kitchen")
    assert "with, commas; and\nlines" == str(made.icalendar_component["DESCRIPTION"])
    made.delete()
    assert not [one for one in sim.events() if one["summary"] == "From the kitchen"]
