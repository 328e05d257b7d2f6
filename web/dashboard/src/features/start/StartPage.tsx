/** The "Get started" page: link, run, copy, embed. It can be skipped and opened again from the navigation. */

import {
  Alert,
  Anchor,
  Badge,
  Button,
  Card,
  Group,
  List,
  Loader,
  Progress as ProgressBar,
  Stack,
  Tabs,
  Text,
  Title,
} from "@mantine/core";
import { IconCheck } from "@tabler/icons-react";
import { Link, useNavigate } from "@tanstack/react-router";
import { type ReactNode, useCallback, useState } from "react";
import { accountName, useAccounts } from "../../api/accounts.ts";
import type { Account } from "../../api/client.ts";
import { useActions } from "../../api/connectors.ts";
import type { ConnectSessionRequest } from "../../api/connectSessions.ts";
import { useLoginSession } from "../../api/loginSession.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { DOCS } from "../../ui/docs.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { FailureMessage, failureTitle } from "../../ui/FailureMessage.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { HubDialog } from "../linking/HubDialog.tsx";
import { elementHtml, sessionTypeScript } from "../linking/sessionSnippets.ts";
import { runCurl, runTypeScript } from "../runner/runSnippets.ts";
import { useRun } from "../runner/useRun.ts";
import { readProgress, STEPS, type Step, withDone, writeProgress } from "./progress.ts";

/** The owner of the first account: a test account that is easy to distinguish from customers' accounts. */
const TEST_OWNER: ConnectSessionRequest = {
  origin_owner_id: "test-account",
  origin_owner_name: "Test account",
  type: "test",
};

export function StartPage() {
  const sandbox = useLoginSession().sandbox ?? null;
  const navigate = useNavigate();
  const [progress, setProgress] = useState(readProgress);
  const accounts = useAccounts({ status: "active" });
  const [linking, setLinking] = useState<ConnectSessionRequest | null>(null);
  const account = accounts.data?.data[0];
  const done = useCallback((step: Step) => {
    setProgress((before) => {
      const after = withDone(before, step);
      writeProgress(after);
      return after;
    });
  }, []);
  const close = useCallback(() => setLinking(null), []);
  const linked = useCallback(() => done("link"), [done]);
  // An account that was linked elsewhere completes the first step as well.
  const finished = account === undefined ? progress.done : withDone(progress, "link").done;
  const state = (step: Step) => finished.includes(step);
  const { actions, safe } = useSafeAction(account);
  const run =
    account === undefined || safe === undefined ? null : { account: account.id, action: safe, inputs: {} };

  return (
    <>
      <PageHeader
        title="Get started"
        description="Make your first call to a provider in a few minutes."
        docs={DOCS.quickstart}
        actions={
          <Button
            variant="default"
            onClick={() => {
              writeProgress({ ...progress, skipped: true });
              void navigate({ to: "/accounts", search: {} });
            }}
          >
            {STEPS.every(state) ? "Go to accounts" : "Skip these steps"}
          </Button>
        }
      />
      <ProgressBar
        value={(finished.length / STEPS.length) * 100}
        mb="lg"
        aria-label={`${finished.length} of ${STEPS.length} steps done`}
      />
      {accounts.isError && (
        <ErrorState
          title="Could not load accounts"
          error={accounts.error}
          onRetry={() => void accounts.refetch()}
        />
      )}
      {accounts.isPending && <Loader aria-label="Loading accounts" />}
      <Stack display={accounts.isSuccess ? undefined : "none"}>
        <StepCard number={1} title="Link an account" isDone={state("link")}>
          <Text>
            {sandbox === null
              ? "Open the Hub, choose a connector, and enter the credentials of one of your accounts. The guide next to the form shows where to find them."
              : "The sandbox simulates SpotDraft on this machine. Open the Hub, click “Fill in credentials”, then “Connect”."}
          </Text>
          {account !== undefined && (
            <Text c="dimmed" size="sm">
              {accountName(account)} is linked.
            </Text>
          )}
          <Button
            variant={state("link") ? "default" : "filled"}
            onClick={() =>
              setLinking(sandbox === null ? TEST_OWNER : { ...TEST_OWNER, provider: sandbox.provider })
            }
          >
            {state("link") ? "Open the Hub again" : "Open the Hub"}
          </Button>
        </StepCard>
        <StepCard number={2} title="Run an action" isDone={state("run")}>
          {account !== undefined && actions.isError ? (
            <ErrorState
              title="Could not load actions"
              error={actions.error}
              onRetry={() => void actions.refetch()}
            />
          ) : account !== undefined && actions.isPending ? (
            <Loader aria-label="Loading actions" />
          ) : account !== undefined && run === null ? (
            <Text>
              This account has no read-only action without required inputs. Choose one of its actions in the{" "}
              <Anchor component={Link} to="/run" search={{ account: account.id } as never}>
                action runner
              </Anchor>
              .
            </Text>
          ) : (
            <RunStep run={run} onDone={() => done("run")} />
          )}
        </StepCard>
        <StepCard number={3} title="Copy the call into your code" isDone={state("copy")}>
          <CopyStep run={run} onDone={() => done("copy")} />
        </StepCard>
        <StepCard number={4} title="Embed the Hub in your product" isDone={state("embed")}>
          <EmbedStep onDone={() => done("embed")} />
        </StepCard>
      </Stack>
      <HubDialog title="Link an account" request={linking} onLinked={linked} onClose={close} />
    </>
  );
}

/** Finds a read-only action without required inputs, preferably a list. */
function useSafeAction(account: Account | undefined) {
  const actions = useActions(account === undefined ? {} : { account: account.id });
  const safe = (actions.data ?? []).filter(({ action_details: details }) => {
    const groups = Object.values(
      (details.input_schema.properties ?? {}) as Record<string, { required?: string[] }>,
    );
    return (
      details.annotations.readOnlyHint === true &&
      groups.every((group) => (group.required ?? []).length === 0)
    );
  });
  const best = safe.find(({ action_details: details }) => details.action_type === "list") ?? safe[0];
  return { actions, safe: best?.id };
}

interface StepCardProps {
  number: number;
  title: string;
  isDone: boolean;
  children: ReactNode;
}

const StepCard = ({ number, title, isDone, children }: StepCardProps) => (
  <Card withBorder radius="lg" component="section" aria-label={title}>
    <Group mb="sm" gap="sm">
      <Badge circle size="lg" color={isDone ? "teal.8" : "indigo"} aria-hidden>
        {isDone ? <IconCheck size={14} /> : number}
      </Badge>
      <Title order={2} size="h4">
        {title}
      </Title>
      {isDone && (
        <Text size="sm" c="dimmed">
          Done
        </Text>
      )}
    </Group>
    <Stack align="flex-start" gap="sm">
      {children}
    </Stack>
  </Card>
);

interface PlannedRun {
  account: string;
  action: string;
  inputs: Record<string, never>;
}

function RunStep({ run, onDone }: { run: PlannedRun | null; onDone: () => void }) {
  const runner = useRun();
  if (run === null)
    return <Text c="dimmed">Link an account first. Then you can run one of its actions here.</Text>;
  const result = runner.finished?.result;
  return (
    <>
      <Text>
        <code>{run.action}</code> only reads data.
      </Text>
      <Group>
        <Button
          loading={runner.isRunning}
          onClick={() => void runner.run(run).then((response) => response?.failure === null && onDone())}
        >
          Run action
        </Button>
        <Anchor component={Link} to="/run" search={{ account: run.account, action: run.action } as never}>
          Open in the action runner
        </Anchor>
      </Group>
      {result !== undefined && (
        <div style={{ width: "100%" }} aria-live="polite">
          {result.failure === null ? (
            <CodeBlock
              label={`Response in ${result.trace?.duration_ms ?? "?"} ms`}
              code={JSON.stringify(result.body, null, 2)}
            />
          ) : (
            <Alert color="red" role="alert" title={failureTitle(result.failure, "The run failed")}>
              <FailureMessage failure={result.failure} />
            </Alert>
          )}
        </div>
      )}
    </>
  );
}

function CopyStep({ run, onDone }: { run: PlannedRun | null; onDone: () => void }) {
  const { public_url: baseUrl } = useLoginSession();
  if (run === null) return <Text c="dimmed">Your call appears here once an account is linked.</Text>;
  return (
    <>
      <Text>
        <code>PATCHBAY_API_KEY</code> is the API key that the server printed when it first started, or{" "}
        <Anchor component={Link} to="/keys">
          a new one
        </Anchor>
        .
      </Text>
      <Tabs defaultValue="curl" keepMounted={false} w="100%">
        <Tabs.List mb="sm">
          <Tabs.Tab value="curl">curl</Tabs.Tab>
          <Tabs.Tab value="typescript">TypeScript</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="curl">
          <CodeBlock label="This call with curl" code={runCurl({ baseUrl, ...run })} />
        </Tabs.Panel>
        <Tabs.Panel value="typescript">
          <CodeBlock label="This call in TypeScript" code={runTypeScript({ baseUrl, ...run })} />
        </Tabs.Panel>
      </Tabs>
      <Button variant="default" onClick={onDone}>
        Done
      </Button>
    </>
  );
}

function EmbedStep({ onDone }: { onDone: () => void }) {
  const { public_url: baseUrl } = useLoginSession();
  return (
    <>
      <List>
        <List.Item>Your server creates a connect session for the customer who is logged in.</List.Item>
        <List.Item>Your page shows the Hub with the session's token.</List.Item>
      </List>
      <div style={{ width: "100%" }}>
        <CodeBlock label="On your server" code={sessionTypeScript(baseUrl, null)} />
      </div>
      <div style={{ width: "100%" }}>
        <CodeBlock label="In your page" code={elementHtml(baseUrl)} />
      </div>
      <Group>
        <Button variant="default" onClick={onDone}>
          Done
        </Button>
        <Anchor href="/demo" target="_blank">
          Open the demo page
        </Anchor>
      </Group>
    </>
  );
}
