import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/sip/endpoint.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network, ROUGH } from '../support/network.ts';
import { SipDesk } from '../support/sip-desk.ts';
import { SEEDS, STORM } from '../support/sip-office.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const DOOR = { ip: '192.0.2.32', port: 5060 };
const CALLER = { ip: '192.0.2.33', port: 5060 };
const PROVIDER = { ip: '198.51.100.5', port: 5060 };

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},60)
exten => _0.,1,Dial(SIP/backup/\${EXTEN})
exten => 112,1,Dial(SIP/backup/112)
`;

/** A branch where 213 calls 211, which sends its calls elsewhere; 212 is there to be found. */
function world(seed: number) {
  const network = new Network(seed, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const provider = new SipSwitch(network, PROVIDER, seed + 1, { phones: [phone('lyon', { context: 'in' })] });
  const phones = ['211', '212', '213'].map((user) => ({ ...phone(user), extension: user, name: `Phone ${user}` }));
  const trunk = { name: 'backup', codecs: ['ulaw'], secret: { password: 'secret lyon' }, username: 'lyon' } as const;
  const branch = new Site(network, {
    address: BRANCH,
    seed: seed + 2,
    peers: [],
    extensions: [],
    dialplan: DIALPLAN,
    sip: { phones, trunks: [office(PROVIDER, 'lyon', { ...trunk, context: undefined as never })] },
    dialClasses: new Map([['SIP/211', 'national']]),
  });
  const desk = new SipDesk(network, DESK, BRANCH);
  const door = new SipSwitch(network, DOOR, seed + 3, { trunks: [office(BRANCH, '212')] });
  const caller = new SipSwitch(network, CALLER, seed + 4, { trunks: [office(BRANCH, '213')] });
  network.runFor(3_000);
  desk.register();
  const call = () => caller.dial('office', '211');
  const expectEmpty = () => {
    network.weather = ROUGH;
    network.runFor(110_000);
    for (const { endpoint } of [door, caller, provider])
      expect(endpoint.load, `seed ${seed}`).toMatchObject({ calls: 0 });
    expect(branch.appliance.calls()).toEqual([]);
    expect(branch.appliance.sip!.endpoint.load).toMatchObject({ calls: 0, dialogs: 0 });
    expect(branch.appliance.sip!.legs.size).toBe(0);
    expect([...branch.rtpPorts]).toEqual([]);
  };
  return { network, branch, desk, door, caller, provider, call, expectEmpty };
}

const answers = (station: SipSwitch) => {
  station.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
};
const requestOf = (station: SipSwitch, call: Call) => station.eventOf(call, 'incoming')?.request;

describe('a telephone that forwards its calls by 302', () => {
  it('has them ring where it says, told by Diversion who sent them there [RFC3261 §21.3.3] [RFC5806]', () => {
    const { network, desk, door, caller, call, expectEmpty } = world(1);
    desk.forwardsTo = ['<sip:212@192.0.2.20>'];
    answers(door);
    const placed = call();
    network.runFor(2_000);
    expect(placed.state).toBe('up');
    expect(requestOf(door, door.incoming[0]!)).toMatchObject({ caller: { number: '201' }, redirectingNumber: '211' });
    caller.with(placed, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('to itself is called once more, and not again', () => {
    const { network, desk, caller, call, expectEmpty } = world(2);
    desk.forwardsTo = ['<sip:211@192.0.2.20>'];
    const placed = call();
    network.runFor(5_000);
    expect(caller.typesOf(placed)).toContain('hangup');
    expect(new Set(desk.invited.map(({ callId }) => callId)).size).toBe(2);
    expectEmpty();
  });

  it.each([
    ['an emergency number', '112'],
    ['a number that its class of service has not', '0044123456789'],
    ['a number that there is not', '999'],
  ])('to %s is not followed', (_, number) => {
    const { network, desk, caller, provider, call, expectEmpty } = world(3);
    desk.forwardsTo = [`<sip:${number}@192.0.2.20>`];
    const placed = call();
    network.runFor(5_000);
    expect(caller.typesOf(placed)).toContain('hangup');
    expect(provider.incoming).toEqual([]);
    expectEmpty();
  });

  it('to a number that its class of service has goes out', () => {
    const { network, desk, caller, provider, call, expectEmpty } = world(4);
    desk.forwardsTo = ['<sip:0472123456@192.0.2.20>'];
    answers(provider);
    const placed = call();
    network.runFor(5_000);
    expect(requestOf(provider, provider.incoming[0]!)).toMatchObject({ number: '0472123456' });
    caller.with(placed, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it(`leaves nothing behind on a network that loses, doubles and reorders, ${SEEDS} seeds`, () => {
    let asPlanned = 0;
    for (let seed = 1; seed <= SEEDS; seed++) {
      const { network, desk, door, caller, call, expectEmpty } = world(seed);
      desk.forwardsTo = ['<sip:212@192.0.2.20>'];
      answers(door);
      network.weather = STORM;
      const placed = call();
      network.runFor(25_000);
      if (placed.state === 'up') asPlanned++;
      caller.with(placed, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
      expectEmpty();
    }
    expect(asPlanned).toBeGreaterThan(SEEDS * 0.7);
  });
});
