/** One action with one account: its form, its run, its answer. */

import { Alert, Anchor, Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Action } from "../../api/connectors.ts";
import { useSession } from "../../api/session.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Prose } from "../../ui/Prose.tsx";
import { Annotations } from "../connectors/Annotations.tsx";
import { type FormField, formFields } from "./fields.ts";
import { buildInputs, parseInputs, type RunInputs, readInputs } from "./formModel.ts";
import { type Draft, InputForm } from "./InputForm.tsx";
import { useRememberRun } from "./lastRuns.ts";
import { nextInputs } from "./nextPage.ts";
import { NO_PROBLEMS, type Problems, problemsByField } from "./problems.ts";
import { RunResult } from "./RunResult.tsx";
import { runCurl, runTypeScript } from "./snippets.ts";
import { useRun } from "./useRun.ts";

interface Props {
  account: string;
  action: Action;
  /** Inputs to begin with. */
  inputs: RunInputs | null;
}

export function Runner({ account, action, inputs: given }: Props) {
  const { public_url: baseUrl } = useSession();
  const fields = useMemo(() => formFields(action.action_details.input_schema), [action]);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, given));
  const [problems, setProblems] = useState<Problems>(NO_PROBLEMS);
  const [asking, setAsking] = useState<RunInputs | null>(null);
  const { run, cancel, isRunning, finished } = useRun();
  const remember = useRememberRun();
  const missing = action.missing_scopes ?? [];
  const isDestructive = action.action_details.annotations.destructiveHint === true;

  const send = async (inputs: RunInputs) => {
    setAsking(null);
    const at = new Date().toISOString();
    const result = await run({ account, action: action.id, inputs });
    if (result !== null) {
      const { status, trace } = result;
      const durationMs = trace?.duration_ms ?? null;
      remember({ at, account, action: action.id, label: action.label, inputs, status, durationMs });
    }
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
              <Prose text={action.description} />
            </Text>
            {action.action_details.details && (
              <Text c="dimmed" size="sm" mt={4}>
                <Prose text={action.action_details.details} />
              </Text>
            )}
          </div>
          {action.required_scopes.map((scope) => (
            <Badge
              key={scope}
              variant={missing.includes(scope) ? "outline" : "default"}
              {...(missing.includes(scope) && { color: "red" })}
              fw={500}
            >
              {missing.includes(scope) ? `${scope} (not granted)` : scope}
            </Badge>
          ))}
        </Group>
        {missing.length > 0 && (
          <Alert color="yellow" mb="sm" title="The provider did not grant what this action needs">
            Missing: {missing.join(", ")}. Reconnect{" "}
            <Anchor component={Link} to="/accounts/$accountId" params={{ accountId: account } as never}>
              the account
            </Anchor>{" "}
            and allow them; until then the run is refused.
          </Alert>
        )}
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

/** The inputs of an earlier run stand in the form when it can hold them, else as JSON. */
function draftOf(fields: FormField[], inputs: RunInputs | null): Draft {
  if (inputs === null) return { values: {}, json: null };
  const { values, unknown } = readInputs(fields, inputs);
  return { values, json: unknown.length === 0 ? null : JSON.stringify(inputs, null, 2) };
}
