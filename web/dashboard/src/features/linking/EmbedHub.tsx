/** The code that embeds the Hub in a product. */

import { Anchor, Select, Stack, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import { useLoginSession } from "../../api/loginSession.ts";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { DocsLink } from "../../ui/DocsLink.tsx";
import { DOCS } from "../../ui/docs.ts";
import { useLinkable } from "./SessionFields.tsx";
import { elementHtml, sessionCurl, sessionTypeScript } from "./sessionSnippets.ts";

export function EmbedHub() {
  const { public_url: baseUrl } = useLoginSession();
  const linkable = useLinkable();
  const [connector, setConnector] = useState<string | null>(null);
  return (
    <Stack>
      <Text size="sm" c="dimmed">
        Your server creates a connect session for the customer who is logged in to your product. Your page
        shows the Hub with the session's token. <code>allowed_origins</code> lists the origins whose pages may
        embed the Hub. <DocsLink to={DOCS.embedding} />
      </Text>
      <Select
        label="Connector"
        placeholder="Any (the customer chooses)"
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
          <CodeBlock label="1. Your server creates a session" code={sessionTypeScript(baseUrl, connector)} />
        </Tabs.Panel>
        <Tabs.Panel value="curl">
          <CodeBlock label="1. Your server creates a session" code={sessionCurl(baseUrl, connector)} />
        </Tabs.Panel>
      </Tabs>
      <CodeBlock label="2. Your page shows the Hub" code={elementHtml(baseUrl)} />
      <Text size="sm">
        <Anchor href="/demo" target="_blank">
          Open the demo page
        </Anchor>
      </Text>
    </Stack>
  );
}
