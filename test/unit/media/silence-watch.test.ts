import { encodeSample, type Law, PEAK_AT_0_DBM0, SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { SilenceWatch } from '../../../src/media/silence-watch.ts';

const BLOCKS_A_MINUTE = 6_000;

describe.each(['ulaw', 'alaw'] as const)('the silence of a line in %s', (law) => {
  const blockOf = (dbm0: number) => {
    const peak = PEAK_AT_0_DBM0[law] * 10 ** (dbm0 / 20);
    return Uint8Array.from({ length: 80 }, (_, i) => encodeSample(law, Math.round(peak * Math.sin((i * Math.PI) / 4))));
  };
  const rest = new Uint8Array(80).fill(SILENCE[law satisfies Law]);
  const hiss = blockOf(-60);

  it('is told once a minute while neither end is louder than -50 dBm0', () => {
    const told: number[] = [];
    const watch = new SilenceWatch(law, (forMs) => told.push(forMs));
    for (let i = 0; i < 2 * BLOCKS_A_MINUTE; i++) watch.process(hiss, rest);
    expect(told).toEqual([60_000, 120_000]);
  });

  it.each(['the line', 'the office'] as const)('begins anew with one word of %s', (who) => {
    const told: number[] = [];
    const watch = new SilenceWatch(law, (forMs) => told.push(forMs));
    const word = blockOf(-40);
    for (let i = 0; i < BLOCKS_A_MINUTE - 1; i++) watch.process(rest, hiss);
    if (who === 'the line') watch.process(word, rest);
    else watch.process(rest, word);
    for (let i = 0; i < BLOCKS_A_MINUTE - 1; i++) watch.process(rest, rest);
    expect(told).toEqual([]);
    watch.process(rest, rest);
    expect(told).toEqual([60_000]);
  });
});
