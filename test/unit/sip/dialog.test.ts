import { describe, expect, it } from 'vitest';
import { utf8Encode } from '../../../src/base/bytes.ts';
import { Dialog } from '../../../src/sip/dialog.ts';
import type { Hop } from '../../../src/sip/hop.ts';
import { isMalformed } from '../../../src/sip/malformed.ts';
import type { Message } from '../../../src/sip/message.ts';
import { parseMessage } from '../../../src/sip/parse.ts';
import { formatUri } from '../../../src/sip/uri.ts';

const FLOW: Hop = { transport: 'udp', ip: '192.0.2.5', port: 5060 };

function message(start: string, ...more: string[]): Message {
  const method = start.startsWith('SIP') ? 'INVITE' : start.split(' ')[0];
  const lines = [
    start,
    'Via: SIP/2.0/UDP 192.0.2.5;branch=z9hG4bK1',
    'From: <sip:a@example.com>;tag=a',
    'To: <sip:b@example.com>;tag=b',
    'Call-ID: 1',
    `CSeq: 7 ${method}`,
    ...more,
  ];
  const parsed = parseMessage(utf8Encode(`${lines.join('\r\n')}\r\n\r\n`));
  if (isMalformed(parsed)) throw new Error(parsed.reason);
  return parsed;
}

const INVITE = message('INVITE sip:b@example.com SIP/2.0');

function ofResponse(flow: Hop, ...headers: string[]): Dialog {
  const response = message('SIP/2.0 200 OK', ...headers);
  if (INVITE.type !== 'request' || response.type !== 'response') throw new Error('not a call');
  const dialog = Dialog.ofResponse(INVITE, response, flow);
  if (isMalformed(dialog)) throw new Error(dialog.reason);
  return dialog;
}

function ofRequest(...headers: string[]): Dialog {
  const request = message('INVITE sip:b@example.com SIP/2.0', ...headers);
  if (request.type !== 'request') throw new Error('not a request');
  const dialog = Dialog.ofRequest(request, 'ours', FLOW);
  if (isMalformed(dialog)) throw new Error(dialog.reason);
  return dialog;
}

const CONTACT = 'Contact: <sip:b@192.0.2.77:5070>';

describe('a dialog', () => {
  it('of our request passes the proxies backwards, that of theirs forwards [RFC3261 §12.1]', () => {
    const routes = ['Record-Route: <sip:p1;lr>, <sip:p2;lr>', 'Record-Route: <sip:p3;lr>'];
    expect(
      ofResponse(FLOW, CONTACT, ...routes)
        .request('BYE')
        .headers.all('Route'),
    ).toEqual([...['<sip:p3;lr>', '<sip:p2;lr>', '<sip:p1;lr>']]);
    expect(
      ofRequest(CONTACT, ...routes)
        .request('BYE')
        .headers.all('Route'),
    ).toEqual([...['<sip:p1;lr>', '<sip:p2;lr>', '<sip:p3;lr>']]);
  });

  it('gives a strict router its own URI, and the target last [RFC3261 §12.2.1.1]', () => {
    const bye = ofRequest(CONTACT, 'Record-Route: <sip:old>, <sip:new;lr>').request('BYE');
    expect(formatUri(bye.uri)).toBe('sip:old');
    expect(bye.headers.all('Route')).toEqual(['<sip:new;lr>', '<sip:b@192.0.2.77:5070>']);
  });

  it('counts its own requests, and takes theirs in order only [RFC3261 §12.2.2]', () => {
    const dialog = ofResponse(FLOW, CONTACT);
    expect([dialog.request('INFO'), dialog.ack(7), dialog.request('BYE')].map(({ cseq }) => cseq)).toEqual([
      { number: 8, method: 'INFO' },
      { number: 7, method: 'ACK' },
      { number: 9, method: 'BYE' },
    ]);
    const theirs = (number: number) => ({ ...INVITE, type: 'request', cseq: { number, method: 'INFO' } }) as never;
    expect([5, 5, 4, 9].map((number) => dialog.takes(theirs(number)))).toEqual([true, false, false, true]);
  });

  it('sends to the target, but to where the far end is heard from if a NAT hides the target', () => {
    expect(ofResponse(FLOW, CONTACT).hop).toEqual({ transport: 'udp', ip: '192.0.2.77', port: 5070 });
    expect(ofResponse(FLOW, 'Contact: <sip:b@10.0.0.9>').hop).toBe(FLOW);
    expect(ofResponse(FLOW, 'Contact: <sip:b@[fd00::9]>').hop).toBe(FLOW);
    expect(ofResponse(FLOW, 'Contact: <sip:b@phone.example.com>').hop).toBe(FLOW);
    const tls: Hop = { transport: 'tls', ip: '192.0.2.5', port: 5061, connection: 1 };
    expect(ofResponse(tls, CONTACT).hop).toBe(tls);
    expect(ofResponse(FLOW, CONTACT, 'Record-Route: <sip:192.0.2.99;lr>').hop).toMatchObject({
      ip: '192.0.2.99',
      port: 5060,
    });
  });

  it('follows the far end to another Contact, and stays where none is given', () => {
    const dialog = ofRequest(CONTACT);
    dialog.refreshTarget(message('SIP/2.0 200 OK', 'Contact: <sip:b@192.0.2.78>'));
    expect(formatUri(dialog.request('BYE').uri)).toBe('sip:b@192.0.2.78');
    dialog.refreshTarget(message('SIP/2.0 200 OK'));
    expect(formatUri(dialog.request('BYE').uri)).toBe('sip:b@192.0.2.78');
  });

  it('of a client of RFC 2543, without Contact, goes by From', () => {
    expect(formatUri(ofRequest().request('BYE').uri)).toBe('sip:a@example.com');
  });
});
