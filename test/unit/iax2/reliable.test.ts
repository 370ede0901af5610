import { describe, expect, it } from 'vitest';
import { CallClock } from '../../../src/iax2/call-clock.ts';
import { decodeFrame, type FullFrame } from '../../../src/iax2/frame.ts';
import { Reliable } from '../../../src/iax2/reliable.ts';
import { FRAME_TYPE, IAX_SUBCLASS, iaxSubclassName } from '../../../src/iax2/subclass.ts';

const REMOTE = { ip: '192.0.2.2', port: 4569 };

function make() {
  const sent: FullFrame[] = [];
  const reliable = new Reliable(5, REMOTE, new CallClock(0), (_to, bytes) =>
    sent.push(decodeFrame(bytes) as FullFrame),
  );
  reliable.remoteCall = 9;
  const ping = (nowMs: number, schedule?: readonly number[]) =>
    reliable.send(FRAME_TYPE.IAX, IAX_SUBCLASS.PING, reliable.clock.stampGenuine(nowMs), undefined, nowMs, schedule);
  /** Runs the clock to `untilMs`; gives the times of what was sent, and when it was given up. */
  const run = (untilMs: number) => {
    const times: number[] = [];
    for (let at = reliable.nextDeadline(); at !== undefined && at <= untilMs; at = reliable.nextDeadline()) {
      const before = sent.length;
      if (!reliable.handleTimeout(at)) return { times, deadMs: at };
      if (sent.length > before) times.push(at);
    }
    return { times, deadMs: undefined };
  };
  return { sent, reliable, ping, run };
}

function frame(fields: Partial<FullFrame> & { oseqno: number; iseqno: number }): FullFrame {
  return {
    type: 'full',
    sourceCall: 9,
    destinationCall: 5,
    retransmission: false,
    timestamp: 100,
    frameType: FRAME_TYPE.IAX,
    subclass: IAX_SUBCLASS.PING,
    marker: false,
    body: new Uint8Array(0),
    ...fields,
  };
}

const names = (sent: readonly FullFrame[]) => sent.map(({ subclass }) => iaxSubclassName(subclass));

describe('retransmission [RFC5456 §7.2.1]', () => {
  it('sends four times at 0, 2, 12 and 22 s while no round trip is known, and gives up at 32 s', () => {
    const { ping, run, sent } = make();
    ping(0);
    expect(run(60_000)).toEqual({ times: [2_000, 12_000, 22_000], deadMs: 32_000 });
    expect(sent).toHaveLength(4);
  });

  it('sends at 0, 0.1, 1.1 and 11.1 s over a short round trip, and gives up at 21.1 s', () => {
    const { ping, run, reliable } = make();
    reliable.measured(20);
    ping(0);
    expect(run(60_000)).toEqual({ times: [100, 1_100, 11_100], deadMs: 21_100 });
  });

  it('follows a schedule of its own where one is given', () => {
    const { ping, run } = make();
    ping(0, [300, 500, 500, 600]);
    expect(run(60_000)).toEqual({ times: [300, 800, 1_300], deadMs: 1_900 });
  });

  it('keeps timestamp and OSeqno, sets R, and brings ISeqno up to date', () => {
    const { ping, run, reliable, sent } = make();
    ping(50);
    reliable.receive(frame({ oseqno: 0, iseqno: 0 }), 60);
    run(2_050);
    const [first, again] = [sent[0]!, sent.at(-1)!];
    expect(first).toMatchObject({ retransmission: false, iseqno: 0, oseqno: 0 });
    expect(again).toMatchObject({ retransmission: true, iseqno: 1, oseqno: 0, timestamp: first.timestamp });
  });

  it('stops at an acknowledgement and measures the round trip, but not of a frame that was sent twice', () => {
    const { ping, run, reliable } = make();
    ping(0);
    reliable.receive(frame({ oseqno: 0, iseqno: 1, subclass: IAX_SUBCLASS.ACK }), 80);
    expect(reliable.isSettled).toBe(true);
    expect(reliable.roundTripMs).toBe(80);
    ping(100);
    run(300);
    reliable.receive(frame({ oseqno: 0, iseqno: 2, subclass: IAX_SUBCLASS.ACK }), 5_000);
    expect(reliable.isSettled).toBe(true);
    expect(reliable.roundTripMs).toBe(80);
    expect(reliable.nextDeadline()).toBeUndefined();
  });

  it('an acknowledgement of something never sent changes nothing', () => {
    const { ping, reliable } = make();
    ping(0);
    for (const iseqno of [0, 2, 77, 255])
      reliable.receive(frame({ oseqno: 0, iseqno, subclass: IAX_SUBCLASS.ACK }), 10);
    expect(reliable.isSettled).toBe(false);
  });

  it('holds back what does not fit into half the circle of sequence numbers, and loses nothing of it', () => {
    const { reliable, sent, ping } = make();
    for (let i = 0; i < 300; i++) ping(i);
    expect(sent).toHaveLength(100);
    let acknowledged = 0;
    while (acknowledged < 300) {
      acknowledged = sent.length;
      reliable.receive(frame({ oseqno: 0, iseqno: acknowledged & 0xff, subclass: IAX_SUBCLASS.ACK }), 1_000);
    }
    expect(sent.map(({ oseqno }) => oseqno)).toEqual(Array.from({ length: 300 }, (_, i) => i & 0xff));
    expect(reliable.isSettled).toBe(true);
  });
});

describe('receiving [RFC5456 §7]', () => {
  it('takes frames in order and acknowledges with the timestamp of the frame [RFC5456 §6.9.1]', () => {
    const { reliable, sent } = make();
    expect(reliable.receive(frame({ oseqno: 0, iseqno: 0, timestamp: 1_234 }), 0)).toBe('next');
    reliable.acknowledge();
    reliable.acknowledge();
    expect(sent).toMatchObject([
      { subclass: IAX_SUBCLASS.ACK, timestamp: 1_234, iseqno: 1, sourceCall: 5, destinationCall: 9 },
    ]);
  });

  it('an answer carries the acknowledgement, so none is sent by itself', () => {
    const { reliable, sent, ping } = make();
    reliable.receive(frame({ oseqno: 0, iseqno: 0 }), 0);
    ping(5);
    reliable.acknowledge();
    expect(names(sent)).toEqual(['PING']);
    expect(sent[0]!.iseqno).toBe(1);
  });

  it('a duplicate is acknowledged again and not processed', () => {
    const { reliable, sent } = make();
    reliable.receive(frame({ oseqno: 0, iseqno: 0 }), 0);
    reliable.acknowledge();
    expect(reliable.receive(frame({ oseqno: 0, iseqno: 0, retransmission: true }), 10)).toBe('duplicate');
    expect(names(sent)).toEqual(['ACK', 'ACK']);
  });

  it('a gap asks for the missing frame with one VNAK for a burst behind it [RFC5456 §6.9.3]', () => {
    const { reliable, sent } = make();
    for (const oseqno of [1, 2, 3]) expect(reliable.receive(frame({ oseqno, iseqno: 0 }), 0)).toBe('gap');
    expect(sent).toMatchObject([{ subclass: IAX_SUBCLASS.VNAK, iseqno: 0 }]);
    reliable.receive(frame({ oseqno: 3, iseqno: 0 }), 25);
    expect(names(sent)).toEqual(['VNAK', 'VNAK']);
  });

  it('a frame that overtook another is kept for its turn, up to 32 ahead, and never given twice', () => {
    const { reliable } = make();
    for (const oseqno of [2, 1, 2, 33]) expect(reliable.receive(frame({ oseqno, iseqno: 0 }), 0)).toBe('gap');
    expect(reliable.takeHeld()).toBeUndefined();
    reliable.receive(frame({ oseqno: 0, iseqno: 0 }), 0);
    const given: number[] = [];
    for (let held = reliable.takeHeld(); held !== undefined; held = reliable.takeHeld()) {
      given.push(held.oseqno);
      expect(reliable.receive(held, 0)).toBe('next');
    }
    expect(given).toEqual([1, 2]);
    expect(reliable.receive(frame({ oseqno: 1, iseqno: 0 }), 0)).toBe('duplicate');
  });

  it('a VNAK that comes while a frame may still arrive does not send it once more', () => {
    const { reliable, sent, ping } = make();
    reliable.measured(100);
    ping(0);
    reliable.receive(frame({ oseqno: 0, iseqno: 0, subclass: IAX_SUBCLASS.VNAK }), 49);
    expect(sent).toHaveLength(1);
    reliable.receive(frame({ oseqno: 0, iseqno: 0, subclass: IAX_SUBCLASS.VNAK }), 50);
    expect(sent).toHaveLength(2);
  });

  it('a VNAK brings all frames from the missing one on at once, with R set', () => {
    const { reliable, sent, ping } = make();
    for (let i = 0; i < 4; i++) ping(i);
    sent.length = 0;
    expect(reliable.receive(frame({ oseqno: 0, iseqno: 2, subclass: IAX_SUBCLASS.VNAK }), 10)).toBe('unsequenced');
    expect(sent.map(({ oseqno, retransmission }) => [oseqno, retransmission])).toEqual([
      [2, true],
      [3, true],
    ]);
  });

  it('numbers wrap after 255 without a hitch [RFC5456 §8.1.1]', () => {
    const { reliable } = make();
    for (let i = 0; i < 600; i++) {
      expect(reliable.receive(frame({ oseqno: i & 0xff, iseqno: 0 }), i)).toBe('next');
      expect(reliable.receive(frame({ oseqno: i & 0xff, iseqno: 0 }), i)).toBe('duplicate');
      expect(reliable.receive(frame({ oseqno: (i + 2) & 0xff, iseqno: 0 }), i)).toBe('gap');
    }
  });

  it('an INVAL acknowledges nothing [RFC5456 §6.9.2]', () => {
    const { reliable, ping } = make();
    ping(0);
    reliable.receive(frame({ oseqno: 0, iseqno: 1, subclass: IAX_SUBCLASS.INVAL }), 5);
    expect(reliable.isSettled).toBe(false);
  });

  it('starts again at 0 after a reset', () => {
    const { reliable, sent, ping } = make();
    ping(0);
    reliable.reset(30);
    expect(reliable.roundTripMs).toBe(30);
    ping(40);
    expect(sent.at(-1)).toMatchObject({ oseqno: 0, iseqno: 0, destinationCall: 0 });
  });
});
