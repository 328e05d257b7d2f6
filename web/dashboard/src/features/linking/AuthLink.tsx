/** Creates an auth link for a customer. */

import { Alert, Button, Code, Group, Select, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import { useCreateConnectSession } from "../../api/connectSessions.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { exactTime } from "../../ui/time.ts";
import { SessionFields } from "./SessionFields.tsx";
import { emptySessionForm, LINK_LIFETIMES, sessionProblems, sessionRequest } from "./sessionForm.ts";

export function AuthLink() {
  const [form, setForm] = useState(emptySessionForm);
  const [submitted, setSubmitted] = useState(false);
  const session = useCreateConnectSession();
  const problems = sessionProblems(form);
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (Object.keys(problems).length === 0) session.mutate(sessionRequest(form, true));
  };
  if (session.data !== undefined) {
    return (
      <Stack>
        <Alert color="teal" title="Auth link created">
          <Text size="sm" c="var(--mantine-color-text)">
            Send it to {form.ownerName}. The link works until {exactTime(session.data.expires_at)} and is
            shown only once. Anyone with the link can link an account as {form.ownerName}.
          </Text>
        </Alert>
        <Code block style={{ overflowWrap: "anywhere", whiteSpace: "pre-wrap" }} aria-label="Auth link">
          {session.data.auth_link_url}
        </Code>
        <Group>
          <CopyButton value={session.data.auth_link_url} what="link" label="Copy link" />
          <Button variant="subtle" size="xs" onClick={() => session.reset()}>
            Create another link
          </Button>
        </Group>
      </Stack>
    );
  }
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm" c="dimmed">
          Your customer opens the link, follows the guide in the Hub, and enters the credentials or authorizes
          access. <DocsLink to={DOCS.authLinks} />
        </Text>
        <SessionFields
          form={form}
          problems={submitted ? problems : {}}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <Select
          label="Link expires after"
          allowDeselect={false}
          data={[...LINK_LIFETIMES]}
          value={form.expiresIn}
          onChange={(expiresIn) => expiresIn !== null && setForm((before) => ({ ...before, expiresIn }))}
          maw={220}
        />
        {session.isError && <ErrorState title="Could not create the link" error={session.error} />}
        <Group justify="flex-end">
          <Button type="submit" loading={session.isPending}>
            Create link
          </Button>
        </Group>
      </Stack>
    </form>
  );
}
