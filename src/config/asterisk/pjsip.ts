import type { Draft } from './draft.ts';
import { NOT_HERE } from './not-here.ts';
import { type PjsipObject, pjsipObjects } from './pjsip-objects.ts';
import { readTransports } from './pjsip-transports.ts';
import type { Entry, Section } from './reader.ts';
import { applySettings, type SettingRules } from './settings.ts';
import { addPhone, addTrunk, newParty, type SipParty, type Transport } from './sip-party.ts';
import { hostWithPort, isYes, parseCallerId, parseWhole, readCodecs } from './values.ts';

/** An endpoint with what belongs to it. */
interface Endpoint {
  readonly party: SipParty;
  aors: string[];
  auth: string | undefined;
  outboundAuth: string | undefined;
  transport: string | undefined;
  context: Entry | undefined;
  trusts: number;
}

const ENDPOINT: SettingRules<Endpoint>['lost'] = {
  mailboxes: NOT_HERE.mailbox,
  call_group: NOT_HERE.groups,
  pickup_group: NOT_HERE.groups,
  named_call_group: NOT_HERE.groups,
  named_pickup_group: NOT_HERE.groups,
  acl: NOT_HERE.access,
  permit: NOT_HERE.access,
  deny: NOT_HERE.access,
  contact_acl: NOT_HERE.access,
  contact_permit: NOT_HERE.access,
  contact_deny: NOT_HERE.access,
  set_var: NOT_HERE.variable,
  accountcode: NOT_HERE.account,
  language: NOT_HERE.language,
  tone_zone: NOT_HERE.tones,
  moh_suggest: NOT_HERE.music,
  outbound_proxy: NOT_HERE.proxy,
  from_domain: NOT_HERE.fromDomain,
  webrtc: 'there are no browsers as telephones; SIP over UDP, TCP and TLS is served',
  subscribe_context: NOT_HERE.lamps,
  message_context: 'text messages go to no dialplan',
  incoming_mwi_mailbox: 'write `mailbox: "box@trunk"` at the telephone whose lamp is meant',
  redirect_method: 'a telephone that forwards by itself is followed',
};

const ALWAYS =
  'type direct_media direct_media_method direct_media_glare_mitigation disable_direct_media_on_nat rtp_symmetric force_rport rewrite_contact ' +
  'ice_support use_ptime allow_subscribe allow_transfer allow_overlap timers timers_min_se timers_sess_expires identify_by rtp_timeout ' +
  'rtp_timeout_hold rtp_keepalive rtp_engine media_encryption_optimistic media_use_received_transport max_audio_streams max_video_streams ' +
  'connected_line_method send_connected_line trust_connected_line send_diversion inband_progress 100rel aggregate_mwi mwi_from_user ' +
  'mwi_subscribe_replaces_unsolicited device_state_busy_at_max refer_blind_progress notify_early_inuse_ringing moh_passthrough sdp_owner ' +
  'sdp_session tos_audio tos_video cos_audio cos_video t38_udptl t38_udptl_ec t38_udptl_maxdatagram t38_udptl_nat fax_detect ' +
  'fax_detect_timeout g726_non_standard preferred_codec_only asymmetric_rtp_codec rtcp_mux bundle trust_id_outbound callerid_privacy ' +
  'callerid_tag contact_user user_eq_phone follow_early_media_fork accept_multiple_sdp_answers suppress_q850_reason_headers ' +
  'incoming_call_offer_pref outgoing_call_offer_pref codec_prefs_incoming_offer codec_prefs_outgoing_offer codec_prefs_incoming_answer ' +
  'codec_prefs_outgoing_answer stir_shaken one_touch_recording record_on_feature record_off_feature sub_min_expiry voicemail_extension ' +
  'allow_unauthenticated_options media_address bind_rtp_to_media_address rpid_immediate send_history_info ' +
  'security_negotiation security_mechanisms dtls_auto_generate_cert overlap_context tenantid ignore_183_without_sdp dtls_verify dtls_setup';

/** Telephones and trunks of pjsip.conf and pjsip_wizard.conf: an endpoint, and the objects that it names. */
export function importPjsip(sections: readonly Section[], wizards: readonly Section[], draft: Draft): void {
  const objects = pjsipObjects(sections, wizards, draft);
  if (objects.length === 0) return;
  const transports = readTransports(objects, draft);
  const registrations = new Set(objects.filter(({ type }) => type === 'registration'));
  for (const object of objects)
    if (object.type === 'endpoint') readEndpoint(object, objects, registrations, transports, draft);
  for (const registration of registrations) {
    const { host, transport } = parseSipUri(registration.value('server_uri') ?? '');
    if (host === undefined) {
      draft.remarks.lost(registration.place, `registration [${registration.name}] has no server_uri that can be read`);
      continue;
    }
    const party = { ...newParty(draft.freeName(registration.name), registration.place), host, transport };
    setRegistration(party, registration, objects, draft);
    addTrunk(party, draft);
    draft.remarks.changed(
      registration.place,
      `no endpoint belongs to this registration; the trunk ${party.name} was made of it`,
    );
  }
  tellOthers(objects, draft);
}

function readEndpoint(
  object: PjsipObject,
  objects: readonly PjsipObject[],
  registrations: Set<PjsipObject>,
  transports: ReadonlyMap<string, Transport>,
  draft: Draft,
): void {
  const { name, place } = object;
  const { remarks } = draft;
  const endpoint: Endpoint = {
    party: newParty(name, place),
    aors: [],
    auth: undefined,
    outboundAuth: undefined,
    transport: undefined,
    context: undefined,
    trusts: 0,
  };
  applySettings(endpoint, object.entries, endpointRules(draft), remarks);
  const { party } = endpoint;
  if (endpoint.context !== undefined)
    party.context = draft.context(endpoint.context.value, endpoint.context, `[${name}]`);
  if (endpoint.transport !== undefined) party.transport = transports.get(endpoint.transport);
  const find = (type: string, wanted: string) => objects.find((it) => it.type === type && it.name === wanted);
  const aors = endpoint.aors.flatMap((it) => find('aor', it) ?? []);
  const contact = aors.flatMap((it) => it.values('contact'))[0];
  const [everyS, timeoutS] = ['qualify_frequency', 'qualify_timeout'].map((key) =>
    aors.map((it) => Number(it.value(key) ?? Number.NaN)).find((it) => it > 0),
  );
  if (everyS !== undefined) party.qualify = { everyMs: everyS * 1000, timeoutMs: (timeoutS ?? 3) * 1000 };
  for (const aor of aors)
    for (const entry of aor.entriesOf('mailboxes')) remarks.lost(entry, `mailboxes: ${NOT_HERE.mailbox}`);
  const uri = contact === undefined ? undefined : parseSipUri(contact.value);
  const registration = [...registrations].find((it) => {
    const server = parseSipUri(it.value('server_uri') ?? '').host;
    return it.value('endpoint') === name || it.name === name || (server !== undefined && server === uri?.host);
  });
  if (registration === undefined && endpoint.outboundAuth === undefined && uri?.host === undefined) {
    setCredentials(party, endpoint.auth, objects, draft);
    if (aors.length === 0) remarks.lost(place, `endpoint [${name}] has no aor; it can register here all the same`);
    addPhone(party, draft);
    return;
  }
  const server = registration === undefined ? undefined : parseSipUri(registration.value('server_uri') ?? '');
  const host = server?.host ?? uri?.host;
  if (host === undefined) {
    remarks.lost(place, `endpoint [${name}] has neither a contact nor a registration; nobody knows where it is`);
    return;
  }
  party.transport ??= uri?.transport ?? server?.transport;
  setCredentials(party, endpoint.outboundAuth, objects, draft);
  if (endpoint.auth !== undefined && endpoint.outboundAuth === undefined)
    remarks.changed(place, `[${name}]: a trunk is not asked for a secret; it is known by its address`);
  party.username ??= uri?.user;
  if (registration !== undefined) {
    setRegistration(party, registration, objects, draft);
    registrations.delete(registration);
  }
  tellIdentify(name, host, objects, draft);
  addTrunk({ ...party, host, isTrusted: endpoint.trusts > 1 }, draft);
}

function endpointRules(draft: Draft): SettingRules<Endpoint> {
  const { remarks } = draft;
  const codecs = ({ party }: Endpoint, entry: Entry) => {
    party.codecs = readCodecs(party.codecs, entry, remarks);
  };
  const trusts = (endpoint: Endpoint, { value }: Entry) => {
    if (isYes(value)) endpoint.trusts++;
  };
  return {
    carried: {
      aors: (endpoint, { value }) => {
        endpoint.aors = value.split(',').map((it) => it.trim());
      },
      auth: (endpoint, { value }) => {
        endpoint.auth = value.split(',')[0]!.trim();
      },
      outbound_auth: (endpoint, { value }) => {
        endpoint.outboundAuth = value.split(',')[0]!.trim();
      },
      transport: (endpoint, { value }) => {
        endpoint.transport = value;
      },
      context: (endpoint, entry) => {
        endpoint.context = entry;
      },
      allow: codecs,
      disallow: codecs,
      callerid: ({ party }, { value }) => {
        party.caller = parseCallerId(value);
      },
      from_user: ({ party }, { value }) => {
        party.fromUser = value;
      },
      trust_id_inbound: trusts,
      send_pai: trusts,
      send_rpid: trusts,
      device_state_busy_at: ({ party }, { value }) => {
        party.maxCalls = parseWhole(value, 1, 1000);
      },
      media_encryption: ({ party }, entry) => {
        party.isSealed = /^sdes$/i.test(entry.value);
        if (/^dtls$/i.test(entry.value))
          remarks.lost(entry, 'media_encryption=dtls: voice is sealed by SDES over TLS: `srtp: required`');
      },
      dtmf_mode: (_, entry) => {
        if (/inband/i.test(entry.value))
          remarks.lost(
            entry,
            'dtmf_mode=inband: digits are taken as telephone events or by INFO; set the telephone to RFC 4733',
          );
      },
    },
    lost: ENDPOINT,
    needless: ALWAYS,
  };
}

/** User and secret of an `auth`. A hash cannot be used. */
function setCredentials(
  party: SipParty,
  name: string | undefined,
  objects: readonly PjsipObject[],
  draft: Draft,
): void {
  if (name === undefined) return;
  const auth = objects.find((it) => it.type === 'auth' && it.name === name);
  if (auth === undefined) {
    draft.remarks.lost(party.place, `[${party.name}]: there is no auth [${name}]`);
    return;
  }
  const password = auth.value('password');
  for (const key of ['md5_cred', 'password_digest', 'oauth_secret', 'refresh_token']) {
    const hashed = auth.entriesOf(key)[0];
    if (hashed === undefined) continue;
    draft.remarks.keepSecret(hashed.value);
    draft.remarks.lost(hashed, `${key}: what was hashed cannot be used; write the password as \`secret\``);
  }
  party.username = auth.value('username') ?? auth.name;
  if (password !== undefined && password !== '') {
    draft.remarks.keepSecret(password);
    party.secret = password;
  }
}

function setRegistration(
  party: SipParty,
  registration: PjsipObject,
  objects: readonly PjsipObject[],
  draft: Draft,
): void {
  const auth = registration.value('outbound_auth')?.split(',')[0]?.trim();
  if (party.secret === undefined) setCredentials(party, auth, objects, draft);
  const client = parseSipUri(registration.value('client_uri') ?? '');
  party.username ??= client.user;
  if (client.user !== undefined && client.user !== party.username) party.fromUser ??= client.user;
  const seconds = parseWhole(registration.value('expiration') ?? '', 1, 86_400);
  party.registration = { expiresMs: seconds === undefined ? undefined : seconds * 1000 };
}

/** Addresses besides that of the trunk itself, by which nobody is known here. */
function tellIdentify(name: string, host: string, objects: readonly PjsipObject[], { remarks }: Draft): void {
  for (const identify of objects.filter((it) => it.type === 'identify' && it.value('endpoint') === name))
    for (const entry of identify.entriesOf('match'))
      for (const match of entry.value.split(',').map((it) => it.trim()))
        if (match !== host.replace(/:\d+$/, '') && match.replace(/\/32$/, '') !== host.replace(/:\d+$/, ''))
          remarks.lost(
            entry,
            `match=${match}: a trunk calls in from the addresses of its registrar; name it so that these are among them`,
          );
}

const TOLD: Readonly<Record<string, string>> = {
  acl: NOT_HERE.access,
  'domain-alias': 'the box answers to every name',
  domain_alias: 'the box answers to every name',
  'outbound-publish': 'states are told by MQTT, not by PUBLISH',
  'inbound-publication': 'states are told by MQTT, not by PUBLISH',
  resource_list: 'lamps follow the `hint` lines; lists are not served',
  contact: 'a telephone registers by itself',
};

function tellOthers(objects: readonly PjsipObject[], { remarks }: Draft): void {
  for (const { type, name, place } of objects)
    if (Object.hasOwn(TOLD, type)) remarks.lost(place, `[${name}], ${type}: ${TOLD[type]}`);
}

function parseSipUri(text: string): {
  readonly user: string | undefined;
  readonly host: string | undefined;
  readonly transport: Transport | undefined;
} {
  const [, scheme = '', user, authority = '', parameters = ''] =
    /^\s*"?<?(sips?):(?:([^@;>]*)@)?([^;?>"\s]*)([^?>"]*)/i.exec(text) ?? [];
  const named = (['udp', 'tcp', 'tls'] as const).find((it) => parameters.toLowerCase().includes(`transport=${it}`));
  return {
    user: user === undefined || user === '' ? undefined : user.split(':')[0]!,
    host: hostWithPort(authority, undefined),
    transport: /^sips$/i.test(scheme) ? 'tls' : named,
  };
}
