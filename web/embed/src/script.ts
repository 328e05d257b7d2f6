/** The entry of `<script src=".../embed/patchbay-hub.js">`: registers the element and sets its default server. */

import { definePatchbayHub, PatchbayHubElement } from "./element.ts";
import { serverFromScript } from "./scriptServer.ts";

PatchbayHubElement.defaultBaseUrl = serverFromScript(document);
definePatchbayHub();
