import { utf8Decode } from '../base/bytes.ts';
import { type Cause, causeText } from '../base/causes.ts';
import { numberOf } from './caller-identity.ts';
import type { Dialog } from './dialog.ts';
import { type InfoSignal, infoBody, parseInfo } from './dtmf-info.ts';
import { CALL_METHODS, InviteSession } from './invite-session.ts';
import { isMalformed } from './malformed.ts';
import { reasonPhrase, textBody } from './message.ts';
import { formatNameAddr, nameAddr, parseNameAddr } from './name-addr.ts';
import { reasonOf } from './reason.ts';
import { parseReplaces } from './replaces.ts';
import type { ServerTransaction } from './transaction-layer.ts';
import { isSipUri, sipUri, unescapeText } from './uri.ts';

/** What calls in both directions answer within their dialog. [RFC3261 §12, §15] */
export abstract class CallLeg extends InviteSession {
  /** The sequence number of the REFER that they sent last, for our NOTIFYs. */
  private transfer: { readonly id: number } | undefined;

  sendDigit(digit: string, durationMs: number, nowMs: number): void {
    if (this.session.agreement?.telephoneEventType === undefined)
      this.sendInfo({ type: 'digit', digit, durationMs }, nowMs);
  }

  flash(nowMs: number): void {
    this.sendInfo({ type: 'flash' }, nowMs);
  }

  requestPicture(nowMs: number): void {
    this.sendInfo({ type: 'picture-wanted' }, nowMs);
  }

  sendText(text: string, nowMs: number): void {
    if (this.state === 'up')
      this.request('MESSAGE', { body: textBody('text/plain;charset=utf-8', text) }, () => {}, nowMs);
  }

  transferTo(number: string, nowMs: number): void {
    if (this.state !== 'up' || this.dialog === undefined) return;
    const { remote, hop } = this.dialog;
    const host = isSipUri(remote.uri) ? remote.uri.host : hop.ip;
    const target = nameAddr(sipUri({ host, user: number }));
    const headers = [
      ['Refer-To', formatNameAddr(target)],
      ['Referred-By', formatNameAddr(nameAddr(this.dialog.local.uri))],
      ['Contact', this.contactText()],
    ] as const;
    const handle = ({ status }: { readonly status: number }) => {
      if (status >= 300) this.emit({ type: 'transfer-progress', status });
    };
    this.request('REFER', { headers }, handle, nowMs);
  }

  reportTransfer(status: number, nowMs: number): void {
    if (this.transfer === undefined || this.isGone || this.dialog === undefined) return;
    const isOver = status >= 200;
    const headers = [
      ['Event', `refer;id=${this.transfer.id}`],
      ['Subscription-State', isOver ? 'terminated;reason=noresource' : 'active;expires=60'],
      ['Contact', this.contactText()],
    ] as const;
    const line = `SIP/2.0 ${status} ${reasonPhrase(status)}\r\n`;
    if (isOver) this.transfer = undefined;
    this.request('NOTIFY', { headers, body: textBody('message/sipfrag;version=2.0', line) }, () => {}, nowMs);
  }

  /** A request in the dialog. ACK and CANCEL come elsewhere. */
  handleRequest(transaction: ServerTransaction, dialog: Dialog, nowMs: number): void {
    const { request } = transaction;
    if (!dialog.takes(request)) {
      this.respond(transaction, 500, { headers: [['Retry-After', '5']] }, nowMs);
      return;
    }
    switch (request.method) {
      case 'BYE':
        this.respond(transaction, 200, {}, nowMs);
        this.handleBye(reasonOf(request.headers), nowMs);
        break;
      case 'INVITE':
      case 'UPDATE':
        this.handleOffer(transaction, dialog, nowMs);
        break;
      case 'PRACK':
        this.handlePrack(transaction, nowMs);
        break;
      case 'INFO':
        this.handleInfo(transaction, nowMs);
        break;
      case 'REFER':
        this.handleRefer(transaction, nowMs);
        break;
      case 'NOTIFY':
        this.handleNotify(transaction, nowMs);
        break;
      case 'MESSAGE':
        this.respond(transaction, 200, {}, nowMs);
        this.emit({ type: 'text', text: utf8Decode(request.body) });
        break;
      default:
        this.respond(transaction, 200, { headers: [['Allow', CALL_METHODS.join(', ')]] }, nowMs);
    }
  }

  protected handlePrack(transaction: ServerTransaction, nowMs: number): void {
    this.respond(transaction, 481, {}, nowMs);
  }

  private handleBye(cause: Cause | undefined, nowMs: number): void {
    if (this.state === 'gone') return;
    const why = cause ?? 'normal-clearing';
    this.tellEnd(why, causeText(why), 'far-end');
    this.handleEndedByThem(nowMs);
    this.vanish();
  }

  /** The far end said BYE, perhaps before the call was up. */
  protected handleEndedByThem(_nowMs: number): void {}

  private sendInfo(signal: InfoSignal, nowMs: number): void {
    if (this.state === 'up') this.request('INFO', { body: infoBody(signal) }, () => {}, nowMs);
  }

  private handleInfo(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const signal = parseInfo(request);
    // An empty INFO only asks whether we are alive.
    const isFine = signal !== undefined || request.body.length === 0;
    this.respond(transaction, isFine ? 200 : 415, {}, nowMs);
    if (signal !== undefined) this.emit(signal);
  }

  private handleRefer(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const targets = request.headers.all('Refer-To');
    const target = targets.length === 1 ? parseNameAddr(targets[0]!) : undefined;
    if (target === undefined || isMalformed(target) || numberOf(target) === '' || this.state !== 'up') {
      this.respond(transaction, this.state === 'up' ? 400 : 603, {}, nowMs);
      return;
    }
    const replaces = isSipUri(target.uri) ? target.uri.headers.find(([name]) => name === 'replaces')?.[1] : undefined;
    const other = replaces === undefined ? undefined : this.callNamed(unescapeText(replaces));
    // A call that is not ours, or not theirs, cannot be had: declined, and this one goes on.
    if (replaces !== undefined && other === undefined) {
      this.respond(transaction, 603, {}, nowMs);
      return;
    }
    const isQuiet = request.headers.get('Refer-Sub')?.trim().toLowerCase() === 'false';
    const headers = [['Contact', this.contactText()], ...(isQuiet ? [['Refer-Sub', 'false'] as const] : [])] as const;
    this.respond(transaction, 202, { headers }, nowMs);
    this.transfer = isQuiet ? undefined : { id: request.cseq.number };
    this.reportTransfer(100, nowMs);
    if (other !== undefined) this.emit({ type: 'transfer-to-call', other });
    else this.emit({ type: 'transfer', number: numberOf(target), host: isSipUri(target.uri) ? target.uri.host : '' });
  }

  /** Another call of the same far end, by the dialog that it would have replaced: tags as its callee has them. [RFC3891 §3] */
  private callNamed(replaces: string): CallLeg | undefined {
    const named = parseReplaces(replaces);
    const call = named === undefined ? undefined : this.around.findCall(named.callId, named.toTag, named.fromTag);
    return call === this || call?.peer !== this.peer ? undefined : call;
  }

  private handleNotify(transaction: ServerTransaction, nowMs: number): void {
    const { request } = transaction;
    const [event = ''] = (request.headers.get('Event') ?? '').split(';');
    if (event.trim().toLowerCase() !== 'refer') {
      this.respond(transaction, 489, {}, nowMs);
      return;
    }
    this.respond(transaction, 200, {}, nowMs);
    const [, status] = /^SIP\/2\.0 (\d{3})/i.exec(utf8Decode(request.body).trimStart()) ?? [];
    this.emit({ type: 'transfer-progress', status: Number(status ?? 0) });
  }
}
