import { z } from 'zod';
import {
  type Emulator,
  type EmulatorAnswer,
  emulatedBoardSchema,
  emulatedLedSchema,
  emulatedLineSchema,
  emulatorCommandSchema,
  keypadSchema,
} from './emulator.ts';
import { failure, type HttpRequest, type HttpResponse, json, type Route, type SocketRoute } from './http.ts';
import type { PanelServices } from './services.ts';
import { errorSchema } from './status-routes.ts';

/** A minute of 16-bit sound at 48 kHz, in base64. */
const MAX_SAY_BYTES = 8 << 20;
const DEFAULT_SECONDS = '3';
/** Live sound that the network does not take is dropped beyond this: a quarter of a second. */
const MAX_UNSENT_AUDIO_BYTES = 4_000;

const missing = { description: 'no emulated line of that number', schema: errorSchema };
const refused = { description: 'not what it can do; the error says why', schema: errorSchema };

/** The emulated phones, LEDs and keys; not there with a real HAT. */
export function emulatorRoutes(services: Pick<PanelServices, 'emulator'>): Route[] {
  const { emulator } = services;
  if (emulator === undefined) return [];
  return [
    {
      method: 'GET',
      path: '/api/emulator',
      summary: 'The board: its sockets, phones and keys',
      responses: { 200: { description: 'the board', schema: emulatedBoardSchema } },
      handle: () => json(200, emulator.board),
    },
    {
      method: 'GET',
      path: '/api/emulator/lines/:port',
      summary: 'An emulated phone: its hook, its bell, what it hears',
      responses: { 200: { description: 'the phone', schema: emulatedLineSchema }, 404: missing },
      handle: (request) => withPort(emulator, request, (port) => answer(emulator.line(port))),
    },
    {
      method: 'POST',
      path: '/api/emulator/lines/:port',
      summary: 'Lifts, hangs up, flashes, dials or speaks; `dial` and `say` return at once and queue in order',
      body: emulatorCommandSchema,
      maxBodyBytes: MAX_SAY_BYTES,
      responses: {
        200: { description: 'done or queued; the phone as it stands', schema: emulatedLineSchema },
        400: refused,
        404: missing,
        409: { description: 'not while it is on the hook', schema: errorSchema },
      },
      handle: (request) => withPort(emulator, request, (port) => answer(emulator.apply(port, request.body))),
    },
    {
      method: 'GET',
      path: '/api/emulator/lines/:port/heard.wav',
      summary: 'The last seconds that the handset heard: 16-bit mono 8 kHz, full scale is +3.17 dBm0',
      query: { seconds: { schema: z.number(), description: 'up to 60, 3 when not given' } },
      responses: { 200: { description: 'a WAV file', type: 'audio/wav' }, 400: refused, 404: missing },
      handle: (request) =>
        withPort(emulator, request, (port) => {
          const heard = emulator.heardWav(port, Number(request.query['seconds'] ?? DEFAULT_SECONDS));
          return heard.ok ? { status: 200, type: 'audio/wav', body: heard.value } : answer(heard);
        }),
    },
    {
      method: 'GET',
      path: '/api/emulator/leds',
      summary: 'What each LED shows, by its number',
      responses: { 200: { description: 'the LEDs', schema: z.record(z.string(), emulatedLedSchema) } },
      handle: () => json(200, emulator.leds()),
    },
    {
      method: 'POST',
      path: '/api/emulator/keypad',
      summary: 'Presses a key of the keypad',
      body: keypadSchema,
      responses: {
        200: { description: 'pressed' },
        400: refused,
        409: { ...refused, description: 'it is down already' },
      },
      handle: ({ body }) => answer(emulator.keypad(body)),
    },
  ];
}

/** Live sound of an emulated handset both ways, in messages of 16-bit little-endian samples at 8 kHz. */
export function emulatorSockets(services: Pick<PanelServices, 'emulator'>): SocketRoute[] {
  const { emulator } = services;
  if (emulator === undefined) return [];
  return [
    {
      path: '/api/emulator/lines/:port/audio',
      summary: 'What the handset hears; what is sent is spoken into it',
      open(request) {
        const port = portOf(emulator.board.phones, request);
        if (port === undefined) return failure(404, `there is no emulated line ${request.params['port']}`);
        return {
          start(socket) {
            const stop = emulator.listen(port, (samples) => {
              if (socket.unsentBytes <= MAX_UNSENT_AUDIO_BYTES) socket.send(littleEndian(samples));
            });
            return stop ?? (() => {});
          },
          receive(message) {
            if (typeof message !== 'string') emulator.speak(port, samplesOf(message));
          },
        };
      },
    },
  ];
}

function withPort(emulator: Emulator, request: HttpRequest, handle: (port: number) => HttpResponse): HttpResponse {
  const { phones, townLines } = emulator.board;
  const port = portOf([...phones, ...townLines], request);
  return port === undefined ? failure(404, `there is no emulated line ${request.params['port']}`) : handle(port);
}

function portOf(ports: readonly number[], { params }: HttpRequest): number | undefined {
  const text = params['port'] ?? '';
  return /^[0-9]{1,3}$/.test(text) && ports.includes(Number(text)) ? Number(text) : undefined;
}

function answer(result: EmulatorAnswer<unknown>): HttpResponse {
  return result.ok ? json(200, result.value) : failure(result.status, result.error);
}

function littleEndian(samples: Int16Array): Uint8Array {
  const bytes = new Uint8Array(2 * samples.length);
  const view = new DataView(bytes.buffer);
  for (let i = 0; i < samples.length; i++) view.setInt16(2 * i, samples[i]!, true);
  return bytes;
}

function samplesOf(bytes: Uint8Array): Int16Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const samples = new Int16Array(bytes.byteLength >> 1);
  for (let i = 0; i < samples.length; i++) samples[i] = view.getInt16(2 * i, true);
  return samples;
}
