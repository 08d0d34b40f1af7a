#!/usr/bin/env python3
"""vdirsyncer's CalDAV storage (Debian package vdirsyncer), the class that its synchronisation stands on,
called directly. The claims are those of vdirsyncer's own storage tests, which Debian does not ship; those
themselves run by upstream.py where their source is at hand."""

import asyncio
import contextlib
import datetime
import logging
import random
import urllib.parse
import uuid

import aiohttp
from judge import Judge, expect
from vdirsyncer import exceptions
from vdirsyncer.storage.dav import CalDAVStorage
from vdirsyncer.vobject import Item, normalize_item

COLLECTION = "compat-storage"
EVENT = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//compat//vdirsyncer//EN
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20261101T000000Z
DTSTART:{day}T170000Z
DTEND:{day}T180000Z
SUMMARY:Storage {mark}
X-SOMETHING:{mark}
END:VEVENT
END:VCALENDAR"""
SERIES = """BEGIN:VCALENDAR
VERSION:2.0
BEGIN:VEVENT
DTSTART;TZID=UTC:20270105T084000Z
DTEND;TZID=UTC:20270105T101000Z
DTSTAMP:20261101T000000Z
UID:{uid}
RECURRENCE-ID;TZID=UTC:20270105T083000Z
DESCRIPTION:
SEQUENCE:1
SUMMARY:late
TRANSP:OPAQUE
END:VEVENT
BEGIN:VEVENT
DTSTART;TZID=UTC:20261201T083000Z
DTEND;TZID=UTC:20261201T100000Z
RRULE:FREQ=WEEKLY;BYDAY=TU;UNTIL=20270301T213000Z
DTSTAMP:20261101T000000Z
UID:{uid}
LOCATION:
SEQUENCE:0
SUMMARY:weekly
TRANSP:OPAQUE
END:VEVENT
END:VCALENDAR"""
REFUSALS = (exceptions.Error, aiohttp.ClientResponseError)


def item(uid=None, day="20270105", mark=None):
    """An event unlike all others."""
    return Item(EVENT.format(uid=uid or uuid.uuid4(), day=day, mark=mark or random.randrange(1 << 40)))


@contextlib.contextmanager
def refused(kind):
    try:
        yield
    except kind:
        return
    raise AssertionError("taken")


class Tests:
    """Each step has a new, empty collection."""

    def __init__(self, judge, connector):
        self.args = {"url": judge.url, "username": judge.user, "password": judge.password,
                     "connector": connector}
        self.made = []

    async def storage(self, name=COLLECTION, **more):
        """An empty collection, made as the command "discover" makes it."""
        found = await CalDAVStorage.create_collection(f"{name}-{uuid.uuid4()}", **self.args)
        made = CalDAVStorage(**found, **more)
        self.made.append(made)
        return made

    async def clean(self):
        while self.made:
            await self.made.pop().session.request("DELETE", "")

    @staticmethod
    async def upload(storage, one):
        """(href, etag), the latter asked for where the answer has none."""
        href, etag = await storage.upload(one)
        if etag is None:
            _, etag = await storage.get(href)
        return href, etag

    @staticmethod
    async def listing(storage):
        return sorted([one async for one in storage.list()])

    async def generic(self):
        """Nine items go up; list, has and get agree on them."""
        storage = await self.storage()
        made = sorted([await self.upload(storage, item()) for _ in range(9)])
        expect(await self.listing(storage), made)
        for href, etag in made:
            assert await storage.has(href)
            expect((await storage.get(href))[1], etag)

    async def get_multi_of_nothing(self):
        storage = await self.storage()
        expect([one async for one in storage.get_multi([])], [])

    async def get_multi_duplicates(self):
        storage = await self.storage()
        href, etag = await self.upload(storage, item())
        expect([(one, tag) async for one, _, tag in storage.get_multi([href] * 2)], [(href, etag)])

    async def upload_already_existing(self):
        storage, one = await self.storage(), item()
        await storage.upload(one)
        with refused(exceptions.PreconditionFailed):
            await storage.upload(one)

    async def upload_gives_back_the_same(self):
        storage, one = await self.storage(), item()
        href, _ = await storage.upload(one)
        expect(normalize_item((await storage.get(href))[0]), normalize_item(one))

    async def update(self):
        storage, one = await self.storage(), item()
        href, etag = await self.upload(storage, one)
        other = item(uid=one.uid)
        new = await storage.update(href, other, etag)
        if new is None:
            _, new = await storage.get(href)
        assert isinstance(new, str) and new != etag
        expect(normalize_item((await storage.get(href))[0]), normalize_item(other))

    async def update_nonexisting(self):
        storage = await self.storage()
        with refused(exceptions.PreconditionFailed):
            await storage.update("huehue.ics", item(), '"123"')

    async def wrong_etag(self):
        storage, one = await self.storage(), item()
        href, _ = await storage.upload(one)
        with refused(exceptions.PreconditionFailed):
            await storage.update(href, one, '"lolnope"')
        with refused(exceptions.PreconditionFailed):
            await storage.delete(href, '"lolnope"')

    async def delete(self):
        storage = await self.storage()
        await storage.delete(*await self.upload(storage, item()))
        expect(await self.listing(storage), [])

    async def delete_nonexisting(self):
        storage = await self.storage()
        with refused(exceptions.PreconditionFailed):
            await storage.delete("1.ics", '"123"')

    async def has(self):
        storage = await self.storage()
        assert not await storage.has("asd.ics")
        href, etag = await self.upload(storage, item())
        assert await storage.has(href)
        await storage.delete(href, etag)
        assert not await storage.has(href)

    async def update_others_stay_the_same(self):
        storage = await self.storage()
        made = dict([await self.upload(storage, item()) for _ in range(4)])
        expect({href: etag async for href, _, etag in storage.get_multi(made)}, made)

    async def discover(self):
        """Collections that were made are found, under their names."""
        made = [await self.storage() for _ in range(4)]
        found = [one["collection"] async for one in CalDAVStorage.discover(**self.args)]
        assert {one.collection for one in made} <= set(found), found

    async def create_collection_twice_is_the_same(self):
        first = await self.storage()
        again = await CalDAVStorage.create_collection(first.collection, **self.args)
        expect(again["url"].rstrip("/"), first.session.url.rstrip("/"))

    async def case_sensitive_uids(self):
        storage, uid = await self.storage(), str(uuid.uuid4())
        for one in (uid.upper(), uid.lower()):
            await storage.upload(item(uid=one))
        expect(len({href for href, _ in await self.listing(storage)}), 2)

    async def special_characters(self):
        """In the UID, in the name of the object, and in that of the collection."""
        uid, collection = "test @ foo ät bar град сатану", "compat @ foo ät bar"
        storage = await self.storage(collection)
        storage._get_href = lambda one: storage._normalize_href(one.ident + storage.fileext)
        one = item(uid=uid)
        href, etag = await self.upload(storage, one)
        got, tag = await storage.get(href)
        expect(normalize_item(got), normalize_item(one))
        expect(tag, etag)
        expect(await self.listing(storage), [(href, etag)])
        assert collection in urllib.parse.unquote(storage.collection)
        assert urllib.parse.quote(uid, "/@:") in href, href

    async def percent_signs_in_a_uid(self):
        storage = await self.storage()
        storage._get_href = lambda one: storage._normalize_href(one.ident + storage.fileext)
        href, etag = await self.upload(storage, item(uid="20210609T084907Z-@synaps-web%0A.ics"))
        expect(await self.listing(storage), [(href, etag)])
        expect((await storage.get(href))[1], etag)

    async def metadata(self):
        """Names of all scripts, a colour, an order, a description."""
        storage = await self.storage()
        for value in ("hello world", "hello wörld", "Österreich", "中国", "한글", "فلسطين"):
            await storage.set_meta("displayname", value)
            expect(await storage.get_meta("displayname"), value)
        await storage.set_meta("color", "#ff0000")
        expect((await storage.get_meta("color")).lower()[:7], "#ff0000")

    async def recurring_events(self):
        """A series with an exception, in zones that are called UTC."""
        storage, uid = await self.storage(), str(uuid.uuid4())
        href, _ = await storage.upload(Item(SERIES.format(uid=uid)))
        text = (await storage.get(href))[0].raw
        expect(text.count("BEGIN:VEVENT"), 2)
        assert "RRULE:FREQ=WEEKLY;BYDAY=TU" in text and uid in text, text

    async def broken_items_are_refused(self):
        storage = await self.storage()
        for text in ("HAHA:YES", "BEGIN:VCARD\nVERSION:3.0\nFN:No\nN:No\nUID:1\nEND:VCARD"):
            with refused(REFUSALS):
                await storage.upload(Item(text))
        expect(await self.listing(storage), [])

    async def tasks_are_refused(self):
        storage = await self.storage()
        with refused(REFUSALS):
            await storage.upload(Item(EVENT.format(uid="task", day="20270105", mark=1).replace(
                "VEVENT", "VTODO")))
        expect(await self.listing(storage), [])

    async def time_range(self):
        storage = await self.storage(start_date=datetime.datetime(2027, 1, 4),
                                     end_date=datetime.datetime(2027, 1, 7))
        await storage.upload(item(day="20260714"))
        await storage.upload(item(day="20280714"))
        href, _ = await storage.upload(item(day="20270105"))
        expect([one for one, _ in await self.listing(storage)], [href])

    async def item_types(self):
        """Each kind is asked by a query of its own."""
        storage = await self.storage()
        href, _ = await storage.upload(item())
        for kinds, hrefs in (((), [href]), (("VEVENT",), [href]), (("VTODO",), []),
                             (("VTODO", "VEVENT", "VJOURNAL"), [href])):
            storage.item_types = kinds
            expect([one for one, _ in await self.listing(storage)], hrefs)


STEPS = [name for name, value in vars(Tests).items()
         if asyncio.iscoroutinefunction(value) and name not in ("storage", "clean")]


async def run(judge):
    async with aiohttp.TCPConnector(limit_per_host=16) as connector:
        tests = Tests(judge, connector)
        for name in STEPS:
            error = None
            try:
                await getattr(tests, name)()
            except Exception as caught:  # a judge goes on, whatever a client library raises
                error = caught
            judge.row(name.replace("_", " "), error is None, error and f"{type(error).__name__}: {error}")
            if not judge.options.keep:
                await tests.clean()


def main():
    logging.getLogger("vdirsyncer").setLevel(logging.CRITICAL)
    judge = Judge("vdirsyncer_storage")
    asyncio.run(run(judge))
    judge.finish()


if __name__ == "__main__":
    main()
