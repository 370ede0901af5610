import { expect, it } from 'vitest';
import type { MessageCount } from '../../src/base/message-count.ts';
import { Site } from '../support/branch-world.ts';
import { peer, Switch } from '../support/iax2-world.ts';
import { Network } from '../support/network.ts';
import { SipDesk } from '../support/sip-desk.ts';
import { phone } from '../support/sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 4569 };
const CENTRE = { ip: '192.0.2.10', port: 4569 };
const DESK = { ip: '192.0.2.31', port: 5060 };
/** Of the German tones: dial tone is the first alone, the one that says that messages wait is both. */
const [DIAL, SECOND] = [425, 400];

it('a telephone hears by its dial tone that messages wait at the centre, and that they do no longer', () => {
  const network = new Network(1);
  const branchAt = (mailbox: MessageCount) => [peer({ name: 'branch', host: 'dynamic', mailbox })];
  const none = { newMessages: 0, oldMessages: 2 };
  const centre = new Switch(network, CENTRE, 1, { peers: branchAt(none) });
  const hq = peer({ name: 'hq', host: CENTRE.ip, username: 'branch', register: { refreshS: 10 } });
  const branch = new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [hq],
    extensions: ['201'],
    mailbox: 'hq',
    country: 'de',
    dialplan: '[office]\nexten => s,1,Hangup',
  });
  const dialTone = () => {
    network.runFor(20_000);
    branch.lift(1);
    network.runFor(1_000);
    const heard = [DIAL, SECOND].filter((hz) => {
      const line = branch.phones.line(1);
      return line.ok && line.value.heard.tones.some((tone) => Math.abs(tone.hz - hz) <= 5);
    });
    branch.hangUp(1);
    return heard;
  };
  expect(dialTone()).toEqual([DIAL]);
  centre.command((endpoint, nowMs) => endpoint.configure(branchAt({ newMessages: 1, oldMessages: 2 }), nowMs));
  expect(dialTone()).toEqual([DIAL, SECOND]);
  centre.command((endpoint, nowMs) => endpoint.configure(branchAt(none), nowMs));
  expect(dialTone()).toEqual([DIAL]);
  centre.command((endpoint, nowMs) => endpoint.configure(branchAt({ newMessages: 1, oldMessages: 2 }), nowMs));
  expect(dialTone()).toEqual([DIAL, SECOND]);
  // Of a peer that is configured no more nothing is known.
  branch.reconfigure({ peers: [] });
  expect(dialTone()).toEqual([DIAL]);
});

it('the lamp of a SIP phone says by a NOTIFY what the centre said last, also after the phone was started anew', () => {
  const network = new Network(1);
  const branchAt = (newMessages: number) => [
    peer({ name: 'branch', host: 'dynamic', mailbox: { newMessages, oldMessages: 1 } }),
  ];
  const centre = new Switch(network, CENTRE, 1, { peers: branchAt(2) });
  const hq = peer({ name: 'hq', host: CENTRE.ip, username: 'branch', register: { refreshS: 10 } });
  const settings = { ...phone('211'), extension: '211', name: 'Desk', mailbox: 'hq' };
  new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [hq],
    extensions: [],
    sip: { phones: [settings], trunks: [] },
    dialplan: '[office]\nexten => s,1,Hangup',
  });
  const desk = new SipDesk(network, DESK, BRANCH);
  desk.register();
  network.runFor(20_000);
  expect(desk.told).toEqual([1, 'terminated', 'Messages-Waiting: yes\r\nVoice-Message: 2/1 (0/0)\r\n']);
  centre.command((endpoint, nowMs) => endpoint.configure(branchAt(0), nowMs));
  network.runFor(20_000);
  expect(desk.told).toEqual([2, 'terminated', 'Messages-Waiting: no\r\nVoice-Message: 0/1 (0/0)\r\n']);
  desk.register('boot-2');
  expect(desk.told[0]).toBe(3);
  expect(desk.subscribe().status).toBe(200);
  centre.command((endpoint, nowMs) => endpoint.configure(branchAt(1), nowMs));
  network.runFor(20_000);
  expect(desk.told[1]).toMatch(/^active;expires=/);
  expect(desk.told[2]).toContain('1/1');
});
