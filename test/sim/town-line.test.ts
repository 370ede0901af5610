import { describe, expect, it } from 'vitest';
import type { Supervision } from '../../firmware-bridge/emulator/town-exchange.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network } from '../support/network.ts';

const DIALPLAN = `
[office]
exten => _20X,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _0.,1,Dial(LINE/4/\${EXTEN:1},60)
exten => _0.,2,Congestion
[town]
exten => s,1,Dial(LINE/1,60)
`;

/** An office with two telephones and a town line, and the town in the hand of the test. */
function world() {
  const network = new Network(4, FAIR);
  const office = new Site(network, {
    address: { ip: '192.0.2.20', port: 4569 },
    seed: 4,
    peers: [],
    extensions: ['201', '202'],
    townLines: [4],
    emergency: { townLines: ['LINE/4'] },
    dialplan: DIALPLAN,
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
    expect(exchange.state).toBe('rest');
    expect(office.appliance.calls()).toEqual([]);
    network.runFor(2_000);
    expect(office.appliance.plane.nextDeadline()).toBeUndefined();
  };
  return { network, office, exchange, until, expectEmpty };
}

describe('a call into the town', () => {
  it.each(['polarity', 'loop-break', 'tone'] as const)(
    'waits for dial tone, dials, hears the exchange, is answered and cleared: supervision by %s',
    (supervision: Supervision) => {
      const { network, office, exchange, until, expectEmpty } = world();
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
    const { office, exchange, until, expectEmpty } = world();
    exchange.supervision = 'tone';
    office.dial(1, '0123456789');
    until('it rings there', () => exchange.state === 'calling', 15_000);
    exchange.clear();
    until('congestion', () => office.lineState(1) === 'congestion');
    expectEmpty();
  });

  it('fails at once without voltage or beside a lifted telephone, and after 5 s without dial tone', () => {
    const { network, office, exchange, until, expectEmpty } = world();
    for (const volts of [0, 9] as const) {
      exchange.setVoltage(volts);
      network.runFor(100);
      expect(office.lineState(4)).toBe(volts === 0 ? 'out-of-service' : 'busy');
      office.dial(1, '05');
      until('congestion', () => office.lineState(1) === 'congestion', 6_000);
      office.hangUp(1);
      network.runFor(2_000);
    }
    exchange.setVoltage(48);
    network.runFor(100);
    expectEmpty();
  });

  it('ends when the telephone hangs up, and the line is seized again only after the exchange has seen that', () => {
    const { network, office, exchange, until, expectEmpty } = world();
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

describe('a call from the town', () => {
  it.each([
    ['0472000099', 'Mairie'],
    ['', ''],
  ])('rings with the caller ID %j, is answered and talks; either side clears', (number, name) => {
    for (const who of ['town', 'office'] as const) {
      const { network, office, exchange, until, expectEmpty } = world();
      expect(exchange.ring(number, name)).toBe(true);
      until('the telephone rings', () => office.lineState(1) === 'ringing', 6_000);
      network.runFor(50);
      expect(office.phones.line(1)).toMatchObject({ value: { callerId: number, callerName: name } });
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
    const { office, exchange, until, expectEmpty } = world();
    exchange.ring('0472000099');
    until('the telephone rings', () => office.lineState(1) === 'ringing', 6_000);
    exchange.clear();
    until('it rings no longer', () => office.lineState(1) === 'idle', 12_000);
    expectEmpty();
  });
});

describe('an emergency call', () => {
  it('goes out on the town line', () => {
    const { office, exchange, until, expectEmpty } = world();
    office.dial(1, '0112');
    until('the exchange has the number', () => exchange.dialled === '112', 15_000);
    exchange.answer();
    until('they talk', () => office.lineState(1) === 'talking', 15_000);
    expect(office.happened).toEqual(['placed', 'connected']);
    expectEmpty();
  });

  it.each(['talking', 'ringing'] as const)('takes the town line over that is %s', (what) => {
    const { office, exchange, until, expectEmpty } = world();
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
    const { office, exchange, until } = world();
    exchange.setVoltage(9);
    office.dial(1, '112');
    until('the exchange has the number', () => exchange.dialled === '112', 20_000);
  });

  it('is rung back on the telephone that made it', () => {
    const { network, office, exchange, until, expectEmpty } = world();
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
