//! A request's URL and headers, read as a ClickHouse server reads them: what to run, how, and as whom.

use std::time::Duration;

use http::{HeaderMap, Uri};

use super::failure::{self, Failure};

/// How long a session is kept when the request does not say: `default_session_timeout` of a server.
const DEFAULT_SESSION_TIMEOUT: Duration = Duration::from_secs(60);
/// The longest that a session may be kept: `max_session_timeout` of a server.
const MAX_SESSION_TIMEOUT: Duration = Duration::from_secs(3600);

/// The session that a request belongs to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct SessionRequest {
    pub(super) id: String,
    pub(super) timeout: Duration,
    /// The session must exist already.
    pub(super) must_exist: bool,
    /// The session ends with this request.
    pub(super) close: bool,
}

/// What a request asks for, without its body.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    /// The part of the statement that stands in the URL.
    pub(super) query: String,
    pub(super) database: Option<String>,
    pub(super) default_format: Option<String>,
    pub(super) query_id: Option<String>,
    pub(super) session: Option<SessionRequest>,
    pub(super) settings: Vec<(String, String)>,
    /// `param_name=value`, without the prefix.
    pub(super) parameters: Vec<(String, String)>,
    /// Credentials in the URL.
    pub(super) user: Option<String>,
    pub(super) password: Option<String>,
    /// The response is wanted in compressed blocks.
    pub(super) compress: bool,
    /// The body comes in compressed blocks.
    pub(super) decompress: bool,
    /// The response begins when the statement has ended.
    pub(super) wait_end_of_query: bool,
    pub(super) enable_http_compression: bool,
    session_timeout: Option<String>,
    session_check: bool,
    close_session: bool,
    session_id: Option<String>,
}

impl Request {
    /// Reads URL and headers.
    pub(super) fn read(uri: &Uri, headers: &HeaderMap) -> Result<Self, Failure> {
        // On by default since ClickHouse 25.10; only a client that accepts an encoding gets one.
        let mut request = Request { enable_http_compression: true, ..Request::default() };
        for (name, value) in url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes()) {
            request.set(name.into_owned(), value.into_owned());
        }
        let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
        request.database = request.database.or_else(|| header("x-clickhouse-database"));
        request.default_format = request.default_format.or_else(|| header("x-clickhouse-format"));
        request.query_id = request.query_id.or_else(|| header("x-clickhouse-query-id"));
        Ok(request)
    }

    /// Takes one parameter of the URL or of a form.
    pub(super) fn set(&mut self, name: String, value: String) {
        match name.as_str() {
            "query" => self.query.push_str(&value),
            "database" => self.database = filled(value),
            "default_format" => self.default_format = filled(value),
            "query_id" => self.query_id = filled(value),
            "user" => self.user = Some(value),
            "password" => self.password = Some(value),
            "compress" => self.compress = is_on(&value),
            "decompress" => self.decompress = is_on(&value),
            "wait_end_of_query" => self.wait_end_of_query = is_on(&value),
            "session_id" => self.session_id = filled(value),
            "session_timeout" => self.session_timeout = filled(value),
            "session_check" => self.session_check = is_on(&value),
            "close_session" => self.close_session = is_on(&value),
            // Of no meaning here: one user, no roles, no quotas, buffers of a fixed size.
            "quota_key" | "role" | "stacktrace" | "buffer_size" | "client_protocol_version" => {}
            _ => {
                if let Some(parameter) = name.strip_prefix("param_") {
                    self.parameters.push((parameter.to_owned(), value));
                } else if !name.is_empty() {
                    if name == "enable_http_compression" {
                        self.enable_http_compression = is_on(&value);
                    }
                    self.settings.push((name, value));
                }
            }
        }
    }

    /// Checks what several parameters say together.
    pub(super) fn finish(&mut self) -> Result<(), Failure> {
        let Some(id) = self.session_id.clone() else { return Ok(()) };
        let timeout = match &self.session_timeout {
            None => DEFAULT_SESSION_TIMEOUT,
            Some(text) => match text.parse::<u32>().map(|seconds| Duration::from_secs(u64::from(seconds))) {
                Ok(timeout) if timeout <= MAX_SESSION_TIMEOUT => timeout,
                Ok(_) => {
                    return Err(Failure::new(
                        failure::INVALID_SESSION_TIMEOUT,
                        format!(
                            "Session timeout '{text}' is larger than max_session_timeout: {}. Maximum session timeout could be modified in configuration file",
                            MAX_SESSION_TIMEOUT.as_secs()
                        ),
                    ));
                }
                Err(_) => {
                    return Err(Failure::new(
                        failure::INVALID_SESSION_TIMEOUT,
                        format!("Invalid session timeout: '{text}'"),
                    ));
                }
            },
        };
        self.session =
            Some(SessionRequest { id, timeout, must_exist: self.session_check, close: self.close_session });
        Ok(())
    }
}

fn filled(value: String) -> Option<String> {
    (!value.is_empty()).then_some(value)
}

fn is_on(value: &str) -> bool {
    matches!(value, "1" | "true")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(query: &str) -> Result<Request, Failure> {
        let mut request = Request::read(&format!("/?{query}").parse().unwrap(), &HeaderMap::new())?;
        request.finish()?;
        Ok(request)
    }

    #[test]
    fn a_parameter_that_is_none_of_the_interface_is_a_setting() {
        let request =
            read("query=SELECT+%7Bx%3AInt8%7D&param_x=%2B1&max_threads=2&role=a&database=").unwrap();
        assert_eq!(request.query, "SELECT {x:Int8}");
        assert_eq!(request.parameters, [("x".to_owned(), "+1".to_owned())]);
        assert_eq!(request.settings, [("max_threads".to_owned(), "2".to_owned())]);
        assert_eq!(request.database, None);
    }

    #[test]
    fn a_session_is_kept_for_a_minute_and_at_most_an_hour() {
        assert_eq!(read("session_id=a").unwrap().session.unwrap().timeout, Duration::from_secs(60));
        for bad in ["3601", "x", "-1", "1.5"] {
            assert_eq!(read(&format!("session_id=a&session_timeout={bad}")).unwrap_err().code, 374, "{bad}");
        }
    }
}
