import { type Address, formatAddress } from '../base/machine.ts';
import type { StreamId, StreamIds } from '../base/media-port.ts';
import type { Admission } from './admission.ts';
import type { CallLedger } from './call-ledger.ts';
import type { Dialog, Surroundings } from './dialog.ts';
import type { DialogTable } from './dialog-table.ts';
import type { DialplanQuestions } from './dialplan-questions.ts';
import type { FullFrame } from './frame.ts';
import { IncomingCallLeg } from './incoming-call-leg.ts';
import type { KnownPeer } from './known-peer.ts';
import { isMalformed } from './malformed.ts';
import { type Message, readMessage } from './message.ts';
import type { PeerTable } from './peer-table.ts';
import { RegistrarDialog } from './registrar.ts';
import type { Reliable } from './reliable.ts';
import { admittedContext, type Selection, selectRegistrant, selectUser } from './user-selection.ts';

export interface IncomingDialogsEnvironment {
  readonly around: Surroundings;
  readonly dialogs: DialogTable;
  readonly calls: CallLedger;
  readonly peers: PeerTable;
  readonly admission: Admission;
  readonly questions: DialplanQuestions;
  /** Whether a phone's call to a number is taken however many it has. */
  readonly mustGoThrough: ((context: string, number: string) => boolean) | undefined;
  readonly streams: StreamIds;
  /** Dialogs at one time of peers whose address nothing has proved. */
  readonly maxUnproven: number;
}

/** An opening that was let in. */
interface Visitor {
  readonly message: Message;
  readonly from: Address;
  readonly peer: KnownPeer | undefined;
  readonly reliable: Reliable;
  readonly isProven: boolean;
}

/** The dialogs that others begin: NEW, REGREQ, REGREL, POKE, which do not know a call number of ours yet. */
export class IncomingDialogs {
  private readonly unproven = new Set<Dialog>();

  constructor(private readonly environment: IncomingDialogsEnvironment) {}

  /** `length` is that of the datagram: answers are not much longer before a token has come back. */
  handleOpening(frame: FullFrame, length: number, from: Address, nowMs: number): void {
    const message = readMessage(frame);
    if (isMalformed(message)) {
      this.count(`iax2.${message.reason}`);
      return;
    }
    switch (message.name) {
      case 'NEW':
        this.handleNew(message, length, from, nowMs);
        break;
      case 'REGREQ':
      case 'REGREL':
        this.handleRegistration(message, length, from, nowMs);
        break;
      case 'POKE':
        this.environment.admission.answerPoke(frame, from, nowMs);
        break;
      default:
        this.count('iax2.unknown-call');
    }
  }

  handleGone(dialog: Dialog): void {
    this.unproven.delete(dialog);
  }

  private handleNew(message: Message, length: number, from: Address, nowMs: number): void {
    const { peers, streams, calls, admission, questions, around } = this.environment;
    const { ies } = message;
    const claim = { username: ies.username, context: ies.calledContext, from };
    const selection = selectUser(peers.configs, claim, (config) => peers.get(config.name)?.addresses ?? []);
    const stream = streams.next();
    const visitor = this.admit(message, length, from, selection, stream, nowMs);
    if (visitor === undefined) return;
    const { peer, reliable, isProven } = visitor;
    const username = ies.username ?? peer?.config.name ?? '';
    const context = selection.peer === undefined ? '' : selection.context;
    const mustGoThrough =
      peer?.isPhone === true && this.environment.mustGoThrough?.(context, ies.calledNumber ?? '') === true;
    const call = new IncomingCallLeg(
      around,
      reliable,
      {
        id: calls.nextId(),
        peer: peer?.config.name ?? username,
        stream,
        transfer: peer?.config.transfer,
        admit: (asked) => (peer === undefined ? undefined : admittedContext(peer.config, asked)),
        trunk: peer?.config.trunk,
        config: peer?.config,
        context,
        isAddressProven: isProven,
        asked: (number, give) => questions.ask(peer?.config.name ?? username, context, number, give),
        // The call itself is counted already.
        refuse: () => (peer?.isOverfull !== true || mustGoThrough ? undefined : 'no-circuit'),
        overrideCallerId: peer?.isPhone === true ? peer.config.callerId : undefined,
        judged: (isGenuine, atMs) => admission.handleProof(isGenuine, from, username, atMs),
      },
      nowMs,
    );
    calls.add(call, peer);
    this.begin(call, visitor, nowMs);
  }

  private handleRegistration(message: Message, length: number, from: Address, nowMs: number): void {
    const { peers, admission, around } = this.environment;
    const username = message.ies.username ?? '';
    const selection = selectRegistrant(peers.configs, message.ies.username, from);
    const visitor = this.admit(message, length, from, selection, undefined, nowMs);
    if (visitor === undefined) return;
    const judged = (isGenuine: boolean, atMs: number) => admission.handleProof(isGenuine, from, username, atMs);
    const { peer } = visitor;
    const messages = peer === undefined ? undefined : peers.messagesFor(peer.config);
    const options = { config: peer?.config, registrar: peers.registrar, messages, judged };
    this.begin(new RegistrarDialog(around, visitor.reliable, options, nowMs), visitor, nowMs);
  }

  /** Whom the call token and the limits let in, with a call number; anybody else was answered or counted. */
  private admit(
    message: Message,
    length: number,
    from: Address,
    selection: Selection,
    stream: StreamId | undefined,
    nowMs: number,
  ): Visitor | undefined {
    const { peers, admission, dialogs, maxUnproven, around } = this.environment;
    const peer = selection.peer === undefined ? undefined : peers.get(selection.peer.name);
    const admitted = admission.judge(message, length, from, peer, nowMs);
    if (admitted === 'answered') return undefined;
    const isProven = admitted === 'proven';
    const isFull = !isProven && this.unproven.size >= maxUnproven;
    const reliable = isFull ? undefined : dialogs.allot(from, stream, nowMs);
    if (reliable === undefined) {
      this.count('iax2.call-number-limit');
      around.log.warn('iax2.call-number-limit', `No call number is left for ${from.ip}.`, nowMs);
      return undefined;
    }
    if (selection.peer === undefined) this.reportMismatch(selection.reason, from, message.ies.username, nowMs);
    return { message, from, peer, reliable, isProven };
  }

  private begin(dialog: Dialog, { message, from, isProven }: Visitor, nowMs: number): void {
    const { dialogs } = this.environment;
    const { frame } = message;
    const forgotten = dialogs.findBegun(from, frame.sourceCall);
    if (forgotten !== undefined) {
      forgotten.supersede(nowMs);
      dialogs.settle(forgotten, nowMs);
    }
    dialogs.addIncoming(dialog, frame.sourceCall);
    if (!isProven) this.unproven.add(dialog);
    dialog.handleFrame(frame, nowMs);
    dialogs.settle(dialog, nowMs);
  }

  private reportMismatch(reason: string, from: Address, username: string | undefined, nowMs: number): void {
    const { log, emit } = this.environment.around;
    this.count('iax2.unknown-user');
    log.warn('iax2.unknown-user', reason, nowMs, { from: formatAddress(from), username: username ?? '' });
    emit({ type: 'security', event: 'acl-denied', from, username: username ?? '', reason });
  }

  private count(reason: string): void {
    this.environment.around.counters.increment(reason);
  }
}
