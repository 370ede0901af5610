import { utf8Decode } from '../base/bytes.ts';
import { formatIp } from '../base/ip.ts';
import { decodeRawElements } from './information-element.ts';
import { isMalformed, type Malformed } from './malformed.ts';

/** One setting of a PROVISIONING element, which Asterisk sends to its own telephone adapter. Only ever read, for traces. */
export interface ProvisioningSetting {
  readonly id: number;
  /** As Asterisk's trace prints it, undefined for an unknown id. */
  readonly name: string | undefined;
  /** Undefined where the data are of the wrong length, and for the data of secret or unknown settings. */
  readonly value: string | number | undefined;
}

type Kind = 'text' | 'number' | 'address' | 'secret';

interface SettingRow {
  readonly name: string;
  readonly kind: Kind;
  /** Of a number. */
  readonly length?: number;
}

const SETTINGS: Readonly<Record<number, SettingRow>> = {
  1: { name: 'USEDHCP', kind: 'text' },
  2: { name: 'IPADDR', kind: 'address' },
  3: { name: 'SUBNET', kind: 'address' },
  4: { name: 'GATEWAY', kind: 'address' },
  5: { name: 'BINDPORT', kind: 'number', length: 2 },
  6: { name: 'USERNAME', kind: 'text' },
  7: { name: 'PASSWORD', kind: 'secret' },
  8: { name: 'SERVERUSER', kind: 'text' },
  9: { name: 'SERVERPASS', kind: 'secret' },
  10: { name: 'LANGUAGE', kind: 'text' },
  11: { name: 'TYPEOFSERVICE', kind: 'number', length: 1 },
  12: { name: 'FLAGS', kind: 'number', length: 4 },
  13: { name: 'FORMAT', kind: 'number', length: 4 },
  14: { name: 'AESKEY', kind: 'secret' },
  15: { name: 'SERVERIP', kind: 'address' },
  16: { name: 'SERVERPORT', kind: 'number', length: 2 },
  17: { name: 'NEWAESKEY', kind: 'secret' },
  18: { name: 'PROV VERSION', kind: 'number', length: 4 },
  19: { name: 'ALTSERVERIP', kind: 'address' },
};

/** The settings nested in a PROVISIONING element. Never throws. */
export function decodeProvisioning(data: Uint8Array): readonly ProvisioningSetting[] | Malformed {
  const elements = decodeRawElements(data);
  if (isMalformed(elements)) return elements;
  return elements.map(({ id, data }) => {
    const setting = SETTINGS[id];
    return { id, name: setting?.name, value: setting === undefined ? undefined : settingValue(setting, data) };
  });
}

function settingValue({ kind, length }: SettingRow, data: Uint8Array): string | number | undefined {
  switch (kind) {
    case 'text':
      return utf8Decode(data);
    case 'number':
      return data.length === length ? data.reduce((value, byte) => value * 256 + byte, 0) : undefined;
    case 'address':
      return data.length === 4 ? formatIp(data) : undefined;
    case 'secret':
      return '***';
  }
}
