//! Headers that keep a page to itself.

use axum::{
    http::{HeaderName, HeaderValue, header},
    response::Response,
};

/// Nothing but this origin's own; WebAssembly is for OPAQUE. `'self'` in `connect-src` covers WSS (CSP level 3).
/// No Strict-Transport-Security: with it nobody could make an exception for a self-signed certificate.
const HEADERS: [(HeaderName, &str); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self' data: blob:; \
         font-src 'self'; media-src 'self' blob: mediastream:; connect-src 'self'; worker-src 'self'; \
         manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    ),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("permissions-policy"),
        "autoplay=(self), clipboard-write=(self), fullscreen=(self), microphone=(self), picture-in-picture=(self), \
         screen-wake-lock=(self), camera=(), display-capture=(), geolocation=(), payment=(), usb=(), serial=(), \
         hid=(), midi=(), gyroscope=(), accelerometer=(), magnetometer=(), browsing-topics=()",
    ),
    (HeaderName::from_static("cross-origin-opener-policy"), "same-origin"),
    (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
];

/// Adds them to every response.
pub(super) async fn secure(mut response: Response) -> Response {
    for (name, value) in HEADERS {
        response.headers_mut().insert(name, HeaderValue::from_static(value));
    }
    response
}
