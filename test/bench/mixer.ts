/**
 * Mixes rooms of several sizes with both implementations, in turns, and prints the median of all rounds:
 *
 *     node -C development --import tsx test/bench/mixer.ts
 */
import { type Law, type Mixer, PlainMixer, SimdMixer } from 'node-pcm-codecs';

const ROUNDS = 15;
const ROUND_NS = 30e6;
const SIZES = [3, 10, 30, 100, 300];

function fill(mixer: Mixer, law: Law): void {
  for (let member = 0; member < mixer.members; member++) {
    mixer.setLaw(member, law);
    const block = mixer.input(member);
    for (let i = 0; i < block.length; i++) block[i] = (Math.imul(member * 160 + i, 2_654_435_761) >>> 9) & 0xff;
  }
}

/** Nanoseconds for one member's block of 20 ms: decoded, summed, subtracted, encoded. */
function measure(mixer: Mixer): number {
  const start = process.hrtime.bigint();
  let mixes = 0;
  let elapsed = 0;
  do {
    for (let i = 0; i < 20; i++) mixer.mix(mixer.members);
    mixes += 20;
    elapsed = Number(process.hrtime.bigint() - start);
  } while (elapsed < ROUND_NS);
  return elapsed / mixes / mixer.members;
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[values.length >> 1]!;
}

console.log('law   members  plain ns  simd ns  ratio');
for (const law of ['ulaw', 'alaw'] as const) {
  for (const members of SIZES) {
    const mixers = [new PlainMixer({ members, samples: 160 }), new SimdMixer({ members, samples: 160 })];
    const results: number[][] = [[], []];
    for (const mixer of mixers) fill(mixer, law);
    for (let round = 0; round <= ROUNDS; round++) {
      for (const [i, mixer] of mixers.entries()) {
        const ns = measure(mixer);
        if (round > 0) results[i]!.push(ns);
      }
    }
    const [plain, simd] = results.map(median) as [number, number];
    const row = [law.padEnd(5), String(members).padStart(7), plain.toFixed(0).padStart(9), simd.toFixed(0).padStart(8)];
    console.log(`${row.join(' ')} ${(plain / simd).toFixed(1).padStart(6)}`);
  }
}
