import { describe, expect, it } from 'vitest';
import { CallIndex } from '../../../src/media/call-index.ts';

interface Call {
  readonly spec: { readonly remote: { readonly ip: string; readonly port: number }; readonly remoteCall: number };
}

function call(ip: string, port: number, remoteCall: number): Call {
  return { spec: { remote: { ip, port }, remoteCall } };
}

describe('calls by who sends to them', () => {
  it('are found among thousands, and no more once they are taken out', () => {
    const index = new CallIndex<Call>();
    const calls = Array.from({ length: 3_000 }, (_, n) => call(`10.0.0.${n % 7}`, 4569 + (n % 3), 1 + (n >> 2)));
    const kept = new Map(calls.map((one) => [JSON.stringify(one.spec), one]));
    for (const one of calls) index.add(one);
    const find = ({ spec }: Call) => index.get({ ...spec.remote }, spec.remoteCall);
    for (const one of calls) expect(find(one)).toBe(kept.get(JSON.stringify(one.spec)));
    for (const [n, one] of calls.entries()) {
      if (n % 2 === 1 || kept.get(JSON.stringify(one.spec)) !== one) continue;
      index.remove(one);
      kept.delete(JSON.stringify(one.spec));
    }
    for (const one of calls) expect(find(one)).toBe(kept.get(JSON.stringify(one.spec)));
  });

  it('are told apart by address, port and number', () => {
    const index = new CallIndex<Call>();
    const one = call('192.0.2.1', 4569, 7);
    index.add(one);
    expect(index.get({ ip: '192.0.2.1', port: 4569 }, 7)).toBe(one);
    expect(index.get({ ip: '192.0.2.2', port: 4569 }, 7)).toBeUndefined();
    expect(index.get({ ip: '192.0.2.1', port: 4570 }, 7)).toBeUndefined();
    expect(index.get({ ip: '192.0.2.1', port: 4569 }, 8)).toBeUndefined();
    expect(index.get({ ip: '192.0.2.1', port: 65_535 }, 0x7fff)).toBeUndefined();
  });

  it('give their place to a later one, which stays when the former is taken out', () => {
    const index = new CallIndex<Call>();
    const [former, later] = [call('192.0.2.1', 4569, 7), call('192.0.2.1', 4569, 7)];
    index.add(former);
    index.add(later);
    index.remove(former);
    expect(index.get(later.spec.remote, 7)).toBe(later);
    index.remove(later);
    expect(index.get(later.spec.remote, 7)).toBeUndefined();
  });
});
