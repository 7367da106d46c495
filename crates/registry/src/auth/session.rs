//! What is presented to each registry, kept from its first answer on and renewed when it grows old.

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use image::RegistryHost;
use reqwest::header::HeaderValue;
use tokio::sync::OwnedMutexGuard;
use tokio::time::Instant;

use crate::auth::Scopes;
use crate::auth::basic::{basic, bearer};
use crate::auth::challenge::Challenge;
use crate::auth::credential::{Credential, Issued};
use crate::auth::token::{self, Token, TokenAsk, TokenService};
use crate::client::host::Host;
use crate::client::request::Ask;
use crate::client::wire::Wire;
use crate::error::{Error, Refusal, Result, Side};

/// Most tokens that are kept for one registry; past that, all are asked for anew.
const MOST_TOKENS: usize = 20_000;

/// What each registry is answered.
#[derive(Default)]
pub(crate) struct Authenticator(Mutex<HashMap<RegistryHost, Arc<HostSession>>>);

/// What one registry is answered.
#[derive(Default)]
struct HostSession {
    /// What the registry asks for, once it has said so.
    wanted: Mutex<Option<Wanted>>,
    /// Held by the first request until it is answered, so that not every early one is refused for lack of a
    /// token, or for a wrong one.
    contact: Arc<tokio::sync::Mutex<()>>,
    contacted: AtomicBool,
    credential: tokio::sync::Mutex<Held>,
    tokens: Mutex<HashMap<Scopes, Arc<tokio::sync::Mutex<Option<Token>>>>>,
}

#[derive(Clone, PartialEq, Eq)]
enum Wanted {
    Basic,
    Token(TokenService),
}

#[derive(Default)]
struct Held {
    asked: bool,
    issued: Option<Issued>,
    renew_at: Option<Instant>,
    generation: u64,
    /// Whether it was renewed once for a refusal without words.
    doubted: bool,
}

/// What went with a request.
pub(crate) struct Presented {
    header: Option<HeaderValue>,
    kind: Kind,
}

/// The place of a request at a registry's door; while the first one stands there, others wait.
pub(crate) struct Entry {
    session: Arc<HostSession>,
    _first: OwnedMutexGuard<()>,
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.session.contacted.store(true, Ordering::Relaxed);
    }
}

/// A 401 or 403.
pub(crate) struct Refused<'a> {
    pub(crate) challenge: Option<Challenge>,
    pub(crate) refusal: &'a Refusal,
    pub(crate) error: &'a Error,
    /// Whether what was presented had been renewed for this request already.
    pub(crate) renewed: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Nothing,
    /// The credential itself, of this generation.
    Credential(u64),
    Token,
}

impl Presented {
    /// Returns whether it is the credential itself, not a token bought with it.
    pub(crate) fn is_credential(&self) -> bool {
        matches!(self.kind, Kind::Credential(_))
    }

    /// Returns the header, if there is one.
    pub(crate) fn header(&self) -> Option<HeaderValue> {
        self.header.clone()
    }
}

impl Authenticator {
    fn session(&self, host: &Host) -> Arc<HostSession> {
        let mut sessions = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sessions.entry(host.name.clone()).or_default().clone()
    }

    /// Returns whether a registry has said what it wants to be presented.
    pub(crate) fn is_asked_by(&self, host: &Host) -> bool {
        self.session(host).wanted().is_some()
    }

    /// Waits while the first request to a registry is not answered yet; dropping the entry lets others in.
    pub(crate) async fn enter(&self, host: &Host) -> Option<Entry> {
        let session = self.session(host);
        if session.contacted.load(Ordering::Relaxed) {
            return None;
        }
        let first = session.contact.clone().lock_owned().await;
        if session.contacted.load(Ordering::Relaxed) {
            return None;
        }
        Some(Entry { session, _first: first })
    }

    /// Returns what goes with a request of these scopes; asks for credentials and tokens as needed.
    pub(crate) async fn present(
        &self,
        wire: &Wire,
        host: &Arc<Host>,
        scopes: &Scopes,
        side: Option<Side>,
    ) -> Result<Presented> {
        let session = self.session(host);
        let (credential, generation) = session.credential(wire, host, None).await.map_err(|e| e.at(side))?;
        let sent = |header| Presented { header, kind: Kind::Credential(generation) };
        let wanted = session.wanted();
        match (&credential, &wanted) {
            (Some(Credential::RegistryToken(token)), _) => return Ok(sent(bearer(token))),
            (Some(Credential::Upfront { username, password }), None | Some(Wanted::Basic)) => {
                return Ok(sent(basic(username, password)));
            }
            _ => {}
        }
        match (wanted, credential) {
            (None, _) => Ok(Presented { header: None, kind: Kind::Nothing }),
            (
                Some(Wanted::Basic),
                Some(Credential::Login { username, password } | Credential::Upfront { username, password }),
            ) => Ok(sent(basic(&username, &password))),
            (Some(Wanted::Basic), _) => Ok(Presented { header: None, kind: Kind::Nothing }),
            (Some(Wanted::Token(service)), credential) => {
                let credential = credential.as_ref();
                let ask = TokenAsk { service: &service, scopes, more: None, credential, side };
                let token = session.token(wire, host, ask).await?;
                Ok(Presented { header: bearer(&token.value), kind: Kind::Token })
            }
        }
    }

    /// Takes a 401 or 403 in, and returns whether the request is worth sending again.
    ///
    /// # Errors
    /// The end of all work with this registry, where it refuses credentials that cannot be renewed.
    pub(crate) async fn refused(
        &self,
        wire: &Wire,
        host: &Arc<Host>,
        ask: &Ask,
        presented: &Presented,
        answer: Refused<'_>,
    ) -> Result<bool> {
        let Refused { challenge, refusal, error, renewed } = answer;
        let (session, scopes, side) = (self.session(host), &ask.scopes, ask.side);
        if refusal.status == 403 {
            // Amazon ECR's way of saying that its authorization token is too old.
            let Kind::Credential(generation) = presented.kind else { return Ok(false) };
            let expired = refusal.words.to_ascii_lowercase().contains("expired");
            // An answer to HEAD has no words, so it is believed once.
            let silent = refusal.words.is_empty() && refusal.code.is_none();
            if expired || (silent && session.doubt(generation).await) {
                return session.renew(wire, host, generation).await;
            }
            return Ok(false);
        }
        match challenge {
            None | Some(Challenge::Basic) => {
                if challenge.is_some() {
                    session.set_wanted(Wanted::Basic);
                }
                match presented.kind {
                    Kind::Credential(generation) => {
                        if !renewed && session.renew(wire, host, generation).await? {
                            return Ok(true);
                        }
                        Err(host.refuse(error.clone()))
                    }
                    Kind::Token => Ok(session.forget(scopes)),
                    Kind::Nothing => {
                        let (credential, _) = session.credential(wire, host, None).await?;
                        let usable =
                            matches!(credential, Some(Credential::Login { .. } | Credential::Upfront { .. }));
                        Ok(challenge.is_some() && usable)
                    }
                }
            }
            Some(Challenge::Bearer { realm, service, scope }) => {
                let service = TokenService { realm, service };
                session.set_wanted(Wanted::Token(service.clone()));
                session.forget(scopes);
                let (credential, _) = session.credential(wire, host, None).await?;
                if matches!(credential, Some(Credential::RegistryToken(_))) {
                    return Err(host.refuse(error.clone()));
                }
                let (more, credential) = (scope.as_deref(), credential.as_ref());
                let ask = TokenAsk { service: &service, scopes, more, credential, side };
                session.token(wire, host, ask).await?;
                Ok(true)
            }
        }
    }
}

impl HostSession {
    fn wanted(&self) -> Option<Wanted> {
        self.wanted.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set_wanted(&self, wanted: Wanted) {
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = Some(wanted);
    }

    /// Returns the credential and its generation; asks for it at first, at half of its life, and when the
    /// generation that is in use was refused.
    async fn credential(
        &self,
        wire: &Wire,
        host: &Host,
        refused: Option<u64>,
    ) -> Result<(Option<Credential>, u64)> {
        let mut held = self.credential.lock().await;
        let old = held.renew_at.is_some_and(|at| Instant::now() >= at);
        if !held.asked || old || refused == Some(held.generation) {
            let issued = wire.options.credentials.credential(&host.name).await?;
            let life = issued.as_ref().and_then(|issued| issued.valid_for);
            held.renew_at = life.and_then(|life| Instant::now().checked_add(life / 2));
            held.issued = issued;
            held.asked = true;
            held.generation += 1;
        }
        Ok((held.issued.as_ref().map(|issued| issued.credential.clone()), held.generation))
    }

    /// Returns whether a refusal without words is the first one, or of a credential renewed meanwhile.
    async fn doubt(&self, refused: u64) -> bool {
        let mut held = self.credential.lock().await;
        !std::mem::replace(&mut held.doubted, true) || held.generation > refused
    }

    /// Asks for another credential in place of a refused one, if credentials here have a life at all.
    async fn renew(&self, wire: &Wire, host: &Host, refused: u64) -> Result<bool> {
        let renewable = {
            let held = self.credential.lock().await;
            held.generation > refused || held.issued.as_ref().is_some_and(|issued| issued.valid_for.is_some())
        };
        if renewable {
            self.credential(wire, host, Some(refused)).await?;
        }
        Ok(renewable)
    }

    /// Returns the token of these scopes, asked for once however many wait for it.
    async fn token(&self, wire: &Wire, host: &Arc<Host>, ask: TokenAsk<'_>) -> Result<Token> {
        let place = {
            let mut tokens = self.tokens.lock().unwrap_or_else(PoisonError::into_inner);
            if tokens.len() >= MOST_TOKENS {
                tokens.clear();
            }
            tokens.entry(ask.scopes.clone()).or_default().clone()
        };
        let mut place = place.lock().await;
        if let Some(token) = place.as_ref().filter(|token| token.is_fresh()) {
            return Ok(token.clone());
        }
        match token::fetch(wire, host, &ask).await {
            Ok(token) => Ok(place.insert(token).clone()),
            // Wrong credentials are wrong for every repository.
            Err(error) if error.status() == Some(401) && ask.credential.is_some() => Err(host.refuse(error)),
            Err(error) => Err(error),
        }
    }

    /// Drops the token of these scopes; returns whether there was one.
    fn forget(&self, scopes: &Scopes) -> bool {
        self.tokens.lock().unwrap_or_else(PoisonError::into_inner).remove(scopes).is_some()
    }
}
