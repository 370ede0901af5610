import { BRANCHLINE_HAT, type HatModel } from '../board/hat.ts';
import { utf8Decode, utf8Encode } from '../src/base/bytes.ts';
import type { Counters } from '../src/base/counters.ts';
import type {
  CallerId,
  LineCommand,
  LineEvent,
  LineFault,
  TownLineCommand,
  TownLineEvent,
} from '../src/base/line-port.ts';
import type { Log } from '../src/base/log.ts';
import type { Machine } from '../src/base/machine.ts';
import type { Law } from '../src/base/media-port.ts';
import { Queue } from '../src/base/queue.ts';
import type { Random } from '../src/base/random.ts';
import type { ExchangeAudio, HatClient, HatCommand, HatEvent, HatPort, KeyAction } from './hat-client.ts';
import { Link, type LinkStatistics } from './link.ts';
import {
  COLOUR_CODES,
  encodeLineOp,
  KEY_ACTION_CODES,
  LAW_CODES,
  LINE_EVENT_CODES,
  LINE_FAULT_CODES,
  LINK,
  type Message,
  type MessageOf,
  PORT_KIND_CODES,
} from './messages.ts';

export interface SerialHatOptions {
  readonly exchange: ExchangeAudio;
  /** Puts bytes on the wire, which belong to the receiver. */
  readonly transmit: (bytes: Uint8Array) => void;
  /** Pulls the HAT's reset line; without it a HAT that hangs stays down. */
  readonly reset?: () => void;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
}

/** Who answers at the other end. */
export interface HatIdentity {
  readonly bootId: number;
  readonly board: string;
  /** `1.0.0`. */
  readonly firmware: string;
}

/** What the HAT counted since its start. */
export type HatStatistics = Omit<MessageOf<'STATS'>, 'type'>;

/** From this on a town line rests. */
const REST_VOLTS = 20;
const LINE_FAULTS: readonly LineFault[] = ['short', 'ground', 'over-temperature'];
const SILENCE = { ulaw: 0xff, alaw: 0xd5 } as const;

/**
 * A HAT behind a serial link. The port's owner gives it bytes, openings and closings; every block that comes up is
 * answered with one block down, so that the HAT's sample clock is the clock of both ends.
 */
export class SerialHat implements HatClient, Machine<HatEvent> {
  private readonly link: Link;
  private readonly model: HatModel = BRANCHLINE_HAT;
  private readonly events = new Queue<HatEvent>();
  private readonly up: Uint8Array;
  private readonly down: Uint8Array;
  private law: Law = 'ulaw';
  private expectedTs: number | undefined;
  private hatStatistics: HatStatistics | undefined;
  private hatIdentity: HatIdentity | undefined;
  private resetCount = 0;
  private why: string | null = 'no-answer';

  constructor(private readonly options: SerialHatOptions) {
    this.link = new Link(options);
    this.up = new Uint8Array(this.model.blockSamples);
    this.down = new Uint8Array(this.model.blockSamples);
  }

  get isUp(): boolean {
    return this.link.isUp;
  }

  /** Why it is not up, in a word for status and log; null when it is. */
  get reason(): string | null {
    return this.why;
  }

  /** As of the last hello. */
  get identity(): HatIdentity | undefined {
    return this.hatIdentity;
  }

  /** How often the HAT was found to have started afresh. */
  get resets(): number {
    return this.resetCount;
  }

  get linkStatistics(): LinkStatistics {
    return this.link.statistics;
  }

  /** As of the last answer to `askStatistics`. */
  get statistics(): HatStatistics | undefined {
    return this.hatStatistics;
  }

  askStatistics(nowMs: number): void {
    this.link.send({ type: 'STATS_REQ' }, nowMs);
  }

  /** Starts the firmware afresh; its lines come back with the next hello. */
  reboot(nowMs: number): void {
    this.link.send({ type: 'REBOOT', magic: LINK.REBOOT_MAGIC }, nowMs);
  }

  handleOpened(nowMs: number): void {
    this.link.handleOpened(nowMs);
    this.drain(nowMs);
  }

  handleClosed(nowMs: number): void {
    this.link.handleClosed();
    this.drain(nowMs);
  }

  handleBytes(chunk: Uint8Array, nowMs: number): void {
    this.link.handleBytes(chunk, nowMs);
    this.drain(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.link.handleTimeout(nowMs);
    this.drain(nowMs);
  }

  nextDeadline(): number | undefined {
    return this.link.nextDeadline();
  }

  poll(): HatEvent | undefined {
    return this.events.shift();
  }

  command(command: HatCommand, nowMs: number): void {
    switch (command.type) {
      case 'line':
        this.link.send(encodeLineCommand(command.port, command.command), nowMs);
        break;
      case 'town-line':
        this.link.send(encodeTownLineCommand(command.port, command.command), nowMs);
        break;
      case 'audio':
        this.law = command.law;
        this.expectedTs = undefined;
        this.link.send({ type: 'PCM_CTL', mask: maskOf(command.ports), law: LAW_CODES[command.law] }, nowMs);
        break;
      case 'led': {
        const { colour, onMs, offMs } = command.light;
        const light = { colour: COLOUR_CODES[colour], onMs: u16(onMs), offMs: u16(offMs) };
        this.link.send({ type: 'LED', led: command.led, ...light }, nowMs);
        break;
      }
    }
  }

  private drain(nowMs: number): void {
    for (let output = this.link.poll(); output !== undefined; output = this.link.poll()) {
      if (output.type === 'up') this.handleUp(output.hello);
      else if (output.type === 'down') this.handleDown(output.reason);
      else if (output.type === 'reset-wanted') this.options.reset?.();
      else this.handleMessage(output.message, nowMs);
    }
  }

  private handleDown(reason: string): void {
    this.why = reason;
    this.events.push({ type: 'lost', reason });
  }

  private handleUp(hello: MessageOf<'HELLO'>): void {
    this.expectedTs = undefined;
    this.why = null;
    const ports: HatPort[] = [];
    for (const [index, kind] of hello.kindsAndBoard.subarray(0, hello.lines).entries()) {
      if (kind === PORT_KIND_CODES.FXS) ports.push({ port: index + 1, kind: 'fxs' });
      else if (kind === PORT_KIND_CODES.FXO) ports.push({ port: index + 1, kind: 'fxo' });
    }
    const board = utf8Decode(hello.kindsAndBoard.subarray(hello.lines));
    if (this.hatIdentity !== undefined && this.hatIdentity.bootId !== hello.bootId) this.resetCount++;
    const firmware = `${hello.firmwareMajor}.${hello.firmwareMinor}.${hello.firmwarePatch}`;
    this.hatIdentity = { bootId: hello.bootId, board, firmware };
    this.events.push({ type: 'hello', bootId: hello.bootId, board, ports });
  }

  private handleMessage(message: Message, nowMs: number): void {
    switch (message.type) {
      case 'LINE_EVT': {
        const { line: port, mediaTs } = message;
        const event = lineEventOf(message);
        const townEvent = townLineEventOf(message);
        if (event !== undefined) this.events.push({ type: 'line', port, event, mediaTs });
        else if (townEvent !== undefined) this.events.push({ type: 'town-line', port, event: townEvent, mediaTs });
        else this.drop('unknown-line-event');
        break;
      }
      case 'KEY': {
        const key = this.model.keys[message.key];
        const action = keyActionOf(message.action);
        if (key === undefined || action === undefined) this.drop('unknown-key');
        else this.events.push({ type: 'key', key, action, mediaTs: message.mediaTs });
        break;
      }
      case 'PCM_UP':
        this.exchange(message, nowMs);
        break;
      case 'STATS': {
        const { type: _, ...statistics } = message;
        this.hatStatistics = statistics;
        break;
      }
      case 'LOG':
        this.options.log('info', 'hat', utf8Decode(message.text));
        break;
    }
  }

  /** Answers one block of every line at once. */
  private exchange({ mediaTs, mask, blocks }: MessageOf<'PCM_UP'>, nowMs: number): void {
    const { blockSamples, ports } = this.model;
    const lines = Array.from({ length: ports }, (_, i) => i + 1).filter((port) => (mask & bitOf(port)) !== 0);
    if (blocks.length !== lines.length * blockSamples || lines.length === 0) {
      this.drop('wrong-block');
      return;
    }
    if (this.expectedTs !== undefined && mediaTs !== this.expectedTs) this.drop('block-lost');
    this.expectedTs = (mediaTs + blockSamples) >>> 0;
    const answer = new Uint8Array(blocks.length);
    for (const [index, port] of lines.entries()) {
      const at = index * blockSamples;
      this.up.set(blocks.subarray(at, at + blockSamples));
      this.down.fill(SILENCE[this.law]);
      this.options.exchange(port, this.up, this.down, mediaTs, nowMs);
      answer.set(this.down, at);
    }
    this.link.send({ type: 'PCM_DN', mediaTs, mask, blocks: answer }, nowMs);
  }

  private drop(reason: string): void {
    this.options.counters.increment(`hat.${reason}`);
  }
}

function encodeLineCommand(port: number, command: LineCommand): MessageOf<'LINE_CMD'> {
  switch (command.type) {
    case 'configure': {
      const entries = Object.entries(command.timing).map(([name, ms]) => [name, u16(ms)]);
      return encodeLineOp(port, 'CONFIGURE', Object.fromEntries(entries) as typeof command.timing);
    }
    case 'ring':
      return encodeRing(port, command.cadence, command.callerId);
    case 'ring-stop':
      return encodeLineOp(port, 'RING_STOP', {});
    case 'cpc':
      return encodeLineOp(port, 'CPC', { ms: u16(command.ms) });
    case 'polarity':
      return encodeLineOp(port, 'POLARITY', { reversed: command.reversed ? 1 : 0 });
    case 'lamp':
      return encodeLineOp(port, 'LAMP', { onMs: u16(command.onMs), offMs: u16(command.offMs) });
  }
}

function encodeTownLineCommand(port: number, command: TownLineCommand): MessageOf<'LINE_CMD'> {
  return command.type === 'loop'
    ? encodeLineOp(port, 'LOOP', { closed: command.closed ? 1 : 0 })
    : encodeLineOp(port, 'RECALL', { ms: u16(command.ms) });
}

function encodeRing(port: number, cadence: readonly number[], callerId?: CallerId): MessageOf<'LINE_CMD'> {
  const steps = cadence.slice(0, LINK.MAX_CADENCE).map(u16);
  const number = callerText(callerId?.number);
  const name = callerText(callerId?.name);
  const bytes = [...steps.flatMap((ms) => [ms & 0xff, ms >> 8]), ...number, ...name];
  return encodeLineOp(port, 'RING', {
    steps: steps.length,
    numberLength: number.length,
    nameLength: name.length,
    cadenceNumberName: Uint8Array.from(bytes),
  });
}

/** As much of a text as fits, whole characters only. */
function callerText(text = ''): Uint8Array {
  let bytes = utf8Encode(text);
  for (let end = text.length; bytes.length > LINK.MAX_CALLER_TEXT; end--) bytes = utf8Encode(text.slice(0, end));
  return bytes;
}

function lineEventOf({ event, value }: MessageOf<'LINE_EVT'>): LineEvent | undefined {
  if (event === LINE_EVENT_CODES.HOOK) return { type: 'hook', hook: value === 0 ? 'on' : 'off' };
  if (event === LINE_EVENT_CODES.FLASH) return { type: 'flash', ms: value };
  if (event === LINE_EVENT_CODES.PULSES) return { type: 'pulses', breaks: value };
  if (event !== LINE_EVENT_CODES.FAULT) return undefined;
  if (value === LINE_FAULT_CODES.none) return { type: 'fault', fault: undefined };
  const fault = LINE_FAULTS.find((name) => LINE_FAULT_CODES[name] === value);
  return fault === undefined ? undefined : { type: 'fault', fault };
}

function townLineEventOf({ event, value }: MessageOf<'LINE_EVT'>): TownLineEvent | undefined {
  if (event === LINE_EVENT_CODES.RINGING) return { type: 'ringing', on: value !== 0 };
  if (event === LINE_EVENT_CODES.POLARITY) return { type: 'polarity', reversed: value !== 0 };
  if (event === LINE_EVENT_CODES.LOOP_BREAK) return { type: 'loop-break', ms: value };
  if (event !== LINE_EVENT_CODES.VOLTAGE) return undefined;
  return { type: 'voltage', volts: value === 0 ? 0 : value < REST_VOLTS ? 9 : 48 };
}

function keyActionOf(code: number): KeyAction | undefined {
  return (Object.keys(KEY_ACTION_CODES) as KeyAction[]).find((action) => KEY_ACTION_CODES[action] === code);
}

function maskOf(ports: readonly number[]): number {
  return ports.reduce((mask, port) => mask | bitOf(port), 0);
}

function bitOf(port: number): number {
  return 1 << (port - 1);
}

function u16(value: number): number {
  return Math.max(0, Math.min(0xffff, Math.round(value)));
}
