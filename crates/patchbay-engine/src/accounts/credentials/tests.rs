use patchbay_model::{ProjectId, Sealed};
use serde_json::json;

use super::*;
use crate::{
    ErrorCode,
    sealed_fields::{seal_account, seal_profile},
    testing,
    tokens::token_response::ACCESS_TOKEN,
};

fn secret(key: &str, value: &str) -> (String, Secret) {
    (key.to_owned(), Secret::new(value))
}

/// A value that no key opens.
fn unreadable() -> Sealed {
    Sealed::from_bytes(vec![7; 80])
}

/// A profile with a client secret, and with internal secrets that do not open.
fn profile(vault: &Vault) -> Profile {
    let mut profile = testing::profile(&ProjectId::new("project"));
    profile.secrets = seal_profile(vault, &profile.project_id, &profile.id, &[secret("clientSecret", "app-secret")]);
    profile.secrets.insert("oauth.client".to_owned(), unreadable());
    profile.secrets.insert("oauth.app:other".to_owned(), unreadable());
    profile
}

/// An account of the profile with a PIN and tokens.
fn account(vault: &Vault, profile: &Profile) -> Account {
    let mut account = testing::account(profile);
    let secrets = [secret("pin", "1234"), secret(ACCESS_TOKEN, "access-1"), secret(REFRESH_TOKEN, "refresh-1")];
    account.secrets = seal_account(vault, &account.project_id, &account.id, &secrets);
    account.setup_information.insert("region".to_owned(), "us".into());
    account
}

fn form(secrets: &[(String, Secret)]) -> FormValues {
    FormValues { plain: Metadata::new(), secrets: secrets.to_vec() }
}

fn token_set(secrets: &[(String, Secret)]) -> TokenSet {
    TokenSet { secrets: secrets.to_vec(), expires: None, refresh_expires: None, id_token: None, scopes: Vec::new() }
}

#[test]
fn secrets_of_a_profile_that_are_not_fields_stay_sealed() {
    let vault = testing::vault();
    let profile = profile(&vault);
    let account = account(&vault, &profile);
    let form = form(&[]);
    let expected = json!({
        "clientId": "app", "clientSecret": "app-secret", "region": "us", "pin": "1234",
        "accessToken": "access-1", "refreshToken": "refresh-1",
    });
    assert_eq!(*CredentialSet::stored(&account, &profile).open(&vault).unwrap().values(), expected);
    assert_eq!(*CredentialSet::candidate(&profile, Some(&account), &form).open(&vault).unwrap().values(), expected);
}

#[test]
fn a_value_that_a_form_replaces_is_not_opened() {
    let vault = testing::vault();
    let profile = profile(&vault);
    let mut account = account(&vault, &profile);
    account.secrets.insert("pin".to_owned(), unreadable());
    let error = CredentialSet::stored(&account, &profile).open(&vault).unwrap_err();
    assert_eq!(error.code, ErrorCode::Vault);
    let form = form(&[secret("pin", "9876")]);
    let opened = CredentialSet::candidate(&profile, Some(&account), &form).open(&vault).unwrap();
    assert_eq!(opened.text("pin"), Some("9876"));
}

#[test]
fn a_token_set_replaces_everything_of_the_former_token() {
    let vault = testing::vault();
    let profile = profile(&vault);
    let account = account(&vault, &profile);
    let connector = testing::connector();
    let method = connector.auth_method("sign_in").unwrap();
    let form = form(&[]);
    // The connector declares `region` as a field that is not secret.
    let token_set = token_set(&[secret(ACCESS_TOKEN, "access-2"), secret("region", "ap")]);
    let candidate = CredentialSet::candidate(&profile, Some(&account), &form).with_token_set(&token_set, method);
    let opened = candidate.open(&vault).unwrap();
    assert_eq!(opened.text(ACCESS_TOKEN), Some("access-2"));
    assert_eq!(opened.text(REFRESH_TOKEN), None);
    assert_eq!(opened.text("region"), Some("ap"));
    assert_eq!(opened.redactor().text("ap us access-2"), "ap us [redacted]");
}

#[test]
fn only_a_token_that_stays_in_use_needs_the_client_that_it_was_issued_to() {
    let vault = testing::vault();
    let mut profile = profile(&vault);
    let mut account = account(&vault, &profile);
    account.token.as_mut().unwrap().client_id = Some("former".to_owned());
    let former = r#"{"plain": {"clientId": "former"}, "secrets": {"clientSecret": "former-secret"}}"#;
    let former = [secret("oauth.app:former", former)];
    profile.secrets.extend(seal_profile(&vault, &profile.project_id, &profile.id, &former));
    let form = form(&[]);
    let clients = [
        CredentialSet::stored(&account, &profile),
        CredentialSet::candidate(&profile, Some(&account), &form).keeping_token(),
        CredentialSet::candidate(&profile, Some(&account), &form),
    ]
    .map(|set| {
        let opened = set.open(&vault).unwrap();
        let text = |key: &str| opened.text(key).unwrap().to_owned();
        (text("clientId"), text("clientSecret"), opened.previous_client().is_some())
    });
    let former = ("former".to_owned(), "former-secret".to_owned(), true);
    let current = ("app".to_owned(), "app-secret".to_owned(), false);
    assert_eq!(clients, [former.clone(), former, current]);
}

#[test]
fn an_accounts_own_credentials_need_no_profile() {
    let vault = testing::vault();
    let mut profile = profile(&vault);
    let account = account(&vault, &profile);
    profile.secrets.insert("clientSecret".to_owned(), unreadable());
    let opened = CredentialSet::stored(&account, &profile).without_profile().open(&vault).unwrap();
    assert_eq!((opened.text("pin"), opened.text("clientId")), (Some("1234"), None));
}
