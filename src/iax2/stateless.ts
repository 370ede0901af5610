import { distance8 } from '../base/sequence.ts';
import type { EndedCall } from './call-number.ts';
import { encodeFullFrame, type FullFrame } from './frame.ts';
import { encodeInformationElements, type InformationElements } from './information-element.ts';
import { FRAME_TYPE, IAX_SUBCLASS, isFinal } from './subclass.ts';

/** Replies from here belong to no dialog: the far end kept no state. */
export const STATELESS_CALL = 1;

/** Replies that keep no state, so that nobody can fill our tables with forged sources. */

/** An answer from call 1 to the beginning of a dialog: PONG, CALLTOKEN, REJECT, REGREJ. */
export function statelessReply(to: FullFrame, subclass: number, elements: InformationElements = {}): Uint8Array {
  return encodeFullFrame({
    sourceCall: STATELESS_CALL,
    destinationCall: to.sourceCall,
    timestamp: to.timestamp,
    oseqno: 0,
    iseqno: (to.oseqno + 1) & 0xff,
    frameType: FRAME_TYPE.IAX,
    subclass,
    body: encodeInformationElements(elements),
  });
}

/**
 * The answer to a frame of a call that is not there: an ACK again if the call has just ended here and the far end did
 * not hear the first, else INVAL. Undefined where there is none, since two switches must not answer each other's answers
 * for ever. [RFC5456 §6.9.2]
 */
export function answerStray(frame: FullFrame, ended: EndedCall | undefined): Uint8Array | undefined {
  const isIax = frame.frameType === FRAME_TYPE.IAX;
  if (isIax && (frame.subclass === IAX_SUBCLASS.ACK || frame.subclass === IAX_SUBCLASS.INVAL)) return undefined;
  // Whoever answers from call 1 has kept nothing that could end; and Asterisk acknowledges the PONG of our call 1.
  if (frame.sourceCall === STATELESS_CALL || frame.destinationCall === STATELESS_CALL) return undefined;
  const wasTaken = ended !== undefined && distance8(frame.oseqno, ended.iseqno) >= 0x80;
  const isLast = ended !== undefined && isFinal(frame.frameType, frame.subclass);
  return encodeFullFrame({
    sourceCall: frame.destinationCall,
    destinationCall: frame.sourceCall,
    timestamp: frame.timestamp,
    oseqno: frame.iseqno,
    iseqno: wasTaken ? ended.iseqno : (frame.oseqno + 1) & 0xff,
    frameType: FRAME_TYPE.IAX,
    subclass: wasTaken || isLast ? IAX_SUBCLASS.ACK : IAX_SUBCLASS.INVAL,
  });
}
