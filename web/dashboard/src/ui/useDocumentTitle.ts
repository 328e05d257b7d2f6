/** Sets the document's title while a page is shown. */

import { useEffect } from "react";

export function useDocumentTitle(title: string): void {
  useEffect(() => {
    document.title = `${title} · Patchbay`;
  }, [title]);
}
