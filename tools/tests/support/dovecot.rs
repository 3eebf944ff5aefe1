//! A Dovecot over a `files:` destination.

use std::fs::{self, read_to_string};
use std::io::{BufRead, BufReader};
use std::net::{Ipv4Addr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::thread::sleep;
use std::time::Duration;

use tempfile::TempDir;

use super::certificate::certificate;
use super::command::{Daemon, Finished, free_port, run};
use super::look::Look;
use super::programs::Program;
use super::tree::{copy_tree, short_directory};

/// Serves a copy of a tree: `dovecot/users` is the passwd-file, `mail/DOMAIN/LOCAL/Maildir` the mail. It speaks
/// plain text and STARTTLS on one port, TLS on another. Stopped when dropped.
#[derive(Debug)]
pub struct Dovecot {
    _daemon: Daemon,
    directory: TempDir,
    port: u16,
    tls_port: u16,
}

impl Dovecot {
    /// The tree itself is left alone: Dovecot writes its indexes beside the mail.
    #[track_caller]
    pub fn over(tree: &Path) -> Self {
        let directory = short_directory();
        copy_tree(tree, &directory.path().join("tree"));
        Self::start(directory)
    }

    /// A server of empty accounts: addresses and their passwords.
    #[track_caller]
    pub fn with_accounts(accounts: &[(&str, &str)]) -> Self {
        Self::with_settings(accounts, "")
    }

    /// The same with more lines of configuration, which overrule those that are usual here.
    #[track_caller]
    pub fn with_settings(accounts: &[(&str, &str)], settings: &str) -> Self {
        let directory = short_directory();
        let users = directory.path().join("tree/dovecot/users");
        fs::create_dir_all(users.parent().expect("it has one")).unwrap();
        fs::create_dir_all(directory.path().join("tree/mail")).unwrap();
        let lines: String =
            accounts.iter().map(|(user, password)| format!("{user}:{{PLAIN}}{password}::::::\n")).collect();
        fs::write(users, lines).unwrap();
        fs::write(directory.path().join("more.conf"), settings).unwrap();
        Self::start(directory)
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

    /// The copy that is served.
    pub fn tree(&self) -> PathBuf {
        self.directory.path().join("tree")
    }

    /// What an account shows to an ordinary client, or why it does not.
    pub fn look(&self, user: &str, password: &str) -> Result<Look, String> {
        Look::imap(self.port, user, password)
    }

    /// Dovecot's own administration program against this server.
    pub fn doveadm(&self, arguments: &[&str]) -> Finished {
        let mut doveadm = Command::new(Program::Doveadm.path());
        doveadm.arg("-c").arg(self.directory.path().join("dovecot.conf")).args(arguments);
        run(&mut doveadm, Duration::from_secs(30))
    }

    /// Other settings than [`Dovecot::with_settings`] gave, for connections that come from now on.
    #[track_caller]
    pub fn reconfigure(&self, settings: &str) {
        fs::write(self.directory.path().join("more.conf"), settings).unwrap();
        self.doveadm(&["reload"]).expect_success("doveadm reload");
    }

    /// What the server has logged.
    pub fn log(&self) -> String {
        read_to_string(self.directory.path().join("dovecot.log")).unwrap_or_default()
    }

    #[track_caller]
    fn start(directory: TempDir) -> Self {
        let program = Program::Dovecot.path();
        let owner = Owner::of_mail();
        certificate(directory.path());
        owner.take(directory.path());
        for _ in 0..3 {
            let (port, tls_port) = (free_port(), free_port());
            let conf = directory.path().join("dovecot.conf");
            fs::write(&conf, configuration(directory.path(), port, tls_port, &owner)).unwrap();
            let mut command = Command::new(&program);
            command.arg("-F").arg("-c").arg(&conf);
            let mut daemon = Daemon::start(&command, &directory.path().join("start.log")).unwrap();
            if greets(&mut daemon, port) {
                return Self { _daemon: daemon, directory, port, tls_port };
            }
        }
        let said = |name| read_to_string(directory.path().join(name)).unwrap_or_default();
        panic!("dovecot does not start: {}{}", said("start.log"), said("dovecot.log"));
    }
}

/// Who owns the mail and runs the server's parts: root gives the mail away, anybody else keeps it.
struct Owner {
    uid: String,
    gid: String,
    /// None as root: Dovecot's own users are used then.
    unprivileged: Option<(String, String)>,
}

impl Owner {
    fn of_mail() -> Self {
        if !rustix::process::geteuid().is_root() {
            let (uid, gid) = (id(&["-u"]), id(&["-g"]));
            return Self { uid, gid, unprivileged: Some((id(&["-un"]), id(&["-gn"]))) };
        }
        Self { uid: id(&["-u", "mail"]), gid: id(&["-g", "mail"]), unprivileged: None }
    }

    fn take(&self, directory: &Path) {
        if self.unprivileged.is_some() {
            return;
        }
        let mut chown = Command::new("chown");
        chown.args(["-hR", &format!("{}:{}", self.uid, self.gid)]).arg(directory.join("tree"));
        run(&mut chown, Duration::from_secs(60)).expect_success("chown");
        // As the administrator does it: the passwd-file belongs to those who check passwords.
        let mut chown = Command::new("chown");
        chown.args(["-R", "dovecot:dovecot"]).arg(directory.join("tree/dovecot"));
        run(&mut chown, Duration::from_secs(60)).expect_success("chown");
    }
}

#[track_caller]
fn id(arguments: &[&str]) -> String {
    run(Command::new("id").args(arguments), Duration::from_secs(10)).expect_success("id").trim().to_owned()
}

/// Whether a server greets on this port before its process ends.
pub fn greets(daemon: &mut Daemon, port: u16) -> bool {
    for _ in 0..400 {
        if daemon.has_ended() {
            return false;
        }
        if let Ok(stream) = TcpStream::connect((Ipv4Addr::LOCALHOST, port)) {
            stream.set_read_timeout(Some(Duration::from_secs(5))).unwrap();
            let mut greeting = String::new();
            if BufReader::new(stream).read_line(&mut greeting).is_ok() && greeting.starts_with("* OK") {
                return true;
            }
        }
        sleep(Duration::from_millis(25));
    }
    false
}

fn configuration(directory: &Path, port: u16, tls_port: u16, owner: &Owner) -> String {
    let (uid, gid) = (&owner.uid, &owner.gid);
    let (name, password) = ADMINISTRATOR;
    fs::write(directory.join("administrators"), format!("{name}:{{PLAIN}}{password}\n")).unwrap();
    let directory = directory.display();
    let processes = match &owner.unprivileged {
        None => String::new(),
        Some((user, group)) => format!(
            "default_internal_user = {user}\ndefault_internal_group = {group}\ndefault_login_user = {user}\n\
             service anvil {{\n  chroot =\n}}\nservice imap-login {{\n  chroot =\n}}\n"
        ),
    };
    format!(
        "\
base_dir = {directory}/run
state_dir = {directory}/state
log_path = {directory}/dovecot.log
instance_name = ferry{port}
protocols = imap
listen = 127.0.0.1
disable_plaintext_auth = no
auth_mechanisms = plain login
auth_master_user_separator = *
auth_failure_delay = 0
service anvil {{
  unix_listener anvil-auth-penalty {{
    mode = 0
  }}
}}
mail_location = maildir:~/Maildir
mail_plugins = quota
first_valid_uid = 1
first_valid_gid = 1
ssl = yes
ssl_cert = <{directory}/cert.pem
ssl_key = <{directory}/key.pem
default_vsz_limit = 0
passdb {{
  driver = passwd-file
  args = {directory}/administrators
  master = yes
  result_success = continue
}}
passdb {{
  driver = passwd-file
  args = username_format=%u {directory}/tree/dovecot/users
}}
userdb {{
  driver = passwd-file
  args = username_format=%u {directory}/tree/dovecot/users
  default_fields = uid={uid} gid={gid} home={directory}/tree/mail/%d/%n
}}
namespace inbox {{
  inbox = yes
}}
plugin {{
  quota = count:User quota
  quota_vsizes = yes
}}
protocol imap {{
  mail_plugins = $mail_plugins imap_quota
  mail_max_userip_connections = 1000
}}
service imap-login {{
  inet_listener imap {{
    port = {port}
  }}
  inet_listener imaps {{
    port = {tls_port}
    ssl = yes
  }}
}}
{processes}!include_try {directory}/more.conf
"
    )
}

const ADMINISTRATOR: (&str, &str) = ("mover", "movers-password");
