import { describe, expect, it } from 'vitest';
import { isMalformed } from '../../src/sip/malformed.ts';
import type { Response } from '../../src/sip/message.ts';
import { tagOf } from '../../src/sip/name-addr.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network } from '../support/network.ts';
import { SipDesk } from '../support/sip-desk.ts';
import { answerAfter } from '../support/sip-office.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const POCKET = { ip: '192.0.2.32', port: 5060 };
const CALLER = { ip: '192.0.2.33', port: 5060 };

/** 213 calls 211, whose user has another telephone that can name the dialog of the first. */
function world() {
  const network = new Network(5, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const phones = ['211', '213'].map((user) => ({ ...phone(user), extension: user, name: `Phone ${user}` }));
  const branch = new Site(network, {
    address: BRANCH,
    seed: 6,
    peers: [],
    extensions: [],
    dialplan: `[office]\nexten => _2XX,1,Dial(\${DEVICE(\${EXTEN})},60)\n`,
    sip: { phones, trunks: [] },
  });
  const desk = new SipSwitch(network, DESK, 8, { trunks: [office(BRANCH, '211')] });
  const caller = new SipSwitch(network, CALLER, 9, { trunks: [office(BRANCH, '213')] });
  const pocket = new SipDesk(network, POCKET, BRANCH);
  network.runFor(3_000);
  /** The last response of each telephone to an INVITE of the branch. */
  const answers = new Map<string, Response>();
  network.tap = (from, _to, bytes) => {
    const message = parseMessage(bytes);
    if (!isMalformed(message) && message.type === 'response' && message.cseq.method === 'INVITE')
      answers.set(from.ip, message);
  };
  const placed = caller.dial('office', '211');
  network.runFor(1_000);
  /** As whoever reads it has the tags: ours is that of From, the call having been placed by us. */
  const dialogAt = (ip: string) => {
    const { callId, from, to } = answers.get(ip)!;
    return `${callId};to-tag=${tagOf(from)};from-tag=${tagOf(to)}`;
  };
  const expectEmpty = () => {
    network.runFor(110_000);
    for (const { endpoint } of [desk, caller]) expect(endpoint.load).toMatchObject({ calls: 0, dialogs: 0 });
    expect(branch.appliance.calls()).toEqual([]);
    expect(branch.appliance.sip!.endpoint.load).toMatchObject({ calls: 0, dialogs: 0 });
    expect(branch.appliance.sip!.legs.size).toBe(0);
    expect([...branch.rtpPorts]).toEqual([]);
  };
  return { network, branch, desk, caller, pocket, placed, dialogAt, expectEmpty };
}

/** The call of 213 is up with whom it was placed to. */
function talking() {
  const made = world();
  answerAfter(made.desk, 0);
  made.caller.with(made.placed, (call, nowMs) => call.hangup('normal-clearing', nowMs));
  made.network.runFor(1_000);
  const placed = made.caller.dial('office', '211');
  made.network.runFor(1_000);
  expect(placed.state).toBe('up');
  return { ...made, placed };
}

describe('an INVITE with Replaces', () => {
  it('takes the place of a call that is up: the old telephone is told BYE, the other party notices nothing [RFC3891 §3]', () => {
    const { network, branch, desk, caller, pocket, placed, dialogAt, expectEmpty } = talking();
    const response = pocket.invite('211', [['Replaces', dialogAt(DESK.ip)]]);
    expect(response.status).toBe(200);
    network.runFor(1_000);
    expect(desk.eventOf(desk.incoming.at(-1)!, 'hangup')).toMatchObject({ by: 'far-end' });
    expect(placed.state).toBe('up');
    expect(branch.appliance.calls()).toMatchObject([{ to: '211', state: 'talking', legs: [{}, {}] }]);
    caller.with(placed, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    network.runFor(1_000);
    expect(pocket.asked.at(-1)).toBe('BYE');
    expectEmpty();
  });

  it('takes a call that rings: the caller is answered, and the telephone that rang is cancelled [RFC3891 §3]', () => {
    const { network, desk, caller, pocket, placed, dialogAt, expectEmpty } = world();
    for (const call of desk.incoming) desk.with(call, (leg, nowMs) => leg.ringing(nowMs));
    network.runFor(1_000);
    expect(placed.state).toBe('early');
    expect(pocket.invite('211', [['Replaces', `${dialogAt(DESK.ip)};early-only`]]).status).toBe(200);
    network.runFor(1_000);
    const rang = desk.incoming.at(-1)!;
    expect([placed.state, desk.typesOf(rang)]).toEqual(['up', ['incoming', 'hangup']]);
    expect(desk.eventOf(rang, 'hangup')!.cause).toBe('answered-elsewhere');
    caller.with(placed, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it('that is for a call nobody has answered is refused with 486 when it is up [RFC3891 §3]', () => {
    const { pocket, caller, placed, dialogAt, expectEmpty } = talking();
    expect(pocket.invite('211', [['Replaces', `${dialogAt(DESK.ip)};early-only`]]).status).toBe(486);
    expect(placed.state).toBe('up');
    caller.with(placed, (call, nowMs) => call.hangup('normal-clearing', nowMs));
    expectEmpty();
  });

  it.each([
    ['a call that there is not', ['nobody@nowhere;to-tag=1;from-tag=2'], 481],
    ['nothing that can be read', ['nobody@nowhere'], 400],
    ['two calls', ['a@b;to-tag=1;from-tag=2', 'c@d;to-tag=1;from-tag=2'], 400],
  ])('that names %s is refused', (_, values, status) => {
    const { pocket } = world();
    const headers = values.map((value) => ['Replaces', value] as const);
    expect(pocket.invite('211', headers).status).toBe(status);
  });

  it('that names the call of somebody else is refused as if there were none', () => {
    const { network, desk, caller, pocket, placed, expectEmpty } = talking();
    const theirs = { callId: '', tags: ['', ''] };
    network.tap = (from, _to, bytes) => {
      const message = parseMessage(bytes);
      if (isMalformed(message) || from.ip !== BRANCH.ip || message.type !== 'response') return;
      if (message.cseq.method !== 'INVITE' || message.status !== 200) return;
      theirs.callId = message.callId;
      theirs.tags = [tagOf(message.to) ?? '', tagOf(message.from) ?? ''];
    };
    const other = caller.dial('office', '211');
    network.runFor(1_000);
    const [toTag, fromTag] = theirs.tags;
    const named = `${theirs.callId};to-tag=${toTag};from-tag=${fromTag}`;
    expect(pocket.invite('211', [['Replaces', named]]).status).toBe(481);
    for (const call of [placed, other]) caller.with(call, (leg, nowMs) => leg.hangup('normal-clearing', nowMs));
    expect(desk.incoming.length).toBeGreaterThan(0);
    expectEmpty();
  });

  it('is offered to whoever can send one [RFC3891 §6.2]', () => {
    const { network, caller } = world();
    const supported: string[] = [];
    network.tap = (from, _to, bytes) => {
      const message = parseMessage(bytes);
      if (!isMalformed(message) && message.type === 'request' && from.ip === BRANCH.ip && message.method === 'INVITE')
        supported.push(...message.headers.words('Supported'));
    };
    caller.dial('office', '211');
    network.runFor(500);
    expect(supported).toContain('replaces');
  });
});
