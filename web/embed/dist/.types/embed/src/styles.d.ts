/**
 * The element's own looks: the frame, the sign that it loads, and the notice when it cannot. A
 * constructed style sheet, which a host's Content-Security-Policy allows where it forbids `<style>`.
 */
/** One sheet for all elements of the page, made when the first one needs it. */
export declare function adoptStyles(root: ShadowRoot): void;
