import { expect } from 'vitest';
import type { LegRecord } from '../../../src/switch/call-record.ts';
import type { CallChange, CallView } from '../../../src/switch/call-register.ts';
import type { DialFailure, DialRequest, Leg, LegEvent, Technology } from '../../../src/switch/leg.ts';
import type { ForwardCase } from '../../../src/switch/telephone-orders.ts';
import type { FakeLeg } from './fakes.ts';
import { NUMBERS, Office, PARKING } from './office.ts';

const DIALPLAN = `${NUMBERS}${PARKING}
exten => 220,1,Dial(LINE/2&SIP/1&SIP/2,20)
exten => 230,1,Dial(LINE/2,20,g)
exten => 230,2,Dial(SIP/1,20)
exten => 555,1,Dial(Local/112@office)
exten => _*8XXX,1,Pickup(\${EXTEN:2})
exten => *72,1,CallForward(always)
exten => _*72X.,1,CallForward(always,\${EXTEN:3})
exten => _*90X.,1,CallForward(busy,\${EXTEN:3})
exten => _*92X.,1,CallForward(noanswer,\${EXTEN:3})
`;

export const TELEPHONES = ['LINE/1', 'LINE/2', 'SIP/1', 'SIP/2'] as const;
export type Telephone = (typeof TELEPHONES)[number];

/** As `expect`, which would take most of the time of ten thousands of looks. */
function must(holds: boolean, what: string): void {
  if (!holds) throw new Error(`It is not so that ${what}.`);
}

/** What is known of a leg beside what it was told. */
interface Known {
  readonly isDialled: boolean;
  isUp: boolean;
}

/** An office that looks after every step whether all is as it must be. */
export class WatchedOffice extends Office {
  /** Telephones that were rung though they were not to be disturbed. */
  readonly disturbed: string[] = [];
  readonly ended: CallChange[] = [];
  private readonly started = new Set<string>();
  private readonly known = new Map<FakeLeg, Known>();
  private readonly emergencies = new Map<string, string>();
  private readonly parked = new Set<string>();
  private readonly outOfOrder = new Set<string>();
  private putDown: string | undefined;

  constructor() {
    super({ text: DIALPLAN });
  }

  /** A line has one call of its own, a SIP phone as many as it likes. */
  isFree(telephone: Telephone): boolean {
    const calls = this.standing.filter((leg) => leg.telephone === telephone).length;
    return calls < (telephone.startsWith('LINE') ? 1 : 3);
  }

  callFrom(telephone: Telephone, number: string): void {
    if (!this.isFree(telephone)) return;
    const technology = telephone.startsWith('LINE') ? 'line' : 'sip';
    const leg = this.call(number, telephone, technology);
    if (number !== '112') return;
    const mine = this.exchange.views().find(({ legs }) => legs[0]?.stream === leg.stream);
    expect(mine, `${telephone} calls 112`).toMatchObject({ to: '112', emergency: true });
    expect(mine?.legs.at(-1)?.channel).toMatch('IAX2/hq');
  }

  override call(number: string, telephone?: string, technology?: Technology): FakeLeg {
    const leg = super.call(number, telephone, technology);
    this.know(leg, false);
    return leg;
  }

  /** That telephone's calls go to `number` in that case. */
  order({ telephone, when, number }: { telephone: Telephone; when: ForwardCase; number: string }): void {
    const { orders } = this.exchange;
    orders.change(telephone, { forward: { ...orders.of(telephone).forward, [when]: number } });
  }

  /** Plugs a telephone out, or in again. */
  unplug(telephone: string): void {
    if (!this.outOfOrder.delete(telephone)) this.outOfOrder.add(telephone);
  }

  /** Whether a leg of that kind, as it stands, may say so. */
  isPossible(leg: FakeLeg, type: LegEvent['type']): boolean {
    const known = this.know(leg, true);
    const isUp = known.isUp || leg.told.includes('answer');
    switch (type) {
      case 'ringing':
      case 'answered':
        return known.isDialled && !isUp;
      case 'forward':
        return known.isDialled && !isUp && leg.technology === 'sip';
      case 'flash':
        return leg.telephone !== undefined && (isUp || !known.isDialled);
      case 'hold':
      case 'unhold':
      case 'transfer':
      case 'transfer-to-leg':
        return isUp && leg.technology !== 'line';
      default:
        return isUp || !known.isDialled;
    }
  }

  override say(leg: FakeLeg, ...events: (LegEvent | LegEvent['type'])[]): void {
    for (const event of events) {
      if (event === 'answered') this.know(leg, true).isUp = true;
      super.say(leg, event);
    }
  }

  override drop(leg: FakeLeg): void {
    this.putDown = leg.telephone;
    super.drop(leg);
    this.putDown = undefined;
  }

  protected override dial(request: DialRequest): Leg | DialFailure {
    const telephone = `${request.technology.toUpperCase()}/${request.resource}`;
    // Whom a telephone holds that is put down may ring it in any case: that is its own call.
    if (this.exchange.orders.of(telephone).doNotDisturb && this.putDown !== telephone) this.disturbed.push(telephone);
    const { forwardedBy = [], forwards = 0 } = request;
    must(forwards <= 5, 'a call is forwarded five times at most');
    must(new Set(forwardedBy).size === forwardedBy.length, 'nobody forwards a call twice');
    if (request.resource === 'hq/112') {
      must(request.emergency !== undefined, 'an emergency number goes out as an emergency call');
      must(request.forwards === undefined, 'no forwarding becomes an emergency call');
    }
    if (this.outOfOrder.has(telephone)) return { failed: 'destination-out-of-order', reason: 'It is unplugged.' };
    return super.dial(request);
  }

  private know(leg: FakeLeg, isDialled: boolean): Known {
    const known = this.known.get(leg) ?? { isDialled, isUp: false };
    this.known.set(leg, known);
    return known;
  }

  /** What must hold after each step. */
  check(): void {
    for (let output = this.exchange.poll(); output !== undefined; output = this.exchange.poll())
      if (output.type === 'call') this.note(output);
    const views = this.exchange.views().filter(({ state }) => state !== 'ending');
    const streams = views.flatMap(({ legs }) => legs.map(({ stream }) => stream));
    must(new Set(streams).size === streams.length, 'a leg is in one call');
    for (const { id, legs, state } of views) {
      must(legs.length > 0, `the call ${id} has a leg`);
      if (state === 'held' && legs.length === 1) this.parked.add(id);
    }
    const { standing } = this;
    for (const leg of standing) {
      this.know(leg, true);
      if (!leg.isToldToGo) this.checkLeg(leg, standing, views);
    }
    for (const view of views) this.checkEmergency(view);
  }

  private checkLeg(leg: FakeLeg, standing: readonly FakeLeg[], views: readonly CallView[]): void {
    const { channel, stream } = leg;
    const mine = callsOf(leg, views);
    must(mine.length > 0 || this.isAlone(leg), `${channel} is in a call`);
    const source = this.media.hears.get(stream);
    const isHeard = source?.kind !== 'stream' || standing.some((one) => one.stream === source.stream);
    must(isHeard, `${channel} hears somebody who is there`);
    const [view] = mine;
    if (mine.length !== 1 || view === undefined) return;
    const isHeld = leg.told.findLast((word) => word === 'hold' || word === 'unhold') === 'hold';
    // Whoever is parked waits on while the telephone that parked it rings.
    const mayWait = view.state === 'held' || (view.state !== 'talking' && this.parked.has(view.id));
    must(mayWait || !isHeld, `${channel} does not wait in a call that is ${view.state}`);
    const other = standing.find((one) => one !== leg && view.legs.some((its) => its.stream === one.stream));
    if (view.state !== 'talking' || view.legs.length !== 2 || other === undefined || other.isToldToGo) return;
    const areApart = callsOf(other, views).length === 1 && view.legs.some((its) => its.stream === stream);
    if (!areApart || this.isAlone(other) || this.isAlone(leg)) return;
    must(source?.kind === 'stream' && source.stream === other.stream, `${channel} hears whom it talks to`);
  }

  /** Behind a flash: a telephone hears dial tone, dials, or hears a refusal. */
  private isAlone(leg: FakeLeg): boolean {
    const kind = this.media.hears.get(leg.stream)?.kind;
    return leg.telephone !== undefined && kind !== 'stream';
  }

  private checkEmergency({ id, to, emergency, legs }: CallView): void {
    if (!emergency) {
      must(!this.emergencies.has(id), 'an emergency call stays one');
      return;
    }
    must(to === '112', 'an emergency call is for its number');
    const caller = legs[0]?.channel ?? '';
    must((this.emergencies.get(id) ?? caller) === caller, 'who called the centre talks to it');
    this.emergencies.set(id, caller);
    for (const { channel } of legs.slice(1)) must(channel.startsWith('IAX2/hq'), 'it goes out by its way');
  }

  private note(change: CallChange): void {
    const { id } = change.view;
    if (change.change === 'started') {
      must(!this.started.has(id), 'a call begins once');
      this.started.add(id);
    }
    const { record } = change;
    if (record === null) return;
    this.ended.push(change);
    must(this.started.delete(id), 'a call ends once, having begun');
    must(isInOrder(record) && record.legs.length > 0, `the record of ${id} is complete`);
    for (const leg of record.legs) {
      const isWithin = leg.startedMs >= record.startedMs && leg.endedMs <= record.endedMs;
      must(isInOrder(leg) && isWithin, `the record of ${id} has ${leg.channel} within its time`);
    }
  }

  /** What must hold once every telephone is down. */
  checkEnd(): void {
    for (const leg of this.legs) if (this.standing.includes(leg)) this.drop(leg);
    this.letGo();
    this.expectEmpty();
    this.check();
    expect(this.started.size, 'every call that began has a record').toBe(0);
    expect(this.disturbed).toEqual([]);
    const records = this.ended.flatMap(({ record }) => record?.legs ?? []);
    for (const leg of this.legs) {
      const mine = records.filter(({ channel }) => channel === leg.channel);
      must(mine.length > 0, `${leg.channel} stands in a record`);
      if (leg.telephone !== undefined) continue;
      const spans = mine.map(({ startedMs, endedMs }) => [startedMs, endedMs] as const).sort(([a], [b]) => a - b);
      for (const [index, [startedMs]] of spans.entries())
        must(index === 0 || startedMs === spans[index - 1]?.[1], `${leg.channel} is in one record at a time`);
    }
  }
}

function callsOf({ channel }: FakeLeg, views: readonly CallView[]): readonly CallView[] {
  return views.filter(({ legs }) => legs.some((one) => one.channel === channel));
}

function isInOrder({
  startedMs,
  answeredMs,
  endedMs,
}: Pick<LegRecord, 'startedMs' | 'answeredMs' | 'endedMs'>): boolean {
  return startedMs <= (answeredMs ?? startedMs) && (answeredMs ?? startedMs) <= endedMs;
}
