//! Calls with everything in memory, and the statements that their server has its database execute.

use crate::support::round_trips::assert_none;

#[test]
fn warm_calls_have_no_statement_executed() {
    let others = assert_none(500);
    eprintln!("500 calls; the background had {others} statements executed");
}
