/**
 * Preloaded into a program under test (`node --import`): ends it with SIGKILL at one point of its work, as a power cut
 * would. The program knows nothing of it: what is watched is what it asks of Node. `KILL_AT` is `<moment> <what>`:
 *
 *     half-written STATE   half of the provisioning record that says STATE is in the temporary file
 *     before-rename STATE  that file is whole, and not yet in the place of the old one
 *     after-rename STATE   it is there; the name is not flushed yet
 *     after-saving STATE   it is flushed, and what follows has not begun
 *     before-telling STATE nothing of the report that says STATE has left
 *     after-telling STATE  the kernel has that report
 */
import { promises } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { Socket } from 'node:net';

const [moment, state] = (process.env['KILL_AT'] ?? '').split(' ');
const RECORD = /\/provisioning\.json\.new$/;

function reach(point) {
  if (point === moment) process.kill(process.pid, 'SIGKILL');
}

/** Whether a text is the record or the report of the state that is meant. */
const isMeant = (text) => text.includes(`"reported":{"`) && text.includes(`"state":"${state}"`);

let isSaving = false;
const { open, rename } = promises;

promises.open = async (path, ...rest) => {
  const file = await open(path, ...rest);
  if (RECORD.test(String(path))) {
    const writeFile = file.writeFile.bind(file);
    file.writeFile = async (text, ...more) => {
      isSaving = isMeant(text);
      if (isSaving && moment === 'half-written') {
        await writeFile(text.slice(0, text.length / 2));
        reach('half-written');
      }
      await writeFile(text, ...more);
    };
  } else if (isSaving) {
    const close = file.close.bind(file);
    file.close = async () => {
      await close();
      reach('after-saving');
    };
  }
  return file;
};

promises.rename = async (from, to) => {
  const isRecord = isSaving && RECORD.test(String(from));
  if (isRecord) reach('before-rename');
  await rename(from, to);
  if (isRecord) reach('after-rename');
};

const { write } = Socket.prototype;
Socket.prototype.write = function (chunk, encoding, done) {
  const text = moment?.endsWith('telling') ? String(chunk) : '';
  if (!text.includes('"running":') || !text.includes(`"state":"${state}"`))
    return write.call(this, chunk, encoding, done);
  reach('before-telling');
  const isKilled = (error) => {
    reach('after-telling');
    if (typeof done === 'function') done(error);
  };
  return write.call(this, chunk, typeof encoding === 'string' ? encoding : undefined, isKilled);
};

syncBuiltinESMExports();
