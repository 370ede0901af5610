import { expect } from 'vitest';
import { SipLegs } from '../../src/legs/sip-leg.ts';
import type { Call } from '../../src/sip/endpoint.ts';
import type { Leg, LegEvent } from '../../src/switch/leg.ts';
import { FAIR, Network } from '../support/network.ts';
import { office, phone, SipSwitch } from '../support/sip-world.ts';
import { describeLegContract, type LegHarness } from './leg-contract.ts';

const OFFICE = { ip: '192.0.2.10', port: 5060 };
const PHONE = { ip: '192.0.2.21', port: 5060 };

/** A phone and an office on one simulated network; the far end is whoever holds the phone. */
class SipHarness implements LegHarness {
  private readonly network = new Network(1, { ...FAIR, minDelayMs: 5, maxDelayMs: 5 });
  private readonly office = new SipSwitch(this.network, OFFICE, 1, { phones: [phone('211')] });
  private readonly phone = new SipSwitch(this.network, PHONE, 2, { trunks: [office(OFFICE, '211')] });
  private readonly told = new Map<Leg, LegEvent[]>();
  private readonly streams = new Set<number>();
  private incoming: Leg | undefined;
  private remote: Call | undefined;
  private readonly legs = new SipLegs(
    (request, nowMs) => this.office.command((endpoint) => endpoint.placeCall(request, nowMs)),
    {
      reserve: (stream) => {
        this.streams.add(stream);
        return { ip: OFFICE.ip, port: 10_000 + 2 * stream };
      },
      agree: ({ stream }) => {
        this.streams.add(stream);
      },
      release: (stream) => {
        this.streams.delete(stream);
      },
      playDigit: () => {},
      requestPicture: () => {},
    },
    { contextOf: () => 'office', numberOf: () => '211', isTelephone: () => true, dialClassOf: () => undefined },
  );

  constructor() {
    this.office.onCall = (call, event, nowMs) => {
      this.legs.handleCallEvent(call, event, nowMs);
      this.drain();
    };
    this.phone.onCall = (call, event, nowMs) => {
      if (event.type !== 'incoming') return;
      this.remote = call;
      call.ringing(nowMs);
    };
    this.network.runFor(1_000);
  }

  readonly farEnd = {
    answer: () => this.atPhone((call, nowMs) => call.answer(nowMs)),
    hangup: () => this.atPhone((call, nowMs) => call.hangup('normal-clearing', nowMs)),
    digit: (digit: string) => {
      // As the media plane tells it: both sides have telephone events.
      if (this.remote?.state !== 'up') return;
      for (const stream of this.streams) this.legs.handleMedia({ type: 'digit-end', stream, digit, durationMs: 100 });
      this.drain();
    },
  };

  get nowMs(): number {
    return this.network.nowMs;
  }

  advance(ms: number): void {
    this.office.host.drain();
    this.phone.host.drain();
    this.network.runFor(ms);
    this.drain();
  }

  dial(): Leg {
    const stream = this.office.streams.next();
    const caller = { number: '201', name: 'Front' };
    const leg = this.legs.dial({ technology: 'sip', resource: '211', caller, stream }, this.nowMs);
    if ('failed' in leg) throw new Error(leg.reason);
    this.advance(100);
    return leg;
  }

  callIn(): Leg {
    this.remote = this.phone.dial('office', '201');
    this.advance(100);
    return this.incoming!;
  }

  events(leg: Leg): readonly LegEvent[] {
    return this.told.get(leg) ?? [];
  }

  expectEmpty(): void {
    this.network.runFor(200_000);
    expect(this.office.endpoint.load).toEqual({ calls: 0, dialogs: 0, subscriptions: 0, transactions: 0 });
    expect(this.legs.size).toBe(0);
    expect(this.streams.size).toBe(0);
  }

  private atPhone(act: (call: Call, nowMs: number) => void): void {
    const { remote } = this;
    if (remote === undefined) return;
    this.phone.with(remote, act);
    this.advance(20);
  }

  private drain(): void {
    for (let output = this.legs.poll(); output !== undefined; output = this.legs.poll()) {
      if (output.type === 'incoming') this.incoming = output.call.leg;
      else this.told.set(output.leg, [...this.events(output.leg), output.event]);
    }
  }
}

describeLegContract('a SIP call', () => new SipHarness());
