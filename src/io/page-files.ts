import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { extname, join } from 'node:path';
import type { HttpResponse } from '../panel/http.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.ico': 'image/x-icon',
  '.webmanifest': 'application/manifest+json',
};

/** Only what this appliance serves may run, and no other site may frame the page. */
const PAGE_HEADERS = {
  'content-security-policy':
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; " +
    "manifest-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
  'cache-control': 'no-cache',
};

/**
 * The page's files, read once: a path is looked up among them and never becomes the name of a file on the disk.
 * Without the directory there is no page, and the interface still works.
 */
export function loadPageFiles(directory: string): (path: string) => HttpResponse | undefined {
  const files = new Map<string, HttpResponse>();
  for (const name of namesIn(directory)) {
    const type = TYPES[extname(name)];
    if (type === undefined) continue;
    const body = readFileSync(join(directory, name));
    const etag = `"${createHash('sha256').update(body).digest('base64url').slice(0, 16)}"`;
    files.set(`/${name}`, { status: 200, type, body, headers: { ...PAGE_HEADERS, etag } });
  }
  const index = files.get('/index.html');
  if (index !== undefined) files.set('/', index);
  return (path) => files.get(path);
}

function namesIn(directory: string): string[] {
  try {
    return readdirSync(directory);
  } catch {
    return [];
  }
}
