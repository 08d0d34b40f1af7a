// The simulator's delivery of events (its address in SIM_URL) judged by the official SDK: its
// WSClient connects, its EventDispatcher opens and verifies the callbacks.

import * as lark from '@larksuiteoapi/node-sdk';
import assert from 'node:assert/strict';
import http from 'node:http';
import {afterEach, beforeEach, test} from 'node:test';

const SIM = process.env.SIM_URL;
const APP = {app_id: 'cli_0123456789abcdef', app_secret: 'secret', redirect_uris: ['loopback']};
const ADA = 'ou_ada00000000000000000000000000001';
const silent = {error() {}, warn() {}, info() {}, debug() {}, trace() {}};
const CHANGED = 'calendar.calendar.event.changed_v4';
const SCENARIO = {app: APP, people: [{open_id: ADA, name: 'Ada', user_id: 'ada00001'}]};

let events, ends;

async function control(method, name, body) {
    const reply = await fetch(`${SIM}/_sim/${name}`, {
        method, body: body && JSON.stringify(body),
    });
    assert.equal(reply.status, 200, await reply.clone().text());
    return reply.json();
}

async function until(claim, what) {
    for (let tries = 0; tries < 400; tries++) {
        const value = await claim();
        if (value) {
            return value;
        }
        await new Promise((done) => setTimeout(done, 25));
    }
    assert.fail(`${what}: ${JSON.stringify(await control('GET', 'push'), null, 1)}`);
}

function dispatcher(extra = {}) {
    const keep = (type) => async (data) => {
        events.push({type, ...data});
    };
    return new lark.EventDispatcher({loggerLevel: lark.LoggerLevel.fatal, logger: silent, ...extra})
        .register(Object.fromEntries([
            CHANGED, 'calendar.calendar.changed_v4', 'calendar.calendar.acl.created_v4',
            'calendar.calendar.acl.deleted_v4', 'auth.user_access_token.revoked_v4',
        ].map((type) => [type, keep(type)])));
}

/** Subscribes Ada to everything, by the API. */
async function subscribe() {
    const {access_token: token} = await control('POST', 'tokens', {user: ADA, mint: true});
    const {people} = await control('GET', 'state?part=people');
    const calendar = people.find((one) => one.open_id === ADA).primary_calendar_id;
    const base = `${SIM}/open-apis/calendar/v4/calendars`;
    for (const path of ['subscription', `${calendar}/events/subscription`,
        `${calendar}/acls/subscription`]) {
        const reply = await fetch(`${base}/${path}`, {
            method: 'POST', headers: {Authorization: `Bearer ${token}`},
        });
        assert.equal((await reply.json()).code, 0);
    }
    return calendar;
}

async function connect() {
    const client = new lark.WSClient({
        appId: APP.app_id, appSecret: APP.app_secret, domain: SIM,
        loggerLevel: lark.LoggerLevel.fatal, logger: silent,
    });
    client.start({eventDispatcher: dispatcher()});
    ends.push(() => client.close({force: true}));
    return until(async () => {
        const [first] = (await control('GET', 'push')).connections;
        return first && first.pings > 0;
    }, 'the connection and its ping');
}

async function edit(summary = 'SDK') {
    return control('POST', 'edit', {as: ADA, action: 'event_create', event: {
        summary, vchat: {vc_type: 'no_meeting'},
        start_time: {timestamp: '1800000000', timezone: 'Asia/Shanghai'},
        end_time: {timestamp: '1800003600', timezone: 'Asia/Shanghai'},
    }});
}

async function delivered(n = 1) {
    const push = await until(async () => {
        const now = await control('GET', 'push');
        return now.messages.filter((one) => one.state === 'delivered').length >= n && now;
    }, `${n} delivered`);
    assert.deepEqual(push.complaints, []);
    return push;
}

async function webhook(keys) {
    const server = http.createServer(lark.adaptDefault('/events', dispatcher(keys), {
        autoChallenge: true,
    }));
    await new Promise((done) => server.listen(0, '127.0.0.1', done));
    ends.push(() => server.close());
    await control('POST', 'push', {
        mode: 'webhook', url: `http://127.0.0.1:${server.address().port}/events`,
        encrypt_key: keys.encryptKey, verification_token: keys.verificationToken,
    });
    assert.equal((await control('POST', 'push/check')).passed, true);
}

beforeEach(async () => {
    events = [];
    ends = [];
    await control('POST', 'reset', SCENARIO);
    await control('POST', 'switches', {push_window_ms: 0});
});

afterEach(() => ends.forEach((end) => end()));

test('the SDK connects, pings and is told of an edit', async () => {
    const calendar = await subscribe();
    await connect();
    await edit();
    await delivered();
    assert.equal(events.length, 1);
    assert.equal(events[0].type, CHANGED);
    assert.equal(events[0].calendar_id, calendar);
    assert.equal(events[0].app_id, APP.app_id);
    assert.deepEqual(events[0].user_id_list.map((one) => one.open_id), [ADA]);
});

test('the SDK joins the parts of a split message, in whatever order they come', async () => {
    await subscribe();
    await connect();
    for (const shuffle of [false, true]) {
        await control('POST', 'connections', {split: 100, shuffle});
        await edit();
        await delivered(shuffle ? 2 : 1);
    }
    assert.deepEqual(events.map((one) => one.type), [CHANGED, CHANGED]);
});

test('the SDK comes back after a cut and gets what was sent meanwhile', async () => {
    await subscribe();
    await connect();
    await control('POST', 'connections', {cut: true, refuse_bootstrap: {code: 1000040343}});
    await edit();
    await until(async () => {
        const [first] = (await control('GET', 'push')).messages;
        return first.attempts.length === 1 && first.state === 'waiting';
    }, 'a first attempt that failed');
    await control('POST', 'connections', {refuse_bootstrap: null});
    await until(async () => (await control('GET', 'push')).connections.some((one) => one.pings),
        'the connection');
    await control('POST', 'clock', {advance: 15});
    await delivered();
    assert.equal(events.length, 1);
});

test('the SDK stops when the bootstrap forbids it', async () => {
    await control('POST', 'connections', {refuse_bootstrap: {code: 403}});
    const failed = new Promise((done) => {
        const client = new lark.WSClient({
            appId: APP.app_id, appSecret: APP.app_secret, domain: SIM, logger: silent,
            loggerLevel: lark.LoggerLevel.fatal, onError: done,
        });
        client.start({eventDispatcher: dispatcher()});
    });
    assert.match((await failed).message, /403/);
});

test('the SDK opens and verifies encrypted callbacks', async () => {
    await subscribe();
    await webhook({encryptKey: 'key of the test', verificationToken: 'token of the test'});
    await edit();
    const {messages} = await delivered();
    assert.equal(events[0].type, CHANGED);
    assert.equal(events[0].token, 'token of the test');
    assert.equal(messages[0].attempts[0].code, 200);
});

test('the SDK takes plain callbacks', async () => {
    await subscribe();
    await webhook({verificationToken: 'token of the test'});
    await edit();
    await delivered();
    assert.equal(events[0].token, 'token of the test');
});

test('every kind of event has the members the SDK declares', async () => {
    await subscribe();
    await control('POST', 'switches', {push_details: 'on'});
    await connect();
    const {data: {event: {event_id}}} = await edit();
    const {data: {calendar}} = await control('POST', 'edit', {
        as: ADA, action: 'calendar_create', calendar: {summary: 'Second'},
    });
    assert.ok(calendar.calendar_id);
    await delivered(2);
    const [changed, list] = [CHANGED, 'calendar.calendar.changed_v4'].map(
        (type) => events.find((one) => one.type === type));
    assert.equal(changed.calendar_event_id, event_id);
    assert.equal(changed.change_type, 'create');
    assert.deepEqual(Object.keys(list.user_id_list[0]).sort(), ['open_id', 'union_id', 'user_id']);
    await control('POST', 'tokens', {user: ADA, access: 'revoke'});
    await delivered(3);
    assert.equal(events.at(-1).type, 'auth.user_access_token.revoked_v4');
    assert.equal(events.at(-1).open_id, ADA);
});
