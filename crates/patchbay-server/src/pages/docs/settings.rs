//! The page of the settings, made from the list that the binary hands over.

use std::fmt::Write as _;

use patchbay_docs::{Page, Section, sentence_to_html};

use super::{
    text::{code, html, html_code, sentence},
    writer::Writer,
};
use crate::config::SettingDoc;

/// The path of the page.
const PATH: &str = "/docs/operate/configuration";

/// Returns the page: a row for each setting, whose anchor is its key in the file.
pub(super) fn page(settings: &[SettingDoc]) -> Page {
    let mut writer = Writer::default();
    writer.markdown(
        "`patchbay config default` prints a documented file with every key, and `patchbay config check FILE` reports every \
         mistake in a file with its line. Each setting is a key of the file, a flag of `patchbay serve` and a variable of the \
         environment. A flag overrides the environment, the environment overrides the file, and the file overrides the default.",
    );
    writer.markdown("```sh\npatchbay config default > patchbay.yaml\npatchbay serve --config patchbay.yaml\n```");
    writer.markdown("## Settings");
    let (mut markdown, mut table) = (
        String::from("| Key in the file | Flag | Environment | Default | Description |\n|---|---|---|---|---|\n"),
        String::from(
            "<div class=\"table\" role=\"group\" aria-label=\"Settings\" tabindex=\"0\"><table><thead><tr><th scope=\"col\">Setting</th><th scope=\"col\">Default</th>\
             <th scope=\"col\">Description</th></tr></thead><tbody>\n",
        ),
    );
    for setting in settings {
        let cell = |text: &str| if text.is_empty() { String::new() } else { code(text).replace('|', "\\|") };
        // Writing to a String does not fail.
        let _ = writeln!(
            markdown,
            "| {} | {} | {} | {} | {} |",
            cell(&setting.key),
            cell(&setting.flag),
            cell(&setting.variable),
            cell(&setting.default),
            sentence(&setting.description).replace('|', "\\|")
        );
        let names = [&setting.key, &setting.flag, &setting.variable];
        let names = names.into_iter().filter(|name| !name.is_empty()).map(|name| html_code(name));
        let _ = writeln!(
            table,
            "<tr id=\"{}\"><td>{}</td><td>{}</td><td>{}</td></tr>",
            html(&setting.anchor()),
            names.collect::<Vec<_>>().join("<br>"),
            if setting.default.is_empty() { String::new() } else { html_code(&setting.default) },
            sentence_to_html(&sentence(&setting.description))
        );
    }
    table.push_str("</tbody></table></div>\n");
    writer.both(&markdown, &table);
    Page {
        path: PATH.to_owned(),
        title: "Configuration".to_owned(),
        nav_title: None,
        description: "Every setting: its key in the file, its flag, its variable of the environment and its default."
            .to_owned(),
        section: Section::Operate,
        order: 20,
        redirects: vec!["/docs/configuration".to_owned()],
        body: writer.into_body(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_has_a_row_with_an_anchor() {
        let setting = SettingDoc {
            key: "log.level".to_owned(),
            flag: "--log".to_owned(),
            variable: "PATCHBAY_LOG".to_owned(),
            default: "info".to_owned(),
            description: "A filter such as `a|b`.".to_owned(),
        };
        let page = page(&[setting]);
        assert!(
            page.markdown().contains("| `log.level` | `--log` | `PATCHBAY_LOG` | `info` | A filter such as `a\\|b`. |")
        );
        let patchbay_docs::Body::Both { html, .. } = page.body else { panic!("no HTML") };
        assert!(html.contains("<tr id=\"log.level\"><td><code>log.level</code><br><code>--log</code>"), "{html}");
    }
}
