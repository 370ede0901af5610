/**
 * Installs the programs that tests need, compilers among them, and runs the tests: unit, sim and fuzz beside each other,
 * then interop against real peers with nothing beside it, and with --all the scenarios that take their time, two at once.
 * Ends on `N passed, N failed, N skipped` over all of them, alone on its line.
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { argv, env, exit } from 'node:process';
import { stripVTControlCharacters } from 'node:util';
import type { PeerId } from '../test/interop/peers/catalogue.ts';
import { allPeers, installPeers } from '../test/interop/peers/install.ts';
import type { PeerState } from '../test/interop/peers/peer-store.ts';

const root = join(import.meta.dirname, '..');
const bin = join(root, 'node_modules/.bin');
const reports = mkdtempSync(join(tmpdir(), 'branchline-tests-'));

interface Tally {
  passed: number;
  failed: number;
  skipped: number;
}
const total: Tally = { passed: 0, failed: 0, skipped: 0 };
const remarks: string[] = [];

/** What of vitest's JSON report counts here. */
interface Report {
  readonly numPassedTests: number;
  readonly numFailedTests: number;
  readonly numPendingTests: number;
  readonly numTodoTests: number;
  readonly testResults: readonly {
    readonly name: string;
    readonly status: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

function failedStep(what: string): void {
  total.failed++;
  remarks.push(`failed: ${what}`);
}

/** The beginning of a failure, so that the end of a long log tells why, too. */
function summary(message: string): string {
  const lines = stripVTControlCharacters(message).split('\n');
  return lines
    .slice(0, 6)
    .map((line) => `    ${line.slice(0, 200)}`)
    .join('\n');
}

function runProjects(name: string, projects: readonly string[], options: readonly string[] = []): void {
  console.log(`\n── ${name}`);
  const file = join(reports, `${name.replaceAll(' ', '-')}.json`);
  const { status } = spawnSync(
    join(bin, 'vitest'),
    [
      'run',
      '--passWithNoTests',
      ...projects.flatMap((project) => ['--project', project]),
      ...options,
      ...['--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
    ],
    { cwd: root, stdio: ['ignore', 'inherit', 'inherit'] },
  );
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    failedStep(`${name} ended (${status}) without a report`);
    return;
  }
  total.passed += report.numPassedTests;
  total.failed += report.numFailedTests;
  total.skipped += report.numPendingTests + report.numTodoTests;
  const broken = report.testResults.filter((suite) => suite.status === 'failed' && suite.assertionResults.length === 0);
  for (const suite of broken) failedStep(`${suite.name} could not be loaded`);
  for (const suite of report.testResults) {
    const failures = suite.assertionResults.filter((result) => result.status === 'failed');
    for (const { fullName, failureMessages } of failures) {
      remarks.push(`failed: ${relative(root, suite.name)}: ${fullName}`, ...(failureMessages ?? []).map(summary));
    }
  }
  if (status !== 0 && report.numFailedTests === 0 && broken.length === 0) failedStep(`${name} ended with ${status}`);
}

/** Installs the peers. One that is not there is named at the end; where peers are required, that is a failure. */
function preparePeers(): void {
  console.log('\n── peers');
  const required = env['BRANCHLINE_REQUIRE_PEERS'] === '1';
  const states = installPeers(allPeers(), (line) => console.log(line));
  const ready = (id: PeerId) => states.get(id)?.state === 'ready';
  for (const [id, state] of states) {
    if (state.state === 'ready') console.log(`${id}: ${state.version}`);
    else if (required && !excusable(state)) failedStep(`${id} could not be installed: ${state.reason}`);
    else remarks.push(`skipped: tests with ${id}: ${state.reason}`);
  }
  if (required && !ready('asterisk16') && !ready('asterisk22')) failedStep('no Asterisk could be installed');
}

function excusable(state: PeerState): boolean {
  return state.state === 'gone';
}

const startedMs = performance.now();
try {
  preparePeers();
  // Vitest would leave a core for itself, which is half of a machine with two.
  runProjects('unit, sim, fuzz', ['unit', 'sim', 'fuzz'], ['--maxWorkers=100%']);
  console.log('\n── build');
  const build = spawnSync(join(bin, 'tsx'), ['scripts/build.ts'], {
    cwd: root,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (build.status !== 0) failedStep('build');
  else {
    runProjects('interop', ['interop']);
    if (argv.includes('--all')) runProjects('patient interop', ['patient']);
  }
} finally {
  rmSync(reports, { recursive: true, force: true });
}

console.log(`\n${Math.round((performance.now() - startedMs) / 1000)} s`);
for (const remark of remarks) console.log(remark);
const skipped = total.skipped > 0 ? `, ${total.skipped} skipped` : '';
console.log(`${total.passed} passed, ${total.failed} failed${skipped}`);
exit(total.failed > 0 ? 1 : 0);
