/** Starts the Hub page: reads the environment, then renders. The only file that accesses the real window. */

import "@patchbay/web-shared/tokens.css";
import "@patchbay/web-shared/reset.css";
import "@patchbay/web-shared/buttons.css";
import "./styles/base.css";
import "./styles/controls.css";
import "./styles/screens.css";
import "./styles/picker.css";
import "./styles/form.css";
import "./styles/guide.css";
import { applyTheme } from "@patchbay/web-shared/theme.ts";
import { createRoot } from "react-dom/client";
import { App, baseTheme } from "./App.tsx";
import { createHubApi } from "./api/hubApi.ts";
import { readEnvironment } from "./environment.ts";
import { createHost } from "./host.ts";

const environment = readEnvironment(window);
// Before the first paint, so that a dark page does not flash white.
applyTheme(document.documentElement, baseTheme(environment));

const { token, hostOrigin, framed } = environment;
const api = token === null ? null : createHubApi({ token, fetch: (url, init) => window.fetch(url, init) });
const root = document.getElementById("root");
if (!root) throw new Error("index.html has no element #root");
createRoot(root).render(
  <App environment={environment} api={api} host={createHost(window, hostOrigin, framed)} window={window} />,
);
