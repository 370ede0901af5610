import { execFileSync } from 'node:child_process';
import { pid } from 'node:process';

/**
 * A host of its own beside this one, joined to it by one cable: what runs in it has an address that can change under
 * it as on a real network. Needs root.
 */
export class NetworkNamespace {
  private readonly name = `branch${pid}`;
  private readonly subnet = `10.${200 + (pid % 50)}.${Math.floor(pid / 50) % 256}`;
  /** Our end of the cable. */
  readonly outside = `${this.subnet}.1`;

  constructor() {
    const [near, far] = [`${this.name}o`, `${this.name}i`];
    ip('netns', 'add', this.name);
    ip('link', 'add', near, 'type', 'veth', 'peer', 'name', far, 'netns', this.name);
    ip('addr', 'add', `${this.outside}/24`, 'dev', near);
    ip('link', 'set', near, 'up');
    this.inside('link', 'set', far, 'up');
    this.inside('link', 'set', 'lo', 'up');
  }

  address(host: number): string {
    return `${this.subnet}.${host}`;
  }

  /** The host has this address and no other from now on. */
  setAddress(host: number): void {
    this.inside('addr', 'flush', 'dev', `${this.name}i`);
    this.inside('addr', 'add', `${this.address(host)}/24`, 'dev', `${this.name}i`);
  }

  /** The cable is pulled, or plugged in again. */
  setCable(isPlugged: boolean): void {
    ip('link', 'set', `${this.name}o`, isPlugged ? 'up' : 'down');
  }

  /** A command line that runs in there. */
  command(program: string, ...args: string[]): [string, ...string[]] {
    return ['ip', 'netns', 'exec', this.name, program, ...args];
  }

  dispose(): void {
    ip('netns', 'delete', this.name);
  }

  private inside(...args: string[]): void {
    ip('-n', this.name, ...args);
  }
}

function ip(...args: string[]): void {
  execFileSync('ip', args, { stdio: ['ignore', 'ignore', 'pipe'] });
}
