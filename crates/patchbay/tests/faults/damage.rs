//! Damaged and cut files, and first starts that are killed: an error in words or the right data, never "not found".

use std::{
    collections::BTreeMap,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::{Path, PathBuf},
    process::Stdio,
    thread::park_timeout,
    time::{Duration, Instant},
};

use serde_json::json;

use crate::support::{LinkedServer, Provider, Server, binary, database::sql};

/// The number of pages of each kind that are damaged, and the places in each of them.
const PAGES_OF_A_KIND: usize = 4;
/// The largest database that is checked before the start.
const CHECKED_BYTES: usize = 8 * 1024 * 1024;

/// Starts a server, or returns what it said.
fn start(data_dir: &Path, provider: &Provider) -> Result<Server, String> {
    let started =
        catch_unwind(AssertUnwindSafe(|| Server::start_in(data_dir, provider, &["--key-requests-per-minute", "0"])));
    started.map_err(|panic| panic.downcast_ref::<String>().cloned().unwrap_or_default())
}

/// Copies the files of a data directory.
fn copy(from: &Path, to: &Path) {
    let _ = fs::remove_dir_all(to);
    fs::create_dir(to).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

/// Returns the pages of a database by their kind (<https://sqlite.org/fileformat2.html>, section 1.6): the first byte of a
/// page of a tree, other for overflow and free pages.
fn pages(file: &[u8]) -> BTreeMap<&'static str, Vec<usize>> {
    let size = match u16::from_be_bytes([file[16], file[17]]) {
        1 => 65_536,
        size => usize::from(size),
    };
    let mut kinds: BTreeMap<&'static str, Vec<usize>> = BTreeMap::new();
    for page in 0..file.len() / size {
        let kind = match file[page * size] {
            _ if page == 0 => "the first page",
            2 => "an inner page of an index",
            5 => "an inner page of a table",
            10 => "a leaf of an index",
            13 => "a leaf of a table",
            _ => "an overflow or free page",
        };
        kinds.entry(kind).or_default().push(page * size);
    }
    kinds
}

/// A data directory whose database has pages of every kind, with an account.
struct Damaged {
    linked: LinkedServer,
    original: PathBuf,
    copy: PathBuf,
    _directory: tempfile::TempDir,
}

impl Damaged {
    fn prepare(is_large: bool) -> Self {
        let mut linked = LinkedServer::new();
        for number in 0..20 {
            let metadata = json!({ "note": format!("{number}").repeat(7_000) });
            linked.server.session(json!({ "metadata": metadata }));
        }
        linked.server.terminate();
        let directory = tempfile::tempdir().unwrap();
        let (original, copied) = (directory.path().join("original"), directory.path().join("copy"));
        copy(&linked.server.data_dir, &original);
        let filler = if is_large { CHECKED_BYTES } else { 10 };
        sql(
            &original,
            &format!(
                "INSERT INTO calls WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < 6000) \
                 SELECT 'call-' || n, 'default-10001', NULL, 'p', 'c', '1.0.0', NULL, 'proxy', 200, NULL, \
                 4000000000000000 + n, 1 FROM numbers; \
                 INSERT INTO meta VALUES ('filler', zeroblob({filler})); PRAGMA wal_checkpoint(TRUNCATE);"
            ),
        );
        Self { linked, original, copy: copied, _directory: directory }
    }

    /// Starts a server on a damaged copy, and checks what it says. Returns true if it did not start.
    fn is_refused(&self, file: &[u8], what: &str) -> bool {
        copy(&self.original, &self.copy);
        fs::write(self.copy.join("patchbay.db"), file).unwrap();
        let mut server = match start(&self.copy, &self.linked.provider) {
            Ok(server) => server,
            Err(message) => {
                let line = message.split("error: ").nth(1).unwrap_or_else(|| panic!("{message}"));
                let is_clear =
                    ["damaged", "backup", "key ring that belongs to it"].iter().any(|word| line.contains(word));
                assert!(is_clear, "{what}: {line}");
                return true;
            }
        };
        let deadline = Instant::now() + Duration::from_secs(30);
        loop {
            let found = server.api().get(&format!("/accounts/{}", self.linked.account));
            assert!([200, 500, 503].contains(&found.status), "{what}: {found}");
            let listed = server.api().get("/accounts");
            assert!([200, 500, 503].contains(&listed.status), "{what}: {listed}");
            let log = server.log();
            if log.contains("the database was checked") || log.contains("THE DATABASE IS DAMAGED") {
                break;
            }
            assert!(Instant::now() < deadline, "{what}: the check did not end:\n{log}");
        }
        let found = server.api().get(&format!("/accounts/{}", self.linked.account));
        assert!([200, 500, 503].contains(&found.status), "{what}: {found}");
        if server.log().contains("THE DATABASE IS DAMAGED") {
            assert_eq!(server.anonymous().get("/readyz").status, 500, "{what}");
        }
        server.kill();
        false
    }
}

fn damage_each_kind_of_page(is_large: bool) {
    let bed = Damaged::prepare(is_large);
    let sound = fs::read(bed.original.join("patchbay.db")).unwrap();
    assert_eq!(sound.len() > CHECKED_BYTES, is_large);
    assert!(!bed.is_refused(&sound, "an undamaged copy"));
    let kinds = pages(&sound);
    assert_eq!(kinds.len(), 6, "{:?}", kinds.keys());
    for (kind, pages) in kinds {
        let (mut refused, mut tried) = (0, 0);
        let step = pages.len().div_ceil(PAGES_OF_A_KIND);
        for page in pages.iter().step_by(step) {
            for (place, length) in [(0, 8), (1_500, 64), (3_000, 64), (4_064, 32)] {
                let mut damaged = sound.clone();
                damaged[page + place..page + place + length].iter_mut().for_each(|byte| *byte ^= 0xFF);
                tried += 1;
                refused += usize::from(bed.is_refused(&damaged, &format!("{kind}, page at {page}, byte {place}")));
            }
        }
        eprintln!(
            "{kind} ({} of them): {tried} damaged, {refused} refused at the start, the others answered rightly",
            pages.len()
        );
    }
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_damaged_page_of_a_small_database_hides_nothing() {
    damage_each_kind_of_page(false);
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_damaged_page_of_a_large_database_hides_nothing() {
    damage_each_kind_of_page(true);
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_log_that_was_cut_loses_only_its_end() {
    const CHANGES: usize = 40;
    let mut linked = LinkedServer::new();
    let (data_dir, path) = (linked.server.data_dir.clone(), format!("/accounts/{}", linked.account));
    // The log is written back, so that the changes are only in the log.
    linked.server.terminate();
    let mut server = Server::start_in(&data_dir, &linked.provider, &[]);
    for change in 0..CHANGES {
        assert_eq!(server.api().patch(&path, &json!({ "label": change.to_string() })).status, 200);
    }
    server.kill();
    let directory = tempfile::tempdir().unwrap();
    let (original, copied) = (directory.path().join("original"), directory.path().join("copy"));
    copy(&data_dir, &original);
    let log = fs::read(original.join("patchbay.db-wal")).unwrap();
    // A header of 32 bytes, then frames of 24 bytes and a page (<https://sqlite.org/fileformat2.html>, section 4.1).
    let frame = 24 + 4_096;
    let ends = (0..=24).map(|part| 32 + (log.len() - 32) / frame * part / 24 * frame);
    let inside = (1..24).map(|part| log.len() * part / 24 + 17);
    let mut cuts =
        ends.chain(inside).chain([0, 1, 31, log.len()]).map(|length| length.min(log.len())).collect::<Vec<_>>();
    cuts.sort_unstable();
    cuts.dedup();
    let label = |wal: &[u8], what: &str| {
        copy(&original, &copied);
        fs::write(copied.join("patchbay.db-wal"), wal).unwrap();
        let _ = fs::remove_file(copied.join("patchbay.db-shm"));
        let mut server = start(&copied, &linked.provider).unwrap_or_else(|message| panic!("{what}: {message}"));
        let account = server.api().get(&path);
        assert_eq!(account.status, 200, "{what}: {account}");
        server.kill();
        account.json()["label"].as_str().map_or(-1, |label| label.parse::<i64>().unwrap())
    };
    let mut last = -1;
    for cut in &cuts {
        let found = label(&log[..*cut], &format!("cut at {cut} of {}", log.len()));
        assert!(found >= last, "cut at {cut}: {found} after {last}");
        last = found;
    }
    assert_eq!(usize::try_from(last).unwrap(), CHANGES - 1, "the whole log loses nothing");
    let (mut header, mut middle) = (log.clone(), log.clone());
    header[..32].fill(0);
    let place = 32 + frame * ((log.len() / frame) / 2) + 100;
    middle[place..place + 64].iter_mut().for_each(|byte| *byte ^= 0xFF);
    let of_header = label(&header, "a header of zeros");
    let of_middle = label(&middle, "a damaged frame");
    let of_garbage = label(&[0xA5; 9_000], "garbage");
    assert!(of_header == -1 && of_garbage == -1 && of_middle < last, "{of_header} {of_garbage} {of_middle}");
    eprintln!("{} cuts: each start had a prefix of the changes", cuts.len());
}

/// Starts a server for the first time, kills it after a time, and returns what it printed.
fn killed_first_start(data_dir: &Path, after: Duration) -> String {
    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(data_dir);
    let mut child = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    // The delay varies the moment of the kill; the assertions do not depend on it.
    let until = Instant::now() + after;
    while let Some(left) = until.checked_duration_since(Instant::now()) {
        park_timeout(left);
    }
    child.kill().unwrap();
    String::from_utf8_lossy(&child.wait_with_output().unwrap().stderr).into_owned()
}

fn key_in(printed: &str) -> Option<String> {
    let key = printed.split_whitespace().find(|word| word.starts_with("v1.local."))?;
    // The banner was printed as a whole: the link comes after the key.
    printed.contains("/dashboard?login_token=").then(|| key.to_owned())
}

#[test]
#[ignore = "takes minutes; `make faults` runs it"]
fn a_first_start_that_was_killed_is_repeated() {
    const KILLS: u32 = 60;
    let measured = tempfile::tempdir().unwrap();
    let began = Instant::now();
    let mut command = binary();
    command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(measured.path().join("data"));
    Server::spawn(command, &measured.path().join("data")).terminate();
    let usual = began.elapsed();
    let (mut shown_before, mut shown_again) = (0, 0);
    for kill in 0..KILLS {
        let directory = tempfile::tempdir().unwrap();
        let data_dir = directory.path().join("data");
        let before = killed_first_start(&data_dir, usual * kill / KILLS);
        let mut command = binary();
        command.args(["serve", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data_dir);
        let mut server = Server::spawn(command, &data_dir);
        assert_eq!(server.anonymous().get("/readyz").status, 200);
        // The next start shows a key and a link, unless the killed one showed its own.
        let deadline = Instant::now() + Duration::from_secs(10);
        let key = loop {
            // Another thread collects the log.
            let log = server.log();
            if let Some(key) = key_in(&log) {
                shown_again += 1;
                break key;
            }
            if let Some(key) = key_in(&before) {
                shown_before += 1;
                break key;
            }
            assert!(Instant::now() < deadline, "kill {kill}: nobody saw a key:\n{before}\n---\n{log}");
            std::thread::yield_now();
        };
        assert_eq!(server.with_key(&key).get("/accounts").status, 200, "kill {kill}");
        server.terminate();
    }
    eprintln!(
        "{KILLS} kills within {usual:?}: {shown_again} shown by the next start, {shown_before} by the killed one"
    );
}
