//! Runs the function of the fuzz target on its seeds and on random changes.

use std::{fs, path::Path};

use proptest::prelude::*;

#[path = "../../../fuzz/src/sealed.rs"]
mod target;

#[test]
fn the_sealed_target_accepts_its_seeds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/sealed");
    let seeds = fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect::<Vec<_>>();
    assert!(!seeds.is_empty());
    seeds.iter().for_each(|seed| target::sealed(seed));
}

proptest! {
    #[test]
    fn only_an_unchanged_envelope_opens(data in prop::collection::vec(any::<u8>(), 0..200)) {
        target::sealed(&data);
    }
}
