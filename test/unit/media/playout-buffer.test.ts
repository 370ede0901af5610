import { SILENCE, TRANSCODE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { PlayoutBuffer } from '../../../src/media/playout-buffer.ts';

/** A packet of 20 ms whose codes all tell its number; never the code of silence. */
function packet(n: number): Uint8Array {
  return new Uint8Array(160).fill(n % 100);
}

let buffer: PlayoutBuffer;

beforeEach(() => {
  buffer = new PlayoutBuffer('ulaw');
});

function put(n: number, timestamp = 20 * n): boolean {
  return buffer.put(packet(n), 0, 160, timestamp);
}

/** The last code of each of the next blocks, −1 for silence, one entry for each 10 ms. */
function read(blocks: number): number[] {
  return Array.from({ length: blocks }, () => {
    const block = new Uint8Array(80);
    buffer.read(block);
    return block[79] === SILENCE.ulaw ? -1 : block[79]!;
  });
}

describe('the playout buffer', () => {
  it('is silent before the first packet', () => {
    expect(read(5)).toEqual([-1, -1, -1, -1, -1]);
    expect(buffer.delayMs).toBe(0);
  });

  it('plays the first packet 40 ms after it came', () => {
    put(1);
    expect(read(6)).toEqual([-1, -1, -1, -1, 1, 1]);
    expect(buffer.delayMs).toBe(40);
  });

  it('plays packets that came in the wrong order in the right one', () => {
    for (const n of [1, 3, 2, 4]) put(n);
    expect(read(12)).toEqual([-1, -1, -1, -1, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('hears a packet once that came twice', () => {
    for (const n of [1, 2, 2, 3]) put(n);
    expect(read(10)).toEqual([-1, -1, -1, -1, 1, 1, 2, 2, 3, 3]);
    expect(put(2)).toBe(false);
  });

  it('conceals a lost packet for as long as it was, and what follows is in its place', () => {
    for (const n of [1, 2, 4]) put(n);
    const heard = read(12);
    expect(heard.slice(0, 8)).toEqual([-1, -1, -1, -1, 1, 1, 2, 2]);
    expect(heard.slice(10)).toEqual([4, 4]);
    expect(buffer.counts).toMatchObject({ concealedMs: 20, late: 0, skippedMs: 0, insertedMs: 0 });
  });

  it('counts and drops a packet whose time has passed', () => {
    put(1);
    put(2);
    read(12);
    expect(put(2)).toBe(false);
    expect(buffer.counts.late).toBe(1);
  });

  it('plays the rest of a packet that came too late for its beginning', () => {
    put(1);
    read(7);
    expect(put(2)).toBe(true);
    expect(read(1)).toEqual([2]);
  });

  it('plays what is left in time of any length of packet', () => {
    buffer.put(new Uint8Array(240).fill(7), 0, 240, 0);
    buffer.put(new Uint8Array(80).fill(8), 0, 80, 30);
    expect(read(8)).toEqual([-1, -1, -1, -1, 7, 7, 7, 8]);
  });

  it('takes the part of a buffer that it is told, through a table where one is given', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    buffer.put(bytes, 1, 2, 0, TRANSCODE.alaw);
    read(4);
    const block = new Uint8Array(80);
    buffer.read(block);
    expect([...block.subarray(0, 3)]).toEqual([TRANSCODE.alaw[2], TRANSCODE.alaw[3], SILENCE.ulaw]);
  });

  it('goes on over a pause of the sender by the timestamps', () => {
    put(1);
    read(18);
    put(10);
    expect(read(6)).toEqual([-1, -1, -1, -1, 10, 10]);
  });

  it('takes up a longer path after a few packets: the delay grows in the gap that it made', () => {
    for (let n = 0; n < 50; n++) {
      put(n);
      read(2);
    }
    read(12);
    const taken: boolean[] = [];
    for (let n = 50; n < 100; n++) {
      taken.push(put(n));
      read(2);
    }
    expect(taken.indexOf(true)).toBeLessThanOrEqual(12);
    expect(taken.lastIndexOf(false)).toBeLessThanOrEqual(12);
    expect(buffer.delayMs).toBeGreaterThan(10);
  });

  it('begins anew when timestamps jump for good, and not for one that is lost in time', () => {
    put(1);
    expect(put(2, 3_000_000)).toBe(false);
    expect(put(2)).toBe(true);
    for (let n = 0; n < 4; n++) expect(put(n, 3_000_000 + 20 * n)).toBe(false);
    expect(put(4, 3_000_080)).toBe(true);
    expect(read(6)).toEqual([-1, -1, -1, -1, 4, 4]);
    expect(buffer.counts.resyncs).toBe(1);
  });

  it('works across the wrap of 32-bit timestamps', () => {
    const start = 2 ** 32 - 40;
    for (let n = 0; n < 4; n++) put(n, (start + 20 * n) >>> 0);
    expect(read(12)).toEqual([-1, -1, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('forgets everything at a reset', () => {
    put(1);
    read(5);
    buffer.reset();
    expect(read(3)).toEqual([-1, -1, -1]);
    expect(put(9, 7)).toBe(true);
    expect(read(5)).toEqual([-1, -1, -1, -1, 9]);
  });
});

describe('the playout buffer of a modem', () => {
  it('gives every code in its place, a fixed time after it came, whatever the jitter and however loud or quiet', () => {
    const modem = new PlayoutBuffer('ulaw', true);
    const random = new SeededRandom(5);
    const codeOf = (sample: number) => 1 + ((Math.imul(sample, 2_654_435_761) >>> 13) % 100);
    const arrivals = Array.from({ length: 3_000 }, (_, n) => ({ n, atMs: 20 * n + random.integer(100) }));
    arrivals.sort((a, b) => a.atMs - b.atMs);
    const heard: number[] = [];
    const block = new Uint8Array(80);
    for (let nowMs = 0, next = 0; nowMs < 60_000; nowMs += 10) {
      for (; arrivals[next] !== undefined && arrivals[next]!.atMs <= nowMs; next++) {
        const { n } = arrivals[next]!;
        const packet = Uint8Array.from({ length: 160 }, (_, i) => (isQuiet(n) ? SILENCE.ulaw : codeOf(160 * n + i)));
        expect(modem.put(packet, 0, 160, 20 * n)).toBe(true);
      }
      modem.read(block);
      heard.push(...block);
    }
    const from = heard.findIndex((code) => code !== SILENCE.ulaw);
    const wanted = Array.from({ length: heard.length - from }, (_, i) =>
      isQuiet(Math.floor(i / 160)) ? SILENCE.ulaw : codeOf(i),
    );
    expect(modem.counts).toMatchObject({ skippedMs: 0, insertedMs: 0, late: 0 });
    expect(heard.slice(from, from + 8 * 50_000)).toEqual(wanted.slice(0, 8 * 50_000));
  });

  it('follows a clock that runs off, in a pause of the page', () => {
    const modem = new PlayoutBuffer('ulaw', true);
    const block = new Uint8Array(80);
    const loud = new Uint8Array(160).fill(0x80);
    const pause = new Uint8Array(160).fill(SILENCE.ulaw);
    let n = 0;
    for (let nowMs = 0; nowMs < 1_200_000; nowMs += 10) {
      for (; 20 * n * (1 - 200 / 1e6) <= nowMs; n++) modem.put(n % 3_000 < 100 ? pause : loud, 0, 160, 20 * n);
      modem.read(block);
      expect(modem.delayMs).toBeLessThan(230);
    }
    expect(modem.counts.skippedMs).toBeGreaterThan(70);
    expect(modem.counts.late).toBe(0);
  });
});

/** Between two pages a modem is silent. */
function isQuiet(n: number): boolean {
  return n % 500 > 480;
}
