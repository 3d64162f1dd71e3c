//! `GET /healthz` of a server.

use super::{Trust, tls};
use anyhow::{Context as _, Result, bail};
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, body::Bytes, client::conn::http1};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use std::{net::SocketAddr, sync::Arc};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;

/// Longest answer that is read, bytes.
const LONGEST: usize = 4096;

/// What a server says of itself.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub(crate) struct Health {
    /// `ok`.
    pub status: String,
    /// Of its program.
    pub version: String,
}

/// Asks the server at `address`: by TLS with a certificate that `trust` takes, or in plain text.
///
/// # Errors
/// When it cannot be reached or trusted, or answers as something else.
pub(crate) async fn health(address: SocketAddr, trust: Option<Arc<Trust>>) -> Result<Health> {
    let tcp = TcpStream::connect(address).await.with_context(|| format!("no connection to {address}"))?;
    match trust {
        None => get(tcp, address).await,
        Some(trust) => {
            let connector = TlsConnector::from(tls::client(trust)?);
            get(connector.connect(address.ip().into(), tcp).await.context("TLS")?, address).await
        }
    }
}

async fn get(
    stream: impl AsyncRead + AsyncWrite + Send + Unpin + 'static,
    address: SocketAddr,
) -> Result<Health> {
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    let request = Request::get("/healthz").header("host", address.to_string()).body(Empty::<Bytes>::new())?;
    let asking = async {
        let response = sender.send_request(request).await?;
        if !response.status().is_success() {
            bail!("it answers with {}", response.status());
        }
        let body = Limited::new(response.into_body(), LONGEST).collect().await;
        body.map(|body| body.to_bytes()).map_err(|error| anyhow::anyhow!(error))
    };
    let body = tokio::select! {
        body = asking => body?,
        ended = connection => {
            ended?;
            bail!("it closed the connection");
        }
    };
    serde_json::from_slice(&body).context("it is no Watchword server")
}
