/** A skeleton of the next screen, so that the layout does not jump when the screen appears. */

import { useAnnouncement } from "../ui/Announcer.tsx";

export function LoadingScreen({ rows = 4 }: { rows?: number }) {
  useAnnouncement("Loading");
  return (
    <section className="card" aria-label="Loading" aria-busy="true">
      <div className="screen-head" aria-hidden="true">
        <span className="skeleton-block skeleton-block-logo" />
        <div className="screen-names">
          <span className="skeleton-block skeleton-block-title" />
          <span className="skeleton-block skeleton-block-text" />
        </div>
      </div>
      <div className="skeleton" aria-hidden="true">
        {Array.from({ length: rows }, (_, row) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: equal rows that never move.
          <span key={row} className="skeleton-block skeleton-block-row" />
        ))}
      </div>
    </section>
  );
}
