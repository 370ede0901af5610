import { type DialClass, type NumberingPlan, permits } from './numbering-plan.ts';

/** What decides whether a number may be dialled. */
export interface ClassOfService {
  readonly numbering: NumberingPlan;
  /** Numbers that everybody may dial. */
  readonly isEmergency: (context: string, number: string) => boolean;
  /** What stands before a number of the public network in that context. */
  readonly prefixes: (context: string) => readonly string[];
}

/** A place of the dialplan from which somebody is called. */
interface Place {
  readonly context: string;
  readonly exten: string;
}

/** Whom to call: `LINE` or `line`, and `4/0472…`. */
interface Target {
  readonly technology: string;
  readonly resource: string;
}

/**
 * The class that is missing to call `target`; undefined if it may be called. What counts is what goes out, not what was
 * dialled: no shortcut, pattern or transfer leads around it. A number that goes out as it was dialled may have an
 * outside-line prefix before it, which the switch behind takes off.
 */
export function classMissing(
  held: DialClass | undefined,
  { context, exten }: Place,
  { technology, resource }: Target,
  { numbering, isEmergency, prefixes }: ClassOfService,
): DialClass | undefined {
  const name = technology.toLowerCase();
  // What a Local channel calls is judged there.
  if (held === undefined || name === 'local') return undefined;
  const number = numberOf(resource);
  if (isEmergency(context, number)) return undefined;
  const prefix = number === exten ? prefixes(context).find((one) => number.startsWith(one)) : undefined;
  const proper = prefix === undefined ? number : number.slice(prefix.length);
  const needed = numbering.classOf(proper, { isOverlap: name === 'line' });
  return permits(held, needed) ? undefined : needed;
}

/** What the far end is asked for: `hq/7123`, `hq/7123@context`, `4/7123`, `7123@trunk`; empty for a telephone. */
function numberOf(resource: string): string {
  const slash = resource.indexOf('/');
  if (slash < 0) return resource.slice(0, Math.max(0, resource.lastIndexOf('@')));
  return resource.slice(slash + 1).split(/[@/]/)[0] ?? '';
}
