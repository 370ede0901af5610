import { describe, expect, it } from 'vitest';
import type { PeerConfig } from '../../../src/iax2/endpoint.ts';
import { peer, Switch } from '../../support/iax2-world.ts';
import { FAIR, Network } from '../../support/network.ts';

const A = { ip: '192.0.2.1', port: 4569 };
const B = { ip: '192.0.2.2', port: 4569 };

function specsOfCall(ofA: Partial<PeerConfig>, ofB: Partial<PeerConfig>) {
  const network = new Network(1, FAIR);
  const a = new Switch(network, A, 1, { peers: [peer({ name: 'b', host: B.ip, username: 'a', ...ofA })] });
  const b = new Switch(network, B, 2, { peers: [peer({ name: 'a', host: A.ip, username: 'b', ...ofB })] });
  b.onCall = (leg, event, nowMs) => {
    if (event.type === 'incoming') leg.answer(nowMs);
  };
  a.dial('b', '600');
  network.runFor(1_000);
  return [a, b].map(({ media }) => [...media.streams.values()][0]);
}

describe('a call with a trunk peer [RFC5456 §8.1.3.2]', () => {
  it('is opened to the media plane as one of a trunk, by each side for itself', () => {
    const [ofA, ofB] = specsOfCall({ trunk: 'plain' }, { trunk: 'timestamps' });
    expect(ofA).toMatchObject({ kind: 'iax2', remote: B, trunk: 'plain' });
    expect(ofB).toMatchObject({ kind: 'iax2', remote: A, trunk: 'timestamps' });
    expect(specsOfCall({ trunk: 'plain' }, {})[1]).not.toHaveProperty('trunk');
  });

  it('is never one of a trunk if it is encrypted, since a trunk frame would show its voice', () => {
    const encryption = { method: 'aes128', force: true } as const;
    for (const spec of specsOfCall({ trunk: 'plain', encryption }, { trunk: 'plain', encryption })) {
      expect(spec).toMatchObject({ kind: 'iax2' });
      expect(spec).not.toHaveProperty('trunk');
    }
  });
});
