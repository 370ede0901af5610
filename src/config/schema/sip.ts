import { z } from 'zod';
import {
  callerId,
  checked,
  codecs,
  contextName,
  dialClass,
  isListenAddress,
  name,
  nonEmpty,
  number,
  secret,
  shownName,
  text,
  whole,
} from './values.ts';

const TRANSPORTS = 'udp|tcp|tls';

const listen = checked((it) => {
  const [, authority] = new RegExp(`^(?:${TRANSPORTS})://(.+)$`).exec(it) ?? [];
  return authority !== undefined && isListenAddress(authority);
}, 'udp://, tcp:// or tls:// with an IP address and a port, such as udp://0.0.0.0:5060');

const phone = z
  .strictObject({
    secret: z.exactOptional(secret).meta({ secret: true, description: 'What it registers with.' }),
    extension: z.exactOptional(number).meta({ description: 'Its number. Its key unless told.' }),
    name: z.exactOptional(shownName).meta({ description: 'What displays and the panel show.' }),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter the dialplan.' }),
    mailbox: z.exactOptional(nonEmpty).meta({ description: 'Its mailbox, `box` or `box@trunk`.' }),
    class: z.exactOptional(dialClass),
    codecs: codecs.prefault(['ulaw', 'alaw']),
  })
  .meta({ title: 'sip.phones.<user>' });

const trunk = z
  .strictObject({
    registrar: text(
      /^sips?:[A-Za-z0-9.[\]:-]+$/,
      'a SIP address without user and password, such as sip:itsp.example',
    ).meta({ description: 'Where it is.' }),
    username: z.exactOptional(nonEmpty).meta({ description: 'Who we are there.' }),
    secret: z.exactOptional(secret).meta({ secret: true, description: 'What we register with.' }),
    context: z.exactOptional(contextName).meta({ description: 'Where its calls enter the dialplan.' }),
    callerId: z.exactOptional(callerId).meta({ description: 'The number that calls to it show.' }),
    codecs: codecs.prefault(['ulaw', 'alaw']),
    maxCalls: z.exactOptional(whole(1, 1000)).meta({ description: 'Calls at a time.' }),
  })
  .meta({ title: 'sip.trunks.<name>' });

export const sip = z.strictObject({
  listen: z
    .array(listen)
    .min(1, { error: 'allowed: at least one address' })
    .prefault(['udp://0.0.0.0:5060'])
    .meta({ description: 'Where SIP is served.' }),
  phones: z.record(name, phone).prefault({}).meta({ description: 'SIP phones by their user name.' }),
  trunks: z
    .record(name, trunk)
    .prefault({})
    .meta({ description: 'Providers and other switches, by the name that dial strings use.' }),
});
