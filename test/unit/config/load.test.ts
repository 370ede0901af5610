import { describe, expect, test } from 'vitest';
import { cpuTimer } from '../../support/cpu-time.ts';
import { errorsOf, load, poorStore, problemsOf, WHOLE } from './example.ts';

const SITE = 'site: { id: a, country: fr }\n';

/** A document whose line 7 is a peer with `keys`, which begin in column 42. */
function peer(keys: string): string {
  return `${SITE}dialplan: |\n  [c]\n  exten => 1,1,Answer\niax2:\n  peers:\n    hq: { host: h.example, context: c,   ${keys} }\n`;
}

function lineWith(keys: string): string {
  return `hat:\n  port: emulator\n  lines:\n    - { port: 1, context: c, kind: ${keys} }\n`;
}

function phoneWith(keys: string): string {
  return `sip:\n  phones:\n    "7": { secret: s, context: c, ${keys} }\n`;
}

const DURATION = 'such as 250ms, 10s, 5m or 2h; a bare number is seconds';
const SECRET = 'a secret is text in quotes, { env: NAME }, { file: PATH } or { sealed: BASE64 }';
const TOP = 'site, hat, iax2, sip, dialplan, emergency, conferences, groups, features, hours, net, mqtt, web';
const HOST = 'a host name or an IP address, with or without :port (1 to 65535)';
const NETWORK = 'a network such as 203.0.113.0/24 or 2001:db8::/32, or one address';
const BIND = 'an IP address and a port (1 to 65535), such as 0.0.0.0:4569';
const BROKER =
  'mqtt://, mqtts://, ws:// or wss:// with a host, with or without :port; user and password have keys of their own';
const LISTEN = 'http:// (loopback only) or https:// with an IP address and a port, such as http://127.0.0.1:8080';

type Row = readonly [yaml: string, ...errors: string[]];

describe('every error names its place, what is wrong and what is allowed', () => {
  const documents: Row[] = [
    ['', '1:1: the document is empty; it needs at least "site: { id: … }"'],
    ['foo', '1:1: the document is "foo"; allowed: a mapping (keys with values)'],
    ['- 1', '1:1: the document is a list; allowed: a mapping (keys with values)'],
    ['site:\n', '1:6: site is empty; allowed: a mapping (keys with values)'],
    ['site: [a]\n', '1:7: site is a list; allowed: a mapping (keys with values)'],
    ['site: {}\n', '1:7: site.id is missing; allowed: a–z, 0–9 and -, 1 to 40 characters'],
    ['site: { id: Lyon 1 }\n', '1:13: site.id is "Lyon 1"; allowed: a–z, 0–9 and -, 1 to 40 characters'],
    [
      `site: { id: ${'a'.repeat(41)} }\n`,
      `1:13: site.id is "${'a'.repeat(41)}"; allowed: a–z, 0–9 and -, 1 to 40 characters`,
    ],
    [
      'sit: { id: a }\n',
      '1:1: site is missing; allowed: a mapping (keys with values)',
      `1:1: unknown key "sit"; did you mean "site"? allowed: ${TOP}`,
    ],
    [`${SITE}iax: {}\n`, `2:1: unknown key "iax"; did you mean "iax2"? allowed: ${TOP}`],
    [`${SITE}zzz: {}\n`, `2:1: unknown key "zzz"; allowed: ${TOP}`],
    [`${SITE}site: 2\n`, '2:1: this key is here twice (first in line 1); each may be here once'],
    [
      'site: { id: a b, nmae: x, country: fr, timezone: 5 }\nweb: { listen: 8080 }\n',
      '1:13: site.id is "a b"; allowed: a–z, 0–9 and -, 1 to 40 characters',
      '1:18: unknown key "nmae" in site; did you mean "name"? allowed: id, name, country, timezone, localNumbers',
      '1:50: site.timezone is 5; allowed: a name of the time zone database, such as Europe/Paris, or UTC',
      `2:16: web.listen is 8080; allowed: ${LISTEN}`,
    ],
    ['site: { id: 5 }\n', '1:13: site.id is 5; allowed: a–z, 0–9 and -, 1 to 40 characters; write "5"'],
    [
      'site: { id: a, country: frr }\n',
      '1:25: site.country is "frr"; did you mean "fr"? allowed: at, au, be, br, ch, cn, de, dk, es, fi, fr, gb, il, in, it, jp, mx, nl, no, nz, pl, pt, ru, se, us, za',
    ],
    [
      'site: { id: a, timezone: Europe/Pari }\n',
      '1:26: site.timezone is "Europe/Pari"; allowed: a name of the time zone database, such as Europe/Paris, or UTC',
    ],
    ['site: { id: a, name: "" }\n', '1:22: site.name is ""; allowed: text of 1 to 80 characters'],
  ];

  const yaml: Row[] = [
    ['site:\n\tid: a\n', '2:1: a tab indents this line; only spaces may indent'],
    [`${SITE}dialplan: |\n\t[a]\n`, '3:1: a tab indents this line; only spaces may indent'],
    ['site: { id: a\n', '2:1: the [ or { above is not closed before this line; close it, or indent this line more'],
    ['site: "a\nfoo: 1\n', '1:7: this quoted text is not closed; end it with the same quote'],
    ["site: 'a\nfoo: 1\n", '1:7: this quoted text is not closed; end it with the same quote'],
    ['site: { id: a }\n---\nfoo: 1\n', '2:1: a second document starts here; a file holds one'],
    ['site: id: a\n', '1:7: a second ": " in one value; put the value in quotes, or the key on a line of its own'],
    [
      'site:\n  id: a\n name: b\n',
      '3:1: this line does not line up with the keys above; keys of one mapping start in the same column',
    ],
    ['site:\n - a\n- c\n', '3:1: this list item does not line up with the list above; indent it as far'],
    [
      'site: { id: a: b }\n',
      '1:13: a second ": " in one value; put the value in quotes, or the key on a line of its own',
    ],
    [
      'site:\n  id: a\n   name: b\n',
      '3:4: this line is indented further than the key above; keys of one mapping start in the same column',
    ],
    [
      'site:\n  id: a\n\n  # where\n     name: b\n  country: fr\n',
      '5:6: this line is indented further than the key above; keys of one mapping start in the same column',
    ],
    [
      'site:\n  id: "a"\n   name: b\n',
      '3:4: this line is indented further than the key above; keys of one mapping start in the same column',
    ],
    ['site: -\n', '1:7: a list begins on the line after its key; put a value that starts with - in quotes'],
    ['a:\n  - b: 1\n   c: 2\n', '3:1: an item of the list lacks its "- "'],
    ['site: "x"#y\n', '1:10: a blank is missing before "#"; a value with "#" goes in quotes'],
    ['site: * c\n', '1:7: a value may not start with & or * unless it names an anchor; put it in quotes'],
    [
      'site: { id:a }\n',
      '1:7: site.id is missing; allowed: a–z, 0–9 and -, 1 to 40 characters',
      '1:9: unknown key "id…" in site; write a blank after ":"; allowed: id, name, country, timezone, localNumbers',
    ],
    ['site: { id: a }\nfoo\nbar: 1\n', '2:1: a key without ":"; write "key: value" on one line'],
    ['site: { id: a }\nfoo\n', '2:1: a key without ":"; write "key: value"'],
    ['site: { id: "a\\q" }\n', '1:15: a \\ in double quotes that starts no escape; write \\\\, or use single quotes'],
    ['site: "a" b\n', '1:11: more text after the end of a value; put the whole value in quotes'],
    ['site: @a\n', '1:7: a value may not start with @, ` or %; put it in quotes'],
    ['site: %a\n', '1:7: a value may not start with @, ` or %; put it in quotes'],
    ['site: !a b\n', '1:7: a value may not start with "!"; put it in quotes'],
    ['site: [a,,b]\n', '1:10: a comma too many'],
    ['site: {id: a}}\n', '1:14: a ] or } that nothing opened, or the wrong one of both'],
    [`${SITE}dialplan: |x\n  [a]\n`, '2:12: after "|" only a comment may follow; the text starts on the next line'],
    ['%foo\n---\nsite: { id: a }\n', '1:1: a line may not start with "%"'],
    [
      `${SITE}iax2: { bind: *nothing }\n`,
      '2:15: a value that starts with * must name an anchor above; a text that starts with * goes in quotes',
    ],
    [`${SITE}site: &a { id: *a }\n`, '2:1: this key is here twice (first in line 1); each may be here once'],
    ['site: &a { id: *a }\n', '1:16: an alias of itself; a text that starts with * goes in quotes'],
    [`${SITE}? [a]\n: 1\n`, '2:3: a key must be a word or a number; put it in quotes if it has special characters'],
    [`${SITE}iax2: { peers: { __proto__: 1 } }\n`, '2:18: __proto__ cannot be a key; give it another name'],
    [`${SITE}web: { listen: { a: 1 } }\n`, `2:16: web.listen is a mapping; allowed: ${LISTEN}`],
    [`${SITE}dialplan: >\n  [a]\n`, '2:11: dialplan: > joins the lines of the text; write dialplan: |'],
    [`${SITE}dialplan: 5\n`, '2:11: dialplan is 5; allowed: text'],
  ];

  const hat: Row[] = [
    [
      `${SITE}hat: { port: emulator, lines: [{ port: 1, kind: fxz, extention: "1" }, { port: 9, kind: fxs, extension: 0201 }] }\n`,
      '2:49: hat.lines[0].kind is "fxz"; did you mean "fxs"? allowed: fxs, fxo',
      '2:54: unknown key "extention" in hat.lines[0]; did you mean "extension"? allowed: port, kind, extension, name, context, fax, class, hotline, mailbox, mwi, flash, callWaiting, callerId',
      '2:80: hat.lines[1].port is 9; allowed: a whole number from 1 to 8',
      '2:105: hat.lines[1].extension is 201; allowed: digits, * and #, 1 to 32 of them, in quotes; write "0201"',
    ],
    [
      `${SITE}hat: { port: tty, lines: 3 }\n`,
      '2:14: hat.port is "tty"; allowed: a serial device such as /dev/ttyAMA0, or emulator',
      '2:26: hat.lines is 3; allowed: a list',
    ],
    [
      `${SITE}hat: { lines: [] }\n`,
      '2:6: hat.port is missing; allowed: a serial device such as /dev/ttyAMA0, or emulator',
    ],
    [
      `${SITE}hat: { port: emulator, lines: [{ port: 3, kind: fxo, extension: "2" }] }\n`,
      '2:65: hat.lines[0].extension is "2"; a town line (kind: fxo) has no extension',
    ],
    [
      `${SITE}hat: { port: emulator, lines: [{ port: 1, kind: fxs }, { port: 1, kind: fxs }] }\n`,
      '2:64: port 1 is taken by hat.lines[0]; each jack may be used once',
    ],
    [
      `${SITE}hat: { port: emulator, keypad: { "12": status, "1": reboot } }\n`,
      '2:34: "12" does not fit as a key here; allowed: one key of the keypad: 0–9, A–D, * or #',
      '2:53: hat.keypad.1 is "reboot"; allowed: status, night-mode, identify, adopt, restart, factory-reset',
    ],
  ];

  const iax2: Row[] = [
    [`${SITE}iax2: { bind: 4569 }\n`, `2:15: iax2.bind is 4569; allowed: ${BIND}`],
    [`${SITE}iax2: { bind: "localhost:4569" }\n`, `2:15: iax2.bind is "localhost:4569"; allowed: ${BIND}`],
    [`${SITE}iax2: { bind: "0.0.0.0:70000" }\n`, `2:15: iax2.bind is "0.0.0.0:70000"; allowed: ${BIND}`],
    [`${SITE}iax2: { bind: "0.0.0.0:0" }\n`, `2:15: iax2.bind is "0.0.0.0:0"; allowed: ${BIND}`],
    [`${SITE}iax2: { bind: "::1" }\n`, `2:15: iax2.bind is "::1"; allowed: ${BIND}`],
    [`${SITE}iax2: { peers: [] }\n`, '2:16: iax2.peers is an empty list; allowed: a mapping (keys with values)'],
    [
      `${SITE}iax2: { peers: { "a b": {} } }\n`,
      '2:18: "a b" does not fit as a key here; allowed: letters, digits, "_", "-" and ".", 1 to 64 of them',
    ],
    [`${SITE}iax2: { peers: { hq: } }\n`, '2:22: iax2.peers.hq is empty; allowed: a mapping (keys with values)'],
    [peer('type: frend'), '7:48: iax2.peers.hq.type is "frend"; did you mean "friend"? allowed: friend, user, peer'],
    [peer('auth: md5'), '7:48: iax2.peers.hq.auth is "md5"; allowed: a list; write [md5]'],
    [peer('auth: [md6]'), '7:49: iax2.peers.hq.auth[0] is "md6"; did you mean "md5"? allowed: md5, rsa, plaintext'],
    [peer('auth: []'), '7:48: iax2.peers.hq.auth is an empty list; allowed: at least one of md5, rsa and plaintext'],
    [peer('auth: [rsa]'), '7:48: auth: rsa needs keys: inKeys to check the peer, outKey to prove ourselves'],
    [
      peer('codecs: [ulaw, g711]'),
      '7:57: iax2.peers.hq.codecs[1] is "g711"; allowed: ulaw, alaw, g722, gsm, g726, g729, ilbc, opus, speex, slin, h261, h263, h263p, h264, vp8',
    ],
    [peer('codecs: []'), '7:50: iax2.peers.hq.codecs is an empty list; allowed: at least one codec'],
    [
      peer('codecs: [h264]'),
      '7:50: iax2.peers.hq.codecs is a list; allowed: at least one codec of voice; pictures alone make no call',
    ],
    [peer('callToken: yes'), '7:53: iax2.peers.hq.callToken is "yes"; allowed: required, auto, no'],
    [peer('trunk: yes'), '7:49: iax2.peers.hq.trunk is "yes"; allowed: true or false; write true'],
    [peer('trunk: off'), '7:49: iax2.peers.hq.trunk is "off"; allowed: true or false; write false'],
    [
      peer('trunk: true, encryption: aes128'),
      '7:49: trunk and encryption exclude each other: trunk frames would carry the voice in clear; leave out one of them',
    ],
    [peer('encryption: des'), '7:54: iax2.peers.hq.encryption is "des"; allowed: aes128'],
    [peer('maxCalls: 0'), '7:52: iax2.peers.hq.maxCalls is 0; allowed: a whole number from 1 to 1000'],
    [peer('maxCalls: 1.5'), '7:52: iax2.peers.hq.maxCalls is 1.5; allowed: a whole number from 1 to 1000'],
    [
      peer('maxCalls: "8"'),
      '7:52: iax2.peers.hq.maxCalls is "8"; allowed: a whole number from 1 to 1000; write 8 without quotes',
    ],
    [
      peer('callerId: +33472000001'),
      '7:52: iax2.peers.hq.callerId is 33472000001; allowed: a number, digits with or without a leading +, in quotes; write "+33472000001"',
    ],
    [peer('allowFrom: [10.0.0.0/33]'), `7:54: iax2.peers.hq.allowFrom[0] is "10.0.0.0/33"; allowed: ${NETWORK}`],
    [
      peer('allowFrom: ["2001:db8::/129"]'),
      `7:54: iax2.peers.hq.allowFrom[0] is "2001:db8::/129"; allowed: ${NETWORK}`,
    ],
    [
      peer('allowFrom: 10.0.0.0/8'),
      '7:53: iax2.peers.hq.allowFrom is "10.0.0.0/8"; allowed: a list; write [10.0.0.0/8]',
    ],
    [
      peer('allow: [ulaw]'),
      '7:42: unknown key "allow" in iax2.peers.hq; did you mean "codecs"? allowed: type, host, username, secret, auth, inKeys, outKey, register, context, allowFrom, acl, otherContexts, codecs, codecPriority, callToken, trunk, trunkTimestamps, encryption, qualify, maxCalls, autokill, transfer, class, mailbox, callerId',
    ],
    [
      `${SITE}mqtt: { host: h }\n`,
      '2:9: unknown key "host" in mqtt; did you mean "url"? allowed: url, embedded, username, password, tls, homeAssistant, commands, provisioning',
    ],
    [
      peer('codecs: [g711u]'),
      '7:51: iax2.peers.hq.codecs[0] is "g711u"; did you mean "ulaw"? allowed: ulaw, alaw, g722, gsm, g726, g729, ilbc, opus, speex, slin, h261, h263, h263p, h264, vp8',
    ],
    [
      'site: { id: a, country: uk }\n',
      '1:25: site.country is "uk"; did you mean "gb"? allowed: at, au, be, br, ch, cn, de, dk, es, fi, fr, gb, il, in, it, jp, mx, nl, no, nz, pl, pt, ru, se, us, za',
    ],
    [peer('allowFrom: "a b"'), '7:53: iax2.peers.hq.allowFrom is "a b"; allowed: a list; write ["a b"]'],
    [peer('codecs: ulaw'), '7:50: iax2.peers.hq.codecs is "ulaw"; allowed: a list of codecs; write [ulaw]'],
    [peer('codecs: all'), '7:50: iax2.peers.hq.codecs is "all"; allowed: a list of codecs'],
    [
      peer('acl: [{deny: 0.0.0.0/0.0.0.0}, {permit: 10.1.2.0/255.255.254.0}, {permit: 10.0.0.0/255.0.255.0}]'),
      '7:55: iax2.peers.hq.acl[0].deny is "0.0.0.0/0.0.0.0"; allowed: a network such as 203.0.113.0/24 or 2001:db8::/32, or one address; write 0.0.0.0/0',
      '7:82: iax2.peers.hq.acl[1].permit is "10.1.2.0/255.255.254.0"; allowed: a network such as 203.0.113.0/24 or 2001:db8::/32, or one address; write 10.1.2.0/23',
      '7:116: iax2.peers.hq.acl[2].permit is "10.0.0.0/255.0.255.0"; allowed: a network such as 203.0.113.0/24 or 2001:db8::/32, or one address',
    ],
    [
      peer('acl: [{ permit: 10.0.0.1, deny: 10.0.0.2 }]'),
      '7:48: iax2.peers.hq.acl[0] is a mapping; exactly one of permit and deny',
    ],
    [
      peer('acl: [{ permt: 10.0.0.1 }]'),
      '7:50: unknown key "permt" in iax2.peers.hq.acl[0]; did you mean "permit"? allowed: permit, deny',
    ],
    [
      peer('acl: [{ permit: 10.0.0.1 }], allowFrom: [10.0.0.1]'),
      '7:47: acl and allowFrom exclude each other; write all rules in acl',
    ],
    [peer('mailbox: other'), '7:51: "other" is no IAX2 peer that we register at; there is none'],
    [
      peer('register: {}') + lineWith('fxs, mailbox: hp'),
      '11:50: "hp" is no IAX2 peer that we register at, and no SIP trunk; allowed: hq',
    ],
    [peer('register: {}') + lineWith('fxs, mailbox: hq')],
    [
      peer('register: {}') + lineWith('fxo, mailbox: hq'),
      '11:50: hat.lines[0].mailbox is "hq"; a town line (kind: fxo) has no mailbox',
    ],
    [peer('register: {}') + phoneWith('mailbox: hq')],
    [peer('register: {}') + phoneWith('mailbox: "7@hq"')],
    [peer('inKeys: 5'), '7:50: iax2.peers.hq.inKeys is 5; allowed: a list'],
    [peer('context: d').replace('context: c,  ', ''), '7:38: the dialplan has no context "d"; allowed: c'],
    [
      peer('host: 1.2.3.400').replace('host: h.example,', ''),
      `7:32: iax2.peers.hq.host is "1.2.3.400"; allowed: dynamic, or ${HOST}`.replace('dynamic, or ', ''),
    ],
    [peer('host: h:99999').replace('host: h.example,', ''), `7:32: iax2.peers.hq.host is "h:99999"; allowed: ${HOST}`],
    [peer('host: 5').replace('host: h.example,', ''), `7:32: iax2.peers.hq.host is 5; allowed: dynamic, or ${HOST}`],
    [
      peer('host: dynamic, register: {}').replace('host: h.example,', ''),
      '7:51: register needs the host of the peer; a dynamic peer registers here instead',
    ],
    [peer('type: user, register: {}'), '7:64: register needs type: peer or friend; a user only calls us'],
    [
      peer('register: yes'),
      '7:52: iax2.peers.hq.register is "yes"; allowed: a mapping such as { refresh: …, every: … }',
    ],
    [peer('qualify: 2000'), '7:51: iax2.peers.hq.qualify is 2000; allowed: a mapping such as { every: …, timeout: … }'],
    [
      peer('register: { refresh: 5 }'),
      `7:63: iax2.peers.hq.register.refresh is 5; allowed: a duration from 10s to 1h, ${DURATION}`,
    ],
    [
      peer('register: { refresh: 2h }'),
      `7:63: iax2.peers.hq.register.refresh is "2h"; allowed: a duration from 10s to 1h, ${DURATION}`,
    ],
    [
      peer('register: { refresh: 5x }'),
      `7:63: iax2.peers.hq.register.refresh is "5x"; allowed: a duration from 10s to 1h, ${DURATION}`,
    ],
    [
      peer('register: { every: [1] }'),
      `7:61: iax2.peers.hq.register.every is a list; allowed: a duration from 5s to 1h, ${DURATION}`,
    ],
    [
      peer('qualify: { every: 1s, timeout: 5s }'),
      '7:73: iax2.peers.hq.qualify.timeout is "5s"; timeout may not be longer than every',
    ],
  ];

  const services: Row[] = [
    [
      `${SITE}web: { listen: "http://0.0.0.0:80" }\n`,
      '2:16: http:// is allowed on loopback only, such as http://127.0.0.1:80',
    ],
    [
      `${SITE}web: { listen: "http://[::]:80" }\n`,
      '2:16: http:// is allowed on loopback only, such as http://127.0.0.1:80',
    ],
    [
      `${SITE}web: { listen: "https://0.0.0.0:80" }\n`,
      '2:16: an address off loopback needs web.users; without them only loopback is allowed',
    ],
    [
      `${SITE}web: { listen: "https://0.0.0.0:80", auth: none }\n`,
      '2:44: auth: none is allowed on loopback only; name users',
    ],
    [`${SITE}web: { auth: basic }\n`, '2:14: web.auth is "basic"; allowed: none'],
    [
      `${SITE}web: { auth: none, users: { a: { passwordHash: x } } }\n`,
      '2:14: auth: none and users exclude each other; leave out one of them',
    ],
    [`${SITE}web: { listen: "127.0.0.1:80" }\n`, `2:16: web.listen is "127.0.0.1:80"; allowed: ${LISTEN}`],
    [`${SITE}mqtt: { url: http://x }\n`, `2:14: mqtt.url is "http://x"; allowed: ${BROKER}`],
    [`${SITE}mqtt: { url: "mqtt://h:99999" }\n`, `2:14: mqtt.url is "mqtt://h:99999"; allowed: ${BROKER}`],
    [`${SITE}mqtt: { url: "mqtt://h", password: x }\n`, '2:36: a password needs mqtt.username'],
    [
      `${SITE}mqtt: { url: "mqtt://h", commands: signed }\n`,
      '2:36: signed commands need mqtt.provisioning.publicKey, the key they are checked with',
    ],
    [
      `${SITE}mqtt: {}\n`,
      '2:7: mqtt.url is missing; wanted: where the broker is, or mqtt.embedded for one in this appliance',
    ],
    [
      `${SITE}mqtt: { url: "mqtt://h", embedded: {} }\n`,
      '2:36: mqtt.url and mqtt.embedded exclude each other; leave out one',
    ],
    [
      `${SITE}mqtt: { embedded: { listen: 0.0.0.0:1883 } }\n`,
      '2:29: an address off loopback needs mqtt.embedded.users; without them only loopback is allowed',
    ],
    [
      `${SITE}mqtt: { embedded: {}, username: me }\n`,
      '2:33: mqtt.username belongs to mqtt.url; the embedded broker needs none',
    ],
    [
      `${SITE}net: { rtpPorts: 4001-4000, dscp: { media: 99 }, external: "a b" }\n`,
      '2:18: net.rtpPorts is "4001-4000"; allowed: the first and the last port, such as 10000-10199; the first even, within 1024 to 65535',
      '2:44: net.dscp.media is 99; allowed: a whole number from 0 to 63',
      '2:60: net.external is "a b"; allowed: auto, an IP address or a host name',
    ],
    [
      `${SITE}net: { rtpPorts: 4000-5000 }\niax2: {}\n`,
      '2:18: the range includes port 4569 of iax2.bind; choose another',
    ],
    [
      `${SITE}hours: mon-fri\n`,
      '2:8: hours is "mon-fri"; allowed: days, a blank and times, such as "mon-fri 08:30-18:00" or "sat,sun 09:00-12:00"',
    ],
    [
      `${SITE}features: { park: 700, pikup: "1" }\n`,
      '2:19: features.park is 700; allowed: digits, * and #, 1 to 8 of them, in quotes; write "700"',
      '2:24: unknown key "pikup" in features; did you mean "pickup"? allowed: contexts, pickup, forward, forwardBusy, forwardNoAnswer, dnd, park',
    ],
    [
      `${SITE}features: { contexts: [x], pickup: "*8", dnd: "*8" }\n`,
      '2:24: the dialplan has no context "x"; there is none',
      '2:47: "*8" is already features.pickup; each code may have one meaning',
    ],
    [
      `${SITE}features: { park: "70", dnd: "705" }\nconferences: { "70": {}, "700": {}, "7000": {} }\n`,
      '2:19: "705" is features.dnd, and a slot of "70"; each code may have one meaning',
      '2:19: "70" is an extension here, and "70" parks; take a code that no extension begins with',
      '2:19: "700" is an extension here, and "70" parks; take a code that no extension begins with',
    ],
    [`${SITE}groups: { "20": ["1"], "21": [] }\n`, '2:30: groups.21 is an empty list; allowed: at least one extension'],
    [
      `${SITE}groups: { "20": ["1"] }\nconferences: { "20": {} }\n`,
      '2:18: no line or phone has the extension "1"; there is none',
      '3:22: "20" is already groups.20; each number may have one meaning',
    ],
    [
      `${SITE}conferences: { "20": { maxMembers: 1 } }\n`,
      '2:36: conferences.20.maxMembers is 1; allowed: a whole number from 2 to 512',
    ],
    [
      `${SITE}emergency: { numbers: [911], via: [FOO], notify: [mail] }\n`,
      '2:24: emergency.numbers[0] is 911; allowed: digits, * and #, 1 to 32 of them, in quotes; write "911"',
      '2:36: emergency.via[0] is "FOO"; allowed: LINE/<port>, IAX2/<peer> or SIP/<trunk>',
      '2:51: emergency.notify[0] is "mail"; allowed: mqtt, or an extension in quotes',
    ],
    [
      `${SITE}emergency: { numbers: ["3114"], notify: [mqtt, "299"] }\n`,
      '2:48: no line or phone has the extension "299"; there is none',
    ],
    [
      `${SITE}emergency: { via: [LINE/1, IAX2/x, SIP/y] }\n`,
      '2:20: hat.lines has no port 1; there is none',
      '2:28: iax2.peers has no "x"; there is none',
      '2:36: sip.phones and sip.trunks have no "y"; there is none',
    ],
    [
      `${SITE}sip: { listen: [http://x], phones: { "1": { secert: x } } }\n`,
      '2:17: sip.listen[0] is "http://x"; allowed: udp://, tcp:// or tls:// with an IP address and a port, such as udp://0.0.0.0:5060',
      '2:45: unknown key "secert" in sip.phones.1; did you mean "secret"? allowed: secret, certificate, extension, name, context, mailbox, class, codecs, callerId, flash, srtp, maxCalls',
    ],
    [
      `${SITE}sip: { phones: { "1": { secret: x, certificate: desk-1 } } }\n`,
      '2:49: a certificate is asked for over tls:// in sip.listen with sip.tls.clientCa only; without them it could never register',
    ],
  ];

  const secrets: Row[] = [
    [peer('secret: 1234'), `7:50: iax2.peers.hq.secret cannot be read; ${SECRET}`],
    [peer('secret: true'), `7:50: iax2.peers.hq.secret cannot be read; ${SECRET}`],
    [peer('secret:'), `7:50: iax2.peers.hq.secret cannot be read; ${SECRET}`],
    [peer('secret: ""'), '7:50: iax2.peers.hq.secret cannot be read; allowed: text, not empty'],
    [peer('secret: []'), '7:50: iax2.peers.hq.secret cannot be read; allowed: at least one secret'],
    [peer('secret: [a, 5]'), `7:54: iax2.peers.hq.secret[1] cannot be read; ${SECRET}`],
    [peer('secret: {}'), '7:50: iax2.peers.hq.secret cannot be read; exactly one of env, file and sealed'],
    [
      peer('secret: { env: A, file: b }'),
      '7:50: iax2.peers.hq.secret cannot be read; exactly one of env, file and sealed',
    ],
    [
      peer('secret: { evn: A }'),
      '7:52: unknown key in iax2.peers.hq.secret; did you mean "env"? allowed: env, file, sealed',
    ],
    [
      peer('secret: { env: a b }'),
      '7:57: iax2.peers.hq.secret.env cannot be read; env names an environment variable: letters, digits and _',
    ],
    [peer('secret: { sealed: "??" }'), '7:60: iax2.peers.hq.secret.sealed cannot be read; sealed is base64'],
  ];

  test.each([...documents, ...yaml, ...hat, ...iax2, ...services, ...secrets])('%j', (text, ...errors) => {
    expect(errorsOf(text)).toEqual(errors);
  });
});

describe('warnings', () => {
  const NO_WAY =
    '1:7: warning: emergency calls have no way out: there is no town line, no emergency.via and no trunk that is registered';
  const rows: Row[] = [
    [
      'site: { id: a }\nhat: { port: emulator, lines: [{ port: 1, kind: fxs, context: c }] }\ndialplan: |\n  [c]\n',
      '1:7: warning: site.country is missing; the lines get the tones and ringing of us',
      NO_WAY,
    ],
    [
      `${SITE}hat: { port: emulator, lines: [{ port: 1, kind: fxs }] }\n`,
      '2:32: warning: hat.lines[0] has no context; calls from it reach nothing',
      NO_WAY,
    ],
    [
      `${SITE}iax2: { peers: { hq: {} } }\n`,
      '2:22: warning: iax2.peers.hq has no context; its calls to us are rejected',
      '2:22: warning: iax2.peers.hq has no secret; whoever gives its name may call',
    ],
    [`${SITE}iax2: { peers: { hq: { type: peer, host: h } } }\n`],
    [
      `${SITE}iax2: { peers: { hq: { type: peer, host: h, register: {}, mailbox: hq } } }\n`,
      '2:68: warning: mailbox is told to peers that register here: it needs host: dynamic',
    ],
    [
      `${SITE}dialplan: |\n  [c]\nhat:\n  port: emulator\n  lines:\n    - { port: 1, kind: fxs, context: c, extension: "7" }\n    - { port: 2, kind: fxs, context: c, extension: "7" }\n`,
      '8:52: warning: extension "7" is also that of hat.lines[0].extension; both will ring',
      NO_WAY,
    ],
  ];

  test.each(rows)('%j', (text, ...problems) => {
    expect(problemsOf(text).sort()).toEqual([...problems].sort());
  });

  test('and of a phone whose messages wait at a peer that tells nothing of them', () => {
    expect(problemsOf(peer('register: {}') + phoneWith('mailbox: 7@hp'))).toContain(
      '10:44: warning: "hp" is no IAX2 peer that we register at, and no SIP trunk; allowed: hq',
    );
  });
});

describe('a document with every section', () => {
  test('is valid when its secrets are there', () => {
    expect(errorsOf(WHOLE)).toEqual([]);
    expect(load(WHOLE).configuration).toBeDefined();
  });

  test('names each secret that is missing, and where it should have been', () => {
    expect(errorsOf(WHOLE, poorStore)).toEqual([
      '18:15: iax2.peers.centre.secret: the environment variable CENTRE is not set; set it to the secret',
      '31:23: iax2.peers.modem.secret[1]: the file modem does not exist; the file must hold the secret',
      '40:21: sip.phones.41.secret: the file phones/41 does not exist; the file must hold the secret',
      '42:72: sip.trunks.provider.secret: it is sealed for another appliance',
      '61:74: mqtt.password: the file mqtt does not exist; the file must hold the secret',
    ]);
  });

  test('names each key that cannot be had', () => {
    const rsa = WHOLE.replace('auth: [md5]', 'auth: [rsa]\n      inKeys: [old.pub, new.pub]\n      outKey: graz.key');
    expect(errorsOf(rsa, poorStore).filter((line) => /Key/.test(line))).toEqual([
      '20:16: iax2.peers.centre.inKeys[0]: the file old.pub does not exist',
      '20:25: iax2.peers.centre.inKeys[1]: the file new.pub does not exist',
      '21:15: iax2.peers.centre.outKey: the file graz.key does not exist',
    ]);
    expect(load(rsa).configuration?.iax2?.peers['centre']?.outKey?.reveal()).toBe('key of graz.key\n');
    expect(JSON.stringify(load(rsa).configuration)).not.toContain('graz.key');
  });

  test('is given with durations in ms, addresses taken apart, and defaults filled in', () => {
    const { configuration } = load(WHOLE);
    const peers = configuration!.iax2!.peers;
    expect(configuration!.iax2!.bind).toEqual({ ip: '0.0.0.0', port: 4569 });
    expect(peers['centre']).toMatchObject({
      host: { host: 'pbx.example.net', port: undefined },
      register: { refresh: 60_000, every: 8000 },
      qualify: { every: 2000, timeout: 1000 },
    });
    expect(peers['modem']).toMatchObject({ type: 'friend', auth: ['md5'], codecs: ['ulaw', 'alaw'], trunk: false });
    expect(configuration!.net).toMatchObject({ external: 'auto', rtpPorts: { first: 12_000, last: 12_099 } });
    expect(configuration!.web!.listen).toEqual({ secure: true, ip: '0.0.0.0', port: 8443 });
  });

  test('has its secrets looked up, without the newline at the end of a file', () => {
    const peers = load(WHOLE).configuration!.iax2!.peers;
    expect(peers['centre']!.secret!.map((secret) => secret.reveal())).toEqual(['value of CENTRE']);
    expect(peers['modem']!.secret!.map((secret) => secret.reveal())).toEqual(['first', 'content of modem']);
  });

  test('stays valid with CRLF line ends and a byte order mark', () => {
    expect(errorsOf(`\ufeff${WHOLE.replaceAll('\n', '\r\n')}`)).toEqual([]);
  });
});

describe('YAML', () => {
  test('fills in anchors and merge keys, and finds errors where the anchor stands', () => {
    const text = `${SITE}dialplan: |\n  [c]\niax2:\n  peers:\n    a: &base { type: peer, host: h, maxCalls: 3 }\n    b: { <<: *base, host: i }\n    c: *base\n`;
    const peers = load(text).configuration!.iax2!.peers;
    expect(peers['b']).toMatchObject({ host: { host: 'i' }, maxCalls: 3 });
    expect(peers['c']).toMatchObject({ host: { host: 'h' }, maxCalls: 3 });
    expect(errorsOf(text.replace('maxCalls: 3', 'maxCalls: 0'))[0]).toBe(
      '6:47: iax2.peers.a.maxCalls is 0; allowed: a whole number from 1 to 1000',
    );
  });

  test('keeps the leading zero of a key without quotes', () => {
    expect(Object.keys(load(`${SITE}conferences: { 0600: {} }\n`).configuration!.conferences)).toEqual(['0600']);
  });

  test('refuses aliases that would fill the memory', () => {
    const bomb = ['a: &a [1,1,1,1,1,1,1,1,1,1]'];
    for (let i = 1; i < 9; i++) {
      const [from, to] = [String.fromCharCode(96 + i), String.fromCharCode(97 + i)];
      bomb.push(`${to}: &${to} [${Array(10).fill(`*${from}`).join(',')}]`);
    }
    expect(errorsOf(`${SITE}${bomb.join('\n')}\n`)).toContainEqual(
      expect.stringContaining('the document is too large once its aliases are filled in'),
    );
  });

  test('takes a country whose code YAML 1.1 read as false', () => {
    expect(load('site: { id: a, country: no }\n').configuration!.site.country).toBe('no');
  });

  test('refuses names that objects are born with', () => {
    expect(errorsOf(`${SITE}__proto__: { x: 1 }\nconstructor: 1\n`)).toEqual([
      '2:1: __proto__ cannot be a key; give it another name',
      `3:1: unknown key "constructor"; allowed: ${TOP}`,
    ]);
  });
});

test('a document with a fault in each of 20,000 lines is judged in seconds', () => {
  const elapsedMs = cpuTimer();
  expect(errorsOf('a: [\n'.repeat(20_000))).toHaveLength(20_000);
  expect(elapsedMs()).toBeLessThan(5_000);
});
