/** The three ways to link an account. */

import { Modal, Tabs } from "@mantine/core";
import { AuthLink } from "./AuthLink.tsx";
import { EmbedHub } from "./EmbedHub.tsx";
import { LinkNow } from "./LinkNow.tsx";

interface Props {
  opened: boolean;
  onClose: () => void;
}

export const LinkDialog = ({ opened, onClose }: Props) => (
  <Modal opened={opened} onClose={onClose} title="Link an account" size="xl" closeOnClickOutside={false}>
    {opened && (
      <Tabs defaultValue="now" keepMounted={false}>
        <Tabs.List mb="md">
          <Tabs.Tab value="now">Link now</Tabs.Tab>
          <Tabs.Tab value="link">Send an auth link</Tabs.Tab>
          <Tabs.Tab value="embed">Embed in your product</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="now">
          <LinkNow onClose={onClose} />
        </Tabs.Panel>
        <Tabs.Panel value="link">
          <AuthLink />
        </Tabs.Panel>
        <Tabs.Panel value="embed">
          <EmbedHub />
        </Tabs.Panel>
      </Tabs>
    )}
  </Modal>
);
