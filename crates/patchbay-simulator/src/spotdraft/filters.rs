//! Pagination, and the filters of the contract list.

use std::cmp::Ordering;

use serde_json::{Value, json};

use super::{OperationCall, errors::Rejection, state::Contract};

/// The largest number of items on a page.
const MAX_LIMIT: usize = 100;

/// Returns one page of items in the provider's envelope.
pub fn page(call: &OperationCall<'_>, items: Vec<Value>) -> Result<Value, Rejection> {
    let number = |name: &str, default: usize| match call.query(name).map(str::parse::<i64>) {
        None => Ok(default),
        Some(Ok(number)) if number >= 1 => Ok(usize::try_from(number).unwrap_or(usize::MAX)),
        Some(_) => Err(Rejection::field(name, "Ensure this value is greater than or equal to 1.")),
    };
    let (page, limit) = (number("page", 1)?, number("limit", 10)?.min(MAX_LIMIT));
    let total = items.len();
    let start = (page - 1).saturating_mul(limit);
    let results = items.into_iter().skip(start).take(limit).collect::<Vec<_>>();
    Ok(json!({ "page": page, "limit": limit, "total_results": total, "results": results }))
}

/// Returns true if a contract matches every filter and the search text.
pub fn passes(call: &OperationCall<'_>, contract: &Contract) -> bool {
    call.query.iter().all(|(name, wanted)| match name.as_str() {
        "query" => contains(&contract.fields, &wanted.to_lowercase()),
        "page" | "limit" => true,
        name => match name.strip_prefix("filter__") {
            Some(filter) => {
                let (field, op) =
                    filter.split_once('[').map_or((filter, "$eq"), |(field, op)| (field, op.trim_end_matches(']')));
                compare(&value_of(contract, field), op, wanted)
            }
            None => true,
        },
    })
}

fn contains(fields: &Value, text: &str) -> bool {
    ["contract_name", "counter_party_name", "contract_type_name", "reference_id"]
        .iter()
        .any(|name| fields[*name].as_str().is_some_and(|value| value.to_lowercase().contains(text)))
}

fn value_of(contract: &Contract, field: &str) -> Value {
    let fields = &contract.fields;
    match field {
        "contract_id" => json!([contract.id.to_string(), contract.composite_id()]),
        "display_status" => fields["contract_status"].clone(),
        "created_at" => fields["created"].clone(),
        "client_name" => fields["counter_party_name"].clone(),
        "client_email" | "client_email_address" => fields["counter_party_email"].clone(),
        "contract_packet_name" => fields["contract_name"].clone(),
        "contract_reference_id" => fields["reference_id"].clone(),
        "assigned_to" | "business_user_id" => fields["business_user_id"].clone(),
        other => fields[other].clone(),
    }
}

fn compare(value: &Value, op: &str, wanted: &str) -> bool {
    if let Value::Array(values) = value {
        return match op {
            "$ne" => values.iter().all(|value| compare(value, op, wanted)),
            _ => values.iter().any(|value| compare(value, op, wanted)),
        };
    }
    let text = match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let order = || match (text.parse::<f64>(), wanted.parse::<f64>()) {
        (Ok(value), Ok(wanted)) => value.partial_cmp(&wanted),
        // RFC 3339 in UTC sorts as text, and a date before its moments.
        _ => Some(text.as_str().cmp(wanted)),
    };
    match op {
        "$ne" => !text.eq_ignore_ascii_case(wanted),
        "$in" => wanted.split(',').any(|wanted| text.eq_ignore_ascii_case(wanted.trim())),
        "$gt" => order().is_some_and(Ordering::is_gt),
        "$gte" => order().is_some_and(Ordering::is_ge),
        "$lt" => order().is_some_and(Ordering::is_lt),
        "$lte" => order().is_some_and(Ordering::is_le),
        _ => text.eq_ignore_ascii_case(wanted),
    }
}
