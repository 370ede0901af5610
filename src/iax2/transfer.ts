import { type Address, sameAddress } from '../base/machine.ts';
import { isAllowed } from './acl.ts';
import type { InformationElements } from './information-element.ts';
import type { PeerConfig } from './peer.ts';

/** TXCNT is repeated so often, this many times, until the other party answers. */
const RETRY_MS = 500;
const TRIES = 8;

/** Whether the hub may ask at all: by default it may not, since a call that can be sent anywhere is a way in. */
export type TransferPolicy = PeerConfig['transfer'];

/** The other party of a transfer, its call number there, and the number by which both know the transfer. */
export interface TransferTarget {
  readonly to: Address;
  readonly toCall: number;
  readonly id: number;
}

/**
 * One native transfer as the end of it sees it: the hub in the middle of our call asks us to talk to its other party
 * directly (TXREQ), both parties reach each other (TXCNT, TXACC), we say so (TXREADY), and the hub lets go (TXREL), or
 * of the media only (TXMEDIA). [RFC5456 §6.5]
 */
class Transfer implements TransferTarget {
  private tries = 0;
  private isReachable = false;
  private dueMs: number | undefined;

  private constructor(
    readonly to: Address,
    readonly toCall: number,
    readonly id: number,
  ) {}

  /** The transfer that a TXREQ asks for; undefined if it is not allowed, or does not say where to. */
  static of(ies: InformationElements, policy: TransferPolicy): Transfer | undefined {
    const { apparentAddress, callNumber, transferId } = ies;
    if (policy === undefined || apparentAddress === undefined || callNumber === undefined) return undefined;
    // Without targets named nobody is a target: no rules would allow all.
    if (policy.targets.length === 0 || !isAllowed(policy.targets, apparentAddress.ip)) return undefined;
    return new Transfer(apparentAddress, callNumber, transferId ?? 0);
  }

  isWith(from: Address, sourceCall: number): boolean {
    return sourceCall === this.toCall && sameAddress(from, this.to);
  }

  /** A TXCNT to send now; `false` when the other party does not answer, undefined while there is nothing to do. */
  next(nowMs: number): boolean | undefined {
    if (this.isReachable || (this.dueMs !== undefined && nowMs < this.dueMs)) return undefined;
    if (this.tries >= TRIES) return false;
    this.tries++;
    this.dueMs = nowMs + RETRY_MS;
    return true;
  }

  /** TXACC came; true the first time, when the hub is to hear that we are ready. */
  handleAccepted(): boolean {
    const isNews = !this.isReachable;
    this.isReachable = true;
    return isNews;
  }

  nextDeadline(): number | undefined {
    return this.isReachable ? undefined : this.dueMs;
  }
}

/** What a call leg does for its transfer. */
export interface TransferEnvironment {
  /** Sends a message to the hub. */
  readonly tellHub: (name: 'TXREJ' | 'TXREADY', id: number | undefined, nowMs: number) => void;
  /** Sends a message to the other party, beside the call. */
  readonly tellParty: (target: TransferTarget, name: 'TXCNT' | 'TXACC', nowMs: number) => void;
  /** The hub lets go: of the whole call, or of the media only. */
  readonly move: (to: Address, toCall: number, what: 'call' | 'media', nowMs: number) => void;
  readonly refused: () => void;
}

/** The transfers of one call leg, one at a time. */
export class TransferParty {
  private transfer: Transfer | undefined;

  constructor(
    private readonly policy: TransferPolicy,
    private readonly environment: TransferEnvironment,
  ) {}

  isWith(from: Address, sourceCall: number): boolean {
    return this.transfer?.isWith(from, sourceCall) === true;
  }

  /** TXREQ; an encrypted call stays where it is, since its key is the hub's. */
  begin(ies: InformationElements, isEncrypted: boolean, nowMs: number): void {
    this.transfer = isEncrypted ? undefined : Transfer.of(ies, this.policy);
    if (this.transfer !== undefined) this.run(nowMs);
    else {
      this.environment.refused();
      this.environment.tellHub('TXREJ', undefined, nowMs);
    }
  }

  /** From the hub. False if there is nothing to end. */
  conclude(name: 'TXREL' | 'TXMEDIA' | 'TXREJ', ies: InformationElements, nowMs: number): boolean {
    const { transfer } = this;
    if (transfer === undefined) return false;
    // Of the media only it may go on to the whole call, by a TXREL that comes later.
    if (name !== 'TXMEDIA') this.transfer = undefined;
    else transfer.handleAccepted();
    const { to, toCall } = transfer;
    if (name === 'TXREL') this.environment.move(to, ies.callNumber ?? toCall, 'call', nowMs);
    else if (name === 'TXMEDIA') this.environment.move(to, toCall, 'media', nowMs);
    return true;
  }

  /** From the other party. */
  handleParty(name: 'TXCNT' | 'TXACC', nowMs: number): void {
    const { transfer } = this;
    if (transfer === undefined) return;
    if (name === 'TXCNT') this.environment.tellParty(transfer, 'TXACC', nowMs);
    else if (transfer.handleAccepted()) this.environment.tellHub('TXREADY', transfer.id, nowMs);
  }

  /** Time has passed. */
  run(nowMs: number): void {
    const { transfer } = this;
    const step = transfer?.next(nowMs);
    if (transfer === undefined || step === undefined) return;
    if (step) this.environment.tellParty(transfer, 'TXCNT', nowMs);
    else {
      this.transfer = undefined;
      this.environment.tellHub('TXREJ', undefined, nowMs);
    }
  }

  nextDeadline(): number | undefined {
    return this.transfer?.nextDeadline();
  }
}
