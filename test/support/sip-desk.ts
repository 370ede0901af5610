import { utf8Decode, utf8Encode } from '../../src/base/bytes.ts';
import type { Address } from '../../src/base/machine.ts';
import { Credentials } from '../../src/sip/credentials.ts';
import { Dialog } from '../../src/sip/dialog.ts';
import { HeaderFields } from '../../src/sip/header-field.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import { makeResponse, type Request, type Response } from '../../src/sip/message.ts';
import { formatNameAddr, nameAddr } from '../../src/sip/name-addr.ts';
import type { OutgoingRequest } from '../../src/sip/transaction-layer.ts';
import { sipUri } from '../../src/sip/uri.ts';
import { seededCrypto } from './iax2-world.ts';
import type { Network } from './network.ts';
import { SipStation } from './sip-station.ts';

/** Telephone 211 on a simulated network: it proves itself, subscribes, and keeps what it was told of its messages. */
export class SipDesk {
  readonly notified: Request[] = [];
  /** What it says to a NOTIFY; nothing at all if undefined. */
  answers: number | undefined = 200;
  /** Where it sends calls: the Contacts of a 302. */
  forwardsTo: readonly string[] = [];
  readonly invited: Request[] = [];
  /** Every method that it was asked for, in order. */
  readonly asked: string[] = [];
  private readonly credentials = new Credentials(seededCrypto(7), '211', { password: 'secret 211' });
  private readonly station: SipStation;
  private sequence = 1;

  constructor(
    private readonly network: Network,
    readonly address: Address,
    private readonly server: Address,
  ) {
    this.station = new SipStation(network, address, address.port);
    this.station.onRequest = (transaction, nowMs) => {
      const { request } = transaction;
      const isNotify = request.method === 'NOTIFY';
      if (isNotify) this.notified.push(request);
      this.asked.push(request.method);
      if (request.method === 'INVITE') this.invited.push(request);
      const isForwarded = request.method === 'INVITE' && this.forwardsTo.length > 0;
      const status = isNotify ? this.answers : isForwarded ? 302 : 200;
      const headers = isForwarded ? this.forwardsTo.map((contact) => ['Contact', contact] as const) : [];
      const response = makeResponse(request, status ?? 200, { toTag: 'desk', headers });
      if (status !== undefined) this.station.layer.respond(transaction, response, nowMs);
    };
  }

  register(callId = 'boot-1'): Response {
    return this.ask('REGISTER', [['Expires', '600']], { callId });
  }

  subscribe(headers: Readonly<Record<string, string>> = {}, parts: Partial<OutgoingRequest> = {}): Response {
    const all = { Event: 'message-summary', Expires: '600', ...headers };
    return this.ask('SUBSCRIBE', Object.entries(all), { callId: `subscription-${this.sequence}`, ...parts });
  }

  /** Calls, with header fields of its own; a 2xx is acknowledged. */
  invite(number: string, headers: readonly (readonly [string, string])[]): Response {
    const { ip, port } = this.address;
    const lines = [`o=- 1 1 IN IP4 ${ip}`, 's=-', `c=IN IP4 ${ip}`, 't=0 0', 'm=audio 4000 RTP/AVP 0'];
    const body = utf8Encode(`v=0\r\n${lines.join('\r\n')}\r\n`);
    const to = sipUri({ host: this.server.ip, port: this.server.port, user: number });
    const callId = `call-${this.sequence}@${port}`;
    const all = [['Content-Type', 'application/sdp'] as const, ...headers];
    return this.ask('INVITE', all, { uri: to, to: nameAddr(to), callId, body });
  }

  /** Asks the same again within the dialog that a response made. */
  resubscribe({ callId, to }: Response, headers: Readonly<Record<string, string>>): Response {
    return this.subscribe(headers, { callId, to });
  }

  /** What the last NOTIFY said, and how many there were. */
  get told(): readonly [count: number, state: string, body: string] {
    const last = this.notified.at(-1);
    return [
      this.notified.length,
      last?.headers.get('Subscription-State') ?? '',
      utf8Decode(last?.body ?? new Uint8Array()),
    ];
  }

  private acknowledge(request: OutgoingRequest, response: Response): void {
    const hop = { transport: 'udp', ...this.server } as const;
    const dialog = Dialog.ofResponse(request, response, hop);
    if (!isMalformed(dialog)) this.station.layer.sendAck(dialog.ack(request.cseq.number), hop);
  }

  private ask(
    method: string,
    headers: readonly (readonly [string, string])[],
    parts: Partial<OutgoingRequest>,
  ): Response {
    const own = sipUri({ host: this.server.ip, user: '211' });
    const contact = formatNameAddr(nameAddr(sipUri({ host: this.address.ip, port: this.address.port, user: '211' })));
    const tag = `desk-${this.address.port}`;
    const make = (): OutgoingRequest =>
      this.station.request(method, this.server, {
        from: nameAddr(own, undefined, new Map([['tag', tag]])),
        to: nameAddr(own),
        headers: new HeaderFields([['Max-Forwards', '70'], ['Contact', contact], ...headers]),
        cseq: { number: ++this.sequence, method },
        ...parts,
      });
    let answer: Response | undefined;
    const send = (request: OutgoingRequest): void => {
      this.credentials.authorise(request);
      const handleResponse = (response: Response) => {
        if (response.status === 401 && this.credentials.handleChallenge(response, request.headers)) send(make());
        else if (response.status >= 200) {
          answer = response;
          if (method === 'INVITE' && response.status < 300) this.acknowledge(request, response);
        }
      };
      const user = { handleResponse, handleFailure: () => {} };
      this.station.layer.send(request, { transport: 'udp', ...this.server }, user, this.network.nowMs);
      this.station.host.drain();
    };
    send(make());
    this.network.runFor(500);
    if (answer === undefined) throw new Error(`${method} was not answered`);
    return answer;
  }
}
