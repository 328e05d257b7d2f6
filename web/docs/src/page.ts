/** The button that copies the whole page as Markdown, for an assistant. */

import { copyButton } from "./copying.ts";

export function addPageCopy(root: ParentNode): void {
  const address = root.querySelector<HTMLLinkElement>('link[rel="alternate"][type="text/markdown"]')?.href;
  const tools = root.querySelector(".tools");
  if (!address || !tools) return;
  const button = copyButton("Copy page", async () => {
    const response = await fetch(address, { headers: { accept: "text/markdown" } });
    if (!response.ok) throw new Error(`the page could not be read: ${response.status}`);
    return response.text();
  });
  tools.append(button);
}
