/** The project, the server, and the password. */

import { Anchor, Card, Group, Stack, Table, Text, Title } from "@mantine/core";
import { useSession } from "../../api/session.ts";
import { CopyButton } from "../../ui/CopyButton.tsx";
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
          <Table withRowBorders={false} verticalSpacing={4}>
            <Table.Tbody>
              {facts.map(([label, value]) => (
                <Table.Tr key={label}>
                  <Table.Th w={140} fw={500} c="dimmed" scope="row">
                    {label}
                  </Table.Th>
                  <Table.Td>
                    <Group gap={4} wrap="nowrap">
                      <Text size="sm" style={{ overflowWrap: "anywhere" }}>
                        {value}
                      </Text>
                      <CopyButton value={value} what={label.toLowerCase()} />
                    </Group>
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
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
