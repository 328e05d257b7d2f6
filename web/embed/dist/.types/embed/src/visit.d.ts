/**
 * One visit to the Hub: an iframe, and the conversation with it. It hears that frame and that origin
 * alone and answers no other, so that several Hubs on one page, and whatever else posts messages there,
 * do not disturb each other. Nothing typed into the frame comes out of it.
 */
import { type HubMessage, type InitOptions } from "@patchbay/web-shared/messages.ts";
import type { Target } from "./options.ts";
/** How long the Hub may take to say that it is there. */
export declare const READY_WITHIN = 10000;
export interface VisitEvents {
    onMessage(message: HubMessage): void;
    /** Nothing came in time. The frame stays: a slow one may still arrive. */
    onSilence(): void;
}
export declare class Visit {
    #private;
    readonly iframe: HTMLIFrameElement;
    readonly target: Target;
    /** Starts the visit. The caller puts `iframe` into the page and later calls `end`. */
    constructor(document: Document, target: Target, options: InitOptions, events: VisitEvents);
    get isReady(): boolean;
    /** Tells the Hub what it should look like; again, when that has changed. */
    configure(options: InitOptions): void;
    end(): void;
}
