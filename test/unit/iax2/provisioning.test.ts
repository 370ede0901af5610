import { describe, expect, it } from 'vitest';
import { fromHex } from '../../../src/base/bytes.ts';
import { decodeProvisioning } from '../../../src/iax2/provisioning.ts';

describe('provisioning', () => {
  it('is settings with their names', () => {
    const data = fromHex('0100 0204c0000201 050211d9 0603626f78 0c0400000001')!;
    expect(decodeProvisioning(data)).toEqual([
      { id: 1, name: 'USEDHCP', value: '' },
      { id: 2, name: 'IPADDR', value: '192.0.2.1' },
      { id: 5, name: 'BINDPORT', value: 4569 },
      { id: 6, name: 'USERNAME', value: 'box' },
      { id: 12, name: 'FLAGS', value: 1 },
    ]);
  });

  it('never shows passwords and keys', () => {
    for (const id of ['07', '09', '0e', '11'])
      expect(decodeProvisioning(fromHex(`${id}027077`)!)).toMatchObject([{ value: '***' }]);
  });

  it('has no value of a wrong length or an unknown id', () => {
    expect(decodeProvisioning(fromHex('050111 020101 6301ff')!)).toMatchObject([
      { name: 'BINDPORT', value: undefined },
      { name: 'IPADDR', value: undefined },
      { id: 0x63, name: undefined, value: undefined },
    ]);
  });

  it('that overruns its element is malformed', () => {
    expect(decodeProvisioning(fromHex('0502')!)).toEqual({ type: 'malformed', reason: 'element-overrun' });
  });
});
