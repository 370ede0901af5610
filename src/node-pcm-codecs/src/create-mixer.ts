import { type Mixer, type MixerSize, mixerBytes, PlainMixer } from './mixer.ts';
import { SimdMixer } from './simd-mixer.ts';

/** The fastest mixer that this host can run: WebAssembly with 128-bit vectors, else plain TypeScript. */
export function createMixer(size: MixerSize): Mixer {
  mixerBytes(size); // a wrong size is the caller's mistake, not the host's lack
  try {
    return new SimdMixer(size);
  } catch {
    return new PlainMixer(size);
  }
}
