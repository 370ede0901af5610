import type { Pattern } from './pattern.ts';
import type { TimeCondition } from './time-condition.ts';
import type { WallClock } from './wall-clock.ts';

/** One priority of an extension. */
export interface Priority {
  readonly number: number;
  readonly label: string | undefined;
  readonly application: string;
  /** Its arguments as written, commas between them whatever the spelling was. */
  readonly data: string;
  readonly line: number;
  readonly column: number;
  /** The column of the first character of `data`. */
  readonly dataColumn: number;
}

export interface Extension {
  readonly pattern: Pattern;
  /** `exten => 1/2`: only for callers with this number; an empty plain pattern stands for callers without one. */
  readonly caller: Pattern | undefined;
  readonly priorities: ReadonlyMap<number, Priority>;
  /** The devices that `hint` names, as written. */
  readonly hint: string | undefined;
}

export interface Include {
  readonly context: string;
  readonly when: TimeCondition | undefined;
  readonly line: number;
  readonly column: number;
}

/** `switch => IAX2/peer/context`: where to ask for numbers that are not known here. */
export interface Switch {
  readonly technology: string;
  readonly data: string;
  /** `eswitch`: variables in it are expanded at each call. */
  readonly expanded: boolean;
  readonly line: number;
  readonly column: number;
}

export interface Context {
  readonly name: string;
  /** In the order in which they are tried. */
  readonly extensions: readonly Extension[];
  readonly includes: readonly Include[];
  readonly switches: readonly Switch[];
  readonly ignorePatterns: readonly Pattern[];
  readonly line: number;
  readonly column: number;
}

export interface DialplanSettings {
  /** `autofallthrough`: an extension that runs out of priorities ends the call instead of waiting for digits. */
  readonly autoFallthrough: boolean;
  /** `priorityjumping`: a busy Dial goes to priority n+101, as before Asterisk 1.4. */
  readonly priorityJumping: boolean;
}

/** When and for whom something is looked up. Without a clock every timed include counts. */
export interface Circumstances {
  readonly clock?: WallClock;
  /** Another instant than the present one, epoch ms. */
  readonly atMs?: number;
  /** The caller's number. */
  readonly caller?: string;
}

/** What dialled digits are, for digit collection and for DPREQ. [RFC5456 §6.8] */
export interface Lookup {
  readonly exists: boolean;
  /** It exists, or with more digits it may. */
  readonly canExist: boolean;
  /** More digits would make another match: wait for them. */
  readonly matchMore: boolean;
  /** Dial tone goes on after these digits. */
  readonly ignorePattern: boolean;
}

export interface Found {
  readonly extension: Extension;
  readonly priority: Priority;
  /** Where the extension is written: the context that was asked or one that it includes. */
  readonly context: Context;
}

type Goal =
  | { readonly mode: 'match'; readonly priority: number | string }
  | { readonly mode: 'can-match' | 'match-more' };

/** A dialplan as loaded: contexts with their extensions in order of best match. Immutable. */
export class Dialplan {
  constructor(
    readonly contexts: ReadonlyMap<string, Context>,
    readonly globals: ReadonlyMap<string, string>,
    readonly settings: DialplanSettings,
    /** Numbers that stand for the extensions of several telephones: what `DEVICE()` makes of them. */
    readonly groups: ReadonlyMap<string, readonly string[]> = new Map(),
  ) {}

  lookup(context: string, number: string, at: Circumstances = {}): Lookup {
    const exists = this.find(context, number, 1, at) !== undefined;
    return {
      exists,
      canExist: exists || this.search(context, number, { mode: 'can-match' }, at, []) !== undefined,
      matchMore: this.search(context, number, { mode: 'match-more' }, at, []) !== undefined,
      ignorePattern: this.contexts.get(context)?.ignorePatterns.some((it) => it.match(number).exact) === true,
    };
  }

  /** The best match that has this priority, or a priority with this label; includes are followed. */
  find(context: string, number: string, priority: number | string, at: Circumstances = {}): Found | undefined {
    return this.search(context, number, { mode: 'match', priority }, at, []);
  }

  /** The devices of the hint for a number, undefined without one. */
  hint(context: string, number: string, at: Circumstances = {}): string | undefined {
    for (const each of this.reachable(context, at)) {
      const extension = each.extensions.find((it) => it.hint !== undefined && it.pattern.match(number).exact);
      if (extension !== undefined) return extension.hint;
    }
    return undefined;
  }

  /** The `switch` statements that a number of this context may be asked at, nearest first. */
  switches(context: string, at: Circumstances = {}): readonly Switch[] {
    return [...this.reachable(context, at)].flatMap((each) => each.switches);
  }

  /** A context and those it includes at that time, each once, in the order of search. */
  *reachable(context: string, at: Circumstances, seen: Set<string> = new Set()): Generator<Context> {
    const found = this.contexts.get(context);
    if (found === undefined || seen.has(context)) return;
    seen.add(context);
    yield found;
    for (const include of found.includes) if (isValid(include, at)) yield* this.reachable(include.context, at, seen);
  }

  private search(
    name: string,
    number: string,
    goal: Goal,
    at: Circumstances,
    path: readonly string[],
  ): Found | undefined {
    const context = this.contexts.get(name);
    // A context that includes itself, on whatever way, is searched once on that way.
    if (context === undefined || path.includes(name)) return undefined;
    for (const extension of context.extensions) {
      const match = extension.pattern.match(number);
      if (!match.exact && !match.canGrow) continue;
      if (extension.caller !== undefined && !isCaller(extension.caller, at.caller ?? '')) continue;
      if (goal.mode === 'match-more') {
        if (match.final) return undefined;
        if (!match.canGrow) continue;
      } else if (goal.mode === 'match' && !match.exact) continue;
      const priority = pick(extension, goal.mode === 'match' ? goal.priority : 1);
      if (priority !== undefined) return { extension, priority, context };
    }
    for (const include of context.includes) {
      if (!isValid(include, at)) continue;
      const found = this.search(include.context, number, goal, at, [...path, name]);
      if (found !== undefined) return found;
    }
    return undefined;
  }
}

function pick(extension: Extension, wanted: number | string): Priority | undefined {
  if (typeof wanted === 'number') return extension.priorities.get(wanted);
  for (const priority of extension.priorities.values()) if (priority.label === wanted) return priority;
  return undefined;
}

function isCaller(pattern: Pattern, caller: string): boolean {
  return caller === '' ? pattern.text === '' : pattern.text !== '' && pattern.match(caller).exact;
}

function isValid(include: Include, at: Circumstances): boolean {
  return include.when === undefined || at.clock === undefined || include.when.holds(at.clock, at.atMs);
}
