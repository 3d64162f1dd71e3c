//! What an H.264 stream says of itself, and what the SDP may therefore say (RFC 6184 section 8.1).

use bytes::Bytes;

/// `profile-level-id` of what the encoders here send: constrained baseline (`42e0`) and the least level that fits.
///
/// `width` and `height` in pixels, `fps` in pictures a second.
#[must_use]
pub fn profile_level_id(width: u32, height: u32, fps: f32) -> String {
    format!("42e0{:02x}", level(width, height, fps))
}

/// The least `level_idc` (ten times the level; ITU-T H.264 table A-1) whose frame size and macroblock rate suffice,
/// from 3.1 on, since that is what every WebRTC receiver takes (RFC 7742 section 6.2 asks for 1.2 at least).
#[must_use]
pub fn level(width: u32, height: u32, fps: f32) -> u8 {
    /// (level_idc, macroblocks a second, macroblocks a frame).
    const LEVELS: [(u8, f32, u32); 7] = [
        (31, 108_000.0, 3_600),
        (32, 216_000.0, 5_120),
        (40, 245_760.0, 8_192),
        (42, 522_240.0, 8_704),
        (50, 589_824.0, 22_080),
        (51, 983_040.0, 36_864),
        (52, 2_073_600.0, 36_864),
    ];
    let macroblocks = width.div_ceil(16).saturating_mul(height.div_ceil(16));
    #[allow(clippy::cast_precision_loss, reason = "pictures have far fewer than 2^24 macroblocks")]
    let rate = macroblocks as f32 * fps;
    LEVELS
        .iter()
        .find(|(_, most, size)| rate <= *most && macroblocks <= *size)
        .map_or(52, |(level, ..)| *level)
}

/// Types of NAL units (ITU-T H.264 table 7-1).
const IDR: u8 = 5;
const SPS: u8 = 7;
const PPS: u8 = 8;

/// `profile_idc` of (constrained) baseline, and the flag that tells them apart (ITU-T H.264 section A.2.1).
const BASELINE: u8 = 66;
const CONSTRAINT_SET1: u8 = 0x40;

/// Sees to it that the parameter sets stand before each key frame, so that a decoder can start at any of them.
#[derive(Debug, Default)]
pub struct ParameterSets {
    sps: Bytes,
    pps: Bytes,
    level: Option<u8>,
}

impl ParameterSets {
    /// As the default ones, and with this `level_idc` at most in baseline streams, which are called constrained: what the
    /// SDP says. For encoders of chips, which name whatever their maker has thought of, and use none of what sets
    /// baseline apart from constrained baseline.
    #[must_use]
    pub fn within(level: u8) -> Self {
        Self { level: Some(level), ..Self::default() }
    }

    /// Takes one access unit in the byte stream format; gives it back with its parameter sets (the last ones seen, if
    /// it is an IDR picture without any), and whether it is an IDR picture.
    pub fn complete(&mut self, unit: Bytes) -> (Bytes, bool) {
        let (mut key, mut has_sps) = (false, false);
        let nals = headers(&unit);
        let unit = self.constrained(unit, &nals);
        for (start, end) in nals {
            match unit.get(start).map(|byte| byte & 0x1F) {
                Some(SPS) => {
                    self.sps = unit.slice(start..end);
                    has_sps = true;
                }
                Some(PPS) => self.pps = unit.slice(start..end),
                Some(IDR) => key = true,
                _ => {}
            }
        }
        if key && !has_sps && !self.sps.is_empty() {
            let mut whole = Vec::with_capacity(unit.len() + self.sps.len() + self.pps.len() + 8);
            for nal in [&self.sps, &self.pps] {
                whole.extend_from_slice(&[0, 0, 0, 1]);
                whole.extend_from_slice(nal);
            }
            whole.extend_from_slice(&unit);
            return (whole.into(), key);
        }
        (unit, key)
    }

    /// The unit with what its sequence parameter sets say brought within the limits.
    fn constrained(&self, unit: Bytes, nals: &[(usize, usize)]) -> Bytes {
        let Some(limit) = self.level else { return unit };
        let within = |&(start, end): &(usize, usize)| {
            let Some(&[nal, BASELINE, flags, level]) = unit.get(start..end).and_then(|sps| sps.first_chunk())
            else {
                return None;
            };
            let (wanted, lower) = (flags | CONSTRAINT_SET1, level.min(limit));
            (nal & 0x1F == SPS && (wanted, lower) != (flags, level)).then_some((start, wanted, lower))
        };
        let changes: Vec<_> = nals.iter().filter_map(within).collect();
        if changes.is_empty() {
            return unit;
        }
        let mut whole = unit.to_vec();
        for (start, flags, level) in changes {
            // Neither is zero, so that no start code comes about.
            whole.splice(start + 2..start + 4, [flags, level]);
        }
        whole.into()
    }
}

/// The NAL units of an access unit up to its first slice, as start and end without start codes (Annex B). What comes
/// after that is slices, and long.
fn headers(unit: &[u8]) -> Vec<(usize, usize)> {
    let mut nals = Vec::new();
    let mut start = next_nal(unit, 0);
    while let Some(at) = start {
        let slice = unit.get(at).is_some_and(|byte| (1..=IDR).contains(&(byte & 0x1F)));
        let next = if slice { None } else { next_nal(unit, at) };
        let mut end = next.map_or(unit.len(), |next| next - 3);
        while next.is_some() && end > at && unit.get(end - 1) == Some(&0) {
            end -= 1;
        }
        nals.push((at, end));
        start = next;
    }
    nals
}

/// Where the first NAL unit after `from` begins, behind its start code.
fn next_nal(unit: &[u8], from: usize) -> Option<usize> {
    let rest = unit.get(from..)?;
    rest.windows(3)
        .position(|window| window == [0, 0, 1])
        .map(|at| from + at + 3)
        .filter(|at| *at < unit.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_frame_gets_the_parameter_sets_that_it_lacks() {
        let sps = [0, 0, 0, 1, 0x67, 0x42, 0xC0, 0x1F];
        let pps = [0, 0, 1, 0x68, 0xCE, 0x3C, 0x80];
        let idr = [0, 0, 1, 0x65, 0x88, 0, 0, 3, 1];
        let mut sets = ParameterSets::default();
        assert_eq!(sets.complete(Bytes::copy_from_slice(&idr)), (Bytes::copy_from_slice(&idr), true));
        let whole = Bytes::from([&sps[..], &pps[..], &idr[..]].concat());
        assert_eq!(sets.complete(whole.clone()), (whole, true));
        let (completed, key) = sets.complete(Bytes::copy_from_slice(&idr));
        assert!(key);
        assert_eq!(completed, [&sps[..], &[0][..], &pps[..], &idr[..]].concat());
        let slice = Bytes::from_static(&[0, 0, 0, 1, 0x41, 0x9A]);
        assert_eq!(sets.complete(slice.clone()), (slice, false));
    }

    #[test]
    fn a_baseline_stream_says_what_the_sdp_says() {
        let unit =
            |flags, level| Bytes::from(vec![0, 0, 0, 1, 0x67, 66, flags, level, 0xF4, 0, 0, 1, 0x65, 0x88]);
        let mut sets = ParameterSets::within(31);
        for (flags, level, then) in [(0, 40, (0x40, 31)), (0xC0, 31, (0xC0, 31)), (0x80, 13, (0xC0, 13))] {
            let (whole, key) = sets.complete(unit(flags, level));
            assert_eq!((whole, key), (unit(then.0, then.1), true), "{flags:x} {level}");
        }
        let idr = Bytes::from_static(&[0, 0, 1, 0x65, 0x88]);
        assert_eq!(sets.complete(idr).0[4..8], [0x67, 66, 0xC0, 13], "remembered as it was sent");
        let high = Bytes::from_static(&[0, 0, 0, 1, 0x67, 100, 0, 40, 0xF4, 0, 0, 1, 0x65, 0x88]);
        assert_eq!(sets.complete(high.clone()).0, high, "another profile is left alone");
        assert_eq!(ParameterSets::default().complete(unit(0, 40)).0, unit(0, 40));
    }

    #[test]
    fn damaged_units_do_no_harm() {
        let mut sets = ParameterSets::within(31);
        for unit in [&[][..], &[0, 0, 1], &[0, 0, 0, 1], &[1, 2, 3], &[0, 0, 1, 0x67, 0, 0, 1]] {
            assert!(!sets.complete(Bytes::copy_from_slice(unit)).1);
        }
    }

    #[test]
    fn levels_by_size_and_rate() {
        assert_eq!(profile_level_id(1280, 720, 30.0), "42e01f");
        assert_eq!(profile_level_id(320, 180, 15.0), "42e01f");
        assert_eq!(profile_level_id(1280, 720, 60.0), "42e020");
        assert_eq!(profile_level_id(1920, 1080, 30.0), "42e028");
        assert_eq!(profile_level_id(1920, 1080, 60.0), "42e02a");
        assert_eq!(level(u32::MAX, u32::MAX, 1e9), 52);
    }
}
