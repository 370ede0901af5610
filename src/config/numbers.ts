import { type Context, Dialplan } from '../dialplan/dialplan.ts';
import { parseDialplan } from '../dialplan/parse.ts';
import type { Path } from './problem.ts';
import type { ConfigurationInput } from './schema/configuration.ts';

/** The context that every telephone's own includes last, so that what is written there wins. */
const CONTEXT = 'branchline-numbers';
/** The same for the codes of `features`, in the contexts that it names. */
const CODES_CONTEXT = 'branchline-codes';
/** How long a group rings. */
const RING_S = 60;

/** The dialplan with the numbers that other sections of the configuration give a meaning: conferences, groups and codes. */
export function withNumbers(dialplan: Dialplan, config: ConfigurationInput): Dialplan {
  const numbers = [
    ...Object.keys(config.conferences).map((number) => `exten => ${number},1,ConfBridge(${number})`),
    ...Object.entries(config.groups).map(([number, members]) => {
      const devices = members.map((member) => `\${DEVICE(${member})}`).join('&');
      return `exten => ${number},1,Dial(${devices},${RING_S})`;
    }),
  ];
  const { features } = config;
  const withGroups = included(dialplan, CONTEXT, numbers, telephoneContexts(config));
  const withCodes = included(withGroups, CODES_CONTEXT, codes(config), features?.contexts ?? []);
  // What is written may come before a group's own extension (`_2XX` before 220): there `DEVICE(220)` is its members.
  const groups = new Map(Object.entries(config.groups));
  return new Dialplan(withCodes.contexts, withCodes.globals, withCodes.settings, groups);
}

/**
 * Numbers of other sections that a pattern of the dialplan comes before, where a telephone dials. An extension that is
 * written for just that number is meant to come first; a pattern hardly ever is.
 */
export function checkNumbers(
  config: ConfigurationInput,
  dialplan: Dialplan,
  report: (path: Path, message: string) => void,
): void {
  for (const { number, path, contexts } of numbersOffered(config)) {
    for (const context of contexts) {
      const found = dialplan.find(context, number, 1)?.extension;
      if (found?.pattern.isPattern !== true) continue;
      const dials = [...found.priorities.values()].some(({ data }) => /DEVICE\(\$\{EXTEN/.test(data));
      if (path[0] === 'groups' && dials) continue;
      report(
        path,
        `"${number}" is not reached from context ${context}: ${found.pattern.text} of the dialplan comes before it; write an extension ${number} there`,
      );
    }
  }
}

function* numbersOffered(
  config: ConfigurationInput,
): Generator<{ readonly number: string; readonly path: Path; readonly contexts: Iterable<string> }> {
  const everywhere = telephoneContexts(config);
  for (const section of ['conferences', 'groups'] as const)
    for (const number of Object.keys(config[section])) yield { number, path: [section, number], contexts: everywhere };
  const { contexts = [], ...codesOf } = config.features ?? {};
  for (const [feature, code] of Object.entries(codesOf)) {
    yield { number: code, path: ['features', feature], contexts };
    if (feature === 'park') yield { number: `${code}0`, path: ['features', feature], contexts };
  }
}

/** What each code of `features` is in the dialplan. */
function codes(config: ConfigurationInput): string[] {
  const { features } = config;
  if (features === undefined) return [];
  const { pickup, dnd, park, forward, forwardBusy, forwardNoAnswer } = features;
  return [
    ...(pickup === undefined ? [] : pickupCodes(pickup, config)),
    ...(dnd === undefined ? [] : [`exten => ${dnd},1,DoNotDisturb()`]),
    ...parkCodes(park),
    ...forwardCodes(forward, 'always'),
    ...forwardCodes(forwardBusy, 'busy'),
    ...forwardCodes(forwardNoAnswer, 'noanswer'),
  ];
}

/** Each telephone and group has an extension of its own, so that dialling ends with its last digit. */
function pickupCodes(code: string, { hat, sip, groups }: ConfigurationInput): string[] {
  const lines = (hat?.lines ?? []).flatMap(({ extension }) => extension ?? []);
  const phones = Object.entries(sip?.phones ?? {}).map(([user, { extension }]) => extension ?? user);
  return [
    `exten => ${code},1,Pickup()`,
    ...[...new Set([...lines, ...phones])].map((number) => `exten => ${code}${number},1,Pickup(${number})`),
    ...Object.entries(groups).map(([number, members]) => `exten => ${code}${number},1,Pickup(${members.join('&')})`),
    ...(sip?.adopt === undefined ? [] : [`exten => _${code}X.,1,Pickup(\${EXTEN:${code.length}})`]),
  ];
}

/** The code parks; with a slot behind it, it retrieves, and with 0 whoever was parked first. */
function parkCodes(code: string | undefined): string[] {
  if (code === undefined) return [];
  return [
    `exten => ${code},1,Park()`,
    `exten => ${code}0,1,ParkedCall()`,
    `exten => _${code}Z,1,ParkedCall(\${EXTEN:${code.length}})`,
  ];
}

function forwardCodes(code: string | undefined, when: string): string[] {
  if (code === undefined) return [];
  return [
    `exten => ${code},1,CallForward(${when})`,
    `exten => _${code}.,1,CallForward(${when},\${EXTEN:${code.length}})`,
  ];
}

/** Whether a context is one of ours: nobody dials in it, and it is in no document. */
export function isOwnContext(name: string): boolean {
  return name === CONTEXT || name === CODES_CONTEXT;
}

/** The same extensions, at no line of any document. */
function withoutLines({ extensions, ...context }: Context): Context {
  const unplaced = extensions.map(({ priorities, ...extension }) => ({
    ...extension,
    priorities: new Map([...priorities].map(([number, priority]) => [number, { ...priority, line: 0 }])),
  }));
  return { ...context, extensions: unplaced };
}

/** The dialplan with a context of those extensions, which others include. */
function included(dialplan: Dialplan, name: string, extensions: readonly string[], by: Iterable<string>): Dialplan {
  if (extensions.length === 0) return dialplan;
  const own = parseDialplan(`[${name}]\n${extensions.join('\n')}\n`).dialplan.contexts.get(name);
  if (own === undefined) return dialplan;
  const contexts = new Map<string, Context>([...dialplan.contexts, [name, withoutLines(own)]]);
  for (const each of by) {
    const context = contexts.get(each) ?? { ...own, name: each, extensions: [] };
    const { line, column } = context;
    const include = { context: name, when: undefined, line, column };
    contexts.set(each, { ...context, includes: [...context.includes, include] });
  }
  return new Dialplan(contexts, dialplan.globals, dialplan.settings);
}

/** Where calls of telephones enter the dialplan. */
function telephoneContexts({ hat, sip }: ConfigurationInput): Set<string> {
  const telephones = [
    ...(hat?.lines ?? []).filter(({ kind }) => kind === 'fxs'),
    ...Object.values(sip?.phones ?? {}),
    ...(sip?.adopt === undefined ? [] : [sip.adopt]),
  ];
  return new Set(telephones.map(({ context = 'default' }) => context));
}
