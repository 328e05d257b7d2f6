//! Rebuilds the binary when the web pages or the connectors change.

fn main() {
    println!("cargo:rerun-if-changed=../../web/dist");
    println!("cargo:rerun-if-changed=../../connectors");
}
