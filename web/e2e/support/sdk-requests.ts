/**
 * Requests for every call of the published TypeScript SDK.
 *
 * The SDK checks each request before it is sent. Starting with an empty one, each problem that the check reports is
 * corrected, until the request is sent.
 */

/** A call of the SDK, such as `accounts.getAccount`. */
export interface SdkCall {
  readonly name: string;
  /** Sends a request that the SDK accepts. */
  send(): Promise<unknown>;
}

/** A problem that the SDK reports (an issue of zod 3). */
interface Issue {
  readonly code: string;
  readonly path: readonly (string | number)[];
  readonly expected?: string;
  readonly options?: readonly unknown[];
  readonly unionErrors?: readonly { readonly issues: readonly Issue[] }[];
}

/** The largest number of problems that a request can have one after another. */
const MAX_PROBLEMS = 50;

/** Values of the types that the SDK expects. */
const VALUES: Readonly<Record<string, () => unknown>> = {
  string: () => "x",
  number: () => 1,
  boolean: () => true,
  date: () => new Date(0),
  array: () => [],
  object: () => ({}),
};

/** Returns every call of the SDK. `first` are the arguments before the request, by the name of the part. */
export function everyCall(sdk: object, first: Readonly<Record<string, readonly unknown[]>>): SdkCall[] {
  const parts = methodNames(sdk, (descriptor) => descriptor.get !== undefined);
  return parts.flatMap((part) => {
    const owner = Reflect.get(sdk, part) as object;
    const methods = methodNames(owner, (descriptor) => typeof descriptor.value === "function");
    return methods.map((method) => ({
      name: `${part}.${method}`,
      send: () => send(owner, method, first[part] ?? []),
    }));
  });
}

function methodNames(object: object, matches: (descriptor: PropertyDescriptor) => boolean): string[] {
  const own = Object.entries(Object.getOwnPropertyDescriptors(Object.getPrototypeOf(object)));
  return own
    .filter(([name, value]) => name !== "constructor" && !name.startsWith("_") && matches(value))
    .map(([name]) => name);
}

async function send(owner: object, method: string, first: readonly unknown[]): Promise<unknown> {
  const request = {};
  for (let problems = 0; problems < MAX_PROBLEMS; problems += 1) {
    try {
      return await Reflect.apply(Reflect.get(owner, method), owner, [...first, request]);
    } catch (error) {
      const issue = firstIssue(error);
      if (issue === undefined) throw error;
      correct(request, issue);
    }
  }
  throw new Error(`${method}: no request that the SDK accepts was found`);
}

/** Returns the first problem of a request that the SDK did not send. */
function firstIssue(error: unknown): Issue | undefined {
  if (!(error instanceof Error) || error.constructor.name !== "SDKValidationError") return undefined;
  const { issues } = error.cause as { issues: readonly Issue[] };
  return issues[0];
}

/** Sets the value that a problem is about. */
function correct(request: object, issue: Issue): void {
  const union = issue.unionErrors?.[0]?.issues[0];
  if (union !== undefined) {
    correct(request, union);
    return;
  }
  let place = request;
  for (const [index, key] of issue.path.slice(0, -1).entries()) {
    const existing = Reflect.get(place, key) as object | undefined;
    const next = existing ?? (typeof issue.path[index + 1] === "number" ? [] : {});
    Reflect.set(place, key, next);
    place = next;
  }
  const key = issue.path.at(-1);
  if (key === undefined) throw new Error(`a problem without a place: ${JSON.stringify(issue)}`);
  Reflect.set(place, key, valueFor(issue));
}

function valueFor({ options, expected = "" }: Issue): unknown {
  if (options !== undefined) return options[0];
  // An open enumeration names its values in place of a type.
  const quoted = /'([^']*)'/.exec(expected);
  if (quoted !== null) return quoted[1];
  const value = VALUES[expected];
  if (value === undefined) throw new Error(`the SDK expects an unknown type: ${expected}`);
  return value();
}
