import type { Law } from '../base/media-port.ts';
import { formatOf } from '../iax2/media-format.ts';

const ULAW = formatOf('ulaw');
const ALAW = formatOf('alaw');

/** The law of an IAX2 format, undefined for what is not G.711 and passes through untouched. [RFC5456 §8.7] */
export function lawOfFormat(format: number): Law | undefined {
  return format === ULAW ? 'ulaw' : format === ALAW ? 'alaw' : undefined;
}
