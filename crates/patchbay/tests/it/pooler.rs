//! The server behind PgBouncer, in both modes, and while it is restarted.

use patchbay_storage::conformance::{
    pgbouncer::{PgBouncer, PoolMode},
    postgres_server::PostgresServer,
};
use serde_json::json;

use crate::{
    quickstart,
    support::{LinkedServer, binary, database::block_on},
};

/// More tries than a change needs after the pooler is back: each of them waits for a connection.
const TRIES: usize = 60;

/// The variable that says that the pooler is in transaction mode.
const POOLED: (&str, &str) = ("PATCHBAY_DATABASE_POOLED", "true");

struct Pooled {
    server: PostgresServer,
    pooler: PgBouncer,
}

impl Pooled {
    fn start(mode: PoolMode) -> Self {
        let server = PostgresServer::start();
        let pooler = PgBouncer::start(&server, mode);
        Self { server, pooler }
    }

    /// Creates a database, and returns its URL through the pooler.
    fn database(&self, name: &str) -> String {
        block_on(self.server.create_database(name, None));
        self.pooler.url(name)
    }
}

fn list_types(linked: &LinkedServer) {
    let answer = linked.run("list_contract_types", json!({}));
    assert_eq!(answer.status, 200, "{answer}");
}

/// Calls go on while the pooler is away, changes succeed again when it is back.
fn survives_restarts_of(pooled: &mut Pooled, arguments: &[&str]) {
    let linked = LinkedServer::with_arguments(arguments);
    let path = format!("/accounts/{}", linked.account);
    for round in 0..3 {
        list_types(&linked);
        pooled.pooler.kill();
        for _ in 0..20 {
            let answer = linked.run("list_contract_types", json!({}));
            // The server forgets the account once more when it sees its own change, which may be after the call before.
            assert!(matches!(answer.status, 200 | 503), "round {round}: {answer}");
        }
        let refused = linked.server.api().patch(&path, &json!({ "label": "refused" }));
        assert_eq!(refused.status, 503, "{refused}");
        pooled.pooler.restart();
        let label = format!("round {round}");
        let changed = (0..TRIES).any(|_| {
            let answer = linked.server.api().patch(&path, &json!({ "label": label }));
            assert!(matches!(answer.status, 200 | 503), "{answer}");
            answer.status == 200
        });
        assert!(changed, "round {round}: changes fail although the pooler is back");
        let read = linked.server.api().get(&path);
        assert_eq!(read.json()["label"], json!(label), "{read}");
    }
}

#[test]
fn the_quickstart_runs_behind_a_pooler_in_session_mode() {
    let mut pooled = Pooled::start(PoolMode::Session);
    quickstart::walk_through(&["--database-url", &pooled.database("first")]);
    let url = pooled.database("second");
    survives_restarts_of(&mut pooled, &["--database-url", &url]);
}

#[test]
fn the_quickstart_runs_behind_a_pooler_in_transaction_mode() {
    let mut pooled = Pooled::start(PoolMode::Transaction);
    quickstart::walk_through(&["--database-url", &pooled.database("first"), "--database-pooled"]);
    let url = pooled.database("second");
    survives_restarts_of(&mut pooled, &["--database-url", &url, "--database-pooled"]);
    let (url, direct) = (pooled.database("third"), pooled.server.url("third"));
    let arguments = ["--database-url", &url, "--database-pooled", "--database-listen-url", &direct];
    survives_restarts_of(&mut pooled, &arguments);
}

#[test]
fn the_doctor_recognizes_a_pooler_in_transaction_mode() {
    let pooled = Pooled::start(PoolMode::Transaction);
    let (url, direct) = (pooled.database("patchbay"), pooled.server.url("patchbay"));
    let linked = LinkedServer::with_arguments(&["--database-url", &direct]);
    let examine = |variables: &[(&str, &str)]| {
        let mut command = binary();
        command.arg("doctor").arg("--data-dir").arg(&linked.server.data_dir).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let at = |url| ("PATCHBAY_DATABASE_URL", url);
    for (variables, code, words) in [
        (vec![at(&*url)], 1, "problem: the URL leads to a pooler in transaction mode, and `database.pooled`"),
        (
            vec![at(&*url), POOLED],
            0,
            "ok: the URL leads to a pooler in transaction mode, as `database.pooled` says; without",
        ),
        (vec![at(&*direct)], 0, "ok: the URL does not lead to a pooler in transaction mode"),
        (vec![at(&*direct), POOLED], 1, "problem: `database.pooled` (PATCHBAY_DATABASE_POOLED) is true"),
        (
            vec![at(&*url), POOLED, ("PATCHBAY_DATABASE_LISTEN_URL", &*direct)],
            0,
            "ok: `database.listenUrl` leads to the same database",
        ),
        (
            vec![at(&*url), POOLED, ("PATCHBAY_DATABASE_LISTEN_URL", &*url)],
            1,
            "problem: the database cannot be used; give",
        ),
        (vec![at("postgres://u@127.0.0.1:1/d")], 1, "problem: the database cannot be used; check that PostgreSQL runs"),
        (vec![], 1, "problem: the database "),
    ] {
        let (found, report) = examine(&variables);
        assert!(report.contains(words), "{variables:?}: {report}");
        assert_eq!(found, Some(code), "{variables:?}: {report}");
        assert!(report.contains("ok: the key ring"), "{report}");
    }
    let (_, report) = examine(&[at(&*direct)]);
    for words in
        ["ok: the database is PostgreSQL ", "as this Patchbay needs", "ok: servers use the database: 127.0.0.1:"]
    {
        assert!(report.contains(words), "{report}");
    }
}
