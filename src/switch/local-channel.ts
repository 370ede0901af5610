import type { Cause } from '../base/causes.ts';
import type { StreamId, StreamIds, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { DialClass } from '../dialplan/numbering-plan.ts';
import type { DialFailure, DialRequest, IncomingCall, Indication, Leg, LegDialler, LegEvent, Signal } from './leg.ts';
import type { Patchbay } from './patchbay.ts';

export type LocalOutput =
  | { readonly type: 'leg'; readonly leg: Leg; readonly event: LegEvent }
  | { readonly type: 'incoming'; readonly call: IncomingCall };

/** More at once than this is a dialplan that dials itself. */
const MAX_OPEN = 64;

/** `Local/number@context`: a leg whose far end is another run of the dialplan. */
export class LocalChannels implements LegDialler {
  private readonly outputs = new Queue<LocalOutput>();
  private channels = 0;
  private readonly open = new Set<Leg>();

  constructor(
    private readonly streams: StreamIds,
    private readonly patchbay: Patchbay,
  ) {}

  dial(request: DialRequest): Leg | DialFailure {
    const at = request.resource.lastIndexOf('@');
    // Local/number@context/n: the options behind the slash have no meaning where every pair is optimised.
    const context = at < 0 ? '' : (request.resource.slice(at + 1).split('/')[0] ?? '');
    const number = at < 0 ? '' : request.resource.slice(0, at);
    if (context === '' || number === '') {
      return { failed: 'invalid-number-format', reason: 'A Local channel needs number@context.' };
    }
    if (this.open.size >= 2 * MAX_OPEN) {
      return {
        failed: 'switch-congestion',
        reason: `There are ${MAX_OPEN} Local channels already: the dialplan dials itself.`,
      };
    }
    const channel = `Local/${number}@${context}-${++this.channels}`;
    const outer = new LocalHalf(`${channel};1`, request.stream, this.outputs);
    // Whoever is called through it is called by the one who called it.
    const inner = new LocalHalf(`${channel};2`, this.streams.next(), this.outputs, request);
    outer.join(inner);
    this.open.add(outer).add(inner);
    this.patchbay.pair(outer.stream, inner.stream);
    this.outputs.push({ type: 'incoming', call: { leg: inner, context, number, caller: request.caller } });
    return outer;
  }

  poll(): LocalOutput | undefined {
    const output = this.outputs.shift();
    if (output?.type === 'leg' && output.event.type === 'hangup') this.open.delete(output.leg);
    return output;
  }

  /** The half that what is said to this one comes out of; undefined for what is no half of a Local channel. */
  otherHalf(leg: Leg): Leg | undefined {
    return leg instanceof LocalHalf ? leg.other : undefined;
  }

  get size(): number {
    return this.open.size;
  }
}

/** One half; what is done to it happens at the other. */
class LocalHalf implements Leg {
  readonly technology = 'local';
  private partner: LocalHalf | undefined;
  private seen: readonly VideoFormat[] | undefined;
  /** What whoever is behind the other half has agreed to. */
  carried: VoiceFormat | undefined;
  private answered = false;
  private ended = false;

  constructor(
    readonly id: string,
    readonly stream: StreamId,
    private readonly outputs: Queue<LocalOutput>,
    /** What is known of whoever dialled: it is the caller of whoever is dialled through this half. */
    private readonly dialler: Pick<
      Leg,
      'codec' | 'voices' | 'video' | 'telephone' | 'dialClass' | 'forwards' | 'forwardedBy'
    > = {},
  ) {}

  get codec(): string | undefined {
    return this.dialler.codec;
  }

  get voices(): readonly VoiceFormat[] {
    return this.dialler.voices ?? [];
  }

  carry(format: VoiceFormat | undefined): void {
    if (this.partner !== undefined) this.partner.carried = format;
  }

  /** Of one half: what whoever is behind the other one has. */
  get video(): readonly VideoFormat[] {
    return this.seen ?? this.dialler.video ?? [];
  }

  see(video: readonly VideoFormat[]): void {
    if (this.partner !== undefined) this.partner.seen = video;
  }

  requestPicture(): void {
    this.tell({ type: 'picture-wanted' });
  }

  get telephone(): string | undefined {
    return this.dialler.telephone;
  }

  get dialClass(): DialClass | undefined {
    return this.dialler.dialClass;
  }

  get forwards(): number | undefined {
    return this.dialler.forwards;
  }

  get forwardedBy(): readonly string[] {
    return this.dialler.forwardedBy ?? [];
  }

  get channel(): string {
    return this.id;
  }

  get other(): Leg | undefined {
    return this.partner;
  }

  join(partner: LocalHalf): void {
    this.partner = partner;
    partner.partner = this;
  }

  indicate(progress: Indication): void {
    if (this.answered) return;
    // A tone is heard through the patchbay; only what a far end would be told goes across.
    // Whoever dialled is done with a channel that is busy, so nobody is left to hear that from this half.
    if (progress === 'busy') this.end('user-busy', 'The Local channel is busy.');
    else if (progress === 'congestion') this.end('no-circuit', 'The Local channel is congested.');
    else this.tell({ type: progress });
  }

  answer(): void {
    if (this.answered) return;
    this.answered = true;
    this.tell({ type: 'answered' });
  }

  hangup(cause: Cause): void {
    this.end(cause, 'The Local channel was hung up.');
  }

  hold(): void {
    this.tell({ type: 'hold' });
  }

  unhold(): void {
    this.tell({ type: 'unhold' });
  }

  sendDigit(digit: string, durationMs: number): void {
    this.tell({ type: 'digit', digit, durationMs });
  }

  flash(): void {
    this.tell({ type: 'flash' });
  }

  sendText(text: string): void {
    this.tell({ type: 'text', text });
  }

  passOn(signal: Signal): boolean {
    this.tell({ type: 'signal', signal });
    return true;
  }

  meet(): void {}

  reportTransfer(): void {}

  private end(cause: Cause, reason: string): void {
    if (this.ended) return;
    this.tell({ type: 'hangup', cause, reason });
    this.say({ type: 'hangup', cause, reason });
  }

  private tell(event: LegEvent): void {
    if (!this.ended) this.partner?.say(event);
  }

  private say(event: LegEvent): void {
    if (this.ended) return;
    if (event.type === 'hangup') this.ended = true;
    if (event.type === 'answered') this.answered = true;
    this.outputs.push({ type: 'leg', leg: this, event });
  }
}
