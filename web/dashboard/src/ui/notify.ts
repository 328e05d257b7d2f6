/** Toast notifications. */

import { notifications } from "@mantine/notifications";
import { asFailure } from "@patchbay/web-shared/client.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";

const closeButtonProps = { "aria-label": "Dismiss" };

export const notifySuccess = (message: string): void => {
  notifications.show({ message, color: "teal", closeButtonProps });
};

export const notifyError = (error: unknown): void => {
  notifications.show({
    title: "Could not save the change",
    message: toSentence(asFailure(error).message),
    color: "red",
    autoClose: 10_000,
    closeButtonProps,
  });
};
