import { separateArguments } from './argument.ts';
import { parseCallerId } from './caller-id.ts';
import type { DialplanFunction, Scope } from './scope.ts';

/** Functions of the channel, of the dialplan and of the switch around it. */
export const CHANNEL_FUNCTIONS: Readonly<Record<string, DialplanFunction>> = {
  CALLERID: { read: readCallerId, write: writeCallerId },
  CALLERPRES: {
    read: (_, scope) => presentationName(scope.channel.caller.presentation),
    write: (_, value, scope) => setPresentation(value, scope),
  },
  CHANNEL: { read: readChannel, write: writeChannel },
  TIMEOUT: { read: readTimeout, write: writeTimeout },
  GLOBAL: {
    read: (args, scope) => scope.global(args.trim()) ?? '',
    write: (args, value, scope) => scope.setGlobal(args.trim(), value),
  },
  GLOBAL_EXISTS: { read: (args, scope) => (scope.global(args.trim()) === undefined ? '0' : '1') },
  LOCAL: {
    read: (args, scope) => scope.local(args.trim()) ?? '',
    write: (args, value, scope) => scope.setLocal(args.trim(), value),
  },
  DEVICE: { read: readDevices },
  DEVICE_STATE: {
    read: (args, scope) => {
      const device = args.trim();
      if (!/^custom:/i.test(device)) return scope.environment.deviceState(device);
      return scope.environment.database?.get(customState(device)) ?? 'UNKNOWN';
    },
    write: (args, value, scope) => {
      if (!/^custom:/i.test(args)) scope.warn('DEVICE_STATE can be set for Custom: devices only');
      else scope.environment.database?.set(customState(args.trim()), value.trim().toUpperCase());
    },
  },
  EXTENSION_STATE: { read: readExtensionState },
  HINT: {
    read: (args, scope) => {
      const [number = '', context = scope.position.context] = (separateArguments(args)[0] ?? '').split('@');
      return scope.dialplan.hint(context, number, { clock: scope.environment.clock }) ?? '';
    },
  },
  DIALPLAN_EXISTS: { read: dialplanExists },
  VALID_EXTEN: {
    read: (args, scope) => {
      const [context = '', number = '', priority = '1'] = separateArguments(args);
      return dialplanExists([context === '' ? scope.position.context : context, number, priority].join(','), scope);
    },
  },
  HANGUPCAUSE: { read: (_, scope) => scope.variable('HANGUPCAUSE') ?? '' },
  DB: {
    read: (args, scope) => {
      const value = scope.environment.database?.get(databaseKey(args));
      scope.setVariable('DB_RESULT', value ?? '');
      return value ?? '';
    },
    write: (args, value, scope) => void scope.environment.database?.set(databaseKey(args), value),
  },
  DB_EXISTS: {
    read: (args, scope) => {
      const value = scope.environment.database?.get(databaseKey(args));
      if (value !== undefined) scope.setVariable('DB_RESULT', value);
      return value === undefined ? '0' : '1';
    },
  },
  DB_DELETE: {
    read: (args, scope) => {
      const value = scope.environment.database?.get(databaseKey(args)) ?? '';
      scope.environment.database?.delete(databaseKey(args));
      scope.setVariable('DB_RESULT', value);
      return value;
    },
  },
  CDR: {
    read: (args, scope) => {
      const { caller, name, uniqueId } = scope.channel;
      const field = separateArguments(args)[0]?.trim().toLowerCase();
      if (field === 'src') return caller.number;
      if (field === 'clid') return formatCallerId(caller);
      if (field === 'dst') return scope.position.exten;
      if (field === 'channel') return name;
      if (field === 'uniqueid') return uniqueId;
      return scope.variable(`CDR(${field ?? ''})`) ?? '';
    },
    write: (args, value, scope) => scope.setVariable(`CDR(${args.trim().toLowerCase()})`, value),
  },
  VERSION: { read: () => 'Branchline' },
};

function databaseKey(args: string): string {
  return args.trim().replace(/^\/+/, '');
}

function customState(device: string): string {
  return `CustomDevstate/${device.slice('custom:'.length)}`;
}

function formatCallerId(caller: Scope['channel']['caller']): string {
  return caller.name === '' && caller.number === '' ? '' : `"${caller.name}" <${caller.number}>`;
}

const PRESENTATIONS = new Map(
  Object.entries({
    allowed_not_screened: 0,
    allowed_passed_screen: 1,
    allowed_failed_screen: 2,
    allowed: 3,
    prohib_not_screened: 32,
    prohib_passed_screen: 33,
    prohib_failed_screen: 34,
    prohib: 35,
    unavailable: 67,
  }),
);

function presentationName(code: number): string {
  return [...PRESENTATIONS].find(([, value]) => value === code)?.[0] ?? 'unknown';
}

function setPresentation(value: string, scope: Scope): void {
  const name = value.trim().toLowerCase();
  const code = PRESENTATIONS.get(name) ?? (/^\d{1,3}$/.test(name) ? Number(name) : undefined);
  if (code === undefined) scope.warn(`there is no presentation '${name}'`);
  else scope.channel.caller.presentation = code;
}

function setCode(value: string, largest: number, scope: Scope, set: (code: number) => void): void {
  const code = /^\d{1,10}$/.test(value.trim()) ? Number(value) : Number.NaN;
  if (code <= largest) set(code);
  else scope.warn(`'${value}' is no code from 0 to ${largest}`);
}

/** Ours: the dial string of every line and phone with this extension, or with one of those that the number stands for. */
function readDevices(args: string, { dialplan, environment }: Scope): string {
  const number = args.trim();
  const extensions = [number, ...(dialplan.groups.get(number) ?? [])];
  return [...new Set(extensions.flatMap((extension) => environment.devices(extension)))].join('&');
}

function readCallerId(args: string, scope: Scope): string {
  const { caller } = scope.channel;
  switch (separateArguments(args)[0]?.trim().toLowerCase()) {
    case 'all':
      return formatCallerId(caller);
    case 'num':
    case 'number':
      return caller.number;
    case 'name':
      return caller.name;
    case 'num-valid':
      return caller.number === '' ? '0' : '1';
    case 'name-valid':
      return caller.name === '' ? '0' : '1';
    case 'ani':
    case 'ani-num':
      return caller.ani;
    case 'rdnis':
      return caller.rdnis;
    case 'dnid':
      return caller.dnid;
    case 'tag':
      return caller.tag;
    case 'ton':
    case 'num-plan':
      return caller.typeOfNumber.toString();
    case 'ani2':
      return caller.ani2.toString();
    case 'pres':
    case 'num-pres':
    case 'name-pres':
      return presentationName(caller.presentation);
    default:
      scope.warn(`CALLERID has no '${args}'`);
      return '';
  }
}

function writeCallerId(args: string, value: string, scope: Scope): void {
  const { caller } = scope.channel;
  switch (separateArguments(args)[0]?.trim().toLowerCase()) {
    case 'all': {
      const { name, number } = parseCallerId(value);
      caller.name = name;
      caller.number = number;
      return;
    }
    case 'num':
    case 'number':
      caller.number = value.trim();
      return;
    case 'name':
      caller.name = value.trim();
      return;
    case 'ani':
    case 'ani-num':
      caller.ani = value.trim();
      return;
    case 'rdnis':
      caller.rdnis = value.trim();
      return;
    case 'dnid':
      caller.dnid = value.trim();
      return;
    case 'tag':
      caller.tag = value.trim();
      return;
    case 'ton':
    case 'num-plan':
      setCode(value, 0xff, scope, (code) => (caller.typeOfNumber = code));
      return;
    case 'ani2':
      setCode(value, 0xffff_ffff, scope, (code) => (caller.ani2 = code));
      return;
    case 'pres':
    case 'num-pres':
    case 'name-pres':
      setPresentation(value, scope);
      return;
    default:
      scope.warn(`CALLERID(${args}) cannot be set`);
  }
}

function readChannel(args: string, scope: Scope): string {
  const { name, uniqueId, language, answered } = scope.channel;
  switch (args.trim().toLowerCase()) {
    case 'name':
      return name;
    case 'uniqueid':
    case 'linkedid':
      return uniqueId;
    case 'language':
      return language;
    case 'state':
      return answered ? 'Up' : 'Ring';
    case 'channeltype':
      return name.split('/')[0] ?? '';
    case 'context':
      return scope.position.context;
    case 'exten':
      return scope.position.exten;
    default:
      return scope.variable(`CHANNEL(${args.trim().toLowerCase()})`) ?? '';
  }
}

const READ_ONLY = new Set(['name', 'uniqueid', 'linkedid', 'state', 'channeltype', 'context', 'exten']);

function writeChannel(args: string, value: string, scope: Scope): void {
  const item = args.trim().toLowerCase();
  if (item === 'language') scope.channel.language = value.trim();
  else if (READ_ONLY.has(item)) scope.warn(`CHANNEL(${item}) cannot be set`);
  // What the switch makes of others (musicclass, tonezone, …) is its matter: it finds them as variables.
  else scope.setVariable(`CHANNEL(${item})`, value);
}

function readTimeout(args: string, scope: Scope): string {
  const { digitTimeoutMs, responseTimeoutMs, absoluteTimeoutMs } = scope.channel;
  const kind = args.trim().toLowerCase();
  if (kind.startsWith('d')) return (digitTimeoutMs / 1000).toFixed(3);
  if (kind.startsWith('r')) return (responseTimeoutMs / 1000).toFixed(3);
  return absoluteTimeoutMs === 0 ? '0' : (absoluteTimeoutMs / 1000).toFixed(3);
}

function writeTimeout(args: string, value: string, scope: Scope): void {
  const kind = args.trim().toLowerCase();
  const ms = Math.max(0, Math.round((Number.parseFloat(value) || 0) * 1000));
  if (kind.startsWith('d')) scope.channel.digitTimeoutMs = ms;
  else if (kind.startsWith('r')) scope.channel.responseTimeoutMs = ms;
  else if (kind.startsWith('a')) scope.channel.absoluteTimeoutMs = ms;
  else scope.warn(`TIMEOUT has no '${args}'`);
}

function dialplanExists(args: string, scope: Scope): string {
  const [context = '', number, priority] = separateArguments(args).map((arg) => arg.trim());
  const { dialplan, environment } = scope;
  if (number === undefined || number === '') return dialplan.contexts.has(context) ? '1' : '0';
  const wanted = priority === undefined || priority === '' ? 1 : /^\d+$/.test(priority) ? Number(priority) : priority;
  const at = { clock: environment.clock, caller: scope.channel.caller.number };
  return dialplan.find(context, number, wanted, at) === undefined ? '0' : '1';
}

/** From the busiest to the idlest: what a hint of several devices shows. */
const BUSIEST_FIRST = [
  'RINGING',
  'RINGINUSE',
  'INUSE',
  'BUSY',
  'ONHOLD',
  'NOT_INUSE',
  'UNAVAILABLE',
  'INVALID',
] as const;

function readExtensionState(args: string, scope: Scope): string {
  const [number = '', context = scope.position.context] = args.trim().split('@');
  const hint = scope.dialplan.hint(context, number, { clock: scope.environment.clock });
  if (hint === undefined) return 'UNKNOWN';
  const states = scope
    .expand(hint)
    .split('&')
    .map((device) => scope.environment.deviceState(device.trim()));
  return BUSIEST_FIRST.find((state) => states.includes(state)) ?? 'UNKNOWN';
}
