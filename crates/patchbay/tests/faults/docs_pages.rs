//! How long a page of the documentation takes, and how much memory all pages take.

use std::time::{Duration, Instant};

use crate::support::{Provider, Server};

/// The most that a page takes that was rendered before.
const MAX_PAGE: Duration = Duration::from_millis(10);
/// The most that all pages add to the resident memory, in KiB: their text, their HTML, and what highlights code.
const MAX_GROWTH_KIB: u64 = 64 * 1024;
/// How often each page is read.
const READS: usize = 20;

#[test]
#[ignore = "measures time and memory: make faults"]
fn pages_of_the_documentation_are_quick_and_small() {
    let provider = Provider::start();
    let server = Server::start(&provider, &[]);
    let client = server.anonymous();
    // Every connector is compiled for the list of actions; the documentation is not to blame for it.
    assert_eq!(server.api().get("/actions?page_size=1").status, 200);
    let before = server.memory_kib("VmRSS");
    let started = Instant::now();
    assert_eq!(client.get("/docs").status, 200);
    let first = started.elapsed();
    let sitemap = client.get("/sitemap.xml").body;
    let pages = sitemap.split("<loc>").skip(1).filter_map(|rest| rest.split("</loc>").next());
    let pages = pages.map(|page| page.strip_prefix(&server.base).unwrap_or(page)).collect::<Vec<_>>();
    assert!(pages.len() > 50, "{sitemap}");
    let mut slowest = (Duration::ZERO, "");
    for page in &pages {
        assert_eq!(client.get(page).status, 200, "{page}");
        let mut times = Vec::new();
        for _ in 0..READS {
            let started = Instant::now();
            client.get(page);
            times.push(started.elapsed());
        }
        times.sort_unstable();
        slowest = slowest.max((times[READS / 2], *page));
    }
    let growth = server.memory_kib("VmRSS").saturating_sub(before);
    let (time, page) = slowest;
    println!("the first page {first:?}; {} pages, the slowest {page}: {time:?}; memory {growth} KiB more", pages.len());
    assert!(time < MAX_PAGE, "{page} takes {time:?}");
    assert!(growth < MAX_GROWTH_KIB, "{growth} KiB");
}
