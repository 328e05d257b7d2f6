//! The server on PostgreSQL: links, actions, restarts, commands, and lost connections.

use std::{
    fs,
    path::Path,
    process::{Command, Output},
};

use patchbay_storage::conformance::postgres_server::PostgresServer;
use serde_json::json;
use sqlx::Connection as _;

use crate::{
    quickstart,
    support::{
        LinkedServer, Server, binary, canary,
        database::{block_on, sql},
    },
};

/// A PostgreSQL server with an empty database.
struct Database {
    server: PostgresServer,
    /// The URL. Its password is one of the planted secrets: neither the log nor a file may contain it.
    url: String,
}

impl Database {
    fn start() -> Self {
        let server = PostgresServer::start();
        let url = block_on(server.create_database("patchbay", None));
        let url = url.replace("postgres://patchbay@", &format!("postgres://patchbay:{}@", canary::API_KEY));
        Self { server, url }
    }

    fn arguments(&self) -> [&str; 2] {
        ["--database-url", &self.url]
    }

    /// Ends the connections of the server under test.
    fn cut(&self) {
        let statement = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = 'patchbay' AND pid <> pg_backend_pid()";
        block_on(async {
            let pool = sqlx::PgPool::connect(&self.server.url("postgres")).await.unwrap();
            sqlx::query(statement).execute(&pool).await.unwrap();
            pool.close().await;
        });
    }

    fn output(&self, arguments: &[&str], data_dir: &Path) -> Output {
        let mut command = binary();
        command.env("PATCHBAY_DATABASE_URL", &self.url).args(arguments).arg("--data-dir").arg(data_dir);
        command.output().unwrap()
    }

    /// Runs a server or command that must fail, and returns its error line.
    fn refused(&self, arguments: &[&str], data_dir: &Path) -> String {
        let output = self.output(arguments, data_dir);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
        let message = String::from_utf8(output.stderr).unwrap();
        canary::assert_absent(message.as_bytes(), "the error");
        message.lines().find(|line| line.starts_with("error: ")).unwrap_or_else(|| panic!("{message}")).to_owned()
    }

    /// Moves a database, and returns what the command prints, also if it fails.
    fn moved(&self, from: &str, to: &str) -> String {
        let mut command = binary();
        command.env("PATCHBAY_DATABASE_URL", &self.url).args(["move", "--from", from, "--to", to]);
        let output = command.output().unwrap();
        for text in [&output.stdout, &output.stderr] {
            canary::assert_absent(text, "the output");
        }
        String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
    }

    /// Runs a command while no server runs, and returns its output.
    fn offline(&self, arguments: &[&str], data_dir: &Path) -> String {
        let output = self.output(arguments, data_dir);
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }
}

const SERVE: [&str; 3] = ["serve", "--listen", "127.0.0.1:0"];

fn list_types(linked: &LinkedServer) {
    let answer = linked.run("list_contract_types", json!({}));
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn the_quickstart_runs_on_postgresql() {
    let database = Database::start();
    quickstart::walk_through(&database.arguments());
}

#[test]
fn accounts_survive_a_restart_and_a_rotation_of_keys_on_postgresql() {
    let database = Database::start();
    let mut linked = LinkedServer::with_arguments(&database.arguments());
    list_types(&linked);
    let data_dir = linked.server.data_dir.clone();
    assert!(!data_dir.join("patchbay.db").exists(), "the file is not used");
    // The running server has the database: the command needs no URL.
    let made = binary().args(["login-link", "--data-dir"]).arg(&data_dir).output().unwrap();
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    assert_eq!(linked.server.terminate(), Some(0));

    let rotated = database.offline(&["keyring", "rotate"], &data_dir);
    assert!(rotated.contains("key"), "{rotated}");
    let projects = database.offline(&["project", "list"], &data_dir);
    let project = projects.split_whitespace().next().unwrap();
    let keys = database.offline(&["api-key", "list", "--project", project], &data_dir);
    assert!(keys.contains("environment"), "{keys}");

    let server = Server::start_in(&data_dir, &linked.provider, &database.arguments());
    let run = json!({ "action": "spotdraft_list_contract_types" });
    let answer = server.api().header("x-account-id", &linked.account).post("/actions/rpc", &run);
    assert_eq!(answer.status, 200, "{answer}");
}

#[test]
fn lost_connections_to_postgresql_are_replaced() {
    let database = Database::start();
    let linked = LinkedServer::with_arguments(&database.arguments());
    for _ in 0..3 {
        database.cut();
        list_types(&linked);
        linked.server.session(json!({}));
        linked.server.ready_again();
    }
}

#[test]
fn a_postgresql_database_is_not_opened_without_its_key_ring() {
    let database = Database::start();
    let mut linked = LinkedServer::with_arguments(&database.arguments());
    assert_eq!(linked.server.terminate(), Some(0));
    let other = tempfile::tempdir().unwrap();
    for command in [&SERVE[..], &["project", "list"]] {
        let message = database.refused(command, other.path());
        assert!(message.contains("keyring.json is missing, but its database exists"), "{message}");
        assert!(!other.path().join("keyring.json").exists(), "no other ring is created");
    }

    // A ring that sealed another database does not open an empty one.
    let empty = Database::start();
    let message = empty.refused(&SERVE, &linked.server.data_dir);
    assert!(message.contains("contains nothing that it sealed"), "{message}");
}

#[test]
fn a_wrong_database_url_is_a_one_line_error_without_its_password() {
    let directory = tempfile::tempdir().unwrap();
    for (url, words) in [
        (format!("mysql://u:{}@127.0.0.1/d", canary::API_KEY), "postgres://USER:PASSWORD@HOST"),
        (format!("postgres://u:{}@127.0.0.1:1/d", canary::API_KEY), "check that PostgreSQL runs"),
    ] {
        let output = binary()
            .env("PATCHBAY_DATABASE_URL", url)
            .args(SERVE)
            .arg("--data-dir")
            .arg(directory.path())
            .output()
            .unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && message.contains(words), "{message}");
        canary::assert_absent(message.as_bytes(), "the error");
    }
}

#[test]
fn a_move_to_postgresql_and_back_keeps_accounts_and_keys() {
    let database = Database::start();
    let mut linked = LinkedServer::new();
    list_types(&linked);
    let data_dir = linked.server.data_dir.clone();
    let directory = format!("sqlite:{}", data_dir.display());
    let run = json!({ "action": "spotdraft_list_contract_types" });

    let in_use = database.moved(&directory, &database.url);
    assert!(in_use.contains("already uses the data directory"), "{in_use}");
    assert_eq!(linked.server.terminate(), Some(0));
    let moved = database.moved(&directory, "postgres");
    assert!(moved.contains("accounts\t1\n") && moved.contains("calls\t"), "{moved}");
    assert!(moved.contains("to postgres://localhost/patchbay; start the server with that one"), "{moved}");

    // The source refuses, and says where everything is.
    for command in [&SERVE[..], &["project", "list"]] {
        let output = binary().args(command).arg("--data-dir").arg(&data_dir).output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        assert!(
            !output.status.success() && message.contains("was moved to postgres://localhost/patchbay"),
            "{message}"
        );
    }
    assert!(database.moved(&directory, &database.url).contains("was moved to"));

    let mut server = Server::start_in(&data_dir, &linked.provider, &database.arguments());
    let answer = server.api().header("x-account-id", &linked.account).post("/actions/rpc", &run);
    assert_eq!(answer.status, 200, "{answer}");
    let sessions = server.session(json!({}));
    assert!(database.moved(&database.url, &directory).contains("already uses the data directory"));
    assert_eq!(server.terminate(), Some(0));

    // Back: a directory with a database is refused, and one without the key ring.
    let refused = database.moved("postgres", &directory);
    assert!(refused.contains("nothing was moved: the target is not empty"), "{refused}");
    let other = tempfile::tempdir().unwrap();
    let back = format!("sqlite:{}", other.path().join("data").display());
    assert!(database.moved("postgres", &back).contains("keyring.json: it moves with the directory"));
    fs::copy(data_dir.join("keyring.json"), other.path().join("data/keyring.json")).unwrap();
    let moved = database.moved("postgres", &back);
    assert!(moved.contains("accounts\t1\n"), "{moved}");
    let message = database.refused(&SERVE, &data_dir);
    assert!(message.contains("was moved to sqlite:"), "{message}");

    let server = Server::start_in(&other.path().join("data"), &linked.provider, &[]);
    let answer = server.api().header("x-account-id", &linked.account).post("/actions/rpc", &run);
    assert_eq!(answer.status, 200, "{answer}");
    assert_eq!(server.hub(&sessions).get("/hub/connectors").status, 200, "a link that was made on PostgreSQL");
}

#[test]
fn a_schema_is_checked_and_migrated_apart_from_a_start() {
    let database = Database::start();
    let empty = tempfile::tempdir().unwrap();
    let check = |arguments: &[&str]| {
        let output = database.output(&[&["migrate"], arguments].concat(), empty.path());
        canary::assert_absent(&output.stderr, "the error");
        (output.status.code(), String::from_utf8(output.stdout).unwrap())
    };
    let (code, pending) = check(&["--check"]);
    assert!(code == Some(1) && pending.contains("the schema has version 0, and this Patchbay needs"), "{pending}");
    let (code, migrated) = check(&[]);
    assert!(code == Some(0) && migrated.contains("migrated the schema from version 0 to"), "{migrated}");
    let (code, current) = check(&["--check"]);
    assert!(code == Some(0) && current.contains("as this Patchbay needs"), "{current}");
    assert_eq!(check(&[]), (Some(0), current));

    // The file, while no server uses it.
    let mut linked = LinkedServer::new();
    let data_dir = linked.server.data_dir.clone();
    let run =
        |arguments: &[&str]| binary().arg("migrate").args(arguments).arg("--data-dir").arg(&data_dir).output().unwrap();
    assert!(run(&["--check"]).status.success());
    assert!(String::from_utf8_lossy(&run(&[]).stderr).contains("already uses the data directory"));
    linked.server.terminate();
    sql(
        &data_dir,
        "INSERT INTO _sqlx_migrations (version, description, success, checksum, execution_time) VALUES (9999, 'later', 1, x'00', 0)",
    );
    let newer = run(&["--check"]);
    let text = String::from_utf8_lossy(&newer.stdout).into_owned();
    assert!(newer.status.success() && text.contains("the schema has version 9999, which is newer than "), "{text}");
    let refused = String::from_utf8(run(&[]).stderr).unwrap();
    assert!(refused.contains("its schema has version 9999; this server is for version "), "{refused}");
}

/// Returns the blocks of code of the page about PostgreSQL in a language.
fn blocks(language: &str) -> Vec<String> {
    let page = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/operate/postgresql.md")).unwrap();
    let blocks = page.split("```").skip(1).step_by(2);
    blocks.filter_map(|block| block.strip_prefix(&format!("{language}\n"))).map(str::to_owned).collect()
}

#[test]
fn the_page_about_postgresql_sets_up_backs_up_and_restores_a_database() {
    let server = PostgresServer::start();
    let statements = blocks("sql").concat();
    let run = |statements: String| {
        block_on(async {
            let mut connection = sqlx::PgConnection::connect(&server.url("postgres")).await.unwrap();
            for statement in statements.split(';').map(str::trim).filter(|statement| !statement.is_empty()) {
                sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut connection).await.unwrap();
            }
        });
    };
    // The user of the tests has the name of the page's role: another one takes its place.
    let renamed = |text: &str| text.replace("ROLE patchbay", "ROLE app").replace("OWNER patchbay", "OWNER app");
    run(renamed(&statements));
    run(renamed("CREATE DATABASE restored OWNER patchbay"));
    let url = |database: &str| server.url(database).replace("postgres://patchbay@", "postgres://app@");

    let mut linked = LinkedServer::with_arguments(&["--database-url", &url("patchbay")]);
    let directory = tempfile::tempdir().unwrap();
    let commands = blocks("console").concat();
    let mut ran = 0;
    for command in commands.lines().filter_map(|line| line.strip_prefix("$ pg_")) {
        let output = Command::new("bash")
            .args(["-c", &format!("pg_{command}")])
            .current_dir(directory.path())
            .env("PATCHBAY_DATABASE_URL", url("patchbay"))
            .env("RESTORED_DATABASE_URL", url("restored"))
            .output()
            .unwrap();
        assert!(output.status.success(), "{command}: {}", String::from_utf8_lossy(&output.stderr));
        ran += 1;
    }
    assert_eq!(ran, 2, "the copy and its restore");
    assert_eq!(linked.server.terminate(), Some(0));
    let restored = Server::start_in(&linked.server.data_dir, &linked.provider, &["--database-url", &url("restored")]);
    let run = json!({ "action": "spotdraft_list_contract_types" });
    let answer = restored.api().header("x-account-id", &linked.account).post("/actions/rpc", &run);
    assert_eq!(answer.status, 200, "{answer}");
}

/// Nothing is created for a server or a command whose URL cannot be used, and the error says once what is wrong.
#[test]
fn a_url_of_another_database_is_refused_before_anything_is_created() {
    let parent = tempfile::tempdir().unwrap();
    let data_dir = parent.path().join("data");
    for url in [
        "mysql://u:PASSWORD@h/d",
        "PASSWORD@h/d",
        "postgres://u:PASSWORD@h:port/d",
        "postgres://u:PASSWORD@h/d?sslmode=x",
    ] {
        let url = url.replace("PASSWORD", canary::API_KEY);
        for command in [&SERVE[..], &["keyring", "status"], &["project", "list"]] {
            let mut process = binary();
            process.env("PATCHBAY_DATABASE_URL", &url).args(command).arg("--data-dir").arg(&data_dir);
            let output = process.output().unwrap();
            let message = String::from_utf8(output.stderr).unwrap();
            canary::assert_absent(message.as_bytes(), "the error");
            assert!(!output.status.success() && output.stdout.is_empty(), "{command:?}: {message}");
            assert!(message.contains("PATCHBAY_DATABASE_URL"), "{command:?}: {message}");
            assert_eq!(message.matches("cannot be used").count(), 1, "{command:?}: {message}");
            assert!(message.contains("postgres://USER:PASSWORD@HOST"), "{command:?}: {message}");
            assert!(!data_dir.exists(), "{command:?} with {url}");
        }
    }
}
