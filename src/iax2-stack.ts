/* The door of the package's `./iax2`: the stack without I/O, for those who bring their own sockets, clock and media. */

export { Counters } from './base/counters.ts';
export type { Crypto } from './base/crypto.ts';
export { type Log, type LogFields, type LogLevel, silentLog } from './base/log.ts';
export { type Address, formatAddress, type Machine, type Transmit } from './base/machine.ts';
export { type MediaPort, type Source, type StreamId, StreamIds, type StreamSpec } from './base/media-port.ts';
export type { MessageCount } from './base/message-count.ts';
export type { Random } from './base/random.ts';
export { type AclRule, allowOnly, isAllowed, parseNetwork } from './iax2/acl.ts';
export {
  type Binding,
  type Call,
  type CallEvent,
  type CallFailure,
  type CallRequest,
  type CallState,
  Endpoint,
  type EndpointLimits,
  type EndpointOptions,
  type EndpointOutput,
  type HangupBy,
  type LookupResult,
  type PeerConfig,
  type PeerStatus,
  type PlaceCall,
  type RegistrationState,
  type RegistrationStatus,
} from './iax2/endpoint.ts';
export {
  decodeFrame,
  encodeFrame,
  encodeFullFrame,
  type Frame,
  type FullFrame,
  type FullFrameFields,
  type MiniFrame,
  type VideoMiniFrame,
} from './iax2/frame.ts';
export {
  AUTH_METHOD,
  decodeInformationElements,
  encodeInformationElements,
  type InformationElements,
  type RawElement,
} from './iax2/information-element.ts';
export { isMalformed, type Malformed, type MalformedReason } from './iax2/malformed.ts';
export { FORMAT_NAMES, type FormatName, formatName, formatOf } from './iax2/media-format.ts';
export { decodeMetaTrunkFrame, encodeMetaTrunkFrame, type MetaTrunkFrame, TrunkReader } from './iax2/meta-trunk.ts';
export { CONTROL_SUBCLASS, FRAME_TYPE, HTML_SUBCLASS, IAX_SUBCLASS } from './iax2/subclass.ts';
export { formatTrace, type TracedFrame } from './iax2/trace.ts';
