import type { Address } from '../base/machine.ts';

/** Takes a datagram to send. The bytes are the plane's own and change after the call: who sends later copies them. */
export type DatagramSink = (to: Address, bytes: Uint8Array, at: number, length: number) => void;

/** The same from one of our RTP or RTCP ports. */
export type RtpSink = (localPort: number, to: Address, bytes: Uint8Array, at: number, length: number) => void;
