import { isMalformed } from './malformed.ts';
import { addressesOf, type Request } from './message.ts';
import { formatNameAddr, type NameAddr, nameAddr } from './name-addr.ts';
import { isSipUri, type SipUri, sipUri, userOf } from './uri.ts';

/** Number and name of a caller as far as they are known; empty where they are not. */
export interface CallerId {
  readonly number: string;
  readonly name: string;
  /** The caller does not want to be shown. */
  readonly isRestricted?: boolean;
  /** Who forwarded the call last. [RFC5806] */
  readonly redirecting?: string;
}

/**
 * Who calls. What the network asserts is believed from those we trust only; From is what anybody writes.
 * [RFC3325 §9.1] [RFC3323 §4.2]
 */
export function callerOf(request: Request, isTrusted: boolean): CallerId {
  const asserted = isTrusted ? addressesOf(request.headers, 'P-Asserted-Identity') : [];
  const [first] = isMalformed(asserted) ? [] : asserted;
  const address = first ?? request.from;
  const number = numberOf(address);
  const privacy = request.headers.words('Privacy').flatMap((word) => word.toLowerCase().split(';'));
  const isAnonymous = isSipUri(request.from.uri) && request.from.uri.host === ANONYMOUS_HOST;
  const isRestricted = isAnonymous || privacy.some((word) => word.trim() === 'id' || word.trim() === 'user');
  const known = isAnonymous && first === undefined ? '' : number;
  return { number: known, name: address.displayName ?? '', ...(isRestricted ? { isRestricted } : {}) };
}

/** The number of a `sip:` or `tel:` address, without the visual separators and parameters. */
export function numberOf({ uri }: NameAddr): string {
  if (isSipUri(uri)) return userOf(uri).split(';', 1)[0]!;
  return uri.scheme === 'tel' ? uri.opaque.split(';', 1)[0]!.replace(/[-.()]/g, '') : '';
}

const ANONYMOUS_HOST = 'anonymous.invalid';

export interface CallerHeaders {
  readonly from: NameAddr;
  readonly headers: readonly (readonly [name: string, value: string])[];
}

/**
 * What we say about a caller. To those who are trusted the number goes along also when it must not be shown. Where `local`
 * has a user, From is ourselves, and only those who are trusted learn the number.
 */
export function callerHeaders(caller: CallerId, local: SipUri, isTrusted: boolean): CallerHeaders {
  const uri = sipUri({ host: local.host, user: caller.number === '' ? undefined : caller.number });
  const known = nameAddr(uri, caller.name);
  const asserted = isTrusted && caller.number !== '' ? [['P-Asserted-Identity', formatNameAddr(known)] as const] : [];
  const diversion =
    caller.redirecting === undefined
      ? []
      : [
          [
            'Diversion',
            `${formatNameAddr(nameAddr(sipUri({ host: local.host, user: caller.redirecting })))};reason=unknown`,
          ] as const,
        ];
  const also = [...asserted, ...diversion];
  const shown = local.user === undefined ? known : nameAddr(local, caller.name);
  if (caller.isRestricted !== true) return { from: shown, headers: also };
  const anonymous = nameAddr(sipUri({ host: ANONYMOUS_HOST, user: 'anonymous' }), 'Anonymous');
  return { from: anonymous, headers: [...also, ['Privacy', 'id']] };
}
