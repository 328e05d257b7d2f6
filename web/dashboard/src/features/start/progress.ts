/** How far the first steps are, kept in this browser: a newcomer's own matter, no secret. */

export const STEPS = ["link", "run", "copy", "embed"] as const;
export type Step = (typeof STEPS)[number];

export interface Progress {
  done: Step[];
  skipped: boolean;
}

const KEY = "patchbay-first-steps";
const nothing: Progress = { done: [], skipped: false };

const isStep = (value: unknown): value is Step => STEPS.includes(value as Step);

/** Reads what was kept; anything else counts as nothing. */
export function parseProgress(text: string | null): Progress {
  if (text === null) return nothing;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return nothing;
    const { done, skipped } = value as Record<string, unknown>;
    return {
      done: Array.isArray(done) ? STEPS.filter((step) => done.includes(step) && isStep(step)) : [],
      skipped: skipped === true,
    };
  } catch {
    return nothing;
  }
}

export function readProgress(storage: Pick<Storage, "getItem"> = localStorage): Progress {
  try {
    return parseProgress(storage.getItem(KEY));
  } catch {
    return nothing;
  }
}

export function writeProgress(progress: Progress, storage: Pick<Storage, "setItem"> = localStorage): void {
  try {
    storage.setItem(KEY, JSON.stringify(progress));
  } catch {
    // A browser that keeps nothing shows the first steps again.
  }
}

export const withDone = (progress: Progress, step: Step): Progress =>
  progress.done.includes(step)
    ? progress
    : { ...progress, done: STEPS.filter((one) => one === step || progress.done.includes(one)) };

/** Whether the dashboard opens on the accounts in place of the first steps. */
export function isStartDone(progress: Progress = readProgress()): boolean {
  return progress.skipped || STEPS.every((step) => progress.done.includes(step));
}
