/** Settings: the project, the servers and the password. */

import { Card, Group, Stack, Text, Title } from "@mantine/core";
import { useLoginSession } from "../../api/loginSession.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { KeyValueTable } from "../../ui/KeyValueTable.tsx";
import { notifySuccess } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { PasswordForm } from "../login/PasswordForm.tsx";
import { Servers } from "./Servers.tsx";

export function SettingsPage() {
  const { project, version, public_url: publicUrl, password_set: hasPassword } = useLoginSession();
  const rows: [string, string][] = [
    ["Project", project?.name ?? ""],
    ["Project ID", project?.id ?? ""],
    ["Public URL", publicUrl],
    ["Version", version],
  ];
  return (
    <>
      <PageHeader
        title="Settings"
        description="This project, this server, and your password."
        docs={DOCS.settings}
      />
      <Stack maw={640}>
        <Card withBorder radius="lg">
          <Title order={2} size="h4" mb="sm">
            Project and server
          </Title>
          <KeyValueTable
            nameWidth={140}
            rows={rows.map(([label, value]) => [
              label,
              <Group key={label} gap={4} wrap="nowrap">
                <Text size="sm">{value}</Text>
                <CopyButton value={value} what={label} />
              </Group>,
            ])}
          />
          <Text size="sm" c="dimmed" mt="sm">
            Create projects on the server's machine with <code>patchbay project create</code>.{" "}
            <DocsLink to={DOCS.projects} />
          </Text>
        </Card>
        <Servers />
        <Card withBorder radius="lg">
          <Title order={2} size="h4" mb="sm">
            {hasPassword ? "Change password" : "Set a password"}
          </Title>
          <PasswordForm hasPassword={hasPassword} onDone={() => notifySuccess("Password saved")} />
        </Card>
      </Stack>
    </>
  );
}
