/** The dialog that saves all logs that the filters match as a file. */

import { Alert, Button, Modal, Radio, Stack, Text } from "@mantine/core";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { useEffect, useRef, useState } from "react";
import { type ExportFormat, exportLogs, exportName, saveFile } from "../../api/exportLogs.ts";
import { DialogActions } from "../../ui/DialogActions.tsx";
import { notifySuccess } from "../../ui/notify.ts";
import { type LogFilters, toConditions } from "./filters.ts";

interface Props {
  filters: LogFilters;
  /** How many logs match, as a sentence; empty if that is not known. */
  count: string;
  opened: boolean;
  onClose: () => void;
}

export const ExportDialog = ({ opened, onClose, ...props }: Props) => (
  <Modal opened={opened} onClose={onClose} title="Export logs">
    {opened && <ExportForm {...props} onClose={onClose} />}
  </Modal>
);

const megabytes = (bytes: number): string => `${(bytes / 1_000_000).toFixed(1)} MB`;

function ExportForm({ filters, count, onClose }: Omit<Props, "opened">) {
  const [format, setFormat] = useState<ExportFormat>("jsonl");
  const [bytes, setBytes] = useState<number | null>(null);
  const [failure, setFailure] = useState<string | null>(null);
  const running = useRef<AbortController | null>(null);
  // A dialog that is closed exports nothing.
  useEffect(() => () => running.current?.abort(), []);

  const start = async () => {
    const control = new AbortController();
    running.current = control;
    setFailure(null);
    setBytes(0);
    const now = new Date();
    try {
      const file = await exportLogs(toConditions(filters, now), format, {
        signal: control.signal,
        onProgress: setBytes,
      });
      if (control.signal.aborted) return;
      saveFile(file, exportName(format, now));
      notifySuccess(
        file.size === 0 ? "No log matches: the file is empty" : `Exported ${megabytes(file.size)}`,
      );
      onClose();
    } catch (error) {
      if (control.signal.aborted) return;
      setFailure(toSentence(asFailure(error).message));
      setBytes(null);
    }
  };

  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (bytes === null) void start();
      }}
    >
      <Stack>
        <Text size="sm">
          {count} The file has every log that the filters match, without bodies, and no secrets.
        </Text>
        <Radio.Group label="Format" value={format} onChange={(value) => setFormat(value as ExportFormat)}>
          <Stack gap="xs" mt="xs">
            <Radio value="jsonl" label="JSON lines: a log per line, with all members" data-autofocus />
            <Radio value="csv" label="CSV: a table for a spreadsheet" />
          </Stack>
        </Radio.Group>
        <Text size="sm" c="dimmed" aria-live="polite" mih={20}>
          {bytes === null ? "" : `Exporting … ${megabytes(bytes)}`}
        </Text>
        {failure !== null && (
          <Alert color="red" role="alert">
            {failure}
          </Alert>
        )}
        <DialogActions onCancel={onClose}>
          <Button type="submit" loading={bytes !== null}>
            Export
          </Button>
        </DialogActions>
      </Stack>
    </form>
  );
}
