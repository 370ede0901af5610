/* The door of the package: all that it offers, and nothing else. */
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
export { TRANSCODE } from './tables.ts';
