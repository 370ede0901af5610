import { earliest } from '../base/machine.ts';
import type { StreamId } from '../base/media-port.ts';
import type { CallLeg } from './call-leg.ts';
import { type Dialog, dialogKey } from './dialog.ts';
import type { ForkedCall } from './forked-call.ts';
import type { IncomingCallLeg } from './incoming-call-leg.ts';
import type { InviteServerTransaction } from './invite-server-transaction.ts';
import type { Request } from './message.ts';
import { tagOf } from './name-addr.ts';
import type { Trunk } from './trunk.ts';

export interface DialogOfCall {
  readonly dialog: Dialog;
  readonly call: CallLeg;
}

/** Every call that stands, and whose a request is: by its dialog, or by the INVITE that it cancels. */
export class CallTable {
  private readonly calls = new Set<CallLeg>();
  /** Their branches are calls of their own, with the same id. */
  private readonly forks = new Set<ForkedCall>();
  private readonly trunkOf = new Map<CallLeg, Trunk>();
  private readonly dialogs = new Map<string, DialogOfCall>();
  private readonly incoming = new Map<InviteServerTransaction, IncomingCallLeg>();
  private lastId = 0;

  nextId(): number {
    return ++this.lastId;
  }

  add(call: CallLeg, trunk: Trunk | undefined): void {
    this.calls.add(call);
    if (trunk === undefined) return;
    this.trunkOf.set(call, trunk);
    trunk.calls++;
  }

  addFork(fork: ForkedCall): void {
    this.forks.add(fork);
  }

  addIncoming(transaction: InviteServerTransaction, call: IncomingCallLeg): void {
    this.incoming.set(transaction, call);
  }

  addDialog(dialog: Dialog, call: CallLeg): void {
    this.dialogs.set(dialog.key, { dialog, call });
  }

  removeDialog(dialog: Dialog): void {
    this.dialogs.delete(dialog.key);
  }

  remove(call: CallLeg): void {
    if (!this.calls.delete(call)) return;
    for (const [transaction, other] of this.incoming) if (other === call) this.incoming.delete(transaction);
    const trunk = this.trunkOf.get(call);
    this.trunkOf.delete(call);
    if (trunk !== undefined) trunk.calls--;
  }

  /** Gives a call an input, and forgets it if that was its end. */
  settleAfter(call: CallLeg, input: () => void): void {
    input();
    if (call.isGone) this.remove(call);
  }

  /** Forgets what ended by a command of its owner. */
  settleAll(): void {
    for (const call of this.calls) if (call.isGone) this.remove(call);
    for (const fork of this.forks) if (fork.isOver) this.forks.delete(fork);
  }

  /** Lets forked calls work on what their branches said. */
  settleForks(nowMs: number): void {
    for (const fork of this.forks) fork.settle(nowMs);
  }

  hangUpAll(nowMs: number): void {
    for (const fork of this.forks) fork.hangup('normal-clearing', nowMs);
    for (const call of [...this.calls]) this.settleAfter(call, () => call.hangup('normal-clearing', nowMs));
  }

  handleTimeout(nowMs: number): void {
    const due = [...this.calls].filter((call) => nowMs >= (call.nextDeadline() ?? Number.POSITIVE_INFINITY));
    for (const call of due) this.settleAfter(call, () => call.handleTimeout(nowMs));
  }

  nextDeadline(): number | undefined {
    let next: number | undefined;
    for (const call of this.calls) next = earliest(next, call.nextDeadline());
    return next;
  }

  invitedBy(transaction: InviteServerTransaction): IncomingCallLeg | undefined {
    return this.incoming.get(transaction);
  }

  /** The call and the dialog that a request with a To tag belongs to. [RFC3261 §12.2.2] */
  find({ callId, to, from }: Request): DialogOfCall | undefined {
    return this.dialogs.get(dialogKey(callId, tagOf(to) ?? '', tagOf(from) ?? ''));
  }

  withDialog(callId: string, localTag: string, remoteTag: string): CallLeg | undefined {
    return this.dialogs.get(dialogKey(callId, localTag, remoteTag))?.call;
  }

  /** The Call-IDs of the dialogs whose voice a stream is. */
  callIdsOf(stream: StreamId): readonly string[] {
    return [...this.dialogs.values()].flatMap(({ call, dialog }) => (call.stream === stream ? [dialog.callId] : []));
  }

  countOf(peer: string): number {
    const ids = new Set<number>();
    for (const call of this.calls) if (call.peer === peer) ids.add(call.id);
    return ids.size;
  }

  get size(): number {
    return this.calls.size;
  }

  get dialogCount(): number {
    return this.dialogs.size;
  }
}
