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
const HQ = peer({ name: 'hq', host: CENTRE.ip, username: 'branch', register: { refreshS: 10 } });

/** A centre with the messages of the branch; gives what changes their number. */
function centreWith(network: Network, messages: MessageCount): (messages: MessageCount) => void {
  const branchAt = (mailbox: MessageCount) => [peer({ name: 'branch', host: 'dynamic', mailbox })];
  const centre = new Switch(network, CENTRE, 1, { peers: branchAt(messages) });
  return (changed) => centre.command((endpoint, nowMs) => endpoint.configure(branchAt(changed), nowMs));
}

it('a telephone hears by its dial tone that messages wait at the centre, and that they do no longer', () => {
  const network = new Network(1);
  const none = { newMessages: 0, oldMessages: 2 };
  const put = centreWith(network, none);
  const branch = new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [HQ],
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
  put({ newMessages: 1, oldMessages: 2 });
  expect(dialTone()).toEqual([DIAL, SECOND]);
  put(none);
  expect(dialTone()).toEqual([DIAL]);
  put({ newMessages: 1, oldMessages: 2 });
  expect(dialTone()).toEqual([DIAL, SECOND]);
  // Of a peer that is configured no more nothing is known.
  branch.reconfigure({ peers: [] });
  expect(dialTone()).toEqual([DIAL]);
});

it('the neon lamp of a telephone blinks while messages wait at the centre', () => {
  const network = new Network(1);
  const put = centreWith(network, { newMessages: 1, oldMessages: 0 });
  const branch = new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [HQ],
    extensions: ['201'],
    mailbox: 'hq',
    lamp: 'neon',
    dialplan: '[office]\nexten => s,1,Hangup',
  });
  const shown = () => {
    const line = branch.phones.line(1);
    return line.ok && line.value.lamp;
  };
  network.runFor(20_000);
  expect(shown()).toBe(true);
  put({ newMessages: 0, oldMessages: 0 });
  network.runFor(20_000);
  expect(shown()).toBe(false);
  put({ newMessages: 1, oldMessages: 0 });
  network.runFor(20_000);
  expect(shown()).toBe(true);
});

it('the lamp of a SIP phone says by a NOTIFY what the centre said last, also after the phone was started anew', () => {
  const network = new Network(1);
  const put = centreWith(network, { newMessages: 2, oldMessages: 1 });
  const settings = { ...phone('211'), extension: '211', name: 'Desk', mailbox: 'hq' };
  new Site(network, {
    address: BRANCH,
    seed: 2,
    peers: [HQ],
    extensions: [],
    sip: { phones: [settings], trunks: [] },
    dialplan: '[office]\nexten => s,1,Hangup',
  });
  const desk = new SipDesk(network, DESK, BRANCH);
  desk.register();
  network.runFor(20_000);
  expect(desk.told).toEqual([1, 'terminated', 'Messages-Waiting: yes\r\nVoice-Message: 2/1 (0/0)\r\n']);
  put({ newMessages: 0, oldMessages: 1 });
  network.runFor(20_000);
  expect(desk.told).toEqual([2, 'terminated', 'Messages-Waiting: no\r\nVoice-Message: 0/1 (0/0)\r\n']);
  desk.register('boot-2');
  expect(desk.told[0]).toBe(3);
  expect(desk.subscribe().status).toBe(200);
  put({ newMessages: 1, oldMessages: 1 });
  network.runFor(20_000);
  expect(desk.told[1]).toMatch(/^active;expires=/);
  expect(desk.told[2]).toContain('1/1');
});
