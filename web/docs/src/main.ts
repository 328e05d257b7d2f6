/** The script of every page of the documentation. */

import { addCopyButtons } from "./code.ts";
import { addPageCopy } from "./page.ts";
import { startSearch } from "./search.ts";
import { startTabs } from "./tabs.ts";

addCopyButtons(document);
addPageCopy(document);
startTabs(document, () => localStorage);
startSearch();
