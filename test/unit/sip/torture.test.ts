import { describe, expect, it } from 'vitest';
import { utf8Decode } from '../../../src/base/bytes.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { contactsOf, type Message, makeResponse } from '../../../src/sip/message.ts';
import { tagOf } from '../../../src/sip/name-addr.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { checkRequest } from '../../../src/sip/request-check.ts';
import { isSipUri, sameUri, userOf } from '../../../src/sip/uri.ts';
import { branchOf } from '../../../src/sip/via.ts';
import { encodeMessage, encodeRefusal } from '../../../src/sip/write.ts';
import { TORTURE_MESSAGES, type Treatment } from '../../vectors/sip/rfc4475.ts';
import { IPV6_MESSAGES } from '../../vectors/sip/rfc5118.ts';

const ABILITIES = {
  methods: ['INVITE', 'ACK', 'CANCEL', 'BYE', 'OPTIONS', 'REGISTER', 'MESSAGE'],
  extensions: ['100rel', 'timer'],
  bodies: ['application/sdp'],
};

function treat(bytes: Uint8Array): Treatment {
  const message = parseMessage(bytes);
  if (isMalformed(message))
    return message.refusal === undefined
      ? { kind: 'dropped' }
      : { kind: 'refused', status: message.refusal.status, by: 'parser' };
  const refusal = message.type === 'request' ? checkRequest(message, ABILITIES) : undefined;
  return refusal === undefined ? { kind: 'accepted' } : { kind: 'refused', status: refusal.status, by: 'check' };
}

function parsed(name: string): Message {
  const vector = [...TORTURE_MESSAGES, ...IPV6_MESSAGES].find((one) => one.name === name)!;
  const message = parseMessage(vector.bytes);
  if (isMalformed(message)) throw new Error(`${name}: ${message.reason}`);
  return message;
}

function request(name: string) {
  const message = parsed(name);
  if (message.type !== 'request') throw new Error(`${name} is a response`);
  return message;
}

function contacts(name: string) {
  const found = contactsOf(parsed(name).headers);
  if (found === '*' || isMalformed(found)) throw new Error(name);
  return found;
}

describe('the torture messages [RFC4475]', () => {
  it('are all there', () => {
    expect(new Set(TORTURE_MESSAGES.map(({ name }) => name)).size).toBe(49);
  });

  it.each(TORTURE_MESSAGES)('$name is treated as it should be [RFC4475 §$section]', ({ bytes, treatment }) => {
    expect(treat(bytes)).toEqual(treatment);
  });

  it.each(TORTURE_MESSAGES.filter(({ treatment }) => treatment.kind === 'accepted'))(
    '$name means the same when written and read again',
    ({ bytes }) => {
      const message = parseMessage(bytes) as Message;
      expect(parseMessage(encodeMessage(message))).toEqual(message);
    },
  );

  it.each(TORTURE_MESSAGES)('$name does no harm when cut at any byte', ({ bytes }) => {
    for (let length = 0; length < bytes.length; length++) parseMessage(bytes.subarray(0, length));
  });

  it.each(TORTURE_MESSAGES.filter(({ treatment }) => treatment.kind === 'refused'))(
    '$name is refused with a response that can be read',
    ({ bytes, treatment }) => {
      const message = parseMessage(bytes);
      if (!isMalformed(message)) {
        if (message.type !== 'request') return expect.unreachable();
        const { status, headers } = checkRequest(message, ABILITIES)!;
        const response = makeResponse(message, status, { toTag: 'x', headers });
        return expect(parseMessage(encodeMessage(response))).toMatchObject({ type: 'response', status });
      }
      const text = utf8Decode(encodeRefusal(message.refusal!));
      const { status } = treatment as { status: number };
      expect(text).toMatch(new RegExp(`^SIP/2\\.0 ${status} [A-Za-z -]+\r\n(.+\r\n)*Content-Length: 0\r\n\r\n$`));
      expect(text).toMatch(/^Via: /m);
    },
  );
});

describe('what torture messages say', () => {
  it('folding, odd blanks and quoted quotes leave the values as they were meant', () => {
    const message = request('wsinv');
    expect(message.from).toMatchObject({ displayName: 'J Rosenberg \\"' });
    expect(tagOf(message.to)).toBe('1918181833n');
    expect(message.cseq).toEqual({ number: 9, method: 'INVITE' });
    expect(message.vias.map(({ transport, host }) => `${transport} ${host}`)).toEqual([
      'UDP 192.0.2.2',
      'TCP spindle.example.com',
      'UDP 192.168.255.111',
    ]);
    expect(branchOf(message.vias[0]!)).toBeUndefined();
    expect(branchOf(message.vias[1]!)).toBe('z9hG4bK9ikj8');
    expect(message.headers.get('NewFangledHeader')).toBe('newfangled value continued newfangled value');
    expect(message.headers.get('UnknownHeaderWithUnusualValue')).toBe(';;,,;;,;');
    expect(message.headers.get('Subject')).toBe('');
    expect(message.headers.get('Max-Forwards')).toBe('0068');
    const [contact] = contacts('wsinv');
    expect(contact).toMatchObject({ displayName: 'Quoted string ""' });
    expect(contact!.parameters.get('q')).toBe('0.33');
  });

  it('every legal character of a method, a user and a display name is kept', () => {
    const message = request('intmeth');
    expect(message.to.displayName).toBe('BEL:\u0007 NUL:\u0000 DEL:\u007f');
    expect(message.from.displayName).toBe("token1~` token2'+_ token3*%!.-");
    expect(message.from.parameters.get("fromparam''~+*_!.-%")).toBe('работающий');
    expect(userOf(message.uri)).toBe("1_unusual.URI~(to-be!sure)&isn't+it$/crazy?,/;;*");
    expect(message.uri).toMatchObject({ host: 'example.com', password: "&it+has=1,weird!*pas$wo~d_too.(doesn't-it)" });
  });

  it('escapes hide no scheme, no null byte and no method', () => {
    expect(request('esc01').uri).toMatchObject({ scheme: 'sip', host: 'example.net' });
    expect(userOf(request('esc01').uri)).toBe('sips:user@example.com');
    expect(userOf(request('esc01').to.uri)).toBe('user');
    expect(userOf(request('escnull').to.uri)).toBe('null-\u0000-null');
    const [one, two] = contacts('escnull');
    expect(sameUri(one!.uri, two!.uri)).toBe(false);
    expect(request('esc02').method).toBe('RE%47IST%45R');
    expect(contacts('esc02')).toHaveLength(2);
    expect(userOf(request('semiuri').uri)).toBe('user;par=u@example.net');
  });

  it('a second request in the datagram is not seen', () => {
    expect(request('dblreq')).toMatchObject({ method: 'REGISTER', body: new Uint8Array(0) });
  });

  it('parameters behind a Contact without brackets are its own, inside brackets the URI has them', () => {
    const contact = (name: string) => contacts(name)[0]!;
    expect(contact('cparam01')).toMatchObject({ parameters: new Map([['unknownparam', null]]) });
    expect(contact('cparam02')).toMatchObject({ uri: { parameters: new Map([['unknownparam', null]]) } });
    expect(contact('regescrt')).toMatchObject({ uri: { headers: [['route', '%3Csip:sip.example.com%3E']] } });
  });

  it('reason phrases may be anything, or nothing', () => {
    expect(parsed('unreason')).toMatchObject({
      status: 200,
      reason: '= 2**3 * 5**2 но сто девяносто девять - простое',
    });
    expect(parsed('noreason')).toMatchObject({ status: 100, reason: '' });
  });

  it('what we cannot do is said in the response', () => {
    expect(checkRequest(request('bext01'), ABILITIES)!.headers).toEqual([
      ['Unsupported', 'nothingSupportsThis, nothingSupportsThisEither'],
    ]);
    expect(checkRequest(request('invut'), ABILITIES)!.headers).toContainEqual(['Accept', 'application/sdp']);
    expect(checkRequest(request('mismatch02'), ABILITIES)!.headers).toContainEqual([
      'Allow',
      ABILITIES.methods.join(', '),
    ]);
  });
});

describe('the messages between IPv6 hosts [RFC5118]', () => {
  it('are all there', () => expect(IPV6_MESSAGES).toHaveLength(12));

  it.each(IPV6_MESSAGES)('$name [RFC5118 §$section]', ({ bytes, isValid }) => {
    expect(treat(bytes)).toEqual(isValid ? { kind: 'accepted' } : { kind: 'refused', status: 400, by: 'parser' });
  });

  it('a port inside the brackets belongs to the address', () => {
    expect(request('port-ambiguous').uri).toMatchObject({ host: '2001:db8::10:5070', port: undefined });
    expect(request('port-unambiguous').uri).toMatchObject({ host: '2001:db8::10', port: 5070 });
  });

  it('received stands with brackets and without', () => {
    const via = (name: string) => request(name).vias[0]!;
    expect(via('via-received-param-no-delim').parameters.get('received')).toBe('2001:db8::9:255');
    expect(via('via-received-param-with-delim').parameters.get('received')).toBe('[2001:db8::9:255]');
    expect(isSipUri(request('ipv6-good').uri)).toBe(true);
  });
});
