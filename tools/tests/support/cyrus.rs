//! A Cyrus IMAP server: another implementation than Dovecot, with limits of its own.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, TcpStream};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

use super::certificate::certificate;
use super::command::{Daemon, free_port, run};
use super::dovecot::greets;
use super::look::Look;
use super::programs::{Program, setting};
use super::tree::short_directory;

/// Serves accounts that hold an empty INBOX each. Messages with NUL or a bare CR or LF are refused, and folders
/// lie beside INBOX with `/` between their parts. Stopped when dropped.
#[derive(Debug)]
pub struct Cyrus {
    // Before the directory: it is dropped first.
    _daemon: Daemon,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Cyrus {
    /// A server of empty accounts: names without a domain, and their passwords.
    #[track_caller]
    pub fn with_accounts(accounts: &[(&str, &str)]) -> Self {
        let directory = short_directory();
        let owner = if rustix::process::geteuid().is_root() { "mail" } else { "" };
        lay_out(directory.path());
        certificate(directory.path());
        for (user, password) in accounts.iter().chain(&[MANAGER, ADMINISTRATOR]) {
            add_password(directory.path(), user, password);
        }
        for _ in 0..3 {
            let (port, tls_port) = (free_port(), free_port());
            configure(directory.path(), port, tls_port);
            if !owner.is_empty() {
                let mut chown = Command::new("chown");
                chown.args(["-hR", &format!("{owner}:{owner}")]).arg(directory.path());
                run(&mut chown, Duration::from_secs(60)).expect_success("chown");
            }
            let mut daemon =
                Daemon::start(&master(directory.path()), &directory.path().join("start.log")).unwrap();
            if greets(&mut daemon, port) {
                make_inboxes(port, accounts);
                return Self { _daemon: daemon, directory, port, tls_port };
            }
        }
        let said = fs::read_to_string(directory.path().join("start.log")).unwrap_or_default();
        panic!("cyrus does not start: {said}");
    }

    /// The port for plain text and STARTTLS.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The port for TLS from the first byte.
    pub fn tls_port(&self) -> u16 {
        self.tls_port
    }

    /// The authority that signed the certificate, which is for `localhost` and 127.0.0.1.
    pub fn cafile(&self) -> PathBuf {
        self.directory.path().join("ca.pem")
    }

    /// The name and password of an administrator who may log in as anybody.
    pub fn administrator(&self) -> (&'static str, &'static str) {
        ADMINISTRATOR
    }

    /// What an account shows to an ordinary client, or why it does not.
    pub fn look(&self, user: &str, password: &str) -> Result<Look, String> {
        Look::imap(self.port, user, password)
    }
}

fn lay_out(directory: &Path) {
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).unwrap();
    for part in ["db", "proc", "socket", "log", "msg", "quota", "user", "sieve", "lock"] {
        fs::create_dir_all(directory.join("conf").join(part)).unwrap();
    }
    fs::create_dir(directory.join("spool")).unwrap();
}

fn add_password(directory: &Path, user: &str, password: &str) {
    let mut saslpasswd = Command::new(Program::Saslpasswd.path());
    saslpasswd.args(["-p", "-c", "-u", "localhost", "-f"]).arg(directory.join("sasldb2")).arg(user);
    saslpasswd.env("LD_LIBRARY_PATH", setting("CYRUS_LIB", "cyrus-imapd"));
    saslpasswd.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::inherit());
    let mut child = saslpasswd.spawn().unwrap();
    child.stdin.take().expect("it was asked for").write_all(password.as_bytes()).unwrap();
    assert!(child.wait().unwrap().success(), "saslpasswd2 for {user}");
}

fn configure(directory: &Path, port: u16, tls_port: u16) {
    let user = if rustix::process::geteuid().is_root() { "mail".to_owned() } else { id("-un") };
    let administrator = ADMINISTRATOR.0;
    let place = directory.display();
    let imapd = format!(
        "\
configdirectory: {place}/conf
partition-default: {place}/spool
defaultpartition: default
servername: localhost
cyrus_user: {user}
admins: {}
proxyservers: {administrator}
altnamespace: yes
unixhierarchysep: yes
virtdomains: off
allowplaintext: yes
sasl_mech_list: PLAIN LOGIN
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: {place}/sasldb2
tls_server_cert: {place}/cert.pem
tls_server_key: {place}/key.pem
conversations: 0
specialusealways: 1
munge8bit: no
maxlogins_per_user: 0
maxlogins_per_host: 0
",
        MANAGER.0
    );
    fs::write(directory.join("imapd.conf"), imapd).unwrap();
    let programs = Program::CyrusMaster.path();
    let programs = programs.parent().expect("it lies in a directory").display();
    let services = format!(
        "\
START {{
  recover cmd=\"{programs}/ctl_cyrusdb -C {place}/imapd.conf -r\"
}}
SERVICES {{
  imap cmd=\"{programs}/imapd -C {place}/imapd.conf\" listen=\"127.0.0.1:{port}\" proto=\"tcp4\" prefork=1
  imaps cmd=\"{programs}/imapd -C {place}/imapd.conf -s\" listen=\"127.0.0.1:{tls_port}\" proto=\"tcp4\" prefork=0
}}
EVENTS {{
  checkpoint cmd=\"{programs}/ctl_cyrusdb -C {place}/imapd.conf -c\" period=600
}}
"
    );
    fs::write(directory.join("cyrus.conf"), services).unwrap();
}

#[track_caller]
fn id(argument: &str) -> String {
    run(Command::new("id").arg(argument), Duration::from_secs(10)).expect_success("id").trim().to_owned()
}

fn master(directory: &Path) -> Command {
    let mut master = Command::new(Program::CyrusMaster.path());
    master.arg("-C").arg(directory.join("imapd.conf")).arg("-M").arg(directory.join("cyrus.conf"));
    master.arg("-p").arg(directory.join("master.pid")).arg("-D");
    master.env("LD_LIBRARY_PATH", setting("CYRUS_LIB", "cyrus-imapd"));
    master
}

/// Only a manager makes accounts, by the mailbox `user/NAME`.
fn make_inboxes(port: u16, accounts: &[(&str, &str)]) {
    let mut manager = BufReader::new(TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap());
    manager.get_ref().set_read_timeout(Some(Duration::from_secs(30))).unwrap();
    say(&mut manager, &format!("LOGIN {} {}", MANAGER.0, MANAGER.1));
    for (user, _) in accounts {
        say(&mut manager, &format!("CREATE \"user/{user}\""));
    }
}

#[track_caller]
fn say(manager: &mut BufReader<TcpStream>, command: &str) {
    manager.get_mut().write_all(format!("a {command}\r\n").as_bytes()).unwrap();
    loop {
        let mut line = String::new();
        assert!(manager.read_line(&mut line).unwrap() > 0, "{command}: the server went away");
        if let Some(answer) = line.strip_prefix("a ") {
            assert!(answer.starts_with("OK"), "{command}: {answer}");
            return;
        }
    }
}

const MANAGER: (&str, &str) = ("manager", "managers-password");
const ADMINISTRATOR: (&str, &str) = ("mover", "movers-password");
