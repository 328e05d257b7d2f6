/** The project, the server, and the password. */

import { Anchor, Card, Group, Stack, Text, Title } from "@mantine/core";
import { useSession } from "../../api/session.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { FactTable } from "../../ui/FactTable.tsx";
import { notifyDone } from "../../ui/notify.ts";
import { PageHeader } from "../../ui/PageHeader.tsx";
import { PasswordForm } from "../signin/PasswordForm.tsx";

export function SettingsPage() {
  const { project, version, public_url: publicUrl, password_set: hasPassword } = useSession();
  const facts: [string, string][] = [
    ["Project", project?.name ?? ""],
    ["Project id", project?.id ?? ""],
    ["Public URL", publicUrl],
    ["Version", version],
  ];
  return (
    <>
      <PageHeader title="Settings" description="This project, this server, and how you sign in." />
      <Stack maw={640}>
        <Card withBorder radius="lg">
          <Title order={2} size="h4" mb="sm">
            Project and server
          </Title>
          <FactTable
            width={140}
            facts={facts.map(([label, value]) => [
              label,
              <Group key={label} gap={4} wrap="nowrap">
                <Text size="sm">{value}</Text>
                <CopyButton value={value} what={label.toLowerCase()} />
              </Group>,
            ])}
          />
          <Text size="sm" c="dimmed" mt="sm">
            Projects are made on the server's machine with <code>patchbay project create</code>. The whole API
            is in the <Anchor href="/docs">reference</Anchor>.
          </Text>
        </Card>
        <Card withBorder radius="lg">
          <Title order={2} size="h4" mb="sm">
            {hasPassword ? "Change your password" : "Choose a password"}
          </Title>
          <PasswordForm
            hasPassword={hasPassword}
            onDone={() => notifyDone("The password counts from now on")}
          />
        </Card>
      </Stack>
    </>
  );
}
