import { COUNTRIES } from '../schema/country.ts';
import type { DialplanLine } from './dialplan-lines.ts';
import type { Draft } from './draft.ts';
import type { AsteriskFiles } from './files.ts';
import { entriesOf, type Section } from './reader.ts';
import { lastOf } from './settings.ts';
import { parseWhole } from './values.ts';

type SectionsOf = (name: string) => readonly Section[];

function valueIn(
  sections: readonly Section[],
  name: string,
  key: string,
): { value: string; file: string; line: number } | undefined {
  return lastOf(sections.filter((it) => !it.isTemplate && it.name.toLowerCase() === name).flatMap(entriesOf), key);
}

/** What asterisk.conf, indications.conf and rtp.conf say of the box: its name, its country, its ports. */
export function importSurroundings(sectionsOf: SectionsOf, draft: Draft): { readonly systemName: string | undefined } {
  const country = valueIn(sectionsOf('indications.conf'), 'general', 'country');
  const code = country?.value.toLowerCase().replace(/^uk$/, 'gb');
  const known = COUNTRIES.find((it) => it === code);
  if (known !== undefined) draft.document.site.country = known;
  else if (country !== undefined)
    draft.remarks.lost(
      country,
      `country=${country.value}: its tones are not known here; write \`site: { country: … }\` of one that is like it`,
    );
  const rtp = sectionsOf('rtp.conf');
  const [first, last] = ['rtpstart', 'rtpend'].map((key) => valueIn(rtp, 'general', key));
  const from = parseWhole(first?.value ?? '', 1024, 65_534);
  const to = parseWhole(last?.value ?? '', 1025, 65_535);
  if (first !== undefined && from !== undefined && to !== undefined && from < to) {
    draft.document.net = { ...draft.document.net, rtpPorts: `${from + (from % 2)}-${to}` };
    draft.from(['net', 'rtpPorts'], first);
  }
  const systemName = valueIn(sectionsOf('asterisk.conf'), 'options', 'systemname')?.value;
  return { systemName: systemName === undefined || systemName === '' ? undefined : systemName };
}

/** What there is nothing of here: each thing that was in use is told with where it stood. */
export function tellOthers(files: AsteriskFiles, sectionsOf: SectionsOf, { remarks }: Draft): void {
  for (const section of sectionsOf('voicemail.conf')) {
    const boxes = entriesOf(section).filter(({ key }) => /^\d+$/.test(key));
    for (const { value } of boxes) remarks.keepSecret(value.split(',')[0]!.trim());
    if (boxes.length > 0)
      remarks.lost(
        section,
        `${boxes.length} ${boxes.length === 1 ? 'mailbox' : 'mailboxes'} of [${section.name}]: let head office keep them; \`mailbox: "box@name"\` lights the lamp`,
      );
  }
  for (const section of sectionsOf('dundi.conf')) {
    if (section.isTemplate) continue;
    const entries = entriesOf(section);
    if (section.name.toLowerCase() === 'mappings')
      for (const entry of entries)
        remarks.lost(
          entry,
          `DUNDi mapping ${entry.key}: there is no DUNDi; dial by a pattern, or ask head office by \`switch => IAX2/peer/context\``,
        );
    else if (section.name.toLowerCase() !== 'general')
      remarks.lost(
        section,
        `DUNDi peer [${section.name}]: there is no DUNDi; calls to it take an IAX2 peer of iax.conf`,
      );
  }
  for (const section of sectionsOf('users.conf'))
    if (!section.isTemplate && !/^general$/i.test(section.name) && entriesOf(section).length > 0)
      remarks.lost(section, `[${section.name}] of users.conf: write it in sip.conf or iax.conf, or here by hand`);
  for (const section of sectionsOf('extconfig.conf'))
    for (const entry of entriesOf(section))
      remarks.lost(entry, `${entry.key} comes from a database; export it to a file, or write it here by hand`);
  for (const name of ['extensions.ael', 'extensions.lua']) {
    const read = files.read(name);
    if ('text' in read && read.text.trim() !== '')
      remarks.lost(
        { file: name, line: 0 },
        'it is not read; the dialplan is that of extensions.conf (`dialplan show` prints all of it)',
      );
  }
}

/** Times of the dialplan are those of the office, which no file of Asterisk tells. */
export function tellTimes(lines: readonly DialplanLine[], { remarks }: Draft): void {
  const first = lines.find(({ text, step }) =>
    step === undefined ? /^include => [^,|]+[,|]/.test(text) : /^(?:GotoIfTime|ExecIfTime)$/i.test(step.application),
  );
  if (first !== undefined)
    remarks.changed(first, 'times are those of `site: { timezone: … }`, which is UTC unless written: Europe/Paris');
}

/** The country decides which numbers are emergency numbers, so nobody may miss what it is. */
export function tellCountry(indications: readonly Section[], { document, remarks }: Draft): void {
  const hasTelephones = document.hat !== undefined || Object.keys(document.sip?.phones ?? {}).length > 0;
  if (!hasTelephones) return;
  const place = valueIn(indications, 'general', 'country') ?? { file: 'indications.conf', line: 0 };
  const { country } = document.site;
  remarks.changed(
    place,
    country === undefined
      ? 'no country is known: emergency numbers, tones and ringing are those of us unless you write `site: { country: … }`'
      : `emergency numbers, tones and ringing are those of ${country}; write another \`site.country\` if the office is elsewhere`,
  );
}
