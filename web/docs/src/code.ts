/** Buttons that copy a block of code. */

import { copyButton } from "./copying.ts";

/** Returns what to copy: of a console, the commands without their prompts and outputs. */
export function textOf(code: Element): string {
  if (!code.querySelector(".p")) return code.textContent ?? "";
  const copy = code.cloneNode(true) as Element;
  for (const part of copy.querySelectorAll(".p, .o")) part.remove();
  return copy.textContent ?? "";
}

export function addCopyButtons(root: ParentNode): void {
  for (const block of root.querySelectorAll(".code")) {
    const code = block.querySelector("code");
    if (!code) continue;
    const button = copyButton("Copy", () => textOf(code).trimEnd());
    button.className = "copy";
    block.append(button);
  }
}
