import { describe, expect, it } from 'vitest';
import { decodeCallerId, decodeDtmfCallerId } from '../../../src/media/caller-id-message.ts';

const text = (value: string) => [...value].map((c) => c.charCodeAt(0));
const whole = (...bytes: number[]) => Uint8Array.from([...bytes, -bytes.reduce((sum, byte) => sum + byte, 0) & 0xff]);

describe('a caller ID message', () => {
  it('of the single-data format has date and number', () => {
    expect(decodeCallerId(whole(0x04, 18, ...text('112812045551234567')))).toEqual({ number: '5551234567', name: '' });
    expect(decodeCallerId(whole(0x04, 9, ...text('11281204P')))).toEqual({ number: '', name: '' });
  });

  it('of the multiple-data format has number and name among others', () => {
    const body = [0x01, 8, ...text('11281204'), 0x02, 3, ...text('112'), 0x07, 3, ...text('Bob'), 0x0b, 1, 0xff];
    expect(decodeCallerId(whole(0x80, body.length, ...body))).toEqual({ number: '112', name: 'Bob' });
    expect(decodeCallerId(whole(0x80, 3, 0x04, 1, 0x4f))).toEqual({ number: '', name: '' });
  });

  it.each([
    ['a wrong checksum', Uint8Array.from([0x80, 3, 0x02, 1, 0x31, 0])],
    ['another length', whole(0x80, 4, 0x02, 1, 0x31)],
    ['a parameter longer than the message', whole(0x80, 3, 0x02, 9, 0x31)],
    ['another type', whole(0x82, 3, 0x0b, 1, 0xff)],
    ['nothing', new Uint8Array()],
  ])('with %s is none', (_, bytes) => {
    expect(decodeCallerId(bytes)).toBeUndefined();
  });
});

describe('a caller ID in DTMF', () => {
  it.each([
    ['A0123456789C', '0123456789'],
    ['D201#', '201'],
    ['5A4711D', '4711'],
    ['D10C', '10'],
  ])('%s is %s', (digits, number) => {
    expect(decodeDtmfCallerId(digits)).toEqual({ number, name: '' });
  });

  it.each(['B00C', 'B10C', 'D1#', 'D2#'])('%s says that there is no number to show', (digits) => {
    expect(decodeDtmfCallerId(digits)).toEqual({ number: '', name: '' });
  });

  it.each(['', 'A', 'A0123', '0123', '5#'])('%j is not whole', (digits) => {
    expect(decodeDtmfCallerId(digits)).toBeUndefined();
  });
});
