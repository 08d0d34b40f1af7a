// The steps of ../tsdav.py in the library's own language: node judge.mjs URL USER PASSWORD [--keep].
// Writes a line of JSON for each test: {"test", "passed", "note"}. With --shows it reads lines from
// stdin instead, "START END", and answers each with what the primary calendar shows in that time.
import assert from "node:assert/strict";
import {createRequire} from "node:module";
import readline from "node:readline";

// Its file for import is not marked as a module, which Node.js 18 minds.
const {createDAVClient} = createRequire(import.meta.url)("tsdav");

const NAME = "compat-tsdav";
const ZONE = "Asia/Shanghai";
const [url, username, password, option] = process.argv.slice(2);
const login = {
  serverUrl: url, credentials: {username, password}, authMethod: "Basic",
  defaultAccountType: "caldav",
};

const vevent = (uid, ...lines) => [
  "BEGIN:VEVENT", `UID:compat-tsdav-${uid}`, "DTSTAMP:20261101T000000Z", ...lines, "END:VEVENT",
];
const text = (...events) => [
  "BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//compat//tsdav//EN", ...events.flat(),
  "END:VCALENDAR", "",
].join("\r\n");
const at = (day, hour) => {
  const two = (number) => String(number).padStart(2, "0");
  return [`DTSTART;TZID=${ZONE}:202701${two(day)}T${two(hour)}0000`,
    `DTEND;TZID=${ZONE}:202701${two(day)}T${two(hour + 1)}0000`];
};
const day = (number) => `2027-01-${String(number).padStart(2, "0")}T00:00:00Z`;
const range = (first, last) => ({start: day(first), end: day(last)});
const line = (data, name) => new RegExp(`^${name}[^:\r\n]*:(.*?)\r?$`, "m").exec(data)?.[1]
  .replace(/\\([\\,;])/g, "$1");

let client;
let calendar;

const objects = (more = {}) => client.fetchCalendarObjects({calendar, ...more});
const one = async (uid) => {
  const found = (await objects()).filter((item) => item.data.includes(`UID:compat-tsdav-${uid}`));
  assert.equal(found.length, 1);
  return found[0];
};
const refreshed = async () => (await client.fetchCalendars()).find((item) => item.url === calendar.url);
const titles = (found) => found.map((item) => line(item.data, "SUMMARY")).sort();
// Expanded instances as [start, title].
const instances = (found) => found.flatMap((item) => item.data.split("BEGIN:VEVENT").slice(1)
  .map((part) => [line(part, "DTSTART"), line(part, "SUMMARY")])).sort();
const ok = (answer, status) => assert.equal(answer.status, status);
const series = (...more) => text(
  vevent("series", ...at(4, 9), "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4", ...more),
  vevent("series", `RECURRENCE-ID;TZID=${ZONE}:20270111T090000`, ...at(11, 16),
    "SUMMARY:Standup late"));

const steps = {
  "discovery": async () => {
    client = await createDAVClient({...login, serverUrl: new URL("/", url).href});
    assert.ok((await client.fetchCalendars()).length);
  },
  "wrong password": async () => {
    await assert.rejects(createDAVClient({
      ...login, credentials: {username, password: "wrong"}}), /Invalid credentials/);
  },
  "calendars with name, colour, token and reports": async () => {
    for (const item of await client.fetchCalendars()) {
      assert.ok(item.displayName && item.ctag && item.syncToken && item.calendarColor);
      assert.deepEqual(item.components, ["VEVENT"]);
      assert.ok(item.reports.includes("syncCollection"));
    }
  },
  "calendar user addresses": async () => {
    const account = await client.createAccount({account: {
      serverUrl: url, accountType: "caldav", credentials: login.credentials}});
    const found = await client.fetchCalendarUserAddresses({account});
    assert.ok(found.some((address) => address.startsWith("mailto:")));
  },
  "make calendar": async () => {
    const before = await client.fetchCalendars();
    const home = new URL(".", before[0].url.replace(/\/$/, "")).href;
    await client.deleteObject({url: `${home}${NAME}/`});
    await client.makeCalendar({url: `${home}${NAME}/`, props: {"d:displayname": NAME}});
    const after = await client.syncCalendarsDetailed({oldCalendars: before});
    calendar = after.created.find((item) => item.displayName === NAME);
    assert.ok(calendar);
  },
  "create": async () => {
    ok(await client.createCalendarObject({calendar, filename: "single.ics", iCalString: text(
      vevent("single", ...at(4, 10), "SUMMARY:Planning", "LOCATION:Room 1"))}), 201);
    ok(await client.createCalendarObject({calendar, filename: "allday.ics", iCalString: text(
      vevent("allday", "DTSTART;VALUE=DATE:20270111", "DTEND;VALUE=DATE:20270114",
        "SUMMARY:Journey"))}), 201);
    ok(await client.createCalendarObject({calendar, filename: "series.ics", iCalString: text(
      vevent("series", ...at(4, 9), "SUMMARY:Standup", "RRULE:FREQ=WEEKLY;COUNT=4"))}), 201);
  },
  "create again is refused": async () => {
    ok(await client.createCalendarObject({calendar, filename: "single.ics", iCalString: text(
      vevent("other", ...at(4, 10), "SUMMARY:Planning"))}), 412);
  },
  "fetch objects": async () => {
    const found = await objects();
    assert.deepEqual(titles(found), ["Journey", "Planning", "Standup"]);
    assert.ok(found.every((item) => item.etag.startsWith('"')));
  },
  "fetch without multiget": async () => {
    assert.deepEqual(titles(await objects({useMultiGet: false})), ["Journey", "Planning", "Standup"]);
  },
  "fetch by address": async () => {
    const {url: href} = await one("single");
    assert.deepEqual(titles(await objects({objectUrls: [href]})), ["Planning"]);
  },
  "time range": async () => {
    assert.deepEqual(titles(await objects({timeRange: range(4, 5)})), ["Planning", "Standup"]);
    assert.deepEqual(titles(await objects({timeRange: range(12, 13)})), ["Journey"]);
    assert.deepEqual(await objects({timeRange: range(6, 7)}), []);
  },
  "expand": async () => {
    const found = await objects({timeRange: range(1, 20), expand: true});
    assert.deepEqual(instances(found).filter((item) => item[1] === "Standup"), [
      ["20270104T010000Z", "Standup"], ["20270111T010000Z", "Standup"],
      ["20270118T010000Z", "Standup"]]);
  },
  "update": async () => {
    const found = await one("single");
    const data = found.data.replace("SUMMARY:Planning", "SUMMARY:Planning\\, edited");
    ok(await client.updateCalendarObject({calendarObject: {...found, data}}), 204);
    assert.ok((await one("single")).data.includes("LOCATION:Room 1"));
  },
  "update with an old etag is refused": async () => {
    ok(await client.updateCalendarObject({calendarObject: {
      ...await one("single"), etag: '"old"'}}), 412);
  },
  "move": async () => {
    const found = await one("single");
    ok(await client.updateCalendarObject({calendarObject: {...found, data: text(vevent(
      "single", ...at(5, 14), "SUMMARY:Planning\\, edited", "LOCATION:Room 1"))}}), 204);
    assert.deepEqual(titles(await objects({timeRange: range(5, 6)})), ["Planning, edited"]);
  },
  "except one and drop one": async () => {
    const found = await one("series");
    ok(await client.updateCalendarObject({calendarObject: {
      ...found, data: series(`EXDATE;TZID=${ZONE}:20270118T090000`)}}), 204);
    const shown = instances(await objects({timeRange: range(1, 31), expand: true}));
    assert.deepEqual(shown.filter((item) => item[1].startsWith("Standup")), [
      ["20270104T010000Z", "Standup"], ["20270111T080000Z", "Standup late"],
      ["20270125T010000Z", "Standup"]]);
  },
  "basic synchronisation": async () => {
    const sync = (collection) => client.smartCollectionSyncDetailed({
      collection: {...collection, fetchObjects: ({collection: item, ...more}) =>
        client.fetchCalendarObjects({calendar: item, ...more})}, method: "basic"});
    const local = {...await refreshed(), objects: await objects()};
    assert.deepEqual((await sync(local)).objects, {created: [], updated: [], deleted: []});
    ok(await client.createCalendarObject({calendar, filename: "new.ics", iCalString: text(
      vevent("new", ...at(20, 10), "SUMMARY:New"))}), 201);
    ok(await client.updateCalendarObject({calendarObject: {
      ...await one("allday"), data: text(vevent("allday", "DTSTART;VALUE=DATE:20270111",
        "DTEND;VALUE=DATE:20270115", "SUMMARY:Journey"))}}), 204);
    const {objects: changed} = await sync(local);
    assert.deepEqual(titles(changed.created), ["New"]);
    assert.deepEqual(titles(changed.updated), ["Journey"]);
    assert.deepEqual(changed.deleted, []);
  },
  "webdav synchronisation": async () => {
    const sync = (collection) => client.smartCollectionSyncDetailed({
      collection: {...collection, objectMultiGet: client.calendarMultiGet}, method: "webdav"});
    const local = {...await refreshed(), objects: await objects()};
    assert.deepEqual((await sync(local)).objects, {created: [], updated: [], deleted: []});
    ok(await client.deleteCalendarObject({calendarObject: await one("new")}), 204);
    const single = await one("single");
    ok(await client.updateCalendarObject({calendarObject: {
      ...single, data: single.data.replace("Room 1", "Room 2")}}), 204);
    const second = await sync(local);
    assert.equal(second.objects.deleted.length, 1);
    assert.match(second.objects.deleted[0].url, /new\.ics$/);
    assert.deepEqual(titles(second.objects.updated), ["Planning, edited"]);
    assert.notEqual(second.syncToken, local.syncToken);
    const third = await sync({...second, objects: await objects()});
    assert.deepEqual(third.objects, {created: [], updated: [], deleted: []});
  },
  "synchronisation of calendars": async () => {
    const before = await client.fetchCalendars();
    ok(await client.deleteCalendarObject({calendarObject: await one("allday")}), 204);
    const {created, updated, deleted} = await client.syncCalendarsDetailed({oldCalendars: before});
    assert.deepEqual([created.length, updated.length, deleted.length], [0, 1, 0]);
    assert.equal(updated[0].url, calendar.url);
  },
  "free/busy": async () => {
    const answer = await client.freeBusyQuery?.({url: calendar.url, timeRange: range(5, 6)}) ??
      (await client.davRequest({url: calendar.url, init: {
        method: "REPORT", namespace: "c", headers: {depth: "1"}, body: {"free-busy-query": {
          _attributes: {"xmlns:c": "urn:ietf:params:xml:ns:caldav"}, "time-range": {
            _attributes: {start: "20270105T000000Z", end: "20270106T000000Z"}}}}}}))[0];
    assert.ok(String(answer.raw).includes("20270105T060000Z"), JSON.stringify(answer.raw));
  },
};

const lastStep = async () => {
  ok(await client.deleteObject({url: calendar.url}), 204);
  assert.equal(await refreshed(), undefined);
};

const judge = async () => {
  if (option !== "--keep") steps["delete calendar"] = lastStep;
  for (const [test, step] of Object.entries(steps)) {
    let note = "";
    try {
      await step();
    } catch (error) {
      note = String(error?.message ?? error).slice(0, 300);
      if (!note) note = "failed";
    }
    console.log(JSON.stringify({test, passed: note === "", note}));
  }
};

const shows = async () => {
  client = await createDAVClient(login);
  const calendars = await client.fetchCalendars();
  [calendar] = calendars;
  for await (const question of readline.createInterface({input: process.stdin})) {
    const [start, end] = question.split(" ");
    const found = await objects({timeRange: {start, end}, expand: true});
    console.log(JSON.stringify(instances(found)));
  }
};

await (option === "--shows" ? shows() : judge());
