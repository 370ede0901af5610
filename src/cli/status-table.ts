import { printable } from '../base/printable.ts';
import type {
  CallStatus,
  ConferenceStatus,
  HatStatus,
  LineStatus,
  PhoneStatus,
  RegistrationStatus,
  StatusSnapshot,
  TrunkStatus,
} from '../status/schema.ts';

/** The status for people: a head line, and one table for each kind of thing there is. */
export function formatStatus(status: StatusSnapshot): string {
  const head = `${status.site} · branchline ${status.version} · up ${formatSpan(status.uptimeMs)}`;
  const tables = [
    table('LINE', ['kind', 'state', 'hook', 'extension', 'name', 'orders'], Object.entries(status.lines), lineCells),
    table('CONFERENCE', ['members', 'state'], Object.entries(status.conferences), conferenceCells),
    table('PHONE', ['state', 'contact', 'name', 'orders'], Object.entries(status.phones), phoneCells),
    table('TRUNK', ['kind', 'registration', 'reachable', 'rtt', 'reason'], Object.entries(status.trunks), trunkCells),
    table(
      'CALL',
      ['from', 'to', 'state', 'since', 'legs'],
      status.calls.map((call): [string, CallStatus] => [call.id, call]),
      callCells,
    ),
  ];
  const broker = status.mqtt;
  const mqtt = broker === null ? '' : `MQTT  ${[broker.url, broker.state, broker.reason].filter(Boolean).join('  ')}`;
  return `${[head, hatLine(status.hat), ...tables, mqtt].filter((part) => part !== '').join('\n\n')}\n`;
}

/** Nothing to tell of an emulated HAT that works. */
function hatLine(hat: HatStatus | null): string {
  if (hat === null || (hat.up && hat.runs === 'plain-model')) return '';
  const counts = `${hat.crcErrors} CRC errors, ${hat.resets} resets, ${hat.reopenings} reopenings`;
  const what = hat.up ? [hat.board, hat.firmware, hat.rttMs === null ? null : `${hat.rttMs} ms`] : [hat.reason];
  return `HAT  ${[hat.port, hat.runs, ...what, counts].filter((part) => part !== null).join('  ')}`;
}

function lineCells(line: LineStatus): string[] {
  const state = line.fault === undefined ? line.state : `${line.state} (${line.fault})`;
  return [line.kind, state, line.hook, line.extension ?? '', line.name ?? '', orders(line)];
}

function conferenceCells({ members, locked, recording }: ConferenceStatus): string[] {
  const states = [...(locked ? ['locked'] : []), ...(recording ? ['recording'] : [])];
  return [
    members.map(({ channel, leader }) => (leader ? `${channel} (leads)` : channel)).join(', '),
    states.join(', '),
  ];
}

function phoneCells(phone: PhoneStatus): string[] {
  return [phone.state, phone.contact ?? '', phone.name ?? '', orders(phone)];
}

/** What was ordered at a telephone for the calls that come to it. */
function orders({ doNotDisturb, forward }: Pick<LineStatus, 'doNotDisturb' | 'forward'>): string {
  const { always, busy, noAnswer } = forward;
  return [
    ...(doNotDisturb ? ['do not disturb'] : []),
    ...(always === null ? [] : [`forwards to ${always}`]),
    ...(busy === null ? [] : [`when busy to ${busy}`]),
    ...(noAnswer === null ? [] : [`unanswered to ${noAnswer}`]),
  ].join(', ');
}

function trunkCells(trunk: TrunkStatus): string[] {
  const registration = trunk.registration;
  const apparent = registration?.apparent ? ` as ${registration.apparent}` : '';
  return [
    trunk.kind,
    registration === null ? '–' : `${registration.state}${apparent}${messages(registration)}`,
    trunk.reachable === null ? '–' : trunk.reachable ? 'yes' : 'no',
    trunk.rttMs === null ? '' : `${Math.round(trunk.rttMs)} ms`,
    trunk.reason ?? '',
  ];
}

function messages({ messages: waiting }: RegistrationStatus): string {
  return waiting === undefined || waiting.new === 0 ? '' : `, ${waiting.new} new messages`;
}

function callCells(call: CallStatus): string[] {
  const state = call.emergency ? `${call.state}, emergency` : call.state;
  return [call.from, call.to, state, call.since.slice(11, 19), call.legs.map((leg) => leg.channel).join(' + ')];
}

/** Columns as wide as they must be; nothing for no entries. */
export function table<T>(
  title: string,
  columns: readonly string[],
  entries: readonly (readonly [string, T])[],
  cells: (item: T) => readonly string[],
): string {
  if (entries.length === 0) return '';
  const rows = [[title, ...columns], ...entries.map(([name, item]) => [name, ...cells(item)])].map((row) =>
    row.map(printable),
  );
  const widths = rows[0]!.map((_, column) => Math.max(...rows.map((row) => row[column]!.length)));
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column]!))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** `3 d 4 h`, `4 h 5 min`, `5 min 6 s`, `6 s`. */
export function formatSpan(ms: number): string {
  const seconds = Math.floor(ms / 1000);
  const parts: [number, string][] = [
    [Math.floor(seconds / 86_400), 'd'],
    [Math.floor(seconds / 3600) % 24, 'h'],
    [Math.floor(seconds / 60) % 60, 'min'],
    [seconds % 60, 's'],
  ];
  const first = parts.findIndex(([count]) => count > 0);
  const shown = first === -1 ? parts.slice(3) : parts.slice(first, first + 2);
  return shown.map(([count, unit]) => `${count} ${unit}`).join(' ');
}
