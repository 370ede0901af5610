import { expect } from 'vitest';
import type { Leg, LegEvent } from '../../src/switch/leg.ts';
import { LineBench } from '../unit/legs/line-bench.ts';
import { describeLegContract, type LegHarness } from './leg-contract.ts';

/** A line of its own clock; the far end is whoever holds the handset. */
class LineHarness implements LegHarness {
  private readonly bench = new LineBench();

  readonly farEnd = {
    answer: () => this.bench.hook(1, 'off'),
    hangup: () => this.bench.hook(1, 'on'),
    digit: (digit: string) => this.bench.digit(1, digit),
  };

  get nowMs(): number {
    return this.bench.nowMs;
  }

  advance(ms: number): void {
    this.bench.advance(ms);
  }

  dial(): Leg {
    this.bench.hook(1, 'on');
    const leg = this.bench.dial('1');
    if ('failed' in leg) throw new Error(leg.reason);
    return leg;
  }

  callIn(): Leg {
    return this.bench.callFrom(1, '201');
  }

  events(leg: Leg): readonly LegEvent[] {
    return this.bench.eventsOf(leg);
  }

  expectEmpty(): void {
    this.bench.hook(1, 'on');
    this.bench.advance(0);
    expect(this.bench.lines.nextDeadline()).toBeUndefined();
    expect(this.bench.media.streams.size).toBe(0);
  }
}

describeLegContract('a line', () => new LineHarness());
