//! What is shown to servers, asked for anew at each connection: tokens expire, accounts get locked.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::endpoint::Endpoint;
use crate::error::Error;
use crate::secret::{Proof, Secret};

/// A proof that is still to come.
pub type Asked<'a> = Pin<Box<dyn Future<Output = Result<Proof, Error>> + Send + 'a>>;

/// Where proofs come from. Asked once for each connection, so that what expires can be renewed.
///
/// ```
/// use imap_sync::{Asked, Credentials, Endpoint, Proof, Secret};
///
/// #[derive(Debug)]
/// struct Renewed;
///
/// impl Credentials for Renewed {
///     fn proof<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a> {
///         Box::pin(async { Ok(Proof::Token(Secret::new("from somewhere"))) })
///     }
/// }
/// ```
pub trait Credentials: Debug + Send + Sync {
    /// What is to be shown this time.
    fn proof<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a>;

    /// What became of it. Not called where nothing was shown, or where the server was only busy.
    fn judged(&self, endpoint: &Endpoint, proof: &Proof, accepted: bool) {
        let _ = (endpoint, proof, accepted);
    }
}

/// Credentials that show nothing again that was refused, so that no account gets locked: for a mailbox never, and an
/// administrator who was refused for three mailboxes in a row is not tried for a fourth.
#[derive(Debug)]
pub struct Guarded<C> {
    inner: C,
    refusals: Mutex<Refusals>,
}

#[derive(Debug, Default)]
struct Refusals {
    mailboxes: BTreeSet<(Shown, String)>,
    in_a_row: BTreeMap<Shown, u32>,
}

/// The server, who logs in there, and a digest of what was shown.
type Shown = (String, String, [u8; 32]);

impl<C: Credentials> Guarded<C> {
    /// The same credentials, with care.
    pub fn new(inner: C) -> Self {
        Self { inner, refusals: Mutex::default() }
    }

    /// Whether to try.
    fn admit(&self, endpoint: &Endpoint, proof: Proof) -> Result<Proof, Error> {
        let shown = shown(endpoint, &proof);
        let refusals = self.refusals();
        if refusals.in_a_row.get(&shown).is_some_and(|&times| times >= PATIENCE) {
            return Err(endpoint
                .refused("the administrator was refused several times in a row and is not tried again"));
        }
        if refusals.mailboxes.contains(&(shown, endpoint.user.clone())) {
            return Err(endpoint.refused(
                "the same was refused before; it is not tried again, lest the account gets locked",
            ));
        }
        Ok(proof)
    }

    fn refusals(&self) -> MutexGuard<'_, Refusals> {
        self.refusals.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<C: Credentials> Credentials for Guarded<C> {
    fn proof<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a> {
        Box::pin(async move { self.admit(endpoint, self.inner.proof(endpoint).await?) })
    }

    fn judged(&self, endpoint: &Endpoint, proof: &Proof, accepted: bool) {
        let shown = shown(endpoint, proof);
        let mut refusals = self.refusals();
        if accepted {
            refusals.in_a_row.remove(&shown);
        } else {
            *refusals.in_a_row.entry(shown.clone()).or_default() += 1;
            refusals.mailboxes.insert((shown, endpoint.user.clone()));
        }
        drop(refusals);
        self.inner.judged(endpoint, proof, accepted);
    }
}

impl Credentials for Proof {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        Box::pin(async { Ok(self.clone()) })
    }
}

/// A password.
impl Credentials for Secret {
    fn proof<'a>(&'a self, _: &'a Endpoint) -> Asked<'a> {
        Box::pin(async { Ok(Proof::Password(self.clone())) })
    }
}

impl<C: Credentials + ?Sized> Credentials for &C {
    fn proof<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a> {
        (**self).proof(endpoint)
    }

    fn judged(&self, endpoint: &Endpoint, proof: &Proof, accepted: bool) {
        (**self).judged(endpoint, proof, accepted);
    }
}

impl<C: Credentials + ?Sized> Credentials for Arc<C> {
    fn proof<'a>(&'a self, endpoint: &'a Endpoint) -> Asked<'a> {
        (**self).proof(endpoint)
    }

    fn judged(&self, endpoint: &Endpoint, proof: &Proof, accepted: bool) {
        (**self).judged(endpoint, proof, accepted);
    }
}

fn shown(endpoint: &Endpoint, proof: &Proof) -> Shown {
    let secret = proof.secret().map(Secret::expose).unwrap_or_default();
    let digest = *blake3::hash(secret).as_bytes();
    let name = endpoint.admin.as_ref().unwrap_or(&endpoint.user).clone();
    (format!("{}:{}", endpoint.host, endpoint.port), name, digest)
}

const PATIENCE: u32 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    fn endpoint(user: &str, admin: Option<&str>) -> Endpoint {
        Endpoint::parse(&format!("imaps://{user}@h"), false).unwrap().with_admin(admin.map(str::to_owned))
    }

    fn ask(guarded: &Guarded<Secret>, endpoint: &Endpoint) -> Result<Proof, Error> {
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(guarded.proof(endpoint))
    }

    #[test]
    fn what_was_refused_is_not_shown_again() {
        let guarded = Guarded::new(Secret::new("wrong"));
        let (ada, bob) = (endpoint("ada", None), endpoint("bob", None));
        let proof = ask(&guarded, &ada).unwrap();
        guarded.judged(&ada, &proof, false);
        assert!(matches!(ask(&guarded, &ada), Err(Error::Authentication { .. })));
        assert!(ask(&guarded, &bob).is_ok());
        assert!(guarded.admit(&ada, Proof::Token(Secret::new("new"))).is_ok(), "a new one may be shown");
        assert!(!format!("{guarded:?}").contains("wrong"));
    }

    #[test]
    fn an_administrator_refused_everywhere_is_given_up() {
        let guarded = Guarded::new(Secret::new("wrong"));
        let at = |user| endpoint(user, Some("boss"));
        for user in ["a", "b"] {
            let proof = ask(&guarded, &at(user)).unwrap();
            guarded.judged(&at(user), &proof, false);
        }
        let proof = ask(&guarded, &at("c")).unwrap();
        guarded.judged(&at("c"), &proof, true);
        for user in ["d", "e", "f"] {
            let proof = ask(&guarded, &at(user)).unwrap();
            guarded.judged(&at(user), &proof, false);
        }
        assert!(ask(&guarded, &at("g")).is_err_and(|error| error.to_string().contains("boss for g")));
    }
}
