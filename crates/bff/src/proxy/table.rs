//! What may be asked of the Reports API by a browser. A new endpoint of the API that the web app needs gets a row here.

use axum::routing::MethodFilter;

/// A path template of the API and the methods that are passed on. GET includes HEAD.
pub(super) const ALLOWED: [(&str, &[Method]); 14] = [
    ("/api/calendar/{date}", &[Method::Get]),
    ("/api/freshness", &[Method::Get]),
    ("/api/periods", &[Method::Get]),
    ("/api/prostheses", &[Method::Get]),
    ("/api/reports", &[Method::Get]),
    ("/api/reports/compare", &[Method::Get]),
    ("/api/reports/days", &[Method::Get]),
    ("/api/reports/export", &[Method::Get]),
    ("/api/reports/summary", &[Method::Get]),
    ("/api/reports/typical", &[Method::Get]),
    ("/api/reports/usual", &[Method::Get]),
    ("/api/reports/{date}", &[Method::Get]),
    ("/api/staff/pipeline", &[Method::Get]),
    ("/api/staff/run", &[Method::Get]),
];

/// A method that may be passed on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Method {
    Get,
}

impl Method {
    pub(super) fn filter(self) -> MethodFilter {
        match self {
            Method::Get => MethodFilter::GET,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Paths of the API that no browser asks for through here.
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
        let name = |method: &Method| match method {
            Method::Get => "get".to_owned(),
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
