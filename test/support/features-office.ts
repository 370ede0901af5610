import { expect } from 'vitest';
import type { Call } from '../../src/sip/endpoint.ts';
import { Site, type SiteOptions } from './branch-world.ts';
import { FAIR, Network } from './network.ts';
import { office, phone, SipSwitch } from './sip-world.ts';

const BRANCH = { ip: '192.0.2.20', port: 5060 };
const DESK = { ip: '192.0.2.31', port: 5060 };
const DOOR = { ip: '192.0.2.32', port: 5060 };

/** Three telephones on copper (201, 202, 203) and two that speak SIP (211, 212), in one office. */
export function featuresOffice(dialplan: string, options: Partial<SiteOptions> = {}) {
  const network = new Network(7, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  const phones = ['211', '212'].map((user) => ({
    ...phone(user),
    extension: user,
    name: `Phone ${user}`,
    callerId: { number: user, name: `Phone ${user}` },
  }));
  const site = new Site(network, {
    ...{ address: BRANCH, seed: 3, peers: [], extensions: ['201', '202', '203'], dialplan },
    sip: { phones, trunks: [] },
    ...options,
  });
  const desk = new SipSwitch(network, DESK, 11, { trunks: [office(BRANCH, '211')] });
  const door = new SipSwitch(network, DOOR, 12, { trunks: [office(BRANCH, '212')] });
  for (const station of [desk, door])
    station.onCall = (call, event, nowMs) => event.type === 'incoming' && call.ringing(nowMs);
  network.runFor(3_000);
  const until = (what: string, condition: () => boolean, boundMs = 10_000) => {
    const endMs = network.nowMs + boundMs;
    while (!condition() && network.nowMs < endMs) network.runFor(20);
    expect(condition(), `${what} within ${boundMs} ms`).toBe(true);
  };
  const state = (port: number) => site.lineState(port);
  /** Dials a code at a line and puts the handset down once it was confirmed. */
  const order = (port: number, code: string) => {
    site.dial(port, code);
    until(`${code} is confirmed`, () => state(port) === 'talking', 12_000);
    network.runFor(1_000);
    site.hangUp(port);
    until('the line rests', () => state(port) === 'idle');
  };
  /** The same at a SIP phone. */
  const orderAt = (station: SipSwitch, code: string) => {
    const call = station.dial('office', code);
    until(`${code} is confirmed`, () => call.state === 'up');
    station.with(call, (it, nowMs) => it.hangup('normal-clearing', nowMs));
    network.runFor(500);
  };
  const answer = (station: SipSwitch): Call => {
    const call = station.incoming.at(-1)!;
    station.with(call, (it, nowMs) => it.answer(nowMs));
    network.runFor(500);
    return call;
  };
  const end = (station: SipSwitch, call: Call) => {
    station.with(call, (it, nowMs) => it.hangup('normal-clearing', nowMs));
    network.runFor(500);
  };
  /** The emergency centre calls back the telephone that has called it, over the town line 4. */
  const callBackFromCentre = (port: number) => {
    site.dial(port, '112');
    until('it is placed', () => site.happened.includes('placed'), 20_000);
    network.runFor(5_000);
    site.exchange(4).answer();
    until('it is connected', () => site.happened.includes('connected'), 30_000);
    site.hangUp(port);
    network.runFor(5_000);
    site.exchange(4).clear();
    network.runFor(10_000);
    site.exchange(4).ring('0400000000');
    until('the telephone rings', () => state(port) === 'ringing');
  };
  /** Every telephone is put down: nothing of any call is left. */
  const expectEmpty = () => {
    for (const port of [1, 2, 3]) site.hangUp(port);
    network.runFor(60_000);
    for (const { endpoint } of [desk, door]) expect(endpoint.load.calls).toBe(0);
    expect(site.appliance.calls()).toEqual([]);
    expect([...site.rtpPorts]).toEqual([]);
    expect(site.appliance.plane.nextDeadline()).toBeUndefined();
  };
  return { network, site, desk, door, until, state, order, orderAt, answer, end, callBackFromCentre, expectEmpty };
}
