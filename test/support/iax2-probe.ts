import { utf8Encode } from '../../src/base/bytes.ts';
import type { Address, Transmit } from '../../src/base/machine.ts';
import { decodeFrame, encodeFullFrame, type FullFrame, type FullFrameFields } from '../../src/iax2/frame.ts';
import {
  decodeInformationElements,
  encodeInformationElements,
  type InformationElements,
} from '../../src/iax2/information-element.ts';
import { isMalformed } from '../../src/iax2/malformed.ts';
import { FRAME_TYPE, IAX_SUBCLASS, iaxSubclassName } from '../../src/iax2/subclass.ts';
import type { Host, Network, Station } from './network.ts';

export interface Heard {
  readonly name: string;
  readonly frame: FullFrame;
  readonly ies: InformationElements;
  readonly bytes: Uint8Array;
}

/** A far end that a test plays by hand: it sends what it is told and remembers what it hears. */
export class Probe implements Station<never> {
  readonly heard: Heard[] = [];
  private readonly host: Host<never>;
  private readonly outputs: Transmit[] = [];

  constructor(
    private readonly network: Network,
    readonly address: Address,
    private readonly target: Address,
  ) {
    this.host = network.add<never>(address, this, () => {});
  }

  handleDatagram(bytes: Uint8Array): void {
    const frame = decodeFrame(bytes);
    if (frame.type !== 'full') return;
    const isIax = frame.frameType === FRAME_TYPE.IAX;
    const ies = isIax ? decodeInformationElements(frame.body) : {};
    if (isMalformed(ies)) throw new Error(`malformed: ${ies.reason}`);
    const name = isIax ? (iaxSubclassName(frame.subclass) ?? '?') : `type ${frame.frameType}/${frame.subclass}`;
    this.heard.push({ name, frame, ies, bytes });
  }

  handleTimeout(): void {}

  poll(): Transmit | undefined {
    return this.outputs.shift();
  }

  nextDeadline(): undefined {
    return undefined;
  }

  /** Sends bytes and runs the network until they were answered; gives what came back since. */
  sendBytes(bytes: Uint8Array, waitMs = 50): readonly Heard[] {
    const before = this.heard.length;
    this.outputs.push({ type: 'transmit', to: this.target, bytes });
    this.host.drain();
    this.network.runFor(waitMs);
    return this.heard.slice(before);
  }

  send(fields: Partial<FullFrameFields>, waitMs?: number): readonly Heard[] {
    return this.sendBytes(
      encodeFullFrame({ sourceCall: 7, frameType: FRAME_TYPE.IAX, subclass: 0, ...fields }),
      waitMs,
    );
  }

  iax(
    name: keyof typeof IAX_SUBCLASS,
    ies: InformationElements = {},
    fields: Partial<FullFrameFields> = {},
    waitMs?: number,
  ): readonly Heard[] {
    const body = encodeInformationElements(ies);
    return this.send({ timestamp: 3, subclass: IAX_SUBCLASS[name], body, ...fields }, waitMs);
  }

  /** Opens with the token that the far end sends back. */
  open(name: 'NEW' | 'REGREQ' | 'REGREL', ies: InformationElements, sourceCall = 7): readonly Heard[] {
    const [reply] = this.iax(name, { ...ies, callToken: new Uint8Array(0) }, { sourceCall });
    const callToken = reply?.ies.callToken ?? utf8Encode('none');
    return this.iax(name, { ...ies, callToken }, { sourceCall, timestamp: 20 });
  }
}
