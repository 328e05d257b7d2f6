/** The dialog that sends many deliveries again. */

import { Alert, Button, Modal, Progress, Select, Stack, Text } from "@mantine/core";
import { useState } from "react";
import {
  type ReplayState,
  useReplayDeliveries,
  useReplayProgress,
  type Webhook,
} from "../../api/webhooks.ts";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { ErrorState } from "../../ui/ErrorState.tsx";

const HOUR = 3_600_000;
const PERIODS = [
  { value: String(HOUR), label: "The last hour" },
  { value: String(24 * HOUR), label: "The last day" },
  { value: String(7 * 24 * HOUR), label: "The last seven days" },
  { value: String(90 * 24 * HOUR), label: "All that are kept" },
];
const STATES: { value: ReplayState; label: string }[] = [
  { value: "failed", label: "Failed: dead, and waiting after a failure" },
  { value: "dead", label: "Dead" },
  { value: "all", label: "All, also delivered" },
];

interface Props {
  webhook: Webhook;
  opened: boolean;
  onClose: () => void;
}

export function ReplayDialog({ webhook, opened, onClose }: Props) {
  const [period, setPeriod] = useState(String(24 * HOUR));
  const [state, setState] = useState<ReplayState>("failed");
  const replay = useReplayDeliveries();
  const close = () => {
    replay.reset();
    onClose();
  };
  return (
    <Modal opened={opened} onClose={close} title="Send deliveries again">
      {replay.data ? (
        <ReplayProgress id={replay.data.id} onClose={close} />
      ) : (
        <Stack>
          <Text>
            Each is sent with the id and the bytes that it had, the oldest first, 20 a second. Your receiver
            must drop what it knows.
          </Text>
          <Select
            label="Queued in"
            data={PERIODS}
            value={period}
            allowDeselect={false}
            onChange={(value) => setPeriod(value ?? String(24 * HOUR))}
          />
          <Select
            label="Deliveries"
            data={STATES}
            value={state}
            allowDeselect={false}
            onChange={(value) => setState((value ?? "failed") as ReplayState)}
          />
          {replay.isError && <ErrorState title="Could not send them again" error={replay.error} />}
          <DialogActions onCancel={close}>
            <Button
              loading={replay.isPending}
              onClick={() => {
                const since = new Date(Date.now() - Number(period)).toISOString();
                replay.mutate({ id: webhook.id, since, state });
              }}
            >
              Send again
            </Button>
          </DialogActions>
        </Stack>
      )}
    </Modal>
  );
}

function ReplayProgress({ id, onClose }: { id: string; onClose: () => void }) {
  const progress = useReplayProgress(id);
  const { total = 0, delivered = 0, dead = 0, state } = progress.data ?? {};
  return (
    <Stack aria-live="polite">
      {progress.isError ? (
        <ErrorState title="Could not load the progress" error={progress.error} />
      ) : progress.data !== undefined && total === 0 ? (
        <Alert color="gray">No delivery matches.</Alert>
      ) : (
        <>
          <Progress
            value={total === 0 ? 0 : ((delivered + dead) / total) * 100}
            aria-label="Deliveries sent again"
          />
          <Text>
            {delivered} of {total} delivered{dead > 0 && `, ${dead} failed`}
            {state === "done" ? "." : " so far."}
          </Text>
        </>
      )}
      <Button variant="default" onClick={onClose}>
        Close
      </Button>
    </Stack>
  );
}
