//! Everything that is asked over HTTP.

mod events;
mod headers;
mod health;
mod origin;
mod page;
mod websocket;

use crate::{hub::Hub, settings::Times};
use axum::{
    Router,
    middleware::{from_fn_with_state, map_response},
    routing::{any, get, post},
};
use std::sync::Arc;
use tokio_util::task::TaskTracker;

/// What the handlers share.
pub(crate) struct App {
    pub(crate) hub: Arc<Hub>,
    pub(crate) origins: Vec<String>,
    pub(crate) times: Times,
    /// WebSockets outlive their requests: they are joined here.
    pub(crate) sockets: TaskTracker,
}

/// All routes.
pub(crate) fn router(app: App) -> Router {
    let app = Arc::new(app);
    let signaling = Router::new()
        // HTTP/1.1 asks by GET, HTTP/2 by CONNECT (RFC 8441).
        .route("/ws", any(websocket::open))
        .route("/events", get(events::open))
        .route("/messages", post(events::message))
        .route_layer(from_fn_with_state(Arc::clone(&app), origin::check));
    Router::new()
        .route("/healthz", get(health::report))
        .merge(signaling)
        .fallback(page::serve)
        .layer(map_response(headers::secure))
        .with_state(app)
}
