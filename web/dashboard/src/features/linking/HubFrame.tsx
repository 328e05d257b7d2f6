/** The Hub in a frame of the dashboard, with a new connect session. Its inputs never reach this page. */

import { Center, Loader, useComputedColorScheme } from "@mantine/core";
import {
  type InitOptions,
  initMessage,
  type LinkedAccount,
  receiveFromHub,
} from "@patchbay/web-shared/hostMessages.ts";
import { useQuery, useQueryClient } from "@tanstack/react-query";
import { useEffect, useId, useRef, useState } from "react";
import { type ConnectSessionRequest, createConnectSession } from "../../api/connectSessions.ts";
import { ErrorState } from "../../ui/ErrorState.tsx";

interface Props {
  request: ConnectSessionRequest;
  onLinked?: (account: LinkedAccount) => void;
  onClose: () => void;
}

/** The frame's height until the Hub reports its own. */
const INITIAL_HEIGHT_PX = 520;
const MIN_HEIGHT_PX = 320;

export function HubFrame({ request, onLinked, onClose }: Props) {
  const frame = useRef<HTMLIFrameElement>(null);
  const id = useId();
  const client = useQueryClient();
  const theme = useComputedColorScheme("light");
  const [height, setHeight] = useState(INITIAL_HEIGHT_PX);
  const session = useQuery({
    // A new session each time: a used or expired one is never shown again.
    queryKey: ["hub-session", id, request],
    queryFn: () => createConnectSession(request, [window.location.origin]),
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    retry: false,
    refetchOnWindowFocus: false,
  });

  useEffect(() => {
    const listen = (event: MessageEvent) => {
      const target = frame.current?.contentWindow;
      if (!target) return;
      const message = receiveFromHub(event, { window: target, origin: window.location.origin });
      if (message === null) return;
      if (message.type === "ready") {
        const options: InitOptions = { theme, closeLabel: "Done" };
        target.postMessage(initMessage(options), window.location.origin);
      } else if (message.type === "resize") {
        setHeight(Math.max(MIN_HEIGHT_PX, message.height));
      } else if (message.type === "success") {
        void client.invalidateQueries({ queryKey: ["accounts"] });
        onLinked?.(message.account);
      } else {
        onClose();
      }
    };
    window.addEventListener("message", listen);
    return () => window.removeEventListener("message", listen);
  }, [client, theme, onLinked, onClose]);

  if (session.isError) {
    return (
      <ErrorState
        title="Could not open the Hub"
        error={session.error}
        onRetry={() => void session.refetch()}
      />
    );
  }
  if (session.data === undefined) {
    return (
      <Center h={INITIAL_HEIGHT_PX}>
        <Loader aria-label="Opening the Hub" />
      </Center>
    );
  }
  const address = new URL("/embedded/integrations", window.location.origin);
  address.searchParams.set("token", session.data.token);
  address.searchParams.set("origin", window.location.origin);
  return (
    <iframe
      ref={frame}
      className="pb-frame"
      title="Link an account"
      src={address.href}
      style={{ height }}
      referrerPolicy="no-referrer"
      allow="clipboard-write"
    />
  );
}
