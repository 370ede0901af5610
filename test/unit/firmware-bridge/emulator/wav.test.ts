import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resample } from '../../../../firmware-bridge/emulator/resample.ts';
import { measureTones } from '../../../../firmware-bridge/emulator/tone-meter.ts';
import { decodeWav, encodeWav } from '../../../../firmware-bridge/emulator/wav.ts';

const GOOD = encodeWav({ samples: Int16Array.of(0, 1, -1, 32_767, -32_768), rateHz: 8000 });

function changed(change: (view: DataView) => void): Uint8Array {
  const bytes = GOOD.slice();
  change(new DataView(bytes.buffer));
  return bytes;
}

describe('WAV files', () => {
  it('come back as they were written', () => {
    fc.assert(
      fc.property(fc.int16Array({ maxLength: 300 }), fc.integer({ min: 4000, max: 192_000 }), (samples, rateHz) => {
        expect(decodeWav(encodeWav({ samples, rateHz }))).toEqual({ samples, rateHz });
      }),
      { seed: 7 },
    );
  });

  it('may have other chunks, also of odd length', () => {
    const list = Uint8Array.of(0x4c, 0x49, 0x53, 0x54, 3, 0, 0, 0, 1, 2, 3, 0);
    const bytes = Uint8Array.from([...GOOD.subarray(0, 36), ...list, ...GOOD.subarray(36)]);
    expect(decodeWav(bytes)).toEqual(decodeWav(GOOD));
  });

  it.each([
    ['another file', Uint8Array.of(1, 2, 3), 'Not a RIFF WAVE file.'],
    [
      'stereo',
      changed((view) => view.setUint16(22, 2, true)),
      'Only 16-bit mono PCM is taken; this has format 1, 2 channels, 16 bits.',
    ],
    [
      'µ-law',
      changed((view) => view.setUint16(20, 7, true)),
      'Only 16-bit mono PCM is taken; this has format 7, 1 channels, 16 bits.',
    ],
    [
      '24 bits',
      changed((view) => view.setUint16(34, 24, true)),
      'Only 16-bit mono PCM is taken; this has format 1, 1 channels, 24 bits.',
    ],
    [
      'a rate of 0',
      changed((view) => view.setUint32(24, 0, true)),
      'The sample rate 0 is not between 4000 and 192000.',
    ],
    ['data beyond the end', changed((view) => view.setUint32(40, 12, true)), 'The data chunk is cut short.'],
    ['a length near 2^32', changed((view) => view.setUint32(40, 0xffffffff, true)), 'The data chunk is cut short.'],
    ['half a sample', changed((view) => view.setUint32(40, 9, true)), 'The data chunk ends within a sample.'],
    ['a short fmt', changed((view) => view.setUint32(16, 14, true)), 'The fmt chunk is too short.'],
    ['no data', GOOD.slice(0, 36), 'There is no data chunk.'],
    ['no fmt', GOOD.slice(0, 12), 'There is no fmt chunk.'],
    ['too long', encodeWav({ samples: new Int16Array(60 * 4000 + 1), rateHz: 4000 }), 'Longer than 60 s.'],
  ])('are refused with the reason: %s', (_what, bytes, problem) => {
    expect(decodeWav(bytes)).toEqual({ problem });
  });

  it('never throw, whatever the bytes', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.nat(GOOD.length - 1), fc.nat(255)), { maxLength: 6 }),
        fc.nat(GOOD.length),
        (edits, cut) => {
          const bytes = GOOD.slice(0, cut);
          for (const [at, value] of edits) if (at < bytes.length) bytes[at] = value;
          decodeWav(bytes);
        },
      ),
      { seed: 7, numRuns: 2000 },
    );
  });
});

describe('resampling', () => {
  it.each([4000, 16_000, 22_050, 44_100, 48_000])('from %i Hz keeps pitch, level and length', (rateHz) => {
    const sine = Int16Array.from({ length: rateHz }, (_, i) => 8000 * Math.sin((2 * Math.PI * 1000 * i) / rateHz));
    const out = resample(sine, rateHz, 8000);
    expect(out.length).toBe(8000);
    const [tone, ...more] = measureTones(out.slice(2000, 3600));
    expect(more).toEqual([]);
    expect(tone!.hz).toBeCloseTo(1000, 0);
    expect(tone!.dbm0).toBeCloseTo(20 * Math.log10(8000 / 32_768) + 3.17, 0);
  });

  it('lets nothing above 4 kHz through', () => {
    const sine = Int16Array.from({ length: 48_000 }, (_, i) => 8000 * Math.sin((2 * Math.PI * 5000 * i) / 48_000));
    expect(measureTones(resample(sine, 48_000, 8000).slice(2000, 3600))).toEqual([]);
  });

  it('leaves a sound of the right rate alone', () => {
    const sound = Int16Array.of(1, 2, 3);
    expect(resample(sound, 8000, 8000)).toBe(sound);
  });
});
