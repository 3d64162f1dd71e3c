//! A session with a device, from this side.

use super::{Failure, printable};
use peer::viewer::{CallError, Viewer};
use protocol::{
    control::{Bye, Call, DeviceInfo, method},
    grant::{Grant, Right},
};
use serde::{Serialize, de::DeserializeOwned};
use std::time::Duration;
use tokio::time;

/// An answer that takes longer does not come: the longest that a device may think about one is shorter.
const ANSWER: Duration = Duration::from_secs(30);
/// How long leaving may take: the device is told, and finds out by itself otherwise.
const FAREWELL: Duration = Duration::from_millis(500);

/// A device that was reached.
pub(crate) struct Session {
    viewer: Viewer,
    info: DeviceInfo,
    bye: Option<Bye>,
}

impl Session {
    /// Asks the device who it is.
    pub(super) async fn begin(viewer: Viewer) -> Result<Self, Failure> {
        let info = answer(&viewer, method::DEVICE_INFO, &serde_json::json!({})).await?;
        Ok(Self { viewer, info, bye: None })
    }

    /// The device, as it was at the beginning.
    #[must_use]
    pub(crate) fn info(&self) -> &DeviceInfo {
        &self.info
    }

    /// Says at once that the word does not allow what a command is about to ask for. (The device checks it itself.)
    ///
    /// # Errors
    /// [`Failure::NotAllowed`].
    pub(crate) fn needs(&self, right: Right) -> Result<(), Failure> {
        allowed(self.info.grant, right)
    }

    /// Asks the device.
    ///
    /// # Errors
    /// What the device refuses, and [`Failure::Broken`] when it is gone.
    pub(crate) async fn ask<P: Serialize, T: DeserializeOwned>(
        &mut self,
        method: &'static str,
        params: &P,
    ) -> Result<T, Failure> {
        match answer(&self.viewer, method, params).await {
            Err(Failure::Broken(why)) => Err(self.ended(why).await),
            answered => answered,
        }
    }

    /// As [`Self::ask`], with what the device refuses as it says it, for who has to know why.
    ///
    /// # Errors
    /// [`CallError`].
    pub(crate) async fn call<P: Serialize>(&self, method: &'static str, params: &P) -> Result<(), CallError> {
        self.request(method, params).await.map(drop)
    }

    /// As [`Self::call`], with the result. What this gives does not borrow the session: it may be awaited beside
    /// [`Self::notice`].
    pub(crate) fn request<P: Serialize>(
        &self,
        method: &'static str,
        params: &P,
    ) -> impl Future<Output = Result<serde_json::Value, CallError>> + use<P> {
        let params = serde_json::to_value(params).unwrap_or_default();
        let calls = self.viewer.caller();
        async move { time::timeout(ANSWER, calls.call(method, params)).await.unwrap_or(Err(CallError::Ended)) }
    }

    /// The next notification. Safe to cancel.
    ///
    /// # Errors
    /// [`Failure::Broken`] once the session has ended.
    pub(crate) async fn notice(&mut self) -> Result<Call, Failure> {
        match self.viewer.notice().await {
            Some(call) if call.method == method::SESSION_BYE => {
                self.bye = serde_json::from_value(call.params).ok();
                Err(self.reason("the device ended the session".into()))
            }
            Some(call) => Ok(call),
            None => Err(self.reason("the connection to the device broke".into())),
        }
    }

    /// Whether the device may want this viewer again, as far as it said so.
    #[must_use]
    pub(crate) fn may_return(&self) -> bool {
        self.bye.as_ref().is_none_or(|bye| bye.again)
    }

    /// What sends and fetches files.
    #[must_use]
    pub(crate) fn viewer(&self) -> &Viewer {
        &self.viewer
    }

    /// Leaves: the device is told.
    pub(crate) async fn leave(self) {
        let _ = time::timeout(FAREWELL, self.viewer.leave()).await;
    }

    /// Why a call has no answer: the device may have said so.
    pub(crate) async fn ended(&mut self, why: String) -> Failure {
        let rest = async { while self.notice().await.is_ok() {} };
        let _ = time::timeout(FAREWELL, rest).await;
        self.reason(why)
    }

    fn reason(&self, why: String) -> Failure {
        match &self.bye {
            Some(bye) => Failure::Broken(format!("the device ended the session: {}", printable(&bye.reason))),
            None => Failure::Broken(why),
        }
    }
}

async fn answer<P: Serialize, T: DeserializeOwned>(
    viewer: &Viewer,
    method: &str,
    params: &P,
) -> Result<T, Failure> {
    let params = serde_json::to_value(params).map_err(|error| Failure::Failed(error.to_string()))?;
    let answered = time::timeout(ANSWER, viewer.call(method, params)).await;
    let value = answered.map_err(|_| Failure::Broken("the device does not answer any more".into()))??;
    serde_json::from_value(value).map_err(|_| {
        Failure::Failed(format!("the device's answer to {method} cannot be read: is it of another version?"))
    })
}

fn allowed(grant: Grant, right: Right) -> Result<(), Failure> {
    if grant.allows(right) {
        return Ok(());
    }
    let allowed = if grant == Grant::NONE { "nothing".to_owned() } else { grant.to_string() };
    Err(Failure::NotAllowed(format!("this word does not allow {right}; it allows {allowed}")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_word_does_not_allow_is_said_with_what_it_does() {
        assert!(allowed(Grant::default(), Right::Chat).is_ok());
        let failure = allowed(Grant::default(), Right::Files).unwrap_err();
        assert_eq!(failure.exit_code(), 5);
        assert_eq!(failure.to_string(), "this word does not allow files; it allows watch,listen,chat");
        assert!(allowed(Grant::NONE, Right::Watch).unwrap_err().to_string().ends_with("allows nothing"));
    }
}
