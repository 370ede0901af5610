import type { HatEvent } from '../../firmware-bridge/hat-client.ts';
import type { Cause } from '../base/causes.ts';
import type { TownLineEvent } from '../base/line-port.ts';
import { earliest } from '../base/machine.ts';
import type { MediaEvent, StreamId } from '../base/media-port.ts';
import { type CallerName, Fxo, type FxoOutput, type FxoTimes } from '../lines/fxo.ts';
import { decodeDtmfCallerId } from '../media/caller-id-message.ts';
import type { DialFailure, DialRequest, Indication, Leg, LegEvent } from '../switch/leg.ts';
import type { LineName, LineStatus, SharedByLines } from './line-leg.ts';

/** One town line as configured. */
export interface TownLineSettings {
  readonly port: number;
  readonly name: string;
  /** Where its calls enter the dialplan, at `s`: an exchange does not say whom it calls. */
  readonly context: string;
  readonly times?: Partial<FxoTimes>;
}

/** The town lines of a HAT: `LINE/4/number` goes out, what rings comes in. */
export class TownLines {
  private readonly lines: ReadonlyMap<number, TownLine>;

  constructor(settings: readonly TownLineSettings[], shared: SharedByLines) {
    this.lines = new Map(settings.map((one) => [one.port, new TownLine(one, shared)]));
  }

  rename(lines: readonly LineName[]): void {
    for (const name of lines) this.lines.get(name.port)?.rename(name);
  }

  get ports(): readonly number[] {
    return [...this.lines.keys()];
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const line of this.lines.values()) next = earliest(next, line.nextDeadline());
    return next;
  }

  handleTimeout(nowMs: number): void {
    for (const line of this.lines.values()) line.handleTimeout(nowMs);
  }

  handleHat(event: HatEvent, nowMs: number): void {
    if (event.type === 'town-line') this.lines.get(event.port)?.handleLine(event.event, nowMs);
  }

  /** `served`: the ports that the HAT has as town lines; none when it is lost. */
  setInService(served: readonly number[], nowMs: number): void {
    for (const [port, line] of this.lines) line.setInService(served.includes(port), nowMs);
  }

  handleMedia(event: MediaEvent, nowMs: number): void {
    for (const line of this.lines.values()) line.handleMedia(event, nowMs);
  }

  /** Undefined where there is no such town line. `resource` is `4/number`. */
  dial(request: DialRequest, nowMs: number): Leg | DialFailure | undefined {
    const [, port = '', number] = /^([0-9]{1,3})(?:\/([0-9A-D*#]*))?$/.exec(request.resource) ?? [];
    const line = this.lines.get(Number(port));
    if (line === undefined) return undefined;
    if (number === undefined || number === '')
      return { failed: 'invalid-number-format', reason: `A town line is dialled with a number: LINE/${port}/number.` };
    return line.dial(request, number, nowMs);
  }

  statuses(): readonly (readonly [port: number, status: LineStatus])[] {
    return [...this.lines].map(([port, line]) => [port, line.status] as const);
  }
}

/** One town line: its machine, the leg of the call that stands, and the stream that is heard. */
class TownLine {
  status: LineStatus;
  private readonly fxo: Fxo;
  private leg: TownLineLeg | undefined;
  private stream: StreamId | undefined;
  private legs = 0;
  /** What came by DTMF while the line was not answered: it may be a caller ID. */
  private heardDigits = '';

  constructor(
    private settings: TownLineSettings,
    private readonly shared: SharedByLines,
  ) {
    const { times } = settings;
    this.fxo = new Fxo({ profile: shared.profile, ...(times === undefined ? {} : { times }) });
    this.status = this.observe();
  }

  rename({ name, context }: LineName): void {
    const isSeen = name !== this.settings.name;
    this.settings = { ...this.settings, name, context };
    if (isSeen) this.tellStatus();
  }

  nextDeadline(): number | undefined {
    return this.fxo.nextDeadline();
  }

  handleTimeout(nowMs: number): void {
    this.fxo.handleTimeout(nowMs);
    this.drain(nowMs);
  }

  handleLine(event: TownLineEvent, nowMs: number): void {
    this.fxo.handleLine(event, nowMs);
    this.drain(nowMs);
  }

  setInService(inService: boolean, nowMs: number): void {
    this.fxo.setInService(inService);
    this.drain(nowMs);
  }

  handleMedia(event: MediaEvent, nowMs: number): void {
    if (!('stream' in event) || event.stream !== this.stream) return;
    if (event.type === 'progress-tone') this.fxo.handleTone(event.tone, nowMs);
    else if (event.type === 'silence') this.fxo.handleSilence(event.forMs, nowMs);
    else if (event.type === 'caller-id') this.fxo.handleCallerId({ number: event.number, name: event.name });
    else if (event.type === 'digit-end') this.handleDigit(event.digit, event.durationMs);
    this.drain(nowMs);
  }

  dial(request: DialRequest, number: string, nowMs: number): Leg | DialFailure {
    const { port } = this.settings;
    const takesOver = request.emergency?.insist === true;
    if (this.fxo.state === 'out-of-service')
      return { failed: 'destination-out-of-order', reason: `Town line ${port} is out of service.` };
    if (request.codec !== undefined)
      return { failed: 'bearer-unavailable', reason: `Line ${port} cannot make sound of ${request.codec}.` };
    if (!this.fxo.isFree && !takesOver) return { failed: 'user-busy', reason: `Town line ${port} is in use.` };
    this.fxo.call(number, request.emergency !== undefined, nowMs);
    this.drain(nowMs);
    this.closeStream(nowMs);
    this.open(request.stream, nowMs);
    this.leg = this.newLeg(request.stream);
    return this.leg;
  }

  get dialClass(): Leg['dialClass'] {
    return this.shared.dialClassOf(`LINE/${this.settings.port}`);
  }

  /** A command of the leg; one that the line is done with does nothing. */
  command(leg: TownLineLeg, nowMs: number, act: (fxo: Fxo) => void): void {
    if (leg !== this.leg) return;
    act(this.fxo);
    this.drain(nowMs);
  }

  hangUp(leg: TownLineLeg, cause: Cause, nowMs: number): void {
    if (leg !== this.leg) return;
    this.endLeg(cause, 'The switch ended the call.', nowMs);
    this.fxo.release(nowMs);
    this.drain(nowMs);
  }

  playDigit(leg: TownLineLeg, digit: string, durationMs: number, nowMs: number): void {
    if (leg === this.leg && (this.fxo.state === 'talking' || this.fxo.state === 'calling'))
      this.shared.media.playDigit(leg.stream, digit, durationMs, nowMs);
  }

  private handleDigit(digit: string, durationMs: number): void {
    this.fxo.handleDigitEnd(digit, durationMs);
    if (this.fxo.hook === 'off') return;
    this.heardDigits += digit;
    const callerId = decodeDtmfCallerId(this.heardDigits);
    if (callerId !== undefined) this.fxo.handleCallerId(callerId);
  }

  private drain(nowMs: number): void {
    for (let output = this.fxo.poll(); output !== undefined; output = this.fxo.poll()) this.follow(output, nowMs);
    if (this.status.state === this.fxo.state && this.status.hook === this.fxo.hook) return;
    this.tellStatus();
  }

  private tellStatus(): void {
    this.status = this.observe();
    this.shared.outputs.push({ type: 'line', port: this.settings.port, status: this.status });
  }

  private follow(output: FxoOutput, nowMs: number): void {
    const { port } = this.settings;
    switch (output.type) {
      case 'line':
        this.shared.outputs.push({ type: 'hat', command: { type: 'town-line', port, command: output.command } });
        break;
      case 'listen':
        this.heardDigits = '';
        if (!output.on) this.closeStream(nowMs);
        else if (this.stream === undefined) this.open(this.shared.streams.next(), nowMs);
        break;
      case 'play':
        if (this.stream !== undefined) this.shared.media.playDigit(this.stream, output.digit, output.durationMs, nowMs);
        break;
      case 'call':
        this.callIn(output.callerId, nowMs);
        break;
      case 'hangup':
        this.endLeg(output.cause, output.reason, nowMs);
        break;
      case 'state':
        break;
      default:
        this.tell(output);
    }
  }

  private callIn(caller: CallerName, nowMs: number): void {
    if (this.stream === undefined) this.open(this.shared.streams.next(), nowMs);
    this.leg = this.newLeg(this.stream ?? 0);
    const { context } = this.settings;
    this.shared.outputs.push({ type: 'incoming', call: { leg: this.leg, context, number: 's', caller } });
  }

  private newLeg(stream: StreamId): TownLineLeg {
    const { port } = this.settings;
    return new TownLineLeg(`line-${port}-${++this.legs}`, `LINE/${port}`, stream, this);
  }

  private endLeg(cause: Cause, reason: string, nowMs: number): void {
    this.closeStream(nowMs);
    this.tell({ type: 'hangup', cause, reason });
    this.leg = undefined;
  }

  private tell(event: LegEvent): void {
    if (this.leg !== undefined) this.shared.outputs.push({ type: 'leg', leg: this.leg, event });
  }

  private open(stream: StreamId, nowMs: number): void {
    const { media, law, profile } = this.shared;
    this.stream = stream;
    media.open(stream, { kind: 'line', port: this.settings.port, law, town: profile.tones }, nowMs);
  }

  private closeStream(nowMs: number): void {
    if (this.stream === undefined) return;
    this.shared.media.close(this.stream, nowMs);
    this.stream = undefined;
  }

  private observe(): LineStatus {
    const { hook, state } = this.fxo;
    return { kind: 'fxo', hook, state, extension: '', name: this.settings.name, since: this.shared.wallClock() };
  }
}

class TownLineLeg implements Leg {
  readonly technology = 'line';

  constructor(
    readonly id: string,
    readonly channel: string,
    readonly stream: StreamId,
    private readonly line: TownLine,
  ) {}

  get dialClass(): Leg['dialClass'] {
    return this.line.dialClass;
  }

  /** A caller in the town hears the ringback of its own exchange until we answer. */
  indicate(_progress: Indication, _nowMs: number): void {}

  answer(nowMs: number): void {
    this.line.command(this, nowMs, (fxo) => fxo.answer(nowMs));
  }

  hangup(cause: Cause, nowMs: number): void {
    this.line.hangUp(this, cause, nowMs);
  }

  /** An exchange cannot be told of either. */
  hold(_nowMs: number): void {}
  unhold(_nowMs: number): void {}

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    this.line.playDigit(this, digit, durationMs, nowMs);
  }

  flash(nowMs: number): void {
    this.line.command(this, nowMs, (fxo) => fxo.flash());
  }

  passOn(): boolean {
    return false;
  }

  meet(): void {}

  sendText(_text: string, _nowMs: number): void {}

  reportTransfer(): void {}
}
