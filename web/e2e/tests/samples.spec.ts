/**
 * The shell, Python and TypeScript samples of the documents run against a server with the sandbox.
 *
 * The rules for authors: every `sh` block runs, in the order of its page; a block that cannot run here is `console`, with a
 * prompt. Every `ts` and `python` block is a program of its own. A block whose first line is a comment with only a file's
 * name is that file.
 */
import type { TestInfo } from "@playwright/test";
import { type Document, documents, type Fence, fileName } from "../support/documents.ts";
import { expect, serverTest as test } from "../support/fixtures.ts";
import { serveOnLoopback } from "../support/loopback.ts";
import { type Ended, Workplace } from "../support/samples.ts";
import { type SampleEnvironment, startSampleServer } from "../support/samples-server.ts";

/** A page whose blocks belong together: the test below runs it in whole. */
const TUTORIAL = "build/tutorial.md";

const pages = documents();

/** Fails with what a sample printed if it failed. */
function expectSuccess(page: string, fence: Fence | undefined, result: Ended): void {
  const place = fence === undefined ? page : `${page}:${fence.line}`;
  expect(result.code, `${place}\n${result.stdout}\n${result.stderr}`).toBe(0);
}

/** Returns the blocks of a page that run. */
function runnable(page: Document): Fence[] {
  return page.fences.filter(
    (fence) => ["sh", "ts", "python"].includes(fence.language) && fileName(fence) === undefined,
  );
}

/** Writes the files that a page contains. */
async function writeFiles(page: Document, place: Workplace): Promise<void> {
  for (const fence of page.fences) {
    const name = fileName(fence);
    if (name !== undefined) await place.write(name, fence.text);
  }
}

for (const page of pages.filter((page) => page.path !== TUTORIAL && runnable(page).length > 0)) {
  test(`the samples of ${page.path} run`, async ({ serverBinary }, info) => {
    const { server, environment } = await startSampleServer(serverBinary);
    try {
      await runSamples(page, serverBinary, environment, info);
    } finally {
      await server.stop();
    }
  });
}

async function runSamples(page: Document, binary: string, environment: SampleEnvironment, info: TestInfo) {
  // A page of two servers works with one as well.
  const servers = { ONE: environment.PATCHBAY, TWO: environment.PATCHBAY };
  const place = await Workplace.prepare(info.outputPath("samples"), binary, { ...environment, ...servers });
  await writeFiles(page, place);
  const blocks = runnable(page);
  for (const fence of blocks) {
    if (fence.language === "ts") expectSuccess(page.path, fence, await place.typescript(fence.text));
    if (fence.language === "python") expectSuccess(page.path, fence, await place.python(fence.text));
  }
  const shell = blocks.filter(({ language }) => language === "sh");
  const script = shell.map(({ line, text }) => `# ${page.path}:${line}\n${text}`).join("\n");
  if (shell.length > 0) expectSuccess(page.path, undefined, await place.shell(script));
}

test(`the commands of ${TUTORIAL} lead to a linked account`, async ({ serverBinary }, info) => {
  const page = pages.find(({ path }) => path === TUTORIAL);
  if (page === undefined) throw new Error(`${TUTORIAL} does not exist`);
  const port = await freePort();
  const upstream = `https://api.harbour.example=http://127.0.0.1:${port}`;
  const { server, environment } = await startSampleServer(serverBinary, ["--upstream", upstream]);
  const variables = { ...environment, PATCHBAY_UPSTREAMS: upstream, PYTHONUNBUFFERED: "1" };
  const place = await Workplace.prepare(info.outputPath("tutorial"), serverBinary, variables);
  try {
    // The page's files are written where the page has them: `new` does not change existing files.
    const blocks = page.fences.filter((fence) => fence.language === "sh" || fileName(fence) !== undefined);
    const script = blocks.map((fence) => step(fence)).join("\n");
    await place.write(
      "provider.py",
      page.fences.find((fence) => fileName(fence) === "provider.py")?.text ?? "",
    );
    const provider = place.start("python3", ["provider.py", port]);
    try {
      await expect
        .poll(() =>
          fetch(`http://127.0.0.1:${port}/`).then(
            () => true,
            () => false,
          ),
        )
        .toBe(true);
      const result = await place.shell(script);
      expectSuccess(TUTORIAL, undefined, result);
      expect(result.stdout).toContain("harbour: 2 cases, 0 failed; 2 of 2 actions covered");
      expect(result.stdout).toContain("pushed harbour 1.0.0");
      expect(result.stdout).toMatch(
        /"name":"Borea","built":2004,"state":"docked"\}.*"next":"2"|"next":"2".*"name":"Borea"/,
      );
      expect(result.stdout + result.stderr, "the key is not printed").not.toMatch(/x-api-key: harbour-key/);
    } finally {
      provider.kill();
    }
  } finally {
    await server.stop();
  }
});

/** Returns the commands of a block: those of a shell block, or the command that writes the file. */
function step(fence: Fence): string {
  const name = fileName(fence);
  return name === undefined ? fence.text : `cat > ${name} <<'END_OF_FILE'\n${fence.text}END_OF_FILE\n`;
}

async function freePort(): Promise<string> {
  const { origin, stop } = await serveOnLoopback(() => {});
  await stop();
  return new URL(origin).port;
}
