/** What the dialplan knows about digits dialled so far. */
export interface NumberLookup {
  /** The digits are a number. */
  readonly exists: boolean;
  /** The digits are a number, or the beginning of one. */
  readonly canExist: boolean;
  /** More digits could make another number. */
  readonly matchMore: boolean;
  /** The caller is to go on hearing dial tone: an outside-line prefix. */
  readonly ignorePattern: boolean;
  /** What the digits are to the emergency lane: a number of it, or the beginning of one. */
  readonly emergency?: 'number' | 'beginning';
}

export type LookUpNumber = (context: string, digits: string) => NumberLookup;

export type CollectionStep =
  | { readonly type: 'more'; readonly waitMs: number; readonly dialTone: boolean }
  /** `digits` are a number to call. */
  | { readonly type: 'complete' }
  /** `digits` are no number and cannot become one. */
  | { readonly type: 'impossible' };

export interface CollectionTimes {
  /** How long to wait for the next digit while the digits are no number yet. */
  readonly incompleteMs: number;
  /** The same when they are one, but could become a longer one. */
  readonly matchMs: number;
}

/** No number is longer; E.164 has 15 digits, prefixes and codes come on top. */
const LONGEST_NUMBER = 64;

/** Gathers the digits of one number and asks the dialplan after each whether that is all. */
export class DigitCollection {
  private dialled = '';

  constructor(
    private readonly context: string,
    private readonly lookUp: LookUpNumber,
    private readonly times: CollectionTimes,
  ) {}

  get digits(): string {
    return this.dialled;
  }

  clear(): void {
    this.dialled = '';
  }

  /** `#` behind a number ends it, unless the dialplan has numbers with `#` there. */
  add(digit: string): CollectionStep {
    const dialled = this.dialled + digit;
    const found = this.lookUp(this.context, dialled);
    const alive = found.exists || found.canExist || found.matchMore;
    if (!alive && digit === '#' && this.dialled !== '') return this.end();
    this.dialled = dialled;
    if (!alive || dialled.length > LONGEST_NUMBER) return { type: 'impossible' };
    if (found.exists && !found.matchMore) return { type: 'complete' };
    return {
      type: 'more',
      waitMs: found.exists ? this.times.matchMs : this.times.incompleteMs,
      dialTone: found.ignorePattern,
    };
  }

  /** No more digits come. */
  end(): CollectionStep {
    return this.lookUp(this.context, this.dialled).exists ? { type: 'complete' } : { type: 'impossible' };
  }
}
