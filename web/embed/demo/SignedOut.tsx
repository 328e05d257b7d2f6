/** Nobody is signed in to the dashboard here: how to go on, and a way to use a token from elsewhere. */

import { type FormEvent, useState } from "react";

export function SignedOut({ onToken }: { onToken: (token: string) => void }) {
  const [token, setToken] = useState("");
  const [isMissing, setMissing] = useState(false);
  const submit = (event: FormEvent): void => {
    event.preventDefault();
    const given = token.trim();
    setMissing(given === "");
    if (given !== "") onToken(given);
  };
  return (
    <div className="signed-out">
      <h3>This page cannot make a session by itself</h3>
      <p>
        A product's server makes a connect session with an API key and hands its token to the page. The demo
        has no server of its own: it borrows the dashboard's sign-in, and nobody is signed in to the dashboard
        in this browser.
      </p>
      <p>
        <a className="button button-primary" href="/dashboard">
          Sign in to the dashboard
        </a>
      </p>
      <form onSubmit={submit} noValidate>
        <label htmlFor="token">Or paste a session's token</label>
        <p className="hint" id="token-hint">
          Make one with the curl command on this page.
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
            Paste the token first: the value of "token" in the answer to the curl command.
          </p>
        )}
      </form>
    </div>
  );
}
