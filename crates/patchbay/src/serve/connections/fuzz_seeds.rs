//! Runs the function of the fuzz target on its seeds and on random changes of them.

use std::{fs, path::Path};

use proptest::{prelude::*, sample::Index};

use super::connection;

#[path = "../../../../../fuzz/src/http.rs"]
mod target;

/// Returns the seeds of the target.
fn seeds() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/seeds/http");
    fs::read_dir(folder).unwrap().map(|entry| fs::read(entry.unwrap().path()).unwrap()).collect()
}

#[test]
fn the_http_target_accepts_its_seeds() {
    let seeds = seeds();
    assert!(seeds.len() > 5);
    assert!(seeds.iter().any(|seed| seed.windows(target::KEY.len()).any(|part| part == target::KEY.as_bytes())));
    for seed in &seeds {
        // In the seed's own pieces, at once, and byte by byte.
        for piece in [seed[0], 0, 1] {
            target::http(&[&[piece], &seed[1..]].concat());
        }
    }
}

/// A change of a seed at a place.
#[derive(Clone, Debug)]
enum Change {
    Replace(u8),
    Insert(Vec<u8>),
    Remove(usize),
    Repeat(usize),
    End,
}

fn change() -> impl Strategy<Value = Change> {
    let words = prop::sample::select(vec![
        "\r\n",
        "\n",
        "\0",
        " ",
        ":",
        "%",
        "{",
        "[",
        "\"",
        "HTTP/1.1",
        "content-length: 5\r\n",
        "host: b\r\n",
        "transfer-encoding: chunked\r\n",
        "0\r\n\r\n",
        "GET / HTTP/1.1\r\nhost: a\r\n\r\n",
        "connection: close\r\n",
    ]);
    prop_oneof![
        any::<u8>().prop_map(Change::Replace),
        words.prop_map(|word| Change::Insert(word.into())),
        prop::collection::vec(any::<u8>(), 1..20).prop_map(Change::Insert),
        (1_usize..30).prop_map(Change::Remove),
        (1_usize..200).prop_map(Change::Repeat),
        Just(Change::End),
    ]
}

proptest! {
    #[test]
    fn any_bytes_on_a_connection_are_harmless(
        seed in any::<Index>(),
        changes in prop::collection::vec((any::<Index>(), change()), 0..6),
    ) {
        let seeds = seeds();
        let mut bytes = seed.get(&seeds).clone();
        for (place, change) in changes {
            let at = place.index(bytes.len() + 1);
            let after = |count: usize| (at + count).min(bytes.len());
            match change {
                Change::Replace(byte) if at < bytes.len() => bytes[at] = byte,
                Change::Replace(byte) => bytes.push(byte),
                Change::Insert(new) => drop(bytes.splice(at..at, new).count()),
                Change::Remove(count) => drop(bytes.drain(at..after(count))),
                Change::Repeat(count) => {
                    let part = bytes[at..after(count)].to_vec();
                    bytes.splice(at..at, part).for_each(drop);
                }
                Change::End => bytes.truncate(at),
            }
        }
        target::http(&bytes);
    }
}
