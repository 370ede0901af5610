import { describe, expect, it } from 'vitest';
import { fromHex, utf8Encode } from '../../../src/base/bytes.ts';
import { decodeFrame, encodeFullFrame } from '../../../src/iax2/frame.ts';
import { encodeInformationElements, type InformationElements } from '../../../src/iax2/information-element.ts';
import { CONTROL_SUBCLASS, FRAME_TYPE, IAX_SUBCLASS } from '../../../src/iax2/subclass.ts';
import { formatTrace } from '../../../src/iax2/trace.ts';
import { FRAME_VECTORS } from '../../vectors/iax2/frames.ts';

const PEER = { ip: '192.0.2.1', port: 4569 };

function trace(bytes: Uint8Array, retries?: number): string {
  const frame = decodeFrame(bytes);
  return retries === undefined
    ? formatTrace({ direction: 'Rx', frame, peer: PEER })
    : formatTrace({ direction: 'Tx', frame, peer: PEER, retries });
}

function traceIax(elements: InformationElements, subclass: number = IAX_SUBCLASS.NEW): string {
  const body = encodeInformationElements(elements);
  return trace(encodeFullFrame({ sourceCall: 2, timestamp: 3, frameType: FRAME_TYPE.IAX, subclass, body }));
}

function vector(name: string): Uint8Array {
  return fromHex(FRAME_VECTORS.find((candidate) => candidate.name === name)!.hex)!;
}

describe('a trace', () => {
  it('of a NEW reads as Asterisk prints it', () => {
    expect(trace(vector('NEW asking for a call token')).split('\n')).toEqual([
      'Rx-Frame Retry[ No] -- OSeqno: 000 ISeqno: 000 Type: IAX     Subclass: NEW    ',
      '   Timestamp: 00003ms  SCall: 00002  DCall: 00000 192.0.2.1:4569',
      '   VERSION         : 2',
      '   CALLED NUMBER   : 100',
      '   CODEC_PREFS     : (ulaw)',
      '   CALLING NUMBER  : 201',
      '   CALLING PRESNTN : 0',
      '   CALLING TYPEOFN : 0',
      '   CALLING TRANSIT : 0',
      '   CALLING NAME    : Branch',
      '   LANGUAGE        : en',
      '   CALLED CONTEXT  : from-branch',
      '   USERNAME        : branch1',
      '   FORMAT          : 4',
      '   FORMAT2         : (ulaw)',
      '   CAPABILITY      : 4',
      '   CAPABILITY2     : (ulaw)',
      '   DATE TIME       : 2026-11-22  18:30:44',
      '   CALLTOKEN       : Present',
    ]);
  });

  it('of a frame sent again says how often, of one received again that it was', () => {
    const bytes = vector('RINGING');
    expect(trace(bytes, 0)).toMatch(
      /^Tx-Frame Retry\[000\] -- OSeqno: 002 ISeqno: 002 Type: CONTROL Subclass: RINGING\n/,
    );
    expect(trace(bytes, 2)).toContain('Retry[002]');
    bytes[2]! |= 0x80;
    expect(trace(bytes)).toContain('Rx-Frame Retry[Yes]');
  });

  it.each([
    ['DTMF_BEGIN', 'Type: DTMF_B  Subclass: 5'],
    ['DTMF, the end of the digit', 'Type: DTMF_E  Subclass: 5'],
    ['full voice frame of G.729, its format written as a logarithm', 'Type: VOICE   Subclass: g729'],
    ['CALLTOKEN from the stateless call 1', 'CALLTOKEN       : 51 bytes'],
    ['REGACK', 'APPARENT ADDRES : IPV4 192.0.2.10:4569'],
    ['PONG with a report', 'RR_LOSS         : 1 % (7)'],
    ['HANGUP', 'CAUSE CODE      : 16'],
    ['AUTHREQ', 'CHALLENGE       : \\x31\\x38\\x34\\x32\\x39\\x38\\x35\\x37\\x33'],
    ['mini frame', 'Rx-Mini -- Timestamp: 01080ms  SCall: 00002  160 bytes 192.0.2.1:4569'],
    ['trunk frame without timestamps', 'Rx-Trunk -- Timestamp: 00020ms  Calls: 00002:4 00009:2 192.0.2.1:4569'],
  ])('of a %s says %s', (name, text) => {
    expect(trace(vector(name))).toContain(text);
  });

  it.each([
    [FRAME_TYPE.CONTROL, CONTROL_SUBCLASS.STOP_SOUNDS, 'CONTROL Subclass: (255?)'],
    [FRAME_TYPE.CONTROL, CONTROL_SUBCLASS.PROCEEDING, 'CONTROL Subclass: PROCDNG'],
    [FRAME_TYPE.CONTROL, 99, 'CONTROL Subclass: (99?)'],
    [FRAME_TYPE.IAX, 99, 'IAX     Subclass: Unknown'],
    [FRAME_TYPE.IAX, IAX_SUBCLASS.CALLTOKEN, 'IAX     Subclass: CTOKEN '],
    [FRAME_TYPE.TEXT, 0, 'TEXT    Subclass: 0'],
    [FRAME_TYPE.VOICE, 2 ** 50, 'VOICE   Subclass: 1125899906842624'],
    [63, 1, 'Type: (63?) Subclass: 1'],
  ])('of type %d, subclass %d, says %s', (frameType, subclass, text) => {
    expect(trace(encodeFullFrame({ sourceCall: 2, frameType, subclass }))).toContain(text);
  });

  it('of a video mini frame says whether it ends a picture', () => {
    expect(trace(fromHex('0000800280010101')!)).toBe(
      'Rx-Video-Mini -- Timestamp: 00001ms  SCall: 00002  2 bytes marker 192.0.2.1:4569',
    );
  });

  it('never shows what gives access', () => {
    const secret = utf8Encode('s3cret-s3cret-16');
    const shown = traceIax({ password: 's3cret', md5Result: 's3cret', encryptionKey: secret, aesProvisioning: secret });
    expect(shown).not.toContain('s3cret');
    expect(shown.match(/\*\*\*/g)).toHaveLength(4);
    const rtkey = traceIax({ challenge: secret }, IAX_SUBCLASS.RTKEY);
    expect(rtkey).toContain('CHALLENGE       : ***');
    expect(rtkey).not.toContain('\\x73');
    expect(traceIax({ provisioning: Uint8Array.of(7, 6, ...utf8Encode('s3cret')) })).not.toContain('s3cret');
  });

  it('cannot be made to print lines or terminal commands of the peer’s', () => {
    const shown = traceIax({ callingName: 'a\nRx-Frame\u001b[2J\u009b1m\u2028', variables: new Map([['A', '\r\n']]) });
    expect(shown.split('\n')).toHaveLength(4);
    expect(shown).toContain('a\\x0aRx-Frame\\x1b[2J\\x9b1m\\x2028');
    expect(shown).toContain('VARIABLE        : A=\\x0d\\x0a');
  });

  it('says what is unknown, of a wrong length or not to be decoded', () => {
    expect(trace(new Uint8Array(0))).toBe('Rx-Malformed -- too-short 192.0.2.1:4569');
    expect(trace(fromHex('80020000000000030000060d6301ff130100060261')!)).toContain('   Undecodable: element-overrun');
    const shown = trace(fromHex('80020000000000030000060d6301ff130100')!);
    expect(shown).toContain('Unknown IE 099  : Present');
    expect(shown).toContain('REFRESH         : Invalid, 1 bytes');
  });

  it('prints every element it is given, one line each', () => {
    const shown = traceIax({
      autoAnswer: true,
      codecPreferences: 'DE',
      ospToken: Uint8Array.of(1),
      provisioning: fromHex('0204c0000201630100')!,
      apparentAddress: { ip: '2001:db8::1', port: 5 },
      firmwareBlockData: Uint8Array.of(1, 2),
    });
    expect(shown.split('\n').slice(2).sort()).toEqual(
      [
        '   AUTO ANSWER REQ : Present',
        '   CODEC_PREFS     : (ulaw|alaw)',
        '   OSPTOKEN        : 2 bytes',
        '   PROVISIONING    : ',
        '       IPADDR          : 192.0.2.1',
        '       Unknown IE 099  : Invalid',
        '   APPARENT ADDRES : IPV6 [2001:db8::1]:5',
        '   FW BLOCK DATA   : 2 bytes',
      ].sort(),
    );
  });
});
