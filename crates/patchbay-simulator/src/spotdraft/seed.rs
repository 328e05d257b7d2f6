//! Realistic data, equal in every run, with dates before the clock's time.

use indexmap::IndexMap;
use patchbay_model::Timestamp;
use serde_json::{Value, json};

use super::state::{Contract, StoredFile, Table, Workspace};

const CONTRACT_TYPES: [&str; 6] = [
    "Mutual NDA",
    "Master Services Agreement",
    "Statement of Work",
    "Data Processing Agreement",
    "Order Form",
    "Vendor Agreement",
];
const COUNTERPARTIES: [(&str, &str, &str); 14] = [
    ("Northwind Traders", "Bristol", "United Kingdom"),
    ("Blue Harbour Logistics", "Rotterdam", "Netherlands"),
    ("Juniper & Pine Studio", "Portland", "United States"),
    ("Kestrel Analytics", "Austin", "United States"),
    ("Lumen Biosciences", "Boston", "United States"),
    ("Maple Street Catering", "Toronto", "Canada"),
    ("Orchid Financial", "Singapore", "Singapore"),
    ("Pinecrest Manufacturing", "Cleveland", "United States"),
    ("Quarry Road Builders", "Leeds", "United Kingdom"),
    ("Riverside Health", "Chicago", "United States"),
    ("Saffron Foods", "Mumbai", "India"),
    ("Tidewater Energy", "Houston", "United States"),
    ("Umber Design Co", "Berlin", "Germany"),
    ("Violet Cloud Systems", "Dublin", "Ireland"),
];
const USERS: [(&str, &str, &str, bool); 6] = [
    ("Amara Okafor", "amara.okafor@example.com", "General Counsel", true),
    ("Ben Whitfield", "ben.whitfield@example.com", "Legal Operations", true),
    ("Chiara Rossi", "chiara.rossi@example.com", "Contracts Manager", true),
    ("Dev Malhotra", "dev.malhotra@example.com", "Sales Director", true),
    ("Elin Sjöberg", "elin.sjoberg@example.com", "Procurement Lead", true),
    ("Farid Haddad", "farid.haddad@example.com", "Account Executive", false),
];
const ROLES: [(&str, &str); 4] = [
    ("Admin", "Manages the workspace"),
    ("Legal", "Reviews and approves contracts"),
    ("Business", "Requests and owns contracts"),
    ("Viewer", "Reads contracts"),
];
const STATUSES: [&str; 8] = ["DRAFT", "REDLINING", "SIGN", "EXECUTED", "EXECUTED", "EXECUTED", "ON_HOLD", "VOIDED"];
const CONTRACTS: i64 = 42;

pub fn workspace(region: &str, now: Timestamp) -> Workspace {
    let days_ago = |days: i64| now.plus_seconds(-days * 86_400).to_rfc3339();
    let id = match region {
        "us" => 1201,
        "in" => 2201,
        "eu" => 3201,
        _ => 4201,
    };
    let mut workspace = Workspace {
        id,
        contract_types: table(CONTRACT_TYPES.iter().enumerate().map(|(n, name)| json!({ "id": 11 + n, "name": name }))),
        contracts: IndexMap::new(),
        counterparties: Table::new(),
        contacts: IndexMap::new(),
        addresses: IndexMap::new(),
        users: table(USERS.iter().enumerate().map(|(n, (name, email, designation, active))| {
            json!({ "id": 501 + n, "name": name, "email": email, "designation": designation, "is_active": active })
        })),
        roles: table(ROLES.iter().enumerate().map(|(n, (name, description))| json!({ "id": 31 + n, "name": name, "description": description }))),
        role_members: vec![(31, 501), (32, 502), (32, 503), (33, 504), (33, 505), (34, 506)],
        templates: table(CONTRACT_TYPES.iter().enumerate().map(|(n, name)| {
            json!({ "id": 71 + n, "name": format!("{name} (standard)"), "contract_type_id": 11 + n, "tags": ["standard"] })
        })),
        entities: Table::new(),
        organization_types: table(
            [("Private Limited Company", "GB"), ("Limited Liability Company", "US"), ("Corporation", "US"), ("GmbH", "DE")]
                .iter()
                .enumerate()
                .map(|(n, (name, code))| json!({ "id": 81 + n, "name": name, "jurisdiction": { "id": 91 + n, "name": code, "code2": code } })),
        ),
        tags: Table::new(),
        tasks: Table::new(),
        webhooks: Table::new(),
        uploads: IndexMap::new(),
        // 32 bytes, base64: a simulated key may be known.
        hmac_key: "c2ltdWxhdGVkLXNwb3RkcmFmdC13ZWJob29rLWtleSE=".to_owned(),
        files: IndexMap::new(),
        activities: Vec::new(),
        last_activities: IndexMap::new(),
        next_id: 9000,
    };
    workspace.entities.insert(
        61,
        json!({
            "id": 61, "name": "Fernwood Software Inc.", "reference_id": "FERNWOOD-01", "entity_type": "Corporation",
            "jurisdiction": { "id": 92, "name": "US", "code2": "US" }, "organization_type": { "id": 83, "name": "Corporation" },
            "primary_address": { "id": 62, "line_one": "200 Market Street", "city_name": "San Francisco", "state_name": "California", "zipcode": "94105", "country": { "id": 92, "name": "United States", "code2": "US" } },
            "is_primary": true,
        }),
    );
    for (number, (name, city, country)) in (101..).zip(COUNTERPARTIES) {
        let slug = name.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
        let contact = json!({ "id": number + 100, "name": format!("Contracts at {name}"), "email": format!("contracts@{slug}.example"), "is_primary": true });
        let address = json!({ "id": number + 200, "line_one": format!("{} High Street", number), "city_name": city, "state_name": "", "zipcode": "00000", "country_name": country });
        workspace.counterparties.insert(number, json!({ "id": number, "name": name, "is_individual": false, "status": "ACTIVE", "custom_fields": {}, "brand_name": name }));
        workspace.contacts.insert(number + 100, (number, contact));
        workspace.addresses.insert(number + 200, (number, address));
    }
    for number in 1..=CONTRACTS {
        let contract = contract(number, id, &days_ago);
        workspace.contracts.insert(number, contract);
    }
    workspace
}

fn table(records: impl Iterator<Item = Value>) -> Table {
    records.map(|record| (record["id"].as_i64().unwrap_or_default(), record)).collect()
}

fn contract(number: i64, workspace: i64, days_ago: &dyn Fn(i64) -> String) -> Contract {
    let place = usize::try_from(number).unwrap_or_default();
    let (counterparty, _, _) = COUNTERPARTIES[place % COUNTERPARTIES.len()];
    let type_place = place % CONTRACT_TYPES.len();
    let (owner, email, _, _) = USERS[place % 5];
    let status = STATUSES[place % STATUSES.len()];
    let kind = if place % 4 == 3 { 'H' } else { 'T' };
    let created = days_ago((CONTRACTS - number) * 6 + 2);
    let name = format!("{} with {counterparty}", CONTRACT_TYPES[type_place]);
    let slug = counterparty.to_lowercase().replace(|c: char| !c.is_ascii_alphanumeric(), "");
    let text = format!("{name}\n\nThis agreement is made between Fernwood Software Inc. and {counterparty}.\n");
    let mut contract = Contract {
        id: number,
        kind,
        fields: json!({
            "id": format!("{kind}-{number}"), "created": created, "contract_name": name,
            "contract_link": format!("https://app.spotdraft.test/contracts/v2/{number}"), "contract_status": status,
            "created_by": owner, "counter_party_name": counterparty, "counter_party_email": format!("contracts@{slug}.example"),
            "contract_type_name": CONTRACT_TYPES[type_place], "contract_type_id": 11 + type_place,
            "contract_template_id": if kind == 'T' { json!(71 + type_place) } else { Value::Null },
            "contract_kind": if kind == 'T' { "TEMPLATE" } else { "UPLOAD_EXECUTED" },
            "reference_id": format!("REF-{number:04}"), "created_by_user_name": owner, "created_by_user_email": email,
            "created_by_workspace": workspace, "business_user_id": 501 + place % 5, "tags": [], "last_updated_on": created,
        }),
        versions: vec![StoredFile {
            name: format!("{kind}-{number}.txt"),
            content_type: "text/plain",
            bytes: text.into_bytes(),
        }],
        comments: Table::new(),
        notes: Table::new(),
        approvals: Table::new(),
        obligations: Table::new(),
        key_pointers: Table::new(),
        relations: Table::new(),
        recipients: Table::new(),
        members: vec![501, 502],
        external_metadata: None,
        questionnaire: json!({ "contract_value": number * 1500, "currency": "USD" }),
        marked_for_execution: status == "SIGN",
        turns: number % 3,
    };
    let base = number * 20 + 10_000;
    contract.notes.insert(base, json!({ "id": base, "text": "Standard terms.", "note_tag": "General" }));
    contract.comments.insert(base + 1, json!({ "id": base + 1, "contract_id": number, "comment": "Please check the liability cap.", "replies": [{ "id": base + 2, "comment": "Checked, it is our standard." }] }));
    for (offset, label, field, kind, value) in [
        (3, "Effective date", "effective_date", "date", json!("2026-01-01")),
        (4, "Contract value", "contract_value", "float", json!(number * 1500)),
        (5, "Governing law", "governing_law", "string", json!("New York")),
    ] {
        contract.key_pointers.insert(base + offset, json!({ "id": base + offset, "value": value, "label": label, "field_name": field, "data_type": kind, "format_option": {} }));
    }
    contract.recipients.insert(base + 6, json!({
        "recipient": { "id": base + 6, "recipient_type": "SIGNATORY", "user": { "id": 501, "email": USERS[0].1, "name": USERS[0].0, "designation": USERS[0].2 }, "recipient_order": 1, "created": contract.fields["created"] },
        "status": if contract.status() == "EXECUTED" { "COMPLETED" } else { "PENDING" },
    }));
    contract.approvals.insert(base + 7, json!({
        "id": base + 7, "contract_id": number, "name": "Legal approval", "approver_user_id": 501, "is_sent": true, "order": 1, "created": contract.fields["created"],
    }));
    contract.obligations.insert(base + 8, json!({
        "id": base + 8, "title": "Send the renewal notice", "description": "Sixty days before the term ends.", "end_date": days_ago(-60), "obligation_type_id": 1, "status": "PENDING", "entity_id": number, "tasks": [],
    }));
    contract
}
