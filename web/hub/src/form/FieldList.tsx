/** The fields in order, with notices at their positions. */

import { Fragment } from "react";
import type { Notice } from "../api/types.ts";
import { Alert } from "../ui/Alert.tsx";
import { Markdown } from "../ui/Markdown.tsx";
import { FieldRow } from "./FieldRow.tsx";
import { hasStoredSecret } from "./formModel.ts";
import type { FormState } from "./useForm.ts";

interface Props {
  form: FormState;
  notices: Notice[];
  /** Returns a function that shows the guide step for a field; null if no step has it. */
  guideLinkFor: (key: string) => (() => void) | null;
}

/** Assigns notices to positions. A notice whose anchor field is not shown falls back to its own position. */
export function placeNotices(notices: readonly Notice[], shown: readonly { key: string }[]) {
  const anchored = (notice: Notice): boolean => shown.some((field) => field.key === notice.anchor);
  return {
    before: (key: string) => notices.filter((notice) => notice.anchor === key),
    top: notices.filter((notice) => !anchored(notice) && notice.position === "top"),
    bottom: notices.filter((notice) => !anchored(notice) && notice.position !== "top"),
  };
}

export function FieldList({ form, notices, guideLinkFor }: Props) {
  const positions = placeNotices(notices, form.shown);
  return (
    <>
      <Notices notices={positions.top} />
      {form.shown.map((field) => (
        <Fragment key={field.key}>
          <Notices notices={positions.before(field.key)} />
          <FieldRow
            field={field}
            value={form.values[field.key] ?? ""}
            stored={
              hasStoredSecret(field, form.initial) && !form.mustEnterAgain(field)
                ? (form.initial[field.key] ?? null)
                : null
            }
            problem={form.problem(field.key)}
            onChange={(value) => form.set({ [field.key]: value })}
            onBlur={() => form.touch(field.key)}
            onShowGuide={guideLinkFor(field.key)}
          />
          {form.changedAddress?.key === field.key && (
            <Alert tone="warning" title="Enter the secrets again">
              <p>
                {field.label} decides where the secrets of this account are sent, and you have changed it. For
                security, enter them again, or restore the former value.
              </p>
            </Alert>
          )}
        </Fragment>
      ))}
      <Notices notices={positions.bottom} />
    </>
  );
}

function Notices({ notices }: { notices: Notice[] }) {
  return notices.map((notice) => (
    <Alert key={notice.key} tone={notice.type === "warning" ? "warning" : "info"}>
      <p>
        <Markdown text={notice.description} />
      </p>
    </Alert>
  ));
}
