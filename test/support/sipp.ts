import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freeUdpPort } from '../../src/io/free-port.ts';
import { findCommand } from '../interop/peers/peer-store.ts';
import { Program } from './program.ts';

/** One step of a scenario. `send` is a whole message; an answer that is not expected fails the call. */
export type SippStep =
  | { readonly send: string; readonly again?: false }
  | {
      readonly receive: string | number;
      readonly optional?: true;
      readonly auth?: true;
      readonly routes?: true;
      /** Header fields to remember, `{ rseq: 'RSeq:' }`: `[$rseq]` in a later message is what this one had there. */
      readonly keep?: Readonly<Record<string, string>>;
    }
  | { readonly pauseMs: number };

export interface SippOptions {
  /** Where it sends to, `address:port`; of a server scenario where nobody is called, anything. */
  readonly server: string;
  readonly steps: readonly SippStep[];
  /** Calls in all, and how many begin in a second. */
  readonly calls?: number;
  readonly rate?: number;
  /** Calls at a time; the next begins when one is over. Without it they begin at `rate`, come what may. */
  readonly atOnce?: number;
  /** What `[field0]` and so on stand for, one line for each call in turn: `211;secret`. */
  readonly fields?: readonly string[];
  /** It repeats nothing, and takes what is repeated for what comes next. */
  readonly literal?: true;
  readonly transport?: 'udp' | 'tcp';
  /** Its own address and port. */
  readonly local?: { readonly ip: string; readonly port: number };
}

/** SIPp plays a scenario; gives its exit code, 0 where every call went as written, and what it has to say about others. */
export async function playSipp(
  options: SippOptions,
): Promise<{ readonly code: number | null; readonly report: string; readonly elapsedMs: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'branchline-sipp-'));
  const { server, steps, calls = 1, rate = 10, local = { ip: '127.0.0.1', port: await freeUdpPort(0) } } = options;
  writeFileSync(join(folder, 'scenario.xml'), scenario(steps));
  if (options.fields !== undefined)
    writeFileSync(join(folder, 'fields.csv'), ['SEQUENTIAL', ...options.fields].join('\n'));
  const startMs = performance.now();
  const program = new Program(
    'sipp',
    findCommand('sipp') ?? 'sipp',
    [
      ...[
        server,
        '-sf',
        'scenario.xml',
        '-i',
        local.ip,
        '-p',
        String(local.port),
        '-m',
        String(calls),
        '-r',
        String(rate),
      ],
      ...(options.fields === undefined ? [] : ['-inf', 'fields.csv']),
      ...(options.literal ? ['-nr'] : []),
      ...(options.transport === 'tcp' ? ['-t', 't1'] : []),
      ...(options.atOnce === undefined ? [] : ['-l', String(options.atOnce)]),
      ...['-trace_err', '-error_file', 'errors.log', '-nostdin', '-timeout', '40s', '-recv_timeout', '15000'],
    ],
    { cwd: folder, env: { TERM: 'dumb' } },
  );
  try {
    const code = await program.exit(60_000);
    const elapsedMs = performance.now() - startMs;
    return { code, elapsedMs, report: `${read(join(folder, 'errors.log'))}\n${program.stderr.slice(-2_000)}`.trim() };
  } finally {
    await program.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'utf8').slice(0, 4_000);
  } catch {
    return '';
  }
}

function scenario(steps: readonly SippStep[]): string {
  const body = steps.map((step) => {
    if ('pauseMs' in step) return `<pause milliseconds="${step.pauseMs}"/>`;
    if ('send' in step) {
      const retrans = /^(INVITE|BYE|CANCEL|REGISTER|OPTIONS)/.test(step.send) ? ' retrans="500"' : '';
      return `<send${retrans}><![CDATA[\n${step.send}\n]]></send>`;
    }
    const what = typeof step.receive === 'number' ? `response="${step.receive}"` : `request="${step.receive}"`;
    const optional = step.optional ? ' optional="true"' : '';
    const actions = Object.entries(step.keep ?? {}).map(
      ([name, header]) => `<ereg regexp=".*" search_in="hdr" header="${header}" assign_to="${name}"/>`,
    );
    const open = `<recv ${what}${optional}${step.auth ? ' auth="true"' : ''}${step.routes ? ' rrs="true"' : ''}`;
    return actions.length === 0 ? `${open}/>` : `${open}><action>${actions.join('')}</action></recv>`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<scenario name="branchline">\n${body.join('\n')}\n</scenario>\n`;
}
