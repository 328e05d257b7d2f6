/** The Hub in a dialog; open while there is a request. */

import { Modal } from "@mantine/core";
import type { LinkedAccount } from "@patchbay/web-shared/hostMessages.ts";
import type { ConnectSessionRequest } from "../../api/connectSessions.ts";
import { HubFrame } from "./HubFrame.tsx";

interface Props {
  title: string;
  request: ConnectSessionRequest | null;
  onLinked?: (account: LinkedAccount) => void;
  onClose: () => void;
}

export const HubDialog = ({ title, request, onLinked, onClose }: Props) => (
  <Modal opened={request !== null} onClose={onClose} title={title} size="xl" closeOnClickOutside={false}>
    {request !== null && (
      <HubFrame request={request} onClose={onClose} {...(onLinked === undefined ? {} : { onLinked })} />
    )}
  </Modal>
);
