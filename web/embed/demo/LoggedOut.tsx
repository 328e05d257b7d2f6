/** Shown without a dashboard login: explains why, and accepts a session token from elsewhere. */

import { type FormEvent, useState } from "react";

export function LoggedOut({ onToken }: { onToken: (token: string) => void }) {
  const [token, setToken] = useState("");
  const [isMissing, setMissing] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const trimmed = token.trim();
    setMissing(trimmed === "");
    if (trimmed !== "") onToken(trimmed);
  };
  return (
    <div className="logged-out">
      <h3>This page cannot create a session on its own</h3>
      <p>
        In a product, the server creates a connect session with an API key and passes its token to the page.
        The demo has no server. It uses your dashboard login instead, but you are not logged in to the
        dashboard in this browser.
      </p>
      <p>
        <a className="button button-primary" href="/dashboard">
          Log in to the dashboard
        </a>
      </p>
      <form onSubmit={submit} noValidate>
        <label htmlFor="token">Or paste a session token</label>
        <p className="hint" id="token-hint">
          Create one with the curl command on this page.
        </p>
        <div className="token-row">
          <input
            id="token"
            type="text"
            autoComplete="off"
            spellCheck={false}
            value={token}
            aria-describedby={isMissing ? "token-hint token-error" : "token-hint"}
            aria-invalid={isMissing}
            onChange={(event) => setToken(event.target.value)}
          />
          <button type="submit" className="button">
            Open the Hub
          </button>
        </div>
        {isMissing && (
          <p className="field-error" id="token-error" role="alert">
            Paste the token first. It is the value of "token" in the response to the curl command.
          </p>
        )}
      </form>
    </div>
  );
}
