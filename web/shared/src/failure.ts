/**
 * Converts every failure of a call to one typed error. The server's two error formats (public API and Hub API), a failed
 * connection and a body that is not JSON become an `ApiFailure`. An aborted call stays an `AbortError`.
 */

import { type FailureReason, reasonIn } from "./failureReason.ts";

/** One invalid input. */
export interface Problem {
  path: string;
  code: string;
  message: string;
}

export interface FailureParts {
  /** The HTTP status; 0 without a response. */
  status: number;
  /** The server's error code, `NetworkError` without a response, otherwise `UnknownError`. */
  code: string;
  message: string;
  /** Why the request to the provider failed; null if no provider has a part in it. */
  reason?: FailureReason | null;
  problems?: Problem[];
  /** The provider's error response, as text or JSON. */
  providerResponse?: unknown;
  /** The requests to the provider, if the call requested them with `debug`. */
  debug?: unknown;
  /** The seconds to wait, from the `Retry-After` header. */
  retryAfter?: number | null;
}

export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  readonly code: string;
  readonly reason: FailureReason | null;
  readonly problems: readonly Problem[];
  readonly providerResponse: unknown;
  readonly debug: unknown;
  readonly retryAfter: number | null;

  constructor(parts: FailureParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.status = parts.status;
    this.code = parts.code;
    this.reason = parts.reason ?? null;
    this.problems = parts.problems ?? [];
    this.providerResponse = parts.providerResponse ?? null;
    this.debug = parts.debug ?? null;
    this.retryAfter = parts.retryAfter ?? null;
  }

  /** Whether there was no response, because the server or the network is unreachable. A retry may succeed. */
  get unreachable(): boolean {
    return this.status === 0;
  }

  get unauthorized(): boolean {
    return this.status === 401 || this.status === 403;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const textOr = (value: unknown, fallback: string): string =>
  typeof value === "string" && value.trim() !== "" ? value : fallback;

function problemsOf(value: unknown): Problem[] {
  if (!Array.isArray(value)) return [];
  return value.filter(isRecord).map((entry) => ({
    path: textOr(entry.path, ""),
    code: textOr(entry.code, ""),
    message: textOr(entry.message, "is not valid"),
  }));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

const plainMessage = (status: number): string =>
  status >= 500
    ? `The server failed (status ${status}). Try again in a moment.`
    : `The server rejected the request (status ${status}).`;

/** Returns the seconds of a `Retry-After` header. The server does not use the date format. */
function secondsOf(header: string | null): number | null {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** Returns the failure of a response that is not 2xx. Reads its body. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const body = parsed(await response.text().catch(() => ""));
  const fields = isRecord(body) ? body : {};
  return new ApiFailure({
    status: response.status,
    code: textOr(fields.errorCode, "UnknownError"),
    message: textOr(fields.message, plainMessage(response.status)),
    reason: reasonIn(fields.reason),
    problems: problemsOf(fields.problems),
    providerResponse: fields.provider_response ?? fields.provider_errors,
    debug: fields.debug,
    retryAfter: secondsOf(response.headers.get("retry-after")),
  });
}

/** Returns the failure of a call without a response. */
export const networkFailure = (cause: unknown): ApiFailure =>
  new ApiFailure(
    {
      status: 0,
      code: "NetworkError",
      message: "The server is unreachable. Check your connection and try again.",
    },
    { cause },
  );

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException
    ? error.name === "AbortError"
    : error instanceof Error && error.name === "AbortError";

/** Converts any thrown value to a failure that can be shown. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(
    { status: 0, code: "UnexpectedError", message: `Something went wrong on this page: ${message}` },
    { cause: error },
  );
}
