//! Reads `dataSync`.

use super::root::one_or_many;
use crate::{
    definition::{DataSync, SyncIncremental, SyncPages, SyncPagination, SyncParameter, TimeFormat},
    syntax::{Mapping, Reader},
};

pub(crate) const KEYS: [&str; 7] =
    ["allowed", "indexField", "dataKey", "pagination", "incremental", "maxPages", "maxDurationMinutes"];

pub(super) fn read(reader: Reader<'_>) -> Option<DataSync> {
    let mapping = reader.mapping("`dataSync`", &KEYS)?;
    Some(DataSync {
        allowed: mapping.flag("allowed", false),
        index_fields: one_or_many(&mapping, "indexField"),
        data_key: mapping.text("dataKey"),
        pagination: mapping.get("pagination").and_then(pagination),
        incremental: mapping.get("incremental").and_then(incremental),
        max_pages: mapping.get("maxPages").and_then(|pages| pages.whole()),
        max_minutes: mapping.get("maxDurationMinutes").and_then(|minutes| minutes.whole()),
    })
}

fn pagination(reader: Reader<'_>) -> Option<SyncPagination> {
    #[derive(Clone, Copy)]
    enum Mode {
        Cursor,
        Offset,
        Page,
    }
    let mapping = reader.mapping("`pagination`", &["type", "response", "iterator", "stopCondition"])?;
    let modes = [("cursor", Mode::Cursor), ("offset", Mode::Offset), ("page", Mode::Page)];
    let mode = mapping.require("type")?.choice(&modes)?;
    let (response, iterator) = (mapping.get("response"), mapping.require("iterator"));
    let iterator = iterator?;
    let whole = |mapping: &Mapping<'_>, key: &str| mapping.get(key).and_then(|value| value.whole());
    let (pages, data_key) = match mode {
        Mode::Cursor => {
            let response = mapping.require("response")?.mapping("`response`", &["dataKey", "nextKey"])?;
            let iterator = iterator.mapping("`iterator`", &["key", "in"])?;
            let parameter = parameter(&iterator, "key")?;
            (SyncPages::Cursor { next_key: response.require("nextKey")?.text()?, parameter }, response.text("dataKey"))
        }
        Mode::Offset => {
            let iterator = iterator.mapping("`iterator`", &["offsetKey", "limitKey", "in", "defaultLimit"])?;
            let pages = SyncPages::Offset {
                parameter: parameter(&iterator, "offsetKey")?,
                limit_key: iterator.text("limitKey"),
                default_limit: whole(&iterator, "defaultLimit"),
            };
            (pages, response.and_then(|response| response.mapping("`response`", &["dataKey"])?.text("dataKey")))
        }
        Mode::Page => {
            let iterator =
                iterator.mapping("`iterator`", &["pageKey", "pageSizeKey", "in", "startPage", "defaultPageSize"])?;
            let pages = SyncPages::Page {
                parameter: parameter(&iterator, "pageKey")?,
                size_key: iterator.text("pageSizeKey"),
                start: whole(&iterator, "startPage").unwrap_or(1),
                default_size: whole(&iterator, "defaultPageSize"),
            };
            (pages, response.and_then(|response| response.mapping("`response`", &["dataKey"])?.text("dataKey")))
        }
    };
    Some(SyncPagination { mode: pages, data_key, stop: mapping.template("stopCondition") })
}

fn parameter(iterator: &Mapping<'_>, key: &str) -> Option<SyncParameter> {
    let (key, location) = (iterator.require(key), iterator.require("in"));
    Some(SyncParameter { key: key?.text()?, location: location?.choice(&super::input::LOCATIONS)? })
}

fn incremental(reader: Reader<'_>) -> Option<SyncIncremental> {
    let is_delta = reader.peek("type").and_then(|kind| kind.text()).as_deref() == Some("delta_token");
    if is_delta {
        let mapping = reader.mapping("`incremental`", &["type", "response", "iterator"])?;
        let response = mapping.require("response")?.mapping("`response`", &["path", "onlyOnFinalPage"])?;
        let iterator = mapping.require("iterator")?.mapping("`iterator`", &["key", "in"])?;
        return Some(SyncIncremental::DeltaToken {
            path: response.require("path")?.text()?,
            only_on_final_page: response.flag("onlyOnFinalPage", false),
            parameter: parameter(&iterator, "key")?,
        });
    }
    let mapping =
        reader.mapping("`incremental`", &["type", "format", "safetyBufferSeconds", "iterator", "response"])?;
    mapping.require("type")?.choice(&[("time_filter", ()), ("delta_token", ())])?;
    let formats = [
        ("iso8601", TimeFormat::Iso8601),
        ("unix_seconds", TimeFormat::UnixSeconds),
        ("unix_millis", TimeFormat::UnixMillis),
    ];
    let iterator = mapping.require("iterator")?.mapping("`iterator`", &["key", "in"])?;
    Some(SyncIncremental::TimeFilter {
        format: mapping.get("format").map_or(Some(TimeFormat::Iso8601), |format| format.choice(&formats))?,
        safety_seconds: mapping.get("safetyBufferSeconds").and_then(|value| value.whole()).unwrap_or(0),
        parameter: parameter(&iterator, "key")?,
        updated_at: mapping
            .get("response")
            .and_then(|response| response.mapping("`response`", &["updatedAtPath"])?.text("updatedAtPath")),
    })
}
