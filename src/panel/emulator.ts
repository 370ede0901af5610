import { z } from 'zod';

/** The emulated HAT as its HTTP interface shows it: phones that programs and visitors use like real ones. */
export interface Emulator {
  readonly ports: readonly number[];
  line(port: number): EmulatedLine | undefined;
  /** Does what a body of POST asks for: exactly one key. */
  apply(port: number, body: unknown): EmulatorResult;
  /** The last `seconds` that the handset heard, as a WAV file; undefined without that port. */
  heardWav(port: number, seconds: number): Uint8Array | undefined;
  leds(): readonly EmulatedLed[];
  keypad(body: unknown): EmulatorResult;
  /**
   * Hands over what the handset hears while it happens, in blocks of 16-bit samples at 8 kHz that belong to the listener;
   * gives what ends that. Undefined without that port.
   */
  listen(port: number, listener: (samples: Int16Array) => void): (() => void) | undefined;
  /** Speaks into the handset: 16-bit samples at 8 kHz; unheard while it is on the hook. */
  speak(port: number, samples: Int16Array): void;
}

export type EmulatorResult =
  | { readonly ok: true }
  | { readonly ok: false; readonly status: 400 | 404 | 409; readonly error: string };

export const emulatedLineSchema = z
  .object({
    hook: z.enum(['on', 'off']),
    ringing: z.boolean(),
    cadence: z.array(z.number()).describe('on and off ms in turn; empty when it does not ring'),
    callerId: z.object({ number: z.string(), name: z.string() }).nullable(),
    heard: z.object({
      tones: z.array(z.object({ hz: z.number(), dbm0: z.number() })).describe('of the last 200 ms'),
      levelDbm0: z.number().nullable(),
    }),
  })
  .meta({ id: 'EmulatedLine' });

export const emulatorCommandSchema = z
  .union([
    z.strictObject({ hook: z.enum(['off', 'on']) }),
    z.strictObject({ flash: z.literal(true) }),
    z.strictObject({ dial: z.string().regex(/^[0-9*#A-D]+$/), as: z.enum(['dtmf', 'pulse']).optional() }),
    z.strictObject({ say: z.string().describe('a WAV file in base64, 16-bit mono') }),
  ])
  .meta({ id: 'EmulatorCommand' });

export const emulatedLedSchema = z
  .object({
    led: z.number(),
    name: z.string(),
    colour: z.enum(['off', 'green', 'amber', 'red', 'blue', 'white']),
    onMs: z.number(),
    offMs: z.number().describe('0 is steady'),
  })
  .meta({ id: 'EmulatedLed' });

export const keypadSchema = z
  .strictObject({ press: z.string().regex(/^[0-9*#A-D]$/), ms: z.number().min(20).max(10_000).optional() })
  .meta({ id: 'KeypadPress' });

export type EmulatedLine = z.infer<typeof emulatedLineSchema>;
export type EmulatedLed = z.infer<typeof emulatedLedSchema>;
