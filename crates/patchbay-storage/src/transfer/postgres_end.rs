//! A PostgreSQL database as a side of a transfer.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, Executor as _, Postgres, QueryBuilder, Row as _, Transaction, postgres::PgRow};

use super::{
    End,
    cells::{Cell, Column, Kind, Values, page_query, sql_names},
    tables::{Counted, Table},
};
use crate::{
    Result, StorageError,
    postgres::{Failure, PostgresStorage},
};

struct PostgresEnd(Transaction<'static, Postgres>);

/// A transfer takes longer than a request, also between its statements.
const NO_TIMEOUTS: &str = "SET LOCAL statement_timeout = 0; SET LOCAL idle_in_transaction_session_timeout = 0";

/// Begins to read one snapshot of the database.
pub(super) async fn source(storage: &PostgresStorage) -> Result<Box<dyn End>> {
    begin(storage, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY").await
}

/// Begins to write to the database.
pub(super) async fn target(storage: &PostgresStorage) -> Result<Box<dyn End>> {
    begin(storage, "BEGIN ISOLATION LEVEL READ COMMITTED").await
}

async fn begin(storage: &PostgresStorage, statement: &'static str) -> Result<Box<dyn End>> {
    let mut transaction = storage.pool.begin_with(statement).await.map_err(failed)?;
    transaction.execute(NO_TIMEOUTS).await.map_err(failed)?;
    Ok(Box::new(PostgresEnd(transaction)))
}

fn failed(error: sqlx::Error) -> StorageError {
    Failure::from(error).into()
}

fn cell(row: &PgRow, index: usize, kind: Kind) -> Result<Cell> {
    let cell = match kind {
        Kind::Integer => row.try_get::<Option<i64>, _>(index).map_err(failed)?.map(Cell::Integer),
        Kind::Boolean => row.try_get::<Option<bool>, _>(index).map_err(failed)?.map(Cell::Boolean),
        Kind::Text => row.try_get::<Option<String>, _>(index).map_err(failed)?.map(Cell::Text),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index).map_err(failed)?.map(Cell::Bytes),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

fn bind(values: &mut Values<'_, Postgres>, cell: Cell, kind: Kind) {
    match (cell, kind) {
        // A parameter has a type, also if it is NULL.
        (Cell::Null, Kind::Integer) => values.push_bind(None::<i64>),
        (Cell::Null, Kind::Boolean) => values.push_bind(None::<bool>),
        (Cell::Null, Kind::Text) => values.push_bind(None::<String>),
        (Cell::Null, Kind::Bytes) => values.push_bind(None::<Vec<u8>>),
        (Cell::Integer(number), _) => values.push_bind(number),
        (Cell::Boolean(value), _) => values.push_bind(value),
        (Cell::Text(text), _) => values.push_bind(text),
        (Cell::Bytes(bytes), _) => values.push_bind(bytes),
    };
}

#[async_trait]
impl End for PostgresEnd {
    async fn tables(&mut self) -> Result<Vec<String>> {
        // Tables of extensions are nobody's, and partitions belong to their table.
        let tables = "SELECT c.relname::text FROM pg_class c WHERE c.relnamespace = current_schema()::regnamespace \
             AND c.relkind IN ('r', 'p') AND NOT c.relispartition \
             AND NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = c.oid AND d.deptype = 'e')";
        sqlx::query_scalar(tables).fetch_all(&mut *self.0).await.map_err(failed)
    }

    async fn columns(&mut self, table: &Table) -> Result<Vec<Column>> {
        let query = "SELECT column_name::text, data_type::text FROM information_schema.columns \
             WHERE table_schema = current_schema() AND table_name = $1";
        let found: Vec<(String, String)> =
            sqlx::query_as(query).bind(table.name).fetch_all(&mut *self.0).await.map_err(failed)?;
        let is_repeated = |name: &str| table.repeated.iter().any(|(repeated, _)| *repeated == name);
        let found = found.into_iter().filter(|(name, _)| !is_repeated(name));
        let columns = found.map(|(name, type_name)| Column::new(table, name, &type_name));
        let mut columns = columns.collect::<Result<Vec<_>>>()?;
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(columns)
    }

    async fn page(&mut self, table: &Table, columns: &[Column], after: Option<&[Cell]>) -> Result<Vec<Vec<Cell>>> {
        // A part of a primary key is never NULL.
        let bind_key = |values: &mut Values<'_, _>, cell| bind(values, cell, Kind::Text);
        let mut query = page_query(table, columns, after, bind_key);
        let rows = query.build().fetch_all(&mut *self.0).await.map_err(failed)?;
        let cells = |row: &PgRow| {
            columns.iter().enumerate().map(|(index, column)| cell(row, index, column.kind)).collect::<Result<Vec<_>>>()
        };
        rows.iter().map(cells).collect()
    }

    async fn has_rows(&mut self, table: &Table) -> Result<bool> {
        let query = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *self.0).await.map_err(failed)
    }

    async fn add(&mut self, table: &Table, columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<()> {
        let insert = format!("INSERT INTO {} ({}) OVERRIDING SYSTEM VALUE ", table.name, sql_names(columns));
        let mut query = QueryBuilder::<Postgres>::new(insert);
        query.push_values(rows, |mut values, row| {
            row.into_iter().zip(columns).for_each(|(cell, column)| bind(&mut values, cell, column.kind));
        });
        query.build().execute(&mut *self.0).await.map_err(failed)?;
        Ok(())
    }

    async fn repeat(&mut self, table: &Table) -> Result<()> {
        for (column, expression) in table.repeated {
            let update = format!("UPDATE {} SET {column} = {expression}", table.name);
            sqlx::query(AssertSqlSafe(update)).execute(&mut *self.0).await.map_err(failed)?;
        }
        Ok(())
    }

    async fn count_of(&mut self, table: &Table, counted: Counted) -> Result<i64> {
        let sequence = "SELECT pg_get_serial_sequence($1, $2)";
        let sequence: String = sqlx::query_scalar(sequence)
            .bind(table.name)
            .bind(counted.column)
            .fetch_one(&mut *self.0)
            .await
            .map_err(failed)?;
        let query = format!("SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM {sequence}");
        sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *self.0).await.map_err(failed)
    }

    async fn set_count(&mut self, table: &Table, counted: Counted, last: i64) -> Result<()> {
        let query = "SELECT setval(pg_get_serial_sequence($1, $2), greatest($3, 1), $3 > 0)";
        let set = sqlx::query(query).bind(table.name).bind(counted.column).bind(last);
        set.execute(&mut *self.0).await.map_err(failed)?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        self.0.commit().await.map_err(failed)
    }
}
