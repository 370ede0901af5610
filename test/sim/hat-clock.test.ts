import { decode } from 'node-pcm-codecs';
import { expect, it } from 'vitest';
import { HatBench, makeFirmwareHat } from '../support/hat-bench.ts';
import { describeWithPeers } from '../support/peers.ts';

/** A code for each block, another than that of the blocks around it. */
const CODES = 100;
const codeOf = (block: number) => 0x80 | (block % CODES);
const SAMPLES = decoded(Uint8Array.from({ length: CODES }, (_, block) => codeOf(block)));

function decoded(codes: Uint8Array): Int16Array {
  const samples = new Int16Array(codes.length);
  decode('alaw', codes, samples);
  return samples;
}

describeWithPeers('the sample clock of the HAT', ['gcc'], () => {
  it.each([
    [100, 10],
    [-100, 10],
    [10_000, 1],
  ])('at %i ppm for %i minutes: every block arrives, every answer is played, none is wrong', (ppm, minutes) => {
    const blocks = [0, 0, 0, 0];
    const exchange = (port: number, up: Uint8Array, down: Uint8Array, mediaTs: number) => {
      blocks[port - 1]!++;
      down.set(up);
      if (port === 1) down.fill(codeOf(mediaTs / 80));
    };
    const hat = makeFirmwareHat({ ppm, exchange });
    const clock = new HatBench(hat);
    clock.begin();
    hat.phone(1)!.lift();
    clock.live(1000);
    let wrong = 0;
    let last: number | undefined;
    hat.phone(1)!.listen((heard) => {
      const [code] = heard;
      const next = last === undefined ? code : SAMPLES[(SAMPLES.indexOf(last) + 1) % SAMPLES.length];
      if (heard.some((sample) => sample !== next)) wrong++;
      last = code;
    });
    clock.live(minutes * 60_000);
    hat.serial.askStatistics(clock.nowMs);
    clock.live(50);
    hat.close();
    const { underruns, lateBlocks, framesBad, blocksPlayed } = hat.serial.statistics!;
    const bad = { wrong, underruns, lateBlocks, framesBad };
    expect(bad).toEqual({ wrong: 0, underruns: 0, lateBlocks: 0, framesBad: 0 });
    expect(new Set(blocks).size).toBe(1);
    expect(blocks[0]!).toBeGreaterThanOrEqual(Math.floor(6000 * minutes * (1 + ppm / 1e6)));
    expect(blocksPlayed).toBeGreaterThanOrEqual(blocks[0]! - 30);
  });
});
