import type { LookUpNumber } from '../base/digit-collection.ts';

/** A number that a line calls by itself once its handset is lifted and nothing was dialled for `afterMs`; 0 = a hot line. */
export interface AutomaticCall {
  readonly number: string;
  readonly afterMs: number;
}

/** Listens to what is dialled while a line calls its number by itself: an emergency number counts more than that one. */
export class HotLine {
  /** What may be the beginning of an emergency number; undefined while the line does not call by itself. */
  private dialled: string | undefined;

  constructor(
    private readonly context: string,
    private readonly lookUp: LookUpNumber,
  ) {}

  begin(): void {
    this.dialled = '';
  }

  end(): void {
    this.dialled = undefined;
  }

  /** The emergency number that is complete with this digit. */
  add(digit: string): string | undefined {
    if (this.dialled === undefined) return undefined;
    const { context, lookUp } = this;
    let dialled = `${this.dialled}${digit}`;
    // A digit before it was nothing.
    while (dialled !== '' && lookUp(context, dialled).emergency === undefined) dialled = dialled.slice(1);
    this.dialled = dialled;
    return dialled !== '' && lookUp(context, dialled).emergency === 'number' ? dialled : undefined;
  }
}
