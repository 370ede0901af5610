import type { Cause } from '../base/causes.ts';
import type { TownLineCommand, TownLineEvent } from '../base/line-port.ts';
import type { Machine } from '../base/machine.ts';
import type { ProgressTone } from '../base/media-port.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import type { CountryProfile } from './country-profile.ts';

/** In the words that status has for every line: `dialling` from the seizure to the last digit, `calling` until an answer. */
export type TownLineState = 'idle' | 'dialling' | 'calling' | 'ringing' | 'talking' | 'busy' | 'out-of-service';

export interface FxoOptions {
  readonly profile: CountryProfile;
  readonly times?: Partial<FxoTimes>;
}

/** All ms. */
export interface FxoTimes {
  /** Behind the seizure the line is noise. */
  readonly settleMs: number;
  /** How long dial tone is waited for. */
  readonly dialToneMs: number;
  /** Behind the last digit, without a tone that says otherwise: the call is taken for answered. */
  readonly assumeAnswerMs: number;
  /** Behind ringback that has stopped, the same. */
  readonly afterRingbackMs: number;
  /** How long a caller ID is waited for from the first ring on. */
  readonly callerIdMs: number;
  /** Without a ring for this long, the caller has gone. */
  readonly ringEndMs: number;
  /** An exchange needs this long to see that a loop was opened. */
  readonly guardMs: number;
  /** A call in which neither end has said anything for so long has been forgotten. */
  readonly silenceMs: number;
  /** So has one that lasts this long. */
  readonly longestMs: number;
}

const TIMES: FxoTimes = {
  settleMs: 300,
  dialToneMs: 5_000,
  assumeAnswerMs: 10_000,
  afterRingbackMs: 7_000,
  callerIdMs: 4_000,
  ringEndMs: 8_000,
  guardMs: 1_000,
  silenceMs: 30 * 60_000,
  longestMs: 24 * 3_600_000,
};

/** An interruption that is shorter is a click of the exchange. */
const SHORTEST_CLEAR_MS = 90;
/** A polarity that turns sooner after an answer is part of it. */
const POLARITY_SETTLES_MS = 600;
/** The bursts of one ring follow each other sooner. */
const RING_PAUSE_MS = 1_000;
/** How long a ringing line is taken before it is given back, to be free for an emergency call. */
const DROP_MS = 500;

export type FxoOutput =
  | { readonly type: 'line'; readonly command: TownLineCommand }
  | { readonly type: 'state'; readonly state: TownLineState }
  /** Whoever hears the line for caller ID and tones is to begin, or may end. */
  | { readonly type: 'listen'; readonly on: boolean }
  /** A digit to send. */
  | { readonly type: 'play'; readonly digit: string; readonly durationMs: number }
  /** Somebody calls; stands until `hangup` or `release`. */
  | { readonly type: 'call'; readonly callerId: CallerName }
  /** Every digit is sent: from now on the line is worth hearing. */
  | { readonly type: 'progress' }
  | { readonly type: 'answered' }
  | { readonly type: 'hangup'; readonly cause: Cause; readonly reason: string }
  | { readonly type: 'digit'; readonly digit: string; readonly durationMs: number };

/** Empty texts are withheld or not known. */
export interface CallerName {
  readonly number: string;
  readonly name: string;
}

type TimerName = 'settle' | 'dial-tone' | 'digit' | 'answer' | 'caller-id' | 'ring-end' | 'drop' | 'guard' | 'longest';

const NOBODY: CallerName = { number: '', name: '' };

/**
 * A town line: the exchange is at its other end, and we are its telephone. How a call gets on is taken from what says it
 * most surely: the polarity, then an interruption of the loop, then tones, then time.
 */
export class Fxo implements Machine<FxoOutput> {
  private current: TownLineState = 'out-of-service';
  private isPresent = false;
  private isClosed = false;
  private listening = false;
  private reversed = false;
  private volts: 0 | 9 | 48 = 48;
  private callerId: CallerName | undefined;
  /** The dialled digits that are not sent yet. */
  private digits = '';
  private isEmergency = false;
  /** A call that waits until the line is free. */
  private waiting: string | undefined;
  /** The switch has a call that is to hear its end. */
  private hasCall = false;
  private talkSinceMs = 0;
  /** When the last burst of ringing ended. */
  private quietSinceMs = 0;

  private readonly times: FxoTimes;
  private readonly outputs = new Queue<FxoOutput>();
  private readonly timers = new Timers<TimerName>();

  constructor(private readonly options: FxoOptions) {
    this.times = { ...TIMES, ...options.times };
  }

  get state(): TownLineState {
    return this.current;
  }

  /** Whether the loop is closed. */
  get hook(): 'on' | 'off' {
    return this.isClosed ? 'off' : 'on';
  }

  poll(): FxoOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    return this.timers.next();
  }

  // ---- what the hardware says

  /** The hardware is there, or is not; said again after each reset of it. */
  setInService(inService: boolean): void {
    if (!inService) {
      if (!this.isPresent) return;
      this.isPresent = false;
      this.endCall('destination-out-of-order', 'The town line went out of service.');
      this.isClosed = false;
      this.clear('out-of-service');
      return;
    }
    this.command({ type: 'loop', closed: this.isClosed });
    if (this.isPresent) return;
    this.isPresent = true;
    this.rest();
  }

  handleLine(event: TownLineEvent, nowMs: number): void {
    if (!this.isPresent) return;
    switch (event.type) {
      case 'ringing':
        this.handleRinging(event.on, nowMs);
        break;
      case 'polarity':
        this.handlePolarity(event.reversed, nowMs);
        break;
      case 'loop-break':
        if (event.ms >= SHORTEST_CLEAR_MS) this.farEndCleared('The exchange cleared the call.', nowMs);
        break;
      case 'voltage':
        this.handleVoltage(event.volts, nowMs);
        break;
    }
  }

  handleTone(tone: ProgressTone, nowMs: number): void {
    if (tone === 'dial') {
      if (this.timers.at('dial-tone') === undefined) return;
      this.timers.clear('dial-tone');
      this.sendNext(nowMs);
    } else if (tone === 'ringback') {
      if (this.current === 'calling') this.timers.set('answer', nowMs + this.times.afterRingbackMs);
    } else if (this.current === 'calling') {
      this.fail(tone === 'busy' ? 'user-busy' : 'no-circuit', `The exchange gave ${tone} tone.`, nowMs);
    } else if (this.current === 'talking') this.farEndCleared(`The exchange gave ${tone} tone.`, nowMs);
    else if (this.timers.at('dial-tone') !== undefined)
      this.fail('no-circuit', `The exchange gave ${tone} tone in the place of dial tone.`, nowMs);
  }

  /** Neither end has said anything for so long. */
  handleSilence(forMs: number, nowMs: number): void {
    if (forMs < this.times.silenceMs || nowMs < this.talkSinceMs + this.times.silenceMs) return;
    if (this.current === 'talking') this.forgotten('Neither end said anything for a long time.', nowMs);
  }

  handleCallerId(callerId: CallerName): void {
    if (this.isClosed) return;
    this.callerId ??= callerId;
    if (this.timers.at('caller-id') !== undefined) this.offer();
  }

  handleDigitEnd(digit: string, durationMs: number): void {
    if (this.current === 'talking') this.outputs.push({ type: 'digit', digit, durationMs });
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) this.handleTimer(timer, nowMs);
  }

  // ---- what the switch wants

  /** Whether a call can go out now; one of an emergency always can. */
  get isFree(): boolean {
    return this.current === 'idle';
  }

  /** Dials; what was on the line is ended. The caller has asked `isFree`. */
  call(number: string, isEmergency: boolean, nowMs: number): void {
    const wasRinging = this.current === 'ringing';
    this.endCall('no-circuit', 'The town line was needed for an emergency call.');
    const free = this.timers.at('guard');
    this.timers.clearAll();
    this.hasCall = true;
    this.isEmergency = isEmergency;
    this.listen(true);
    this.enter('dialling');
    if (this.isClosed || wasRinging) {
      // The exchange has to see the old call end before it gives dial tone for the new one.
      this.waiting = number;
      this.loop(true);
      this.timers.set('drop', nowMs + (wasRinging ? DROP_MS : 0));
    } else if (free !== undefined) {
      this.waiting = number;
      this.timers.set('guard', free);
    } else this.seize(number, nowMs);
  }

  /** Takes the call that rings. */
  answer(nowMs: number): void {
    if (this.current !== 'ringing' || !this.hasCall) return;
    this.timers.clearAll();
    this.loop(true);
    this.talk(nowMs);
  }

  /** The call is over. */
  release(nowMs: number): void {
    if (!this.hasCall) return;
    this.hasCall = false;
    if (this.current === 'ringing') {
      // It rings on at the exchange's end; what rings after this is not a new call.
      this.timers.clear('caller-id');
      this.listen(false);
      return;
    }
    this.hangUp(nowMs);
  }

  flash(): void {
    const { flashMinMs, flashMaxMs } = this.options.profile.timing;
    if (this.current === 'talking') this.command({ type: 'flash', ms: Math.round((flashMinMs + flashMaxMs) / 2) });
  }

  // ---- ringing

  private handleRinging(on: boolean, nowMs: number): void {
    if (this.isClosed) {
      // Glare: the line rang in the moment in which we seized it, and whoever calls has us on the line now.
      if (on && this.current === 'dialling') this.fail('no-circuit', 'The line rang when it was seized.', nowMs);
      return;
    }
    const isNextRing = on && nowMs - this.quietSinceMs >= RING_PAUSE_MS;
    if (!on) this.quietSinceMs = nowMs;
    if (this.current === 'ringing') {
      this.timers.set('ring-end', nowMs + this.times.ringEndMs);
      if (isNextRing && this.timers.at('caller-id') !== undefined) this.offer();
    } else if (on && (this.current === 'idle' || this.current === 'busy')) {
      this.enter('ringing');
      this.listen(true);
      this.timers.set('ring-end', nowMs + this.times.ringEndMs);
      this.timers.set('caller-id', nowMs + this.times.callerIdMs);
      if (this.callerId !== undefined) this.offer();
    }
  }

  private offer(): void {
    this.timers.clear('caller-id');
    if (this.hasCall) return;
    this.hasCall = true;
    this.outputs.push({ type: 'call', callerId: this.callerId ?? NOBODY });
  }

  // ---- supervision

  private handlePolarity(reversed: boolean, nowMs: number): void {
    if (reversed === this.reversed) return;
    this.reversed = reversed;
    if (this.current === 'idle') {
      // Behind the end of a call it turns back; else caller ID comes behind it in some countries.
      if (this.timers.at('guard') !== undefined) return;
      this.listen(true);
      this.timers.set('ring-end', nowMs + this.times.ringEndMs);
    } else if (this.current === 'calling') {
      this.talk(nowMs);
      this.outputs.push({ type: 'answered' });
    } else if (this.current === 'talking' && nowMs >= this.talkSinceMs + POLARITY_SETTLES_MS) {
      this.farEndCleared('The polarity of the line turned.', nowMs);
    }
  }

  private handleVoltage(volts: 0 | 9 | 48, nowMs: number): void {
    this.volts = volts;
    if (volts === 0 && this.isClosed) this.fail('network-out-of-order', 'The town line is dead.', nowMs);
    else if (['idle', 'busy', 'out-of-service'].includes(this.current)) this.enter(this.stateAtRest);
  }

  /** The exchange has cleared without a sign that we know; nobody but its parties ends an emergency call. */
  private forgotten(reason: string, nowMs: number): void {
    if (!this.isEmergency) this.farEndCleared(reason, nowMs);
  }

  private farEndCleared(reason: string, nowMs: number): void {
    if (this.current === 'talking') this.fail('normal-clearing', reason, nowMs);
    else if (this.current === 'calling' || this.current === 'dialling') this.fail('no-circuit', reason, nowMs);
  }

  // ---- dialling

  private handleTimer(timer: TimerName, nowMs: number): void {
    switch (timer) {
      case 'settle':
        this.timers.set('dial-tone', nowMs + this.times.dialToneMs);
        break;
      case 'dial-tone':
        // An exchange may be deaf and not dumb: in an emergency the number is sent all the same.
        if (this.isEmergency) this.sendNext(nowMs);
        else this.fail('no-circuit', 'There is no dial tone on the town line.', nowMs);
        break;
      case 'digit':
        this.sendNext(nowMs);
        break;
      case 'answer':
        this.talk(nowMs);
        this.outputs.push({ type: 'answered' });
        break;
      case 'caller-id':
        this.offer();
        break;
      case 'ring-end':
        this.endCall('normal-clearing', 'The caller has hung up.');
        this.rest();
        break;
      case 'drop':
        this.loop(false);
        this.timers.set('guard', nowMs + this.times.guardMs);
        break;
      case 'guard':
        this.becomeFree(nowMs);
        break;
      case 'longest':
        this.forgotten('The call lasted longer than any call does.', nowMs);
        break;
    }
  }

  private becomeFree(nowMs: number): void {
    const number = this.waiting;
    this.waiting = undefined;
    if (number !== undefined) this.seize(number, nowMs);
  }

  private seize(number: string, nowMs: number): void {
    this.digits = number;
    this.loop(true);
    this.timers.set('settle', nowMs + this.times.settleMs);
  }

  private sendNext(nowMs: number): void {
    const { onMs, offMs } = this.options.profile.dtmf;
    const digit = this.digits[0];
    this.digits = this.digits.slice(1);
    if (digit === undefined) {
      this.enter('calling');
      this.outputs.push({ type: 'progress' });
      this.timers.set('answer', nowMs + this.times.assumeAnswerMs);
      return;
    }
    this.outputs.push({ type: 'play', digit, durationMs: onMs });
    this.timers.set('digit', nowMs + onMs + offMs);
  }

  private talk(nowMs: number): void {
    this.timers.clearAll();
    this.talkSinceMs = nowMs;
    this.timers.set('longest', nowMs + this.times.longestMs);
    this.enter('talking');
  }

  // ---- the end

  private fail(cause: Cause, reason: string, nowMs: number): void {
    this.endCall(cause, reason);
    this.hangUp(nowMs);
  }

  private endCall(cause: Cause, reason: string): void {
    if (!this.hasCall) return;
    this.hasCall = false;
    this.outputs.push({ type: 'hangup', cause, reason });
  }

  private hangUp(nowMs: number): void {
    const wasClosed = this.isClosed;
    this.loop(false);
    this.rest();
    if (wasClosed) this.timers.set('guard', nowMs + this.times.guardMs);
  }

  /** Nothing of a call is left. */
  private rest(): void {
    this.clear(this.stateAtRest);
  }

  /** A telephone that is lifted beside us has the line; without voltage there is none. */
  private get stateAtRest(): TownLineState {
    return this.volts === 48 ? 'idle' : this.volts === 9 ? 'busy' : 'out-of-service';
  }

  private clear(state: TownLineState): void {
    this.timers.clearAll();
    this.callerId = undefined;
    this.digits = '';
    this.waiting = undefined;
    this.isEmergency = false;
    this.listen(false);
    this.enter(state);
  }

  private loop(closed: boolean): void {
    if (closed === this.isClosed) return;
    this.isClosed = closed;
    this.command({ type: 'loop', closed });
  }

  private listen(on: boolean): void {
    if (on === this.listening) return;
    this.listening = on;
    this.outputs.push({ type: 'listen', on });
  }

  private command(command: TownLineCommand): void {
    this.outputs.push({ type: 'line', command });
  }

  private enter(state: TownLineState): void {
    if (state === this.current) return;
    this.current = state;
    this.outputs.push({ type: 'state', state });
  }
}
