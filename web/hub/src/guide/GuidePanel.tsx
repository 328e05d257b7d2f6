/** The guide next to the form: sections and steps, each with buttons that go to the fields of the step. */

import { type RefObject, useEffect, useId, useRef } from "react";
import type { Field, Guide, GuideStep } from "../api/types.ts";
import { Alert } from "../ui/Alert.tsx";
import { CopyButton } from "../ui/CopyButton.tsx";
import { Html } from "../ui/Html.tsx";
import { Icon } from "../ui/Icon.tsx";
import { scrollBehavior } from "../ui/useMediaQuery.ts";
import type { Highlight } from "./guideSteps.ts";
import { stepKey } from "./guideSteps.ts";

const HIGHLIGHT_DURATION_MS = 2_400;

interface Props {
  guide: Guide;
  fields: readonly Field[];
  /** The step to scroll to; a new object scrolls there again. */
  highlight: Highlight | null;
  onField: (key: string) => void;
  onHide: (() => void) | null;
}

export function GuidePanel({ guide, fields, highlight, onField, onHide }: Props) {
  const panel = useRef<HTMLDivElement>(null);
  const titleId = useId();
  useHighlight(panel, highlight);
  return (
    <div ref={panel} className="guide">
      <div className="guide-head">
        <h2 id={titleId} className="guide-title">
          {guide.title}
        </h2>
        {guide.url && (
          <a className="icon-button" href={guide.url} target="_blank" rel="noopener noreferrer">
            <Icon name="external" size={17} />
            <span className="visually-hidden">Open the guide in a new tab</span>
          </a>
        )}
        {onHide && (
          <button type="button" className="icon-button" aria-label="Hide guide" onClick={onHide}>
            <Icon name="close" size={17} />
          </button>
        )}
      </div>
      {/* biome-ignore lint/a11y/noNoninteractiveTabindex: a scrollable element must be reachable by keyboard. */}
      <section className="guide-body" tabIndex={0} aria-labelledby={titleId}>
        {guide.warning_html && (
          <Alert tone="warning">
            <Html html={guide.warning_html} className="prose" />
          </Alert>
        )}
        {guide.sections.map((section, index) => (
          <div key={section.title} className="guide-section">
            <h3>{section.title}</h3>
            {section.html && <Html html={section.html} className="prose" />}
            <ol className="guide-steps">
              {section.steps.map((step, stepIndex) => (
                <GuideStepItem
                  key={step.title_html}
                  id={stepKey(index, stepIndex)}
                  step={step}
                  fields={fields}
                  onField={onField}
                />
              ))}
            </ol>
          </div>
        ))}
      </section>
    </div>
  );
}

/** Scrolls to the step, focuses it, and highlights it briefly. */
function useHighlight(panel: RefObject<HTMLDivElement | null>, highlight: Highlight | null): void {
  useEffect(() => {
    const step = highlight && panel.current?.querySelector<HTMLElement>(`[data-step="${highlight.step}"]`);
    if (!step) return;
    step.scrollIntoView({ block: "nearest", behavior: scrollBehavior() });
    step.focus({ preventScroll: true });
    step.classList.add("guide-step-highlighted");
    const timer = setTimeout(() => step.classList.remove("guide-step-highlighted"), HIGHLIGHT_DURATION_MS);
    return () => {
      clearTimeout(timer);
      step.classList.remove("guide-step-highlighted");
    };
  }, [panel, highlight]);
}

interface StepProps {
  id: string;
  step: GuideStep;
  fields: readonly Field[];
  onField: (key: string) => void;
}

/** The scopes that the enabled actions need, with a button that copies all of them. */
function StepScopes({ step }: { step: GuideStep }) {
  return (
    <>
      {step.scopes.length > 0 && (
        <ul className="guide-scopes">
          {step.scopes.map((scope) => (
            <li key={scope.name}>
              <code>{scope.name}</code>
              {scope.description && <span>{scope.description}</span>}
            </li>
          ))}
        </ul>
      )}
      {step.scopes_note && <p className="guide-note">{step.scopes_note}</p>}
      {step.scopes_text && (
        <div className="guide-fields">
          <CopyButton value={step.scopes_text} label="scopes" />
        </div>
      )}
    </>
  );
}

function GuideStepItem({ id, step, fields, onField }: StepProps) {
  const stepFields = fields.filter((field) => step.fields.includes(field.key));
  return (
    <li className="guide-step" data-step={id} tabIndex={-1}>
      <h4>
        <Html html={step.title_html} inline />
      </h4>
      {step.html && <Html html={step.html} className="prose" />}
      <StepScopes step={step} />
      {stepFields.length > 0 && (
        <div className="guide-fields">
          {stepFields.map((field) => (
            <button key={field.key} type="button" className="chip-button" onClick={() => onField(field.key)}>
              Enter {field.label}
            </button>
          ))}
        </div>
      )}
    </li>
  );
}
