import { z } from 'zod';
import { COUNTRIES, isTimeZone } from './country.ts';
import { hat } from './hat.ts';
import { iax2 } from './iax2.ts';
import { mqtt, net, web } from './services.ts';
import { sip } from './sip.ts';
import { callerId, checked, contextName, number, secret, shownName, text, whole } from './values.ts';

const site = z.strictObject({
  id: text(/^[a-z0-9-]{1,40}$/, 'a–z, 0–9 and -, 1 to 40 characters').meta({
    description: 'Names this appliance in MQTT topics and logs.',
  }),
  name: z.exactOptional(shownName).meta({ description: 'What people call the place.' }),
  country: z
    .enum(COUNTRIES)
    .prefault('us')
    .meta({ description: 'Whose tones, ringing and caller ID the lines have (ISO code).' }),
  timezone: checked(isTimeZone, 'a name of the time zone database, such as Europe/Paris, or UTC')
    .prefault('UTC')
    .meta({ description: 'For opening hours and times in the dialplan.' }),
  localNumbers: z
    .array(text(/^[0-9]{1,10}$/, 'digits in quotes, such as "0472"'))
    .prefault([])
    .meta({ description: 'Beginnings of numbers that are local to `class`, as they are dialled in the country.' }),
});

const channel = text(
  /^(?:LINE\/[1-8]|(?:IAX2|SIP|PJSIP)\/[A-Za-z0-9_.-]+)$/,
  'LINE/<port>, IAX2/<peer> or SIP/<trunk>',
);

const way = z
  .union([
    channel,
    z.strictObject({
      channel: channel.meta({ description: 'The way: `LINE/4`, `IAX2/hq`, `SIP/backup`.' }),
      callerId: z
        .exactOptional(callerId)
        .meta({ description: 'Who calls on this way: the number that the emergency centre has the address of.' }),
    }),
  ])
  .transform((it) => (typeof it === 'string' ? { channel: it } : it));

const emergency = z.strictObject({
  numbers: z.array(number).prefault([]).meta({ description: "Emergency numbers besides the country's own." }),
  via: z.array(way).prefault([]).meta({
    description:
      'The ways out, in the order in which they are tried: a channel, or `{ channel, callerId }`. Town lines come before all others, named or not.',
  }),
  notify: z
    .array(text(/^(?:mqtt|[0-9*#]{1,32})$/, 'mqtt, or an extension in quotes'))
    .prefault([])
    .meta({ description: 'Who is told of an emergency call.' }),
});

const conference = z
  .strictObject({
    pin: z.exactOptional(secret).meta({ secret: true, description: 'Asked of whoever enters.' }),
    leaderPin: z.exactOptional(secret).meta({
      secret: true,
      description: 'Makes whoever enters with it the leader; else who came first leads, where there is no such PIN.',
    }),
    maxMembers: whole(2, 512).prefault(128).meta({ description: 'How many may be in it at a time.' }),
    waitForLeader: z.boolean().prefault(false).meta({ description: 'Nobody hears anybody before a leader is there.' }),
    announce: z.boolean().prefault(true).meta({ description: 'A sound tells that somebody comes or goes.' }),
    record: z.boolean().prefault(false).meta({
      description:
        'Everything said goes into a WAV file below `recordings` in the data directory; the leader ends it by `*5`.',
    }),
  })
  .meta({ title: 'conferences.<number>' });

const code = text(/^[0-9*#]{1,8}$/, 'digits, * and #, 1 to 8 of them, in quotes');

const features = z.strictObject({
  contexts: z.array(contextName).prefault([]).meta({ description: 'The contexts in which the codes can be dialled.' }),
  pickup: z.exactOptional(code).meta({
    description:
      'Picks up a ringing telephone: the code, then its number or that of a group; the code alone: the one of the office that rings.',
  }),
  forward: z
    .exactOptional(code)
    .meta({ description: 'Sends calls elsewhere: the code, then the number; the code alone ends it.' }),
  forwardBusy: z
    .exactOptional(code)
    .meta({ description: 'The same for calls that come while the telephone is busy, or is not to be disturbed.' }),
  forwardNoAnswer: z
    .exactOptional(code)
    .meta({ description: 'The same for calls that nobody answers within 15 s, or that do not reach the telephone.' }),
  dnd: z.exactOptional(code).meta({ description: 'Do not disturb, on and off: calls to the telephone find it busy.' }),
  park: z.exactOptional(code).meta({
    description:
      'Parks a call that is transferred to it; with the digit of the slot behind it, retrieves it; with 0, the one parked first.',
  }),
});

const DAY = 'mon|tue|wed|thu|fri|sat|sun';
const TIME = '(?:[01]\\d|2[0-3]):[0-5]\\d';
const OPENING = new RegExp(`^(?:${DAY})(?:-(?:${DAY}))?(?:,(?:${DAY})(?:-(?:${DAY}))?)* ${TIME}-(?:${TIME}|24:00)$`);
const opening = text(OPENING, 'days, a blank and times, such as "mon-fri 08:30-18:00" or "sat,sun 09:00-12:00"');

/**
 * The whole configuration: the one source of its TypeScript types, of what `check` says, of the JSON Schema for editors
 * and of the reference page.
 */
export const configurationSchema = z
  .strictObject({
    site: site.meta({ description: 'Which appliance this is.' }),
    hat: z.exactOptional(hat).meta({ description: 'The telephony HAT. Left out for a box with SIP phones only.' }),
    iax2: z.exactOptional(iax2).meta({ description: 'IAX2: the centre, other branches, IAX2 phones.' }),
    sip: z.exactOptional(sip).meta({ description: 'SIP phones and trunks.' }),
    dialplan: z
      .string()
      .prefault('')
      .meta({ description: 'What dialled numbers do, in the language of extensions.conf, as a `|` block.' }),
    emergency: z.exactOptional(emergency).meta({ description: 'Calls that must always go through.' }),
    conferences: z.record(number, conference).prefault({}).meta({ description: 'Conference rooms by number.' }),
    groups: z
      .record(number, z.array(number).min(1, { error: 'allowed: at least one extension' }))
      .prefault({})
      .meta({ description: 'Extensions that ring together, by number.' }),
    features: z
      .exactOptional(features)
      .meta({ description: 'Codes that telephones can dial. A written extension wins over them.' }),
    hours: z
      .exactOptional(
        z
          .union([opening, z.array(opening).min(1, { error: 'allowed: at least one' })])
          .transform((it) => (Array.isArray(it) ? it : [it])),
      )
      .meta({ description: 'Opening hours; the dialplan variable NIGHT is 1 outside them, or by the night-mode key.' }),
    net: z.exactOptional(net).meta({ description: 'How we appear on the network.' }),
    mqtt: z.exactOptional(mqtt).meta({ description: 'The broker that state, records and provisioning go through.' }),
    web: z.exactOptional(web).meta({ description: 'The panel and the HTTP interface.' }),
  })
  .meta({ title: 'Branchline configuration' });

/** As the document says it, with defaults filled in and durations in ms; secrets not looked up yet. */
export type ConfigurationInput = z.output<typeof configurationSchema>;
