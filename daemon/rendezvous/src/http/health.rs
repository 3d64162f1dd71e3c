//! `GET /healthz`: for load balancers and people.

use super::App;
use axum::{Json, extract::State, http::header, response::IntoResponse};
use std::sync::Arc;

#[derive(serde::Serialize)]
struct Health {
    status: &'static str,
    version: &'static str,
    sockets: usize,
    places: usize,
    sessions: usize,
    waiting: usize,
}

/// Always 200 while requests are answered at all.
pub(super) async fn report(State(app): State<Arc<App>>) -> impl IntoResponse {
    let counts = app.hub.counts();
    let health = Health {
        status: "ok",
        version: env!("CARGO_PKG_VERSION"),
        sockets: counts.sockets,
        places: counts.places,
        sessions: counts.sessions,
        waiting: counts.waiting,
    };
    ([(header::CACHE_CONTROL, "no-store")], Json(health))
}
