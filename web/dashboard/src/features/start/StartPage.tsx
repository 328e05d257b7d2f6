/** The first steps of a newcomer: link, run, copy, embed. They can be skipped, and are found again. */

import {
  Alert,
  Anchor,
  Badge,
  Progress as Bar,
  Button,
  Card,
  Group,
  List,
  Loader,
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
import { useSession } from "../../api/session.ts";
import type { SessionRequest } from "../../api/sessions.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { HubDialog } from "../link/HubDialog.tsx";
import { elementHtml, sessionTypeScript } from "../link/snippets.ts";
import { runCurl, runTypeScript } from "../runner/snippets.ts";
import { useRun } from "../runner/useRun.ts";
import { readProgress, STEPS, type Step, withDone, writeProgress } from "./progress.ts";

/** Whose account the first one is; a test account that is easy to tell from customers'. */
const FIRST_OWNER: SessionRequest = {
  origin_owner_id: "first-steps",
  origin_owner_name: "First steps",
  type: "test",
};

export function StartPage() {
  const sandbox = useSession().sandbox ?? null;
  const navigate = useNavigate();
  const [progress, setProgress] = useState(readProgress);
  const accounts = useAccounts({ status: "active" });
  const [linking, setLinking] = useState<SessionRequest | null>(null);
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
  // Somebody who has an account has linked one, wherever that was.
  const finished = account === undefined ? progress.done : withDone(progress, "link").done;
  const state = (step: Step) => finished.includes(step);
  const { actions, safe } = useSafeAction(account);
  const run =
    account === undefined || safe === undefined ? null : { account: account.id, action: safe, inputs: {} };

  return (
    <>
      <PageHeader
        title="First steps"
        description="From nothing to a call at a provider, in a few minutes."
        actions={
          <Button
            variant="default"
            onClick={() => {
              writeProgress({ ...progress, skipped: true });
              void navigate({ to: "/accounts", search: {} });
            }}
          >
            {STEPS.every(state) ? "Done" : "Skip the first steps"}
          </Button>
        }
      />
      <Bar
        value={(finished.length / STEPS.length) * 100}
        mb="lg"
        aria-label={`${finished.length} of ${STEPS.length} steps are done`}
      />
      {accounts.isError && <ErrorState error={accounts.error} onRetry={() => void accounts.refetch()} />}
      {accounts.isPending && <Loader aria-label="Loading the accounts" />}
      <Stack display={accounts.isSuccess ? undefined : "none"}>
        <StepCard number={1} title="Link an account" isDone={state("link")}>
          <Text>
            {sandbox === null
              ? "Open the Hub, choose a connector, and fill in the credentials of an account of yours. The guide beside the form says where they are."
              : "The sandbox simulates SpotDraft on this machine. Open the Hub, press “Fill in” beside the form, then Connect."}
          </Text>
          {account !== undefined && (
            <Text c="dimmed" size="sm">
              {accountName(account)} is linked.
            </Text>
          )}
          <Button
            variant={state("link") ? "default" : "filled"}
            onClick={() =>
              setLinking(sandbox === null ? FIRST_OWNER : { ...FIRST_OWNER, provider: sandbox.provider })
            }
          >
            {state("link") ? "Open the Hub again" : "Open the Hub"}
          </Button>
        </StepCard>
        <StepCard number={2} title="Run an action" isDone={state("run")}>
          {account !== undefined && actions.isError ? (
            <ErrorState error={actions.error} onRetry={() => void actions.refetch()} />
          ) : account !== undefined && actions.isPending ? (
            <Loader aria-label="Loading the actions" />
          ) : account !== undefined && run === null ? (
            <Text>
              None of this account's actions reads without inputs. Choose one in the{" "}
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
        <StepCard number={4} title="Put the Hub into your product" isDone={state("embed")}>
          <EmbedStep onDone={() => done("embed")} />
        </StepCard>
      </Stack>
      <HubDialog title="Link an account" request={linking} onLinked={linked} onClose={close} />
    </>
  );
}

/** An action that reads, and needs no inputs. */
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
    return <Text c="dimmed">Link an account first; then one of its actions can be run here.</Text>;
  const result = runner.finished?.result;
  return (
    <>
      <Text>
        <code>{run.action}</code> reads and changes nothing.
      </Text>
      <Group>
        <Button
          loading={runner.isRunning}
          onClick={() => void runner.run(run).then((answer) => answer?.failure === null && onDone())}
        >
          Run it
        </Button>
        <Anchor component={Link} to="/run" search={{ account: run.account, action: run.action } as never}>
          Open it in the action runner
        </Anchor>
      </Group>
      {result !== undefined && (
        <div style={{ width: "100%" }} aria-live="polite">
          {result.failure === null ? (
            <CodeBlock
              label={`The provider's answer, in ${result.trace?.duration_ms ?? "?"} ms`}
              code={JSON.stringify(result.body, null, 2)}
            />
          ) : (
            <Alert color="red" role="alert" title="It was refused">
              {result.failure.message}
            </Alert>
          )}
        </div>
      )}
    </>
  );
}

function CopyStep({ run, onDone }: { run: PlannedRun | null; onDone: () => void }) {
  const { public_url: baseUrl } = useSession();
  if (run === null) return <Text c="dimmed">The call stands here as soon as an account is linked.</Text>;
  return (
    <>
      <Text>
        <code>PATCHBAY_API_KEY</code> is the key that the first start printed, or{" "}
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
          <CodeBlock label="The same call with curl" code={runCurl({ baseUrl, ...run })} />
        </Tabs.Panel>
        <Tabs.Panel value="typescript">
          <CodeBlock label="The same call in TypeScript" code={runTypeScript({ baseUrl, ...run })} />
        </Tabs.Panel>
      </Tabs>
      <Button variant="default" onClick={onDone}>
        I have it
      </Button>
    </>
  );
}

function EmbedStep({ onDone }: { onDone: () => void }) {
  const { public_url: baseUrl } = useSession();
  return (
    <>
      <List>
        <List.Item>Your server makes a connect session for the customer who is signed in.</List.Item>
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
          I have it
        </Button>
        <Anchor href="/demo" target="_blank">
          See a page that embeds it
        </Anchor>
      </Group>
    </>
  );
}
