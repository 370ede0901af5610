import type { RequestHeaders } from './http.ts';

/** How an interface is served. */
export interface Serving {
  readonly scheme: 'http' | 'https';
  /** Nobody has to log in: its name after DNS rebinding would be enough for a site from elsewhere. */
  readonly isOpen: boolean;
}

/**
 * Keeps other web sites out: a page from elsewhere can send requests to loopback, by its own name after DNS rebinding, or
 * by form and WebSocket across origins. Gives why a request is refused, in one sentence.
 */
export function refusalOf(
  headers: RequestHeaders,
  { scheme, isOpen }: Serving = { scheme: 'http', isOpen: true },
): string | undefined {
  const { host, origin } = headers;
  if (typeof host !== 'string' || (isOpen && !isLoopbackName(nameIn(host))))
    return 'the Host header does not name this machine';
  // A link from elsewhere may open the page: that sends nothing, and the site that has the link cannot read it.
  const navigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const foreign = origin !== undefined && origin !== `${scheme}://${host}`;
  if (foreign || (headers['sec-fetch-site'] === 'cross-site' && !navigation))
    return 'requests from other sites are refused';
  return undefined;
}

/** The name without its port: `[::1]:8080` → `[::1]`. */
function nameIn(host: string): string {
  return host.replace(/:\d+$/, '').toLowerCase();
}

function isLoopbackName(name: string): boolean {
  return name === 'localhost' || name === '[::1]' || /^127(\.\d{1,3}){3}$/.test(name);
}
