/** The code for this very page, to copy. */

import { COPY_WORDS, useCopy } from "@patchbay/web-shared/useCopy.ts";
import { useState } from "react";
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

function CopyButton({ text }: { text: string }) {
  const { state, copy } = useCopy();
  return (
    <button type="button" className="button button-small" onClick={() => void copy(text)}>
      <Icon name={state === "copied" ? "check" : "copy"} size={15} />
      <span aria-live="polite">{COPY_WORDS[state]}</span>
    </button>
  );
}
