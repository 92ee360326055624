//! `POST /auth/extend`: keeps the session alive; responds like `/auth/me`.

use axum::Json;
use axum::extract::State;
use bionicpro_edge::Problem;

use super::me::Me;
use crate::errors;
use crate::guard::OwnPage;
use crate::signed_in::SignedIn;
use crate::state::AppState;

pub(crate) async fn extend(
    State(bff): State<AppState>,
    _: OwnPage,
    mut signed_in: SignedIn,
) -> Result<Json<Me>, Problem> {
    bff.sessions.touch(&mut signed_in.session).await.map_err(errors::store)?;
    Ok(Json(Me::of(&bff, &signed_in.session)))
}
