import { env } from 'node:process';
import { describe } from 'vitest';
import type { AsteriskVersion, PeerId } from '../interop/peers/catalogue.ts';
import { peerState } from '../interop/peers/peer-store.ts';

/**
 * May tests of this peer be left out here? Only where it is not installed, and, with BRANCHLINE_REQUIRE_PEERS=1, only
 * where the mirror does not have it any longer: else they run, and fail.
 */
export function peerMissing(id: PeerId): boolean {
  const { state } = peerState(id);
  return state !== 'ready' && (env['BRANCHLINE_REQUIRE_PEERS'] !== '1' || state === 'gone');
}

/** `describe` for tests that need these peers; skipped with a title that says which is missing. */
export function describeWithPeers(title: string, peers: readonly PeerId[], body: () => void): void {
  const missing = peers.filter(peerMissing);
  describe.skipIf(missing.length > 0)(missing.length > 0 ? `${title} (without ${missing.join(', ')})` : title, body);
}

/** The same tests against every real Asterisk. */
export function describeAsterisk(
  title: string,
  body: (version: AsteriskVersion) => void,
  others: readonly PeerId[] = [],
): void {
  for (const version of ['16', '22'] as const)
    describeWithPeers(`Asterisk ${version}: ${title}`, [`asterisk${version}`, ...others], () => body(version));
}
