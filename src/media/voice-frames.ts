import { formatOf } from '../iax2/media-format.ts';
import { lawOfFormat } from './g711-format.ts';

const G722 = formatOf('g722');
const G726 = formatOf('g726');
const G729 = formatOf('g729');
const GSM = formatOf('gsm');
const ILBC = formatOf('ilbc');
const SLIN = formatOf('slin');

/** What a packet has of a codec that does not show how long it is. */
const USUAL_MS = 20;

/**
 * How long so many bytes of an IAX2 format last, ms. Of codecs of whole frames the frames count: what stands behind the last
 * one is comfort noise. [RFC3551 §4.5] [RFC3952 §3]
 */
export function durationMsOf(format: number, length: number): number {
  if (lawOfFormat(format) !== undefined) return length / 8;
  switch (format) {
    case G722:
      return length / 8;
    case G726:
      return length / 4;
    case SLIN:
      return length / 16;
    case GSM:
      return Math.max(1, Math.floor(length / 33)) * 20;
    case G729:
      return Math.max(1, Math.floor(length / 10)) * 10;
    case ILBC:
      return length % 50 === 0 ? (length / 50) * 30 : Math.max(1, Math.floor(length / 38)) * 20;
    default:
      return USUAL_MS;
  }
}
