import { EmulatorControl } from '../../firmware-bridge/emulator/control.ts';
import type { EmulatedHat } from '../../firmware-bridge/emulator/emulated-hat.ts';
import { PlainHat } from '../../firmware-bridge/emulator/plain-hat.ts';
import type { SurroundingsOptions } from '../../firmware-bridge/emulator/surroundings.ts';
import { TownExchange } from '../../firmware-bridge/emulator/town-exchange.ts';
import type { ExchangeAudio } from '../../firmware-bridge/hat-client.ts';
import { Appliance } from '../../src/appliance.ts';
import type { ApplianceOptions, LiveSettings } from '../../src/appliance-options.ts';
import type { ApplianceOutput } from '../../src/appliance-output.ts';
import type { ApplianceSipOptions, SipPeers } from '../../src/appliance-sip.ts';
import { utf8Decode } from '../../src/base/bytes.ts';
import { Counters } from '../../src/base/counters.ts';
import { silentLog } from '../../src/base/log.ts';
import { type Address, earliest, type Transmit } from '../../src/base/machine.ts';
import { Queue } from '../../src/base/queue.ts';
import { SeededRandom } from '../../src/base/random.ts';
import { NumberingPlan } from '../../src/dialplan/numbering-plan.ts';
import { parseDialplan } from '../../src/dialplan/parse.ts';
import { EmergencyPlan, type EmergencySettings } from '../../src/emergency/plan.ts';
import type { PeerConfig } from '../../src/iax2/peer.ts';
import type { LineSettings } from '../../src/legs/line-leg.ts';
import { exchangeHabits } from '../../src/line-settings.ts';
import { countryProfile } from '../../src/lines/country-profile.ts';
import type { CallRecord } from '../../src/switch/call-record.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Host, Network, Station } from './network.ts';

type Told = Exclude<ApplianceOutput, Transmit>;

export interface SiteOptions {
  readonly address: Address;
  readonly seed: number;
  readonly peers: readonly PeerConfig[];
  /** Extensions of the lines, by port from 1. */
  readonly extensions: readonly string[];
  /** The peer at which the messages of every line wait. */
  readonly mailbox?: string;
  /** What tells the telephone of every line of them, beside its dial tone. */
  readonly lamp?: NonNullable<LineSettings['lamp']>;
  readonly dialplan: string;
  /** SIP is spoken at the same address as IAX2. */
  readonly sip?: SipPeers;
  /** Ports of town lines; their calls enter at [town]. */
  readonly townLines?: readonly number[];
  /** Ways of emergency calls; none unless told. */
  readonly emergency?: Partial<EmergencySettings>;
  readonly dialClasses?: NonNullable<ApplianceOptions['dialClasses']>;
  /** What runs the HAT; the plain model unless told. */
  readonly makeHat?: (parts: SurroundingsOptions & { readonly exchange: ExchangeAudio }) => EmulatedHat;
  /** France unless told. */
  readonly country?: string;
  readonly keypad?: NonNullable<ApplianceOptions['keypad']>;
  readonly about?: NonNullable<ApplianceOptions['about']>;
}

const NO_WAYS = { numbers: [], townLines: [], via: [], otherTrunks: [], notify: [] } as const;

/** A whole appliance with its phones on a simulated network: copper, switch and IAX2, one virtual clock. */
export class Site implements Station<Told> {
  readonly appliance: Appliance;
  readonly phones: EmulatorControl;
  readonly counters = new Counters();
  /** RTP ports that a call has. */
  readonly rtpPorts = new Set<number>();
  /** What left from those ports. */
  readonly sentRtp: { readonly localPort: number; readonly to: Address; readonly bytes: Uint8Array }[] = [];
  readonly host: Host<Told>;
  /** Every call that is over: its number and its cause. */
  readonly ended: string[] = [];
  readonly records: CallRecord[] = [];
  /** What whoever watches from afar was told. */
  readonly incidents: Extract<Told, { type: 'happened' }>[] = [];
  /** What was told of emergency calls. */
  readonly happened: string[] = [];
  readonly hat: EmulatedHat;
  private readonly outputs = new Queue<Told | Transmit>();
  private readonly live: LiveSettings;

  constructor(
    readonly network: Network,
    options: SiteOptions,
  ) {
    const { address, seed, peers, extensions, dialplan: text, sip, emergency, townLines = [], keypad, about } = options;
    const { country = 'fr', mailbox, lamp, dialClasses, makeHat = (parts) => new PlainHat(parts) } = options;
    const profile = countryProfile(country)!;
    const { dialplan, problems } = parseDialplan(text);
    if (problems.length > 0) throw new Error(problems[0]!.message);
    const lines = extensions.map(
      (extension, i): LineSettings => ({
        ...{ port: i + 1, extension, name: `Phone ${extension}`, context: 'office' },
        ...(mailbox === undefined ? {} : { mailbox }),
        ...(lamp === undefined ? {} : { lamp }),
      }),
    );
    this.live = {
      peers,
      dialplan,
      emergency: new EmergencyPlan({ ...NO_WAYS, country, ...emergency }),
      ...(dialClasses === undefined ? {} : { dialClasses }),
    };
    this.appliance = new Appliance(
      {
        ...this.live,
        lines,
        townLines: townLines.map((port) => ({ port, name: `Town ${port}`, context: 'town' })),
        profile,
        numbering: new NumberingPlan(country),
        crypto: seededCrypto(seed),
        random: new SeededRandom(seed),
        clock: { nowMs: () => 1_763_845_200_000 + network.nowMs, utcOffsetMinutes: () => 0 },
        counters: this.counters,
        log: silentLog,
        ...(keypad === undefined ? {} : { keypad }),
        ...(about === undefined ? {} : { about }),
        ...(sip === undefined ? {} : { sip: this.sipOptions(sip, address) }),
        sendRtp: (localPort, to, bytes, at, length) =>
          this.sentRtp.push({ localPort, to: { ...to }, bytes: bytes.slice(at, at + length) }),
        send: (to, bytes, at, length) =>
          this.outputs.push({ type: 'transmit', to, bytes: bytes.slice(at, at + length) }),
      },
      network.nowMs,
    );
    this.hat = makeHat({
      ports: lines.map((line) => line.port),
      townLines: new Map(townLines.map((port) => [port, new TownExchange(exchangeHabits(profile))])),
      exchange: this.appliance.exchange,
    });
    this.phones = new EmulatorControl(this.hat);
    this.host = network.add(address, this, (output) => this.hear(output));
    this.host.input((_, nowMs) => this.appliance.start(nowMs));
    this.host.input((_, nowMs) => this.hat.tick(nowMs));
  }

  /** Another configuration, which differs from the first in this. */
  reconfigure(changes: Partial<Parameters<Appliance['configure']>[0]>): void {
    this.host.input((_, nowMs) => this.appliance.configure({ ...this.live, ...changes }, nowMs));
  }

  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    if (utf8Decode(bytes).includes('SIP/2.0'))
      this.appliance.handleSip(
        (endpoint) => endpoint.handleDatagram(bytes, { transport: 'udp', ...from }, nowMs),
        nowMs,
      );
    else this.appliance.handleDatagram(bytes, from, nowMs);
  }

  handleTimeout(nowMs: number): void {
    const blockDue = this.hat.nextDeadline();
    if (blockDue !== undefined && nowMs >= blockDue) {
      this.hat.tick(nowMs);
      this.appliance.handleExchanged(nowMs);
    }
    this.appliance.handleTimeout(nowMs);
  }

  nextDeadline(): number | undefined {
    return earliest(this.hat.nextDeadline(), this.appliance.nextDeadline());
  }

  poll(): Told | Transmit | undefined {
    for (let event = this.hat.poll(); event !== undefined; event = this.hat.poll()) {
      this.appliance.handleHat(event, this.network.nowMs);
    }
    const output = this.outputs.shift() ?? this.appliance.poll();
    if (output?.type === 'sip-transmit') return { type: 'transmit', to: output.to, bytes: output.bytes };
    if (output?.type !== 'hat') return output;
    this.hat.command(output.command, this.network.nowMs);
    return this.poll();
  }

  /** The exchange behind a town line. */
  exchange(port: number): TownExchange {
    return this.hat.townLine(port)!;
  }

  private hear(output: Told): void {
    if (output.type === 'happened' && output.kind === 'emergency') this.happened.push(output.what);
    if (output.type === 'happened') this.incidents.push(output);
    if (output.type === 'call' && output.record !== null) this.records.push(output.record);
    if (output.type === 'call' && output.change === 'ended') this.ended.push(`${output.view.to} ${output.cause}`);
  }

  private sipOptions(peers: NonNullable<SiteOptions['sip']>, { ip, port }: Address): ApplianceSipOptions {
    let next = 10_000;
    return {
      ...peers,
      realm: 'branch-1',
      qualify: { everyMs: 30_000, timeoutMs: 3_000 },
      local: () => ({ host: ip, port }),
      rtpPorts: {
        allot: () => {
          next += 2;
          this.rtpPorts.add(next);
          return next;
        },
        free: (taken) => void this.rtpPorts.delete(taken),
      },
    };
  }

  /** Lifts a handset, waits for dial tone, dials. */
  dial(port: number, digits: string): void {
    this.phones.apply(port, { hook: 'off' });
    this.network.runFor(700);
    this.phones.apply(port, { dial: digits });
  }

  lift(port: number): void {
    this.phones.apply(port, { hook: 'off' });
  }

  hangUp(port: number): void {
    this.phones.apply(port, { hook: 'on' });
  }

  lineState(port: number): string | undefined {
    return this.appliance.lineViews().get(port)?.status.state;
  }

  /** What the handset hears now: the strongest tone in Hz, 0 for silence. */
  hears(port: number): number {
    const line = this.phones.line(port);
    const tones = line.ok ? [...line.value.heard.tones].sort((a, b) => b.dbm0 - a.dbm0) : [];
    return Math.round(tones[0]?.hz ?? 0);
  }

  /** Whether the strongest tone is one of these, as near as a fifth of a second tells. */
  hearsOneOf(port: number, frequencies: readonly number[]): boolean {
    const heard = this.hears(port);
    return frequencies.some((hz) => Math.abs(hz - heard) <= 5);
  }
}
