import type { HttpResponse } from './http.ts';

const HEADERS = {
  'content-security-policy':
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'",
};

/** The form for name and password: it needs no script, and says nothing of the appliance. */
export function loginPage(status: number, reason: string | undefined): HttpResponse {
  const said = reason === undefined ? '' : `<p role="alert" data-health="bad">${reason}</p>`;
  const body = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <meta name="color-scheme" content="light dark" />
    <title>Branchline</title>
    <link rel="icon" href="/icon.svg" type="image/svg+xml" />
    <link rel="stylesheet" href="/main.css" />
  </head>
  <body>
    <main class="login">
      <h1>Branchline</h1>
      ${said}
      <form method="post" action="/login">
        <label>Name <input name="user" autocomplete="username" autocapitalize="none" required autofocus /></label>
        <label>Password <input name="password" type="password" autocomplete="current-password" required /></label>
        <button type="submit">Log in</button>
      </form>
    </main>
  </body>
</html>
`;
  return { status, type: 'text/html; charset=utf-8', body, headers: HEADERS };
}
