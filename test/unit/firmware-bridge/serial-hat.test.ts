import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFrame, FrameDecoder } from '../../../firmware-bridge/frame.ts';
import type { ExchangeAudio, HatCommand, HatEvent } from '../../../firmware-bridge/hat-client.ts';
import {
  decodeLineOp,
  decodeMessage,
  encodeMessage,
  LINK,
  type Message,
  type MessageName,
  type MessageOf,
} from '../../../firmware-bridge/messages.ts';
import { SerialHat } from '../../../firmware-bridge/serial-hat.ts';
import { utf8Decode } from '../../../src/base/bytes.ts';
import { Counters } from '../../../src/base/counters.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';

let hat: SerialHat;
let sent: Message[];
let counters: Counters;
let logged: string[];
let resets: number;
let exchange: ExchangeAudio;
let sequence: number;

beforeEach(() => {
  [sent, logged, resets, sequence, exchange] = [[], [], 0, 0, () => {}];
  counters = new Counters();
  const wire = new FrameDecoder(new Counters());
  hat = new SerialHat({
    exchange: (...block) => exchange(...block),
    transmit: (bytes) => {
      for (const { code, payload } of wire.frames(bytes)) sent.push(decodeMessage(code, payload) as Message);
    },
    reset: () => resets++,
    random: new SeededRandom(1),
    counters,
    log: (_level, _part, message) => logged.push(message),
  });
  hat.handleOpened(0);
  const { session } = last('HELLO_REQ');
  const firmware = { firmwareMajor: 1, firmwareMinor: 0, firmwarePatch: 0, serialLow: 1, serialHigh: 0 };
  const start = { bootId: 5, uptimeMs: 1, resetCause: 0, capabilities: 0, blockSamples: 80, lines: 4 };
  const kindsAndBoard = Uint8Array.of(1, 0, 2, 9, 0x48, 0x41, 0x54);
  receive({ type: 'HELLO', protocol: LINK.PROTOCOL, session, ...start, ...firmware, kindsAndBoard });
});

function receive(message: Message): void {
  const { code, payload } = encodeMessage(message);
  const reliable = message.type === 'KEY' || message.type === 'LINE_EVT';
  hat.handleBytes(encodeFrame(code, reliable ? sequence++ : 0, payload), 0);
}

function last<Name extends MessageName>(type: Name): MessageOf<Name> {
  return sent.findLast((message) => message.type === type) as MessageOf<Name>;
}

function events(): HatEvent[] {
  const all: HatEvent[] = [];
  for (let event = hat.poll(); event !== undefined; event = hat.poll()) all.push(event);
  return all;
}

describe('SerialHat', () => {
  it('says hello with the sockets that it knows how to serve', () => {
    const ports = [
      { port: 1, kind: 'fxs' },
      { port: 3, kind: 'fxo' },
    ];
    expect(events()).toEqual([{ type: 'hello', bootId: 5, board: 'HAT', ports }]);
  });

  it.each<[HatCommand, object]>([
    [
      { type: 'audio', ports: [1, 3], law: 'alaw' },
      { type: 'PCM_CTL', mask: 5, law: 1 },
    ],
    [
      { type: 'led', led: 2, light: { colour: 'red', onMs: 100.4, offMs: 1e9 } },
      { type: 'LED', led: 2, colour: 3, onMs: 100, offMs: 65_535 },
    ],
    [
      { type: 'line', port: 1, command: { type: 'cpc', ms: 500 } },
      { type: 'LINE_CMD', line: 1, op: 4 },
    ],
    [
      { type: 'line', port: 4, command: { type: 'ring-stop' } },
      { type: 'LINE_CMD', line: 4, op: 3 },
    ],
    [
      { type: 'line', port: 1, command: { type: 'polarity', reversed: true } },
      { op: 5, args: Uint8Array.of(1) },
    ],
  ])('sends %j', (command, message) => {
    hat.command(command, 0);
    expect(sent.at(-1)).toMatchObject(message);
  });

  it('sends every time of a line by its name', () => {
    const { timing } = countryProfile('de')!;
    hat.command({ type: 'line', port: 1, command: { type: 'configure', timing } }, 0);
    expect(decodeLineOp('CONFIGURE', last('LINE_CMD').args)).toEqual(timing);
  });

  it('cuts a long caller to whole characters, and a long cadence to what fits', () => {
    const callerId = { number: '0'.repeat(50), name: 'é'.repeat(20) };
    const cadence = Array.from({ length: 30 }, (_, i) => i + 1);
    hat.command({ type: 'line', port: 1, command: { type: 'ring', cadence, callerId } }, 0);
    const ring = decodeLineOp('RING', last('LINE_CMD').args)!;
    expect(ring).toMatchObject({ steps: 16, numberLength: 32, nameLength: 32 });
    expect(utf8Decode(ring.cadenceNumberName.subarray(32))).toBe('0'.repeat(32) + 'é'.repeat(16));
  });

  it('answers each block with one of the same time and lines, idle code where nobody fills it', () => {
    hat.command({ type: 'audio', ports: [1, 3], law: 'alaw' }, 0);
    const blocks = Uint8Array.from({ length: 160 }, (_, i) => (i < 80 ? 1 : 2));
    const ups: [number, number | undefined][] = [];
    exchange = (port, up, down) => {
      ups.push([port, up[0]]);
      if (port === 3) down.fill(7);
    };
    receive({ type: 'PCM_UP', mediaTs: 800, mask: 5, blocks });
    expect(ups).toEqual([
      [1, 1],
      [3, 2],
    ]);
    const answer = Uint8Array.from({ length: 160 }, (_, i) => (i < 80 ? 0xd5 : 7));
    expect(last('PCM_DN')).toEqual({ type: 'PCM_DN', mediaTs: 800, mask: 5, blocks: answer });
  });

  it('counts blocks that were lost on the way up, also where the clock wraps', () => {
    const block = (mediaTs: number): Message => ({ type: 'PCM_UP', mediaTs, mask: 1, blocks: new Uint8Array(80) });
    for (const ts of [2 ** 32 - 160, 2 ** 32 - 80, 0, 80]) receive(block(ts));
    expect(counters.get('hat.block-lost')).toBe(0);
    receive(block(240));
    expect(counters.get('hat.block-lost')).toBe(1);
  });

  it.each<[Message, string]>([
    [{ type: 'PCM_UP', mediaTs: 0, mask: 3, blocks: new Uint8Array(80) }, 'hat.wrong-block'],
    [{ type: 'PCM_UP', mediaTs: 0, mask: 0, blocks: new Uint8Array(0) }, 'hat.wrong-block'],
    [{ type: 'KEY', key: 16, action: 0, mediaTs: 0 }, 'hat.unknown-key'],
    [{ type: 'KEY', key: 1, action: 3, mediaTs: 0 }, 'hat.unknown-key'],
    [{ type: 'LINE_EVT', line: 1, event: 9, mediaTs: 0, value: 0 }, 'hat.unknown-line-event'],
  ])('counts %j and does nothing', (message, reason) => {
    events();
    receive(message);
    expect(events()).toEqual([]);
    expect(counters.get(reason)).toBe(1);
    expect(last('PCM_DN')).toBeUndefined();
  });

  it('tells keys by their legends', () => {
    events();
    receive({ type: 'KEY', key: 12, action: 2, mediaTs: 9 });
    expect(events()).toEqual([{ type: 'key', key: '*', action: 'long', mediaTs: 9 }]);
  });

  it('logs what the firmware logs, keeps its statistics, and pulls the reset line of one that is silent', () => {
    receive({ type: 'LOG', text: Uint8Array.of(0x68, 0x69) });
    expect(logged).toEqual(['hi']);
    hat.askStatistics(0);
    expect(last('STATS_REQ')).toEqual({ type: 'STATS_REQ' });
    for (let nowMs = 0; nowMs < 6000; nowMs += 100) hat.handleTimeout(nowMs);
    expect(events().map((event) => (event.type === 'lost' ? event.reason : event.type))).toEqual([
      'hello',
      'silent',
      'no-answer',
    ]);
    expect(resets).toBe(1);
  });
});
