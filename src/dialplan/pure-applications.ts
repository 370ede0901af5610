import { isTrue, parseCall, separateArguments } from './argument.ts';
import { BLOCK_APPLICATIONS } from './block-applications.ts';
import { parseBranches } from './jump.ts';
import { JUMP_APPLICATIONS } from './jump-applications.ts';
import { clearHash } from './list-functions.ts';
import { NEXT, type Outcome, type Run } from './run.ts';

/** What an application does with its arguments, which are expanded already. */
export type PureApplication = (data: string, run: Run) => Outcome;

/** The applications that need nothing but the dialplan. */
export const PURE_APPLICATIONS: ReadonlyMap<string, PureApplication> = new Map<string, PureApplication>([
  ...JUMP_APPLICATIONS,
  ...BLOCK_APPLICATIONS,
  ['Set', set],
  ['MSet', setMany],
  ['SetVar', set],
  ['SetGlobalVar', (data, run) => assignment(data, run, (name, value) => run.setGlobal(name, value))],
  ['ImportVar', () => NEXT],
  ['ClearHash', (data, run) => done(() => clearHash(data.trim(), run))],
  ['SetCallerID', (data, run) => done(() => run.assign('CALLERID(all)', separateArguments(data)[0] ?? ''))],
  ['SetCIDNum', (data, run) => done(() => run.assign('CALLERID(num)', separateArguments(data)[0] ?? ''))],
  ['SetCIDName', (data, run) => done(() => run.assign('CALLERID(name)', separateArguments(data)[0] ?? ''))],
  ['SetLanguage', (data, run) => done(() => run.assign('CHANNEL(language)', data.trim()))],
  ['DigitTimeout', (data, run) => done(() => run.assign('TIMEOUT(digit)', data))],
  ['ResponseTimeout', (data, run) => done(() => run.assign('TIMEOUT(response)', data))],
  ['AbsoluteTimeout', (data, run) => done(() => run.assign('TIMEOUT(absolute)', data))],
  ['DBput', (data, run) => assignment(data, run, (name, value) => run.assign(`DB(${name})`, value))],
  ['DBget', (data, run) => assignment(data, run, (name, key) => run.assign(name, run.callFunction('DB', key)))],
  ['DBdel', (data, run) => done(() => run.callFunction('DB_DELETE', data))],
  ['NoOp', (data, run) => done(() => run.print('debug', data))],
  ['Verbose', verbose],
  ['Log', log],
  ['Exec', (data, run) => call(data, run)],
  ['TryExec', tryExec],
  ['ExecIf', execIf],
  ['ExecIfTime', execIfTime],
  ['StripMSD', (data, run) => changeNumber(run, (exten) => exten.slice(count(data)))],
  ['StripLSD', (data, run) => changeNumber(run, (exten) => exten.slice(0, Math.max(0, exten.length - count(data))))],
  ['Prefix', (data, run) => changeNumber(run, (exten) => data.trim() + exten)],
  ['Suffix', (data, run) => changeNumber(run, (exten) => exten + data.trim())],
]);

function done(effect: () => unknown): Outcome {
  effect();
  return NEXT;
}

function assignment(data: string, run: Run, assign: (name: string, value: string) => void): Outcome {
  const equals = data.indexOf('=');
  if (equals < 0) run.warn(`'${data}' has no '=': nothing is set`);
  else assign(data.slice(0, equals).trim(), data.slice(equals + 1));
  return NEXT;
}

function set(data: string, run: Run): Outcome {
  return assignment(data, run, (name, value) => run.assign(name, value));
}

function setMany(data: string, run: Run): Outcome {
  for (const each of separateArguments(data)) set(each, run);
  return NEXT;
}

const LEVELS = new Map<string, 'debug' | 'info' | 'warn' | 'error'>([
  ['debug', 'debug'],
  ['dtmf', 'debug'],
  ['verbose', 'info'],
  ['notice', 'info'],
  ['warning', 'warn'],
  ['error', 'error'],
]);

/** `Verbose([level,]text)`. */
function verbose(data: string, run: Run): Outcome {
  const [, text] = /^\s*\d+\s*,(.*)$/s.exec(data) ?? [];
  return done(() => run.print('info', text ?? data));
}

/** `Log(level,text)`. */
function log(data: string, run: Run): Outcome {
  const [level = '', text = ''] = separateArguments(data, ',', { limit: 2 });
  return done(() => run.print(LEVELS.get(level.trim().toLowerCase()) ?? 'info', text));
}

function call(text: string, run: Run): Outcome {
  const application = parseCall(text.trim());
  if (application !== undefined) return run.runApplication(application.name, application.args);
  run.warn(`'${text}' is not an application`);
  return NEXT;
}

function tryExec(data: string, run: Run): Outcome {
  const outcome = call(data, run);
  const failed = outcome.type === 'end';
  run.setVariable('TRYSTATUS', failed ? 'FAILED' : 'SUCCESS');
  return failed ? NEXT : outcome;
}

/** `ExecIf(condition?App(args):App(args))`, and `ExecIf(condition,App,args)` as it was before Asterisk 1.6. */
function execIf(data: string, run: Run): Outcome {
  const branches = parseBranches(data);
  if (branches === undefined) {
    const [condition = '', name = '', args = ''] = separateArguments(data, ',', { raw: true, limit: 3 });
    return isTrue(condition.trim()) && name.trim() !== '' ? run.runApplication(name.trim(), args) : NEXT;
  }
  const chosen = isTrue(branches.condition) ? branches.yes : branches.no;
  return chosen === '' ? NEXT : call(chosen, run);
}

function execIfTime(data: string, run: Run): Outcome {
  const branches = parseBranches(data);
  if (branches === undefined) return NEXT;
  const isNow = run.callFunction('IFTIME', `${branches.condition}?1:0`) === '1';
  const chosen = isNow ? branches.yes : branches.no;
  return chosen === '' ? NEXT : call(chosen, run);
}

function count(data: string): number {
  const digits = /^\s*(\d{1,3})/.exec(data)?.[1];
  return digits === undefined ? 0 : Number(digits);
}

/** Changes the number that runs: the next priority is that of the extension that the new number has. */
function changeNumber(run: Run, change: (exten: string) => string): Outcome {
  const { position } = run;
  return run.jump({ ...position, exten: change(position.exten), priority: position.priority + 1 });
}
