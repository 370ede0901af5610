import fc from 'fast-check';
import { afterEach, expect, it } from 'vitest';
import type { FirmwareHat, FirmwareHatOptions } from '../../../../firmware-bridge/emulator/firmware-hat.ts';
import { NativeBoard } from '../../../../firmware-bridge/emulator/native-board.ts';
import { PlainHat } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import type { HatEvent } from '../../../../firmware-bridge/hat-client.ts';
import { Counters } from '../../../../src/base/counters.ts';
import { SeededRandom } from '../../../../src/base/random.ts';
import { COUNTRIES, countryProfile } from '../../../../src/lines/country-profile.ts';
import { HatBench, makeFirmwareHat, PORTS } from '../../../support/hat-bench.ts';
import { describeWithPeers } from '../../../support/peers.ts';

const open: FirmwareHat[] = [];

afterEach(() => {
  for (const hat of open.splice(0)) hat.close();
});

function makeHat(options: Partial<FirmwareHatOptions> = {}): FirmwareHat {
  const hat = makeFirmwareHat(options);
  open.push(hat);
  return hat;
}

const types = (events: readonly HatEvent[]) => events.map(({ type }) => type);

describeWithPeers('the firmware behind its link', ['gcc'], () => {
  it('classifies any loop as the plain model does, to the millisecond', () => {
    const breakMs = fc.oneof(fc.integer({ min: 1, max: 130 }), fc.integer({ min: 60, max: 1400 }));
    const acts = fc.array(fc.tuple(breakMs, fc.integer({ min: 1, max: 600 })), { minLength: 1, maxLength: 25 });
    const firmware = new HatBench(makeHat()).begin();
    const plain = new HatBench(new PlainHat({ ports: PORTS, exchange: () => {} })).begin();
    fc.assert(
      fc.property(fc.constantFrom(...COUNTRIES), acts, (country, stretches) => {
        const [real, model] = [firmware, plain].map((bench) => {
          const { timing } = countryProfile(country)!;
          bench.hat.command({ type: 'line', port: 2, command: { type: 'configure', timing } }, bench.nowMs);
          bench.live(20);
          const phone = bench.hat.phone(2)!;
          phone.lift();
          const startTs = bench.nowMs * 8;
          for (const [open, closed] of stretches) {
            phone.flash(open);
            phone.say(new Int16Array(closed * 8));
          }
          const events = bench.live(3000 + Math.ceil(phone.busyMs / 10) * 10);
          phone.putDown();
          events.push(...bench.live(2500));
          return events.map((event) =>
            event.type === 'line' ? { ...event.event, atMs: (event.mediaTs - startTs) / 8 } : event,
          );
        });
        expect(real).toEqual(model);
      }),
      { seed: 5, numRuns: 40 },
    );
  }, 30_000);

  it('says of a cable that was pulled and put back: lost, then hello within a second, with handsets as they are', () => {
    const bench = new HatBench(makeHat()).begin();
    bench.hat.phone(3)!.lift();
    bench.live(1000);
    bench.hat.plug('out', bench.nowMs);
    expect(types(bench.live(5000))).toEqual(['lost']);
    bench.hat.plug('in', bench.nowMs);
    const events = bench.live(1000);
    expect(types(events)).toEqual(['hello', 'line']);
    expect(events[0]).toMatchObject({ bootId: 1 });
    expect(events[1]).toMatchObject({ port: 3, event: { type: 'hook', hook: 'off' } });
  });

  it('without a host lets line 1 fall through, blinks red and stops ringing; with one it takes all back', () => {
    const bench = new HatBench(makeHat());
    expect(bench.hat.surroundings.relay).toBe(false);
    bench.begin();
    expect(bench.hat.surroundings.relay).toBe(true);
    expect(bench.hat.lights.every(({ colour }) => colour === 'off')).toBe(true);
    bench.hat.command({ type: 'line', port: 2, command: { type: 'ring', cadence: [5000, 10] } }, bench.nowMs);
    bench.live(1000);
    expect(bench.hat.phone(2)!.bell).toBe(true);
    bench.hat.plug('out', bench.nowMs);
    bench.live(1900);
    expect(bench.hat.surroundings.relay).toBe(true);
    bench.live(200);
    expect(bench.hat.surroundings.relay).toBe(false);
    expect(bench.hat.phone(2)!.bell).toBe(false);
    bench.live(3000);
    expect(bench.hat.lights).toEqual(PORTS.map(() => ({ colour: 'red', onMs: 200, offMs: 200 })));
    bench.hat.surroundings.bypass = true;
    bench.hat.plug('in', bench.nowMs);
    bench.live(3000);
    expect(bench.hat.surroundings.relay).toBe(false);
    bench.hat.surroundings.bypass = false;
    bench.live(20);
    expect(bench.hat.surroundings.relay).toBe(true);
    bench.live(1000);
    expect(bench.hat.lights.every(({ colour }) => colour === 'off')).toBe(true);
  });

  it('tells of its own reset by another boot id, and works again', () => {
    const bench = new HatBench(makeHat()).begin();
    bench.hat.serial.reboot(bench.nowMs);
    const events = bench.live(2000);
    expect(types(events)).toEqual(['lost', 'hello']);
    expect(events[0]).toMatchObject({ reason: 'reset' });
    expect(events[1]).toMatchObject({ bootId: 2 });
    bench.serve('fr').hat.phone(1)!.lift();
    expect(types(bench.live(500))).toEqual(['line']);
  });

  it('loses no command and no event on a wire that spoils every tenth frame', () => {
    const random = new SeededRandom(3);
    const counters = new Counters();
    const wire = (bytes: Uint8Array) => {
      if (bytes.length === 0 || random.integer(10) > 0) return bytes;
      const spoiled = bytes.slice();
      spoiled[random.integer(bytes.length)]! ^= 1 << random.integer(8);
      return random.integer(2) === 0 ? spoiled : spoiled.subarray(0, random.integer(bytes.length));
    };
    const bench = new HatBench(makeHat({ wire, counters })).begin();
    const phone = bench.hat.phone(1)!;
    const events: HatEvent[] = [];
    for (let i = 0; i < 40; i++) {
      phone.lift();
      events.push(...bench.live(2000));
      phone.putDown();
      events.push(...bench.live(2000));
    }
    const hooks = events.flatMap((event) =>
      event.type === 'line' && event.event.type === 'hook' ? [event.event.hook] : [],
    );
    expect(types(events)).not.toContain('lost');
    expect(hooks).toEqual(Array.from({ length: 80 }, (_, i) => (i % 2 === 0 ? 'off' : 'on')));
    expect(counters.get('hat.bad-crc') + counters.get('hat.frame-broken')).toBeGreaterThan(100);
    expect(bench.hat.serial.linkStatistics.repeated).toBeGreaterThan(0);
  }, 30_000);

  it('finds its way back from a reset in the middle of any frame', () => {
    let cut: number | undefined;
    const wire = (bytes: Uint8Array) => (cut === undefined ? bytes : bytes.subarray(0, cut));
    const bench = new HatBench(makeHat({ wire })).begin();
    for (let at = 0; at < 60; at++) {
      bench.hat.serial.reboot(bench.nowMs);
      cut = at;
      const events = bench.live(10);
      cut = undefined;
      events.push(...bench.live(3000));
      expect(types(events), `${at} bytes`).toEqual(['lost', 'hello']);
      expect(events[1]).toMatchObject({ bootId: at + 2 });
    }
  }, 30_000);

  it('reports of ten keys at once none that is not held, and all of them up again', () => {
    const bench = new HatBench(makeHat()).begin();
    const keys = ['1', '2', '3', 'A', '4', '5', '6', 'B', '7', '8'];
    for (const key of keys) bench.hat.press(key, 300);
    const events = bench.live(1000).flatMap((event) => (event.type === 'key' ? [event] : []));
    const down = events.filter(({ action }) => action === 'down').map(({ key }) => key);
    const up = events.filter(({ action }) => action === 'up').map(({ key }) => key);
    expect(keys).toEqual(expect.arrayContaining(down));
    expect(up.sort()).toEqual(down.sort());
    bench.hat.press('D', 50);
    expect(types(bench.live(200))).toEqual(['key', 'key']);
  });

  it('says once that a handset is off the hook, however long it stays so, and once that it was put down', () => {
    const bench = new HatBench(makeHat()).begin();
    bench.hat.command({ type: 'audio', ports: [], law: 'alaw' }, bench.nowMs);
    bench.hat.phone(1)!.lift();
    expect(types(bench.live(120_000))).toEqual(['line']);
    bench.hat.phone(1)!.putDown();
    expect(types(bench.live(2000))).toEqual(['line']);
  }, 30_000);

  it('ends with a message when the process is gone', () => {
    const board = new NativeBoard({ program: '/bin/true', ports: PORTS });
    const quiet = new Uint8Array(10);
    const world = { uart: new Uint8Array(0), loops: quiet, volts: quiet, keys: 0, bypass: false };
    expect(() => board.run({ ...world, captured: new Uint8Array(320) })).toThrow(/firmware has ended|EPIPE/);
    board.close();
  });
});
