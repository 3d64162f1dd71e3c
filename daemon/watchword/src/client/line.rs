//! The conversation with the rendezvous.

use super::{Failure, ServerAddress};
use crate::link::{LinkEvent, Remote, Trust, remote};
use protocol::signal::ToServer;
use std::{sync::Arc, time::Duration};
use tokio::{sync::mpsc, time};
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// How long what was said last may take to leave.
const FAREWELL: Duration = Duration::from_millis(200);

/// A socket to the rendezvous, made anew when it is lost, for as long as somebody asks for the [`next`](Self::next).
pub(super) struct Line {
    link: mpsc::Receiver<LinkEvent>,
    server: Option<mpsc::Sender<ToServer>>,
    stop: CancellationToken,
    tasks: TaskTracker,
}

impl Line {
    /// Begins to connect.
    pub(super) fn open(server: &ServerAddress, trust: Arc<Trust>) -> Result<Self, Failure> {
        let remote_server = Remote::new(&server.url(), trust)?;
        let (stop, tasks) = (CancellationToken::new(), TaskTracker::new());
        let link = remote(remote_server, stop.clone(), &tasks);
        Ok(Self { link, server: None, stop, tasks })
    }

    /// What happens next. Safe to cancel.
    pub(super) async fn next(&mut self) -> LinkEvent {
        let event = self.link.recv().await;
        let event = event.unwrap_or_else(|| LinkEvent::Down { why: "the link has ended".into() });
        match &event {
            LinkEvent::Up(server) => self.server = Some(server.clone()),
            LinkEvent::Down { .. } => self.server = None,
            LinkEvent::Message(_) => {}
        }
        event
    }

    /// Says something. Without a socket it is lost; [`Self::next`] tells that there is none.
    pub(super) async fn say(&self, message: ToServer) {
        if let Some(server) = &self.server {
            let _ = server.send(message).await;
        }
    }

    /// Hangs up.
    pub(super) async fn close(mut self) {
        // Without its sender the link sends what is left, and lets go of the socket.
        self.server = None;
        let _ =
            time::timeout(FAREWELL, async { while !matches!(self.next().await, LinkEvent::Down { .. }) {} })
                .await;
        self.stop.cancel();
        self.tasks.close();
        self.tasks.wait().await;
    }
}
