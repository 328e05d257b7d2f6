/** A button that copies a text and says so for a moment. */

const SHOWN_MS = 2000;

export function copyButton(label: string, read: () => string | Promise<string>): HTMLButtonElement {
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = label;
  // Screen readers hear the changed label.
  button.setAttribute("aria-live", "polite");
  let timer: ReturnType<typeof setTimeout> | undefined;
  const say = (text: string) => {
    button.textContent = text;
    clearTimeout(timer);
    timer = setTimeout(() => {
      button.textContent = label;
    }, SHOWN_MS);
  };
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(await read());
      say("Copied");
    } catch {
      // The clipboard needs https or localhost.
      say("Not copied");
    }
  });
  return button;
}
