/** Logs in by password, or explains the one-time link that the server prints. */

import { Alert, Button, Center, Code, Paper, PasswordInput, Stack, Text, Title } from "@mantine/core";
import type { ApiFailure } from "@patchbay/web-shared/client.ts";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { type FormEvent, useState } from "react";
import { useLogin } from "../../api/loginSession.ts";
import { useDocumentTitle } from "../../ui/useDocumentTitle.ts";

interface Props {
  passwordSet: boolean;
  /** Why logging in with the opened link failed. */
  linkFailure: ApiFailure | null;
}

export function LoginPage({ passwordSet, linkFailure }: Props) {
  useDocumentTitle("Log in");
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
              Log in
            </Title>
          </div>
          {failure && (
            <Alert color="red" role="alert">
              {toSentence(failure.message)}
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
                  Log in
                </Button>
              </Stack>
            </form>
          ) : (
            <Text>
              When the server first started, it printed a one-time login link. Open the link in this browser,
              then set a password.
            </Text>
          )}
          <Text size="sm" c="dimmed">
            {passwordSet ? "Forgot your password? " : "Lost the link? "}
            Stop the server, run <Code>patchbay login-link</Code> on its machine, and start the server again.
            Then open the link that the command printed.
          </Text>
        </Stack>
      </Paper>
    </Center>
  );
}
