/** Runs actions and returns the requests that were sent to the provider. */

import { type ApiFailure, asFailure } from "@patchbay/web-shared/client.ts";
import type { RunInputs } from "../features/runner/formModel.ts";
import { api, dataOf, type Schemas } from "./client.ts";

/** One request to the provider and its response; the server redacts secrets. */
export type Exchange = Schemas["Exchange"];
export type RunTrace = Schemas["RunTrace"];

export interface RunResult {
  status: number;
  /** The response without its trace. */
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

/** Runs an action. An error response is a result as well; only an abort is thrown. */
export async function runAction({ account, action, inputs, signal }: RunRequest): Promise<RunResult> {
  try {
    const result = await dataOf(
      api.POST("/actions/rpc", {
        params: { header: { "x-account-id": account }, query: { debug: true } },
        body: { action, ...inputs },
        ...(signal === undefined ? {} : { signal }),
      }),
    );
    const { debug, ...body } = result;
    return { status: 200, body, next: body.next ?? null, trace: debug ?? null, failure: null };
  } catch (error) {
    if (signal?.aborted) throw error;
    const failure = asFailure(error);
    const { status, code, message, problems, providerResponse } = failure;
    const body = {
      statusCode: status,
      errorCode: code,
      message,
      problems,
      provider_errors: providerResponse,
    };
    return { status, body, next: null, trace: traceOf(failure.debug), failure };
  }
}
