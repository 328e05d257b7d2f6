/** One log: what happened and what to do, its steps, and what was kept of request and response. */

import { Alert, Anchor, Button, Drawer, Group, Stack, Text, Title } from "@mantine/core";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { IconPlayerPlay } from "@tabler/icons-react";
import { Link } from "@tanstack/react-router";
import type { ReactNode } from "react";
import {
  type AdvancedLog,
  isRawRequest,
  logName,
  type StepLog,
  useLog,
  useLogSteps,
} from "../../api/logs.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { errorDocs } from "../../ui/docs.ts";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { QueryBoundary } from "../../ui/QueryBoundary.tsx";
import { preciseTime } from "../../ui/time.ts";
import { HttpStatusPill } from "../runner/HttpStatusPill.tsx";
import { adviceFor } from "./advice.ts";
import { formatDuration } from "./duration.ts";
import { sourceLabel } from "./source.ts";
import { supportText } from "./supportText.ts";
import { Waterfall } from "./Waterfall.tsx";
import { waterfallOf } from "./waterfall.ts";

interface Props {
  /** The log's ID; null closes the drawer. */
  id: string | null;
  /** Whether it is probably a raw request's. */
  isRaw: boolean;
  onClose: () => void;
}

export const LogDrawer = ({ id, isRaw, onClose }: Props) => (
  <Drawer
    opened={id !== null}
    onClose={onClose}
    position="right"
    size="xl"
    title="Log"
    closeButtonProps={{ "aria-label": "Close" }}
    // Without this, the drawer's header would count as a second banner landmark of the page.
    attributes={{ header: { role: "none" } }}
  >
    {id !== null && <LoadedLog key={id} id={id} isRaw={isRaw} />}
  </Drawer>
);

function LoadedLog({ id, isRaw }: { id: string; isRaw: boolean }) {
  const log = useLog(id, isRaw);
  return (
    <QueryBoundary query={log} what="the log">
      {(found) => <LogDetails log={found} />}
    </QueryBoundary>
  );
}

function LogDetails({ log }: { log: AdvancedLog }) {
  const isRaw = isRawRequest(log);
  const steps = useLogSteps(log.log_id, isRaw);
  return (
    <Stack>
      <Group gap="sm">
        <Title order={2} size="h4" style={{ overflowWrap: "anywhere" }}>
          {logName(log)}
        </Title>
        <HttpStatusPill status={log.status_code} />
        <Text size="sm" c="dimmed">
          {formatDuration(log.duration_ms)}
        </Text>
      </Group>
      <LogFailure log={log} />
      <Group gap="sm">
        {!isRaw && log.account_id !== null && log.action_id !== null && (
          <Button
            size="xs"
            leftSection={<IconPlayerPlay size={14} aria-hidden />}
            component={Link}
            to="/run"
            search={{ account: log.account_id, action: log.action_id } as never}
          >
            Run again
          </Button>
        )}
        <CopyButton
          value={supportText(log, steps.data ?? [], isRaw)}
          what="the log for support"
          label="Copy for support"
        />
      </Group>
      <Text size="xs" c="dimmed">
        {isRaw ? "" : "Inputs are not stored with logs; you enter them again. "}
        The text for support has no secrets, bodies or names of people.
      </Text>
      <Facts log={log} />
      <Title order={3} size="h5">
        {isRaw ? "Requests to the provider" : "Steps and requests"}
      </Title>
      {isRaw ? (
        <Parts log={log} steps={[]} />
      ) : (
        <QueryBoundary query={steps} what="the steps">
          {(all) => <Parts log={log} steps={all} />}
        </QueryBoundary>
      )}
      <Title order={3} size="h5">
        Request and response
      </Title>
      <Kept log={log} />
    </Stack>
  );
}

function LogFailure({ log }: { log: AdvancedLog }) {
  const advice = adviceFor(log);
  if (advice === null) return null;
  const docs = log.error_code === null ? null : errorDocs(log.error_code);
  return (
    <Alert color="red" title={advice.title}>
      <Stack gap={4}>
        {log.message !== null && (
          <Text size="sm" style={{ overflowWrap: "anywhere" }}>
            {toSentence(log.message)}
          </Text>
        )}
        <Text size="sm">{advice.nextStep}</Text>
        {advice.place === "account" && log.account_id !== null && (
          <Anchor
            component={Link}
            to="/accounts/$accountId"
            params={{ accountId: log.account_id } as never}
            size="sm"
          >
            Open the account
          </Anchor>
        )}
        {advice.place === "profile" && (
          <Anchor component={Link} to="/profiles" size="sm">
            Open the connector profiles
          </Anchor>
        )}
        {docs && (
          <Text size="sm">
            <DocsLink to={docs}>{docs.about} in the documentation</DocsLink>
          </Text>
        )}
      </Stack>
    </Alert>
  );
}

function Facts({ log }: { log: AdvancedLog }) {
  const rows: [string, ReactNode][] = [
    [
      "Log ID",
      <Group key="id" gap={4} wrap="nowrap">
        <Text size="sm" ff="monospace" style={{ overflowWrap: "anywhere" }}>
          {log.log_id}
        </Text>
        <CopyButton value={log.log_id} what="log ID" />
      </Group>,
    ],
    ["Time", <time key="time" dateTime={log.start_time}>{`${preciseTime(log.start_time)}`}</time>],
    [
      "Account",
      log.account_id === null ? null : (
        <Anchor
          key="account"
          component={Link}
          to="/accounts/$accountId"
          params={{ accountId: log.account_id } as never}
          size="sm"
        >
          {log.origin_owner_name ?? log.account_id}
        </Anchor>
      ),
    ],
    ["Connector", [log.connector_key, log.connector_version].filter((part) => part !== null).join(" ")],
    ["Source", [sourceLabel(log.source_type), log.source_value].filter((part) => part !== null).join(" · ")],
    ["Request ID", log.request_id],
    ["Last URL", log.url],
    ["Error code", log.error_code],
    ["Client", [log.ip_address, log.user_agent].filter((part) => part !== null).join(" · ")],
    ["Session", log.session_id],
    ["Agent", log.agent_id],
    ["Mode", log.mode === "test" ? "Test of credentials" : null],
  ];
  return <KeyValueTable nameWidth={110} rows={rows.filter(([, value]) => value !== null && value !== "")} />;
}

function Parts({ log, steps }: { log: AdvancedLog; steps: StepLog[] }) {
  const bars = waterfallOf(log, steps, isRawRequest(log) ? log.provider_requests : []);
  if (bars.length === 0) {
    return (
      <Text size="sm" c="dimmed">
        The call ended before a step, so no request was sent to the provider.
      </Text>
    );
  }
  return (
    <>
      <Waterfall bars={bars} />
      {log.steps_left_out > 0 && (
        <Text size="sm" c="dimmed">
          {log.steps_left_out === 1 ? "1 further step was" : `${log.steps_left_out} further steps were`} not
          kept.
        </Text>
      )}
    </>
  );
}

function Kept({ log: { request, response } }: { log: AdvancedLog }) {
  if (request === null && response === null) {
    return (
      <Text size="sm" c="dimmed">
        Headers and bodies of this call were not kept.
      </Text>
    );
  }
  return (
    <>
      {request !== null && <CodeBlock label="Request" code={JSON.stringify(request, null, 2)} wrap />}
      {response !== null && <CodeBlock label="Response" code={JSON.stringify(response, null, 2)} wrap />}
    </>
  );
}
