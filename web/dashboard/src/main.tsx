/** Starts the dashboard. The only file that touches the document by itself. */

import "@mantine/core/styles.css";
import "@mantine/notifications/styles.css";
import "./app/dashboard.css";
import { MantineProvider } from "@mantine/core";
import { Notifications } from "@mantine/notifications";
import { QueryClientProvider } from "@tanstack/react-query";
import { setNonce } from "get-nonce";
import { createRoot } from "react-dom/client";
import { Gate } from "./app/Gate.tsx";
import { createQueryClient } from "./app/queryClient.ts";
import { resolver, theme } from "./app/theme.ts";

// The server writes a fresh one into the page each time; without it the policy refuses Mantine's variables.
const nonce = document.querySelector<HTMLMetaElement>('meta[name="csp-nonce"]')?.content;
// The library that holds the page still behind a dialog asks here.
if (nonce !== undefined) setNonce(nonce);
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element #root");
createRoot(root).render(
  <MantineProvider
    theme={theme}
    cssVariablesResolver={resolver}
    defaultColorScheme="auto"
    getStyleNonce={() => nonce ?? ""}
  >
    <Notifications position="bottom-right" />
    <QueryClientProvider client={createQueryClient()}>
      <Gate />
    </QueryClientProvider>
  </MantineProvider>,
);
