//! Begins, finds, lists and ends sessions in the store.

use std::sync::Arc;
use std::time::Duration;

use bionicpro_auth::Clock;
use bionicpro_model::{Result, Secret};
use bionicpro_store::{Expiry, Store};

use super::index;
use super::record::{Grant, Life, Record, Session};
use super::secret::CookieSecret;
use crate::metrics;

/// The purpose of the key that seals a record.
const RECORD: &str = "session record";
/// An activity record younger than this is not rewritten, in seconds, so that a page with ten requests costs
/// one write. Idle sessions may end this much early.
const LIFE_STEP_S: i64 = 15;

/// The lifetimes of sessions, and the number of sessions that a person may have.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    pub(crate) idle_s: i64,
    pub(crate) absolute_s: i64,
    pub(crate) per_person: usize,
}

/// The sessions in the store; clones share it.
#[derive(Debug, Clone)]
pub(crate) struct Sessions {
    pub(super) store: Store,
    pub(super) clock: Clock,
    issuer: String,
    client_secret: Arc<Secret>,
    limits: Limits,
}

/// A new session.
pub(crate) struct Begun {
    pub(crate) secret: CookieSecret,
    /// The refresh tokens of the person's oldest sessions, which were ended to make room.
    pub(crate) evicted: Vec<Grant>,
}

/// The reason why a session ended, for the metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ended {
    SignedOut,
    ByPerson,
    ByIssuer,
    GrantRefused,
    Evicted,
    Replaced,
    Idle,
    TooOld,
}

/// A session in the person's own list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Listed {
    pub(crate) id: String,
    pub(crate) life: Life,
}

impl Sessions {
    pub(crate) fn new(
        store: Store,
        clock: Clock,
        issuer: &str,
        client_secret: Secret,
        limits: Limits,
    ) -> Self {
        Sessions { store, clock, issuer: issuer.to_owned(), client_secret: Arc::new(client_secret), limits }
    }

    /// Begins a session under a new secret. The person's oldest sessions end if there are too many.
    pub(crate) async fn begin(&self, record: &Record, agent: String) -> Result<Begun> {
        let secret = CookieSecret::generate()?;
        let id = secret.id();
        let sealed = secret.key(RECORD)?.seal(&id, record)?;
        let life = Life { created_at_s: record.created_at_s, last_seen_at_s: record.created_at_s, agent };
        // Indexes first, so that every record in the store can be found, listed and ended.
        let keep = seconds(self.limits.absolute_s);
        self.store.add_member(&index::of_subject(&self.issuer, &record.subject), &id, keep).await?;
        if let Some(issuer_session) = &record.issuer_session {
            let of_issuer_session = index::of_issuer_session(&self.issuer, issuer_session);
            self.store.add_member(&of_issuer_session, &id, keep).await?;
        }
        self.write_life(&id, &record.subject, &life).await?;
        self.write_grant(&id, record, keep).await?;
        self.store.put(&index::record(&id), &sealed, Expiry::In(keep)).await?;
        let evicted = self.evict(&record.subject, &id).await?;
        Ok(Begun { secret, evicted })
    }

    /// Returns the live session of a cookie.
    pub(crate) async fn find(&self, secret: &CookieSecret) -> Result<Option<Session>> {
        let id = secret.id();
        let mut found = self.store.get_many(&[index::record(&id), index::life(&id)]).await?;
        let (life, sealed) = (found.pop().flatten(), found.pop().flatten());
        let Some(sealed) = sealed else { return Ok(None) };
        let Some(record) = secret.key(RECORD)?.open::<Record>(&id, &sealed) else {
            tracing::error!("cannot unseal a session record: it was changed in the store");
            return Ok(None);
        };
        let key = index::life_key(&self.issuer, &record.subject)?;
        let life = life.and_then(|sealed| key.open::<Life>(&id, &sealed));
        let now_s = self.clock.unix_s();
        let ended = match &life {
            _ if now_s >= record.created_at_s + self.limits.absolute_s => Some(Ended::TooOld),
            Some(life) if now_s < life.last_seen_at_s + self.limits.idle_s => None,
            _ => Some(Ended::Idle),
        };
        match (ended, life) {
            (None, Some(life)) => Ok(Some(Session { id, record, life, sealed })),
            (ended, _) => {
                self.remove(&id, &record.subject, ended.unwrap_or(Ended::Idle)).await?;
                Ok(None)
            }
        }
    }

    /// Records the person's activity.
    pub(crate) async fn touch(&self, session: &mut Session) -> Result<()> {
        let now_s = self.clock.unix_s();
        if (now_s - session.life.last_seen_at_s).abs() < LIFE_STEP_S {
            return Ok(());
        }
        session.life.last_seen_at_s = now_s;
        self.write_life(&session.id, &session.record.subject, &session.life).await
    }

    /// Replaces the record that was read by a changed one. Returns whether the record was still there.
    pub(crate) async fn replace(
        &self,
        secret: &CookieSecret,
        session: &mut Session,
        record: Record,
    ) -> Result<bool> {
        let sealed = secret.key(RECORD)?.seal(&session.id, &record)?;
        let left = seconds(record.created_at_s + self.limits.absolute_s - self.clock.unix_s());
        let key = index::record(&session.id);
        // First, so that ending the session from now on revokes the new refresh token.
        self.write_grant(&session.id, &record, left).await?;
        let is_replaced = self.store.replace(&key, &session.sealed, &sealed, Expiry::In(left)).await?;
        if is_replaced {
            (session.record, session.sealed) = (record, sealed);
        } else if self.store.get(&key).await?.is_none() {
            self.store.remove(&index::grant(&session.id)).await?;
        }
        Ok(is_replaced)
    }

    /// Ends a session.
    pub(crate) async fn end(&self, session: &Session, why: Ended) -> Result<()> {
        self.remove(&session.id, &session.record.subject, why).await.map(|_| ())
    }

    /// Returns the refresh token of a session of an account.
    pub(crate) async fn grant(&self, subject: &str, id: &str) -> Result<Option<Grant>> {
        let Some(sealed) = self.store.get(&index::grant(id)).await? else { return Ok(None) };
        Ok(index::grant_key(&self.client_secret, &self.issuer, subject)?.open(id, &sealed))
    }

    /// Returns the refresh tokens of all sessions of an account.
    pub(crate) async fn grants_of(&self, subject: &str) -> Result<Vec<Grant>> {
        let ids = self.store.members(&index::of_subject(&self.issuer, subject)).await?;
        let keys: Vec<_> = ids.iter().map(|id| index::grant(id)).collect();
        let found = self.store.get_many(&keys).await?;
        let key = index::grant_key(&self.client_secret, &self.issuer, subject)?;
        let pairs = ids.iter().zip(found);
        Ok(pairs.filter_map(|(id, sealed)| key.open(id, &sealed?)).collect())
    }

    /// Ends one session of an account. Returns whether there was such a session.
    pub(crate) async fn end_of_subject(&self, subject: &str, id: &str, why: Ended) -> Result<bool> {
        let members = self.store.members(&index::of_subject(&self.issuer, subject)).await?;
        match members.iter().any(|member| member == id) {
            true => self.remove(id, subject, why).await,
            false => Ok(false),
        }
    }

    /// Ends all sessions of an account.
    pub(crate) async fn end_all_of(&self, subject: &str, why: Ended) -> Result<usize> {
        self.end_members(&index::of_subject(&self.issuer, subject), why).await
    }

    /// Ends the sessions that came from one session of the issuer.
    pub(crate) async fn end_all_from(&self, issuer_session: &str, why: Ended) -> Result<usize> {
        self.end_members(&index::of_issuer_session(&self.issuer, issuer_session), why).await
    }

    /// Returns the live sessions of an account, the newest first.
    pub(crate) async fn list(&self, subject: &str) -> Result<Vec<Listed>> {
        let of_subject = index::of_subject(&self.issuer, subject);
        let ids = self.store.members(&of_subject).await?;
        let keys: Vec<_> = ids.iter().flat_map(|id| [index::record(id), index::life(id)]).collect();
        let found = self.store.get_many(&keys).await?;
        let key = index::life_key(&self.issuer, subject)?;
        let now_s = self.clock.unix_s();
        let mut listed = Vec::new();
        for (id, pair) in ids.into_iter().zip(found.chunks_exact(2)) {
            let life = match pair {
                [Some(_), Some(life)] => key.open::<Life>(&id, life),
                _ => None,
            };
            let is_alive = |life: &Life| {
                now_s < life.last_seen_at_s + self.limits.idle_s
                    && now_s < life.created_at_s + self.limits.absolute_s
            };
            match life.filter(is_alive) {
                Some(life) => listed.push(Listed { id, life }),
                None => self.store.remove_member(&of_subject, &id).await?,
            }
        }
        listed.sort_by(|one, other| {
            (other.life.created_at_s, &other.id).cmp(&(one.life.created_at_s, &one.id))
        });
        Ok(listed)
    }

    /// Returns the time at which the session ends without further activity, and the latest time at which it
    /// ends, in seconds since 1970.
    pub(crate) fn ends_at_s(&self, session: &Session) -> (i64, i64) {
        let at_latest = session.record.created_at_s + self.limits.absolute_s;
        ((session.life.last_seen_at_s + self.limits.idle_s).min(at_latest), at_latest)
    }

    /// Ends an account's oldest sessions if it has too many, but never the one that has just begun.
    async fn evict(&self, subject: &str, newest: &str) -> Result<Vec<Grant>> {
        let mut grants = Vec::new();
        let listed = self.list(subject).await?;
        let others = listed.iter().filter(|listed| listed.id != newest);
        for surplus in others.skip(self.limits.per_person.saturating_sub(1)) {
            grants.extend(self.grant(subject, &surplus.id).await?);
            self.remove(&surplus.id, subject, Ended::Evicted).await?;
        }
        Ok(grants)
    }

    async fn end_members(&self, set: &bionicpro_store::Key, why: Ended) -> Result<usize> {
        let mut ended = 0;
        for id in self.store.members(set).await? {
            if self.store.remove(&index::record(&id)).await? {
                metrics::count_ended(why);
                ended += 1;
            }
            self.store.remove(&index::life(&id)).await?;
            self.store.remove(&index::grant(&id)).await?;
            self.store.remove_member(set, &id).await?;
        }
        Ok(ended)
    }

    async fn remove(&self, id: &str, subject: &str, why: Ended) -> Result<bool> {
        let was_there = self.store.remove(&index::record(id)).await?;
        self.store.remove(&index::life(id)).await?;
        self.store.remove(&index::grant(id)).await?;
        self.store.remove_member(&index::of_subject(&self.issuer, subject), id).await?;
        if was_there {
            metrics::count_ended(why);
        }
        Ok(was_there)
    }

    async fn write_grant(&self, id: &str, record: &Record, keep: Duration) -> Result<()> {
        let Some(grant) = record.grant() else { return Ok(()) };
        let key = index::grant_key(&self.client_secret, &self.issuer, &record.subject)?;
        self.store.put(&index::grant(id), &key.seal(id, &grant)?, Expiry::In(keep)).await
    }

    async fn write_life(&self, id: &str, subject: &str, life: &Life) -> Result<()> {
        let sealed = index::life_key(&self.issuer, subject)?.seal(id, life)?;
        self.store.put(&index::life(id), &sealed, Expiry::In(seconds(self.limits.idle_s))).await
    }
}

impl Ended {
    /// Returns the word in metrics.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Ended::SignedOut => "signed_out",
            Ended::ByPerson => "by_person",
            Ended::ByIssuer => "by_issuer",
            Ended::GrantRefused => "grant_refused",
            Ended::Evicted => "evicted",
            Ended::Replaced => "replaced",
            Ended::Idle => "idle",
            Ended::TooOld => "too_old",
        }
    }
}

pub(super) fn seconds(seconds: i64) -> Duration {
    Duration::from_secs(u64::try_from(seconds).unwrap_or(0))
}
