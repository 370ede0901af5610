import type { Draft } from './draft.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { applySettings, lastOf, type SettingRules } from './settings.ts';
import { type General, readGeneral, readQualify, SIP_LOST, SIP_NEEDLESS, setListen, tellDtmf } from './sip-general.ts';
import { addPhone, addTrunk, newParty, type SipParty } from './sip-party.ts';
import { parseSipRegister, type SipRegister } from './sip-register.ts';
import { hostWithPort, isNo, isYes, parseCallerId, parsePort, parseWhole, readCodecs } from './values.ts';

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

/** Telephones, trunks and registrations of sip.conf, as chan_sip had them. */
export function importSip(sections: readonly Section[], draft: Draft): void {
  const { remarks } = draft;
  const general = readGeneral(sections, draft);
  const isUsed =
    general.registers.length > 0 ||
    sections.some(({ name, isTemplate }) => !isTemplate && !/^(?:general|authentication)$/i.test(name));
  if (isUsed) setListen(general, draft);
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
    lost: SIP_LOST,
    needless: SIP_NEEDLESS,
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
