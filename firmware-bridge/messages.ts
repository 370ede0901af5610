import { BRANCHLINE_HAT, type HatModel } from '../board/hat.ts';

/**
 * The wire between host and HAT, the one source of truth for both ends: this module encodes and decodes from these
 * tables, and `board/firmware/core/protocol.h` is generated from them (`scripts/generate-protocol-header.ts`).
 * Little-endian throughout. PROTOCOL.md says in words what the messages mean.
 */

/** A field's width on the wire; `bytes` takes what is left and stands last. */
export type FieldKind = 'u8' | 'u16' | 'u32' | 'bytes';

export type FieldTable = readonly (readonly [name: string, kind: FieldKind])[];

export interface MessageLayout {
  readonly code: number;
  /** `up` is from the HAT to the host. */
  readonly direction: 'up' | 'down' | 'both';
  /** Delivered once and in order: numbered, acked, repeated. */
  readonly reliable: boolean;
  readonly fields: FieldTable;
}

const PCM_FIELDS = [
  ['mediaTs', 'u32'],
  ['mask', 'u8'],
  ['blocks', 'bytes'],
] as const;

export const MESSAGES = {
  HELLO: {
    code: 0x01,
    direction: 'up',
    reliable: false,
    fields: [
      ['protocol', 'u8'],
      ['session', 'u32'],
      ['bootId', 'u32'],
      ['uptimeMs', 'u32'],
      ['resetCause', 'u8'],
      ['capabilities', 'u16'],
      ['firmwareMajor', 'u8'],
      ['firmwareMinor', 'u8'],
      ['firmwarePatch', 'u8'],
      ['serialLow', 'u32'],
      ['serialHigh', 'u32'],
      ['blockSamples', 'u8'],
      ['lines', 'u8'],
      ['kindsAndBoard', 'bytes'],
    ],
  },
  HELLO_REQ: {
    code: 0x02,
    direction: 'down',
    reliable: false,
    fields: [
      ['protocolMin', 'u8'],
      ['protocolMax', 'u8'],
      ['session', 'u32'],
    ],
  },
  PING: { code: 0x03, direction: 'down', reliable: false, fields: [['token', 'u16']] },
  PONG: { code: 0x04, direction: 'up', reliable: false, fields: [['token', 'u16']] },
  KEY: {
    code: 0x05,
    direction: 'up',
    reliable: true,
    fields: [
      ['key', 'u8'],
      ['action', 'u8'],
      ['mediaTs', 'u32'],
    ],
  },
  LED: {
    code: 0x06,
    direction: 'down',
    reliable: true,
    fields: [
      ['led', 'u8'],
      ['colour', 'u8'],
      ['onMs', 'u16'],
      ['offMs', 'u16'],
    ],
  },
  ACK: { code: 0x07, direction: 'both', reliable: false, fields: [['next', 'u8']] },
  LINE_CMD: {
    code: 0x08,
    direction: 'down',
    reliable: true,
    fields: [
      ['line', 'u8'],
      ['op', 'u8'],
      ['args', 'bytes'],
    ],
  },
  LINE_EVT: {
    code: 0x09,
    direction: 'up',
    reliable: true,
    fields: [
      ['line', 'u8'],
      ['event', 'u8'],
      ['mediaTs', 'u32'],
      ['value', 'u16'],
    ],
  },
  PCM_CTL: {
    code: 0x0a,
    direction: 'down',
    reliable: true,
    fields: [
      ['mask', 'u8'],
      ['law', 'u8'],
    ],
  },
  PCM_UP: { code: 0x10, direction: 'up', reliable: false, fields: PCM_FIELDS },
  PCM_DN: { code: 0x11, direction: 'down', reliable: false, fields: PCM_FIELDS },
  STATS_REQ: { code: 0x12, direction: 'down', reliable: false, fields: [] },
  STATS: {
    code: 0x13,
    direction: 'up',
    reliable: false,
    fields: [
      ['framesGood', 'u32'],
      ['framesBad', 'u32'],
      ['uartOverruns', 'u32'],
      ['sendDropped', 'u32'],
      ['badCommands', 'u32'],
      ['repeats', 'u32'],
      ['blocksPlayed', 'u32'],
      ['underruns', 'u32'],
      ['lateBlocks', 'u32'],
    ],
  },
  REBOOT: { code: 0x1e, direction: 'down', reliable: false, fields: [['magic', 'u32']] },
  LOG: { code: 0x1f, direction: 'up', reliable: false, fields: [['text', 'bytes']] },
} as const satisfies Readonly<Record<string, MessageLayout>>;

/** What LINE_CMD tells a line, by `op`, with the layout of its `args`. */
export const LINE_OPS = {
  CONFIGURE: {
    code: 1,
    fields: [
      ['debounceMs', 'u16'],
      ['ringTripMs', 'u16'],
      ['flashMinMs', 'u16'],
      ['flashMaxMs', 'u16'],
      ['hangupMs', 'u16'],
      ['pulseBreakMinMs', 'u16'],
      ['pulseBreakMaxMs', 'u16'],
      ['pulseDigitEndMs', 'u16'],
    ],
  },
  RING: {
    code: 2,
    fields: [
      ['steps', 'u8'],
      ['numberLength', 'u8'],
      ['nameLength', 'u8'],
      ['cadenceNumberName', 'bytes'],
    ],
  },
  RING_STOP: { code: 3, fields: [] },
  CPC: { code: 4, fields: [['ms', 'u16']] },
  POLARITY: { code: 5, fields: [['reversed', 'u8']] },
  /** The neon lamp of a telephone whose handset is down; `onMs` 0 is dark, `offMs` 0 is steady. */
  LAMP: {
    code: 6,
    fields: [
      ['onMs', 'u16'],
      ['offMs', 'u16'],
    ],
  },
  /** Of a town line. */
  LOOP: { code: 16, fields: [['closed', 'u8']] },
  /** Opens the closed loop of a town line for so long. */
  RECALL: { code: 17, fields: [['ms', 'u16']] },
} as const satisfies Readonly<Record<string, { readonly code: number; readonly fields: FieldTable }>>;

/**
 * `value` of LINE_EVT: 0 on the hook and 1 off it, ms of the flash, breaks of the digit, LINE_FAULT_CODES; of a town line 1 while ringing
 * voltage is on it, 1 for reversed, ms of the break, volts.
 */
export const LINE_EVENT_CODES = {
  HOOK: 1,
  FLASH: 2,
  PULSES: 3,
  FAULT: 4,
  RINGING: 16,
  POLARITY: 17,
  LOOP_BREAK: 18,
  VOLTAGE: 19,
} as const;
/** What is wrong with a telephone's line: its wires touch, one touches earth, its module is too hot and rests. */
export const LINE_FAULT_CODES = { none: 0, short: 1, ground: 2, 'over-temperature': 3 } as const;
export const KEY_ACTION_CODES = { down: 0, up: 1, long: 2 } as const;
export const COLOUR_CODES = { off: 0, green: 1, amber: 2, red: 3, blue: 4, white: 5 } as const;
export const LAW_CODES = { ulaw: 0, alaw: 1 } as const;
export const PORT_KIND_CODES = { NONE: 0, FXS: 1, FXO: 2 } as const;
export const RESET_CAUSE_CODES = { POWER: 0, PIN: 1, WATCHDOG: 2, COMMAND: 3 } as const;

/** Bits of HELLO.capabilities. */
export const CAPABILITY_BITS = { PULSE_DIALLING: 1, CALLER_ID: 2, FAILSAFE_RELAY: 4 } as const;

/** Numbers that both ends must hold alike. */
export const LINK = {
  PROTOCOL: 1,
  /** Type, sequence number, payload and CRC; longer is noise. */
  MAX_FRAME: 384,
  /** Reliable frames that may wait for their ack. */
  WINDOW: 8,
  /** What is not acked is repeated after this long, then after twice as long each time, up to the longest. */
  REPEAT_MS: 50,
  REPEAT_MAX_MS: 200,
  /** So many repeats without an ack between end the session. */
  REPEATS: 10,
  PING_MS: 500,
  /** The host gives the HAT up after this silence, and the HAT the host. */
  HAT_SILENT_MS: 1500,
  HOST_SILENT_MS: 2000,
  /** Steps of a ring cadence, and characters of a caller's number and name. */
  MAX_CADENCE: 16,
  MAX_CALLER_TEXT: 32,
  REBOOT_MAGIC: 0x5254_5352,
} as const;

/** The HAT plays the answer to a block this many blocks after the block began: the block itself and the prefill. */
export function playoutBlocks(model: HatModel = BRANCHLINE_HAT): number {
  return model.prefillBlocks + 1;
}

export type MessageName = keyof typeof MESSAGES;
type ValueOf<Kind> = Kind extends 'bytes' ? Uint8Array : number;
type Values<Table extends FieldTable> = { readonly [Field in Table[number] as Field[0]]: ValueOf<Field[1]> };
export type MessageOf<Name extends MessageName> = { readonly type: Name } & Values<(typeof MESSAGES)[Name]['fields']>;
export type Message = { readonly [Name in MessageName]: MessageOf<Name> }[MessageName];
export type LineOpName = keyof typeof LINE_OPS;
export type LineOpValues<Name extends LineOpName> = Values<(typeof LINE_OPS)[Name]['fields']>;

/** Why bytes are no message. */
export interface Malformed {
  readonly malformed: 'unknown-type' | 'wrong-length';
}

const WIDTH = { u8: 1, u16: 2, u32: 4, bytes: 0 } as const;
const NAMES = new Map<number, MessageName>(
  (Object.keys(MESSAGES) as MessageName[]).map((name) => [MESSAGES[name].code, name]),
);

/** Bytes of a layout without its `bytes` field. */
export function fixedLength(fields: FieldTable): number {
  return fields.reduce((sum, [, kind]) => sum + WIDTH[kind], 0);
}

/** A message without its sequence number and framing: type and payload. */
export function encodeMessage(message: Message): { readonly code: number; readonly payload: Uint8Array } {
  const { code, fields } = MESSAGES[message.type];
  return { code, payload: encodeFields(fields, message) };
}

/** Nothing of the message lies in `payload`. */
export function decodeMessage(code: number, payload: Uint8Array): Message | Malformed {
  const name = NAMES.get(code);
  if (name === undefined) return { malformed: 'unknown-type' };
  const values = decodeFields(MESSAGES[name].fields, payload);
  return values === undefined ? { malformed: 'wrong-length' } : ({ type: name, ...values } as Message);
}

export function encodeLineOp<Name extends LineOpName>(
  line: number,
  name: Name,
  values: LineOpValues<Name>,
): MessageOf<'LINE_CMD'> {
  const { code, fields } = LINE_OPS[name];
  return { type: 'LINE_CMD', line, op: code, args: encodeFields(fields, values) };
}

/** The arguments of an operation, undefined when their length is wrong. */
export function decodeLineOp<Name extends LineOpName>(name: Name, args: Uint8Array): LineOpValues<Name> | undefined {
  return decodeFields(LINE_OPS[name].fields, args) as LineOpValues<Name> | undefined;
}

function encodeFields(fields: FieldTable, from: object): Uint8Array {
  const values = from as Readonly<Record<string, number | Uint8Array>>;
  const rest = fields.find(([, kind]) => kind === 'bytes');
  const tail = rest === undefined ? new Uint8Array(0) : (values[rest[0]] as Uint8Array);
  const bytes = new Uint8Array(fixedLength(fields) + tail.length);
  const view = new DataView(bytes.buffer);
  let at = 0;
  for (const [name, kind] of fields) {
    if (kind === 'bytes') bytes.set(tail, at);
    else if (kind === 'u8') view.setUint8(at, values[name] as number);
    else if (kind === 'u16') view.setUint16(at, values[name] as number, true);
    else view.setUint32(at, values[name] as number, true);
    at += WIDTH[kind];
  }
  return bytes;
}

function decodeFields(fields: FieldTable, payload: Uint8Array): Record<string, number | Uint8Array> | undefined {
  const fixed = fixedLength(fields);
  const open = fields.some(([, kind]) => kind === 'bytes');
  if (payload.length < fixed || (!open && payload.length > fixed)) return undefined;
  const view = new DataView(payload.buffer, payload.byteOffset, payload.byteLength);
  const values: Record<string, number | Uint8Array> = {};
  let at = 0;
  for (const [name, kind] of fields) {
    if (kind === 'bytes') values[name] = payload.slice(at);
    else if (kind === 'u8') values[name] = view.getUint8(at);
    else if (kind === 'u16') values[name] = view.getUint16(at, true);
    else values[name] = view.getUint32(at, true);
    at += WIDTH[kind];
  }
  return values;
}
