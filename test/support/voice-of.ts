import { decodeFrame } from '../../src/iax2/frame.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import type { Capture } from './capture.ts';

/** The voice that one address sent, as G.711 codes in the order of its frames; repeated full frames count once. */
export async function voiceFrom(capture: Capture, ip: string): Promise<Uint8Array> {
  const blocks: Uint8Array[] = [];
  const seen = new Set<string>();
  for (const bytes of await capture.payloads(`ip.src == ${ip} && iax2`)) {
    const frame = decodeFrame(bytes);
    if (frame.type === 'mini') blocks.push(frame.payload);
    if (frame.type !== 'full' || frame.frameType !== FRAME_TYPE.VOICE) continue;
    const key = `${frame.sourceCall}/${frame.oseqno}/${frame.timestamp}`;
    if (!seen.has(key)) blocks.push(frame.body);
    seen.add(key);
  }
  return Buffer.concat(blocks);
}
