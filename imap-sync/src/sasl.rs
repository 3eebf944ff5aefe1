//! The mechanisms of SASL as exchanges of messages, without I/O: no base64, no tags, no clock, no chance.

use hmac::{Hmac, KeyInit, Mac};
use md5::Md5;

use crate::mechanism::Mechanism;
use crate::scram::{Broken, Hash, Scram, escape};
use crate::secret::{Proof, Secret};

/// Who logs in, where, and by what.
#[derive(Clone, Debug)]
pub struct Claim<'a> {
    /// In whose stead, if in another's.
    pub authzid: Option<&'a str>,
    /// Who logs in.
    pub authcid: &'a str,
    /// The server's name.
    pub host: &'a str,
    /// The server's port.
    pub port: u16,
    /// What proves it.
    pub proof: &'a Proof,
    /// Printable, without a comma, never used twice.
    pub nonce: &'a str,
}

/// The client's side of an exchange. Its `Debug` shows nothing of what it says.
pub struct Exchange {
    machine: Machine,
    /// What the server said why it refuses.
    words: Option<String>,
    token: Option<Secret>,
}

/// Why an exchange cannot go on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// What the caller gave cannot be said by this mechanism.
    Input(&'static str),
    /// The server does not speak it.
    Protocol(String),
    /// The server is not who it should be.
    Security(String),
}

enum Machine {
    /// A token, and what to say to an error.
    Bearer {
        message: Vec<u8>,
        dummy: &'static [u8],
        said: bool,
    },
    Cram {
        user: String,
        password: Secret,
        said: bool,
    },
    /// Messages that need no challenge, last first.
    Fixed(Vec<Vec<u8>>),
    Scram(Box<Scram>),
}

impl Exchange {
    /// Before the first message.
    pub fn new(mechanism: Mechanism, claim: &Claim<'_>) -> Result<Self, Fault> {
        let odd = |name: &str| name.chars().any(char::is_control);
        if odd(claim.authcid) || claim.authzid.is_some_and(odd) {
            return Err(Fault::Input("a user's name holds a control character"));
        }
        let machine = match (mechanism, claim.proof) {
            // The mailbox is always named: the certificate may be of somebody else.
            (Mechanism::External, _) => {
                Machine::Fixed(vec![claim.authzid.unwrap_or(claim.authcid).as_bytes().to_vec()])
            }
            (Mechanism::OAuthBearer | Mechanism::XOAuth2, Proof::Token(token)) => {
                bearer(mechanism, claim, token)?
            }
            (_, Proof::Password(password)) => with_password(mechanism, claim, password)?,
            _ => return Err(Fault::Input("it cannot be used with what there is to show")),
        };
        Ok(Self { machine, words: None, token: claim.proof.secret().cloned() })
    }

    /// The message that needs no challenge, where there is one.
    pub fn first(&mut self) -> Option<Vec<u8>> {
        match &mut self.machine {
            Machine::Bearer { message, said, .. } => {
                *said = true;
                Some(message.clone())
            }
            // Both of `LOGIN` are asked for.
            Machine::Fixed(left) if left.len() == 1 => left.pop(),
            Machine::Scram(scram) => Some(scram.first()),
            Machine::Cram { .. } | Machine::Fixed(_) => None,
        }
    }

    /// The answer to a challenge.
    pub fn next(&mut self, challenge: &[u8]) -> Result<Vec<u8>, Fault> {
        match &mut self.machine {
            Machine::Bearer { dummy, .. } => {
                let words = String::from_utf8_lossy(challenge).trim().to_owned();
                self.words = Some(self.token.as_ref().map_or(words.clone(), |token| token.cut_from(&words)));
                Ok(dummy.to_vec())
            }
            Machine::Cram { user, password, said } if !*said => {
                *said = true;
                Ok(format!("{user} {}", cram(password, challenge)).into_bytes())
            }
            Machine::Fixed(left) if !left.is_empty() => Ok(left.pop().unwrap_or_default()),
            Machine::Cram { .. } | Machine::Fixed(_) => {
                Err(Fault::Protocol("it asks for more than there is to say".into()))
            }
            Machine::Scram(scram) => scram.next(challenge).or_else(|broken| match broken {
                Broken::Malformed(what) => Err(Fault::Protocol(format!("it does not speak SCRAM: {what}"))),
                Broken::Unproved(what) => Err(Fault::Security(what.into())),
                // Its refusal follows.
                Broken::Refused(words) => {
                    self.words = Some(words);
                    Ok(Vec::new())
                }
            }),
        }
    }

    /// The server accepts: whether it may.
    pub fn finish(&self) -> Result<(), Fault> {
        match &self.machine {
            Machine::Bearer { said: true, .. } | Machine::Cram { said: true, .. } => Ok(()),
            Machine::Fixed(left) if left.is_empty() => Ok(()),
            Machine::Scram(scram) if scram.is_verified() => Ok(()),
            Machine::Scram(_) => Err(Fault::Security("it has not proved that it knows the password".into())),
            _ => Err(Fault::Protocol("it accepts a login that was not finished".into())),
        }
    }

    /// What the server said why it refuses, beside its status.
    pub fn words(&self) -> Option<&str> {
        self.words.as_deref()
    }
}

impl std::fmt::Debug for Exchange {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Exchange(..)")
    }
}

fn with_password(mechanism: Mechanism, claim: &Claim<'_>, password: &Secret) -> Result<Machine, Fault> {
    let scram = |hash| {
        let password = std::str::from_utf8(password.expose());
        let password = password.map_err(|_| Fault::Input("the password is not UTF-8"))?;
        let scram = Scram::new(hash, claim.authzid, claim.authcid, password, claim.nonce);
        Ok(Machine::Scram(Box::new(scram)))
    };
    match mechanism {
        Mechanism::CramMd5 => {
            Ok(Machine::Cram { user: claim.authcid.into(), password: password.clone(), said: false })
        }
        Mechanism::Login => {
            Ok(Machine::Fixed(vec![password.expose().to_vec(), claim.authcid.as_bytes().to_vec()]))
        }
        Mechanism::Plain => plain(claim, password),
        Mechanism::ScramSha1 => scram(Hash::Sha1),
        Mechanism::ScramSha256 => scram(Hash::Sha256),
        _ => Err(Fault::Input("it cannot be used with a password")),
    }
}

/// `message = [authzid] UTF8NUL authcid UTF8NUL passwd` (RFC 4616 section 2).
fn plain(claim: &Claim<'_>, password: &Secret) -> Result<Machine, Fault> {
    if password.expose().contains(&0) {
        return Err(Fault::Input("the password holds a zero byte"));
    }
    let authzid = claim.authzid.unwrap_or_default().as_bytes();
    Ok(Machine::Fixed(vec![[authzid, claim.authcid.as_bytes(), password.expose()].join(&0)]))
}

/// `client-resp = (gs2-header kvsep *kvpair kvsep) / kvsep` (RFC 7628 section 3.1), and what came before it. A token
/// tells who holds it; the name is whose mailbox is wanted.
fn bearer(mechanism: Mechanism, claim: &Claim<'_>, token: &Secret) -> Result<Machine, Fault> {
    let Some(token) = std::str::from_utf8(token.expose()).ok().filter(|token| is_token(token)) else {
        return Err(Fault::Input("the token holds what no token holds (RFC 6750 section 2.1)"));
    };
    let owner = claim.authzid.unwrap_or(claim.authcid);
    let (message, dummy): (String, &'static [u8]) = if mechanism == Mechanism::XOAuth2 {
        (format!("user={owner}\x01auth=Bearer {token}\x01\x01"), b"")
    } else {
        let (owner, host, port) = (escape(owner), claim.host, claim.port);
        (format!("n,a={owner},\x01host={host}\x01port={port}\x01auth=Bearer {token}\x01\x01"), b"\x01")
    };
    Ok(Machine::Bearer { message: message.into_bytes(), dummy, said: false })
}

/// Printable ASCII without a space: a little more than RFC 6750 allows.
fn is_token(token: &str) -> bool {
    !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// The keyed digest of RFC 2195, in hexadecimal.
fn cram(password: &Secret, challenge: &[u8]) -> String {
    let mut hmac = Hmac::<Md5>::new_from_slice(password.expose()).expect("HMAC takes keys of any length");
    hmac.update(challenge);
    hmac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;

    use super::*;

    fn claim<'a>(authzid: Option<&'a str>, authcid: &'a str, proof: &'a Proof) -> Claim<'a> {
        Claim { authzid, authcid, host: "server.example.com", port: 143, proof, nonce: "abc" }
    }

    fn password(text: &str) -> Proof {
        Proof::Password(Secret::new(text))
    }

    fn token(text: &str) -> Proof {
        Proof::Token(Secret::new(text))
    }

    #[test]
    fn examples_of_the_rfcs() {
        let proof = token("vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg==");
        let mut oauth =
            Exchange::new(Mechanism::OAuthBearer, &claim(None, "user@example.com", &proof)).unwrap();
        assert_eq!(
            STANDARD.encode(oauth.first().unwrap()),
            "bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9MTQzAWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRj\
             Mk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB"
        );
        let proof = password("tanstaaftanstaaf");
        let mut cram = Exchange::new(Mechanism::CramMd5, &claim(None, "tim", &proof)).unwrap();
        assert_eq!(cram.first(), None);
        assert_eq!(
            cram.next(b"<1896.697170952@postoffice.reston.mci.net>").unwrap(),
            b"tim b913a602c7eda7a495b4e6e7334d3890"
        );
        assert_eq!(cram.finish(), Ok(()));
    }

    #[test]
    fn messages_of_each_mechanism() {
        for (mechanism, authzid, proof, expected) in [
            (Mechanism::Plain, None, password("pw"), "\0boss\0pw"),
            (Mechanism::Plain, Some("ada"), password("pw"), "ada\0boss\0pw"),
            (Mechanism::External, None, Proof::Certificate, "boss"),
            (Mechanism::External, Some("ada"), Proof::Certificate, "ada"),
            (Mechanism::XOAuth2, None, token("t0k"), "user=boss\x01auth=Bearer t0k\x01\x01"),
            (
                Mechanism::OAuthBearer,
                Some("a,b"),
                token("t0k"),
                "n,a=a=2Cb,\x01host=server.example.com\x01port=143\x01auth=Bearer t0k\x01\x01",
            ),
            (Mechanism::ScramSha256, Some("ada"), password("pw"), "n,a=ada,n=boss,r=abc"),
        ] {
            let mut exchange = Exchange::new(mechanism, &claim(authzid, "boss", &proof)).unwrap();
            assert_eq!(exchange.first().as_deref(), Some(expected.as_bytes()), "{mechanism}");
        }
    }

    #[test]
    fn login_answers_twice_and_no_more() {
        let proof = password("pw");
        let mut login = Exchange::new(Mechanism::Login, &claim(None, "ada", &proof)).unwrap();
        assert_eq!(login.first(), None);
        assert_eq!(login.next(b"Username:").unwrap(), b"ada");
        assert!(login.finish().is_err());
        assert_eq!(login.next(b"Password:").unwrap(), b"pw");
        assert_eq!(login.finish(), Ok(()));
        assert!(login.next(b"Again:").is_err());
    }

    #[test]
    fn a_refused_token_is_answered_and_the_servers_words_are_kept() {
        for (mechanism, dummy) in [(Mechanism::OAuthBearer, &b"\x01"[..]), (Mechanism::XOAuth2, b"")] {
            let proof = token("t0k");
            let mut exchange = Exchange::new(mechanism, &claim(None, "ada", &proof)).unwrap();
            exchange.first();
            assert_eq!(exchange.next(br#"{"status":"invalid_token","saw":"t0k"}"#).unwrap(), dummy);
            assert_eq!(exchange.words(), Some(r#"{"status":"invalid_token","saw":"..."}"#));
        }
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_sent() {
        for (name, mechanism, user, proof) in [
            ("zero byte in a password", Mechanism::Plain, "ada", password("a\0b")),
            ("zero byte in a name", Mechanism::Plain, "a\0da", password("pw")),
            ("separator in a name", Mechanism::XOAuth2, "a\x01da", token("t")),
            ("separator in a token", Mechanism::XOAuth2, "ada", token("t\x01x")),
            ("line end in a token", Mechanism::OAuthBearer, "ada", token("t\n")),
            ("token for a password", Mechanism::Plain, "ada", token("t")),
            ("password for a token", Mechanism::XOAuth2, "ada", password("p")),
            ("command", Mechanism::LoginCommand, "ada", password("p")),
        ] {
            let fault = Exchange::new(mechanism, &claim(None, user, &proof)).err();
            assert!(matches!(fault, Some(Fault::Input(_))), "{name}");
        }
    }

    #[test]
    fn scram_is_not_finished_before_the_server_has_proved_itself() {
        let proof = password("pw");
        let mut scram = Exchange::new(Mechanism::ScramSha1, &claim(None, "ada", &proof)).unwrap();
        scram.first();
        assert!(matches!(scram.finish(), Err(Fault::Security(_))));
        assert!(matches!(scram.next(b"r=other,s=QSXC,i=1"), Err(Fault::Security(_))));
        assert!(!format!("{scram:?}").contains("pw"));
    }
}
