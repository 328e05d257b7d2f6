/** Formats durations for people. */

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;

/** Returns a duration with the digits that matter: "0.4 ms", "120 ms", "1.25 s", "2 min 5 s". */
export function formatDuration(ms: number): string {
  if (ms < 10) return `${Number(ms.toFixed(1))} ms`;
  if (Math.round(ms) < SECOND_MS) return `${Math.round(ms)} ms`;
  if (Math.round(ms / 10) * 10 < MINUTE_MS) return `${Number((ms / SECOND_MS).toFixed(2))} s`;
  const seconds = Math.round(ms / SECOND_MS);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
