import { AccessRules } from './access-rules.ts';
import type { Draft, DraftPeer } from './draft.ts';
import { NOT_HERE } from './not-here.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, lastOf, type SettingRules } from './settings.ts';
import {
  type CodecList,
  durationText,
  hostWithPort,
  isNo,
  isYes,
  parseCallerId,
  parsePort,
  parseWhole,
  readCodecs,
} from './values.ts';

/** Where an RSA key of Asterisk is, as the configuration names it; undefined if it cannot be found. */
export type KeyFinder = (fileName: string) => string | undefined;

/** What [general] says for every peer. */
export interface PeerDefaults {
  codecs: CodecList;
  peer: DraftPeer;
  bindAddress: string | undefined;
  bindPort: number | undefined;
  callTokenOptional: string[];
  isForced: boolean;
}

/** A peer that is being read. */
export interface PeerReading {
  readonly draft: DraftPeer;
  readonly access: AccessRules;
  readonly secrets: string[];
  codecs: CodecList;
  port: number | undefined;
  host: Entry | undefined;
  qualifyEveryMs: number | undefined;
  qualifyTimeoutMs: number | undefined;
  /** It has proofs that could not be carried over: without them nobody may call in its name. */
  isGuarded: boolean;
  /** `forceencryption`: not at all without. */
  isForced: boolean;
}

/** What iax.conf has in [general] and in its sections alike. */
export const IAX_LOST = {
  transfer: 'calls stay here unless `transfer: { targets: […] }` of the peer says which addresses they may go to',
  mohinterpret: NOT_HERE.music,
  mohsuggest: NOT_HERE.music,
  language: NOT_HERE.language,
  accountcode: NOT_HERE.account,
  parkinglot: NOT_HERE.parkingLot,
  regcontext: NOT_HERE.registeredOnly,
  regexten: NOT_HERE.registeredOnly,
  bandwidth: 'write the codecs instead: `codecs: [ulaw, alaw]`',
  tos: 'packets are marked by `net: { dscp: { media: 46 } }`',
  cos: 'packets are marked by `net: { dscp: { media: 46 } }`',
} as const;

export const IAX_NEEDLESS =
  'jitterbuffer maxjitterbuffer resyncthreshold maxjitterinterps jittertargetextra forcejitterbuffer adsi amaflags type ' +
  'delayreject iaxcompat nochecksums lagrqtime pingtime iaxthreadcount iaxmaxthreadcount allowfwdownload trunkfreq ' +
  'trunkmtu trunkmaxsize authdebug maxauthreq rtcachefriends rtupdate rtautoclear rtignoreregexpire rtsavesysname ' +
  'connectedline shrinkcallerid srvlookup subscribe_network_change_event description calltokenexpiration timezone ' +
  'keyrotate qualifysmoothing maxcallnumbers_nonvalidated minregexpire maxregexpire sendani immediate';

/** Reads one section into what was read of its name before. */
export function readPeer(
  section: Section,
  readings: Map<string, PeerReading>,
  defaults: PeerDefaults,
  draft: Draft,
  options: { readonly acls: readonly Section[]; readonly findKey: KeyFinder },
): void {
  const { remarks } = draft;
  const entries = entriesOf(section);
  const type = lastOf(entries, 'type')?.value.toLowerCase();
  if (type !== 'friend' && type !== 'user' && type !== 'peer') {
    remarks.lost(section, `[${section.name}] has no type of friend, user or peer; Asterisk passes over it, too`);
    return;
  }
  const before = readings.get(section.name);
  const reading: PeerReading = before ?? {
    draft: { type, ...defaults.peer },
    access: new AccessRules(options.acls, remarks),
    secrets: [],
    codecs: defaults.codecs,
    port: undefined,
    host: undefined,
    qualifyEveryMs: undefined,
    qualifyTimeoutMs: undefined,
    isGuarded: false,
    isForced: defaults.isForced,
  };
  if (before !== undefined && before.draft.type !== type) {
    before.draft.type = 'friend';
    remarks.changed(section, `[${section.name}] is a user and a peer; they are one friend here`);
  }
  readings.set(section.name, reading);
  if (before === undefined) draft.from(['iax2', 'peers', section.name], section);
  applySettings(reading, entries, peerRules(section.name, draft, options.findKey), remarks);
}

function peerRules(name: string, draft: Draft, findKey: KeyFinder): SettingRules<PeerReading> {
  const { remarks } = draft;
  const codecs = (target: PeerReading, entry: Entry) => {
    target.codecs = readCodecs(target.codecs, entry, remarks);
  };
  const access = (target: PeerReading, entry: Entry) => target.access.add(entry);
  const number = (target: PeerReading, entry: Entry) => setCallerId(target.draft, entry, draft);
  return {
    carried: {
      secret: (target, { value }) => {
        remarks.keepSecret(value);
        if (value !== '' && !target.secrets.includes(value)) target.secrets.push(value);
      },
      host: (target, entry) => {
        target.host = entry;
      },
      port: (target, entry) => {
        target.port = parsePort(entry.value);
      },
      username: (target, { value }) => {
        if (value !== '') target.draft.username = value;
      },
      context: (target, entry) => {
        if (entry.value === '*') {
          target.draft.otherContexts = ['*'];
          return;
        }
        if (target.draft.context === undefined) {
          const context = draft.context(entry.value, entry, `[${name}]`);
          if (context !== undefined) target.draft.context = context;
          return;
        }
        // A second context is one that the caller may ask for.
        const other = draft.context(entry.value, entry, `[${name}]`);
        if (other !== undefined && other !== target.draft.context)
          target.draft.otherContexts = [...(target.draft.otherContexts ?? []), other];
      },
      auth: (target, { value }) => {
        target.draft.auth = readAuth(value);
      },
      inkeys: (target, entry) => {
        const paths = entry.value.split(':').map((key) => findKey(`${key.trim()}.pub`));
        const found = paths.filter((path) => path !== undefined);
        if (found.length > 0) target.draft.inKeys = found;
        else target.isGuarded = true;
        if (found.length < paths.length)
          remarks.lost(
            entry,
            `a public key of inkeys is not to be found; copy it and name it: \`inKeys: [${name}.pub]\``,
          );
      },
      outkey: (target, entry) => {
        const path = findKey(`${entry.value}.key`);
        if (path !== undefined) target.draft.outKey = path;
        else
          remarks.lost(
            entry,
            `the private key of outkey is not to be found; copy it and name it: \`outKey: ${name}.key\``,
          );
      },
      dbsecret: (target, entry) => {
        target.isGuarded = true;
        remarks.lost(entry, 'dbsecret: the secret is in the database of Asterisk; write it as `secret`');
      },
      permit: access,
      deny: access,
      acl: access,
      allow: codecs,
      disallow: codecs,
      codecpriority: (target, entry) => setCodecPriority(target.draft, entry),
      requirecalltoken: (target, { value }) => {
        target.draft.callToken = value.toLowerCase() === 'auto' ? 'auto' : isNo(value) ? 'no' : 'required';
      },
      trunk: (target, { value }) => {
        target.draft.trunk = isYes(value);
      },
      encryption: (target, entry) => {
        setEncryption(target.draft, entry);
      },
      forceencryption: (target, entry) => {
        target.isForced = setEncryption(target.draft, entry);
      },
      qualify: (target, { value }) => {
        target.qualifyTimeoutMs = isNo(value) || value === '0' ? undefined : (parseWhole(value, 1, 600_000) ?? 2000);
      },
      qualifyfreqok: (target, { value }) => {
        target.qualifyEveryMs = parseWhole(value, 1, 86_400_000);
      },
      maxcallnumbers: (target, entry) => {
        const calls = parseWhole(entry.value, 1, 65_535);
        if (calls === undefined) return;
        target.draft.maxCalls = Math.min(calls, 1000);
        remarks.changed(
          entry,
          'maxcallnumbers counts call numbers of an address; `maxCalls` counts calls with the peer',
        );
      },
      callerid: number,
      cid_number: number,
      setvar: (_, entry) =>
        remarks.lost(entry, 'setvar: set the variable in the dialplan, in a context of the peer’s own'),
      mailbox: (_, entry) =>
        remarks.lost(
          entry,
          'mailbox: voice mail stays at head office; `mailbox: NAME` tells this peer of the messages that peer NAME tells us of',
        ),
      transfer: (_, entry) => {
        if (!isNo(entry.value)) remarks.lost(entry, `transfer: ${IAX_LOST.transfer}`);
      },
    },
    lost: {
      ...IAX_LOST,
      defaultip: 'a peer that has not registered yet cannot be called; write `host` if the address is fixed',
      mask: 'write `allowFrom: [network]`',
      peercontext: 'name the context in the dial string: IAX2/peer/number@context',
      sourceaddress: 'IAX2 is served on one address: `iax2.bind`',
      fullname: 'a peer shows no name; set it in the dialplan: Set(CALLERID(name)=…)',
    },
    needless: `${IAX_NEEDLESS} qualifyfreqnotok`,
  };
}

export function readAuth(value: string): NonNullable<DraftPeer['auth']> {
  const words = value.toLowerCase().split(/[,|&\s]+/);
  const known = (['md5', 'rsa', 'plaintext'] as const).filter((method) => words.includes(method));
  return known.length > 0 ? [...known] : ['md5'];
}

/** `yes` and `aes128` are the same; `no` takes back what [general] said. Gives whether it is on. */
export function setEncryption(peer: DraftPeer, { key, value }: Entry): boolean {
  const isOn = isYes(value) || /aes/i.test(value);
  if (isOn) peer.encryption = 'aes128';
  else if (key.toLowerCase() === 'encryption') delete peer.encryption;
  return isOn;
}

export function setCodecPriority(peer: DraftPeer, { value }: Entry): void {
  const known = (['host', 'caller', 'disabled', 'reqonly'] as const).find((it) => it === value.toLowerCase());
  if (known !== undefined && known !== 'host') peer.codecPriority = known;
}

function setCallerId(peer: DraftPeer, entry: Entry, { remarks }: Draft): void {
  const { name, number } = parseCallerId(entry.value);
  if (number !== undefined) peer.callerId = number;
  if (name !== undefined)
    remarks.lost(entry, 'a peer shows a number only; set a name in the dialplan: Set(CALLERID(name)=…)');
}

/** Enters the peer, unless nobody could tell whether it is the one. */
export function finishPeer(name: string, reading: PeerReading, defaults: PeerDefaults, draft: Draft): void {
  const { remarks } = draft;
  const { host, secrets, access, codecs, port } = reading;
  const peer = { ...reading.draft, ...access.result() };
  const place = draft.originOf(['iax2', 'peers', name])!;
  if (host !== undefined && host.value.toLowerCase() !== 'dynamic') {
    const written = hostWithPort(host.value, port);
    if (written === undefined) remarks.lost(host, `host of [${name}] is no name or address; it counts as dynamic`);
    else peer.host = written;
  }
  if (codecs !== undefined && codecs.length > 0) peer.codecs = [...codecs];
  if (peer.trunk === true && peer.encryption !== undefined) {
    peer.trunk = false;
    remarks.changed(place, `[${name}]: trunk and encryption exclude each other here; its calls are encrypted`);
  }
  if (reading.qualifyTimeoutMs !== undefined) {
    const every = Math.max(reading.qualifyEveryMs ?? 10_000, 500);
    const timeout = Math.min(Math.max(reading.qualifyTimeoutMs, 100), every, 60_000);
    peer.qualify = { every: durationText(every, 500, 3_600_000), timeout: durationText(timeout, 100, 60_000) };
  }
  if (peer.callToken === undefined && defaults.callTokenOptional.length > 0) {
    const isFor = defaults.callTokenOptional.some((net) => net.endsWith('/0') || net.split('/')[0] === peer.host);
    if (isFor) peer.callToken = 'auto';
  }
  if (peer.type !== 'peer' && secrets.length === 0 && peer.inKeys === undefined) {
    if (peer.auth?.includes('rsa') || reading.isGuarded) {
      if (peer.host === undefined) {
        remarks.lost(place, `[${name}] is left out: what it proves itself with could not be carried over`);
        return;
      }
      peer.type = 'peer';
      remarks.lost(place, `[${name}] may not call us: what it proves itself with could not be carried over`);
    } else {
      // The key of the encryption comes of the secret; Asterisk talks in the clear then.
      if (!reading.isForced) delete peer.encryption;
      remarks.changed(place, `[${name}] has no secret: whoever gives its name may call, as in Asterisk`);
    }
  }
  if (peer.auth?.includes('rsa') && peer.inKeys === undefined && peer.outKey === undefined) {
    const others = peer.auth.filter((method) => method !== 'rsa');
    peer.auth = others.length > 0 ? others : ['md5'];
  }
  const { peers } = draft;
  const key = draft.name('IAX2', name, place);
  const written = secrets.map((secret, i) => draft.secret(`iax2-${key}${i === 0 ? '' : `-${i + 1}`}`, secret));
  if (written.length > 0) peer.secret = written.length === 1 ? written[0]! : written;
  draft.from(['iax2', 'peers', key], place);
  peers[key] = peer;
}
