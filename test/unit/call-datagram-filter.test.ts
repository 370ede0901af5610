import { beforeEach, describe, expect, it } from 'vitest';
import { utf8Encode } from '../../src/base/bytes.ts';
import { CallDatagramFilter, type CallMarks } from '../../src/call-datagram-filter.ts';
import { encodeMiniFrame } from '../../src/iax2/frame.ts';

const PHONE = { ip: '192.0.2.7', port: 5060 };
const at = (port: number) => ({ ip: '192.0.2.1', port });
const SIP = at(5060);
const IAX2 = at(4569);

let marks: CallMarks;
let filter: CallDatagramFilter;

beforeEach(() => {
  marks = {
    iax2: [{ remote: PHONE, localCall: 10, remoteCall: 20 }],
    rtpPorts: [10_000],
    sipCallIds: ['mine@192.0.2.7'],
  };
  filter = new CallDatagramFilter(
    () => 4569,
    () => marks,
  );
});

const message = (field: string) =>
  utf8Encode(`BYE sip:x SIP/2.0\r\nFrom: <sip:a@b>\r\n${field}\r\nCSeq: 2 BYE\r\n\r\n`);

describe('the filter of one call', () => {
  it.each(['Call-ID: mine@192.0.2.7', 'i:mine@192.0.2.7', 'CALL-ID : mine@192.0.2.7'])(
    'knows a message by %s',
    (field) => {
      expect(filter.passes('in', message(field), PHONE, SIP)).toBe(true);
    },
  );

  it('leaves out messages of others and what is no message', () => {
    expect(filter.passes('in', message('Call-ID: other'), PHONE, SIP)).toBe(false);
    expect(filter.passes('in', Uint8Array.of(13, 10, 13, 10), PHONE, SIP)).toBe(false);
  });

  it('knows RTP and RTCP by our ports', () => {
    const packet = new Uint8Array(172);
    expect([10_000, 10_001, 10_002].map((port) => filter.passes('out', packet, PHONE, at(port)))).toEqual([
      true,
      true,
      false,
    ]);
  });

  it('knows frames by their call numbers, at the port of IAX2 alone', () => {
    const mini = encodeMiniFrame(20, 20, new Uint8Array(160));
    expect(filter.passes('in', mini, PHONE, IAX2)).toBe(true);
    expect(filter.passes('in', mini, PHONE, SIP)).toBe(false);
  });

  it('takes what continues a message of a connection along with it', () => {
    const whole = message('Call-ID: mine@192.0.2.7');
    expect(filter.passes('in', whole.subarray(0, 70), PHONE, SIP, 1)).toBe(true);
    expect(filter.passes('in', whole.subarray(70), PHONE, SIP, 1)).toBe(true);
    expect(filter.passes('in', whole.subarray(70), PHONE, SIP, 2)).toBe(false);
    expect(filter.passes('in', message('Call-ID: other'), PHONE, SIP, 1)).toBe(false);
    expect(filter.passes('in', whole.subarray(70), PHONE, SIP, 1)).toBe(false);
  });

  it('still knows what was of the call once', () => {
    filter.passes('in', message('Call-ID: mine@192.0.2.7'), PHONE, SIP);
    marks = { iax2: [], rtpPorts: [], sipCallIds: [] };
    expect(filter.passes('out', message('Call-ID: mine@192.0.2.7'), PHONE, SIP)).toBe(true);
    expect(filter.passes('out', new Uint8Array(172), PHONE, at(10_000))).toBe(true);
  });
});
