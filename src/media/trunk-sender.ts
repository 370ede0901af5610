import type { Counters } from '../base/counters.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import type { TrunkMode } from '../base/media-port.ts';
import {
  META_TRUNK_HEADER_LENGTH,
  TRUNK_ENTRY_HEADER_LENGTH,
  TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH,
} from '../iax2/frame-header.ts';
import { writeMetaTrunkHeader, writeTrunkEntryHeader } from '../iax2/meta-trunk.ts';
import { copyCodes } from './copy-codes.ts';
import type { DatagramSink } from './datagram-sink.ts';

/** A trunk looks so often whether what waits is enough. */
export const TRUNK_SLOT_MS = 5;

/** What waits leaves after so long at the latest; where its calls have no timestamps, on multiples of it. */
const TRUNK_INTERVAL_MS = 20;

/**
 * So many blocks are enough for a datagram: a trunk sends at most half as many as its calls would without it. Were it to wait
 * for more, voice would be late for the sake of headers that are a tenth of it already.
 */
const ENOUGH_BLOCKS = 2;

/** The longest trunk frame, as Asterisk's `trunkmtu`: seven calls of G.711. */
export const TRUNK_MTU = 1240;
const MAX_PAYLOAD = TRUNK_MTU - META_TRUNK_HEADER_LENGTH - TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH;

/**
 * Blocks of one call that may wait. With timestamps all of them go at once; without, one with each beat, since the
 * receiver tells them apart by the beat alone.
 */
const WAITING_BLOCKS = 4;

/** The receiver forgets a trunk that was silent for 5 s; one that begins again at 0 is understood in any case. */
const IDLE_MS = 4_000;

interface WaitingBlock {
  readonly payload: Uint8Array;
  length: number;
  timestamp: number;
}

/** One call's place in a trunk. */
export class TrunkMember {
  private readonly blocks: readonly WaitingBlock[] = Array.from({ length: WAITING_BLOCKS }, () => ({
    payload: new Uint8Array(MAX_PAYLOAD),
    length: 0,
    timestamp: 0,
  }));
  private first = 0;
  private count = 0;

  constructor(
    readonly trunk: TrunkSender,
    readonly localCall: number,
    private readonly counters: Counters,
  ) {}

  /** A block to go with the next datagram; false if it is too long for any trunk frame. */
  add(bytes: Uint8Array, at: number, length: number, timestamp: number, table: Uint8Array | undefined): boolean {
    if (length > MAX_PAYLOAD) return false;
    if (this.count === this.blocks.length) {
      this.counters.increment('media.trunk-backlog');
      this.drop();
    }
    const block = this.blocks[(this.first + this.count++) % this.blocks.length]!;
    this.trunk.waiting++;
    block.length = length;
    block.timestamp = timestamp;
    copyCodes(bytes, at, length, block.payload, 0, table);
    return true;
  }

  get next(): WaitingBlock | undefined {
    return this.count === 0 ? undefined : this.blocks[this.first];
  }

  /** The block that waited longest is done with. */
  drop(): void {
    this.first = (this.first + 1) % this.blocks.length;
    this.count--;
    this.trunk.waiting--;
  }

  dropAll(): void {
    while (this.count > 0) this.drop();
  }
}

/**
 * The voice of all calls with one peer, many in one datagram. With timestamps it leaves as soon as two blocks wait, or any if
 * nothing has left for 20 ms: so a call that is alone waits for nobody. Without, each 20 ms, since the receiver takes that
 * clock for each call's own. The youngest calls stand last:
 * Asterisk loses its place in the datagram at a call that it does not know yet. [RFC5456 §8.1.3.2]
 */
export class TrunkSender {
  /** Blocks of all members. */
  waiting = 0;
  /** The oldest first. */
  private readonly members: TrunkMember[] = [];
  private readonly datagram = new Uint8Array(TRUNK_MTU);
  private readonly entryHeader: number;
  private length = 0;
  private beganMs = 0;
  private lastSentMs = Number.NEGATIVE_INFINITY;
  private lastBeatMs = Number.NEGATIVE_INFINITY;

  constructor(
    readonly remote: Address,
    readonly mode: TrunkMode,
    private readonly send: DatagramSink,
  ) {
    this.entryHeader = mode === 'timestamps' ? TRUNK_ENTRY_TIMESTAMP_HEADER_LENGTH : TRUNK_ENTRY_HEADER_LENGTH;
  }

  get isEmpty(): boolean {
    return this.members.length === 0;
  }

  join(member: TrunkMember): void {
    this.members.push(member);
  }

  /** The call has ended: what it still had to say is not sent. */
  leave(member: TrunkMember): void {
    const at = this.members.indexOf(member);
    if (at < 0) return;
    this.members.splice(at, 1);
    member.dropAll();
  }

  /** Sends what waits, if it is due; `slotMs` is a multiple of the slot. */
  tick(slotMs: number): void {
    if (this.mode === 'plain') {
      const beatMs = Math.floor(slotMs / TRUNK_INTERVAL_MS) * TRUNK_INTERVAL_MS;
      if (beatMs !== this.lastBeatMs) this.sendWaiting(beatMs);
      this.lastBeatMs = beatMs;
    } else if (this.waiting >= ENOUGH_BLOCKS || slotMs - this.lastSentMs >= TRUNK_INTERVAL_MS) this.sendWaiting(slotMs);
  }

  /** `beatMs` is on the grid, so that a late tick does not show on the wire. */
  private sendWaiting(beatMs: number): void {
    if (this.waiting === 0) return;
    if (beatMs - this.lastSentMs > IDLE_MS) this.beganMs = beatMs;
    const timestamp = (beatMs - this.beganMs) >>> 0;
    for (const member of this.members) {
      let block = member.next;
      while (block !== undefined) {
        this.append(member.localCall, block, timestamp);
        member.drop();
        block = this.mode === 'timestamps' ? member.next : undefined;
      }
    }
    this.lastSentMs = beatMs;
    this.sendDatagram();
  }

  private append(localCall: number, block: WaitingBlock, timestamp: number): void {
    if (this.length + this.entryHeader + block.length > TRUNK_MTU) this.sendDatagram();
    const withTimestamps = this.mode === 'timestamps';
    if (this.length === 0) {
      writeMetaTrunkHeader(this.datagram, 0, timestamp, withTimestamps);
      this.length = META_TRUNK_HEADER_LENGTH;
    }
    const blockTimestamp = withTimestamps ? block.timestamp : undefined;
    writeTrunkEntryHeader(this.datagram, this.length, localCall, block.length, blockTimestamp);
    this.length += this.entryHeader;
    copyCodes(block.payload, 0, block.length, this.datagram, this.length, undefined);
    this.length += block.length;
  }

  private sendDatagram(): void {
    if (this.length > 0) this.send(this.remote, this.datagram, 0, this.length);
    this.length = 0;
  }
}

/** The trunks of a plane, one to each address and mode while a call is in it. */
export class Trunks {
  private readonly trunks = new Map<string, TrunkSender>();
  private lastSlotMs = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly send: DatagramSink,
    private readonly counters: Counters,
  ) {}

  join(remote: Address, mode: TrunkMode, localCall: number): TrunkMember {
    const key = `${formatAddress(remote)} ${mode}`;
    let trunk = this.trunks.get(key);
    if (trunk === undefined) {
      trunk = new TrunkSender(remote, mode, this.send);
      this.trunks.set(key, trunk);
    }
    const member = new TrunkMember(trunk, localCall, this.counters);
    trunk.join(member);
    return member;
  }

  leave(member: TrunkMember): void {
    const { trunk } = member;
    trunk.leave(member);
    if (trunk.isEmpty) this.trunks.delete(`${formatAddress(trunk.remote)} ${trunk.mode}`);
  }

  /** Early or repeated calls do nothing; slots that were slept through are left out. */
  tick(nowMs: number): void {
    const slotMs = Math.floor(nowMs / TRUNK_SLOT_MS) * TRUNK_SLOT_MS;
    if (slotMs === this.lastSlotMs) return;
    this.lastSlotMs = slotMs;
    for (const trunk of this.trunks.values()) trunk.tick(slotMs);
  }

  /** Whether any block has still to be sent. */
  get isWaiting(): boolean {
    for (const trunk of this.trunks.values()) if (trunk.waiting > 0) return true;
    return false;
  }
}
