/** Links an account from the dashboard: first its owner, then the Hub. */

import { Button, Group, Stack, Text } from "@mantine/core";
import { type FormEvent, useState } from "react";
import type { ConnectSessionRequest } from "../../api/connectSessions.ts";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { HubFrame } from "./HubFrame.tsx";
import { SessionFields } from "./SessionFields.tsx";
import { emptySessionForm, sessionProblems, sessionRequest } from "./sessionForm.ts";

export function LinkNow({ onClose }: { onClose: () => void }) {
  const [form, setForm] = useState(emptySessionForm);
  const [submitted, setSubmitted] = useState(false);
  const [request, setRequest] = useState<ConnectSessionRequest | null>(null);
  const problems = sessionProblems(form);
  if (request !== null) return <HubFrame request={request} onClose={onClose} />;
  const submit = (event: FormEvent) => {
    event.preventDefault();
    setSubmitted(true);
    if (Object.keys(problems).length === 0) setRequest(sessionRequest(form, false));
  };
  return (
    <form onSubmit={submit} noValidate>
      <Stack>
        <Text size="sm" c="dimmed">
          Use this if you have the credentials yourself: during development, or on behalf of a customer.{" "}
          <DocsLink to={DOCS.linking} />
        </Text>
        <SessionFields
          form={form}
          problems={submitted ? problems : {}}
          onChange={(change) => setForm((before) => ({ ...before, ...change }))}
        />
        <Group justify="flex-end">
          <Button type="submit">Open the Hub</Button>
        </Group>
      </Stack>
    </form>
  );
}
