import { closeSync, openSync, writeSync } from 'node:fs';
import type { Command } from 'commander';
import { readControlStream } from '../io/control-stream.ts';
import { whyNotWritten } from '../io/write-failure.ts';
import { CommandFailure, DEFAULT_DATA, type Terminal } from './terminal.ts';

interface Options {
  readonly output: string;
  readonly call?: string;
  readonly data: string;
}

/** How long the command may go on after all was written. */
const LOOK_MS = 100;

export function addCapture(program: Command, terminal: Terminal): void {
  program
    .command('capture')
    .description('writes signalling and media as Wireshark reads it, until Ctrl-C or the end of the call')
    .requiredOption('-o, --output <file>', 'the file to write, pcapng')
    .option('--call <id>', 'one call, by the id that `status` shows; all that passes without')
    .option('--data <dir>', 'the data directory of the appliance', DEFAULT_DATA)
    .addHelpText(
      'after',
      '\nVoice that is encrypted on the way is encrypted in the file; SIP over TLS is in it as it was before, without the keys of the voice. A file holds voices and proofs of secrets: keep it safe.',
    )
    .action(async ({ output, call, data }: Options) => {
      const file = open(output);
      const path = `/api/capture${call === undefined ? '' : `?call=${encodeURIComponent(call)}`}`;
      let bytes = 0;
      let isOver = false;
      const take = (piece: Uint8Array) => {
        bytes += writeSync(file, piece);
      };
      const reading = readControlStream(data, path, take, terminal.stop).finally(() => {
        isOver = true;
      });
      // Ctrl-C is heard while the terminal pauses.
      while (!isOver && !terminal.stop.aborted) await terminal.pause(LOOK_MS);
      const failure = await reading;
      closeSync(file);
      if (failure !== undefined) throw new CommandFailure(failure);
      terminal.err(`${output}: ${bytes} bytes\n`);
    });
}

function open(file: string): number {
  try {
    return openSync(file, 'w', 0o600);
  } catch (error) {
    throw new CommandFailure(`cannot write ${file}: ${whyNotWritten(error)}`);
  }
}
