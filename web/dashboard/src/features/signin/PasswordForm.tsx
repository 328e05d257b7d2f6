/** Chooses a password, with the current one where there is one. */

import { Alert, Button, PasswordInput, Stack } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { type FormEvent, useState } from "react";
import { useSetPassword } from "../../api/session.ts";
import { passwordProblem } from "./passwordRules.ts";

interface Props {
  hasPassword: boolean;
  onDone: () => void;
}

export function PasswordForm({ hasPassword, onDone }: Props) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [again, setAgain] = useState("");
  const [shown, setShown] = useState(false);
  const change = useSetPassword();
  const problem = passwordProblem(password);
  const mismatch = again === password ? null : "The two do not match.";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setShown(true);
    if (problem !== null || mismatch !== null) return;
    const body = hasPassword ? { password, current_password: current } : { password };
    change.mutate(body, {
      onSuccess: () => {
        setCurrent("");
        setPassword("");
        setAgain("");
        setShown(false);
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {change.isError && (
          <Alert color="red" role="alert">
            {asFailure(change.error).message}
          </Alert>
        )}
        {hasPassword && (
          <PasswordInput
            label="Current password"
            autoComplete="current-password"
            value={current}
            onChange={(event) => setCurrent(event.currentTarget.value)}
          />
        )}
        <PasswordInput
          label="New password"
          description="At least 12 characters. A sentence or a few words are easy to remember and hard to guess."
          autoComplete="new-password"
          value={password}
          error={shown ? problem : null}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="The same once more"
          autoComplete="new-password"
          value={again}
          error={shown ? mismatch : null}
          onChange={(event) => setAgain(event.currentTarget.value)}
        />
        <Button type="submit" loading={change.isPending}>
          {hasPassword ? "Change the password" : "Set the password"}
        </Button>
      </Stack>
    </form>
  );
}
