/** The code for this very page, to copy. */

import { useEffect, useState } from "react";
import { Choice } from "./Choice.tsx";
import { Icon } from "./Icon.tsx";
import { OWNER } from "./server.ts";
import { SNIPPETS, type SnippetName, type SnippetValues, snippet } from "./snippets.ts";

type Props = Pick<SnippetValues, "theme" | "accountId" | "footer" | "baseUrl">;

export function Code(props: Props) {
  const [name, setName] = useState<SnippetName>("html");
  const code = snippet(name, { ...props, pageOrigin: window.location.origin, owner: OWNER });
  const where = SNIPPETS.find(({ value }) => value === name)?.where;
  return (
    <section className="panel code-panel" aria-labelledby="code-title">
      <div className="panel-head">
        <h2 id="code-title">The code for it</h2>
        <CopyButton text={code} />
      </div>
      <Choice label="Language" options={SNIPPETS} value={name} onChange={setName} />
      <p className="quiet">{where}</p>
      <pre className="code">
        <code>{code}</code>
      </pre>
    </section>
  );
}

const SHOWN_FOR = 2_000;

function CopyButton({ text }: { text: string }) {
  const [state, setState] = useState<"idle" | "copied" | "failed">("idle");

  useEffect(() => {
    if (state === "idle") return;
    const timer = setTimeout(() => setState("idle"), SHOWN_FOR);
    return () => clearTimeout(timer);
  }, [state]);

  const copy = async (): Promise<void> => {
    try {
      await navigator.clipboard.writeText(text);
      setState("copied");
    } catch {
      setState("failed");
    }
  };

  const words = { idle: "Copy", copied: "Copied", failed: "Select it and copy" }[state];
  return (
    <button type="button" className="button button-small" onClick={() => void copy()}>
      <Icon name={state === "copied" ? "check" : "copy"} size={15} />
      <span aria-live="polite">{words}</span>
    </button>
  );
}
