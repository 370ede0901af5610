import { NANP_ABROAD, NUMBERING_TABLE, type NumberingRow } from './numbering-table.ts';

/** What a telephone may dial: nothing beyond its class. Each class has those before it in it. */
export type DialClass = 'local' | 'national' | 'international';

const ORDER: readonly DialClass[] = ['local', 'national', 'international'];

/** Whether a telephone of class `held` may dial what needs `needed`; without a class it may dial everything. */
export function permits(held: DialClass | undefined, needed: DialClass): boolean {
  return held === undefined || ORDER.indexOf(needed) <= ORDER.indexOf(held);
}

/** What remains to somebody who acts for two parties. */
export function stricter(a: DialClass | undefined, b: DialClass | undefined): DialClass | undefined {
  return a === undefined || (b !== undefined && permits(a, b)) ? b : a;
}

function wider(a: DialClass, b: DialClass): DialClass {
  return permits(a, b) ? a : b;
}

/** Shorter numbers are extensions and short codes, whatever they begin with: nobody's number abroad has so few digits. */
const SHORTEST_FAR_NUMBER = 6;

/** Says how far away a number is, from how the public network of a country is dialled. Immutable. */
export class NumberingPlan {
  private readonly row: NumberingRow;

  /**
   * @param country - ISO code, lower case; one that the table does not have counts as the United States.
   * @param localNumbers - Beginnings of numbers that are local although they are dialled like national ones: `0472`.
   */
  constructor(
    country: string,
    private readonly localNumbers: readonly string[] = [],
  ) {
    this.row = NUMBERING_TABLE[country as keyof typeof NUMBERING_TABLE] ?? NUMBERING_TABLE.us;
  }

  /**
   * The class that dialling `number` takes.
   *
   * @param isOverlap - An exchange listens that goes on listening to whoever talks there: digits that could still become
   * a number abroad count as one, and so does a code such as *21, behind which it takes numbers.
   */
  classOf(number: string, { isOverlap = false }: { readonly isOverlap?: boolean } = {}): DialClass {
    if (isOverlap && /[*#]/.test(number)) return 'international';
    let found: DialClass = 'local';
    // *21*0033…# forwards calls: what stands in it counts like a number that is dialled; *67 may stand right before one.
    for (const [, star, digits = ''] of number.matchAll(/([*#]?)(\+?[0-9]+)/g)) {
      found = wider(found, this.judge(digits, isOverlap));
      if (star !== '') found = wider(found, this.judge(digits.slice(2), isOverlap));
    }
    return found;
  }

  private judge(dialled: string, isOverlap: boolean): DialClass {
    const { code, carrier, international, national, nationalLength } = this.row;
    if (dialled.startsWith('+')) {
      if (!dialled.startsWith(`+${code}`)) return 'international';
      return this.judgeNational(dialled.slice(1 + code.length), national[0] ?? '', false);
    }
    const digits = carrier === undefined ? dialled : dialled.replace(carrier, '');
    const isFar = isOverlap ? digits !== '' : digits.length >= SHORTEST_FAR_NUMBER;
    const begins = (prefix: string) => digits.startsWith(prefix) || (isOverlap && prefix.startsWith(digits));
    if (isFar && international.some(begins)) return 'international';
    const prefix = isFar ? national.find(begins) : undefined;
    if (prefix !== undefined) return this.judgeNational(digits.slice(prefix.length), prefix, isOverlap);
    const hasAreaCode = nationalLength !== undefined && digits.length >= nationalLength;
    return hasAreaCode ? this.judgeNational(digits, '', false) : 'local';
  }

  /** `rest` stands behind `prefix`, as dialled inside the country. */
  private judgeNational(rest: string, prefix: string, isOverlap: boolean): DialClass {
    if (this.row.code === '1') {
      const areaCode = rest.slice(0, 3);
      const isAbroad = (abroad: string) => abroad === areaCode || (isOverlap && abroad.startsWith(areaCode));
      if ([...NANP_ABROAD].some(isAbroad)) return 'international';
    }
    const isLocal = this.localNumbers.some((begin) => `${prefix}${rest}`.startsWith(begin) || rest.startsWith(begin));
    return isLocal ? 'local' : 'national';
  }
}
