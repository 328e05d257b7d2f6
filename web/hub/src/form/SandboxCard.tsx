/** The sandbox's credentials, with a button that fills them in. */

import type { Field } from "../api/types.ts";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Icon } from "../ui/Icon.tsx";

interface Props {
  name: string;
  credentials: Record<string, string>;
  fields: readonly Field[];
  edited: boolean;
  onFill: () => void;
}

export function SandboxCard({ name, credentials, fields, edited, onFill }: Props) {
  const labelOf = (key: string): string => fields.find((field) => field.key === key)?.label ?? key;
  return (
    <section className="sandbox" aria-label="Sandbox credentials">
      <div className="sandbox-head">
        <Icon name="spark" />
        <p>
          <strong>{edited ? "Just testing?" : `No ${name} account?`}</strong> Use the built-in sandbox.
        </p>
        <button type="button" className="button button-small" onClick={onFill}>
          Fill in credentials
        </button>
      </div>
      <dl className="sandbox-values">
        {Object.entries(credentials).map(([key, value]) => (
          <div key={key}>
            <dt>{labelOf(key)}</dt>
            <dd>
              <code>{value}</code>
              <CopyButton value={value} label={labelOf(key)} />
            </dd>
          </div>
        ))}
      </dl>
    </section>
  );
}
