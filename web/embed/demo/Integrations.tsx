/** The product's tab where a customer connects tools. */

import { toSentence } from "@patchbay/web-shared/sentence.ts";
import type { ReactNode } from "react";
import { Icon } from "./Icon.tsx";
import { LoggedOut } from "./LoggedOut.tsx";
import type { Account } from "./server.ts";
import type { Demo } from "./useDemo.ts";

interface Props {
  demo: Demo;
  /** The Hub, if it is open inside the page. */
  children: ReactNode;
}

export function Integrations({ demo, children }: Props) {
  const { session, problem, busy } = demo;
  return (
    <section className="integrations" aria-labelledby="integrations-title">
      <div className="integrations-head">
        <div>
          <h2 id="integrations-title">Integrations</h2>
          <p>Import contracts from the tools your team uses.</p>
        </div>
        {session?.loggedIn && (
          <button
            type="button"
            className="button button-primary"
            aria-disabled={busy}
            onClick={() => void demo.open(null)}
          >
            Connect a tool
          </button>
        )}
      </div>
      {problem !== null && (
        <div className="alert" role="alert">
          <p>{toSentence(problem)}</p>
          {session === null && (
            <button type="button" className="button button-small" onClick={() => void demo.refresh()}>
              Try again
            </button>
          )}
        </div>
      )}
      {session === null && problem === null && <p className="muted">Loading…</p>}
      {session?.loggedIn === false && <LoggedOut onToken={demo.openWith} />}
      {session?.loggedIn && <ConnectedAccounts demo={demo} />}
      {children !== null && <div className="inline-hub">{children}</div>}
    </section>
  );
}

function ConnectedAccounts({ demo }: { demo: Demo }) {
  if (demo.accounts.length === 0) {
    return (
      <div className="empty">
        <span className="empty-icon">
          <Icon name="plug" size={24} />
        </span>
        <p className="empty-title">No tools connected yet</p>
        <p>Connect a tool to see its contracts next to your own.</p>
      </div>
    );
  }
  return (
    <ul className="connected">
      {demo.accounts.map((account) => (
        <ConnectedRow key={account.id} account={account} demo={demo} />
      ))}
    </ul>
  );
}

function ConnectedRow({ account, demo }: { account: Account; demo: Demo }) {
  const name = account.connector_name ?? account.connector;
  const isActive = account.status === "active";
  return (
    <li className="connected-row">
      {account.logo_url ? (
        <img className="logo" src={account.logo_url} alt="" width="36" height="36" />
      ) : (
        <span className="logo logo-letter" aria-hidden="true">
          {name.charAt(0)}
        </span>
      )}
      <span className="connected-names">
        <span className="connected-name">{account.label ?? name}</span>
        <span className="connected-id">{account.id}</span>
      </span>
      <span className={isActive ? "status status-good" : "status"}>
        {isActive ? "Connected" : "Needs attention"}
      </span>
      <button
        type="button"
        className="button button-small"
        aria-disabled={demo.busy}
        aria-label={`Edit ${name}`}
        onClick={() => void demo.open(account.id)}
      >
        Edit
      </button>
    </li>
  );
}
