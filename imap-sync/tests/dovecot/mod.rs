//! A Dovecot of our own: on loopback, in a temporary folder, ended by its process id.
#![allow(dead_code)]

use std::fs;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use tempfile::TempDir;

/// A running server with the accounts `u1`, `u2`, ... whose passwords are `pw1`, `pw2`, ..., and the master user
/// `master` with `masterpw`.
pub struct Dovecot {
    folder: TempDir,
    child: Child,
    pub port: u16,
    pub tls_port: u16,
}

impl Dovecot {
    /// `settings` are lines of configuration of the test's own.
    pub fn start(settings: &str) -> Self {
        let program = find("dovecot", "dovecot-imapd");
        find("openssl", "openssl");
        let folder = tempfile::Builder::new().prefix("dc").tempdir().expect("a temporary folder");
        let ports = [free_port(), free_port()];
        prepare(folder.path(), ports, settings);
        let child = Command::new(program)
            .args(["-F", "-c"])
            .arg(folder.path().join("dovecot.conf"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("dovecot starts");
        let [port, tls_port] = ports;
        let server = Self { folder, child, port, tls_port };
        server.wait();
        server
    }

    pub fn ca(&self) -> PathBuf {
        self.folder.path().join("ca.pem")
    }

    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    fn wait(&self) {
        for _ in 0..200 {
            if TcpStream::connect(("127.0.0.1", self.port)).is_ok() {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = fs::read_to_string(self.folder.path().join("log")).unwrap_or_default();
        panic!("dovecot does not answer on port {}; its log: {log}", self.port);
    }
}

impl Drop for Dovecot {
    fn drop(&mut self) {
        let _ = Command::new("kill").args(["-TERM", &self.child.id().to_string()]).status();
        for _ in 0..100 {
            if matches!(self.child.try_wait(), Ok(Some(_))) {
                return;
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn find(program: &str, package: &str) -> PathBuf {
    let folders = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin:/sbin";
    let found = folders.split(':').map(|folder| Path::new(folder).join(program)).find(|path| path.is_file());
    found.unwrap_or_else(|| panic!("{program} is missing: install the Debian package {package}"))
}

fn free_port() -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a free port");
    listener.local_addr().expect("an address").port()
}

fn prepare(folder: &Path, [port, tls_port]: [u16; 2], settings: &str) {
    let root = run("id", &["-u"], folder) == "0";
    let mailer = if root { vec!["mail"] } else { Vec::new() };
    let id = |what| run("id", &[&[what][..], &mailer].concat(), folder);
    let (uid, gid) = (id("-u"), id("-g"));
    let dir = folder.display();
    let user = |n: u8| format!("u{n}:{{PLAIN}}pw{n}:{uid}:{gid}::{dir}/mail/u{n}::\n");
    fs::write(folder.join("users"), (1..=4).map(user).collect::<String>()).expect("is written");
    fs::write(folder.join("master"), "master:{PLAIN}masterpw\n").expect("is written");
    certificates(folder);
    fs::create_dir(folder.join("mail")).expect("is made");
    if root {
        run("chmod", &["755", "."], folder);
        run("chown", &[&format!("{uid}:{gid}"), "mail"], folder);
    }
    let unprivileged = if root { String::new() } else { unprivileged(folder) };
    let text = CONFIGURATION
        .replace("@DIR@", &dir.to_string())
        .replace("@PORT@", &port.to_string())
        .replace("@TLS@", &tls_port.to_string());
    fs::write(folder.join("dovecot.conf"), text + &unprivileged + settings).expect("is written");
}

fn unprivileged(folder: &Path) -> String {
    let (user, group) = (run("id", &["-un"], folder), run("id", &["-gn"], folder));
    format!(
        "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
         service anvil {{\n chroot =\n}}\nservice imap-login {{\n chroot =\n}}\n"
    )
}

fn certificates(folder: &Path) {
    let key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
    let req = |rest: &[&str]| run("openssl", &[&["req"][..], &key, rest].concat(), folder);
    req(&["-x509", "-days", "30", "-subj", "/CN=test CA", "-keyout", "ca.key", "-out", "ca.pem"]);
    req(&["-subj", "/CN=localhost", "-keyout", "key.pem", "-out", "csr.pem"]);
    fs::write(folder.join("ext"), "subjectAltName=DNS:localhost,IP:127.0.0.1\n").expect("is written");
    let sign = ["x509", "-req", "-in", "csr.pem", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial"];
    run("openssl", &[&sign[..], &["-days", "30", "-extfile", "ext", "-out", "cert.pem"]].concat(), folder);
}

fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program).args(arguments).current_dir(folder).output().expect("it runs");
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

const CONFIGURATION: &str = "
base_dir = @DIR@/run
state_dir = @DIR@/state
log_path = @DIR@/log
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
auth_failure_delay = 0
mail_location = maildir:~/Maildir:LAYOUT=fs
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <@DIR@/cert.pem
ssl_key = <@DIR@/key.pem
default_vsz_limit = 0
passdb {
  driver = passwd-file
  args = scheme=PLAIN @DIR@/master
  master = yes
  result_success = continue
}
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u @DIR@/users
}
userdb {
  driver = passwd-file
  args = username_format=%u @DIR@/users
}
service imap-login {
  inet_listener imap {
    port = @PORT@
  }
  inet_listener imaps {
    port = @TLS@
    ssl = yes
  }
}
namespace inbox {
  inbox = yes
  separator = /
}
";
