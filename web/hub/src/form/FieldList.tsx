/** The fields in their order, with the notices where they belong. */

import { Fragment } from "react";
import type { Notice } from "../api/types.ts";
import { Alert } from "../ui/Alert.tsx";
import { Markdown } from "../ui/Markdown.tsx";
import { FieldRow } from "./FieldRow.tsx";
import { isStored } from "./model.ts";
import type { Form } from "./useForm.ts";

interface Props {
  form: Form;
  notices: Notice[];
  /** Leads to the guide's step for a field; null where none yields it. */
  whereIs: (key: string) => (() => void) | null;
}

/** A notice whose field is not shown stands where its position says. */
export function noticesAt(notices: readonly Notice[], shown: readonly { key: string }[]) {
  const anchored = (notice: Notice): boolean => shown.some((field) => field.key === notice.anchor);
  return {
    before: (key: string) => notices.filter((notice) => notice.anchor === key),
    top: notices.filter((notice) => !anchored(notice) && notice.position === "top"),
    bottom: notices.filter((notice) => !anchored(notice) && notice.position !== "top"),
  };
}

export function FieldList({ form, notices, whereIs }: Props) {
  const placed = noticesAt(notices, form.shown);
  return (
    <>
      <Notices notices={placed.top} />
      {form.shown.map((field) => (
        <Fragment key={field.key}>
          <Notices notices={placed.before(field.key)} />
          <FieldRow
            field={field}
            value={form.values[field.key] ?? ""}
            stored={isStored(field, form.initial) ? (form.initial[field.key] ?? null) : null}
            problem={form.problem(field.key)}
            onChange={(value) => form.set({ [field.key]: value })}
            onBlur={() => form.touch(field.key)}
            onWhere={whereIs(field.key)}
          />
        </Fragment>
      ))}
      <Notices notices={placed.bottom} />
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
