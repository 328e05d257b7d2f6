//! A SQLite file as a side of a transfer.

use async_trait::async_trait;
use sqlx::{AssertSqlSafe, QueryBuilder, Row as _, Sqlite, Transaction, sqlite::SqliteRow};

use super::{
    End,
    cells::{Cell, Column, Kind, Values, page_query, sql_names},
    tables::{Counted, Table},
};
use crate::{Result, sqlite::SqliteStorage};

struct SqliteEnd(Transaction<'static, Sqlite>);

/// Begins to read one snapshot of the file.
pub(super) async fn source(storage: &SqliteStorage) -> Result<Box<dyn End>> {
    Ok(Box::new(SqliteEnd(storage.read().await?)))
}

/// Begins to write to the file.
pub(super) async fn target(storage: &SqliteStorage) -> Result<Box<dyn End>> {
    Ok(Box::new(SqliteEnd(storage.write().await?)))
}

fn cell(row: &SqliteRow, index: usize, kind: Kind) -> Result<Cell> {
    let cell = match kind {
        Kind::Integer | Kind::Boolean => row.try_get::<Option<i64>, _>(index)?.map(Cell::Integer),
        Kind::Text => row.try_get::<Option<String>, _>(index)?.map(Cell::Text),
        Kind::Bytes => row.try_get::<Option<Vec<u8>>, _>(index)?.map(Cell::Bytes),
    };
    Ok(cell.unwrap_or(Cell::Null))
}

fn bind(values: &mut Values<'_, Sqlite>, cell: Cell) {
    match cell {
        Cell::Null => values.push_bind(None::<i64>),
        Cell::Integer(number) => values.push_bind(number),
        Cell::Boolean(value) => values.push_bind(i64::from(value)),
        Cell::Text(text) => values.push_bind(text),
        Cell::Bytes(bytes) => values.push_bind(bytes),
    };
}

#[async_trait]
impl End for SqliteEnd {
    async fn tables(&mut self) -> Result<Vec<String>> {
        let tables = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        Ok(sqlx::query_scalar(tables).fetch_all(&mut *self.0).await?)
    }

    async fn columns(&mut self, table: &Table) -> Result<Vec<Column>> {
        let query = sqlx::query_as("SELECT name, type FROM pragma_table_info(?)").bind(table.name);
        let found: Vec<(String, String)> = query.fetch_all(&mut *self.0).await?;
        let columns = found.into_iter().map(|(name, type_name)| Column::new(table, name, &type_name));
        let mut columns = columns.collect::<Result<Vec<_>>>()?;
        if let Some(counted) = table.counted.filter(|counted| counted.in_sqlite != counted.column) {
            let (name, sql) = (counted.column.to_owned(), counted.in_sqlite.to_owned());
            columns.push(Column { name, sql, kind: Kind::Integer });
        }
        columns.sort_by(|a, b| a.name.cmp(&b.name));
        Ok(columns)
    }

    async fn page(&mut self, table: &Table, columns: &[Column], after: Option<&[Cell]>) -> Result<Vec<Vec<Cell>>> {
        let mut query = page_query(table, columns, after, bind);
        let rows = query.build().fetch_all(&mut *self.0).await?;
        let cells = |row: &SqliteRow| {
            columns.iter().enumerate().map(|(index, column)| cell(row, index, column.kind)).collect::<Result<Vec<_>>>()
        };
        rows.iter().map(cells).collect()
    }

    async fn has_rows(&mut self, table: &Table) -> Result<bool> {
        let query = format!("SELECT EXISTS (SELECT 1 FROM {})", table.name);
        Ok(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *self.0).await?)
    }

    async fn add(&mut self, table: &Table, columns: &[Column], rows: Vec<Vec<Cell>>) -> Result<()> {
        let insert = format!("INSERT INTO {} ({}) ", table.name, sql_names(columns));
        let mut query = QueryBuilder::<Sqlite>::new(insert);
        query.push_values(rows, |mut values, row| row.into_iter().for_each(|cell| bind(&mut values, cell)));
        query.build().execute(&mut *self.0).await?;
        Ok(())
    }

    async fn repeat(&mut self, _table: &Table) -> Result<()> {
        // Indexes of expressions are in their place.
        Ok(())
    }

    async fn count_of(&mut self, table: &Table, counted: Counted) -> Result<i64> {
        let query = if counted.is_kept {
            format!("SELECT coalesce((SELECT seq FROM sqlite_sequence WHERE name = '{}'), 0)", table.name)
        } else {
            format!("SELECT coalesce(max({}), 0) FROM {}", counted.in_sqlite, table.name)
        };
        Ok(sqlx::query_scalar(AssertSqlSafe(query)).fetch_one(&mut *self.0).await?)
    }

    async fn set_count(&mut self, table: &Table, counted: Counted, last: i64) -> Result<()> {
        if !counted.is_kept {
            return Ok(());
        }
        sqlx::query("DELETE FROM sqlite_sequence WHERE name = ?").bind(table.name).execute(&mut *self.0).await?;
        let add = sqlx::query("INSERT INTO sqlite_sequence (name, seq) VALUES (?, ?)").bind(table.name).bind(last);
        add.execute(&mut *self.0).await?;
        Ok(())
    }

    async fn commit(self: Box<Self>) -> Result<()> {
        Ok(self.0.commit().await?)
    }
}
