import { beforeEach, describe, expect, it } from 'vitest';
import type { MessageCount } from '../../../src/base/message-count.ts';
import { formatUri, sipUri } from '../../../src/sip/uri.ts';
import { FAIR, Network } from '../../support/network.ts';
import { SipDesk } from '../../support/sip-desk.ts';
import { SipStation } from '../../support/sip-station.ts';
import { phone, SipSwitch } from '../../support/sip-world.ts';

const CENTRE = { ip: '192.0.2.10', port: 5060 };
const DESK = { ip: '192.0.2.21', port: 5060 };
const NONE = { newMessages: 0, oldMessages: 0 };
const TWO = { newMessages: 2, oldMessages: 8 };

let network: Network;
let centre: SipSwitch;
let desk: SipDesk;

beforeEach(() => {
  network = new Network(1, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  centre = new SipSwitch(network, CENTRE, 1, { phones: [phone('211'), phone('212')] });
  desk = new SipDesk(network, DESK, CENTRE);
});

/** What is in the mailbox of 211 from now on; undefined: it has none. */
function wait(count: MessageCount | null | undefined): void {
  const mailboxes = new Map(count === undefined ? [] : [['211', count] as const]);
  centre.command((endpoint, nowMs) => endpoint.setMailboxes(mailboxes, nowMs));
  network.runFor(500);
}

describe('a phone that registered, and has a mailbox', () => {
  it('is told without asking what waits, and again only when that has changed [RFC3842 §3.5]', () => {
    wait(TWO);
    desk.register();
    const [notify] = desk.notified;
    expect(desk.told).toEqual([1, 'terminated', 'Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/0)\r\n']);
    expect(notify!.headers.get('Event')).toBe('message-summary');
    expect(formatUri(notify!.from.uri)).toBe('sip:211@192.0.2.10');
    expect(notify!.headers.get('Content-Type')).toBe('application/simple-message-summary');
    desk.register();
    wait({ ...TWO });
    expect(desk.notified).toHaveLength(1);
    wait(NONE);
    expect(desk.told).toEqual([2, 'terminated', 'Messages-Waiting: no\r\nVoice-Message: 0/0 (0/0)\r\n']);
  });

  it('is told nothing as long as nothing is known', () => {
    wait(null);
    desk.register();
    expect(desk.notified).toEqual([]);
    wait(TWO);
    expect(desk.notified).toHaveLength(1);
  });

  it('is told again when it started anew, and when it did not hear the first time', () => {
    wait(TWO);
    desk.register();
    desk.register('boot-2');
    expect(desk.notified).toHaveLength(2);
    desk.answers = undefined;
    wait(NONE);
    network.runFor(40_000);
    desk.answers = 200;
    const before = desk.notified.length;
    desk.register('boot-2');
    expect(desk.told).toEqual([before + 1, 'terminated', 'Messages-Waiting: no\r\nVoice-Message: 0/0 (0/0)\r\n']);
  });

  it('is not told any more where it has gone', () => {
    wait(TWO);
    desk.register();
    network.runFor(700_000);
    wait(NONE);
    expect(desk.notified).toHaveLength(1);
    expect(centre.endpoint.isIdle).toBe(true);
  });
});

describe('a phone that subscribes', () => {
  it('is told at once, at each change, and at the end of its time [RFC6665 §4.2]', () => {
    wait(TWO);
    const granted = desk.subscribe({ Event: 'message-summary;id=7' });
    expect([granted.status, granted.headers.get('Expires')]).toEqual([200, '600']);
    expect(desk.told).toEqual([1, 'active;expires=600', 'Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/0)\r\n']);
    expect(desk.notified[0]).toMatchObject({ callId: granted.callId, from: granted.to });
    expect(desk.notified[0]!.headers.get('Event')).toBe('message-summary;id=7');
    network.runFor(100_000);
    wait(NONE);
    expect(desk.told).toEqual([2, 'active;expires=500', 'Messages-Waiting: no\r\nVoice-Message: 0/0 (0/0)\r\n']);
    network.runFor(600_000);
    expect(desk.told.slice(0, 2)).toEqual([3, 'terminated;reason=timeout']);
    expect(centre.endpoint.load.subscriptions).toBe(0);
    network.runFor(40_000);
    expect(centre.endpoint.nextDeadline()).toBeUndefined();
  });

  it('hears at once that nothing is known yet, and later what is', () => {
    wait(null);
    desk.subscribe();
    expect(desk.told).toEqual([1, 'active;expires=600', '']);
    wait(TWO);
    expect(desk.told[2]).toContain('2/8');
  });

  it('is told within its subscription only, also where it registered', () => {
    wait(TWO);
    desk.subscribe();
    desk.register();
    wait(NONE);
    expect(desk.notified.map(({ headers }) => headers.get('Subscription-State'))).toEqual([
      'active;expires=600',
      'active;expires=600',
    ]);
  });

  it('may go on, and may ask once, or stop [RFC6665 §4.4.3]', () => {
    wait(TWO);
    const granted = desk.subscribe();
    network.runFor(500_000);
    expect(desk.resubscribe(granted, { Expires: '7200' }).headers.get('Expires')).toBe('3600');
    network.runFor(500_000);
    expect(centre.endpoint.load.subscriptions).toBe(1);
    desk.resubscribe(granted, { Expires: '0' });
    expect(desk.told.slice(0, 2)).toEqual([3, 'terminated;reason=timeout']);
    expect(centre.endpoint.load.subscriptions).toBe(0);
    expect(desk.resubscribe(granted, {}).status).toBe(481);
    desk.subscribe({ Expires: '0' });
    expect(desk.told).toEqual([
      4,
      'terminated;reason=timeout',
      'Messages-Waiting: yes\r\nVoice-Message: 2/8 (0/0)\r\n',
    ]);
  });

  it.each<[string, Readonly<Record<string, string>>, number]>([
    ['for another event', { Event: 'presence' }, 489],
    ['for too short a time', { Expires: '10' }, 423],
    ['for a time that is none', { Expires: 'long' }, 400],
    ['and would not read what we write', { Accept: 'application/pidf+xml' }, 406],
  ])('%s is refused', (_what, headers, status) => {
    wait(TWO);
    const { headers: answered, ...refused } = desk.subscribe(headers);
    expect(refused.status).toBe(status);
    if (status === 489) expect(answered.get('Allow-Events')).toBe('message-summary');
    if (status === 423) expect(answered.get('Min-Expires')).toBe('60');
    expect(desk.notified).toEqual([]);
  });

  it('and has no mailbox is refused, or told that it has none any more', () => {
    expect(desk.subscribe().status).toBe(404);
    wait(TWO);
    desk.subscribe();
    wait(undefined);
    expect(desk.told.slice(0, 2)).toEqual([2, 'terminated;reason=noresource']);
    expect(centre.endpoint.load.subscriptions).toBe(0);
  });

  it('from ever more ports keeps the three newest; one that starts anew has one', () => {
    wait(TWO);
    const desks = [5061, 5062, 5063, 5064].map((port) => new SipDesk(network, { ...DESK, port }, CENTRE));
    for (const one of desks) one.subscribe();
    expect(desks[0]!.told[1]).toBe('terminated;reason=rejected');
    expect(centre.endpoint.load.subscriptions).toBe(3);
    for (let i = 0; i < 10; i++) desks[3]!.subscribe();
    expect(centre.endpoint.load.subscriptions).toBe(3);
    wait(NONE);
    expect(desks.slice(1).map(({ told }) => told[2].includes('0/0'))).toEqual([true, true, true]);
  });

  it.each([
    ['does not know the subscription any more', 481],
    ['does not answer', undefined],
  ])('is forgotten when it %s [RFC6665 §4.2.2]', (_what, answers) => {
    wait(TWO);
    desk.subscribe();
    desk.answers = answers;
    wait(NONE);
    network.runFor(40_000);
    expect(centre.endpoint.load.subscriptions).toBe(0);
  });

  it('may do so from the address of a trunk, if it proves that it is a phone', () => {
    const trunk = { name: 'hq', registrar: sipUri({ host: DESK.ip }), username: 'branch', codecs: [], context: 'hq' };
    centre.command((endpoint, nowMs) => endpoint.configure([phone('211')], [trunk], nowMs));
    wait(TWO);
    expect(desk.subscribe().status).toBe(200);
    expect(desk.told[2]).toContain('2/8');
  });

  it('is sent nothing before it has proven who it is', () => {
    wait(TWO);
    const stranger = new SipStation(network, { ip: '198.51.100.9', port: 5060 }, 9);
    stranger.send('SUBSCRIBE', CENTRE);
    network.runFor(60_000);
    expect(stranger.log).toEqual(['401']);
    expect(centre.endpoint.load.subscriptions).toBe(0);
  });
});
