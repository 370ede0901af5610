import type { ExchangeAudio, HatEvent } from '../firmware-bridge/hat-client.ts';
import type { ApplianceBox } from './appliance-box.ts';
import { emergencyHappening } from './appliance-emergency.ts';
import type { ApplianceIax2, Iax2News } from './appliance-iax2.ts';
import {
  type ApplianceLines,
  abandonedHappening,
  faultHappening,
  type LineView,
  type LocalParty,
} from './appliance-lines.ts';
import type { ApplianceNumbers } from './appliance-numbers.ts';
import type { ApplianceOptions, LiveSettings } from './appliance-options.ts';
import { type ApplianceOutput, happened } from './appliance-output.ts';
import { ApplianceParts } from './appliance-parts.ts';
import type { PhoneView } from './appliance-phones.ts';
import { type ApplianceSip, type SipNews, type SipPeers, whatSomebodyDid } from './appliance-sip.ts';
import type { ApplianceTelephones } from './appliance-telephones.ts';
import { type Address, earliest, formatAddress, type Machine } from './base/machine.ts';
import { parseMailbox } from './base/mailbox.ts';
import type { StreamId } from './base/media-port.ts';
import { Queue } from './base/queue.ts';
import type { Environment } from './dialplan/environment.ts';
import { OpeningHours } from './dialplan/opening-hours.ts';
import type { TraceLine } from './dialplan/trace.ts';
import type { Endpoint } from './iax2/endpoint.ts';
import type { HostAddress } from './iax2/host-names.ts';
import type { Binding } from './iax2/peer.ts';
import type { Plane } from './media/plane.ts';
import type { SplitPlane } from './media/split-plane.ts';
import type { DatagramReceiver } from './media/worker-reports.ts';
import type { CallView } from './switch/call-register.ts';
import type { ConferenceView } from './switch/conference.ts';
import type { DialFailure } from './switch/leg.ts';
import type { Switch } from './switch/switch.ts';
import { isOrdered, type StandingOrders, type TelephoneOrders } from './switch/telephone-orders.ts';

/**
 * A whole branch between its sockets and its copper: endpoint, media plane, lines, dialplan and switch, joined into one
 * machine (docs/decisions/0002-the-appliance-is-a-machine.md). The only code that knows which part's output is whose
 * input.
 */
export class Appliance implements Machine<ApplianceOutput> {
  readonly plane: Plane;
  /** The same where a worker has a part of it. */
  readonly splitPlane: SplitPlane | undefined;
  readonly sip: ApplianceSip | undefined;
  private readonly switch: Switch;
  private readonly iax2: ApplianceIax2;
  private readonly lines: ApplianceLines;
  private readonly box: ApplianceBox;
  /** When something other than media is due; asked for with every packet of voice, which does not move it. */
  private signalling: { readonly deadlineMs: number | undefined } | undefined;
  private readonly outputs = new Queue<ApplianceOutput>();
  private readonly dialplanEnvironment: Environment;
  private readonly numbers: ApplianceNumbers;
  private readonly telephones: ApplianceTelephones;

  constructor(options: ApplianceOptions, nowMs: number) {
    const parts = new ApplianceParts(
      options,
      (output) => this.outputs.push(output),
      () => this.outputs.length,
      nowMs,
    );
    this.plane = parts.plane;
    this.splitPlane = parts.splitPlane;
    this.sip = parts.sip;
    this.switch = parts.switch;
    this.iax2 = parts.iax2;
    this.lines = parts.lines;
    this.box = parts.box;
    this.numbers = parts.numbers;
    this.telephones = parts.telephones;
    this.dialplanEnvironment = parts.environment;
  }

  get endpoint(): Endpoint {
    return this.iax2.endpoint;
  }

  // ---- inputs from below

  /**
   * One datagram of the IAX2 port: the media plane takes voice, signalling the rest. The bytes are lent for the call.
   */
  handleDatagram(bytes: Uint8Array, from: Address, nowMs: number): void {
    this.takeDatagram(bytes, from, nowMs, false, true);
  }

  /** `taken`: the plane of the worker has its voice already. */
  private takeDatagram(bytes: Uint8Array, from: Address, nowMs: number, taken: boolean, lent: boolean): void {
    const plain = this.endpoint.unseal(bytes, from, nowMs);
    if (plain === undefined) return;
    // Signalling may keep what it is given.
    if (taken || this.plane.handleDatagram(plain, from, nowMs) !== 'media')
      this.endpoint.handleDatagram(lent ? plain.slice() : plain, from, nowMs);
    this.settle(nowMs);
  }

  /** The media worker has something for us; true if it has more than is good to do at once. */
  handleWorkerReports(handleTapped: DatagramReceiver['handleTapped'], nowMs: number): boolean {
    const handleDatagram: DatagramReceiver['handleDatagram'] = (bytes, from, taken) =>
      this.takeDatagram(bytes, from, nowMs, taken, false);
    const more = this.splitPlane?.readReports({ handleDatagram, handleTapped }, nowMs) === true;
    this.settle(nowMs);
    return more;
  }

  /** One datagram of an RTP or RTCP port. */
  handleRtp(localPort: number, bytes: Uint8Array, from: Address, nowMs: number): void {
    this.plane.handleRtp(localPort, bytes, from, nowMs);
    // Voice is passed on in the plane: of most packets nobody else hears.
    if (this.settlePlane(nowMs)) this.settle(nowMs);
  }

  /** Whatever came for the SIP endpoint: a datagram, bytes of a connection, the answer to a `sip-resolve`. */
  handleSip(input: (endpoint: ApplianceSip['endpoint']) => void, nowMs: number): void {
    if (this.sip !== undefined) input(this.sip.endpoint);
    this.settle(nowMs);
  }

  /** Where a host is, in the order to try; none if it could not be resolved. */
  handleResolved(host: string, addresses: readonly HostAddress[], nowMs: number): void {
    this.endpoint.handleResolved(host, addresses, nowMs);
    this.settle(nowMs);
  }

  handleHat(event: HatEvent, nowMs: number): void {
    this.lines.legs.handleHat(event, nowMs);
    this.box.handleHat(event, nowMs);
    this.settle(nowMs);
  }

  /** Blocks were exchanged: what was heard in them takes effect. */
  handleExchanged(nowMs: number): void {
    this.settle(nowMs);
  }

  /** One block of a line's audio, answered before it returns. */
  readonly exchange: ExchangeAudio = (port, up, down, _mediaTs, nowMs) => {
    this.plane.exchangeLineBlock(port, up, down, nowMs);
    this.box.fill(port, down);
  };

  /** Our address or socket is another one: peers must learn it now, not at the next refresh. */
  handleAddressChange(nowMs: number): void {
    this.endpoint.reregister(undefined, nowMs);
    this.sip?.endpoint.reregister(undefined, nowMs);
    this.settle(nowMs);
  }

  handleTimeout(nowMs: number): void {
    this.plane.handleTimeout(nowMs);
    this.endpoint.handleTimeout(nowMs);
    this.sip?.endpoint.handleTimeout(nowMs);
    this.lines.legs.handleTimeout(nowMs);
    this.switch.handleTimeout(nowMs);
    this.box.handleTimeout(nowMs);
    this.settle(nowMs);
  }

  nextDeadline(): number | undefined {
    this.signalling ??= { deadlineMs: this.signallingDeadline() };
    return earliest(this.plane.nextDeadline(), this.signalling.deadlineMs);
  }

  private signallingDeadline(): number | undefined {
    const trunks = earliest(this.endpoint.nextDeadline(), this.sip?.endpoint.nextDeadline());
    const legs = earliest(this.lines.legs.nextDeadline(), this.switch.nextDeadline());
    return earliest(earliest(trunks, legs), this.box.nextDeadline());
  }

  poll(): ApplianceOutput | undefined {
    return this.outputs.shift();
  }

  // ---- commands from above

  /** Rings `from`, an extension or a channel (`LINE/1`), and connects it to `to` in its own context. */
  originate(from: string, to: string, nowMs: number): { readonly id: string } | DialFailure {
    const party = this.telephones.originator(from);
    if ('failed' in party) return party;
    const { technology, resource, context, caller } = party;
    const telephone = `${technology.toUpperCase()}/${resource}`;
    const made = this.switch.originate({ technology, resource, context, number: to, caller, telephone }, nowMs);
    this.settle(nowMs);
    return made;
  }

  /** A line (`LINE/1`) or a phone (`SIP/211`) of this branch: where its calls enter the dialplan, and who it is. */
  party(channel: string): LocalParty | undefined {
    return this.telephones.party(channel);
  }

  /** What a dialled number would do, without calling anyone; `from` is the line or phone that it comes from, if from one. */
  trace(context: string, number: string, from: LocalParty | undefined): readonly TraceLine[] {
    const environment = this.dialplanEnvironment;
    if (from === undefined) return this.numbers.trace(context, number, environment, undefined);
    const channel = from.technology === 'line' ? `LINE/${from.resource}` : `SIP/${from.resource}`;
    const service = { held: this.telephones.heldClass(channel), rules: this.switch.classOfService };
    return this.numbers.trace(context, number, environment, { caller: from.caller, channel, service });
  }

  /** What was ordered at each telephone for the calls that come to it. */
  get orders(): StandingOrders {
    return this.switch.orders;
  }

  /** The same as it was before a restart. */
  resumeOrders(kept: ReadonlyMap<string, TelephoneOrders>, nowMs: number): void {
    this.switch.orders.restore(kept);
    this.settle(nowMs);
  }

  hasContext(context: string): boolean {
    return this.numbers.hasContext(context);
  }

  /** Ends a call; false if there is none with this id. */
  hangup(id: string, nowMs: number): boolean {
    const ended = this.switch.hangup(id, 'normal-clearing', nowMs);
    this.settle(nowMs);
    return ended;
  }

  /** Night service as the key said before a restart. */
  resumeNight(said: boolean, nowMs: number): void {
    this.box.resumeNight(said, nowMs);
    this.settle(nowMs);
  }

  /** Every LED blinks white for so long, to tell this box from others. */
  identify(durationMs: number, nowMs: number): void {
    this.box.identify(durationMs, nowMs);
    this.settle(nowMs);
  }

  /** Takes over other settings: what did not change goes on undisturbed, and calls do in any case. */
  configure(live: LiveSettings & { readonly sip?: SipPeers }, nowMs: number): void {
    this.numbers.configure(live);
    this.telephones.configure(live);
    if (live.lines !== undefined) this.lines.rename(live.lines, live.townLines ?? []);
    this.switch.configure(live);
    this.endpoint.configure(live.peers, nowMs);
    this.sip?.configure(live.sip ?? { phones: [], trunks: [] }, nowMs);
    const { clock } = this.dialplanEnvironment;
    this.box.setHours(live.hours === undefined ? undefined : new OpeningHours(live.hours, clock), nowMs);
    this.showMessages(nowMs);
    this.settle(nowMs);
  }

  /** Lets in one SIP phone that has no secret here; gives the secret that it must prove, or why there is no way. */
  openAdoption(nowMs: number): ReturnType<ApplianceSip['openAdoption']> {
    const opened = this.sip?.openAdoption(nowMs) ?? { failed: 'there is no SIP here' };
    this.settle(nowMs);
    return opened;
  }

  /** False if adopt mode was not open. */
  closeAdoption(nowMs: number): boolean {
    const closed = this.sip?.closeAdoption() === true;
    this.settle(nowMs);
    return closed;
  }

  /** Shuts out a phone that was adopted; false if there is none with this name. */
  forgetPhone(user: string, nowMs: number): boolean {
    const found = this.sip?.forget(user, nowMs) === true;
    this.settle(nowMs);
    return found;
  }

  /** Begins to register and to serve. `bindings`, `phones`, `adopted`: what was known here before a restart. */
  start(
    nowMs: number,
    bindings: readonly Binding[] = [],
    phones: Parameters<ApplianceSip['start']>[1] = [],
    adopted: Parameters<ApplianceSip['start']>[2] = [],
  ): void {
    this.endpoint.start(nowMs, bindings);
    this.sip?.start(nowMs, phones, adopted);
    this.showMessages(nowMs);
    this.settle(nowMs);
  }

  /** Calls that stand go on; new ones are refused from now on, but for emergency calls. */
  drain(): void {
    this.switch.drain();
  }

  /** Ends every call and takes back our registrations. `isIdle` when all of that is said and acknowledged. */
  stop(nowMs: number): void {
    for (const { id } of this.switch.views()) this.switch.hangup(id, 'normal-clearing', nowMs);
    this.settle(nowMs);
    this.endpoint.stop(nowMs);
    this.sip?.endpoint.stop(nowMs);
    this.settle(nowMs);
  }

  // ---- what status shows

  calls(): readonly CallView[] {
    return this.switch.views();
  }

  /** The Call-IDs of the SIP dialogs whose voice a stream is. */
  sipCallIds(stream: StreamId): readonly string[] {
    return this.sip?.endpoint.callIdsOf(stream) ?? [];
  }

  conferences(): readonly ConferenceView[] {
    return this.switch.conferenceViews();
  }

  lineViews(): ReadonlyMap<number, LineView> {
    return this.lines.views;
  }

  phoneViews(): ReadonlyMap<string, PhoneView> {
    return this.sip?.phoneViews() ?? new Map();
  }

  get bindings(): readonly Binding[] {
    return this.endpoint.bindings;
  }

  /** The dial strings of the local lines and phones with this extension. */
  devices(extension: string): readonly string[] {
    return this.telephones.devices(extension);
  }

  /** Nothing stands, and nothing is left to be said or acknowledged. */
  get isIdle(): boolean {
    return this.switch.size === 0 && this.endpoint.isIdle && this.sip?.endpoint.isIdle !== false;
  }

  // ---- the loop that joins the parts

  private settle(nowMs: number): void {
    this.signalling = undefined;
    while (
      this.settleIax2(nowMs) ||
      this.settleSip(nowMs) ||
      this.settlePlane(nowMs) ||
      this.settleLines(nowMs) ||
      this.box.settle(nowMs) ||
      this.settleSwitch(nowMs)
    ) {
      // Each pass hands on one output; the loop ends when no part has anything to say.
    }
    this.box.settleLights();
  }

  private settleSip(nowMs: number): boolean {
    const { sip } = this;
    if (sip === undefined) return false;
    const news = sip.poll();
    if (news !== undefined) this.handleSipNews(news, nowMs);
    return news !== undefined || sip.settle(nowMs) || this.settleLegs(sip.legs, nowMs);
  }

  private handleSipNews(news: SipNews, nowMs: number): void {
    if (news.type === 'messages') {
      this.showMessages(nowMs);
      return;
    }
    if (news.type === 'security') {
      const from = formatAddress(news.from);
      this.tell('security', news.event, 'warn', whatSomebodyDid(news.event, from), { from, username: news.username });
      return;
    }
    if (news.type === 'adoption') {
      this.tell('security', news.what, 'info', news.message, news.details);
      return;
    }
    if (news.type === 'status') this.box.showLights();
    this.outputs.push(news);
  }

  private settleIax2(nowMs: number): boolean {
    const { iax2 } = this;
    const news = iax2.poll();
    if (news !== undefined) this.handleIax2News(news, nowMs);
    return news !== undefined || iax2.settle(nowMs) || this.settleLegs(iax2.legs, nowMs);
  }

  private handleIax2News(news: Iax2News, nowMs: number): void {
    if (news.type === 'security') {
      const { event, reason, from, username } = news;
      this.tell('security', event, 'warn', reason, { from: formatAddress(from), username });
    } else if (news.type === 'lookup') this.switch.handleLookup(news.id, news.exists, nowMs);
    else {
      if (news.type === 'status') {
        this.box.showLights();
        this.showMessages(nowMs);
      }
      this.outputs.push(news);
    }
  }

  private showMessages(nowMs: number): void {
    const messagesAt = (text: string) => {
      const mailbox = parseMailbox(text);
      const atTrunk = this.sip?.messagesAt(mailbox);
      return atTrunk === undefined
        ? (this.endpoint.peerStatus(mailbox.keeper)?.registration?.messages ?? null)
        : atTrunk;
    };
    const isOrderedAt = (telephone: string) => isOrdered(this.orders.of(telephone));
    this.lines.showMessages(messagesAt, isOrderedAt, nowMs);
    this.sip?.showMessages(messagesAt, nowMs);
  }

  private settlePlane(nowMs: number): boolean {
    const event = this.plane.poll();
    if (event === undefined) return false;
    if (event.type === 'voice-full-due' || event.type === 'video-full-due' || event.type === 'no-format')
      this.iax2.handleMedia(event, nowMs);
    else if (event.type === 'recorded') {
      const { room, payload, last } = event;
      const conference = this.switch.conferenceNumber(room) ?? String(room);
      this.outputs.push({ type: 'recorded', conference, payload, last });
    } else {
      this.lines.legs.handleMedia(event, nowMs);
      this.sip?.handleMedia(event);
    }
    return true;
  }

  private settleLegs(legs: Pick<ApplianceIax2['legs'], 'poll'>, nowMs: number): boolean {
    const output = legs.poll();
    if (output === undefined) return false;
    if (output.type === 'leg') this.switch.handleLegEvent(output.leg, output.event, nowMs);
    else this.switch.handleIncoming(output.call, nowMs);
    return true;
  }

  private settleLines(nowMs: number): boolean {
    const output = this.lines.legs.poll();
    if (output === undefined) return false;
    switch (output.type) {
      case 'leg':
        if (!this.box.handleLegEvent(output.leg, output.event, nowMs))
          this.switch.handleLegEvent(output.leg, output.event, nowMs);
        break;
      case 'incoming':
        if (this.numbers.asksForStatus(output.call)) this.box.answer(output.call.leg, nowMs);
        else this.switch.handleIncoming(output.call, nowMs);
        break;
      case 'hat':
        this.outputs.push(output);
        break;
      case 'line':
        this.lines.note(output.port, output.status, nowMs);
        this.box.showLights();
        this.outputs.push({ type: 'status' });
        break;
      case 'fault':
        this.outputs.push(faultHappening(output.port, output.fault));
        break;
      case 'abandoned':
        this.outputs.push(abandonedHappening(output.port));
        break;
    }
    return true;
  }

  private tell(...what: Parameters<typeof happened>): void {
    this.outputs.push(happened(...what));
  }

  private settleSwitch(nowMs: number): boolean {
    const output = this.switch.poll();
    if (output === undefined) return false;
    if (output.type === 'emergency') this.outputs.push(emergencyHappening(output));
    else this.outputs.push(output);
    if (output.type === 'orders') {
      this.showMessages(nowMs);
      this.outputs.push({ type: 'status' });
    }
    this.box.showLights();
    return true;
  }
}
