import type { Configuration } from './config/load.ts';
import { RtpPorts, type RtpPortsOptions } from './io/rtp-ports.ts';

const DEFAULT_PORTS = { first: 10_000, last: 10_199 };

/** The ports of `net.rtpPorts`, on the address that SIP is served on if that is one, else on all. */
export function rtpPorts(
  { net, sip }: Configuration,
  around: Pick<RtpPortsOptions, 'onPacket' | 'clock' | 'log' | 'counters' | 'tap'>,
): RtpPorts {
  return new RtpPorts({ ...(net?.rtpPorts ?? DEFAULT_PORTS), bindIp: bindIp(sip?.listen ?? []), ...around });
}

function bindIp(listen: readonly { readonly ip: string }[]): string {
  const [only, ...others] = new Set(listen.map(({ ip }) => ip));
  return only === undefined || others.length > 0 ? '0.0.0.0' : only;
}
