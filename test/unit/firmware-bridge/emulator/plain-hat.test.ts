import { decode, encode, SILENCE } from 'node-pcm-codecs';
import { describe, expect, it } from 'vitest';
import { PlainHat, type PlainHatOptions } from '../../../../firmware-bridge/emulator/plain-hat.ts';
import type { HatEvent } from '../../../../firmware-bridge/hat-client.ts';
import { countryProfile } from '../../../../src/lines/country-profile.ts';

const FR = countryProfile('fr')!.timing;

function makeHat(options: Partial<PlainHatOptions> = {}): PlainHat {
  const hat = new PlainHat({ ports: [1, 2], exchange: () => {}, ...options });
  hat.command({ type: 'audio', ports: [1, 2], law: 'alaw' });
  hat.command({ type: 'line', port: 1, command: { type: 'configure', timing: FR } });
  hat.tick(0);
  events(hat);
  return hat;
}

function events(hat: PlainHat): HatEvent[] {
  const all: HatEvent[] = [];
  for (let event = hat.poll(); event !== undefined; event = hat.poll()) all.push(event);
  return all;
}

/** Lets the HAT live from one ms to another, block by block. */
function live(hat: PlainHat, fromMs: number, toMs: number): void {
  for (let nowMs = fromMs; nowMs <= toMs; nowMs += 10) hat.tick(nowMs);
}

function lineEvents(hat: PlainHat) {
  return events(hat).flatMap((event) => (event.type === 'line' ? [event.event] : []));
}

describe('PlainHat', () => {
  it('says hello once, with its lines', () => {
    const hat = new PlainHat({ ports: [1, 3], exchange: () => {}, bootId: 77 });
    expect(events(hat)).toEqual([
      {
        type: 'hello',
        bootId: 77,
        board: 'branchline-hat-4',
        ports: [
          { port: 1, kind: 'fxs' },
          { port: 3, kind: 'fxs' },
        ],
      },
    ]);
  });

  it('exchanges one block a line each 10 ms, in the order of its sample clock', () => {
    const stamps: number[] = [];
    const hat = makeHat({ exchange: (port, _up, _down, mediaTs) => port === 1 && stamps.push(mediaTs) });
    live(hat, 10, 60_000);
    expect(stamps).toHaveLength(6000);
    expect(stamps.every((stamp, i) => stamp === i * 80)).toBe(true);
    expect(hat.nextDeadline()).toBe(60_010);
  });

  it.each([
    [100, 6001],
    [-100, 5999],
  ])('runs on its own crystal: %i ppm are %i blocks a minute', (ppm, blocks) => {
    let exchanged = 0;
    const hat = makeHat({ ppm, exchange: (port) => (exchanged += port === 1 ? 1 : 0) });
    live(hat, 10, 60_010);
    expect(exchanged).toBeGreaterThanOrEqual(blocks - 1);
    expect(exchanged).toBeLessThanOrEqual(blocks + 1);
  });

  it('stops its clock while the process is stalled, and does not make up for it in a burst', () => {
    let exchanged = 0;
    const hat = makeHat({ exchange: () => exchanged++ });
    hat.tick(2000);
    expect(exchanged).toBe(2 * 5);
    expect(hat.stalledBlocks).toBe(195);
    expect(hat.nextDeadline()).toBe(2010);
  });

  it('plays the answer to a block two blocks later', () => {
    const hat = makeHat({
      exchange: (_port, _up, down, mediaTs) => encode('alaw', new Int16Array(80).fill(1000 * (mediaTs / 80)), down),
    });
    hat.phone(1)!.lift();
    live(hat, 10, 50);
    const heard = hat.phone(1)!.heard.last(400);
    expect([0, 80, 160, 240, 320].map((at) => Math.round(heard[at]! / 1000))).toEqual([0, 0, 0, 1, 2]);
  });

  it('lets a handset hear silence where nobody fills the block, and on the hook whatever is sent', () => {
    const hat = makeHat({ exchange: (port, _up, down) => port === 2 && down.fill(0x2a) });
    hat.phone(1)!.lift();
    live(hat, 10, 100);
    const codes = new Uint8Array(1).fill(SILENCE.alaw);
    const idle = new Int16Array(1);
    decode('alaw', codes, idle);
    expect(new Set(hat.phone(1)!.heard.last(160))).toEqual(new Set([idle[0]]));
    expect(new Set(hat.phone(2)!.heard.last(160))).toEqual(new Set([0]));
  });

  it('carries no sound of a line that was not asked for', () => {
    const ports: number[] = [];
    const hat = makeHat({ exchange: (port) => ports.push(port) });
    hat.command({ type: 'audio', ports: [2], law: 'alaw' });
    live(hat, 10, 50);
    expect(new Set(ports)).toEqual(new Set([2]));
  });

  it('reports lifting and hanging up with the sample at which it was certain', () => {
    const hat = makeHat();
    live(hat, 10, 1000);
    hat.phone(1)!.lift();
    live(hat, 1010, 2000);
    hat.phone(1)!.putDown();
    live(hat, 2010, 3000);
    expect(events(hat)).toEqual([
      { type: 'line', port: 1, event: { type: 'hook', hook: 'off' }, mediaTs: 8000 + (FR.debounceMs - 1) * 8 },
      { type: 'line', port: 1, event: { type: 'hook', hook: 'on' }, mediaTs: 16_000 + (FR.hangupMs - 1) * 8 },
    ]);
  });

  it('rings a phone in its cadence until it is lifted', () => {
    const hat = makeHat();
    const phone = hat.phone(1)!;
    const callerId = { number: '7123', name: 'Head office' };
    hat.command({ type: 'line', port: 1, command: { type: 'ring', cadence: [400, 200, 400, 2000], callerId } });
    const rings: boolean[] = [];
    for (let nowMs = 10; nowMs <= 3000; nowMs += 10) {
      hat.tick(nowMs);
      rings.push(phone.bell);
    }
    expect(rings.filter((ring) => ring)).toHaveLength(80);
    expect(phone.cadence).toEqual([400, 200, 400, 2000]);
    expect(phone.callerId).toEqual(callerId);
    phone.lift();
    expect(phone.cadence).toBeUndefined();
    live(hat, 3010, 3200);
    expect(phone.bell).toBe(false);
    expect(hat.socket(1)!.cadence).toBeUndefined();
    expect(phone.callerId).toEqual(callerId);
    expect(lineEvents(hat)).toEqual([{ type: 'hook', hook: 'off' }]);
    phone.putDown();
    expect(phone.callerId).toBeUndefined();
  });

  it('forgets the caller of a phone that nobody answered', () => {
    const hat = makeHat();
    const callerId = { number: '7123', name: '' };
    hat.command({ type: 'line', port: 1, command: { type: 'ring', cadence: [1500, 3500], callerId } });
    live(hat, 10, 500);
    hat.command({ type: 'line', port: 1, command: { type: 'ring-stop' } });
    live(hat, 510, 600);
    expect(hat.phone(1)!.callerId).toBeUndefined();
    expect(hat.phone(1)!.bell).toBe(false);
  });

  it('dials by pulses and flashes, one after the other', () => {
    const hat = makeHat();
    const phone = hat.phone(1)!;
    phone.lift();
    phone.dialPulses('207');
    phone.flash(250);
    live(hat, 10, 8000);
    expect(lineEvents(hat)).toEqual([
      { type: 'hook', hook: 'off' },
      { type: 'pulses', breaks: 2 },
      { type: 'pulses', breaks: 10 },
      { type: 'pulses', breaks: 7 },
      { type: 'flash', ms: 250 },
    ]);
    expect(phone.busyMs).toBe(0);
  });

  it('shows what the host lights, and ignores an LED that it has not', () => {
    const hat = makeHat();
    const light = { colour: 'amber', onMs: 500, offMs: 500 } as const;
    hat.command({ type: 'led', led: 2, light });
    hat.command({ type: 'led', led: 9, light });
    hat.command({ type: 'led', led: 0, light });
    expect(hat.lights.map((one) => one.colour)).toEqual(['off', 'amber', 'off', 'off']);
  });

  it('reports a key down, long and up', () => {
    const hat = makeHat();
    expect(hat.press('5', 1500)).toBe(true);
    expect(hat.press('5', 80)).toBe(false);
    expect(hat.press('x', 80)).toBe(false);
    expect(hat.press('1', 80)).toBe(true);
    live(hat, 10, 2000);
    expect(events(hat)).toEqual([
      { type: 'key', key: '5', action: 'down', mediaTs: 0 },
      { type: 'key', key: '1', action: 'down', mediaTs: 0 },
      { type: 'key', key: '1', action: 'up', mediaTs: 640 },
      { type: 'key', key: '5', action: 'long', mediaTs: 8000 },
      { type: 'key', key: '5', action: 'up', mediaTs: 12_000 },
    ]);
  });
});
