/** What arrives in the page. The point to see: an id and a provider, never a credential. */

import type { Entry } from "./log.ts";

export function EventLog({ entries, onClear }: { entries: readonly Entry[]; onClear: () => void }) {
  return (
    <section className="panel" aria-labelledby="log-title">
      <div className="panel-head">
        <h3 id="log-title">What the page hears</h3>
        {entries.length > 0 && (
          <button type="button" className="link-button" onClick={onClear}>
            Clear
          </button>
        )}
      </div>
      {entries.length === 0 ? (
        <p className="quiet">Open the Hub: its events appear here. What is typed into it never does.</p>
      ) : null}
      <ol className="log" aria-live="polite" aria-labelledby="log-title">
        {entries.map(({ number, at, from, name, detail }) => (
          <li key={number}>
            <span className={`log-from log-${from}`}>{from === "server" ? "Server" : "Event"}</span>
            <code className="log-name">{name}</code>
            <time className="log-time">{at}</time>
            {detail !== null && <code className="log-detail">{detail}</code>}
          </li>
        ))}
      </ol>
    </section>
  );
}
