/** Places the steps and the requests of a run on its time. */

import type { AttemptLog, StepLog } from "../../api/logs.ts";

export interface Bar {
  key: string;
  /** A step, or a request to the provider. */
  kind: "step" | "request";
  /** What it is, for example "2. list (request)" or "GET https://api.example.com/v1/items". */
  label: string;
  outcome: "success" | "failure" | "skipped";
  /** Null for a step without a status, and for a request without a response. */
  status: number | null;
  /** What went wrong, in the server's words. */
  message: string | null;
  /** After the start of the run, in milliseconds. */
  startMs: number;
  durationMs: number;
  /** Place and length as parts of the whole, in percent. */
  left: number;
  width: number;
}

interface Run {
  start_time: string;
  duration_ms: number;
}

/** The shortest bar that can still be seen, in percent. */
const MIN_WIDTH = 0.5;

const stepLabel = ({ step_index, step_id, step_function_name, step_iterations }: StepLog): string => {
  const name = step_id ?? step_function_name ?? "step";
  const what = step_id !== null && step_function_name !== null ? ` (${step_function_name})` : "";
  return `${step_index + 1}. ${name}${what}${step_iterations === 1 ? "" : ` × ${step_iterations}`}`;
};

/** Returns the bars of a run: each step with its requests, then the requests that belong to no step. */
export function waterfallOf(run: Run, steps: StepLog[], requests: AttemptLog[] = []): Bar[] {
  const begin = Date.parse(run.start_time);
  const since = (at: string): number => Math.max(0, Date.parse(at) - begin);
  const bar = (part: Omit<Bar, "left" | "width">): Bar => ({ ...part, left: 0, width: 0 });
  const requestBar = (key: string, attempt: AttemptLog): Bar =>
    bar({
      key,
      kind: "request",
      label: `${attempt.http_method} ${attempt.url}`,
      outcome: attempt.status_code !== null && attempt.status_code < 400 ? "success" : "failure",
      status: attempt.status_code,
      message: attempt.message,
      startMs: since(attempt.start_time),
      durationMs: attempt.duration_ms,
    });
  const bars = steps.flatMap((step) => [
    bar({
      key: String(step.step_index),
      kind: "step",
      label: stepLabel(step),
      outcome: step.skipped ? "skipped" : step.success ? "success" : "failure",
      status: step.skipped || step.status_code === 0 ? null : step.status_code,
      message: step.message,
      startMs: since(step.start_time),
      durationMs: step.duration_ms,
    }),
    ...step.attempts.map((attempt, number) => requestBar(`${step.step_index}.${number}`, attempt)),
  ]);
  bars.push(...requests.map((attempt, number) => requestBar(`request ${number}`, attempt)));
  // Clocks and rounding may put the end of a part behind the end of the run.
  const whole = Math.max(run.duration_ms, ...bars.map(({ startMs, durationMs }) => startMs + durationMs));
  return bars.map((part) => {
    const left = whole === 0 ? 0 : Math.min((part.startMs / whole) * 100, 100 - MIN_WIDTH);
    const width = whole === 0 ? 100 : (part.durationMs / whole) * 100;
    return { ...part, left, width: Math.min(Math.max(width, MIN_WIDTH), 100 - left) };
  });
}
