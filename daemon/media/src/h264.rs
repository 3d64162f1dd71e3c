//! What an H.264 stream says of itself, and what the SDP may therefore say (RFC 6184 section 8.1).

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

#[cfg(test)]
mod tests {
    use super::*;

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
