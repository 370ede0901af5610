import { encodeFullFrame, type FullFrame } from './frame.ts';
import { encodeInformationElements, type InformationElements } from './information-element.ts';
import { FRAME_TYPE, IAX_SUBCLASS } from './subclass.ts';

/** Replies that keep no state, so that nobody can fill our tables with forged sources. */

/** An answer from call 1 to the beginning of a dialog: PONG, CALLTOKEN, REJECT, REGREJ. */
export function statelessReply(to: FullFrame, subclass: number, elements: InformationElements = {}): Uint8Array {
  return encodeFullFrame({
    sourceCall: 1,
    destinationCall: to.sourceCall,
    timestamp: to.timestamp,
    oseqno: 0,
    iseqno: (to.oseqno + 1) & 0xff,
    frameType: FRAME_TYPE.IAX,
    subclass,
    body: encodeInformationElements(elements),
  });
}

/** There is no such call here. [RFC5456 §6.9.2] */
export function invalFor(frame: FullFrame): Uint8Array {
  return encodeFullFrame({
    sourceCall: frame.destinationCall,
    destinationCall: frame.sourceCall,
    timestamp: frame.timestamp,
    oseqno: frame.iseqno,
    iseqno: (frame.oseqno + 1) & 0xff,
    frameType: FRAME_TYPE.IAX,
    subclass: IAX_SUBCLASS.INVAL,
  });
}

/** The ACK of a call that has ended: the far end did not hear the first. */
export function lateAck(frame: FullFrame, iseqno: number): Uint8Array {
  return encodeFullFrame({
    sourceCall: frame.destinationCall,
    destinationCall: frame.sourceCall,
    timestamp: frame.timestamp,
    oseqno: frame.iseqno,
    iseqno,
    frameType: FRAME_TYPE.IAX,
    subclass: IAX_SUBCLASS.ACK,
  });
}
