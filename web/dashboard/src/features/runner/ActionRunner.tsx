/** Runs one action with one account: the form, the run and its result. */

import { Alert, Anchor, Badge, Button, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useHotkeys } from "@mantine/hooks";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Action } from "../../api/connectors.ts";
import { useLoginSession } from "../../api/loginSession.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { InlineCodeText } from "../../ui/InlineCodeText.tsx";
import { ActionEffectPill } from "../connectors/ActionEffectPill.tsx";
import { type FormProblems, NO_PROBLEMS, problemsByField } from "./fieldProblems.ts";
import { type FormField, formFields } from "./fields.ts";
import { buildInputs, parseInputs, type RunInputs, readInputs } from "./formModel.ts";
import { type Draft, InputForm } from "./InputForm.tsx";
import { nextInputs } from "./nextPage.ts";
import { RunResult } from "./RunResult.tsx";
import { useAddRun } from "./runHistory.ts";
import { runCurl, runTypeScript } from "./runSnippets.ts";
import { useRun } from "./useRun.ts";

interface Props {
  account: string;
  action: Action;
  /** Initial inputs. */
  inputs: RunInputs | null;
}

export function ActionRunner({ account, action, inputs: given }: Props) {
  const { public_url: baseUrl } = useLoginSession();
  const fields = useMemo(() => formFields(action.action_details.input_schema), [action]);
  const [draft, setDraft] = useState<Draft>(() => draftOf(fields, given));
  const [problems, setProblems] = useState<FormProblems>(NO_PROBLEMS);
  const [unconfirmed, setUnconfirmed] = useState<RunInputs | null>(null);
  const { run, cancel, isRunning, finished } = useRun();
  const addRun = useAddRun();
  const missing = action.missing_scopes ?? [];
  const isDestructive = action.action_details.annotations.destructiveHint === true;

  const send = async (inputs: RunInputs) => {
    setUnconfirmed(null);
    const at = new Date().toISOString();
    const result = await run({ account, action: action.id, inputs });
    if (result !== null) {
      const { status, trace } = result;
      const durationMs = trace?.duration_ms ?? null;
      addRun({ at, account, action: action.id, label: action.label, inputs, status, durationMs });
    }
    // The JSON tab has no fields, so all problems are general there.
    if (result?.failure)
      setProblems(problemsByField(draft.json === null ? fields : [], result.failure.problems));
  };
  const submit = () => {
    if (isRunning || unconfirmed !== null) return;
    const { inputs, found } = readDraft(fields, draft);
    setProblems(found);
    if (found.general.length > 0 || Object.keys(found.byField).length > 0) return;
    if (isDestructive) setUnconfirmed(inputs);
    else void send(inputs);
  };
  useHotkeys([["mod+Enter", submit]], []);

  const call =
    finished === null ? null : { baseUrl, account, action: action.id, inputs: finished.request.inputs };
  const next = finished === null ? null : nextInputs(fields, finished.request.inputs, finished.result.next);
  return (
    <Stack>
      <Card withBorder radius="lg" component="section" aria-label="Inputs">
        <Group justify="space-between" align="flex-start" mb="sm">
          <div style={{ flex: "1 1 260px" }}>
            <Group gap="xs">
              <Title order={2} size="h4">
                {action.label}
              </Title>
              <ActionEffectPill action={action} />
            </Group>
            <Text c="dimmed" size="sm" mt={4}>
              <InlineCodeText text={action.description} />
            </Text>
            {action.action_details.details && (
              <Text c="dimmed" size="sm" mt={4}>
                <InlineCodeText text={action.action_details.details} />
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
          <Alert color="yellow" mb="sm" title="The provider did not grant the scopes that this action needs">
            Missing: {missing.join(", ")}. Reconnect{" "}
            <Anchor component={Link} to="/accounts/$accountId" params={{ accountId: account } as never}>
              the account
            </Anchor>{" "}
            and grant them. Until then, runs of this action fail.
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
              Shortcut: Ctrl+Enter or ⌘+Enter
            </Text>
          </Group>
        </form>
      </Card>
      <div aria-live="polite">
        {finished && call && (
          <RunResult
            result={finished.result}
            curl={runCurl(call)}
            typeScript={runTypeScript(call)}
            onNext={next === null ? null : () => void send(next)}
          />
        )}
      </div>
      <ConfirmDialog
        opened={unconfirmed !== null}
        title={`Run ${action.label}?`}
        action="Run action"
        busy={isRunning}
        error={null}
        onClose={() => setUnconfirmed(null)}
        onConfirm={() => unconfirmed !== null && void send(unconfirmed)}
      >
        <Stack gap="sm">
          <span>
            This action makes a change at the provider that cannot be undone. It runs against the real
            provider with this account and these inputs.
          </span>
          <CodeBlock label="Inputs" code={JSON.stringify(unconfirmed ?? {}, null, 2)} wrap />
        </Stack>
      </ConfirmDialog>
    </Stack>
  );
}

/** Returns the inputs of the open tab, and the problems that prevent sending them. */
function readDraft(fields: FormField[], draft: Draft): { inputs: RunInputs; found: FormProblems } {
  if (draft.json !== null) {
    const { inputs, problems } = parseInputs(fields, draft.json);
    return { inputs, found: { byField: {}, general: problems } };
  }
  const { inputs, problems } = buildInputs(fields, draft.values);
  return { inputs, found: { byField: problems, general: [] } };
}

/** Returns a draft with the inputs: in the form if it can represent them, otherwise as JSON. */
function draftOf(fields: FormField[], inputs: RunInputs | null): Draft {
  if (inputs === null) return { values: {}, json: null };
  const { values, unknown } = readInputs(fields, inputs);
  return { values, json: unknown.length === 0 ? null : JSON.stringify(inputs, null, 2) };
}
