/** A form's state: values, what was touched, and the problems to show. The rules are in `model.ts`. */

import { useState } from "react";
import type { Config, StoredAccount } from "../api/types.ts";
import { initialValues, payloadOf, problemsOf, type Values, visibleFields } from "./model.ts";

export type Form = ReturnType<typeof useForm>;

export function useForm(config: Config, account: StoredAccount | null, triggerToken: string | null) {
  const [initial] = useState(() => initialValues(config, account, triggerToken));
  const [values, setValues] = useState<Values>(initial);
  const [touched, setTouched] = useState<ReadonlySet<string>>(new Set());
  // What the server said of a field holds until that field is changed.
  const [refused, setRefused] = useState<Record<string, string>>({});

  const fields = config.configFields;
  const problems = problemsOf(fields, values);

  const touch = (...keys: string[]): void => setTouched((before) => new Set([...before, ...keys]));

  return {
    initial,
    values,
    shown: visibleFields(fields, values),
    set(changes: Values): void {
      setValues((before) => ({ ...before, ...changes }));
      setRefused((before) =>
        Object.fromEntries(Object.entries(before).filter(([key]) => !Object.hasOwn(changes, key))),
      );
    },
    touch,
    /** The problem to show at a field: only once it was left or the form was sent. */
    problem: (key: string): string | null =>
      refused[key] ?? (touched.has(key) ? (problems[key] ?? null) : null),
    refuse: setRefused,
    /** What to send, or the first field that needs attention. */
    submit(): { payload: Values } | { invalid: string } {
      touch(...fields.map((field) => field.key));
      const invalid = visibleFields(fields, values).find((field) => problems[field.key] !== undefined);
      return invalid ? { invalid: invalid.key } : { payload: payloadOf(fields, values) };
    },
  };
}
