import { expect, test } from 'vitest';
import { WITHOUT_SECRETS } from '../../src/cli/configuration-file.ts';
import { type Configuration, loadConfiguration } from '../../src/config/load.ts';
import { lockout } from '../../src/lockout.ts';

function configuration(text: string): Configuration {
  const { configuration: loaded, problems } = loadConfiguration(text, WITHOUT_SECRETS);
  if (loaded === undefined) throw new Error(problems.map(({ message }) => message).join());
  return loaded;
}

const SITE = 'site: { id: lyon-01, country: fr }\n';
const MQTT = 'mqtt: { url: "mqtt://b", provisioning: { publicKey: ops.pub } }\n';
const WEB = 'web: { users: { admin: { passwordHash: h }, second: { passwordHash: h } } }\n';
const box = configuration(SITE + MQTT + WEB);

test.each([
  ['the same', SITE + MQTT + WEB],
  ['another broker, which the trial has to reach', SITE + MQTT.replace('//b', '//c') + WEB],
  ['one user of the panel less', `${SITE}${MQTT}web: { users: { second: { passwordHash: h } } }\n`],
])('%s locks nobody out', (_, text) => {
  expect(lockout(configuration(text), box, box)).toBeUndefined();
});

test.each([
  ['another site', SITE.replace('lyon', 'graz') + MQTT + WEB, /^site\.id is graz-01/],
  ['no mqtt', SITE + WEB, /^without mqtt\.provisioning/],
  ['no provisioning', `${SITE}mqtt: { url: "mqtt://b" }\n${WEB}`, /^without mqtt\.provisioning/],
  ['another key', SITE + MQTT.replace('ops', 'eve') + WEB, /^mqtt\.provisioning\.publicKey is eve\.pub/],
  ['a broker of its own', SITE + MQTT.replace('url: "mqtt://b"', 'embedded: {}') + WEB, /^with mqtt\.embedded/],
  ['no panel', SITE + MQTT, /^no user of the panel would be left of admin, second/],
  ['other users alone', `${SITE}${MQTT}web: { users: { eve: { passwordHash: h } } }\n`, /^no user of the panel/],
])('%s would, and is refused', (_, text, message) => {
  expect(lockout(configuration(text), box, box)).toMatch(message);
});

test('an office that is its own broker already may stay so, and panels without users may go', () => {
  const own = configuration(SITE + MQTT.replace('url: "mqtt://b"', 'embedded: {}'));
  expect(lockout(own, own, own)).toBeUndefined();
});

test('a key of head office is not brought in but by the file, and a box without one may be changed', () => {
  const own = configuration(SITE + WEB);
  expect(lockout(own, own, own)).toBeUndefined();
  expect(lockout(configuration(`${SITE}mqtt: { url: "mqtt://b" }\n${WEB}`), own, own)).toBeUndefined();
  expect(lockout(configuration(SITE + MQTT + WEB), own, own)).toMatch(/^mqtt\.provisioning\.publicKey is ops\.pub/);
});
