import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../../src/base/bytes.ts';
import { HeaderFields } from '../../../src/sip/header-field.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import { contactsOf, type Message, makeResponse } from '../../../src/sip/message.ts';
import { parseNameAddr } from '../../../src/sip/name-addr.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { encodeMessage } from '../../../src/sip/write.ts';
import { cpuTimer } from '../../support/cpu-time.ts';

const LINES = [
  'OPTIONS sip:branch@192.0.2.1 SIP/2.0',
  'Via: SIP/2.0/UDP 192.0.2.9;branch=z9hG4bK1',
  'From: <sip:a@example.com>;tag=1',
  'To: <sip:b@example.com>',
  'Call-ID: 1@example.com',
  'CSeq: 1 OPTIONS',
];

function text(lines: readonly string[], body = ''): Uint8Array {
  return utf8Encode(`${lines.join('\r\n')}\r\n\r\n${body}`);
}

function reasonOf(bytes: Uint8Array): string | undefined {
  const message = parseMessage(bytes);
  return isMalformed(message) ? `${message.reason} ${message.refusal?.status}` : undefined;
}

function ok(bytes: Uint8Array): Message {
  const message = parseMessage(bytes);
  if (isMalformed(message)) throw new Error(message.reason);
  return message;
}

describe('parseMessage', () => {
  it('takes bare line feeds and passes over empty lines in front [RFC3261 §7.5]', () => {
    expect(ok(utf8Encode(`\r\n\r\n${LINES.join('\n')}\n\nbody`))).toMatchObject({ method: 'OPTIONS' });
    expect(reasonOf(utf8Encode('\r\n\r\n'))).toBe('keep-alive undefined');
    expect(reasonOf(new Uint8Array(0))).toBe('keep-alive undefined');
  });

  it('takes compact names, in any case [RFC3261 §7.3.3]', () => {
    const compact = LINES.map((line) =>
      line
        .replace(/^Via/, 'V')
        .replace(/^From/, 'f')
        .replace(/^Call-ID/, 'I'),
    );
    expect(parseMessage(text(compact))).toEqual(parseMessage(text(LINES)));
  });

  it('reads the version without regard to case, the method with it', () => {
    expect(ok(text(['options sip:a@b sip/2.0', ...LINES.slice(1)]))).toMatchObject({ method: 'options' });
  });

  it('cuts the body at Content-Length, and refuses one that is too short [RFC3261 §18.3]', () => {
    expect(utf8Decode(ok(text([...LINES, 'l: 3'], 'bodyrest')).body)).toBe('bod');
    expect(utf8Decode(ok(text(LINES, 'body')).body)).toBe('body');
    expect(reasonOf(text([...LINES, 'l: 5'], 'body'))).toBe('truncated-body 400');
    expect(ok(text([...LINES, 'l: 4', 'Content-Length: 4'], 'body'))).toBeDefined();
  });

  it.each([
    ['no colon', 'header-line 400', [...LINES, 'nonsense']],
    ['a CSeq of 2^31', 'cseq 400', LINES.with(5, 'CSeq: 2147483648 OPTIONS')],
    ['two To', 'repeated-header 400', [...LINES, 't: <sip:c@example.com>']],
    ['no To', 'missing-header 400', LINES.filter((line) => !line.startsWith('To'))],
    ['an empty Call-ID', 'call-id 400', LINES.with(4, 'Call-ID:')],
    ['no Via: nobody to tell', 'missing-header undefined', LINES.filter((line) => !line.startsWith('Via'))],
    [
      'an ACK is never answered',
      'cseq undefined',
      [LINES[0]!.replace('OPTIONS', 'ACK'), ...LINES.slice(1, 5), 'CSeq: x'],
    ],
    ['another protocol', 'start-line undefined', ['GET / HTTP/1.1', ...LINES.slice(1)]],
    ['a response is dropped', 'cseq undefined', ['SIP/2.0 200 OK', ...LINES.slice(1, 5), 'CSeq: x']],
    ['a status below 100', 'start-line undefined', ['SIP/2.0 099 x', ...LINES.slice(1)]],
    ['hops beyond 255', 'max-forwards 400', [...LINES, 'Max-Forwards: 256']],
  ])('%s: %s', (_name, expected, lines) => {
    expect(reasonOf(text(lines))).toBe(expected);
  });

  it('refuses what was cut before the empty line, and what is too large', () => {
    expect(reasonOf(utf8Encode(LINES.join('\r\n')))).toBe('truncated-head 400');
    expect(reasonOf(text([...LINES, `X: ${'x'.repeat(70_000)}`]))).toBe('too-large 513');
  });

  it('costs no more than its size: 64 KiB of anything is read at once', () => {
    const filler = (unit: string) =>
      text([...LINES, ...Array<string>(Math.floor(60_000 / (unit.length + 2))).fill(unit)]);
    for (const bytes of [
      filler('X: y'),
      filler(' ,;"'),
      text([...LINES, `Contact: ${'<sip:a@b>,'.repeat(6_000)}`]),
      text([...LINES, `Contact: ${'"\\'.repeat(30_000)}`]),
      text([...LINES.with(1, `Via: SIP/2.0/UDP h${';a=b'.repeat(15_000)}`)]),
      text([...LINES.with(2, `From: ${'a '.repeat(30_000)}<sip:a@b>`)]),
      text([...LINES.with(0, `OPTIONS sip:${'%41'.repeat(20_000)}@h SIP/2.0`)]),
      text([...LINES, `Content-Length: ${'9'.repeat(60_000)}`]),
    ]) {
      const elapsedMs = cpuTimer();
      const message = parseMessage(bytes);
      if (!isMalformed(message)) contactsOf(message.headers);
      expect(elapsedMs()).toBeLessThan(500);
    }
  });
});

describe('encodeMessage', () => {
  it('lets no value begin a header field of its own', () => {
    const message = ok(text(LINES));
    if (message.type !== 'request') return expect.unreachable();
    const response = makeResponse(message, 200, { toTag: 't', headers: [['X', 'a\r\nY: b']], reason: 'o\nk' });
    const written = utf8Decode(encodeMessage(response));
    expect(written).not.toMatch(/^Y:/m);
    expect(ok(encodeMessage(response))).toMatchObject({ status: 200, reason: 'o k' });
  });

  it('gives Record-Route back where a dialog may come of it, and a tag only where there is none [RFC3261 §12.1.1]', () => {
    const lines = [...LINES.with(3, 'To: <sip:b@example.com>;tag=theirs'), 'Record-Route: <sip:p;lr>, <sip:q;lr>'];
    const message = ok(text(lines));
    if (message.type !== 'request') return expect.unreachable();
    expect(makeResponse(message, 180, { toTag: 'ours' }).headers.list('Record-Route')).toEqual([
      '<sip:p;lr>',
      '<sip:q;lr>',
    ]);
    expect(makeResponse(message, 486).headers.has('Record-Route')).toBe(false);
    expect(makeResponse(message, 180, { toTag: 'ours' }).to.parameters.get('tag')).toBe('theirs');
  });
});

describe('name-addr', () => {
  it.each([
    ['"Bell, A <b>" <sip:a@b>;tag=1', 'Bell, A <b>'],
    ['Anna Karenina <sip:a@b>', 'Anna Karenina'],
    ['Zoë (front) <sip:a@b>', 'Zoë (front)'],
    ['<sip:a@b>', undefined],
    ['"" <sip:a@b>', undefined],
    ['sip:a@b;tag=1', undefined],
  ])('%s is called %s', (written, name) => {
    expect(parseNameAddr(written)).toMatchObject({ displayName: name });
  });

  it.each(['', '<', '<sip:a@b', '"a <sip:a@b>', '"a" b <sip:a@b>', 'a, b <sip:a@b>', 'sip:a@b?x=y', '<sip:a@b> x'])(
    '%s is malformed',
    (written) => expect(isMalformed(parseNameAddr(written))).toBe(true),
  );

  it('a star is no address among others [RFC3261 §20.10]', () => {
    expect(contactsOf(new HeaderFields([['m', '*']]))).toBe('*');
    expect(isMalformed(contactsOf(new HeaderFields([['m', '*, <sip:a@b>']])))).toBe(true);
    expect(contactsOf(new HeaderFields())).toEqual([]);
  });
});
