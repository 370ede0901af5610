import { Appliance } from '../support/appliance.ts';
import { Asterisk, type AsteriskOptions } from '../support/asterisk.ts';

/** A switch that is measured; each start is a fresh process. */
export interface Subject {
  readonly name: string;
  /** Starts it; gives when, in `performance.now()`. */
  start(): Promise<number>;
  readonly pid: number;
  stop(): Promise<void>;
}

/** Ours; `ip` is where its HTTP API listens, as the configuration says. */
export function branchlineSubject(config: string, ip: string): Subject {
  return subject('Branchline', () => new Appliance({ config, web: `${ip}:8080` }));
}

export function asteriskSubject(options: AsteriskOptions, name = `Asterisk ${options.version}`): Subject {
  return subject(name, () => new Asterisk(options));
}

function subject(name: string, make: () => Appliance | Asterisk): Subject {
  let running: Appliance | Asterisk | undefined;
  return {
    name,
    async start() {
      running = make();
      const startMs = performance.now();
      await running.start();
      return startMs;
    },
    get pid() {
      return running!.pid;
    },
    async stop() {
      await running?.dispose();
    },
  };
}
