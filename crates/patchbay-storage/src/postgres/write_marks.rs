//! Marks of transactions that write, by which their outcome is found if the answer to COMMIT is lost.
//!
//! PostgreSQL's own number of a transaction is not enough: after a crash, and on a standby that took over without the newest
//! transactions, another transaction may have the same number. A transaction therefore writes a number of its own into a row that
//! no other one uses (`write_marks`): the row says what was committed, also on another server.

use std::{
    hash::{BuildHasher, RandomState},
    sync::{Arc, Mutex, PoisonError},
};

use sqlx::PgConnection;

use super::error::Outcome;

/// The marks of this process. No other one has rows with its name.
pub(super) struct WriteMarks {
    process: String,
    rows: Mutex<Rows>,
}

#[derive(Default)]
struct Rows {
    free: Vec<u64>,
    /// The number of rows so far.
    count: u64,
    /// The number of marks so far.
    marks: i64,
}

/// The mark of one try of a transaction. Its row is free again when it is dropped, unless the connection was lost: then the server may
/// hold the row for some time.
pub(super) struct WriteMark {
    marks: Arc<WriteMarks>,
    row: u64,
    number: i64,
    is_lost: bool,
}

impl WriteMarks {
    pub(super) fn new() -> Arc<Self> {
        let random = || RandomState::new().hash_one(0_u8);
        let process = format!("{:016x}{:016x}", random(), random());
        Arc::new(Self { process, rows: Mutex::default() })
    }

    /// Returns a mark that no transaction has had.
    pub(super) fn next(self: &Arc<Self>) -> WriteMark {
        let mut rows = self.rows.lock().unwrap_or_else(PoisonError::into_inner);
        rows.marks += 1;
        let row = rows.free.pop().unwrap_or_else(|| {
            rows.count += 1;
            rows.count
        });
        WriteMark { marks: self.clone(), row, number: rows.marks, is_lost: false }
    }
}

impl WriteMark {
    /// Returns the statement that marks the transaction. It is sent with others in one round trip, without parameters.
    pub(super) fn statement(&self) -> String {
        format!(
            "INSERT INTO write_marks (id, number, marked_at) VALUES ('{}', {}, clock_micros()) \
             ON CONFLICT (id) DO UPDATE SET number = excluded.number, marked_at = excluded.marked_at",
            self.id(),
            self.number
        )
    }

    /// Records that the connection was lost: no other transaction may wait for the row.
    pub(super) fn lose(&mut self) {
        self.is_lost = true;
    }

    /// Returns whether the transaction was committed. Waits for its end, up to `lock_timeout`, if it is still under way: the statement
    /// writes the row as the transaction does.
    pub(super) async fn is_stored(&self, connection: &mut PgConnection) -> Outcome<bool> {
        let query = sqlx::query_scalar(
            "INSERT INTO write_marks AS m (id, number, marked_at) VALUES ($1, 0, clock_micros()) \
             ON CONFLICT (id) DO UPDATE SET number = m.number RETURNING number",
        );
        let number: i64 = query.bind(self.id()).fetch_one(connection).await?;
        Ok(number == self.number)
    }

    fn id(&self) -> String {
        format!("{}-{}", self.marks.process, self.row)
    }
}

impl Drop for WriteMark {
    fn drop(&mut self) {
        if !self.is_lost {
            self.marks.rows.lock().unwrap_or_else(PoisonError::into_inner).free.push(self.row);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_two_transactions_have_one_mark_or_one_row_at_once() {
        let marks = WriteMarks::new();
        let (first, mut second) = (marks.next(), marks.next());
        assert_eq!((first.row, second.row), (1, 2));
        drop(first);
        let third = marks.next();
        assert_eq!((third.row, third.number), (1, 3), "the row is free, the number is new");
        second.lose();
        drop(second);
        assert_eq!(marks.next().row, 3, "nobody waits for a row that the server may hold");
        assert_ne!(WriteMarks::new().process, marks.process);
    }
}
