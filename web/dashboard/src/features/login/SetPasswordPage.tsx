/** Shown after the first login by link: sets a password for next time. */

import { Button, Center, Paper, Stack, Text, Title } from "@mantine/core";
import { useDocumentTitle } from "../../ui/useDocumentTitle.ts";
import { PasswordForm } from "./PasswordForm.tsx";

export function SetPasswordPage({ onSkip }: { onSkip: () => void }) {
  useDocumentTitle("Set a password");
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder radius="lg" p="xl" w="100%" maw={460} shadow="sm">
        <Stack>
          <Title order={1} size="h2">
            You are logged in
          </Title>
          <Text>The link you opened works only once. Set a password for next time.</Text>
          <PasswordForm hasPassword={false} onDone={() => undefined} />
          <Button variant="subtle" onClick={onSkip}>
            Skip for now
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
