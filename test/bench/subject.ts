import { Appliance } from '../support/appliance.ts';
import { Asterisk, type AsteriskOptions } from '../support/asterisk.ts';
import { Kamailio, type KamailioOptions } from './kamailio.ts';

/** A switch that is measured; each start is a fresh process. */
export interface Subject {
  readonly name: string;
  /** It is a registrar, and there are no calls through it. */
  readonly onlyRegisters: boolean;
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

export function kamailioSubject(options: KamailioOptions): Subject {
  return subject('Kamailio', () => new Kamailio(options), true);
}

type Running = Appliance | Asterisk | Kamailio;

function subject(name: string, make: () => Running, onlyRegisters = false): Subject {
  let running: Running | undefined;
  return {
    name,
    onlyRegisters,
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
