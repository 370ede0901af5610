import type { CallState } from './call.ts';
import type { MessageName } from './message.ts';

/** Legal whatever the state, once there is a far end: it asks how we are, or answers. */
const ALWAYS = ['PING', 'PONG', 'LAGRQ', 'LAGRP', 'ACK', 'VNAK', 'INVAL', 'UNSUPPORT'] as const;

/** What runs between two ends of a call that was accepted. [RFC5456 §6.3.1] */
const LINKED = [
  ...ALWAYS,
  'HANGUP',
  'REJECT',
  'CONTROL',
  'VOICE',
  'VIDEO',
  'DTMF',
  'DTMF_BEGIN',
  'TEXT',
  'IMAGE',
  'HTML',
  'CNG',
  'QUELCH',
  'UNQUELCH',
  'TRANSFER',
  'TXREQ',
  'TXCNT',
  'TXACC',
  'TXREADY',
  'TXREL',
  'TXREJ',
  'TXMEDIA',
  'RTKEY',
  'DPREQ',
  'DPREP',
  'DIAL',
] as const;

/**
 * Which messages mean something to a call leg in which state. Anything else is acknowledged, counted and passed over,
 * since it can be late or early, but never harmful. [RFC5456 §6.2] [RFC5456 §6.3.1]
 */
export const LEGAL_MESSAGES: Readonly<Record<CallState, ReadonlySet<MessageName>>> = {
  resolving: new Set([]),
  calling: new Set([...ALWAYS, 'CALLTOKEN', 'AUTHREQ', 'ACCEPT', 'REJECT', 'HANGUP']),
  authenticating: new Set([...ALWAYS, 'ACCEPT', 'REJECT', 'HANGUP']),
  challenged: new Set([...ALWAYS, 'NEW', 'AUTHREP', 'REJECT', 'HANGUP']),
  offered: new Set([...ALWAYS, 'REJECT', 'HANGUP']),
  accepted: new Set(LINKED),
  up: new Set(LINKED),
  ending: new Set([...ALWAYS, 'REJECT', 'HANGUP']),
  gone: new Set([]),
};
