import { parseIp } from '../base/ip.ts';
import { HeaderFields } from './header-field.ts';
import type { Hop } from './hop.ts';
import { isMalformed, type Malformed } from './malformed.ts';
import { addressesOf, contactsOf, type Message, NO_BODY, type Request, type Response } from './message.ts';
import { formatNameAddr, type NameAddr, nameAddr, tagOf, withTag } from './name-addr.ts';
import type { OutgoingRequest } from './transaction-layer.ts';
import { isSipUri, type Uri } from './uri.ts';

export interface RequestParts {
  readonly headers?: Iterable<readonly [name: string, value: string]>;
  readonly body?: { readonly type: string; readonly bytes: Uint8Array } | undefined;
}

interface DialogParts {
  readonly callId: string;
  /** With their tags; the remote one may have none, as RFC 2543 allows. */
  readonly local: NameAddr;
  readonly remote: NameAddr;
  readonly routes: readonly NameAddr[];
  readonly target: Uri;
  readonly localSequence: number;
  readonly remoteSequence: number | undefined;
  /** Where the far end was last heard from: what a NAT in between lets through. */
  readonly flow: Hop;
}

/** A peer-to-peer relation between two user agents. [RFC3261 §12] */
export class Dialog {
  readonly callId: string;
  readonly local: NameAddr;
  readonly remote: NameAddr;
  /** In the order in which requests pass them. */
  readonly routes: readonly NameAddr[];
  private target: Uri;
  private localSequence: number;
  private remoteSequence: number | undefined;

  private constructor(
    parts: DialogParts,
    readonly flow: Hop,
  ) {
    this.callId = parts.callId;
    this.local = parts.local;
    this.remote = parts.remote;
    this.routes = parts.routes;
    this.target = parts.target;
    this.localSequence = parts.localSequence;
    this.remoteSequence = parts.remoteSequence;
  }

  /** Of a response to our request, at the caller's end. [RFC3261 §12.1.2] */
  static ofResponse(request: OutgoingRequest, response: Response, flow: Hop): Dialog | Malformed {
    const routes = addressesOf(response.headers, 'Record-Route');
    if (isMalformed(routes)) return routes;
    const { callId, from, cseq } = request;
    const target = targetOf(response) ?? request.uri;
    const sequences = { localSequence: cseq.number, remoteSequence: undefined };
    return new Dialog(
      { callId, local: from, remote: response.to, routes: routes.reverse(), target, ...sequences, flow },
      flow,
    );
  }

  /** Of a request that we answer with `localTag`. [RFC3261 §12.1.1] */
  static ofRequest(request: Request, localTag: string, flow: Hop): Dialog | Malformed {
    const routes = addressesOf(request.headers, 'Record-Route');
    if (isMalformed(routes)) return routes;
    const { callId, from, to, cseq } = request;
    // A client of RFC 2543 sends no Contact; its From is what there is.
    const target = targetOf(request) ?? from.uri;
    const sequences = { localSequence: 0, remoteSequence: cseq.number };
    return new Dialog({ callId, local: withTag(to, localTag), remote: from, routes, target, ...sequences, flow }, flow);
  }

  /** What it is known by among dialogs. */
  get key(): string {
    return dialogKey(this.callId, tagOf(this.local) ?? '', tagOf(this.remote) ?? '');
  }

  /** Where its requests go. A target that only means something behind a NAT is no place to send to. [RFC3261 §12.2.1.1] */
  get hop(): Hop {
    const { flow } = this;
    const next = this.routes[0]?.uri ?? this.target;
    if (flow.transport !== 'udp' || !isSipUri(next) || parseIp(next.host) === undefined || isPrivate(next.host))
      return flow;
    return { transport: 'udp', ip: next.host, port: next.port ?? 5060 };
  }

  /** The next request of ours. */
  request(method: string, parts: RequestParts = {}): OutgoingRequest {
    return this.make(method, ++this.localSequence, parts);
  }

  /** The ACK of a 2xx has the sequence number of its INVITE. [RFC3261 §13.2.2.4] */
  ack(sequence: number, parts: RequestParts = {}): OutgoingRequest {
    return this.make('ACK', sequence, parts);
  }

  /** Whether a request of theirs is later than those before; notes it if it is. [RFC3261 §12.2.2] */
  takes({ cseq }: Request): boolean {
    if (this.remoteSequence !== undefined && cseq.number <= this.remoteSequence) return false;
    this.remoteSequence = cseq.number;
    return true;
  }

  /** A request or response that moves the far end to another Contact. [RFC3261 §12.2.1.2] */
  refreshTarget(message: Message): void {
    this.target = targetOf(message) ?? this.target;
  }

  private make(method: string, sequence: number, parts: RequestParts): OutgoingRequest {
    const headers = new HeaderFields([['Max-Forwards', '70']]);
    const [first] = this.routes;
    // A proxy of RFC 2543 wants the next stop as Request-URI and ours at the end.
    const isStrict = first !== undefined && isSipUri(first.uri) && !first.uri.parameters.has('lr');
    const route = isStrict ? [...this.routes.slice(1), nameAddr(this.target)] : this.routes;
    for (const stop of route) headers.add('Route', formatNameAddr(stop));
    for (const [name, value] of parts.headers ?? []) headers.add(name, value);
    if (parts.body !== undefined) headers.set('Content-Type', parts.body.type);
    return {
      method,
      uri: isStrict ? first.uri : this.target,
      from: this.local,
      to: this.remote,
      callId: this.callId,
      cseq: { number: sequence, method },
      headers,
      body: parts.body?.bytes ?? NO_BODY,
    };
  }
}

export function dialogKey(callId: string, localTag: string, remoteTag: string): string {
  return `${callId}|${localTag}|${remoteTag}`;
}

function targetOf({ headers }: Message): Uri | undefined {
  const contacts = contactsOf(headers);
  return contacts === '*' || isMalformed(contacts) ? undefined : contacts[0]?.uri;
}

const PRIVATE =
  /^(10\.|127\.|169\.254\.|192\.168\.|172\.(1[6-9]|2\d|3[01])\.|100\.(6[4-9]|[7-9]\d|1[01]\d|12[0-7])\.|0\.|f[cd][0-9a-f]{2}:|fe80:|::1?$)/;

function isPrivate(ip: string): boolean {
  return PRIVATE.test(ip);
}
