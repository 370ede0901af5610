import { Agenda, type Scheduled } from '../base/agenda.ts';
import { type Address, formatAddress, sameAddress } from '../base/machine.ts';
import type { CallNumbers, EndedCall } from './call-number.ts';
import type { Dialog } from './dialog.ts';

/** A part of an endpoint that has deadlines: dialogs, registrants, qualifies, the registrar. */
export interface TimedPart extends Scheduled {
  handleTimeout(nowMs: number): void;
}

/** Every dialog of an endpoint: found by our call number, or by whom it began with; and what is due when. */
export class DialogTable {
  private readonly byLocalCall = new Map<number, Dialog>();
  private readonly byBeginner = new Map<string, Dialog>();
  private readonly agenda = new Agenda<TimedPart>();

  constructor(private readonly numbers: CallNumbers) {}

  add(dialog: Dialog): void {
    this.byLocalCall.set(dialog.reliable.localCall, dialog);
  }

  /** A dialog that the far end began: its opening frame may come again, and does not know our number. */
  addIncoming(dialog: Dialog, remoteCall: number): void {
    this.add(dialog);
    this.byBeginner.set(beginnerKey(dialog.reliable.remote, remoteCall), dialog);
  }

  /** Only the address that a dialog is held with can reach it. */
  find(localCall: number, from: Address): Dialog | undefined {
    const dialog = this.byLocalCall.get(localCall);
    return dialog !== undefined && sameAddress(dialog.reliable.remote, from) ? dialog : undefined;
  }

  findBegun(from: Address, remoteCall: number): Dialog | undefined {
    return this.byBeginner.get(beginnerKey(from, remoteCall));
  }

  /** After every input to a part: its deadline may have moved. */
  touch(part: TimedPart): void {
    this.agenda.touch(part);
  }

  /** Takes a dialog that is over out of the table; its number rests for a while. */
  remove(dialog: Dialog, nowMs: number): void {
    const { localCall, remote, remoteCall, sequence } = dialog.reliable;
    if (this.byLocalCall.get(localCall) !== dialog) return;
    this.byLocalCall.delete(localCall);
    const key = beginnerKey(remote, remoteCall);
    if (this.byBeginner.get(key) === dialog) this.byBeginner.delete(key);
    const ended: EndedCall = { remoteKey: formatAddress(remote), remoteCall, ...sequence };
    this.numbers.end(localCall, ended, nowMs);
  }

  has(dialog: Dialog): boolean {
    return this.byLocalCall.get(dialog.reliable.localCall) === dialog;
  }

  takeDue(nowMs: number): TimedPart | undefined {
    return this.agenda.take(nowMs);
  }

  nextDeadline(): number | undefined {
    return this.agenda.next();
  }

  all(): readonly Dialog[] {
    return [...this.byLocalCall.values()];
  }

  get size(): number {
    return this.byLocalCall.size;
  }
}

function beginnerKey(from: Address, remoteCall: number): string {
  return `${formatAddress(from)}/${remoteCall}`;
}
