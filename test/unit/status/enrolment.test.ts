import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { nodeCrypto } from '../../../src/io/node-crypto.ts';
import { systemRandom } from '../../../src/io/random.ts';
import { passingKey, seal } from '../../../src/io/sealing.ts';
import { documentSigner, generateSigningKeys, signatureVerifier } from '../../../src/io/signing.ts';
import { type EnrolmentCode, formatCode, makeCode, parseCode } from '../../../src/status/enrolment.ts';
import { EnrolmentDesk } from '../../../src/status/enrolment-desk.ts';
import { type EnrolmentOutput, EnrolmentRequest } from '../../../src/status/enrolment-request.ts';
import { signedBytes } from '../../../src/status/signed.ts';

const crypto = { ...nodeCrypto, seal };
const integer = (below: number) => systemRandom.integer(below);
const keys = generateSigningKeys();

function sign(content: object, pem = keys.privateKey): string {
  const signer = documentSigner(pem);
  if ('failure' in signer) throw new Error(signer.failure);
  const bytes = Buffer.from(JSON.stringify(content));
  const signature = Buffer.from(signer.sign(signedBytes('enrol', bytes))).toString('base64');
  return JSON.stringify({ document: bytes.toString('base64'), signature, keyId: signer.keyId });
}

function verify() {
  const verifier = signatureVerifier(keys.publicKey);
  if (typeof verifier !== 'function') throw new Error(verifier.failure);
  return verifier;
}

const CONFIG = 'site: { id: lyon-01, country: fr }\n';

/** Head office with one offer. */
class Office {
  readonly code = makeCode('4821', integer);
  readonly sealedFor: string[] = [];
  readonly desk = new EnrolmentDesk({
    site: 'lyon-01',
    code: this.code,
    own: passingKey(),
    crypto,
    configurationFor: (boxKey) => {
      this.sealedFor.push(boxKey);
      return CONFIG;
    },
    sign,
  });
  readonly offer = sign({ ...this.desk.offer, expires: '2026-11-28T12:00:00.000Z' });
}

/** A box that has the key of head office. */
class Box {
  readonly own = passingKey();
  readonly machine = new EnrolmentRequest({ own: this.own, crypto, verify: verify() });
  state = 'no-code';
  reason: string | null = null;
  taken: string | undefined;

  drain(): Extract<EnrolmentOutput, { type: 'send' }>[] {
    const sent: Extract<EnrolmentOutput, { type: 'send' }>[] = [];
    for (let out = this.machine.poll(); out !== undefined; out = this.machine.poll()) {
      if (out.type === 'send') sent.push(out);
      else if (out.type === 'take') this.taken = out.config;
      else if (out.type === 'state') [this.state, this.reason] = [out.state, out.reason];
    }
    return sent;
  }

  ask(code: EnrolmentCode, office: Office, nowMs = 0): string {
    this.machine.begin(code, nowMs);
    this.machine.handleOffer(office.offer, nowMs);
    return this.drain().find(({ what }) => what === 'request')!.payload;
  }

  hear(answer: string | undefined): void {
    if (answer !== undefined) this.machine.handleAnswer(answer);
    this.drain();
  }
}

const another = ({ number, digits }: EnrolmentCode): EnrolmentCode => {
  const code = makeCode(number, integer);
  return code.digits === digits ? another({ number, digits }) : code;
};

describe('the code', () => {
  test('is read as it is written, with or without dashes and blanks', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 9_999 }), (number) => {
        const code = makeCode(String(number).padStart(4, '0'), integer);
        expect(formatCode(code)).toMatch(/^\d{4}-\d{4}-\d{4}-\d{4}$/);
        expect(parseCode(formatCode(code))).toEqual(code);
        expect(parseCode(` ${code.digits} `)).toEqual(code);
      }),
    );
  });

  test('is none with any one digit wrong', () => {
    const code = makeCode('0007', integer);
    for (let at = 0; at < 16; at++) {
      for (let digit = 0; digit < 10; digit++) {
        const typed = `${code.digits.slice(0, at)}${digit}${code.digits.slice(at + 1)}`;
        expect(parseCode(typed) === undefined).toBe(typed !== code.digits);
      }
    }
  });

  test('is none of any other length or alphabet', () => {
    for (const text of ['', '1', '123456789012345', '12345678901234567', 'abcd-efgh-ijkl-mnop', '4821-0000-0000-00o0'])
      expect(parseCode(text)).toBeUndefined();
  });
});

describe('an enrolment', () => {
  test('gives the box that has the code its configuration, sealed for its key, and tells head office that it was kept', () => {
    const office = new Office();
    const box = new Box();
    const request = box.ask(office.code, office);
    expect(box.state).toBe('asking');
    const { answer, note } = office.desk.handleRequest(request);
    expect(note).toBe('a box came with its code');
    expect(office.sealedFor).toEqual([box.own.publicKey]);
    expect(answer).not.toContain('lyon-01');
    box.hear(answer);
    expect({ state: box.state, taken: box.taken }).toEqual({ state: 'taking', taken: CONFIG });
    box.machine.handleTaken([]);
    const [result] = box.drain();
    office.desk.handleResult(result!.payload);
    expect(office.desk.outcome).toEqual({ state: 'enrolled' });
    expect(box.state).toBe('enrolled');
    expect(box.machine.nextDeadline()).toBeUndefined();
  });

  test('neither code nor configuration nor keys of the box stand in clear in anything that is sent', () => {
    const office = new Office();
    const box = new Box();
    const request = box.ask(office.code, office);
    const { answer } = office.desk.handleRequest(request);
    box.hear(answer);
    box.machine.handleTaken([{ path: 'config:1:1', message: 'no' }]);
    const [result] = box.drain();
    for (const payload of [office.offer, request, answer!, result!.payload]) {
      const opened = JSON.stringify([payload, Buffer.from(JSON.parse(payload).document ?? '', 'base64').toString()]);
      expect(opened).not.toContain(office.code.digits.slice(4));
      expect(opened).not.toContain(box.own.publicKey);
      expect(opened).not.toContain('site:');
    }
  });

  test('a lost answer is asked for again every five seconds, and is the same', () => {
    const office = new Office();
    const box = new Box();
    const request = box.ask(office.code, office, 1_000);
    const first = office.desk.handleRequest(request).answer;
    box.machine.handleTimeout(5_999);
    expect(box.drain()).toEqual([]);
    box.machine.handleTimeout(6_000);
    const [again] = box.drain();
    expect(again!.payload).toBe(request);
    expect(office.desk.handleRequest(again!.payload).answer).toBe(first);
    expect(office.sealedFor).toHaveLength(1);
  });

  test('a box whose power was cut in between may ask again with the same key', () => {
    const office = new Office();
    const box = new Box();
    office.desk.handleRequest(box.ask(office.code, office));
    const started = new EnrolmentRequest({ own: box.own, crypto, verify: verify() });
    started.begin(office.code, 0);
    started.handleOffer(office.offer, 0);
    const outputs: EnrolmentOutput[] = [];
    for (let out = started.poll(); out !== undefined; out = started.poll()) outputs.push(out);
    const sent = outputs.find((out) => out.type === 'send');
    started.handleAnswer(office.desk.handleRequest((sent as { payload: string }).payload).answer!);
    outputs.length = 0;
    for (let out = started.poll(); out !== undefined; out = started.poll()) outputs.push(out);
    expect(outputs.map(({ type }) => type)).toEqual(['state', 'take']);
  });

  test('a second box with the same code is refused, and told so', () => {
    const office = new Office();
    office.desk.handleRequest(new Box().ask(office.code, office));
    const thief = new Box();
    const { answer, note } = office.desk.handleRequest(thief.ask(office.code, office));
    expect(note).toMatch(/second box/);
    thief.hear(answer);
    expect({ state: thief.state, reason: thief.reason, taken: thief.taken }).toEqual({
      state: 'refused',
      reason: 'this code was used by another box',
      taken: undefined,
    });
  });

  test('a wrong code is refused, and the fifth ends the offer for the right one, too', () => {
    const office = new Office();
    for (let guess = 1; guess <= 5; guess++) {
      const box = new Box();
      box.hear(office.desk.handleRequest(box.ask(another(office.code), office)).answer);
      expect(box.state).toBe('refused');
      expect(office.desk.outcome === undefined).toBe(guess < 5);
    }
    const honest = new Box();
    expect(office.desk.handleRequest(honest.ask(office.code, office))).toEqual({});
    expect(office.desk.outcome).toMatchObject({ state: 'failed' });
  });

  test('after a refusal the next code of the same number is tried with the offer that is known', () => {
    const office = new Office();
    const box = new Box();
    box.hear(office.desk.handleRequest(box.ask(another(office.code), office)).answer);
    box.machine.begin(office.code, 10);
    const [request] = box.drain();
    box.hear(office.desk.handleRequest(request!.payload).answer);
    expect(box.state).toBe('taking');
  });

  test('what nobody can open is no guess: noise does not end an offer', () => {
    const office = new Office();
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string(),
          fc.base64String().map((box) => JSON.stringify({ box })),
        ),
        (noise) => {
          expect(office.desk.handleRequest(noise)).toEqual({});
          office.desk.handleResult(noise);
        },
      ),
    );
    expect(office.desk.outcome).toBeUndefined();
  });

  test('an offer that another key signed, or of another number, is not answered', () => {
    const office = new Office();
    const stranger = generateSigningKeys().privateKey;
    for (const offer of [
      sign({ ...office.desk.offer, expires: '2026-11-28T12:00:00.000Z' }, stranger),
      sign({ ...office.desk.offer, number: '4822', expires: '2026-11-28T12:00:00.000Z' }),
      sign({ kind: 'offer' }),
      'no offer',
      '',
    ]) {
      const box = new Box();
      box.machine.begin(office.code, 0);
      box.machine.handleOffer(offer, 0);
      expect(box.drain()).toEqual([]);
      expect(box.state).toBe('waiting-for-offer');
    }
  });

  test('an answer is worth nothing to another request, and with any byte changed to its own', () => {
    const office = new Office();
    const box = new Box();
    const answer = office.desk.handleRequest(box.ask(office.code, office)).answer!;
    const bytes = Buffer.from(JSON.parse(answer).box, 'base64');
    fc.assert(
      fc.property(fc.nat(bytes.length - 1), fc.integer({ min: 1, max: 255 }), (at, mask) => {
        const changed = Buffer.from(bytes);
        changed[at]! ^= mask;
        box.hear(JSON.stringify({ box: changed.toString('base64') }));
        expect(box.state).toBe('asking');
      }),
    );
    const later = new Box();
    later.ask(office.code, new Office());
    later.hear(answer);
    expect(later.state).toBe('asking');
    box.hear(answer);
    expect(box.state).toBe('taking');
  });

  test('an answer of head office that does not know the code is passed over', () => {
    const office = new Office();
    const box = new Box();
    const request = box.ask(office.code, office);
    // Signed by the right key and sealed for the box, as whoever stole the signing key could: still no proof.
    const impostor = seal(
      box.own.publicKey,
      sign({
        kind: 'configuration',
        number: '4821',
        nonce: 'x',
        key: box.own.publicKey,
        site: 'a',
        config: '',
        proof: '',
      }),
    );
    box.hear(JSON.stringify({ box: impostor }));
    expect(box.state).toBe('asking');
    box.hear(office.desk.handleRequest(request).answer);
    expect(box.state).toBe('taking');
  });

  test('a configuration that may not run is told to head office with its reasons, and ends the code', () => {
    const office = new Office();
    const box = new Box();
    box.hear(office.desk.handleRequest(box.ask(office.code, office)).answer);
    box.machine.handleTaken([{ path: 'config:3:1', message: 'it is wrong' }]);
    office.desk.handleResult(box.drain()[0]!.payload);
    expect(office.desk.outcome).toEqual({ state: 'failed', why: 'config:3:1: it is wrong' });
    expect({ state: box.state, reason: box.reason }).toEqual({ state: 'refused', reason: 'config:3:1: it is wrong' });
  });

  test('a box that is seen with its key is enrolled, though its result was lost; any other is not', () => {
    const office = new Office();
    const box = new Box();
    office.desk.handleSeen(box.own.publicKey);
    office.desk.handleRequest(box.ask(office.code, office));
    office.desk.handleSeen(passingKey().publicKey);
    expect(office.desk.outcome).toBeUndefined();
    office.desk.handleSeen(box.own.publicKey);
    expect(office.desk.outcome).toEqual({ state: 'enrolled' });
  });

  test('a new offer under the same number is asked anew', () => {
    const office = new Office();
    const box = new Box();
    const first = box.ask(office.code, office);
    box.machine.handleOffer(office.offer, 10);
    expect(box.drain()).toEqual([]);
    box.machine.handleOffer(new Office().offer, 20);
    expect(box.drain()[0]!.payload).not.toBe(first);
  });
});
