import { type AdoptedPhone, type AdoptSettings, OfficePhones } from './appliance-adoption.ts';
import { PhoneBook, type PhoneSettings, type PhoneView } from './appliance-phones.ts';
import { RtpOfCalls } from './appliance-rtp.ts';
import type { Counters } from './base/counters.ts';
import type { Crypto } from './base/crypto.ts';
import type { Log } from './base/log.ts';
import { formatAddress } from './base/machine.ts';
import type { Mailbox } from './base/mailbox.ts';
import type { MediaEvent, MediaPort, StreamIds } from './base/media-port.ts';
import type { MessageCount } from './base/message-count.ts';
import { Queue } from './base/queue.ts';
import type { Random } from './base/random.ts';
import { round } from './base/round.ts';
import type { RtpPortPool } from './base/rtp-port-pool.ts';
import type { DeviceState } from './dialplan/environment.ts';
import { type SipLegMedia, SipLegs } from './legs/sip-leg.ts';
import {
  type Binding,
  Endpoint,
  type EndpointOptions,
  type EndpointOutput,
  type Hop,
  type QualifyConfig,
  type TrunkConfig,
  type TrunkStatus,
} from './sip/endpoint.ts';
import type { DialClassOf } from './switch/leg.ts';

export interface ApplianceSipOptions extends Pick<EndpointOptions, 'realm' | 'local' | 'algorithmsFor'> {
  readonly phones: readonly PhoneSettings[];
  readonly trunks: readonly TrunkConfig[];
  readonly qualify: QualifyConfig;
  readonly rtpPorts: RtpPortPool;
  /** Without it phones cannot be adopted. */
  readonly adopt?: AdoptSettings;
}

/** What the configuration may change while calls stand. */
export type SipPeers = Pick<ApplianceSipOptions, 'phones' | 'trunks' | 'adopt'>;

/** What SIP has to say to the world outside of the appliance. */
export type SipOutput =
  | { readonly type: 'sip-transmit'; readonly to: Hop; readonly bytes: Uint8Array }
  | { readonly type: 'sip-close'; readonly connection: number }
  /** Whoever opened that connection is no stranger. */
  | { readonly type: 'sip-proven'; readonly connection: number }
  /** A host to look up; the answer is `handleResolved` of the endpoint. */
  | (Omit<Extract<EndpointOutput, { type: 'resolve' }>, 'type'> & { readonly type: 'sip-resolve' })
  /** A phone registered here, moved or is gone: to be kept across restarts. */
  | { readonly type: 'phone-bindings' }
  /** A phone was adopted or is to be forgotten: to be kept across restarts. */
  | { readonly type: 'adopted-phones' };

/** What happened to adopt mode. */
export interface AdoptionNews {
  readonly type: 'adoption';
  readonly what: 'adopt-opened' | 'adopt-closed' | 'phone-adopted' | 'phone-forgotten';
  readonly message: string;
  readonly details: Readonly<Record<string, string | number>>;
}

/** What the appliance makes of what happened. */
export type SipNews =
  | SipOutput
  | AdoptionNews
  | { readonly type: 'status' }
  | Extract<EndpointOutput, { type: 'security' | 'messages' }>;

/** A sentence of an attempt to get in, or in the way. */
export function whatSomebodyDid(event: Extract<EndpointOutput, { type: 'security' }>['event'], from: string): string {
  switch (event) {
    case 'auth-failed':
      return `${from} gave a wrong SIP secret.`;
    case 'locked-out':
      return `${from} is locked out for guessing secrets.`;
    case 'flood':
      return `${from} floods SIP with messages; what is too much of it is not read.`;
    case 'flood-of-many':
      return `Many addresses flood SIP with messages, ${from} among them; what is too much is not read.`;
    case 'scanner':
      return `${from} looks for a way into SIP with a scanner and gets no answer.`;
  }
}

interface Surroundings {
  readonly crypto: Crypto;
  readonly random: Random;
  readonly counters: Counters;
  readonly log: Log;
  readonly wallClock: () => number;
  readonly streams: StreamIds;
  readonly media: MediaPort;
  readonly dialClassOf: DialClassOf;
  readonly mustGoThrough: NonNullable<EndpointOptions['mustGoThrough']>;
}

/** The SIP side of an appliance: endpoint, legs and their RTP, and what status shows of phones and trunks. */
export class ApplianceSip {
  readonly endpoint: Endpoint;
  readonly legs: SipLegs;
  private readonly media: RtpOfCalls;
  private readonly outputs = new Queue<SipNews>();
  private readonly office: OfficePhones;
  private readonly phones = new PhoneBook();
  private trunks: readonly TrunkConfig[];
  private readonly log: Log;
  private readonly mustGoThrough: Surroundings['mustGoThrough'];
  private readonly configuredClass: DialClassOf;

  constructor(options: ApplianceSipOptions, around: Surroundings, nowMs: number) {
    const { phones, local, rtpPorts } = options;
    this.office = new OfficePhones(phones, options.adopt);
    this.phones.take(phones);
    this.trunks = options.trunks;
    this.log = around.log;
    this.mustGoThrough = around.mustGoThrough;
    this.configuredClass = around.dialClassOf;
    this.media = new RtpOfCalls(around, rtpPorts, local);
    this.endpoint = new Endpoint({
      ...options,
      ...around,
      qualifyPhones: options.qualify,
      openMedia: (stream, from) => this.media.reserveTowards(stream, from),
      openVideo: (stream) => this.media.reserveVideo(stream),
      closeMedia: (stream) => this.media.free(stream),
    });
    const media: SipLegMedia = {
      reserve: (stream, peer) => this.media.reserveTowards(stream, this.endpoint.wayTo(peer)),
      agree: (call, agreement, atMs) => this.media.agree(call, agreement, atMs),
      requestPicture: (stream, by, atMs) => around.media.requestPicture(stream, by, atMs),
      release: (stream, atMs) => this.media.release(stream, atMs),
      playDigit: (stream, digit, durationMs, atMs) => around.media.playDigit(stream, digit, durationMs, atMs),
    };
    this.legs = new SipLegs((request, atMs) => this.endpoint.placeCall(request, atMs), media, {
      contextOf: (peer) => this.contextOf(peer),
      numberOf: (peer) => this.phone(peer)?.extension,
      isTelephone: (peer) => this.phone(peer) !== undefined,
      dialClassOf: (peer) => this.dialClassOf(peer),
    });
    for (const { user } of phones) this.note(user, nowMs);
  }

  /** `bindings`: where phones were before a restart; `adopted`: those that adopt mode let in until then. */
  start(nowMs: number, bindings: readonly Binding[], adopted: readonly AdoptedPhone[]): void {
    this.office.restore(adopted);
    this.takePhones(nowMs);
    this.endpoint.start(nowMs, bindings);
  }

  /** What did not change goes on undisturbed; calls do in any case. */
  configure({ phones, trunks, adopt }: SipPeers, nowMs: number): void {
    this.office.configure(phones, adopt);
    this.trunks = trunks;
    if (adopt === undefined) this.closeAdoption();
    this.takePhones(nowMs);
  }

  /** Lets in one phone that has no secret here; the secret that it must prove is given once, here. */
  openAdoption(nowMs: number): { readonly secret: string; readonly untilMs: number } | { readonly failed: string } {
    const { settings } = this.office;
    if (settings === undefined) return { failed: 'phones cannot be adopted: sip.adopt is not configured' };
    const { context, windowMs } = settings;
    const isFree = (user: string) => this.office.accepts(user) && !this.mustGoThrough(context, user);
    const secret = this.endpoint.openAdoption(windowMs, isFree, nowMs);
    const seconds = Math.round(windowMs / 1_000);
    const message = `Adopt mode is open for ${seconds} s: one phone that proves the secret of the day may register.`;
    this.tellAdoption('adopt-opened', message, { seconds });
    return { secret, untilMs: nowMs + windowMs };
  }

  /** False if it was not open. */
  closeAdoption(): boolean {
    if (this.adoptionEndsMs === undefined) return false;
    this.endpoint.closeAdoption();
    this.tellAdoption('adopt-closed', 'Adopt mode was closed by hand; no phone was let in.', {});
    return true;
  }

  get adoptionEndsMs(): number | undefined {
    return this.endpoint.adoptionEndsMs;
  }

  /** Whether the configuration allows adopt mode. */
  get canAdopt(): boolean {
    return this.office.settings !== undefined;
  }

  /** What it may dial; a phone that was adopted and is not named has its class from `sip.adopt`. */
  dialClassOf(peer: string): ReturnType<DialClassOf> {
    const isUnnamed = this.phone(peer) !== undefined && this.office.isUnnamed(peer);
    return isUnnamed ? this.office.settings?.dialClass : this.configuredClass(`SIP/${peer}`);
  }

  /** Those that were let in, to be kept. */
  get adopted(): readonly AdoptedPhone[] {
    return this.office.kept;
  }

  /** Shuts out a phone that was adopted; false if there is none with this name. */
  forget(user: string, nowMs: number): boolean {
    if (!this.office.remove(user)) return false;
    this.takePhones(nowMs);
    this.outputs.push({ type: 'adopted-phones' });
    this.tellAdoption('phone-forgotten', `Phone ${user}, which had been adopted, is shut out.`, { user });
    return true;
  }

  private takePhones(nowMs: number): void {
    const phones = this.office.all();
    this.phones.take(phones);
    this.endpoint.configure(phones, this.trunks, nowMs);
    for (const { user } of phones) this.note(user, nowMs);
  }

  /** What a trunk said last of a box there, of our own unless told; undefined if there is no such trunk. */
  messagesAt({ keeper, box }: Mailbox): MessageCount | null | undefined {
    const trunk = this.trunks.find(({ name }) => name === keeper);
    return trunk === undefined ? undefined : this.endpoint.messagesAt(keeper, box ?? trunk.username ?? keeper);
  }

  /** What waits for each phone with a mailbox; `messagesAt` gives what was said of it last, null if nothing. */
  showMessages(messagesAt: (mailbox: string) => MessageCount | null, nowMs: number): void {
    const mailboxes = new Map<string, MessageCount | null>();
    for (const { user, mailbox } of this.phones.all())
      if (mailbox !== undefined) mailboxes.set(user, messagesAt(mailbox));
    this.endpoint.setMailboxes(mailboxes, nowMs);
  }

  private tellAdoption(what: AdoptionNews['what'], message: string, details: AdoptionNews['details']): void {
    this.outputs.push({ type: 'adoption', what, message, details });
    this.outputs.push({ type: 'status' });
  }

  phone(user: string): PhoneSettings | undefined {
    return this.phones.get(user);
  }

  private contextOf(peer: string): string | undefined {
    return (this.phone(peer) ?? this.trunks.find(({ name }) => name === peer))?.context;
  }

  phoneViews(): ReadonlyMap<string, PhoneView> {
    return this.phones.views;
  }

  /** Each with where it is, as far as that is known. */
  trunkViews(): readonly (TrunkStatus & { readonly address: string | null })[] {
    return this.endpoint.trunkStatuses.map((status) => {
      const hop = this.endpoint.wayTo(status.name);
      return { ...status, address: hop === undefined ? null : formatAddress(hop) };
    });
  }

  /** The dial strings of the phones with this extension. */
  devices(extension: string): readonly string[] {
    return [...this.phones.all()].flatMap((phone) => (phone.extension === extension ? [`SIP/${phone.user}`] : []));
  }

  deviceState(peer: string): DeviceState {
    const view = this.phones.views.get(peer);
    if (view === undefined)
      return this.endpoint.trunkStatuses.some(({ name }) => name === peer) ? 'UNKNOWN' : 'INVALID';
    const legs = this.legs.legsOf(peer);
    const talks = legs.filter((leg) => !leg.isRinging);
    if (legs.length > talks.length) return talks.length > 0 ? 'RINGINUSE' : 'RINGING';
    if (talks.length > 0) return talks.every((leg) => leg.isHeld) ? 'ONHOLD' : 'INUSE';
    return view.state === 'registered' ? 'NOT_INUSE' : 'UNAVAILABLE';
  }

  handleMedia(event: MediaEvent): void {
    this.legs.handleMedia(event);
  }

  /** Takes one output of the endpoint; false if it had none. */
  settle(nowMs: number): boolean {
    const output = this.endpoint.poll();
    if (output === undefined) return false;
    this.handle(output, nowMs);
    return true;
  }

  poll(): SipNews | undefined {
    return this.outputs.shift();
  }

  private handle(output: EndpointOutput, nowMs: number): void {
    switch (output.type) {
      case 'transmit':
        this.outputs.push({ ...output, type: 'sip-transmit' });
        break;
      case 'close':
        this.outputs.push({ ...output, type: 'sip-close' });
        break;
      case 'proven':
        this.outputs.push({ ...output, type: 'sip-proven' });
        break;
      case 'resolve':
        this.outputs.push({ ...output, type: 'sip-resolve' });
        break;
      case 'call':
        this.legs.handleCallEvent(output.call, output.event, nowMs);
        break;
      case 'registration': {
        const { trunk, status } = output;
        const { state, apparent, reason } = status;
        const text = reason ?? `Registration at ${trunk}: ${state}.`;
        this.log(reason === null ? 'info' : 'warn', 'sip', text, { trunk, state, apparent });
        this.outputs.push({ type: 'status' });
        break;
      }
      case 'trunk-state': {
        const { trunk, reachable, rttMs, reason } = output;
        this.log(reachable ? 'info' : 'warn', 'sip', reason ?? `${trunk} is reachable.`, {
          trunk,
          rttMs: rttMs === null ? null : round(rttMs, 1),
        });
        this.outputs.push({ type: 'status' });
        break;
      }
      case 'messages':
        this.outputs.push(output);
        this.outputs.push({ type: 'status' });
        break;
      case 'bindings':
        this.outputs.push({ type: 'phone-bindings' });
        this.note(output.user, nowMs);
        break;
      case 'phone-state':
        this.note(output.user, nowMs);
        break;
      case 'security':
        this.outputs.push(output);
        break;
      case 'adopted': {
        const { user, secret } = output;
        const from = formatAddress(output.from);
        this.office.add({ user, secret });
        this.takePhones(nowMs);
        this.outputs.push({ type: 'adopted-phones' });
        this.tellAdoption('phone-adopted', `Phone ${user} at ${from} was adopted.`, { user, from });
        break;
      }
      case 'adoption-expired':
        this.tellAdoption('adopt-closed', 'Adopt mode has closed; no phone was let in.', {});
        break;
    }
  }

  /** Where it is registered may have changed, or whether it answers there. */
  private note(user: string, nowMs: number): void {
    const bindings = this.endpoint.bindingsOf(user);
    const isThere = bindings.some((binding) => this.endpoint.isReachable(binding) !== false);
    const state = bindings.length === 0 ? 'unregistered' : isThere ? 'registered' : 'unreachable';
    const contact = bindings[0]?.contact ?? null;
    const news = this.phones.show(user, { state, contact, adopted: this.office.isUnnamed(user) }, nowMs);
    if (news?.before === undefined) return;
    if (news.before.state !== state)
      this.log(state === 'unreachable' ? 'warn' : 'info', 'sip', `Phone ${user} is ${state}.`, {
        phone: user,
        contact,
      });
    this.outputs.push({ type: 'status' });
  }
}
