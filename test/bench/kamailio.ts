import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { findCommand } from '../interop/peers/peer-store.ts';
import { Program } from '../support/program.ts';

export interface KamailioOptions {
  /** The loopback address it binds, and the realm of its phones. */
  readonly bind: string;
  readonly phones: readonly { readonly user: string; readonly secret: string }[];
}

/** A real Kamailio that is a registrar and no more: digest with MD5 over UDP, registrations in memory alone. */
export class Kamailio {
  /** Where the machine has it; it is no peer of the tests, and nothing installs it. */
  static readonly command = findCommand('kamailio');
  private readonly folder = mkdtempSync(join(tmpdir(), 'branchline-kamailio-'));
  private program: Program | undefined;

  constructor(options: KamailioOptions) {
    writeFileSync(join(this.folder, 'kamailio.cfg'), configuration(options));
  }

  /** Of the process that started the others. */
  get pid(): number {
    return this.program!.pid;
  }

  async start(): Promise<void> {
    const pidFile = join(this.folder, 'pid');
    // In the foreground, with its processes beside it, logging to stderr.
    const args = ['-DD', '-E', '-f', join(this.folder, 'kamailio.cfg'), '-P', pidFile, '-Y', this.folder];
    const program = new Program('Kamailio', Kamailio.command!, args);
    this.program = program;
    await program.waitFor('to run', 10_000, () => existsSync(pidFile));
  }

  async dispose(): Promise<void> {
    await this.program?.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}

function configuration({ bind, phones }: KamailioOptions): string {
  const ha1 = (user: string, secret: string) => createHash('md5').update(`${user}:${bind}:${secret}`).digest('hex');
  const secrets = phones.map(({ user, secret }) => `  $sht(ha1=>${user}) = "${ha1(user, secret)}";`);
  return `#!KAMAILIO
debug=0
log_stderror=yes
listen=udp:${bind}:5060
children=2
auto_aliases=no
disable_tcp=yes
loadmodule "pv.so"
loadmodule "sl.so"
loadmodule "usrloc.so"
loadmodule "registrar.so"
loadmodule "auth.so"
loadmodule "htable.so"
modparam("htable", "htable", "ha1=>size=9;")
modparam("usrloc", "db_mode", 0)
modparam("registrar", "max_contacts", 1)

event_route[htable:mod-init] {
${secrets.join('\n')}
}

request_route {
  if (method != "REGISTER") {
    sl_send_reply("405", "Method Not Allowed");
    exit;
  }
  if ($au == $null || $au != $tU || !pv_www_authenticate("${bind}", "$sht(ha1=>$au)", "1")) {
    www_challenge("${bind}", "1");
    exit;
  }
  save("location");
}
`;
}
