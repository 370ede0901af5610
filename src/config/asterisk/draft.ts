import type { z } from 'zod';
import { formatPath, type Path } from '../problem.ts';
import type { configurationSchema } from '../schema/configuration.ts';
import type { Queue } from './queues.ts';
import type { Place, Remarks } from './remarks.ts';
import { plainName } from './values.ts';

/** A configuration as it is written, before defaults are filled in. */
export type DraftDocument = Omit<z.input<typeof configurationSchema>, 'dialplan'>;
export type DraftHat = NonNullable<DraftDocument['hat']>;
export type DraftLine = NonNullable<DraftHat['lines']>[number];
export type DraftIax2 = NonNullable<DraftDocument['iax2']>;
export type DraftPeer = NonNullable<DraftIax2['peers']>[string];
export type DraftSip = NonNullable<DraftDocument['sip']>;
export type DraftPhone = NonNullable<DraftSip['phones']>[string];
export type DraftTrunk = NonNullable<DraftSip['trunks']>[string];

/** How a secret is written: the text itself, or where it is kept. `name` tells what it is for: `iax2-hq`. */
export type SecretForm = (name: string, secret: string) => string | { readonly file: string };

/** The channels that Asterisk's dial strings name, in the words of ours. */
export interface ChannelNames {
  /** What a peer, phone or trunk that had to be renamed is called here; by `IAX2/name` or `SIP/name`. */
  readonly renamed: Map<string, string>;
  /** The port of the HAT that a DAHDI channel is. */
  readonly ports: Map<number, { readonly port: number; readonly kind: 'fxs' | 'fxo' }>;
  /** The ports of a group of DAHDI channels, in order. */
  readonly groups: Map<number, number[]>;
}

/** The configuration that is being made, and what is known beside it. */
export class Draft {
  readonly document: DraftDocument = { site: { id: 'office' } };
  readonly channels: ChannelNames = { renamed: new Map(), ports: new Map(), groups: new Map() };
  /** The queues by their names. */
  queues: ReadonlyMap<string, Queue> = new Map();
  /** The numbers that telephones were to show, by `SIP/phone` or `LINE/1`. */
  readonly callerNumbers = new Map<string, string>();
  private readonly origins = new Map<string, Place>();
  private readonly secrets = new Map<string, string>();
  private readonly parties = new Map<string, Place>();

  constructor(
    readonly remarks: Remarks,
    /** The contexts of the dialplan. */
    readonly contexts: ReadonlySet<string>,
    private readonly secretForm: SecretForm,
  ) {}

  /** Says where a part of the document came from. */
  from(path: Path, place: Place): void {
    this.origins.set(formatPath(path), place);
  }

  /** Where the value at `path`, or what it belongs to, came from. */
  originOf(path: Path): Place | undefined {
    for (let length = path.length; length > 0; length--) {
      const place = this.origins.get(formatPath(path.slice(0, length)));
      if (place !== undefined) return place;
    }
    return undefined;
  }

  /** How a secret is written; no remark has it in it from now on. */
  secret(name: string, value: string): string | { file: string } {
    this.remarks.keepSecret(value);
    this.secrets.set(name, value);
    return this.secretForm(plainName(name), value);
  }

  /** The secret that was written under this name. */
  secretOf(name: string): string | undefined {
    return this.secrets.get(name);
  }

  /** What is served on one address is served nowhere on a machine that has another. */
  tellAddress(address: string, place: Place): void {
    if (/^(?:\[?::\]?|0\.0\.0\.0)?$/.test(address)) return;
    this.remarks.changed(
      place,
      `it serves ${address} only, which must be an address of the new box; 0.0.0.0 is all of them`,
    );
  }

  /** A context that calls may enter, undefined where the dialplan has none of the name. */
  context(name: string, place: Place, whose: string): string | undefined {
    if (this.contexts.has(name)) return name;
    this.remarks.lost(
      place,
      `extensions.conf has no context [${name}]; ${whose} has none, and its calls are rejected, as by Asterisk`,
    );
    return undefined;
  }

  /** A name for a peer or trunk in a dial string, like the one it had. */
  name(technology: 'IAX2' | 'SIP', name: string, place: Place): string {
    const free = this.freeName(name, technology === 'IAX2');
    if (free !== name) this.rename(technology, name, free, place);
    return free;
  }

  rename(technology: 'IAX2' | 'SIP', name: string, other: string, place: Place): void {
    this.channels.renamed.set(`${technology}/${name}`, other);
    this.remarks.changed(place, `[${name}] is called ${other} here, in the dialplan, too`);
  }

  /** A name like this one that no peer and no trunk has yet, and, unless it is for a peer of IAX2, no phone. */
  freeName(name: string, isPeer = false): string {
    const plain = plainName(name);
    const { iax2, sip } = this.document;
    const others = [iax2?.peers, sip?.trunks, isPeer ? undefined : sip?.phones];
    const isTaken = (it: string) => others.some((all) => Object.hasOwn(all ?? {}, it));
    let free = plain;
    for (let i = 2; isTaken(free); i++) free = `${plain.slice(0, 60)}-${i}`;
    return free;
  }

  /** Whether a section of sip.conf or pjsip.conf has a phone or trunk of its name already, which is told. */
  isKnownParty(name: string, place: Place): boolean {
    const channel = `SIP/${name}`;
    const before = this.parties.get(channel);
    if (before === undefined) this.parties.set(channel, place);
    else this.remarks.lost(place, `[${name}] stands in ${before.file}, line ${before.line}, too; that one counts`);
    return before !== undefined;
  }

  get peers(): Record<string, DraftPeer> {
    this.document.iax2 ??= {};
    this.document.iax2.peers ??= {};
    return this.document.iax2.peers;
  }

  get sip(): DraftSip {
    this.document.sip ??= {};
    return this.document.sip;
  }

  get phones(): Record<string, DraftPhone> {
    this.sip.phones ??= {};
    return this.sip.phones;
  }

  get trunks(): Record<string, DraftTrunk> {
    this.sip.trunks ??= {};
    return this.sip.trunks;
  }
}
