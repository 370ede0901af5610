import { afterEach, describe, expect, it } from 'vitest';
import type { FirmwareHat } from '../../firmware-bridge/emulator/firmware-hat.ts';
import { NativeBoard } from '../../firmware-bridge/emulator/native-board.ts';
import type { Supervision } from '../../firmware-bridge/emulator/town-exchange.ts';
import { COUNTRIES } from '../../src/lines/country-profile.ts';
import { Site, type SiteOptions } from '../support/branch-world.ts';
import { nativeFirmware } from '../support/firmware.ts';
import { makeFirmwareHat } from '../support/hat-bench.ts';
import { socketsOf } from '../support/hat-contract.ts';
import { FAIR, Network } from '../support/network.ts';
import { describeWithPeers } from '../support/peers.ts';

const DIALPLAN = `
[office]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _0.,1,Dial(LINE/4/\${EXTEN:1},60)
exten => _0.,2,Congestion
[town]
exten => s,1,Dial(LINE/1,60)
`;

/** An office with two telephones and a town line, and the town in the hand of the test. */
function world(makeHat?: SiteOptions['makeHat'], country = 'fr') {
  const network = new Network(4, FAIR);
  const office = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 4,
    peers: [],
    extensions: ['201', '202'],
    townLines: [4],
    emergency: { townLines: ['LINE/4'] },
    dialplan: DIALPLAN,
    country,
    ...(makeHat === undefined ? {} : { makeHat }),
  });
  network.runFor(500);
  const exchange = office.exchange(4);
  const until = (what: string, condition: () => boolean, boundMs = 10_000) => {
    const endMs = network.nowMs + boundMs;
    while (!condition() && network.nowMs < endMs) network.runFor(10);
    expect(condition(), `${what} within ${boundMs} ms: exchange ${exchange.state}, line ${office.lineState(4)}`).toBe(
      true,
    );
  };
  const expectEmpty = () => {
    for (const port of [1, 2]) office.hangUp(port);
    until('everything rests', () => [1, 2, 4].every((port) => office.lineState(port) === 'idle'), 15_000);
    until('the exchange has seen it', () => exchange.state === 'rest');
    expect(office.appliance.calls()).toEqual([]);
    network.runFor(2_000);
    expect(office.appliance.plane.nextDeadline()).toBeUndefined();
  };
  return { network, office, exchange, until, expectEmpty };
}

function describeTownLine(hat: string, makeHat?: SiteOptions['makeHat']): void {
  describe(`a call into the town: ${hat}`, () => {
    it.each(['polarity', 'loop-break', 'tone'] as const)(
      'waits for dial tone, dials, hears the exchange, is answered and cleared: supervision by %s',
      (supervision: Supervision) => {
        const { network, office, exchange, until, expectEmpty } = world(makeHat);
        exchange.supervision = supervision;
        office.dial(1, '0123456789');
        until('the exchange has the number', () => exchange.dialled === '123456789', 15_000);
        until('it rings there', () => exchange.state === 'calling');
        network.runFor(700);
        expect(office.hears(1)).toBe(440);
        expect(office.lineState(4)).toBe('calling');
        exchange.answer();
        until('answered', () => office.lineState(1) === 'talking', 15_000);
        office.phones.apply(1, { dial: '5' });
        network.runFor(300);
        const heard = office.phones.line(4);
        expect(heard.ok && heard.value.heard.tones.map(({ hz }) => Math.round(hz / 10) * 10)).toEqual([770, 1340]);
        network.runFor(2_000);
        exchange.clear();
        until('the line is given back', () => office.lineState(4) === 'idle', 10_000);
        expect(office.ended).toEqual(['0123456789 normal-clearing']);
        expectEmpty();
      },
    );

    it('hears busy tone, and the dialplan goes on', () => {
      const { office, exchange, until, expectEmpty } = world(makeHat);
      exchange.supervision = 'tone';
      office.dial(1, '0123456789');
      until('it rings there', () => exchange.state === 'calling', 15_000);
      exchange.clear();
      until('congestion', () => office.lineState(1) === 'congestion');
      expectEmpty();
    });

    it('fails at once without voltage or beside a lifted telephone, and after 5 s without dial tone', () => {
      const { network, office, exchange, until, expectEmpty } = world(makeHat);
      for (const volts of [0, 9] as const) {
        exchange.setVoltage(volts);
        network.runFor(300);
        expect(office.lineState(4)).toBe(volts === 0 ? 'out-of-service' : 'busy');
        office.dial(1, '05');
        until('congestion', () => office.lineState(1) === 'congestion', 6_000);
        office.hangUp(1);
        network.runFor(2_000);
      }
      exchange.setVoltage(48);
      network.runFor(300);
      expectEmpty();
    });

    it('ends when the telephone hangs up, and the line is seized again only after the exchange has seen that', () => {
      const { network, office, exchange, until, expectEmpty } = world(makeHat);
      office.dial(1, '0123');
      until('it rings there', () => exchange.state === 'calling', 15_000);
      office.hangUp(1);
      until('given back', () => exchange.state === 'rest');
      office.dial(2, '0456');
      until('the next number is there', () => exchange.dialled === '456', 15_000);
      network.runFor(100);
      expectEmpty();
    });
  });

  describe(`a call from the town: ${hat}`, () => {
    it.each([
      ['0472000099', 'Mairie'],
      ['', ''],
    ])('rings with the caller ID %j, is answered and talks; either side clears', (number, name) => {
      for (const who of ['town', 'office'] as const) {
        const { network, office, exchange, until, expectEmpty } = world(makeHat);
        expect(exchange.ring(number, name)).toBe(true);
        until('the telephone rings', () => office.lineState(1) === 'ringing', 6_000);
        network.runFor(50);
        const shown = office.phones.line(1);
        expect(shown.ok && [shown.value.callerId ?? '', shown.value.callerName ?? '']).toEqual([number, name]);
        office.lift(1);
        until('they talk', () => exchange.state === 'talking');
        network.runFor(1_000);
        office.phones.apply(1, { dial: '8' });
        network.runFor(300);
        const heard = office.phones.line(4);
        expect(heard.ok && heard.value.heard.tones.length).toBe(2);
        if (who === 'town') exchange.clear();
        else office.hangUp(1);
        until('over', () => office.appliance.calls().length === 0);
        expectEmpty();
      }
    });

    it('is over when the caller gives up', () => {
      const { office, exchange, until, expectEmpty } = world(makeHat);
      exchange.ring('0472000099');
      until('the telephone rings', () => office.lineState(1) === 'ringing', 6_000);
      exchange.clear();
      until('it rings no longer', () => office.lineState(1) === 'idle', 12_000);
      expectEmpty();
    });
  });

  describe(`an emergency call: ${hat}`, () => {
    it('goes out on the town line', () => {
      const { office, exchange, until, expectEmpty } = world(makeHat);
      office.dial(1, '0112');
      until('the exchange has the number', () => exchange.dialled === '112', 15_000);
      exchange.answer();
      until('they talk', () => office.lineState(1) === 'talking', 15_000);
      expect(office.happened).toEqual(['placed', 'connected']);
      expectEmpty();
    });

    it.each(['talking', 'ringing'] as const)('takes the town line over that is %s', (what) => {
      const { office, exchange, until, expectEmpty } = world(makeHat);
      if (what === 'ringing') {
        exchange.ring('0472000099');
        until('the line rings', () => office.lineState(4) === 'ringing', 6_000);
      } else {
        office.dial(2, '0123');
        until('it rings there', () => exchange.state === 'calling', 15_000);
        exchange.answer();
        until('they talk', () => office.lineState(2) === 'talking', 15_000);
      }
      const phone = what === 'ringing' ? 2 : 1;
      office.dial(phone, '112');
      until('the exchange has the number', () => exchange.dialled === '112' && exchange.state !== 'ringing', 15_000);
      exchange.answer();
      until('they talk', () => office.lineState(phone) === 'talking', 15_000);
      expect(office.happened).toEqual(['placed', 'way-failed', 'connected']);
      expectEmpty();
    });

    it('is dialled on a line that gives no dial tone', () => {
      const { office, exchange, until } = world(makeHat);
      exchange.setVoltage(9);
      office.dial(1, '112');
      until('the exchange has the number', () => exchange.dialled === '112', 20_000);
    });

    it('is rung back on the telephone that made it', () => {
      const { network, office, exchange, until, expectEmpty } = world(makeHat);
      office.dial(2, '112');
      until('the exchange has the number', () => exchange.dialled === '112', 15_000);
      exchange.answer();
      until('they talk', () => office.lineState(2) === 'talking', 15_000);
      office.hangUp(2);
      network.runFor(3_000);
      exchange.ring('112');
      until('the telephone that called rings', () => office.lineState(2) === 'ringing', 8_000);
      expect(office.lineState(1)).toBe('idle');
      exchange.clear();
      network.runFor(10_000);
      expectEmpty();
    });
  });
}

describe('the tones of the exchange', () => {
  it.each(COUNTRIES)('%s: let a call be dialled, and end it, where nothing else says so', (country) => {
    const { network, office, exchange, until, expectEmpty } = world(undefined, country);
    exchange.supervision = 'tone';
    office.dial(1, '0123456789');
    until('the exchange has the number', () => exchange.dialled === '123456789', 15_000);
    until('it rings there', () => exchange.state === 'calling');
    network.runFor(700);
    exchange.answer();
    until('answered', () => office.lineState(1) === 'talking', 20_000);
    office.phones.apply(1, { dial: '5' });
    network.runFor(2_300);
    exchange.clear();
    until('the line is given back', () => office.lineState(4) === 'idle', 10_000);
    expect(office.ended).toEqual(['0123456789 normal-clearing']);
    expectEmpty();
  });
});

describe('the caller ID of the exchange', () => {
  it.each(COUNTRIES)('%s: is there when the telephone rings, also where a ring has two bursts', (country) => {
    const { office, exchange, until, expectEmpty } = world(undefined, country);
    expect(exchange.ring('0472000099')).toBe(true);
    until('the telephone rings', () => office.lineState(1) === 'ringing', 8_000);
    const shown = () => office.phones.line(1);
    until('it shows who calls', () => JSON.stringify(shown()).includes('"callerId":"0472000099"'), 6_000);
    exchange.clear();
    expectEmpty();
  });
});

describeTownLine('the plain model');

describeWithPeers('with a compiler', ['gcc'], () => {
  const boards: FirmwareHat[] = [];
  afterEach(() => {
    for (const hat of boards.splice(0)) hat.close();
  });
  describeTownLine('the firmware, built for this machine under sanitizers', (parts) => {
    const board = new NativeBoard({ program: nativeFirmware('sanitized'), ...socketsOf(parts) });
    const hat = makeFirmwareHat({ ...parts, board });
    boards.push(hat);
    return hat;
  });
});
