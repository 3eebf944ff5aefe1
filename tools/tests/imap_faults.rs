//! Connections that break, servers that refuse and runs that are killed, at places drawn by lot: whatever happened,
//! one undisturbed run makes both sides equal, and nothing is doubled.
//!
//! `MAILFERRY_FAULTS` and `MAILFERRY_IMAP_KILLS` set how many there are; `MAILFERRY_SEED` draws the same again.
#![cfg(feature = "servers")]
#![allow(clippy::unwrap_used, reason = "a test fails where it stands")]

#[path = "support/imap_source.rs"]
mod imap_source;
mod support;

use std::process::Stdio;
use std::thread::sleep;
use std::time::{Duration, Instant};

use imap_source::{Tool, account, count};
use rustix::process::{Pid, Signal, kill_process};
use support::proxy::Counts;
use support::random::{Random, setting};
use support::same::{assert_same, assert_same_unordered};
use support::{Dovecot, Fault, Look, Proxy};

#[test]
fn connections_cut_at_any_command() {
    faults(8, |random, counts| Fault::CutAtCommand(1 + random.below(counts.commands)));
}

#[test]
fn connections_cut_between_two_answers() {
    faults(8, |random, counts| Fault::CutAfterAnswer(1 + random.below(counts.answers)));
}

#[test]
fn connections_cut_at_any_byte() {
    faults(12, |random, counts| match random.below(2) {
        0 => Fault::CutUp(random.below(counts.up)),
        _ => Fault::CutDown(random.below(counts.down)),
    });
}

#[test]
fn appends_whose_answer_is_lost_are_not_repeated() {
    // Before the source there is nothing to swallow.
    faults(12, |random, counts| Fault::SwallowAppend(1 + random.below(counts.appends.max(1))));
}

#[test]
fn commands_refused_by_the_way() {
    faults(12, |random, counts| {
        let at = 1 + random.below(counts.commands);
        Fault::Answer(at, ANSWERS[usize::try_from(random.below(ANSWERS.len() as u64)).unwrap()])
    });
}

#[test]
fn servers_that_say_bye() {
    faults(6, |random, counts| Fault::Bye(1 + random.below(counts.commands)));
}

#[test]
fn slow_servers_are_waited_for() {
    let servers = Servers::new(1);
    let (from, to) = (
        Proxy::slow(servers.old.port(), Duration::from_millis(15)),
        Proxy::slow(servers.new.port(), Duration::from_millis(15)),
    );
    let round = Round::new(&from, &to, 0);
    assert_eq!(round.run().0, 0);
    assert_same(&servers.source(), &servers.target(0), "after a slow run");
}

#[test]
fn a_server_that_falls_silent_is_left_at_the_second_ctrl_c() {
    let servers = Servers::new(3);
    for (number, at) in [(1, 6), (2, 14)] {
        let (from, to) = (Proxy::before(servers.old.port()), Proxy::before(servers.new.port()));
        to.arm(Fault::Stall(at));
        let round = Round::new(&from, &to, number);
        let mut command = round.tool.command(&round.arguments("run"));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let begun = Instant::now();
        while !to.has_struck() {
            assert!(begun.elapsed() < Duration::from_secs(60), "it never came to command {at}");
            sleep(Duration::from_millis(5));
        }
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap()).unwrap();
        while matches!(child.try_wait(), Ok(None)) {
            assert!(begun.elapsed() < Duration::from_secs(90), "it still waits for command {at}");
            kill_process(pid, Signal::INT).ok();
            sleep(Duration::from_millis(300));
        }
        assert_ne!(child.wait().unwrap().code(), Some(0), "it was not finished");
        round.finish(&servers, number, &format!("silent at command {at}"));
    }
}

/// Killed at random moments of the whole run, up to three times, then finished.
#[test]
fn runs_killed_between_two_servers_double_and_lose_nothing() {
    let kills = setting("MAILFERRY_IMAP_KILLS").unwrap_or(12);
    let rounds = 2 * kills + 8;
    let servers = Servers::new(rounds + 1);
    let (from, to) = (Proxy::before(servers.old.port()), Proxy::before(servers.new.port()));
    let mut whole = Duration::MAX;
    // The first run finds servers that are still cold.
    for number in [0, rounds] {
        let (round, begun) = (Round::new(&from, &to, number), Instant::now());
        assert_eq!(round.run().0, 0);
        whole = whole.min(begun.elapsed());
    }
    let (mut random, mut killed) = (Random::new(), 0);
    println!("MAILFERRY_SEED={}", random.seed());
    for number in 1..rounds {
        if killed >= kills {
            break;
        }
        let round = Round::new(&from, &to, number);
        for _ in 0..1 + random.below(3) {
            let mut command = round.tool.command(&round.arguments("run"));
            let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
            sleep(whole.mul_f64(random.fraction()));
            // One that was over already does not count.
            killed += u64::from(matches!(child.try_wait(), Ok(None)));
            child.kill().unwrap();
            child.wait().unwrap();
        }
        round.finish(&servers, number, &format!("seed {}, kill {killed}", random.seed()));
    }
    println!("{killed} runs were killed in the middle");
    assert!(killed >= kills, "too many runs were over before they were killed: {killed} of {kills}");
}

/// So many rounds, half of them before the source and half before the target.
#[track_caller]
fn faults(rounds: u64, mut draw: impl FnMut(&mut Random, Counts) -> Fault) {
    let rounds = setting("MAILFERRY_FAULTS").unwrap_or(rounds);
    let servers = Servers::new(rounds + 1);
    let (from, to) = (Proxy::before(servers.old.port()), Proxy::before(servers.new.port()));
    assert_eq!(Round::new(&from, &to, 0).run().0, 0);
    let usual = [from.counts(), to.counts()];
    let before = servers.source();
    let (mut random, mut struck) = (Random::new(), 0);
    println!("MAILFERRY_SEED={}", random.seed());
    for number in 1..=rounds {
        let side = usize::try_from(number % 2).unwrap();
        let fault = draw(&mut random, usual[side]);
        let what =
            format!("seed {}, round {number}: {fault:?} at {}", random.seed(), ["source", "target"][side]);
        let (from, to) = (Proxy::before(servers.old.port()), Proxy::before(servers.new.port()));
        [&from, &to][side].arm(fault);
        let round = Round::new(&from, &to, number);
        let (exit, log) = round.run();
        assert!(matches!(exit, 0 | 1) && !log.contains("panicked"), "{what}: exit {exit} {log}");
        if exit == 0 {
            assert_same_unordered(&servers.source(), &servers.target(number), &what);
        } else {
            assert!(log.lines().any(|line| line.starts_with("FAIL ")), "{what}: {log}");
        }
        struck += u64::from([&from, &to][side].disarm());
        round.finish(&servers, number, &what);
    }
    assert_eq!(servers.source(), before, "l5_source_untouched");
    println!("{struck} of {rounds} faults struck");
    assert!(struck > 0, "no fault struck");
}

/// An old server with one account, and a new one with an account a round.
struct Servers {
    old: Dovecot,
    new: Dovecot,
}

impl Servers {
    #[track_caller]
    fn new(rounds: u64) -> Self {
        let old = Dovecot::with_accounts(&[(ANNA, PASSWORD)]);
        account("few", old.port(), ANNA, PASSWORD, &[]);
        let users: Vec<String> = (0..rounds).map(user).collect();
        let accounts: Vec<(&str, &str)> = users.iter().map(|user| (user.as_str(), PASSWORD)).collect();
        Self { old, new: Dovecot::with_accounts(&accounts) }
    }

    fn source(&self) -> Look {
        self.old.look(ANNA, PASSWORD).unwrap()
    }

    fn target(&self, round: u64) -> Look {
        self.new.look(&user(round), PASSWORD).unwrap()
    }
}

/// One account's way, with a state of its own.
struct Round {
    tool: Tool,
    urls: [String; 2],
    password: String,
}

impl Round {
    fn new(from: &Proxy, to: &Proxy, number: u64) -> Self {
        let tool = Tool::new();
        let password = tool.password("anna.pw", PASSWORD);
        let source = format!("imap://{ANNA}@127.0.0.1:{}", from.port());
        let target = format!("imap://{}@127.0.0.1:{}", user(number), to.port());
        Self { tool, urls: [source, target], password }
    }

    fn arguments<'a>(&'a self, command: &'a str) -> Vec<&'a str> {
        let [source, target] = &self.urls;
        let files = ["--source-password-file", &self.password, "--target-password-file", &self.password];
        [&[command, source, target, "--allow-plaintext"], &files[..]].concat()
    }

    fn run(&self) -> (i32, String) {
        let (exit, _, log) = self.tool.json(&self.arguments("run"));
        (exit, log)
    }

    /// An undisturbed run makes both sides equal, and another one has nothing to do.
    #[track_caller]
    fn finish(&self, servers: &Servers, number: u64, what: &str) {
        let (exit, log) = self.run();
        assert_eq!(exit, 0, "{what}: {log}");
        let target = servers.target(number);
        assert_same_unordered(&servers.source(), &target, what);
        let (exit, document, log) = self.tool.json(&self.arguments("run"));
        assert_eq!(
            (exit, count(&document, "copied"), count(&document, "adopted")),
            (0, 0, 0),
            "{what}: {log}"
        );
        assert_eq!(servers.target(number), target, "l2_idempotent, {what}");
    }
}

fn user(round: u64) -> String {
    format!("anna{round}@example.test")
}

const ANNA: &str = "anna@example.test";
const PASSWORD: &str = "anna's password";
const ANSWERS: [&str; 8] = [
    "NO [UNAVAILABLE] try again later",
    "NO [SERVERBUG] Internal error occurred. Refer to server log for more information.",
    "NO [INUSE] Mailbox is locked",
    "NO [LIMIT] Too many commands",
    "NO [OVERQUOTA] Quota exceeded",
    "NO",
    "BAD Command Argument Error 11",
    "BAD Request is throttled. Suggested Backoff Time: 40 milliseconds",
];
