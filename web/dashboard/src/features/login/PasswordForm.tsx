/** Sets the password; asks for the current one if there is one. */

import { Alert, Button, PasswordInput, Stack } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { type FormEvent, useState } from "react";
import { useSetPassword } from "../../api/loginSession.ts";
import { passwordProblem } from "./passwordRules.ts";

interface Props {
  hasPassword: boolean;
  onDone: () => void;
}

export function PasswordForm({ hasPassword, onDone }: Props) {
  const [current, setCurrent] = useState("");
  const [password, setPassword] = useState("");
  const [confirmation, setConfirmation] = useState("");
  const [submitted, setSubmitted] = useState(false);
  const change = useSetPassword();
  const problem = passwordProblem(password);
  const mismatch = confirmation === password ? null : "The passwords do not match.";
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (problem !== null || mismatch !== null) return;
    const body = hasPassword ? { password, current_password: current } : { password };
    change.mutate(body, {
      onSuccess: () => {
        setCurrent("");
        setPassword("");
        setConfirmation("");
        setSubmitted(false);
        onDone();
      },
    });
  };
  return (
    <form onSubmit={submit}>
      <Stack>
        {change.isError && (
          <Alert color="red" role="alert">
            {toSentence(asFailure(change.error).message)}
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
          error={submitted ? problem : null}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <PasswordInput
          label="Confirm password"
          autoComplete="new-password"
          value={confirmation}
          error={submitted ? mismatch : null}
          onChange={(event) => setConfirmation(event.currentTarget.value)}
        />
        <Button type="submit" loading={change.isPending}>
          {hasPassword ? "Change password" : "Set password"}
        </Button>
      </Stack>
    </form>
  );
}
