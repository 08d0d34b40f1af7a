"""What plays of pulls make in Feishu, and what they look at."""

from feishu_sim import ADA, BOB, DAY, HOUR, SOON

LISTS = "/events"


def texts(client, name="Ada"):
    """{summary: iCalendar text} of a calendar."""
    found = {}
    for href in client.members(client.calendars()[name]):
        text = client.get(href).replace("\r\n ", "")
        found[[line[8:] for line in text.splitlines() if line.startswith("SUMMARY:")][0]] = text
    return found


def event_lists(sim):
    return [call for call in sim.calls(method="GET") if call["path"].endswith(LISTS)]


def weekly(sim, user=ADA, summary="Weekly", count=5, **fields):
    return sim.add_event(user, summary, (SOON, SOON + HOUR),
                         recurrence=f"FREQ=WEEKLY;COUNT={count}", **fields)


def occurrence(master, number):
    """Id of the n-th occurrence (0 = the first) of a weekly series."""
    return master["event_id"][:-1] + str(SOON + number * 7 * DAY)


def shared(sim, summary="Team", role="writer", **fields):
    made = sim.edit(BOB, "calendar_create", calendar={"summary": summary, **fields})["calendar"]
    sim.share(BOB, made["calendar_id"], ADA, role)
    return made["calendar_id"]
