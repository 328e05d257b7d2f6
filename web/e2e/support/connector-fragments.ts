/** Completes the parts of connectors that the documents show to whole connectors, so that the program can check them. */

const INDENT = "  ";

const indented = (text: string, levels: number): string =>
  text.replaceAll(/^(?=.)/gm, INDENT.repeat(levels)).trimEnd();

/** Returns the different names that a text reads from an object, such as `id` of `inputs.id`. */
const namesIn = (text: string, object: string): string[] => [
  ...new Set([...text.matchAll(new RegExp(`\\b${object}\\.(\\w+)`, "g"))].flatMap(([, name]) => name ?? [])),
];

const HEAD = `Patchbay: 1.0.0
info: { title: Acme, key: acme, version: 1.0.0, description: For a sample of the documents. }
categories: [other]`;

const STEPS = `steps:
  - stepId: first
    description: Send a request.
    stepFunction: { functionName: request, parameters: { url: /things, method: get } }`;

/** Returns a method whose fields are the credentials that the fragment reads. */
function method(fragment: string, rest = "authorization: { type: none }"): string {
  const keys = new Set(["apiKey", ...namesIn(fragment, "credentials")]);
  const fields = [...keys].map(
    (key) => `  - { key: ${key}, label: ${key}, type: text, required: true, secret: false }`,
  );
  return `- method:\n${indented(`type: custom\nlabel: Key\nconfigFields:\n${fields.join("\n")}\n${rest}`, 2)}`;
}

/** Returns an action with the inputs that the fragment reads. */
function action(fragment: string, rest: string): string {
  const listed = [...fragment.matchAll(/fields: \[([^\]]+)\]/g)].flatMap(([, names = ""]) =>
    names.split(/,\s*/),
  );
  const names = [...new Set([...namesIn(fragment, "inputs"), ...listed])];
  const inputs = names.map((name) => `  - { name: ${name}, type: string, in: query, description: A value. }`);
  const declared = /^inputs:/m.test(rest) || names.length === 0 ? "" : `inputs:\n${inputs.join("\n")}\n`;
  const body = `label: Act\ndescription: Acts.\nactionType: list\n${declared}${rest}`;
  return `- actionId: ${/\baction: (\w+)/.exec(fragment)?.[1] ?? "act"}\n${indented(body, 1)}`;
}

const VERIFICATION = `events:
  verification:
    - { scheme: token, header: X-Token, equals: $.credentials.apiKey }
`;

interface Parts {
  readonly root?: string;
  readonly baseUrl?: string;
  readonly methods?: string;
  readonly actions?: string;
}

const whole = (
  { root = "", baseUrl = "https://api.acme.example", methods, actions }: Parts,
  text: string,
): string =>
  [
    HEAD,
    root.trimEnd(),
    `baseUrl: ${baseUrl}`,
    `authentication:\n${indented(methods ?? method(text), 1)}`,
    `actions:\n${indented(actions ?? action(/testActions/.test(text) ? text : "", STEPS), 1)}`,
  ]
    .filter((part) => part !== "")
    .join("\n");

const step = (stepFunction: string): string =>
  `steps:\n  - stepId: step\n    description: Do it.\n${indented(stepFunction, 2)}`;

const request = (rest: string): string =>
  step(
    `stepFunction:\n  functionName: request\n  parameters:\n    url: /things\n    method: post\n${indented(rest, 2)}`,
  );

/** How to complete a fragment that begins with a key, or with an entry of a list. */
const COMPLETIONS: readonly (readonly [RegExp, (text: string) => Parts])[] = [
  [
    /^authentication:\n/,
    (text) => ({ methods: text.replace(/^authentication:\n/, "").replaceAll(/^ {2}/gm, "") }),
  ],
  [/^- \w+:\n\s+type: /, (text) => ({ methods: text })],
  [
    /^(authorization|certificates|refreshAuthentication|revokeAuthentication|support):/,
    (text) => ({
      methods: method(
        text,
        text.startsWith("authorization:") ? text : `authorization: { type: none }\n${text}`,
      ),
    }),
  ],
  [/^- actionId: /, (text) => ({ actions: text })],
  [/^- stepId: /, (text) => ({ actions: action(text, `steps:\n${indented(text, 1)}`) })],
  [/^steps:/, (text) => ({ actions: action(text, text) })],
  [/^stepFunction:/, (text) => ({ actions: action(text, step(text)) })],
  [/^(args|customErrors):/, (text) => ({ actions: action(text, request(text)) })],
  [
    /^(inputs|searchPhrases|validationRules|compositeIdentifiers):/,
    (text) => ({ actions: action(text, `${text}${STEPS}`) }),
  ],
  [
    /^baseUrl: .*\nactions:\n/,
    (text) => ({
      baseUrl: /^baseUrl: (.*)/.exec(text)?.[1] ?? "",
      actions: text
        .replace(/^.*\nactions:\n/, "")
        .replaceAll(/^ {2}/gm, "")
        .replace(
          /^ {2}# …$/m,
          "  label: Act\n  description: Acts.\n  actionType: get\n  inputs: [{ name: id, type: string, in: query, description: An ID. }]",
        ),
    }),
  ],
  [/^events:\n/, (text) => ({ root: text })],
  // At its indentation in the block of events.
  [/^ {2}handshakes:/, (text) => ({ root: `${VERIFICATION}${text}` })],
  // An enum, and the input that refers to it.
  [
    /^enums:\n/,
    (text) => {
      const [root = "", input = ""] = text.split(/^#.*\n/m);
      return { root, actions: action("", `inputs:\n${indented(input, 1)}\n${STEPS}`) };
    },
  ],
];

/** Returns a whole connector that contains the fragment; undefined if the text is not a part of a connector. */
export function completed(fragment: string): string | undefined {
  const text = fragment.replace(/^(?:#.*\n)+/, "");
  const found = COMPLETIONS.find(([start]) => start.test(text));
  return found === undefined ? undefined : `${whole(found[1](text), text)}\n`;
}
