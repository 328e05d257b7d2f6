//! The samples for load balancers: the programs accept them, and they name settings that exist.

use std::{fs, path::Path, process::Command};

use crate::support::{
    binary,
    haproxy::{documented, free_port, settings, system_program},
};

const PAGE: &str = "operate/replicas.md";

/// Runs a program that must accept what it is given.
pub fn accepts(command: &mut Command) {
    let output = command.output().unwrap_or_else(|error| panic!("{command:?}: {error}"));
    let text = [output.stdout, output.stderr].concat();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&text));
}

/// Writes a certificate for a name, and its key.
fn certificate(directory: &Path) {
    let mut command = Command::new("openssl");
    command.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]);
    command.args(["-subj", "/CN=patchbay.example.com", "-out"]).arg(directory.join("patchbay.crt"));
    accepts(command.arg("-keyout").arg(directory.join("patchbay.key")));
    let both = ["patchbay.crt", "patchbay.key"].map(|name| fs::read_to_string(directory.join(name)).unwrap());
    fs::write(directory.join("patchbay.pem"), both.concat()).unwrap();
}

#[test]
fn haproxy_accepts_its_sample() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path());
    let file = directory.path().join("haproxy.cfg");
    let sample = documented(PAGE, "backend patchbay").replace("/etc/haproxy", &directory.path().display().to_string());
    for text in [sample, settings(&format!("127.0.0.1:{}", free_port()), ["127.0.0.1:1", "127.0.0.1:2"])] {
        fs::write(&file, text).unwrap();
        accepts(system_program("haproxy").arg("-c").arg("-f").arg(&file));
    }
}

#[test]
fn nginx_accepts_its_sample() {
    let directory = tempfile::tempdir().unwrap();
    certificate(directory.path());
    let sample = documented(PAGE, "upstream patchbay").replace("/etc/nginx", &directory.path().display().to_string());
    let file = directory.path().join("nginx.conf");
    let inside = |name: &str| directory.path().join(name).display().to_string();
    let paths = ["client_body_temp_path", "proxy_temp_path", "fastcgi_temp_path", "uwsgi_temp_path", "scgi_temp_path"];
    let paths = paths.map(|path| format!("{path} {};\n", inside(path))).concat();
    let own = format!("pid {};\nerror_log stderr;\nevents {{}}\n", inside("pid"));
    fs::write(&file, format!("{own}http {{\naccess_log off;\n{paths}{sample}}}\n")).unwrap();
    let mut command = system_program("nginx");
    accepts(command.arg("-t").arg("-p").arg(directory.path()).arg("-c").arg(&file));
}

/// Returns the names of settings in a text.
fn variables(text: &str) -> Vec<&str> {
    let words = text.split(|c: char| !c.is_ascii_uppercase() && c != '_');
    words.filter(|word| word.starts_with("PATCHBAY_") && word.len() > 9).collect()
}

/// Checks that the settings that a text names exist.
pub fn assert_settings(text: &str) {
    let help = binary().args(["serve", "--help"]).output().unwrap();
    let help = String::from_utf8(help.stdout).unwrap();
    let named = variables(text);
    assert!(named.len() > 5, "{named:?}");
    // The key has no flag.
    for name in named.into_iter().filter(|name| *name != "PATCHBAY_API_KEY") {
        assert!(["=", "]"].iter().any(|end| help.contains(&format!("[env: {name}{end}"))), "{name} is not a setting");
    }
}

#[test]
fn the_sample_for_kubernetes_names_settings_that_exist() {
    let sample = documented(PAGE, "kind: Deployment");
    assert_settings(&sample);
    if let Err(diagnostic) = patchbay_connector::syntax::parse("deployment.yaml", &sample) {
        panic!("{diagnostic:?}");
    }
}
