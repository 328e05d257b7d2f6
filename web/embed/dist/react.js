import { n as TAG, r as definePatchbayHub } from "./element-Bbqcrz-6.js";
import { createElement, useEffect, useRef } from "react";
// src/react.ts
definePatchbayHub();
function PatchbayHub(props) {
	const { token, baseUrl, theme, height, accountId, closeLabel, showFooterLinks, label } = props;
	const { className, style, id } = props;
	const element = useRef(null);
	const newest = useRef(props);
	useEffect(() => {
		newest.current = props;
	});
	useEffect(() => {
		const hub = element.current;
		return hub ? listen(hub, newest) : void 0;
	}, []);
	useEffect(() => {
		const hub = element.current;
		if (!hub) return;
		hub.baseUrl = baseUrl;
		hub.height = height ?? null;
		hub.accountId = accountId ?? null;
		hub.closeLabel = closeLabel ?? null;
		hub.showFooterLinks = showFooterLinks ?? true;
		hub.label = label ?? null;
		hub.theme = typeof theme === "string" ? theme : null;
		hub.themeObject = typeof theme === "object" ? theme : null;
		hub.token = token ?? null;
	}, [
		token,
		baseUrl,
		theme,
		height,
		accountId,
		closeLabel,
		showFooterLinks,
		label
	]);
	return createElement(TAG, {
		ref: element,
		class: className,
		style,
		id
	});
}
function listen(hub, newest) {
	const stop = new AbortController();
	const on = (type, call) => {
		hub.addEventListener(type, (event) => call(newest.current, event.detail), { signal: stop.signal });
	};
	on("ready", ({ onReady }) => onReady?.());
	on("success", ({ onSuccess }, account) => onSuccess?.(account));
	on("cancel", ({ onCancel }) => onCancel?.());
	on("close", ({ onClose }) => onClose?.());
	on("error", ({ onError }, problem) => onError?.(problem));
	return () => stop.abort();
}
export { PatchbayHub };
