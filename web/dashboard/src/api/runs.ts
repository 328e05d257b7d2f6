/** Runs of actions, with what was sent to the provider. */

import { type ApiFailure, asFailure } from "@patchbay/web-shared/client.ts";
import type { RunInputs } from "../features/runner/formModel.ts";
import { api, dataOf } from "./client.ts";

/** One request to the provider and its answer; secrets are redacted by the server. */
export interface Exchange {
  step: string;
  method: string;
  url: string;
  headers: Record<string, string>;
  body: unknown;
  status: number | null;
  response_headers: Record<string, string>;
  response_body: unknown;
  duration_ms: number;
  error: string | null;
}

export interface RunTrace {
  duration_ms: number;
  requests: Exchange[];
}

export interface RunResult {
  status: number;
  /** The whole answer but for its trace. */
  body: unknown;
  next: unknown;
  trace: RunTrace | null;
  failure: ApiFailure | null;
}

export interface RunRequest {
  account: string;
  action: string;
  inputs: RunInputs;
  signal?: AbortSignal;
}

const traceOf = (value: unknown): RunTrace | null =>
  typeof value === "object" && value !== null && Array.isArray((value as RunTrace).requests)
    ? (value as RunTrace)
    : null;

/** Runs an action. A refusal is a result as well; only an abort is thrown. */
export async function runAction({ account, action, inputs, signal }: RunRequest): Promise<RunResult> {
  try {
    const answer = (await dataOf(
      api.POST("/actions/rpc", {
        params: { header: { "x-account-id": account }, query: { debug: true } },
        // The document calls free-form objects empty ones.
        body: { action, ...inputs } as { action: string },
        ...(signal === undefined ? {} : { signal }),
      }),
    )) as Record<string, unknown>;
    const { debug, ...body } = answer;
    return { status: 200, body, next: body.next ?? null, trace: traceOf(debug), failure: null };
  } catch (error) {
    if (signal?.aborted) throw error;
    const failure = asFailure(error);
    const { status, code, message, problems, providerResponse } = failure;
    const body = {
      statusCode: status,
      errorCode: code,
      message,
      errors: problems,
      provider_errors: providerResponse,
    };
    return { status, body, next: null, trace: traceOf(failure.debug), failure };
  }
}
