/**
 * The server's stream about an attempt: comments until it has ended, then one event. Nothing of it is
 * believed beyond that, and it is let go when it says nothing for too long or too much.
 */

import type { Attempt } from "./types.ts";

/** The server says every 15 s that it is still there. */
export const SILENCE = 40_000;
/** The most text that is read before the end comes: five minutes of comments are a few hundred. */
const MOST = 64 * 1024;

const attemptIn = (block: string): Attempt | null => {
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

/** The attempt's end, from the stream; null when the stream ends, breaks or falls silent without it. */
export async function endIn(body: ReadableStream<Uint8Array>): Promise<Attempt | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  let read = 0;
  let silence: ReturnType<typeof setTimeout> | undefined;
  try {
    for (;;) {
      const silent = new Promise<null>((resolve) => {
        silence = setTimeout(() => resolve(null), SILENCE);
      });
      const piece = await Promise.race([reader.read(), silent]);
      clearTimeout(silence);
      if (piece === null || piece.done) return null;
      read += piece.value.byteLength;
      if (read > MOST) return null;
      text += decoder.decode(piece.value, { stream: true }).replaceAll("\r", "");
      const blocks = text.split("\n\n");
      text = blocks.pop() ?? "";
      for (const block of blocks) {
        const attempt = attemptIn(block);
        if (attempt) return attempt;
      }
    }
  } catch {
    return null;
  } finally {
    clearTimeout(silence);
    reader.cancel().catch(() => {});
  }
}
