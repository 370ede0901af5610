/* The door of the package: all that it offers, and nothing else. */

export { createMixer } from './create-mixer.ts';
export {
  amplify,
  applyTable,
  decode,
  decodeSample,
  encode,
  encodeSample,
  gainTable,
  levelDbm0,
  transcode,
} from './g711.ts';
export { type Law, PEAK_AT_0_DBM0, SILENCE } from './law.ts';
export { type Mixer, type MixerSize, PlainMixer } from './mixer.ts';
export { SimdMixer } from './simd-mixer.ts';
export { TRANSCODE } from './tables.ts';
