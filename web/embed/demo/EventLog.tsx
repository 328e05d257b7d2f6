/** The events that the page receives. They contain an ID and a provider, never a credential. */

import type { LogEntry } from "./eventLog.ts";

export function EventLog({ entries, onClear }: { entries: readonly LogEntry[]; onClear: () => void }) {
  return (
    <section className="panel" aria-labelledby="log-title">
      <div className="panel-head">
        <h3 id="log-title">Events</h3>
        {entries.length > 0 && (
          <button type="button" className="link-button" onClick={onClear}>
            Clear events
          </button>
        )}
      </div>
      {entries.length === 0 ? (
        <p className="muted">Open the Hub to see its events here. They never contain credentials.</p>
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
