import type { HatCommand, HatEvent } from '../../firmware-bridge/hat-client.ts';
import type { Cause } from '../base/causes.ts';
import type { LookUpNumber } from '../base/digit-collection.ts';
import type { Hook, LineEvent, LineFault, RingCadence } from '../base/line-port.ts';
import type { SignalStep } from '../base/line-signal.ts';
import { earliest, type Machine } from '../base/machine.ts';
import {
  type Law,
  type MediaEvent,
  type MediaPort,
  NOTHING,
  type StreamId,
  type StreamIds,
} from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import { type CountryProfile, DISTINCTIVE_RINGS } from '../lines/country-profile.ts';
import { Fxs } from '../lines/fxs.ts';
import type { FxsOptions } from '../lines/fxs-options.ts';
import type { FxsOutput, LineState } from '../lines/fxs-output.ts';
import type {
  DialClassOf,
  DialFailure,
  DialRequest,
  IncomingCall,
  Indication,
  Leg,
  LegDialler,
  LegEvent,
  Party,
} from '../switch/leg.ts';
import { type TownLineSettings, TownLines } from './line-fxo.ts';

/** One FXS line as configured. */
export interface LineSettings
  extends Pick<FxsOptions, 'automatic' | 'callerId' | 'lamp' | 'reverseOnAnswer' | 'times'> {
  readonly port: number;
  /** Its own number: what a called party sees. */
  readonly extension: string;
  readonly name: string;
  readonly context: string;
  /** The peer at which its messages wait, for whoever says whether there are some. */
  readonly mailbox?: string;
  /** A fax machine. */
  readonly fax?: boolean;
}

/** What of a line may change while calls stand; a town line has no extension. */
export type LineName = Pick<LineSettings, 'port' | 'name' | 'context'> & Partial<Pick<LineSettings, 'extension'>>;

export interface LineLegsOptions {
  readonly lines: readonly LineSettings[];
  readonly townLines?: readonly TownLineSettings[];
  readonly profile: CountryProfile;
  readonly lookUp: LookUpNumber;
  readonly media: MediaPort;
  readonly streams: StreamIds;
  /** Ms since 1970. */
  readonly wallClock: () => number;
  readonly localTime?: FxsOptions['localTime'];
  readonly dialClassOf?: DialClassOf;
  /** How the HAT codes sound; the law of the country unless told otherwise. */
  readonly law?: Law;
}

/** A line as status, HTTP and MQTT show it. */
export interface LineStatus {
  readonly kind: 'fxs' | 'fxo';
  readonly hook: Hook;
  readonly state: LineState;
  readonly extension: string;
  readonly name: string;
  /** What is wrong with its wires; absent while nothing is known to be. */
  readonly fault?: LineFault;
  /** When it came into this state, ms since 1970. */
  readonly since: number;
}

export type LineLegsOutput =
  | { readonly type: 'leg'; readonly leg: Leg; readonly event: LegEvent }
  | { readonly type: 'incoming'; readonly call: IncomingCall }
  | { readonly type: 'hat'; readonly command: HatCommand }
  | { readonly type: 'line'; readonly port: number; readonly status: LineStatus }
  /** A handset was left off the hook until its line was parked. */
  | { readonly type: 'abandoned'; readonly port: number }
  /** Something is wrong with a line, or, without a fault, is not any longer. */
  | { readonly type: 'fault'; readonly port: number; readonly fault: LineFault | undefined };

/**
 * The copper lines of a HAT as legs of calls: `LINE/1` is dialled here, and what the phones dial comes from here; so are
 * town lines, `LINE/4/number`, and what comes in on them.
 */
export class LineLegs implements Machine<LineLegsOutput>, LegDialler {
  private readonly lines: ReadonlyMap<number, Line>;
  private readonly town: TownLines;
  private readonly outputs = new Queue<LineLegsOutput>();
  private readonly law: Law;

  constructor(options: LineLegsOptions) {
    this.law = options.law ?? options.profile.law;
    const { dialClassOf = () => undefined } = options;
    const shared = { ...options, dialClassOf, law: this.law, outputs: this.outputs };
    this.lines = new Map(options.lines.map((settings) => [settings.port, new Line(settings, shared)]));
    this.town = new TownLines(options.townLines ?? [], shared);
  }

  poll(): LineLegsOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    let next = this.town.nextDeadline();
    for (const line of this.lines.values()) next = earliest(next, line.nextDeadline());
    return next;
  }

  handleTimeout(nowMs: number): void {
    for (const line of this.lines.values()) line.handleTimeout(nowMs);
    this.town.handleTimeout(nowMs);
  }

  handleHat(event: HatEvent, nowMs: number): void {
    if (event.type === 'hello') {
      const isThere = (port: number, kind: LineStatus['kind']) =>
        event.ports.some((one) => one.port === port && one.kind === kind);
      const served = [...this.lines.keys()].filter((port) => isThere(port, 'fxs'));
      const town = this.town.ports.filter((port) => isThere(port, 'fxo'));
      this.outputs.push({ type: 'hat', command: { type: 'audio', ports: [...served, ...town], law: this.law } });
      for (const [port, line] of this.lines) line.setInService(served.includes(port), nowMs);
      this.town.setInService(town, nowMs);
    } else if (event.type === 'lost') {
      for (const line of this.lines.values()) line.setInService(false, nowMs);
      this.town.setInService([], nowMs);
    } else if (event.type === 'town-line') this.town.handleHat(event, nowMs);
    else if (event.type === 'line') this.lines.get(event.port)?.handleLine(event.event, nowMs);
  }

  /** What the media plane heard on a line; events of other streams do nothing. */
  handleMedia(event: MediaEvent, nowMs: number): void {
    this.town.handleMedia(event, nowMs);
    if (event.type !== 'digit-begin' && event.type !== 'digit-end') return;
    for (const line of this.lines.values()) {
      if (line.stream === event.stream) line.handleDigit(event, nowMs);
    }
  }

  dial(request: DialRequest, nowMs: number): Leg | DialFailure {
    const [, port = '', ring = ''] = /^([0-9]{1,3})(?:r([1-4]))?$/.exec(request.resource) ?? [];
    const line = port === '' ? undefined : this.lines.get(Number(port));
    return (
      line?.dial(request, DISTINCTIVE_RINGS[ring], nowMs) ??
      this.town.dial(request, nowMs) ?? { failed: 'no-route', reason: `There is no line ${request.resource}.` }
    );
  }

  /** Other numbers, names and contexts of lines that are here; nothing else of a line changes while it is. */
  rename(lines: readonly LineName[], townLines: readonly LineName[]): void {
    for (const name of lines) this.lines.get(name.port)?.rename(name);
    this.town.rename(townLines);
  }

  setStutter(port: number, stutters: boolean): void {
    this.lines.get(port)?.fxs.setStutter(stutters);
  }

  /** New messages wait for the telephone of a line, or none do. */
  setMessages(port: number, waiting: boolean, nowMs: number): void {
    this.lines.get(port)?.setMessages(waiting, nowMs);
  }

  /** Every line by its port. */
  statuses(): ReadonlyMap<number, LineStatus> {
    return new Map([...[...this.lines].map(([port, line]) => [port, line.status] as const), ...this.town.statuses()]);
  }
}

/** What every line needs of its surroundings. */
export interface SharedByLines {
  readonly profile: CountryProfile;
  readonly lookUp: LookUpNumber;
  readonly media: MediaPort;
  readonly streams: StreamIds;
  readonly wallClock: () => number;
  readonly localTime?: FxsOptions['localTime'];
  readonly dialClassOf: DialClassOf;
  readonly law: Law;
  readonly outputs: Queue<LineLegsOutput>;
}

/** One line: its machine, the leg of the call that stands, and the stream that its handset is joined to. */
class Line {
  readonly fxs: Fxs;
  /** Undefined while there is nothing to hear: every leg has a stream of its own, and so have the tones around it. */
  stream: StreamId | undefined;
  status: LineStatus;
  private leg: LineLeg | undefined;
  private legs = 0;
  private isThere = false;
  private fault: LineFault | undefined;

  constructor(
    private settings: LineSettings,
    private readonly shared: SharedByLines,
  ) {
    const { profile, localTime } = shared;
    // The context may become another one while the machine runs.
    const lookUp = (_: string, digits: string) => shared.lookUp(this.settings.context, digits);
    this.fxs = new Fxs({ ...settings, profile, lookUp, ...(localTime === undefined ? {} : { localTime }) });
    this.status = this.observe();
  }

  rename({ extension = '', name, context }: LineName): void {
    const isSeen = extension !== this.settings.extension || name !== this.settings.name;
    this.settings = { ...this.settings, extension, name, context };
    if (isSeen) this.tellStatus();
  }

  nextDeadline(): number | undefined {
    return this.fxs.nextDeadline();
  }

  handleTimeout(nowMs: number): void {
    this.fxs.handleTimeout(nowMs);
    this.drain(nowMs);
  }

  handleLine(event: LineEvent, nowMs: number): void {
    if (event.type === 'hook') this.fxs.handleHook(event.hook, nowMs);
    else if (event.type === 'flash') this.fxs.handleFlash(nowMs);
    else if (event.type === 'pulses') this.fxs.handlePulseDigit(event.breaks, nowMs);
    else this.handleFault(event.fault, nowMs);
    this.drain(nowMs);
  }

  setMessages(waiting: boolean, nowMs: number): void {
    this.fxs.setMessages(waiting, nowMs);
    this.drain(nowMs);
  }

  handleDigit(event: MediaEvent & { type: 'digit-begin' | 'digit-end' }, nowMs: number): void {
    if (event.type === 'digit-begin') this.fxs.handleDigitBegin(event.digit, nowMs);
    else this.fxs.handleDigitEnd(event.digit, event.durationMs);
    this.drain(nowMs);
  }

  /** A HAT that says hello tells its faults anew. */
  setInService(inService: boolean, nowMs: number): void {
    this.isThere = inService;
    this.fault = undefined;
    this.fxs.setInService(inService, nowMs);
    this.drain(nowMs);
  }

  dial(request: DialRequest, cadence: RingCadence | undefined, nowMs: number): Leg | DialFailure {
    const { port } = this.settings;
    if (this.fxs.state === 'out-of-service') {
      return { failed: 'destination-out-of-order', reason: `Line ${port} is out of service.` };
    }
    if (request.codec !== undefined)
      return { failed: 'bearer-unavailable', reason: `Line ${port} cannot make sound of ${request.codec}.` };
    if (!this.fxs.ring(request.caller, nowMs, cadence))
      return { failed: 'user-busy', reason: `Line ${port} is in use.` };
    // Data for the display of an idle telephone may be under way.
    this.closeStream(nowMs);
    this.open(request.stream, nowMs);
    this.leg = this.newLeg(request.stream);
    const { leg } = this;
    this.drain(nowMs);
    return leg;
  }

  get dialClass(): Leg['dialClass'] {
    return this.shared.dialClassOf(`LINE/${this.settings.port}`);
  }

  /** A command of the leg; one that the line is done with does nothing. */
  command(leg: LineLeg, nowMs: number, act: (fxs: Fxs) => void): void {
    if (leg !== this.leg) return;
    act(this.fxs);
    this.drain(nowMs);
  }

  hangUp(leg: LineLeg, cause: Cause, nowMs: number): void {
    if (leg !== this.leg) return;
    this.endLeg(cause, 'The switch ended the call.', nowMs);
    this.fxs.release(cause, nowMs);
    this.drain(nowMs);
  }

  playDigit(leg: LineLeg, digit: string, durationMs: number, nowMs: number): void {
    if (leg !== this.leg || this.fxs.state === 'ringing') return;
    this.shared.media.playDigit(leg.stream, digit, durationMs, nowMs);
  }

  /** A line with a wire at earth hums, but may have to carry an emergency call; the others cannot carry any. */
  private handleFault(fault: LineFault | undefined, nowMs: number): void {
    if (fault === this.fault) return;
    this.fault = fault;
    this.shared.outputs.push({ type: 'fault', port: this.settings.port, fault });
    this.fxs.setInService(this.isThere && (fault === undefined || fault === 'ground'), nowMs);
  }

  private drain(nowMs: number): void {
    for (let output = this.fxs.poll(); output !== undefined; output = this.fxs.poll()) this.follow(output, nowMs);
    const { state, hook } = this.fxs;
    if (this.status.state === state && this.status.hook === hook && this.status.fault === this.fault) return;
    this.tellStatus();
  }

  private tellStatus(): void {
    this.status = this.observe();
    this.shared.outputs.push({ type: 'line', port: this.settings.port, status: this.status });
  }

  private follow(output: FxsOutput, nowMs: number): void {
    const { port } = this.settings;
    switch (output.type) {
      case 'line':
        this.shared.outputs.push({ type: 'hat', command: { type: 'line', port, command: output.command } });
        break;
      case 'state':
        if (output.state === 'idle' || output.state === 'out-of-service') this.closeStream(nowMs);
        break;
      case 'hear':
        this.hear(output, nowMs);
        break;
      case 'signal':
        this.signal(output.steps, nowMs);
        break;
      case 'call':
        this.callIn(output.number, nowMs);
        break;
      case 'hangup':
        this.endLeg(output.cause, output.reason, nowMs);
        break;
      case 'abandoned':
        this.shared.outputs.push({ type: 'abandoned', port });
        break;
      default:
        this.tell(output);
    }
  }

  private hear({ tone, dbm0 }: FxsOutput & { type: 'hear' }, nowMs: number): void {
    if (tone === undefined) {
      if (this.stream !== undefined) this.shared.media.hear(this.stream, NOTHING, nowMs);
      return;
    }
    const source = { kind: 'tone', pattern: tone, ...(dbm0 === undefined ? {} : { dbm0 }) } as const;
    this.shared.media.hear(this.openStream(nowMs), source, nowMs);
  }

  private signal(steps: readonly SignalStep[], nowMs: number): void {
    if (steps.length > 0) this.shared.media.playSignal(this.openStream(nowMs), steps, nowMs);
    else if (this.fxs.state === 'idle') this.closeStream(nowMs);
    else if (this.stream !== undefined) this.shared.media.playSignal(this.stream, steps, nowMs);
  }

  private callIn(number: string, nowMs: number): void {
    const { context, extension, name } = this.settings;
    this.leg = this.newLeg(this.openStream(nowMs));
    const call = { leg: this.leg, context, number, caller: { number: extension, name } };
    this.shared.outputs.push({ type: 'incoming', call });
  }

  private newLeg(stream: StreamId): LineLeg {
    return new LineLeg(`line-${this.settings.port}-${++this.legs}`, `LINE/${this.settings.port}`, stream, this);
  }

  private endLeg(cause: Cause, reason: string, nowMs: number): void {
    this.closeStream(nowMs);
    this.tell({ type: 'hangup', cause, reason });
    this.leg = undefined;
  }

  private tell(event: LegEvent): void {
    if (this.leg !== undefined) this.shared.outputs.push({ type: 'leg', leg: this.leg, event });
  }

  /** The stream that is open, or a new one. */
  private openStream(nowMs: number): StreamId {
    if (this.stream !== undefined) return this.stream;
    const stream = this.shared.streams.next();
    this.open(stream, nowMs);
    return stream;
  }

  private open(stream: StreamId, nowMs: number): void {
    this.stream = stream;
    const { port, fax = false } = this.settings;
    this.shared.media.open(stream, { kind: 'line', port, law: this.shared.law, ...(fax ? { fax } : {}) }, nowMs);
  }

  private closeStream(nowMs: number): void {
    if (this.stream === undefined) return;
    this.shared.media.close(this.stream, nowMs);
    this.stream = undefined;
  }

  private observe(): LineStatus {
    const { extension, name } = this.settings;
    const { hook, state } = this.fxs;
    const fault = this.fault === undefined ? {} : { fault: this.fault };
    return { kind: 'fxs', hook, state, extension, name, ...fault, since: this.shared.wallClock() };
  }
}

class LineLeg implements Leg {
  readonly technology = 'line';

  constructor(
    readonly id: string,
    readonly channel: string,
    readonly stream: StreamId,
    private readonly line: Line,
  ) {}

  get telephone(): string {
    return this.channel;
  }

  get dialClass(): Leg['dialClass'] {
    return this.line.dialClass;
  }

  indicate(progress: Indication, nowMs: number): void {
    this.line.command(this, nowMs, (fxs) => fxs.indicate(progress, nowMs));
  }

  /** Takes away a tone of ours; what the handset hears instead is patched after this. */
  answer(nowMs: number): void {
    this.line.command(this, nowMs, (fxs) => fxs.answer());
  }

  hangup(cause: Cause, nowMs: number): void {
    this.line.hangUp(this, cause, nowMs);
  }

  hold(nowMs: number): void {
    this.line.command(this, nowMs, (fxs) => fxs.hold());
  }

  unhold(nowMs: number): void {
    this.line.command(this, nowMs, (fxs) => fxs.unhold());
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    this.line.playDigit(this, digit, durationMs, nowMs);
  }

  /** A phone cannot be told of another's flash. */
  flash(_nowMs: number): void {}

  passOn(): boolean {
    return false;
  }

  meet(): void {}

  announceWaiting(caller: Party | undefined, nowMs: number): void {
    this.line.command(this, nowMs, (fxs) => fxs.announceWaiting(caller, nowMs));
  }

  /** Copper says nothing of its kind. */
  reportTransfer(): void {}

  /** A phone has no display for text in a call. */
  sendText(_text: string, _nowMs: number): void {}
}
