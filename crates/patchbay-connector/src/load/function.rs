//! Parameters of the step functions beside the plain requests.

use super::{
    action::value,
    authorization,
    mapping::{field_mappings, typecast_fields},
    step,
};
use crate::{
    definition::{
        Certificates, EmitEvent, FunctionVersion, GroupData, HttpMethod, JwtAlgorithm, MapFields, McpRequest,
        MultipartField, Namespace, RequestSpec, Saml, SignJwt, SoapPaginatedRequest, SoapRequest, StepFunction,
        ToolArg, UploadBinary, UploadFile,
    },
    diagnostic::code,
    syntax::{Mapping, Reader},
};

pub(crate) const SOAP: [&str; 13] = [
    "baseUrl",
    "url",
    "method",
    "authorization",
    "args",
    "response",
    "customErrors",
    "encodeQueryParams",
    "envelope",
    "namespaces",
    "soapOperation",
    "soapAction",
    "useSoapContext",
];
pub(crate) const UPLOAD: [&str; 9] =
    ["baseUrl", "url", "method", "authorization", "args", "response", "customErrors", "file", "additionalFields"];
pub(crate) const BINARY: [&str; 8] =
    ["baseUrl", "url", "method", "authorization", "args", "response", "customErrors", "binaryContent"];
pub(crate) const MCP: [&str; 7] = ["baseUrl", "url", "method", "toolName", "timeout", "authorization", "args"];

pub(crate) const JWT: [&str; 6] = ["algorithm", "privateKey", "claims", "keyId", "headers", "lifetime"];

pub(crate) const SAML: [&str; 12] = [
    "objectKey",
    "key",
    "clientId",
    "cert",
    "issuer",
    "lifetime",
    "nameId",
    "audience",
    "nameIdentifierFormat",
    "tokenEndpoint",
    "attributes",
    "encoding",
];

/// Reads the parameters of the function with this name; `None` when there is none or they are broken.
pub(super) fn read(name: &str, version: FunctionVersion, parameters: Reader<'_>) -> Option<StepFunction> {
    let mapping = |known: &[&str]| parameters.mapping("`parameters`", known);
    Some(match name {
        "soap_request" => StepFunction::SoapRequest(soap(&mapping(&SOAP)?)?),
        "soap_paginated_request" => {
            let mapping = mapping(&[&SOAP[..], &["iterator", "cursor"]].concat())?;
            let (soap, page) = (soap(&mapping), step::page(&mapping));
            let cursor = step::cursor(&mapping);
            StepFunction::SoapPaginatedRequest(SoapPaginatedRequest { soap: soap?, page: page?, cursor })
        }
        "group_data" => {
            let mapping = mapping(&["stepsDataToGroup", "isSingleRecord"])?;
            mapping.require("stepsDataToGroup")?;
            StepFunction::GroupData(GroupData {
                steps: mapping.texts("stepsDataToGroup"),
                single: mapping.flag("isSingleRecord", false),
            })
        }
        "map_fields" => {
            let mapping = mapping(&["fields", "dataSource", "externalSources"])?;
            StepFunction::MapFields(MapFields {
                version,
                fields: mapping.get("fields").map(|fields| field_mappings(&fields)),
                source: mapping.template("dataSource"),
                external_sources: authorization::templates(&mapping, "externalSources"),
            })
        }
        "typecast" => {
            let mapping = mapping(&["fields", "dataSource"])?;
            StepFunction::Typecast(MapFields {
                version,
                fields: mapping.get("fields").map(|fields| typecast_fields(&fields)),
                source: Some(mapping.require("dataSource")?.template()?),
                external_sources: Vec::new(),
            })
        }
        "upload_file" => StepFunction::UploadFile(upload_file(&mapping(&UPLOAD)?)?),
        "upload_binary" => {
            let mapping = mapping(&BINARY)?;
            let content = mapping.require("binaryContent");
            let request = step::request(&mapping);
            let content = content?.mapping("`binaryContent`", &["content", "contentType"])?;
            StepFunction::UploadBinary(UploadBinary {
                request: request?,
                content: content.require("content")?.template()?,
                content_type: content.template("contentType"),
            })
        }
        "emit_event" => StepFunction::EmitEvent(emit_event(&mapping(&["event"])?)?),
        "sign_jwt" => StepFunction::SignJwt(sign_jwt(&mapping(&JWT)?)?),
        "mcp_request" => StepFunction::McpRequest(mcp(&mapping(&MCP)?)?),
        _ => return None,
    })
}

fn soap(mapping: &Mapping<'_>) -> Option<SoapRequest> {
    let namespaces = mapping.items("namespaces").into_iter().filter_map(|place| {
        let namespace = place.mapping("a namespace", &["namespaceIdentifier", "namespace"])?;
        let (prefix, uri) = (namespace.require("namespaceIdentifier"), namespace.require("namespace"));
        Some(Namespace { prefix: prefix?.template()?, uri: uri?.template()? })
    });
    let namespaces = namespaces.collect();
    // An envelope is posted, unless the file knows better.
    let request = step::request(mapping).map(|request| match mapping.get("method") {
        None => RequestSpec { method: HttpMethod::Post, ..request },
        Some(_) => request,
    });
    Some(SoapRequest {
        operation: mapping.template("soapOperation"),
        action: mapping.template("soapAction"),
        namespaces,
        envelope: mapping.get("envelope").and_then(|envelope| value(&envelope)),
        use_context: mapping.flag("useSoapContext", true),
        request: request?,
    })
}

fn upload_file(mapping: &Mapping<'_>) -> Option<UploadFile> {
    let file = mapping
        .require("file")
        .and_then(|file| file.mapping("`file`", &["fieldName", "content", "filename", "contentType"]));
    let additional = mapping.items("additionalFields").into_iter().filter_map(|place| {
        let field = place.mapping("a form field", &["name", "value", "condition", "contentType"])?;
        let (name, content) = (field.require("name"), field.require("value"));
        Some(MultipartField {
            name: name?.template()?,
            value: value(&content?)?,
            condition: field.template("condition"),
            content_type: field.template("contentType"),
        })
    });
    let additional = additional.collect();
    let request = step::request(mapping);
    let file = file?;
    let (field, content, filename) = (file.require("fieldName"), file.require("content"), file.require("filename"));
    Some(UploadFile {
        request: request?,
        field: field?.template()?,
        content: content?.template()?,
        filename: filename?.template()?,
        content_type: file.template("contentType"),
        additional,
    })
}

fn emit_event(mapping: &Mapping<'_>) -> Option<EmitEvent> {
    let Some(event) = mapping.get("event") else {
        return Some(EmitEvent { event_type: None, event_id: None, event_date: None, data: None });
    };
    let event = event.mapping("`event`", &["eventType", "eventId", "eventDate", "data"])?;
    Some(EmitEvent {
        event_type: Some(event.require("eventType")?.template()?),
        event_id: event.template("eventId"),
        event_date: event.template("eventDate"),
        data: event.get("data").and_then(|data| value(&data)),
    })
}

fn sign_jwt(mapping: &Mapping<'_>) -> Option<SignJwt> {
    let (algorithm, key, claims) =
        (mapping.require("algorithm"), mapping.require("privateKey"), mapping.require("claims"));
    let values = |place: Reader<'_>, what: &str| -> Vec<_> {
        place.entries(what).filter_map(|(name, member)| Some((name.to_owned(), value(&member)?))).collect()
    };
    let algorithm = algorithm.and_then(|place| place.choice(&JwtAlgorithm::ALL));
    let claims = claims.map(|place| values(place, "`claims`"));
    let headers = mapping.get("headers");
    if let Some(place) = headers.and_then(|headers| headers.peek("alg")) {
        place.error(code::INVALID, "the header `alg` is what `algorithm` says; leave it out");
    }
    Some(SignJwt {
        algorithm: algorithm?,
        private_key: key?.template()?,
        key_id: mapping.template("keyId"),
        headers: headers.map(|place| values(place, "`headers`")).unwrap_or_default(),
        claims: claims?,
        lifetime: mapping.get("lifetime").and_then(|seconds| seconds.whole()),
    })
}

fn mcp(mapping: &Mapping<'_>) -> Option<McpRequest> {
    let methods = [("tools/call", false), ("tools/list", true)];
    let list = mapping.get("method").map_or(Some(false), |method| method.choice(&methods))?;
    if !list && mapping.get("toolName").is_none() {
        mapping.reader.error(code::MISSING_KEY, "the call of a tool names none; add `toolName`");
    }
    let args = mapping.items("args").into_iter().filter_map(|place| {
        let arg = place.mapping("an argument", &["name", "value", "condition"])?;
        let (name, content) = (arg.require("name"), arg.require("value"));
        Some(ToolArg { name: name?.template()?, value: value(&content?)?, condition: arg.template("condition") })
    });
    Some(McpRequest {
        base_url: mapping.template("baseUrl"),
        url: mapping.template("url"),
        list,
        tool: mapping.template("toolName"),
        timeout_ms: mapping.get("timeout").and_then(|timeout| timeout.whole()),
        authorization: mapping.get("authorization").and_then(authorization::read),
        args: args.collect(),
    })
}

pub(super) fn certificates(reader: Reader<'_>) -> Option<Certificates> {
    let mapping = reader.mapping("`certificates`", &["certs", "keys"])?;
    let templates = |key| mapping.items(key).into_iter().filter_map(|item| item.template()).collect::<Vec<_>>();
    let read = Certificates { certs: templates("certs"), keys: templates("keys") };
    let (certs, keys) = (mapping.items("certs").len(), mapping.items("keys").len());
    if certs == 0 || keys == 0 {
        reader.error(code::MISSING_KEY, "`certificates` need at least one of `certs` and one of `keys`");
    } else if keys > 1 && keys != certs {
        let message = format!("`certificates` have {certs} `certs` and {keys} `keys`");
        reader.error_with_hint(code::INVALID, message, "give a key for each chain, or one key for one chain");
    }
    Some(read)
}

pub(super) fn saml(reader: Reader<'_>) -> Option<Saml> {
    let mapping = reader.mapping("`saml`", &SAML)?;
    let (object_key, key, client_id) =
        (mapping.require("objectKey"), mapping.require("key"), mapping.require("clientId"));
    Some(Saml {
        object_key: object_key?.template()?,
        key: key?.template()?,
        client_id: client_id?.template()?,
        cert: mapping.template("cert"),
        issuer: mapping.template("issuer"),
        lifetime: mapping.get("lifetime").and_then(|lifetime| lifetime.whole()),
        name_id: mapping.template("nameId"),
        audience: mapping.template("audience"),
        name_id_format: mapping.template("nameIdentifierFormat"),
        token_endpoint: mapping.template("tokenEndpoint"),
        attributes: authorization::templates(&mapping, "attributes"),
        base64url: mapping
            .get("encoding")
            .and_then(|encoding| encoding.choice(&[("base64", false), ("base64url", true)]))
            .unwrap_or(false),
    })
}
