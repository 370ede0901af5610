import type { StreamStatistics } from '../base/media-port.ts';
import type { InformationElements } from './information-element.ts';

/** What a PONG says about the voice that we receive. [RFC5456 §6.7.3] */
export function qualityReport(counts: StreamStatistics): InformationElements {
  const expected = counts.received + counts.lost;
  const percent = expected === 0 ? 0 : Math.round((100 * counts.lost) / expected);
  return {
    rrJitterMs: Math.round(counts.jitterMs),
    rrLoss: { percent, count: counts.lost },
    rrPackets: counts.received,
    rrDelayMs: Math.round(counts.delayMs),
    rrDropped: counts.dropped,
    rrOutOfOrder: counts.outOfOrder,
  };
}
