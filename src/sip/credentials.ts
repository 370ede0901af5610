import { toHex } from '../base/bytes.ts';
import type { Crypto } from '../base/crypto.ts';
import {
  type Authorization,
  type Challenge,
  DIGEST_ALGORITHMS,
  type DigestSecret,
  digestResponse,
  formatAuthorization,
  ha1Of,
  parseAuthorization,
  parseChallenge,
} from './digest.ts';
import type { HeaderFields } from './header-field.ts';
import { isMalformed } from './malformed.ts';
import type { Response } from './message.ts';
import { formatUri, type Uri } from './uri.ts';

interface Answered {
  readonly challenge: Challenge;
  readonly header: 'Authorization' | 'Proxy-Authorization';
  count: number;
}

/** A request that is to be authorised. */
export interface Authorisable {
  readonly method: string;
  readonly uri: Uri;
  readonly headers: HeaderFields;
  readonly body: Uint8Array;
}

/**
 * Answers challenges for one user. A nonce is used again with a higher count until the server wants another, so that a
 * refresh needs one round trip. [RFC3261 §22.2, §22.3]
 */
export class Credentials {
  /** By realm and header field: a registrar and a proxy before it ask separately. */
  private readonly answered = new Map<string, Answered>();

  constructor(
    private readonly crypto: Crypto,
    private readonly username: string,
    private readonly secret: DigestSecret,
  ) {}

  /**
   * Takes over the challenges of a 401 or 407 to a request with the header fields `sent`. False where another try would
   * end as this one did. Other requests may be under way: what counts is what this one had answered.
   */
  handleChallenge(response: Response, sent: HeaderFields): boolean {
    let isWorthwhile = false;
    const pairs = [
      ['WWW-Authenticate', 'Authorization'],
      ['Proxy-Authenticate', 'Proxy-Authorization'],
    ] as const;
    for (const [asked, header] of pairs) {
      for (const challenge of strongestPerRealm(response.headers.all(asked))) {
        const key = `${header} ${challenge.realm}`;
        const tried = answerIn(sent, header, challenge.realm);
        // Refused with a nonce used for the first time: the secret is wrong. One used again may only be worn out.
        const isWornOut = tried !== undefined && this.usesOf(key, tried) > 1;
        if (tried === undefined || challenge.isStale || isWornOut) isWorthwhile = true;
        this.answered.set(key, { challenge, header, count: 0 });
      }
    }
    return isWorthwhile;
  }

  /** Adds what was asked for to a request. */
  authorise({ method, uri, headers, body }: Authorisable): void {
    headers.delete('Authorization').delete('Proxy-Authorization');
    for (const answered of this.answered.values()) {
      const value = this.answer(answered, method, formatUri(uri), body);
      if (value !== undefined) headers.add(answered.header, value);
    }
  }

  /** Begins anew, as after a refusal. */
  forget(): void {
    this.answered.clear();
  }

  private usesOf(key: string, { nonce, protection }: Authorization): number {
    const known = this.answered.get(key);
    return protection?.count ?? (known?.challenge.nonce === nonce ? known.count : 1);
  }

  private answer(answered: Answered, method: string, uri: string, body: Uint8Array): string | undefined {
    const { challenge } = answered;
    const { username, crypto } = this;
    const ha1 = ha1Of(crypto, this.secret, { ...challenge, username });
    if (ha1 === undefined) return undefined;
    const count = ++answered.count;
    const qop = challenge.qop.includes('auth') ? 'auth' : challenge.qop.includes('auth-int') ? 'auth-int' : undefined;
    const cnonce = toHex(crypto.randomBytes(8));
    const protection: Authorization['protection'] = qop === undefined ? undefined : { qop, cnonce, count };
    const { realm, nonce, opaque, algorithm, isSession } = challenge;
    const unsigned = { username, realm, nonce, uri, algorithm, isSession, opaque, protection } as const;
    return formatAuthorization({ ...unsigned, response: digestResponse(crypto, ha1, unsigned, method, body) });
  }
}

function answerIn(sent: HeaderFields, header: string, realm: string): Authorization | undefined {
  for (const text of sent.all(header)) {
    const authorization = parseAuthorization(text);
    if (authorization !== undefined && !isMalformed(authorization) && authorization.realm === realm)
      return authorization;
  }
  return undefined;
}

function strongestPerRealm(texts: readonly string[]): Challenge[] {
  const best = new Map<string, Challenge>();
  for (const text of texts) {
    const challenge = parseChallenge(text);
    if (challenge === undefined || isMalformed(challenge)) continue;
    const other = best.get(challenge.realm);
    const rank = (one: Challenge) => DIGEST_ALGORITHMS.indexOf(one.algorithm);
    if (other === undefined || rank(challenge) < rank(other)) best.set(challenge.realm, challenge);
  }
  return [...best.values()];
}
