import { expect } from 'vitest';
import type { TownLineEvent } from '../../src/base/line-port.ts';
import { StreamIds } from '../../src/base/media-port.ts';
import { LineLegs, type LineLegsOutput } from '../../src/legs/line-leg.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import type { IncomingCall, Leg, LegEvent } from '../../src/switch/leg.ts';
import { LineMedia } from '../unit/legs/line-bench.ts';
import { numbers } from '../unit/lines/numbers.ts';
import { describeLegContract, type LegHarness } from './leg-contract.ts';

/** A town line of its own clock; the far end is the exchange, which supervises by polarity and interruptions. */
class TownLineHarness implements LegHarness {
  nowMs = 1_000;
  private readonly media = new LineMedia();
  private readonly streams = new StreamIds();
  private readonly lines = new LineLegs({
    lines: [],
    townLines: [{ port: 4, name: 'Town', context: 'town' }],
    profile: countryProfile('fr')!,
    lookUp: numbers([]),
    media: this.media,
    streams: this.streams,
    wallClock: () => this.nowMs,
  });
  private readonly told = new Map<string, LegEvent[]>();
  private readonly calls: IncomingCall[] = [];
  private loopClosed = false;

  constructor() {
    const ports = [{ port: 4, kind: 'fxo' }] as const;
    this.lines.handleHat({ type: 'hello', bootId: 1, board: 'test', ports }, this.nowMs);
    this.drain();
  }

  readonly farEnd = {
    answer: () => {
      // The exchange gives dial tone and takes the number before anybody answers.
      this.advance(400);
      this.media4({ type: 'progress-tone', tone: 'dial' });
      this.advance(1_000);
      this.town({ type: 'polarity', reversed: true });
    },
    hangup: () => {
      if (this.loopClosed) this.town({ type: 'loop-break', ms: 500 });
      this.town({ type: 'polarity', reversed: false });
      if (!this.loopClosed) this.advance(9_000);
    },
    digit: (digit: string) => this.media4({ type: 'digit-end', digit, durationMs: 80 }),
  };

  advance(ms: number): void {
    const end = this.nowMs + ms;
    for (let next = this.lines.nextDeadline(); next !== undefined && next <= end; next = this.lines.nextDeadline()) {
      this.nowMs = Math.max(this.nowMs, next);
      this.lines.handleTimeout(this.nowMs);
      this.drain();
    }
    this.nowMs = end;
    this.drain();
  }

  dial(): Leg {
    const caller = { number: '201', name: 'Desk' };
    const leg = this.lines.dial(
      { technology: 'line', resource: '4/12', caller, stream: this.streams.next() },
      this.nowMs,
    );
    if ('failed' in leg) throw new Error(leg.reason);
    this.drain();
    return leg;
  }

  callIn(): Leg {
    this.advance(2_000);
    this.town({ type: 'ringing', on: true });
    this.advance(4_000);
    return this.calls.pop()!.leg;
  }

  events(leg: Leg): readonly LegEvent[] {
    this.drain();
    return this.told.get(leg.id) ?? [];
  }

  expectEmpty(): void {
    this.town({ type: 'polarity', reversed: false });
    this.advance(20_000);
    expect(this.lines.nextDeadline()).toBeUndefined();
    expect(this.media.streams.size).toBe(0);
  }

  private town(event: TownLineEvent): void {
    this.lines.handleHat({ type: 'town-line', port: 4, event, mediaTs: 0 }, this.nowMs);
    this.drain();
  }

  private media4(
    event:
      | { readonly type: 'progress-tone'; readonly tone: 'dial' }
      | { readonly type: 'digit-end'; readonly digit: string; readonly durationMs: number },
  ): void {
    const [stream] = this.media.streams.keys();
    if (stream !== undefined) this.lines.handleMedia({ ...event, stream }, this.nowMs);
    this.drain();
  }

  private drain(): void {
    for (let output: LineLegsOutput | undefined = this.lines.poll(); output !== undefined; output = this.lines.poll()) {
      if (output.type === 'incoming') this.calls.push(output.call);
      if (output.type === 'leg') this.told.set(output.leg.id, [...(this.told.get(output.leg.id) ?? []), output.event]);
      if (output.type === 'hat' && output.command.type === 'town-line' && output.command.command.type === 'loop')
        this.loopClosed = output.command.command.closed;
    }
  }
}

describeLegContract('a town line', () => new TownLineHarness());
