//! Runs the fuzz target on its seeds, so that it compiles and its expectations hold.

#[path = "../../../fuzz/src/mcp.rs"]
mod target;

#[test]
fn the_target_accepts_its_seeds() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/seeds/mcp");
    let mut seeds = 0;
    for entry in std::fs::read_dir(folder).unwrap() {
        let seed = std::fs::read(entry.unwrap().path()).unwrap();
        target::mcp(&seed);
        // A seed that is cut anywhere is an input too.
        (0..seed.len()).step_by(7).for_each(|length| target::mcp(&seed[..length]));
        seeds += 1;
    }
    assert!(seeds >= 7);
}
