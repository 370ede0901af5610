import { join } from 'node:path';
import { type HatEvent, LEDS } from '../firmware-bridge/hat-client.ts';
import { Counters } from './base/counters.ts';
import type { Log } from './base/log.ts';
import type { EnrolRequest } from './cli/run.ts';
import { type EnrolmentInformation, readEnrolmentInformation } from './config/enrolment.ts';
import { loadConfiguration } from './config/load.ts';
import { formatProblem } from './config/problem.ts';
import { configurationFaults } from './configuration-faults.ts';
import { EnrolmentKeys } from './enrolment-keys.ts';
import { backoffMs } from './io/backoff.ts';
import { systemClock } from './io/clock.ts';
import { CONTROL_SOCKET } from './io/control-client.ts';
import { makeDataDirectory } from './io/data-directory.ts';
import { Driver } from './io/driver.ts';
import { consumeEnrolmentFile, enrolledConfiguration, keepEnrolled, readEnrolmentFile } from './io/enrolment-files.ts';
import { FleetLink, type FleetMessage } from './io/fleet-link.ts';
import { HttpServer } from './io/http-server.ts';
import { nodeCrypto } from './io/node-crypto.ts';
import { loadPageFiles } from './io/page-files.ts';
import { systemRandom } from './io/random.ts';
import { makeSealingKey, type SealingKey, seal } from './io/sealing.ts';
import { secretStore } from './io/secret-files.ts';
import { signatureVerifier } from './io/signing.ts';
import { openHat } from './open-hat.ts';
import { createEnrolmentApi, type EnrolmentForm, type EnrolmentStatus } from './panel/enrolment-api.ts';
import type { RunningHat } from './running-hat.ts';
import { type EnrolmentCode, enrolmentTopic, parseCode } from './status/enrolment.ts';
import { type EnrolmentOutput, EnrolmentRequest, type EnrolmentState } from './status/enrolment-request.ts';
import type { Fault, VerifySignature } from './status/signed.ts';

export interface EnrolmentHostOptions extends EnrolRequest {
  readonly log: Log;
  /** Folder of the panel's page. */
  readonly pageDirectory: string;
}

/** Nobody but this machine sees the form: whoever fills it in decides whom the box obeys. */
const PANEL = { ip: '127.0.0.1', port: 8_080 };
/** The name of a file beside the configuration, which cannot lead out of its folder. */
const PLAIN_NAME = /^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$/;
/** The result is on its way to head office by then. */
const FAREWELL_MS = 2_000;

/** A box without a configuration: it asks for a code on panel and keypad, and head office for what goes with it. */
export class EnrolmentHost {
  private readonly log: Log;
  private readonly keys = new EnrolmentKeys();
  private readonly keysDriver: Driver<EnrolmentCode>;
  private information: EnrolmentInformation = {};
  private own!: SealingKey;
  private hat: RunningHat | undefined;
  private http: HttpServer | undefined;
  private request: { readonly machine: EnrolmentRequest; readonly driver: Driver<EnrolmentOutput> } | undefined;
  private link: FleetLink | undefined;
  private readonly numbers = new Set<string>();
  private state: EnrolmentState = 'no-code';
  private reason: string | null = null;
  /** Of the broker that is tried: another one makes it another. */
  private linking = 0;
  private sent: Promise<unknown> = Promise.resolve();
  private finish: (end: 'enrolled' | 'stopped') => void = () => {};

  constructor(private readonly options: EnrolmentHostOptions) {
    this.log = options.log;
    this.keysDriver = new Driver(this.keys, systemClock, (code) => this.giveCode(code));
  }

  /** Resolves when there is a configuration, or `stop` fires; or with why it cannot be had here at all. */
  async run(stop: AbortSignal): Promise<'enrolled' | 'stopped' | { readonly failed: string }> {
    const failed = await this.open();
    if (failed !== undefined) return { failed };
    this.log('info', 'enrol', 'There is no configuration: waiting for a code, on the keypad or the panel.');
    const end = await new Promise<'enrolled' | 'stopped'>((resolve) => {
      this.finish = resolve;
      stop.addEventListener('abort', () => resolve('stopped'), { once: true });
      if (stop.aborted) resolve('stopped');
      this.begin(this.information);
    });
    await this.close();
    return end;
  }

  // ---- start and end

  private async open(): Promise<string | undefined> {
    const { dataDirectory, pageDirectory, file } = this.options;
    const unusable = await makeDataDirectory(dataDirectory);
    if (unusable !== undefined) return unusable;
    try {
      this.own = makeSealingKey(dataDirectory);
    } catch (error) {
      return `there is no key that secrets could be sealed with: ${(error as Error).message}`;
    }
    this.readFile(file);
    await this.openHat();
    const page = loadPageFiles(pageDirectory);
    const app = createEnrolmentApi(
      { status: () => this.status(), give: (form) => this.give(form), emulator: this.hat?.emulator },
      (path) => page(path === '/' ? '/enrol.html' : path),
    );
    this.http = await HttpServer.create(app, this.log);
    const taken = await this.http.listenUnix(join(dataDirectory, CONTROL_SOCKET));
    if (taken !== undefined) return taken.reason;
    const noPanel = await this.http.listenTcp(PANEL);
    if (noPanel !== undefined) this.log('warn', 'enrol', `The panel is not served: ${noPanel.reason}.`);
    return undefined;
  }

  private async openHat(): Promise<void> {
    const { hat } = this.information;
    if (hat === undefined) return;
    // Keys and LEDs are all that is asked of an emulated one here: a model has them at no cost.
    const fields = `port: ${JSON.stringify(hat)}, emulator: plain`;
    const text = `site: { id: unconfigured, country: us }\nhat: { ${fields} }\n`;
    const { configuration } = loadConfiguration(text, secretStore(this.options.file, {}, this.options.dataDirectory));
    if (configuration === undefined) return;
    this.hat = await openHat(configuration, {
      exchange: () => {},
      onEvent: (event) => this.handleHat(event),
      onExchanged: () => {},
      counters: new Counters(),
      log: this.log,
    });
    this.hat?.start();
    this.showLights();
  }

  private async close(): Promise<void> {
    this.linking++;
    this.request?.driver.stop();
    this.keysDriver.stop();
    const late = new Promise<void>((resolve) => systemClock.after(FAREWELL_MS, resolve));
    await Promise.race([this.sent.catch(() => {}), late]);
    await Promise.race([this.link?.close().catch(() => {}), late]);
    await this.http?.close();
    await this.hat?.stop();
  }

  /** A file with mistakes is told of and counts for nothing: the panel is still there. */
  private readFile(path: string): void {
    const read = readEnrolmentFile(path);
    if (read === undefined) return;
    if ('failure' in read) {
      this.log('error', 'enrol', read.failure);
      return;
    }
    const { information, problems } = readEnrolmentInformation(read.text);
    for (const problem of problems) this.log('error', 'enrol', formatProblem(path, problem));
    this.information = information ?? {};
  }

  // ---- what people say

  private handleHat(event: HatEvent): void {
    if (event.type === 'key') this.keysDriver.give((nowMs) => this.keys.handleKey(event.key, event.action, nowMs));
    if (event.type === 'key' || event.type === 'hello') this.showLights();
  }

  private showLights(): void {
    for (let led = 1; led <= LEDS; led++)
      this.hat?.command({ type: 'led', led, light: this.keys.light(led, this.state) });
  }

  private giveCode(code: EnrolmentCode): void {
    const fault = this.give({ code: code.digits });
    if (fault !== undefined) this.become('refused', fault);
  }

  private give(form: EnrolmentForm): string | undefined {
    if (this.state === 'taking' || this.state === 'enrolled') return 'a configuration is being taken already';
    return this.begin({ ...this.information, ...form });
  }

  private begin(information: EnrolmentInformation): string | undefined {
    const verify = information.publicKey === undefined ? undefined : signatureVerifier(information.publicKey);
    if (verify !== undefined && typeof verify !== 'function') return `publicKey ${verify.failure}`;
    const code = information.code === undefined ? undefined : parseCode(information.code);
    if (information.code !== undefined && code === undefined)
      return 'this is not a code: sixteen digits, of which one does not fit the others';
    const changed = ['broker', 'username', 'password', 'ca', 'publicKey'] as const;
    const isSame = this.request !== undefined && changed.every((key) => information[key] === this.information[key]);
    if (verify !== undefined && information.broker !== undefined && !isSame) this.connect(information, verify);
    // A code is used once: what comes next brings its own.
    const { code: _, ...others } = information;
    this.information = others;
    if (code === undefined) return undefined;
    if (this.request === undefined) return 'a code needs the broker and the key of head office, too';
    const { machine, driver } = this.request;
    driver.give((nowMs) => machine.begin(code, nowMs));
    return undefined;
  }

  private status(): EnrolmentStatus {
    const { broker, publicKey } = this.information;
    return {
      state: this.state,
      reason: this.reason,
      broker: broker ?? null,
      publicKey: publicKey !== undefined,
    };
  }

  // ---- head office

  private connect(information: EnrolmentInformation, verify: VerifySignature): void {
    this.request?.driver.stop();
    void this.link?.close().catch(() => {});
    this.link = undefined;
    this.numbers.clear();
    const machine = new EnrolmentRequest({ own: this.own, crypto: { ...nodeCrypto, seal }, verify });
    const driver = new Driver(machine, systemClock, (output) => this.handleOutput(output));
    this.request = { machine, driver };
    void this.openLink(information, ++this.linking);
  }

  private async openLink(
    { broker = '', username, password, ca }: EnrolmentInformation,
    linking: number,
  ): Promise<void> {
    for (let failures = 1; linking === this.linking; failures++) {
      const access = {
        ...(username === undefined ? {} : { username }),
        ...(password === undefined ? {} : { password }),
        ...(ca === undefined ? {} : { ca }),
      };
      const link = await FleetLink.open({ url: broker, ...access }, (message) => this.handleMessage(message));
      if (linking !== this.linking) {
        if (!('failure' in link)) await link.close().catch(() => {});
        return;
      }
      if (!('failure' in link)) {
        this.link = link;
        if (this.state !== 'refused') this.become(this.state, null);
        for (const number of this.numbers) void this.subscribe(number);
        return;
      }
      this.become(this.state, `the broker is not reached: ${link.failure}`);
      const delayMs = backoffMs(failures, systemRandom);
      await new Promise<void>((resolve) => systemClock.after(delayMs, resolve));
    }
  }

  private handleMessage({ topic, payload }: FleetMessage): void {
    const { request } = this;
    if (request === undefined) return;
    if (topic.endsWith('/offer')) request.driver.give((nowMs) => request.machine.handleOffer(payload, nowMs));
    else if (topic.endsWith('/answer')) request.driver.give(() => request.machine.handleAnswer(payload));
  }

  private handleOutput(output: EnrolmentOutput): void {
    switch (output.type) {
      case 'subscribe':
        this.numbers.add(output.number);
        void this.subscribe(output.number);
        break;
      case 'send': {
        const topic = enrolmentTopic(output.number, output.what);
        this.sent = this.link?.publish(topic, output.payload, false).catch(() => {}) ?? Promise.resolve();
        break;
      }
      case 'take':
        this.take(output.site, output.config);
        break;
      case 'state':
        this.become(output.state, output.reason);
        break;
    }
  }

  private async subscribe(number: string): Promise<void> {
    const { link } = this;
    if (link === undefined) return;
    try {
      await link.subscribe([enrolmentTopic(number, 'offer'), enrolmentTopic(number, 'answer')]);
    } catch (error) {
      this.become(this.state, `the broker refuses the subscription: ${(error as Error).message}`);
    }
  }

  private become(state: EnrolmentState, reason: string | null): void {
    if (state === this.state && reason === this.reason) return;
    this.state = state;
    this.reason = reason;
    this.log(reason === null ? 'info' : 'warn', 'enrol', reason ?? state, { state });
    // A code that was refused would use up the tries of the right one, start after start.
    if (state === 'refused' || state === 'enrolled') this.consume(state === 'enrolled');
    this.showLights();
    if (state === 'enrolled') this.finish('enrolled');
  }

  private consume(all: boolean): void {
    const failure = consumeEnrolmentFile(this.options.file, all);
    if (failure !== undefined) this.log('error', 'enrol', failure);
  }

  private take(site: string, config: string): void {
    const errors = this.judge(site, config);
    this.request?.driver.give(() => this.request?.machine.handleTaken(errors));
  }

  /** Keeps a configuration that may run; gives why not. */
  private judge(site: string, config: string): Fault[] {
    const { dataDirectory, environment } = this.options;
    const secrets = secretStore(enrolledConfiguration(dataDirectory), environment, dataDirectory);
    const { configuration, problems } = loadConfiguration(config, secrets);
    const faults = configurationFaults(problems);
    if (configuration === undefined || faults.length > 0) return faults;
    const fault = (message: string): Fault[] => [{ path: 'config', message }];
    if (configuration.site.id !== site)
      return fault(`site.id is ${configuration.site.id}, and the code was for ${site}`);
    const name = configuration.mqtt?.provisioning?.publicKey;
    if (name === undefined) return fault('without mqtt.provisioning it could never be changed from afar');
    if (!PLAIN_NAME.test(name) || name === 'branchline.yaml')
      return fault('mqtt.provisioning.publicKey must be the plain name of a file, such as ops.pub');
    try {
      keepEnrolled(dataDirectory, { 'branchline.yaml': config, [name]: this.information.publicKey ?? '' });
      return [];
    } catch (error) {
      return fault(`it cannot be kept: ${(error as Error).message}`);
    }
  }
}
