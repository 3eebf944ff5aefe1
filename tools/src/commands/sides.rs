//! The two sides of `imap-sync` as typed: where they are, and how they are entered.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, ValueEnum};
use imap_sync::{
    ClientCertificate, Compression, Credentials, Endpoint, Fingerprint, Guarded, Mechanism, Policy, Proof,
    Proxy,
};

use crate::error::{Error, Result};
use crate::imap::folders::FolderOptions;
use crate::imap::password::Password;
use crate::imap::servers::Servers;
use crate::imap::token::{RenewedToken, ToldToken};

/// Both sides, and what holds for both.
#[derive(Args)]
pub(super) struct Sides {
    /// imaps://USER@HOST[:PORT], imap://USER@HOST[:PORT] (STARTTLS), or maildir:PATH; with --accounts without
    /// USER, and PATH with {account}, {user} or {domain} in it
    #[arg(value_name = "SOURCE")]
    source: String,
    /// The same for the other side
    #[arg(value_name = "TARGET")]
    target: String,
    /// Take the accounts that FILE lists: a CSV file with the header
    /// source_user,target_user[,source_password,target_password,source_host,target_host]. A password is file:PATH
    /// (relative to FILE), env:NAME or command:CMD, and of the user, who then logs in without an administrator. SOURCE, TARGET
    /// and the other flags give what a row leaves empty
    #[arg(long, value_name = "FILE")]
    pub(super) accounts: Option<PathBuf>,
    #[command(flatten)]
    from: Source,
    #[command(flatten)]
    to: Target,
    /// Trust the certificates in FILE (PEM) instead of the system's
    #[arg(long, value_name = "FILE")]
    cafile: Option<PathBuf>,
    /// With imap:// speak plain text and do not try STARTTLS
    #[arg(long)]
    allow_plaintext: bool,
    /// Stop unless the server says itself whose mailbox it is (Carbonio and Zimbra do)
    #[arg(long)]
    require_identity: bool,
    /// Compress what is said: auto does where the way is long
    #[arg(long, value_name = "WHEN", value_enum, default_value_t = When::Auto)]
    compress: When,
    #[command(flatten)]
    folders: FolderOptions,
    #[command(flatten)]
    connections: Connections,
}

/// How often, how long.
#[derive(Args)]
#[command(next_help_heading = "Connections")]
struct Connections {
    /// Connections of one account to each side, or auto: two, and four where logging in takes long
    #[arg(long, value_name = "N", default_value = "auto", value_parser = number_or_auto)]
    connections: Number,
    /// Connections of all accounts together to one server; no limit by default
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    host_connections: Option<u16>,
    /// How long a server may be silent while it is waited for
    #[arg(long, value_name = "SECONDS", default_value = "300", value_parser = clap::value_parser!(u64).range(1..=86_400))]
    timeout: u64,
    /// How long a mailbox must stand still before what an interrupted run may have sent to it is looked for
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = clap::value_parser!(u64).range(0..=3600))]
    settle: u64,
}

/// A number, or none.
#[derive(Clone, Copy)]
struct Number(Option<u16>);

fn number_or_auto(text: &str) -> std::result::Result<Number, String> {
    match text {
        "auto" => Ok(Number(None)),
        _ => match text.parse() {
            Ok(number @ 1..=64) => Ok(Number(Some(number))),
            _ => Err("it is auto or a number from 1 to 64".to_owned()),
        },
    }
}

/// One side as it was typed.
pub(super) struct Typed<'a> {
    pub(super) name: &'static str,
    pub(super) url: &'a str,
    shown: Option<Shown>,
    admin: Option<String>,
    proxy: Proxy,
    mechanism: Option<Mechanism>,
    fingerprint: Option<Fingerprint>,
    certificate: Option<ClientCertificate>,
}

/// What is shown to the server, beside a certificate.
enum Shown {
    Password(Password),
    Renewed(PathBuf),
    Token(Password),
}

#[derive(Clone, Copy, ValueEnum)]
enum When {
    Auto,
    Always,
    Never,
}

/// The flags of one side, once for each: clap knows no prefixes.
macro_rules! side {
    ($type:ident, $side:literal) => {
        #[derive(Args)]
        struct $type {
            #[arg(long = concat!($side, "-password-file"), id = concat!($side, "-password-file"), group = concat!($side, "-secret"),
                value_name = "FILE", help = concat!("The ", $side, "'s password is in FILE"))]
            password_file: Option<PathBuf>,
            #[arg(long = concat!($side, "-password-env"), id = concat!($side, "-password-env"), group = concat!($side, "-secret"),
                value_name = "NAME",
                help = concat!("The ", $side, "'s password is the value of the environment variable NAME"))]
            password_env: Option<String>,
            #[arg(long = concat!($side, "-password-command"), id = concat!($side, "-password-command"),
                group = concat!($side, "-secret"), value_name = "CMD",
                help = concat!("The ", $side, "'s password is what the command CMD prints"))]
            password_command: Option<String>,
            #[arg(long = concat!($side, "-token-file"), id = concat!($side, "-token-file"), group = concat!($side, "-secret"),
                value_name = "FILE", help = "An OAuth token is in FILE, read at each connection")]
            token_file: Option<PathBuf>,
            #[arg(long = concat!($side, "-token-command"), id = concat!($side, "-token-command"), group = concat!($side, "-secret"),
                value_name = "CMD", help = "An OAuth token is what CMD prints, run at each connection")]
            token_command: Option<String>,
            #[arg(long = concat!($side, "-oauth-file"), id = concat!($side, "-oauth-file"), group = concat!($side, "-secret"),
                value_name = "FILE",
                help = "FILE (TOML or JSON) tells token_url, client_id, client_secret, refresh_token, scope: \
                        tokens are got and renewed by it")]
            oauth_file: Option<PathBuf>,
            #[arg(long = concat!($side, "-admin"), id = concat!($side, "-admin"), value_name = "USER",
                help = concat!("Log in to the ", $side, " as this administrator, with the administrator's password"))]
            admin: Option<String>,
            #[arg(long = concat!($side, "-master"), id = concat!($side, "-master"), value_name = "SEP",
                requires = concat!($side, "-admin"), conflicts_with = concat!($side, "-proxyauth"),
                help = "The administrator logs in under both names with SEP between them (Dovecot: *)")]
            master: Option<char>,
            #[arg(long = concat!($side, "-proxyauth"), id = concat!($side, "-proxyauth"),
                requires = concat!($side, "-admin"),
                help = "The administrator enters the mailbox by PROXYAUTH (Sun, iPlanet)")]
            proxyauth: bool,
            #[arg(long = concat!($side, "-mechanism"), id = concat!($side, "-mechanism"), value_name = "NAME",
                help = "Log in by this and nothing else: PLAIN, SCRAM-SHA-256, ..., or login-command")]
            mechanism: Option<Mechanism>,
            #[arg(long = concat!($side, "-fingerprint"), id = concat!($side, "-fingerprint"), value_name = "HEX",
                help = "Trust just the certificate with this SHA-256, whatever its name, date and issuer")]
            fingerprint: Option<Fingerprint>,
            #[arg(long = concat!($side, "-client-certificate"), id = concat!($side, "-client-certificate"),
                value_name = "FILE", requires = concat!($side, "-client-key"),
                help = "Show this certificate (PEM); without a password or token log in by it (EXTERNAL)")]
            client_certificate: Option<PathBuf>,
            #[arg(long = concat!($side, "-client-key"), id = concat!($side, "-client-key"), value_name = "FILE",
                requires = concat!($side, "-client-certificate"), help = "The certificate's key (PEM)")]
            client_key: Option<PathBuf>,
        }

        impl $type {
            fn typed<'a>(&self, url: &'a str) -> Typed<'a> {
                let password = self.password_file.clone().map(Password::File);
                let password = password.or_else(|| self.password_env.clone().map(Password::Environment));
                let password = password.or_else(|| self.password_command.clone().map(Password::Command));
                let token = self.token_file.clone().map(Password::File);
                let token = token.or_else(|| self.token_command.clone().map(Password::Command));
                let shown = password.map(Shown::Password).or(token.map(Shown::Token));
                let files = self.client_certificate.clone().zip(self.client_key.clone());
                Typed {
                    name: $side,
                    url,
                    shown: shown.or_else(|| self.oauth_file.clone().map(Shown::Renewed)),
                    admin: self.admin.clone(),
                    proxy: match (self.master, self.proxyauth) {
                        (Some(separator), _) => Proxy::Master { separator },
                        (None, true) => Proxy::Command,
                        (None, false) => Proxy::Authzid,
                    },
                    mechanism: self.mechanism,
                    fingerprint: self.fingerprint,
                    certificate: files.map(|(certificate, key)| ClientCertificate { certificate, key }),
                }
            }
        }
    };
}

side!(Source, "source");
side!(Target, "target");

impl Sides {
    pub(super) fn source(&self) -> Typed<'_> {
        self.from.typed(&self.source)
    }

    pub(super) fn target(&self) -> Typed<'_> {
        self.to.typed(&self.target)
    }

    /// What is wished for every account.
    pub(super) fn policy(&self) -> Result<Policy> {
        let Self { folders, .. } = self;
        let policy = Policy::default().with_rules(folders.rules()?).with_selection(folders.selection()?);
        Ok(policy.with_profile(folders.profile()?.cloned()))
    }

    /// What all accounts share.
    pub(super) fn servers(&self) -> Servers {
        let Connections { connections: Number(each), host_connections, settle, .. } = self.connections;
        let settle = Duration::from_secs(settle);
        Servers::new(each.map(usize::from), host_connections.map(usize::from), settle)
    }
}

impl Typed<'_> {
    /// What is unwise about it.
    pub(super) fn warning(&self) -> Option<String> {
        match self.shown.as_ref()? {
            Shown::Password(place) | Shown::Token(place) => place.warning(),
            Shown::Renewed(path) => Password::File(path.clone()).warning(),
        }
    }

    /// The path behind `maildir:`, if it is one.
    pub(super) fn maildir(&self) -> Result<Option<&Path>> {
        let name = self.name;
        let Some(path) = self.url.strip_prefix("maildir:") else { return Ok(None) };
        match (path, &self.shown, &self.admin) {
            ("", ..) => Err(Error::Usage(format!("the {name} names no path after maildir:"))),
            (path, None, None) => Ok(Some(Path::new(path))),
            _ => Err(Error::Usage(format!("the {name} is a Maildir, which asks for no password"))),
        }
    }

    /// The server, and a mailbox on it.
    pub(super) fn endpoint(&self, sides: &Sides, url: &str) -> Result<Endpoint> {
        // What was typed is not repeated: it may hold a password.
        let endpoint = Endpoint::parse(url, sides.allow_plaintext);
        let endpoint = endpoint.map_err(|error| Error::Usage(format!("the {}: {error}", self.name)))?;
        Ok(endpoint
            .with_admin(self.admin.clone())
            .with_proxy(self.proxy)
            .with_mechanism(self.mechanism)
            .with_cafile(sides.cafile.clone())
            .with_fingerprint(self.fingerprint)
            .with_certificate(self.certificate.clone())
            .require_identity(sides.require_identity)
            .with_timeout(Duration::from_secs(sides.connections.timeout))
            .with_compression(match sides.compress {
                When::Always => Compression::Always,
                When::Auto => Compression::Auto,
                When::Never => Compression::Never,
            }))
    }

    /// Something is wrong with this side.
    pub(super) fn wrong(&self, reason: &str) -> Error {
        Error::Usage(format!("the {}: {reason}", self.name))
    }

    /// Whether the flags say what is to be shown to the server.
    pub(super) fn has_credentials(&self) -> bool {
        self.shown.is_some() || self.certificate.is_some()
    }

    /// What can be looked at without calling anybody is looked at now.
    pub(super) fn credentials(&self) -> Result<Arc<dyn Credentials>> {
        let name = self.name;
        Ok(match &self.shown {
            Some(Shown::Password(password)) => Arc::new(Guarded::new(password.read()?)),
            Some(Shown::Renewed(path)) => Arc::new(Guarded::new(RenewedToken::new(path)?)),
            Some(Shown::Token(place)) => {
                if let Password::File(_) = place {
                    place.read()?;
                }
                Arc::new(Guarded::new(ToldToken(place.clone())))
            }
            None if self.certificate.is_some() => Arc::new(Guarded::new(Proof::Certificate)),
            None => {
                return Err(Error::Usage(format!(
                    "the {name} needs a password: say --{name}-password-file FILE, --{name}-password-env NAME or \
                     --{name}-password-command CMD (or a token: --{name}-token-file, --{name}-token-command, \
                     --{name}-oauth-file)"
                )));
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::*;

    #[derive(Parser)]
    struct Program {
        #[command(flatten)]
        sides: Sides,
    }

    fn mailbox(flags: &[&str]) -> std::result::Result<(), String> {
        let all = ["program", "imaps://anna@old.example.com", "maildir:anna"].iter().chain(flags);
        let sides = Program::try_parse_from(all).map_err(|error| error.kind().to_string())?.sides;
        let source = sides.source();
        let entered = source.endpoint(&sides, source.url).and_then(|_| source.credentials());
        entered.map(drop).map_err(|error| error.to_string())
    }

    #[test]
    fn flags_do_not_contradict_each_other() {
        Program::command().debug_assert();
    }

    #[test]
    fn flags_that_belong_together() {
        let token = ["--source-token-command", "echo t0k"];
        let with = |flags: &[&str]| mailbox(&[&token, flags].concat());
        let pin = "00".repeat(32);
        for (name, mailbox, good) in [
            ("token", with(&[]), true),
            (
                "certificate alone",
                mailbox(&["--source-client-certificate", "c", "--source-client-key", "k"]),
                true,
            ),
            ("nothing", mailbox(&[]), false),
            ("two proofs", with(&["--source-password-env", "X"]), false),
            ("certificate without its key", with(&["--source-client-certificate", "c"]), false),
            ("mechanism", with(&["--source-mechanism", "xoauth2"]), true),
            ("no mechanism", with(&["--source-mechanism", "magic"]), false),
            ("fingerprint", with(&["--source-fingerprint", &pin]), true),
            ("no fingerprint", with(&["--source-fingerprint", "00"]), false),
            ("master", with(&["--source-admin", "boss", "--source-master", "*"]), true),
            ("master without an administrator", with(&["--source-master", "*"]), false),
            ("proxyauth", with(&["--source-admin", "boss", "--source-proxyauth"]), true),
            ("both", with(&["--source-admin", "b", "--source-proxyauth", "--source-master", "*"]), false),
            ("compression", with(&["--compress", "always", "--require-identity"]), true),
            ("connections", with(&["--connections", "3", "--host-connections", "9"]), true),
            ("automatic", with(&["--connections", "auto", "--timeout", "60", "--settle", "0"]), true),
            ("no connection", with(&["--connections", "0"]), false),
            ("no patience", with(&["--timeout", "0"]), false),
        ] {
            assert_eq!(mailbox.is_ok(), good, "{name}: {:?}", mailbox.err());
        }
    }
}
