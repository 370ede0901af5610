import { describe, expect, it } from 'vitest';
import { LossBursts, type LossPattern } from '../../../src/media/loss-bursts.ts';

/** `.` came, `x` was lost. */
function patternOf(packets: string): LossPattern {
  const bursts = new LossBursts();
  for (const packet of packets) bursts.note(packet === '.');
  return bursts.pattern;
}

const FAR_APART = '.'.repeat(16);

describe('bursts of loss [RFC3611 §4.7.2]', () => {
  it('are none while nothing is lost', () => {
    expect(patternOf('.'.repeat(50))).toEqual({ burstDensity: 0, gapDensity: 0, burstPackets: 0, gapPackets: 50 });
    expect(patternOf('')).toEqual({ burstDensity: 0, gapDensity: 0, burstPackets: 0, gapPackets: 0 });
  });

  it('are none where sixteen packets come between one loss and the next', () => {
    const packets = `${FAR_APART}x${FAR_APART}x${FAR_APART}`;
    expect(patternOf(packets)).toEqual({ burstDensity: 0, gapDensity: 2 / 50, burstPackets: 0, gapPackets: 50 });
  });

  it('begin and end with a lost packet, and have fewer than sixteen that came between two', () => {
    const packets = `${FAR_APART}x${'.'.repeat(15)}xx${FAR_APART}x${FAR_APART}`;
    expect(patternOf(packets)).toEqual({ burstDensity: 3 / 18, gapDensity: 1 / 49, burstPackets: 18, gapPackets: 49 });
  });

  it('have a mean length', () => {
    const packets = `xx${FAR_APART}xxxx${FAR_APART}`;
    expect(patternOf(packets)).toEqual({ burstDensity: 1, gapDensity: 0, burstPackets: 3, gapPackets: 16 });
  });
});
