import { expect } from 'vitest';
import type { Call } from '../../src/sip/endpoint.ts';
import { Network, ROUGH, type Weather } from './network.ts';
import { office, phone, SipSwitch } from './sip-world.ts';

const OFFICE = { ip: '192.0.2.10', port: 5060 };
const ONE = { ip: '192.0.2.21', port: 5060 };
const TWO = { ip: '192.0.2.22', port: 5060 };
const THREE = { ip: '192.0.2.23', port: 5060 };
export const SEEDS = 200;
/** A fifth is lost, some come twice, and they overtake each other. */
export const STORM: Weather = { loss: 0.2, duplication: 0.1, minDelayMs: 5, maxDelayMs: 200 };

export interface World {
  readonly seed: number;
  readonly network: Network;
  readonly centre: SipSwitch;
  readonly one: SipSwitch;
  readonly two: SipSwitch;
}

export interface WorldOfThree extends World {
  /** Whom a call is transferred to. */
  readonly three: SipSwitch;
}

export interface Flow<Of extends World = World> {
  readonly name: string;
  /** True where it went as in fair weather. */
  readonly run: (world: Of) => boolean;
}

/** A phone that waits as long as the RFC has it. */
const PATIENT = { setupTimeoutMs: 32_000, register: { expiresS: 3_600 } };

/** An office with two phones, registered in fair weather before the storm begins. */
export function world(seed: number, weather: Weather): World {
  const network = new Network(seed, ROUGH);
  const centre = new SipSwitch(network, OFFICE, seed * 3, { phones: [phone('211'), phone('212'), phone('213')] });
  const one = new SipSwitch(network, ONE, seed * 3 + 1, { trunks: [office(OFFICE, '211', PATIENT)] });
  const two = new SipSwitch(network, TWO, seed * 3 + 2, { trunks: [office(OFFICE, '212', PATIENT)] });
  network.runFor(5_000);
  network.weather = weather;
  return { seed, network, centre, one, two };
}

/** `user`: who the third phone is; `212`: another contact of the second one's user. */
export function worldOfThree(seed: number, weather: Weather, user: '212' | '213' = '213'): WorldOfThree {
  const all = world(seed, ROUGH);
  const { network } = all;
  const three = new SipSwitch(network, THREE, seed * 3 + 1_000, { trunks: [office(OFFICE, user, PATIENT)] });
  network.runFor(5_000);
  network.weather = weather;
  return { ...all, three };
}

/** Goes as planned in fair weather and in most of `SEEDS` storms; whatever happens in them, nothing is left. */
export function expectFlow<Of extends World>(
  run: Flow<Of>['run'],
  make: (seed: number, weather: Weather) => Of,
  leastShare: number,
): void {
  const isAsPlanned = (seed: number, weather: Weather): boolean => {
    const all = make(seed, weather);
    bridge(all.centre);
    const result = run(all);
    expectEmpty(all);
    return result;
  };
  expect(isAsPlanned(1, ROUGH)).toBe(true);
  let asPlanned = 0;
  for (let seed = 1; seed <= SEEDS; seed++) if (isAsPlanned(seed, STORM)) asPlanned++;
  expect(asPlanned).toBeGreaterThan(SEEDS * leastShare);
}

/** Nothing is left of any call: no dialog, no transaction, no media; then the registrations go, too. */
export function expectEmpty({ seed, network, centre, one, two, ...more }: World | WorldOfThree): void {
  const phones = 'three' in more ? [one, two, more.three] : [one, two];
  network.runFor(700_000);
  for (const station of [centre, ...phones]) {
    expect(station.endpoint.load, `seed ${seed}`).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
    expect([...station.media], `seed ${seed}`).toEqual([]);
    for (const [call, events] of station.events) {
      expect(events.filter(({ type }) => type === 'hangup').length, `seed ${seed}, call ${call.id}`).toBe(1);
      expect(events.at(-1)?.type, `seed ${seed}`).toBe('hangup');
    }
  }
  for (const station of phones) station.command((endpoint, nowMs) => endpoint.stop(nowMs));
  network.runFor(3_700_000);
  for (const station of [centre, ...phones]) {
    expect(station.endpoint.nextDeadline(), `seed ${seed}`).toBeUndefined();
    expect(station.endpoint.isIdle, `seed ${seed}`).toBe(true);
  }
}

/**
 * The switch in small: a call that comes in goes on to the other phone, and what one leg says the other is told. Who is
 * transferred is joined with the new party when that answers, and whoever transfers him leaves.
 */
export function bridge(centre: SipSwitch): void {
  const other = new Map<Call, Call>();
  /** By the leg to the new party: who is transferred, and by whom. */
  const transfers = new Map<Call, { readonly who: Call; readonly by: Call }>();
  centre.onCall = (call, event, nowMs) => {
    if (event.type === 'incoming') {
      const user = event.request.peer === '211' ? '212' : '211';
      if (centre.endpoint.bindingsOf(user).length === 0) {
        call.hangup('destination-out-of-order', nowMs);
        return;
      }
      const out = centre.dial(user, user);
      other.set(call, out).set(out, call);
      return;
    }
    const transfer = transfers.get(call);
    if (transfer !== undefined) {
      const { who, by } = transfer;
      if (event.type === 'ringing') by.reportTransfer(180, nowMs);
      else if (event.type === 'hangup') {
        transfers.delete(call);
        by.reportTransfer(event.cause === 'user-busy' ? 486 : 480, nowMs);
      } else if (event.type === 'answered') {
        transfers.delete(call);
        by.reportTransfer(200, nowMs);
        other.delete(by);
        other.set(who, call).set(call, who);
        by.hangup('normal-clearing', nowMs);
        if (who.state === 'gone' || who.state === 'ending') call.hangup('normal-clearing', nowMs);
      }
      return;
    }
    const far = other.get(call);
    if (far === undefined) return;
    if (event.type === 'ringing') far.ringing(nowMs);
    else if (event.type === 'progress') far.progress(nowMs);
    else if (event.type === 'answered') far.answer(nowMs);
    else if (event.type === 'hold') far.hold(nowMs);
    else if (event.type === 'unhold') far.unhold(nowMs);
    else if (event.type === 'transfer') transfers.set(centre.dial(event.number, event.number), { who: far, by: call });
    else if (event.type === 'hangup') {
      far.hangup(event.cause, nowMs);
      for (const [target, { who, by }] of transfers)
        if (who === call || by === call) target.hangup('normal-clearing', nowMs);
    }
  };
}

/** A phone that rings and is answered after so long. */
export function answerAfter(station: SipSwitch, delayMs: number): void {
  station.onCall = (call, event, nowMs) => {
    if (event.type !== 'incoming') return;
    call.ringing(nowMs);
    if (delayMs === 0) call.answer(nowMs);
    else station.later(delayMs, () => station.with(call, (leg, atMs) => leg.answer(atMs)));
  };
}
