//! Reads Google discovery documents.
//!
//! A method that uploads or downloads a file has a second form: `uploadType=media` with its own path, and `alt=media`.
//! Each form becomes an operation.

use serde_json::Value;

use super::common::{self, flag, members, text};
use crate::import::{
    model::{
        Api, ApiBody, ApiMethod, ApiOperation, ApiParameter, ApiResponse, ApiServer, BodyMedia, OAuthFlow,
        OAuthFlowKind, ParameterLocation, ParameterStyle, SecurityRequirement, SecurityScheme,
    },
    refs::ApiDocument,
    review_notes::{ReviewNotes, Topic},
    text::{joined, singular, words},
};

/// The only security scheme.
const OAUTH: &str = "oauth2";
/// The maximum nesting depth of resources.
const MAX_DEPTH: usize = 12;
/// The schema of a parameter with a fixed value.
static MEDIA: std::sync::LazyLock<Value> =
    std::sync::LazyLock::new(|| serde_json::json!({"type": "string", "enum": ["media"]}));
static FIELDS: std::sync::LazyLock<Value> = std::sync::LazyLock::new(|| serde_json::json!({"type": "string"}));

pub(super) fn read<'d>(document: ApiDocument<'d>, notes: &ReviewNotes) -> Api<'d> {
    let root = document.root;
    let mut found = DiscoveryReader { root, operations: Vec::new(), notes };
    found.methods(root, &[]);
    found.resources(root, &mut Vec::new());
    let base = match (text(root, "rootUrl"), text(root, "servicePath")) {
        (host, _) if host.is_empty() => text(root, "baseUrl"),
        (host, path) => format!("{}/{}", host.trim_end_matches('/'), path.trim_start_matches('/')),
    };
    let scopes = root.get("auth").and_then(|auth| auth.get("oauth2")).unwrap_or(&Value::Null);
    let flow = OAuthFlow {
        kind: OAuthFlowKind::Code,
        authorization_url: Some("https://accounts.google.com/o/oauth2/v2/auth".to_owned()),
        token_url: Some("https://oauth2.googleapis.com/token".to_owned()),
        scopes: members(scopes, "scopes").map(|(name, about)| (name.to_owned(), text(about, "description"))).collect(),
        // Without these parameters Google returns no refresh token.
        params: vec![("access_type", "offline"), ("prompt", "consent")],
        issuer: Some("https://accounts.google.com"),
        pkce: true,
    };
    let docs = text(root, "documentationLink");
    let title = text(root, "title");
    Api {
        document,
        format: "Google discovery".to_owned(),
        title: if title.is_empty() { text(root, "name") } else { title },
        description: text(root, "description"),
        docs: docs.starts_with("http").then_some(docs),
        servers: vec![ApiServer { url: base.trim_end_matches('/').to_owned(), variables: Vec::new() }],
        schemes: vec![(OAUTH.to_owned(), SecurityScheme::OAuth2(vec![flow]))],
        security: vec![SecurityRequirement(vec![(OAUTH.to_owned(), Vec::new())])],
        operations: found.operations,
    }
}

struct DiscoveryReader<'d, 'n> {
    root: &'d Value,
    operations: Vec<ApiOperation<'d>>,
    notes: &'n ReviewNotes,
}

impl<'d> DiscoveryReader<'d, '_> {
    fn resources(&mut self, holder: &'d Value, within: &mut Vec<&'d str>) {
        if within.len() >= MAX_DEPTH {
            return;
        }
        for (name, resource) in members(holder, "resources") {
            within.push(name);
            self.methods(resource, within);
            self.resources(resource, within);
            within.pop();
        }
    }

    fn methods(&mut self, holder: &'d Value, within: &[&'d str]) {
        for (name, described) in members(holder, "methods") {
            let Some(method) = ApiMethod::of(&text(described, "httpMethod")) else {
                self.notes.add(Topic::LeftOut, name, "a step cannot use its method");
                continue;
            };
            let plain = self.operation(method, described, within);
            let file_in = described
                .get("mediaUpload")
                .and_then(|upload| upload.get("protocols")?.get("simple")?.get("path")?.as_str());
            if let Some(path) = file_in.filter(|_| flag(described, "supportsMediaUpload")) {
                let upload = self.operation(method, described, within);
                self.operations.push(self.upload(upload, path));
            }
            if flag(described, "supportsMediaDownload") {
                let mut download = self.operation(method, described, within);
                download.id = download.id.map(|id| for_content(&id, true));
                download.params.push(constant("alt"));
                download.answer = ApiResponse { is_file: true, ..ApiResponse::default() };
                self.operations.push(download);
            }
            self.operations.push(plain);
        }
    }

    fn operation(&self, method: ApiMethod, described: &'d Value, within: &[&'d str]) -> ApiOperation<'d> {
        // `{+name}` can contain several segments, which an input must not. The flat path has a parameter for each.
        let (path, flat) = (text(described, "path"), text(described, "flatPath"));
        let path = if path.contains("{+") && !flat.is_empty() { flat } else { path };
        let path = format!("/{}", path.trim_start_matches('/')).replace("{+", "{");
        let id = text(described, "id");
        let mut operation = common::operation(&path, method, described);
        // The first word is the name of the API.
        operation.id =
            Some(id.split_once('.').map_or(id.clone(), |(_, rest)| rest.to_owned())).filter(|id| !id.is_empty());
        operation.tags = within.last().map(|name| (*name).to_owned()).into_iter().collect();
        operation.params = self.params(described, &path);
        operation.body =
            described.get("request").filter(|request| request.get("$ref").is_some()).map(|request| ApiBody {
                media: BodyMedia::Json,
                schema: Some(request),
                required: None,
                description: String::new(),
                files: Vec::new(),
                styles: Vec::new(),
                fields: Vec::new(),
            });
        operation.answer.schema = described.get("response").filter(|response| response.get("$ref").is_some());
        let one = |scope: String| SecurityRequirement(vec![(OAUTH.to_owned(), vec![scope])]);
        operation.security = Some(common::texts(described, "scopes").into_iter().map(one).collect::<Vec<_>>())
            .filter(|all| !all.is_empty());
        operation
    }

    fn params(&self, described: &'d Value, path: &str) -> Vec<ApiParameter<'d>> {
        let own = members(described, "parameters").collect::<Vec<_>>();
        let mut params = Vec::new();
        for (name, param) in &own {
            let in_path = param.get("location").and_then(Value::as_str) == Some("path");
            if in_path && !path.contains(&format!("{{{name}}}")) {
                continue;
            }
            params.push(ApiParameter {
                name: (*name).to_owned(),
                location: if in_path { ParameterLocation::Path } else { ParameterLocation::Query },
                required: in_path || flag(param, "required"),
                description: text(param, "description"),
                schema: param,
                style: ParameterStyle::Repeat,
            });
        }
        // The parameters of a flat path have the description of the original one.
        let whole = own.iter().find(|(_, param)| param.get("location").and_then(Value::as_str) == Some("path"));
        for name in path.split('{').skip(1).filter_map(|rest| Some(rest.split_once('}')?.0)) {
            if !params.iter().any(|param| param.name == name) {
                let about = whole.map(|(_, param)| text(param, "description")).unwrap_or_default();
                params.push(ApiParameter {
                    name: name.to_owned(),
                    location: ParameterLocation::Path,
                    required: true,
                    description: about,
                    schema: &FIELDS,
                    style: ParameterStyle::Repeat,
                });
            }
        }
        if let Some(fields) = self
            .root
            .get("parameters")
            .and_then(|all| all.get("fields"))
            .filter(|_| !own.iter().any(|(name, _)| *name == "fields"))
        {
            params.push(ApiParameter {
                name: "fields".to_owned(),
                location: ParameterLocation::Query,
                required: false,
                description: text(fields, "description"),
                schema: &FIELDS,
                style: ParameterStyle::Repeat,
            });
        }
        params
    }

    fn upload(&self, mut operation: ApiOperation<'d>, path: &str) -> ApiOperation<'d> {
        operation.id = operation.id.map(|id| for_content(&id, false));
        let host = text(self.root, "rootUrl");
        let path = path.replace("{+", "{");
        operation.server = Some(host.trim_end_matches('/').to_owned()).filter(|host| !host.is_empty());
        operation.path = format!("/{}", path.trim_start_matches('/'));
        operation.params.push(constant("uploadType"));
        operation.body = Some(ApiBody {
            media: BodyMedia::Binary("application/octet-stream".to_owned()),
            schema: None,
            required: Some(true),
            description: "The file".to_owned(),
            files: Vec::new(),
            styles: Vec::new(),
            fields: Vec::new(),
        });
        operation
    }
}

/// Returns the id of a form with a file: `files.create` is `files.upload_file`, `files.get` is
/// `files.download_file_content`.
fn for_content(id: &str, comes_back: bool) -> String {
    let (things, does) = id.rsplit_once('.').unwrap_or(("", id));
    let thing = things.rsplit('.').next().unwrap_or_default();
    let thing = joined(&words(thing).iter().map(|word| singular(word)).collect::<Vec<_>>(), 40);
    let name = match (does, comes_back) {
        ("create" | "insert", false) => format!("upload_{thing}"),
        ("get", true) => format!("download_{thing}_content"),
        (does, _) => format!("{does}_{thing}_content"),
    };
    format!("{things}.{name}")
}

fn constant(name: &str) -> ApiParameter<'static> {
    ApiParameter {
        name: name.to_owned(),
        location: ParameterLocation::Query,
        required: true,
        description: String::new(),
        schema: &MEDIA,
        style: ParameterStyle::Repeat,
    }
}
