import { describe, expect, it } from 'vitest';
import type { Call } from '../../src/sip/endpoint.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const DOOR = { ip: '192.0.2.32', port: 5060 };
const PROVIDER = { ip: '198.51.100.5', port: 5060 };
const ISLAND = { ip: '198.51.100.99', port: 5060 };

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _7XX,1,Dial(SIP/dead/\${EXTEN:1},20)
exten => _7XX,2,Dial(SIP/backup/\${EXTEN:1},20)
exten => 500,1,Busy
[from-provider]
exten => lyon,1,Dial(LINE/1,20)
`;

/** A branch with one line, two SIP phones and two trunks, of which one leads nowhere. */
function world({ isRegistering = true }: { readonly isRegistering?: boolean } = {}) {
  const network = new Network(7, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const provider = new SipSwitch(network, PROVIDER, 5, { phones: [phone('lyon', { context: 'in' })] });
  const ours = { codecs: ['ulaw', 'alaw'], secret: { password: 'secret lyon' }, username: 'lyon' } as const;
  const trunks = [
    office(PROVIDER, 'lyon', { ...ours, name: 'backup', context: 'from-provider' }),
    office(ISLAND, 'lyon', { ...ours, name: 'dead', qualify: { everyMs: 5_000, timeoutMs: 1_000 } }),
  ];
  const phones = ['211', '212'].map((user) => ({
    ...phone(user),
    extension: user,
    name: `Phone ${user}`,
    callerId: { number: user, name: `Phone ${user}` },
  }));
  const branch = new Site(network, {
    address: BRANCH,
    seed: 3,
    peers: [],
    extensions: ['201'],
    dialplan: DIALPLAN,
    sip: { phones, trunks },
    emergency: { via: [{ channel: 'SIP/backup' }] },
  });
  const account = office(BRANCH, '211');
  const { register: _, ...silent } = account;
  const desk = new SipSwitch(network, DESK, 11, { trunks: [isRegistering ? account : silent] });
  const door = new SipSwitch(network, DOOR, 12, { trunks: [office(BRANCH, '212')] });
  network.runFor(3_000);
  const expectEmpty = () => {
    for (const { endpoint } of [desk, door, provider]) expect(endpoint.load.calls).toBe(0);
    network.runFor(40_000);
    expect(branch.appliance.calls()).toEqual([]);
    expect(branch.appliance.sip!.endpoint.load).toMatchObject({ calls: 0, dialogs: 0 });
    expect(branch.appliance.sip!.legs.size).toBe(0);
    expect([...branch.rtpPorts]).toEqual([]);
  };
  return { network, branch, desk, door, provider, expectEmpty };
}

const rings = (call: Call, nowMs: number) => call.ringing(nowMs);

describe('a branch with SIP phones', () => {
  it('shows them registered, and gives their dial strings for their extension', () => {
    const { branch } = world();
    expect(branch.appliance.phoneViews().get('211')).toMatchObject({
      state: 'registered',
      contact: `sip:211@${DESK.ip}:5060`,
      extension: '211',
      name: 'Phone 211',
    });
    expect(branch.appliance.devices('212')).toEqual(['SIP/212']);
    expect(branch.appliance.sip!.deviceState('212')).toBe('NOT_INUSE');
    expect(branch.appliance.sip!.trunkViews()).toMatchObject([
      { name: 'backup', address: '198.51.100.5:5060', registration: { state: 'registered' } },
      { name: 'dead', registration: { state: 'registering' } },
    ]);
  });

  it('lets one call the other, with its own extension and name, and hangs up on both sides', () => {
    const { network, branch, desk, door, expectEmpty } = world();
    door.onCall = (call, event, nowMs) => event.type === 'incoming' && rings(call, nowMs);
    const out = desk.dial('office', '212', { caller: { number: 'anything', name: 'Forged' } });
    network.runFor(200);
    expect(desk.typesOf(out)).toContain('ringing');
    const [into] = door.incoming;
    expect(door.eventOf(into!, 'incoming')!.request.caller).toEqual({ number: '211', name: 'Phone 211' });
    expect(branch.appliance.sip!.deviceState('212')).toBe('RINGING');
    door.with(into!, (call, nowMs) => call.answer(nowMs));
    network.runFor(200);
    expect(out.state).toBe('up');
    expect(branch.appliance.calls()).toMatchObject([
      { from: '211', to: '212', state: 'talking', legs: [{ technology: 'sip' }, { technology: 'sip' }] },
    ]);
    expect(branch.appliance.sip!.deviceState('211')).toBe('INUSE');
    desk.with(out, (call, nowMs) => call.hold(nowMs));
    network.runFor(200);
    expect(door.typesOf(into!).at(-1)).toBe('hold');
    expect(branch.appliance.calls()).toMatchObject([{ state: 'held' }]);
    desk.with(out, (call, nowMs) => call.unhold(nowMs));
    network.runFor(200);
    expect(door.typesOf(into!).at(-1)).toBe('unhold');
    door.with(into!, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(200);
    expect(desk.eventOf(out, 'hangup')).toMatchObject({ cause: 'normal-clearing', by: 'far-end' });
    expectEmpty();
  });

  it('connects copper and SIP both ways', () => {
    const { network, branch, desk, expectEmpty } = world();
    desk.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    branch.dial(1, '211');
    network.runFor(3_000);
    expect(branch.lineState(1)).toBe('talking');
    expect(desk.eventOf(desk.incoming[0]!, 'incoming')!.request.caller.number).toBe('201');
    branch.hangUp(1);
    network.runFor(1_000);
    expect(desk.typesOf(desk.incoming[0]!).at(-1)).toBe('hangup');
    const out = desk.dial('office', '201');
    network.runFor(500);
    expect(branch.lineState(1)).toBe('ringing');
    branch.lift(1);
    network.runFor(500);
    expect(out.state).toBe('up');
    desk.with(out, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(500);
    branch.hangUp(1);
    network.runFor(1_500);
    expectEmpty();
  });

  it('takes a call for help from a phone that is not registered', () => {
    const { network, branch, desk, provider, expectEmpty } = world({ isRegistering: false });
    provider.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    expect(branch.appliance.phoneViews().get('211')).toMatchObject({ state: 'unregistered' });
    const call = desk.dial('office', '112');
    network.runFor(1_000);
    expect(call.state).toBe('up');
    expect(provider.eventOf(provider.incoming[0]!, 'incoming')!.request.number).toBe('112');
    expect(branch.happened).toContain('connected');
    desk.with(call, (it, nowMs) => it.hangup('normal-clearing', nowMs));
    network.runFor(500);
    expectEmpty();
  });

  it.each([
    ['a number that is not in the dialplan', '999', 'no-route'],
    ['a busy number', '500', 'user-busy'],
    ['a phone that is none of ours', '299', 'unallocated-number'],
  ])('tells who dials %s why it cannot be', (_what, number, cause) => {
    const { network, desk, expectEmpty } = world();
    const call = desk.dial('office', number);
    network.runFor(1_000);
    expect(desk.eventOf(call, 'hangup')).toMatchObject({ cause });
    expectEmpty();
  });

  it('goes on to the next priority at once when a trunk is known to be dead', () => {
    const { network, desk, provider, expectEmpty } = world();
    provider.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    const call = desk.dial('office', '766');
    network.runFor(300);
    expect(call.state).toBe('up');
    expect(provider.eventOf(provider.incoming[0]!, 'incoming')!.request).toMatchObject({ number: '66' });
    desk.with(call, (one, nowMs) => one.hangup('normal-clearing', nowMs));
    network.runFor(300);
    expectEmpty();
  });

  it('rings the line that a trunk calls', () => {
    const { network, branch, provider, expectEmpty } = world();
    // A provider calls us by the name that we registered with.
    const call = provider.dial('lyon', '', { caller: { number: '0612345678', name: '' } });
    network.runFor(500);
    expect(branch.lineState(1)).toBe('ringing');
    expect(branch.appliance.calls()).toMatchObject([{ from: '0612345678' }]);
    provider.with(call, (one, nowMs) => one.hangup('normal-clearing', nowMs));
    network.runFor(500);
    expect(branch.lineState(1)).toBe('idle');
    expectEmpty();
  });

  it('tells whoever watches from afar of each wrong secret, and that the address is locked out', () => {
    const { network, branch } = world();
    const guesser = new SipSwitch(network, { ip: '198.51.100.66', port: 5060 }, 21, {
      trunks: [office(BRANCH, '211', { secret: { password: 'Xq9-wrong' }, register: { expiresS: 60, retryMs: 100 } })],
    });
    for (let i = 0; i < 12; i++) {
      guesser.command((endpoint, nowMs) => endpoint.reregister(undefined, nowMs));
      network.runFor(1_000);
    }
    const told = branch.incidents.map(
      ({ kind, what, details }) => `${kind} ${what} ${details['from']} ${details['username']}`,
    );
    expect(told.slice(0, 5)).toEqual([
      ...Array(4).fill('security auth-failed 198.51.100.66:5060 211'),
      'security locked-out 198.51.100.66:5060 211',
    ]);
    expect(told).toHaveLength(5);
    expect(branch.counters.get('sip.locked-out-request')).toBeGreaterThan(0);
    expect(JSON.stringify(branch.incidents)).not.toContain('Xq9-wrong');
  });

  it.each([
    ['the one who called', true],
    ['the one who was called', false],
  ])('connects the party of a transfer to another number, at the wish of %s', (_who, byCaller) => {
    const { network, branch, desk, door, provider, expectEmpty } = world();
    for (const one of [desk, door, provider])
      one.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    const out = desk.dial('office', '212');
    network.runFor(500);
    const [into] = door.incoming;
    const [from, by, left, stays] = byCaller
      ? ([desk, out, door, into!] as const)
      : ([door, into!, desk, out] as const);
    from.with(by, (call, nowMs) => call.transferTo('766', nowMs));
    network.runFor(1_000);
    expect(from.eventOf(by, 'transfer-progress')).toMatchObject({ status: 200 });
    expect(from.typesOf(by).at(-1)).toBe('hangup');
    expect(stays.state).toBe('up');
    expect(provider.incoming[0]!.state).toBe('up');
    expect(branch.appliance.calls()).toMatchObject([{ state: 'talking' }]);
    left.with(stays, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(500);
    expectEmpty();
  });

  it('tells who transfers to a number that there is not, and the call goes on', () => {
    const { network, desk, door, expectEmpty } = world();
    door.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    const out = desk.dial('office', '212');
    network.runFor(500);
    desk.with(out, (call, nowMs) => call.transferTo('999', nowMs));
    network.runFor(500);
    expect(desk.eventOf(out, 'transfer-progress')).toMatchObject({ status: 404 });
    expect([out.state, door.incoming[0]!.state]).toEqual(['up', 'up']);
    desk.with(out, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(500);
    expectEmpty();
  });

  it('calls from a phone on command: rings it first, then connects it', () => {
    const { network, branch, desk, door, expectEmpty } = world();
    for (const one of [desk, door])
      one.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    let id = '';
    branch.host.input((_site, nowMs) => {
      const made = branch.appliance.originate('211', '212', nowMs);
      if ('id' in made) id = made.id;
    });
    network.runFor(1_000);
    expect([desk, door].map(({ incoming }) => incoming[0]?.state)).toEqual(['up', 'up']);
    branch.host.input((_site, nowMs) => expect(branch.appliance.hangup(id, nowMs)).toBe(true));
    network.runFor(1_000);
    expectEmpty();
  });
});
