import type { Draft } from './draft.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, lastOf, type SettingRules } from './settings.ts';
import {
  addPhone,
  addTrunk,
  NO_ACCESS,
  NO_GROUPS,
  NO_MAILBOX,
  newParty,
  type SipParty,
  type Transport,
} from './sip-party.ts';
import { parseSipRegister, type SipRegister } from './sip-register.ts';
import {
  type CodecList,
  hostWithPort,
  isNo,
  isYes,
  parseCallerId,
  parsePort,
  parseWhole,
  readCodecs,
  toCidr,
} from './values.ts';

const DEFAULT_EVERY_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 2000;

/** What [general] says. */
interface General {
  context: Entry | undefined;
  codecs: CodecList;
  qualify: SipParty['qualify'];
  everyMs: number;
  isSealed: boolean;
  transports: Map<Transport, { isOn: boolean; address: string | undefined; port: number | undefined }>;
  port: number | undefined;
  registers: Entry[];
}

/** A section that is being read. */
interface PartyReading {
  readonly party: SipParty;
  host: Entry | undefined;
  port: number | undefined;
  contextEntry: Entry | undefined;
  everyMs: number;
  trusts: number;
  isInsecure: boolean;
  remoteSecret: string | undefined;
}

const LOST = {
  mailbox: NO_MAILBOX,
  callgroup: NO_GROUPS,
  pickupgroup: NO_GROUPS,
  namedcallgroup: NO_GROUPS,
  namedpickupgroup: NO_GROUPS,
  permit: NO_ACCESS,
  deny: NO_ACCESS,
  acl: NO_ACCESS,
  contactpermit: NO_ACCESS,
  contactdeny: NO_ACCESS,
  contactacl: NO_ACCESS,
  setvar: 'set the variable in the dialplan, in a context of its own',
  accountcode: 'records of calls have no account code; they have the names of both ends',
  language: 'prompts are tones and have no language',
  tonezone: 'tones are those of `site.country`',
  mohinterpret: 'there is no music on hold; a held party hears two beeps',
  mohsuggest: 'there is no music on hold; a held party hears two beeps',
  parkinglot: 'there is one parking lot: `features: { park: … }`',
  md5secret: 'a secret that was hashed cannot be used; give the telephone a new one, and write it as `secret`',
  outboundproxy: 'name the proxy as `registrar` of the trunk',
  subscribecontext: 'lamps follow the `hint` lines of the context of the telephone',
  regexten:
    'an extension that is there while a telephone is registered; dial the telephone, it fails at once if it is not',
  regcontext:
    'an extension that is there while a telephone is registered; dial the telephone, it fails at once if it is not',
  fromdomain: 'From has the address of the registrar or of the box; `fromUser` sets its user',
  callbackextension: 'calls of a trunk come for the number that it asks for; write `register: {}` at the trunk',
  defaultip: 'a telephone that has not registered yet cannot be called',
  dtlsenable: 'voice is sealed by SDES over TLS: `srtp: required`',
} as const;

const ALWAYS =
  'type nat directmedia canreinvite directrtpsetup canredirect insecure dtmf rfc2833compensate callevents callcounter notifyringing notifyhold ' +
  'notifycid notifymimetype allowsubscribe allowguest allowoverlap allowtransfer alwaysauthreject pedantic minexpiry maxexpiry ' +
  'defaultexpiry mwiexpiry submaxexpiry subminexpiry srvlookup realm domain domainsasrealm useragent sdpsession sdpowner t1min ' +
  'timert1 timerb session-timers session-expires session-minse session-refresher rtptimeout rtpholdtimeout rtpkeepalive keepalive ' +
  'jbenable jbforce jbmaxsize jbresyncthreshold jbimpl jblog jbtargetextra compactheaders sipdebug recordhistory dumphistory ' +
  'vmexten maxcallbitrate videosupport textsupport t38pt_udptl faxdetect progressinband prematuremedia promiscredir usereqphone ' +
  'relaxdtmf autodomain allowexternaldomains maxforwards tos_sip tos_audio tos_video tos_text cos_sip cos_audio cos_video cos_text ' +
  'rtcachefriends rtsavesysname rtupdate rtautoclear ignoreregexpire icesupport avpf force_avp rtcp_mux ignoresdpversion autoframing ' +
  'preferred_codec_only send_diversion shrinkcallerid rpid_update rpid_immediate registertimeout registerattempts authfailureevents ' +
  'limitonpeer limitonpeers busylevel buggymwi subscribemwi mwi_from unsolicited_mailbox description amaflags match_auth_username ' +
  'tcpauthtimeout tcpauthlimit websocket_enabled websocket_write_timeout dynamic_exclude_static qualifygap qualifypeers ' +
  'auth_options_requests auth_message_requests accept_outofcall_message outofcall_message_context use_q850_reason snom_aoc_enabled ' +
  'encryption_taglen matchexternaddrlocally matchexterniplocally media_address subscribe_network_change_event g726nonstandard ' +
  'legacy_useroption_parsing supportpath disallowed_methods storesipcause callingpres cid_tag username_format refer_addheaders ' +
  'regextenonqualify rtp_engine rtsavepath directmediadeny directmediapermit directmediaacl rtpbindaddr recordonfeature recordofffeature ' +
  'externrefresh tlscipher tlsclientmethod tlsdontverifyserver stunaddr bindaddr_ipv6 checkmwi hasvoicemail trust_id_outbound';

export function importSip(sections: readonly Section[], draft: Draft): void {
  const { remarks } = draft;
  const general = readGeneral(sections, draft);
  setListen(general, draft);
  const registers = general.registers.flatMap((entry) => parseSipRegister(entry, remarks) ?? []);
  for (const section of sections) {
    if (section.isTemplate || section.name.toLowerCase() === 'general') continue;
    if (section.name.toLowerCase() === 'authentication') {
      if (entriesOf(section).length > 0)
        remarks.lost(section, '[authentication]: write `username` and `secret` at the trunk that asks for them');
    } else readParty(section, general, registers, draft);
  }
  for (const register of registers) {
    if (register.isUsed) continue;
    const name = draft.freeName(register.host.replace(/:\d+$/, ''));
    const { secret, username, expiresMs, transport } = register;
    addTrunk(
      {
        ...newParty(name, register.place),
        host: register.host,
        secret,
        username,
        transport,
        registration: { expiresMs },
      },
      draft,
    );
    remarks.changed(register.place, `no peer has the host of this registration; the trunk ${name} was made of it`);
  }
}

function readGeneral(sections: readonly Section[], draft: Draft): General {
  const general: General = {
    context: undefined,
    codecs: undefined,
    qualify: undefined,
    everyMs: DEFAULT_EVERY_MS,
    isSealed: false,
    transports: new Map(
      (['udp', 'tcp', 'tls'] as const).map((it) => [it, { isOn: it === 'udp', address: undefined, port: undefined }]),
    ),
    port: undefined,
    registers: [],
  };
  const all = sections.filter(({ name }) => name.toLowerCase() === 'general').flatMap(entriesOf);
  applySettings(general, all, generalRules(draft), draft.remarks);
  return general;
}

function generalRules(draft: Draft): SettingRules<General> {
  const { remarks } = draft;
  const codecs = (general: General, entry: Entry) => {
    general.codecs = readCodecs(general.codecs, entry, remarks);
  };
  const address = (transport: Transport) => (general: General, entry: Entry) => {
    const [, host = '', port] = /^(.*?)(?::(\d+))?$/.exec(entry.value) ?? [];
    Object.assign(general.transports.get(transport)!, { address: host, port: parsePort(port) });
  };
  const external = (_: General, entry: Entry) => {
    const host = entry.value.replace(/:\d+$/, '');
    draft.document.net = { ...draft.document.net, external: host };
    draft.from(['net', 'external'], entry);
  };
  const certificate =
    'copy the certificate to the box and write `sip: { tls: { cert: { file: … }, key: { file: … } } }`, with tls:// in `listen`';
  return {
    carried: {
      context: (general, entry) => {
        general.context = entry;
      },
      allow: codecs,
      disallow: codecs,
      bindport: (general, { value }) => {
        general.port = parsePort(value);
      },
      port: (general, { value }) => {
        general.port = parsePort(value);
      },
      bindaddr: address('udp'),
      udpbindaddr: address('udp'),
      tcpbindaddr: address('tcp'),
      tcpenable: (general, { value }) => {
        general.transports.get('tcp')!.isOn = isYes(value);
      },
      tlsenable: (general, entry) => {
        general.transports.get('tls')!.isOn = isYes(entry.value);
        if (isYes(entry.value)) remarks.lost(entry, `tlsenable: ${certificate}`);
      },
      tlsbindaddr: address('tls'),
      register: (general, entry) => {
        general.registers.push(entry);
      },
      qualifyfreq: (general, { value }) => {
        general.everyMs = (parseWhole(value, 1, 86_400) ?? 60) * 1000;
      },
      qualify: (general, { value }) => {
        general.qualify = readQualify(value, general.everyMs);
      },
      encryption: (general, { value }) => {
        general.isSealed = isYes(value);
      },
      externip: external,
      externaddr: external,
      externhost: external,
      localnet: (_, entry) => {
        const network = toCidr(entry.value);
        if (network === undefined)
          remarks.lost(entry, 'localnet: the network cannot be read; write `net: { localNets: […] }`');
        else
          draft.document.net = {
            ...draft.document.net,
            localNets: [...(draft.document.net?.localNets ?? []), network],
          };
      },
      dtmfmode: tellDtmf(draft),
      transport: (_, entry) => {
        if (!/^udp$/i.test(entry.value.trim()))
          remarks.lost(
            entry,
            'transport: what is served stands in `sip: { listen: […] }`, from tcpenable and tlsenable',
          );
      },
      mwi: (_, entry) => {
        remarks.keepSecret(/:([^@]+)@/.exec(entry.value)?.[1] ?? '');
        remarks.lost(entry, 'mwi: write `mailbox: "box@trunk"` at the telephone whose lamp is meant');
      },
    },
    lost: {
      ...LOST,
      trustrpid: 'write `trusted: true` at the trunks that are to be believed',
      sendrpid: 'write `trusted: true` at the trunks that are told who calls',
      autocreatepeer: 'telephones are let in by adopt mode: `sip: { adopt: { context: … } }`',
      dynamic_exclude: NO_ACCESS,
      tlscertfile: certificate,
      tlsprivatekey: certificate,
      tlscafile: 'write `sip: { tls: { ca: { file: … } } }`',
      tlscapath: 'write `sip: { tls: { ca: { file: … } } }`',
      call_limit: 'write `maxCalls` at each telephone',
    },
    needless: ALWAYS,
  };
}

function tellDtmf({ remarks }: Draft) {
  return (_: unknown, entry: Entry) => {
    if (/^inband$/i.test(entry.value))
      remarks.lost(
        entry,
        'dtmfmode=inband: digits are taken as telephone events or by INFO; set the telephone to RFC 2833',
      );
  };
}

function readQualify(value: string, everyMs: number): SipParty['qualify'] {
  if (isNo(value) || value === '0') return undefined;
  return { everyMs, timeoutMs: parseWhole(value, 1, 60_000) ?? DEFAULT_TIMEOUT_MS };
}

function setListen(general: General, draft: Draft): void {
  const listen: string[] = [];
  for (const [transport, { isOn, address, port }] of general.transports) {
    // Without a certificate nothing can be served over TLS.
    if (!isOn || transport === 'tls') continue;
    const udp = general.transports.get('udp')!.address;
    const host = address === undefined || address === '' ? (udp ?? '0.0.0.0') : address;
    listen.push(`${transport}://${hostWithPort(host === '' ? '0.0.0.0' : host, port ?? general.port ?? 5060)}`);
  }
  if (listen.join() !== 'udp://0.0.0.0:5060') draft.sip.listen = listen;
}

function readParty(section: Section, general: General, registers: SipRegister[], draft: Draft): void {
  const { remarks } = draft;
  const entries = entriesOf(section);
  const type = lastOf(entries, 'type')?.value.toLowerCase();
  if (type !== 'friend' && type !== 'peer' && type !== 'user') {
    remarks.lost(section, `[${section.name}] has no type of friend, peer or user; Asterisk passes over it, too`);
    return;
  }
  const reading: PartyReading = {
    party: {
      ...newParty(section.name, section),
      codecs: general.codecs,
      qualify: general.qualify,
      isSealed: general.isSealed,
    },
    host: undefined,
    port: undefined,
    contextEntry: general.context,
    everyMs: general.everyMs,
    trusts: 0,
    isInsecure: false,
    remoteSecret: undefined,
  };
  applySettings(reading, entries, partyRules(draft), remarks);
  finishParty(reading, registers, draft);
}

function partyRules(draft: Draft): SettingRules<PartyReading> {
  const { remarks } = draft;
  const codecs = ({ party }: PartyReading, entry: Entry) => {
    party.codecs = readCodecs(party.codecs, entry, remarks);
  };
  const username = ({ party }: PartyReading, { value }: Entry) => {
    if (value !== '') party.username = value;
  };
  const limit = ({ party }: PartyReading, { value }: Entry) => {
    party.maxCalls = parseWhole(value, 1, 1000);
  };
  return {
    carried: {
      host: (reading, entry) => {
        reading.host = entry;
      },
      port: (reading, { value }) => {
        reading.port = parsePort(value);
      },
      secret: ({ party }, { value }) => {
        remarks.keepSecret(value);
        party.secret = value === '' ? undefined : value;
      },
      remotesecret: (reading, { value }) => {
        remarks.keepSecret(value);
        reading.remoteSecret = value === '' ? undefined : value;
      },
      username,
      defaultuser: username,
      context: (reading, entry) => {
        reading.contextEntry = entry;
      },
      allow: codecs,
      disallow: codecs,
      callerid: ({ party }, { value }) => {
        party.caller = parseCallerId(value);
      },
      fullname: ({ party }, { value }) => {
        party.caller = { ...party.caller, name: value };
      },
      cid_number: ({ party }, { value }) => {
        party.caller = { ...party.caller, number: parseCallerId(value).number };
      },
      transport: ({ party }, { value }) => {
        const first = value.toLowerCase().split(',')[0]!.trim();
        party.transport = (['udp', 'tcp', 'tls'] as const).find((it) => it === first);
      },
      encryption: ({ party }, { value }) => {
        party.isSealed = isYes(value);
      },
      qualifyfreq: (reading, { value }) => {
        reading.everyMs = (parseWhole(value, 1, 86_400) ?? 60) * 1000;
      },
      qualify: (reading, { value }) => {
        reading.party.qualify = readQualify(value, reading.everyMs);
      },
      'call-limit': limit,
      call_limit: limit,
      fromuser: ({ party }, { value }) => {
        if (value !== '') party.fromUser = value;
      },
      trustrpid: (reading, { value }) => {
        if (isYes(value)) reading.trusts++;
      },
      sendrpid: (reading, { value }) => {
        if (!isNo(value)) reading.trusts++;
      },
      insecure: (reading, { value }) => {
        reading.isInsecure = !isNo(value);
      },
      dtmfmode: tellDtmf(draft),
      vmexten: () => {},
    },
    lost: LOST,
    needless: ALWAYS,
  };
}

function finishParty(reading: PartyReading, registers: SipRegister[], draft: Draft): void {
  const { party, contextEntry, host, port, trusts } = reading;
  const { remarks } = draft;
  const { name, place } = party;
  if (contextEntry !== undefined) party.context = draft.context(contextEntry.value, contextEntry, `[${name}]`);
  if (party.qualify !== undefined) party.qualify = { ...party.qualify, everyMs: reading.everyMs };
  const written = host === undefined || /^dynamic$/i.test(host.value) ? undefined : hostWithPort(host.value, port);
  const isPhone =
    written === undefined || (/^[0-9*#]+$/.test(name) && !reading.isInsecure && party.fromUser === undefined);
  const register = registers.find((it) => !it.isUsed && it.isFor(name, written));
  if (isPhone && register === undefined) {
    if (written !== undefined)
      remarks.changed(place, `[${name}] has a fixed address; here it must register, or be a trunk in \`sip.trunks\``);
    addPhone(party, draft);
    return;
  }
  const secret = reading.remoteSecret ?? party.secret ?? register?.secret;
  if (register !== undefined) {
    register.isUsed = true;
    party.registration = { expiresMs: register.expiresMs };
    party.username ??= register.username;
    party.transport ??= register.transport;
    if (register.secret !== undefined && secret !== register.secret)
      remarks.changed(
        register.place,
        `[${name}] has another secret than its registration; the one of the section counts`,
      );
  }
  if (trusts === 1)
    remarks.lost(place, `[${name}]: trustrpid and sendrpid are one here; write \`trusted: true\` for both`);
  addTrunk({ ...party, secret, host: written ?? register!.host, isTrusted: trusts > 1 }, draft);
}
