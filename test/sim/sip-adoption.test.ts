import { beforeEach, describe, expect, it } from 'vitest';
import { adoptSentences } from '../../src/appliance-announcer.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const OTHER = { ip: '192.0.2.32', port: 5060 };

const DIALPLAN = `
[office]
exten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},20)
exten => _00.,1,Dial(SIP/nowhere/\${EXTEN})
`;

const adopt = {
  context: 'office',
  windowMs: 120_000,
  reserved: new Set(['201', '220']),
  dialClass: 'national',
} as const;
const named = (user: string) => ({ ...phone(user), extension: user, name: `Phone ${user}` });
const { secret: _, ...bare } = named('213');

let network: Network;
let branch: Site;

beforeEach(() => {
  network = new Network(3, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  branch = new Site(network, {
    address: BRANCH,
    seed: 3,
    peers: [],
    extensions: ['201'],
    dialplan: DIALPLAN,
    sip: { phones: [named('211'), bare], trunks: [], adopt },
    keypad: { '7': 'adopt' },
  });
  network.runFor(1_000);
});

/** Gives the branch a command and hears what it says to it. */
function command<Result>(give: (nowMs: number) => Result): Result {
  let result: { readonly value: Result } | undefined;
  branch.host.input((_, nowMs) => {
    result = { value: give(nowMs) };
  });
  return result!.value;
}

const holdKey = () =>
  command((nowMs) => branch.appliance.handleHat({ type: 'key', key: '7', action: 'long', mediaTs: 0 }, nowMs));

/** A phone that nobody has entered, set up with that secret. */
function stranger(user: string, secret: string, address = DESK): SipSwitch {
  const trunk = office(BRANCH, user, { secret: { password: secret }, register: { expiresS: 600, retryMs: 600_000 } });
  const desk = new SipSwitch(network, address, 11, { trunks: [trunk] });
  network.runFor(2_000);
  return desk;
}

function open(): string {
  const opened = command((nowMs) => branch.appliance.openAdoption(nowMs));
  if ('failed' in opened) throw new Error(opened.failed);
  return opened.secret;
}

const stateOf = (user: string) => branch.appliance.phoneViews().get(user)?.state;
const told = () => branch.incidents.filter(({ kind }) => kind === 'security').map(({ what }) => what);
const registration = (desk: SipSwitch) => desk.endpoint.trunkStatuses[0]!.registration!.state;

describe('adopt mode', () => {
  it('is closed: a phone that nobody has entered stays outside', () => {
    stranger('215', '');
    expect(branch.appliance.phoneViews().has('215')).toBe(false);
    expect(branch.appliance.sip!.adoptionEndsMs).toBeUndefined();
  });

  it('lets one phone in that proves the secret, under its own number; then it is closed', () => {
    const secret = open();
    expect(secret).toMatch(/^\d{16}$/);
    const desk = stranger('215', secret);
    expect(registration(desk)).toBe('registered');
    expect(branch.appliance.phoneViews().get('215')).toMatchObject({
      ...{ state: 'registered', extension: '215', adopted: true, contact: `sip:215@${DESK.ip}:5060` },
    });
    expect(told()).toEqual(['adopt-opened', 'phone-adopted']);
    expect(JSON.stringify(branch.incidents)).not.toContain(secret);
    stranger('216', secret, OTHER);
    expect(branch.appliance.phoneViews().has('216')).toBe(false);
  });

  it('makes it a phone like any other: it calls, and is called by its number', () => {
    const desk = stranger('215', open());
    desk.onCall = (call, event, nowMs) => event.type === 'incoming' && call.answer(nowMs);
    branch.dial(1, '215');
    network.runFor(3_000);
    expect(branch.lineState(1)).toBe('talking');
    branch.hangUp(1);
    network.runFor(2_000);
    const out = desk.dial('office', '201');
    network.runFor(500);
    expect(branch.lineState(1)).toBe('ringing');
    desk.with(out, (call, nowMs) => call.hangup('normal-clearing', nowMs));
  });

  it('gives a phone that the configuration names without a secret the one that it has proven', () => {
    expect(stateOf('213')).toBe('unregistered');
    stranger('213', open());
    expect(branch.appliance.phoneViews().get('213')).toMatchObject({
      ...{ state: 'registered', name: 'Phone 213', adopted: false },
    });
  });

  it.each(['211', '201', '220', '112', 'reception'])('refuses to let %s in, which is taken or no number', (user) => {
    const desk = stranger(user, open());
    expect(registration(desk)).not.toBe('registered');
    expect(stateOf(user)).not.toBe('registered');
    expect(branch.appliance.sip!.adoptionEndsMs).toBeDefined();
    expect(branch.appliance.sip!.adopted).toEqual([]);
  });

  it('takes a wrong secret as a wrong secret', () => {
    open();
    const desk = stranger('215', '0000000000000000');
    expect(registration(desk)).not.toBe('registered');
    expect(told()).toContain('auth-failed');
  });

  it('closes by itself, and with a second hold of the key', () => {
    const secret = open();
    network.runFor(120_000);
    expect(told()).toEqual(['adopt-opened', 'adopt-closed']);
    stranger('215', secret);
    expect(branch.appliance.phoneViews().has('215')).toBe(false);
    open();
    holdKey();
    expect(branch.appliance.sip!.adoptionEndsMs).toBeUndefined();
    expect(branch.incidents.at(-1)!.message).toBe('Adopt mode was closed by hand; no phone was let in.');
  });

  it('is opened by the key, which rings the first line to say the secret twice', () => {
    holdKey();
    network.runFor(200);
    expect(branch.lineState(1)).toBe('ringing');
    branch.lift(1);
    network.runFor(500);
    expect(branch.lineState(1)).toBe('talking');
    expect(adoptSentences('0123456789012345').map((words) => words.join(' '))).toEqual([
      ...['new phone', 'secret', 'zero one two three', 'four five six seven', 'eight nine zero one'],
      ...['two three four five', 'secret', 'zero one two three', 'four five six seven', 'eight nine zero one'],
      'two three four five',
    ]);
  });

  it('keeps whom it let in for the next start, and forgets him when told to', () => {
    const desk = stranger('215', open());
    const { adopted } = branch.appliance.sip!;
    expect(JSON.parse(JSON.stringify(adopted))).toEqual([
      { user: '215', secret: { realm: 'branch-1', ha1: { 'SHA-256': expect.any(String), MD5: expect.any(String) } } },
    ]);
    expect(command((nowMs) => branch.appliance.forgetPhone('211', nowMs))).toBe(false);
    expect(command((nowMs) => branch.appliance.forgetPhone('215', nowMs))).toBe(true);
    expect(stateOf('215')).toBeUndefined();
    expect(branch.appliance.sip!.adopted).toEqual([]);
    const out = desk.dial('office', '201');
    network.runFor(2_000);
    expect(desk.eventOf(out, 'hangup')).toBeDefined();
    expect(told().at(-1)).not.toBe('phone-adopted');
  });

  it('shuts out whom it let in where the configuration does not allow it any more', () => {
    stranger('215', open());
    branch.reconfigure({ sip: { phones: [named('211')], trunks: [] } });
    expect(stateOf('215')).toBeUndefined();
    expect(command((nowMs) => branch.appliance.openAdoption(nowMs))).toEqual({
      failed: 'phones cannot be adopted: sip.adopt is not configured',
    });
  });

  it('gives phones that nobody has named the class of service of sip.adopt, and no others', () => {
    const desk = stranger('215', open());
    const known = new SipSwitch(network, OTHER, 12, { trunks: [office(BRANCH, '211')] });
    network.runFor(1_000);
    const [refused, tried] = [desk, known].map((station) => {
      const call = station.dial('office', '0044123456789');
      network.runFor(2_000);
      return station.eventOf(call, 'hangup')?.cause;
    });
    expect([refused, tried]).toEqual(['facility-not-subscribed', 'no-route']);
  });
});
