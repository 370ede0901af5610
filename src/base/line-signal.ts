/**
 * What an exchange says to the device on an analog line in sound, one step after the other: caller ID and what stands
 * around it. Levels are of each frequency, dBm0.
 */
export type SignalStep =
  | { readonly kind: 'silence'; readonly ms: number }
  | { readonly kind: 'tone'; readonly hz: readonly number[]; readonly ms: number; readonly dbm0: number }
  | { readonly kind: 'digits'; readonly digits: string; readonly onMs: number; readonly offMs: number }
  | DataStep;

/** Bytes at 1200 baud, 8N1, the low bit first, behind alternating bits and marks. [GR-30-CORE] [EN 300 659-1] */
export interface DataStep {
  readonly kind: 'data';
  readonly modem: Modem;
  readonly dbm0: number;
  /** Alternating bits, by which a receiver finds the signal; 0 where it waits for it anyway. */
  readonly seizureBits: number;
  readonly markBits: number;
  readonly bytes: Uint8Array;
}

export type Modem = 'bell202' | 'v23';

export const BAUD = 1200;
/** Marks behind the last byte, so that no receiver loses its stop bit. */
export const TRAILER_BITS = 20;
/** A byte with its start and stop bit. */
const BYTE_BITS = 10;

export function dataBits({ seizureBits, markBits, bytes }: DataStep): number {
  return seizureBits + markBits + bytes.length * BYTE_BITS + TRAILER_BITS;
}

/** How long a whole signal takes, ms. */
export function signalMs(steps: readonly SignalStep[]): number {
  return steps.reduce((sum, step) => sum + stepMs(step), 0);
}

function stepMs(step: SignalStep): number {
  if (step.kind === 'data') return (dataBits(step) * 1000) / BAUD;
  return step.kind === 'digits' ? step.digits.length * (step.onMs + step.offMs) : step.ms;
}
