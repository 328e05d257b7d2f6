/** The sign-in: by password, or by the one-time link that the server prints. */

import { Alert, Button, Center, Code, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import type { ApiFailure } from "@patchbay/web-shared/client.ts";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { type FormEvent, useState } from "react";
import { useLogin } from "../../api/session.ts";
import { useTitle } from "../../ui/useTitle.ts";

interface Props {
  passwordSet: boolean;
  /** Why the link that was opened did not sign in. */
  linkFailure: ApiFailure | null;
}

export function SignIn({ passwordSet, linkFailure }: Props) {
  useTitle("Sign in");
  const login = useLogin();
  const [password, setPassword] = useState("");
  const failure = login.isError ? asFailure(login.error) : linkFailure;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    if (password !== "") login.mutate({ password });
  };
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder radius="lg" p="xl" w="100%" maw={420} shadow="sm">
        <Stack>
          <div>
            <Text fw={650} c="indigo">
              Patchbay
            </Text>
            <Title order={1} size="h2">
              Sign in
            </Title>
          </div>
          {failure && (
            <Alert color="red" role="alert">
              {failure.message}
            </Alert>
          )}
          {passwordSet ? (
            <form onSubmit={submit}>
              <Stack>
                <PasswordInput
                  label="Password"
                  autoComplete="current-password"
                  value={password}
                  onChange={(event) => setPassword(event.currentTarget.value)}
                  data-autofocus
                />
                <Button type="submit" loading={login.isPending} disabled={password === ""} fullWidth>
                  Sign in
                </Button>
              </Stack>
            </form>
          ) : (
            <Text>
              The first start of the server printed a link that signs you in once. Open it in this browser;
              you choose a password after that.
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {passwordSet ? "Forgot the password? " : "Lost the link? "}
            Stop the server, run <Code>patchbay login-link</Code> on its machine, start it again, and open the
            link that it prints.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
