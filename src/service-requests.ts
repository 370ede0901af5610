import type { Appliance } from './appliance.ts';
import { startCapture } from './capture.ts';
import { readClocks, systemClock } from './io/clock.ts';
import type { DatagramTap } from './io/datagram-tap.ts';
import type { PanelServices, RouteTrace } from './panel/services.ts';
import type { WallTime } from './status/wall-time.ts';

export interface ServiceRequestsOptions {
  readonly appliance: Appliance;
  /** Runs one input of the appliance, and what it says after it. */
  readonly give: <Result>(input: (nowMs: number) => Result) => Result;
  readonly wallTime: WallTime;
  readonly tap: DatagramTap;
  /** The port of IAX2; 0 where there is none. */
  readonly iax2Port: () => number;
  readonly version: string;
}

type Requests = Pick<
  PanelServices,
  'originate' | 'hangup' | 'openAdoption' | 'closeAdoption' | 'forgetPhone' | 'trace' | 'capture'
>;

/** What people ask of the appliance, at the panel, on the command line or from head office. */
export function serviceRequests(options: ServiceRequestsOptions): Requests {
  const { appliance, give } = options;
  return {
    originate: (from, to) => {
      const made = give((nowMs) => appliance.originate(from, to, nowMs));
      return 'failed' in made ? { failed: made.reason } : made;
    },
    hangup: (id) => give((nowMs) => appliance.hangup(id, nowMs)),
    openAdoption: () => {
      const opened = give((nowMs) => appliance.openAdoption(nowMs));
      if ('failed' in opened) return opened;
      const { nowMs, wallMs } = readClocks();
      return { secret: opened.secret, until: options.wallTime.format(opened.untilMs, nowMs, wallMs) };
    },
    closeAdoption: () => give((nowMs) => appliance.closeAdoption(nowMs)),
    forgetPhone: (user) => give((nowMs) => appliance.forgetPhone(user, nowMs)),
    trace: (number, from) => trace(appliance, number, from),
    capture: (call, take) => {
      const { tap, version, iax2Port } = options;
      const wallMs = () => systemClock.wallMs();
      return startCapture({ appliance, tap, application: `branchline ${version}`, iax2Port, wallMs }, call, take);
    },
  };
}

function trace(appliance: Appliance, number: string, from: string): RouteTrace | { readonly failed: string } {
  const party = from.includes('/') ? appliance.party(from) : undefined;
  if (from.includes('/') && party === undefined) return { failed: `there is no ${from.replace('/', ' ')}` };
  const context = party?.context ?? from;
  if (!appliance.hasContext(context)) return { failed: `there is no context ${context} in the dialplan` };
  const steps = appliance.trace(context, number, party);
  return {
    context,
    steps: steps.map(({ location, application, args, outcome }) => ({
      location: location === undefined ? '' : `${location.context},${location.exten},${location.priority}`,
      application: args === '' ? application : `${application}(${args})`,
      outcome,
    })),
  };
}
