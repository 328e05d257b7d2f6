/** The result of a run: its response and the requests sent to the provider. */

import { Accordion, Alert, Button, Card, Group, Stack, Tabs, Text, Title } from "@mantine/core";
import type { Exchange, RunResult as RunOutcome } from "../../api/runs.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { FailureMessage, failureTitle } from "../../ui/FailureMessage.tsx";
import { JsonTree } from "../../ui/JsonTree.tsx";
import { HttpStatusPill } from "./HttpStatusPill.tsx";

interface Props {
  result: RunOutcome;
  curl: string;
  typeScript: string;
  onNext: (() => void) | null;
}

const pretty = (value: unknown): string =>
  typeof value === "string" ? value : JSON.stringify(value, null, 2);

export function RunResult({ result, curl, typeScript, onNext }: Props) {
  const requests = result.trace?.requests ?? [];
  return (
    <Card withBorder radius="lg" component="section" aria-label="Result">
      <Group justify="space-between" mb="md">
        <Group gap="sm">
          <Title order={2} size="h4">
            {result.failure === null ? "Response" : "Run failed"}
          </Title>
          <HttpStatusPill status={result.status} />
          {result.trace && (
            <Text size="sm" c="dimmed">
              {result.trace.duration_ms} ms
            </Text>
          )}
        </Group>
        {onNext && (
          <Button size="xs" variant="default" onClick={onNext}>
            Load next page
          </Button>
        )}
      </Group>
      {result.failure && (
        <Alert mb="md" color="red" role="alert" title={failureTitle(result.failure, "The run failed")}>
          <FailureMessage failure={result.failure} />
        </Alert>
      )}
      <Tabs defaultValue="body" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="body">Body</Tabs.Tab>
          <Tabs.Tab value="requests">Provider requests ({requests.length})</Tabs.Tab>
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="typescript">TypeScript</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="body">
          <JsonTree label="Body" value={result.body} />
        </Tabs.Panel>
        <Tabs.Panel value="requests">
          <Requests requests={requests} />
        </Tabs.Panel>
        <Tabs.Panel value="curl">
          <CodeBlock label="This run with curl" code={curl} />
        </Tabs.Panel>
        <Tabs.Panel value="typescript">
          <CodeBlock label="This run in TypeScript" code={typeScript} />
        </Tabs.Panel>
      </Tabs>
    </Card>
  );
}

function Requests({ requests }: { requests: Exchange[] }) {
  if (requests.length === 0) return <Text c="dimmed">No request was sent to the provider.</Text>;
  return (
    <Stack gap="xs">
      <Text size="sm" c="dimmed">
        The requests that Patchbay sent to the provider, and their responses. The server redacts secrets.
      </Text>
      <Accordion variant="separated" chevronPosition="left">
        {requests.map((request, index) => (
          // biome-ignore lint/suspicious/noArrayIndexKey: the list never changes after it is shown
          <Accordion.Item key={index} value={String(index)}>
            <Accordion.Control>
              <Group gap="sm" wrap="wrap">
                <Text fw={650} size="sm">
                  {request.method}
                </Text>
                <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                  {request.url}
                </Text>
                <HttpStatusPill status={request.status} />
                <Text size="sm" c="dimmed">
                  {request.duration_ms} ms
                </Text>
              </Group>
            </Accordion.Control>
            <Accordion.Panel>
              <Stack>
                {request.error && <Text>{request.error}</Text>}
                <CodeBlock label="Request headers" code={pretty(request.headers)} />
                {request.body !== null && <JsonTree label="Request body" value={request.body} />}
                <CodeBlock label="Response headers" code={pretty(request.response_headers)} />
                <JsonTree label="Response body" value={request.response_body} />
              </Stack>
            </Accordion.Panel>
          </Accordion.Item>
        ))}
      </Accordion>
    </Stack>
  );
}
