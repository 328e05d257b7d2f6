/** The state of the form: values, touched fields, and the problems to show. The rules are in `formModel.ts`. */

import { useState } from "react";
import type { Connector, Field, StoredAccount } from "../api/types.ts";
import {
  changedAddressField,
  credentialsToSend,
  type FormValues,
  hasStoredSecret,
  initialValues,
  validateFields,
  visibleFields,
  withoutStoredSecrets,
} from "./formModel.ts";

export type FormState = ReturnType<typeof useForm>;

export function useForm(connector: Connector, account: StoredAccount | null, triggerToken: string | null) {
  const [initial] = useState(() => initialValues(connector, account, triggerToken));
  const [typed, setValues] = useState<FormValues>(initial);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  // The server's problem with a field is shown until the field is changed.
  const [serverProblems, setServerProblems] = useState<Record<string, string>>({});

  // The stored secrets return when the former address does.
  const changedAddress = changedAddressField(connector.configFields, typed, initial);
  const values = changedAddress === null ? typed : withoutStoredSecrets(typed);
  const mustEnterAgain = (field: Field): boolean =>
    changedAddress !== null && hasStoredSecret(field, initial);
  const fields = connector.configFields.map((field) =>
    mustEnterAgain(field) ? { ...field, required: true } : field,
  );
  const problems = validateFields(fields, values);

  const touch = (...keys: string[]): void => setTouched((before) => new Set([...before, ...keys]));

  return {
    initial,
    values,
    shown: visibleFields(fields, values),
    /** The field whose change requires the stored secrets again; null if there is none. */
    changedAddress,
    mustEnterAgain,
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
