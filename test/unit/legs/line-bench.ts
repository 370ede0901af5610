import type { HatCommand } from '../../../firmware-bridge/hat-client.ts';
import type { Hook, LineCommand, LineEvent } from '../../../src/base/line-port.ts';
import type { SignalStep } from '../../../src/base/line-signal.ts';
import {
  type MediaPort,
  type Source,
  type StreamId,
  StreamIds,
  type StreamSpec,
} from '../../../src/base/media-port.ts';
import { LineLegs, type LineLegsOutput, type LineSettings } from '../../../src/legs/line-leg.ts';
import { countryProfile } from '../../../src/lines/country-profile.ts';
import type { DialFailure, IncomingCall, Leg, LegEvent } from '../../../src/switch/leg.ts';
import { numbers } from '../lines/numbers.ts';

/** What the media plane was told: which streams are open, what each hears, which digits were laid over it. */
export class LineMedia implements MediaPort {
  readonly streams = new Map<StreamId, StreamSpec>();
  readonly sources = new Map<StreamId, Source>();
  readonly signals: { readonly stream: StreamId; readonly steps: readonly SignalStep[] }[] = [];
  readonly digits: { readonly stream: StreamId; readonly digit: string; readonly durationMs: number }[] = [];

  open(stream: StreamId, spec: StreamSpec): void {
    if (this.streams.has(stream)) throw new Error(`stream ${stream} is open already`);
    if ([...this.streams.values()].some((one) => one.kind === 'line' && spec.kind === 'line' && one.port === spec.port))
      throw new Error(`line has a stream already, and ${stream} is a second one`);
    this.streams.set(stream, spec);
  }

  close(stream: StreamId): void {
    this.streams.delete(stream);
    this.sources.delete(stream);
  }

  hear(stream: StreamId, source: Source): void {
    this.sources.set(stream, source);
  }

  playDigit(stream: StreamId, digit: string, durationMs: number): void {
    this.digits.push({ stream, digit, durationMs });
  }

  setFormat(): void {}
  tellRoom(): void {}
  openVideo(): void {}
  requestPicture(): void {}
  closeVideo(): void {}

  playSignal(stream: StreamId, steps: readonly SignalStep[]): void {
    if (!this.streams.has(stream)) throw new Error(`stream ${stream} is not open`);
    this.signals.push({ stream, steps });
  }

  update(): void {}
  noteSent(): void {}
  noteReceived(): void {}
  quelch(): void {}

  lastTimestamp(): number {
    return 0;
  }

  statistics(): undefined {
    return undefined;
  }
}

const LINES: LineSettings[] = [
  { port: 1, extension: '201', name: 'Front desk', context: 'office' },
  { port: 2, extension: '202', name: 'Back room', context: 'office' },
];

/** Two lines on a virtual clock, with a test in the place of HAT, media plane and switch. */
export class LineBench {
  nowMs = 1000;
  readonly media = new LineMedia();
  readonly streams = new StreamIds();
  readonly lines: LineLegs;
  readonly profile = countryProfile('fr')!;
  private readonly outputs: LineLegsOutput[] = [];
  private readonly calls: IncomingCall[] = [];
  private readonly events = new Map<string, LegEvent[]>();

  constructor(settings: Partial<LineSettings> = {}) {
    this.lines = new LineLegs({
      lines: LINES.map((line) => ({ ...line, ...settings })),
      profile: this.profile,
      lookUp: numbers(['201', '202', '7123']),
      media: this.media,
      streams: this.streams,
      wallClock: () => 1_750_000_000_000 + this.nowMs,
    });
    this.hello();
    this.take();
  }

  hello(ports = [1, 2]): void {
    const kind = 'fxs' as const;
    const hello = { type: 'hello', bootId: 1, board: 'test', ports: ports.map((port) => ({ port, kind })) } as const;
    this.lines.handleHat(hello, this.nowMs);
  }

  /** Everything put out since the last call. */
  take(): LineLegsOutput[] {
    this.drain();
    return this.outputs.splice(0);
  }

  commands(port: number): LineCommand[] {
    const hat = this.take().flatMap((output): HatCommand[] => (output.type === 'hat' ? [output.command] : []));
    return hat.flatMap((command) => (command.type === 'line' && command.port === port ? [command.command] : []));
  }

  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (;;) {
      const next = this.lines.nextDeadline();
      if (next === undefined || next > end) break;
      this.nowMs = Math.max(this.nowMs, next);
      this.lines.handleTimeout(this.nowMs);
    }
    this.nowMs = end;
    this.drain();
  }

  line(port: number, event: LineEvent): void {
    this.lines.handleHat({ type: 'line', port, event, mediaTs: 0 }, this.nowMs);
    this.drain();
  }

  hook(port: number, hook: Hook): void {
    this.line(port, { type: 'hook', hook });
  }

  /** A DTMF digit of the handset, as the media plane reports it. */
  digit(port: number, digit: string): void {
    const stream = this.streamOf(port);
    if (stream === undefined) return;
    this.lines.handleMedia({ type: 'digit-begin', stream, digit }, this.nowMs);
    this.lines.handleMedia({ type: 'digit-end', stream, digit, durationMs: 80 }, this.nowMs);
    this.drain();
  }

  dial(resource: string): Leg | DialFailure {
    const caller = { number: '7123', name: 'Head office' };
    const leg = this.lines.dial({ technology: 'line', resource, caller, stream: this.streams.next() }, this.nowMs);
    this.drain();
    return leg;
  }

  /** Lifts the handset of a line that is on the hook and dials. */
  callFrom(port: number, number: string): Leg {
    this.hook(port, 'off');
    for (const digit of number) this.digit(port, digit);
    const call = this.calls.pop();
    if (call === undefined) throw new Error(`line ${port} did not call ${number}`);
    return call.leg;
  }

  get lastCall(): IncomingCall | undefined {
    return this.calls.at(-1);
  }

  eventsOf(leg: Leg): readonly LegEvent[] {
    this.drain();
    return this.events.get(leg.id) ?? [];
  }

  streamOf(port: number): StreamId | undefined {
    for (const [stream, spec] of this.media.streams) if (spec.kind === 'line' && spec.port === port) return stream;
    return undefined;
  }

  /** What the handset of a line hears: the name of a tone of the country, `nothing`, `stream 3`. */
  heard(port: number): string {
    const stream = this.streamOf(port);
    const source = stream === undefined ? undefined : this.media.sources.get(stream);
    if (source === undefined || source.kind === 'nothing') return 'nothing';
    if (source.kind === 'stream') return `stream ${source.stream}`;
    if (source.kind === 'room') return `room ${source.room}`;
    return Object.entries({ ...this.profile.tones }).find(([, tone]) => tone === source.pattern)?.[0] ?? 'another tone';
  }

  private drain(): void {
    for (let output = this.lines.poll(); output !== undefined; output = this.lines.poll()) {
      this.outputs.push(output);
      if (output.type === 'incoming') this.calls.push(output.call);
      if (output.type === 'leg')
        this.events.set(output.leg.id, [...(this.events.get(output.leg.id) ?? []), output.event]);
    }
  }
}
