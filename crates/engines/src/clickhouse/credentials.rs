//! The credentials of a request.

use http::{HeaderName, Request, header};
use url::form_urlencoded::parse;

/// The headers with credentials; the first two name the account.
pub(super) const FIELDS: [HeaderName; 3] = [
    header::AUTHORIZATION,
    HeaderName::from_static("x-clickhouse-user"),
    HeaderName::from_static("x-clickhouse-key"),
];

/// The parameters with credentials; the first names the account.
pub(super) const PARAMETERS: [&str; 2] = ["user", "password"];

/// Returns true if a request names an account. Without one the engine takes `default`, which is always
/// refused.
pub(super) fn are_given<B>(request: &Request<B>) -> bool {
    let query = request.uri().query().unwrap_or_default();
    FIELDS[..2].iter().any(|name| request.headers().contains_key(name))
        || parse(query.as_bytes()).any(|(name, _)| name == PARAMETERS[0])
}
