import type { Draft } from './draft.ts';
import { PjsipObject } from './pjsip-objects.ts';
import { type Entry, entriesOf, type Section } from './reader.ts';
import { lastOf } from './settings.ts';
import { isYes } from './values.ts';

/** What a section of pjsip_wizard.conf stands for, as res_pjsip_config_wizard.c makes it. */
export function wizardObjects(section: Section, { remarks }: Draft): PjsipObject[] {
  const { name } = section;
  const entries = entriesOf(section);
  if (lastOf(entries, 'type')?.value.toLowerCase() !== 'wizard') return [];
  const value = (key: string) => lastOf(entries, key)?.value;
  const isOn = (key: string) => isYes(value(key) ?? 'no');
  const of = (type: string, ...more: (readonly [string, string])[]): Entry[] => [
    ...more.map(
      ([key, text]): Entry => ({ file: section.file, line: section.line, key, value: text, comment: undefined }),
    ),
    ...entries
      .filter(({ key }) => key.toLowerCase().startsWith(`${type}/`))
      .map((entry) => ({ ...entry, key: entry.key.slice(type.length + 1) })),
  ];
  const [inbound, outbound] = [`${name}-iauth`, `${name}-oauth`];
  const hosts = (value('remote_hosts') ?? '')
    .split(',')
    .map((it) => it.trim())
    .filter((it) => it !== '');
  if (hosts.length > 1)
    remarks.lost(section, `[${name}]: the first of remote_hosts is the trunk; write the others as trunks of their own`);
  const [host] = hosts;
  const transport = value('transport');
  const shared: [string, string][] = transport === undefined ? [] : [['transport', transport]];
  const endpoint = of('endpoint', ['aors', name], ...shared);
  const objects = [
    new PjsipObject(
      'aor',
      name,
      section,
      of('aor', ...(host === undefined ? [] : [['contact', `sip:${host}`] as const])),
    ),
  ];
  if (isOn('accepts_auth')) {
    endpoint.push(...of('', ['auth', inbound]));
    objects.push(new PjsipObject('auth', inbound, section, of('inbound_auth', ['username', name])));
  }
  if (isOn('sends_auth')) {
    endpoint.push(...of('', ['outbound_auth', outbound]));
    objects.push(new PjsipObject('auth', outbound, section, of('outbound_auth', ['username', name])));
  }
  objects.push(new PjsipObject('endpoint', name, section, endpoint));
  if (isOn('sends_registrations') && host !== undefined) {
    const user = value('outbound_auth/username') ?? name;
    const more: [string, string][] = [
      ['endpoint', name],
      ['server_uri', `sip:${host}`],
      ['client_uri', `sip:${user}@${host}`],
      ['outbound_auth', outbound],
    ];
    objects.push(new PjsipObject('registration', name, section, of('registration', ...more)));
  }
  return objects;
}
