//! The requests to the Reports API that browsers may make. A new endpoint of the API that the web app needs
//! gets a row here.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};

/// A path template of the API and the methods that are passed on. GET includes HEAD.
const ALLOWED: &[(&str, &[MethodFilter])] = &[
    ("/api/calendar/{date}", &[MethodFilter::GET]),
    ("/api/freshness", &[MethodFilter::GET]),
    ("/api/periods", &[MethodFilter::GET]),
    ("/api/preferences", &[MethodFilter::GET, MethodFilter::PUT]),
    ("/api/prostheses", &[MethodFilter::GET]),
    ("/api/reports", &[MethodFilter::GET]),
    ("/api/reports/compare", &[MethodFilter::GET]),
    ("/api/reports/days", &[MethodFilter::GET]),
    ("/api/reports/export", &[MethodFilter::GET]),
    ("/api/reports/summary", &[MethodFilter::GET]),
    ("/api/reports/typical", &[MethodFilter::GET]),
    ("/api/reports/usual", &[MethodFilter::GET]),
    ("/api/reports/{date}", &[MethodFilter::GET]),
    ("/api/staff/pipeline", &[MethodFilter::GET]),
    ("/api/staff/run", &[MethodFilter::GET]),
];

/// Returns a route for each row. Other methods get 405, other paths 404.
pub(crate) fn routes<H, T, S>(handler: H) -> Router<S>
where
    H: Handler<T, S>,
    T: 'static,
    S: Clone + Send + Sync + 'static,
{
    ALLOWED.iter().fold(Router::new(), |router, (template, methods)| {
        let by_method =
            methods.iter().fold(MethodRouter::new(), |row, method| row.on(*method, handler.clone()));
        router.route(template, by_method)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths of the API that browsers do not use through the BFF.
    const NOT_FOR_BROWSERS: [&str; 4] = ["/health", "/health/live", "/health/ready", "/openapi.json"];

    #[test]
    fn b28_the_table_allows_what_the_api_documents_and_nothing_else() {
        let document: serde_json::Value = serde_json::from_str(bionicpro_api::openapi_document()).unwrap();
        let mut documented = Vec::new();
        for (path, operations) in document["paths"].as_object().unwrap() {
            let methods = operations.as_object().unwrap().keys();
            documented.extend(methods.map(|method| (path.clone(), method.clone())));
        }
        documented.retain(|(path, _)| !NOT_FOR_BROWSERS.contains(&path.as_str()));
        let name = |method: &MethodFilter| match *method {
            MethodFilter::GET => "get".to_owned(),
            MethodFilter::PUT => "put".to_owned(),
            other => panic!("{other:?} passes nowhere yet"),
        };
        let rows = ALLOWED
            .iter()
            .flat_map(|(path, methods)| methods.iter().map(move |method| ((*path).to_owned(), name(method))));
        let mut allowed: Vec<_> = rows.collect();
        allowed.sort();
        documented.sort();
        assert_eq!(allowed, documented);
    }
}
