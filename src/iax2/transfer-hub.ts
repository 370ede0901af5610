import { type Address, sameAddress } from '../base/machine.ts';
import { isAllowed } from './acl.ts';
import type { InformationElements } from './information-element.ts';
import type { TransferPolicy } from './transfer.ts';

/** The parties try each other for four seconds, and their frames may have to be sent again. */
export const HUB_PATIENCE_MS = 10_000;

/** One of the two calls of a hub, as a transfer sees it. */
export interface HubSide {
  readonly policy: TransferPolicy;
  readonly isEncrypted: boolean;
  readonly format: number;
  /** Pictures may pass here. */
  readonly hasVideo: boolean;
  /** Where its far end is, and the call number there. */
  readonly address: Address;
  readonly callNumber: number;
  readonly send: (name: 'TXREQ' | 'TXMEDIA' | 'TXREJ', elements: InformationElements, nowMs: number) => void;
  /** Lets the far end go: it goes on at that call number of the other one. */
  readonly release: (callNumber: number, nowMs: number) => void;
}

/**
 * One native transfer as the hub in the middle sees it: it asks both far ends to talk to each other (TXREQ), and once both
 * have said that they can (TXREADY), lets go of their calls (TXREL) or of the voice only (TXMEDIA). Until then it relays
 * as before. [RFC5456 §6.5]
 */
export class TransferHub {
  private readonly ready = new Set<HubSide>();
  private isOver = false;

  private constructor(
    private readonly sides: readonly [HubSide, HubSide],
    private readonly mode: 'full' | 'media',
  ) {}

  /** Undefined unless the configurations of both let them talk to each other. An encrypted call stays: its key is ours. */
  static between(a: HubSide, b: HubSide): TransferHub | undefined {
    const allow = ({ policy }: HubSide, { address }: HubSide) =>
      policy !== undefined && policy.targets.length > 0 && isAllowed(policy.targets, address.ip);
    if (!allow(a, b) || !allow(b, a) || a.isEncrypted || b.isEncrypted || a.format !== b.format) return undefined;
    // In a mode in which only media go directly, nobody would say what the pictures are coded with.
    if (a.hasVideo || b.hasVideo) return undefined;
    const isOne = a.callNumber === b.callNumber && sameAddress(a.address, b.address);
    if (isOne) return undefined;
    return new TransferHub([a, b], [a, b].every(({ policy }) => policy?.mode === 'full') ? 'full' : 'media');
  }

  /** `id`: by which the parties know that they are meant. */
  begin(id: number, nowMs: number): void {
    for (const side of this.sides) {
      const { address, callNumber } = this.otherThan(side);
      side.send('TXREQ', { apparentAddress: address, callNumber, transferId: id }, nowMs);
    }
  }

  /** TXREADY. */
  handleReady(side: HubSide, nowMs: number): void {
    if (this.isOver) return;
    this.ready.add(side);
    if (this.ready.size < this.sides.length) return;
    this.isOver = true;
    for (const each of this.sides) {
      const { callNumber } = this.otherThan(each);
      if (this.mode === 'media') each.send('TXMEDIA', { callNumber }, nowMs);
      else each.release(callNumber, nowMs);
    }
  }

  /** TXREJ: they cannot reach each other, or one of them does not want to. */
  handleRejected(side: HubSide, nowMs: number): void {
    if (this.isOver) return;
    this.isOver = true;
    this.otherThan(side).send('TXREJ', {}, nowMs);
  }

  /** Nobody has said that he is not ready, but somebody has not said that he is. */
  giveUp(nowMs: number): void {
    if (this.isOver) return;
    this.isOver = true;
    for (const side of this.sides) side.send('TXREJ', {}, nowMs);
  }

  private otherThan(side: HubSide): HubSide {
    const [a, b] = this.sides;
    return side === a ? b : a;
  }
}
