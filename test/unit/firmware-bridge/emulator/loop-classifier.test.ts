import { describe, expect, it } from 'vitest';
import { LoopClassifier } from '../../../../firmware-bridge/emulator/loop-classifier.ts';
import type { LineEvent } from '../../../../src/base/line-port.ts';
import { COUNTRIES, countryProfile } from '../../../../src/lines/country-profile.ts';

type Stretch = readonly [loop: 'open' | 'closed', ms: number];

/** The events of a loop that is open and closed for these times, with the millisecond at which each came. */
function classify(country: string, stretches: readonly Stretch[], ringing = false) {
  const classifier = new LoopClassifier(countryProfile(country)!.timing);
  const events: { atMs: number; event: LineEvent }[] = [];
  let atMs = 0;
  for (const [loop, ms] of stretches) {
    for (let i = 0; i < ms; i++) {
      const event = classifier.step(loop === 'closed', ringing);
      atMs++;
      if (event !== undefined) events.push({ atMs, event });
    }
  }
  return events;
}

function afterLift(country: string, stretches: readonly Stretch[]): LineEvent[] {
  return classify(country, [['closed', 1000], ...stretches])
    .slice(1)
    .map(({ event }) => event);
}

function pulses(count: number, perSecond: number, breakShare: number): Stretch[] {
  const period = 1000 / perSecond;
  return Array.from({ length: count }, (): Stretch[] => [
    ['open', Math.round(period * breakShare)],
    ['closed', Math.round(period * (1 - breakShare))],
  ]).flat();
}

describe('the loop of a line', () => {
  it('says that the handset is lifted after 20 ms, and not for a bounce', () => {
    expect(classify('fr', [['closed', 100]])).toEqual([{ atMs: 20, event: { type: 'hook', hook: 'off' } }]);
    expect(
      classify('fr', [
        ['closed', 15],
        ['open', 50],
        ['closed', 15],
        ['open', 50],
      ]),
    ).toEqual([]);
  });

  it('trips ringing after 100 ms of current, within the 200 ms that phones may expect', () => {
    expect(classify('fr', [['closed', 150]], true)).toEqual([{ atMs: 100, event: { type: 'hook', hook: 'off' } }]);
    expect(
      classify(
        'fr',
        [
          ['closed', 60],
          ['open', 60],
        ],
        true,
      ),
    ).toEqual([]);
  });

  it.each(COUNTRIES)('%s: takes a break in the middle and near the ends of its window as a flash', (country) => {
    const { flashMinMs, flashMaxMs, pulseBreakMaxMs } = countryProfile(country)!.timing;
    for (const ms of [
      Math.max(flashMinMs, pulseBreakMaxMs + 1),
      Math.round((flashMinMs + flashMaxMs) / 2),
      flashMaxMs,
    ]) {
      expect(
        afterLift(country, [
          ['open', ms],
          ['closed', 500],
        ]),
        `${ms} ms`,
      ).toEqual([{ type: 'flash', ms }]);
    }
  });

  it.each(COUNTRIES)('%s: takes a loop that stays open as a hang-up, once', (country) => {
    const { hangupMs } = countryProfile(country)!.timing;
    const events = classify(country, [
      ['closed', 1000],
      ['open', 5000],
    ]);
    expect(events.slice(1)).toEqual([{ atMs: 1000 + hangupMs, event: { type: 'hook', hook: 'on' } }]);
  });

  it('makes nothing of a break that is too long for a pulse and too short for a flash', () => {
    expect(
      afterLift('us', [
        ['open', 200],
        ['closed', 500],
      ]),
    ).toEqual([]);
  });

  it('makes nothing of a contact that crackles', () => {
    const crackle = Array.from({ length: 50 }, (): Stretch[] => [
      ['open', 3],
      ['closed', 4],
    ]).flat();
    expect(afterLift('us', [...crackle, ['closed', 500]])).toEqual([]);
  });

  for (const perSecond of [8, 10, 12]) {
    for (const breakShare of [0.6, 0.67]) {
      it(`counts pulses of ${perSecond} per second with ${breakShare * 100} % break`, () => {
        for (let count = 1; count <= 10; count++) {
          const events = afterLift('us', [...pulses(count, perSecond, breakShare), ['closed', 500]]);
          expect(events, `${count} breaks`).toEqual([{ type: 'pulses', breaks: count }]);
        }
      });
    }
  }

  it.each(COUNTRIES)('%s: tells a dialled 1 from a flash', (country) => {
    const events = afterLift(country, [...pulses(1, 10, 0.6), ['closed', 500]]);
    expect(events).toEqual([{ type: 'pulses', breaks: 1 }]);
  });

  it('separates digits by a pause of 300 ms', () => {
    const events = afterLift('fr', [...pulses(3, 10, 0.6), ['closed', 260], ...pulses(10, 10, 0.6), ['closed', 300]]);
    expect(events).toEqual([
      { type: 'pulses', breaks: 3 },
      { type: 'pulses', breaks: 10 },
    ]);
  });
});
