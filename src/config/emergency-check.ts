import type { Dialplan } from '../dialplan/dialplan.ts';
import { outsidePrefixes } from '../dialplan/outside-line.ts';
import { contextsOfTelephones, emergencyPlan } from './emergency.ts';
import { quoted } from './messages.ts';
import type { Path } from './problem.ts';
import type { ConfigurationInput } from './schema/configuration.ts';

export type NumberReport = (where: Path | DialplanPlace, message: string, severity: 'error' | 'warning') => void;

/** Where an extension of the dialplan is written. */
export interface DialplanPlace {
  readonly line: number;
  readonly column: number;
}

/** Numbers that the emergency lane takes before anything else can have them. */
export function checkEmergencyNumbers(config: ConfigurationInput, dialplan: Dialplan, report: NumberReport): void {
  const { numbers, ways } = emergencyPlan(config);
  const judge = (number: string, where: Path | DialplanPlace, taken: readonly string[]) => {
    const begins = taken.find((one) => number.startsWith(one));
    if (begins === undefined) return;
    if (taken.includes(number)) {
      report(
        where,
        `${quoted(number)} is an emergency number here and calls nothing else; the ways of emergency calls are in emergency.via`,
        'error',
      );
    } else {
      report(
        where,
        `${quoted(number)} begins with the emergency number ${begins}; whoever pauses for 3 s behind it makes an emergency call`,
        'warning',
      );
    }
  };
  for (const [number, path] of ownNumbers(config)) judge(number, path, numbers);
  for (const feature of ['pickup', 'forward', 'forwardBusy', 'forwardNoAnswer', 'park'] as const) {
    const code = config.features?.[feature];
    const shadowed = code === undefined ? undefined : numbers.find((one) => one !== code && one.startsWith(code));
    if (code !== undefined && shadowed !== undefined)
      report(
        ['features', feature],
        `the emergency number ${shadowed} begins with ${quoted(code)}: it could not be told from a number behind the code; take a code with * or #`,
        'error',
      );
  }
  for (const context of contextsOfTelephones(config)) {
    const withPrefix = outsidePrefixes(dialplan, context).flatMap((prefix) => numbers.map((number) => prefix + number));
    for (const { extensions } of dialplan.reachable(context, {})) {
      for (const { pattern, priorities } of extensions) {
        const first = priorities.values().next().value;
        const literal = /^_?([0-9]+)$/.exec(pattern.text)?.[1];
        if (first !== undefined && literal !== undefined) judge(literal, first, [...numbers, ...withPrefix]);
      }
    }
  }
  for (const { channel } of ways) {
    const codecs = codecsOf(channel, config);
    if (codecs === undefined || codecs.list.some((codec) => codec === 'ulaw' || codec === 'alaw')) continue;
    report(
      codecs.path,
      `${channel} has neither ulaw nor alaw: an emergency call of a line, or of a phone without its codecs, cannot go that way`,
      'warning',
    );
  }
  const hasTelephones = (config.hat?.lines ?? []).some(({ kind }) => kind === 'fxs') || hasPhones(config);
  if (hasTelephones && ways.length === 0) {
    report(
      ['site'],
      'emergency calls have no way out: there is no town line, no emergency.via and no trunk that is registered',
      'warning',
    );
  }
}

/** Why an emergency call would not leave the office by a channel that exists; undefined if it would. */
export function whyNoWayOut({ hat, iax2, sip }: ConfigurationInput, channel: string): string | undefined {
  const [technology, name = ''] = channel.split('/');
  if (technology === 'IAX2')
    return iax2?.peers[name]?.type === 'user'
      ? `${channel} is of type user: it calls us, we do not call it`
      : undefined;
  const isTelephone =
    technology === 'LINE'
      ? hat?.lines.some(({ port, kind }) => String(port) === name && kind === 'fxs')
      : sip?.trunks[name] === undefined;
  return isTelephone
    ? `${channel} is a telephone of this office, and would swallow the emergency call; allowed: a LINE of kind fxo, IAX2/<peer>, SIP/<trunk>`
    : undefined;
}

/** Of the peer or trunk behind `IAX2/hq` or `SIP/backup`; undefined for town lines and what is not there. */
function codecsOf(channel: string, { iax2, sip }: ConfigurationInput) {
  const [technology, name = ''] = channel.split('/');
  const path: Path = technology === 'IAX2' ? ['iax2', 'peers', name] : ['sip', 'trunks', name];
  const list = technology === 'IAX2' ? iax2?.peers[name]?.codecs : sip?.trunks[name]?.codecs;
  return list === undefined ? undefined : { list, path: [...path, 'codecs'] };
}

function hasPhones({ sip }: ConfigurationInput): boolean {
  return Object.keys(sip?.phones ?? {}).length > 0;
}

function* ownNumbers(config: ConfigurationInput): Generator<[string, Path]> {
  for (const [index, { extension }] of (config.hat?.lines ?? []).entries())
    if (extension !== undefined) yield [extension, ['hat', 'lines', index, 'extension']];
  for (const [user, { extension }] of Object.entries(config.sip?.phones ?? {})) {
    const path: Path = ['sip', 'phones', user];
    yield extension === undefined ? [user, path] : [extension, [...path, 'extension']];
  }
  for (const number of Object.keys(config.groups)) yield [number, ['groups', number]];
  for (const number of Object.keys(config.conferences)) yield [number, ['conferences', number]];
  const { contexts: _, ...codes } = config.features ?? { contexts: [] };
  for (const [feature, code] of Object.entries(codes)) yield [code, ['features', feature]];
}
