/** After the first sign-in by link: a password for the next time. */

import { Button, Center, Paper, Stack, Text, Title } from "@mantine/core";
import { useTitle } from "../../ui/useTitle.ts";
import { PasswordForm } from "./PasswordForm.tsx";

export function ChoosePassword({ onLater }: { onLater: () => void }) {
  useTitle("Choose a password");
  return (
    <Center component="main" mih="100vh" p="md">
      <Paper withBorder radius="lg" p="xl" w="100%" maw={460} shadow="sm">
        <Stack>
          <Title order={1} size="h2">
            You are signed in
          </Title>
          <Text>The link that you opened works once. Choose a password for the next time.</Text>
          <PasswordForm hasPassword={false} onDone={() => undefined} />
          <Button variant="subtle" onClick={onLater}>
            Later
          </Button>
        </Stack>
      </Paper>
    </Center>
  );
}
