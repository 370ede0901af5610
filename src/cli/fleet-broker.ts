import { randomUUID } from 'node:crypto';
import { readFileSync } from 'node:fs';
import type { Command } from 'commander';
import { isBrokerUrl } from '../config/schema/services.ts';
import { FleetLink, type FleetMessage } from '../io/fleet-link.ts';
import { reasonOf } from '../io/secret-files.ts';
import { type DocumentSigner, documentSigner } from '../io/signing.ts';
import { type Answer, answerSchema } from '../status/command.ts';
import { Fleet, fleetFilters } from '../status/fleet.ts';
import { parseJson, type SIGNING_DOMAINS, signedBytes } from '../status/signed.ts';
import { CommandFailure, type Terminal } from './terminal.ts';

export interface BrokerOptions {
  readonly broker: string;
  readonly username?: string;
  readonly passwordFile?: string;
  readonly ca?: string;
  readonly cert?: string;
  readonly certKey?: string;
}

/** What every command of the fleet asks for. */
export function withBroker(command: Command): Command {
  return command
    .requiredOption('--broker <url>', 'the broker: mqtt://, mqtts://, ws:// or wss://')
    .option('--username <name>', 'who we are there')
    .option('--password-file <file>', 'the file with the password; else BRANCHLINE_MQTT_PASSWORD')
    .option('--ca <file>', 'the certificate to trust, PEM')
    .option('--cert <file>', 'our own certificate, where the broker asks for one, PEM')
    .option('--cert-key <file>', 'the key that goes with it, PEM');
}

/** Retained messages that come within this of each other belong to one answer of the broker. */
const QUIET_MS = 400;
/** So many such moments are waited for. */
const MOST_ROUNDS = 25;
const LONGEST_MS = 10_000;
const ASK_AGAIN_MS = 5_000;
/** How often it is looked whether what is waited for is there. */
const LOOK_MS = 50;
/** How long an appliance may take for a command. */
const ANSWER_MS = 10_000;

/** A connection with the picture of the fleet that it gives. */
export class FleetBroker {
  readonly fleet = new Fleet();
  /** How many messages came that the broker had kept. */
  private kept = 0;
  private readonly listeners = new Set<(message: FleetMessage) => void>();

  private constructor(
    private readonly link: FleetLink,
    private readonly terminal: Terminal,
  ) {}

  /** Does `work` on a connection, and closes it. */
  static async use<Result>(
    options: BrokerOptions,
    terminal: Terminal,
    work: (broker: FleetBroker) => Promise<Result>,
  ): Promise<Result> {
    if (!isBrokerUrl(options.broker))
      throw new CommandFailure(
        '--broker is no address of a broker; allowed: mqtt://, mqtts://, ws:// or wss:// with a host, with or without :port; --username and --password-file say who we are',
        2,
      );
    const password = passwordOf(options, terminal);
    const { cert, certKey } = options;
    if ((cert === undefined) !== (certKey === undefined))
      throw new CommandFailure('--cert and --cert-key go together', 2);
    let broker: FleetBroker | undefined;
    const link = await FleetLink.open(
      {
        url: options.broker,
        ...(options.username === undefined ? {} : { username: options.username }),
        ...(password === undefined ? {} : { password }),
        ...(options.ca === undefined ? {} : { ca: readText(options.ca) }),
        ...(cert === undefined || certKey === undefined ? {} : { cert: readText(cert), key: readText(certKey) }),
      },
      (message) => broker?.handleMessage(message),
    );
    if ('failure' in link) throw new CommandFailure(`cannot connect to the broker: ${link.failure}`);
    broker = new FleetBroker(link, terminal);
    try {
      return await work(broker);
    } finally {
      await link.close();
    }
  }

  /** Reads what is retained of every site, or of one. */
  async read(site?: string): Promise<void> {
    await this.subscribe(fleetFilters(site));
    await this.settle();
  }

  /** Resolves when all that is retained of what was subscribed to has come. */
  async settle(): Promise<void> {
    let failures = 0;
    for (let round = 0; round < MOST_ROUNDS && !this.terminal.stop.aborted; round++) {
      const { kept } = this;
      await this.terminal.pause(QUIET_MS);
      // Some brokers answer a subscription before they send what they keep, so that a moment of quiet is waited for; but a
      // machine that sleeps or a network that stalls is quiet too. What was sent before the answer to this comes before it.
      const failure = await this.outcomeOf(this.link.roundTrip(), LONGEST_MS);
      if (failure === undefined && kept === this.kept) return;
      if (failure !== undefined && ++failures > 1)
        throw new CommandFailure(`the broker does not tell what it keeps: ${failure}`);
    }
  }

  /** Whether the broker is there at the moment. */
  get isConnected(): boolean {
    return this.link.isConnected;
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    const outcome = await this.outcomeOf(this.link.subscribe(filters), LONGEST_MS);
    if (outcome !== undefined) throw new CommandFailure(`the broker does not let us listen: ${outcome}`);
  }

  /** Gives why the broker has not taken it, if it has not in time. */
  publish(topic: string, payload: string, retain: boolean, timeoutMs = LONGEST_MS): Promise<string | undefined> {
    return this.outcomeOf(this.link.publish(topic, payload, retain), timeoutMs);
  }

  /** Hands every message to `listener`; gives what ends that. */
  listen(listener: (message: FleetMessage) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  /**
   * Waits until `find` finds something; undefined if that takes too long. What is retained on `topic` is asked for again
   * now and then: a node of a cluster that goes down may take a message with it.
   */
  async waitFor<Found>(timeoutMs: number, find: () => Found | undefined, topic?: string): Promise<Found | undefined> {
    const deadlineMs = performance.now() + timeoutMs;
    let askMs = performance.now() + ASK_AGAIN_MS;
    for (let isLast = false; ; ) {
      const found = find();
      if (found !== undefined || isLast || this.terminal.stop.aborted) return found;
      // What came while this machine stood still is read in the pause behind the deadline.
      isLast = performance.now() > deadlineMs;
      if (topic !== undefined && performance.now() > askMs) {
        askMs = performance.now() + ASK_AGAIN_MS;
        // Where that is refused for now, the next time may do.
        void this.link.subscribe([topic]);
      }
      await this.terminal.pause(LOOK_MS);
    }
  }

  private async outcomeOf(work: Promise<string | undefined>, timeoutMs: number): Promise<string | undefined> {
    let outcome: { readonly failure: string | undefined } | undefined;
    void work.then((failure) => {
      outcome = { failure };
    });
    const deadlineMs = performance.now() + timeoutMs;
    for (let isLast = false; !isLast && !this.terminal.stop.aborted; ) {
      isLast = performance.now() > deadlineMs;
      await Promise.race([work, this.terminal.pause(LOOK_MS)]);
      if (outcome !== undefined) return outcome.failure;
    }
    if (this.terminal.stop.aborted) return 'it was interrupted before the broker acknowledged it';
    return this.isConnected ? 'the broker does not acknowledge it' : 'the broker is away';
  }

  /** Gives one command to one site, and waits for its answer; or says why there is none. */
  async command(
    site: string,
    verb: string,
    args: object,
    signer: DocumentSigner | undefined,
  ): Promise<Answer | { readonly failure: string }> {
    const id = randomUUID();
    const topic = `branchline/${site}/reply/${id}`;
    let answer: Answer | undefined;
    const end = this.listen((message) => {
      if (message.topic === topic) answer = answerSchema.safeParse(parseJson(message.payload)).data ?? answer;
    });
    await this.subscribe([topic]);
    const expires = new Date(Date.now() + 60_000).toISOString();
    const content = signer === undefined ? { id, ...args } : { site, verb, id, expires, ...args };
    const payload = signer === undefined ? JSON.stringify(content) : envelope('command', content, signer);
    const failure = await this.publish(`branchline/${site}/cmd/${verb}`, payload, false);
    if (failure === undefined) await this.waitFor(ANSWER_MS, () => answer);
    end();
    return answer ?? { failure: failure ?? 'no answer' };
  }

  private handleMessage(message: FleetMessage): void {
    // A fleet never falls silent: only what the broker had kept belongs to its answer.
    if (message.retained) this.kept++;
    this.fleet.handleMessage(message.topic, message.payload);
    for (const listener of this.listeners) listener(message);
  }
}

/** The private key in a file. */
export function signerOf(file: string): DocumentSigner {
  const signer = documentSigner(readText(file));
  if ('failure' in signer) throw new CommandFailure(`${file} ${signer.failure}; make one with branchline keygen`, 2);
  return signer;
}

/** A signed document as it is published. */
export function envelope(domain: keyof typeof SIGNING_DOMAINS, content: object, signer: DocumentSigner): string {
  const bytes = Buffer.from(JSON.stringify(content));
  return JSON.stringify({
    document: bytes.toString('base64'),
    signature: Buffer.from(signer.sign(signedBytes(domain, bytes))).toString('base64'),
    keyId: signer.keyId,
  });
}

export function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    throw new CommandFailure(`${file} ${reasonOf(error)}`, 2);
  }
}

/** An option that must be a whole number of 0 or more. */
export function wholeNumber(option: string, text: string): number {
  if (!/^\d{1,15}$/.test(text)) throw new CommandFailure(`${option} is ${text}; a whole number is wanted`, 2);
  return Number(text);
}

function passwordOf({ passwordFile }: BrokerOptions, { environment }: Terminal): string | undefined {
  return passwordFile === undefined
    ? environment['BRANCHLINE_MQTT_PASSWORD']
    : readText(passwordFile).replace(/\r?\n$/, '');
}
