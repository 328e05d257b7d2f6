/** Runs an action with a linked account, from a form that is made from its inputs. */

import { Badge, Button, Card, Group, Loader, Select, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { getRouteApi } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import { useAccounts } from "../../api/accounts.ts";
import { type Action, useActions } from "../../api/connectors.ts";
import { useSession } from "../../api/session.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { Annotations } from "../connectors/Annotations.tsx";
import { AccountPicker } from "./AccountPicker.tsx";
import {
  buildInputs,
  type FormField,
  formFields,
  nextInputs,
  parseInputs,
  problemsByField,
  type RunInputs,
} from "./formModel.ts";
import { type Draft, InputForm, NO_PROBLEMS, type Problems } from "./InputForm.tsx";
import { RunResult } from "./RunResult.tsx";
import { runCurl, runTypeScript } from "./snippets.ts";
import { useRun } from "./useRun.ts";

const route = getRouteApi("/run");

export function RunnerPage() {
  const { account, action } = route.useSearch();
  const navigate = route.useNavigate();
  const accounts = useAccounts({});
  const actions = useActions(account === undefined ? {} : { account });
  const chosen = actions.data?.find((one) => one.id === action);
  const choose = (search: { account?: string; action?: string }) => void navigate({ search, replace: true });

  return (
    <>
      <PageHeader
        title="Run an action"
        description="Try an action with a linked account, and see what is sent to the provider for it."
      />
      {accounts.isError ? (
        <ErrorState error={accounts.error} onRetry={() => void accounts.refetch()} />
      ) : accounts.data?.total === 0 && account === undefined ? (
        <EmptyState title="No account is linked yet">
          Link an account first; then its actions can be run here.
        </EmptyState>
      ) : (
        <Stack>
          <SimpleGrid cols={{ base: 1, sm: 2 }}>
            <AccountPicker account={account} onChoose={(id) => choose(id === null ? {} : { account: id })} />
            <Select
              label="Action"
              placeholder={account === undefined ? "Choose an account first" : "Choose an action"}
              searchable
              disabled={account === undefined}
              nothingFoundMessage="No action has these words"
              rightSection={actions.isFetching ? <Loader size="xs" /> : undefined}
              data={grouped(actions.data ?? [])}
              value={chosen?.id ?? null}
              onChange={(id) =>
                choose({
                  ...(account === undefined ? {} : { account }),
                  ...(id === null ? {} : { action: id }),
                })
              }
            />
          </SimpleGrid>
          {actions.isError && <ErrorState error={actions.error} onRetry={() => void actions.refetch()} />}
          {account !== undefined && chosen !== undefined && (
            <Runner key={`${account} ${chosen.id}`} account={account} action={chosen} />
          )}
        </Stack>
      )}
    </>
  );
}

/** Reading first, then changing, then what cannot be undone. */
function grouped(actions: Action[]) {
  const items = (wanted: (action: Action) => boolean) =>
    actions.filter(wanted).map(({ id, label }) => ({ value: id, label: `${label} (${id})` }));
  const reads = (action: Action) => action.action_details.annotations.readOnlyHint === true;
  const destroys = (action: Action) => action.action_details.annotations.destructiveHint === true;
  return [
    { group: "Read", items: items(reads) },
    { group: "Change", items: items((action) => !reads(action) && !destroys(action)) },
    { group: "Cannot be undone", items: items((action) => !reads(action) && destroys(action)) },
  ].filter((group) => group.items.length > 0);
}

function Runner({ account, action }: { account: string; action: Action }) {
  const { public_url: baseUrl } = useSession();
  const fields = useMemo(() => formFields(action.action_details.input_schema), [action]);
  const [draft, setDraft] = useState<Draft>({ values: {}, json: null });
  const [problems, setProblems] = useState<Problems>(NO_PROBLEMS);
  const [asking, setAsking] = useState<RunInputs | null>(null);
  const { run, cancel, isRunning, finished } = useRun();
  const isDestructive = action.action_details.annotations.destructiveHint === true;

  const send = async (inputs: RunInputs) => {
    setAsking(null);
    const result = await run({ account, action: action.id, inputs });
    // Beside the JSON there are no fields to stand at.
    if (result?.failure)
      setProblems(problemsByField(draft.json === null ? fields : [], result.failure.problems));
  };
  const submit = () => {
    if (isRunning || asking !== null) return;
    const { inputs, found } = readDraft(fields, draft);
    setProblems(found);
    if (found.rest.length > 0 || Object.keys(found.byField).length > 0) return;
    if (isDestructive) setAsking(inputs);
    else void send(inputs);
  };
  useHotkeys([["mod+Enter", submit]], []);

  const done = finished;
  const again = done === null ? null : { baseUrl, account, action: action.id, inputs: done.request.inputs };
  const next = done === null ? null : nextInputs(fields, done.request.inputs, done.result.next);
  return (
    <Stack>
      <Card withBorder radius="lg" component="section" aria-label="Inputs">
        <Group justify="space-between" align="flex-start" mb="sm">
          <div style={{ flex: "1 1 260px" }}>
            <Group gap="xs">
              <Title order={2} size="h4">
                {action.label}
              </Title>
              <Annotations action={action} />
            </Group>
            <Text c="dimmed" size="sm" mt={4}>
              {action.description}
            </Text>
            {action.action_details.details && (
              <Text c="dimmed" size="sm" mt={4}>
                {action.action_details.details}
              </Text>
            )}
          </div>
          {action.required_scopes.map((scope) => (
            <Badge key={scope} variant="default" fw={500}>
              {scope}
            </Badge>
          ))}
        </Group>
        <form
          noValidate
          onSubmit={(event) => {
            event.preventDefault();
            submit();
          }}
        >
          <InputForm
            fields={fields}
            draft={draft}
            problems={problems}
            onChange={setDraft}
            onProblems={setProblems}
          />
          <Group mt="lg">
            <Button type="submit" loading={isRunning} leftSection={<IconPlayerPlay size={16} aria-hidden />}>
              Run
            </Button>
            {isRunning && (
              <Button variant="default" onClick={cancel}>
                Cancel
              </Button>
            )}
            <Text size="xs" c="dimmed">
              Ctrl or ⌘ with Enter runs it too
            </Text>
          </Group>
        </form>
      </Card>
      <div aria-live="polite">
        {done && again && (
          <RunResult
            result={done.result}
            curl={runCurl(again)}
            typeScript={runTypeScript(again)}
            onNext={next === null ? null : () => void send(next)}
          />
        )}
      </div>
      <ConfirmDialog
        opened={asking !== null}
        title={`Run ${action.label}?`}
        action="Run it"
        busy={isRunning}
        error={null}
        onClose={() => setAsking(null)}
        onConfirm={() => asking !== null && void send(asking)}
      >
        <Stack gap="sm">
          <span>
            This action changes something at the provider that cannot be undone. It runs for real, with this
            account and these inputs.
          </span>
          <CodeBlock label="Inputs" code={JSON.stringify(asking ?? {}, null, 2)} wrap />
        </Stack>
      </ConfirmDialog>
    </Stack>
  );
}

/** What is on screen, as what is sent, with everything that keeps it from being sent. */
function readDraft(fields: FormField[], draft: Draft): { inputs: RunInputs; found: Problems } {
  if (draft.json !== null) {
    const { inputs, problems } = parseInputs(fields, draft.json);
    return { inputs, found: { byField: {}, rest: problems } };
  }
  const { inputs, problems } = buildInputs(fields, draft.values);
  return { inputs, found: { byField: problems, rest: [] } };
}
