/** Short news in the corner. */

import { notifications } from "@mantine/notifications";
import { asFailure } from "@patchbay/web-shared/client.ts";

const closeButtonProps = { "aria-label": "Close the notice" };

export const notifyDone = (message: string): void => {
  notifications.show({ message, color: "teal", closeButtonProps });
};

export const notifyFailure = (error: unknown): void => {
  notifications.show({
    title: "That did not work",
    message: asFailure(error).message,
    color: "red",
    autoClose: 10_000,
    closeButtonProps,
  });
};
