import { describe, expect, it } from 'vitest';
import type { PeerConfig } from '../../../src/iax2/endpoint.ts';
import { IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { Probe } from '../../support/iax2-probe.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const BRANCH = { ip: '192.0.2.1', port: 4569 };
const HQ = { ip: '192.0.2.2', port: 4569 };
const ENCRYPTED: Partial<PeerConfig> = { encryption: { method: 'aes128', force: true } };

/** A call of the branch, behind a NAT, to head office. */
function talking(fields: Partial<PeerConfig> = {}) {
  const network = new Network(1);
  const branch = new Switch(network, BRANCH, 1, {
    peers: [peer({ name: 'hq', host: HQ.ip, username: 'branch', ...fields })],
  });
  const hq = new Switch(network, HQ, 2, { peers: [peer({ name: 'branch', host: 'dynamic', ...fields })] });
  hq.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  const call = branch.dial('hq');
  network.runFor(200);
  return { network, branch, hq, call, there: hq.incoming[0]! };
}

describe('a far end behind a NAT that gives it another port [RFC5456 §7.3]', () => {
  it.each([
    ['in clear', {}],
    ['encrypted', ENCRYPTED],
  ])('is followed, voice and signalling, once it has said so twice (%s)', (_title, fields) => {
    const { network, branch, hq, call, there } = talking(fields);
    const format = hq.media.streams.get(there.stream);
    branch.host.rebind(40_000);
    network.runFor(60_000);
    expect([call.state, there.state]).toEqual(['up', 'up']);
    expect(hq.counters.get('iax2.far-end-moved')).toBe(1);
    expect(hq.media.streams.get(there.stream)).toEqual({ ...format, remote: { ip: BRANCH.ip, port: 40_000 } });
    expect(hq.media.formats.get(there.stream)).toBe(4);
    hq.with(there, (c, now) => c.sendText('still there?', now));
    branch.with(call, (c, now) => c.sendText('yes', now));
    network.runFor(1_000);
    expect(branch.eventsOf(call).at(-1)).toEqual({ type: 'text', text: 'still there?' });
    expect(hq.eventsOf(there).at(-1)).toEqual({ type: 'text', text: 'yes' });
  });

  it('is not taken for one that guesses its numbers while it still talks, nor for one at another address', () => {
    const { network, branch, hq, call, there } = talking();
    const { localCall, remoteCall } = hq.media.streams.get(there.stream) as { localCall: number; remoteCall: number };
    for (const ip of [BRANCH.ip, '192.0.2.66']) {
      const thief = new Probe(network, { ip, port: 6_666 }, HQ);
      for (let i = 0; i < 20; i++) {
        branch.with(call, (c, now) => c.sendText(`${i}`, now));
        network.runFor(200);
        const place = { sourceCall: remoteCall, destinationCall: localCall, oseqno: i + 4, iseqno: 3, timestamp: 900 };
        const heard = thief.send({ ...place, subclass: IAX_SUBCLASS.PING });
        expect(heard.filter(({ name }) => name !== 'INVAL')).toEqual([]);
      }
    }
    expect(hq.media.streams.get(there.stream)).toMatchObject({ remote: BRANCH });
    expect(hq.counters.get('iax2.far-end-moved')).toBe(0);
    expect([call.state, there.state]).toEqual(['up', 'up']);
  });
});
