/** The progress of the "Get started" steps, stored in this browser. It contains no secrets. */

export const STEPS = ["link", "run", "copy", "embed"] as const;
export type Step = (typeof STEPS)[number];

export interface Progress {
  done: Step[];
  skipped: boolean;
}

const STORAGE_KEY = "patchbay-first-steps";
const NO_PROGRESS: Progress = { done: [], skipped: false };

const isStep = (value: unknown): value is Step => STEPS.includes(value as Step);

/** Returns the stored progress; no progress if the text is missing or invalid. */
export function parseProgress(text: string | null): Progress {
  if (text === null) return NO_PROGRESS;
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value !== "object" || value === null) return NO_PROGRESS;
    const { done, skipped } = value as Record<string, unknown>;
    return {
      done: Array.isArray(done) ? STEPS.filter((step) => done.includes(step) && isStep(step)) : [],
      skipped: skipped === true,
    };
  } catch {
    return NO_PROGRESS;
  }
}

export function readProgress(storage: Pick<Storage, "getItem"> = localStorage): Progress {
  try {
    return parseProgress(storage.getItem(STORAGE_KEY));
  } catch {
    return NO_PROGRESS;
  }
}

export function writeProgress(progress: Progress, storage: Pick<Storage, "setItem"> = localStorage): void {
  try {
    storage.setItem(STORAGE_KEY, JSON.stringify(progress));
  } catch {
    // Without storage, the browser shows the steps again.
  }
}

export const withDone = (progress: Progress, step: Step): Progress =>
  progress.done.includes(step)
    ? progress
    : { ...progress, done: STEPS.filter((other) => other === step || progress.done.includes(other)) };

/** Returns whether the steps are all done or were skipped. */
export function isStartDone(progress: Progress = readProgress()): boolean {
  return progress.skipped || STEPS.every((step) => progress.done.includes(step));
}
