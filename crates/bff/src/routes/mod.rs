//! The table of URLs. Each endpoint is a file whose path follows its URL.

mod auth;
mod health;

use axum::Router;
use axum::routing::{delete, get, post};

use crate::state::AppState;
use crate::{bundle, proxy};

/// Returns all routes. Other paths are pages of the web app, or 404.
pub(crate) fn table() -> Router<AppState> {
    Router::new()
        .route("/auth/login", get(auth::login::login))
        .route("/auth/callback", get(auth::callback::callback))
        .route("/auth/me", get(auth::me::me))
        .route("/auth/extend", post(auth::extend::extend))
        .route("/auth/logout", post(auth::logout::logout))
        .route("/auth/sessions", get(auth::sessions::list).delete(auth::sessions::end_all))
        .route("/auth/sessions/{id}", delete(auth::sessions::end_one))
        .route("/auth/backchannel-logout", post(auth::backchannel_logout::backchannel_logout))
        .route("/health", get(health::health))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .merge(proxy::routes())
        .fallback(bundle::serve)
}
