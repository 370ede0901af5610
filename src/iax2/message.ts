import type { FullFrame } from './frame.ts';
import { decodeInformationElements, type InformationElements } from './information-element.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { FRAME_TYPE, frameTypeName, type IaxSubclassName, iaxSubclassName } from './subclass.ts';

/** A full frame as the state machines see it: what it is, in one word, and its elements. */
export interface Message {
  readonly name: MessageName;
  readonly frame: FullFrame;
  /** Empty for other frames than IAX. */
  readonly ies: InformationElements;
}

export type MessageName =
  | IaxSubclassName
  | 'CONTROL'
  | 'VOICE'
  | 'VIDEO'
  | 'DTMF'
  | 'DTMF_BEGIN'
  | 'TEXT'
  | 'IMAGE'
  | 'HTML'
  | 'CNG'
  /** An IAX subclass that nobody knows: answered with UNSUPPORT. */
  | 'UNKNOWN_IAX'
  /** A frame type that nobody knows or sends: acknowledged and passed over. */
  | 'UNKNOWN_TYPE';

const NO_ELEMENTS: InformationElements = {};

/** Reads what a full frame says. */
export function readMessage(frame: FullFrame): Message | Malformed {
  if (frame.frameType === FRAME_TYPE.IAX) {
    const ies = decodeInformationElements(frame.body);
    if (isMalformed(ies)) return ies;
    return { name: iaxSubclassName(frame.subclass) ?? 'UNKNOWN_IAX', frame, ies };
  }
  const type = frameTypeName(frame.frameType);
  const name = type === undefined || type === 'NULL' || type === 'MODEM' || type === 'IAX' ? 'UNKNOWN_TYPE' : type;
  return { name, frame, ies: NO_ELEMENTS };
}
