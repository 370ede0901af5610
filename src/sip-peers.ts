import type { AdoptSettings } from './appliance-adoption.ts';
import type { PhoneSettings } from './appliance-phones.ts';
import type { ApplianceSipOptions } from './appliance-sip.ts';
import { parseMailbox } from './base/mailbox.ts';
import { isCarriedCodec, isVideoCodec } from './base/media-port.ts';
import type { Configuration } from './config/load.ts';
import type { CodecName, TrunkConfig } from './sip/endpoint.ts';
import { isMalformed } from './sip/malformed.ts';
import { isSipUri, parseUri, type SipUri } from './sip/uri.ts';

type SipConfiguration = NonNullable<Configuration['sip']>;
type TrunkConfiguration = SipConfiguration['trunks'][string];

/** What the configuration says of SIP, as the appliance takes it; undefined where it says nothing. */
export function sipSettings(
  configuration: Configuration,
): Pick<ApplianceSipOptions, 'realm' | 'phones' | 'trunks' | 'qualify' | 'algorithmsFor' | 'adopt'> | undefined {
  const { sip, site } = configuration;
  if (sip === undefined) return undefined;
  const algorithms = sip.digest.map((name) => (name === 'md5' ? ('MD5' as const) : ('SHA-256' as const)));
  return {
    realm: site.id,
    phones: sipPhones(sip),
    trunks: Object.entries(sip.trunks).map(([name, trunk]) => sipTrunk(name, trunk, mailboxesAt(name, configuration))),
    qualify: { everyMs: sip.qualify.every, timeoutMs: sip.qualify.timeout },
    algorithmsFor: () => algorithms,
    ...(sip.adopt === undefined ? {} : { adopt: adoptSettings(sip.adopt, configuration) }),
  };
}

function adoptSettings(
  { context, window, class: dialClass }: NonNullable<SipConfiguration['adopt']>,
  configuration: Configuration,
): AdoptSettings {
  const held = dialClass === undefined ? {} : { dialClass };
  return { context, windowMs: window, reserved: meanings(configuration), ...held };
}

/** Numbers and names that an adopted phone may not take. */
function meanings({ hat, sip, groups, conferences }: Configuration): ReadonlySet<string> {
  return new Set([
    ...(hat?.lines ?? []).flatMap(({ extension }) => extension ?? []),
    ...Object.values(sip?.phones ?? {}).flatMap(({ extension }) => extension ?? []),
    ...Object.keys(sip?.trunks ?? {}),
    ...Object.keys(groups),
    ...Object.keys(conferences),
  ]);
}

function sipPhones({ phones }: SipConfiguration): PhoneSettings[] {
  return Object.entries(phones).map(([user, phone]) => {
    const {
      secret,
      extension = user,
      name = '',
      context,
      callerId = extension,
      maxCalls,
      mailbox,
      srtp,
      certificate,
    } = phone;
    return {
      user,
      extension,
      name,
      codecs: known(phone.codecs),
      video: phone.codecs.filter(isVideoCodec),
      callerId: { number: callerId, name },
      ...(secret === undefined ? {} : { secret: { password: secret.reveal() } }),
      ...(certificate === undefined ? {} : { certificate }),
      ...(context === undefined ? {} : { context }),
      ...(maxCalls === undefined ? {} : { maxCalls }),
      ...(mailbox === undefined ? {} : { mailbox }),
      ...(srtp === 'off' ? {} : { srtp }),
    };
  });
}

/** Whose messages telephones want to know of there; undefined: our own. */
function mailboxesAt(trunk: string, { hat, sip }: Configuration): (string | undefined)[] {
  return [...(hat?.lines ?? []), ...Object.values(sip?.phones ?? {})]
    .flatMap(({ mailbox }) => (mailbox === undefined ? [] : [parseMailbox(mailbox)]))
    .filter(({ keeper }) => keeper === trunk)
    .map(({ box }) => box);
}

function sipTrunk(name: string, trunk: TrunkConfiguration, boxes: readonly (string | undefined)[]): TrunkConfig {
  const { username, secret, register, context, callerId, fromUser, qualify, maxCalls, srtp } = trunk;
  return {
    name,
    registrar: uriOf(trunk.registrar),
    codecs: known(trunk.codecs),
    video: trunk.codecs.filter(isVideoCodec),
    isTrusted: trunk.trusted,
    ...(username === undefined ? {} : { username }),
    ...(secret === undefined ? {} : { secret: { password: secret.reveal() } }),
    ...(secret === undefined || register === false
      ? {}
      : { register: { expiresS: Math.round((register?.expires ?? DEFAULT_EXPIRES_MS) / 1_000) } }),
    ...(context === undefined ? {} : { context }),
    ...(callerId === undefined ? {} : { callerId: { number: callerId, name: '' } }),
    ...(fromUser === undefined ? {} : { fromUser }),
    ...(qualify === undefined ? {} : { qualify: { everyMs: qualify.every, timeoutMs: qualify.timeout } }),
    ...(maxCalls === undefined ? {} : { maxCalls }),
    ...(srtp === 'off' ? {} : { srtp }),
    ...(boxes.length === 0 ? {} : { mailboxes: [...new Set(boxes.map((box) => box ?? username ?? name))] }),
  };
}

const DEFAULT_EXPIRES_MS = 600_000;

function uriOf(text: string): SipUri {
  const uri = parseUri(text);
  // The schema lets nothing else through.
  if (isMalformed(uri) || !isSipUri(uri)) throw new Error(`'${text}' is not a SIP address`);
  return uri;
}

/** Codecs that can be heard by everything here, and those that can be carried to who has them, too. */
function known(codecs: readonly string[]): CodecName[] {
  const usable = codecs.filter((name) => name === 'ulaw' || name === 'alaw' || isCarriedCodec(name));
  return usable.length > 0 ? usable : ['ulaw', 'alaw'];
}
