import { type LoadedConfiguration, loadConfiguration } from '../../../src/config/load.ts';
import { formatProblem } from '../../../src/config/problem.ts';
import type { SecretStore } from '../../../src/config/secret.ts';

/** In the form that `hash-password` prints. */
export const PASSWORD_HASH = `$scrypt$15$8$1$${'s'.repeat(22)}$${'h'.repeat(43)}`;
const PUBLIC_KEY = '-----BEGIN PUBLIC KEY-----\nMCow\n-----END PUBLIC KEY-----\n';

/** Every secret that is asked for exists. */
export const richStore: SecretStore = {
  env: (name) => `value of ${name}`,
  file: (path) => ({ text: path.endsWith('.pub') ? PUBLIC_KEY : `content of ${path}\n` }),
  key: (path) => ({ text: `key of ${path}\n` }),
  open: (box) => ({ text: `content of ${box}` }),
};

/** No secret exists. */
export const poorStore: SecretStore = {
  env: () => undefined,
  file: (path) => ({ failure: `the file ${path} does not exist` }),
  key: (path) => ({ failure: `the file ${path} does not exist` }),
  open: () => ({ failure: 'it is sealed for another appliance' }),
};

/** The problems as `check` prints them, without the file's name. */
export function problemsOf(text: string, store: SecretStore = richStore): string[] {
  return loadConfiguration(text, store).problems.map((problem) => formatProblem('', problem).slice(1));
}

export function errorsOf(text: string, store: SecretStore = richStore): string[] {
  return problemsOf(text, store).filter((line) => !/^\d+:\d+: warning: /.test(line));
}

export function load(text: string, store: SecretStore = richStore): LoadedConfiguration {
  return loadConfiguration(text, store);
}

/** A document that uses every section. */
export const WHOLE = `site: { id: graz-02, name: Graz office, country: at, timezone: Europe/Vienna }

hat:
  port: /dev/ttyAMA0
  lines:
    - { port: 1, kind: fxs, extension: "31", name: Desk, context: house, class: national }
    - { port: 2, kind: fxs, extension: "32", name: Fax, context: house, fax: true }
    - { port: 3, kind: fxo, name: Town, context: town }
  keypad: { "1": status, "2": night-mode, "9": identify }

iax2:
  bind: 0.0.0.0:4569
  peers:
    centre:
      type: friend
      host: pbx.example.net
      username: graz-02
      secret: { env: CENTRE }
      auth: [md5]
      register: { refresh: 60s, every: 8s }
      context: centre
      allowFrom: [198.51.100.0/24, "2001:db8::/32"]
      codecs: [alaw, ulaw]
      callToken: required
      trunk: true
      qualify: { every: 2s, timeout: 1s }
      maxCalls: 8
      callerId: "+43316000001"
    modem:
      host: dynamic
      secret: [first, { file: modem }]
      context: house
      callToken: no
      acl: [{ deny: 0.0.0.0/0 }, { permit: 192.0.2.7 }]
      encryption: aes128

sip:
  listen: [udp://0.0.0.0:5060, "tls://[::]:5061"]
  phones:
    "41": { secret: { file: phones/41 }, name: Hall, context: house, mailbox: "41@provider" }
  trunks:
    provider: { registrar: "sip:itsp.example", username: graz, secret: { sealed: c2VhbGVk } }

dialplan: |
  [house]
  exten => _3X,1,Dial(\${DEVICE(\${EXTEN})},20)
  exten => _9XXX,1,Dial(IAX2/centre/\${EXTEN:1},30,r)
  exten => _9XXX,2,Dial(SIP/provider/\${EXTEN:1},30)
  exten => _9XXX,3,Congestion
  [centre]
  exten => _3X,1,Dial(\${DEVICE(\${EXTEN})},20)
  [town]
  exten => s,1,Dial(LINE/1,20)

emergency: { numbers: ["1450"], via: [LINE/3, IAX2/centre, SIP/provider], notify: [mqtt, "31"] }
conferences: { "60": { pin: "1234", maxMembers: 30 } }
groups: { "50": ["31", "41"] }
features: { contexts: [house], pickup: "*8", forward: "*72", dnd: "*78", park: "700" }
hours: ["mon-thu 08:00-17:00", "fri 08:00-14:00"]
net: { external: auto, rtpPorts: 12000-12099, dscp: { media: 46, signalling: 24 } }
mqtt: { url: "mqtts://broker.example:8883", username: graz-02, password: { file: mqtt }, provisioning: { publicKey: ops.pub } }
web: { listen: "https://0.0.0.0:8443", users: { admin: { passwordHash: "${PASSWORD_HASH}" } } }
`;
