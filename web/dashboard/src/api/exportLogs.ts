/** The export of logs into a file of the browser. */

import { ApiFailure, isAbort } from "@patchbay/web-shared/client.ts";
import { api, dataOf, type Schemas } from "./client.ts";
import type { LogConditions } from "./logs.ts";

export type ExportFormat = Schemas["ExportFormat"];

/** The browser holds a file in memory until it is complete. */
export const MAX_EXPORT_BYTES = 200_000_000;

const TYPES: Record<ExportFormat, string> = { jsonl: "application/x-ndjson", csv: "text/csv" };

interface Options {
  signal: AbortSignal;
  /** Called with the number of bytes so far. */
  onProgress: (bytes: number) => void;
  maxBytes?: number;
}

/**
 * Loads all logs that fit.
 *
 * An export that breaks off is an error, so that no file has only a part of the logs.
 */
export async function exportLogs(
  filters: LogConditions,
  format: ExportFormat,
  { signal, onProgress, maxBytes = MAX_EXPORT_BYTES }: Options,
): Promise<Blob> {
  const call = api.POST("/logs/export", { body: { filters, format }, parseAs: "stream", signal });
  const body = (await dataOf(call)) as unknown as ReadableStream<Uint8Array<ArrayBuffer>> | null;
  const parts: Uint8Array<ArrayBuffer>[] = [];
  let bytes = 0;
  const reader = body?.getReader();
  while (reader !== undefined) {
    const { done, value } = await reader.read().catch((error: unknown) => {
      throw isAbort(error) ? error : brokenOff(error);
    });
    if (done) break;
    bytes += value.byteLength;
    if (bytes > maxBytes) {
      await reader.cancel().catch(() => undefined);
      throw tooLarge(maxBytes);
    }
    parts.push(value);
    onProgress(bytes);
  }
  return new Blob(parts, { type: TYPES[format] });
}

const brokenOff = (cause: unknown) =>
  new ApiFailure(
    {
      status: 0,
      code: "NetworkError",
      message: "the export broke off before its end, so nothing was saved; export again",
    },
    { cause },
  );

const tooLarge = (maxBytes: number) =>
  new ApiFailure({
    status: 0,
    code: "UnexpectedError",
    message:
      `the export has more than ${maxBytes / 1_000_000} MB, which is too much for a browser; ` +
      "choose a shorter time or another filter, or export with the API",
  });

/** Returns the name of the file of an export. */
export const exportName = (format: ExportFormat, now: Date): string =>
  `logs-${now.toISOString().slice(0, 16).replace(":", "-")}.${format}`;

/** Saves a file as a download of the browser. */
export function saveFile(file: Blob, name: string): void {
  const url = URL.createObjectURL(file);
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  // The download has begun with the click; the address is not needed for the rest of it.
  setTimeout(() => URL.revokeObjectURL(url));
}
