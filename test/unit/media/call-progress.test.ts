import { SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import type { ProgressTone } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import type { TonePattern } from '../../../src/base/tone-pattern.ts';
import { COUNTRIES, countryProfile } from '../../../src/lines/country-profile.ts';
import { CallProgressDetector } from '../../../src/media/call-progress.ts';
import { ToneGenerator } from '../../../src/media/tone-generator.ts';

function detector(country: string) {
  const { law, tones } = countryProfile(country)!;
  const told: ProgressTone[] = [];
  const generator = new ToneGenerator(law);
  const it = new CallProgressDetector(law, tones, (tone) => told.push(tone));
  const block = new Uint8Array(80);
  const play = (pattern: TonePattern | undefined, ms: number, dbm0 = -13) => {
    if (pattern === undefined) generator.stop();
    else generator.start(pattern, dbm0);
    for (let at = 0; at < ms; at += 10) {
      generator.read(block);
      it.process(block);
    }
  };
  return { told, play, tones, law, it };
}

describe('the tones of an exchange', () => {
  it.each(COUNTRIES)('are told apart in %s: dial tone within 1.5 s, busy and congestion within 8', (country) => {
    for (const dbm0 of [-10, -20, -28]) {
      const dial = detector(country);
      dial.play(undefined, 100);
      dial.play(dial.tones.dial, 1_500, dbm0);
      expect(dial.told[0], `dial at ${dbm0}`).toBe('dial');
      for (const tone of ['busy', 'congestion'] as const) {
        const { told, play, tones } = detector(country);
        play(undefined, 100);
        play(tones[tone], 8_000, dbm0);
        const heard = told.filter((one) => one === 'busy' || one === 'congestion');
        // Where both tones are one, or 5 Hz apart as in Australia, either word will do.
        const same = country === 'au' || JSON.stringify(tones.busy) === JSON.stringify(tones.congestion);
        expect(heard.length, `${tone} at ${dbm0}: ${told}`).toBe(1);
        if (!same) expect(heard[0]).toBe(tone);
      }
    }
  });

  it.each(COUNTRIES)(
    'are heard whatever the phase in which they begin, in the middle of a block: dial tone in %s',
    (country) => {
      for (let start = 0; start < 400; start += 7) {
        const { told, it, law, tones } = detector(country);
        const generator = new ToneGenerator(law);
        generator.start(tones.dial, -13);
        const tone = new Uint8Array(12_000);
        for (let at = 0; at < tone.length; at += 80) generator.read(tone.subarray(at, at + 80));
        // What came before the tone was switched through.
        const line = tone.slice(start);
        line.fill(SILENCE[law], 0, 1_000 + (start % 80));
        for (let at = 0; at + 80 <= line.length; at += 80) it.process(line.subarray(at, at + 80));
        expect(told[0], `from sample ${start} on`).toBe('dial');
      }
    },
  );

  it.each(COUNTRIES)('of a far end that rings are never taken for busy in %s', (country) => {
    const { told, play, tones } = detector(country);
    play(undefined, 100);
    play(tones.ringback, 60_000);
    expect(told.filter((one) => one === 'busy' || one === 'congestion')).toEqual([]);
    expect(told.filter((one) => one === 'ringback').length).toBeGreaterThan(5);
  });

  it('are not heard in noise and in what speech is like', () => {
    const { told, it, law } = detector('us');
    const random = new SeededRandom(3);
    const generator = new ToneGenerator(law);
    const block = new Uint8Array(80);
    for (let word = 0; word < 600; word++) {
      // Vowels with a pitch, two formants and lengths of speech.
      const pitch = 90 + random.integer(120);
      const hz = [pitch * (2 + random.integer(4)), pitch * (7 + random.integer(8)), pitch * (16 + random.integer(9))];
      generator.start({ steps: [{ hz, ms: 0 }] }, -18);
      for (let at = 5 + random.integer(30); at > 0; at--) {
        generator.read(block);
        it.process(block);
      }
      generator.stop();
      for (let at = random.integer(25); at > 0; at--) {
        generator.read(block);
        it.process(block);
      }
    }
    expect(told).not.toContain('busy');
    expect(told).not.toContain('congestion');
  });
});
