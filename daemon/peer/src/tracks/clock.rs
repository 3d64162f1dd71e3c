//! One clock for picture and sound.
//!
//! RTP timestamps come from when a frame was captured, not from when it was written, and the sender reports tell the
//! same mapping to the receiver (RFC 3550 section 6.4.1). Picture and sound reach the writer with unequal delays
//! (an encoder against a microphone's buffer), and a mapping made at the write would turn that difference into a
//! lip-sync error.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// Seconds from the NTP epoch (1900) to the Unix epoch (1970), RFC 5905 section 6.
const NTP_UNIX: u64 = 2_208_988_800;
/// Ticks of the RTP clock of Opus, RFC 7587 section 4.1.
pub(crate) const AUDIO_RATE: u32 = 48_000;
/// Ticks of the RTP clock of H.264, RFC 6184 section 8.1.
pub(crate) const VIDEO_RATE: u32 = 90_000;
/// RTP ticks of one Opus packet of 20 ms.
const AUDIO_STEP: u32 = AUDIO_RATE / 50;
/// A sound packet so far from where the count of packets says it is has something missing before it.
const AUDIO_GAP: i64 = AUDIO_RATE as i64 * 6 / 100;
/// Share of a packet's deviation that goes into the mapping: over some seconds it follows the microphone's clock.
const AUDIO_SMOOTHING: f64 = 1.0 / 64.0;

/// An instant and what the wall clock said then. The wall clock is read once: if it is set during a session (a board
/// without a battery, at boot), picture and sound stay together.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Epoch {
    instant: Instant,
    /// Since the NTP epoch.
    wall: Duration,
}

impl Epoch {
    /// The epoch of a session that begins at `instant`.
    pub(crate) fn new(instant: Instant, wall: SystemTime) -> Self {
        let unix = wall.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self { instant, wall: unix + Duration::from_secs(NTP_UNIX) }
    }

    /// NTP timestamp (RFC 3550 section 4) of an instant.
    pub(crate) fn ntp(&self, at: Instant) -> u64 {
        let wall = match at.checked_duration_since(self.instant) {
            Some(later) => self.wall + later,
            None => self.wall.saturating_sub(self.instant - at),
        };
        let fraction = (u64::from(wall.subsec_nanos()) << 32) / 1_000_000_000;
        (wall.as_secs() << 32) | fraction
    }

    /// Ticks of `rate` from the epoch to an instant; negative before it.
    fn ticks(&self, at: Instant, rate: u32) -> i64 {
        let (elapsed, sign) = match at.checked_duration_since(self.instant) {
            Some(later) => (later, 1),
            None => (self.instant - at, -1),
        };
        let ticks = elapsed.as_nanos() * u128::from(rate) / 1_000_000_000;
        i64::try_from(ticks).unwrap_or(i64::MAX) * sign
    }
}

/// The RTP time of one track: `offset` at the session's epoch (random, RFC 3550 section 5.1).
#[derive(Debug)]
pub(crate) struct TrackClock {
    epoch: Epoch,
    rate: u32,
    offset: u32,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Ticks of the last frame, without the offset.
    last: Option<i64>,
    /// How far the count of sound packets is behind the capture clock, ticks.
    lag: f64,
}

impl TrackClock {
    pub(crate) fn new(epoch: Epoch, rate: u32, offset: u32) -> Self {
        Self { epoch, rate, offset, state: Mutex::new(State::default()) }
    }

    /// RTP timestamp of a picture. Strictly increasing.
    pub(crate) fn picture(&self, captured: Instant) -> u32 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let ticks = self.epoch.ticks(captured, self.rate);
        let ticks = state.last.map_or(ticks, |last| ticks.max(last + 1));
        state.last = Some(ticks);
        self.wrap(ticks)
    }

    /// RTP timestamp of an Opus packet: 20 ms after the last one, however the capture jitters, since decoders take
    /// the difference for sound that is missing or doubled; after a gap, where the capture clock says.
    pub(crate) fn sound(&self, captured: Instant) -> u32 {
        let mut state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        let heard = self.epoch.ticks(captured, self.rate);
        let step = i64::from(AUDIO_STEP);
        let ticks = match state.last {
            None => heard,
            Some(last) => {
                let next = last + step;
                let gap = heard - next;
                if gap > AUDIO_GAP { next + (gap + step / 2) / step * step } else { next }
            }
        };
        #[allow(clippy::cast_precision_loss, reason = "a few thousand ticks")]
        let deviation = (heard - ticks) as f64;
        if state.last.is_some() {
            state.lag += (deviation - state.lag) * AUDIO_SMOOTHING;
        }
        state.last = Some(ticks);
        self.wrap(ticks)
    }

    /// What a sender report sent at `now` says: NTP and RTP timestamp of the same moment. `None` before the first
    /// frame.
    pub(crate) fn report(&self, now: Instant) -> Option<(u64, u32)> {
        let state = self.state.lock().unwrap_or_else(PoisonError::into_inner);
        state.last?;
        #[allow(clippy::cast_possible_truncation, reason = "a few thousand ticks")]
        let ticks = self.epoch.ticks(now, self.rate) - state.lag.round() as i64;
        Some((self.epoch.ntp(now), self.wrap(ticks)))
    }

    /// RTP timestamps count modulo 2^32.
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "modulo 2^32 is meant")]
    fn wrap(&self, ticks: i64) -> u32 {
        self.offset.wrapping_add(ticks as u32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn epoch() -> (Instant, Epoch) {
        let start = Instant::now() + Duration::from_secs(10);
        (start, Epoch::new(start, UNIX_EPOCH + Duration::from_secs(1_000)))
    }

    #[test]
    fn ntp_counts_from_1900_in_fractions_of_a_second() {
        let (start, epoch) = epoch();
        assert_eq!(epoch.ntp(start), (NTP_UNIX + 1_000) << 32);
        assert_eq!(epoch.ntp(start + Duration::from_millis(500)), ((NTP_UNIX + 1_000) << 32) + (1 << 31));
        assert_eq!(epoch.ntp(start - Duration::from_secs(1)), (NTP_UNIX + 999) << 32);
    }

    #[test]
    fn pictures_follow_their_capture_also_before_the_epoch() {
        let (start, epoch) = epoch();
        let clock = TrackClock::new(epoch, VIDEO_RATE, 5);
        assert_eq!(clock.report(start), None);
        assert_eq!(clock.picture(start - Duration::from_millis(10)), 5_u32.wrapping_sub(900));
        assert_eq!(clock.picture(start + Duration::from_millis(100)), 9_005);
        assert_eq!(clock.picture(start + Duration::from_millis(100)), 9_006, "never twice the same");
        assert_eq!(
            clock.report(start + Duration::from_secs(1)),
            Some((epoch.ntp(start + Duration::from_secs(1)), 90_005))
        );
    }

    #[test]
    fn sound_is_regular_and_its_gaps_are_whole_packets() {
        let (start, epoch) = epoch();
        let clock = TrackClock::new(epoch, AUDIO_RATE, 0);
        let jitter = [0, 3, -2, 1, -3, 2, 0];
        for (index, jitter) in (0_u32..).zip(jitter) {
            let captured =
                start + Duration::from_millis(u64::try_from(i64::from(index) * 20 + 10 + jitter).unwrap());
            assert_eq!(clock.sound(captured), 480 + index * AUDIO_STEP);
        }
        assert_eq!(clock.sound(start + Duration::from_millis(500)) % AUDIO_STEP, 480);
    }

    #[test]
    fn sender_reports_follow_a_microphone_whose_clock_is_slow() {
        let (start, epoch) = epoch();
        let clock = TrackClock::new(epoch, AUDIO_RATE, 0);
        let mut last = (0, start);
        for index in 0..2_000_u64 {
            // 20.004 ms by our clock are 20 ms by its clock.
            let captured = start + Duration::from_micros(index * 20_004);
            last = (clock.sound(captured), captured);
        }
        let (_, rtp) = clock.report(last.1).unwrap();
        let off = i64::from(rtp) - i64::from(last.0);
        assert!(off.abs() < 48, "{off} ticks, more than 1 ms");
    }
}
