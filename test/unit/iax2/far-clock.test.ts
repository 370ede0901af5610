import { beforeEach, describe, expect, it } from 'vitest';
import { SeededRandom } from '../../../src/base/random.ts';
import { FarClock } from '../../../src/iax2/far-clock.ts';
import { encodeFullFrame, encodeMiniFrame } from '../../../src/iax2/frame.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';

let clock: FarClock;

beforeEach(() => {
  clock = new FarClock();
});

function full(timestamp: number, subclass: number = IAX_SUBCLASS.LAGRQ): Uint8Array {
  return encodeFullFrame({
    sourceCall: 5,
    destinationCall: 6,
    timestamp,
    frameType: FRAME_TYPE.IAX,
    subclass,
    body: new Uint8Array(0),
  });
}

const mini = (timestamp: number) => encodeMiniFrame(5, timestamp, new Uint8Array(160));

describe('whether a decrypted mini frame is of its time', () => {
  it('is not asked before a full frame has told the time', () => {
    expect(clock.fits(mini(40_000), 100)).toBe(true);
  });

  it('is by its distance to the time of the far end, also over the wrap of 16 bits', () => {
    clock.note(full(60_000), 100_000);
    expect(clock.fits(mini(60_020), 100_020)).toBe(true);
    expect(clock.fits(mini(70_000 & 0xffff), 110_040)).toBe(true);
    expect(clock.fits(mini(60_020), 102_900)).toBe(true);
    expect(clock.fits(mini(60_020), 103_100)).toBe(false);
    expect(clock.fits(mini(62_000), 100_000)).toBe(false);
  });

  it('is not disturbed by full frames that were sent again, or that echo our own timestamps', () => {
    clock.note(full(60_000), 100_000);
    clock.note(full(60_500), 109_000);
    clock.note(full(50_000, IAX_SUBCLASS.PONG), 109_500);
    expect(clock.fits(mini(70_000 & 0xffff), 110_000)).toBe(true);
  });

  it('holds for days of a clock that is slower or faster than ours', () => {
    for (const ppm of [300, -300]) {
      clock = new FarClock();
      for (let nowMs = 0; nowMs < 3 * 86_400_000; nowMs += 10_000) {
        const timestamp = Math.round(nowMs * (1 + ppm / 1e6));
        clock.note(full(timestamp >>> 0), nowMs);
        if (!clock.fits(mini(timestamp & 0xffff), nowMs)) throw new Error(`${ppm} ppm at ${nowMs} ms`);
      }
    }
  });

  it('tells more than nine of ten that a wrong key has made', () => {
    const random = new SeededRandom(2);
    clock.note(full(60_000), 100_000);
    let passed = 0;
    for (let i = 0; i < 2_000; i++) if (clock.fits(mini(random.integer(65_536)), 100_000)) passed++;
    expect(passed).toBeLessThan(200);
  });

  it('says nothing against a full frame', () => {
    clock.note(full(60_000), 100_000);
    expect(clock.fits(full(5), 100_000)).toBe(true);
  });
});
