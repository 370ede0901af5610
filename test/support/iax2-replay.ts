import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { base64Encode } from '../../src/base/base64.ts';
import { fromHex, toHex, utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import type { Address, Transmit } from '../../src/base/machine.ts';
import { decryptFrame, deriveKey, encryptFrame } from '../../src/iax2/encryption.ts';
import { decodeFrame, encodeFullFrame, type FullFrame } from '../../src/iax2/frame.ts';
import {
  decodeInformationElements,
  encodeInformationElements,
  type InformationElements,
} from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { FRAME_TYPE, IAX_SUBCLASS, isOutsideSequence } from '../../src/iax2/subclass.ts';
import { nodeCrypto } from '../../src/io/node-crypto.ts';
import type { Host, Network, Station } from './network.ts';

/** What two real switches said to each other, as scripts/record-flows.ts has heard it. */
export interface RecordedFlow {
  readonly title: string;
  readonly secret: string;
  /** PEM of the key that the branch signed with, where it did. */
  readonly publicKey?: string;
  readonly branch: string;
  readonly centre: string;
  readonly datagrams: readonly { readonly atMs: number; readonly from: 'branch' | 'centre'; readonly hex: string }[];
}

export function recordedFlow(name: string): RecordedFlow {
  const path = join(import.meta.dirname, `../vectors/iax2/flows/${name}.json`);
  return JSON.parse(readFileSync(path, 'utf8')) as RecordedFlow;
}

/** What is known of one call number of the recorded branch. */
interface Dialog {
  /** Of the switch that hears the recording. */
  call: number;
  nextOseqno: number;
  challenge: Uint8Array | undefined;
  token: Uint8Array | undefined;
  /** The challenge that the recorded centre gave. */
  recordedChallenge: Uint8Array | undefined;
  /** Keys of what the branch sends: as recorded, and as the listener has them. */
  keys: { recorded: Uint8Array; live: Uint8Array } | undefined;
  /** Of what the listener sends. */
  listenerKey: Uint8Array | undefined;
}

/**
 * The recorded branch, speaking to a switch of ours in place of the recorded centre: everything it said, when it said it.
 * Only what depends on the listener is put in anew: its call numbers, what it has sent so far, its call token, and the
 * proofs and keys that come of its challenge.
 */
export class ReplayedBranch implements Station<never> {
  private readonly host: Host<never>;
  private readonly outputs: Transmit[] = [];
  private readonly dialogs = new Map<number, Dialog>();

  constructor(
    private readonly network: Network,
    address: Address,
    private readonly target: Address,
    private readonly flow: RecordedFlow,
    /** PEM of the private key that it signs with, where it proves itself so. */
    private readonly outKey = '',
  ) {
    this.host = network.add<never>(address, this, () => {});
  }

  /** Says all of it; `act` is called before each thing that is said. */
  run(act: () => void = () => {}): void {
    const startMs = this.network.nowMs;
    for (const { atMs, from, hex } of this.flow.datagrams) {
      this.network.runUntil(startMs + atMs);
      const bytes = fromHex(hex)!;
      if (from === 'centre') this.noteRecorded(bytes);
      else {
        act();
        this.say(bytes);
      }
    }
  }

  handleDatagram(bytes: Uint8Array): void {
    if ((bytes[0]! & 0x80) === 0) return;
    const destination = ((bytes[2]! & 0x7f) << 8) | bytes[3]!;
    const dialog = this.dialogOf(destination);
    const { frame, ies } = this.read(bytes, dialog.listenerKey);
    if (frame.sourceCall > 1) {
      dialog.call = frame.sourceCall;
      if (!isOutsideSequence(frame.frameType, frame.subclass))
        dialog.nextOseqno = Math.max(dialog.nextOseqno, frame.oseqno + 1);
    }
    dialog.token = ies.callToken ?? dialog.token;
    if (ies.challenge === undefined) return;
    dialog.challenge = ies.challenge;
    if (ies.encryption !== undefined) dialog.listenerKey = this.keyOf(ies.challenge);
  }

  handleTimeout(): void {}

  poll(): Transmit | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): undefined {
    return undefined;
  }

  private noteRecorded(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.IAX || frame.subclass !== IAX_SUBCLASS.AUTHREQ) return;
    const ies = decodeInformationElements(frame.body);
    if (!isMalformed(ies)) this.dialogOf(frame.destinationCall).recordedChallenge = ies.challenge;
  }

  private say(bytes: Uint8Array): void {
    const isFull = (bytes[0]! & 0x80) !== 0;
    const dialog = this.dialogOf(((bytes[0]! & 0x7f) << 8) | bytes[1]!);
    this.send(isFull ? this.translate(bytes, dialog) : this.reseal(bytes, dialog));
  }

  /** A mini or meta frame names no call of the listener. */
  private reseal(bytes: Uint8Array, { keys }: Dialog): Uint8Array {
    if (keys === undefined) return bytes;
    const plain = decryptFrame(nodeCrypto, keys.recorded, bytes);
    if (isMalformed(plain)) throw new Error(plain.reason);
    return encryptFrame(nodeCrypto, keys.live, plain);
  }

  private translate(bytes: Uint8Array, dialog: Dialog): Uint8Array {
    // From the answer to the challenge on the recording is encrypted, if the listener agreed to it.
    if (dialog.keys === undefined && dialog.listenerKey !== undefined && dialog.recordedChallenge !== undefined)
      dialog.keys = { recorded: this.keyOf(dialog.recordedChallenge), live: dialog.listenerKey };
    const { keys } = dialog;
    const { frame, ies } = this.read(bytes, keys?.recorded);
    const isOpening = frame.destinationCall === 0;
    const plain = encodeFullFrame({
      ...frame,
      destinationCall: isOpening ? 0 : dialog.call,
      iseqno: isOpening ? frame.iseqno : dialog.nextOseqno & 0xff,
      body: frame.frameType === FRAME_TYPE.IAX ? this.elements(ies, dialog) : frame.body,
    });
    const sealed = keys === undefined ? plain : encryptFrame(nodeCrypto, keys.live, plain);
    if (frame.frameType === FRAME_TYPE.IAX && frame.subclass === IAX_SUBCLASS.RTKEY && ies.challenge !== undefined)
      dialog.keys = { recorded: ies.challenge, live: ies.challenge };
    return sealed;
  }

  private elements(ies: InformationElements, { token, challenge }: Dialog): Uint8Array {
    const { callToken, md5Result, rsaResult } = ies;
    const secret = utf8Encode(this.flow.secret);
    const proof = () => toHex(nodeCrypto.md5(Uint8Array.from([...(challenge ?? []), ...secret])));
    const signature = () => base64Encode(nodeCrypto.rsaSha1Sign(this.outKey, challenge ?? new Uint8Array(0))!);
    return encodeInformationElements({
      ...ies,
      ...(callToken === undefined || callToken.length === 0 ? {} : { callToken: token ?? callToken }),
      ...(md5Result === undefined ? {} : { md5Result: proof() }),
      ...(rsaResult === undefined ? {} : { rsaResult: signature() }),
    });
  }

  private read(bytes: Uint8Array, key: Uint8Array | undefined): { frame: FullFrame; ies: InformationElements } {
    const isStateless = (((bytes[0]! & 0x7f) << 8) | bytes[1]!) === 1;
    const plain = key === undefined || isStateless ? bytes : decryptFrame(nodeCrypto, key, bytes);
    if (isMalformed(plain)) throw new Error(plain.reason);
    const frame = decodeFrame(plain);
    if (frame.type !== 'full') throw new Error(`not a full frame: ${utf8Decode(plain)}`);
    const ies = frame.frameType === FRAME_TYPE.IAX ? decodeInformationElements(frame.body) : {};
    if (isMalformed(ies)) throw new Error(ies.reason);
    return { frame, ies };
  }

  private keyOf(challenge: Uint8Array): Uint8Array {
    return deriveKey(nodeCrypto, challenge, this.flow.secret);
  }

  private dialogOf(call: number): Dialog {
    let dialog = this.dialogs.get(call);
    if (dialog === undefined) {
      const unknown = { challenge: undefined, token: undefined, recordedChallenge: undefined };
      dialog = { call: 0, nextOseqno: 0, ...unknown, keys: undefined, listenerKey: undefined };
      this.dialogs.set(call, dialog);
    }
    return dialog;
  }

  private send(bytes: Uint8Array): void {
    this.outputs.push({ type: 'transmit', to: this.target, bytes });
    this.host.drain();
  }
}
