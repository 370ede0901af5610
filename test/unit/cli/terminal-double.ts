import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildProgram, type Roots } from '../../../src/cli/branchline.ts';
import type { Terminal } from '../../../src/cli/terminal.ts';

/** What a command printed, and how it ended. */
export interface Outcome {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

/** A folder of its own and a terminal that keeps what is printed. */
export class Bench {
  readonly folder = mkdtempSync(join(tmpdir(), 'branchline-cli-'));
  readonly roots: { version: string; run: Roots['run']; enrol: Roots['enrol']; demo: Roots['demo'] } = {
    version: '1.2.3',
    run: async () => 0,
    enrol: async () => 'stopped',
    demo: async () => 0,
  };

  write(name: string, text: string): string {
    const path = join(this.folder, name);
    writeFileSync(path, text);
    return path;
  }

  async execute(argv: readonly string[], options: Partial<Terminal> = {}): Promise<Outcome> {
    let out = '';
    let err = '';
    const terminal: Terminal = {
      out: (text) => {
        out += text;
      },
      err: (text) => {
        err += text;
      },
      interactive: false,
      size: () => undefined,
      environment: {},
      openLog: () => ({
        log: (level, part, message) => {
          err += `${level} ${part}: ${message}\n`;
        },
        flush: () => {},
      }),
      pause: async () => {},
      read: async () => '',
      stop: new AbortController().signal,
      ...options,
    };
    const code = await buildProgram(this.roots, terminal).execute(argv);
    return { code, out, err };
  }

  dispose(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}
