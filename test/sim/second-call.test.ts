import { describe, expect, it } from 'vitest';
import { measureTones } from '../../firmware-bridge/emulator/tone-meter.ts';
import { Site } from '../support/branch-world.ts';
import { callerIdsIn } from '../support/caller-ids.ts';
import { FAIR, Network } from '../support/network.ts';

const DIALPLAN = `
[office]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},30)
exten => 600,1,Answer
exten => 600,2,Echo
`;

/** Three telephones on copper, each with a voice of its own, through the real media plane and the model of the HAT. */
function office() {
  const network = new Network(5, FAIR);
  const site = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 5,
    peers: [],
    extensions: ['201', '202', '203'],
    dialplan: DIALPLAN,
  });
  network.runFor(500);
  const phone = (port: number) => site.hat.phone(port)!;
  const until = (what: string, condition: () => boolean, boundMs = 10_000) => {
    const endMs = network.nowMs + boundMs;
    while (!condition() && network.nowMs < endMs) network.runFor(10);
    expect(condition(), `${what} within ${boundMs} ms`).toBe(true);
  };
  const state = (port: number) => site.lineState(port);
  const flash = (port: number) => {
    phone(port).flash(site.hat.flashMs(port));
    network.runFor(900);
  };
  /** Which telephones are heard at that one, each by the frequency of its voice. */
  const voicesAt = (port: number) => {
    for (const each of [1, 2, 3])
      if (phone(each).hook === 'off') {
        const hz = 500 + 400 * each;
        phone(each).say(Int16Array.from({ length: 8 * 700 }, (_, i) => 4000 * Math.sin((2 * Math.PI * hz * i) / 8000)));
      }
    network.runFor(500);
    const heard = measureTones(phone(port).heard.last(1600)).map(({ hz }) => Math.round((hz - 500) / 400));
    network.runFor(500);
    return heard.sort();
  };
  /** `from` calls `to`, which answers. */
  const connect = (from: number, to: number) => {
    site.dial(from, `20${to}`);
    until('it rings', () => state(to) === 'ringing');
    site.lift(to);
    until('they talk', () => state(from) === 'talking' && state(to) === 'talking');
    network.runFor(500);
  };
  const expectEmpty = () => {
    for (const port of [1, 2, 3]) site.hangUp(port);
    until('every line rests', () => [1, 2, 3].every((port) => state(port) === 'idle'));
    network.runFor(2_000);
    expect(site.appliance.calls()).toEqual([]);
    expect(site.appliance.plane.nextDeadline()).toBeUndefined();
    expect(site.appliance.isIdle).toBe(true);
  };
  return { network, site, phone, until, state, flash, voicesAt, connect, expectEmpty };
}

describe('a telephone on copper with two calls', () => {
  it('holds one, calls another, joins all three, and leaves the two to each other', () => {
    const { network, site, phone, until, flash, voicesAt, connect, state, expectEmpty } = office();
    connect(1, 2);
    expect([voicesAt(1), voicesAt(2)]).toEqual([[2], [1]]);

    flash(1);
    expect(measureTones(phone(1).heard.last(1600)).map(({ hz }) => Math.round(hz))).toEqual([440]);
    expect(state(2)).toBe('held');
    phone(1).dialTones('203');
    until('the third rings', () => state(3) === 'ringing');
    site.lift(3);
    until('they talk', () => state(3) === 'talking');
    network.runFor(500);
    expect([voicesAt(1), voicesAt(3), voicesAt(2)]).toEqual([[3], [1], []]);

    flash(1);
    expect([voicesAt(1), voicesAt(2), voicesAt(3)]).toEqual([
      [2, 3],
      [1, 3],
      [1, 2],
    ]);

    site.hangUp(1);
    until('the line rests', () => state(1) === 'idle');
    network.runFor(500);
    expect([voicesAt(2), voicesAt(3)]).toEqual([[3], [2]]);
    expect(site.appliance.calls()).toHaveLength(1);
    expectEmpty();
  });

  it('hears that a third calls, shows who it is, and goes from one to the other', () => {
    const { network, site, phone, until, flash, voicesAt, connect, state, expectEmpty } = office();
    connect(1, 2);
    network.runFor(3_000);
    site.dial(3, '201');
    until('the third is told that it rings', () => state(3) === 'calling', 5_000);
    // The display answers the alert with D, as soon as that is over.
    until('the alert', () => measureTones(phone(1).heard.last(400)).some(({ hz }) => Math.abs(hz - 2130) < 20), 5_000);
    until('its end', () => !measureTones(phone(1).heard.last(240)).some(({ hz }) => Math.abs(hz - 2130) < 20));
    phone(1).dialTones('D');
    network.runFor(1_500);
    expect(callerIdsIn(phone(1).heard.last(8 * 1_500))).toEqual([{ number: '203', name: 'Phone 203' }]);

    flash(1);
    until('the third talks', () => state(3) === 'talking');
    expect([voicesAt(1), voicesAt(3), voicesAt(2)]).toEqual([[3], [1], []]);
    flash(1);
    expect([voicesAt(1), voicesAt(2), voicesAt(3)]).toEqual([[2], [1], []]);
    expectEmpty();
  });

  it('rings for whom it holds when it is put down, and for whom it lets wait', () => {
    const { network, site, flash, until, voicesAt, connect, state, expectEmpty } = office();
    connect(1, 2);
    flash(1);
    site.hangUp(1);
    until('it rings', () => state(1) === 'ringing');
    network.runFor(1_500);
    site.lift(1);
    until('they talk again', () => state(1) === 'talking');
    network.runFor(500);
    expect([voicesAt(1), voicesAt(2)]).toEqual([[2], [1]]);

    site.dial(3, '201');
    until('the third waits', () => state(3) === 'calling', 5_000);
    site.hangUp(1);
    until('it rings', () => state(1) === 'ringing');
    network.runFor(1_500);
    site.lift(1);
    until('the third talks', () => state(3) === 'talking' && state(1) === 'talking');
    network.runFor(500);
    expect([voicesAt(1), voicesAt(3)]).toEqual([[3], [1]]);
    expectEmpty();
  });
});
