/** The file for `<script src=".../embed/patchbay-hub.js">`: defines the tag, and knows its server. */

import { definePatchbayHub, PatchbayHubElement } from "./element.ts";
import { serverOfScript } from "./scriptAddress.ts";

PatchbayHubElement.defaultBaseUrl = serverOfScript(document);
definePatchbayHub();
