import { hostname } from 'node:os';
import type { Log } from './base/log.ts';
import type { Configuration } from './config/load.ts';
import { isLoopback } from './config/schema/values.ts';
import { systemClock } from './io/clock.ts';
import type { HttpTls } from './io/http-server.ts';
import { nodeCrypto } from './io/node-crypto.ts';
import { isPasswordHash, verifyPassword } from './io/password.ts';
import { ownCertificate } from './io/self-signed.ts';
import { Login, type LoginOptions } from './panel/login.ts';

type Web = NonNullable<Configuration['web']>;

export interface PanelDoor {
  readonly login: Login;
  /** Undefined for plain HTTP. */
  readonly tls: HttpTls | undefined;
}

/**
 * How the panel is to be served; undefined if it is not. `web` gives what the configuration says by then: users come and go
 * without a restart.
 */
export function panelDoor(
  web: () => Web | undefined,
  dataDirectory: string,
  siteId: string,
  log: Log,
  tell: LoginOptions['tell'],
): PanelDoor | { readonly failed: string } | undefined {
  const now = web();
  if (now === undefined) return undefined;
  const users = () => web()?.users ?? {};
  for (const [user, { passwordHash }] of Object.entries(users()))
    if (!isPasswordHash(passwordHash.reveal()))
      log('error', 'http', `Nobody can log in as ${user}: web.users.${user}.passwordHash is none of hash-password.`);
  const { secure: isSecure, ip } = now.listen;
  const { randomBytes } = nodeCrypto;
  const nowMs = () => systemClock.nowMs();
  const login = new Login({
    ...{ users, verify: verifyPassword, randomBytes, nowMs, isSecure, tell },
    isLoopback: isLoopback(ip),
  });
  if (!isSecure) return { login, tls: undefined };
  const { cert, key } = now.tls ?? {};
  if (cert !== undefined && key !== undefined) return { login, tls: { cert: cert.reveal(), key: key.reveal() } };
  try {
    const own = ownCertificate(dataDirectory, [siteId, hostname(), 'localhost', '127.0.0.1']);
    log('info', 'http', 'The panel has a certificate that the appliance made itself.', { sha256: own.fingerprint });
    return { login, tls: own };
  } catch (error) {
    return { failed: `there is no certificate for https: ${(error as Error).message}` };
  }
}
