/**
 * Turns groups of code blocks into tabs. The choice holds for all groups and pages, because a reader works in one language.
 * Without this script, the blocks are one below the other.
 */

const STORE_KEY = "patchbay-docs-tab";

interface Group {
  buttons: HTMLButtonElement[];
  panels: HTMLElement[];
}

/** Returns the store of the choice. A browser can forbid it; the choice then holds for the page. */
type Store = () => Pick<Storage, "getItem" | "setItem">;

export function startTabs(root: ParentNode, store: Store): void {
  const groups = [...root.querySelectorAll<HTMLElement>(".tabs")].map((tabs, number) =>
    addTabList(tabs, number),
  );
  const chosen = read(store);
  for (const group of groups) {
    select(group, chosen ?? titleOf(group.panels[0]), false);
    group.buttons.forEach((button, index) => {
      button.addEventListener("click", () => choose(titleOf(group.panels[index])));
      button.addEventListener("keydown", (event) => {
        const next = nextIndex(event.key, index, group.buttons.length);
        if (next === undefined) return;
        event.preventDefault();
        choose(titleOf(group.panels[next]));
        group.buttons[next]?.focus();
      });
    });
  }

  function choose(title: string): void {
    write(store, title);
    for (const group of groups) select(group, title, true);
  }
}

const titleOf = (panel: HTMLElement | undefined): string => panel?.dataset.tab ?? "";

function addTabList(tabs: HTMLElement, number: number): Group {
  const panels = [...tabs.querySelectorAll<HTMLElement>("figure[data-tab]")];
  const list = document.createElement("div");
  list.className = "tablist";
  list.setAttribute("role", "tablist");
  list.setAttribute("aria-label", "Language");
  const buttons = panels.map((panel, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = titleOf(panel);
    // A figure with a caption can have no role.
    const content = panel.querySelector(".code") ?? panel;
    button.id = `tab-${number}-${index}`;
    content.id = `panel-${number}-${index}`;
    button.setAttribute("role", "tab");
    button.setAttribute("aria-controls", content.id);
    content.setAttribute("role", "tabpanel");
    content.setAttribute("aria-labelledby", button.id);
    return button;
  });
  list.append(...buttons);
  tabs.prepend(list);
  return { buttons, panels };
}

/** Shows the panel with a title. A group without it shows its first panel, or keeps what it shows. */
function select({ buttons, panels }: Group, title: string, isChange: boolean): void {
  const at = panels.findIndex((panel) => titleOf(panel) === title);
  if (at < 0 && isChange) return;
  const shown = Math.max(at, 0);
  panels.forEach((panel, index) => {
    panel.hidden = index !== shown;
  });
  buttons.forEach((button, index) => {
    button.setAttribute("aria-selected", String(index === shown));
    button.tabIndex = index === shown ? 0 : -1;
  });
}

function nextIndex(key: string, index: number, count: number): number | undefined {
  switch (key) {
    case "ArrowRight":
      return (index + 1) % count;
    case "ArrowLeft":
      return (index + count - 1) % count;
    case "Home":
      return 0;
    case "End":
      return count - 1;
    default:
      return undefined;
  }
}

function read(store: Store): string | null {
  try {
    return store().getItem(STORE_KEY);
  } catch {
    return null;
  }
}

function write(store: Store, title: string): void {
  try {
    store().setItem(STORE_KEY, title);
  } catch {
    // See `Store`.
  }
}
