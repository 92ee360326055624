//! Clients: a proper one, and bytes on a socket for requests that no proper client sends.

use std::fmt::Write as _;
use std::net::SocketAddr;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

/// A client of the API, with or without a token.
#[derive(Clone)]
pub(crate) struct Client {
    http: reqwest::Client,
    address: SocketAddr,
    token: Option<String>,
}

/// An answer, as text that a snapshot can hold.
#[derive(Debug, Clone)]
pub(crate) struct Answered {
    pub(crate) status: u16,
    pub(crate) headers: reqwest::header::HeaderMap,
    pub(crate) body: String,
}

impl Client {
    pub(crate) fn new(address: SocketAddr, token: Option<String>) -> Self {
        Client { http: reqwest::Client::builder().no_proxy().build().unwrap(), address, token }
    }

    /// Returns a client that shares the connections but has another token.
    pub(crate) fn with_token(&self, token: String) -> Self {
        Client { token: Some(token), ..self.clone() }
    }

    pub(crate) async fn get(&self, path_and_query: &str) -> Answered {
        self.send(reqwest::Method::GET, path_and_query, &[], None).await
    }

    pub(crate) async fn get_with(&self, path_and_query: &str, headers: &[(&str, &str)]) -> Answered {
        self.send(reqwest::Method::GET, path_and_query, headers, None).await
    }

    pub(crate) async fn send(
        &self,
        method: reqwest::Method,
        path_and_query: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Answered {
        let mut request = self.request(method, path_and_query, headers);
        if let Some(body) = body {
            request = request.header("content-type", "application/json").body(body.to_owned());
        }
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answered { status, headers, body: response.text().await.unwrap() }
    }

    /// Returns the response as it is sent over the wire.
    pub(crate) async fn get_bytes(
        &self,
        path_and_query: &str,
        headers: &[(&str, &str)],
    ) -> reqwest::Response {
        self.request(reqwest::Method::GET, path_and_query, headers).send().await.unwrap()
    }

    fn request(
        &self,
        method: reqwest::Method,
        path_and_query: &str,
        headers: &[(&str, &str)],
    ) -> reqwest::RequestBuilder {
        let mut request = self.http.request(method, format!("http://{}{path_and_query}", self.address));
        if let Some(token) = &self.token {
            request = request.bearer_auth(token);
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        request
    }

    /// Sends a body of the media type in the headers.
    pub(crate) async fn send_as(
        &self,
        method: reqwest::Method,
        path: &str,
        headers: &[(&str, &str)],
        body: &str,
    ) -> Answered {
        let response = self.request(method, path, headers).body(body.to_owned()).send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        Answered { status, headers, body: response.text().await.unwrap() }
    }

    /// Requests the path as it is, which a proper client would normalize first.
    pub(crate) async fn get_raw(&self, target: &str) -> Answered {
        let token = self.token.as_deref().map(|token| format!("Authorization: Bearer {token}\r\n"));
        let token = token.unwrap_or_default();
        raw(
            self.address,
            format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{token}Connection: close\r\n\r\n"),
        )
        .await
    }
}

/// Sends the bytes and reads one answer until the connection is closed.
pub(crate) async fn raw(address: SocketAddr, bytes: impl AsRef<[u8]>) -> Answered {
    let mut stream = TcpStream::connect(address).await.unwrap();
    stream.write_all(bytes.as_ref()).await.unwrap();
    let mut answer = Vec::new();
    // A server that refuses may reset the connection after its answer; what was read until then is the
    // answer.
    let _ = stream.read_to_end(&mut answer).await;
    let text = String::from_utf8(answer).unwrap();
    let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
    let mut lines = head.split("\r\n");
    let status =
        lines.next().and_then(|line| line.split(' ').nth(1)).map_or(0, |status| status.parse().unwrap());
    let header = |line: &str| {
        let (name, value) = line.split_once(": ").unwrap();
        (reqwest::header::HeaderName::try_from(name).unwrap(), value.parse().unwrap())
    };
    Answered { status, headers: lines.map(header).collect(), body: body.to_owned() }
}

impl Answered {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|error| panic!("{error}: {}", self.body))
    }

    /// The body without the request id, which differs from one request to the next.
    pub(crate) fn without_id(&self) -> Value {
        let mut body = self.json();
        if let Some(id) = body.get_mut("request_id") {
            assert_eq!(id.as_str().unwrap(), self.header("x-request-id"));
            *id = "[request id]".into();
        }
        body
    }

    /// Returns the status, the body, and the headers that belong to the status, as text.
    pub(crate) fn shown(&self) -> String {
        let mut text = format!("{}", self.status);
        for name in ["allow", "retry-after", "www-authenticate"] {
            if !self.header(name).is_empty() {
                let _ = write!(text, "\n{name}: {}", self.header(name));
            }
        }
        let _ = write!(text, "\n{}", serde_json::to_string_pretty(&self.without_id()).unwrap());
        text
    }

    /// Returns the status, after checking that the answer has what every answer of this status must have.
    pub(crate) fn checked_status(&self) -> u16 {
        let media_type = self.header("content-type");
        assert!(!self.header("x-request-id").is_empty(), "{self:?}");
        assert_eq!(self.header("x-content-type-options"), "nosniff", "{self:?}");
        let is_tagged = self.header("etag").starts_with("W/\"");
        assert!(is_tagged || self.header("etag").is_empty(), "{self:?}");
        let (cached, varies) = if is_tagged {
            ("private, no-cache", "authorization, accept-encoding")
        } else {
            ("no-store", "")
        };
        assert_eq!((self.header("cache-control"), self.header("vary")), (cached, varies), "{self:?}");
        if self.status == 304 {
            assert!(is_tagged && self.body.is_empty() && media_type.is_empty(), "{self:?}");
        } else if self.status == 200 {
            assert!(
                ["application/json; charset=utf-8", "text/csv; charset=utf-8"].contains(&media_type),
                "{self:?}"
            );
        } else {
            assert!(!is_tagged, "{self:?}");
            assert_eq!(media_type, "application/problem+json", "{self:?}");
            let body = self.without_id();
            assert_eq!(body["status"], self.status);
            for text in ["type", "title", "detail"] {
                assert!(body[text].is_string(), "{self:?}");
            }
        }
        self.status
    }
}
