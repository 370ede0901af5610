import { isToken, parseDecimal } from './grammar.ts';
import { type Malformed, malformed } from './malformed.ts';

/** [RFC3261 §20.16] */
export interface CSeq {
  /** Below 2³¹. */
  readonly number: number;
  readonly method: string;
}

const MAX = 2 ** 31 - 1;

export function parseCSeq(text: string): CSeq | Malformed {
  const [, digits, method] = /^(\d+)\s+(\S+)$/.exec(text.trim()) ?? [];
  const number = digits === undefined ? undefined : parseDecimal(digits, MAX);
  return number === undefined || !isToken(method!) ? malformed('cseq') : { number, method: method! };
}

export function formatCSeq({ number, method }: CSeq): string {
  return `${number} ${method}`;
}
