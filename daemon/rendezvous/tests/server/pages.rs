//! What a browser's address bar gets.

use crate::harness::{request, start, start_with, text};
use http_body_util::Full;

#[tokio::test]
async fn every_answer_is_kept_to_this_origin() {
    let server = start();
    for path in ["/", "/healthz", "/nowhere", "/../../etc/passwd", "/ws", "/messages"] {
        let response = server.get(path).await;
        let headers = response.headers();
        let policy = headers["content-security-policy"].to_str().unwrap();
        for part in ["default-src 'none'", "script-src 'self' 'wasm-unsafe-eval'", "frame-ancestors 'none'"] {
            assert!(policy.contains(part), "{path}: {policy}");
        }
        assert!(
            !policy.contains("unsafe-inline") && !policy.contains('*') && !policy.contains("  "),
            "{policy}"
        );
        assert_eq!(headers["x-content-type-options"], "nosniff");
        assert_eq!(headers["referrer-policy"], "no-referrer");
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
        assert_eq!(headers["cross-origin-resource-policy"], "same-origin");
        assert!(headers["permissions-policy"].to_str().unwrap().contains("microphone=(self)"));
        assert!(!headers.contains_key("access-control-allow-origin"));
        assert!(!headers.contains_key("strict-transport-security"));
    }
    server.stopped().await;
}

#[tokio::test]
async fn the_page_or_how_to_build_it() {
    let server = start();
    let response = server.get("/").await;
    if response.status() == 503 {
        assert!(text(response).await.contains("npm run build"));
    } else {
        assert_eq!(response.status(), 200);
        assert_eq!(response.headers()["content-type"], "text/html; charset=utf-8");
        assert_eq!(response.headers()["cache-control"], "no-cache");
        let tag = response.headers()["etag"].clone();
        let plain = text(response).await;
        let again = request("GET", "/", "").header("if-none-match", tag).body(Full::default()).unwrap();
        assert_eq!(server.request(again).await.status(), 304);
        let small =
            request("GET", "/", "").header("accept-encoding", "gzip, br").body(Full::default()).unwrap();
        assert_eq!(server.request(small).await.headers()["content-encoding"], "br");
        let asset = plain.split('"').find(|part| part.contains("assets/") && part.ends_with(".js")).unwrap();
        let response = server.get(&format!("/{}", asset.trim_start_matches(['.', '/']))).await;
        assert_eq!(response.headers()["cache-control"], "public, max-age=31536000, immutable");
        assert_eq!(response.headers()["content-type"], "text/javascript; charset=utf-8");
    }
    assert_eq!(server.get("/nowhere").await.status(), 404);
    let post = request("POST", "/", "").body(Full::default()).unwrap();
    assert_eq!(server.request(post).await.status(), 405);
    server.stopped().await;
}

#[tokio::test]
async fn health_is_told() {
    let server = start();
    let _one = server.socket().await;
    let health = server.health().await;
    assert_eq!(health["status"], "ok");
    assert_eq!(health["version"], env!("CARGO_PKG_VERSION"));
    assert_eq!(
        (&health["sockets"], &health["places"], &health["sessions"]),
        (&1.into(), &0.into(), &0.into())
    );
    server.stopped().await;
}

#[tokio::test]
async fn pages_of_other_origins_stay_outside_unless_listed() {
    let server = start_with(|settings| settings.origins = vec!["https://pages.example".to_owned()]);
    for (origin, status) in [
        ("https://localhost", 200),
        ("https://pages.example", 200),
        ("https://evil.example", 403),
        ("null", 403),
    ] {
        let events = request("GET", "/events", "").header("origin", origin).body(Full::default()).unwrap();
        assert_eq!(server.request(events).await.status(), status, "{origin}");
    }
    let own = format!("https://localhost:{}", server.address.port());
    for origin in [own.as_str(), "https://pages.example"] {
        let mut socket = server.unwelcomed(Some(origin)).await;
        socket.next().await;
    }
    server.stopped().await;
}
