import { describe, expect, it } from "vitest";
import { ApiFailure, createApi, dataOf } from "./client.ts";

interface Paths {
  "/things": {
    get: { responses: { 200: { content: { "application/json": { data: string[] } } } } };
    post: {
      requestBody: { content: { "application/json": { name: string } } };
      responses: { 201: { content: { "application/json": { id: string } } } };
    };
    delete: { responses: { 204: { content?: never } } };
  };
}

function fakeApi(respond: () => Response | Promise<Response>, headers?: () => Record<string, string>) {
  const requests: Request[] = [];
  const fetch = async (request: Request) => {
    requests.push(request);
    return respond();
  };
  const options = { baseUrl: "https://patchbay.example.com", fetch, ...(headers ? { headers } : {}) };
  return { client: createApi<Paths>(options), requests };
}

const json = (body: unknown, status = 200, headers: Record<string, string> = {}) =>
  new Response(JSON.stringify(body), { status, headers });

describe("the client", () => {
  it("returns the body and identifies every request as one of the server's own pages", async () => {
    const { client, requests } = fakeApi(
      () => json({ data: ["a"] }),
      () => ({ "x-project-id": "p1" }),
    );
    expect(await dataOf(client.GET("/things"))).toEqual({ data: ["a"] });
    await client.POST("/things", { body: { name: "b" } });
    expect(requests.map((request) => request.headers.get("x-requested-with"))).toEqual([
      "patchbay",
      "patchbay",
    ]);
    expect(requests.map((request) => request.headers.get("x-project-id"))).toEqual(["p1", "p1"]);
    expect(await requests[1]?.json()).toEqual({ name: "b" });
  });

  it("accepts an empty response", async () => {
    const { client } = fakeApi(() => new Response(null, { status: 204 }));
    expect(await dataOf(client.DELETE("/things"))).toBeUndefined();
  });

  it("throws the server's error with every problem", async () => {
    const body = {
      statusCode: 400,
      message: "the body is not valid",
      errorCode: "ValidationError",
      errors: ["body.name: name is required"],
      problems: [{ path: "body.name", code: "required", message: "name is required" }],
      provider_errors: [{ status: 401 }],
      debug: { duration_ms: 4 },
    };
    const { client } = fakeApi(() => json(body, 400));
    const failure = await client.GET("/things").catch((error: unknown) => error);
    expect(failure).toBeInstanceOf(ApiFailure);
    expect(failure).toMatchObject({
      status: 400,
      code: "ValidationError",
      message: "the body is not valid",
      problems: body.problems,
      providerResponse: body.provider_errors,
      debug: body.debug,
      unreachable: false,
    });
  });

  it("returns how long to wait", async () => {
    const { client } = fakeApi(() => json({ message: "slow down" }, 429, { "retry-after": "30" }));
    await expect(client.GET("/things")).rejects.toMatchObject({ status: 429, retryAfter: 30 });
  });

  it("creates a message if the response is not the server's own", async () => {
    const { client } = fakeApi(() => new Response("<html>Bad gateway</html>", { status: 502 }));
    await expect(client.GET("/things")).rejects.toMatchObject({
      status: 502,
      code: "UnknownError",
      message: "The server failed (status 502). Try again in a moment.",
    });
  });

  it("distinguishes a lost connection from an aborted call", async () => {
    const lost = fakeApi(() => Promise.reject(new TypeError("Failed to fetch")));
    await expect(lost.client.GET("/things")).rejects.toMatchObject({
      code: "NetworkError",
      unreachable: true,
    });
    const aborted = fakeApi(() => Promise.reject(new DOMException("aborted", "AbortError")));
    await expect(aborted.client.GET("/things")).rejects.toMatchObject({ name: "AbortError" });
  });
});
