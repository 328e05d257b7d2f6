import { r as definePatchbayHub, t as PatchbayHubElement } from "./element-Bbqcrz-6.js";
// src/index.ts
/** `@patchbay/hub`: importing it defines `<patchbay-hub>` where there is a browser, and does nothing elsewhere. */
definePatchbayHub();
export { PatchbayHubElement, definePatchbayHub };
