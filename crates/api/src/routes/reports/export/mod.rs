//! `GET /api/reports/export`: the hours of a range as CSV, with the numbers of the reports.

mod csv;

use std::collections::VecDeque;

use axum::body::Body;
use axum::extract::State;
use axum::response::Response;
use bionicpro_model::{Error, Kind};
use bionicpro_reports::{Hours, Month, months};
use futures_util::{StreamExt, stream};
use http::{HeaderValue, header};

use super::check_own;
use super::range::RangeQuery;
use crate::extractors::Wearer;
use crate::openapi::DataRefusals;
use crate::parameters::Strict;
use crate::problem::Problem;
use crate::state::AppState;

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static("text/csv; charset=utf-8");

/// The hours of a range as a file.
///
/// CSV according to RFC 4180, in UTF-8, a line for each hour and prosthesis with a movement, oldest first.
/// Counts add up to those of the reports; averages come with their numbers of samples. A text that a
/// spreadsheet would treat as a formula begins with an apostrophe. At most 366 days.
#[utoipa::path(
    get, path = "/api/reports/export", operation_id = "exportHours", tag = "Reports", params(RangeQuery), security(("bearer" = [])),
    responses((status = 200, description = "The file.", content_type = "text/csv", body = String), DataRefusals)
)]
pub(crate) async fn export(
    wearer: Wearer,
    Strict(query): Strict<RangeQuery>,
    State(app): State<AppState>,
) -> Result<Response, Problem> {
    let RangeQuery { from, to, tz, prosthesis_id, .. } = query;
    let range = (tz.start_of(from), tz.start_of(to));
    let mut needed = VecDeque::from(months(tz.tz(), (from, to)));
    // The first month is read before the response begins, the others one by one as the client reads the
    // response.
    let first: Vec<Month> = needed.pop_front().into_iter().collect();
    let found = app.reader.hours(&wearer, &first).await?;
    let presence = &found.person().presence;
    let has_data = presence.hours(prosthesis_id).any(|hour| range.0 <= hour && hour < range.1);
    check_own(found.person(), prosthesis_id, has_data)?;
    needed.retain(|month| presence.has(*month));

    let lines = move |month: Option<Month>, hours: &Hours| {
        let start = month.map_or(range.0, |month| month.start().max(range.0));
        let end = month.map_or(range.0, |month| month.next().start().min(range.1));
        csv::lines(hours.rows(prosthesis_id, (start, end)), tz)
    };
    let whose = found.person().user_id;
    let begin = csv::HEAD.to_owned() + &lines(first.first().copied(), &found);
    let rest = stream::try_unfold((needed, wearer, app), move |(mut needed, wearer, app)| async move {
        let Some(month) = needed.pop_front() else { return Ok(None) };
        let hours = app.reader.hours(&wearer, &[month]).await.inspect_err(log)?;
        // A login name may move to another person between two months.
        if hours.person().user_id != whose {
            return Err(Error::new(Kind::Data, "the login name belongs to another person now"))
                .inspect_err(log);
        }
        Ok::<_, Error>(Some((lines(Some(month), &hours), (needed, wearer, app))))
    });
    let file = stream::once(async { Ok(begin) }).chain(rest);

    let disposition = format!("attachment; filename=\"bionicpro-{from}-{to}.csv\"");
    let mut response = Response::new(Body::from_stream(file));
    response.headers_mut().insert(header::CONTENT_TYPE, MEDIA_TYPE);
    // Two dates always form a valid header value.
    response
        .headers_mut()
        .extend(HeaderValue::from_str(&disposition).map(|value| (header::CONTENT_DISPOSITION, value)));
    Ok(response)
}

/// Logs the error. Status 200 was already sent, so the client only sees that the response is incomplete.
fn log(error: &Error) {
    tracing::error!(error = %error.report(), "an export was aborted");
}
