//! Who is asking: basic authentication, the `X-ClickHouse-User` and `-Key` headers, or the URL.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bionicpro_model::Secret;
use http::HeaderMap;
use http::header::AUTHORIZATION;

use super::failure::{self, Failure};
use super::request::Request;

/// The only user of the embedded warehouse.
pub const USER: &str = "bionicpro";

/// Lets the request pass, or refuses it without saying which part was wrong.
pub(super) fn check(headers: &HeaderMap, request: &Request, password: &Secret) -> Result<(), Failure> {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let from_headers = (header("x-clickhouse-user"), header("x-clickhouse-key"));
    let basic = headers.get(AUTHORIZATION).map(|value| value.to_str().unwrap_or_default());
    let in_url = request.user.is_some() || request.password.is_some();
    let in_headers = from_headers.0.is_some() || from_headers.1.is_some();
    if usize::from(in_url) + usize::from(in_headers) + usize::from(basic.is_some()) > 1 {
        return Err(Failure::new(
            failure::AUTHENTICATION_FAILED,
            "Invalid authentication: it is not allowed to use several of Authorization HTTP header, \
             X-ClickHouse HTTP headers and authentication via parameters at the same time",
        ));
    }
    let (user, given) = match basic {
        Some(basic) => match decode_basic(basic) {
            Some(credentials) => credentials,
            None => {
                return Err(Failure::new(
                    failure::AUTHENTICATION_FAILED,
                    "Invalid authentication: 'Authorization' HTTP header is set but it is no valid Basic scheme",
                ));
            }
        },
        None if in_headers => owned(from_headers.0, from_headers.1),
        None => owned(request.user.as_deref(), request.password.as_deref()),
    };
    let known = equal(user.as_bytes(), USER.as_bytes());
    let matches = equal(given.as_bytes(), password.expose_secret().as_bytes());
    if known & matches {
        return Ok(());
    }
    let shown: String =
        user.chars().filter(|char| char.is_alphanumeric() || "_-.".contains(*char)).take(32).collect();
    Err(Failure::new(
        failure::AUTHENTICATION_FAILED,
        format!("{shown}: Authentication failed: password is incorrect, or there is no user with such name"),
    ))
}

fn owned(user: Option<&str>, password: Option<&str>) -> (String, String) {
    (user.unwrap_or("default").to_owned(), password.unwrap_or_default().to_owned())
}

fn decode_basic(header: &str) -> Option<(String, String)> {
    let (scheme, encoded) = header.split_once(' ')?;
    if !scheme.eq_ignore_ascii_case("basic") {
        return None;
    }
    let text = String::from_utf8(STANDARD.decode(encoded.trim()).ok()?).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// Compares in a time that depends on the length of what was given and on nothing else.
fn equal(given: &[u8], expected: &[u8]) -> bool {
    let mut difference = u8::from(given.len() != expected.len());
    for (index, byte) in given.iter().enumerate() {
        difference |= byte ^ expected[index % expected.len()];
    }
    std::hint::black_box(difference) == 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn passes(headers: &[(&str, &str)], url: &str) -> Result<(), i32> {
        let mut map = HeaderMap::new();
        for (name, value) in headers {
            map.insert(http::HeaderName::try_from(*name).unwrap(), value.parse().unwrap());
        }
        let request = Request::read(&format!("/?{url}").parse().unwrap(), &map).unwrap();
        check(&map, &request, &Secret::new("hunter2")).map_err(|failure| failure.code)
    }

    #[test]
    fn each_way_of_giving_the_password_works() {
        let basic = format!("Basic {}", STANDARD.encode("bionicpro:hunter2"));
        assert_eq!(passes(&[("authorization", &basic)], ""), Ok(()));
        assert_eq!(
            passes(&[("x-clickhouse-user", "bionicpro"), ("x-clickhouse-key", "hunter2")], ""),
            Ok(())
        );
        assert_eq!(passes(&[], "user=bionicpro&password=hunter2"), Ok(()));
    }

    #[test]
    fn anything_else_is_refused_with_the_servers_code() {
        let basic = format!("Basic {}", STANDARD.encode("bionicpro:hunter2"));
        for (headers, url) in [
            (vec![], ""),
            (vec![], "user=bionicpro"),
            (vec![], "user=default&password=hunter2"),
            (vec![], "user=bionicpro&password=hunter2hunter2"),
            (vec![], "user=bionicpro&password="),
            (vec![("authorization", "Bearer x")], ""),
            (vec![("authorization", basic.as_str())], "user=bionicpro&password=hunter2"),
        ] {
            assert_eq!(passes(&headers, url), Err(516), "{headers:?} {url}");
        }
    }
}
