import type { HealthStatus, StatusSnapshot } from '../../status/schema.ts';
import type { CheckedConfiguration, ConfigurationStanding, ConfigurationText } from '../configuration.ts';
import type { EmulatedBoard, EmulatedLed, EmulatedLine } from '../emulator.ts';
import type { EnrolmentForm, EnrolmentStatus } from '../enrolment-api.ts';
import type { RouteTrace } from '../services.ts';
import type { ServerMessage } from './model.ts';

export type Result<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly error: string };

/** What an emulated phone can be told. */
export type PhoneCommand =
  | { readonly hook: 'on' | 'off' }
  | { readonly flash: true }
  | { readonly dial: string; readonly as?: 'dtmf' | 'pulse' };

export const api = {
  status: () => ask<StatusSnapshot>('GET', 'api/status'),
  health: () => ask<HealthStatus>('GET', 'api/health'),
  enrolment: () => ask<EnrolmentStatus>('GET', 'api/enrolment'),
  enrol: (form: EnrolmentForm) => ask<EnrolmentStatus>('POST', 'api/enrolment', form),
  session: () => ask<{ user: string | null }>('GET', 'api/session'),
  neighbours: () => ask<{ name: string; url: string }[]>('GET', 'api/neighbours'),
  board: () => ask<EmulatedBoard>('GET', 'api/emulator'),
  phone: (port: number) => ask<EmulatedLine>('GET', `api/emulator/lines/${port}`),
  tell: (port: number, command: PhoneCommand) => ask<EmulatedLine>('POST', `api/emulator/lines/${port}`, command),
  leds: () => ask<Record<string, EmulatedLed>>('GET', 'api/emulator/leds'),
  press: (key: string, ms: number) => ask<null>('POST', 'api/emulator/keypad', { press: key, ms }),
  adoption: () => ask<{ until: string | null } | null>('GET', 'api/adoption'),
  openAdoption: () => ask<{ secret: string; until: string }>('POST', 'api/adoption'),
  closeAdoption: () => ask<{ until: null }>('DELETE', 'api/adoption'),
  forgetPhone: (user: string) => ask<{ user: string }>('DELETE', `api/phones/${encodeURIComponent(user)}`),
  configuration: () => ask<ConfigurationText>('GET', 'api/configuration'),
  configurationTrial: () => ask<ConfigurationStanding>('GET', 'api/configuration/trial'),
  checkConfiguration: (text: string) => ask<CheckedConfiguration>('POST', 'api/configuration/check', { text }),
  applyConfiguration: (change: { text: string; version: string; confirmWithin: string }) =>
    ask<ConfigurationStanding>('POST', 'api/configuration', change),
  confirmConfiguration: () => ask<ConfigurationStanding>('POST', 'api/configuration/confirm'),
  rollBackConfiguration: () => ask<ConfigurationStanding>('POST', 'api/configuration/rollback'),
  hangup: (id: string) => ask<{ id: string }>('DELETE', `api/calls/${encodeURIComponent(id)}`),
  trace: (number: string, from: string) =>
    ask<RouteTrace>('GET', `api/route?${new URLSearchParams({ number, from }).toString()}`),
};

async function ask<Value>(method: string, path: string, body?: object): Promise<Result<Value>> {
  try {
    const response = await fetch(path, {
      method,
      ...(body === undefined ? {} : { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    // The session has ended: the page itself asks for the password.
    if (response.status === 401) location.reload();
    const answer: unknown = await response.json();
    if (response.ok) return { ok: true, value: answer as Value };
    return { ok: false, error: (answer as { error?: string }).error ?? response.statusText };
  } catch {
    return { ok: false, error: 'The appliance does not answer.' };
  }
}

/** The WebSocket of this server at `path`. */
export function openSocket(path: string): WebSocket {
  const url = new URL(path, location.href);
  url.protocol = url.protocol.replace('http', 'ws');
  return new WebSocket(url);
}

const RECONNECT_MS = 1_500;
let linked = false;

/** Whether the appliance is there; while it is not, nothing but the connection itself is tried. */
export function isLinked(): boolean {
  return linked;
}

/** Follows the status for ever, over every interruption; gives what ends that. */
export function followStatus(onMessage: (message: ServerMessage) => void, onLink: (up: boolean) => void): () => void {
  return followSocket('api/events', onMessage, (up) => {
    linked = up;
    onLink(up);
    // Whoever has to log in again is told so.
    if (!up) void api.session();
  });
}

/** Follows the WebSocket at `path` for ever, over every interruption; gives what ends that. */
export function followSocket<Message>(
  path: string,
  onMessage: (message: Message) => void,
  onLink: (up: boolean) => void,
): () => void {
  let socket: WebSocket | undefined;
  let retry: ReturnType<typeof setTimeout> | undefined;
  const connect = () => {
    socket = openSocket(path);
    socket.onopen = () => onLink(true);
    socket.onmessage = ({ data }) => onMessage(JSON.parse(String(data)) as Message);
    socket.onclose = () => {
      onLink(false);
      retry = setTimeout(connect, RECONNECT_MS);
    };
  };
  connect();
  return () => {
    clearTimeout(retry);
    if (socket === undefined) return;
    socket.onclose = null;
    socket.close();
  };
}
