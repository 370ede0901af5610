import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { Log } from './base/log.ts';
import { differences, formatChange } from './config/diff.ts';
import { loadConfiguration } from './config/load.ts';
import { formatPath } from './config/problem.ts';
import type { SecretStore } from './config/secret.ts';
import {
  ConfigurationDesk,
  OUTCOME_FILE,
  RECORD_FILE,
  readProvisioning,
  writeProvisioning,
} from './configuration-desk.ts';
import { ConfigurationEditor } from './configuration-editor.ts';
import { configurationFaults } from './configuration-faults.ts';
import { systemClock } from './io/clock.ts';
import { RELEASES_FOLDER, ReleaseFiles } from './io/release-files.ts';
import { signatureVerifier } from './io/signing.ts';
import { Store } from './io/store.ts';
import { isLive } from './live-settings.ts';
import { lockout } from './lockout.ts';
import { outcomeOf, type Performers, RemoteControl } from './remote-control.ts';
import { Service, type ServiceOptions } from './service.ts';
import { BINDINGS_FILE, NIGHT_FILE, ORDERS_FILE } from './service-output.ts';
import { ADOPTED_PHONES_FILE, PHONE_BINDINGS_FILE } from './sip-host.ts';
import type { Authority } from './status/command.ts';
import { fileCounts, type ProvisioningRecord } from './status/provisioning-record.ts';
import type { Fault, VerifySignature } from './status/signed.ts';
import type { Launch } from './status/updating.ts';
import { formatTime } from './status/wall-time.ts';
import { observableTrunks } from './trunk-reach.ts';
import { UpdateDesk } from './update-desk.ts';

/** A configuration that may run, and its text. */
export interface Runnable extends Pick<ServiceOptions, 'configuration' | 'dialplan'> {
  readonly text: string;
}

export interface ServiceHostOptions extends Omit<ServiceOptions, 'configuration' | 'dialplan' | 'remote' | 'editor'> {
  /** The configuration of the box itself. */
  readonly local: Runnable;
  /** Reads it again; the problems are already logged, undefined if it may not run. */
  readonly readLocal: () => Runnable | undefined;
  /** Where the secrets of every configuration come from, and the key that those from head office are signed with. */
  readonly secrets: SecretStore;
  /** Nothing runs any longer. */
  readonly onFailure: (reason: string) => void;
  /** How this process was started. */
  readonly launch: Launch;
  /** The process is to end, as on SIGTERM, for the launcher to start another release. */
  readonly onRelease: () => void;
}

/** How long a change that needs another start waits for the calls that stand. */
const PATIENCE_MS = 3_600_000;
/** What a factory reset forgets. */
const LEARNED = [
  RECORD_FILE,
  OUTCOME_FILE,
  BINDINGS_FILE,
  PHONE_BINDINGS_FILE,
  ADOPTED_PHONES_FILE,
  NIGHT_FILE,
  ORDERS_FILE,
];
/** How long calls may go on once somebody has asked for a restart. */
const DRAIN_MS = 20_000;
/** An answer on its way to the broker is gone by then. */
const ANSWER_MS = 500;

/**
 * Keeps one appliance running through changes of its configuration: what can be taken over is, and for the rest it is
 * stopped and started within the process once no call stands. Which configuration runs is decided here: that of the box
 * itself, or the last good one from head office or from the panel.
 */
export class ServiceHost {
  private readonly store: Store;
  private readonly releases: ReleaseFiles;
  private readonly log: Log;
  private readonly site: string;
  private local: Runnable;
  private running: Runnable;
  private isProvisioned = false;
  private service: Service | undefined;
  private remote: RemoteControl | undefined;
  private desk: ConfigurationDesk | undefined;
  private readonly editor: ConfigurationEditor;
  private updates: UpdateDesk | undefined;
  private isStopping = false;
  /** Changes are made one after the other. */
  private work: Promise<unknown> = Promise.resolve();

  static async start(options: ServiceHostOptions): Promise<ServiceHost | { readonly failed: string }> {
    const host = new ServiceHost(options);
    const failed = await host.open();
    return failed === undefined ? host : { failed };
  }

  private constructor(private readonly options: ServiceHostOptions) {
    this.log = options.log;
    this.store = new Store(options.dataDirectory, options.log);
    this.releases = new ReleaseFiles(join(options.dataDirectory, RELEASES_FOLDER), options.version);
    this.local = options.local;
    this.running = options.local;
    this.site = options.local.configuration.site.id;
    this.editor = new ConfigurationEditor({
      running: () => this.running,
      local: () => this.local,
      isProvisioned: () => this.isProvisioned,
      desk: () => this.desk,
      secrets: options.secrets,
      calls: () => this.service?.status().calls ?? [],
    });
  }

  get mediaIsOnTime(): boolean {
    return this.service?.mediaIsOnTime ?? true;
  }

  /** Reads the configuration of the box again. It runs, unless one from head office does. */
  reload(): Promise<string | undefined> {
    return this.inOrder(async () => {
      const local = this.options.readLocal();
      if (local === undefined) return 'the configuration has errors; the running one stays';
      this.local = local;
      const why = this.whyFileDoesNotCount();
      if (why !== undefined) return why;
      this.running = local;
      this.service?.reload(local);
      return undefined;
    });
  }

  async drain(patience: AbortSignal, force: AbortSignal): Promise<void> {
    await this.service?.drain(patience, force);
  }

  get hasEmergency(): boolean {
    return this.service?.hasEmergency ?? false;
  }

  async stop(): Promise<void> {
    this.isStopping = true;
    this.desk?.stop();
    this.updates?.stop();
    await this.service?.stop();
    await this.store.settle();
  }

  // ---- start

  private async open(): Promise<string | undefined> {
    const { mqtt } = this.local.configuration;
    const verify = mqtt?.provisioning === undefined ? undefined : this.verifier(mqtt.provisioning.publicKey);
    const record = await this.whatCounts(
      await readProvisioning(this.store, systemClock, this.log),
      verify !== undefined,
    );
    this.useProvisioned(record);
    this.desk = await this.openDesk(verify, record);
    this.remote = await this.openRemote(verify, this.desk);
    const failed = await this.startService(this.running);
    if (failed === undefined || !this.isProvisioned) return failed;
    this.log(
      'error',
      'config',
      `The configuration that was kept last cannot run: ${failed}. The file of the box does.`,
    );
    this.isProvisioned = false;
    this.running = this.local;
    return this.startService(this.local);
  }

  /** What the disk says, less what does not count any longer. */
  private async whatCounts(record: ProvisioningRecord, isManaged: boolean): Promise<ProvisioningRecord> {
    const { good, reported } = record;
    if (good === null) return record;
    if (good.file === null)
      return isManaged ? record : { ...record, good: null, reported: reported?.by === 'panel' ? reported : null };
    if (good.file === this.fileDigest()) return record;
    this.log('warn', 'config', 'The file of this box was changed after the panel made a change: the file counts.');
    const changed = fileCounts(record, formatTime(systemClock.wallMs()));
    await writeProvisioning(this.store, changed);
    return changed;
  }

  /** Why the file of the box, that was just read again, does not count; undefined if it does, from now on. */
  private whyFileDoesNotCount(): string | undefined {
    const { desk, isProvisioned } = this;
    if (!isProvisioned || desk === undefined) return undefined;
    const { good } = desk;
    if (good === null) return 'a configuration is on trial; the file of this box counts again if it is rolled back';
    if (good.file === null)
      return 'the configuration that runs comes from head office; the file of this box does not count';
    if (good.file === this.fileDigest())
      return 'the configuration that runs was made at the panel, and the file of this box has not changed since';
    const failure = desk.returnToFile();
    if (failure === undefined) this.isProvisioned = false;
    return failure;
  }

  private fileDigest(): string {
    return createHash('sha256').update(this.local.text).digest('base64url');
  }

  /** The last good configuration from head office or the panel, if there is one and it still may run. */
  private useProvisioned({ good }: ProvisioningRecord): void {
    if (good === null) return;
    const read = this.read(good.config);
    if ('faults' in read) {
      const why = read.faults[0]?.message ?? 'it is invalid';
      const name = good.revision === null ? 'What was made at the panel' : `Revision ${good.revision} from head office`;
      this.log('error', 'config', `${name} may not run: ${why}. The file of the box does.`);
      return;
    }
    this.running = read;
    this.isProvisioned = true;
  }

  private openUpdates(): Promise<UpdateDesk> {
    const { version, launch, onRelease } = this.options;
    return UpdateDesk.open({
      site: this.site,
      store: this.store,
      files: this.releases,
      clock: systemClock,
      log: this.log,
      version,
      launch,
      reach: () => ({ trunks: this.service?.reachedTrunks ?? [] }),
      hindrance: () => (this.desk?.isBusy ? 'a configuration is on trial' : undefined),
      quiet: () => this.quietForUpdate(),
      restart: onRelease,
      tell: (happening, keeping) => this.service?.tell(happening, keeping),
    });
  }

  private openDesk(verify: VerifySignature | undefined, record: ProvisioningRecord): Promise<ConfigurationDesk> {
    return ConfigurationDesk.open(
      {
        site: this.site,
        store: this.store,
        clock: systemClock,
        log: this.log,
        verify,
        judge: (config) => this.judge(config),
        reach: () => ({ trunks: this.service?.reachedTrunks ?? [], broker: this.service?.reachesBroker ?? false }),
        file: () => this.fileDigest(),
        apply: (config) => this.apply(config),
        tell: (happening, keeping) => this.service?.tell(happening, keeping),
      },
      record,
    );
  }

  private async openRemote(verify: VerifySignature | undefined, desk: ConfigurationDesk): Promise<RemoteControl> {
    this.updates ??= await this.openUpdates();
    return RemoteControl.open({
      site: this.site,
      store: this.store,
      clock: systemClock,
      log: this.log,
      authority: () => this.authority(verify),
      desk,
      perform: this.performers(),
      updates: this.updates,
      tell: (happening, keeping) => this.service?.tell(happening, keeping),
    });
  }

  private async startService({ configuration, dialplan }: Runnable): Promise<string | undefined> {
    const { remote } = this;
    const started = await Service.start({
      ...this.options,
      configuration,
      dialplan,
      isEarlierRelease: (await this.releases.dropped()) !== undefined,
      onBox: (action) => void this.inOrder(() => (action === 'restart' ? this.restart() : this.factoryReset())),
      ...(remote === undefined ? {} : { remote }),
      editor: this.editor,
    });
    if ('failed' in started) return started.failed;
    this.service = started;
    return undefined;
  }

  private verifier(path: string): VerifySignature | undefined {
    const file = this.options.secrets.file(path);
    const verify = 'failure' in file ? file : signatureVerifier(file.text);
    if (typeof verify === 'function') return verify;
    const why = 'failure' in file ? file.failure : `${path} ${verify.failure}`;
    this.log('error', 'config', `mqtt.provisioning.publicKey: ${why}; no configuration is taken over MQTT.`);
    return undefined;
  }

  private authority(verify: VerifySignature | undefined): Authority | { readonly failure: string } {
    if (this.running.configuration.mqtt?.commands !== 'signed')
      return verify === undefined ? { kind: 'broker' } : { kind: 'broker', verify };
    return verify === undefined
      ? { failure: 'the key that commands are checked with is missing' }
      : { kind: 'signed', verify };
  }

  // ---- configurations that are handed in

  private read(config: string): Runnable | { readonly faults: readonly Fault[] } {
    const { configuration, dialplan, problems } = loadConfiguration(config, this.options.secrets);
    const faults = configurationFaults(problems);
    if (configuration !== undefined && dialplan !== undefined && faults.length === 0)
      return { configuration, dialplan, text: config };
    return { faults };
  }

  private judge(config: string) {
    const read = this.read(config);
    if ('faults' in read) return read;
    const { configuration } = read;
    const fault = lockout(configuration, this.running.configuration, this.local.configuration);
    if (fault !== undefined) return { faults: [{ path: 'config', message: fault }] };
    const changes = differences(this.running.configuration, configuration).map(formatChange);
    return { changes, trunks: observableTrunks(configuration) };
  }

  /** Makes a configuration run; gives why not, and then the one before it runs. */
  private apply(config: string | null): Promise<string | undefined> {
    return this.inOrder(async () => {
      const next = config === null ? this.local : this.read(config);
      if ('faults' in next) return next.faults[0]?.message ?? 'it is invalid';
      const failure = await this.change(next);
      if (failure === undefined) this.isProvisioned = config !== null;
      return failure;
    });
  }

  private async change(next: Runnable): Promise<string | undefined> {
    const before = this.running;
    const changes = differences(before.configuration, next.configuration);
    if (changes.every(({ path }) => isLive(formatPath(path)))) {
      this.running = next;
      this.service?.reload(next);
      return undefined;
    }
    const isQuiet = await this.quiet(
      () => false,
      () => this.desk?.isAbandoned === true,
    );
    if (!isQuiet) return 'the calls that stand did not end, and it needs another start';
    await this.service?.stop();
    this.running = next;
    const failure = await this.startService(next);
    if (failure === undefined) return undefined;
    this.running = before;
    await this.startOrFail(before);
    return failure;
  }

  private async quietForUpdate(): Promise<string | undefined> {
    // A trial of a configuration would end with the process.
    if (await this.quiet(() => this.desk?.isBusy === true)) return undefined;
    return this.isStopping ? 'the appliance stopped before the release was tried' : 'the calls that stand did not end';
  }

  /** Waits until no call stands and `also` is over; false if that takes too long, or `enough` says so. */
  private async quiet(also: () => boolean, enough: () => boolean = () => false): Promise<boolean> {
    const deadlineMs = systemClock.nowMs() + PATIENCE_MS;
    while ((this.service?.calls ?? 0) > 0 || also()) {
      if (this.isStopping || enough() || systemClock.nowMs() > deadlineMs) return false;
      await pause(200);
    }
    return true;
  }

  private async startOrFail(runnable: Runnable): Promise<void> {
    const failure = await this.startService(runnable);
    if (failure === undefined) return;
    this.service = undefined;
    this.options.onFailure(failure);
  }

  // ---- commands

  private performers(): Performers {
    return {
      restart: () => {
        systemClock.after(ANSWER_MS, () => void this.inOrder(() => this.restart()));
        return {};
      },
      reload: async () => outcomeOf(await this.reload()),
      identify: ({ seconds }) => {
        this.service?.identify(seconds * 1000);
        return {};
      },
      originate: ({ from, to }) => {
        const made = this.service?.originate(from, to) ?? { failed: 'the appliance is starting' };
        return 'failed' in made ? { error: made.failed } : { result: { call: made.id } };
      },
      capture: ({ action, ...order }) => {
        const { service } = this;
        if (service === undefined) return { error: 'the appliance is starting' };
        const done = action === 'stop' ? service.stopCapture() : service.startCapture(order);
        return 'failed' in done ? { error: done.failed } : { result: { ...done } };
      },
      hangup: ({ call }) => outcomeOf(this.service?.hangup(call) ? undefined : `there is no call ${call}`),
    };
  }

  private async restart(): Promise<void> {
    if (this.isStopping) return;
    await this.stopService();
    this.local = this.options.readLocal() ?? this.local;
    if (this.whyFileDoesNotCount() === undefined) this.running = this.local;
    await this.startOrFail(this.running);
  }

  /**
   * As the box was when its configuration file was written: nothing from head office, nobody registered. Records that the
   * broker does not have yet and the key that secrets are sealed for stay.
   */
  private async factoryReset(): Promise<void> {
    if (this.isStopping) return;
    await this.stopService();
    this.desk?.stop();
    this.desk = undefined;
    await this.store.settle();
    for (const name of LEARNED) await this.store.remove(name);
    this.isProvisioned = false;
    this.running = this.local = this.options.readLocal() ?? this.local;
    this.log('warn', 'main', 'Factory reset: this box has forgotten what head office gave it and who was registered.');
    const failure = await this.open();
    if (failure === undefined) return;
    this.service = undefined;
    this.options.onFailure(failure);
  }

  private async stopService(): Promise<void> {
    const impatient = new AbortController();
    const cancel = systemClock.after(DRAIN_MS, () => impatient.abort());
    await this.service?.drain(impatient.signal);
    cancel();
    await this.service?.stop();
  }

  private inOrder<Result>(task: () => Promise<Result>): Promise<Result> {
    const result = this.work.then(task);
    this.work = result.catch(() => {});
    return result;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => systemClock.after(ms, resolve));
}
