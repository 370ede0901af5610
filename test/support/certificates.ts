import { execFileSync } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** A certificate and its key, as PEM files. */
export interface Certificate {
  readonly cert: string;
  readonly key: string;
}

/** An authority of the test's own in `folder`; needs openssl. */
export class CertificateAuthority {
  /** PEM file of its own certificate. */
  readonly file: string;

  constructor(
    private readonly folder: string,
    private readonly name = 'ca',
  ) {
    this.file = join(folder, `${name}.pem`);
    this.openssl(
      'req',
      '-x509',
      ...KEY,
      '-keyout',
      `${name}.key`,
      '-out',
      this.file,
      '-days',
      '2',
      '-subj',
      `/CN=${name}`,
    );
  }

  get pem(): string {
    return readFileSync(this.file, 'utf8');
  }

  /** Issues `<name>.pem` and `<name>.key` for an address; with -1 days it expired yesterday. */
  issue(name: string, ip: string, days = 2): Certificate {
    const files = { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
    const [request, names] = [join(this.folder, `${name}.csr`), join(this.folder, `${name}.names`)];
    this.openssl('req', ...KEY, '-keyout', files.key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(names, `subjectAltName=IP:${ip}`);
    const by = ['-CA', this.file, '-CAkey', `${this.name}.key`, '-CAcreateserial'];
    this.openssl('x509', '-req', '-in', request, ...by, '-out', files.cert, '-days', String(days), '-extfile', names);
    return files;
  }

  private openssl(...args: string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }
}
