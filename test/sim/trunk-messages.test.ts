import { describe, expect, it } from 'vitest';
import { utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import type { MessageCount } from '../../src/base/message-count.ts';
import { Site } from '../support/branch-world.ts';
import { FAIR, Network, type Weather } from '../support/network.ts';
import { SipDesk } from '../support/sip-desk.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';

const CENTRE = { ip: '192.0.2.10', port: 5060 };
const BRANCH = { ip: '192.0.2.20', port: 4569 };
const BRANCH_SIP = { ip: BRANCH.ip, port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const SEEDS = 40;

/** A centre that keeps the messages of 211, and a branch that is 211 there. */
function world(seed: number, weather: Weather) {
  const network = new Network(seed, weather);
  const centre = new SipSwitch(network, CENTRE, seed, { phones: [phone('211')] });
  const put = (newMessages: number) =>
    centre.command((endpoint, nowMs) =>
      endpoint.setMailboxes(new Map([['211', { newMessages, oldMessages: 1 }]]), nowMs),
    );
  put(2);
  const branch = new SipSwitch(network, BRANCH_SIP, seed + 1, {
    trunks: [office(CENTRE, '211', { mailboxes: ['211'] })],
  });
  const known = (): MessageCount | null => branch.endpoint.messagesAt('office', '211');
  return { network, centre, branch, put, known };
}

describe('messages at a SIP trunk [RFC3842]', () => {
  it('are known by a subscription of ours, which is kept up, and taken back at the end', () => {
    const { network, centre, branch, put, known } = world(1, FAIR);
    network.runFor(2_000);
    expect(known()).toEqual({ newMessages: 2, oldMessages: 1 });
    put(0);
    network.runFor(2_000);
    expect(known()).toEqual({ newMessages: 0, oldMessages: 1 });
    network.runFor(3 * 3_600_000);
    put(5);
    network.runFor(2_000);
    expect(known()).toEqual({ newMessages: 5, oldMessages: 1 });
    expect(branch.endpoint.trunkStatuses).toMatchObject([{ messages: { newMessages: 5, oldMessages: 1 } }]);
    expect(centre.endpoint.load.subscriptions).toBe(1);
    branch.command((endpoint, nowMs) => endpoint.stop(nowMs));
    network.runFor(60_000);
    expect(centre.endpoint.load.subscriptions).toBe(0);
    expect(branch.endpoint.isIdle).toBe(true);
    expect(branch.endpoint.nextDeadline()).toBeUndefined();
  });

  it('are not asked for any more once no telephone wants them, and anew when one does; all else goes on', () => {
    const { network, centre, branch, known } = world(1, FAIR);
    network.runFor(2_000);
    const callIds = () => centre.endpoint.bindings.map(({ callId }) => callId);
    const before = callIds();
    const configure = (...mailboxes: readonly string[]) => {
      const trunks = [office(CENTRE, '211', { mailboxes })];
      branch.command((endpoint, nowMs) => endpoint.configure([], trunks, nowMs));
      network.runFor(2_000);
      return [known()?.newMessages, centre.endpoint.load.subscriptions];
    };
    expect(configure()).toEqual([undefined, 0]);
    expect(configure('211')).toEqual([2, 1]);
    expect(callIds()).toEqual(before);
  });

  it('are known again when the centre was started anew', () => {
    const { network, centre, put, known } = world(1, FAIR);
    network.runFor(2_000);
    centre.restart();
    put(7);
    network.runFor(3_600_000);
    expect(known()).toMatchObject({ newMessages: 7 });
  });

  it('are known by a NOTIFY that nobody asked for, too, if it comes from there [RFC3842 §3.9]', () => {
    const { network, known } = world(1, FAIR);
    network.runFor(2_000);
    const said: string[] = [];
    network.tap = (from, _to, bytes) => {
      if (from.ip === BRANCH.ip) said.push(utf8Decode(bytes).split('\r\n', 1)[0]!);
    };
    const tell = (from: string, event: string, body: string) => {
      const lines = [
        `NOTIFY sip:211@${BRANCH.ip} SIP/2.0`,
        `Via: SIP/2.0/UDP ${from};branch=z9hG4bK${network.nowMs}`,
        `From: <sip:211@${from}>;tag=1`,
        `To: <sip:211@${BRANCH.ip}>`,
        `Call-ID: ${network.nowMs}`,
        'CSeq: 1 NOTIFY',
        `Event: ${event}`,
        'Subscription-State: terminated',
        'Content-Type: application/simple-message-summary',
        `Content-Length: ${body.length}`,
      ];
      network.carry({ ip: from, port: 5060 }, BRANCH_SIP, utf8Encode(`${lines.join('\r\n')}\r\n\r\n${body}`));
      network.runFor(500);
      return said.splice(0).join();
    };
    const waiting = (count: number) => `Messages-Waiting: yes\r\nVoice-Message: ${count}/0\r\n`;
    expect(tell(CENTRE.ip, 'message-summary', waiting(9))).toBe('SIP/2.0 200 OK');
    expect(known()).toEqual({ newMessages: 9, oldMessages: 0 });
    expect(tell('198.51.100.9', 'message-summary', waiting(1))).toMatch(/^SIP\/2\.0 481 /);
    expect(tell(CENTRE.ip, 'presence', waiting(1))).toMatch(/^SIP\/2\.0 489 /);
    expect(tell(CENTRE.ip, 'message-summary', 'x')).toMatch(/^SIP\/2\.0 400 /);
    expect(tell(CENTRE.ip, 'message-summary', `${waiting(1)}Message-Account: sip:300@x\r\n`)).toBe('SIP/2.0 200 OK');
    expect(known()).toEqual({ newMessages: 9, oldMessages: 0 });
  });

  it(`are known in any weather (seeds 1 to ${SEEDS})`, () => {
    for (let seed = 1; seed <= SEEDS; seed++) {
      const weather = { loss: 0.25, duplication: 0.1, minDelayMs: 5, maxDelayMs: 250 };
      const { network, branch, put, known } = world(seed, weather);
      network.runFor(1_800_000);
      put(3);
      network.runFor(7_200_000);
      expect(known(), `seed ${seed}`).toEqual({ newMessages: 3, oldMessages: 1 });
      branch.command((endpoint, nowMs) => endpoint.stop(nowMs));
      network.runFor(60_000);
      expect(branch.endpoint.isIdle, `seed ${seed}`).toBe(true);
    }
  });

  it('light the lamp of a telephone that has its box there', () => {
    const network = new Network(1);
    const centre = new SipSwitch(network, CENTRE, 1, { phones: [phone('branch')] });
    const put = (newMessages: number) => {
      const waiting = new Map([['branch', { newMessages, oldMessages: 0 }]]);
      centre.command((endpoint, nowMs) => endpoint.setMailboxes(waiting, nowMs));
      network.runFor(5_000);
    };
    put(2);
    const desk = { ...phone('211'), extension: '211', name: 'Desk', mailbox: 'office' };
    new Site(network, {
      address: BRANCH,
      seed: 2,
      peers: [],
      extensions: [],
      sip: { phones: [desk], trunks: [office(CENTRE, 'branch', { mailboxes: ['branch'] })] },
      dialplan: '[office]\nexten => s,1,Hangup',
    });
    const lamp = new SipDesk(network, DESK, BRANCH);
    lamp.register();
    network.runFor(5_000);
    expect(lamp.told.at(-1)).toContain('Voice-Message: 2/0');
    put(0);
    expect(lamp.told.at(-1)).toContain('Voice-Message: 0/0');
  });
});
