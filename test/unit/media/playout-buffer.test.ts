import { SILENCE, TRANSCODE } from 'node-pcm-codecs';
import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { FixedPlayoutBuffer, PLAYOUT_DELAY_MS } from '../../../src/media/playout-buffer.ts';

/** A packet of 20 ms whose codes all tell its number; never the code of silence. */
function packet(n: number): Uint8Array {
  return new Uint8Array(160).fill(n % 200);
}

let buffer: FixedPlayoutBuffer;

beforeEach(() => {
  buffer = new FixedPlayoutBuffer('ulaw');
});

function put(n: number, timestamp = 20 * n): boolean {
  return buffer.put(packet(n), 0, 160, timestamp);
}

/** The number of each packet that sounds in the next blocks, −1 for silence, one entry for each 10 ms. */
function read(blocks: number): number[] {
  return Array.from({ length: blocks }, () => {
    const block = new Uint8Array(80);
    buffer.read(block);
    if (block.some((code) => code !== block[0])) throw new Error('a block of two packets');
    return block[0] === SILENCE.ulaw ? -1 : block[0]!;
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
    expect(buffer.delayMs).toBe(PLAYOUT_DELAY_MS);
  });

  it('plays packets that came in the wrong order in the right one', () => {
    for (const n of [1, 3, 2, 4]) put(n);
    expect(read(12)).toEqual([-1, -1, -1, -1, 1, 1, 2, 2, 3, 3, 4, 4]);
  });

  it('is silent for as long as a lost packet was', () => {
    for (const n of [1, 2, 4]) put(n);
    expect(read(12)).toEqual([-1, -1, -1, -1, 1, 1, 2, 2, -1, -1, 4, 4]);
  });

  it('drops a packet whose time has passed', () => {
    put(1);
    read(8);
    expect(put(2)).toBe(false);
    expect(put(3)).toBe(true);
    expect(read(2)).toEqual([3, 3]);
  });

  it('plays what is left in time of any length of packet', () => {
    buffer.put(new Uint8Array(240).fill(7), 0, 240, 0);
    buffer.put(new Uint8Array(80).fill(8), 0, 80, 30);
    expect(read(8)).toEqual([-1, -1, -1, -1, 7, 7, 7, 8]);
  });

  it('takes the part of a buffer that it is told, through a table where one is given', () => {
    const bytes = Uint8Array.of(1, 2, 3, 4);
    buffer.put(bytes, 1, 2, 0, TRANSCODE.alaw);
    const blocks = new Uint8Array(400);
    buffer.read(blocks);
    expect(blocks.indexOf(TRANSCODE.alaw[2]!)).toBe(320);
    expect(blocks[321]).toBe(TRANSCODE.alaw[3]);
    expect(blocks[322]).toBe(SILENCE.ulaw);
  });

  it('goes on over a pause of the sender by the timestamps', () => {
    put(1);
    read(18);
    put(10);
    expect(read(6)).toEqual([-1, -1, -1, -1, 10, 10]);
  });

  it('begins anew when five packets in a row were late: the path has become longer', () => {
    put(1);
    read(30);
    expect([2, 3, 4, 5].map((n) => put(n))).toEqual([false, false, false, false]);
    expect(put(6)).toBe(true);
    expect(read(6)).toEqual([-1, -1, -1, -1, 6, 6]);
  });

  it('begins anew when timestamps jump, forward or back', () => {
    put(1);
    expect(put(2, 3_000_000)).toBe(true);
    expect(read(6)).toEqual([-1, -1, -1, -1, 2, 2]);
    expect(put(3, 40)).toBe(true);
    expect(read(6)).toEqual([-1, -1, -1, -1, 3, 3]);
  });

  it('leaves out what makes each packet wait too long: the path has become shorter', () => {
    put(0);
    for (let n = 1; n <= 5; n++) put(n);
    for (let n = 6; n < 210; n++) {
      read(2);
      put(n);
    }
    expect(buffer.delayMs).toBeLessThanOrEqual(PLAYOUT_DELAY_MS + 20);
  });

  it('works across the wrap of 32-bit timestamps', () => {
    const start = 2 ** 32 - 40;
    for (let n = 0; n < 4; n++) put(n, (start + 20 * n) >>> 0);
    expect(read(12)).toEqual([-1, -1, -1, -1, 0, 0, 1, 1, 2, 2, 3, 3]);
  });

  it('plays every packet of three minutes in its place with up to 30 ms of jitter', () => {
    const random = new SeededRandom(5);
    const arrivals = Array.from({ length: 9000 }, (_, n) => ({
      n,
      atMs: 20 * n + (n === 0 ? 15 : random.integer(30)),
    }));
    arrivals.sort((x, y) => x.atMs - y.atMs);
    const played: number[] = [];
    let next = 0;
    for (let nowMs = 10; nowMs < 180_100; nowMs += 10) {
      for (; arrivals[next] !== undefined && arrivals[next]!.atMs < nowMs; next++) put(arrivals[next]!.n);
      played.push(...read(1));
    }
    const first = played.indexOf(0);
    expect(played.slice(first, first + 18_000)).toEqual(Array.from({ length: 18_000 }, (_, i) => (i >> 1) % 200));
  });

  it('follows a sender whose clock runs 200 ppm fast or slow, for hours, without being late more than it must', () => {
    const block = new Uint8Array(80);
    const voice = packet(0);
    for (const ppm of [200, -200]) {
      buffer = new FixedPlayoutBuffer('ulaw');
      let late = 0;
      let longest = 0;
      let sendAtMs = 0;
      let timestamp = 0;
      for (let nowMs = 10; nowMs < 3_600_000; nowMs += 10) {
        while (sendAtMs < nowMs) {
          if (!buffer.put(voice, 0, 160, timestamp)) late++;
          timestamp += 20;
          sendAtMs += 20 * (1 - ppm / 1e6);
        }
        buffer.read(block);
        if (buffer.delayMs > longest) longest = buffer.delayMs;
      }
      expect(late).toBeLessThan(80);
      expect(longest).toBeLessThan(90);
    }
  });
});
