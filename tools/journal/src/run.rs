use rusqlite::{Connection, OptionalExtension, Row, Transaction, params};

/// The number of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RunId(pub(crate) i64);

/// A run of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunRow {
    /// Its number.
    pub id: RunId,
    /// What was asked for.
    pub command: String,
    /// When it began, in seconds since 1970.
    pub began: i64,
    /// When it ended; None when it was killed or still runs.
    pub ended: Option<i64>,
    /// Its exit code.
    pub exit: Option<i32>,
}

pub(crate) fn begin(transaction: &Transaction<'_>, command: &str, now: i64) -> rusqlite::Result<RunId> {
    transaction
        .query_row(
            "INSERT INTO run (command, began) VALUES (?1, ?2) RETURNING number",
            params![command, now],
            |row| row.get(0),
        )
        .map(RunId)
}

/// Keeps how the run ended, its report, and the reports of the nine before it.
pub(crate) fn end(
    transaction: &Transaction<'_>,
    RunId(run): RunId,
    exit: i32,
    report: &str,
    now: i64,
) -> rusqlite::Result<()> {
    transaction.execute("UPDATE run SET ended = ?2, exit = ?3 WHERE number = ?1", params![run, now, exit])?;
    transaction.execute(
        "INSERT INTO report (run, document) VALUES (?1, ?2)
         ON CONFLICT (run) DO UPDATE SET document = excluded.document",
        params![run, report],
    )?;
    transaction.execute(
        "DELETE FROM report WHERE run NOT IN (SELECT run FROM report ORDER BY run DESC LIMIT ?1)",
        [REPORTS_KEPT],
    )?;
    Ok(())
}

/// The newest run that left a report, with it.
pub(crate) fn last_report(connection: &Connection) -> rusqlite::Result<Option<(RunRow, String)>> {
    connection
        .query_row(
            "SELECT number, command, began, ended, exit, document
             FROM run JOIN report ON report.run = run.number ORDER BY number DESC LIMIT 1",
            (),
            |row| Ok((run_row(row)?, row.get(5)?)),
        )
        .optional()
}

/// All runs, oldest first.
pub(crate) fn runs(connection: &Connection) -> rusqlite::Result<Vec<RunRow>> {
    let mut statement =
        connection.prepare_cached("SELECT number, command, began, ended, exit FROM run ORDER BY number")?;
    statement.query_map((), run_row)?.collect()
}

fn run_row(row: &Row<'_>) -> rusqlite::Result<RunRow> {
    Ok(RunRow {
        id: RunId(row.get(0)?),
        command: row.get(1)?,
        began: row.get(2)?,
        ended: row.get(3)?,
        exit: row.get(4)?,
    })
}

const REPORTS_KEPT: i64 = 10;
