//! An engine, a connector, a profile and an account for the unit tests of this crate.

use std::{collections::BTreeMap, sync::Arc};

use patchbay_connector::{Connector, Registry, SourceFile, load, render};
use patchbay_logs::Logs;
use patchbay_model::{
    Account, AccountId, AccountKind, AccountStatus, EnabledActions, Entropy, Metadata, Owner, Profile, ProfileId,
    ProjectId, Timestamp, TokenMetadata,
    testing::{ManualClock, SeededEntropy},
};
use patchbay_storage::{Storage, sqlite::SqliteStorage};
use patchbay_vault::{KeyRing, Vault};

use crate::{Engine, EngineConfig, EngineParts};

/// The time of the tests.
pub(crate) const NOW: &str = "2026-01-15T10:30:00Z";

/// A connector with an authorization whose URL shows the values of its fields.
const CONNECTOR: &str = r#"
Patchbay: 1.0.0
info: {title: Demo, key: demo, version: 1.0.0, description: For tests.}
categories: [documents]
baseUrl: https://demo.example.com
authentication:
  - sign_in:
      type: oauth2
      grantType: authorization_code
      label: Sign in
      setupFields:
        - {key: clientId, label: Client id, type: text, required: true, secret: false}
        - {key: clientSecret, label: Client secret, type: password, required: true, secret: true}
      configFields:
        - {key: region, label: Region, type: text, required: true, secret: false, value: eu}
        - {key: pin, label: PIN, type: password, required: true, secret: true}
      authorization:
        type: oauth2
        authorizationUrl: https://demo.example.com/authorize
        authorizationParams: {region: "${credentials.region}", pin: "${credentials.pin}"}
        tokenUrl: https://demo.example.com/token
        token: ${credentials.accessToken}
        pkce: true
actions:
  - actionId: get_me
    label: Get me
    description: Reads the owner of the token.
    categories: [documents]
    actionType: get
    steps:
      - stepId: get
        description: Get.
        stepFunction:
          functionName: request
          parameters: {url: /me, method: get}
"#;

/// Returns the connector of these tests.
pub(crate) fn connector() -> Arc<Connector> {
    let files = [SourceFile { name: "demo.connector.yaml".to_owned(), text: CONNECTOR.to_owned() }];
    let loaded = load(&files);
    Arc::new(loaded.connector.unwrap_or_else(|| panic!("{}", render(&loaded.diagnostics, &files))))
}

/// Returns a vault with the same key ring each time.
pub(crate) fn vault() -> Arc<Vault> {
    Arc::new(Vault::new(
        KeyRing::generate(&SeededEntropy::new(7), NOW.parse().unwrap()),
        Arc::new(SeededEntropy::new(8)),
    ))
}

/// Returns an engine with the connector, in a folder of its own.
pub(crate) async fn engine() -> (Engine, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let storage: Arc<dyn Storage> = Arc::new(SqliteStorage::open(&folder.path().join("test.db")).await.unwrap());
    let entropy: Arc<dyn Entropy> = Arc::new(SeededEntropy::new(9));
    let parts = EngineParts {
        storage,
        logs: Arc::new(Logs::none()),
        vault: vault(),
        registry: Registry::new().with(connector()),
        source: None,
        clock: Arc::new(ManualClock::at(NOW)),
        entropy,
        config: EngineConfig::default(),
    };
    (Engine::open(parts).await.unwrap(), folder)
}

/// Returns a profile of the connector without secrets.
pub(crate) fn profile(project: &ProjectId) -> Profile {
    let now: Timestamp = NOW.parse().unwrap();
    Profile {
        id: ProfileId::new("profile"),
        project_id: project.clone(),
        name: "Demo".to_owned(),
        connector: "demo".to_owned(),
        auth_config_key: "sign_in".to_owned(),
        environment: "production".to_owned(),
        version_pin: None,
        active: true,
        default: true,
        enabled_actions: EnabledActions::All,
        setup_information: Metadata::from_iter([("clientId".to_owned(), "app".into())]),
        secrets: BTreeMap::new(),
        alarm: None,
        created_at: now,
        updated_at: now,
    }
}

/// Returns an account of the profile with a token that its client got, without secrets.
pub(crate) fn account(profile: &Profile) -> Account {
    Account {
        id: AccountId::new("account"),
        project_id: profile.project_id.clone(),
        profile_id: profile.id.clone(),
        connector: profile.connector.clone(),
        connector_version: "1.0.0".to_owned(),
        auth_config_key: profile.auth_config_key.clone(),
        environment: profile.environment.clone(),
        owner: Owner { id: "customer".to_owned(), name: "Acme".to_owned(), username: None },
        label: None,
        kind: AccountKind::Production,
        shared: false,
        status: AccountStatus::Active,
        status_reasons: Vec::new(),
        setup_information: Metadata::new(),
        secrets: BTreeMap::new(),
        token: Some(TokenMetadata {
            issued_at: profile.created_at,
            expires_at: None,
            refresh_expires_at: None,
            scopes: Vec::new(),
            profile_id: profile.id.clone(),
            profile_changed_at: profile.updated_at,
            client_id: Some("app".to_owned()),
        }),
        missing_scopes: BTreeMap::new(),
        refresh_at: None,
        expiries: Vec::new(),
        metadata: Metadata::new(),
        revision: 1,
        created_at: profile.created_at,
        updated_at: profile.created_at,
    }
}
