/** Starts the dashboard. The only file that accesses the document directly. */

import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/dashboard.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { createRoot } from "react-dom/client";
import { AuthGate } from "./app/AuthGate.tsx";
import { createQueryClient } from "./app/queryClient.ts";
import { cssVariablesResolver, theme } from "./app/theme.ts";

// The server writes a new nonce into every page; without it, the Content-Security-Policy blocks Mantine's styles.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
// The scroll lock behind dialogs reads its nonce from here.
if (nonce !== undefined) setNonce(nonce);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element #root");
createRoot(root).render(
  <MantineProvider
    theme={theme}
    cssVariablesResolver={cssVariablesResolver}
    defaultColorScheme="auto"
    getStyleNonce={() => nonce ?? ""}
  >
    <Notifications position="bottom-right" />
    <QueryClientProvider client={createQueryClient()}>
      <AuthGate />
    </QueryClientProvider>
  </MantineProvider>,
);
