//! Values of columns, as both backends have them, and the statements that both run on them.

use sqlx::{Database, QueryBuilder, query_builder::Separated};

use super::tables::Table;
use crate::{Result, StorageError};

/// A type of column.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Integer,
    /// PostgreSQL only: SQLite has integers in its place.
    Boolean,
    Text,
    Bytes,
}

impl Kind {
    /// Returns the kind of a column by the name of its type; none if no transfer knows the type.
    pub(super) fn of(type_name: &str) -> Option<Self> {
        match type_name.to_ascii_lowercase().as_str() {
            "integer" | "bigint" => Some(Self::Integer),
            "boolean" => Some(Self::Boolean),
            "text" => Some(Self::Text),
            "blob" | "bytea" => Some(Self::Bytes),
            _ => None,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Column {
    /// Its name in both backends.
    pub(super) name: String,
    /// Its name in this backend's statements, quoted.
    pub(super) sql: String,
    pub(super) kind: Kind,
}

impl Column {
    /// Returns a column by its name and the name of its type.
    ///
    /// # Errors
    /// [`StorageError::Other`] if no transfer knows the type.
    pub(super) fn new(table: &Table, name: String, type_name: &str) -> Result<Self> {
        let Some(kind) = Kind::of(type_name) else {
            let cause = format!("{}.{name} has a type that cannot be copied: {type_name}", table.name);
            return Err(StorageError::Other(cause.into()));
        };
        Ok(Self { sql: quoted(&name), name, kind })
    }
}

fn quoted(name: &str) -> String {
    format!("\"{name}\"")
}

/// Returns the names of columns for a statement.
pub(super) fn sql_names(columns: &[Column]) -> String {
    columns.iter().map(|column| &*column.sql).collect::<Vec<_>>().join(", ")
}

/// The values of a statement, which are separated by commas.
pub(super) type Values<'q, DB> = Separated<'q, DB, &'static str>;

/// Returns the query of the rows after a key, whose parts `bind` adds.
pub(super) fn page_query<DB: Database>(
    table: &Table,
    columns: &[Column],
    after: Option<&[Cell]>,
    bind: impl Fn(&mut Values<'_, DB>, Cell),
) -> QueryBuilder<DB> {
    let key = table.key.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", ");
    let mut query = QueryBuilder::new(format!("SELECT {} FROM {}", sql_names(columns), table.name));
    if let Some(after) = after {
        query.push(format!(" WHERE ({key}) > ("));
        let mut values = query.separated(", ");
        after.iter().for_each(|cell| bind(&mut values, cell.clone()));
        query.push(")");
    }
    query.push(format!(" ORDER BY {key} LIMIT {}", table.page));
    query
}

/// A value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Cell {
    Null,
    Integer(i64),
    Boolean(bool),
    Text(String),
    Bytes(Vec<u8>),
}

impl Cell {
    /// Appends the bytes that identify the value. They are the same for both backends: a boolean is a number there, and a text of
    /// one may be bytes in the other.
    pub(super) fn identify(&self, bytes: &mut Vec<u8>) {
        let mut add = |tag: u8, content: &[u8]| {
            bytes.push(tag);
            bytes.extend((content.len() as u64).to_be_bytes());
            bytes.extend(content);
        };
        match self {
            Self::Null => add(b'n', &[]),
            Self::Integer(number) => add(b'i', &number.to_be_bytes()),
            Self::Boolean(value) => add(b'i', &i64::from(*value).to_be_bytes()),
            Self::Text(text) => add(b'b', text.as_bytes()),
            Self::Bytes(content) => add(b'b', content),
        }
    }

    /// Returns the value as a column of another backend stores it.
    ///
    /// # Errors
    /// [`StorageError::Other`] if a column there cannot contain it.
    pub(super) fn converted(self, kind: Kind) -> Result<Self> {
        match (self, kind) {
            (Self::Null, _) => Ok(Self::Null),
            (Self::Integer(number), Kind::Integer) => Ok(Self::Integer(number)),
            (Self::Integer(number @ (0 | 1)), Kind::Boolean) => Ok(Self::Boolean(number == 1)),
            (Self::Boolean(value), Kind::Integer) => Ok(Self::Integer(value.into())),
            (Self::Boolean(value), Kind::Boolean) => Ok(Self::Boolean(value)),
            (Self::Text(text), Kind::Text) => Ok(Self::Text(text)),
            (Self::Text(text), Kind::Bytes) => Ok(Self::Bytes(text.into_bytes())),
            (Self::Bytes(bytes), Kind::Bytes) => Ok(Self::Bytes(bytes)),
            (Self::Bytes(bytes), Kind::Text) => match String::from_utf8(bytes) {
                Ok(text) => Ok(Self::Text(text)),
                Err(error) => Err(StorageError::Other(error.into())),
            },
            (value, kind) => Err(StorageError::Other(format!("a value of a column is not {kind:?}: {value:?}").into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn identity(cell: &Cell) -> Vec<u8> {
        let mut bytes = Vec::new();
        cell.identify(&mut bytes);
        bytes
    }

    #[test]
    fn a_value_keeps_its_identity_in_the_other_backend() {
        for (cell, kind) in [
            (Cell::Integer(1), Kind::Boolean),
            (Cell::Integer(0), Kind::Boolean),
            (Cell::Boolean(true), Kind::Integer),
            (Cell::Text("é \"'\n".to_owned()), Kind::Bytes),
            (Cell::Bytes("text\0".into()), Kind::Text),
            (Cell::Null, Kind::Text),
            (Cell::Integer(i64::MIN), Kind::Integer),
        ] {
            assert_eq!(identity(&cell.clone().converted(kind).unwrap()), identity(&cell), "{cell:?}");
        }
        assert!(Cell::Integer(2).converted(Kind::Boolean).is_err());
        assert!(Cell::Bytes(vec![0xff]).converted(Kind::Text).is_err());
        assert!(Cell::Text("1".to_owned()).converted(Kind::Integer).is_err());
    }

    #[test]
    fn different_rows_have_different_identities() {
        let rows = [
            vec![Cell::Text("a".to_owned()), Cell::Text("bc".to_owned())],
            vec![Cell::Text("ab".to_owned()), Cell::Text("c".to_owned())],
            vec![Cell::Text(String::new()), Cell::Null],
            vec![Cell::Null, Cell::Text(String::new())],
            vec![Cell::Integer(98), Cell::Null],
        ];
        let mut seen = std::collections::BTreeSet::new();
        for row in &rows {
            assert!(seen.insert(row.iter().flat_map(identity).collect::<Vec<_>>()), "{row:?}");
        }
    }
}
