//! The files as a browser gets them. Tests that need a build of the web app print that they are skipped
//! without one.

use http::{HeaderName, header};
use http_body_util::BodyExt;

use super::*;

async fn get(path: &'static str, headers: &[(HeaderName, &str)]) -> Response {
    let headers = headers.iter().map(|(name, value)| (name.clone(), value.parse().unwrap())).collect();
    serve(Method::GET, Uri::from_static(path), headers).await.unwrap_or_else(IntoResponse::into_response)
}

fn value(response: &Response, name: HeaderName) -> &str {
    response.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

fn is_built() -> bool {
    let built = files::find("/index.html").is_some();
    if !built {
        eprintln!("skipped: web/dist is not built (make web)");
    }
    built
}

#[tokio::test]
async fn a_missing_file_is_not_found_and_never_the_document() {
    for path in [
        "/assets/app-0000.js",
        "/assets/",
        "/favicon.ico",
        "/day/2026-01-02/x.css",
        "/index.php",
        "/.env",
        "/api",
        "/auth/x",
    ] {
        assert_eq!(get(path, &[]).await.status(), StatusCode::NOT_FOUND, "{path}");
    }
}

#[tokio::test]
async fn every_address_of_the_app_gives_the_one_document_under_a_strict_policy() {
    if !is_built() {
        assert_eq!(get("/", &[]).await.status(), StatusCode::SERVICE_UNAVAILABLE);
        return;
    }
    let tag = value(&get("/", &[]).await, header::ETAG).to_owned();
    for path in ["/", "/day/2026-01-02", "/trends?from=2026-01-01", "/no-such-page"] {
        let response = get(path, &[]).await;
        assert_eq!(response.status(), StatusCode::OK, "{path}");
        assert_eq!(value(&response, header::ETAG), tag);
        assert_eq!(value(&response, header::CACHE_CONTROL), "no-cache");
        assert_eq!(value(&response, header::CONTENT_TYPE), "text/html; charset=utf-8");
        let policy = value(&response, header::CONTENT_SECURITY_POLICY);
        assert!(
            !policy.contains("unsafe") && policy.contains("require-trusted-types-for 'script'"),
            "{policy}"
        );
    }
}

#[tokio::test]
async fn a_document_that_has_not_changed_is_not_sent_again() {
    if !is_built() {
        return;
    }
    let tag = value(&get("/", &[(header::ACCEPT_ENCODING, "br")]).await, header::ETAG).to_owned();
    let again = get("/", &[(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, &tag)]).await;
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    assert_eq!(again.into_body().collect().await.unwrap().to_bytes().len(), 0);
    // A proxy that compresses weakens the tag.
    for known in [format!("W/{tag}"), format!("\"x\", {tag}"), "*".to_owned()] {
        let again = get("/", &[(header::ACCEPT_ENCODING, "br"), (header::IF_NONE_MATCH, &known)]).await;
        assert_eq!(again.status(), StatusCode::NOT_MODIFIED, "{known}");
    }
    let plain = get("/", &[(header::IF_NONE_MATCH, &tag)]).await;
    assert_eq!(plain.status(), StatusCode::OK, "another form is another representation");
}

#[tokio::test]
async fn hashed_files_are_kept_for_ever_and_sent_compressed() {
    let scripts =
        files::all().iter().filter(|file| file.path.starts_with(HASHED) && file.path.ends_with(".js"));
    for file in scripts {
        let response = get(file.path, &[(header::ACCEPT_ENCODING, "gzip, br")]).await;
        assert_eq!(value(&response, header::CACHE_CONTROL), "public, max-age=31536000, immutable");
        assert_eq!(value(&response, header::CONTENT_ENCODING), "br");
        assert_eq!(value(&response, header::VARY), "accept-encoding");
        assert_eq!(value(&response, header::CONTENT_TYPE), "text/javascript; charset=utf-8");
    }
}

#[test]
fn the_document_has_nothing_inline_and_names_no_other_origin() {
    if !is_built() {
        return;
    }
    let (_, bytes) = files::find("/index.html").unwrap().best(&HeaderMap::new());
    let text = std::str::from_utf8(bytes).unwrap();
    assert!(!text.contains("<style") && !text.contains("style=") && !text.contains("<script>"), "{text}");
    assert!(!text.contains("=\"http") && !text.contains("=\"//"), "{text}");
}
