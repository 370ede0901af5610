import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RecordRing } from '../../../src/base/record-ring.ts';

function pair(capacity: number): { readonly writer: RecordRing; readonly reader: RecordRing } {
  const memory = RecordRing.memory(capacity);
  return { writer: new RecordRing(memory), reader: new RecordRing(memory) };
}

describe('a ring of records', () => {
  test('gives the other side what was written, with its numbers, bytes and text', () => {
    const { writer, reader } = pair(1024);
    expect(writer.push(7, 1, -2.5, 2 ** 32, 0, 5, 6, Uint8Array.of(9, 8, 7, 6), 1, 2, '192.0.2.1')).toBe(true);
    expect(reader.next()).toBe(true);
    expect(reader.kind).toBe(7);
    expect([...reader.numbers]).toEqual([1, -2.5, 2 ** 32, 0, 5, 6]);
    expect([...reader.copy()]).toEqual([8, 7]);
    expect(reader.text()).toBe('192.0.2.1');
    expect(reader.next()).toBe(false);
  });

  test('refuses what has no room, and takes it when the reader has gone on', () => {
    const { writer, reader } = pair(256);
    const push = (n: number) => writer.push(n, 0, 0, 0, 0, 0, 0, new Uint8Array(40), 0, n < 3 ? 40 : 30);
    expect([push(1), push(2), push(3)]).toEqual([true, true, false]);
    expect(reader.next()).toBe(true);
    expect(push(3), 'what is being read is not free yet').toBe(false);
    expect(reader.next()).toBe(true);
    expect(push(3)).toBe(true);
    expect(reader.next()).toBe(true);
    expect(reader.kind).toBe(3);
  });

  test('keeps a reserve for what must not be lost', () => {
    const { writer } = pair(256);
    expect(writer.push(1, 0, 0, 0, 0, 0, 0, undefined, 0, 0, '', 200)).toBe(false);
    expect(writer.push(1, 0, 0, 0, 0, 0, 0)).toBe(true);
  });

  test('loses and changes nothing, whatever is written and read in turn', () => {
    const step = fc.oneof(
      fc.record({ length: fc.integer({ min: 0, max: 90 }), text: fc.string({ unit: 'binary-ascii', maxLength: 20 }) }),
      fc.constant('read' as const),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 200 }), (steps) => {
        const { writer, reader } = pair(512);
        const expected: { readonly n: number; readonly length: number; readonly text: string }[] = [];
        let written = 0;
        for (const next of steps) {
          if (next !== 'read') {
            const n = ++written;
            const bytes = new Uint8Array(next.length).fill(n);
            if (writer.push(n, n, 0, 0, 0, 0, 0, bytes, 0, next.length, next.text)) expected.push({ n, ...next });
          } else {
            const wanted = expected.shift();
            expect(reader.next()).toBe(wanted !== undefined);
            if (wanted === undefined) continue;
            expect([reader.kind, reader.numbers[0]]).toEqual([wanted.n, wanted.n]);
            expect(reader.copy()).toEqual(new Uint8Array(wanted.length).fill(wanted.n));
            expect(reader.text()).toBe(wanted.text);
          }
        }
      }),
    );
  });
});
