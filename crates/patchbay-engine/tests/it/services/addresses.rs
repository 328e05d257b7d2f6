//! Secrets are sent only to the address that they were entered for, no matter who changes it and how.

use axum::{Json, response::IntoResponse as _};
use patchbay_engine::{AccountPatch, Error, ErrorCode, Field, LinkRequest, NewProfile, ProblemPath, ProfilePatch};
use patchbay_model::{Account, AccountId, Profile, Sealed};
use patchbay_vault::{SealContext, Secret, Vault};
use serde_json::json;

use crate::support::{HttpProvider, Provider as _, TestBed, new_profile, run_request, secrets, serve, session_for};

const A: &str = "https://a.example.com";
const B: &str = "https://b.example.com";
const KEY: &str = "canary-key-5a1f";
const APP: &str = "canary-app-77e0";

/// A bed with the connector `self_hosted`, and the servers at [`A`] (its provider) and [`B`].
struct Bed {
    bed: TestBed<HttpProvider>,
    b: HttpProvider,
}

fn provider() -> HttpProvider {
    HttpProvider::new(|_| async {
        Json(json!({"ok": true, "access_token": "canary-token-1", "token_type": "bearer", "expires_in": 3600}))
            .into_response()
    })
}

impl Bed {
    async fn start() -> Self {
        let b = provider();
        let upstreams = vec![(B.to_owned(), serve(b.router()).await)];
        let bed = TestBed::builder().connector("self_hosted").upstreams(upstreams).provider(A, provider());
        Self { bed: bed.start().await, b }
    }

    async fn profile(&self, method: &str, setup: &[(&str, &str)]) -> std::sync::Arc<Profile> {
        let new = NewProfile { setup: secrets(setup), ..new_profile("self_hosted", method) };
        self.bed.create_profile(new).await
    }

    async fn linked(&self, profile: &Profile, credentials: &[(&str, &str)]) -> Account {
        (*self.bed.link_through(profile, credentials).await.unwrap()).clone()
    }

    /// Links an account of the method `key` at A.
    async fn at_a(&self) -> Account {
        let profile = self.bed.default_profile().await;
        self.linked(&profile, &[("site", A), ("key", KEY), ("pin", "canary-pin-1")]).await
    }

    async fn patch(&self, account: &Account, credentials: &[(&str, &str)]) -> Result<(), Error> {
        let patch = AccountPatch { credentials: secrets(credentials), ..AccountPatch::default() };
        self.bed.patch_account(&account.id, patch).await.map(|_| ())
    }

    async fn patch_setup(&self, profile: &Profile, setup: &[(&str, &str)]) -> Result<(), Error> {
        let patch = ProfilePatch { setup: secrets(setup), ..ProfilePatch::default() };
        self.bed.patch_profile(&profile.id, patch).await.map(|_| ())
    }

    async fn whoami(&self, account: &Account) -> Result<(), Error> {
        self.bed.run(&account.id, "whoami").await.map(|_| ())
    }

    /// Runs an action with another profile than the account's, as with `x-connector-profile-id`.
    async fn whoami_through(&self, account: &AccountId, profile: &Profile) -> Result<(), Error> {
        let mut request = run_request(account, "self_hosted_whoami", &json!({}));
        request.profile_id = Some(profile.id.clone());
        self.bed.run_request(request).await.map(|_| ())
    }

    /// Checks that B received nothing.
    fn assert_nothing_at_b(&self) {
        assert_eq!(self.b.take_requests(), [""; 0]);
    }

    /// Returns a vault with the key ring of the bed.
    fn vault(&self) -> std::sync::Arc<Vault> {
        self.bed.setup.parts().vault
    }

    /// Writes an account without the engine, as a writer of the database does.
    async fn write(&self, id: &AccountId, change: impl FnOnce(&mut Account)) {
        let mut account = self.bed.stored(id).await;
        let read = account.revision;
        change(&mut account);
        account.revision += 1;
        assert!(self.bed.storage.accounts().update(&account, read, &[]).await.unwrap());
    }

    /// Runs an action on an engine that has cached nothing.
    async fn whoami_after_restart(&self, account: &Account) -> Result<(), Error> {
        let engine = self.bed.another_engine().await;
        self.bed.run_on(&engine, &account.id, "whoami").await.map(|_| ())
    }

    /// Seals the account's secrets as versions before the binding did.
    async fn make_older(&self, account: &Account) {
        let vault = self.vault();
        self.write(&account.id, |account| {
            for (field, sealed) in &mut account.secrets {
                let context = SealContext::Account { project: &account.project_id, account: &account.id, field };
                *sealed = vault.seal(&context, &vault.open_bound(&context, sealed).unwrap().secret);
            }
        })
        .await;
        self.bed.engine.key_rotation.evict_envelopes();
    }
}

fn version(sealed: &Sealed) -> u8 {
    sealed.as_bytes()[0]
}

/// Checks that an error is 400 and names exactly these fields.
fn assert_asks_for(error: &Error, place: Field, fields: &[&str]) {
    assert_eq!((error.code, error.status()), (ErrorCode::Validation, 400), "{error:?}");
    let named = error.problems.iter().map(|problem| (problem.path.clone(), problem.code)).collect::<Vec<_>>();
    let expected = fields.iter().map(|field| (ProblemPath::key(place, field), "address_changed")).collect::<Vec<_>>();
    assert_eq!(named, expected, "{error:?}");
}

#[tokio::test]
async fn a_changed_address_needs_every_secret_again() {
    let bed = Bed::start().await;
    let account = bed.at_a().await;
    let (_, hub) = bed.bed.session(session_for("customer")).await;
    let placeholder = "__secretvalue:**redacted**";
    for typed in [
        &[("site", B)][..],
        &[("site", B), ("key", placeholder), ("pin", placeholder)],
        &[("site", B), ("key", "")],
        &[("site", "http://a.example.com")],
        &[("site", "https://a.example.com:8443")],
    ] {
        let error = bed.patch(&account, typed).await.unwrap_err();
        assert_asks_for(&error, Field::Credentials, &["key", "pin"]);
        let request = LinkRequest { profile_id: None, credentials: secrets(typed) };
        let error = bed.bed.engine.linking.reconnect(&hub, &account.id, request).await.unwrap_err();
        assert_asks_for(&error, Field::Credentials, &["key", "pin"]);
    }
    let error = bed.patch(&account, &[("site", B), ("key", "canary-new-1")]).await.unwrap_err();
    assert_asks_for(&error, Field::Credentials, &["pin"]);
    bed.assert_nothing_at_b();
    bed.bed.provider.take_requests();
    bed.whoami(&account).await.unwrap();
    assert_eq!(bed.bed.provider.take_requests(), ["GET /whoami"]);

    bed.patch(&account, &[("site", B), ("key", "canary-new-1"), ("pin", "canary-pin-2")]).await.unwrap();
    bed.whoami(&account).await.unwrap();
    assert_eq!(bed.b.last_header("/whoami", "x-key").as_deref(), Some("canary-new-1"));
}

#[tokio::test]
async fn what_does_not_change_the_address_needs_no_secret() {
    let bed = Bed::start().await;
    let account = bed.at_a().await;
    bed.patch(&account, &[("site", "HTTPS://A.example.com:443/")]).await.unwrap();
    bed.patch(&account, &[("note", "first floor")]).await.unwrap();
    bed.patch(&account, &[("key", "canary-new-2")]).await.unwrap();
    bed.whoami(&account).await.unwrap();
    assert_eq!(bed.bed.provider.last_header("/whoami", "x-pin").as_deref(), Some("canary-pin-1"));
}

#[tokio::test]
async fn a_secret_may_shape_the_address_and_two_fields_may() {
    let bed = Bed::start().await;
    let profile = bed.profile("node", &[]).await;
    let account = bed.linked(&profile, &[("node", "a.example.com"), ("port", "443"), ("key", KEY)]).await;
    bed.whoami(&account).await.unwrap();
    for typed in [&[("node", "b.example.com")][..], &[("node", "b.example.com"), ("port", "443")]] {
        assert_asks_for(&bed.patch(&account, typed).await.unwrap_err(), Field::Credentials, &["key"]);
    }
    assert_asks_for(&bed.patch(&account, &[("port", "8443")]).await.unwrap_err(), Field::Credentials, &["node", "key"]);
    bed.assert_nothing_at_b();
}

#[tokio::test]
async fn a_profiles_changed_address_needs_its_secrets_and_its_accounts_again() {
    let bed = Bed::start().await;
    let profile = bed.profile("app", &[("host", A), ("appSecret", APP)]).await;
    let account = bed.linked(&profile, &[("key", KEY)]).await;
    assert_asks_for(&bed.patch_setup(&profile, &[("host", B)]).await.unwrap_err(), Field::Setup, &["appSecret"]);
    bed.whoami(&account).await.unwrap();

    bed.patch_setup(&profile, &[("host", B), ("appSecret", "canary-app-2")]).await.unwrap();
    let error = bed.whoami(&account).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::AddressChanged, 412));
    assert!(error.message.contains("`host`"), "{error}");
    let error = bed.bed.proxy(&account.id, "/whoami").await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged);
    bed.assert_nothing_at_b();

    bed.patch_setup(&profile, &[("host", A), ("appSecret", APP)]).await.unwrap();
    bed.whoami(&account).await.unwrap();
    bed.patch_setup(&profile, &[("host", B), ("appSecret", "canary-app-2")]).await.unwrap();
    bed.patch(&account, &[("key", "canary-key-2")]).await.unwrap();
    bed.whoami(&account).await.unwrap();
    assert_eq!(bed.b.last_header("/whoami", "x-key").as_deref(), Some("canary-key-2"));
}

#[tokio::test]
async fn another_profile_with_another_address_does_not_receive_the_accounts_secrets() {
    let bed = Bed::start().await;
    let profile = bed.profile("app", &[("host", A), ("appSecret", APP)]).await;
    let other = bed.profile("app", &[("host", B), ("appSecret", "canary-app-2")]).await;
    let same = bed.profile("app", &[("host", A), ("appSecret", "canary-app-3")]).await;
    let account = bed.linked(&profile, &[("key", KEY)]).await;

    let moved = |to: &Profile| AccountPatch { profile_id: Some(to.id.clone()), ..AccountPatch::default() };
    let error = bed.bed.patch_account(&account.id, moved(&other)).await.unwrap_err();
    assert_asks_for(&error, Field::Credentials, &["key"]);
    let error = bed.whoami_through(&account.id, &other).await.unwrap_err();
    assert_eq!((error.code, error.status()), (ErrorCode::AddressChanged, 412));
    bed.make_older(&account).await;
    let error = bed.whoami_through(&account.id, &other).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged, "also before it is bound");
    let error = bed.bed.patch_account(&account.id, moved(&other)).await.unwrap_err();
    assert_asks_for(&error, Field::Credentials, &["key"]);
    bed.assert_nothing_at_b();

    bed.whoami_through(&account.id, &same).await.unwrap();
    bed.bed.patch_account(&account.id, moved(&same)).await.unwrap();
    bed.whoami(&account).await.unwrap();
    assert_eq!(bed.bed.provider.last_header("/whoami", "x-app").as_deref(), Some("canary-app-3"));
}

#[tokio::test]
async fn a_token_is_not_requested_at_another_address() {
    let bed = Bed::start().await;
    let setup = [("host", A), ("clientId", "app"), ("clientSecret", "canary-client-1")];
    let profile = bed.profile("client", &setup).await;
    let account = bed.linked(&profile, &[]).await;
    bed.whoami(&account).await.unwrap();
    assert_asks_for(&bed.patch_setup(&profile, &[("host", B)]).await.unwrap_err(), Field::Setup, &["clientSecret"]);
    bed.patch_setup(&profile, &[("host", B), ("clientSecret", "canary-client-2")]).await.unwrap();
    assert_eq!(bed.whoami(&account).await.unwrap_err().code, ErrorCode::AddressChanged);
    bed.bed.clock.advance_seconds(7200);
    assert_eq!(bed.whoami(&account).await.unwrap_err().code, ErrorCode::AddressChanged);
    bed.bed.engine.refresh_due_tokens().await;
    bed.assert_nothing_at_b();
    let revoked = bed.bed.delete_account(&account.id).await.unwrap();
    bed.assert_nothing_at_b();
    assert!(revoked.revocation.is_some());
}

#[tokio::test]
async fn who_writes_the_database_cannot_redirect_a_secret() {
    let bed = Bed::start().await;
    let account = bed.at_a().await;
    bed.write(&account.id, |account| {
        account.setup_information.insert("site".to_owned(), B.into());
    })
    .await;
    let error = bed.whoami_after_restart(&account).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged);

    let profile = bed.profile("app", &[("host", A), ("appSecret", APP)]).await;
    let mut written = (*profile).clone();
    written.setup_information.insert("host".to_owned(), B.into());
    assert!(bed.bed.storage.profiles().update(&written).await.unwrap());
    bed.bed.engine.key_rotation.evict_envelopes();
    let error = bed.bed.link_through(&written, &[("key", "canary-key-3")]).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged);

    let profile = bed.profile("owned", &[]).await;
    let owned = [("owned", "yes"), ("key", KEY)];
    let account = bed.bed.link_with(session_for("a"), &profile, &owned).await.unwrap();
    bed.whoami(&account).await.unwrap();
    bed.write(&account.id, |account| "b".clone_into(&mut account.owner.id)).await;
    let error = bed.whoami_after_restart(&account).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged);
    bed.assert_nothing_at_b();
}

/// What the file lists, and what a token response sets, is not bound: no form can change it to another address.
#[tokio::test]
async fn who_writes_the_database_cannot_replace_a_choice_an_environment_or_what_the_provider_sets() {
    let bed = Bed::start().await;
    let key = bed.at_a().await;
    let setup = [("host", A), ("clientId", "app"), ("clientSecret", "canary-client-1")];
    // Another customer each: a customer has one account of a connector.
    let link = async |method: &str, setup: &[(&str, &str)], typed: &[(&str, &str)]| {
        let profile = bed.profile(method, setup).await;
        bed.bed.link_with(session_for(method), &profile, typed).await.unwrap()
    };
    let region = link("region", &[], &[("region", A), ("key", KEY)]).await;
    let named = link("named", &[], &[("named", "yes"), ("key", KEY)]).await;
    let client = link("client", &setup, &[]).await;
    for (account, name) in [
        (&*region, "region"),
        // Values that the base URL reads, and that this method has no field for.
        (&key, "host"),
        (&key, "region"),
        (&*client, "region"),
        (&*named, "host"),
        // Where the servers of an authorization are kept.
        (&key, "oauth.server"),
        (&*client, "oauth.server"),
    ] {
        bed.whoami(account).await.unwrap();
        let replaced = account.setup_information.get(name).cloned();
        bed.write(&account.id, |account| drop(account.setup_information.insert(name.to_owned(), B.into()))).await;
        let error = bed.whoami_after_restart(account).await.unwrap_err();
        assert_eq!(error.code, ErrorCode::AddressChanged, "{name}");
        assert!(error.message.contains(&format!("`{name}`")), "{error}");
        bed.write(&account.id, |account| {
            account.setup_information.remove(name);
            account.setup_information.extend(replaced.map(|value| (name.to_owned(), value)));
        })
        .await;
        let outcome = bed.whoami_after_restart(account).await;
        assert!(
            outcome.is_ok(),
            "{name} of {}: {outcome:?} {:?}",
            account.auth_config_key,
            bed.bed.stored(&account.id).await
        );
    }
    bed.write(&named.id, |account| "b".clone_into(&mut account.environment)).await;
    let error = bed.whoami_after_restart(&named).await.unwrap_err();
    assert_eq!(error.code, ErrorCode::AddressChanged);
    assert!(error.message.contains("`environment`"), "{error}");

    // A token is refreshed and revoked nowhere else either.
    bed.write(&client.id, |account| drop(account.setup_information.insert("region".to_owned(), B.into()))).await;
    bed.bed.clock.advance_seconds(7200);
    assert_eq!(bed.whoami_after_restart(&client).await.unwrap_err().code, ErrorCode::AddressChanged);
    bed.bed.engine.refresh_due_tokens().await;
    bed.assert_nothing_at_b();
}

#[tokio::test]
async fn secrets_of_older_versions_open_and_are_bound_after_the_start() {
    let bed = Bed::start().await;
    let account = bed.at_a().await;
    bed.make_older(&account).await;
    bed.whoami(&account).await.unwrap();
    assert_asks_for(&bed.patch(&account, &[("site", B)]).await.unwrap_err(), Field::Credentials, &["key", "pin"]);

    bed.bed.engine.bind_older_secrets().await.unwrap();
    let stored = bed.bed.stored(&account.id).await;
    assert!(stored.secrets.values().all(|sealed| version(sealed) == 2));
    assert_eq!(stored.updated_at, account.updated_at);
    bed.whoami(&account).await.unwrap();
    bed.write(&account.id, |account| {
        account.setup_information.insert("site".to_owned(), B.into());
    })
    .await;
    assert_eq!(bed.whoami_after_restart(&account).await.unwrap_err().code, ErrorCode::AddressChanged);
    bed.assert_nothing_at_b();
}

#[tokio::test]
async fn older_accounts_are_bound_before_their_profile_gets_another_address() {
    let bed = Bed::start().await;
    let profile = bed.profile("app", &[("host", A), ("appSecret", APP)]).await;
    let account = bed.linked(&profile, &[("key", KEY)]).await;
    bed.make_older(&account).await;
    let mut older = (*bed.bed.get_profile(&profile.id).await).clone();
    let context = SealContext::Profile { project: &older.project_id, profile: &older.id, field: "appSecret" };
    let sealed = bed.vault().seal(&context, &Secret::new(APP));
    older.secrets.insert("appSecret".to_owned(), sealed);
    assert!(bed.bed.storage.profiles().update(&older).await.unwrap());
    bed.bed.engine.key_rotation.evict_envelopes();

    bed.whoami(&account).await.unwrap();
    assert_asks_for(&bed.patch_setup(&profile, &[("host", B)]).await.unwrap_err(), Field::Setup, &["appSecret"]);
    bed.patch_setup(&profile, &[("host", B), ("appSecret", "canary-app-2")]).await.unwrap();
    assert_eq!(bed.whoami(&account).await.unwrap_err().code, ErrorCode::AddressChanged);
    bed.assert_nothing_at_b();
}
