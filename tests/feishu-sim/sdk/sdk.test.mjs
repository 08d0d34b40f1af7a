// Drives the simulator (its address in SIM_URL) through the official SDK, and compares each reply
// with the SDK's types.

import * as lark from '@larksuiteoapi/node-sdk';
import assert from 'node:assert/strict';
import crypto from 'node:crypto';
import {beforeEach, test} from 'node:test';

import {complaints, replyType} from './shapes.mjs';

const SIM = process.env.SIM_URL;
const ADA = 'ou_ada00000000000000000000000000001';
const BOB = 'ou_bob00000000000000000000000000002';
const ROOM = 'omm_0000000000000000000000000000a001';
const CALLBACK = 'http://127.0.0.1:9/callback';
const SCOPES = 'offline_access calendar:calendar calendar:calendar:readonly ' +
    'contact:user.base:readonly contact:contact.base:readonly contact:user.email:readonly ' +
    'contact:user:search vc:room:readonly';
const silent = {error() {}, warn() {}, info() {}, debug() {}, trace() {}};

let client, ada, bob;

/** A client with a token cache of its own: a reset of the simulator ends every token. */
function newClient() {
    const kept = new Map();
    return new lark.Client({
        appId: 'cli_sim0000000000000', appSecret: 'secret', domain: SIM, oauthBaseUrl: SIM,
        loggerLevel: lark.LoggerLevel.fatal, logger: silent,
        cache: {
            async get(key) {
                return kept.get(key);
            },
            async set(key, value) {
                kept.set(key, value);
                return true;
            },
        },
    });
}

async function control(method, name, body) {
    const reply = await fetch(`${SIM}/_sim/${name}`, {
        method, body: body && JSON.stringify(body),
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    return reply.json();
}

async function code(user, extra = {}) {
    const query = new URLSearchParams({
        client_id: 'cli_sim0000000000000', response_type: 'code', redirect_uri: CALLBACK,
        scope: SCOPES, state: 's', sim_user: user, ...extra,
    });
    const reply = await fetch(`${SIM}/open-apis/authen/v1/authorize?${query}`,
        {redirect: 'manual'});
    assert.equal(reply.status, 302);
    return new URL(reply.headers.get('location')).searchParams.get('code');
}

async function signIn(user) {
    const verifier = crypto.randomBytes(36).toString('base64url');
    const challenge = crypto.createHash('sha256').update(verifier).digest('base64url');
    return client.accessToken.retrieveByAuthorizationCode({
        code: await code(user, {code_challenge: challenge, code_challenge_method: 'S256'}),
        redirectUri: CALLBACK, codeVerifier: verifier,
    });
}

/** Calls client.<name> as a user (or the app), checks the reply's shape, returns its data. */
async function call(name, payload, who = ada) {
    const path = name.split('.');
    const method = path.pop();
    const room = path.reduce((at, part) => at[part], client);
    const reply = await room[method](payload, who && lark.withUserAccessToken(who));
    assert.equal(reply.code, 0);
    assert.deepEqual(complaints(replyType(name), reply, name), []);
    return reply.data;
}

async function refused(promise, status, number) {
    await assert.rejects(promise, (error) => {
        assert.equal(error.response.status, status);
        assert.equal(error.response.data.code, number);
        assert.equal(typeof error.response.data.msg, 'string');
        assert.match(error.response.headers['x-tt-logid'], /^\d{14}[0-9A-F]+$/);
        assert.equal(error.response.data.error.log_id, error.response.headers['x-tt-logid']);
        return true;
    });
}

const zone = 'Asia/Shanghai';
const T0 = 1767576600;
const at = (seconds) => ({timestamp: String(seconds), timezone: zone});
const timed = (more) => ({
    summary: 'SDK', start_time: at(T0), end_time: at(T0 + 3600),
    vchat: {vc_type: 'no_meeting'}, ...more,
});

async function primary(who = ada) {
    return (await call('calendar.calendar.primary', {}, who)).calendars[0].calendar.calendar_id;
}

async function make(more, who = ada) {
    const calendar_id = await primary(who);
    const {event} = await call('calendar.calendarEvent.create', {
        path: {calendar_id}, data: timed(more), params: {idempotency_key: crypto.randomUUID()},
    }, who);
    return {calendar_id, event_id: event.event_id, event};
}

beforeEach(async () => {
    await control('POST', 'reset');
    client = newClient();
    await control('POST', 'switches', {rate_limit: 'off'});
    ada = (await signIn(ADA)).accessToken;
    bob = (await signIn(BOB)).accessToken;
});

test('the comparison sees what does not fit the types', () => {
    const type = replyType('calendar.calendarEvent.list');
    assert.deepEqual(complaints(type, {code: 0, data: {items: [
        {event_id: 1, colour: 5, status: 'lost', reminders: [{minutes: '5'}], end_time: {}},
    ], has_more: 'no'}}, ''), [
        '.data.items[0].start_time is missing', '.data.items[0].event_id is 1',
        '.data.items[0].colour is unknown to the SDK', '.data.items[0].status is "lost"',
        '.data.items[0].reminders[0].minutes is "5"', '.data.has_more is "no"',
    ]);
});

test('the SDK exchanges a code with PKCE and refreshes once', async () => {
    const first = await signIn(ADA);
    assert.equal(first.tokenType, 'Bearer');
    assert.equal(first.expiresIn, 7200);
    assert.equal(first.scope, SCOPES);
    const second = await client.accessToken.refresh({refreshToken: first.refreshToken});
    assert.notEqual(second.accessToken, first.accessToken);
    await assert.rejects(client.accessToken.refresh({refreshToken: first.refreshToken}),
        (error) => error.code === 20073);
});

test('the SDK understands a refused code', async () => {
    await assert.rejects(
        client.accessToken.retrieveByAuthorizationCode({code: 'x', redirectUri: CALLBACK}),
        (error) => error.code === 20003 && error.error === 'invalid_grant');
});

test('user_info is what the SDK expects', async () => {
    const info = await call('authen.userInfo.get', {});
    assert.equal(info.open_id, ADA);
    assert.equal(info.email, 'ada@example.com');
});

test('the app fetches its own tenant token and lists its calendars', async () => {
    const list = await call('calendar.calendar.list', {}, null);
    assert.deepEqual(list.calendar_list.map((one) => one.type), ['primary']);
});

test('calendars are created, listed, changed, searched and deleted', async () => {
    const {calendar} = await call('calendar.calendar.create', {
        data: {summary: 'From the SDK', permissions: 'public', color: -1},
    });
    const path = {calendar_id: calendar.calendar_id};
    const list = await call('calendar.calendar.list', {params: {page_size: 50}});
    assert.equal(list.calendar_list.length, 2);
    const patched = await call('calendar.calendar.patch', {path, data: {summary: 'Renamed'}});
    assert.equal(patched.calendar.summary, 'Renamed');
    assert.equal((await call('calendar.calendar.get', {path})).summary, 'Renamed');
    const found = await call('calendar.calendar.search', {data: {query: 'renam'}}, bob);
    assert.deepEqual(found.items.map((one) => one.calendar_id), [calendar.calendar_id]);
    await call('calendar.calendar.subscribe', {path}, bob);
    await call('calendar.calendar.unsubscribe', {path}, bob);
    await call('calendar.calendar.delete', {path});
    const changed = await call('calendar.calendar.list', {
        params: {sync_token: list.sync_token},
    });
    assert.deepEqual(changed.calendar_list.map((one) => one.is_deleted), [true]);
});

test('access entries are created, listed and deleted', async () => {
    const {calendar} = await call('calendar.calendar.create', {data: {summary: 'Shared'}});
    const path = {calendar_id: calendar.calendar_id};
    const acl = await call('calendar.calendarAcl.create', {
        path, data: {role: 'writer', scope: {type: 'user', user_id: BOB}},
    });
    const list = await call('calendar.calendarAcl.list', {path});
    assert.deepEqual(list.acls.map((one) => one.role), ['owner', 'writer']);
    await call('calendar.calendarAcl.delete', {path: {...path, acl_id: acl.acl_id}});
});

test('an event is created, read, changed and deleted', async () => {
    const {calendar_id, event_id, event} = await make({
        description: 'text', location: {name: 'x', latitude: 31.23}, color: 5,
        reminders: [{minutes: 5}], visibility: 'private', free_busy_status: 'free',
        schemas: [{ui_name: 'ForwardIcon', ui_status: 'hide'}], source: 'test',
        description_rich: 'text',
    });
    assert.equal(event.organizer_calendar_id, calendar_id);
    const path = {calendar_id, event_id};
    const patched = await call('calendar.calendarEvent.patch', {path, data: {summary: 'New'}});
    assert.equal(patched.event.summary, 'New');
    const got = await call('calendar.calendarEvent.get', {path, params: {need_attendee: true}});
    assert.deepEqual(got.event.start_time, at(T0));
    const list = await call('calendar.calendarEvent.list', {
        path: {calendar_id}, params: {anchor_time: '1', page_size: 1000},
    });
    assert.deepEqual(list.items.map((one) => one.event_id), [event_id]);
    await call('calendar.calendarEvent.delete', {path, params: {need_notification: 'false'}});
    const changed = await call('calendar.calendarEvent.list', {
        path: {calendar_id}, params: {sync_token: list.sync_token},
    });
    assert.deepEqual(changed.items.map((one) => one.status), ['cancelled']);
    await refused(call('calendar.calendarEvent.get', {path}), 403, 193003);
});

test('a series has instances, exceptions and a view', async () => {
    const {calendar_id, event_id, event} = await make({recurrence: 'FREQ=DAILY;COUNT=3'});
    assert.equal(event.recurrence, 'FREQ=DAILY;COUNT=3;INTERVAL=1');
    const range = {start_time: String(T0 - 1), end_time: String(T0 + 10 * 86400)};
    const {items} = await call('calendar.calendarEvent.instances', {
        path: {calendar_id, event_id}, params: range,
    });
    assert.equal(items.length, 3);
    const path = {calendar_id, event_id: items[1].event_id};
    const moved = await call('calendar.calendarEvent.patch', {
        path, data: {start_time: at(T0 + 90000), end_time: at(T0 + 93600)},
    });
    assert.equal(moved.event.recurring_event_id, event_id);
    await call('calendar.calendarEvent.delete', {
        path: {calendar_id, event_id: items[2].event_id},
    });
    const view = await call('calendar.calendarEvent.instanceView', {
        path: {calendar_id}, params: range,
    });
    assert.deepEqual(view.items.map((one) => one.status),
        ['confirmed', 'confirmed', 'cancelled']);
    const found = await call('calendar.calendarEvent.search', {
        path: {calendar_id}, data: {query: 'sdk', filter: {
            start_time: at(T0 - 60), end_time: at(T0 + 60),
        }},
    });
    assert.equal(found.items.length, 1);
});

test('attendees are added, listed and removed, and answer', async () => {
    const {calendar_id, event_id} = await make({attendee_ability: 'can_see_others'});
    const path = {calendar_id, event_id};
    const added = await call('calendar.calendarEventAttendee.create', {
        path, data: {attendees: [
            {type: 'user', user_id: BOB}, {type: 'resource', room_id: ROOM},
            {type: 'chat', chat_id: 'oc_00000000000000000000000000000c01'},
            {type: 'third_party', third_party_email: 'x@y.example'},
        ], need_notification: false},
    });
    assert.equal(added.attendees.length, 4);
    const his = {calendar_id: await primary(bob), event_id};
    await call('calendar.calendarEvent.reply', {path: his, data: {rsvp_status: 'tentative'}},
        bob);
    const list = await call('calendar.calendarEventAttendee.list', {path});
    const answers = Object.fromEntries(list.items.map((one) =>
        [one.display_name, one.rsvp_status]));
    assert.equal(answers.Bob, 'tentative');
    const chat = list.items.find((one) => one.type === 'chat');
    await call('calendar.calendarEventAttendeeChatMember.list', {
        path: {...path, attendee_id: chat.attendee_id},
    });
    await call('calendar.calendarEventAttendee.batchDelete', {
        path, data: {attendee_ids: [chat.attendee_id],
            delete_ids: [{type: 'user', user_id: BOB}]},
    });
    await refused(call('calendar.calendarEvent.get', {path: his}, bob), 403, 193003);
});

test('free/busy of one and of several', async () => {
    await make({});
    const range = {time_min: '2026-01-05T00:00:00+08:00', time_max: '2026-01-06T00:00:00+08:00'};
    const one = await call('calendar.freebusy.list', {data: {...range, user_id: ADA}}, bob);
    assert.deepEqual(one.freebusy_list, [{
        start_time: '2026-01-05T09:30:00+08:00', end_time: '2026-01-05T10:30:00+08:00',
    }]);
    const many = await call('calendar.freebusy.batch', {
        data: {...range, user_ids: [ADA, BOB], need_rsvp_status: true},
    });
    assert.deepEqual(many.freebusy_lists.map((list) => list.freebusy_items.length), [1, 0]);
});

test('people are found by e-mail, id and name', async () => {
    const ids = await call('contact.user.batchGetId', {
        data: {emails: ['bob@example.com', 'nobody@example.com']},
    }, null);
    assert.deepEqual(ids.user_list.map((one) => one.user_id), [BOB, undefined]);
    const user = await call('contact.user.get', {path: {user_id: BOB}});
    assert.equal(user.user.email, 'bob@example.com');
    const batch = await call('contact.user.batch', {params: {user_ids: [ADA, BOB]}}, null);
    assert.deepEqual(batch.items.map((one) => one.name), ['Ada', 'Bob']);
});

test('rooms are listed, read and searched', async () => {
    const list = await call('vc.room.list', {}, null);
    assert.deepEqual(list.rooms.map((one) => one.room_id), [ROOM]);
    await call('vc.room.get', {path: {room_id: ROOM}}, null);
    await call('vc.room.mget', {data: {room_ids: [ROOM]}}, null);
    await call('vc.room.search', {data: {keyword: 'lotus'}});
});

test('the other methods of the calendar', async () => {
    const calendar_id = await primary();
    await call('calendar.calendar.subscription', {});
    await call('calendar.calendar.unsubscription', {});
    await call('calendar.calendarEvent.subscription', {path: {calendar_id}});
    await call('calendar.calendarEvent.unsubscription', {path: {calendar_id}});
    await call('calendar.calendarAcl.subscription', {path: {calendar_id}});
    await call('calendar.setting.generateCaldavConf', {data: {device_name: 'phone'}});
    await call('calendar.calendar.mget', {data: {calendar_ids: [calendar_id]}});
    await call('calendar.calendar.primarys', {data: {user_ids: [BOB]}});
    const off = await call('calendar.timeoffEvent.create', {data: {
        user_id: ADA, timezone: zone, start_time: '2026-01-05', end_time: '2026-01-05',
    }}, null);
    await call('calendar.timeoffEvent.delete', {
        path: {timeoff_event_id: off.timeoff_event_id},
    }, null);
});

test('errors have the shape the SDK reads', async () => {
    const calendar_id = await primary();
    await refused(call('calendar.calendarEvent.list', {
        path: {calendar_id}, params: {page_size: 10},
    }), 400, 99992402);
    await refused(call('calendar.calendar.get', {path: {calendar_id: 'x'}}), 400, 191001);
    await refused(call('calendar.calendar.list', {}, 'eyJnobody'), 400, 99991668);
    await refused(call('calendar.calendarEvent.create', {
        path: {calendar_id}, data: timed({recurrence: 'nonsense'}),
    }), 400, 190014);
});

test("the SDK's iterator pages through a list", async () => {
    const calendar_id = await primary();
    for (let n = 0; n < 60; n++) {
        await control('POST', 'edit', {as: ADA, action: 'event_create', event: timed({
            summary: `event ${n}`,
        })});
    }
    let n = 0;
    const pages = await client.calendar.calendarAcl.listWithIterator(
        {path: {calendar_id}}, lark.withUserAccessToken(ada));
    for await (const page of pages) n += page.acls.length;
    assert.equal(n, 1);
    const list = await call('calendar.calendarEvent.list', {
        path: {calendar_id}, params: {anchor_time: '1', page_size: 50},
    });
    const rest = await call('calendar.calendarEvent.list', {
        path: {calendar_id},
        params: {anchor_time: '1', page_size: 50, page_token: list.page_token},
    });
    assert.equal(list.items.length + rest.items.length, 60);
});
