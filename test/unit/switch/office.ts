import { expect } from 'vitest';
import type { LookUpNumber } from '../../../src/base/digit-collection.ts';
import { silentLog } from '../../../src/base/log.ts';
import { type StreamId, StreamIds } from '../../../src/base/media-port.ts';
import { SeededRandom } from '../../../src/base/random.ts';
import { NumberingPlan } from '../../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../../src/dialplan/parse.ts';
import { EmergencyPlan } from '../../../src/emergency/plan.ts';
import type { DialFailure, DialRequest, Leg, LegEvent, Party, Technology } from '../../../src/switch/leg.ts';
import { Switch } from '../../../src/switch/switch.ts';
import { FakeLeg, hungUp, RecordingMedia, TONES } from './fakes.ts';

/** What every office dials: its telephones, and head office. */
export const NUMBERS = `
[office]
exten => 201,1,Dial(LINE/1,20)
exten => 202,1,Dial(LINE/2,20)
exten => 211,1,Dial(SIP/1,20)
exten => 212,1,Dial(SIP/2,20)
exten => *8,1,Pickup()
exten => _7XXX,1,Dial(IAX2/hq/\${EXTEN:1},30)
`;
/** Of an office that parks: 809 goes to line 2 where there is no slot. */
export const PARKING = `exten => 800,1,Park()
exten => 8000,1,ParkedCall()
exten => _800Z,1,ParkedCall(\${EXTEN:3})
exten => 809,1,Park()
exten => 809,2,Dial(LINE/2,20)
exten => *78,1,DoNotDisturb()
`;
const DIALPLAN = `${NUMBERS}
exten => _00.,1,Dial(IAX2/hq/\${EXTEN})
[town]
exten => s,1,Dial(LINE/1,20)
`;
/** By extension. */
const TELEPHONES: Readonly<Record<string, string[]>> = {
  '201': ['LINE/1'],
  '202': ['LINE/2'],
  '211': ['SIP/1'],
  '212': ['SIP/2'],
};

const extensionOf = (telephone: string) =>
  Object.keys(TELEPHONES).find((extension) => TELEPHONES[extension]?.includes(telephone)) ?? '';

/** A telephone's leg; with a display of waiting calls, if it is a line. */
class TelephoneLeg extends FakeLeg {
  announceWaiting(caller: Party | undefined): void {
    this.told.push(caller === undefined ? 'nobody waits' : `${caller.number} waits`);
  }
}

/** An office with two lines, a SIP phone and a way to head office; the test is every far end. */
export class Office {
  nowMs = 0;
  readonly media = new RecordingMedia();
  readonly streams = new StreamIds();
  readonly legs: FakeLeg[] = [];
  /** What was dialled, in order. */
  readonly requests: DialRequest[] = [];
  private readonly busy = new Set<string>();
  readonly exchange: Switch;

  constructor({ flash = 'features' as 'features' | 'pass', callWaiting = true, text = DIALPLAN } = {}) {
    const { dialplan } = parseDialplan(text);
    const lookUp: LookUpNumber = (context, digits) => ({
      ...dialplan.lookup(context, digits, { clock: { nowMs: () => 0, utcOffsetMinutes: () => 0 } }),
      ...(digits === '112' ? { exists: true, matchMore: false } : {}),
    });
    this.exchange = new Switch({
      dialplan,
      environment: {
        clock: { nowMs: () => 1_763_845_200_000, utcOffsetMinutes: () => 0 },
        random: new SeededRandom(1),
        globals: new Map(),
        devices: (extension) => TELEPHONES[extension] ?? [],
        deviceState: () => 'NOT_INUSE',
        night: () => false,
      },
      media: this.media,
      streams: this.streams,
      diallers: new Map(
        (['line', 'sip', 'iax2'] as const).map((technology) => [technology, { dial: (it) => this.dial(it) }]),
      ),
      tones: TONES,
      emergency: new EmergencyPlan({
        country: 'fr',
        numbers: [],
        townLines: [],
        via: [{ channel: 'IAX2/hq' }],
        otherTrunks: [],
        notify: [],
      }),
      numbering: new NumberingPlan('fr'),
      telephones: {
        settingsOf: (telephone) => ({
          context: 'office',
          caller: { number: extensionOf(telephone), name: '' },
          flash,
          callWaiting,
        }),
        lookUp,
      },
      others: { ask: () => false },
      wallClock: () => 1_763_845_200_000,
      log: silentLog,
    });
  }

  protected dial(request: DialRequest): Leg | DialFailure {
    const { technology, resource, stream } = request;
    this.requests.push(request);
    const telephone = technology === 'iax2' ? undefined : `${technology.toUpperCase()}/${resource}`;
    // A SIP phone has as many calls as it likes.
    if (technology === 'line' && this.busy.has(telephone ?? ''))
      return { failed: 'user-busy', reason: 'It is in use.' };
    return this.made(technology, `${technology.toUpperCase()}/${resource}`, telephone, stream);
  }

  private made(technology: Technology, channel: string, telephone: string | undefined, stream: StreamId): FakeLeg {
    const Kind = technology === 'line' ? TelephoneLeg : FakeLeg;
    const leg = new Kind(`${channel}#${this.legs.length}`, stream, technology, telephone);
    if (telephone !== undefined) this.busy.add(telephone);
    this.legs.push(leg);
    return leg;
  }

  /** Somebody calls `number`: line 1 unless told. */
  call(number: string, telephone = 'LINE/1', technology: Technology = 'line', context = 'office'): FakeLeg {
    const leg = this.made(technology, telephone, technology === 'iax2' ? undefined : telephone, this.streams.next());
    this.exchange.handleIncoming({ leg, context, number, caller: { number: '999', name: '' } }, this.nowMs);
    return leg;
  }

  /** The leg that was dialled last. */
  get last(): FakeLeg {
    return this.legs.at(-1)!;
  }

  say(leg: FakeLeg, ...events: (LegEvent | LegEvent['type'])[]): void {
    for (const event of events)
      this.exchange.handleLegEvent(leg, typeof event === 'string' ? ({ type: event } as LegEvent) : event, this.nowMs);
  }

  dialOn(leg: FakeLeg, digits: string): void {
    for (const digit of digits) this.say(leg, { type: 'digit', digit, durationMs: 80 });
  }

  /** The far end of a leg hangs up; a telephone is free again. */
  hangUp(leg: FakeLeg): void {
    if (leg.telephone !== undefined) this.busy.delete(leg.telephone);
    this.say(leg, hungUp('normal-clearing'));
  }

  private readonly gone = new Set<FakeLeg>();

  /** Those that have not said their hangup. */
  get standing(): FakeLeg[] {
    return this.legs.filter((leg) => !this.gone.has(leg));
  }

  /** As `hangUp`; the leg stands no more. */
  drop(leg: FakeLeg): void {
    this.gone.add(leg);
    this.hangUp(leg);
  }

  /** Legs that were told to hang up do so. */
  letGo(): void {
    for (const leg of this.standing) if (leg.isToldToGo && !this.gone.has(leg)) this.drop(leg);
  }

  wait(ms: number): void {
    for (const endMs = this.nowMs + ms; this.nowMs < endMs; ) {
      this.nowMs = Math.min(endMs, this.nowMs + 500);
      this.exchange.handleTimeout(this.nowMs);
      this.letGo();
    }
  }

  /** Line 1 talks to head office. */
  talk(): [phone: FakeLeg, hq: FakeLeg] {
    const phone = this.call('7123');
    const hq = this.last;
    this.say(hq, 'answered');
    return [phone, hq];
  }

  /** …and holds it, and talks to line 2. */
  consult(): [phone: FakeLeg, hq: FakeLeg, second: FakeLeg] {
    const [phone, hq] = this.talk();
    this.say(phone, 'flash');
    this.dialOn(phone, '202');
    const second = this.last;
    this.say(second, 'ringing', 'answered');
    return [phone, hq, second];
  }

  heard(leg: FakeLeg): string {
    const source = this.media.hears.get(leg.stream);
    if (source?.kind === 'stream')
      return this.legs.find(({ stream }) => stream === source.stream)?.channel.split('#')[0] ?? 'a stranger';
    if (source?.kind !== 'tone') return source?.kind ?? 'nothing';
    return Object.entries(TONES).find(([, pattern]) => pattern === source.pattern)?.[0] ?? 'hold';
  }

  get states(): string[] {
    return this.exchange.views().map(({ to, state }) => `${to} ${state}`);
  }

  /** Of each call the channels of its legs, as users are told of them. */
  get channels(): string[][] {
    return this.exchange.views().map(({ legs }) => legs.map(({ channel }) => channel));
  }

  expectEmpty(): void {
    for (const leg of this.legs) this.hangUp(leg);
    expect(this.exchange.size).toBe(0);
    expect(this.exchange.nextDeadline()).toBeUndefined();
  }
}
