import { separateArguments } from '../../dialplan/argument.ts';
import type { DialplanLine } from './dialplan-lines.ts';
import type { Draft, DraftDocument } from './draft.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { lastOf } from './settings.ts';
import { isYes, parseWhole } from './values.ts';

type Room = NonNullable<DraftDocument['conferences']>[string];

const NUMBER = /^[0-9*#]{1,32}$/;

/** Rooms with a PIN, of meetme.conf and of the profiles of confbridge.conf that the dialplan names. The others need no entry. */
export function importRooms(
  meetme: readonly Section[],
  confbridge: readonly Section[],
  lines: readonly DialplanLine[],
  draft: Draft,
): void {
  for (const section of meetme.filter(({ name }) => name.toLowerCase() === 'rooms'))
    for (const entry of entriesOf(section)) if (/^conf$/i.test(entry.key)) readMeetMe(entry, draft);
  const profile = (name: string | undefined, kind: string) =>
    confbridge.find((section) => {
      const type = lastOf(entriesOf(section), 'type')?.value.toLowerCase();
      return (
        !section.isTemplate &&
        section.name === (name === undefined || name === '' ? `default_${kind}` : name) &&
        type === kind
      );
    });
  for (const line of lines) {
    if (!/^confbridge$/i.test(line.step?.application ?? '')) continue;
    const [number = '', bridgeName, userName] = separateArguments(line.step!.data).map((it) => it.trim());
    const user = profile(userName, 'user');
    if (user === undefined || !NUMBER.test(number)) continue;
    readConfBridge(number, user, profile(bridgeName, 'bridge'), line, draft);
  }
}

function readMeetMe(entry: Entry, draft: Draft): void {
  const [number = '', pin = '', leaderPin = ''] = entry.value.split(/[,|]/).map((it) => it.trim());
  if (pin === '' && leaderPin === '') return;
  if (!NUMBER.test(number)) {
    draft.remarks.lost(entry, 'the room has a PIN and a name that is no number; give it one in `conferences`');
    return;
  }
  const room: Room = {};
  if (pin !== '') room.pin = draft.secret(`conference-${number}`, pin);
  if (leaderPin !== '') room.leaderPin = draft.secret(`conference-${number}-leader`, leaderPin);
  add(number, room, entry, draft);
}

function readConfBridge(
  number: string,
  user: Section,
  bridge: Section | undefined,
  line: DialplanLine,
  draft: Draft,
): void {
  const entries = entriesOf(user);
  const pin = lastOf(entries, 'pin')?.value ?? '';
  if (pin === '') return;
  const isOn = (key: string) => isYes(lastOf(entries, key)?.value ?? 'no');
  const room: Room = draft.document.conferences?.[number] ?? {};
  if (isOn('admin')) room.leaderPin = draft.secret(`conference-${number}-leader`, pin);
  else room.pin = draft.secret(`conference-${number}`, pin);
  if (isOn('wait_marked')) room.waitForLeader = true;
  if (isOn('quiet')) room.announce = false;
  const ofBridge = bridge === undefined ? [] : entriesOf(bridge);
  const most = parseWhole(lastOf(ofBridge, 'max_members')?.value ?? '', 2, 512);
  if (most !== undefined) room.maxMembers = most;
  if (isYes(lastOf(ofBridge, 'record_conference')?.value ?? 'no')) room.record = true;
  add(number, room, line, draft);
}

function add(number: string, room: Room, place: { readonly file: string; readonly line: number }, draft: Draft): void {
  draft.document.conferences = { ...draft.document.conferences, [number]: room };
  draft.from(['conferences', number], place);
  draft.remarks.changed(
    place,
    `conference ${number}: every telephone can dial ${number} itself, too, and is asked for the PIN`,
  );
}
