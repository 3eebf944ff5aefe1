//! One Dovecot account to another; what arrived is compared by Python's imaplib in another process.
#![allow(clippy::unwrap_used)]

mod dovecot;
mod fake;

use std::fs;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::AtomicUsize;
use std::sync::atomic::Ordering::Relaxed;

use dovecot::Dovecot;
use fake::{FakeMemory, Fuse, Rowed};
use imap_sync::{
    Connect, Endpoint, Error, ImapStore, ImapTarget, Policy, Reason, Report, Secret, Unwatched, Verdict,
    Watch, connect, connect_target, plan_all, run, verify,
};

fn wait<F: Future>(future: F) -> F::Output {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}

/// The source by TLS and its owner's password, the target by STARTTLS and the administrator's.
struct Accounts {
    source: Endpoint,
    target: Endpoint,
}

impl Accounts {
    fn new(server: &Dovecot, other: &Dovecot, user: u8) -> Self {
        let source = Endpoint::parse(&format!("imaps://u1@localhost:{}", server.tls_port), false).unwrap();
        let target = Endpoint::parse(&format!("imap://u{user}@127.0.0.1:{}", other.port), false).unwrap();
        let target = target.with_cafile(Some(other.ca())).with_admin(Some("master".into()));
        Self { source: source.with_cafile(Some(server.ca())), target }
    }
}

impl Connect for Accounts {
    type Source = ImapStore;
    type Target = ImapTarget;

    async fn connect(&self, _: u32) -> Result<(ImapStore, ImapTarget), Error> {
        let source = connect(&self.source, Secret::new("pw1")).await?;
        Ok((source, connect_target(&self.target, Secret::new("masterpw")).await?))
    }

    async fn close(&self, (source, target): (ImapStore, ImapTarget)) {
        source.close().await;
        target.close().await;
    }

    fn limit(&self) -> usize {
        2
    }
}

/// Lets so many steps be taken.
struct Patience(AtomicUsize);

impl Watch for Patience {
    fn go_on(&self) -> bool {
        self.0.try_update(Relaxed, Relaxed, |left| left.checked_sub(1)).is_ok()
    }
}

enum Work<'a> {
    Plan,
    Run(&'a dyn Watch),
    Verify,
}

fn work(server: &Dovecot, other: &Dovecot, user: u8, rows: &mut Rowed, work: &Work<'_>) -> Report {
    let (accounts, policy) = (Accounts::new(server, other, user), Policy::default());
    let memory = FakeMemory::new(rows.clone(), &Fuse::never());
    let report = wait(async {
        match work {
            Work::Plan => plan_all(&accounts, &memory, &policy, &Unwatched).await,
            Work::Run(watch) => run(&accounts, &memory, &policy, *watch).await,
            Work::Verify => verify(&accounts, &memory, &Policy::default(), false, &Unwatched).await,
        }
    });
    *rows = memory.rows();
    report.unwrap()
}

fn copy(server: &Dovecot, other: &Dovecot, user: u8, rows: &mut Rowed) -> Report {
    let report = work(server, other, user, rows, &Work::Run(&Unwatched));
    assert!(report.error.is_none(), "{:?}", report.error);
    assert!(report.notes.is_empty(), "{:?}", report.notes);
    report
}

fn python(script: &str, arguments: &[&str]) -> String {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests").join(script);
    let output = Command::new("python3").arg(script).args(arguments).output().expect("python3 is installed");
    let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{out}{err}");
    out.into_owned()
}

fn account(server: &Dovecot, verb: &str, user: u8, rest: &[&str]) -> String {
    let (port, user, password) = (server.port.to_string(), format!("u{user}"), format!("pw{user}"));
    python("account.py", &[&[verb, "127.0.0.1", &port, &user, &password][..], rest].concat())
}

fn dump(server: &Dovecot, user: u8, name: &str) -> PathBuf {
    let path = server.path().join(name);
    fs::write(&path, account(server, "dump", user, &[])).unwrap();
    path
}

fn assert_equal(source: &Path, target: &Path) {
    python("compare.py", &[source.to_str().unwrap(), target.to_str().unwrap()]);
}

#[test]
fn dovecot_to_dovecot() {
    let server = Dovecot::start("");
    account(&server, "fill", 1, &[]);
    let before = dump(&server, 1, "before");
    let mut rows = Rowed::default();

    let planned = work(&server, &server, 2, &mut rows, &Work::Plan);
    assert_eq!((planned.counts().copied, planned.counts().source), (265, 265));
    assert_eq!(rows, Rowed::default());

    let copied = copy(&server, &server, 2, &mut rows);
    assert_eq!((copied.counts().copied, copied.counts().source), (265, 265));
    let after = dump(&server, 2, "after");
    assert_equal(&before, &after);

    let again = copy(&server, &server, 2, &mut rows);
    assert_eq!((again.counts().unchanged, again.counts().source), (265, 265));
    let lost = copy(&server, &server, 2, &mut Rowed::default());
    assert_eq!((lost.counts().adopted, lost.counts().source), (265, 265));
    assert_eq!(fs::read(dump(&server, 2, "again")).unwrap(), fs::read(&after).unwrap());

    assert_eq!(work(&server, &server, 2, &mut rows, &Work::Verify).counts().failed, 0);
    account(&server, "remove", 2, &["INBOX", "2"]);
    let report = work(&server, &server, 2, &mut rows, &Work::Verify);
    let failed: Vec<_> = report.lines.iter().filter(|line| line.verdict == Verdict::Failed).collect();
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0].reason, Some(Reason::RemovedOnTarget));
    assert_eq!(failed[0].message_id.as_deref(), Some("2@example.com"));
    assert_eq!(copy(&server, &server, 2, &mut rows).counts().excluded, 1);

    let source_after = dump(&server, 1, "source-after");
    assert_eq!(fs::read(before).unwrap(), fs::read(source_after).unwrap(), "not even \\Recent has changed");
}

#[test]
fn stopped_and_resumed_ends_the_same() {
    let server = Dovecot::start("");
    account(&server, "fill", 1, &[]);
    let before = dump(&server, 1, "before");
    let mut rows = Rowed::default();
    for stop in [1, 7, 50, 120] {
        let report = work(&server, &server, 2, &mut rows, &Work::Run(&Patience(stop.into())));
        assert!(report.error.is_none() && report.counts().pending > 0);
    }
    copy(&server, &server, 2, &mut rows);
    assert_equal(&before, &dump(&server, 2, "after"));
}

#[test]
fn without_any_extension() {
    let server = Dovecot::start("");
    let plain = Dovecot::start("imap_capability = IMAP4rev1\n");
    account(&server, "fill", 1, &[]);
    let before = dump(&server, 1, "before");
    let mut rows = Rowed::default();
    assert_eq!(copy(&server, &plain, 3, &mut rows).counts().copied, 265);
    assert_equal(&before, &dump(&plain, 3, "after"));
    assert_eq!(copy(&server, &plain, 3, &mut rows).counts().unchanged, 265);
}

#[test]
fn wrong_certificates_and_passwords_are_refused() {
    let server = Dovecot::start("");
    let other = Dovecot::start("");
    let url = format!("imap://u1@localhost:{}", server.port);
    let endpoint = Endpoint::parse(&url, false).unwrap();
    let stranger = endpoint.clone().with_cafile(Some(other.ca()));
    let known = endpoint.clone().with_cafile(Some(server.ca()));
    let failure = |endpoint: &Endpoint, password| wait(connect(endpoint, Secret::new(password))).unwrap_err();
    assert!(matches!(failure(&stranger, "pw1"), Error::Security { .. }));
    assert!(matches!(failure(&endpoint, "pw1"), Error::Security { .. }), "the system knows no such CA");
    assert!(matches!(failure(&known, "wrong"), Error::Authentication { .. }));
}
