import { beforeEach, describe, expect, it } from 'vitest';
import { decodeFrame, type FullFrame } from '../../../src/iax2/frame.ts';
import { Qualify } from '../../../src/iax2/qualify.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';

const PEER = { ip: '192.0.2.1', port: 4569 };

describe('what is measured of a peer', () => {
  let pokes: number[];
  let qualify: Qualify;

  beforeEach(() => {
    pokes = [];
    qualify = new Qualify(
      1,
      { everyMs: 2_000, timeoutMs: 1_000 },
      {
        transmit: (_to, bytes) => pokes.push((decodeFrame(bytes) as FullFrame).timestamp),
        address: () => PEER,
        changed: () => {},
      },
      0,
    );
  });

  function pong(timestamp: number, nowMs: number): void {
    const ids = { sourceCall: 1, destinationCall: 1, timestamp, retransmission: false, oseqno: 0, iseqno: 0 };
    const frame = {
      ...ids,
      type: 'full',
      marker: false,
      frameType: FRAME_TYPE.IAX,
      subclass: IAX_SUBCLASS.PONG,
    } as const;
    qualify.handleFrame({ ...frame, body: new Uint8Array(0) }, PEER, nowMs);
  }

  function runUntil(endMs: number): void {
    for (let due = qualify.nextDeadline(); due !== undefined && due <= endMs; due = qualify.nextDeadline())
      qualify.handleTimeout(due);
  }

  it('is nothing before the first answer', () => {
    qualify.start(0);
    expect(qualify).toMatchObject({ rttMs: null, lossPct: null });
  });

  it('is no loss where every POKE is answered', () => {
    qualify.start(0);
    pong(pokes.at(-1)!, 20);
    runUntil(2_020);
    pong(pokes.at(-1)!, 2_040);
    expect(qualify).toMatchObject({ rttMs: 20, lossPct: 0, reachable: true });
  });

  it('counts the POKEs before the one that was answered, and none after it', () => {
    qualify.start(0);
    runUntil(600);
    expect(pokes).toHaveLength(3);
    pong(pokes[1]!, 610);
    expect(qualify.lossPct).toBe(50);
  });

  it('is all of them for a peer that is silent', () => {
    qualify.start(0);
    runUntil(30_000);
    expect(qualify).toMatchObject({ rttMs: null, lossPct: 100, reachable: false });
  });
});
