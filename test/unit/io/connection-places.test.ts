import { beforeEach, describe, expect, it } from 'vitest';
import { ConnectionPlaces } from '../../../src/io/connection-places.ts';

const MOST = 200;
const MOST_OF_ONE = 64;
let places: ConnectionPlaces;
let closed: string[];

beforeEach(() => {
  places = new ConnectionPlaces(MOST, MOST_OF_ONE);
  closed = [];
});

function connect(ip: string, port: number, nowMs = 0) {
  const key = `${ip}:${port}`;
  const place = { ip, close: () => void closed.push(key) };
  const given = places.take(key, place, nowMs);
  return { given, leave: () => places.leave(key, place), prove: () => places.prove(key) };
}

describe('places for connections', () => {
  it('are not all for one address, and free again when a connection ends', () => {
    const taken = Array.from({ length: MOST_OF_ONE }, (_, port) => connect('192.0.2.1', port));
    expect(connect('192.0.2.1', 1_000).given).toBe('too-many-connections');
    expect(connect('192.0.2.2', 1_000).given).toEqual({ displaced: false });
    taken[0]!.leave();
    expect(connect('192.0.2.1', 1_001).given).toEqual({ displaced: false });
    expect(places.size).toBe(MOST_OF_ONE + 1);
  });

  it('are given at a rate: to one address, and to all strangers together', () => {
    const given = (from: (n: number) => string, nowMs: number) => {
      const results = Array.from({ length: 2_000 }, (_, n) => {
        const { given: result, leave } = connect(from(n), n, nowMs);
        leave();
        return result;
      });
      return results.filter((result) => typeof result !== 'string').length;
    };
    expect(given(() => '192.0.2.1', 0)).toBe(100);
    expect(given(() => '192.0.2.1', 1_000)).toBe(10);
    expect(connect('192.0.2.1', 1, 1_000).given).toBe('connection-flood');
    expect(given((n) => `198.51.100.${n % 250}`, 20_000)).toBe(300);
    expect(connect('192.0.2.3', 1, 20_000).given).toBe('connection-flood-of-many');
  });

  it('are given without a rate to an address where somebody has proven who he is', () => {
    connect('192.0.2.1', 1).prove();
    for (let n = 0; n < 500; n++) {
      const { given, leave } = connect('192.0.2.1', 100 + n);
      expect(given).toEqual({ displaced: false });
      leave();
    }
  });

  it('have a rate for an address again once whoever has proven himself there is gone', () => {
    const proven = connect('192.0.2.1', 1);
    proven.prove();
    proven.leave();
    const given = Array.from({ length: 200 }, (_, n) => {
      const { given: result, leave } = connect('192.0.2.1', 100 + n);
      leave();
      return result;
    });
    expect(given.slice(0, 99)).toEqual(Array(99).fill({ displaced: false }));
    expect(new Set(given.slice(99))).toEqual(new Set(['connection-flood']));
  });

  it('are counted for an address whose last connection makes room for its next', () => {
    const two = new ConnectionPlaces(2, 1);
    const place = (ip: string) => ({ ip, close: () => {} });
    two.take('b', place('192.0.2.2'), 0);
    two.take('a', place('192.0.2.1'), 0);
    expect(two.take('c', place('192.0.2.3'), 0)).toEqual({ displaced: true });
    expect(two.take('d', place('192.0.2.2'), 0)).toEqual({ displaced: true });
    expect(two.take('e', place('192.0.2.2'), 0)).toBe('too-many-connections');
    expect(two.size).toBe(2);
  });

  it('are left to newcomers by the stranger who was there first; never by who has proven who he is', () => {
    const first = connect('192.0.2.1', 1);
    first.prove();
    for (let n = 1; n < MOST; n++) connect(`198.51.100.${n}`, 1);
    expect(closed).toEqual([]);
    expect(connect('203.0.113.1', 1).given).toEqual({ displaced: true });
    expect(connect('203.0.113.2', 1).given).toEqual({ displaced: true });
    expect(closed).toEqual(['198.51.100.1:1', '198.51.100.2:1']);
    expect(places.size).toBe(MOST);
  });

  it('are refused where all have proven who they are', () => {
    for (let n = 0; n < MOST; n++) connect(`198.51.100.${n}`, 1).prove();
    expect(connect('203.0.113.1', 1).given).toBe('too-many-connections');
    expect(closed).toEqual([]);
  });

  it('are not lost by a connection that ends after another took its place under its own number', () => {
    const small = new ConnectionPlaces(1, 1);
    const old = { ip: '192.0.2.1', close: () => {} };
    small.take('a', old, 0);
    small.take('b', { ip: '192.0.2.2', close: () => {} }, 0);
    small.leave('a', old);
    expect(small.size).toBe(1);
    small.take('a', { ...old }, 0);
    small.leave('a', old);
    expect(small.size).toBe(1);
  });
});
