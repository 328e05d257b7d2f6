//! Rebuilds when a migration is added: the files are embedded by a macro that cargo cannot see into.
fn main() {
    println!("cargo:rerun-if-changed=migrations");
}
