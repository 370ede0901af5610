import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../firmware-bridge/frame.ts';
import { Link, type LinkOutput } from '../../../firmware-bridge/link.ts';
import {
  decodeMessage,
  encodeMessage,
  LINK,
  type Message,
  type MessageName,
  type MessageOf,
} from '../../../firmware-bridge/messages.ts';
import { Counters } from '../../../src/base/counters.ts';
import { silentLog } from '../../../src/base/log.ts';
import { SeededRandom } from '../../../src/base/random.ts';

type Sent = Message & { readonly sequence: number };

let nowMs: number;
let counters: Counters;
let link: Link;
let sent: Sent[];

beforeEach(() => {
  nowMs = 1000;
  counters = new Counters();
  sent = [];
  const wire = new FrameDecoder(new Counters());
  const transmit = (bytes: Uint8Array) => {
    for (const { code, sequence, payload } of wire.frames(bytes)) {
      const message = decodeMessage(code, payload);
      if ('malformed' in message) throw new Error(`the host sent ${message.malformed}`);
      sent.push({ ...message, sequence });
    }
  };
  link = new Link({ transmit, random: new SeededRandom(1), counters, log: silentLog });
});

function outputs(): LinkOutput[] {
  const all: LinkOutput[] = [];
  for (let output = link.poll(); output !== undefined; output = link.poll()) all.push(output);
  return all;
}

/** Lets time pass, each deadline at its own instant. */
function pass(ms: number): LinkOutput[] {
  const all = outputs();
  const end = nowMs + ms;
  for (let at = link.nextDeadline(); at !== undefined && at <= end; at = link.nextDeadline()) {
    nowMs = Math.max(nowMs, at);
    link.handleTimeout(nowMs);
    all.push(...outputs());
  }
  nowMs = end;
  return all;
}

function receive(message: Message, sequence = 0): LinkOutput[] {
  const { code, payload } = encodeMessage(message);
  link.handleBytes(encodeFrame(code, sequence, payload), nowMs);
  return outputs();
}

function take<Name extends MessageName>(type: Name): (MessageOf<Name> & { sequence: number })[] {
  const found = sent.filter((message) => message.type === type) as unknown as (MessageOf<Name> & {
    sequence: number;
  })[];
  sent = sent.filter((message) => message.type !== type);
  return found;
}

function hello(session: number, values: Partial<MessageOf<'HELLO'>> = {}): Message {
  return {
    ...{ type: 'HELLO', protocol: LINK.PROTOCOL, session, bootId: 7, uptimeMs: 5, resetCause: 0, capabilities: 0 },
    ...{ firmwareMajor: 1, firmwareMinor: 0, firmwarePatch: 0, serialLow: 1, serialHigh: 0, blockSamples: 80 },
    ...{ lines: 4, kindsAndBoard: Uint8Array.of(1, 1, 0, 0), ...values },
  };
}

function askedSession(): number {
  return take('HELLO_REQ').at(-1)!.session;
}

function bringUp(): number {
  link.handleOpened(nowMs);
  const session = askedSession();
  receive(hello(session));
  take('PING');
  return session;
}

function light(led: number): Message {
  return { type: 'LED', led, colour: 1, onMs: 1, offMs: 0 };
}

describe('finding the HAT', () => {
  it('says nothing while the port is closed', () => {
    link.send(light(1), nowMs);
    expect([link.nextDeadline(), sent, outputs()]).toEqual([undefined, [], []]);
  });

  it('asks as soon as the port is open, and four times a second until it is answered', () => {
    link.handleOpened(nowMs);
    pass(1000);
    const asked = take('HELLO_REQ');
    expect(asked).toHaveLength(5);
    expect(new Set(asked.map(({ session }) => session)).size).toBe(1);
    expect(asked[0]).toMatchObject({ protocolMin: 1, protocolMax: 1 });
    expect(receive(hello(asked[0]!.session))).toMatchObject([{ type: 'up', hello: { bootId: 7 } }]);
    expect(link.isUp).toBe(true);
    pass(400);
    expect(take('HELLO_REQ')).toEqual([]);
  });

  it('takes no answer to another question, be it a HELLO at the start or one of the host before', () => {
    link.handleOpened(nowMs);
    expect(receive(hello(0))).toEqual([]);
    expect(receive(hello(askedSession() ^ 1))).toEqual([]);
    expect(link.isUp).toBe(false);
  });

  it('is up once, though it asked twice and was answered twice', () => {
    const session = bringUp();
    expect(receive(hello(session))).toEqual([]);
    expect(link.statistics.sessions).toBe(1);
  });

  it('says within 1 s that there is no answer, once, and goes on asking for ever', () => {
    link.handleOpened(nowMs);
    const downs = pass(20_000).filter(({ type }) => type === 'down');
    expect(downs).toEqual([{ type: 'down', reason: 'no-answer' }]);
    take('HELLO_REQ');
    pass(600_000);
    expect(take('HELLO_REQ')).toHaveLength(2400);
  });

  it('names a wire on which bytes come and no frame: another baud rate', () => {
    link.handleOpened(nowMs);
    for (let i = 0; i < 10; i++) {
      link.handleBytes(new Uint8Array(20).fill(0x81), nowMs);
      pass(50);
    }
    expect(pass(1000)).toEqual([{ type: 'down', reason: 'noise-only' }]);
  });

  it('names a HAT of another version, does not serve it, and asks it less often', () => {
    link.handleOpened(nowMs);
    const session = askedSession();
    expect(receive(hello(session, { protocol: 9 }))).toEqual([{ type: 'down', reason: 'unknown-version' }]);
    expect(link.isUp).toBe(false);
    expect(pass(20_000)).toEqual([]);
    expect(take('HELLO_REQ')).toHaveLength(4);
    expect(receive(hello(session, { protocol: 1 }))).toMatchObject([{ type: 'up' }]);
  });

  it('wants the reset line pulled after 3 s, ever more rarely, five times in ten minutes, and then gives an alarm', () => {
    link.handleOpened(nowMs);
    const startMs = nowMs;
    const resets: number[] = [];
    const reasons: string[] = [];
    while (nowMs < startMs + 600_000) {
      for (const output of pass(1000)) {
        if (output.type === 'reset-wanted') resets.push((nowMs - startMs) / 1000);
        else if (output.type === 'down') reasons.push(output.reason);
      }
    }
    expect(resets).toEqual([3, 9, 21, 45, 93]);
    expect(reasons).toEqual(['no-answer', 'hung']);
    expect(pass(10_000)).toContainEqual({ type: 'reset-wanted' });
  });
});

describe('losing the HAT', () => {
  it('notices 1.5 s of silence', () => {
    bringUp();
    expect(pass(LINK.HAT_SILENT_MS - 1)).toEqual([]);
    expect(pass(1)).toEqual([{ type: 'down', reason: 'silent' }]);
    expect(counters.get('hat.lost-silent')).toBe(1);
  });

  it('stays up while pings are answered, and measures the round trip', () => {
    bringUp();
    pass(4);
    for (let i = 0; i < 20; i++) {
      expect(pass(LINK.PING_MS - 4)).toEqual([]);
      const [ping] = take('PING');
      nowMs += 4;
      receive({ type: 'PONG', token: ping!.token });
    }
    expect(link.statistics.rttMs).toBe(4);
  });

  it('notices a reset by a HELLO that is of no session, and begins a new one', () => {
    const session = bringUp();
    expect(receive(hello(0, { bootId: 8 }))).toEqual([{ type: 'down', reason: 'reset' }]);
    const next = askedSession();
    expect(next).not.toBe(session);
    expect(receive(hello(next, { bootId: 8 }))).toMatchObject([{ type: 'up', hello: { bootId: 8 } }]);
  });

  it('tells of a closed port and finds the HAT again when it is open', () => {
    bringUp();
    link.handleClosed();
    expect(outputs()).toEqual([{ type: 'down', reason: 'port-closed' }]);
    expect(link.nextDeadline()).toBeUndefined();
    link.handleBytes(Uint8Array.of(1, 2, 0), nowMs);
    bringUp();
    expect(link.isUp).toBe(true);
  });
});

describe('commands', () => {
  it('are numbered and repeated after 50, 100, 200, 200 … ms until they are acked', () => {
    bringUp();
    link.send(light(1), nowMs);
    link.send(light(2), nowMs);
    pass(160);
    expect(take('LED').map(({ led, sequence }) => [led, sequence])).toEqual([
      [1, 0],
      [2, 1],
      [1, 0],
      [2, 1],
      [1, 0],
      [2, 1],
    ]);
    receive({ type: 'ACK', next: 1 });
    pass(60);
    expect(take('LED').map(({ led }) => led)).toEqual([2]);
    receive({ type: 'ACK', next: 2 });
    pass(500);
    expect(take('LED')).toEqual([]);
    expect(link.statistics).toMatchObject({ pending: 0, repeated: 5 });
  });

  it('wait while eight are under way', () => {
    bringUp();
    for (let led = 1; led <= 12; led++) link.send(light(led), nowMs);
    expect(take('LED').map(({ led }) => led)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    receive({ type: 'ACK', next: 3 });
    expect(take('LED').map(({ led }) => led)).toEqual([9, 10, 11]);
  });

  it('end the session when none is acked', () => {
    bringUp();
    link.send(light(1), nowMs);
    const downs: LinkOutput[] = [];
    for (let i = 0; i < 30; i++) {
      downs.push(...pass(100));
      if (link.isUp) receive({ type: 'PONG', token: 0 });
    }
    expect(downs).toContainEqual({ type: 'down', reason: 'no-ack' });
  });

  it('are not carried into the next session, which counts from 0', () => {
    bringUp();
    link.send(light(1), nowMs);
    take('LED');
    receive(hello(0));
    receive(hello(askedSession()));
    pass(100);
    expect(take('LED')).toEqual([]);
    link.send(light(2), nowMs);
    expect(take('LED')).toMatchObject([{ led: 2, sequence: 0 }]);
  });

  it('are not misled by an ack of what was never sent', () => {
    bringUp();
    link.send(light(1), nowMs);
    receive({ type: 'ACK', next: 77 });
    expect(link.statistics.pending).toBe(1);
  });

  it('go on through the wrap of their numbers', () => {
    bringUp();
    for (let i = 0; i < 600; i++) {
      link.send(light(1 + (i % 4)), nowMs);
      expect(take('LED')).toMatchObject([{ sequence: i & 0xff }]);
      receive({ type: 'ACK', next: (i + 1) & 0xff });
    }
    expect(link.statistics.pending).toBe(0);
  });
});

describe('events', () => {
  const key = (code: number): Message => ({ type: 'KEY', key: code, action: 0, mediaTs: 1 });

  it('are given once and in order, and every copy is acked', () => {
    bringUp();
    expect(receive(key(1), 0)).toMatchObject([{ type: 'message', message: { key: 1 } }]);
    expect(receive(key(1), 0)).toEqual([]);
    expect(receive(key(3), 2)).toEqual([]);
    expect(receive(key(2), 1)).toMatchObject([{ message: { key: 2 } }]);
    expect(take('ACK').map(({ next }) => next)).toEqual([1, 1, 1, 2]);
    expect(counters.get('hat.repeated-event')).toBe(2);
  });

  it('without a session are nobody’s', () => {
    link.handleOpened(nowMs);
    expect(receive(key(1), 0)).toEqual([]);
    expect(take('ACK')).toEqual([]);
  });

  it('of an unknown type, of a wrong length and of the wrong direction are counted and harmless', () => {
    bringUp();
    link.handleBytes(encodeFrame(0x77, 0, new Uint8Array(3)), nowMs);
    link.handleBytes(encodeFrame(0x05, 0, new Uint8Array(3)), nowMs);
    expect(receive(light(1))).toEqual([]);
    expect(counters.snapshot()).toMatchObject({
      'hat.unknown-type': 1,
      'hat.wrong-length': 1,
      'hat.wrong-direction': 1,
    });
    expect(receive(key(1), 0)).toHaveLength(1);
  });
});
