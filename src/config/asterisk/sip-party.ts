import type { Draft, DraftPhone, DraftTrunk } from './draft.ts';
import type { Place } from './remarks.ts';
import { type CallerName, type CodecList, durationText, plainName } from './values.ts';

export type Transport = 'udp' | 'tcp' | 'tls';

/** A telephone or a trunk, whichever of sip.conf and pjsip.conf it stood in. */
export interface SipParty {
  readonly name: string;
  readonly place: Place;
  secret: string | undefined;
  /** Who it is when it proves itself, or who we are there. */
  username: string | undefined;
  context: string | undefined;
  caller: CallerName;
  codecs: CodecList;
  maxCalls: number | undefined;
  transport: Transport | undefined;
  /** Its voice is sealed by SRTP. */
  isSealed: boolean;
  /** Where it is, with a port if it says one; undefined: it registers here. */
  host: string | undefined;
  qualify: { readonly everyMs: number; readonly timeoutMs: number } | undefined;
  /** Whether we register there; `expiresMs` undefined: as long as ever. */
  registration: { readonly expiresMs: number | undefined } | undefined;
  fromUser: string | undefined;
  isTrusted: boolean;
}

export function newParty(name: string, place: Place): SipParty {
  return {
    name,
    place,
    secret: undefined,
    username: undefined,
    context: undefined,
    caller: { name: undefined, number: undefined },
    codecs: undefined,
    maxCalls: undefined,
    transport: undefined,
    isSealed: false,
    host: undefined,
    qualify: undefined,
    registration: undefined,
    fromUser: undefined,
    isTrusted: false,
  };
}

/** Enters a telephone that registers here. */
export function addPhone(party: SipParty, draft: Draft): void {
  const { name, place, caller } = party;
  const { remarks } = draft;
  if (draft.isKnownParty(name, place)) return;
  const plain = plainName(name);
  // A phone may have the name of an IAX2 peer: it is what it registers with.
  const key = [draft.phones, draft.document.sip?.trunks].some((all) => Object.hasOwn(all ?? {}, plain))
    ? draft.freeName(name)
    : plain;
  if (key !== name) draft.rename('SIP', name, key, place);
  const phone: DraftPhone = {};
  if (party.secret !== undefined) phone.secret = draft.secret(`sip-${key}`, party.secret);
  else remarks.lost(place, `[${name}] has no secret that could be carried over; it cannot register before it has one`);
  if (party.username !== undefined && party.username !== key)
    remarks.changed(place, `[${name}] registers here with the user name ${key}; set it in the telephone`);
  if (caller.name !== undefined) phone.name = caller.name;
  if (caller.number !== undefined) draft.callerNumbers.set(`SIP/${key}`, caller.number);
  if (party.isSealed)
    remarks.lost(
      place,
      `[${name}]: voice is sealed over TLS only; write \`sip.tls\`, listen on tls:// and \`srtp: required\``,
    );
  Object.assign(phone, common(party));
  draft.phones[key] = phone;
  draft.from(['sip', 'phones', key], place);
}

/** Enters a provider or another switch. */
export function addTrunk(party: SipParty & { readonly host: string }, draft: Draft): void {
  const { name, place, transport, host, caller } = party;
  const { remarks } = draft;
  if (draft.isKnownParty(name, place)) return;
  const key = draft.name('SIP', name, place);
  const suffix = transport === undefined || transport === 'udp' ? '' : `;transport=${transport}`;
  const trunk: DraftTrunk = { registrar: `sip:${host}${suffix}` };
  if (party.username !== undefined && party.username !== key) trunk.username = party.username;
  if (party.secret !== undefined) trunk.secret = draft.secret(`sip-${key}`, party.secret);
  const { registration } = party;
  if (registration === undefined) {
    if (trunk.secret !== undefined) trunk.register = false;
  } else if (registration.expiresMs !== undefined)
    trunk.register = { expires: durationText(registration.expiresMs, 30_000, 86_400_000) };
  else if (trunk.secret === undefined) trunk.register = {};
  if (party.fromUser !== undefined) trunk.fromUser = party.fromUser;
  if (party.isTrusted) trunk.trusted = true;
  if (party.qualify !== undefined) {
    const everyMs = Math.max(party.qualify.everyMs, 500);
    const timeoutMs = Math.min(Math.max(party.qualify.timeoutMs, 100), everyMs);
    trunk.qualify = { every: durationText(everyMs, 500, 3_600_000), timeout: durationText(timeoutMs, 100, 60_000) };
  }
  if (caller.number !== undefined) trunk.callerId = caller.number;
  if (party.isSealed) {
    if (transport === 'tls') trunk.srtp = 'required';
    else remarks.lost(place, `[${name}]: voice is sealed over TLS only; write ;transport=tls and \`srtp: required\``);
  }
  if (party.context !== undefined)
    remarks.changed(place, `[${name}]: its calls are known by their address alone; open the port of SIP to it only`);
  Object.assign(trunk, common(party));
  draft.trunks[key] = trunk;
  draft.from(['sip', 'trunks', key], place);
}

function common({ context, codecs, maxCalls }: SipParty): Pick<DraftPhone, 'context' | 'codecs' | 'maxCalls'> {
  return {
    ...(context === undefined ? {} : { context }),
    ...(codecs === undefined || codecs.length === 0 ? {} : { codecs: [...codecs] }),
    ...(maxCalls === undefined ? {} : { maxCalls: Math.min(maxCalls, 100) }),
  };
}
