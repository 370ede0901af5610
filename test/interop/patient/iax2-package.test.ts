import { execFileSync, spawnSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { execPath, version as nodeVersion } from 'node:process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { BRANCH, CENTRE, SECRET, startCentre } from '../../support/branch-office.ts';
import { describeAsterisk, peerMissing } from '../../support/peers.ts';
import { Program } from '../../support/program.ts';
import { nodeProgram } from '../peers/peer-store.ts';

const root = join(import.meta.dirname, '../../..');
const example = join(root, 'examples/iax2-call.mjs');
const folder = mkdtempSync(join(tmpdir(), 'branchline-stack-'));

const NODES = [
  [nodeVersion, execPath, false],
  ['v22', nodeProgram('22'), peerMissing('node22')],
  ['v24', nodeProgram('24'), peerMissing('node24')],
] as const;

beforeAll(() => {
  const npm = (args: string[], cwd: string) => execFileSync('npm', [...args, '--loglevel=error'], { cwd });
  npm(['pack', '--pack-destination', folder], root);
  const tarball = readdirSync(folder).find((name) => name.endsWith('.tgz'))!;
  writeFileSync(join(folder, 'package.json'), '{ "private": true }');
  npm(['install', '--no-audit', '--no-fund', `./${tarball}`], folder);
  copyFileSync(example, join(folder, 'iax2-call.mjs'));
});

afterAll(() => {
  rmSync(folder, { recursive: true });
});

describe('branchline/iax2, installed from its tarball', () => {
  for (const [name, node, missing] of NODES) {
    test.skipIf(missing)(`speaks frames without a module of Node in it, on Node ${name}`, () => {
      writeFileSync(
        join(folder, 'pure.mjs'),
        `import { decodeFrame, encodeFullFrame, FRAME_TYPE, formatTrace, IAX_SUBCLASS } from 'branchline/iax2';
const bytes = encodeFullFrame({ sourceCall: 5, frameType: FRAME_TYPE.IAX, subclass: IAX_SUBCLASS.POKE });
console.log(formatTrace({ direction: 'Tx', frame: decodeFrame(bytes), peer: { ip: '192.0.2.1', port: 4569 } }));`,
      );
      expect(execFileSync(node, ['pure.mjs'], { cwd: folder, encoding: 'utf8' })).toMatch(/IAX.*POKE/);
      const stack = join(folder, 'node_modules/branchline/dist/iax2');
      const chunks = readdirSync(stack).filter((file) => file !== 'node.js');
      expect(chunks).toContain('stack.js');
      for (const file of chunks)
        expect(readFileSync(join(stack, file), 'utf8')).not.toMatch(/from ['"]node:|require\(/);
    });
  }

  test('gives both doors the same classes', () => {
    writeFileSync(
      join(folder, 'same.mjs'),
      `import { Counters, Endpoint } from 'branchline/iax2';
import { Iax2Node } from 'branchline/iax2/node';
const iax = await Iax2Node.open({ bind: { ip: '${BRANCH}', port: 0 }, peers: [] });
console.log(iax.endpoint instanceof Endpoint, iax.counters instanceof Counters, iax.local.port > 0);
await iax.close();
console.log(iax.local);`,
    );
    const printed = execFileSync(execPath, ['same.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed).toBe('true true true\nundefined\n');
  });

  test('brings types that hold a strict program, and refuse a wrong one', () => {
    const program = (body: string) => `import type { PeerConfig } from 'branchline/iax2';
import { decodeFrame, isMalformed } from 'branchline/iax2';
import { Iax2Node } from 'branchline/iax2/node';
const iax = await Iax2Node.open({ peers: [{ name: 'hq', host: 'hq.example.net' }] });
iax.on('call', (call, event) => {
  if (event.type === 'incoming') iax.give((nowMs) => call.answer(nowMs));
  if (event.type === 'digit') console.log(event.digit, event.durationMs);
});
const frame = decodeFrame(new Uint8Array(12));
export const type: PeerConfig['type'] = isMalformed(frame) ? 'friend' : 'user';
${body}`;
    const compile = (body: string) => {
      writeFileSync(join(folder, 'program.mts'), program(body));
      return spawnSync(
        join(root, 'node_modules/.bin/tsc'),
        [
          ...['--strict', '--noEmit', '--target', 'es2022', '--module', 'nodenext', '--types', 'node'],
          ...['--typeRoots', join(root, 'node_modules/@types'), 'program.mts'],
        ],
        { cwd: folder, encoding: 'utf8' },
      ).stdout;
    };
    expect(compile('')).toBe('');
    expect(compile("iax.on('call', (call) => call.format.length);")).toMatch(/program\.mts.*'length'/);
    expect(compile("iax.placeCall({ peer: 'hq' });")).toMatch(/Property 'number' is missing/);
  });

  test('has an example of fewer than 40 lines', () => {
    expect(readFileSync(example, 'utf8').trimEnd().split('\n').length).toBeLessThan(40);
  });

  test('says in one sentence which port is taken', async () => {
    writeFileSync(
      join(folder, 'taken.mjs'),
      `import { Iax2Node } from 'branchline/iax2/node';
const first = await Iax2Node.open({ bind: { ip: '${BRANCH}', port: 0 }, peers: [] });
await Iax2Node.open({ bind: first.local, peers: [] }).catch((error) => console.log(error.message));
await first.close();`,
    );
    const printed = execFileSync(execPath, ['taken.mjs'], { cwd: folder, encoding: 'utf8' });
    expect(printed).toMatch(new RegExp(`^UDP ${BRANCH}:\\d+ is in use by another program\n$`));
  });
});

describeAsterisk('the example of the package', (version) => {
  const call = async (secret: string, number: string): Promise<{ code: number | null; printed: string }> => {
    const program = new Program('example', execPath, ['iax2-call.mjs', CENTRE, 'branch1', secret, number, BRANCH], {
      cwd: folder,
    });
    try {
      await program.waitFor('end', 15_000, () => program.exited || /registration: rejected/.test(program.stdout));
      return { code: program.exited ? await program.exit() : null, printed: program.stdout };
    } finally {
      await program.stop();
    }
  };

  test('registers, calls and hears its own voice come back', async () => {
    const centre = await startCentre(version);
    try {
      const { code, printed } = await call(SECRET, '600');
      expect(printed).toMatch(/registration: registered/);
      expect(printed).toMatch(/call: answered/);
      const loudest = Number(/loudest sample: (\d+)/.exec(printed)?.[1]);
      expect(loudest).toBeGreaterThan(7_500);
      expect(loudest).toBeLessThan(8_500);
      expect(code).toBe(0);
      expect(centre.log()).toContain(`Registered IAX2 'branch1' (AUTHENTICATED) at ${BRANCH}:4569`);
      await centre.waitForCli('core show channels count', /0 active channels/, 3_000);
    } finally {
      await centre.dispose();
    }
  });

  test('ends with the cause when the number is busy, and says why it is not registered', async () => {
    const centre = await startCentre(version);
    try {
      const { code, printed } = await call(SECRET, '602');
      expect(printed).not.toMatch(/call: answered/);
      expect(code).toBe(1);
      expect((await call('not-the-s3cret', '600')).printed).toMatch(/registration: rejected, \w/);
    } finally {
      await centre.dispose();
    }
  });
});
