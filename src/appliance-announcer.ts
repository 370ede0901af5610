import type { NumberLookup } from './base/digit-collection.ts';
import { earliest } from './base/machine.ts';
import type { Law } from './base/media-port.ts';
import { Speech, spelled, type Word } from './media/speech.ts';
import type { DialFailure, Leg, LegEvent } from './switch/leg.ts';

/** What a handset dials to hear how the box is. */
export const STATUS_NUMBER = '***';

/** The code is there in every context, unless the dialplan has such an extension of its own. */
export function withStatusNumber(found: NumberLookup, digits: string): NumberLookup {
  if (found.exists || digits === '' || !STATUS_NUMBER.startsWith(digits)) return found;
  return digits === STATUS_NUMBER
    ? { ...found, exists: true, canExist: true }
    : { ...found, canExist: true, matchMore: true };
}

/** What is said of a box. */
export interface SpokenStatus {
  readonly version: string;
  /** Addresses of this machine; the first of version 4 is read out. */
  readonly addresses: readonly string[];
  /** Undefined where the branch has no centre. */
  readonly isCentreReached: boolean | undefined;
  readonly isNight: boolean;
  readonly calls: number;
  /** Lines whose handset lies beside the telephone. */
  readonly offHook: readonly number[];
}

export function sentencesOf(status: SpokenStatus): Word[][] {
  const { version, addresses, isCentreReached, isNight, calls, offHook } = status;
  const address = addresses.find((one) => /^\d+\.\d+\.\d+\.\d+$/.test(one));
  return [
    ...(isCentreReached === undefined
      ? []
      : [['head office', isCentreReached ? 'is reached' : 'is not reached'] as Word[]]),
    ['night service', isNight ? 'on' : 'off'],
    [...spelled(String(calls)), 'calls'],
    ...offHook.map((port): Word[] => ['line', ...spelled(String(port)), 'is off the hook']),
    address === undefined ? ['no address'] : ['address', ...spelled(address)],
    ['version', ...spelled(version)],
  ];
}

/** What a phone that is to be adopted must be given, said twice, four digits at a time. */
export function adoptSentences(secret: string): Word[][] {
  const groups = secret.match(/.{1,4}/g) ?? [];
  const once: Word[][] = [['secret'], ...groups.map(spelled)];
  return [['new phone'], ...once, ...once];
}

interface Talk {
  readonly leg: Leg;
  readonly sentences: () => Word[][];
  speech: Speech | undefined;
  endMs: number | undefined;
}

/** A call that rang for the status waits this long for somebody. */
const RING_MS = 20_000;

/**
 * Speaks the status into handsets of lines: into the one that dialled for it, or into one that is rung for it. Such a call
 * is none of the switch's: nobody else is in it.
 */
export class Announcer {
  private readonly talks = new Map<string, Talk>();
  private readonly tellStatus = () => sentencesOf(this.status());

  constructor(
    private readonly law: Law,
    private readonly status: () => SpokenStatus,
  ) {}

  /** Whether a leg is one of those spoken to. */
  handles(leg: Leg): boolean {
    return this.talks.has(leg.channel) && this.talks.get(leg.channel)?.leg === leg;
  }

  /** Answers a caller and speaks. */
  answer(leg: Leg, nowMs: number): void {
    const talk: Talk = { leg, sentences: this.tellStatus, speech: undefined, endMs: undefined };
    this.talks.set(leg.channel, talk);
    leg.answer(nowMs);
    this.speak(talk, nowMs);
  }

  /** Waits for a line that rings to be answered; speaks the status unless told what. */
  ring(leg: Leg | DialFailure, nowMs: number, sentences = this.tellStatus): void {
    if ('failed' in leg) return;
    this.talks.set(leg.channel, { leg, sentences, speech: undefined, endMs: nowMs + RING_MS });
  }

  handleLegEvent(leg: Leg, event: LegEvent, nowMs: number): void {
    const talk = this.talks.get(leg.channel);
    if (talk === undefined) return;
    if (event.type === 'hangup') this.talks.delete(leg.channel);
    else if (event.type === 'answered') this.speak(talk, nowMs);
  }

  /** Lays what is said over what the handset of a line hears. */
  fill(port: number, down: Uint8Array): void {
    if (this.talks.size > 0) this.talks.get(`LINE/${port}`)?.speech?.read(down);
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const { endMs } of this.talks.values()) next = earliest(next, endMs);
    return next;
  }

  handleTimeout(nowMs: number): void {
    for (const { leg, endMs } of [...this.talks.values()])
      if (endMs !== undefined && nowMs >= endMs) leg.hangup('normal-clearing', nowMs);
  }

  private speak(talk: Talk, nowMs: number): void {
    talk.speech = new Speech(talk.sentences(), this.law);
    talk.endMs = nowMs + talk.speech.durationMs;
  }
}
