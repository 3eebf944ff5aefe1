//! The program `mailferry` as a user runs it.

use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use serde_json::Value;

use super::command::{Finished, run};

/// Runs `mailferry` with these arguments, from a folder that has nothing to do with the plan.
#[track_caller]
pub fn ferry(arguments: &[&str], plan: &Path) -> Finished {
    run(&mut command(arguments, plan), Duration::from_secs(120))
}

/// `mailferry ARGUMENTS PLAN`, not yet started.
pub fn command(arguments: &[&str], plan: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_mailferry"));
    command.args(arguments).arg(plan).current_dir("/");
    command
}

/// One of the other tools, with a state folder of the test's own.
#[track_caller]
pub fn tool(program: &str, state: &Path, arguments: &[&str]) -> Finished {
    let mut command = Command::new(program);
    command.args(arguments).env("XDG_STATE_HOME", state);
    run(&mut command, Duration::from_secs(120))
}

/// Runs with `--json` and gives the exit code, the document and stderr.
#[track_caller]
pub fn ferry_json(arguments: &[&str], plan: &Path) -> (i32, Value, String) {
    let mut all = vec!["--json"];
    all.extend(arguments);
    let finished = ferry(&all, plan);
    let document = serde_json::from_str(&finished.stdout)
        .unwrap_or_else(|error| panic!("{error}: {:?}\n{}", finished.stdout, finished.stderr));
    (finished.code().expect("no signal"), document, finished.stderr)
}

/// The counts of a document that are not zero.
pub fn counts(document: &Value) -> BTreeMap<String, u64> {
    let counts = document["counts"].as_object().expect("counts");
    let number = |value: &Value| value.as_u64().expect("a number");
    counts.iter().map(|(name, value)| (name.clone(), number(value))).filter(|(_, value)| *value > 0).collect()
}

/// The items of a document with this verdict.
pub fn items<'a>(document: &'a Value, verdict: &str) -> Vec<&'a Value> {
    let items = document["items"].as_array().expect("items");
    items.iter().filter(|item| item["verdict"] == verdict).collect()
}
