//! The life of a session, as a state machine without I/O.

use std::time::Duration;

/// From the offer until the viewer is connected and its control channel is open.
pub(super) const START_LIMIT: Duration = Duration::from_secs(30);
/// How long a connection that fell silent may stay so, beyond the time after which it counts as silent.
pub(super) const SILENCE_LIMIT: Duration = Duration::from_secs(4);

/// Where a session is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Answered; ICE and DTLS are under way.
    Connecting,
    /// Connected; the control channel is not open yet.
    Connected,
    /// All is there.
    Live,
    /// It was connected, and nothing comes from the viewer.
    Silent {
        /// Its control channel was open.
        live: bool,
    },
    /// Over.
    Ended(Reason),
}

/// Why a session ended.
#[derive(Clone, Debug, PartialEq, Eq, Copy)]
#[non_exhaustive]
pub enum Reason {
    /// The viewer said bye, or closed its page.
    Left,
    /// The viewer was not heard of any more.
    Lost,
    /// It was never connected, within 30 s.
    NeverConnected,
    /// The offer could not be answered; the viewer was told why.
    BadOffer,
    /// The viewer did what is not allowed (too much, too fast, too large), or never read; it was told so.
    Misbehaved,
    /// The device ended it.
    Stopped,
    /// Something failed on the device.
    Failed,
}

impl std::fmt::Display for Reason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Left => "the viewer left",
            Self::Lost => "the viewer was lost",
            Self::NeverConnected => "no connection came about",
            Self::BadOffer => "the offer could not be answered",
            Self::Misbehaved => "the viewer broke the rules",
            Self::Stopped => "the device ended it",
            Self::Failed => "it failed on the device",
        })
    }
}

/// What happens to a session.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// ICE and DTLS are up.
    Up,
    /// Nothing comes from the viewer.
    Silence,
    /// ICE or DTLS failed, or was closed by the viewer.
    Down,
    /// The control channel opened.
    ControlOpen,
    /// The control channel closed.
    ControlClosed,
    /// The phase's time is over ([`Phase::limit`]).
    Elapsed,
    /// It has to end, for this reason.
    End(Reason),
}

impl Phase {
    /// How long this phase may last.
    pub(super) fn limit(self) -> Option<Duration> {
        match self {
            Self::Connecting | Self::Connected => Some(START_LIMIT),
            Self::Silent { .. } => Some(SILENCE_LIMIT),
            Self::Live | Self::Ended(_) => None,
        }
    }

    /// What comes after this phase.
    pub(super) fn after(self, event: Event) -> Self {
        match (self, event) {
            (Self::Ended(reason), _) | (_, Event::End(reason)) => Self::Ended(reason),
            (Self::Connecting | Self::Silent { live: false }, Event::Up) => Self::Connected,
            (Self::Connecting | Self::Connected | Self::Silent { .. }, Event::ControlOpen)
            | (Self::Silent { live: true }, Event::Up) => Self::Live,
            // Before the first connection there is nothing but silence.
            (Self::Connecting, Event::Silence) | (Self::Connected | Self::Live, Event::Up) => self,
            (Self::Connected, Event::Silence) => Self::Silent { live: false },
            (Self::Live, Event::Silence) => Self::Silent { live: true },
            (Self::Live, Event::ControlOpen | Event::Elapsed) | (Self::Silent { .. }, Event::Silence) => self,
            (Self::Connecting | Self::Connected, Event::Down | Event::Elapsed) => {
                Self::Ended(Reason::NeverConnected)
            }
            (Self::Live | Self::Silent { .. }, Event::Down) | (_, Event::ControlClosed) => {
                Self::Ended(Reason::Left)
            }
            (Self::Silent { .. }, Event::Elapsed) => Self::Ended(Reason::Lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PHASES: [Phase; 6] = [
        Phase::Connecting,
        Phase::Connected,
        Phase::Live,
        Phase::Silent { live: false },
        Phase::Silent { live: true },
        Phase::Ended(Reason::Lost),
    ];
    const EVENTS: [Event; 7] = [
        Event::Up,
        Event::Silence,
        Event::Down,
        Event::ControlOpen,
        Event::ControlClosed,
        Event::Elapsed,
        Event::End(Reason::Stopped),
    ];

    #[test]
    fn the_way_of_a_viewer() {
        let way = [Event::Up, Event::ControlOpen, Event::Silence, Event::Up, Event::ControlClosed];
        let end = way.into_iter().fold(Phase::Connecting, Phase::after);
        assert_eq!(end, Phase::Ended(Reason::Left));
    }

    #[test]
    fn an_end_is_final_and_can_come_at_any_time() {
        for event in EVENTS {
            assert_eq!(Phase::Ended(Reason::Lost).after(event), Phase::Ended(Reason::Lost));
        }
        for phase in &PHASES[..5] {
            assert_eq!(phase.after(Event::End(Reason::Stopped)), Phase::Ended(Reason::Stopped));
        }
    }

    #[test]
    fn whoever_is_silent_for_long_is_lost_and_who_never_comes_fails() {
        for live in [false, true] {
            assert_eq!(Phase::Silent { live }.after(Event::Elapsed), Phase::Ended(Reason::Lost));
        }
        for phase in [Phase::Connecting, Phase::Connected] {
            assert_eq!(phase.after(Event::Elapsed), Phase::Ended(Reason::NeverConnected));
        }
        assert_eq!(Phase::Connecting.after(Event::Silence), Phase::Connecting, "the start has its own limit");
    }

    #[test]
    fn who_dies_before_its_control_channel_opens_is_found_as_soon_as_any_other() {
        let silent = Phase::Connected.after(Event::Silence);
        assert_eq!(silent.limit(), Some(SILENCE_LIMIT));
        assert_eq!(silent.after(Event::Up), Phase::Connected, "back, and the channel still to come");
        assert_eq!(silent.after(Event::ControlOpen), Phase::Live);
    }

    #[test]
    fn every_phase_but_live_has_a_limit_or_is_over() {
        for phase in PHASES {
            let open_ended = phase.limit().is_none();
            assert_eq!(open_ended, matches!(phase, Phase::Live | Phase::Ended(_)), "{phase:?}");
        }
    }
}
