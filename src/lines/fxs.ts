import type { Cause } from '../base/causes.ts';
import { type CollectionStep, DigitCollection } from '../base/digit-collection.ts';
import type { CallerId, Hook, LineCommand, RingCadence } from '../base/line-port.ts';
import { earliest, type Machine } from '../base/machine.ts';
import { Queue } from '../base/queue.ts';
import { Timers } from '../base/timers.ts';
import type { TonePattern } from '../base/tone-pattern.ts';
import { CallWaiting } from './call-waiting.ts';
import { type CallerIdDelivery, callerIdDelivery, messageData } from './caller-id-signal.ts';
import { type CountryProfile, digitOfPulses, HOWLER_DBM0 } from './country-profile.ts';
import type { CallerIdKind } from './country-table.ts';
import { FXS_TIMES, type FxsOptions, type FxsTimes } from './fxs-options.ts';
import type { FxsOutput, LineState } from './fxs-output.ts';
import { HotLine } from './hot-line.ts';
import { MessageLamp, type MessageLampKind } from './message-lamp.ts';
import { Ringing } from './ringing.ts';

type TimerName = 'first-digit' | 'inter-digit' | 'automatic' | 'tone' | 'tone-end' | 'howler-end';

/** What an FXS port does: an analog phone hangs on it, and we are its exchange. */
export class Fxs implements Machine<FxsOutput> {
  private current: LineState = 'out-of-service';
  private hookSeen: Hook = 'on';
  /** Who began the call that stands; undefined = none. */
  private role: 'caller' | 'callee' | undefined;
  private toneOn = false;
  private reversed = false;
  private stutters = false;
  /** A digit that was dialled is still sounding: its end is nobody's digit in a call. */
  private digitTaken = false;
  private loopBackMs = Number.NEGATIVE_INFINITY;

  private readonly ringing: Ringing;
  private readonly waiting: CallWaiting;
  private readonly lamp: MessageLamp | undefined;
  private readonly hotLine: HotLine;
  private readonly times: FxsTimes;
  private readonly collection: DigitCollection;
  private readonly outputs = new Queue<FxsOutput>();
  private readonly timers = new Timers<TimerName>();

  constructor(private readonly options: FxsOptions) {
    this.times = { ...FXS_TIMES, ...options.times };
    this.hotLine = new HotLine(options.context, options.lookUp);
    this.collection = new DigitCollection(options.context, options.lookUp, this.times);
    this.ringing = this.ringingOf(options.profile);
    this.waiting = this.waitingOf(options);
    if (options.lamp !== undefined) this.lamp = this.lampOf(options.lamp);
  }

  get state(): LineState {
    return this.current;
  }

  get hook(): Hook {
    return this.hookSeen;
  }

  poll(): FxsOutput | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): number | undefined {
    const call = earliest(this.ringing.nextDeadline(), this.waiting.nextDeadline());
    return earliest(earliest(this.timers.next(), call), this.lamp?.nextDeadline());
  }

  // What the hardware says.

  handleHook(hook: Hook, nowMs: number): void {
    if (hook === this.hookSeen) return;
    this.hookSeen = hook;
    if (this.current === 'out-of-service') return;
    if (hook === 'on') {
      if (this.ringing.displayReads) this.ringing.ringBehindDisplay(nowMs);
      else this.hangUp(nowMs);
    } else if (this.ringing.asksDisplay) this.ringing.tellDisplay(nowMs);
    else if (this.current === 'ringing') this.pickUp();
    else this.seize(nowMs);
  }

  handleFlash(nowMs: number): void {
    if (this.hookSeen === 'on') return;
    // The display had opened the loop; so soon only a person closes it again.
    if (this.ringing.displayReads) this.pickUp();
    else if (this.current === 'talking' || this.current === 'held' || this.current === 'calling') {
      this.outputs.push({ type: 'flash' });
    } else if (this.current !== 'lockout' && this.current !== 'out-of-service') {
      // A tap where no call gets on asks for a new one, whatever was dialled before.
      this.endCall('normal-clearing', 'The caller flashed for a new call.');
      this.seize(nowMs);
    }
  }

  /** A digit of a rotary dial, as the number of its breaks. */
  handlePulseDigit(breaks: number, nowMs: number): void {
    const digit = digitOfPulses(breaks, this.options.profile.pulse);
    if (digit === undefined) return;
    this.handleDigitBegin(digit, nowMs);
    this.handleDigitEnd(digit, this.options.profile.dtmf.onMs);
  }

  /** A DTMF digit is certain; while a number is dialled it counts at once. */
  handleDigitBegin(digit: string, nowMs: number): void {
    if (this.current === 'calling') this.override(digit);
    if (this.waiting.handleDigit(digit, nowMs)) this.digitTaken = true;
    if (this.current !== 'dial-tone' && this.current !== 'dialling') return;
    this.digitTaken = true;
    this.timers.clear('first-digit');
    this.timers.clear('automatic');
    if (this.current === 'dial-tone') this.enter('dialling');
    this.follow(this.collection.add(digit), nowMs);
  }

  /** A DTMF digit is over. */
  handleDigitEnd(digit: string, durationMs: number): void {
    const taken = this.digitTaken;
    this.digitTaken = false;
    if (taken || this.role === undefined || this.current === 'ringing') return;
    this.outputs.push({ type: 'digit', digit, durationMs });
  }

  handleTimeout(nowMs: number): void {
    for (const timer of this.timers.due(nowMs)) this.handleTimer(timer, nowMs);
    this.ringing.handleTimeout(nowMs);
    this.waiting.handleTimeout(nowMs);
    this.lamp?.handleTimeout(nowMs);
  }

  // What the switch wants.

  /** Rings the phone, in the country's cadence unless told; false when the line is not free. */
  ring(callerId: CallerId, nowMs: number, cadence: RingCadence = this.options.profile.ringCadence): boolean {
    if (this.current !== 'idle') return false;
    this.role = 'callee';
    this.enter('ringing');
    this.ringing.begin({ callerId, cadence, delivery: this.deliveryOf(callerId) }, this.loopBackMs, nowMs);
    return true;
  }

  indicate(progress: 'proceeding' | 'ringing' | 'progress' | 'busy' | 'congestion', nowMs: number): void {
    if (!this.awaitsAnswer) return;
    if (progress === 'proceeding') return;
    if (progress === 'busy' || progress === 'congestion') {
      this.refuse(progress, 0, nowMs);
      return;
    }
    this.timers.clear('tone-end');
    this.enter('calling');
    this.hear(progress === 'ringing' ? this.options.profile.tones.ringback : undefined);
  }

  answer(): void {
    if (!this.awaitsAnswer) return;
    this.timers.clear('tone-end');
    this.hear(undefined);
    this.enter('talking');
    this.reverse(this.options.reverseOnAnswer === true);
  }

  hold(): void {
    if (this.current === 'talking') this.enter('held');
  }

  unhold(): void {
    if (this.current === 'held') this.enter('talking');
  }

  /** The call is over for `cause`; a handset that is still lifted hears why. */
  release(cause: Cause, nowMs: number): void {
    if (this.role === undefined) return;
    this.role = undefined;
    this.waiting.end();
    if (this.current === 'ringing') {
      this.ringing.stop();
      // Whoever keeps the loop closed, a display or a person, has to let go of it first.
      if (this.hookSeen === 'off') this.refuse('congestion', 0, nowMs);
      else this.becomeIdle(nowMs);
      return;
    }
    const talked = this.current === 'talking' || this.current === 'held';
    this.reverse(false);
    const { cpcMs } = this.options.profile;
    if (talked) {
      this.command({ type: 'cpc', ms: cpcMs });
      this.loopBackMs = nowMs + cpcMs;
    }
    this.refuse(cause === 'user-busy' ? 'busy' : 'congestion', talked ? cpcMs : 0, nowMs);
  }

  /** Another call waits while this one goes on, or does so no longer: a tone now and then, and who it is on the display. */
  announceWaiting(caller: CallerId | undefined, nowMs: number): void {
    this.waiting.end();
    if (caller !== undefined && this.isInCall) this.waiting.begin(caller, nowMs);
  }

  /** Dial tone stutters from the next time on: messages wait, or calls are sent elsewhere. */
  setStutter(stutters: boolean): void {
    this.stutters = stutters;
  }

  /** New messages wait, or none do: a telephone with a lamp is told while its line is idle. */
  setMessages(waiting: boolean, nowMs: number): void {
    this.lamp?.set(waiting, nowMs);
  }

  /** The hardware is there, or is not. Said again after each reset of it, it gets its settings and its ringing back. */
  setInService(inService: boolean, nowMs: number): void {
    if (!inService) {
      if (this.current === 'out-of-service') return;
      this.endCall('destination-out-of-order', 'The line went out of service.');
      this.clear();
      this.hookSeen = 'on';
      this.enter('out-of-service');
      return;
    }
    // All that the hardware is to be doing: it may have been reset, or have gone on alone while its link was down.
    this.command({ type: 'configure', timing: this.options.profile.timing });
    this.command({ type: 'polarity', reversed: this.reversed });
    if (this.current === 'ringing') this.ringing.resume(nowMs);
    else this.command({ type: 'ring-stop' });
    if (this.current === 'out-of-service') {
      this.enter('idle');
      if (this.hookSeen === 'off') this.seize(nowMs);
    }
    if (this.current === 'idle') this.lamp?.rest(nowMs, true);
  }

  private ringingOf({ timing }: CountryProfile): Ringing {
    return new Ringing(timing.hangupMs, {
      command: (command) => this.command(command),
      reverse: (reversed) => this.reverse(reversed),
      send: (steps) => this.outputs.push({ type: 'signal', steps }),
      ringing: () => this.outputs.push({ type: 'ringing' }),
      pickUp: () => this.pickUp(),
    });
  }

  private waitingOf({ profile, localTime }: FxsOptions): CallWaiting {
    return new CallWaiting({
      kind: this.callerIdKind,
      tone: profile.tones.callWaiting,
      localTime,
      send: (steps) => this.outputs.push({ type: 'signal', steps }),
    });
  }

  private lampOf(kind: MessageLampKind): MessageLamp {
    return new MessageLamp(kind, {
      blink: (onMs, offMs) => this.command({ type: 'lamp', onMs, offMs }),
      send: (steps, reversed) => {
        this.reverse(reversed);
        this.outputs.push({ type: 'signal', steps });
      },
      data: (waiting) => messageData(this.callerIdKind, waiting),
    });
  }

  private handleTimer(timer: TimerName, nowMs: number): void {
    switch (timer) {
      case 'first-digit':
        this.refuse('congestion', 0, nowMs);
        break;
      case 'inter-digit':
        this.follow(this.collection.end(), nowMs);
        break;
      case 'automatic':
        this.placeAutomatic();
        break;
      case 'tone':
        this.hear(this.options.profile.tones[this.current === 'busy' ? 'busy' : 'congestion']);
        break;
      case 'tone-end':
        this.endCall('normal-clearing', 'The handset was left off the hook.');
        this.enter('howler');
        this.hear(this.options.profile.tones.howler, HOWLER_DBM0);
        this.timers.set('howler-end', nowMs + this.times.howlerMs);
        break;
      case 'howler-end':
        this.enter('lockout');
        this.hear(undefined);
        this.outputs.push({ type: 'abandoned' });
        break;
    }
  }

  private seize(nowMs: number): void {
    const { automatic } = this.options;
    this.digitTaken = false;
    if (automatic?.afterMs === 0) {
      this.placeAutomatic();
      return;
    }
    this.offerDialTone(nowMs);
    if (automatic !== undefined) this.timers.set('automatic', nowMs + automatic.afterMs);
  }

  private offerDialTone(nowMs: number): void {
    this.timers.clearAll();
    this.collection.clear();
    this.enter('dial-tone');
    this.hearDialTone();
    this.timers.set('first-digit', nowMs + this.times.firstDigitMs);
  }

  private follow(step: CollectionStep, nowMs: number): void {
    this.timers.clear('inter-digit');
    if (step.type === 'complete') this.place(this.collection.digits);
    else if (step.type === 'impossible') this.refuse('congestion', 0, nowMs);
    else {
      if (!step.dialTone) this.hear(undefined);
      else if (!this.toneOn) this.hearDialTone();
      this.timers.set('inter-digit', nowMs + step.waitMs);
    }
  }

  private place(number: string): void {
    this.timers.clearAll();
    this.hotLine.end();
    this.hear(undefined);
    this.role = 'caller';
    this.enter('calling');
    this.outputs.push({ type: 'call', number });
  }

  private placeAutomatic(): void {
    if (this.options.automatic === undefined) return;
    this.place(this.options.automatic.number);
    this.hotLine.begin();
  }

  /** An emergency number dialled while a hot line calls counts more than the number that the line calls by itself. */
  private override(digit: string): void {
    const urgent = this.hotLine.add(digit);
    if (urgent === undefined) return;
    this.digitTaken = true;
    this.endCall('normal-clearing', 'An emergency number was dialled on a hot line.');
    this.place(urgent);
  }

  private deliveryOf(caller: CallerId): CallerIdDelivery | undefined {
    const { profile, localTime } = this.options;
    return callerIdDelivery(this.callerIdKind, profile.callerIdDigits, caller, localTime?.());
  }

  private get callerIdKind(): CallerIdKind | undefined {
    const { profile, callerId = profile.callerId } = this.options;
    return callerId === 'none' ? undefined : callerId;
  }

  private get isInCall(): boolean {
    return this.current === 'talking' || this.current === 'held';
  }

  private pickUp(): void {
    this.ringing.trip();
    this.reverse(false);
    this.enter('talking');
    this.outputs.push({ type: 'answered' });
  }

  private hangUp(nowMs: number): void {
    this.endCall('normal-clearing', 'The handset was put down.');
    this.becomeIdle(nowMs);
  }

  /** Tells the switch that the line ends its call, if one stands. */
  private endCall(cause: Cause, reason: string): void {
    if (this.role === undefined) return;
    this.role = undefined;
    this.waiting.end();
    this.outputs.push({ type: 'hangup', cause, reason });
  }

  /** The tone that says why, then the howler, then silence. */
  private refuse(tone: 'busy' | 'congestion', afterMs: number, nowMs: number): void {
    const toneEnd = this.refused ? this.timers.at('tone-end') : undefined;
    this.timers.clearAll();
    this.enter(tone);
    if (afterMs > 0) {
      this.hear(undefined);
      this.timers.set('tone', nowMs + afterMs);
    } else this.hear(this.options.profile.tones[tone]);
    this.timers.set('tone-end', toneEnd ?? nowMs + afterMs + this.times.toneMs);
  }

  private get refused(): boolean {
    return this.current === 'busy' || this.current === 'congestion';
  }

  private get awaitsAnswer(): boolean {
    return this.role === 'caller' && (this.current === 'calling' || this.refused);
  }

  private becomeIdle(nowMs: number): void {
    this.clear();
    this.enter('idle');
    this.lamp?.rest(nowMs);
  }

  private clear(): void {
    this.timers.clearAll();
    this.ringing.clear();
    this.waiting.end();
    this.collection.clear();
    this.digitTaken = false;
    this.hear(undefined);
    this.reverse(false);
  }

  private hearDialTone(): void {
    const { tones } = this.options.profile;
    this.hear(this.stutters ? tones.stutterDial : tones.dial);
  }

  private hear(tone: TonePattern | undefined, dbm0?: number): void {
    if (tone === undefined && !this.toneOn) return;
    this.toneOn = tone !== undefined;
    this.outputs.push(dbm0 === undefined ? { type: 'hear', tone } : { type: 'hear', tone, dbm0 });
  }

  private reverse(reversed: boolean): void {
    if (reversed === this.reversed) return;
    this.reversed = reversed;
    this.command({ type: 'polarity', reversed });
  }

  private command(command: LineCommand): void {
    this.outputs.push({ type: 'line', command });
  }

  private enter(state: LineState): void {
    if (state === this.current) return;
    if (this.current === 'idle') this.lamp?.leave();
    this.current = state;
    this.outputs.push({ type: 'state', state });
  }
}
