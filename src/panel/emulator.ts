import { z } from 'zod';

/** The emulated HAT as its HTTP interface shows it: phones that programs and visitors use like real ones. */
export interface Emulator {
  readonly board: EmulatedBoard;
  line(port: number): EmulatorAnswer<EmulatedLine>;
  /** Does what a body of POST asks for: exactly one thing. */
  apply(port: number, body: unknown): EmulatorAnswer<EmulatedLine>;
  /** The last `seconds` that the handset heard, as a WAV file. */
  heardWav(port: number, seconds: number): EmulatorAnswer<Uint8Array>;
  /** What each LED shows, by its number. */
  leds(): Readonly<Record<string, EmulatedLed>>;
  keypad(body: unknown): EmulatorAnswer<null>;
  /**
   * Hands over what the handset hears as it happens: 16-bit samples at 8 kHz in an array that the HAT uses again. Gives
   * what ends that; undefined without a phone there.
   */
  listen(port: number, listener: (samples: Int16Array) => void): (() => void) | undefined;
  /** Speaks into the handset: 16-bit samples at 8 kHz; lost while it is on the hook or busy with something else. */
  speak(port: number, samples: Int16Array): void;
}

export type EmulatorAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly status: 400 | 404 | 409; readonly error: string };

export const emulatedBoardSchema = z
  .object({
    name: z.string(),
    sockets: z.number().describe('sockets for lines, numbered from 1, an LED beside each'),
    phones: z.array(z.number()).readonly().describe('sockets that have a phone'),
    townLines: z.array(z.number()).readonly().describe('sockets that have a town exchange'),
    keys: z.array(z.string()).readonly().describe('the keypad, row by row'),
  })
  .meta({ id: 'EmulatedBoard' });

export const emulatedLineSchema = z
  .object({
    hook: z.enum(['on', 'off']),
    ringing: z.boolean(),
    cadence: z.array(z.number()).readonly().describe('on and off ms in turn; empty when it does not ring'),
    callerId: z.string().nullable().describe('the number on its display'),
    callerName: z.string().nullable(),
    lamp: z.boolean().describe('whether its neon lamp of waiting messages blinks'),
    heard: z
      .object({
        tones: z.array(z.object({ hz: z.number(), dbm0: z.number() })).readonly(),
        levelDbm0: z.number(),
      })
      .describe('of the last 200 ms'),
    town: z
      .object({
        exchange: z.enum(['rest', 'dial-tone', 'dialling', 'calling', 'ringing', 'talking', 'cleared']),
        dialled: z.string().describe('the number that came out of the line last'),
      })
      .optional()
      .describe(
        'of a town line: `hook` is ours there, `ringing` the bell that we hear, `heard` what the far end hears',
      ),
  })
  .meta({ id: 'EmulatedLine' });

export const emulatorCommandSchema = z
  .union([
    z.strictObject({ hook: z.enum(['off', 'on']) }),
    z.strictObject({ flash: z.literal(true) }),
    z.strictObject({ dial: z.string().regex(/^[0-9*#A-D]+$/), as: z.enum(['dtmf', 'pulse']).optional() }),
    z.strictObject({
      ring: z.strictObject({ callerId: z.string().optional(), name: z.string().optional() }),
    }),
    z.strictObject({ answer: z.literal(true) }),
    z.strictObject({ clear: z.literal(true) }),
    z.strictObject({ voltage: z.union([z.literal(0), z.literal(9), z.literal(48)]) }),
    z.strictObject({ say: z.string().describe('a WAV file in base64, 16-bit mono') }),
  ])
  .meta({ id: 'EmulatorCommand' });

export const emulatedLedSchema = z
  .object({
    colour: z.enum(['off', 'green', 'amber', 'red', 'blue', 'white']),
    onMs: z.number(),
    offMs: z.number().describe('0 is steady'),
  })
  .meta({ id: 'EmulatedLed' });

export const keypadSchema = z
  .strictObject({ press: z.string().regex(/^[0-9*#A-D]$/), ms: z.number().min(20).max(10_000).optional() })
  .meta({ id: 'KeypadPress' });

export type EmulatedBoard = Readonly<z.infer<typeof emulatedBoardSchema>>;
export type EmulatedLine = z.infer<typeof emulatedLineSchema>;
export type EmulatedLed = z.infer<typeof emulatedLedSchema>;
