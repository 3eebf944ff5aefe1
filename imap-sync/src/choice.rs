//! Which way to log in, of those that the server offers.
//!
//! Without TLS the order is by what a listener learns. Under TLS he learns nothing either way. SCRAM stays first, as
//! by it the server too proves that it knows the password; but CRAM-MD5 comes last: many servers that keep no
//! password in the clear offer it and can only refuse, and each refusal counts where accounts get locked. For the same
//! reason administrators begin with PLAIN: Dovecot 2.3 takes their authzid by SCRAM too, and then compares the proof
//! with the password of the mailbox's owner.

use crate::endpoint::{Endpoint, Security};
use crate::mechanism::Mechanism;
use crate::secret::Proof;
use crate::wire::{Capabilities, Code};

/// The best way that is offered and that fits, or why there is none.
pub(crate) fn choose(endpoint: &Endpoint, can: &Capabilities, proof: &Proof) -> Result<Mechanism, String> {
    let plaintext = endpoint.security == Security::Plaintext;
    let order: &[Mechanism] = match proof {
        Proof::Certificate if plaintext => return Err("a client certificate needs TLS".into()),
        Proof::Certificate => &[Mechanism::External],
        Proof::Password(_) if plaintext => &PLAINTEXT,
        Proof::Password(_) if endpoint.admin.is_some() => &ADMINISTRATOR,
        Proof::Password(_) => &SECURE,
        Proof::Token(_) => &[Mechanism::OAuthBearer, Mechanism::XOAuth2],
    };
    let lends = endpoint.names().0.is_some();
    let disabled = can.has("LOGINDISABLED");
    let fits = |mechanism: Mechanism| match () {
        () if !order.contains(&mechanism) => Err(format!("it cannot be used with {}", proof.kind())),
        () if lends && !mechanism.takes_authzid() => {
            Err("an administrator cannot enter another's mailbox by it in this way".into())
        }
        () if disabled
            && (plaintext && mechanism.shows_the_secret() || mechanism == Mechanism::LoginCommand) =>
        {
            Err("the server takes no password here (LOGINDISABLED)".into())
        }
        () if !is_offered(mechanism, can) => Err("the server does not offer it".into()),
        () => Ok(()),
    };
    match endpoint.mechanism {
        Some(forced) => fits(forced).map(|()| forced).map_err(|reason| format!("{forced}: {reason}")),
        None => order.iter().copied().find(|&mechanism| fits(mechanism).is_ok()).ok_or_else(|| {
            let admin = if lends { " of an administrator who enters another's mailbox" } else { "" };
            format!(
                "the server offers no way to log in by {}{admin}; it offers {}",
                proof.kind(),
                offered(can)
            )
        }),
    }
}

/// What a greeting tells, if it tells how to log in; otherwise it may be an excerpt.
pub(crate) fn told(code: &Option<Code>) -> Option<Capabilities> {
    let Some(Code::Capability(words)) = code else { return None };
    let tells = words.iter().any(|word| word.to_ascii_uppercase().starts_with(b"AUTH="));
    if tells { Capabilities::from_code(code.as_ref()) } else { None }
}

fn is_offered(mechanism: Mechanism, can: &Capabilities) -> bool {
    mechanism == Mechanism::LoginCommand || can.has(&format!("AUTH={mechanism}"))
}

/// What is offered, for people.
fn offered(can: &Capabilities) -> String {
    let disabled = can.has("LOGINDISABLED").then_some("LOGINDISABLED");
    let known = Mechanism::ALL.into_iter();
    let known = known.filter(|&it| it != Mechanism::LoginCommand && is_offered(it, can)).map(Mechanism::name);
    let all: Vec<&str> = known.chain(disabled).collect();
    if all.is_empty() { "nothing that is known here".into() } else { all.join(", ") }
}

const SECURE: [Mechanism; 6] = [
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::Plain,
    Mechanism::LoginCommand,
    Mechanism::Login,
    Mechanism::CramMd5,
];
const ADMINISTRATOR: [Mechanism; 6] = [
    Mechanism::Plain,
    Mechanism::LoginCommand,
    Mechanism::Login,
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
];
const PLAINTEXT: [Mechanism; 6] = [
    Mechanism::ScramSha256,
    Mechanism::ScramSha1,
    Mechanism::CramMd5,
    Mechanism::Plain,
    Mechanism::LoginCommand,
    Mechanism::Login,
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::endpoint::Proxy;
    use crate::secret::Secret;
    use crate::wire::Response;

    fn chosen(
        plaintext: bool,
        proof: &Proof,
        admin: Option<Proxy>,
        can: &str,
    ) -> Result<&'static str, String> {
        let url = if plaintext { "imap://u@h" } else { "imaps://u@h" };
        let endpoint = Endpoint::parse(url, plaintext).unwrap();
        let endpoint =
            endpoint.with_admin(admin.map(|_| "boss".into())).with_proxy(admin.unwrap_or_default());
        choose(&endpoint, &capabilities(can), proof).map(Mechanism::name)
    }

    fn capabilities(can: &str) -> Capabilities {
        let Response::Capability(can) = Response::parse(format!("* CAPABILITY {can}").as_bytes()) else {
            panic!("capabilities")
        };
        can
    }

    #[test]
    fn the_strongest_offered_is_taken() {
        let password = Proof::Password(Secret::new("pw"));
        let all = "AUTH=PLAIN AUTH=LOGIN AUTH=CRAM-MD5 AUTH=SCRAM-SHA-1 AUTH=SCRAM-SHA-256";
        let disabled = "LOGINDISABLED AUTH=PLAIN AUTH=LOGIN";
        for (name, plaintext, admin, can, expected) in [
            ("all", false, None, all, Some("SCRAM-SHA-256")),
            ("old scram", false, None, "AUTH=PLAIN AUTH=SCRAM-SHA-1", Some("SCRAM-SHA-1")),
            ("plain before cram under TLS", false, None, "AUTH=CRAM-MD5 AUTH=PLAIN", Some("PLAIN")),
            ("cram before plain without", true, None, "AUTH=CRAM-MD5 AUTH=PLAIN", Some("CRAM-MD5")),
            ("cram alone", false, None, "LOGINDISABLED AUTH=CRAM-MD5", Some("CRAM-MD5")),
            ("nothing", false, None, "IMAP4rev1", Some("login-command")),
            ("login disabled, TLS", false, None, disabled, Some("PLAIN")),
            ("login disabled, TLS, LOGIN alone", false, None, "LOGINDISABLED AUTH=LOGIN", Some("LOGIN")),
            ("login disabled, plain text", true, None, disabled, None),
            (
                "login disabled, plain text, SCRAM",
                true,
                None,
                "LOGINDISABLED AUTH=SCRAM-SHA-1",
                Some("SCRAM-SHA-1"),
            ),
            ("login disabled alone", false, None, "LOGINDISABLED", None),
            ("admin", false, Some(Proxy::Authzid), all, Some("PLAIN")),
            (
                "admin where there is only SCRAM",
                false,
                Some(Proxy::Authzid),
                "AUTH=SCRAM-SHA-1",
                Some("SCRAM-SHA-1"),
            ),
            ("admin without authzid", false, Some(Proxy::Authzid), "AUTH=LOGIN AUTH=CRAM-MD5", None),
            ("master", false, Some(Proxy::Master { separator: '*' }), "AUTH=LOGIN", Some("login-command")),
            ("proxy command", false, Some(Proxy::Command), "X", Some("login-command")),
        ] {
            assert_eq!(chosen(plaintext, &password, admin, can).ok(), expected, "{name}");
        }
    }

    #[test]
    fn tokens_and_certificates_go_their_own_ways() {
        let token = Proof::Token(Secret::new("t"));
        let both = "AUTH=XOAUTH2 AUTH=OAUTHBEARER AUTH=PLAIN";
        assert_eq!(chosen(false, &token, None, both), Ok("OAUTHBEARER"));
        assert_eq!(chosen(false, &token, None, "AUTH=XOAUTH2"), Ok("XOAUTH2"));
        assert!(chosen(false, &token, None, "AUTH=PLAIN").is_err_and(|words| words.contains("PLAIN")));
        assert_eq!(chosen(false, &Proof::Certificate, None, "AUTH=EXTERNAL"), Ok("EXTERNAL"));
        assert!(chosen(true, &Proof::Certificate, None, "AUTH=EXTERNAL").is_err());
    }

    #[test]
    fn a_forced_mechanism_is_taken_or_nothing() {
        let endpoint = Endpoint::parse("imaps://u@h", false).unwrap();
        let endpoint = |mechanism| endpoint.clone().with_mechanism(Some(mechanism));
        let can = capabilities("AUTH=PLAIN AUTH=SCRAM-SHA-256");
        let password = Proof::Password(Secret::new("pw"));
        assert_eq!(choose(&endpoint(Mechanism::Plain), &can, &password), Ok(Mechanism::Plain));
        assert!(choose(&endpoint(Mechanism::CramMd5), &can, &password).is_err());
        assert!(choose(&endpoint(Mechanism::Plain), &can, &Proof::Certificate).is_err());
    }
}
