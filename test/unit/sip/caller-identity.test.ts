import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { callerHeaders, callerOf } from '../../../src/sip/caller-identity.ts';
import { infoBody, parseInfo } from '../../../src/sip/dtmf-info.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { formatNameAddr } from '../../../src/sip/name-addr.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { causeOfResponse, formatReason, reasonOf } from '../../../src/sip/reason.ts';
import { sipUri } from '../../../src/sip/uri.ts';

function request(from: string, ...more: string[]) {
  const lines = [
    'INVITE sip:b@x SIP/2.0',
    'Via: SIP/2.0/UDP x',
    `From: ${from}`,
    'To: <sip:b@x>',
    'Call-ID: 1',
    'CSeq: 1 INVITE',
    ...more,
  ];
  const message = parseMessage(utf8Encode(`${lines.join('\r\n')}\r\n\r\n`));
  if (isMalformed(message) || message.type !== 'request') throw new Error('not a request');
  return message;
}

const ASSERTED = 'P-Asserted-Identity: "Anna" <tel:+33-1-55(00)>';

describe('who calls [RFC3325]', () => {
  it('is From, and what is asserted only from those we trust', () => {
    const invite = request('"Eve" <sip:112@x;user=phone>;tag=1', ASSERTED);
    expect(callerOf(invite, false)).toEqual({ number: '112', name: 'Eve' });
    expect(callerOf(invite, true)).toEqual({ number: '+3315500', name: 'Anna' });
  });

  it('may not want to be shown, and is then known to those only who are told', () => {
    const anonymous = '"Anonymous" <sip:anonymous@anonymous.invalid>;tag=1';
    expect(callerOf(request(anonymous), false)).toEqual({ number: '', name: 'Anonymous', isRestricted: true });
    expect(callerOf(request(anonymous, ASSERTED), true)).toEqual({
      number: '+3315500',
      name: 'Anna',
      isRestricted: true,
    });
    expect(callerOf(request('<sip:33@x>;tag=1', 'Privacy: critical;id'), false).isRestricted).toBe(true);
    expect(callerOf(request('<sip:33@x>;tag=1', 'Privacy: none'), false).isRestricted).toBeUndefined();
  });

  it('is written into From, or out of it', () => {
    const local = sipUri({ host: 'itsp.example' });
    const show = (caller: Parameters<typeof callerHeaders>[0], isTrusted: boolean) => {
      const { from, headers } = callerHeaders(caller, local, isTrusted);
      return [formatNameAddr(from), ...headers.map((field) => field.join(': '))];
    };
    const anna = { number: '+331', name: 'Anna "A"' };
    expect(show(anna, false)).toEqual(['"Anna \\"A\\"" <sip:+331@itsp.example>']);
    expect(show(anna, true)[1]).toBe('P-Asserted-Identity: "Anna \\"A\\"" <sip:+331@itsp.example>');
    expect(show({ ...anna, isRestricted: true }, false)).toEqual([
      '"Anonymous" <sip:anonymous@anonymous.invalid>',
      'Privacy: id',
    ]);
    expect(show({ ...anna, isRestricted: true }, true)).toHaveLength(3);
  });
});

describe('causes [RFC3326]', () => {
  it('are those that the network names, else what the status means', () => {
    expect(formatReason('answered-elsewhere')).toBe('SIP;cause=200;text="Call completed elsewhere"');
    expect(reasonOf(new HeaderFields([['Reason', 'SIP ;cause=200;text="Taken"']]))).toBe('answered-elsewhere');
    expect(reasonOf(new HeaderFields([['Reason', 'SIP;cause=487']]))).toBeUndefined();
    expect(formatReason('user-busy')).toBe('Q.850;cause=17;text="User busy"');
    expect(reasonOf(new HeaderFields([['Reason', 'SIP;cause=200, Q.850;text="x;y";cause=34']]))).toBe('no-circuit');
    expect(reasonOf(new HeaderFields([['Reason', 'Q.850;cause=999']]))).toBeUndefined();
    expect(causeOfResponse({ headers: new HeaderFields(), status: 486 })).toBe('user-busy');
    expect(causeOfResponse({ headers: new HeaderFields([['Reason', 'Q.850;cause=1']]), status: 500 })).toBe(
      'unallocated-number',
    );
  });
});

describe('digits by INFO', () => {
  const read = (type: string, text: string) =>
    parseInfo({ headers: new HeaderFields([['c', type]]), body: utf8Encode(text) });

  it.each([
    ['application/dtmf-relay', 'Signal=5\r\nDuration=250\r\n', { type: 'digit', digit: '5', durationMs: 250 }],
    ['application/dtmf-relay', 'Signal= 11\nDuration= x', { type: 'digit', digit: '#', durationMs: 160 }],
    ['application/dtmf-relay', 'signal=hf', { type: 'flash' }],
    ['application/dtmf-relay', 'Signal=16', { type: 'flash' }],
    ['application/dtmf', 'd', { type: 'digit', digit: 'D', durationMs: 160 }],
    ['application/hook-flash', '', { type: 'flash' }],
    ['application/dtmf-relay', 'Signal=55', undefined],
    ['application/dtmf', '', undefined],
    ['text/plain', 'Signal=5', undefined],
  ])('%s %j', (type, text, expected) => expect(read(type, text)).toEqual(expected));

  it('come back as they were sent', () => {
    for (const signal of [{ type: 'digit', digit: '*', durationMs: 80 }, { type: 'flash' }] as const) {
      const { type, bytes } = infoBody(signal);
      expect(parseInfo({ headers: new HeaderFields([['Content-Type', type]]), body: bytes })).toEqual(signal);
    }
  });
});
