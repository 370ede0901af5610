import { type Address, earliest } from '../base/machine.ts';
import type { Call, CallState } from './call.ts';
import { type CallIdentity, CallLife } from './call-life.ts';
import type { Surroundings } from './dialog.ts';
import type { FullFrame } from './frame.ts';
import { encodeInformationElements, type InformationElements } from './information-element.ts';
import type { Reliable } from './reliable.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';
import { TransferParty, type TransferPolicy, type TransferTarget } from './transfer.ts';
import { HUB_PATIENCE_MS, type HubSide, TransferHub } from './transfer-hub.ts';

/** A call whose far ends may go on without the one in the middle, whether we are that one or at an end. [RFC5456 §6.5] */
export abstract class TransferableCall extends CallLife {
  private readonly transfer: TransferParty;
  private readonly hubSide: HubSide;
  /** While we try to bring two far ends together. */
  private hub: TransferHub | undefined;

  constructor(around: Surroundings, reliable: Reliable, identity: CallIdentity, state: CallState, nowMs: number) {
    super(around, reliable, identity, state, nowMs);
    this.hubSide = this.asHubSide(identity.transfer);
    this.transfer = new TransferParty(identity.transfer, {
      tellHub: (name, id, atMs) => this.tellHub(name, id, atMs),
      tellParty: (target, name, atMs) => this.tellParty(target, name, atMs),
      move: (to, toCall, what, atMs) => this.move(to, toCall, what, atMs),
      refused: () => this.count('iax2.transfer-refused'),
    });
  }

  bringTogether(other: Call, nowMs: number): void {
    if (!(other instanceof TransferableCall) || this.state !== 'up' || other.state !== 'up') return;
    const hub = TransferHub.between(this.hubSide, other.hubSide);
    if (hub === undefined) return;
    this.hub = hub;
    other.hub = hub;
    hub.begin(this.around.random.integer(2 ** 32), nowMs);
    this.timers.set('hub', nowMs + HUB_PATIENCE_MS);
    for (const leg of [this, other]) this.around.changed(leg, nowMs);
  }

  /** Whether a frame comes from the party that the hub wants us to talk to. */
  isTransferTarget(from: Address, sourceCall: number): boolean {
    return this.transfer.isWith(from, sourceCall);
  }

  /** From that party; it stands outside the sequence of the call with the hub. */
  handleTransferFrame(frame: FullFrame, nowMs: number): void {
    if (frame.frameType !== FRAME_TYPE.IAX) return;
    if (frame.subclass === IAX_SUBCLASS.TXCNT) this.transfer.handleParty('TXCNT', nowMs);
    else if (frame.subclass === IAX_SUBCLASS.TXACC) this.transfer.handleParty('TXACC', nowMs);
  }

  private asHubSide(policy: TransferPolicy): HubSide {
    const leg = this;
    return {
      policy,
      get isEncrypted() {
        return leg.isEncrypted;
      },
      get format() {
        return leg.format;
      },
      get hasVideo() {
        return leg.videoFormats.length > 0;
      },
      get address() {
        return leg.reliable.remote;
      },
      get callNumber() {
        return leg.reliable.remoteCall;
      },
      send: (name, elements, nowMs) => {
        if (!this.isAccepted) return;
        this.sendIax(IAX_SUBCLASS[name], elements, nowMs);
        this.around.changed(this, nowMs);
      },
      release: (callNumber, nowMs) => {
        if (!this.isAccepted) return;
        this.release(callNumber, nowMs);
        this.around.changed(this, nowMs);
      },
    };
  }

  protected handleHubTimeout(nowMs: number): void {
    this.hub?.giveUp(nowMs);
  }

  private tellHub(name: 'TXREJ' | 'TXREADY', id: number | undefined, nowMs: number): void {
    // The RFC asks for the transfer's id, Asterisk sends our call number: who reads either finds it.
    const { localCall } = this.reliable;
    const elements = name === 'TXREADY' && id !== undefined ? { callNumber: localCall, transferId: id } : {};
    this.sendIax(IAX_SUBCLASS[name], elements, nowMs);
  }

  private tellParty({ to, toCall, id }: TransferTarget, name: 'TXCNT' | 'TXACC', nowMs: number): void {
    const body = encodeInformationElements({ transferId: id });
    this.reliable.sendBeside(IAX_SUBCLASS[name], this.reliable.clock.stampGenuine(nowMs), body, to, toCall);
  }

  private move(to: Address, toCall: number, what: 'call' | 'media', nowMs: number): void {
    if (what === 'call') {
      // The hub hears this ACK; what follows goes to the other party, from sequence number 0.
      this.reliable.acknowledge();
      this.reliable.redirect(to, toCall, nowMs);
    }
    this.voice.move(to, toCall, what, nowMs);
  }

  protected handleNativeTransfer(
    name: 'TXREQ' | 'TXREADY' | 'TXREJ' | 'TXREL' | 'TXMEDIA',
    ies: InformationElements,
    nowMs: number,
  ): void {
    switch (name) {
      case 'TXREQ':
        this.transfer.begin(ies, this.isEncrypted, nowMs);
        break;
      case 'TXREADY':
        this.hub?.handleReady(this.hubSide, nowMs);
        break;
      case 'TXREJ':
        this.hub?.handleRejected(this.hubSide, nowMs);
        this.transfer.conclude(name, ies, nowMs);
        break;
      case 'TXREL':
      case 'TXMEDIA':
        if (!this.transfer.conclude(name, ies, nowMs)) this.count('iax2.unused-message');
        break;
    }
  }

  override handleTimeout(nowMs: number): void {
    super.handleTimeout(nowMs);
    if (this.isAccepted) this.transfer.run(nowMs);
  }

  override nextDeadline(): number | undefined {
    const next = super.nextDeadline();
    return this.isAccepted ? earliest(next, this.transfer.nextDeadline()) : next;
  }
}
