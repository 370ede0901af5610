import type { Crypto } from '../base/crypto.ts';
import {
  type Authorization,
  type DigestAlgorithm,
  type DigestSecret,
  digestResponse,
  formatChallenge,
  ha1Of,
  parseAuthorization,
  sameDigest,
} from './digest.ts';
import type { Hop } from './hop.ts';
import { isMalformed } from './malformed.ts';
import type { Request } from './message.ts';
import { Nonces } from './nonce.ts';

/** Whose words a request is. */
export type Identity =
  | { readonly type: 'proven'; readonly username: string }
  /** Nothing was said that we could judge, or only with a nonce that is used up: challenge. */
  | { readonly type: 'unproven'; readonly isStale: boolean }
  /** The answer to our own challenge was wrong; the address is who it says it is, for it got the challenge. */
  | { readonly type: 'wrong'; readonly username: string };

export interface AuthenticatorOptions {
  readonly crypto: Crypto;
  readonly realm: string;
  /** The secret of a user; undefined for one that there is not. */
  readonly secretOf: (username: string) => DigestSecret | undefined;
  /** Whether a user who knows his secret may come that way; absent: any way. */
  readonly mayComeBy?: (username: string, from: Hop, nowMs: number) => boolean;
  /** What is offered, the most wanted first. Many phones take only the first, or fail at one they do not know. */
  readonly algorithmsFor?: (from: Hop) => readonly DigestAlgorithm[];
}

/** What is computed for a user who does not exist, so that the time it takes says nothing. */
const NOBODY: DigestSecret = { password: '' };

/** Challenges requests and judges the answers. [RFC3261 §22] [RFC7616] [RFC8760] */
export class Authenticator {
  private readonly nonces: Nonces;

  constructor(private readonly options: AuthenticatorOptions) {
    this.nonces = new Nonces(options.crypto);
  }

  /** Judges the header field of that name, `Authorization` or `Proxy-Authorization`. */
  identify(request: Request, from: Hop, nowMs: number, header = 'Authorization'): Identity {
    for (const text of request.headers.all(header)) {
      const authorization = parseAuthorization(text);
      if (authorization === undefined || isMalformed(authorization)) continue;
      if (authorization.realm === this.options.realm) return this.judge(authorization, request, from, nowMs);
    }
    return { type: 'unproven', isStale: false };
  }

  /** The values of WWW-Authenticate or Proxy-Authenticate, one for each algorithm, in the order of preference. */
  challenges(from: Hop, isStale: boolean, nowMs: number): string[] {
    const algorithms = this.options.algorithmsFor?.(from) ?? ['MD5'];
    const nonce = this.nonces.make(from.ip, nowMs);
    const { realm } = this.options;
    return algorithms.map((algorithm) =>
      formatChallenge({ realm, nonce, opaque: undefined, algorithm, isSession: false, qop: ['auth'], isStale }),
    );
  }

  private judge(authorization: Authorization, request: Request, from: Hop, nowMs: number): Identity {
    const { crypto, secretOf, algorithmsFor } = this.options;
    const { nonce, protection } = authorization;
    const verdict = this.nonces.judge(nonce, from.ip, protection?.count, nowMs);
    const isOffered = (algorithmsFor?.(from) ?? ['MD5']).includes(authorization.algorithm);
    if (verdict === 'forged' || !isOffered) return { type: 'unproven', isStale: false };
    const [username] = authorization.username.split('@');
    const secret = secretOf(username!);
    const ha1 = ha1Of(crypto, secret ?? NOBODY, authorization);
    const expected = digestResponse(crypto, ha1 ?? '', authorization, request.method, request.body);
    const isRight = sameDigest(expected, authorization.response) && secret !== undefined && ha1 !== undefined;
    // A right answer to a nonce that is used up is no failure: the phone only has to ask again.
    if (verdict === 'stale') return { type: 'unproven', isStale: isRight };
    if (!isRight || this.options.mayComeBy?.(username!, from, nowMs) === false)
      return { type: 'wrong', username: username! };
    this.nonces.use(nonce, protection?.count, nowMs);
    return { type: 'proven', username: username! };
  }
}
