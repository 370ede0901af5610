import { utf8Decode, utf8Encode } from '../../src/base/bytes.ts';

export interface Wav {
  readonly samples: Int16Array;
  readonly rateHz: number;
}

/** Why bytes are no WAV that we take; one sentence. */
export interface WavProblem {
  readonly problem: string;
}

export const LONGEST_WAV_SECONDS = 60;

const PCM = 1;
const EXTENSIBLE = 0xfffe;

/** Reads a RIFF WAVE file of 16-bit mono PCM. Gives the problem of anything else; never throws. */
export function decodeWav(bytes: Uint8Array): Wav | WavProblem {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || chunkId(bytes, 0) !== 'RIFF' || chunkId(bytes, 8) !== 'WAVE') {
    return { problem: 'Not a RIFF WAVE file.' };
  }
  let rateHz: number | undefined;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const id = chunkId(bytes, at);
    const length = view.getUint32(at + 4, true);
    const start = at + 8;
    if (length > bytes.length - start) return { problem: `The ${printable(id)} chunk is cut short.` };
    if (id === 'fmt ') {
      const format = decodeFormat(view, start, length);
      if (typeof format !== 'number') return format;
      rateHz = format;
    } else if (id === 'data') {
      if (rateHz === undefined) return { problem: 'The data chunk stands before the fmt chunk.' };
      return decodeData(view, start, length, rateHz);
    }
    at = start + length + (length % 2);
  }
  return { problem: rateHz === undefined ? 'There is no fmt chunk.' : 'There is no data chunk.' };
}

/** A RIFF WAVE file of 16-bit mono PCM. */
export function encodeWav({ samples, rateHz }: Wav): Uint8Array {
  const out = new Uint8Array(44 + 2 * samples.length);
  const view = new DataView(out.buffer);
  out.set(utf8Encode('RIFF'), 0);
  view.setUint32(4, 36 + 2 * samples.length, true);
  out.set(utf8Encode('WAVEfmt '), 8);
  view.setUint32(16, 16, true);
  view.setUint16(20, PCM, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, rateHz, true);
  view.setUint32(28, 2 * rateHz, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  out.set(utf8Encode('data'), 36);
  view.setUint32(40, 2 * samples.length, true);
  for (const [i, sample] of samples.entries()) view.setInt16(44 + 2 * i, sample, true);
  return out;
}

/** The sample rate of a fmt chunk that we take. */
function decodeFormat(view: DataView, at: number, length: number): number | WavProblem {
  if (length < 16) return { problem: 'The fmt chunk is too short.' };
  // An extensible header names the real format in the first two bytes of its GUID.
  const tag = view.getUint16(at, true);
  const format = tag === EXTENSIBLE && length >= 26 ? view.getUint16(at + 24, true) : tag;
  const channels = view.getUint16(at + 2, true);
  const rateHz = view.getUint32(at + 4, true);
  const bits = view.getUint16(at + 14, true);
  if (format !== PCM || channels !== 1 || bits !== 16) {
    return { problem: `Only 16-bit mono PCM is taken; this has format ${format}, ${channels} channels, ${bits} bits.` };
  }
  if (rateHz < 4000 || rateHz > 192_000)
    return { problem: `The sample rate ${rateHz} is not between 4000 and 192000.` };
  return rateHz;
}

function decodeData(view: DataView, at: number, length: number, rateHz: number): Wav | WavProblem {
  if (length % 2 !== 0) return { problem: 'The data chunk ends within a sample.' };
  if (length / 2 > LONGEST_WAV_SECONDS * rateHz) return { problem: `Longer than ${LONGEST_WAV_SECONDS} s.` };
  const samples = new Int16Array(length / 2);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(at + 2 * i, true);
  return { samples, rateHz };
}

function chunkId(bytes: Uint8Array, at: number): string {
  return utf8Decode(bytes.subarray(at, at + 4));
}

function printable(id: string): string {
  return /^[\x20-\x7e]{4}$/.test(id) ? id.trim() : 'unnamed';
}
