import type { Configuration } from './config/load.ts';
import { RtpPorts, type RtpPortsOptions } from './io/rtp-ports.ts';

const DEFAULT_PORTS = { first: 10_000, last: 10_199 };

/** Expedited forwarding for voice, class selector 3 for what sets it up. [RFC4594 §2.3] */
const DEFAULT_DSCP = { media: 46, signalling: 24 };

/** How packets are marked. IAX2 has one port for voice and signalling: all of it is marked as voice. */
export function dscpOf({ net }: Configuration): { readonly media: number; readonly signalling: number } {
  return net?.dscp ?? DEFAULT_DSCP;
}

/** The ports of `net.rtpPorts`, on the address that SIP is served on if that is one, else on all. */
export function rtpPorts(
  configuration: Configuration,
  around: Pick<RtpPortsOptions, 'onPacket' | 'clock' | 'log' | 'counters' | 'tap' | 'libc'>,
): RtpPorts {
  const { net, sip } = configuration;
  const { media: dscp } = dscpOf(configuration);
  return new RtpPorts({ ...(net?.rtpPorts ?? DEFAULT_PORTS), bindIp: bindIp(sip?.listen ?? []), dscp, ...around });
}

function bindIp(listen: readonly { readonly ip: string }[]): string {
  const [only, ...others] = new Set(listen.map(({ ip }) => ip));
  return only === undefined || others.length > 0 ? '0.0.0.0' : only;
}
