/** The state of the form: values, touched fields, and the problems to show. The rules are in `formModel.ts`. */

import { useState } from "react";
import type { Connector, StoredAccount } from "../api/types.ts";
import {
  credentialsToSend,
  type FormValues,
  initialValues,
  validateFields,
  visibleFields,
} from "./formModel.ts";

export type FormState = ReturnType<typeof useForm>;

export function useForm(connector: Connector, account: StoredAccount | null, triggerToken: string | null) {
  const [initial] = useState(() => initialValues(connector, account, triggerToken));
  const [values, setValues] = useState<FormValues>(initial);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  // The server's problem with a field is shown until the field is changed.
  const [serverProblems, setServerProblems] = useState<Record<string, string>>({});

  const fields = connector.configFields;
  const problems = validateFields(fields, values);

  const touch = (...keys: string[]): void => setTouched((before) => new Set([...before, ...keys]));

  return {
    initial,
    values,
    shown: visibleFields(fields, values),
    set(changes: FormValues): void {
      setValues((before) => ({ ...before, ...changes }));
      setServerProblems((before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !Object.hasOwn(changes, key))),
      );
    },
    touch,
    /** Returns the problem to show at a field: only after the field lost focus or the form was sent. */
    problem: (key: string): string | null =>
      serverProblems[key] ?? (touched.has(key) ? (problems[key] ?? null) : null),
    setServerProblems,
    /** Returns the credentials to send, or the first invalid field. */
    submit(): { credentials: FormValues } | { invalid: string } {
      touch(...fields.map((field) => field.key));
      const invalid = visibleFields(fields, values).find((field) => problems[field.key] !== undefined);
      return invalid ? { invalid: invalid.key } : { credentials: credentialsToSend(fields, values) };
    },
  };
}
