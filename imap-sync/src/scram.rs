//! SCRAM, without I/O (RFC 5802, RFC 7677): neither side shows the password, and each proves that it knows it.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use hmac::digest::block_api::EagerHash;
use hmac::{Hmac, KeyInit, Mac};
use sha1::{Digest, Sha1};
use sha2::Sha256;

/// The hash function under it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Hash {
    Sha1,
    Sha256,
}

/// The client's side of the exchange.
pub(crate) struct Scram {
    hash: Hash,
    /// `gs2-header`: no channel binding, and the authorization identity.
    header: String,
    /// `client-first-message-bare`.
    first: String,
    nonce: String,
    password: String,
    state: State,
}

#[derive(PartialEq, Eq)]
enum State {
    Begun,
    /// The signature that the server has to show.
    Proved(Vec<u8>),
    Verified,
}

/// Why an exchange cannot go on.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Broken {
    /// The server's message is not what the RFC says.
    Malformed(&'static str),
    /// The server said why it refuses: `server-error-value`.
    Refused(String),
    /// The server does not know the password, or somebody is in between.
    Unproved(&'static str),
}

impl Scram {
    /// Before the first message. `nonce` is printable, without a comma, and never used twice.
    pub(crate) fn new(hash: Hash, authzid: Option<&str>, user: &str, password: &str, nonce: &str) -> Self {
        let authzid = authzid.map(|name| format!("a={}", escape(name))).unwrap_or_default();
        let (user, password) = (prepare(user), prepare(password));
        Self {
            hash,
            header: format!("n,{authzid},"),
            first: format!("n={},r={nonce}", escape(&user)),
            nonce: nonce.to_owned(),
            password,
            state: State::Begun,
        }
    }

    /// `client-first-message`.
    pub(crate) fn first(&self) -> Vec<u8> {
        format!("{}{}", self.header, self.first).into_bytes()
    }

    /// The answer to a message of the server.
    pub(crate) fn next(&mut self, message: &[u8]) -> Result<Vec<u8>, Broken> {
        let message = std::str::from_utf8(message).map_err(|_| Broken::Malformed("it is not UTF-8"))?;
        match &self.state {
            State::Begun => self.prove(message),
            State::Proved(signature) => {
                verify(message, signature)?;
                self.state = State::Verified;
                Ok(Vec::new())
            }
            State::Verified => Err(Broken::Malformed("it says more than there is to say")),
        }
    }

    /// Whether the server has proved that it knows the password.
    pub(crate) fn is_verified(&self) -> bool {
        self.state == State::Verified
    }

    /// `server-first-message = [reserved-mext ","] nonce "," salt "," iteration-count ["," extensions]`.
    fn prove(&mut self, message: &str) -> Result<Vec<u8>, Broken> {
        let mut parts = message.split(',');
        let mut part = |name| parts.next().and_then(|part| part.strip_prefix(name));
        let nonce = part("r=").ok_or(Broken::Malformed("a nonce was expected"))?;
        let salt = part("s=").and_then(|salt| STANDARD.decode(salt).ok());
        let salt = salt.ok_or(Broken::Malformed("a salt was expected"))?;
        let rounds =
            part("i=").and_then(|rounds| rounds.parse().ok()).filter(|rounds| ROUNDS.contains(rounds));
        let rounds = rounds.ok_or(Broken::Malformed("a bearable iteration count was expected"))?;
        if !nonce.starts_with(&self.nonce) || nonce.len() == self.nonce.len() {
            return Err(Broken::Unproved("it does not answer with the nonce it was given"));
        }
        let end = format!("c={},r={nonce}", STANDARD.encode(&self.header));
        let all = format!("{},{message},{end}", self.first);
        let (proof, signature) = self.hash.answers(self.password.as_bytes(), &salt, rounds, all.as_bytes());
        self.state = State::Proved(signature);
        Ok(format!("{end},p={}", STANDARD.encode(proof)).into_bytes())
    }
}

impl Hash {
    /// `ClientProof` and `ServerSignature` (RFC 5802 section 3).
    fn answers(self, password: &[u8], salt: &[u8], rounds: u32, all: &[u8]) -> (Vec<u8>, Vec<u8>) {
        match self {
            Self::Sha1 => answers::<Sha1>(&mut [0; 20], password, salt, rounds, all),
            Self::Sha256 => answers::<Sha256>(&mut [0; 32], password, salt, rounds, all),
        }
    }
}

fn answers<D: EagerHash + Digest>(
    salted: &mut [u8],
    password: &[u8],
    salt: &[u8],
    rounds: u32,
    all: &[u8],
) -> (Vec<u8>, Vec<u8>) {
    pbkdf2::pbkdf2_hmac::<D>(password, salt, rounds, salted);
    let client = hmac::<D>(salted, b"Client Key");
    let signature = hmac::<D>(&D::digest(&client), all);
    let proof = client.iter().zip(signature).map(|(key, signature)| key ^ signature).collect();
    (proof, hmac::<D>(&hmac::<D>(salted, b"Server Key"), all))
}

fn hmac<D: EagerHash>(key: &[u8], message: &[u8]) -> Vec<u8> {
    let mut hmac = Hmac::<D>::new_from_slice(key).expect("HMAC takes keys of any length");
    hmac.update(message);
    hmac.finalize().into_bytes().to_vec()
}

/// `server-final-message = (server-error / verifier) ["," extensions]`.
fn verify(message: &str, signature: &[u8]) -> Result<(), Broken> {
    let first = message.split(',').next().unwrap_or_default();
    if let Some(error) = first.strip_prefix("e=") {
        return Err(Broken::Refused(error.to_owned()));
    }
    let shown = first.strip_prefix("v=").ok_or(Broken::Malformed("a signature was expected"))?;
    if STANDARD.decode(shown).is_ok_and(|shown| shown == signature) {
        return Ok(());
    }
    Err(Broken::Unproved("its signature is wrong: it does not know the password"))
}

/// SASLprep (RFC 4013); what that forbids is taken as it is.
fn prepare(text: &str) -> String {
    stringprep::saslprep(text).map_or_else(|_| text.to_owned(), |text| text.into_owned())
}

/// `saslname`: as a name is written between commas.
pub(crate) fn escape(name: &str) -> String {
    name.replace('=', "=3D").replace(',', "=2C")
}

/// RFC 7677 asks for 4096 and more; old hashes have less. More than this is meant to keep a client busy.
const ROUNDS: std::ops::RangeInclusive<u32> = 1..=2_000_000;

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 5802 section 5 and RFC 7677 section 3.
    const EXAMPLES: [(Hash, &str, [&str; 4]); 2] = [
        (
            Hash::Sha1,
            "fyko+d2lbbFgONRv9qkxdawL",
            [
                "n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL",
                "r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096",
                "c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=",
                "v=rmF9pqV8S7suAoZWja4dJRkFsKQ=",
            ],
        ),
        (
            Hash::Sha256,
            "rOprNGfwEbeRWgbNEkqO",
            [
                "n,,n=user,r=rOprNGfwEbeRWgbNEkqO",
                "r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096",
                "c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,\
                 p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=",
                "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=",
            ],
        ),
    ];

    #[test]
    fn examples_of_the_rfcs() {
        for (hash, nonce, [first, challenge, answer, signature]) in EXAMPLES {
            let mut scram = Scram::new(hash, None, "user", "pencil", nonce);
            assert_eq!(scram.first(), first.as_bytes());
            assert_eq!(scram.next(challenge.as_bytes()), Ok(answer.as_bytes().to_vec()));
            assert!(!scram.is_verified());
            assert_eq!(scram.next(signature.as_bytes()), Ok(Vec::new()));
            assert!(scram.is_verified());
        }
    }

    #[test]
    fn a_server_that_does_not_know_the_password_is_found_out() {
        for (name, message, expected) in [
            ("signature of another", "v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=", "Unproved"),
            ("no signature", "v=", "Unproved"),
            ("an error", "e=invalid-proof", "Refused(\"invalid-proof\")"),
            ("nothing", "", "Malformed"),
        ] {
            let (hash, nonce, [_, challenge, ..]) = EXAMPLES[0];
            let mut scram = Scram::new(hash, None, "user", "pencil", nonce);
            scram.next(challenge.as_bytes()).unwrap();
            let broken = format!("{:?}", scram.next(message.as_bytes()).unwrap_err());
            assert!(broken.starts_with(expected) && !scram.is_verified(), "{name}: {broken}");
        }
    }

    #[test]
    fn challenges_that_are_none() {
        for (name, message) in [
            ("nonce of another", "r=abc,s=QSXC,i=4096"),
            ("nonce not extended", "r=mine,s=QSXC,i=4096"),
            ("no salt", "r=mine1,i=4096"),
            ("salt not base64", "r=mine1,s=%,i=4096"),
            ("no rounds", "r=mine1,s=QSXC,i=0"),
            ("rounds without end", "r=mine1,s=QSXC,i=4294967295"),
            ("an extension that must be known", "m=x,r=mine1,s=QSXC,i=4096"),
            ("not UTF-8", "\u{0}"),
        ] {
            let mut scram = Scram::new(Hash::Sha256, None, "u", "p", "mine");
            assert!(scram.next(message.as_bytes()).is_err(), "{name}");
        }
    }

    #[test]
    fn names_are_escaped_and_prepared() {
        let scram = Scram::new(Hash::Sha1, Some("a,b=c"), "I\u{ad}X", "p", "n");
        assert_eq!(scram.first(), b"n,a=a=2Cb=3Dc,n=IX,r=n");
    }
}
