/** The shape of what is to come, so that nothing jumps when it arrives. */

import { useAnnouncement } from "../ui/announcer.tsx";

export function Loading({ rows = 4 }: { rows?: number }) {
  useAnnouncement("Loading");
  return (
    <section className="card" aria-label="Loading" aria-busy="true">
      <div className="screen-head" aria-hidden="true">
        <span className="bone bone-logo" />
        <div className="screen-names">
          <span className="bone bone-title" />
          <span className="bone bone-text" />
        </div>
      </div>
      <div className="skeleton" aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal rows that never move.
          <span key={row} className="bone bone-row" />
        ))}
      </div>
    </section>
  );
}
