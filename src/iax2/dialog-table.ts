import { Agenda, type Scheduled } from '../base/agenda.ts';
import { type Address, formatAddress, sameAddress } from '../base/machine.ts';
import type { MediaPort, StreamId } from '../base/media-port.ts';
import { CallClock } from './call-clock.ts';
import type { CallNumbers, EndedCall } from './call-number.ts';
import { Dialog } from './dialog.ts';
import { Reliable, type TransmitSink } from './reliable.ts';

/** A part of an endpoint that has deadlines: dialogs, registrants, qualifies, the registrar. */
export interface TimedPart extends Scheduled {
  handleTimeout(nowMs: number): void;
}

export interface DialogTableEnvironment {
  readonly transmit: TransmitSink;
  readonly media: MediaPort;
  /** A dialog is over and out of the table. */
  readonly gone: (dialog: Dialog) => void;
  /** A dialog that lives has had an input. */
  readonly alive: (dialog: Dialog) => void;
}

/** Every dialog of an endpoint: found by our call number, or by whom it began with; and what is due when. */
export class DialogTable {
  private readonly byLocalCall = new Map<number, Dialog>();
  private readonly byBeginner = new Map<string, Dialog>();
  /** Where a dialog stands in `byBeginner`: its far end may be another one by the time it ends. */
  private readonly beginnerOf = new Map<Dialog, string>();
  private readonly agenda = new Agenda<TimedPart>();

  constructor(
    private readonly numbers: CallNumbers,
    private readonly environment: DialogTableEnvironment,
  ) {}

  /**
   * A call number of ours and the delivery of its frames. `host`, for whom the number counts, is the address but for one
   * that is not known yet. Undefined if no number is free.
   */
  allot(remote: Address, stream: StreamId | undefined, nowMs: number, host = remote.ip): Reliable | undefined {
    const localCall = this.numbers.allot(host, nowMs);
    if (localCall === undefined) return undefined;
    const { media, transmit } = this.environment;
    const clock = new CallClock(nowMs, stream === undefined ? undefined : () => media.lastTimestamp(stream));
    return new Reliable(localCall, remote, clock, transmit);
  }

  add(dialog: Dialog): void {
    this.byLocalCall.set(dialog.reliable.localCall, dialog);
  }

  /** A dialog that the far end began: its opening frame may come again, and does not know our number. */
  addIncoming(dialog: Dialog, remoteCall: number): void {
    this.add(dialog);
    const key = beginnerKey(dialog.reliable.remote, remoteCall);
    this.byBeginner.set(key, dialog);
    this.beginnerOf.set(dialog, key);
  }

  /** Only the address that a dialog is held with can reach it. */
  find(localCall: number, from: Address): Dialog | undefined {
    const dialog = this.byLocalCall.get(localCall);
    return dialog !== undefined && sameAddress(dialog.reliable.remote, from) ? dialog : undefined;
  }

  /** Whatever dialog has this number, be it with whom it may. */
  ofNumber(localCall: number): Dialog | undefined {
    return this.byLocalCall.get(localCall);
  }

  findBegun(from: Address, remoteCall: number): Dialog | undefined {
    return this.byBeginner.get(beginnerKey(from, remoteCall));
  }

  /** After every input to a dialog: its deadline may have moved, or it is over and its number rests for a while. */
  settle(dialog: Dialog, nowMs: number): void {
    const { localCall } = dialog.reliable;
    if (this.byLocalCall.get(localCall) !== dialog) return;
    if (!dialog.isGone) {
      this.touch(dialog);
      this.environment.alive(dialog);
      return;
    }
    this.byLocalCall.delete(localCall);
    const { remote, remoteCall, sequence } = dialog.reliable;
    const key = this.beginnerOf.get(dialog);
    this.beginnerOf.delete(dialog);
    if (key !== undefined && this.byBeginner.get(key) === dialog) this.byBeginner.delete(key);
    const ended: EndedCall = { remoteKey: formatAddress(remote), remoteCall, ...sequence };
    this.numbers.end(localCall, ended, nowMs);
    this.environment.gone(dialog);
  }

  /** After every input to another part. */
  touch(part: TimedPart): void {
    this.agenda.touch(part);
  }

  handleTimeout(nowMs: number): void {
    for (let part = this.agenda.take(nowMs); part !== undefined; part = this.agenda.take(nowMs)) {
      part.handleTimeout(nowMs);
      if (part instanceof Dialog) this.settle(part, nowMs);
      else this.touch(part);
    }
  }

  nextDeadline(): number | undefined {
    return this.agenda.next();
  }

  get size(): number {
    return this.byLocalCall.size;
  }
}

function beginnerKey(from: Address, remoteCall: number): string {
  return `${formatAddress(from)}/${remoteCall}`;
}
