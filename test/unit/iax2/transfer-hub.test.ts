import { describe, expect, it } from 'vitest';
import { allowOnly } from '../../../src/iax2/acl.ts';
import type { Call, PeerConfig } from '../../../src/iax2/endpoint.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network, ROUGH } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const HUB = { ip: '192.0.2.2', port: 4569 };
const B = { ip: '192.0.2.3', port: 4569 };
const EMPTY = { calls: 0, dialogs: 0, callNumbers: 0 };
const allowed = (mode: 'full' | 'media'): Partial<PeerConfig> => ({
  transfer: { mode, targets: allowOnly(['192.0.2.0/24'])! },
});

interface Fields {
  readonly ofA?: Partial<PeerConfig>;
  readonly ofB?: Partial<PeerConfig>;
  readonly atParties?: Partial<PeerConfig>;
}

/** A calls B by way of the hub, which joins the two calls as a switch would. */
function world({ ofA = {}, ofB = {}, atParties = allowed('full') }: Fields, network = new Network(1)) {
  const seed = 1 + network.random.integer(1_000_000);
  const a = new Switch(network, A, seed, { peers: [peer({ name: 'hub', host: HUB.ip, username: 'a', ...atParties })] });
  const b = new Switch(network, B, seed + 1, {
    peers: [peer({ name: 'hub', host: HUB.ip, username: 'b', ...atParties })],
  });
  const hub = new Switch(network, HUB, seed + 2, {
    peers: [
      peer({ name: 'a', host: A.ip, username: 'hub', ...ofA }),
      peer({ name: 'b', host: B.ip, username: 'hub', ...ofB }),
    ],
  });
  const answer = (call: Call, event: { type: string }, nowMs: number) => {
    if (event.type === 'incoming') call.answer(nowMs);
  };
  b.onCall = answer;
  let outward: Call | undefined;
  hub.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') outward = hub.dial('b', '201');
    if (event.type === 'answered') {
      hub.incoming[0]!.answer(nowMs);
      hub.incoming[0]!.bringTogether(call, nowMs);
    }
    if (event.type === 'hangup') {
      const other = call === outward ? hub.incoming[0] : outward;
      other?.hangup(event.cause, nowMs);
    }
  };
  const call = a.dial('hub', '201');
  network.runFor(3_000);
  return { network, a, b, hub, call, there: b.incoming[0]!, outward: outward! };
}

describe('native transfer, at the hub [RFC5456 §6.5]', () => {
  it('is not begun unless the peers of both calls allow it [RFC5456 §6.5.1]', () => {
    for (const fields of [{}, { ofA: allowed('full') }, { ofB: allowed('full') }]) {
      const { hub, call, there, outward } = world(fields);
      expect([call.state, there.state, outward.state]).toEqual(['up', 'up', 'up']);
      expect(hub.media.streams.get(outward.stream)).toMatchObject({ remote: B });
      expect(hub.endpoint.load.calls).toBe(2);
    }
  });

  it('lets go of both calls once their far ends have found each other [RFC5456 §6.5.4] [RFC5456 §6.5.5]', () => {
    const { network, a, b, hub, call, there, outward } = world({ ofA: allowed('full'), ofB: allowed('full') });
    expect(hub.endpoint.load).toEqual(EMPTY);
    for (const leg of [hub.incoming[0]!, outward])
      expect(hub.eventsOf(leg).at(-1)).toMatchObject({ type: 'hangup', cause: 'normal-clearing', by: 'local' });
    const [mine, theirs] = [a.media.streams.get(call.stream)!, b.media.streams.get(there.stream)!];
    if (mine.kind !== 'iax2' || theirs.kind !== 'iax2') throw new Error('not IAX2');
    expect([mine.remote, theirs.remote]).toEqual([B, A]);
    expect([mine.remoteCall, theirs.remoteCall]).toEqual([theirs.localCall, mine.localCall]);
    a.with(call, (c, now) => c.sendText('directly', now));
    network.runFor(60_000);
    expect(b.eventsOf(there).at(-1)).toEqual({ type: 'text', text: 'directly' });
    b.with(there, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(1_000);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([EMPTY, EMPTY]);
  });

  it('of the media only keeps the signalling, so that it hears the end of the call [RFC5456 §6.5.6]', () => {
    const { network, a, b, hub, call, there } = world({ ofA: allowed('media'), ofB: allowed('full') });
    expect(a.media.streams.get(call.stream)).toMatchObject({ remote: B });
    expect(b.media.streams.get(there.stream)).toMatchObject({ remote: A });
    network.runFor(60_000);
    expect([hub.endpoint.load.calls, call.state, there.state]).toEqual([2, 'up', 'up']);
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(1_000);
    expect([a.endpoint.load, b.endpoint.load, hub.endpoint.load]).toEqual([EMPTY, EMPTY, EMPTY]);
  });

  it('relays on where a far end refuses [RFC5456 §6.5.7]', () => {
    const refused = world({ ofA: allowed('full'), ofB: allowed('full'), atParties: {} });
    expect([refused.call.state, refused.there.state, refused.hub.endpoint.load.calls]).toEqual(['up', 'up', 2]);
  });

  it('is given up when the far ends cannot reach each other, and the hub relays on', () => {
    const network = new Network(3);
    network.blackhole(A, B);
    network.blackhole(B, A);
    const { a, hub, call } = world({ ofA: allowed('full'), ofB: allowed('full') }, network);
    network.runFor(15_000);
    expect([call.state, hub.endpoint.load.calls]).toEqual(['up', 2]);
    expect(a.media.streams.get(call.stream)).toMatchObject({ remote: HUB });
  });

  it('ends with both far ends together or as before, whatever is lost or overtakes, and leaves nothing behind', () => {
    let together = 0;
    for (let seed = 1; seed <= 200; seed++) {
      const network = new Network(seed, { ...ROUGH, loss: 0.1 });
      const { a, b, hub, call } = world({ ofA: allowed('full'), ofB: allowed('full') }, network);
      network.runFor(60_000);
      const there = b.incoming[0];
      if (call.state === 'up' && there?.state === 'up' && hub.endpoint.load.calls === 0) {
        together++;
        expect(a.media.streams.get(call.stream), `seed ${seed}`).toMatchObject({ remote: B });
        expect(b.media.streams.get(there.stream), `seed ${seed}`).toMatchObject({ remote: A });
      }
      for (const each of [a, b, hub]) each.command((endpoint, nowMs) => endpoint.stop(nowMs));
      network.runFor(60_000);
      expect(
        [a, b, hub].map(({ endpoint }) => endpoint.load),
        `seed ${seed}`,
      ).toEqual([EMPTY, EMPTY, EMPTY]);
    }
    expect(together).toBeGreaterThan(150);
  });
});
