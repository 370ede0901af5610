import { findApplication } from '../../dialplan/applications.ts';
import { parseDialTarget } from '../../dialplan/dial-target.ts';
import { readDocument } from '../document.ts';
import { loadConfiguration } from '../load.ts';
import { formatPath, type Path, type Problem } from '../problem.ts';
import { MASK, type SecretStore } from '../secret.ts';
import { applicationText, type DialplanLine, writeDialplan } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';
import { addNowhere, redirectBranch } from './redirect.ts';
import { type WrittenDocument, writeDocument } from './write.ts';

/** Applications that say where a call goes on: without them it must not go on at all. */
const JUMPS = /^(?:Goto|GotoIf|GotoIfTime|Gosub|GosubIf|Random)$/;
/** Each round settles all that is wrong at the time, at most in three steps a line. */
const MAX_ROUNDS = 40;

/** Whatever a secret is, it is there. */
const ANY_SECRET: SecretStore = {
  env: () => MASK,
  file: () => ({ text: MASK }),
  key: () => ({ text: MASK }),
  open: () => ({ text: MASK }),
};

export interface Settled extends WrittenDocument {
  /** Whether `check` accepts it. */
  readonly isValid: boolean;
  readonly warnings: readonly Problem[];
}

/**
 * Takes out, or makes harmless, whatever `branchline check` calls an error, until there is none: a line of the dialplan does
 * nothing or ends the call in place of what it says, and is left out if that is not enough; any other value is left out.
 */
export function settle(draft: Draft, lines: DialplanLine[], heading: string): Settled {
  for (let round = 0; ; round++) {
    const { text, sources } = writeDialplan(lines);
    const written = writeDocument(draft.document, text, heading);
    const { problems } = loadConfiguration(written.text, ANY_SECRET);
    const errors = problems.filter(({ severity }) => severity === 'error');
    if (errors.length === 0 || round === MAX_ROUNDS)
      return { ...written, isValid: errors.length === 0, warnings: problems.filter((it) => !errors.includes(it)) };
    const mended = new Set<DialplanLine>();
    const paths = new Map<string, Path>();
    for (const error of errors) {
      const source = written.dialplanLine > 0 ? sources[error.line - written.dialplanLine] : undefined;
      if (source === undefined) {
        const path = pathAt(written.text, error);
        if (!paths.has(formatPath(path))) {
          paths.set(formatPath(path), path);
          drop(draft, path, error.message);
        }
      } else if (!mended.has(source)) mend(source, error.message, lines, draft, mended);
    }
  }
}

function mend(
  line: DialplanLine,
  message: string,
  lines: DialplanLine[],
  draft: Draft,
  mended: Set<DialplanLine>,
): void {
  mended.add(line);
  const { remarks } = draft;
  const { step } = line;
  const isEmergency = message.includes('is an emergency number');
  if (step !== undefined && !isEmergency && !line.isReplaced && step.priority.toLowerCase() !== 'hint') {
    line.was ??= `${step.extension},${step.priority},${applicationText(step)}`;
    const redirected = redirectBranch(step, message);
    if (redirected !== undefined) {
      addNowhere(lines);
      Object.assign(step, { data: redirected, isChanged: true });
      remarks.lost(line, `${message}; a call that takes this branch ends`);
      return;
    }
    line.isReplaced = true;
    const isJump = JUMPS.test(findApplication(step.application)?.name ?? '');
    Object.assign(step, { application: isJump ? 'Hangup' : 'NoOp', data: '', isChanged: true });
    const instead = isJump
      ? 'the call ends here'
      : 'the line does nothing, and the call goes on with the next priority';
    line.told = `${message}; ${instead}`;
    remarks.lost(line, line.told);
    return;
  }
  if (!isEmergency || step === undefined) {
    if (line.told !== undefined) remarks.retract(line, line.told);
    leaveOut(line);
    remarks.lost(line, `${message}; the line is left out`);
    return;
  }
  // The number is dialled before anybody looks into the dialplan.
  const from = lines.indexOf(line);
  const heading = lines.slice(0, from + 1).findLastIndex(({ kind }) => kind === 'heading');
  const next = lines.findIndex(({ kind }, i) => i > from && kind === 'heading');
  for (const other of lines.slice(heading + 1, next < 0 ? undefined : next))
    if (other.step?.extension === step.extension && !other.isDropped) {
      mended.add(other);
      leaveOut(other);
      keepWays(other, draft);
      remarks.lost(other, `${message}; the line is left out`);
    }
}

/** The ways that an emergency call took are the ways that it takes. */
function keepWays({ step }: DialplanLine, { document }: Draft): void {
  if (step === undefined || !/^dial$/i.test(step.application)) return;
  const ways = step.data
    .split(',')[0]!
    .split('&')
    .flatMap((text) => {
      const target = parseDialTarget(text.trim());
      if ('error' in target) return [];
      const { technology, peer } = target;
      const all = technology === 'IAX2' ? document.iax2?.peers : document.sip?.trunks;
      const isLine = technology === 'LINE' && (document.hat?.lines ?? []).some(({ port }) => String(port) === peer);
      return isLine || (technology !== 'LINE' && Object.hasOwn(all ?? {}, peer)) ? `${technology}/${peer}` : [];
    });
  const via = [...new Set([...(document.emergency?.via ?? []), ...ways])];
  if (via.length > 0) document.emergency = { via };
}

function leaveOut(line: DialplanLine): void {
  if (line.kind === 'step' && line.step !== undefined)
    line.was ??= `${line.step.extension},${line.step.priority},${applicationText(line.step)}`;
  else line.was ??= line.text;
  line.isDropped = true;
}

/** The deepest value that begins where the problem is told. */
function pathAt(text: string, { line, column }: Problem): Path {
  const document = readDocument(text);
  let best: Path = [];
  const visit = (value: unknown, path: Path): void => {
    const at = document.positionOf(path);
    const key = document.positionOfKey(path);
    const isHere = [at, key].some((it) => it.line === line && it.column === column);
    if (isHere && path.length >= best.length) best = path;
    if (typeof value !== 'object' || value === null) return;
    for (const name of Object.keys(value))
      visit((value as Record<string, unknown>)[name], [...path, Array.isArray(value) ? Number(name) : name]);
  };
  visit(document.value, []);
  return best;
}

function drop(draft: Draft, path: Path, message: string): void {
  const origin = draft.originOf(path) ?? { file: 'the configuration', line: 0 };
  draft.remarks.lost(origin, `${message}; it is left out`);
  const key = path.at(-1);
  let holder: unknown = draft.document;
  for (const name of path.slice(0, -1)) holder = (holder as Record<string | number, unknown> | undefined)?.[name];
  if (key === undefined || typeof holder !== 'object' || holder === null) return;
  if (Array.isArray(holder) && typeof key === 'number') holder.splice(key, 1);
  else delete (holder as Record<string | number, unknown>)[key];
}
