/** What to copy so that one's own product has the Hub inside. */

import { Anchor, Select, Stack, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import { useSession } from "../../api/session.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { useLinkable } from "./SessionFields.tsx";
import { elementHtml, sessionCurl, sessionTypeScript } from "./snippets.ts";

export function EmbedHub() {
  const { public_url: baseUrl } = useSession();
  const linkable = useLinkable();
  const [connector, setConnector] = useState<string | null>(null);
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Your server makes a connect session for the customer who is signed in to your product; your page shows
        the Hub with its token. <code>allowed_origins</code> names the pages that may frame it.
      </Text>
      <Select
        label="Connector"
        placeholder="Any: the customer chooses"
        clearable
        maw={280}
        data={linkable}
        value={connector}
        onChange={setConnector}
      />
      <Tabs defaultValue="typescript" keepMounted={false}>
        <Tabs.List mb="sm">
          <Tabs.Tab value="typescript">TypeScript</Tabs.Tab>
          <Tabs.Tab value="curl">curl</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="typescript">
          <CodeBlock label="1. Your server makes a session" code={sessionTypeScript(baseUrl, connector)} />
        </Tabs.Panel>
        <Tabs.Panel value="curl">
          <CodeBlock label="1. Your server makes a session" code={sessionCurl(baseUrl, connector)} />
        </Tabs.Panel>
      </Tabs>
      <CodeBlock label="2. Your page shows the Hub" code={elementHtml(baseUrl)} />
      <Text size="sm">
        <Anchor href="/demo" target="_blank">
          See it in a page that embeds it
        </Anchor>
      </Text>
    </Stack>
  );
}
