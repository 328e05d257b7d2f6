/**
 * The words that the element shows in place of the Hub when that cannot open. They are for whoever
 * builds the page, so they say what to add and where. Built node by node: works under Trusted Types.
 */
import { type Problem } from "./options.ts";
interface Silence {
    server: string;
    pageOrigins: readonly string[];
    seconds: number;
}
interface Notice {
    problem: Problem;
    /** Set when nothing came from the server: the two reasons are then told apart. */
    silence: Silence | null;
    onRetry: () => void;
}
export declare function noticeOf(document: Document, { problem, silence, onRetry }: Notice): HTMLElement;
export {};
