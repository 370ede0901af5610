import { utf8Decode } from '../base/bytes.ts';
import { type Address, formatAddress } from '../base/machine.ts';
import type { SingleKey } from './element-table.ts';
import { elementKey, OSPTOKEN, VARIABLE } from './element-table.ts';
import type { DateTime, Loss } from './element-value.ts';
import type { Frame, FullFrame } from './frame.ts';
import { decodeElement, decodeRawElements, type InformationElements, type RawElement } from './information-element.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { decodePreferences, formatMaskText, formatName, maskOf } from './media-format.ts';
import { decodeProvisioning } from './provisioning.ts';
import {
  type CONTROL_SUBCLASS,
  controlSubclassName,
  FRAME_TYPE,
  frameTypeName,
  IAX_SUBCLASS,
  iaxSubclassName,
} from './subclass.ts';

/** What a trace line is about: the frame, already decrypted, and who sent it to whom. */
export interface TracedFrame {
  readonly direction: 'Rx' | 'Tx';
  readonly frame: Frame | Malformed;
  readonly peer: Address;
  /** How many times a sent full frame was sent before. */
  readonly retries?: number;
}

/**
 * Prints a frame as Asterisk's `iax2 set debug on` does, because that is the form operators read, search for and paste.
 * What gives access prints as `***`: passwords, the keys of RTKEY, and MD5 results, which as raw bytes are the key of an
 * encrypted call.
 */
export function formatTrace({ direction, frame, peer, retries = 0 }: TracedFrame): string {
  const to = formatAddress(peer);
  switch (frame.type) {
    case 'full':
      return formatFullFrame(direction, frame, to, retries);
    case 'mini':
      return `${direction}-Mini -- Timestamp: ${pad(frame.timestamp, 5)}ms  SCall: ${pad(frame.sourceCall, 5)}  ${frame.payload.length} bytes ${to}`;
    case 'video-mini':
      return `${direction}-Video-Mini -- Timestamp: ${pad(frame.timestamp, 5)}ms  SCall: ${pad(frame.sourceCall, 5)}  ${frame.payload.length} bytes${frame.marker ? ' marker' : ''} ${to}`;
    case 'meta-trunk': {
      const calls = frame.entries.map(({ sourceCall, payload }) => `${pad(sourceCall, 5)}:${payload.length}`);
      return `${direction}-Trunk -- Timestamp: ${pad(frame.timestamp, 5)}ms  Calls: ${calls.join(' ')} ${to}`;
    }
    case 'malformed':
      return `${direction}-Malformed -- ${frame.reason} ${to}`;
  }
}

function formatFullFrame(direction: 'Rx' | 'Tx', frame: FullFrame, to: string, retries: number): string {
  const retry = direction === 'Tx' ? pad(retries, 3) : frame.retransmission ? 'Yes' : ' No';
  const lines = [
    `${direction}-Frame Retry[${retry}] -- OSeqno: ${pad(frame.oseqno, 3)} ISeqno: ${pad(frame.iseqno, 3)} ` +
      `Type: ${typeLabel(frame.frameType)} Subclass: ${subclassLabel(frame)}`,
    `   Timestamp: ${pad(frame.timestamp, 5)}ms  SCall: ${pad(frame.sourceCall, 5)}  DCall: ${pad(frame.destinationCall, 5)} ${to}`,
  ];
  if (frame.frameType === FRAME_TYPE.IAX) {
    const elements = decodeRawElements(frame.body);
    if (isMalformed(elements)) lines.push(`   Undecodable: ${elements.reason}`);
    else for (const element of elements) lines.push(...elementLines(element, frame.subclass));
  }
  return lines.join('\n');
}

function pad(value: number, digits: number): string {
  return value.toString().padStart(digits, '0');
}

const TYPE_LABELS = {
  DTMF: 'DTMF_E',
  VOICE: 'VOICE',
  VIDEO: 'VIDEO',
  CONTROL: 'CONTROL',
  NULL: 'NULL',
  IAX: 'IAX',
  TEXT: 'TEXT',
  IMAGE: 'IMAGE',
  HTML: 'HTML',
  CNG: 'CNG',
  MODEM: 'MODEM',
  DTMF_BEGIN: 'DTMF_B',
} as const satisfies Record<keyof typeof FRAME_TYPE, string>;

function typeLabel(frameType: number): string {
  const name = frameTypeName(frameType);
  return name === undefined ? `(${frameType}?)` : TYPE_LABELS[name].padEnd(7);
}

/** Where Asterisk shortens a name to its seven columns. */
const IAX_LABELS: Partial<Record<keyof typeof IAX_SUBCLASS, string>> = {
  UNSUPPORT: 'UNSPRTD',
  TRANSFER: 'TRANSFR',
  PROVISION: 'PROVISN',
  FWDOWNL: 'FWDWNLD',
  CALLTOKEN: 'CTOKEN',
};

const CONTROL_LABELS: Partial<Record<keyof typeof CONTROL_SUBCLASS, string>> = {
  STOP_SOUNDS: '(255?)',
  TAKEOFFHOOK: 'TKOFFHK',
  CONGESTION: 'CONGSTN',
  RADIO_KEY: 'RDKEY',
  RADIO_UNKEY: 'RDUNKEY',
  PROGRESS: 'PROGRES',
  PROCEEDING: 'PROCDNG',
  VIDUPDATE: 'VIDUPDT',
  SRCUPDATE: 'SRCUPDT',
  TRANSFER: 'TXFER',
  CONNECTED_LINE: 'CNLINE',
  REDIRECTING: 'REDIR',
  T38_PARAMETERS: 'T38PARM',
  SRCCHANGE: 'SRCCHG',
  READ_ACTION: 'READACT',
  END_OF_Q: 'ENDOFQ',
  INCOMPLETE: 'INCOMPL',
};

function subclassLabel({ frameType, subclass }: FullFrame): string {
  switch (frameType) {
    case FRAME_TYPE.IAX: {
      const name = iaxSubclassName(subclass);
      return (name === undefined ? 'Unknown' : (IAX_LABELS[name] ?? name)).padEnd(7);
    }
    case FRAME_TYPE.CONTROL: {
      const name = controlSubclassName(subclass);
      return name === undefined ? `(${subclass}?)` : (CONTROL_LABELS[name] ?? name).padEnd(7);
    }
    case FRAME_TYPE.DTMF:
    case FRAME_TYPE.DTMF_BEGIN:
      return printable(String.fromCharCode(subclass & 0xff));
    case FRAME_TYPE.VOICE:
    case FRAME_TYPE.VIDEO:
    case FRAME_TYPE.IMAGE:
      return formatName(subclass) ?? subclass.toString();
    default:
      return subclass.toString();
  }
}

const ELEMENT_LABELS: Readonly<Record<SingleKey, string>> = {
  version: 'VERSION',
  authMethods: 'AUTHMETHODS',
  challenge: 'CHALLENGE',
  calledNumber: 'CALLED NUMBER',
  dialplanStatus: 'DIALPLAN STATUS',
  autoAnswer: 'AUTO ANSWER REQ',
  codecPreferences: 'CODEC_PREFS',
  callingNumber: 'CALLING NUMBER',
  callingPresentation: 'CALLING PRESNTN',
  callingTypeOfNumber: 'CALLING TYPEOFN',
  callingTransitNetwork: 'CALLING TRANSIT',
  callingAni2: 'CALLING ANI2',
  callingName: 'CALLING NAME',
  callingAni: 'ANI',
  language: 'LANGUAGE',
  dnid: 'DNID',
  rdnis: 'REFERRING DNIS',
  calledContext: 'CALLED CONTEXT',
  username: 'USERNAME',
  encryption: 'ENCRYPTION',
  format: 'FORMAT',
  format2: 'FORMAT2',
  capability: 'CAPABILITY',
  capability2: 'CAPABILITY2',
  adsiCpe: 'ADSICPE',
  samplingRate: 'SAMPLINGRATE',
  dateTime: 'DATE TIME',
  refreshS: 'REFRESH',
  password: 'PASSWORD',
  md5Result: 'MD5 RESULT',
  rsaResult: 'RSA RESULT',
  apparentAddress: 'APPARENT ADDRES',
  callNumber: 'CALL NUMBER',
  transferId: 'TRANSFER ID',
  messageCount: 'MESSAGE COUNT',
  cause: 'CAUSE',
  causeCode: 'CAUSE CODE',
  iaxUnknown: 'UNKNOWN IAX CMD',
  musicOnHold: 'MUSICONHOLD',
  rrJitterMs: 'RR_JITTER',
  rrLoss: 'RR_LOSS',
  rrPackets: 'RR_PKTS',
  rrDelayMs: 'RR_DELAY',
  rrDropped: 'RR_DROPPED',
  rrOutOfOrder: 'RR_OUTOFORDER',
  encryptionKey: 'ENCRYPTION KEY',
  provisioning: 'PROVISIONING',
  aesProvisioning: 'AES PROVISIONIN',
  deviceType: 'DEVICE TYPE',
  serviceIdentifier: 'SERVICE IDENT',
  firmwareVersion: 'FIRMWARE VER',
  firmwareBlock: 'FW BLOCK DESC',
  firmwareBlockData: 'FW BLOCK DATA',
  provisioningVersion: 'PROVISIONING VE',
  callToken: 'CALLTOKEN',
};

function elementLines(element: RawElement, subclass: number): string[] {
  const { id, data } = element;
  if (id === VARIABLE) return [line('VARIABLE', printable(utf8Decode(data)))];
  if (id === OSPTOKEN) return [line('OSPTOKEN', `${data.length} bytes`)];
  const key = elementKey(id);
  if (key === undefined) return [line(`Unknown IE ${pad(id, 3)}`, 'Present')];
  if (key === 'provisioning') return [line(ELEMENT_LABELS[key], ''), ...provisioningLines(data)];
  return [line(ELEMENT_LABELS[key], elementText(key, data, subclass))];
}

function line(label: string, value: string): string {
  return `   ${label.padEnd(15)} : ${value}`;
}

function elementText(key: SingleKey, data: Uint8Array, subclass: number): string {
  if (key === 'password' || key === 'md5Result' || key === 'encryptionKey' || key === 'aesProvisioning') return '***';
  if (key === 'challenge') return subclass === IAX_SUBCLASS.RTKEY ? '***' : escapedBytes(data);
  if (key === 'callToken') return data.length === 0 ? 'Present' : `${data.length} bytes`;
  const value: InformationElements[SingleKey] = decodeElement(key, data);
  if (value === undefined) return `Invalid, ${data.length} bytes`;
  if (key === 'codecPreferences') return formatMaskTextInOrder(value as string);
  if (key === 'format2' || key === 'capability2') return formatMaskText(value as bigint);
  if (value === true) return 'Present';
  if (typeof value === 'string') return printable(value);
  if (typeof value === 'number' || typeof value === 'bigint') return value.toString();
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  return structureText(value);
}

function formatMaskTextInOrder(letters: string): string {
  const names = decodePreferences(letters).map((format) => formatName(format) ?? formatMaskText(maskOf([format])));
  return `(${names.join('|')})`;
}

function structureText(value: Address | DateTime | Loss): string {
  if ('ip' in value) return `${value.ip.includes(':') ? 'IPV6' : 'IPV4'} ${formatAddress(value)}`;
  if ('percent' in value) return `${value.percent} % (${value.count})`;
  const { year, month, day, hour, minute, second } = value;
  return `${year}-${pad(month, 2)}-${pad(day, 2)}  ${pad(hour, 2)}:${pad(minute, 2)}:${pad(second, 2)}`;
}

function provisioningLines(data: Uint8Array): string[] {
  const settings = decodeProvisioning(data);
  if (isMalformed(settings)) return [`       Undecodable: ${settings.reason}`];
  return settings.map(({ id, name, value }) => {
    const label = name ?? `Unknown IE ${pad(id, 3)}`;
    return `       ${label.padEnd(15)} : ${value === undefined ? 'Invalid' : printable(value.toString())}`;
  });
}

/** Bytes as Asterisk prints a challenge. */
function escapedBytes(data: Uint8Array): string {
  let text = '';
  for (const byte of data) text += `\\x${byte.toString(16).padStart(2, '0')}`;
  return text;
}

/** Text from the wire must not steer the terminal that shows it, nor begin a line of its own. */
function printable(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029]/g, (symbol) => {
    return `\\x${symbol.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}
