/** What a handset heard and says: WAV files of 16-bit linear samples, full scale = +3.17 dBm0, and what is in them. */

export const SAMPLE_RATE_HZ = 8000;
const FULL_SCALE_DBM0 = 3.17;

/** A 16-bit mono PCM WAV. */
export function formatWav(samples: Int16Array, sampleRateHz = SAMPLE_RATE_HZ): Uint8Array {
  const bytes = new Uint8Array(44 + samples.length * 2);
  const view = new DataView(bytes.buffer);
  const ascii = (at: number, text: string) =>
    bytes.set(
      [...text].map((letter) => letter.charCodeAt(0)),
      at,
    );
  ascii(0, 'RIFF');
  view.setUint32(4, 36 + samples.length * 2, true);
  ascii(8, 'WAVEfmt ');
  view.setUint32(16, 16, true);
  view.setUint16(20, 1, true);
  view.setUint16(22, 1, true);
  view.setUint32(24, sampleRateHz, true);
  view.setUint32(28, sampleRateHz * 2, true);
  view.setUint16(32, 2, true);
  view.setUint16(34, 16, true);
  ascii(36, 'data');
  view.setUint32(40, samples.length * 2, true);
  for (let i = 0; i < samples.length; i++) view.setInt16(44 + 2 * i, samples[i]!, true);
  return bytes;
}

export interface Wav {
  readonly sampleRateHz: number;
  readonly samples: Int16Array;
}

/** Reads a 16-bit mono PCM WAV, with any chunks before the samples. Throws on anything else. */
export function parseWav(bytes: Uint8Array): Wav {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const ascii = (at: number) => String.fromCharCode(...bytes.subarray(at, at + 4));
  if (ascii(0) !== 'RIFF' || ascii(8) !== 'WAVE') throw new Error('no WAV');
  let sampleRateHz = 0;
  for (let at = 12; at + 8 <= bytes.length; ) {
    const length = view.getUint32(at + 4, true);
    if (ascii(at) === 'fmt ') {
      sampleRateHz = view.getUint32(at + 12, true);
      const [coding, channels, bits] = [at + 8, at + 10, at + 22].map((place) => view.getUint16(place, true));
      if (coding !== 1 || channels !== 1 || bits !== 16)
        throw new Error(`WAV of ${channels} × ${bits} bits, ${coding}`);
    }
    if (ascii(at) === 'data') {
      const count = Math.floor(Math.min(length, bytes.length - at - 8) / 2);
      return {
        sampleRateHz,
        samples: Int16Array.from({ length: count }, (_, i) => view.getInt16(at + 8 + 2 * i, true)),
      };
    }
    at += 8 + length + (length % 2);
  }
  throw new Error('WAV without samples');
}

/** Level of all there is; −Infinity of digital silence. A full-scale sine has +3.17 dBm0. */
export function levelDbm0(samples: Int16Array): number {
  let sum = 0;
  for (const sample of samples) sum += sample * sample;
  return dbm0OfPower(sum / Math.max(1, samples.length));
}

/** Level of the loudest half second. */
export function loudestDbm0(samples: Int16Array): number {
  let loudest = Number.NEGATIVE_INFINITY;
  for (let at = 0; at + 4000 <= samples.length; at += 1000)
    loudest = Math.max(loudest, levelDbm0(samples.subarray(at, at + 4000)));
  return loudest;
}

/**
 * The part of so many samples, a second unless told, in which a tone is the loudest: that was heard in one piece, also
 * where the machine stood still for a moment before or after it.
 */
export function clearest(samples: Int16Array, hz: number, length = SAMPLE_RATE_HZ): Int16Array {
  const loudness = (at: number) => toneDbm0(samples.subarray(at, at + length), hz);
  let best = 0;
  for (let at = 0; at + length <= samples.length; at += length / 10) if (loudness(at) > loudness(best)) best = at;
  return samples.subarray(best, best + length);
}

function dbm0OfPower(meanSquare: number): number {
  return 10 * Math.log10(meanSquare / (32_767 ** 2 / 2)) + FULL_SCALE_DBM0;
}

/** Level of one frequency, by Goertzel with a Hann window so that a neighbour some hertz away does not leak in. */
export function toneDbm0(samples: Int16Array, hz: number): number {
  const coefficient = 2 * Math.cos((2 * Math.PI * hz) / SAMPLE_RATE_HZ);
  let [s1, s2, gain] = [0, 0, 0];
  for (let i = 0; i < samples.length; i++) {
    const window = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / (samples.length - 1));
    gain += window;
    [s1, s2] = [samples[i]! * window + coefficient * s1 - s2, s1];
  }
  const power = s1 * s1 + s2 * s2 - coefficient * s1 * s2;
  const amplitude = (2 * Math.sqrt(Math.max(power, 0))) / gain;
  return dbm0OfPower((amplitude * amplitude) / 2);
}

/** The frequency of the strongest tone between 200 and 3600 Hz, to a tenth of a hertz. */
export function strongestHz(samples: Int16Array): number {
  // A long piece shows a tone so sharply that a coarse search would step over it.
  const short = samples.subarray(0, 400);
  const coarse = loudest(short, 200, 3600, 10);
  const fine = loudest(samples.subarray(0, 4000), coarse - 20, coarse + 20, 1);
  return loudest(samples, fine - 1.5, fine + 1.5, 0.1);
}

function loudest(samples: Int16Array, fromHz: number, toHz: number, stepHz: number): number {
  let best = fromHz;
  let bestDbm0 = Number.NEGATIVE_INFINITY;
  for (let hz = fromHz; hz <= toHz; hz += stepHz) {
    const dbm0 = toneDbm0(samples, hz);
    if (dbm0 > bestDbm0) [best, bestDbm0] = [hz, dbm0];
  }
  return best;
}
