//! `GET /api/reports/export`: the hours of a range as CSV, with the numbers of the reports.

mod csv;

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use http::{HeaderValue, header};

use super::check_prosthesis;
use super::range::RangeQuery;
use crate::app::App;
use crate::openapi::DataRefusals;
use crate::parameters::Strict;
use crate::problem::Problem;
use crate::wearer::Wearer;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");

/// The hours of a range as a file.
///
/// CSV as RFC 4180 has it, in UTF-8, a line for each hour and prosthesis with a movement, oldest first. Counts add up
/// to those of the reports; averages come with their samples. A text that a spreadsheet would take for a formula
/// begins with an apostrophe. At most 366 days.
#[utoipa::path(
    get, path = "/api/reports/export", operation_id = "exportHours", tag = "Reports", params(RangeQuery), security(("bearer" = [])),
    responses((status = 200, description = "The file.", content_type = "text/csv", body = String), DataRefusals)
)]
pub(crate) async fn export(
    wearer: Wearer,
    Strict(query): Strict<RangeQuery>,
    State(app): State<App>,
) -> Result<Response, Problem> {
    let RangeQuery { from, to, tz, prosthesis_id, .. } = query;
    let mut rows = app.reports.hours(&wearer.name, prosthesis_id, tz.tz(), from, to).await?;
    rows.retain(|row| row.movements > 0);
    check_prosthesis(&app, &wearer, prosthesis_id, !rows.is_empty()).await?;

    let disposition = format!("attachment; filename=\"bionicpro-{from}-{to}.csv\"");
    let mut response = csv::write(&rows, tz).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    // Two dates are always a header value.
    response
        .headers_mut()
        .extend(HeaderValue::from_str(&disposition).map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(response)
}
