/** Makes a link that a customer opens by itself. */

import { Alert, Button, Code, Group, Select, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useCreateSession } from "../../api/sessions.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { exactTime } from "../../ui/time.ts";
import { SessionFields } from "./SessionFields.tsx";
import { EXPIRIES, emptySessionForm, sessionProblems, sessionRequest } from "./sessionForm.ts";

export function AuthLink() {
  const [form, setForm] = useState(emptySessionForm);
  const [tried, setTried] = useState(false);
  const session = useCreateSession();
  const problems = sessionProblems(form);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setTried(true);
    if (Object.keys(problems).length === 0) session.mutate(sessionRequest(form, true));
  };
  if (session.data !== undefined) {
    return (
      <Stack>
        <Alert color="teal" title="The link is ready">
          <Text size="sm" c="var(--mantine-color-text)">
            Send it to {form.ownerName}. It works until {exactTime(session.data.expires_at)} and is shown this
            once: who has it can link an account in that name.
          </Text>
        </Alert>
        <Code block style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }} aria-label="Auth link">
          {session.data.auth_link_url}
        </Code>
        <Group>
          <CopyButton value={session.data.auth_link_url} what="the link" label="Copy the link" />
          <Button variant="subtle" size="xs" onClick={() => session.reset()}>
            Make another one
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm" c="dimmed">
          Your customer opens the link, sees the Hub with its guide in a page of its own, and fills in the
          credentials.
        </Text>
        <SessionFields
          form={form}
          problems={tried ? problems : {}}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <Select
          label="The link works for"
          allowDeselect={false}
          data={[...EXPIRIES]}
          value={form.expiresIn}
          onChange={(expiresIn) => expiresIn !== null && setForm((before) => ({ ...before, expiresIn }))}
          maw={220}
        />
        {session.isError && <ErrorState title="The link was not made" error={session.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={session.isPending}>
            Make the link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
