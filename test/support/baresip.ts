import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeTcpPort, freeUdpPort } from '../../src/io/free-port.ts';
import { findCommand } from '../interop/peers/peer-store.ts';
import { formatWav, parseWav, SAMPLE_RATE_HZ, type Wav } from './audio.ts';
import { Program } from './program.ts';
import { sine } from './signal.ts';
import { waitUntil } from './wait-until.ts';

export interface BaresipOptions {
  readonly user: string;
  readonly secret: string;
  /** Of the registrar, `address:port`. */
  readonly server: string;
  /** What it says while it talks; 700 Hz unless told. */
  readonly hz?: number;
  /** Takes each call by itself. */
  readonly answers?: true;
  /** More parameters of its account: `;transport=tcp`. */
  readonly account?: string;
  /** How its voice is sealed; not at all unless told. */
  readonly srtp?: 'srtp' | 'srtp-mand';
  /** Has G.722, too, and would rather have it. */
  readonly wide?: true;
  /** Modules of codecs of 8 kHz that it would rather talk in than in G.711: `gsm`. */
  readonly codecs?: readonly string[];
  /** Subscribes to its messages that wait. */
  readonly mwi?: true;
  /** More lines of its configuration. */
  readonly config?: string;
}

interface BaresipEvent {
  readonly type: string;
  readonly param?: string;
  readonly peeruri?: string;
  readonly peerdisplayname?: string;
}

/** Its sockets of RTP are bound to every address, so that what it sends over loopback comes from here. */
const ADDRESS = '127.0.0.1';
/** Samples per second of G.722. */
export const WIDE_HZ = 16_000;
const MODULE_FOLDER = '/usr/lib/baresip/modules';
const MODULES = ['g711', 'aufile', 'aubridge', 'sndfile', 'srtp', 'ctrl_tcp', 'menu'];

/** A real SIP phone without a face: it says a tone, and what it hears is in a file when the call is over. */
export class Baresip {
  readonly events: BaresipEvent[] = [];
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-baresip-'));
  private readonly heardFolder = join(this.folder, 'heard');
  private readonly program: Program;
  private control: Socket | undefined;
  private received = '';
  private answers: { readonly ok: boolean; readonly data: string }[] = [];

  private constructor(
    private readonly options: BaresipOptions,
    port: number,
    private readonly controlPort: number,
  ) {
    const {
      user,
      secret,
      server,
      hz = 700,
      answers,
      account = '',
      config = '',
      srtp,
      mwi,
      wide,
      codecs = [],
    } = options;
    const rateHz = wide ? WIDE_HZ : SAMPLE_RATE_HZ;
    const sealing = srtp === undefined ? '' : `;mediaenc=${srtp}`;
    mkdirSync(this.heardFolder);
    writeFileSync(
      join(this.folder, 'say.wav'),
      formatWav(Int16Array.from(sine((hz * SAMPLE_RATE_HZ) / rateHz, -10, (30_000 * rateHz) / SAMPLE_RATE_HZ)), rateHz),
    );
    writeFileSync(
      join(this.folder, 'accounts'),
      `<sip:${user}@${server}${account}>;auth_pass=${secret};regint=60${sealing};answermode=${answers ? 'auto' : 'manual'}\n`,
    );
    writeFileSync(join(this.folder, 'contacts'), '');
    writeFileSync(
      join(this.folder, 'config'),
      [
        `sip_listen ${ADDRESS}:${port}`,
        'audio_player aubridge,nobody',
        `audio_source aufile,${join(this.folder, 'say.wav')}`,
        // What it says is read at one rate, whatever the codec.
        `ausrc_srate ${rateHz}`,
        'audio_alert aubridge,alert',
        'rtp_ports 30000-31999',
        'jitter_buffer_delay 2-10',
        `module_path ${MODULE_FOLDER}`,
        ...[...(wide ? ['g722'] : []), ...codecs, ...MODULES].map((name) => `module ${name}.so`),
        'module_tmp account.so',
        ...(mwi ? ['module_app mwi.so'] : []),
        `ctrl_tcp_listen ${ADDRESS}:${controlPort}`,
        `snd_path ${this.heardFolder}`,
        config,
        '',
      ].join('\n'),
    );
    this.program = new Program('baresip', findCommand('baresip') ?? 'baresip', ['-f', this.folder, '-s']);
  }

  /** It binds its port for UDP and TCP; where another program has taken one of them meanwhile, others are tried. */
  static async start(options: BaresipOptions, attempts = 5): Promise<Baresip> {
    const phone = new Baresip(options, await freeUdpPort(0), await freeTcpPort(0));
    try {
      await phone.program.waitFor('to be ready', 10_000, () => phone.program.stdout.includes('baresip is ready'));
      await waitUntil('its control port', 5_000, () => phone.connect());
      return phone;
    } catch (error) {
      const isTaken = phone.program.exited && attempts > 1;
      await phone.dispose();
      if (!isTaken) throw error;
      return Baresip.start(options, attempts - 1);
    }
  }

  /** Everything that it sent and received, and what it thought of it. */
  get log(): string {
    return `${this.program.stdout}${this.program.stderr}`;
  }

  /** Calls a number at the registrar. */
  async dial(number: string): Promise<void> {
    this.forget();
    await this.command('dial', `sip:${number}@${this.options.server}`);
  }

  /** One of its commands: `accept`, `hangup`, `hold`, `resume`, `sndcode`. */
  async command(command: string, params = ''): Promise<string> {
    const before = this.answers.length;
    const text = JSON.stringify({ command, params, token: String(before) });
    this.control!.write(`${Buffer.byteLength(text)}:${text},`);
    const answer = await waitUntil(`baresip to answer ${command}`, 5_000, () => this.answers[before]);
    return answer.data;
  }

  /** Waits for an event since the last call was dialled: `CALL_ESTABLISHED`, `CALL_CLOSED`. */
  waitForEvent(type: string, timeoutMs = 10_000): Promise<BaresipEvent> {
    return waitUntil(
      `${this.options.user} to tell ${type}`,
      timeoutMs,
      () => this.events.find((event) => event.type === type),
      () => `${JSON.stringify(this.events)}\n${this.log.slice(-6_000)}`,
    );
  }

  /** Events and recording of the call before. */
  forget(): void {
    this.events.length = 0;
    rmSync(this.heardFolder, { recursive: true });
    mkdirSync(this.heardFolder);
  }

  /** What it heard in its last call, which must be over. */
  heard(): Int16Array {
    return this.recording().samples;
  }

  /** The same with the width of the codec. */
  recording(): Wav {
    const { file } = this;
    return file === undefined
      ? { sampleRateHz: SAMPLE_RATE_HZ, samples: new Int16Array() }
      : parseWav(new Uint8Array(readFileSync(file)));
  }

  /** How long the file of that is so far. */
  get recordedBytes(): number {
    return this.file === undefined ? 0 : statSync(this.file).size;
  }

  /** Waits until that file has so many seconds more than `fromBytes`, of 8 kHz unless told. */
  async waitForRecording(seconds: number, sampleRateHz = SAMPLE_RATE_HZ, fromBytes = 0): Promise<void> {
    const enough = fromBytes + 2 * sampleRateHz * seconds;
    await waitUntil(`${seconds} s that ${this.options.user} hears`, 20_000, () => this.recordedBytes > enough);
  }

  private get file(): string | undefined {
    const [name] = readdirSync(this.heardFolder).filter((one) => one.endsWith('-dec.wav'));
    return name === undefined ? undefined : join(this.heardFolder, name);
  }

  async dispose(): Promise<void> {
    this.control?.destroy();
    await this.program.stop(2_000);
    rmSync(this.folder, { recursive: true, force: true });
  }

  private connect(): Promise<boolean> {
    return new Promise((resolve) => {
      const socket = connect({ host: ADDRESS, port: this.controlPort });
      socket.once('error', () => resolve(false));
      socket.once('connect', () => {
        this.control = socket;
        resolve(true);
      });
      socket.setEncoding('utf8').on('data', (text: string) => this.take(text));
    });
  }

  /** Netstrings of JSON: `12:{"event":…},`. */
  private take(text: string): void {
    this.received += text;
    for (;;) {
      const colon = this.received.indexOf(':');
      const length = Number(this.received.slice(0, Math.max(colon, 0)));
      if (colon < 0 || this.received.length < colon + length + 2) return;
      const message = JSON.parse(this.received.slice(colon + 1, colon + 1 + length)) as BaresipEvent & {
        readonly response?: true;
        readonly ok: boolean;
        readonly data: string;
      };
      this.received = this.received.slice(colon + length + 2);
      if (message.response === true) this.answers.push({ ok: message.ok, data: message.data });
      else this.events.push(message);
    }
  }
}
