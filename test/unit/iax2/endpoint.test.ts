import { describe, expect, it } from 'vitest';
import { peer, Switch } from '../../support/iax2-world.ts';
import { Network } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };

function pair(more = {}) {
  const network = new Network(1);
  const a = new Switch(network, A, 1, { peers: [peer({ name: 'b', host: B.ip, username: 'a', ...more })] });
  const b = new Switch(network, B, 2, { peers: [peer({ name: 'a', host: A.ip, username: 'b', ...more })] });
  return { network, a, b };
}

describe('a call between two endpoints', () => {
  it('is authenticated, offered, accepted, rung, answered and hung up', () => {
    const { network, a, b } = pair();
    const call = a.dial('b', '600');
    network.runFor(200);
    const [there] = b.incoming;
    expect(b.eventsOf(there!)).toEqual([
      {
        type: 'incoming',
        request: expect.objectContaining({
          number: '600',
          context: 'from-peer',
          peer: 'a',
          caller: { number: '201', name: 'Front', presentation: 0 },
        }),
      },
    ]);
    b.with(there!, (c, now) => c.ringing(now));
    network.runFor(50);
    b.with(there!, (c, now) => c.answer(now));
    network.runFor(50);
    expect(a.typesOf(call)).toEqual(['accepted', 'ringing', 'answered']);
    expect([call.state, there!.state]).toEqual(['up', 'up']);
    expect(a.media.streams.get(call.stream)).toMatchObject({ kind: 'iax2', remote: B, format: 4 });
    a.with(call, (c, now) => c.hangup('normal-clearing', now));
    network.runFor(100);
    expect(b.eventsOf(there!).at(-1)).toEqual({
      type: 'hangup',
      cause: 'normal-clearing',
      reason: 'Normal clearing',
      by: 'far-end',
    });
    expect([call.state, there!.state]).toEqual(['gone', 'gone']);
    expect([a.endpoint.load, b.endpoint.load]).toEqual([
      { calls: 0, dialogs: 0, callNumbers: 0 },
      { calls: 0, dialogs: 0, callNumbers: 0 },
    ]);
  });
});
