/** The results of the documentation's search for what is typed. */

import { asFailure } from "@patchbay/web-shared/client.ts";
import { LiveSearch, type SearchResults, searchDocs } from "@patchbay/web-shared/docsSearch.ts";
import { toSentence } from "@patchbay/web-shared/sentence.ts";
import { useEffect, useState } from "react";
import { projectHeaders } from "../../api/client.ts";

export interface DocsSearch {
  /** The results of the last query that was answered; null before the first and for an empty one. */
  found: SearchResults | null;
  failure: string | null;
  /** Whether the results are those of the text. */
  isCurrent: boolean;
}

export function useDocsSearch(text: string): DocsSearch {
  const [search, setSearch] = useState<Omit<DocsSearch, "isCurrent"> & { text: string }>({
    found: null,
    failure: null,
    text: "",
  });
  const [live] = useState(
    () =>
      new LiveSearch({
        search: (query, signal) => searchDocs(query, signal, projectHeaders()),
        onResults: (found, answered) => setSearch({ found, failure: null, text: answered }),
        onFailure: (error) =>
          setSearch({ found: null, failure: toSentence(asFailure(error).message), text: "" }),
      }),
  );
  useEffect(() => {
    live.type(text);
    return () => live.stop();
  }, [live, text]);
  return { ...search, isCurrent: search.text === text };
}
