import { type Address, sameAddress } from './base/machine.ts';
import { frameKind, readDestinationCall, readSourceCall } from './iax2/frame-header.ts';
import { TrunkReader } from './iax2/meta-trunk.ts';

/** The call numbers of one IAX2 leg. */
export interface Iax2Numbers {
  readonly remote: Address;
  readonly localCall: number;
  readonly remoteCall: number;
}

/**
 * Tells the datagrams of one call from all others by the call numbers of its legs, which are asked for each time since
 * they come and go; what was once one of its legs stays so, that its end is there, too.
 */
export class Iax2DatagramFilter {
  private readonly known: Iax2Numbers[] = [];
  private readonly trunk = new TrunkReader();

  constructor(private readonly numbers: () => readonly Iax2Numbers[]) {}

  passes(direction: 'in' | 'out', bytes: Uint8Array, remote: Address): boolean {
    for (const leg of this.numbers()) this.learn(leg);
    return this.known.some((leg) => sameAddress(leg.remote, remote) && this.isOf(leg, direction, bytes));
  }

  private learn(leg: Iax2Numbers): void {
    const isKnown = this.known.some(
      ({ remote, localCall, remoteCall }) =>
        localCall === leg.localCall && remoteCall === leg.remoteCall && sameAddress(remote, leg.remote),
    );
    if (!isKnown) this.known.push(leg);
  }

  private isOf({ localCall, remoteCall }: Iax2Numbers, direction: 'in' | 'out', bytes: Uint8Array): boolean {
    const [sender, receiver] = direction === 'out' ? [localCall, remoteCall] : [remoteCall, localCall];
    switch (frameKind(bytes)) {
      case 'mini':
        return readSourceCall(bytes) === sender;
      case 'full':
        return readSourceCall(bytes) === sender || readDestinationCall(bytes) === receiver;
      case 'meta':
        return this.isInTrunk(sender, bytes);
      default:
        return false;
    }
  }

  private isInTrunk(sender: number, bytes: Uint8Array): boolean {
    if (!this.trunk.begin(bytes)) return false;
    while (this.trunk.next()) if (this.trunk.sourceCall === sender) return true;
    return false;
  }
}
