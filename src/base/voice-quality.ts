import { round } from './round.ts';

/**
 * What a listener would say of a G.711 leg, estimated from what the network does to it: the E-model of ITU-T G.107 with
 * its default values, the G.711 constants of G.113 (Ie 0, Bpl 4.3 without loss concealment), random loss.
 */
export interface LegConditions {
  /** 0…100. */
  readonly lossPct: number;
  /** One way, mouth to ear, ms: network, packets and playout. */
  readonly delayMs: number;
}

/** R without impairments, at the default noise levels. [G.107 table 2] */
const BASE_R = 93.2;
/** Loss robustness of G.711 without concealment. [G.113 table I.3] */
const LOSS_ROBUSTNESS = 4.3;

/** The transmission rating factor R, 0…93.2. [G.107 §7.1] */
export function estimateRating({ lossPct, delayMs }: LegConditions): number {
  const lossImpairment = (95 * lossPct) / (lossPct + LOSS_ROBUSTNESS);
  const delayImpairment = 0.024 * delayMs + (delayMs > 177.3 ? 0.11 * (delayMs - 177.3) : 0);
  return Math.max(0, BASE_R - lossImpairment - delayImpairment);
}

/** Mean opinion score, 1…4.5, rounded to one decimal. [G.107 annex B] */
export function estimateMos(conditions: LegConditions): number {
  const r = estimateRating(conditions);
  const mos = 1 + 0.035 * r + r * (r - 60) * (100 - r) * 7e-6;
  return round(Math.min(4.5, Math.max(1, mos)), 1);
}
