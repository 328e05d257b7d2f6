-- How a server finds out whether a transaction was committed whose COMMIT it sent without an answer. Each transaction that writes
-- puts a number of its own into a row that no other transaction of the moment uses. The number is there if, and only if, the
-- transaction was committed: after a crash, and on a standby that took over without the newest transactions, too. There, the number
-- that PostgreSQL gave to the transaction may belong to another one.
CREATE TABLE write_marks (
    id text COLLATE "C" PRIMARY KEY,
    number bigint NOT NULL,
    marked_at bigint NOT NULL
) WITH (fillfactor = 50);
