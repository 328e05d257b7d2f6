/**
 * Finds the server that the script was loaded from. A classic script uses `document.currentScript`; a module searches
 * for its script tag, since `import.meta.url` is a syntax error in a classic script.
 */

const SCRIPT_PATH = "/embed/patchbay-hub.js";

type Scripts = Pick<Document, "currentScript" | "querySelectorAll">;

/** Returns the server's URL, for example `https://patchbay.example.com`; null if no script tag loads the script. */
export function serverFromScript(document: Scripts): string | null {
  const { currentScript } = document;
  const currentSrc = currentScript && "src" in currentScript ? currentScript.src : "";
  const tags = [...document.querySelectorAll<HTMLScriptElement>("script[src]")].map(({ src }) => src);
  for (const address of [currentSrc, ...tags]) {
    const server = serverOf(address);
    if (server !== null) return server;
  }
  return null;
}

function serverOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { origin, pathname } = new URL(address);
  return pathname.endsWith(SCRIPT_PATH) ? origin + pathname.slice(0, -SCRIPT_PATH.length) : null;
}
