import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { captureSocket } from '../../../src/panel/capture-socket.ts';
import { takeSnapshot } from '../../../src/status/snapshot.ts';
import { WallTime } from '../../../src/status/wall-time.ts';
import { call, sourceOf } from '../status/readings.ts';
import { fakeServices } from './services.ts';

let fake: ReturnType<typeof fakeServices>;
let sent: (string | Uint8Array)[];
let closed: [number, string][];
let unsentBytes: number;

beforeEach(() => {
  vi.useFakeTimers();
  fake = fakeServices();
  sent = [];
  closed = [];
  unsentBytes = 0;
});

afterEach(() => {
  vi.useRealTimers();
});

function open(query: Record<string, string>, services = fake.services) {
  const opened = captureSocket(services).open({ params: {}, query, body: undefined });
  if ('status' in opened) return opened.status;
  return opened.start({
    send: (message) => sent.push(message),
    get unsentBytes() {
      return unsentBytes;
    },
    close: (code, reason) => closed.push([code, reason]),
  });
}

describe('a capture', () => {
  it('is only for the unix socket', () => {
    expect(captureSocket(fake.services).isLocal).toBe(true);
  });

  it('of all goes on until its reader goes', () => {
    const stop = open({});
    expect(fake.asked).toEqual(['capture all']);
    expect(sent).toEqual([Uint8Array.of(10, 13, 13, 10)]);
    (stop as () => void)();
    expect(fake.asked).toEqual(['capture all', 'capture ended']);
  });

  it('of a call that is not there is refused', () => {
    expect(open({ call: 'c9' })).toBe(404);
    expect(fake.asked).toEqual([]);
  });

  it('of one call ends a second after the call', () => {
    let isOver = false;
    const listeners = new Set<() => void>();
    const services = {
      ...fake.services,
      status: () =>
        takeSnapshot(sourceOf({ trunks: {}, lines: {}, calls: isOver ? [] : [call] }), new WallTime(), {
          nowMs: 2_000,
          wallMs: 2_000,
        }),
      subscribe: (listener: () => void) => {
        listeners.add(listener);
        return () => listeners.delete(listener);
      },
    } as unknown as typeof fake.services;
    open({ call: call.id }, services);
    for (const listener of listeners) listener();
    vi.advanceTimersByTime(5_000);
    expect(closed).toEqual([]);
    isOver = true;
    for (const listener of listeners) listener();
    vi.advanceTimersByTime(999);
    expect(closed).toEqual([]);
    vi.advanceTimersByTime(1);
    expect(closed).toEqual([[1000, 'the call is over']]);
  });

  it('whose reader is too slow is ended rather than kept in memory', () => {
    unsentBytes = 5 << 20;
    open({});
    expect(sent).toEqual([]);
    expect(closed).toEqual([[1013, 'the reader is too slow']]);
  });
});
