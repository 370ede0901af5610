import type { Draft } from './draft.ts';
import type { PjsipObject } from './pjsip-objects.ts';
import type { Transport } from './sip-party.ts';
import { hostWithPort, toCidr } from './values.ts';

/** Serves what the transports serve; gives what each is by its name. */
export function readTransports(objects: readonly PjsipObject[], draft: Draft): ReadonlyMap<string, Transport> {
  const { remarks } = draft;
  const transports = new Map<string, Transport>();
  const listen: string[] = [];
  for (const object of objects.filter(({ type }) => type === 'transport')) {
    const { name, place } = object;
    const protocol = (object.value('protocol') ?? 'udp').toLowerCase();
    const transport = (['udp', 'tcp', 'tls'] as const).find((it) => it === protocol);
    if (transport === undefined) {
      remarks.lost(place, `transport [${name}]: there is no ${protocol}; SIP is served over UDP, TCP and TLS`);
      continue;
    }
    transports.set(name, transport);
    readOutside(object, draft);
    if (transport === 'tls') {
      remarks.lost(
        place,
        `transport [${name}]: copy the certificate to the box and write \`sip: { tls: { cert: { file: … }, key: { file: … } } }\`, with tls:// in \`listen\``,
      );
      continue;
    }
    const bind = hostWithPort(object.value('bind') ?? '0.0.0.0', 5060);
    draft.tellAddress((object.value('bind') ?? '').replace(/:\d+$/, ''), place);
    const address = `${transport}://${bind}`;
    if (bind === undefined) remarks.lost(place, `transport [${name}]: bind cannot be read; write it in \`sip.listen\``);
    else if (!listen.includes(address)) listen.push(address);
  }
  if (listen.length > 0 && listen.join() !== 'udp://0.0.0.0:5060') {
    draft.sip.listen = listen;
    draft.from(['sip', 'listen'], objects.find(({ type }) => type === 'transport')!.place);
  }
  return transports;
}

function readOutside(object: PjsipObject, draft: Draft): void {
  const external = object.value('external_signaling_address') ?? object.value('external_media_address');
  if (external !== undefined) draft.document.net = { ...draft.document.net, external };
  const own = draft.document.net?.localNets ?? [];
  for (const entry of object.values('local_net')) {
    const network = toCidr(entry.value);
    if (network === undefined) draft.remarks.lost(entry, 'local_net cannot be read; write `net: { localNets: […] }`');
    else if (!own.includes(network)) own.push(network);
  }
  if (own.length > 0) draft.document.net = { ...draft.document.net, localNets: own };
}
