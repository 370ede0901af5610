import { BRANCH } from './branch-office.ts';
import type { SippStep } from './sipp.ts';

/** Where SIPp calls: the branch under test. */
export const SIPP_SERVER = `${BRANCH}:5060`;
/** Who it is there as a phone. */
const USER = '211';
/** The proof for a challenge that came, in this call or before. */
export const SIPP_PROOF = `[authentication username=${USER} password=secret-${USER}]`;

/** Media of no codec but µ-law; nobody is at that port. */
export function sippSdp(version = 1, direction = 'sendrecv'): string {
  return `v=0
o=- 1 ${version} IN IP[local_ip_type] [local_ip]
s=-
c=IN IP[media_ip_type] [media_ip]
t=0 0
m=audio 40000 RTP/AVP 0
a=rtpmap:0 PCMU/8000
a=${direction}`;
}

interface RequestParts {
  readonly headers?: readonly string[];
  readonly body?: string;
  readonly isInDialog?: true;
  /** Of the message to which this one belongs, counted back: CANCEL, and the ACK of a refusal, have their INVITE's. */
  readonly branchOf?: number;
}

/** A request of the phone as SIPp is to write it. */
export function sippRequest(method: string, number: string, cseq: number, parts: RequestParts = {}): string {
  const { headers = [], body = '', isInDialog, branchOf } = parts;
  const branch = branchOf === undefined ? '[branch]' : `[branch-${branchOf}]`;
  const to = method === 'ACK' && branchOf !== undefined ? '[last_To:]' : `To: <sip:${number}@${SIPP_SERVER}>`;
  const lines = [
    `${method} ${isInDialog ? '[next_url]' : `sip:${number}@${SIPP_SERVER}`} SIP/2.0`,
    `Via: SIP/2.0/[transport] [local_ip]:[local_port];branch=${branch}`,
    `From: <sip:${USER}@[local_ip]:[local_port]>;tag=[pid]a[call_number]`,
    `${to}${isInDialog ? '[peer_tag_param]' : ''}`,
    'Call-ID: [call_id]',
    `CSeq: ${cseq} ${method}`,
    `Contact: <sip:${USER}@[local_ip]:[local_port];transport=[transport]>`,
    'Max-Forwards: 70',
    ...headers,
  ];
  return written(lines, body);
}

/** Calls with a proof, as a phone does after it was challenged; the call's messages go on with CSeq 2. */
export function sippInvite(number: string, headers: readonly string[] = []): SippStep[] {
  const body = sippSdp();
  return [
    { send: sippRequest('INVITE', number, 1, { body, headers }) },
    { receive: 100, optional: true },
    { receive: 401, auth: true },
    { send: sippRequest('ACK', number, 1, { branchOf: 3 }) },
    { send: sippRequest('INVITE', number, 2, { body, headers: [SIPP_PROOF, ...headers] }) },
    { receive: 100, optional: true },
  ];
}

/** The user's phone is where this SIPp is; another one on the same port is called there. */
export function sippRegister(): SippStep[] {
  return [
    { send: sippRequest('REGISTER', USER, 1) },
    { receive: 401, auth: true },
    { send: sippRequest('REGISTER', USER, 2, { headers: [SIPP_PROOF] }) },
    { receive: 200 },
  ];
}

export const SIPP_ANSWERED: SippStep = { receive: 200, routes: true };

export function sippInDialog(
  method: string,
  number: string,
  cseq: number,
  parts: Omit<RequestParts, 'isInDialog'> = {},
): SippStep {
  return { send: sippRequest(method, number, cseq, { ...parts, isInDialog: true }) };
}

/** The call is hung up, and that is answered. */
export function sippBye(number: string, cseq: number): SippStep[] {
  return [sippInDialog('BYE', number, cseq), { receive: 200 }];
}

/** An INVITE comes in; `sippAnswer` answers it, whatever comes between. */
export const SIPP_INVITED: SippStep = {
  receive: 'INVITE',
  keep: { via: 'Via:', from: 'From:', to: 'To:', cseq: 'CSeq:' },
};

interface AnswerParts {
  readonly tag?: string;
  readonly headers?: readonly string[];
  readonly body?: string;
}

/** Answers the INVITE that came in: `180 Ringing`. Answers with different tags are those of different phones. */
export function sippAnswer(status: string, { tag = 'one', headers = [], body = '' }: AnswerParts = {}): SippStep {
  const lines = [`SIP/2.0 ${status}`, 'Via:[$via]', 'From:[$from]', `To:[$to];tag=${tag}`, 'Call-ID: [call_id]'];
  const contact = `Contact: <sip:${tag}@[local_ip]:[local_port]>`;
  return { send: written([...lines, 'CSeq:[$cseq]', contact, ...headers], body) };
}

/** Answers the request that came last, within its dialog. */
export function sippConfirm(status = '200 OK'): SippStep {
  const echo = ['[last_Via:]', '[last_From:]', '[last_To:]', '[last_Call-ID:]', '[last_CSeq:]'];
  return { send: written([`SIP/2.0 ${status}`, ...echo], '') };
}

function written(lines: readonly string[], body: string): string {
  const type = body === '' ? [] : ['Content-Type: application/sdp'];
  return [...lines, ...type, `Content-Length: ${body === '' ? '0' : '[len]'}`, '', body].join('\n');
}
