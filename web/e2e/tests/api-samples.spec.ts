/**
 * The samples of the pages that the server makes run against a server with the sandbox, in shell, TypeScript and Python: of
 * every operation of the API, and of actions.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { fences } from "../support/documents.ts";
import { expect, serverTest } from "../support/fixtures.ts";
import { documentsPath } from "../support/paths.ts";
import { type Ended, Workplace } from "../support/samples.ts";
import { operationEnvironment, type SampleServer, startSampleServer } from "../support/samples-server.ts";

/** The operations whose samples name something that only their reader has, and the status that they get here. */
const NAMES_OF_READERS: Record<string, { status: number; reason: string }> = {
  connect_sessions_confirm: { status: 400, reason: "no browser has come back from a provider" },
  connectors_delete: { status: 404, reason: "nobody pushed the connector" },
  connectors_push: { status: 400, reason: "the connector is abbreviated" },
  oauth_client_metadata: { status: 404, reason: "the server has no public https URL" },
};

/** Operations of browsers: their credential is a cookie. */
const OF_BROWSERS = ["login_login", "login_logout", "login_set_password", "login_session"];

/** Operations that need a profile whose accounts are authorized at the provider. */
const AUTHORIZES = ["hub_start_attempt"];

/** Streams: one ends with the authorization, which nobody completes here, and the other with its reader. */
const STREAMS = ["hub_events", "logs_stream"];

/** Actions whose samples the sandbox accepts. */
const ACTIONS = ["spotdraft_list_contracts", "spotdraft_list_contract_types", "spotdraft_list_users"];

const LANGUAGES = ["sh", "ts", "python"] as const;

const document = JSON.parse(readFileSync(join(documentsPath(), "openapi.json"), "utf8"));
const operations = Object.values<Record<string, { operationId?: string }>>(document.paths)
  .flatMap((methods) => Object.values(methods))
  .flatMap(({ operationId }) => (operationId === undefined ? [] : [operationId]));

const test = serverTest.extend<object, { samples: SampleServer }>({
  samples: [
    async ({ serverBinary }, use) => {
      const samples = await startSampleServer(serverBinary);
      await use(samples);
      await samples.server.stop();
    },
    { scope: "worker", timeout: 90_000 },
  ],
});

test("the exceptions are operations", () => {
  expect(operations.length).toBeGreaterThan(40);
  const exceptions = [...Object.keys(NAMES_OF_READERS), ...OF_BROWSERS, ...AUTHORIZES, ...STREAMS];
  expect(operations).toEqual(expect.arrayContaining(exceptions));
});

for (const operation of operations.filter((id) => !OF_BROWSERS.includes(id) && !STREAMS.includes(id))) {
  test(`the samples of ${operation} run`, async ({ samples, serverBinary }, info) => {
    const exception = NAMES_OF_READERS[operation];
    const prepare = async (language: string) => {
      const environment = await operationEnvironment(samples, AUTHORIZES.includes(operation));
      return Workplace.prepare(info.outputPath(language), serverBinary, environment);
    };
    const page = `/docs/api/${operation.replaceAll("_", "-")}`;
    for (const { printed, code } of await runPage(samples, page, prepare)) {
      if (exception === undefined) {
        expect(code, printed).toBe(0);
      } else {
        expect(code, `${exception.reason}\n${printed}`).not.toBe(0);
        expect(printed).toContain(String(exception.status));
      }
    }
  });
}

for (const action of ACTIONS) {
  test(`the samples of ${action} run`, async ({ samples, serverBinary }, info) => {
    // The samples of another operation may have deleted the account that the server began with.
    const prepare = async (language: string) =>
      Workplace.prepare(info.outputPath(language), serverBinary, await operationEnvironment(samples, false));
    const page = `/docs/connectors/spotdraft/actions/${action}`;
    for (const { printed, code } of await runPage(samples, page, prepare)) expect(code, printed).toBe(0);
  });
}

/** Runs the sample of a page in each language. */
async function runPage(
  { server }: SampleServer,
  path: string,
  prepare: (language: string) => Promise<Workplace>,
): Promise<{ code: number | null; printed: string }[]> {
  const page = await fetch(`${server.url}${path}.md`);
  expect(page.status, path).toBe(200);
  const found = fences(await page.text());
  const results: { code: number | null; printed: string }[] = [];
  for (const language of LANGUAGES) {
    const sample = found.find((fence) => fence.language === language);
    if (sample === undefined) throw new Error(`${path} has no sample in ${language}`);
    const { code, stdout, stderr } = await run(await prepare(language), language, sample.text);
    results.push({ code, printed: `${path}, ${language}\n${sample.text}\n${stdout}\n${stderr}` });
  }
  return results;
}

function run(place: Workplace, language: (typeof LANGUAGES)[number], text: string): Promise<Ended> {
  switch (language) {
    case "sh":
      return place.shell(text);
    case "ts":
      return place.typescript(text);
    case "python":
      return place.python(text);
  }
}
