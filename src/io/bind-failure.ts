/** Why a socket could not be bound: what the caller may decide on, and one sentence for the operator. */
export interface BindFailure {
  readonly failed: 'port-in-use' | 'address-not-available' | 'not-permitted' | 'other';
  readonly reason: string;
}

/** `where` is as the operator knows it: `UDP 0.0.0.0:4569`. */
export function bindFailure(where: string, error: NodeJS.ErrnoException): BindFailure {
  switch (error.code) {
    case 'EADDRINUSE':
      return { failed: 'port-in-use', reason: `${where} is in use by another program` };
    case 'EADDRNOTAVAIL':
      return { failed: 'address-not-available', reason: `${where}: this machine has no such address` };
    case 'EACCES':
      return { failed: 'not-permitted', reason: `${where}: not permitted; ports below 1024 need CAP_NET_BIND_SERVICE` };
    default:
      return { failed: 'other', reason: `${where}: ${error.message}` };
  }
}
