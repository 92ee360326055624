//! The issuer as this client uses it: the addresses for the browser, the exchange of codes and refresh tokens
//! for tokens, and the checks of its responses.

use std::sync::Arc;

use bionicpro_auth::discovery::Endpoints;
use bionicpro_auth::{
    Claims, Clock, Discovery, IdClaims, IdTokenFor, KeyState, LogoutClaims, Rejection, Verifier,
};
use bionicpro_model::{Error, Kind, Result};
use chrono::{DateTime, Utc};
use http::HeaderValue;
use url::Url;

use super::grant::{self, Granted};
use super::transaction::Transaction;
use crate::Config;
use crate::config::Origin;
use crate::metrics;
use crate::session::secret::digest_of;
use crate::session::{Grant, Record, Tokens};

/// The requested scope: the person's identity and a display name.
const SCOPE: &str = "openid profile";
/// The path that the issuer redirects the browser back to.
const CALLBACK: &str = "/auth/callback";
/// The page after a sign-out.
const SIGNED_OUT: &str = "/signed-out";
/// Roles that the web app may see, in addition to the one that reads reports.
const SHOWN_ROLES: [&str; 2] = ["user", "administrator"];

/// The reasons for not getting tokens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotGranted {
    /// The issuer refused, or issued something that is not accepted; the reason is for the log.
    Refused(&'static str),
    /// The issuer did not respond, or not correctly: nothing is known about the grant.
    Unavailable,
}

/// The facts about the issuer that `bionicpro doctor` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IssuerFacts {
    /// The features for sign-in and sign-out that the issuer lacks, in words.
    pub missing: Vec<&'static str>,
    /// The time at the issuer.
    pub clock: DateTime<Utc>,
}

/// The issuer, and this client's credentials.
pub(crate) struct Issuer {
    discovery: Discovery,
    verifier: Verifier,
    client_id: String,
    credentials: HeaderValue,
    redirect_uri: String,
    post_logout_redirect_uri: String,
}

impl Issuer {
    /// Reads the configuration; makes no request.
    pub(crate) fn new(
        config: &Config,
        oidc: &bionicpro_auth::Config,
        verifier: Verifier,
        clock: Clock,
        origin: &Origin,
    ) -> Result<Self> {
        let secret = config.client_secret()?;
        let credentials = grant::credentials(&config.client_id, &secret)
            .ok_or_else(|| Error::new(Kind::Internal, "the client secret cannot be sent in a header"))?;
        Ok(Issuer {
            discovery: Discovery::new(oidc, clock)?,
            verifier,
            client_id: config.client_id.clone(),
            credentials,
            redirect_uri: format!("{}{CALLBACK}", origin.text),
            post_logout_redirect_uri: format!("{}{SIGNED_OUT}", origin.text),
        })
    }

    /// Returns the issuer, as in `iss`.
    pub(crate) fn name(&self) -> &str {
        self.discovery.issuer()
    }

    /// Returns the address that begins a sign-in.
    pub(crate) async fn sign_in_url(&self, transaction: &Transaction) -> Result<Url> {
        let mut url = self.discovery.endpoints().await?.authorization.clone();
        url.query_pairs_mut().extend_pairs([
            ("response_type", "code"),
            ("client_id", &self.client_id),
            ("redirect_uri", &self.redirect_uri),
            ("scope", SCOPE),
            ("state", &transaction.state),
            ("nonce", &transaction.nonce),
            ("code_challenge", &digest_of(&transaction.verifier)),
            ("code_challenge_method", "S256"),
        ]);
        Ok(url)
    }

    /// Returns true if a response of the authorization endpoint is this issuer's (RFC 9207): `iss` names it,
    /// or is missing and the issuer does not send it.
    pub(crate) async fn is_answer_of(&self, iss: Option<&str>) -> Result<bool> {
        match iss {
            Some(iss) => Ok(iss == self.discovery.issuer()),
            None => Ok(!self.discovery.endpoints().await?.answers_with_issuer),
        }
    }

    /// Exchanges a code for the signed-in person and their tokens.
    pub(crate) async fn redeem(
        &self,
        code: &str,
        transaction: &Transaction,
        now_s: i64,
    ) -> Result<Record, NotGranted> {
        let granted = self
            .ask(&[
                ("grant_type", "authorization_code"),
                ("code", code),
                ("redirect_uri", &self.redirect_uri),
                ("code_verifier", &transaction.verifier),
            ])
            .await?;
        let id_token = granted.id_token.as_deref().ok_or_else(|| not_accepted("no_id_token"))?;
        let expected = IdTokenFor {
            client_id: &self.client_id,
            nonce: &transaction.nonce,
            access_token: &granted.access_token,
        };
        let id = self.verifier.verify_id_token(id_token, &expected).await.map_err(rejected)?;
        let claims = self.verify(&granted.access_token).await?;
        if claims.subject != id.subject {
            return Err(not_accepted("two_subjects"));
        }
        Ok(self.record(claims, id, granted, now_s))
    }

    /// Refreshes a session's tokens and returns its record with the new ones.
    pub(crate) async fn refresh(&self, record: &Record) -> Result<Record, NotGranted> {
        let refresh = record.tokens.refresh.as_deref().ok_or(NotGranted::Refused("no_refresh_token"))?;
        let granted = self.ask(&[("grant_type", "refresh_token"), ("refresh_token", refresh)]).await?;
        let claims = self.verify(&granted.access_token).await?;
        if claims.subject != record.subject {
            return Err(not_accepted("two_subjects"));
        }
        let tokens = Tokens {
            access_expires_at_s: claims.expires_at.timestamp(),
            access: granted.access_token,
            // An issuer that does not rotate refresh tokens sends none, and the old one stays valid.
            refresh: granted.refresh_token.or_else(|| record.tokens.refresh.clone()),
        };
        let roles = self.shown_roles(&claims);
        Ok(Record { username: claims.username.into(), roles, tokens, ..record.clone() })
    }

    /// Revokes refresh tokens (RFC 7009), so that the sessions at the issuer end too. Those of the issuer
    /// session `staying` are kept, because revoking them would end it. A token that cannot be revoked stays
    /// valid until it expires, but is no longer stored anywhere.
    pub(crate) async fn give_back(&self, grants: impl IntoIterator<Item = Grant>, staying: Option<&str>) {
        for Grant { refresh, issuer_session } in grants {
            if issuer_session.is_some() && issuer_session.as_deref() == staying {
                continue;
            }
            let is_revoked = self.revoke(&refresh).await;
            metrics::count_revocation(if is_revoked { "ok" } else { "failed" });
            if !is_revoked {
                tracing::warn!("cannot revoke a refresh token at the issuer");
            }
        }
    }

    async fn revoke(&self, refresh: &str) -> bool {
        let Ok(endpoints) = self.discovery.endpoints().await else { return false };
        let Some(revocation) = &endpoints.revocation else { return false };
        let form = [("token", refresh), ("token_type_hint", "refresh_token")];
        let answer = grant::post(self.discovery.client(), revocation, &self.credentials, &form).await;
        answer.is_ok_and(|(status, _)| status.is_success())
    }

    /// Returns the address at which the browser signs out at the issuer, whose own cookie only the issuer can
    /// remove. It carries no ID token, because no token ever reaches a browser. The issuer may therefore ask
    /// the person to confirm if it still has a session.
    pub(crate) async fn sign_out_url(&self) -> String {
        let end_session = self.discovery.endpoints().await.ok().and_then(|found| found.end_session.clone());
        match end_session {
            Some(mut url) => {
                url.query_pairs_mut().extend_pairs([
                    ("client_id", &self.client_id),
                    ("post_logout_redirect_uri", &self.post_logout_redirect_uri),
                ]);
                url.into()
            }
            None => SIGNED_OUT.to_owned(),
        }
    }

    /// Verifies a back-channel logout token and returns whose session has ended.
    pub(crate) async fn logout_claims(&self, unverified_jwt: &str) -> Result<LogoutClaims, Rejection> {
        self.verifier.verify_logout_token(unverified_jwt, &self.client_id).await
    }

    /// Returns true if people can sign in now.
    pub(crate) async fn is_ready(&self) -> bool {
        let (keys, endpoints) = tokio::join!(self.verifier.ready(), self.discovery.endpoints());
        keys != KeyState::Unavailable && endpoints.is_ok()
    }

    async fn ask(&self, form: &[(&str, &str)]) -> Result<Granted, NotGranted> {
        let endpoints = self.endpoints().await?;
        grant::read(grant::post(self.discovery.client(), &endpoints.token, &self.credentials, form).await?)
    }

    async fn endpoints(&self) -> Result<Arc<Endpoints>, NotGranted> {
        self.discovery.endpoints().await.map_err(|_| NotGranted::Unavailable)
    }

    /// Verifies an access token as the API will. It is meant for the API, and this client is in its audience
    /// too.
    async fn verify(&self, unverified_jwt: &str) -> Result<Claims, NotGranted> {
        let claims = self.verifier.verify(unverified_jwt).await.map_err(rejected)?;
        claims.require_person().map_err(rejected)?;
        Ok(claims)
    }

    fn record(&self, claims: Claims, id: IdClaims, granted: Granted, now_s: i64) -> Record {
        Record {
            roles: self.shown_roles(&claims),
            subject: claims.subject,
            issuer_session: id.session_id.or(claims.session_id),
            username: claims.username.into(),
            name: id.name,
            authenticated_at_s: id.authenticated_at.timestamp(),
            created_at_s: now_s,
            tokens: Tokens {
                access: granted.access_token,
                access_expires_at_s: claims.expires_at.timestamp(),
                refresh: granted.refresh_token,
            },
        }
    }

    fn shown_roles(&self, claims: &Claims) -> Vec<String> {
        let is_shown =
            |role: &&String| SHOWN_ROLES.contains(&role.as_str()) || *role == self.verifier.required_role();
        claims.roles.iter().filter(is_shown).cloned().collect()
    }
}

/// Queries the issuer for the facts that `doctor` shows.
pub(crate) async fn facts(oidc: &bionicpro_auth::Config, clock: Clock) -> Result<IssuerFacts> {
    let discovery = Discovery::new(oidc, clock)?;
    let endpoints = discovery.endpoints().await?;
    let wanted = [
        (endpoints.takes_pkce, "PKCE with S256"),
        (endpoints.answers_with_issuer, "iss in its responses (RFC 9207)"),
        (endpoints.revocation.is_some(), "revocation of refresh tokens"),
        (endpoints.end_session.is_some(), "sign-out by the browser"),
        (endpoints.has_back_channel_logout, "sign-out by the back channel"),
    ];
    let missing = wanted.into_iter().filter(|(has, _)| !has).map(|(_, what)| what).collect();
    Ok(IssuerFacts { missing, clock: discovery.issuer_clock().await? })
}

fn rejected(rejection: Rejection) -> NotGranted {
    match rejection {
        Rejection::Unavailable(_) => NotGranted::Unavailable,
        _ => not_accepted(rejection.reason().as_str()),
    }
}

fn not_accepted(reason: &'static str) -> NotGranted {
    tracing::error!(
        reason,
        "the issuer's tokens are not accepted: check that the client is set up as the guide says"
    );
    NotGranted::Refused(reason)
}
