/**
 * Which server a page has the element from. A classic script is told; a module is not, and finds the tag
 * that names it. (`import.meta.url` would know, but is a syntax error in a classic script.)
 */

const PATH = "/embed/patchbay-hub.js";

type Scripts = Pick<Document, "currentScript" | "querySelectorAll">;

/** The server's address, `https://patchbay.example.com`, or null when no tag loads the script. */
export function serverOfScript(document: Scripts): string | null {
  const { currentScript } = document;
  const own = currentScript && "src" in currentScript ? currentScript.src : "";
  const tags = [...document.querySelectorAll<HTMLScriptElement>("script[src]")].map(({ src }) => src);
  for (const address of [own, ...tags]) {
    const server = serverOf(address);
    if (server !== null) return server;
  }
  return null;
}

function serverOf(address: string): string | null {
  if (!URL.canParse(address)) return null;
  const { origin, pathname } = new URL(address);
  return pathname.endsWith(PATH) ? origin + pathname.slice(0, -PATH.length) : null;
}
