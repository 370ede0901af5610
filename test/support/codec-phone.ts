import { utf8Encode } from '../../src/base/bytes.ts';
import type { Address } from '../../src/base/machine.ts';
import { Credentials } from '../../src/sip/credentials.ts';
import { Dialog } from '../../src/sip/dialog.ts';
import { HeaderFields } from '../../src/sip/header-field.ts';
import { InviteServerTransaction } from '../../src/sip/invite-server-transaction.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { type Message, makeResponse, type Request, type Response } from '../../src/sip/message.ts';
import { formatNameAddr, nameAddr } from '../../src/sip/name-addr.ts';
import { type MediaDescription, parseSdp, SDP_TYPE } from '../../src/sip/sdp.ts';
import type { OutgoingRequest, ServerTransaction } from '../../src/sip/transaction-layer.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Network } from './network.ts';
import { SipStation } from './sip-station.ts';

type Headers = readonly (readonly [string, string])[];

/** Where its RTP is, at its own address. */
export const PHONE_RTP_PORT = 4_000;

/**
 * A SIP telephone as most are: it offers all its codecs in its order, answers with the first of an offer that it has, and
 * takes every offer anew. Codecs are named by their payload types: `9 0 8`.
 */
export class CodecPhone {
  /** What the voice goes by, as both have said last. */
  codec = '';
  /** The codecs of every offer that came, and of every answer, in order. */
  readonly offered: string[] = [];
  readonly answered: string[] = [];
  /** What it says to its own requests' end, and how calls to it ended. */
  readonly statuses: number[] = [];
  /** Where the office wants its RTP. */
  officeRtp: Address | undefined;
  /** How long it rings; undefined: nobody answers. */
  ringMs: number | undefined = 100;
  /** Another offer in a call is refused with that. */
  refusesWith: number | undefined;
  isUp = false;
  private readonly station: SipStation;
  private readonly credentials: Credentials;
  private dialog: Dialog | undefined;
  private sequence = 1;
  private readonly due: { readonly atMs: number; readonly task: (nowMs: number) => void }[] = [];

  constructor(
    private readonly network: Network,
    readonly address: Address,
    private readonly server: Address,
    private readonly user: string,
    /** Lines of `m=audio`: `9 0 8`. */
    public codecs: string,
    /** `a=rtpmap:…` and what else is to be said of them. */
    private readonly attributes: readonly string[] = [],
  ) {
    this.credentials = new Credentials(seededCrypto(Number(user)), user, { password: `secret ${user}` });
    this.station = new SipStation(network, address, Number(user));
    this.station.onRequest = (transaction, nowMs) => this.handleRequest(transaction, nowMs);
    this.station.tenants.push({
      handleTimeout: (nowMs) => {
        for (const one of this.due.filter(({ atMs }) => atMs <= nowMs)) {
          this.due.splice(this.due.indexOf(one), 1);
          one.task(nowMs);
        }
      },
      nextDeadline: () => (this.due.length === 0 ? undefined : Math.min(...this.due.map(({ atMs }) => atMs))),
    });
    this.ask('REGISTER', [['Expires', '600']], {});
  }

  call(number: string): void {
    const to = sipUri({ host: this.server.ip, port: this.server.port, user: number });
    this.ask('INVITE', [['Content-Type', SDP_TYPE]], { uri: to, to: nameAddr(to), body: this.sdp(this.codecs) });
  }

  /** Offers anew within the call, with another direction or other codecs. */
  offer(direction: string, codecs = this.codecs): void {
    const body = { type: SDP_TYPE, bytes: this.sdp(codecs, direction) };
    this.inDialog('INVITE', [['Contact', this.contact]], body);
  }

  transferTo(number: string): void {
    const target = formatNameAddr(nameAddr(sipUri({ host: this.server.ip, user: number })));
    this.inDialog('REFER', [
      ['Refer-To', target],
      ['Contact', this.contact],
    ]);
  }

  /** A hook flash, as telephones without a key of their own send it. */
  flash(): void {
    this.inDialog('INFO', [], { type: 'application/hook-flash', bytes: utf8Encode('') });
  }

  digit(digit: string): void {
    this.inDialog('INFO', [], {
      type: 'application/dtmf-relay',
      bytes: utf8Encode(`Signal=${digit}\r\nDuration=100\r\n`),
    });
  }

  hangUp(): void {
    this.isUp = false;
    this.inDialog('BYE', []);
  }

  private get contact(): string {
    return formatNameAddr(nameAddr(sipUri({ host: this.address.ip, port: this.address.port, user: this.user })));
  }

  private handleRequest(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const isFirst = request.to.parameters.get('tag') === undefined;
    if (request.method === 'BYE') this.isUp = false;
    if (!(transaction instanceof InviteServerTransaction)) this.respond(transaction, 200, nowMs);
    else if (!isFirst && this.refusesWith !== undefined) this.respond(transaction, this.refusesWith, nowMs);
    else if (isFirst) {
      this.respond(transaction, 180, nowMs);
      if (this.ringMs !== undefined)
        this.due.push({ atMs: nowMs + this.ringMs, task: (atMs) => this.answer(transaction, atMs) });
    } else this.answer(transaction, nowMs);
  }

  private answer(transaction: InviteServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const voice = voiceOf(request);
    this.offered.push(codecsOf(voice));
    const own = this.codecs.split(' ');
    const chosen = voice?.formats.find((format) => own.includes(format));
    if (chosen === undefined) {
      this.respond(transaction, 488, nowMs);
      return;
    }
    const dialog = Dialog.ofRequest(request, `to-${this.user}`, transaction.from);
    if (isMalformed(dialog)) throw new Error(dialog.reason);
    this.dialog ??= dialog;
    this.isUp = true;
    this.note(request, chosen);
    const direction = voice!.attributes.some(([name]) => name === 'sendonly') ? 'recvonly' : 'sendrecv';
    this.respond(transaction, 200, nowMs, { type: SDP_TYPE, bytes: this.sdp(chosen, direction) });
  }

  private respond(
    transaction: ServerTransaction,
    status: number,
    nowMs: number,
    body?: { readonly type: string; readonly bytes: Uint8Array },
  ): void {
    const headers = [['Contact', this.contact]] as const;
    const response = makeResponse(transaction.request, status, { toTag: `to-${this.user}`, headers, body });
    this.station.layer.respond(transaction, response, nowMs);
    this.station.host.drain();
  }

  private inDialog(
    method: string,
    headers: Headers,
    body?: { readonly type: string; readonly bytes: Uint8Array },
  ): void {
    const { dialog } = this;
    if (dialog === undefined) throw new Error(`${this.user} has no call`);
    const request = dialog.request(method, { headers, body });
    const handleResponse = (response: Response) => {
      if (response.status < 200) return;
      this.statuses.push(response.status);
      if (method !== 'INVITE' || response.status >= 300) return;
      this.station.layer.sendAck(dialog.ack(request.cseq.number), dialog.hop);
      this.answered.push(codecsOf(voiceOf(response)));
      this.note(response, voiceOf(response)?.formats[0] ?? '');
    };
    this.station.layer.send(request, dialog.hop, { handleResponse, handleFailure: () => {} }, this.network.nowMs);
    this.station.host.drain();
  }

  private ask(method: string, headers: Headers, parts: Partial<OutgoingRequest>): void {
    const own = sipUri({ host: this.server.ip, user: this.user });
    const hop = { transport: 'udp', ...this.server } as const;
    const callId = `${method}-${this.address.ip}-${this.sequence}`;
    const make = (): OutgoingRequest =>
      this.station.request(method, this.server, {
        from: nameAddr(own, undefined, new Map([['tag', `tag-${this.user}-${callId}`]])),
        to: nameAddr(own),
        callId,
        headers: new HeaderFields([['Max-Forwards', '70'], ['Contact', this.contact], ...headers]),
        cseq: { number: ++this.sequence, method },
        ...parts,
      });
    const send = (request: OutgoingRequest): void => {
      this.credentials.authorise(request);
      const handleResponse = (response: Response) => {
        if (response.status === 401 && this.credentials.handleChallenge(response, request.headers)) send(make());
        else if (method === 'INVITE') this.handleInvited(request, response);
      };
      this.station.layer.send(request, hop, { handleResponse, handleFailure: () => {} }, this.network.nowMs);
      this.station.host.drain();
    };
    send(make());
  }

  private handleInvited(request: OutgoingRequest, response: Response): void {
    if (response.status >= 300) this.statuses.push(response.status);
    const voice = voiceOf(response);
    if (voice !== undefined) {
      this.answered.push(codecsOf(voice));
      this.note(response, voice.formats[0]!);
    }
    if (response.status < 200 || response.status >= 300) return;
    const dialog = Dialog.ofResponse(request, response, { transport: 'udp', ...this.server });
    if (isMalformed(dialog)) throw new Error(dialog.reason);
    this.dialog = dialog;
    this.isUp = true;
    this.station.layer.sendAck(dialog.ack(request.cseq.number), dialog.hop);
  }

  private note(message: Message, codec: string): void {
    this.codec = codec;
    const description = parseSdp(message.body);
    const port = voiceOf(message)?.port;
    if (!isMalformed(description) && port !== undefined) this.officeRtp = { ip: description.connection ?? '', port };
  }

  private sdp(codecs: string, direction = 'sendrecv'): Uint8Array {
    const { ip } = this.address;
    const lines = [
      'v=0',
      `o=- 1 ${++this.sequence} IN IP4 ${ip}`,
      's=-',
      `c=IN IP4 ${ip}`,
      't=0 0',
      `m=audio ${PHONE_RTP_PORT} RTP/AVP ${codecs} 101`,
      ...this.attributes,
      'a=rtpmap:101 telephone-event/8000',
      `a=${direction}`,
      '',
    ];
    return utf8Encode(lines.join('\r\n'));
  }
}

function voiceOf({ body }: Message | Request): MediaDescription | undefined {
  const description = body.length === 0 ? undefined : parseSdp(body);
  return description === undefined || isMalformed(description)
    ? undefined
    : description.media.find(({ kind }) => kind === 'audio');
}

/** Without digits and comfort noise, which are no codecs. */
function codecsOf(voice: MediaDescription | undefined): string {
  return (voice?.formats ?? []).filter((format) => format !== '101' && format !== '13').join(' ');
}
