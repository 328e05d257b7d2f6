/** Starts the demo: the page of a fictional product with the Hub inside, and a panel for developers. */

import "@patchbay/web-shared/tokens.css";
import "@patchbay/web-shared/reset.css";
import "@patchbay/web-shared/buttons.css";
import "./page.css";
import "./product.css";
import "./developerPanel.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("index.html has no element #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
