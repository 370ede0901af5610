import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decodeLineOp,
  decodeMessage,
  encodeLineOp,
  encodeMessage,
  type FieldKind,
  fixedLength,
  LINE_OPS,
  LINK,
  MESSAGES,
  type Message,
  type MessageName,
} from '../../../firmware-bridge/messages.ts';
import { protocolHeader } from '../../../firmware-bridge/protocol-header.ts';
import { fromHex, toHex } from '../../../src/base/bytes.ts';

const NAMES = Object.keys(MESSAGES) as MessageName[];

const VALUE: Readonly<Record<FieldKind, fc.Arbitrary<number | Uint8Array>>> = {
  u8: fc.nat(0xff),
  u16: fc.nat(0xffff),
  u32: fc.nat(0xffff_ffff),
  bytes: fc.uint8Array({ maxLength: 330 }),
};

const messages = fc.constantFrom(...NAMES).chain((name) => {
  const fields = MESSAGES[name].fields.map(([field, kind]) => [field, VALUE[kind]] as const);
  return fc.record(Object.fromEntries(fields)).map((values) => ({ type: name, ...values }) as Message);
});

describe('messages of the link', () => {
  it.each<[Message, string]>([
    [{ type: 'PING', token: 0x1234 }, '03 3412'],
    [{ type: 'HELLO_REQ', protocolMin: 1, protocolMax: 2, session: 0x01020304 }, '02 01 02 04030201'],
    [{ type: 'LED', led: 2, colour: 3, onMs: 300, offMs: 700 }, '06 02 03 2c01 bc02'],
    [{ type: 'ACK', next: 255 }, '07 ff'],
    [{ type: 'LINE_EVT', line: 4, event: 2, mediaTs: 0x8000_0000, value: 650 }, '09 04 02 00000080 8a02'],
    [encodeLineOp(1, 'CPC', { ms: 500 }), '08 01 04 f401'],
    [encodeLineOp(3, 'RING_STOP', {}), '08 03 03'],
    [{ type: 'PCM_UP', mediaTs: 80, mask: 1, blocks: Uint8Array.of(0xd5, 0x55) }, '10 50000000 01 d555'],
    [{ type: 'STATS_REQ' }, '12'],
  ])('%j', (message, hex) => {
    const bytes = fromHex(hex)!;
    const { code, payload } = encodeMessage(message);
    expect(toHex(Uint8Array.of(code, ...payload))).toBe(toHex(bytes));
    expect(decodeMessage(bytes[0]!, bytes.subarray(1))).toEqual(message);
  });

  it('come back as they went, whatever they hold', () => {
    fc.assert(
      fc.property(messages, (message) => {
        const { code, payload } = encodeMessage(message);
        expect(decodeMessage(code, payload)).toEqual(message);
      }),
      { seed: 7 },
    );
  });

  it.each(NAMES)('%s: a payload too short, or too long where nothing is open, is malformed', (name) => {
    const { code, fields } = MESSAGES[name];
    const size = fixedLength(fields);
    for (let length = 0; length < size; length++)
      expect(decodeMessage(code, new Uint8Array(length))).toEqual({ malformed: 'wrong-length' });
    const open = fields.some(([, kind]) => kind === 'bytes');
    if (!open) expect(decodeMessage(code, new Uint8Array(size + 1))).toEqual({ malformed: 'wrong-length' });
  });

  it('of an unknown type are malformed', () => {
    const known = new Set<number>(NAMES.map((name) => MESSAGES[name].code));
    expect(known.size).toBe(NAMES.length);
    for (let code = 0; code < 256; code++)
      if (!known.has(code)) expect(decodeMessage(code, new Uint8Array(8))).toEqual({ malformed: 'unknown-type' });
  });

  it('keep nothing of the buffer they were read from', () => {
    const payload = fromHex('50000000 01 d555')!;
    const message = decodeMessage(MESSAGES.PCM_UP.code, payload);
    payload.fill(0);
    expect(message).toMatchObject({ mediaTs: 80, blocks: Uint8Array.of(0xd5, 0x55) });
  });

  it('fit a frame when they hold a block of every line', () => {
    expect(fixedLength(MESSAGES.PCM_UP.fields) + 4 * 80 + 4).toBeLessThanOrEqual(LINK.MAX_FRAME);
  });
});

describe('operations of a line', () => {
  it('refuse arguments of another length', () => {
    expect(decodeLineOp('CPC', Uint8Array.of(1))).toBeUndefined();
    expect(decodeLineOp('RING_STOP', Uint8Array.of(1))).toBeUndefined();
    expect(decodeLineOp('CPC', Uint8Array.of(0xf4, 1))).toEqual({ ms: 500 });
    expect(new Set(Object.values(LINE_OPS).map(({ code }) => code)).size).toBe(Object.keys(LINE_OPS).length);
  });
});

describe('the header of the firmware', () => {
  it('is what the tables generate (scripts/generate-protocol-header.ts)', () => {
    const file = join(import.meta.dirname, '../../../board/firmware/core/protocol.h');
    expect(readFileSync(file, 'utf8')).toBe(protocolHeader());
  });
});
