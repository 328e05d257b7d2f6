/**
 * The server's event stream about a connection attempt: comments while it is pending, then one event with the
 * result. The stream is canceled if it is silent for too long or sends too much.
 */

import type { Attempt } from "./types.ts";

/** The server sends a comment every 15 s. */
export const SILENCE_TIMEOUT_MS = 40_000;
/** Five minutes of comments are a few hundred bytes. */
const MAX_STREAM_BYTES = 64 * 1024;

const parseEvent = (block: string): Attempt | null => {
  const data = block
    .split("\n")
    .filter((line) => line.startsWith("data:"))
    .map((line) => line.slice(5).trimStart())
    .join("\n");
  if (data === "") return null;
  try {
    const attempt = JSON.parse(data) as Attempt;
    return typeof attempt.status === "string" && attempt.status !== "pending" ? attempt : null;
  } catch {
    return null;
  }
};

/** Reads the attempt's result from the stream; null if the stream ends, fails or times out without one. */
export async function readAttemptResult(body: ReadableStream<Uint8Array>): Promise<Attempt | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let bytesRead = 0;
  let timeout: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const silence = new Promise<null>((resolve) => {
        timeout = setTimeout(() => resolve(null), SILENCE_TIMEOUT_MS);
      });
      const chunk = await Promise.race([reader.read(), silence]);
      clearTimeout(timeout);
      if (chunk === null || chunk.done) return null;
      bytesRead += chunk.value.byteLength;
      if (bytesRead > MAX_STREAM_BYTES) return null;
      text += decoder.decode(chunk.value, { stream: true }).replaceAll("\r", "");
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const attempt = parseEvent(block);
        if (attempt) return attempt;
      }
    }
  } catch {
    return null;
  } finally {
    clearTimeout(timeout);
    reader.cancel().catch(() => {});
  }
}
