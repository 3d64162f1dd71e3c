//! Knocking: until a device answers, or it is clear that none does.

use super::{Way, refusal::refused};
use crate::{
    client::{Failure, line::Line},
    link::LinkEvent,
};
use protocol::{
    proof::ViewerLogin,
    seal::Context,
    signal::{FromServer, Handle, ToServer},
};
use std::time::Duration;
use tokio::time;

/// The device answers a knock within 10 s or is taken for absent by the server; this is for a server that does not.
const REPLY: Duration = Duration::from_secs(15);

/// What the device said to a knock.
pub(super) struct Answered {
    pub(super) login: ViewerLogin,
    pub(super) context: Context,
    pub(super) ke2: Vec<u8>,
    pub(super) stun: Option<u16>,
}

/// How far a knock has come on this socket.
enum Knock {
    /// No welcome yet.
    Before,
    /// KE1 has left.
    Sent { login: Box<ViewerLogin>, viewer: Handle, stun: Option<u16> },
    /// Nobody answers at the place.
    Absent { viewer: Handle, stun: Option<u16> },
}

impl Way {
    /// Knocks until the device answers, or until it is clear that it does not.
    pub(super) async fn knock(&mut self, line: &mut Line) -> Result<Answered, Failure> {
        let mut knock = Knock::Before;
        loop {
            let event = match &knock {
                Knock::Sent { .. } => time::timeout(REPLY, line.next()).await.map_err(|_| self.absent())?,
                Knock::Before | Knock::Absent { .. } => line.next().await,
            };
            let message = match event {
                LinkEvent::Message(message) => message,
                LinkEvent::Up(_) => {
                    self.connected()?;
                    continue;
                }
                LinkEvent::Down { why } => {
                    self.disconnected(&why)?;
                    knock = Knock::Before;
                    continue;
                }
            };
            knock = match (message, knock) {
                (FromServer::Welcome { v, handle, stun_port, .. }, Knock::Before) => {
                    if v != protocol::VERSION {
                        return Err(Failure::Failed(format!(
                            "the server speaks version {v} of the wire, this program {}: update the older",
                            protocol::VERSION
                        )));
                    }
                    self.send_knock(line, handle, stun_port).await?
                }
                (FromServer::Present { place }, Knock::Absent { viewer, stun }) if self.is_ours(&place) => {
                    self.send_knock(line, viewer, stun).await?
                }
                (FromServer::Absent { place }, Knock::Sent { viewer, stun, .. }) if self.is_ours(&place) => {
                    self.wait_for(|way| way.absent())?;
                    Knock::Absent { viewer, stun }
                }
                (FromServer::Reply { session, device, ke2 }, Knock::Sent { login, viewer, stun }) => {
                    let place = self.reach.word.place().to_string();
                    let context = Context { place, viewer, device, session };
                    return Ok(Answered { login: *login, context, ke2: ke2.0, stun });
                }
                (FromServer::Refused { refusal, .. }, _) => return Err(refused(&refusal)),
                (FromServer::Left { .. }, Knock::Sent { .. }) => return Err(self.absent()),
                (_, knock) => knock,
            };
        }
    }

    async fn send_knock(&self, line: &Line, viewer: Handle, stun: Option<u16>) -> Result<Knock, Failure> {
        let word = &self.reach.word;
        let (login, ke1) = ViewerLogin::start(word).map_err(|error| Failure::Failed(error.to_string()))?;
        let pass = self.known.device(&self.reach.server, word.place())?.and_then(|device| device.pass);
        let place = word.place().to_string();
        line.say(ToServer::Knock { v: protocol::VERSION, place, ke1: ke1.into(), pass }).await;
        Ok(Knock::Sent { login: Box::new(login), viewer, stun })
    }
}
