//! The life of a source: one state, one transition.

/// Where the source is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Phase {
    /// Nobody watches.
    Closed,
    /// The opener is at work.
    Opening,
    /// It runs, and somebody watches.
    Running,
    /// It runs, and nobody watches any more.
    Lingering,
    /// It failed; the next try comes after a pause.
    Waiting,
    /// Stopped for good.
    Ended,
}

/// What happens to it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Event {
    /// There is a viewer.
    Watched,
    /// There is none.
    Unwatched,
    /// The opener is done.
    Opened,
    /// The opener or the source failed.
    Failed,
    /// The pause is over.
    Elapsed,
    /// The feed is to end.
    Stop,
}

/// What to do about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Action {
    /// Nothing.
    Nothing,
    /// Start the opener.
    Open,
    /// Wait for the linger time.
    Linger,
    /// Stop waiting.
    Stay,
    /// Close what is open, and wait before the next try.
    Retry,
    /// Close what is open (or what is being opened, once it is).
    Close,
}

/// The whole protocol.
pub(super) fn transition(phase: Phase, event: Event) -> (Phase, Action) {
    match (phase, event) {
        (Phase::Ended, _) => (Phase::Ended, Action::Nothing),
        (_, Event::Stop) => (Phase::Ended, Action::Close),

        (Phase::Closed, Event::Watched) => (Phase::Opening, Action::Open),
        (Phase::Opening, Event::Opened) => (Phase::Running, Action::Nothing),
        (Phase::Opening | Phase::Running, Event::Failed) => (Phase::Waiting, Action::Retry),
        (Phase::Running, Event::Unwatched) => (Phase::Lingering, Action::Linger),
        (Phase::Lingering, Event::Watched) => (Phase::Running, Action::Stay),
        (Phase::Lingering, Event::Elapsed | Event::Failed) => (Phase::Closed, Action::Close),
        (Phase::Waiting, Event::Elapsed) => (Phase::Opening, Action::Open),
        (Phase::Waiting, Event::Unwatched) => (Phase::Closed, Action::Close),

        (Phase::Closed, Event::Unwatched | Event::Opened | Event::Failed | Event::Elapsed)
        | (Phase::Opening, Event::Watched | Event::Unwatched | Event::Elapsed)
        | (Phase::Running, Event::Watched | Event::Opened | Event::Elapsed)
        | (Phase::Lingering, Event::Unwatched | Event::Opened)
        | (Phase::Waiting, Event::Watched | Event::Opened | Event::Failed) => (phase, Action::Nothing),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_life() {
        let mut phase = Phase::Closed;
        for (event, next, action) in [
            (Event::Watched, Phase::Opening, Action::Open),
            (Event::Unwatched, Phase::Opening, Action::Nothing),
            (Event::Opened, Phase::Running, Action::Nothing),
            (Event::Unwatched, Phase::Lingering, Action::Linger),
            (Event::Watched, Phase::Running, Action::Stay),
            (Event::Failed, Phase::Waiting, Action::Retry),
            (Event::Elapsed, Phase::Opening, Action::Open),
            (Event::Failed, Phase::Waiting, Action::Retry),
            (Event::Unwatched, Phase::Closed, Action::Close),
            (Event::Stop, Phase::Ended, Action::Close),
            (Event::Watched, Phase::Ended, Action::Nothing),
        ] {
            let got = transition(phase, event);
            assert_eq!(got, (next, action), "{phase:?} {event:?}");
            phase = got.0;
        }
    }
}
