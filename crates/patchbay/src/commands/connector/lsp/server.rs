//! Answers the messages of an editor.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use patchbay_connector::{
    Diagnostic, Severity, SourceFile,
    diagnostic::{Position, Span},
    editor::{self, Completion, CompletionKind},
    load,
};
use serde_json::{Value, json};
use url::Url;

use crate::{commands::connector::placeholders, connectors};

/// The maximum number of files that are open at once; further ones are read from the disk.
const MAX_OPEN: usize = 1_000;
/// The answer to a request with an unknown method (JSON-RPC 2.0, section 5.1).
const METHOD_NOT_FOUND: i32 = -32601;

/// The state of a language server: the files that the editor has open.
#[derive(Default)]
pub(super) struct LanguageServer {
    open: BTreeMap<PathBuf, String>,
    /// Whether columns are characters; otherwise they are UTF-16 code units.
    counts_characters: bool,
    is_shut_down: bool,
}

/// Returns the method of a message.
pub(super) fn method(message: &Value) -> Option<&str> {
    message.get("method")?.as_str()
}

impl LanguageServer {
    /// Returns true once the editor requested the shutdown.
    pub(super) const fn is_shut_down(&self) -> bool {
        self.is_shut_down
    }

    /// Returns the messages that a message leads to.
    pub(super) fn handle(&mut self, message: &Value) -> Vec<Value> {
        let Some(method) = method(message) else { return Vec::new() };
        let params = message.get("params").unwrap_or(&Value::Null);
        let Some(id) = message.get("id") else { return self.notified(method, params) };
        let result = match method {
            "initialize" => self.initialize(params),
            "shutdown" => {
                self.is_shut_down = true;
                Value::Null
            }
            "textDocument/completion" => self.completion(params).unwrap_or(Value::Null),
            "textDocument/hover" => self.hover(params).unwrap_or(Value::Null),
            "textDocument/definition" => self.definition(params).unwrap_or(Value::Null),
            _ => {
                let error =
                    json!({ "code": METHOD_NOT_FOUND, "message": format!("the method `{method}` is not supported") });
                return vec![json!({ "jsonrpc": "2.0", "id": id, "error": error })];
            }
        };
        vec![json!({ "jsonrpc": "2.0", "id": id, "result": result })]
    }

    fn initialize(&mut self, params: &Value) -> Value {
        let offered = params.pointer("/capabilities/general/positionEncodings").and_then(Value::as_array);
        self.counts_characters = offered.is_some_and(|offered| offered.iter().any(|one| one == "utf-32"));
        json!({
            "serverInfo": { "name": "patchbay", "version": env!("CARGO_PKG_VERSION") },
            "capabilities": {
                "positionEncoding": if self.counts_characters { "utf-32" } else { "utf-16" },
                "textDocumentSync": { "openClose": true, "change": 1, "save": true },
                "completionProvider": { "triggerCharacters": [".", "$", "{", " "] },
                "hoverProvider": true,
                "definitionProvider": true,
            },
        })
    }

    fn notified(&mut self, method: &str, params: &Value) -> Vec<Value> {
        let Some(path) = path_of(params) else { return Vec::new() };
        match method {
            "textDocument/didOpen" => {
                let text = params.pointer("/textDocument/text").and_then(Value::as_str);
                self.keep(&path, text);
            }
            "textDocument/didChange" => {
                // Each change is the whole text.
                let changes = params.get("contentChanges").and_then(Value::as_array);
                let text = changes.and_then(|changes| changes.last()?.get("text")?.as_str());
                self.keep(&path, text);
            }
            "textDocument/didClose" => _ = self.open.remove(&path),
            "textDocument/didSave" => {}
            _ => return Vec::new(),
        }
        self.diagnostics(&path)
    }

    fn keep(&mut self, path: &Path, text: Option<&str>) {
        if let Some(text) = text
            && (self.open.len() < MAX_OPEN || self.open.contains_key(path))
        {
            self.open.insert(path.to_owned(), text.to_owned());
        }
    }

    /// Returns the files of the connector to which a file belongs, with what the editor has not saved.
    fn files(&self, path: &Path) -> Vec<SourceFile> {
        let folder = path.parent().unwrap_or(Path::new("."));
        // A folder that cannot be read has only the files that are open.
        let mut files = connectors::yaml_files(folder).unwrap_or_default();
        for (open, text) in self.open.iter().filter(|(open, _)| open.parent() == path.parent()) {
            let name = open.to_string_lossy().into_owned();
            match files.iter_mut().find(|file| file.name == name) {
                Some(file) => file.text.clone_from(text),
                None if open == path => files.push(SourceFile { name, text: text.clone() }),
                None => {}
            }
        }
        files
    }

    fn diagnostics(&self, path: &Path) -> Vec<Value> {
        let files = self.files(path);
        let mut found = load(&files).diagnostics;
        found.extend(placeholders::find(&files));
        let of_file = |file: &SourceFile| {
            let own = found.iter().filter(|diagnostic| diagnostic.file == file.name);
            let own = own.map(|diagnostic| self.diagnostic(&files, diagnostic)).collect::<Vec<_>>();
            let params = json!({ "uri": uri(&file.name)?, "diagnostics": own });
            Some(json!({ "jsonrpc": "2.0", "method": "textDocument/publishDiagnostics", "params": params }))
        };
        files.iter().filter_map(of_file).collect()
    }

    fn diagnostic(&self, files: &[SourceFile], found: &Diagnostic) -> Value {
        let hint = found.hint.as_ref().map(|hint| format!("\nhelp: {hint}")).unwrap_or_default();
        let earlier = found.earlier.iter().filter_map(|(file, span)| {
            let location = json!({ "uri": uri(file)?, "range": self.range(text_of(files, file), *span) });
            Some(json!({ "location": location, "message": "the first one" }))
        });
        json!({
            "range": self.range(text_of(files, &found.file), found.span),
            "severity": if found.severity == Severity::Error { 1 } else { 2 },
            "code": found.code,
            "source": "patchbay",
            "message": format!("{}{hint}", found.message),
            "relatedInformation": earlier.collect::<Vec<_>>(),
        })
    }

    fn completion(&self, params: &Value) -> Option<Value> {
        let (files, file, at) = self.place(params)?;
        let (found, typed) = editor::complete(&files, &file, at);
        let start = Position { column: at.column.saturating_sub(typed), ..at };
        let range = self.range(text_of(&files, &file), Span { start, end: at });
        let item = |completion: Completion| {
            let kind = match completion.kind {
                CompletionKind::Key => 10,
                CompletionKind::Value => 12,
                CompletionKind::Function => 3,
                CompletionKind::Name => 6,
            };
            json!({
                "label": completion.label,
                "kind": kind,
                "detail": completion.detail,
                "textEdit": { "range": range, "newText": completion.insert },
            })
        };
        Some(found.into_iter().map(item).collect())
    }

    fn hover(&self, params: &Value) -> Option<Value> {
        let (files, file, at) = self.place(params)?;
        let found = editor::hover(&files, &file, at)?;
        let range = self.range(text_of(&files, &file), found.span);
        Some(json!({ "contents": { "kind": "markdown", "value": found.text }, "range": range }))
    }

    fn definition(&self, params: &Value) -> Option<Value> {
        let (files, file, at) = self.place(params)?;
        let (file, span) = editor::definition(&files, &file, at)?;
        Some(json!({ "uri": uri(&file)?, "range": self.range(text_of(&files, &file), span) }))
    }

    /// Returns the files of a request's connector, the name of its file, and its position.
    fn place(&self, params: &Value) -> Option<(Vec<SourceFile>, String, Position)> {
        let path = path_of(params)?;
        let number = |pointer: &str| usize::try_from(params.pointer(pointer)?.as_u64()?).ok();
        let (line, unit) = (number("/position/line")?, number("/position/character")?);
        let (files, file) = (self.files(&path), path.to_string_lossy().into_owned());
        let text = text_of(&files, &file).lines().nth(line).unwrap_or_default();
        let column = self.characters(text, unit) + 1;
        Some((files, file, Position { line: line.saturating_add(1), column }))
    }

    /// Returns the number of characters before a column of the editor.
    fn characters(&self, line: &str, unit: usize) -> usize {
        if self.counts_characters {
            return unit.min(line.chars().count());
        }
        let mut units = 0;
        let is_before = |c: &char| {
            units += c.len_utf16();
            units <= unit
        };
        line.chars().take_while(is_before).count()
    }

    fn range(&self, text: &str, span: Span) -> Value {
        let lines = text.lines().collect::<Vec<_>>();
        let position = |at: Position| {
            let line = at.line.saturating_sub(1).min(lines.len());
            let before = at.column.saturating_sub(1);
            let characters = lines.get(line).copied().unwrap_or_default().chars().take(before);
            let units = if self.counts_characters { characters.count() } else { characters.map(char::len_utf16).sum() };
            json!({ "line": line, "character": units })
        };
        json!({ "start": position(span.start), "end": position(span.end) })
    }
}

/// Returns the path of a message's document; only files have one.
fn path_of(params: &Value) -> Option<PathBuf> {
    let uri = params.pointer("/textDocument/uri")?.as_str()?;
    Url::parse(uri).ok().filter(|uri| uri.scheme() == "file")?.to_file_path().ok()
}

fn uri(path: &str) -> Option<String> {
    Url::from_file_path(path).ok().map(String::from)
}

fn text_of<'f>(files: &'f [SourceFile], name: &str) -> &'f str {
    files.iter().find(|file| file.name == name).map(|file| file.text.as_str()).unwrap_or_default()
}
