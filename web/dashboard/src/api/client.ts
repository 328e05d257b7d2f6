/** The client of the server's API: the browser's cookie authenticates, a header selects the project. */

import type { components, paths } from "@patchbay/web-shared/api.gen.ts";
import { createApi } from "@patchbay/web-shared/client.ts";

export { dataOf } from "@patchbay/web-shared/client.ts";

const PROJECT = "patchbay-project";
let project: string | null = null;

/** Sets the project of all calls and remembers it in this browser. */
export function chooseProject(id: string): void {
  if (id === project) return;
  project = id;
  try {
    localStorage.setItem(PROJECT, id);
  } catch {
    // Without storage, the project is not remembered.
  }
}

export function rememberedProject(): string | null {
  try {
    return localStorage.getItem(PROJECT);
  } catch {
    return null;
  }
}

/** Returns the project of all calls; null before one is chosen. */
export const chosenProject = (): string | null => project;

/** Returns the header that selects the project. */
export const projectHeaders = (): Record<string, string> =>
  project === null ? {} : { "x-project-id": project };

export const api = createApi<paths>({ headers: projectHeaders });

export type Schemas = components["schemas"];
export type Account = Schemas["AccountV2"];
export type Profile = Schemas["Profile"];
export type ApiKey = Schemas["ApiKey"];
export type ApiScope = Schemas["ApiScope"];
export type LoginSession = Schemas["LoginSession"];
