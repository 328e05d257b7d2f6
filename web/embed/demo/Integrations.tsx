/** The tab where a customer connects tools: what is connected, and the way to connect more. */

import type { ReactNode } from "react";
import { Icon } from "./Icon.tsx";
import { SignedOut } from "./SignedOut.tsx";
import type { Account } from "./server.ts";
import type { Demo } from "./useDemo.ts";

interface Props {
  demo: Demo;
  /** The Hub, when it is open and stands in the page. */
  children: ReactNode;
}

export function Integrations({ demo, children }: Props) {
  const { visitor, problem, busy } = demo;
  return (
    <section className="integrations" aria-labelledby="integrations-title">
      <div className="integrations-head">
        <div>
          <h2 id="integrations-title">Integrations</h2>
          <p>Bring in the contracts that your team keeps elsewhere.</p>
        </div>
        {visitor?.signedIn && (
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
          <p>{problem}</p>
          {visitor === null && (
            <button type="button" className="button button-small" onClick={() => void demo.refresh()}>
              Try again
            </button>
          )}
        </div>
      )}
      {visitor === null && problem === null && <p className="quiet">Loading…</p>}
      {visitor?.signedIn === false && <SignedOut onToken={demo.openWith} />}
      {visitor?.signedIn && <Connected demo={demo} />}
      {children !== null && <div className="inline-hub">{children}</div>}
    </section>
  );
}

function Connected({ demo }: { demo: Demo }) {
  if (demo.accounts.length === 0) {
    return (
      <div className="empty">
        <span className="empty-sign">
          <Icon name="plug" size={24} />
        </span>
        <p className="empty-title">Nothing is connected yet</p>
        <p>Connect a tool to see its contracts beside your own.</p>
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
        {isActive ? "Connected" : account.status}
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
