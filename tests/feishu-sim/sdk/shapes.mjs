// Compares replies with the SDK's own type declarations: an unknown member, a member of another
// type or a word that is not in the union is a complaint.

import fs from 'node:fs';
import {createRequire} from 'node:module';
import path from 'node:path';

const require = createRequire(import.meta.url);
const root = path.dirname(require.resolve('@larksuiteoapi/node-sdk/package.json'));
const declarations = fs.readFileSync(path.join(root, 'types/index.d.ts'), 'utf8');

class Reader {
    constructor(text) {
        this.text = text;
        this.at = 0;
    }

    skip() {
        const blank = /(?:\s|\/\*[^]*?\*\/)*/y;
        blank.lastIndex = this.at;
        this.at += blank.exec(this.text)[0].length;
    }

    take(token) {
        this.skip();
        if (!this.text.startsWith(token, this.at)) return false;
        this.at += token.length;
        return true;
    }

    word(pattern) {
        this.skip();
        pattern.lastIndex = this.at;
        const found = pattern.exec(this.text);
        if (!found) throw new Error(`cannot read ${this.text.slice(this.at, this.at + 60)}`);
        this.at += found[0].length;
        return found[0];
    }

    object() {
        const members = {};
        while (!this.take('}')) {
            const name = this.word(/"[^"]*"|\w+/y).replaceAll('"', '');
            const optional = this.take('?');
            if (!this.take(':')) throw new Error(`no type after ${name}`);
            members[name] = {optional, type: this.type()};
            this.take(';');
        }
        return {members};
    }

    single() {
        let type;
        if (this.take('{')) type = this.object();
        else if (this.take('(')) {
            type = this.type();
            this.take(')');
        } else if (this.take('Array<')) {
            type = {element: this.type()};
            this.take('>');
        } else {
            const text = this.word(/"[^"]*"|-?\d+|\w+(?:<[^;{}]*>)?/y);
            if (text.startsWith('"')) type = {literal: text.slice(1, -1)};
            else if (/^-?\d+$/.test(text)) type = {literal: Number(text)};
            else type = {name: text};
        }
        while (this.take('[]')) type = {element: type};
        return type;
    }

    type() {
        const union = [];
        this.take('|');
        do union.push(this.single()); while (this.take('|'));
        return union.length === 1 ? union[0] : {union};
    }
}

const replies = new Map();

/** The type of what a method resolves to; name as in client.calendar.calendarEvent.list. */
export function replyType(name) {
    if (replies.has(name)) return replies.get(name);
    let at = declarations.indexOf('declare abstract class Client');
    for (const part of name.split('.')) {
        const found = new RegExp(`\\n +(?:abstract )?${part}: [({]`, 'g');
        found.lastIndex = at;
        const match = found.exec(declarations);
        if (!match) throw new Error(`the SDK has no ${name}`);
        at = match.index + match[0].length;
    }
    const promise = declarations.indexOf('=> Promise<', at);
    const type = new Reader(declarations.slice(promise + 11, promise + 40000)).type();
    replies.set(name, type);
    return type;
}

function fits(type, value) {
    if (type.union) return type.union.some((one) => complaints(one, value, '').length === 0);
    if ('literal' in type) return value === type.literal;
    if (['any', 'unknown', 'Buffer'].includes(type.name)) return true;
    if (type.name === 'undefined') return value === undefined;
    if (type.name) return typeof value === type.name;
    return false;
}

export function complaints(type, value, where) {
    if (type.union) {
        const real = type.union.filter((one) => one.name !== 'undefined');
        if (real.length === 1) return complaints(real[0], value, where);
    }
    if (type.element) {
        if (!Array.isArray(value)) return [`${where} is no array`];
        return value.flatMap((one, n) => complaints(type.element, one, `${where}[${n}]`));
    }
    if (type.members) {
        if (typeof value !== 'object' || value === null || Array.isArray(value)) {
            return [`${where} is no object`];
        }
        const found = [];
        for (const [name, member] of Object.entries(type.members)) {
            if (!(name in value) && !member.optional) found.push(`${where}.${name} is missing`);
        }
        for (const [name, one] of Object.entries(value)) {
            const member = type.members[name];
            if (!member) found.push(`${where}.${name} is unknown to the SDK`);
            else found.push(...complaints(member.type, one, `${where}.${name}`));
        }
        return found;
    }
    return fits(type, value) ? [] : [`${where} is ${JSON.stringify(value)}`];
}
