import type { StreamStatistics } from '../base/media-port.ts';
import type { InformationElements } from './information-element.ts';

/** What a far end says of the voice that it receives from us, and how long the way there and back is. */
export interface FarReport {
  readonly farLostPct: number;
  readonly farJitterMs: number;
  readonly rttMs?: number;
}

/** The report in a PONG; undefined where it has none. [RFC5456 §6.7.3] */
export function readQualityReport(
  { rrJitterMs, rrLoss }: InformationElements,
  rttMs: number | undefined,
): FarReport | undefined {
  if (rrJitterMs === undefined || rrLoss === undefined) return undefined;
  return { farLostPct: rrLoss.percent, farJitterMs: rrJitterMs, ...(rttMs === undefined ? {} : { rttMs }) };
}

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
