//! Cursors of callers: sealed, so that they cannot be read, changed or forged, and bound to project, account and action.
//! They open as long as the key ring has their key.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use patchbay_connector::definition::{Action, InputLocation};
use patchbay_model::{Account, Sealed};
use patchbay_vault::{SealContext, Secret, Vault};
use serde_json::{Map, Value};

use crate::Error;
use patchbay_runtime::{RawInputs, invalid_cursor};

/// The prefix of a sealed cursor, with the version of the format.
const CURSOR_PREFIX: &str = "pbc1_";

/// Opens the cursor in the inputs, if there is one; otherwise 400 `ValidationError` names the input.
pub(super) fn open(vault: &Vault, account: &Account, action: &Action, raw: &mut RawInputs) -> Result<(), Error> {
    let Some(cursor) = action.cursor.as_ref().filter(|cursor| cursor.enabled) else { return Ok(()) };
    let location = action.inputs.iter().find(|input| input.name == cursor.input).map(|input| input.location);
    let inputs = match location {
        Some(InputLocation::Path) => &mut raw.path,
        Some(InputLocation::Headers) => &mut raw.headers,
        Some(InputLocation::Body) => &mut raw.body,
        Some(InputLocation::Query) | None => &mut raw.query,
    };
    // The validation of inputs rejects anything but a string.
    let Some(Value::String(given)) = inputs.get_mut(&cursor.input) else { return Ok(()) };
    if given.is_empty() {
        inputs.remove(&cursor.input);
        return Ok(());
    }
    let sealed = given.strip_prefix(CURSOR_PREFIX).and_then(|packed| URL_SAFE_NO_PAD.decode(packed).ok());
    let opened = sealed.and_then(|sealed| vault.open(&context(account, action), &Sealed::from_bytes(sealed)).ok());
    let place = opened.ok_or_else(|| invalid_cursor(action, &cursor.input))?;
    place.expose().clone_into(given);
    Ok(())
}

/// Seals `next` of the result.
pub(super) fn seal(vault: &Vault, account: &Account, action: &Action, result: &mut Map<String, Value>) {
    if action.cursor.as_ref().is_none_or(|cursor| !cursor.enabled) {
        return;
    }
    if let Some(Value::String(next)) = result.get_mut("next") {
        let sealed = vault.seal(&context(account, action), &Secret::new(next.as_str()));
        *next = format!("{CURSOR_PREFIX}{}", URL_SAFE_NO_PAD.encode(sealed.as_bytes()));
    }
}

fn context<'a>(account: &'a Account, action: &'a Action) -> SealContext<'a> {
    SealContext::Cursor { project: &account.project_id, account: &account.id, action: &action.public_id }
}
