import type { Appliance } from './appliance.ts';
import type { ApplianceOutput } from './appliance-output.ts';
import type { Cause } from './base/causes.ts';
import { readClocks, systemClock } from './io/clock.ts';
import type { DatagramPort } from './io/datagram-port.ts';
import type { RecordingFiles } from './io/recording-files.ts';
import type { Store } from './io/store.ts';
import { formatOrders } from './orders-file.ts';
import type { RunningHat } from './running-hat.ts';
import type { ServiceRecords } from './service-records.ts';
import type { ServiceStatus } from './service-status.ts';
import type { SipHost } from './sip-host.ts';
import { callStatus } from './status/snapshot.ts';
import type { WallTime } from './status/wall-time.ts';
import { callReading } from './status-source.ts';

/** What the night key says. */
export const NIGHT_FILE = 'night.json';
/** What was ordered at telephones for the calls that come to them. */
export const ORDERS_FILE = 'orders.json';
/** Peers that are registered here. */
export const BINDINGS_FILE = 'bindings.json';

/** Where what an appliance says goes. */
export interface ServiceOutputParts {
  readonly appliance: Appliance;
  readonly udp: DatagramPort | undefined;
  readonly hat: () => RunningHat | undefined;
  readonly sip: SipHost | undefined;
  readonly store: Store;
  readonly recordings: RecordingFiles;
  readonly records: ServiceRecords;
  readonly wallTime: WallTime;
  readonly status: ServiceStatus;
  /** Looks a host name up; the answer goes to the appliance. */
  readonly resolve: (host: string) => void;
  readonly onBox: ((action: 'restart' | 'factory-reset') => void) | undefined;
}

/** Carries what an appliance says to its sockets, its HAT, its disk and whoever watches. */
export function handleApplianceOutput(output: ApplianceOutput, parts: ServiceOutputParts): void {
  const { appliance, store } = parts;
  switch (output.type) {
    case 'transmit':
      parts.udp?.send(output.bytes, output.to);
      break;
    case 'hat':
      parts.hat()?.command(output.command);
      break;
    case 'resolve':
      parts.resolve(output.host);
      break;
    case 'call':
      tellCall(output, parts);
      break;
    case 'status':
      parts.status.noteChange();
      break;
    case 'night':
      void store.write(NIGHT_FILE, `${JSON.stringify(output.override)}\n`);
      break;
    case 'orders':
      void store.write(ORDERS_FILE, formatOrders(appliance.orders.all));
      break;
    case 'box':
      parts.onBox?.(output.action);
      break;
    case 'happened': {
      const { kind, what, severity, message, details } = output;
      parts.records.report({ kind, what, severity, message, details });
      break;
    }
    case 'sip-transmit':
    case 'sip-close':
    case 'sip-proven':
    case 'sip-resolve':
    case 'phone-bindings':
    case 'adopted-phones':
      if (appliance.sip !== undefined) parts.sip?.handleOutput(output, appliance.sip);
      break;
    case 'recorded':
      parts.recordings.add(output.conference, output.payload, output.last, systemClock.wallMs());
      break;
    case 'bindings':
      void store.write(BINDINGS_FILE, `${JSON.stringify(appliance.bindings)}\n`);
      break;
  }
}

/** The end of a call is told when its records can no longer be lost. */
function tellCall(output: ApplianceOutput & { type: 'call' }, parts: ServiceOutputParts): void {
  const { nowMs, wallMs } = readClocks();
  const since = (atMs: number) => parts.wallTime.format(atMs, nowMs, wallMs);
  const call = callStatus(callReading(parts.appliance, output.view), since);
  const state = output.change === 'ended' ? 'ending' : call.state;
  const note = (cause: Cause | null) => parts.status.noteCall({ ...call, state }, cause);
  if (output.record !== null) {
    parts.status.awaitEnd(call.id);
    parts.records.keepCall(output.record, () => note(output.cause));
  } else note(null);
}
