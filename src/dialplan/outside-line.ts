import type { Dialplan, Extension } from './dialplan.ts';

/** Fewer digits than these behind a prefix are an extension of somewhere else, not a public number. */
const SHORTEST_PUBLIC_NUMBER = 7;
/** `Dial(LINE/4/${EXTEN:1})`, `Goto(out,${EXTEN:1},1)`: what is left is the whole number. */
const STRIPPED = /[/,|]\$\{EXTEN:([1-3])\}/g;

const PREFIXES = new WeakMap<Dialplan, Map<string, readonly string[]>>();

/**
 * The digits behind which a context dials public numbers: those that `ignorepat` names, and those that an extension for
 * numbers of any length, or of at least seven digits, takes off before it dials the rest.
 */
export function outsidePrefixes(dialplan: Dialplan, context: string): readonly string[] {
  const known = PREFIXES.get(dialplan) ?? new Map<string, readonly string[]>();
  PREFIXES.set(dialplan, known);
  const found = known.get(context) ?? [...new Set(find(dialplan, context))];
  known.set(context, found);
  return found;
}

function* find(dialplan: Dialplan, context: string): Generator<string> {
  for (const each of dialplan.reachable(context, {})) {
    for (const { text } of each.ignorePatterns) if (/^[0-9]{1,3}$/.test(text.trim())) yield text.trim();
    for (const extension of each.extensions) yield* prefixesOf(extension);
  }
}

function* prefixesOf({ pattern, priorities }: Extension): Generator<string> {
  const [, fixed = '', rest = ''] = /^_([0-9]+)(.+)$/.exec(pattern.text.replace(/[\s-](?![^[]*\])/g, '')) ?? [];
  const places = rest.match(/\[[^\]]*\]|./g) ?? [];
  const isOpen = /[.!]$/.test(rest);
  for (const { data } of priorities.values()) {
    for (const [, digits] of data.matchAll(STRIPPED)) {
      const taken = Number(digits);
      const isPublic = isOpen || fixed.length - taken + places.length >= SHORTEST_PUBLIC_NUMBER;
      if (taken <= fixed.length && isPublic) yield fixed.slice(0, taken);
    }
  }
}
