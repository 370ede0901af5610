import type { Draft, DraftIax2 } from './draft.ts';
import {
  finishPeer,
  IAX_LOST,
  IAX_NEEDLESS,
  type KeyFinder,
  type PeerDefaults,
  type PeerReading,
  readAuth,
  readPeer,
  setCodecPriority,
  setEncryption,
} from './iax-peer.ts';
import { addRegistration } from './iax-register.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, type SettingRules } from './settings.ts';
import { durationText, hostWithPort, isNo, parsePort, parseWhole, readCodecs, toCidr } from './values.ts';

/** Peers and registrations of iax.conf, as chan_iax2 reads them. `acls` are the sections of acl.conf. */
export function importIax(
  sections: readonly Section[],
  draft: Draft,
  options: { readonly acls: readonly Section[]; readonly findKey: KeyFinder },
): void {
  const { remarks } = draft;
  const registrations: Entry[] = [];
  const defaults: PeerDefaults = {
    codecs: undefined,
    peer: {},
    bindAddress: undefined,
    bindPort: undefined,
    callTokenOptional: [],
    isForced: false,
  };
  for (const section of sections.filter(({ name }) => name.toLowerCase() === 'general'))
    applySettings(defaults, entriesOf(section), generalRules(draft, registrations), remarks);
  setBind(defaults, draft);
  const readings = new Map<string, PeerReading>();
  for (const section of sections) {
    if (section.isTemplate || section.name.toLowerCase() === 'general') continue;
    if (section.name.toLowerCase() === 'callnumberlimits')
      remarks.lost(section, 'callnumberlimits: write `maxCalls` at each peer');
    else readPeer(section, readings, defaults, draft, options);
  }
  for (const [name, reading] of readings) finishPeer(name, reading, defaults, draft);
  for (const entry of registrations) addRegistration(entry, draft);
}

function generalRules(draft: Draft, registrations: Entry[]): SettingRules<PeerDefaults> {
  const { remarks } = draft;
  const codecs = (target: PeerDefaults, entry: Entry) => {
    target.codecs = readCodecs(target.codecs, entry, remarks);
  };
  return {
    carried: {
      bindport: (target, entry) => {
        target.bindPort = parsePort(entry.value);
      },
      bindaddr: (target, entry) => {
        if (target.bindAddress === undefined) {
          target.bindAddress = entry.value;
          draft.tellAddress(entry.value.replace(/:\d+$/, ''), entry);
        } else remarks.lost(entry, 'IAX2 is served on one address: the first `bindaddr`; 0.0.0.0 is all of them');
      },
      allow: codecs,
      disallow: codecs,
      register: (_, entry) => {
        registrations.push(entry);
      },
      auth: (target, entry) => {
        target.peer.auth = readAuth(entry.value);
      },
      encryption: (target, entry) => {
        setEncryption(target.peer, entry);
      },
      forceencryption: (target, entry) => {
        target.isForced = setEncryption(target.peer, entry);
      },
      codecpriority: (target, entry) => setCodecPriority(target.peer, entry),
      trunktimestamps: (target, entry) => {
        if (isNo(entry.value)) target.peer.trunkTimestamps = false;
      },
      autokill: (target, entry) => {
        const ms = parseWhole(entry.value, 1, 600_000);
        if (ms !== undefined) target.peer.autokill = durationText(ms, 500, 30_000);
      },
      calltokenoptional: (target, entry) => {
        const network = toCidr(entry.value);
        if (network !== undefined) target.callTokenOptional.push(network);
        else remarks.lost(entry, 'calltokenoptional: the network cannot be read; write `callToken: no` at the peer');
      },
    },
    lost: {
      ...IAX_LOST,
      maxcallnumbers: 'write `maxCalls` at each peer',
    },
    needless: IAX_NEEDLESS,
  };
}

function setBind({ bindAddress, bindPort }: PeerDefaults, draft: Draft): void {
  if (bindAddress === undefined && bindPort === undefined) return;
  const iax2: DraftIax2 = (draft.document.iax2 ??= {});
  iax2.bind = hostWithPort(bindAddress ?? '0.0.0.0', bindPort ?? 4569) ?? '0.0.0.0:4569';
}
