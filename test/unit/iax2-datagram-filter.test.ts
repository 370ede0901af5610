import { beforeEach, describe, expect, it } from 'vitest';
import { encodeFullFrame, encodeMiniFrame } from '../../src/iax2/frame.ts';
import { encodeMetaTrunkFrame } from '../../src/iax2/meta-trunk.ts';
import { FRAME_TYPE } from '../../src/iax2/subclass.ts';
import { Iax2DatagramFilter, type Iax2Numbers } from '../../src/iax2-datagram-filter.ts';

const HQ = { ip: '192.0.2.1', port: 4569 };
const OTHER = { ip: '192.0.2.2', port: 4569 };

let legs: Iax2Numbers[];
let filter: Iax2DatagramFilter;

beforeEach(() => {
  legs = [{ remote: HQ, localCall: 10, remoteCall: 20 }];
  filter = new Iax2DatagramFilter(() => legs);
});

function full(sourceCall: number, destinationCall: number): Uint8Array {
  const body = new Uint8Array(0);
  return encodeFullFrame({ sourceCall, destinationCall, timestamp: 0, frameType: FRAME_TYPE.IAX, subclass: 4, body });
}

const mini = (call: number) => encodeMiniFrame(call, 20, new Uint8Array(160));
const trunk = (...calls: number[]) =>
  encodeMetaTrunkFrame({
    timestamp: 0,
    withTimestamps: true,
    entries: calls.map((sourceCall) => ({ sourceCall, timestamp: 0, payload: new Uint8Array(8) })),
  });

describe('the datagrams of one call', () => {
  it('are its full, mini and trunk frames in both directions', () => {
    expect(filter.passes('out', full(10, 20), HQ)).toBe(true);
    expect(filter.passes('in', full(20, 10), HQ)).toBe(true);
    expect(filter.passes('out', mini(10), HQ)).toBe(true);
    expect(filter.passes('in', mini(20), HQ)).toBe(true);
    expect(filter.passes('in', trunk(5, 20), HQ)).toBe(true);
    expect(filter.passes('out', trunk(10), HQ)).toBe(true);
  });

  it('are not those of other calls, other addresses or the other direction', () => {
    expect(filter.passes('out', full(11, 21), HQ)).toBe(false);
    expect(filter.passes('out', full(10, 20), OTHER)).toBe(false);
    expect(filter.passes('in', mini(10), HQ)).toBe(false);
    expect(filter.passes('in', trunk(10, 21), HQ)).toBe(false);
    expect(filter.passes('in', Uint8Array.of(1), HQ)).toBe(false);
    expect(filter.passes('in', Uint8Array.of(0, 0, 1, 1), HQ)).toBe(false);
  });

  it('are also those of a leg that came later, and of one that has ended', () => {
    legs = [{ remote: OTHER, localCall: 30, remoteCall: 40 }];
    expect(filter.passes('in', mini(40), OTHER)).toBe(true);
    legs = [];
    expect(filter.passes('in', full(40, 30), OTHER)).toBe(true);
    expect(filter.passes('in', mini(20), HQ)).toBe(false);
  });
});
