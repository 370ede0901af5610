import { levelDbm0, SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { parseTonePattern } from '../../../src/base/tone-pattern.ts';
import { MILLIWATT, MILLIWATT_DBM0, ToneGenerator } from '../../../src/media/tone-generator.ts';
import { samplesIn, toneDbm0 } from '../../support/signal.ts';

function listen(generator: ToneGenerator, ms: number, block = 80): Uint8Array {
  const heard = new Uint8Array(samplesIn(ms));
  for (let at = 0; at < heard.length; at += block) generator.read(heard.subarray(at, at + block));
  return heard;
}

function play(text: string, ms: number, dbm0?: number): Uint8Array {
  const generator = new ToneGenerator('ulaw');
  generator.start(parseTonePattern(text)!, dbm0);
  return listen(generator, ms);
}

/** Which milliseconds sound, as runs: [from, to). */
function soundingMs(codes: Uint8Array): [number, number][] {
  const runs: [number, number][] = [];
  for (let ms = 0; ms < codes.length / 8; ms++) {
    if (codes.subarray(8 * ms, 8 * ms + 8).every((code) => code === SILENCE.ulaw)) continue;
    const run = runs.at(-1);
    if (run !== undefined && run[1] === ms) run[1] = ms + 1;
    else runs.push([ms, ms + 1]);
  }
  return runs;
}

describe('a tone', () => {
  it.each(['ulaw', 'alaw'] as const)('of 1004 Hz in %s is the digital milliwatt at 0 dBm0', (law) => {
    const generator = new ToneGenerator(law);
    generator.start(MILLIWATT, MILLIWATT_DBM0);
    const second = listen(generator, 1000, 160);
    expect(levelDbm0(law, second)).toBeCloseTo(0, 1);
    expect(toneDbm0(law, second, 1004)).toBeCloseTo(0, 1);
    expect(toneDbm0(law, second, 1008)).toBeLessThan(-30);
  });

  it('has each of its frequencies at the level asked for', () => {
    const dialTone = play('350+440', 1000, -16);
    expect(toneDbm0('ulaw', dialTone, 350)).toBeCloseTo(-16, 1);
    expect(toneDbm0('ulaw', dialTone, 440)).toBeCloseTo(-16, 1);
    expect(toneDbm0('ulaw', dialTone, 395)).toBeLessThan(-55);
  });

  it('sounds at −13 dBm0 for each frequency unless told otherwise', () => {
    expect(toneDbm0('ulaw', play('425', 500), 425)).toBeCloseTo(-13, 1);
  });

  it('keeps its cadence to the millisecond, round after round', () => {
    expect(soundingMs(play('440/500,0/500', 2600))).toEqual([
      [0, 500],
      [1000, 1500],
      [2000, 2500],
    ]);
  });

  it('plays steps marked with ! in the first round only', () => {
    expect(soundingMs(play('!440/100,!0/100,350/50,0/50', 400))).toEqual([
      [0, 100],
      [200, 250],
      [300, 350],
    ]);
  });

  it('is silent and no longer playing once all steps were to be played once', () => {
    const generator = new ToneGenerator('ulaw');
    generator.start(parseTonePattern('!440/100')!);
    expect(soundingMs(listen(generator, 300))).toEqual([[0, 100]]);
    expect(generator.playing).toBe(false);
  });

  it('goes over from one step into the same frequencies without a seam', () => {
    expect(play('425/100,425/130', 1000)).toEqual(play('425', 1000));
  });

  it('starts and stops with an edge of 3 ms instead of a click', () => {
    const tone = play('1000/100,0/100', 200, -3);
    expect(levelDbm0('ulaw', tone.subarray(0, 8))).toBeLessThan(levelDbm0('ulaw', tone.subarray(400, 408)) - 12);
    expect(levelDbm0('ulaw', tone.subarray(792, 800))).toBeLessThan(levelDbm0('ulaw', tone.subarray(400, 408)) - 12);
  });

  it('that is modulated has its carrier at the level asked for and sidebands 6 dB below', () => {
    const ringback = play('400*25', 2000, -13);
    expect(toneDbm0('ulaw', ringback, 400)).toBeCloseTo(-13, 1);
    expect(toneDbm0('ulaw', ringback, 375)).toBeCloseTo(-19, 1);
    expect(toneDbm0('ulaw', ringback, 425)).toBeCloseTo(-19, 1);
  });

  it('is the same in blocks of 10 ms and of 20 ms', () => {
    const [short, long] = [80, 160].map((block) => {
      const generator = new ToneGenerator('alaw');
      generator.start(parseTonePattern('400/375,0/375')!);
      return listen(generator, 2000, block);
    });
    expect(short).toEqual(long);
  });

  it('holds its level to the end of a long wait', () => {
    const generator = new ToneGenerator('ulaw');
    generator.start(MILLIWATT, MILLIWATT_DBM0);
    const block = new Uint8Array(8000);
    for (let second = 0; second < 120; second++) generator.read(block);
    expect(levelDbm0('ulaw', block)).toBeCloseTo(0, 1);
  });

  it('stopped is silence', () => {
    const generator = new ToneGenerator('alaw');
    generator.start(MILLIWATT);
    listen(generator, 100);
    generator.stop();
    expect(listen(generator, 20).every((code) => code === SILENCE.alaw)).toBe(true);
  });

  it('without steps is silence', () => {
    const generator = new ToneGenerator('ulaw');
    generator.start({ steps: [] });
    expect(listen(generator, 20).every((code) => code === SILENCE.ulaw)).toBe(true);
    expect(generator.playing).toBe(false);
  });

  it('clips instead of wrapping when its frequencies are too loud together', () => {
    const loud = play('440+480', 200, 3);
    expect(levelDbm0('ulaw', loud)).toBeGreaterThan(3);
  });
});
