// @vitest-environment node
/** The client's types must match the output of `npm run api` for the server's OpenAPI document. */

import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const WEB = fileURLToPath(new URL("../..", import.meta.url));
const CLIENT = "shared/src/api.gen.ts";

const run = (program: string, args: string[], input = ""): string =>
  execFileSync(`${WEB}/node_modules/.bin/${program}`, args, {
    cwd: WEB,
    encoding: "utf8",
    input,
    maxBuffer: 32 * 1024 * 1024,
  });

test("the API client is up to date with the OpenAPI document", () => {
  const generated = run("openapi-typescript", ["../docs/openapi.json"]);
  const formatted = run("biome", ["check", "--write", `--stdin-file-path=${CLIENT}`], generated);
  const stored = readFileSync(`${WEB}/${CLIENT}`, "utf8");
  expect(formatted === stored, "docs/openapi.json has changed: run `npm run api` in web/").toBe(true);
}, 60_000);
