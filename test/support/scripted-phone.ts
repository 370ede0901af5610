import { createHash, randomBytes } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { decode, encode } from 'node-pcm-codecs';
import { utf8Decode } from '../../src/base/bytes.ts';
import type { Address } from '../../src/base/machine.ts';
import { parseChallenge } from '../../src/sip/digest.ts';
import { isMalformed } from '../../src/sip/malformed.ts';
import type { Message, Request, Response } from '../../src/sip/message.ts';
import { parseMessage } from '../../src/sip/parse.ts';
import { sine } from './signal.ts';
import { waitUntil } from './wait-until.ts';

/** What a make of phone does its own way; what is not told is done as the RFCs have it. */
export interface Habits {
  /** Parameters of Via; `;rport` unless told. */
  readonly via?: string;
  /** Contact as it writes it, `<sip:211@127.0.0.1:40000>` unless told. */
  readonly contact?: (user: string, sip: Address) => string;
  /** Header fields of every request. */
  readonly headers?: readonly string[];
  /** What it writes into Via and SDP in place of where it is: it does not know that there is a NAT. */
  readonly believes?: string;
}

export interface ScriptedPhoneOptions {
  readonly user: string;
  readonly secret: string;
  readonly server: Address;
  /** What it registers at, where that is not the address that it sends to. */
  readonly domain?: string;
  /** Where it is; 127.0.0.1 unless told. */
  readonly ip?: string;
  readonly habits?: Habits;
}

export interface OutgoingText {
  readonly method: string;
  /** Request-URI; the registrar or the far end's Contact unless told. */
  readonly uri?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly type?: string;
}

/** One dialog of the phone. */
export interface ScriptedCall {
  readonly callId: string;
  readonly local: string;
  remote: string;
  target: string;
  cseq: number;
}

/**
 * A SIP phone on a real socket that writes every message as the test says, digest and RTP apart, to play the makes that
 * are in the field. One call at a time.
 */
export class ScriptedPhone {
  readonly messages: Message[] = [];
  /** Everything as it came. */
  readonly texts: string[] = [];
  /** RTP goes where the far end's last SDP said. */
  private far: Address | undefined;
  private readonly heardCodes: Uint8Array[] = [];
  /** What came by RTP: payload types in order of arrival. */
  readonly payloadTypes: number[] = [];
  private timer: ReturnType<typeof setInterval> | undefined;
  private readonly stream = {
    sequence: randomBytes(2).readUInt16BE(0),
    timestamp: randomBytes(4).readUInt32BE(0),
    ssrc: randomBytes(4).readUInt32BE(0),
    /** A key is held: its events go in place of the voice. */
    isKeyed: false,
  };
  private taken = 0;

  private constructor(
    private readonly options: ScriptedPhoneOptions,
    private readonly signalling: Socket,
    private readonly media: Socket,
  ) {
    signalling.on('message', (bytes) => this.hear(bytes));
    media.on('message', (bytes) => {
      this.payloadTypes.push(bytes[1]! & 0x7f);
      if ((bytes[1]! & 0x7f) <= 8) this.heardCodes.push(new Uint8Array(bytes.subarray(12)));
    });
  }

  static async open(options: ScriptedPhoneOptions): Promise<ScriptedPhone> {
    const ip = options.ip ?? '127.0.0.1';
    return new ScriptedPhone(options, await bound(ip), await bound(ip));
  }

  get user(): string {
    return this.options.user;
  }

  get sip(): Address {
    return this.believed(this.signalling);
  }

  /** Where its RTP is, as far as it knows. */
  get rtp(): Address {
    return this.believed(this.media);
  }

  private get domain(): string {
    return this.options.domain ?? this.options.server.ip;
  }

  private believed(socket: Socket): Address {
    const { address, port } = socket.address();
    return { ip: this.options.habits?.believes ?? address, port };
  }

  /** Registers, proving itself; gives the last answer. */
  async register(expiresS = 300): Promise<Response> {
    const { user } = this.options;
    const own = `sip:${user}@${this.domain}`;
    const dialog = { callId: id(), local: `<${own}>;tag=${id()}`, remote: `<${own}>`, target: '', cseq: 0 };
    const headers = [`Expires: ${expiresS}`];
    return this.ask(dialog, { method: 'REGISTER', uri: `sip:${this.domain}`, headers });
  }

  /** Invites, proving itself; the call, and its final answer, which is acknowledged unless `sdpInAck` does it later. */
  async invite(
    number: string,
    body: string,
    headers: readonly string[] = [],
  ): Promise<{ readonly call: ScriptedCall; readonly answer: Response }> {
    const { user } = this.options;
    const call: ScriptedCall = {
      ...{ callId: id(), local: `<sip:${user}@${this.domain}>;tag=${id()}` },
      ...{ remote: `<sip:${number}@${this.domain}>`, target: `sip:${number}@${this.domain}`, cseq: 0 },
    };
    const answer = await this.ask(call, { method: 'INVITE', headers, body });
    if (answer.status < 300) {
      call.remote = answer.headers.get('To') ?? lineOf(this.texts.at(-1)!, 'To');
      call.target = /<([^>]+)>/.exec(answer.headers.get('Contact') ?? '')?.[1] ?? call.target;
      this.followSdp(answer);
    }
    return { call, answer };
  }

  /** A request, and again with a proof if that is asked for; gives the final answer. */
  async ask(call: ScriptedCall, request: OutgoingText): Promise<Response> {
    const uri = request.uri ?? call.target;
    const full = { ...request, uri };
    let branch = this.send(call, full);
    let answer = await this.final(call, request.method);
    if (answer.status === 401 || answer.status === 407) {
      if (request.method === 'INVITE') this.acknowledge(call, uri, branch);
      const challenge = parseChallenge(answer.headers.get('WWW-Authenticate') ?? '');
      if (challenge === undefined || isMalformed(challenge)) throw new Error('no challenge that it understands');
      const proof = this.proof(challenge.realm, challenge.nonce, request.method, uri);
      branch = this.send(call, { ...full, headers: [...(request.headers ?? []), proof] });
      answer = await this.final(call, request.method);
    }
    if (request.method === 'INVITE' && answer.status >= 300) this.acknowledge(call, uri, branch);
    return answer;
  }

  /** ACK of an answer that was 200; `body` is the answer to an offer in it. */
  confirm(call: ScriptedCall, body = ''): void {
    this.write(this.text(call, { method: 'ACK', uri: call.target, body }, call.cseq, `z9hG4bK${id()}`));
  }

  /** A request of its own; gives the branch. */
  send(call: ScriptedCall, request: OutgoingText & { readonly uri: string }): string {
    const branch = `z9hG4bK${id()}`;
    this.write(this.text(call, request, ++call.cseq, branch));
    return branch;
  }

  /** The next request of that method that has not been taken yet. */
  async request(method: string, timeoutMs = 5_000): Promise<Request> {
    return this.next((one): one is Request => one.type === 'request' && one.method === method, method, timeoutMs);
  }

  async response(call: ScriptedCall, matches: (status: number) => boolean, what: string): Promise<Response> {
    const isIt = (one: Message): one is Response =>
      one.type === 'response' && one.callId === call.callId && one.cseq.number === call.cseq && matches(one.status);
    return this.next(isIt, what, 4_000);
  }

  /** Answers a request; `toTag` makes or names its dialog. */
  answer(request: Request, status: string, toTag: string, headers: readonly string[] = [], body = ''): void {
    const text = this.texts[this.messages.indexOf(request)]!;
    const to = lineOf(text, 'To');
    const lines = [
      `SIP/2.0 ${status}`,
      ...linesOf(text, 'Via'),
      `From: ${lineOf(text, 'From')}`,
      `To: ${to.includes('tag=') ? to : `${to};tag=${toTag}`}`,
      `Call-ID: ${request.callId}`,
      `CSeq: ${request.cseq.number} ${request.cseq.method}`,
      `Contact: ${this.contact()}`,
      ...headers,
    ];
    this.write(whole(lines, body, 'application/sdp'));
  }

  /** The dialog that an INVITE to us has made. */
  callOf(invite: Request, toTag: string): ScriptedCall {
    const text = this.texts[this.messages.indexOf(invite)]!;
    const target = /<([^>]+)>/.exec(lineOf(text, 'Contact'))?.[1] ?? '';
    const local = `${lineOf(text, 'To')};tag=${toTag}`;
    return { callId: invite.callId, local, remote: lineOf(text, 'From'), target, cseq: 100 };
  }

  /** Sends RTP from now on to where a message says. */
  followSdp(message: Message): void {
    const sdp = utf8Decode(message.body);
    const ip = /c=IN IP4 (\S+)/.exec(sdp)?.[1];
    const port = /m=audio (\d+)/.exec(sdp)?.[1];
    if (ip !== undefined && port !== undefined && port !== '0') this.far = { ip, port: Number(port) };
  }

  /** Says a tone until `silent`, in packets of that length. */
  speak(hz: number, { payloadType = 0, ptimeMs = 20 }: { payloadType?: number; ptimeMs?: number } = {}): void {
    this.silent();
    const samples = Int16Array.from(sine(hz, -10, 10_000));
    const codes = new Uint8Array(samples.length);
    encode(payloadType === 8 ? 'alaw' : 'ulaw', samples, codes);
    const length = ptimeMs * 8;
    let at = 0;
    this.timer = setInterval(() => {
      this.stream.timestamp = (this.stream.timestamp + length) >>> 0;
      this.spokenMs += ptimeMs;
      if (!this.stream.isKeyed) this.sendRtp(payloadType, false, codes.subarray(at, at + length));
      at = (at + length) % (codes.length - length);
    }, ptimeMs);
  }

  /** Sends a digit as telephone events in the place of its voice, with a payload type of the phone's own. [RFC4733] */
  async key(event: number, payloadType: number): Promise<void> {
    this.stream.isKeyed = true;
    const startTimestamp = this.stream.timestamp;
    for (let i = 1; i <= 8; i++) {
      const payload = Buffer.from([event, i >= 6 ? 0x8a : 0x0a, 0, 0]);
      payload.writeUInt16BE(Math.min(i, 6) * 160, 2);
      this.sendRtp(payloadType, i === 1, payload, startTimestamp);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    this.stream.isKeyed = false;
  }

  private sendRtp(
    payloadType: number,
    isMarked: boolean,
    payload: Uint8Array,
    timestamp: number = this.stream.timestamp,
  ): void {
    if (this.far === undefined) return;
    const packet = Buffer.alloc(12 + payload.length);
    packet[0] = 0x80;
    packet[1] = payloadType | (isMarked ? 0x80 : 0);
    packet.writeUInt16BE(this.stream.sequence++ & 0xffff, 2);
    packet.writeUInt32BE(timestamp, 4);
    packet.writeUInt32BE(this.stream.ssrc, 8);
    packet.set(payload, 12);
    this.media.send(packet, this.far.port, this.far.ip);
  }

  silent(): void {
    if (this.timer !== undefined) clearInterval(this.timer);
    this.timer = undefined;
  }

  /** The last so many ms that came by RTP. */
  heard(ms: number, law: 'ulaw' | 'alaw' = 'ulaw'): Int16Array {
    const codes = Buffer.concat(this.heardCodes).subarray(-ms * 8);
    const samples = new Int16Array(codes.length);
    decode(law, codes, samples);
    return samples;
  }

  /** For how many ms it has spoken. */
  spokenMs = 0;

  /** How many ms have come by RTP. */
  get heardMs(): number {
    return this.heardCodes.reduce((sum, { length }) => sum + length, 0) / 8;
  }

  write(text: string, to: Address = this.options.server): void {
    this.signalling.send(text.replaceAll(/\r?\n/g, '\r\n'), to.port, to.ip);
  }

  async close(): Promise<void> {
    this.silent();
    for (const socket of [this.signalling, this.media])
      await new Promise<void>((resolve) => socket.close(() => resolve()));
  }

  private hear(bytes: Uint8Array): void {
    const message = parseMessage(bytes);
    if (isMalformed(message)) return;
    this.messages.push(message);
    this.texts.push(utf8Decode(bytes));
    // What needs no thought is answered at once, as every phone does.
    if (message.type === 'request' && /^(?:OPTIONS|NOTIFY|BYE)$/.test(message.method))
      this.answer(message, '200 OK', id());
  }

  private async next<T extends Message>(isIt: (one: Message) => one is T, what: string, timeoutMs: number): Promise<T> {
    return waitUntil(
      `${what} at ${this.options.user}`,
      timeoutMs,
      () => {
        const index = this.messages.findIndex((one, at) => at >= this.taken && isIt(one));
        if (index < 0) return undefined;
        this.taken = index + 1;
        return this.messages[index] as T;
      },
      () => this.texts.slice(-6).join('\n---\n'),
    );
  }

  private final(call: ScriptedCall, method: string): Promise<Response> {
    return this.response(call, (status) => status >= 200, `the answer to ${method}`);
  }

  private acknowledge(call: ScriptedCall, uri: string, branch: string): void {
    const to = lineOf(this.texts.at(-1)!, 'To');
    this.write(this.text({ ...call, remote: to }, { method: 'ACK', uri }, call.cseq, branch));
  }

  private contact(): string {
    const { habits, user } = this.options;
    return habits?.contact?.(user, this.sip) ?? `<sip:${user}@${this.sip.ip}:${this.sip.port}>`;
  }

  private text(
    call: ScriptedCall,
    { method, uri, headers = [], body = '', type = 'application/sdp' }: OutgoingText,
    cseq: number,
    branch: string,
  ): string {
    const { habits } = this.options;
    const lines = [
      `${method} ${uri} SIP/2.0`,
      `Via: SIP/2.0/UDP ${this.sip.ip}:${this.sip.port};branch=${branch}${habits?.via ?? ';rport'}`,
      `From: ${call.local}`,
      `To: ${call.remote}`,
      `Call-ID: ${call.callId}`,
      `CSeq: ${cseq} ${method}`,
      `Contact: ${this.contact()}`,
      'Max-Forwards: 70',
      ...(habits?.headers ?? []),
      ...headers,
    ];
    return whole(lines, body, type);
  }

  /** [RFC2617 §3.2.2], written here so that the phone does not share a mistake with whom it proves itself to. */
  private proof(realm: string, nonce: string, method: string, uri: string): string {
    const { user, secret } = this.options;
    const md5 = (text: string) => createHash('md5').update(text).digest('hex');
    const cnonce = id();
    const response = md5(
      `${md5(`${user}:${realm}:${secret}`)}:${nonce}:00000001:${cnonce}:auth:${md5(`${method}:${uri}`)}`,
    );
    return `Authorization: Digest username="${user}", realm="${realm}", nonce="${nonce}", uri="${uri}", response="${response}", algorithm=MD5, cnonce="${cnonce}", qop=auth, nc=00000001`;
  }
}

export interface SdpOptions {
  readonly formats?: string;
  readonly attributes?: readonly string[];
  /** Of `c=`, where not that of the phone. */
  readonly ip?: string;
  readonly port?: number;
  readonly version?: number;
}

/** A session description of one audio stream. */
export function sdpOf(rtp: Address, options: SdpOptions = {}): string {
  const { formats = '0 8 101', ip = rtp.ip, port = rtp.port, version = 1 } = options;
  const { attributes = ['rtpmap:101 telephone-event/8000', 'fmtp:101 0-15', 'ptime:20', 'sendrecv'] } = options;
  const lines = ['v=0', `o=- 20 ${version} IN IP4 ${rtp.ip}`, 's=-', `c=IN IP4 ${ip}`, 't=0 0'];
  return `${[...lines, `m=audio ${port} RTP/AVP ${formats}`, ...attributes.map((one) => `a=${one}`)].join('\r\n')}\r\n`;
}

function whole(lines: readonly string[], body: string, type: string): string {
  const typed = body === '' ? [] : [`Content-Type: ${type}`];
  return [...lines, ...typed, `Content-Length: ${Buffer.byteLength(body)}`, '', body].join('\r\n');
}

function id(): string {
  return randomBytes(6).toString('hex');
}

function linesOf(text: string, name: string): string[] {
  return text.split('\r\n').filter((line) => line.toLowerCase().startsWith(`${name.toLowerCase()}:`));
}

function lineOf(text: string, name: string): string {
  const [line = ''] = linesOf(text, name);
  return line.slice(line.indexOf(':') + 1).trim();
}

async function bound(ip: string): Promise<Socket> {
  const socket = createSocket('udp4');
  await new Promise<void>((resolve, reject) => {
    socket.once('error', reject);
    socket.bind({ address: ip, port: 0 }, resolve);
  });
  socket.on('error', () => {});
  return socket;
}
