import { decodeFrame } from '../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import type { Capture } from './capture.ts';

/** A mini frame with 20 ms of G.711. */
const MINI_BYTES = 164;

/** What is sent together passes the loopback interface as one datagram, which the kernel cuts apart behind the capture. */
function cutApart(bytes: Uint8Array): Uint8Array[] {
  const frames = [bytes.subarray(0, MINI_BYTES)];
  for (let at = MINI_BYTES; at < bytes.length; at += MINI_BYTES) frames.push(bytes.subarray(at, at + MINI_BYTES));
  return decodeFrame(bytes).type === 'mini' ? frames : [bytes];
}

/** The voice that one address sent, as G.711 codes in the order of its frames; repeated full frames count once. */
export async function voiceFrom(capture: Capture, ip: string): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  const seen = new Set<string>();
  const datagrams = await capture.payloads(`ip.src == ${ip} && iax2`);
  for (const bytes of datagrams.flatMap(cutApart)) {
    const frame = decodeFrame(bytes);
    if (frame.type === 'mini') blocks.push(frame.payload);
    if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.VOICE) continue;
    const key = `${frame.sourceCall}/${frame.oseqno}/${frame.timestamp}`;
    if (!seen.has(key)) blocks.push(frame.body);
    seen.add(key);
  }
  return Buffer.concat(blocks);
}
