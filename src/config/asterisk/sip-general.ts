import type { Draft } from './draft.ts';
import { NOT_HERE } from './not-here.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, type SettingRules } from './settings.ts';
import type { SipParty, Transport } from './sip-party.ts';
import { type CodecList, hostWithPort, isNo, isYes, parsePort, parseWhole, readCodecs, toCidr } from './values.ts';

const DEFAULT_EVERY_MS = 60_000;
const DEFAULT_TIMEOUT_MS = 2000;

/** What [general] says. */
export interface General {
  context: Entry | undefined;
  codecs: CodecList;
  qualify: SipParty['qualify'];
  everyMs: number;
  isSealed: boolean;
  transports: Map<Transport, { isOn: boolean; address: string | undefined; port: number | undefined }>;
  port: number | undefined;
  registers: Entry[];
}

/** What sip.conf has in [general] and in its sections alike. */
export const SIP_LOST = {
  mailbox: NOT_HERE.mailbox,
  callgroup: NOT_HERE.groups,
  pickupgroup: NOT_HERE.groups,
  namedcallgroup: NOT_HERE.groups,
  namedpickupgroup: NOT_HERE.groups,
  permit: NOT_HERE.access,
  deny: NOT_HERE.access,
  acl: NOT_HERE.access,
  contactpermit: NOT_HERE.access,
  contactdeny: NOT_HERE.access,
  contactacl: NOT_HERE.access,
  setvar: NOT_HERE.variable,
  accountcode: NOT_HERE.account,
  language: NOT_HERE.language,
  tonezone: NOT_HERE.tones,
  mohinterpret: NOT_HERE.music,
  mohsuggest: NOT_HERE.music,
  parkinglot: NOT_HERE.parkingLot,
  md5secret: 'a secret that was hashed cannot be used; give the telephone a new one, and write it as `secret`',
  outboundproxy: NOT_HERE.proxy,
  subscribecontext: NOT_HERE.lamps,
  regexten: NOT_HERE.registeredOnly,
  regcontext: NOT_HERE.registeredOnly,
  fromdomain: NOT_HERE.fromDomain,
  callbackextension: 'calls of a trunk come for the number that it asks for; write `register: {}` at the trunk',
  defaultip: 'a telephone that has not registered yet cannot be called',
  dtlsenable: 'voice is sealed by SDES over TLS: `srtp: required`',
} as const;

export const SIP_NEEDLESS =
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

/** [general] of sip.conf, with what the box serves. */
export function readGeneral(sections: readonly Section[], draft: Draft): General {
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
    draft.tellAddress(host, entry);
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
      ...SIP_LOST,
      trustrpid: 'write `trusted: true` at the trunks that are to be believed',
      sendrpid: 'write `trusted: true` at the trunks that are told who calls',
      autocreatepeer: 'telephones are let in by adopt mode: `sip: { adopt: { context: … } }`',
      dynamic_exclude: NOT_HERE.access,
      tlscertfile: certificate,
      tlsprivatekey: certificate,
      tlscafile: 'write `sip: { tls: { ca: { file: … } } }`',
      tlscapath: 'write `sip: { tls: { ca: { file: … } } }`',
      call_limit: 'write `maxCalls` at each telephone',
    },
    needless: SIP_NEEDLESS,
  };
}

export function tellDtmf({ remarks }: Draft) {
  return (_: unknown, entry: Entry) => {
    if (/^inband$/i.test(entry.value))
      remarks.lost(
        entry,
        'dtmfmode=inband: digits are taken as telephone events or by INFO; set the telephone to RFC 2833',
      );
  };
}

export function readQualify(value: string, everyMs: number): SipParty['qualify'] {
  if (isNo(value) || value === '0') return undefined;
  return { everyMs, timeoutMs: parseWhole(value, 1, 60_000) ?? DEFAULT_TIMEOUT_MS };
}

export function setListen(general: General, draft: Draft): void {
  const listen: string[] = [];
  for (const [transport, { isOn, address, port }] of general.transports) {
    // Without a certificate nothing can be served over TLS.
    if (!isOn || transport === 'tls') continue;
    const udp = general.transports.get('udp')!.address;
    const host = address === undefined || address === '' ? (udp ?? '0.0.0.0') : address;
    listen.push(`${transport}://${hostWithPort(host === '' ? '0.0.0.0' : host, port ?? general.port ?? 5060)}`);
  }
  // What PJSIP serves stands there already.
  const before = draft.document.sip?.listen ?? [];
  if (before.length > 0 || listen.join() !== 'udp://0.0.0.0:5060')
    draft.sip.listen = [...new Set([...before, ...listen])];
}
