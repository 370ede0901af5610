import type { RequestHeaders } from './http.ts';

/**
 * Keeps other web sites out of an interface that is open to this machine: a page from elsewhere can send requests to
 * loopback, by its own name after DNS rebinding, or by form and WebSocket across origins. Gives why a request is
 * refused, in one sentence.
 */
export function refusalOf(headers: RequestHeaders): string | undefined {
  const { host, origin } = headers;
  if (typeof host !== 'string' || !isLoopbackName(nameIn(host))) return 'the Host header does not name this machine';
  // A link from elsewhere may open the page: that sends nothing, and the site that has the link cannot read it.
  const navigation = headers['sec-fetch-mode'] === 'navigate' && headers['sec-fetch-dest'] === 'document';
  const foreign = origin !== undefined && origin !== `http://${host}`;
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
