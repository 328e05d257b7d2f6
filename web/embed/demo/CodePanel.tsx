/** The code of this page, to copy. */

import { COPY_LABELS, useCopy } from "@patchbay/web-shared/useCopy.ts";
import { useState } from "react";
import { Icon } from "./Icon.tsx";
import { SegmentedControl } from "./SegmentedControl.tsx";
import { OWNER } from "./server.ts";
import { SNIPPETS, type SnippetName, type SnippetValues, snippet } from "./snippets.ts";

type Props = Pick<SnippetValues, "theme" | "accountId" | "footer" | "baseUrl">;

export function CodePanel(props: Props) {
  const [name, setName] = useState<SnippetName>("html");
  const code = snippet(name, { ...props, pageOrigin: window.location.origin, owner: OWNER });
  const location = SNIPPETS.find(({ value }) => value === name)?.location;
  return (
    <section className="panel code-panel" aria-labelledby="code-title">
      <div className="panel-head">
        <h2 id="code-title">Code</h2>
        <CopyButton text={code} />
      </div>
      <SegmentedControl label="Language" options={SNIPPETS} value={name} onChange={setName} />
      <p className="muted">{location}</p>
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
      <span aria-live="polite">{COPY_LABELS[state]}</span>
    </button>
  );
}
