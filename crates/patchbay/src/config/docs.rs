//! Every setting with its names, default and description, for the documentation: read from the documented file
//! (`default.yaml`) and, for what has no key in it, from the flags.

use clap::{Args as _, Command};
use patchbay_server::SettingDoc;

use super::{DEFAULT_FILE, Options};

/// Returns every setting, in the order of the documented file.
pub fn setting_docs() -> Vec<SettingDoc> {
    let mut settings = of_file(DEFAULT_FILE);
    let command = Options::augment_args(Command::new("serve"));
    for argument in command.get_arguments() {
        let flag = argument.get_long().map(|name| format!("--{name}")).unwrap_or_default();
        if flag.is_empty() || settings.iter().any(|setting| setting.flag == flag) {
            continue;
        }
        settings.push(SettingDoc {
            key: String::new(),
            flag,
            variable: argument.get_env().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default(),
            default: String::new(),
            description: argument.get_help().map(|text| format!("{text}.")).unwrap_or_default(),
        });
    }
    settings.push(SettingDoc {
        key: String::new(),
        flag: String::new(),
        variable: "PATCHBAY_API_KEY".to_owned(),
        default: String::new(),
        description:
            "The API key of the first project itself, in place of a file with it. It has no flag, because other users \
                      of the machine can see flags."
                .to_owned(),
    });
    settings
}

/// Reads the keys of the documented file, each with the comment above it, whose last sentence names its flag and variable.
fn of_file(text: &str) -> Vec<SettingDoc> {
    let mut settings = Vec::new();
    let mut section = String::new();
    let mut comment: Vec<&str> = Vec::new();
    for line in text.lines() {
        let bare = line.trim();
        if let Some(rest) = bare.strip_prefix('#') {
            comment.push(rest.strip_prefix(' ').unwrap_or(rest));
            continue;
        }
        let Some((key, default)) = bare.split_once(':') else {
            comment.clear();
            continue;
        };
        if !line.starts_with(' ') {
            section.clear();
        }
        if default.is_empty() {
            key.clone_into(&mut section);
            comment.clear();
            continue;
        }
        let key = if section.is_empty() { key.to_owned() } else { format!("{section}.{key}") };
        settings.push(setting(key, default.trim(), &std::mem::take(&mut comment)));
    }
    settings
}

fn setting(key: String, default: &str, comment: &[&str]) -> SettingDoc {
    let names = comment.iter().rposition(|line| line.starts_with("Flag ")).unwrap_or(comment.len());
    let name = |lead: &str| {
        let line = comment[names..].join(" ");
        let rest = line.split_once(lead).map(|(_, rest)| rest.to_owned()).unwrap_or_default();
        rest.split([' ', ',', ';', '.']).next().unwrap_or_default().to_owned()
    };
    // An indented line is a sample, which follows its sentence as code.
    let (samples, sentences): (Vec<&str>, Vec<&str>) = comment[..names].iter().partition(|line| line.starts_with("  "));
    let mut description = sentences.join(" ");
    if let Some(sample) = samples.last() {
        description = format!("{description} For example `{}`.", sample.trim());
    }
    SettingDoc {
        key,
        flag: name("Flag "),
        variable: name("environment "),
        default: if default == "null" { String::new() } else { default.to_owned() },
        description,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_of_serve_is_a_setting_of_the_documentation() {
        let settings = setting_docs();
        let command = Options::augment_args(Command::new("serve"));
        let mut count = 0;
        for argument in command.get_arguments() {
            let flag = format!("--{}", argument.get_long().unwrap());
            let found = settings.iter().filter(|setting| setting.flag == flag).collect::<Vec<_>>();
            assert_eq!(found.len(), 1, "{flag}");
            let variable = argument.get_env().unwrap().to_string_lossy();
            assert_eq!(found[0].variable, variable, "{flag}");
            count += 1;
        }
        assert!(count > 20, "{count}");
        // The operator's key has no flag.
        assert_eq!(settings.len(), count + 1);
        let anchors = settings.iter().map(SettingDoc::anchor).collect::<std::collections::BTreeSet<_>>();
        assert_eq!(anchors.len(), settings.len());
        for setting in settings {
            assert!(setting.description.ends_with('.'), "{setting:?}");
        }
    }

    #[test]
    fn a_setting_is_read_from_the_documented_file() {
        let settings = of_file(DEFAULT_FILE);
        let level = settings.iter().find(|setting| setting.key == "log.level").unwrap();
        assert_eq!((level.flag.as_str(), level.variable.as_str()), ("--log", "PATCHBAY_LOG"));
        assert_eq!(level.default, "info");
        assert_eq!(level.description, "error, warn, info, debug, or a filter such as patchbay_engine=debug,info.");
        let upstreams = settings.iter().find(|setting| setting.key == "upstreams").unwrap();
        assert_eq!((upstreams.flag.as_str(), upstreams.default.as_str()), ("--upstream", "{}"));
        assert!(
            upstreams
                .description
                .ends_with("For example `https://api.us.spotdraft.com: https://api.us.uat.example.com`.")
        );
        assert!(settings.iter().any(|setting| setting.key == "apiKeyFile" && setting.default.is_empty()));
    }
}
