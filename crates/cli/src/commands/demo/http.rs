//! The request that the demo makes as its own user.

use bionicpro_model::{Error, Kind, Result};

/// Requests a path of the Reports API and returns the response body unchanged.
pub(super) async fn report(api: &str, path: &str, token: &str) -> Result<String> {
    let failed = |error: reqwest::Error| {
        Error::new(Kind::Unreachable, "the Reports API does not answer").detail(api.to_owned()).source(error)
    };
    let response =
        reqwest::Client::new().get(format!("{api}{path}")).bearer_auth(token).send().await.map_err(failed)?;
    let status = response.status().as_u16();
    let answer = response.text().await.map_err(failed)?;
    if status == 200 {
        return Ok(answer);
    }
    Err(Error::new(Kind::Internal, "the Reports API refused the demo's own request")
        .detail(format!("{path}, status {status}, {answer}")))
}
