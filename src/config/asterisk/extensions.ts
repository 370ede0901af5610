import { findApplication } from '../../dialplan/applications.ts';
import { argumentRanges, separateArguments } from '../../dialplan/argument.ts';
import { mapDahdi, mapTarget } from './dial-strings.ts';
import { type DialplanLine, readStep, type Step } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';
import { type Entry, isEntry, type Section } from './reader.ts';
import type { Place } from './remarks.ts';

/** Applications that keep callers from what is behind them: without them the call must not go on. */
const GUARDS = /^(?:Authenticate|VMAuthenticate|DISA|PrivacyManager)$/i;
/** What to do in place of applications that many dialplans have. */
const INSTEAD: readonly (readonly [RegExp, string])[] = [
  [/^(?:VoiceMail|VoiceMailMain)$/, 'hand the call to the voice mail of head office: Dial(IAX2/peer/number)'],
  [/^(?:Playback|BackGround|Say|ControlPlayback|Festival)/, 'there are no recordings here; head office can play them'],
  [/^Queue$/, 'let its members ring together: `groups`, or Dial(…&…)'],
  [/^Page$/, 'a conference whose members answer by themselves does the same at head office'],
  [/^(?:Monitor|MixMonitor|Record)$/, 'a conference can be recorded: `conferences: { "600": { record: true } }`'],
];
/** `IAX2/user:secret@host` */
const SECRET_INSIDE = /\b(?:IAX2?|SIP|PJSIP)\/[^:@/&,|\s]*:[^@/&,|\s[]+@/i;
/** How long members of a queue ring that says nothing else. */
const QUEUE_RING_S = 60;
const KNOWN_SETTINGS = /^(?:autofallthrough|priorityjumping)$/i;
const OTHER_KEYS = /^(?:include|switch|lswitch|eswitch|ignorepat)$/i;

/** The contexts of a dialplan, by the sections that make them. */
export function contextsOf(sections: readonly Section[]): Set<string> {
  return new Set(
    sections
      .filter(({ name, isTemplate }) => !isTemplate && !/^(?:general|globals)$/i.test(name))
      .map(({ name }) => name),
  );
}

/** The lines of the dialplan, with comments, in the order of the files. Templates are filled in where they are used. */
export function importExtensions(sections: readonly Section[], draft: Draft): DialplanLine[] {
  const lines: DialplanLine[] = [];
  for (const section of sections) {
    if (section.isTemplate) continue;
    const name = /^(?:general|globals)$/i.test(section.name) ? section.name.toLowerCase() : section.name;
    const contents = new SectionLines(draft, name).read(section);
    if (name === 'general' && contents.every(({ kind }) => kind === 'comment')) continue;
    lines.push({ ...placeOf(section), kind: 'heading', text: `[${name}]`, comment: undefined }, ...contents);
  }
  return withoutBlankRuns(lines);
}

function placeOf({ file, line }: Place): Place {
  return { file, line };
}

class SectionLines {
  private lastExtension: string | undefined;

  constructor(
    private readonly draft: Draft,
    private readonly name: string,
  ) {}

  read(section: Section): DialplanLine[] {
    return section.items.flatMap((item) => {
      if (isEntry(item)) return this.entry(item) ?? [];
      // `;--` would begin a comment over lines.
      const text = item.note === '' ? '' : `;${item.note.startsWith('-') ? ' ' : ''}${item.note}`;
      return { ...placeOf(item), kind: 'comment' as const, text, comment: undefined };
    });
  }

  private entry(entry: Entry): DialplanLine | undefined {
    const { key, value, comment } = entry;
    const { remarks } = this.draft;
    const other = (text: string): DialplanLine => ({ ...placeOf(entry), kind: 'other', text, comment });
    if (this.name === 'general') return KNOWN_SETTINGS.test(key) ? other(`${key}=${value}`) : undefined;
    if (this.name === 'globals') return other(`${key}=${this.globalValue(entry)}`);
    const step = readStep(key, value, this.lastExtension);
    if (step !== undefined) {
      this.lastExtension = step.extension;
      adaptStep(step, entry, this.draft);
      const text = /^same/i.test(key) ? 'same' : 'exten';
      return { ...placeOf(entry), kind: 'step', text, step, comment };
    }
    if (/^include$/i.test(key) && value === 'parkedcalls' && !this.draft.contexts.has(value)) {
      remarks.changed(
        entry,
        'parked calls are retrieved by the code that parks: `features: { contexts: […], park: … }`',
      );
      return undefined;
    }
    if (OTHER_KEYS.test(key)) {
      if (SECRET_INSIDE.test(value))
        remarks.changed(entry, 'switch has a secret in it, which stays in the dialplan; a peer keeps it out of there');
      if (/^[el]?switch$/i.test(key) && !/^iax2?\//i.test(value))
        remarks.lost(
          entry,
          `switch => ${value.split('/')[0]} is not available; dial another switch by a pattern, or by \`switch => IAX2/peer\``,
        );
      return other(`${key.toLowerCase()} => ${value}`);
    }
    if (/^same/i.test(key)) remarks.lost(entry, "there is no 'exten' above that 'same' could go on with");
    else if (/^autohints$/i.test(key)) remarks.lost(entry, 'autohints: lamps follow `hint` lines only');
    else remarks.lost(entry, `there is no '${key}' in a context; Asterisk passes over it, too`);
    return undefined;
  }

  /** A channel that dial strings are made of by `${TRUNK}/${EXTEN}`. */
  private globalValue(entry: Entry): string {
    const { remarks, channels } = this.draft;
    const mapped = mapDahdi(entry.value, channels, (lost) => remarks.lost(entry, lost));
    const [, group] = /^\s*(?:DAHDI|Zap)\/[gGrR](\d+)\s*$/.exec(entry.value) ?? [];
    const lines = group === undefined ? [] : (channels.groups.get(Number(group)) ?? []);
    if (lines.length < 2) return mapped;
    remarks.changed(
      entry,
      `${entry.key} is line ${lines[0]} only; the group has ${lines.length}, which Dial(\${${entry.key}}/…) does not go through`,
    );
    return `LINE/${lines[0]}`;
  }
}

function adaptStep(step: Step, entry: Entry, draft: Draft): void {
  const { remarks, channels } = draft;
  const put = (application: string, data: string) => {
    if (application === step.application && data === step.data) return;
    Object.assign(step, { application, data, isChanged: true });
  };
  put(
    step.application,
    mapDahdi(step.data, channels, (lost) => remarks.lost(entry, lost)),
  );
  if (step.priority.toLowerCase() === 'hint') return;
  const application = findApplication(step.application);
  if (GUARDS.test(step.application)) {
    remarks.lost(entry, `${step.application} is not available; the call ends here, so that nobody gets by`);
    put('Hangup', '21');
    return;
  }
  if (SECRET_INSIDE.test(step.data))
    remarks.changed(
      entry,
      'a dial string has a secret in it, which stays in the dialplan; a peer or trunk keeps it out of there',
    );
  if (/^queue$/i.test(step.application)) {
    const dial = queueAsDial(step.data, entry, draft);
    if (dial !== undefined) {
      put('Dial', dial);
      return;
    }
  }
  if (application?.name === 'Dial') put(step.application, adaptDial(step.data, entry, draft));
  else if (application?.available === false) {
    const hint = INSTEAD.find(([names]) => names.test(application.name))?.[1];
    const what = `${application.name} is not available in this version; the call goes on with the next priority`;
    remarks.lost(entry, hint === undefined ? what : `${what}; ${hint}`);
  }
}

/** All members at a time, as long as the queue would have waited; undefined if none is known. */
function queueAsDial(data: string, entry: Entry, draft: Draft): string | undefined {
  const [name = '', , , , timeout] = separateArguments(data).map((it) => it.trim());
  const members = draft.queues.get(name)?.members ?? [];
  const targets = members.flatMap((member) => {
    const line = mapDahdi(member.value, draft.channels, () => {});
    const mapped = mapTarget(line, draft.channels, (technology, peer) => isKnown(technology, peer, draft));
    if (!('lost' in mapped)) return mapped.text;
    draft.remarks.lost(member, `member of queue ${name}: ${mapped.lost}; it is not called`);
    return [];
  });
  if (targets.length === 0) return undefined;
  draft.remarks.changed(
    entry,
    `Queue(${name}): its members ring together; a caller waits in no queue when all are busy`,
  );
  return `${targets.join('&')},${timeout === undefined || timeout === '' ? QUEUE_RING_S : timeout}`;
}

function isKnown(technology: 'IAX2' | 'SIP', name: string, { document }: Draft): boolean {
  const all = technology === 'IAX2' ? [document.iax2?.peers] : [document.sip?.phones, document.sip?.trunks];
  return all.some((parties) => Object.hasOwn(parties ?? {}, name));
}

/** Targets that there are none of are taken out: Dial of nothing is CHANUNAVAIL, as Dial of an unknown peer is. */
function adaptDial(data: string, entry: Entry, draft: Draft): string {
  const { remarks, channels } = draft;
  const [first] = argumentRanges(data, ',');
  const targets = data.slice(0, first![1]);
  const kept: string[] = [];
  for (const [from, to] of targetRanges(targets)) {
    const written = targets.slice(from, to).replace(/\$\{PJSIP_DIAL_CONTACTS\(([^,()]+)\)\}/g, 'PJSIP/$1');
    const mapped = mapTarget(written, channels, (technology, name) => isKnown(technology, name, draft));
    if ('lost' in mapped) remarks.lost(entry, `Dial: ${mapped.lost}; it is not called`);
    else kept.push(mapped.text);
  }
  return kept.join('&') + data.slice(first![1]);
}

/** Between `&`, but not inside of variables. */
function targetRanges(text: string): [number, number][] {
  const ranges: [number, number][] = [];
  let depth = 0;
  let from = 0;
  for (let i = 0; i < text.length; i++) {
    if ('{[('.includes(text[i]!)) depth++;
    else if ('}])'.includes(text[i]!)) depth--;
    else if (text[i] === '&' && depth === 0) {
      ranges.push([from, i]);
      from = i + 1;
    }
  }
  return [...ranges, [from, text.length]];
}

/** Where many lines had no counterpart, one blank line is enough. */
function withoutBlankRuns(lines: readonly DialplanLine[]): DialplanLine[] {
  return lines.filter((line, i) => line.kind !== 'comment' || line.text !== '' || (i > 0 && lines[i - 1]!.text !== ''));
}
