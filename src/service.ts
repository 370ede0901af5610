import { join } from 'node:path';
import { Appliance } from './appliance.ts';
import type { ApplianceOutput } from './appliance-output.ts';
import { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import { earliest } from './base/machine.ts';
import { BrokerHost } from './broker-host.ts';
import type { RunnableConfiguration } from './cli/run.ts';
import { numberingPlan } from './config/dial-classes.ts';
import { differences } from './config/diff.ts';
import type { Configuration } from './config/load.ts';
import { formatPath } from './config/problem.ts';
import type { Dialplan } from './dialplan/dialplan.ts';
import type { WallClock } from './dialplan/wall-clock.ts';
import type { Binding } from './iax2/peer.ts';
import type { BindFailure } from './io/bind-failure.ts';
import { CAPTURES_FOLDER, type CaptureEnd, CaptureFiles, type CaptureOrder } from './io/capture-files.ts';
import { readClocks, systemClock } from './io/clock.ts';
import { ClockDrift } from './io/clock-drift.ts';
import { makeDataDirectory } from './io/data-directory.ts';
import { DatagramTap } from './io/datagram-tap.ts';
import { Driver } from './io/driver.ts';
import { healthReader } from './io/health.ts';
import { resolveIax2Host } from './io/iax2-dns.ts';
import { OUTBOX_FOLDER } from './io/journal.ts';
import { Lateness } from './io/lateness.ts';
import { MachineFiles } from './io/machine-files.ts';
import { NetworkWatch, ownAddresses } from './io/network-watch.ts';
import { nodeCrypto } from './io/node-crypto.ts';
import { systemRandom } from './io/random.ts';
import { RECORDINGS_FOLDER, RecordingFiles } from './io/recording-files.ts';
import { makeSealingKey, type SealingKey } from './io/sealing.ts';
import { Store } from './io/store.ts';
import { utcOffsetMinutes } from './io/time-zone.ts';
import { profileOf } from './line-settings.ts';
import { isLive, liveSettings } from './live-settings.ts';
import { openHat } from './open-hat.ts';
import { parseOrders } from './orders-file.ts';
import type { PanelServices } from './panel/services.ts';
import type { RemoteControl } from './remote-control.ts';
import type { RunningHat } from './running-hat.ts';
import {
  BINDINGS_FILE,
  handleApplianceOutput,
  NIGHT_FILE,
  ORDERS_FILE,
  type ServiceOutputParts,
} from './service-output.ts';
import { ServicePanel } from './service-panel.ts';
import { ServiceRecords } from './service-records.ts';
import { serviceRequests } from './service-requests.ts';
import { ServiceStatus } from './service-status.ts';
import { type SipHost, sipHost } from './sip-host.ts';
import { sipSettings } from './sip-peers.ts';
import type { Happening, Keeping } from './status/event.ts';
import type { LogBook } from './status/log-book.ts';
import { PowerWatch } from './status/power-watch.ts';
import type { StatusSnapshot } from './status/schema.ts';
import { takeSnapshot } from './status/snapshot.ts';
import { formatTime, WallTime } from './status/wall-time.ts';
import { legReading, statusSource } from './status-source.ts';
import { isReached } from './trunk-reach.ts';
import { VoicePorts } from './voice-ports.ts';

export interface ServiceOptions {
  readonly configuration: Configuration;
  readonly dialplan: Dialplan;
  readonly dataDirectory: string;
  readonly version: string;
  /** A release that was kept did not come up any longer, and this one runs in its place. */
  readonly isEarlierRelease?: boolean;
  readonly log: Log;
  /** What was logged of late. */
  readonly logBook: LogBook;
  /** Folder of the panel's page. */
  readonly pageDirectory: string;
  /** Who takes orders from head office. */
  readonly remote?: RemoteControl;
  /** Where the panel reads and changes the configuration. */
  readonly editor?: PanelServices['configuration'];
  /** What the keypad asks of whoever runs this appliance. */
  readonly onBox?: (action: 'restart' | 'factory-reset') => void;
  /** Other panels worth a link. */
  readonly neighbours?: PanelServices['neighbours'];
}

/** Media later than this is a fault that a restart may mend. */
const MEDIA_LATE_MS = 2_000;
/** How long peers may take to acknowledge our goodbye. */
const GOODBYE_MS = 1_500;

/** One running appliance: the machine of `appliance.ts` with sockets, clock, HAT, broker, web and disk around it. */
export class Service {
  private readonly log: Log;
  private readonly counters = new Counters();
  private readonly lateness = new Lateness();
  private readonly hatClock = new ClockDrift();
  private readonly tap = new DatagramTap((listened) => this.appliance.splitPlane?.setTapped(listened));
  private readonly startedMs = systemClock.nowMs();
  private readonly wallTime = new WallTime();
  private readonly store: Store;
  private readonly recordings: RecordingFiles;
  private readonly captures: CaptureFiles;
  private readonly voice: VoicePorts;
  private hat: RunningHat | undefined;
  private readonly sip: SipHost | undefined;
  private readonly appliance: Appliance;
  private readonly driver: Driver<ApplianceOutput>;
  private readonly statusFeed: ServiceStatus;
  private readonly broker: BrokerHost;
  private readonly records: ServiceRecords;
  private sealingKey: SealingKey | undefined;
  private readonly requests: Omit<PanelServices, 'emulator'>;
  private readonly panel: ServicePanel;
  private watch: NetworkWatch | undefined;
  private configuration: Configuration;

  /** Starts everything; gives why it cannot serve, in one sentence. */
  static async start(options: ServiceOptions): Promise<Service | { readonly failed: string }> {
    const service = new Service(options);
    const failure = await service.open();
    if (failure === undefined) return service;
    await service.stop();
    return { failed: failure.reason };
  }

  private constructor(private readonly options: ServiceOptions) {
    const { configuration, log, version } = options;
    this.configuration = configuration;
    this.log = log;
    this.store = new Store(options.dataDirectory, log);
    this.recordings = new RecordingFiles(join(options.dataDirectory, RECORDINGS_FOLDER), log);
    this.captures = new CaptureFiles(join(options.dataDirectory, CAPTURES_FOLDER), systemClock, log);
    this.voice = new VoicePorts({
      configuration,
      give: (input) => this.driver.give(input),
      appliance: () => this.appliance,
      log,
      counters: this.counters,
      tap: this.tap,
    });
    this.sip = sipHost({
      configuration,
      rtpPorts: this.voice.rtp,
      clock: systemClock,
      random: systemRandom,
      log,
      counters: this.counters,
      tap: this.tap,
      store: this.store,
      together: (inputs) => this.driver.give(inputs),
      input: (give) =>
        this.driver.give((nowMs) => this.appliance.handleSip((endpoint) => give(endpoint, nowMs), nowMs)),
    });
    this.appliance = this.compose();
    this.records = new ServiceRecords({
      site: configuration.site.id,
      log,
      counters: this.counters,
      wallTime: this.wallTime,
      hasBroker: () => this.configuration.mqtt !== undefined,
      reading: (leg) => legReading(this.appliance, leg),
    });
    const hat = () => this.hat?.status() ?? null;
    const { startedMs } = this;
    const sealingKey = () => this.sealingKey?.publicKey ?? null;
    const hatPpm = () => this.hatClock.ppm;
    const machine = new MachineFiles();
    const readHealth = healthReader({ version, startedMs, clock: systemClock, hat, sealingKey, hatPpm, machine });
    const powerWatch = new PowerWatch();
    const health = () => {
      const reading = readHealth();
      for (const happening of powerWatch.note(reading.power)) this.tell(happening);
      return reading;
    };
    const source = statusSource({
      site: configuration.site.id,
      version,
      startedMs: this.startedMs,
      appliance: this.appliance,
      counters: this.counters,
      media: () => ({
        io: this.voice.io,
        tickLatenessMs: (this.voice.lateness ?? this.lateness).summary(),
      }),
      broker: () => this.broker.reading(),
      hat,
    });
    const snapshot = () => takeSnapshot(source, this.wallTime, readClocks());
    this.statusFeed = new ServiceStatus({ site: configuration.site.id, startedMs, snapshot, health });
    const { publisher } = this.statusFeed;
    const outputs = this.outputParts();
    this.driver = new Driver(
      {
        handleTimeout: (nowMs) => {
          const slot = this.appliance.plane.nextDeadline();
          if (slot !== undefined && nowMs >= slot) this.lateness.add(nowMs - slot);
          this.appliance.handleTimeout(nowMs);
        },
        poll: () => this.appliance.poll(),
        nextDeadline: () => this.appliance.nextDeadline(),
      },
      systemClock,
      (output) => handleApplianceOutput(output, outputs),
    );
    this.broker = new BrokerHost({
      configuration: () => this.configuration,
      status: snapshot,
      publisher,
      records: () => this.records.keeper,
      remote: options.remote,
      onStatus: () => this.statusFeed.noteChange(),
      log,
    });
    this.requests = {
      status: snapshot,
      presence: () => publisher.birth(),
      health,
      time: () => formatTime(systemClock.wallMs()),
      subscribe: (listener) => this.statusFeed.subscribe(listener),
      ...serviceRequests({
        appliance: this.appliance,
        give: (input) => this.driver.give(input),
        wallTime: this.wallTime,
        tap: this.tap,
        iax2Port: () => this.voice.iax2?.local?.port ?? 0,
        version,
      }),
      configuration: options.editor,
      log: options.logBook,
      neighbours: options.neighbours ?? [],
    };
    this.panel = new ServicePanel({
      configuration: () => this.configuration,
      dataDirectory: options.dataDirectory,
      version,
      pageDirectory: options.pageDirectory,
      counters: this.counters,
      log,
      tell: (happening) => this.tell(happening),
    });
  }

  /** Takes over another configuration without disturbing calls: peers, dialplan, broker. The rest takes a restart. */
  reload({ configuration, dialplan }: Pick<RunnableConfiguration, 'configuration' | 'dialplan'>): void {
    const changes = differences(this.configuration, configuration);
    const mqttChanged = changes.some(({ path }) => path[0] === 'mqtt');
    this.configuration = configuration;
    if (mqttChanged) this.broker.relink();
    this.panel.dismiss();
    const sip = sipSettings(configuration);
    const live = { ...liveSettings(configuration, dialplan), ...(sip === undefined ? {} : { sip }) };
    this.driver.give((nowMs) => this.appliance.configure(live, nowMs));
    this.statusFeed.noteChange();
    this.log('info', 'main', 'The configuration was taken over.', { changes: changes.length });
    const late = changes.map(({ path }) => formatPath(path)).filter((path) => !isLive(path));
    if (late.length > 0) this.log('warn', 'main', `These changes take effect with the next start: ${late.join(', ')}.`);
  }

  /**
   * Takes no new calls but emergency calls; resolves when those that stand have ended, or when `patience` says that
   * nobody waits any longer. An emergency call is waited for until `force` says so.
   */
  async drain(patience: AbortSignal, force?: AbortSignal): Promise<void> {
    this.appliance.drain();
    const { length } = this.appliance.calls();
    if (length > 0) this.log('info', 'main', 'Stopping when the calls that stand have ended.', { calls: length });
    const stands = () => (patience.aborted ? this.hasEmergency : this.appliance.calls().length > 0);
    while (stands() && force?.aborted !== true) await pause(100);
  }

  /** Whether the media clock is served in time: what the watchdog of the system is fed for. */
  get mediaIsOnTime(): boolean {
    if (this.voice.worker?.isOnTime === false) return false;
    const slotMs = earliest(this.appliance.plane.nextDeadline(), this.hat?.mediaDeadline);
    return slotMs === undefined || systemClock.nowMs() - slotMs < MEDIA_LATE_MS;
  }

  /** Ends every call, says goodbye to peers and broker, and lets go of every port. */
  async stop(): Promise<void> {
    this.watch?.stop();
    this.driver.give((nowMs) => this.appliance.stop(nowMs));
    const deadlineMs = systemClock.nowMs() + GOODBYE_MS;
    while (!this.appliance.isIdle && systemClock.nowMs() < deadlineMs) await pause(20);
    this.driver.stop();
    this.statusFeed.stop();
    await this.broker.stop();
    await this.panel.close();
    await this.hat?.stop();
    await this.sip?.close();
    await this.voice.close();
    this.recordings.close();
    this.captures.stop();
    await this.records.close();
    await this.store.settle();
  }

  /** Whether an emergency call stands: nothing may end it but its parties, or a person who insists. */
  get hasEmergency(): boolean {
    return this.appliance.calls().some(({ emergency }) => emergency);
  }

  /** How many calls stand. */
  get calls(): number {
    return this.appliance.calls().length;
  }

  /** Trunks that calls can go over, as far as that can be seen. */
  get reachedTrunks(): string[] {
    const trunks = Object.entries(this.requests.status().trunks);
    return trunks.flatMap(([name, trunk]) => (isReached(trunk) ? [name] : []));
  }

  /** Whether a broker has us connected. */
  get reachesBroker(): boolean {
    return this.broker.reading()?.state === 'connected';
  }

  status(): StatusSnapshot {
    return this.requests.status();
  }

  /** Rings `from` and connects it to `to`. */
  originate(from: string, to: string): { readonly id: string } | { readonly failed: string } {
    return this.requests.originate(from, to);
  }

  /** Ends a call; false if there is none with this id. */
  hangup(id: string): boolean {
    return this.requests.hangup(id);
  }

  /** Writes signalling and media to a file on the box, for so long; gives the file, or why not. */
  startCapture(order: CaptureOrder): { readonly file: string } | { readonly failed: string } {
    const { call } = order;
    if (call !== undefined && !this.appliance.calls().some(({ id }) => id === call))
      return { failed: `there is no call ${call}` };
    return this.captures.start(order, this.requests.capture, ({ file, bytes, because }) => {
      const details = { file, bytes, because };
      const message = `The capture ${file} is complete: ${bytes} bytes.`;
      this.log('info', 'capture', message, details);
      this.tell({ kind: 'command', what: 'capture-ended', severity: 'info', message, details });
    });
  }

  stopCapture(): CaptureEnd | { readonly failed: string } {
    return this.captures.stop() ?? { failed: 'no capture runs' };
  }

  /** Shows which box this is, on its LEDs. */
  identify(durationMs: number): void {
    this.driver.give((nowMs) => this.appliance.identify(durationMs, nowMs));
  }

  /** Puts an event on its way, where there is a broker that it could go to. */
  tell(happening: Happening, keeping?: Keeping): void {
    this.records.tell(happening, keeping);
  }

  // ---- start

  private async open(): Promise<BindFailure | undefined> {
    const failure =
      (await openData(this.options.dataDirectory)) ??
      (await this.voice.open()) ??
      (await this.sip?.open()) ??
      (await this.openHat()) ??
      (await this.panel.open({ ...this.requests, emulator: this.hat?.emulator }));
    if (failure !== undefined) return failure;
    this.sealingKey = this.ownKey();
    await this.records.open(join(this.options.dataDirectory, OUTBOX_FOLDER));
    const bindings = await this.store.read(BINDINGS_FILE, parseBindings);
    const night = await this.store.read(NIGHT_FILE, (text) => JSON.parse(text) as unknown);
    if (typeof night === 'boolean') this.driver.give((nowMs) => this.appliance.resumeNight(night, nowMs));
    const orders = await this.store.read(ORDERS_FILE, parseOrders);
    if (orders !== undefined) this.driver.give((nowMs) => this.appliance.resumeOrders(orders, nowMs));
    this.hat?.start();
    const phones = await this.sip?.keptBindings();
    const adopted = await this.sip?.keptAdopted();
    this.statusFeed.noteChange();
    this.broker.start();
    // Last, when nothing that takes long is left to do: the first round trips are measured now.
    this.driver.give((nowMs) => this.appliance.start(nowMs, bindings ?? [], phones, adopted));
    this.watch = new NetworkWatch(systemClock, ({ added, removed }) => {
      this.log('info', 'net', 'Our addresses have changed; registering again.', {
        added: added.join(' '),
        removed: removed.join(' '),
      });
      this.driver.give((nowMs) => this.appliance.handleAddressChange(nowMs));
    });
    return undefined;
  }

  /** An appliance without it goes on: it can only not be given sealed secrets. */
  private ownKey(): SealingKey | undefined {
    try {
      return makeSealingKey(this.options.dataDirectory);
    } catch (error) {
      this.log('error', 'main', `There is no key that secrets could be sealed with: ${(error as Error).message}`);
      return undefined;
    }
  }

  private compose(): Appliance {
    const { configuration, log } = this.options;
    const profile = profileOf(configuration);
    const clock: WallClock = {
      nowMs: () => systemClock.wallMs(),
      utcOffsetMinutes: (epochMs, zone) => utcOffsetMinutes(zone ?? this.configuration.site.timezone, epochMs),
    };
    return new Appliance(
      {
        ...liveSettings(configuration, this.options.dialplan),
        ...(this.sip === undefined ? {} : { sip: this.sip.settings }),
        profile,
        numbering: numberingPlan(configuration),
        keypad: configuration.hat?.keypad ?? {},
        about: {
          version: this.options.version,
          addresses: ownAddresses,
          isEarlierRelease: this.options.isEarlierRelease === true,
        },
        crypto: nodeCrypto,
        random: systemRandom,
        clock,
        counters: this.counters,
        log,
        send: (to, bytes, at, length) => this.voice.iax2?.sendPart(bytes, at, length, to),
        ...(this.voice.worker === undefined ? {} : { mediaWorker: this.voice.worker, rtpLender: this.voice.rtp }),
        sendRtp: (localPort, to, bytes, at, length) => this.voice.rtp.send(localPort, bytes.slice(at, at + length), to),
      },
      this.startedMs,
    );
  }

  /** Never a reason not to serve. */
  private async openHat(): Promise<undefined> {
    const { exchange } = this.appliance;
    this.hat = await openHat(this.options.configuration, {
      exchange: (port, up, down, mediaTs, nowMs) => {
        this.hatClock.note(mediaTs, nowMs);
        exchange(port, up, down, mediaTs, nowMs);
      },
      onEvent: (event) => {
        if (event.type === 'hello' || event.type === 'lost') this.hatClock.reset();
        this.driver.give((nowMs) => this.appliance.handleHat(event, nowMs));
        this.statusFeed.noteChange();
      },
      onExchanged: () => this.driver.give((nowMs) => this.appliance.handleExchanged(nowMs)),
      counters: this.counters,
      log: this.log,
    });
  }

  private outputParts(): ServiceOutputParts {
    const { appliance, sip, store, recordings, records, wallTime, options } = this;
    return {
      ...{ appliance, udp: this.voice.iax2, sip, store, recordings, records, wallTime },
      hat: () => this.hat,
      status: this.statusFeed,
      resolve: (host) => void this.resolve(host),
      onBox: options.onBox,
    };
  }

  private async resolve(host: string): Promise<void> {
    const answer = await resolveIax2Host(host, systemClock, systemRandom);
    if ('failed' in answer) this.log('warn', 'dns', answer.failed, { host });
    const addresses = 'failed' in answer ? [] : answer.addresses;
    this.driver.give((nowMs) => this.appliance.handleResolved(host, addresses, nowMs));
  }
}

async function openData(path: string): Promise<BindFailure | undefined> {
  const reason = await makeDataDirectory(path);
  return reason === undefined ? undefined : { failed: 'other', reason };
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}

/** Bindings are ours to write; a file that is not a list of them is damaged. */
function parseBindings(text: string): Binding[] | undefined {
  const value: unknown = JSON.parse(text);
  const isBinding = (item: unknown) =>
    typeof item === 'object' && item !== null && 'peer' in item && 'expiresEpochMs' in item;
  return Array.isArray(value) && value.every(isBinding) ? (value as Binding[]) : undefined;
}
