import { z } from 'zod';
import { firstProblem } from './call-routes.ts';
import {
  type Emulator,
  type EmulatorResult,
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
const secondsSchema = z.coerce.number().int().min(1).max(60);
/** Live sound that the network does not take is dropped beyond this: a quarter of a second. */
const MAX_UNSENT_AUDIO_BYTES = 4_000;

const missing = { description: 'no emulated line of that number', schema: errorSchema };
const refused = { description: 'not exactly one of the commands', schema: errorSchema };
const done = z.object({ ok: z.literal(true) });

/** The emulated phones, LEDs and keys; not there with a real HAT. */
export function emulatorRoutes(services: PanelServices): Route[] {
  const { emulator } = services;
  if (emulator === undefined) return [];
  return [
    {
      method: 'GET',
      path: '/api/emulator/lines/:port',
      summary: 'An emulated phone: its hook, its bell, what it hears',
      responses: { 200: { description: 'the phone', schema: emulatedLineSchema }, 404: missing },
      handle: (request) => withPort(emulator, request, (port) => json(200, emulator.line(port))),
    },
    {
      method: 'POST',
      path: '/api/emulator/lines/:port',
      summary: 'Lifts, hangs up, flashes, dials or speaks; `dial` and `say` return at once and queue in order',
      body: emulatorCommandSchema,
      maxBodyBytes: MAX_SAY_BYTES,
      responses: {
        200: { description: 'done or queued', schema: done },
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
      query: { seconds: { schema: z.number(), description: '1 to 60, 3 when not given' } },
      responses: { 200: { description: 'a WAV file', type: 'audio/wav' }, 400: refused, 404: missing },
      handle: (request) =>
        withPort(emulator, request, (port) => {
          const seconds = secondsSchema.safeParse(request.query['seconds'] ?? 3);
          if (!seconds.success) return failure(400, `seconds: ${firstProblem(seconds.error)}`);
          const wav = emulator.heardWav(port, seconds.data);
          return wav === undefined
            ? failure(404, `there is no emulated line ${port}`)
            : { status: 200, type: 'audio/wav', body: wav };
        }),
    },
    {
      method: 'GET',
      path: '/api/emulator/leds',
      summary: 'The lights of the HAT',
      responses: { 200: { description: 'each LED', schema: z.array(emulatedLedSchema) } },
      handle: () => json(200, emulator.leds()),
    },
    {
      method: 'POST',
      path: '/api/emulator/keypad',
      summary: 'Presses a key of the HAT',
      body: keypadSchema,
      responses: { 200: { description: 'pressed', schema: done }, 400: refused },
      handle: ({ body }) => answer(emulator.keypad(body)),
    },
    {
      method: 'GET',
      path: '/api/emulator/lines',
      summary: 'The numbers of the emulated lines',
      responses: { 200: { description: 'ports', schema: z.array(z.number()) } },
      handle: () => json(200, emulator.ports),
    },
  ];
}

/** Live sound of an emulated handset both ways, in messages of 16-bit little-endian samples at 8 kHz. */
export function emulatorSockets(services: PanelServices): SocketRoute[] {
  const { emulator } = services;
  if (emulator === undefined) return [];
  return [
    {
      path: '/api/emulator/lines/:port/audio',
      summary: 'What the handset hears; what is sent is spoken into it',
      open(request) {
        const port = portOf(emulator, request);
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
  const port = portOf(emulator, request);
  return port === undefined ? failure(404, `there is no emulated line ${request.params['port']}`) : handle(port);
}

function portOf(emulator: Emulator, { params }: HttpRequest): number | undefined {
  const text = params['port'] ?? '';
  return /^[0-9]{1,3}$/.test(text) && emulator.ports.includes(Number(text)) ? Number(text) : undefined;
}

function answer(result: EmulatorResult): HttpResponse {
  return result.ok ? json(200, { ok: true }) : failure(result.status, result.error);
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
