// Registers, calls a number, says 1 kHz for five seconds, and tells how loud the answer was.
// node iax2-call.mjs hq.example.net branch1 SECRET 600 [local address]
import { argv, exit } from 'node:process';
import { Iax2Node } from 'branchline/iax2/node';

const [host, username, secret, number, ip = '0.0.0.0'] = argv.slice(2);
const peer = { name: 'hq', host, username, secrets: [secret], register: { refreshS: 60 } };
const iax = await Iax2Node.open({ bind: { ip, port: 4569 }, peers: [peer] });

let sample = 0;
let loudest = 0;
const talk = (heard, say) => {
  for (const value of heard) loudest = Math.max(loudest, Math.abs(value));
  for (let i = 0; i < say.length; i++) say[i] = 8000 * Math.sin((2 * Math.PI * 1000 * sample++) / 8000);
};

iax.on('registration', ({ status }) => {
  console.log(`registration: ${status.state}${status.reason === null ? '' : `, ${status.reason}`}`);
  if (status.state !== 'registered') return;
  const call = iax.placeCall({ peer: 'hq', number, caller: { number: '201', name: 'Example' } });
  if ('failed' in call) throw new Error(call.reason);
  iax.attach(call, talk);
});

iax.on('call', async (call, event) => {
  console.log(`call: ${event.type}`);
  if (event.type === 'answered') setTimeout(() => iax.give((nowMs) => call.hangup('normal-clearing', nowMs)), 5000);
  if (event.type !== 'hangup') return;
  console.log(`loudest sample: ${loudest}`);
  await iax.close();
  exit(event.cause === 'normal-clearing' ? 0 : 1);
});
