//! The page: the files of `web/dist` as they were when this executable was built, compressed already.

use axum::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header},
    response::{IntoResponse, Response},
};

/// One file of the page.
struct File {
    /// Path below `/`.
    path: &'static str,
    content_type: &'static str,
    /// Strong entity tag, with its quotes (RFC 9110 section 8.8.3).
    etag: &'static str,
    plain: &'static [u8],
    /// Brotli, where that is smaller.
    brotli: Option<&'static [u8]>,
}

include!(concat!(env!("OUT_DIR"), "/page.rs"));

const MISSING: &str = "This executable was built without its page: run `npm ci && npm run build` in the folder web, \
                       then build it again. Signaling works all the same.\n";

/// Any path that is no other route's.
pub(super) async fn serve(method: Method, uri: Uri, headers: HeaderMap) -> Response {
    if method != Method::GET && method != Method::HEAD {
        return (StatusCode::METHOD_NOT_ALLOWED, [(header::ALLOW, "GET, HEAD")]).into_response();
    }
    let path = match uri.path().trim_start_matches('/') {
        "" => "index.html",
        path => path,
    };
    match FILES.binary_search_by(|file| file.path.cmp(path)) {
        Ok(at) => answer(&FILES[at], &method, &headers),
        Err(_) if path == "index.html" => (StatusCode::SERVICE_UNAVAILABLE, MISSING).into_response(),
        Err(_) => (StatusCode::NOT_FOUND, "There is nothing here.\n").into_response(),
    }
}

fn answer(file: &File, method: &Method, headers: &HeaderMap) -> Response {
    let brotli = file.brotli.filter(|_| accepts_brotli(headers));
    let body = brotli.unwrap_or(file.plain);
    let mut response = if has(headers, file.etag) {
        StatusCode::NOT_MODIFIED.into_response()
    } else if method == Method::HEAD {
        let mut response = StatusCode::OK.into_response();
        response.headers_mut().insert(header::CONTENT_LENGTH, body.len().into());
        response
    } else {
        body.into_response()
    };
    let caching = if is_immutable(file.path) { "public, max-age=31536000, immutable" } else { "no-cache" };
    let fields = response.headers_mut();
    fields.insert(header::CONTENT_TYPE, HeaderValue::from_static(file.content_type));
    fields.insert(header::ETAG, HeaderValue::from_static(file.etag));
    fields.insert(header::CACHE_CONTROL, HeaderValue::from_static(caching));
    fields.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if brotli.is_some() {
        fields.insert(header::CONTENT_ENCODING, HeaderValue::from_static("br"));
    }
    response
}

/// The bundler puts a hash into the names of what it writes there: another content is another name.
fn is_immutable(path: &str) -> bool {
    path.starts_with("assets/")
}

fn accepts_brotli(headers: &HeaderMap) -> bool {
    let Some(accepted) = headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    accepted.split(',').any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        parts.next() == Some("br") && !parts.any(|weight| weight == "q=0" || weight == "q=0.0")
    })
}

fn has(headers: &HeaderMap, etag: &str) -> bool {
    let Some(known) = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) else {
        return false;
    };
    known.split(',').map(|tag| tag.trim().trim_start_matches("W/")).any(|tag| tag == etag || tag == "*")
}
