import type { Cause } from '../base/causes.ts';
import type { StreamId, VideoFormat, VoiceFormat } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import type { Call, CallEvent, CallState } from './call.ts';
import type { MediaAgreement } from './offer-answer.ts';

type Refusal = Extract<CallEvent, { type: 'hangup' }>;

/** Nobody said anything: the branch counts as if it had been refused with this. [RFC3261 §16.8] */
const SILENCE = 408;
/** Of refusals of one class the one that says most of the user: somebody is there, or is not there now. */
const TELLING = [486, 480];

/**
 * A call to every contact of a phone, as a proxy forks it: each rings by an INVITE of its own, the first that answers
 * has the call, the others are told to stop. To its owner it is one call. [RFC3261 §16.7]
 */
export class ForkedCall implements Call {
  readonly direction = 'outgoing';
  private readonly inbox = new Queue<{ readonly branch: Call; readonly event: CallEvent }>();
  /** Those that have not been refused; the one that answered alone, once there is one. */
  private branches: readonly Call[] = [];
  private winner: Call | undefined;
  private worthiest: Refusal | undefined;
  private readonly told = new Set<CallEvent['type']>();
  private toldMedia: MediaAgreement | undefined;
  private over = false;

  constructor(
    readonly id: number,
    readonly peer: string,
    readonly stream: StreamId,
    private readonly tell: (call: Call, event: CallEvent) => void,
  ) {}

  /** One more contact rings. */
  add(branch: Call): void {
    this.branches = [...this.branches, branch];
  }

  /** What a branch says; it is worked on when its turn is over, in `settle`. */
  note(branch: Call, event: CallEvent): void {
    this.inbox.push({ branch, event });
  }

  settle(nowMs: number): void {
    for (let said = this.inbox.shift(); said !== undefined; said = this.inbox.shift())
      if (!this.over && this.branches.includes(said.branch)) this.handle(said.branch, said.event, nowMs);
  }

  /** Nothing more comes of it; branches that are still told to stop see to that themselves. */
  get isOver(): boolean {
    return this.over;
  }

  get state(): CallState {
    if (this.over) return 'gone';
    return this.winner?.state ?? (this.told.has('proceeding') ? 'early' : 'calling');
  }

  get signallingIp(): string | undefined {
    return this.alone?.signallingIp;
  }

  get media(): MediaAgreement | undefined {
    return this.alone?.media;
  }

  get video(): readonly VideoFormat[] {
    return this.alone?.video ?? [];
  }

  get voices(): readonly VoiceFormat[] {
    return this.alone?.voices ?? [];
  }

  get carried(): VoiceFormat | undefined {
    return this.alone?.carried;
  }

  get onlyVoice(): VoiceFormat | undefined {
    return this.alone?.onlyVoice;
  }

  ringing(): void {}
  progress(): void {}
  answer(): void {}

  hangup(cause: Cause, nowMs: number): void {
    if (this.over) return;
    const { branches } = this;
    for (const branch of branches) branch.hangup(cause, nowMs);
    // What the branches have just said of it is said to the owner once.
    for (let said = this.inbox.shift(); said !== undefined; said = this.inbox.shift())
      if (said.event.type === 'hangup') this.finish(said.event);
  }

  hold(nowMs: number): void {
    this.winner?.hold(nowMs);
  }

  unhold(nowMs: number): void {
    this.winner?.unhold(nowMs);
  }

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    this.winner?.sendDigit(digit, durationMs, nowMs);
  }

  flash(nowMs: number): void {
    this.winner?.flash(nowMs);
  }

  see(video: readonly VideoFormat[], nowMs: number): void {
    for (const branch of this.branches) branch.see(video, nowMs);
  }

  carry(format: VoiceFormat | undefined, nowMs: number): void {
    for (const branch of this.branches) branch.carry(format, nowMs);
  }

  requestPicture(nowMs: number): void {
    this.winner?.requestPicture(nowMs);
  }

  sendText(text: string, nowMs: number): void {
    this.winner?.sendText(text, nowMs);
  }

  transferTo(number: string, nowMs: number): void {
    this.winner?.transferTo(number, nowMs);
  }

  reportTransfer(status: number, nowMs: number): void {
    this.winner?.reportTransfer(status, nowMs);
  }

  /** Whose media there can be: with several that ring nobody can say whom the caller should hear. */
  private get alone(): Call | undefined {
    return this.winner ?? (this.branches.length === 1 ? this.branches[0] : undefined);
  }

  private handle(branch: Call, event: CallEvent, nowMs: number): void {
    if (event.type === 'hangup') this.handleRefusal(branch, event, nowMs);
    else if (this.winner !== undefined || event.type === 'redirected') this.tell(this, event);
    else if (event.type === 'answered') this.win(branch, nowMs);
    else if (event.type === 'media' || event.type === 'progress') {
      if (branch !== this.alone) return;
      this.tellMedia(branch);
      if (event.type === 'progress') this.tellOnce(event);
    } else if (event.type === 'proceeding' || event.type === 'ringing') this.tellOnce(event);
  }

  private win(winner: Call, nowMs: number): void {
    const others = this.branches.filter((branch) => branch !== winner);
    this.winner = winner;
    this.branches = [winner];
    for (const other of others) other.hangup('answered-elsewhere', nowMs);
    this.tellMedia(winner);
    this.tell(this, { type: 'answered' });
  }

  /** The best of all refusals is the caller's; one that speaks for the user, not the contact, ends the others. */
  private handleRefusal(branch: Call, refusal: Refusal, nowMs: number): void {
    this.branches = this.branches.filter((one) => one !== branch);
    if (this.worthiest === undefined || worth(refusal) < worth(this.worthiest)) this.worthiest = refusal;
    const isFinal = statusOf(refusal) >= 600;
    if (isFinal) for (const other of this.branches) other.hangup(refusal.cause, nowMs);
    if (isFinal || this.branches.length === 0) this.finish(this.worthiest);
  }

  private finish(end: Refusal): void {
    if (this.over) return;
    this.over = true;
    this.branches = [];
    this.tell(this, end);
  }

  private tellOnce(event: CallEvent): void {
    if (!this.told.has(event.type)) this.tell(this, event);
    this.told.add(event.type);
  }

  private tellMedia({ media }: Call): void {
    if (media === undefined || media === this.toldMedia) return;
    this.toldMedia = media;
    this.tell(this, { type: 'media', agreement: media });
  }
}

function statusOf({ status = SILENCE }: Refusal): number {
  return status;
}

/** The less, the better: 6xx, then the lowest class, last a 3xx that led nowhere. [RFC3261 §16.7 step 6] */
function worth(refusal: Refusal): number {
  const status = statusOf(refusal);
  const rank = TELLING.indexOf(status);
  const within = rank >= 0 ? rank : status === SILENCE ? TELLING.length + 1 : TELLING.length;
  const group = status >= 600 ? 0 : status < 400 ? 9 : Math.floor(status / 100);
  return group * 10 + within;
}
