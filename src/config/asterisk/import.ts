import { importDahdi } from './dahdi.ts';
import { writeGroups } from './dahdi-groups.ts';
import { Draft, type SecretForm } from './draft.ts';
import { contextsOf, importExtensions } from './extensions.ts';
import { importFeatures } from './features.ts';
import type { AsteriskFiles } from './files.ts';
import { importIax } from './iax.ts';
import type { KeyFinder } from './iax-peer.ts';
import { importPjsip } from './pjsip.ts';
import { readQueues } from './queues.ts';
import { readAsteriskFile, type Section } from './reader.ts';
import { type Remark, Remarks } from './remarks.ts';
import { importRooms } from './rooms.ts';
import { settle } from './settle.ts';
import { importSip } from './sip.ts';
import { importSurroundings, tellCountry, tellOthers, tellTimes } from './surroundings.ts';
import { giveExtensions } from './telephone-numbers.ts';

export interface ImportOptions {
  /** The `site.id`; else that of asterisk.conf, else `office`. */
  readonly site: string | undefined;
  /** Stands at the head of the document, as a comment. */
  readonly heading: string;
  readonly secretForm: SecretForm;
  readonly findKey: KeyFinder;
}

export interface Imported {
  /** The configuration, which `check` accepts if `isValid`. */
  readonly text: string;
  readonly isValid: boolean;
  /** What was not carried over, or means something else now; by file and line, without secrets. */
  readonly remarks: readonly Remark[];
  readonly counts: Readonly<Record<'contexts' | 'lines' | 'peers' | 'phones' | 'trunks', number>>;
  /** How many warnings `check` has. */
  readonly warnings: number;
}

/** The files that are looked for; one of them must be there. */
const FILES = ['extensions.conf', 'iax.conf', 'sip.conf', 'pjsip.conf', 'chan_dahdi.conf', 'zapata.conf'];

/**
 * Makes one configuration of the files of an Asterisk. Undefined if there is none of the files that it reads. Never throws
 * for what they say.
 */
export function importAsterisk(files: AsteriskFiles, options: ImportOptions): Imported | undefined {
  const remarks = new Remarks();
  const read = new Map<string, Section[]>();
  const sectionsOf = (name: string): Section[] => {
    const known = read.get(name);
    if (known !== undefined) return known;
    const sections = readAsteriskFile(files, name, remarks);
    if (sections !== undefined) read.set(name, sections);
    return sections ?? [];
  };
  const extensions = sectionsOf('extensions.conf');
  const draft = new Draft(remarks, contextsOf(extensions), options.secretForm);
  const { systemName } = importSurroundings(sectionsOf, draft);
  importDahdi([...sectionsOf('chan_dahdi.conf'), ...sectionsOf('zapata.conf')], draft);
  importIax(sectionsOf('iax.conf'), draft, { acls: sectionsOf('acl.conf'), findKey: options.findKey });
  // What stands in both counts as PJSIP has it, which is the only one since Asterisk 21.
  importPjsip(sectionsOf('pjsip.conf'), sectionsOf('pjsip_wizard.conf'), draft);
  importSip(sectionsOf('sip.conf'), draft);
  if (!FILES.some((name) => read.has(name))) return undefined;
  draft.document.site.id = siteId(options.site ?? systemName ?? 'office');
  draft.queues = readQueues(sectionsOf('queues.conf'), draft);
  const lines = importExtensions(extensions, draft);
  lines.push(...writeGroups(lines, draft));
  importRooms(sectionsOf('meetme.conf'), sectionsOf('confbridge.conf'), lines, draft);
  importFeatures(sectionsOf('features.conf'), sectionsOf('res_parking.conf'), draft);
  tellCountry(sectionsOf('indications.conf'), draft);
  tellTimes(lines, draft);
  tellOthers(files, sectionsOf, draft);
  giveExtensions(lines, draft);
  const { text, isValid, warnings } = settle(draft, lines, options.heading);
  const { hat, iax2, sip } = draft.document;
  const count = (all: object | undefined) => Object.keys(all ?? {}).length;
  return {
    text,
    isValid,
    remarks: remarks.all(),
    counts: {
      contexts: draft.contexts.size,
      lines: hat?.lines?.length ?? 0,
      peers: count(iax2?.peers),
      phones: count(sip?.phones),
      trunks: count(sip?.trunks),
    },
    warnings: warnings.length,
  };
}

/** A name as MQTT topics have it. */
function siteId(name: string): string {
  const id = name
    .toLowerCase()
    .replace(/[^a-z0-9-]+/g, '-')
    .replace(/^-+|-+$/g, '')
    .slice(0, 40);
  return id === '' ? 'office' : id;
}
