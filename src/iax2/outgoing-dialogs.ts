import { parseIp } from '../base/ip.ts';
import type { Address } from '../base/machine.ts';
import type { Credentials } from './authentication.ts';
import type { Call, CallFailure, PlaceCall } from './call.ts';
import type { CallLedger } from './call-ledger.ts';
import type { Dialog, Surroundings } from './dialog.ts';
import type { DialogTable } from './dialog-table.ts';
import { atPort, DEFAULT_PORT, type HostAddress } from './host-names.ts';
import type { KnownPeer } from './known-peer.ts';
import { LookupDialog } from './lookup-dialog.ts';
import { type FormatName, formatOf, isAudio } from './media-format.ts';
import { OutgoingCallLeg } from './outgoing-call-leg.ts';
import type { PeerTable } from './peer-table.ts';
import { RegistrationDialog, type RegistrationOutcome } from './registration-dialog.ts';
import type { OpenLookup } from './remote-dialplan.ts';
import { IAX_SUBCLASS } from './subclass.ts';
import { admittedContext } from './user-selection.ts';

/** For a call to a host that is no configured peer. */
const DEFAULT_CODECS: readonly FormatName[] = ['ulaw', 'alaw'];
const UNKNOWN_ADDRESS: Address = { ip: '', port: 0 };
const NO_NUMBER = 'No call number is free.';

/** Where a call goes: a host, and its address if it is known. */
interface Target {
  readonly host: string;
  /** As told; undefined where nobody said one. */
  readonly port: number | undefined;
  readonly address: Address | undefined;
}

export interface OutgoingDialogsEnvironment {
  readonly around: Surroundings;
  readonly dialogs: DialogTable;
  readonly calls: CallLedger;
  readonly peers: PeerTable;
}

/** The dialogs that we begin: calls, registrations, lookups. */
export class OutgoingDialogs {
  /** Calls that wait for their host's address. */
  private readonly waiting = new Map<OutgoingCallLeg, Target>();

  constructor(private readonly environment: OutgoingDialogsEnvironment) {}

  placeCall(request: PlaceCall, nowMs: number): Call | CallFailure {
    const { peers, dialogs, calls, around } = this.environment;
    const peer = peers.get(request.peer);
    const target = peer === undefined ? hostTarget(request.peer) : this.peerTarget(peer, nowMs, request);
    if ('failed' in target) return target;
    const config = peer?.config;
    const allowed = request.codecs ?? config?.codecs ?? DEFAULT_CODECS;
    const codecs = allowed.filter((codec) => request.fits?.(codec) ?? true);
    if (!codecs.some((codec) => isAudio(formatOf(codec))))
      return {
        failed: 'bearer-unavailable',
        reason: `None of the codecs of ${request.peer} fits the other end of the call.`,
      };
    const reliable = dialogs.allot(target.address ?? UNKNOWN_ADDRESS, request.stream, nowMs, target.host);
    if (reliable === undefined) return { failed: 'no-circuit', reason: NO_NUMBER };
    const ownId = peer === undefined || peer.isPhone ? undefined : config?.callerId;
    const caller = request.caller.number === '' && ownId !== undefined ? ownId : request.caller;
    const options = {
      id: calls.nextId(),
      peer: request.peer,
      stream: request.stream,
      transfer: config?.transfer,
      admit: (context: string | undefined) => (config === undefined ? undefined : admittedContext(config, context)),
      request: { ...request, caller },
      username: request.username ?? config?.username,
      credentials: credentialsFor(peer, request.secret),
      codecs,
      encryption: config?.encryption,
      autokillMs: config?.autokillMs,
      trunk: config?.trunk,
    };
    const call = new OutgoingCallLeg(around, reliable, options, nowMs);
    calls.add(call, peer);
    dialogs.add(call);
    if (target.address !== undefined) call.start(target.address, nowMs);
    else {
      this.waiting.set(call, target);
      peers.hosts.refresh(target.host, 'call', nowMs, true);
    }
    dialogs.settle(call, nowMs);
    return call;
  }

  /** A host's addresses became known, none if it has none: calls that waited for it begin or fail. */
  handleResolved(host: string, addresses: readonly HostAddress[], nowMs: number): void {
    for (const [call, target] of [...this.waiting]) {
      if (target.host !== host) continue;
      this.waiting.delete(call);
      const [first] = atPort(addresses, target.port);
      if (first === undefined) call.failToResolve(`The name ${host} could not be resolved.`, nowMs);
      else call.start(first, nowMs);
      this.environment.dialogs.settle(call, nowMs);
    }
  }

  handleGone(dialog: Dialog): void {
    if (dialog instanceof OutgoingCallLeg) this.waiting.delete(dialog);
  }

  beginRegistration(
    peer: KnownPeer,
    kind: 'register' | 'release',
    to: Address,
    report: (outcome: RegistrationOutcome, nowMs: number) => void,
    nowMs: number,
  ): RegistrationDialog | undefined {
    const { dialogs, around } = this.environment;
    const reliable = dialogs.allot(to, undefined, nowMs);
    if (reliable === undefined) return undefined;
    const { config } = peer;
    const request = {
      subclass: kind === 'register' ? IAX_SUBCLASS.REGREQ : IAX_SUBCLASS.REGREL,
      username: config.username ?? config.name,
      refreshS: config.register?.refreshS ?? 60,
      credentials: credentialsFor(peer, undefined),
      report,
    };
    const dialog = new RegistrationDialog(around, reliable, request, nowMs);
    dialogs.add(dialog);
    dialogs.settle(dialog, nowMs);
    return dialog;
  }

  openLookup(...[request, answered, ended, nowMs]: Parameters<OpenLookup>): ReturnType<OpenLookup> {
    const { peers, dialogs, around } = this.environment;
    const peer = peers.get(request.peer);
    if (peer === undefined) return { failed: `There is no peer ${request.peer}.` };
    const target = this.peerTarget(peer, nowMs);
    if ('failed' in target) return { failed: target.reason };
    if (target.address === undefined) return { failed: `The address of ${request.peer} is not known yet.` };
    const reliable = dialogs.allot(target.address, undefined, nowMs);
    if (reliable === undefined) return { failed: NO_NUMBER };
    const { context } = request;
    const { username } = peer.config;
    const options = { context, username, credentials: credentialsFor(peer, undefined), answered, ended };
    const dialog = new LookupDialog(around, reliable, options, nowMs);
    dialogs.add(dialog);
    dialogs.settle(dialog, nowMs);
    return dialog;
  }

  /** Where a configured peer is, or why it cannot be called; known at once, so that the next route gets its turn. */
  private peerTarget(
    peer: KnownPeer,
    nowMs: number,
    { emergency = false, insist = false }: Pick<PlaceCall, 'emergency' | 'insist'> = {},
  ): Target | CallFailure {
    const { config, qualify, address } = peer;
    const { name, host, port } = config;
    if (config.type === 'user')
      return { failed: 'no-route', reason: `${name} is a user: it calls us, we do not call it.` };
    if (peer.isFull && !emergency) return { failed: 'no-circuit', reason: `${name} has as many calls as it may have.` };
    if (address === undefined && peer.isDynamic)
      return { failed: 'destination-out-of-order', reason: `${name} is not registered here.` };
    if (qualify?.reachable === false && !insist)
      return { failed: 'destination-out-of-order', reason: qualify.reason ?? `${name} is unreachable.` };
    if (peer.hasName) {
      const { hosts } = this.environment.peers;
      if (address === undefined && !insist && hosts.isUnresolvable(host, nowMs))
        return { failed: 'destination-out-of-order', reason: `The name ${host} could not be resolved.` };
      hosts.refresh(host, 'call', nowMs);
    }
    return { host, port, address };
  }
}

/** Of several secrets the last is ours to use. */
function credentialsFor(peer: KnownPeer | undefined, secret: string | undefined): Credentials {
  const config = peer?.config;
  return { methods: config?.auth ?? ['md5'], secret: secret ?? config?.secrets.at(-1), outKey: config?.outKey };
}

/** A host that is no configured peer: `name`, `name:port`, `192.0.2.1:4569` or `[2001:db8::1]:4569`. */
function hostTarget(text: string): Target {
  const match = /^(?:\[([^\]]+)\]|([^:]+))(?::(\d{1,5}))?$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? text;
  const port = match?.[3] === undefined ? undefined : Number(match[3]);
  const address = parseIp(host) === undefined ? undefined : { ip: host, port: port ?? DEFAULT_PORT };
  return { host, port, address };
}
