/** The demo: a page of a product that does not exist, with the Hub inside, and what goes on behind it. */

import "@patchbay/web-shared/tokens.css";
import "@patchbay/web-shared/reset.css";
import "@patchbay/web-shared/buttons.css";
import "./page.css";
import "./product.css";
import "./behind.css";
import { StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { App } from "./App.tsx";

const root = document.getElementById("root");
if (root === null) throw new Error("the page has no #root");
createRoot(root).render(
  <StrictMode>
    <App />
  </StrictMode>,
);
