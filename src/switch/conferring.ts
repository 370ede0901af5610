import type { Cause } from '../base/causes.ts';
import { NOTHING } from '../base/media-port.ts';
import { parseTonePattern, type TonePattern } from '../base/tone-pattern.ts';
import type { Activity, ActivityResult, CallerSide } from './activity.ts';
import type { Attendee, Conference, Conferences } from './conference.ts';
import type { Leg, LegEvent } from './leg.ts';

/** What the dialplan asked for. */
export interface ConferenceOrder {
  readonly room: string;
  /** Letters of MeetMe: A leader, m muted, t hears nothing, q quiet, w waits for a leader, x goes with the leader, p # leaves. */
  readonly options: string;
  /** Entered for the caller already. */
  readonly pin?: string;
}

/** How often a PIN may be wrong, and how long its digits may take. */
const ATTEMPTS = 3;
const FIRST_DIGIT_MS = 10_000;
const NEXT_DIGIT_MS = 4_000;
const MAX_PIN = 32;

/** After a * the next digit is an order for so long. */
const MENU_MS = 4_000;
/** How long a sound for one member takes it out of the conversation. */
const CONFIRM_MS = 260;
const REFUSED_MS = 2_000;
const STEP_DB = 3;
const MOST_DB = 12;

const tone = (text: string): TonePattern => parseTonePattern(text)!;
const SOUNDS = {
  askPin: tone('!620/120,!0/80,!620/120'),
  wrong: tone('!350/120,!0/60,!350/120'),
  muted: tone('!620/100,!440/120'),
  unmuted: tone('!440/100,!620/120'),
  done: tone('!620/60'),
};

type State = 'pin' | 'inside' | 'refused' | 'over';

/** `ConfBridge` and `MeetMe`: a caller at the door of a room, then in it. */
export class Conferring implements Activity, Attendee {
  result: ActivityResult | undefined;
  isLeader = false;
  isMuted: boolean;
  private state: State = 'pin';
  private room: Conference | undefined;
  private isHeld = false;
  private sayDb = 0;
  private hearDb = 0;
  private digits = '';
  private attempts = 0;
  private isOrder = false;
  private deadline: number | undefined;
  /** When a sound for this member alone is over. */
  private backMs: number | undefined;

  constructor(
    private readonly caller: CallerSide,
    private readonly conferences: Conferences,
    private readonly order: ConferenceOrder,
  ) {
    this.isMuted = this.has('m') || this.has('l');
  }

  get channel(): string {
    return this.caller.leg.channel;
  }

  get isQuiet(): boolean {
    return this.has('q');
  }

  get waits(): boolean {
    return !this.isLeader && (this.has('w') || this.settings.waitForLeader);
  }

  get goesWithLeader(): boolean {
    return this.has('x') && !this.isLeader;
  }

  start(nowMs: number): void {
    this.caller.answer(nowMs);
    const { isPin, isLeaderPin } = this.settings;
    if (this.caller.leg.codec !== undefined) {
      this.finish('FAILED', nowMs, 'bearer-unavailable');
      return;
    }
    this.isLeader = this.has('A') || this.has('a');
    if (isPin === undefined && isLeaderPin === undefined) this.enter(nowMs);
    else if (this.order.pin === undefined || !this.tryPin(this.order.pin, nowMs)) this.askPin(nowMs);
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    if (leg !== this.caller.leg) return;
    if (event.type === 'hold' || event.type === 'unhold') {
      // Who holds has music of its own, or another call: neither belongs into the room.
      this.isHeld = event.type === 'hold';
      this.settle(nowMs);
    } else if (event.type === 'digit' && this.state === 'pin') this.handlePinDigit(event.digit, nowMs);
    else if (event.type === 'digit' && this.state === 'inside') this.handleMenuDigit(event.digit, nowMs);
  }

  handleTimeout(nowMs: number): void {
    if (this.backMs !== undefined && nowMs >= this.backMs) this.settle(nowMs);
    if (this.deadline === undefined || nowMs < this.deadline) return;
    this.deadline = undefined;
    this.isOrder = false;
    if (this.state === 'pin') this.judgePin(nowMs);
    else if (this.state === 'refused') this.finish('FAILED', nowMs, 'call-rejected');
  }

  nextDeadline(): number | undefined {
    const { backMs, deadline } = this;
    return backMs === undefined ? deadline : Math.min(backMs, deadline ?? backMs);
  }

  abort(_cause: Cause, nowMs: number): void {
    this.finish('HANGUP', nowMs);
  }

  // ---- at the door

  private askPin(nowMs: number): void {
    this.sound('askPin', nowMs);
    this.deadline = nowMs + FIRST_DIGIT_MS;
  }

  private handlePinDigit(digit: string, nowMs: number): void {
    if (digit === '#') {
      this.judgePin(nowMs);
      return;
    }
    this.digits = (this.digits + digit).slice(0, MAX_PIN);
    this.deadline = nowMs + NEXT_DIGIT_MS;
    this.tryPin(this.digits, nowMs);
  }

  private tryPin(digits: string, nowMs: number): boolean {
    const { isPin, isLeaderPin } = this.settings;
    const leads = isLeaderPin?.(digits) === true;
    if (!leads && isPin?.(digits) !== true) return false;
    this.isLeader ||= leads;
    this.enter(nowMs);
    return true;
  }

  /** The digits are complete, and none of those that open at once. */
  private judgePin(nowMs: number): void {
    const { digits } = this;
    this.digits = '';
    // Where only the leader has a PIN, everybody else comes in without.
    if (this.settings.isPin === undefined && digits === '') this.enter(nowMs);
    else if (++this.attempts < ATTEMPTS) {
      this.sound('wrong', nowMs);
      this.deadline = nowMs + FIRST_DIGIT_MS;
    } else this.refuse(nowMs);
  }

  private enter(nowMs: number): void {
    const room = this.conferences.room(this.order.room, nowMs);
    if (!room.admits(this.isLeader)) {
      this.conferences.sweep(room);
      this.refuse(nowMs);
      return;
    }
    this.state = 'inside';
    this.deadline = undefined;
    this.room = room;
    room.enter(this, nowMs);
  }

  private refuse(nowMs: number): void {
    this.state = 'refused';
    this.deadline = nowMs + REFUSED_MS;
    this.caller.indicate('congestion', nowMs);
  }

  // ---- inside

  settle(nowMs: number): void {
    if (this.room === undefined || this.state !== 'inside') return;
    this.backMs = undefined;
    const says = !this.isMuted && !this.isHeld;
    const { sayDb, hearDb } = this;
    const source = this.room.sourceOf(this, { says, hears: !this.has('t'), sayDb, hearDb });
    this.caller.patchbay.hear(this.caller.leg.stream, source, nowMs);
  }

  expel(why: 'KICKED' | 'ENDMARKED', nowMs: number): void {
    this.finish(why, nowMs);
    // Its own call hears of it with the next look at the clock.
    this.deadline = nowMs;
    this.caller.touch();
  }

  private handleMenuDigit(digit: string, nowMs: number): void {
    if (!this.isOrder) {
      if (digit === '#' && this.has('p')) this.finish('DTMF', nowMs);
      this.isOrder = digit === '*' && this.state === 'inside';
      this.deadline = this.isOrder ? nowMs + MENU_MS : undefined;
      return;
    }
    this.isOrder = false;
    this.deadline = undefined;
    if (!this.obey(digit, nowMs)) this.confirm('wrong', nowMs);
  }

  /** False if the digit means nothing, or nothing that this member may do. */
  private obey(digit: string, nowMs: number): boolean {
    const { room, isLeader } = this;
    switch (digit) {
      case '1':
        this.isMuted = !this.isMuted;
        this.confirm(this.isMuted ? 'muted' : 'unmuted', nowMs);
        return true;
      case '2':
        if (isLeader) room!.lock(!room!.locked, nowMs);
        return isLeader;
      case '3':
        if (isLeader) room!.expelLast(nowMs);
        return isLeader;
      case '4':
      case '6':
        this.hearDb = stepped(this.hearDb, digit === '6');
        this.confirm('done', nowMs);
        return true;
      case '5':
        if (isLeader) room!.record(!room!.recording, nowMs);
        return isLeader;
      case '7':
      case '9':
        this.sayDb = stepped(this.sayDb, digit === '9');
        this.confirm('done', nowMs);
        return true;
      case '8':
        this.finish('DTMF', nowMs);
        return true;
      default:
        return false;
    }
  }

  private confirm(what: keyof typeof SOUNDS, nowMs: number): void {
    this.sound(what, nowMs);
    this.backMs = nowMs + CONFIRM_MS;
  }

  private sound(what: keyof typeof SOUNDS, nowMs: number): void {
    this.caller.patchbay.hear(this.caller.leg.stream, { kind: 'tone', pattern: SOUNDS[what] }, nowMs);
  }

  private finish(how: string, nowMs: number, cause?: Cause): void {
    if (this.state === 'over') return;
    const { room, state } = this;
    this.state = 'over';
    this.deadline = undefined;
    this.backMs = undefined;
    this.result = { variables: { CONFBRIDGE_RESULT: how }, ...(cause === undefined ? {} : { cause }) };
    if (how !== 'HANGUP' && state !== 'pin') this.caller.patchbay.hear(this.caller.leg.stream, NOTHING, nowMs);
    if (room === undefined) return;
    room.leave(this, nowMs);
    this.conferences.sweep(room);
  }

  private get settings() {
    return this.conferences.settingsOf(this.order.room);
  }

  private has(option: string): boolean {
    return this.order.options.includes(option);
  }
}

function stepped(db: number, up: boolean): number {
  return Math.max(-MOST_DB, Math.min(MOST_DB, db + (up ? STEP_DB : -STEP_DB)));
}
