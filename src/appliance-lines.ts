import { type Happened, happened } from './appliance-output.ts';
import type { LineFault } from './base/line-port.ts';
import type { MessageCount } from './base/message-count.ts';
import type { DeviceState } from './dialplan/environment.ts';
import { LineLegs, type LineLegsOptions, type LineName, type LineSettings, type LineStatus } from './legs/line-leg.ts';
import { isFault } from './legs/line-light.ts';
import type { Party } from './switch/leg.ts';

/** A line with the time at which it came into its state, monotonic ms. */
export interface LineView {
  readonly status: LineStatus;
  readonly sinceMs: number;
}

/** Whoever can make a call here: a telephone on a line, or one that speaks SIP. */
export interface LocalParty {
  readonly technology: 'line' | 'sip';
  /** What stands behind the slash of its dial string. */
  readonly resource: string;
  readonly context: string;
  readonly caller: Party;
}

const FAULT_MESSAGES: Readonly<Record<LineFault, (port: number) => string>> = {
  short: (port) => `The wires of line ${port} touch each other: it is out of service.`,
  ground: (port) => `A wire of line ${port} touches earth: expect hum.`,
  'over-temperature': (port) =>
    `The module of line ${port} is too hot: the line is out of service until it has cooled.`,
};

/** What is told of the wires or the module of a line; undefined: nothing is wrong any more. */
export function faultHappening(port: number, fault: LineFault | undefined): Happened {
  if (fault === undefined) return happened('fault', 'line-sound', 'info', `Line ${port} is sound again.`, { port });
  return happened('fault', `line-${fault}`, 'error', FAULT_MESSAGES[fault](port), { port, fault });
}

/** What is told of a handset that howled to nobody. */
export function abandonedHappening(port: number): Happened {
  const message = `The handset of line ${port} was left off the hook; the line is parked.`;
  return happened('line', 'handset-abandoned', 'warn', message, { port });
}

/** The copper of an appliance: its legs, and what status and dialplan see of each line. */
export class ApplianceLines {
  readonly legs: LineLegs;
  private settings: readonly LineSettings[];
  private readonly seen = new Map<number, LineView>();

  constructor(options: LineLegsOptions, nowMs: number) {
    this.settings = options.lines;
    this.legs = new LineLegs(options);
    for (const [port, status] of this.legs.statuses()) this.seen.set(port, { status, sinceMs: nowMs });
  }

  /** Other numbers, names and contexts of the lines; those that are not here wait for the next start. */
  rename(lines: readonly LineName[], townLines: readonly LineName[]): void {
    this.settings = this.settings.map((line) => {
      const { extension = '', name, context } = lines.find(({ port }) => port === line.port) ?? line;
      return { ...line, extension, name, context };
    });
    this.legs.rename(lines, townLines);
  }

  get views(): ReadonlyMap<number, LineView> {
    return this.seen;
  }

  /** The line with the lowest number. */
  get firstPort(): number | undefined {
    const [port] = [...this.seen.keys()].sort((a, b) => a - b);
    return port;
  }

  /** Lines whose handset lies beside the telephone. */
  get faulty(): readonly number[] {
    return [...this.seen].filter(([, { status }]) => isFault(status.state)).map(([port]) => port);
  }

  /** Whether something is wrong with the wires of a line. */
  get hasWireFault(): boolean {
    return [...this.seen.values()].some(({ status }) => status.fault !== undefined);
  }

  note(port: number, status: LineStatus, nowMs: number): void {
    const before = this.seen.get(port);
    this.seen.set(port, { status, sinceMs: before?.status.state === status.state ? before.sinceMs : nowMs });
  }

  /**
   * Dial tone stutters where something holds that is easily forgotten: messages wait, as the registrar of the mailbox
   * knows, or the telephone has orders for its calls. The lamp of a telephone is for messages alone, and is left as it is where
   * nobody knows of them (`null`).
   */
  showMessages(
    messagesAt: (mailbox: string) => MessageCount | null,
    isOrderedAt: (telephone: string) => boolean,
    nowMs: number,
  ): void {
    for (const { port, mailbox } of this.settings) {
      const messages = mailbox === undefined ? null : messagesAt(mailbox);
      const isWaiting = messages !== null && messages.newMessages > 0;
      this.legs.setStutter(port, isWaiting || isOrderedAt(`LINE/${port}`));
      if (messages !== null) this.legs.setMessages(port, isWaiting, nowMs);
    }
  }

  party(resource: string): LocalParty | undefined {
    const line = this.settings.find(({ port }) => String(port) === resource);
    if (line === undefined) return undefined;
    return { technology: 'line', resource, context: line.context, caller: { number: line.extension, name: line.name } };
  }

  /** The dial strings of the lines with this extension. */
  devices(extension: string): readonly string[] {
    return this.settings.filter((line) => line.extension === extension).map(({ port }) => `LINE/${port}`);
  }

  deviceState(resource: string): DeviceState {
    switch (this.seen.get(Number(resource))?.status.state) {
      case undefined:
        return 'INVALID';
      case 'out-of-service':
        return 'UNAVAILABLE';
      case 'idle':
        return 'NOT_INUSE';
      case 'ringing':
        return 'RINGING';
      case 'held':
        return 'ONHOLD';
      default:
        return 'INUSE';
    }
  }
}
