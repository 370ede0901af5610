import { z } from 'zod';
import { contextName, dialClass, duration, flash, nonEmpty, number, shownName, text, whole } from './values.ts';

const line = z
  .strictObject({
    port: whole(1, 8).meta({ description: 'Which jack of the HAT.' }),
    kind: z
      .enum(['fxs', 'fxo'])
      .meta({ description: '`fxs`: a telephone hangs here; `fxo`: the town line comes in here.' }),
    extension: z.exactOptional(number).meta({ description: 'The number of the telephone.' }),
    name: z.exactOptional(shownName).meta({ description: 'What displays and the panel show.' }),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter the dialplan.' }),
    fax: z
      .boolean()
      .prefault(false)
      .meta({ description: 'A fax machine: no echo canceller, no muting of tones, a fixed delay.' }),
    class: z.exactOptional(dialClass),
    hotline: z
      .exactOptional(
        z
          .union([number, z.strictObject({ number, after: duration('1s', '1m') })], {
            error: 'allowed: a number in quotes, or { number, after: 5s }',
          })
          .transform((it) => (typeof it === 'string' ? { number: it, after: 0 } : it)),
      )
      .meta({
        description:
          'Called by itself when the handset is lifted; as `{ number, after: 5s }` only where nothing was dialled for so long. Emergency numbers can be dialled all the same.',
      }),
    mailbox: z.exactOptional(nonEmpty).meta({
      description:
        'Where its messages wait, as of a SIP phone, `box@peer` or `peer`: its dial tone stutters while there are new ones.',
    }),
    mwi: z.exactOptional(z.enum(['fsk', 'neon'])).meta({
      description:
        'How the lamp of the telephone is lit while there are new messages in its mailbox, beside the dial tone: `fsk` by data for its display, `neon` by a high voltage that blinks a neon lamp.',
    }),
    flash,
    callWaiting: z.boolean().prefault(true).meta({
      description: 'Whether a call that comes while the telephone talks waits and is told by a tone. Never for a fax.',
    }),
    callerId: z.exactOptional(z.enum(['bellcore', 'sdmf', 'bt', 'etsi', 'dtmf', 'ntt', 'none'])).meta({
      description:
        'What the display of the telephone understands, where that is not what the country has: `sdmf` is `bellcore` without names, `ntt` Number Display of Japan, which no telephone gets unless it is written here, `none` no display.',
    }),
  })
  .refine((it) => it.kind === 'fxs' || it.extension === undefined, {
    error: 'a town line (kind: fxo) has no extension',
    path: ['extension'],
  })
  .refine((it) => it.kind === 'fxs' || it.hotline === undefined, {
    error: 'a town line (kind: fxo) has no hotline',
    path: ['hotline'],
  })
  .refine((it) => it.kind === 'fxs' || it.mailbox === undefined, {
    error: 'a town line (kind: fxo) has no mailbox',
    path: ['mailbox'],
  })
  .refine((it) => it.mwi === undefined || it.mailbox !== undefined, {
    error: 'nobody says whether messages wait; it needs a mailbox',
    path: ['mwi'],
  })
  .meta({ title: 'hat.lines[]' });

export const hat = z.strictObject({
  port: text(/^(?:emulator|\/.+)$/, 'a serial device such as /dev/ttyAMA0, or emulator').meta({
    description: 'The serial device of the HAT, or `emulator`: no hardware, telephones driven over HTTP.',
  }),
  emulator: z.enum(['auto', 'plain', 'firmware']).prefault('auto').meta({
    description:
      'What runs with `port: emulator`. `auto`: the firmware itself on an emulated microcontroller, 20 to 40 % of a processor core, where it runs at least twice as fast as real time when it starts; else a model of it. `plain`: the model, next to no cost. `firmware`: the firmware, however slow.',
  }),
  reset: text(/^\/.+$/, 'a file')
    .prefault('/sys/class/leds/branchline:hat-reset/brightness')
    .meta({
      description: 'Where 1 pulls the reset line of the HAT and 0 lets it go; the overlay of the HAT makes it.',
    }),
  lines: z.array(line).prefault([]).meta({ description: 'What is connected.' }),
  keypad: z
    .record(
      text(/^[0-9A-D*#]$/, 'one key of the keypad: 0–9, A–D, * or #'),
      z.enum(['status', 'night-mode', 'identify', 'adopt', 'restart', 'factory-reset']),
    )
    .prefault({})
    .meta({ description: 'What the keys do.' }),
});
