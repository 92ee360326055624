//! Cancels the statement of a client that disconnects.
//!
//! The engine cancels statements of read-only accounts itself; those of other accounts would run to their
//! end. `KILL QUERY` is sent with the client's own credentials, so that no statement of another account can
//! be cancelled.

use bytes::Bytes;
use http::uri::PathAndQuery;
use http::{HeaderMap, HeaderName, HeaderValue, Method, Request, Uri, header};
use http_body_util::Full;
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use url::form_urlencoded::{Serializer, parse};

use super::credentials::{FIELDS, PARAMETERS};
use super::supervisor::Address;

/// The header with a statement's id.
const QUERY_ID: HeaderName = HeaderName::from_static("x-clickhouse-query-id");

const KILL: &str = "KILL QUERY WHERE query_id = {id:String} AND user = currentUser() ASYNC";

/// The HTTP client for cancellations. Cheap to clone.
pub(super) type Killer = Client<HttpConnector, Full<Bytes>>;

/// Kills a statement when it is dropped before [`Canceller::disarm`].
#[derive(Debug)]
pub(super) struct Canceller {
    killer: Killer,
    request: Option<Request<Full<Bytes>>>,
}

impl Canceller {
    /// Arms the canceller. A statement without an id gets one.
    pub(super) fn new(
        killer: &Killer,
        engine: &Address,
        target: &PathAndQuery,
        fields: &mut HeaderMap,
    ) -> Self {
        let parameters = || parse(target.query().unwrap_or_default().as_bytes());
        let in_target = parameters().find(|(name, _)| name == "query_id").map(|(_, id)| id.into_owned());
        let in_fields = || fields.get(&QUERY_ID).and_then(|id| id.to_str().ok()).map(str::to_owned);
        let id = in_target.or_else(in_fields).filter(|id| !id.is_empty()).unwrap_or_else(|| {
            let id = uuid::Uuid::new_v4().to_string();
            // Cannot fail: hexadecimal digits and dashes.
            if let Ok(value) = HeaderValue::try_from(&id) {
                fields.insert(QUERY_ID, value);
            }
            id
        });
        let mut query = Serializer::new(String::new());
        query.extend_pairs(parameters().filter(|(name, _)| PARAMETERS.contains(&name.as_ref())));
        query.append_pair("param_id", &id).append_pair("query", KILL);
        let uri = Uri::builder()
            .scheme("http")
            .authority(engine.get().to_string())
            .path_and_query(format!("/?{}", query.finish()))
            .build();
        let request = uri.ok().map(|uri| {
            let mut request = Request::new(Full::default());
            *request.method_mut() = Method::POST;
            *request.uri_mut() = uri;
            for name in &FIELDS {
                if let Some(value) = fields.get(name) {
                    request.headers_mut().insert(name.clone(), value.clone());
                }
            }
            request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
            request
        });
        Canceller { killer: killer.clone(), request }
    }

    /// Disarms the canceller: the statement has ended.
    pub(super) fn disarm(&mut self) {
        self.request = None;
    }
}

impl Drop for Canceller {
    fn drop(&mut self) {
        let Some(request) = self.request.take() else { return };
        let killer = self.killer.clone();
        // Without a runtime the process is ending, and the engine with it.
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(async move {
                if let Err(error) = killer.request(request).await {
                    tracing::debug!(%error, "cannot cancel a statement whose client has disconnected");
                }
            });
        }
    }
}
