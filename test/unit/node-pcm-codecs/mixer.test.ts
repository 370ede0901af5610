import {
  createMixer,
  decodeSample,
  encodeSample,
  type Law,
  type Mixer,
  type MixerSize,
  PlainMixer,
  SimdMixer,
} from 'node-pcm-codecs';
import { describe, expect, it, vi } from 'vitest';

/** Deterministic bytes: loud enough that large mixes clip. */
function fillBlock(block: Uint8Array, seed: number): void {
  let state = seed + 1;
  for (let i = 0; i < block.length; i++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0;
    block[i] = state >>> 16;
  }
}

function mixed(laws: Law[], inputs: Uint8Array[], without: number | undefined, law: Law): Uint8Array {
  return Uint8Array.from(inputs[0]!, (_, i) => {
    let sum = 0;
    for (let m = 0; m < inputs.length; m++) if (m !== without) sum += decodeSample(laws[m]!, inputs[m]![i]!);
    return encodeSample(law, Math.max(-32_768, Math.min(32_767, sum)));
  });
}

const IMPLEMENTATIONS: [string, (size: MixerSize) => Mixer][] = [
  ['plain', (size) => new PlainMixer(size)],
  ['simd', (size) => new SimdMixer(size)],
];

describe.each(IMPLEMENTATIONS)('the %s mixer', (_, createMixer) => {
  it.each([1, 2, 3, 10, 30, 100, 512])('gives each of %i members the exact clipped sum of the others', (count) => {
    const mixer = createMixer({ members: count, samples: 160 });
    const laws = Array.from({ length: count }, (_, m): Law => (m % 3 === 1 ? 'alaw' : 'ulaw'));
    for (let member = 0; member < count; member++) {
      mixer.setLaw(member, laws[member]!);
      fillBlock(mixer.input(member), member);
    }
    mixer.mix(count);

    const inputs = laws.map((_, member) => mixer.input(member));
    for (const member of new Set([0, 1 % count, Math.floor(count / 2), count - 1])) {
      expect(mixer.output(member)).toEqual(mixed(laws, inputs, member, laws[member]!));
    }
    expect(mixer.everyone('ulaw')).toEqual(mixed(laws, inputs, undefined, 'ulaw'));
    expect(mixer.everyone('alaw')).toEqual(mixed(laws, inputs, undefined, 'alaw'));
  });

  it('lets a member hear the others unclipped though the sum of all clips', () => {
    const mixer = createMixer({ members: 2, samples: 160 });
    mixer.input(0).fill(encodeSample('ulaw', 30_000));
    mixer.input(1).fill(encodeSample('ulaw', 20_000));
    mixer.mix(2);
    expect(mixer.output(0)[0]).toBe(encodeSample('ulaw', 20_000));
    expect(mixer.output(1)[0]).toBe(encodeSample('ulaw', 30_000));
    expect(mixer.everyone('ulaw')[0]).toBe(encodeSample('ulaw', 32_767));
  });

  it('leaves members beyond the count out', () => {
    const mixer = createMixer({ members: 3, samples: 16 });
    for (let member = 0; member < 3; member++) mixer.input(member).fill(encodeSample('ulaw', 1000 * (member + 1)));
    mixer.mix(2);
    expect(mixer.output(0)[0]).toBe(encodeSample('ulaw', 2000));
  });

  it.each([0, 4, 2.5, -1, Number.NaN])('refuses to mix %f of 3 members', (count) => {
    expect(() => createMixer({ members: 3, samples: 16 }).mix(count)).toThrow(RangeError);
  });

  it.each([-1, 3, 512, 0.5, Number.NaN])('has no member %f of 3', (member) => {
    const mixer = createMixer({ members: 3, samples: 16 });
    expect(() => mixer.input(member)).toThrow(RangeError);
    expect(() => mixer.output(member)).toThrow(RangeError);
    expect(() => mixer.setLaw(member, 'ulaw')).toThrow(RangeError);
  });

  it('refuses a law that does not exist', () => {
    const mixer = createMixer({ members: 3, samples: 16 });
    expect(() => mixer.setLaw(0, 'g722' as Law)).toThrow(RangeError);
  });

  it('says so when its memory was transferred, where a host does that', () => {
    const mixer = createMixer({ members: 3, samples: 16 });
    const { buffer } = mixer.input(0);
    try {
      structuredClone(buffer, { transfer: [buffer as ArrayBuffer] });
    } catch {
      // The memory of WebAssembly stays: some releases of Node throw, others copy it.
    }
    if (mixer.input(0).length === 16) expect(mixer.implementation).toBe('simd');
    else expect(() => mixer.mix(3)).toThrow(TypeError);
  });

  it.each([
    { members: 0, samples: 160 },
    { members: 513, samples: 160 },
    { members: 2.5, samples: 160 },
    { members: 4, samples: 0 },
    { members: 4, samples: 100 },
  ])('refuses the size $members × $samples', (size) => {
    expect(() => createMixer(size)).toThrow(RangeError);
  });
});

describe('the simd mixer beside the plain one', () => {
  const LAWS: Law[] = ['ulaw', 'alaw'];

  it.each(LAWS.flatMap((a) => LAWS.map((b) => [a, b] as const)))(
    'gives the same for every pair of codes of %s and %s',
    (a, b) => {
      const size = { members: 3, samples: 65_536 };
      const [plain, simd] = [new PlainMixer(size), new SimdMixer(size)];
      for (const mixer of [plain, simd]) {
        for (const [member, law] of [a, b, b].entries()) mixer.setLaw(member, law);
        mixer.input(0).set(Uint8Array.from({ length: 65_536 }, (_, i) => i >> 8));
        mixer.input(1).set(Uint8Array.from({ length: 65_536 }, (_, i) => i & 0xff));
        mixer.input(2).fill(encodeSample(b, 0));
        mixer.mix(3);
      }
      for (const member of [0, 1, 2]) expect(equal(simd.output(member), plain.output(member))).toBe(true);
      for (const law of LAWS) expect(equal(simd.everyone(law), plain.everyone(law))).toBe(true);
    },
  );

  it('is exact though partial sums of 512 members are as large as they can be', () => {
    const size = { members: 512, samples: 16 };
    const [plain, simd] = [new PlainMixer(size), new SimdMixer(size)];
    for (const mixer of [plain, simd]) {
      for (let member = 0; member < 512; member++) {
        mixer.setLaw(member, 'alaw');
        mixer.input(member).fill(encodeSample('alaw', member < 255 ? 32_767 : member < 510 ? -32_768 : -8 * member));
      }
      mixer.mix(512);
    }
    for (const member of [0, 300, 510, 511]) expect(equal(simd.output(member), plain.output(member))).toBe(true);
  });

  it('is what createMixer gives on this host', () => {
    expect(createMixer({ members: 2, samples: 160 }).implementation).toBe('simd');
  });

  it('gives way to the plain one where there is no WebAssembly', () => {
    vi.stubGlobal('WebAssembly', undefined);
    expect(createMixer({ members: 2, samples: 160 }).implementation).toBe('plain');
    vi.unstubAllGlobals();
  });
});

function equal(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((code, i) => code === b[i]);
}
