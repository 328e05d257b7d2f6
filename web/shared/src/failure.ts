/**
 * What went wrong with a call, as one typed error. The server's two error shapes (public API and Hub
 * API), a refused connection and a body that is not JSON all become an `ApiFailure`, so that a screen
 * has one thing to show. An aborted call stays the `AbortError` that it is.
 */

/** One input that the server did not accept. */
export interface Problem {
  path: string;
  code: string;
  message: string;
}

export interface FailureParts {
  /** HTTP status; 0 when no answer came. */
  status: number;
  /** The server's error code, `NetworkError` when no answer came, else `UnknownError`. */
  code: string;
  message: string;
  problems?: Problem[];
  /** What the provider answered, where the provider refused: text or JSON. */
  providerResponse?: unknown;
  /** The provider requests of a debugged action call. */
  debug?: unknown;
  /** Seconds to wait, where the server said so. */
  retryAfter?: number | null;
}

export class ApiFailure extends Error {
  override readonly name = "ApiFailure";
  readonly status: number;
  readonly code: string;
  readonly problems: readonly Problem[];
  readonly providerResponse: unknown;
  readonly debug: unknown;
  readonly retryAfter: number | null;

  constructor(parts: FailureParts, options?: ErrorOptions) {
    super(parts.message, options);
    this.status = parts.status;
    this.code = parts.code;
    this.problems = parts.problems ?? [];
    this.providerResponse = parts.providerResponse ?? null;
    this.debug = parts.debug ?? null;
    this.retryAfter = parts.retryAfter ?? null;
  }

  /** No answer came: the server or the network is away. Trying again may help. */
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
    message: textOr(entry.message, "is not accepted"),
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
    ? `The server could not answer (status ${status}). Try again in a moment.`
    : `The server refused the request (status ${status}).`;

/** Seconds of a `Retry-After` header; the form with a date is not used by the server. */
function secondsOf(header: string | null): number | null {
  const seconds = Number(header);
  return header !== null && Number.isFinite(seconds) && seconds >= 0 ? seconds : null;
}

/** Makes the failure of an answer that is not 2xx. Reads its body. */
export async function failureOf(response: Response): Promise<ApiFailure> {
  const body = parsed(await response.text().catch(() => ""));
  const fields = isRecord(body) ? body : {};
  return new ApiFailure({
    status: response.status,
    code: textOr(fields.errorCode, "UnknownError"),
    message: textOr(fields.message, plainMessage(response.status)),
    problems: problemsOf(fields.errors),
    providerResponse: fields.provider_response ?? fields.provider_errors,
    debug: fields.debug,
    retryAfter: secondsOf(response.headers.get("retry-after")),
  });
}

/** Makes the failure of a call that got no answer. */
export const networkFailure = (cause: unknown): ApiFailure =>
  new ApiFailure(
    {
      status: 0,
      code: "NetworkError",
      message: "The server cannot be reached. Check your connection and try again.",
    },
    { cause },
  );

export const isAbort = (error: unknown): boolean =>
  error instanceof DOMException
    ? error.name === "AbortError"
    : error instanceof Error && error.name === "AbortError";

/** Turns anything thrown into a failure that can be shown. */
export function asFailure(error: unknown): ApiFailure {
  if (error instanceof ApiFailure) return error;
  const message = error instanceof Error ? error.message : String(error);
  return new ApiFailure(
    { status: 0, code: "UnexpectedError", message: `Something went wrong in this page: ${message}` },
    { cause: error },
  );
}
