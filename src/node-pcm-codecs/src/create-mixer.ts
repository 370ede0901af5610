import { checkMixerSize, type Mixer, type MixerSize, PlainMixer } from './mixer.ts';
import { SimdMixer } from './simd-mixer.ts';

/** The fastest mixer that this host can run: WebAssembly with 128-bit vectors, else plain TypeScript. */
export function createMixer(size: MixerSize): Mixer {
  checkMixerSize(size);
  try {
    return new SimdMixer(size);
  } catch {
    return new PlainMixer(size);
  }
}
