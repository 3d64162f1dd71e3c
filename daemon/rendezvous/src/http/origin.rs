//! Which pages may use the signaling: a browser says where its page is from (RFC 6454 section 7), and another site's
//! page must not make its visitors' browsers knock.

use super::App;
use axum::{
    extract::{Request, State},
    http::{HeaderMap, StatusCode, Uri, header, uri::Authority},
    middleware::Next,
    response::{IntoResponse, Response},
};
use std::sync::Arc;

/// Passes requests without an origin (programs), from this server's own, and from those that its owner listed.
pub(super) async fn check(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if is_allowed(request.headers(), request.uri(), &app.origins) {
        next.run(request).await
    } else {
        let sentence = "Pages of this origin may not use this server; its owner can list it as an origin.\n";
        (StatusCode::FORBIDDEN, sentence).into_response()
    }
}

fn is_allowed(headers: &HeaderMap, uri: &Uri, listed: &[String]) -> bool {
    let Some(origin) = headers.get(header::ORIGIN) else { return true };
    let Ok(origin) = origin.to_str() else { return false };
    if listed.iter().any(|listed| listed.trim_end_matches('/').eq_ignore_ascii_case(origin)) {
        return true;
    }
    // Behind a proxy that ends TLS the scheme differs; host and port say who it is.
    let theirs = origin.strip_prefix("https://").or_else(|| origin.strip_prefix("http://"));
    let ours = uri.authority().map(Authority::as_str).or_else(|| headers.get(header::HOST)?.to_str().ok());
    matches!((theirs, ours), (Some(theirs), Some(ours)) if theirs.eq_ignore_ascii_case(ours))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn own_listed_and_none_pass() {
        let listed = ["https://pages.example/".to_owned()];
        for (origin, passes) in [
            (None, true),
            (Some("https://board.local:8443"), true),
            (Some("https://BOARD.local:8443"), true),
            (Some("https://pages.example"), true),
            (Some("https://board.local"), false),
            (Some("https://board.local:8443.evil.example"), false),
            (Some("https://evil.example"), false),
            (Some("null"), false),
            (Some("board.local:8443"), false),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::HOST, "board.local:8443".parse().unwrap());
            if let Some(origin) = origin {
                headers.insert(header::ORIGIN, origin.parse().unwrap());
            }
            assert_eq!(is_allowed(&headers, &Uri::from_static("/ws"), &listed), passes, "{origin:?}");
            let absolute = Uri::from_static("https://board.local:8443/ws");
            headers.remove(header::HOST);
            assert_eq!(is_allowed(&headers, &absolute, &listed), passes, "HTTP/2, {origin:?}");
        }
    }
}
