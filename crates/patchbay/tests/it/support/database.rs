//! The database of a server under test: the file in its data directory or, if `PATCHBAY_TEST_DATABASE` names a PostgreSQL server
//! (`tools/with-postgres`), a database there for each data directory.
//!
//! The functions read and change the database of a stopped server, as somebody who can write to it.

use std::{
    path::Path,
    process::{Command, Stdio},
};

use sqlx::{AssertSqlSafe, Connection, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

/// What statements that are written for SQLite need: functions, a number as a boolean, and no checks of foreign keys.
const DIALECT: &str = "SET session_replication_role = replica; \
     CREATE OR REPLACE FUNCTION zeroblob(length int) RETURNS bytea LANGUAGE sql AS $$ SELECT decode(repeat('00', length), 'hex') $$; \
     CREATE OR REPLACE FUNCTION replace(bytes bytea, old text, new text) RETURNS bytea LANGUAGE sql AS \
     $$ SELECT convert_to(replace(convert_from(bytes, 'UTF8'), old, new), 'UTF8') $$; \
     UPDATE pg_cast SET castcontext = 'a' WHERE castsource = 'int4'::regtype AND casttarget = 'bool'::regtype;";

/// Returns the URL of the PostgreSQL server on which the tests run; none if they run on SQLite.
#[expect(clippy::disallowed_methods, reason = "the switch between the databases of the tests")]
pub fn postgres_server() -> Option<String> {
    std::env::var("PATCHBAY_TEST_DATABASE").ok().filter(|url| !url.is_empty())
}

/// Returns the name of the database of a data directory. `on-postgres.sh` builds it too.
fn name(data_dir: &Path) -> String {
    let path = data_dir.display().to_string();
    let name: String = path.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' }).collect();
    name[name.len().saturating_sub(60)..].to_owned()
}

/// Returns the URL of the database of a data directory.
fn url(server: &str, name: &str) -> String {
    server.replacen("/postgres?", &format!("/{name}?"), 1)
}

/// Runs asynchronous work to its end.
pub fn block_on<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(work)
}

async fn file(data_dir: &Path) -> SqliteConnection {
    let options = SqliteConnectOptions::new().filename(data_dir.join("patchbay.db")).foreign_keys(false);
    SqliteConnection::connect_with(&options).await.unwrap()
}

/// Runs statements on the database of a stopped server, without the checks of foreign keys.
pub fn sql(data_dir: &Path, statements: &str) {
    block_on(async {
        if let Some(server) = postgres_server() {
            // Bytes are written as x'00' there, and as '\x00' here.
            let statements = statements.replace(" x'", " '\\x").replace("(x'", "('\\x");
            let statements = format!("{DIALECT} {statements}");
            run_on(&url(&server, &name(data_dir)), &statements).await;
        } else {
            let mut connection = file(data_dir).await;
            sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
            connection.close().await.unwrap();
        }
    });
}

async fn run_on(url: &str, statements: &str) {
    let mut connection = PgConnection::connect(url).await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

/// Returns the one value that a query selects, as text.
pub fn select(data_dir: &Path, query: &str) -> String {
    let query = AssertSqlSafe(query.to_owned());
    block_on(async {
        if let Some(server) = postgres_server() {
            let mut connection = PgConnection::connect(&url(&server, &name(data_dir))).await.unwrap();
            sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
        } else {
            sqlx::query_scalar(query).fetch_one(&mut file(data_dir).await).await.unwrap()
        }
    })
}

/// Returns what a query of the logs of a stopped server returns.
pub fn select_log(data_dir: &Path, query: &str) -> String {
    block_on(async {
        if let Some(server) = postgres_server() {
            let mut connection = PgConnection::connect(&url(&server, &name(data_dir))).await.unwrap();
            let query = format!("SET search_path = patchbay_logs; {}", query.replace("log_runs_1", "log_runs"));
            let row = sqlx::raw_sql(AssertSqlSafe(query)).fetch_one(&mut connection).await.unwrap();
            return sqlx::Row::get(&row, 0);
        }
        let options = SqliteConnectOptions::new().filename(data_dir.join("logs.db")).read_only(true);
        let mut connection = SqliteConnection::connect_with(&options).await.unwrap();
        sqlx::query_scalar(AssertSqlSafe(query.to_owned())).fetch_one(&mut connection).await.unwrap()
    })
}

/// Keeps a copy of the database of a stopped server.
pub fn keep(data_dir: &Path) {
    let Some(server) = postgres_server() else {
        std::fs::copy(data_dir.join("patchbay.db"), data_dir.join("kept.db")).unwrap();
        return;
    };
    let name = name(data_dir);
    let statement = format!("CREATE DATABASE \"k{name}\" TEMPLATE \"{name}\"");
    block_on(run_on(&server, &statement));
}

/// Puts the copy that [`keep`] made in the place of the database of a stopped server.
pub fn restore(data_dir: &Path) {
    let Some(server) = postgres_server() else {
        std::fs::rename(data_dir.join("kept.db"), data_dir.join("patchbay.db")).unwrap();
        return;
    };
    let name = name(data_dir);
    block_on(async {
        run_on(&server, &format!("DROP DATABASE \"{name}\" WITH (FORCE)")).await;
        run_on(&server, &format!("ALTER DATABASE \"k{name}\" RENAME TO \"{name}\"")).await;
    });
}

/// Returns everything that the PostgreSQL database of a data directory contains, as text; none on SQLite, or if it does not exist.
pub fn dump(data_dir: &Path) -> Option<Vec<u8>> {
    let url = url(&postgres_server()?, &name(data_dir));
    let dump = Command::new("pg_dump").args(["--data-only", "--inserts", &url]).stderr(Stdio::null()).output().unwrap();
    dump.status.success().then_some(dump.stdout)
}

/// Removes the PostgreSQL database of a data directory that is removed.
pub fn remove(data_dir: &Path) {
    if let Some(server) = postgres_server() {
        let statement = format!("DROP DATABASE IF EXISTS \"{}\" WITH (FORCE)", name(data_dir));
        block_on(run_on(&server, &statement));
    }
}
