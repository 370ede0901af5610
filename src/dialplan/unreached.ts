import { type Found, isDynamic } from './argument-faults.ts';
import type { Dialplan, Extension, Priority } from './dialplan.ts';
import { Pattern } from './pattern.ts';

export interface UnreachedPriority extends Found {
  readonly at: Priority;
}

/** Where Dial went on for a busy line, before DIALSTATUS. */
const BUSY_OFFSET = 101;
const JUMPS = /goto|gosub|macro|random|exec|dial|queue|page|transfer/i;
/** They go on at the next priority of another number. */
const CHANGES_NUMBER = /^(?:StripMSD|Prefix|Suffix|ChangeExten)$/i;

/**
 * Priorities that no call comes to: the one before them is missing, in this extension and in every other that the same
 * number may match, and nothing jumps there. A call ends at such a gap, as it does in Asterisk. Where a jump is known at
 * a call only, nothing is told.
 */
export class UnreachedPriorities {
  /** Numbers and labels that jumps name, whatever the extension; undefined if a jump may lead anywhere. */
  private readonly named: ReadonlySet<string> | undefined;

  constructor(private readonly dialplan: Dialplan) {
    this.named = namedByJumps(dialplan);
  }

  of(extension: Extension): UnreachedPriority[] {
    if (this.named === undefined) return [];
    const gaps = [...extension.priorities.values()]
      .sort((a, b) => a.number - b.number)
      .filter(({ number }) => number > 1 && !extension.priorities.has(number - 1));
    if (gaps.length === 0) return [];
    const elsewhere = numbersElsewhere(this.dialplan, extension);
    const has = (number: number) => extension.priorities.has(number) || elsewhere.has(number);
    const first = Math.min(...extension.priorities.keys(), ...elsewhere);
    const { text } = extension.pattern;
    return gaps
      .filter((at) => !has(at.number - 1) && !has(at.number - BUSY_OFFSET) && !this.isNamed(at))
      .map((at) => ({
        at,
        severity: 'warning',
        message:
          at.number === first
            ? `'${text}' begins with priority ${at.number}, not with 1: nothing gets in`
            : `priority ${at.number} of '${text}' is never reached: there is no priority ${at.number - 1}`,
      }));
  }

  private isNamed({ number, label }: Priority): boolean {
    return this.named?.has(String(number)) === true || (label !== undefined && this.named?.has(label) === true);
  }
}

/** Priorities that the extension has not, and another has that the same number may match. */
export function numbersElsewhere(dialplan: Dialplan, extension: Extension): Set<number> {
  const numbers = new Set<number>();
  for (const { extensions } of dialplan.contexts.values()) {
    for (const other of extensions) {
      if (other === extension || !Pattern.mayBothMatch(other.pattern, extension.pattern)) continue;
      for (const number of other.priorities.keys()) if (!extension.priorities.has(number)) numbers.add(number);
    }
  }
  return numbers;
}

function namedByJumps(dialplan: Dialplan): Set<string> | undefined {
  const named = new Set<string>();
  for (const { extensions } of dialplan.contexts.values()) {
    for (const { priorities } of extensions) {
      for (const { application, data, number } of priorities.values()) {
        if (CHANGES_NUMBER.test(application)) named.add(String(number + 1));
        if (!JUMPS.test(application)) continue;
        // A condition may have variables; what is left of it then must not.
        const target = data.slice(data.lastIndexOf('?') + 1);
        if (isDynamic(target) && !/dial/i.test(application)) return undefined;
        for (const [word] of data.matchAll(/[+-]?[\w-]+/g))
          named.add(/^[+-]\d+$/.test(word) ? String(number + Number(word)) : word);
      }
    }
  }
  return named;
}
