//! Rejections of requests: one response for the client, a fixed reason for the log.
//!
//! The client learns only the class of the [`Rejection`]; the [`Reason`] goes to logs and metrics and
//! contains nothing of the token.

use std::fmt;

use http::{HeaderValue, StatusCode};

/// A rejected request, by the response that the client gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejection {
    /// No credentials: 401, the challenge names no error.
    Missing,
    /// The request itself is malformed: 400 `invalid_request`.
    InvalidRequest(Reason),
    /// Not a valid access token: 401 `invalid_token`, the same whatever the reason.
    Invalid(Reason),
    /// A valid token whose holder may not do this: 403 `insufficient_scope`.
    Forbidden(Reason),
    /// Nothing can be verified now, because something that is needed is unavailable: 503.
    Unavailable(Reason),
}

/// The result of a check with [`Rejection`] as its error.
pub type Checked<T> = Result<T, Rejection>;

macro_rules! reasons {
    ($($(#[$doc:meta])* $variant:ident = $word:literal),+ $(,)?) => {
        /// The exact reason, for logs and metrics: a fixed set of words without any content of the token.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Reason {
            $($(#[$doc])* $variant),+
        }

        impl Reason {
            /// Every reason.
            pub const ALL: &'static [Reason] = &[$(Reason::$variant),+];

            /// The name in logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Reason::$variant => $word),+ }
            }
        }
    };
}

reasons! {
    /// No `Authorization` header.
    NoCredentials = "no_credentials",
    /// More than one `Authorization` header.
    SeveralCredentials = "several_credentials",
    /// A token in the query string, where logs and histories keep it.
    TokenInQuery = "token_in_query",
    /// Not `Bearer`, or not exactly one space and a token after it.
    Scheme = "scheme",
    /// Longer than 8 KiB.
    TooLarge = "too_large",
    /// Not three segments of unpadded base64url.
    Encoding = "encoding",
    /// The header is not one JSON object with each member once.
    HeaderJson = "header_json",
    /// `alg` is not `RS256`.
    Algorithm = "algorithm",
    /// `kid` is missing, not text, or too long.
    KeyId = "key_id",
    /// A header member that changes the meaning of the token or carries a key (`crit`, `jku`, `jwk`, …).
    HeaderMember = "header_member",
    /// The header `typ` does not fit the expected kind of token.
    HeaderType = "header_type",
    /// No key of the issuer has this `kid`.
    UnknownKey = "unknown_key",
    /// The signature is not valid.
    Signature = "signature",
    /// The payload is not one JSON object with each member once.
    PayloadJson = "payload_json",
    /// `iss` is not the issuer.
    Issuer = "issuer",
    /// `aud` does not contain the audience, or is ill-formed.
    Audience = "audience",
    /// The claim `typ` is not `Bearer`: an ID, refresh, logout or action token.
    TokenType = "token_type",
    /// Bound to a key (`cnf`), whose possession a bearer cannot prove, or an event (`events`).
    NotABearerToken = "not_a_bearer_token",
    /// `azp` is not an allowed client.
    AuthorizedParty = "authorized_party",
    /// `exp` is missing or ill-formed.
    ExpiryForm = "expiry_form",
    /// `exp` has passed.
    Expired = "expired",
    /// `nbf` is ill-formed or in the future.
    NotBefore = "not_before",
    /// `iat` is missing, ill-formed or in the future.
    IssuedAt = "issued_at",
    /// `exp` is not after `iat`, or too long after it.
    Lifetime = "lifetime",
    /// `sub` is missing or ill-formed.
    Subject = "subject",
    /// `preferred_username` is missing or ill-formed.
    Username = "username",
    /// `realm_access.roles` or `scope` is ill-formed.
    Roles = "roles",
    /// `sid` is ill-formed.
    SessionId = "session_id",
    /// `nonce` of an ID token is not that of the sign-in.
    Nonce = "nonce",
    /// `at_hash` of an ID token does not match the access token that came with it.
    AccessTokenHash = "access_token_hash",
    /// A logout token without its event or `jti`, with neither `sub` nor `sid`, or with a `nonce`.
    LogoutEvent = "logout_event",
    /// The required role is missing.
    RoleLacking = "role_lacking",
    /// A service account on a route for people.
    ServiceAccount = "service_account",
    /// The login name is bound to another account.
    OtherAccount = "other_account",
    /// The issuer's keys are unavailable.
    KeysUnavailable = "keys_unavailable",
    /// The store of bindings does not answer.
    StoreUnavailable = "store_unavailable",
}

impl Rejection {
    /// The HTTP status.
    pub fn status(self) -> StatusCode {
        match self {
            Rejection::Missing | Rejection::Invalid(_) => StatusCode::UNAUTHORIZED,
            Rejection::InvalidRequest(_) => StatusCode::BAD_REQUEST,
            Rejection::Forbidden(_) => StatusCode::FORBIDDEN,
            Rejection::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The value of `WWW-Authenticate` (RFC 6750, section 3), if one is due.
    pub fn challenge(self) -> Option<HeaderValue> {
        match self {
            Rejection::Missing => Some(HeaderValue::from_static("Bearer")),
            Rejection::InvalidRequest(_) => {
                Some(HeaderValue::from_static("Bearer error=\"invalid_request\""))
            }
            Rejection::Invalid(_) => Some(HeaderValue::from_static("Bearer error=\"invalid_token\"")),
            Rejection::Forbidden(_) => Some(HeaderValue::from_static("Bearer error=\"insufficient_scope\"")),
            Rejection::Unavailable(_) => None,
        }
    }

    /// The problem's `detail` for the client, the same for every 401.
    pub fn detail(self) -> &'static str {
        match self {
            Rejection::Missing | Rejection::Invalid(_) => "A valid access token is required",
            Rejection::InvalidRequest(_) => "The request must carry exactly one Authorization header",
            Rejection::Forbidden(_) => "This account may not read reports",
            Rejection::Unavailable(_) => "Access tokens cannot be checked at the moment",
        }
    }

    /// The reason for logs and metrics.
    pub fn reason(self) -> Reason {
        match self {
            Rejection::Missing => Reason::NoCredentials,
            Rejection::InvalidRequest(reason)
            | Rejection::Invalid(reason)
            | Rejection::Forbidden(reason)
            | Rejection::Unavailable(reason) => reason,
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.reason().as_str())
    }
}

impl std::error::Error for Rejection {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_invalid_token_looks_the_same_from_outside() {
        let seen = |rejection: Rejection| (rejection.status(), rejection.challenge(), rejection.detail());
        for reason in Reason::ALL {
            assert_eq!(seen(Rejection::Invalid(*reason)), seen(Rejection::Invalid(Reason::Expired)));
        }
        assert_eq!(Rejection::Missing.challenge().unwrap(), "Bearer");
        assert_eq!(Rejection::Invalid(Reason::Issuer).challenge().unwrap(), "Bearer error=\"invalid_token\"");
    }
}
