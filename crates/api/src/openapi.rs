//! The OpenAPI 3.1 document: the parts outside the endpoints, and the error responses that they share.
//!
//! It is built from the code and committed at `docs/reference/openapi.json`, from which clients are
//! generated.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{Content, OpenApi, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{IntoResponses, Modify};

use crate::problem::{MEDIA_TYPE, ProblemBody, ProblemKind};
use crate::routes;

/// The name of the security scheme.
const BEARER: &str = "bearer";

/// The document as text, built once.
pub fn document() -> &'static str {
    static DOCUMENT: LazyLock<String> = LazyLock::new(|| {
        let (_, openapi) = routes::table();
        // The document is made of maps with text keys, which always serialize.
        let mut text = openapi.to_pretty_json().unwrap_or_default();
        text.push('\n');
        text
    });
    &DOCUMENT
}

/// The endpoints with data, as pairs of a method and a path with `{names}`: those that a proxy in front may
/// forward.
pub fn endpoints() -> Vec<(http::Method, String)> {
    let (_, openapi) = routes::table();
    let mut endpoints = Vec::new();
    for (path, item) in openapi.paths.paths {
        let methods = [
            (http::Method::GET, item.get.is_some()),
            (http::Method::PUT, item.put.is_some()),
            (http::Method::POST, item.post.is_some()),
            (http::Method::DELETE, item.delete.is_some()),
            (http::Method::PATCH, item.patch.is_some()),
        ];
        let methods = methods.into_iter().filter(|(_, is_there)| *is_there && path.starts_with("/api/"));
        endpoints.extend(methods.map(|(method, _)| (method, path.clone())));
    }
    endpoints
}

/// The document without endpoints.
pub(crate) fn base() -> OpenApi {
    #[derive(utoipa::OpenApi)]
    #[openapi(
        info(title = "BionicPRO Reports API", license(name = "Apache-2.0", identifier = "Apache-2.0")),
        components(schemas(ProblemBody)),
        modifiers(&BearerToken),
        tags(
            (name = "Reports", description = "The caller's own reports."),
            (name = "Preferences", description = "The caller's settings for the pages."),
            (name = "Staff", description = "The pipeline, for administrators. No personal data."),
            (name = "Health", description = "For supervisors, load balancers and monitoring."),
            (name = "Reference", description = "This document."),
        ),
    )]
    struct Base;

    let mut openapi = <Base as utoipa::OpenApi>::openapi();
    openapi.info.description = Some(
        "Daily and hourly numbers for people who wear a bionic prosthesis, only each person's own.\n\n\
         The access token alone determines whose reports are returned. `tz` splits days at the midnights of \
         a region; hours are UTC hours. Averages are weighted by samples and rounded to one decimal, half away \
         from zero. A number that is not known is null, never 0. Unknown or repeated parameters are refused. \
         Reports have an `ETag` for conditional requests, and the header field `Data-As-Of`. \
         Every answer carries `x-request-id`; errors are RFC 9457 problems and carry it too."
            .to_owned(),
    );
    openapi
}

struct BearerToken;

impl Modify for BearerToken {
    fn modify(&self, openapi: &mut OpenApi) {
        let scheme = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT")
            .description(Some("An access token of the configured issuer, for the audience of this service."));
        openapi
            .components
            .get_or_insert_default()
            .add_security_scheme(BEARER, SecurityScheme::Http(scheme.build()));
    }
}

/// The error responses of every endpoint.
pub(crate) struct Refusals;

/// The error responses of an endpoint that requires a token, including those of [`Refusals`].
pub(crate) struct DataRefusals;

impl IntoResponses for Refusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[
            (
                ProblemKind::InvalidParameter,
                "A parameter or the body is invalid, or a body was sent where none is read.",
            ),
            (ProblemKind::Internal, "A defect. The text is always the same; the log has the cause."),
        ])
    }
}

impl IntoResponses for DataRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let mut all = Refusals::responses();
        all.append(&mut responses(&[
            (ProblemKind::InvalidToken, "No valid access token. The answer is the same for every cause."),
            (ProblemKind::InsufficientScope, "The account may not read reports."),
            (
                ProblemKind::NotFound,
                "No such report, or a prosthesis that is not the caller's; both look the same.",
            ),
            (ProblemKind::TooManyRequests, "Too many requests; `Retry-After` says how many seconds to wait."),
            (
                ProblemKind::Unavailable,
                "The warehouse or the issuer's keys are unavailable. A report is never partial.",
            ),
        ]));
        all
    }
}

/// The response to a client that already has the report.
pub(crate) struct NotModified;

impl IntoResponses for NotModified {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        let response = ResponseBuilder::new().description(
            "The client already has this answer: `If-None-Match` contains its `ETag`. `Data-As-Of` is the moment up to \
             which the data reflect the source now, in place of `data_as_of` of the answer.",
        );
        BTreeMap::from([("304".to_owned(), response.build().into())])
    }
}

/// The additional error response of a comparison.
pub(crate) struct ComparisonRefusal;

impl IntoResponses for ComparisonRefusal {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[(
            ProblemKind::TooLittleData,
            "Fewer than half of a range's days have data; `detail` says how many.",
        )])
    }
}

/// The additional error responses of an endpoint that reads a body.
pub(crate) struct BodyRefusals;

impl IntoResponses for BodyRefusals {
    fn responses() -> BTreeMap<String, RefOr<Response>> {
        responses(&[
            (ProblemKind::BodyTooLarge, "The body is too large."),
            (ProblemKind::UnsupportedMediaType, "The body is not declared as JSON."),
        ])
    }
}

fn responses(refusals: &[(ProblemKind, &str)]) -> BTreeMap<String, RefOr<Response>> {
    let one = |(kind, description): &(ProblemKind, &str)| {
        let problem = Content::new(Some(Ref::from_schema_name("Problem")));
        let response = ResponseBuilder::new().description(*description).content(MEDIA_TYPE, problem);
        (kind.status().as_str().to_owned(), response.build().into())
    };
    refusals.iter().map(one).collect()
}
