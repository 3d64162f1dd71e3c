//! Which encoder to try, and in which order.

use super::{Kind, encoder_names};
use crate::OpenError;
use crate::board::{Family, board};
use crate::gstreamer::known;
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How long an encoder that has failed is tried after all others.
const REST: Duration = Duration::from_secs(300);

/// What to try, in order: what is here of what boards like this one have, and last what has failed lately.
pub(crate) fn candidates(wish: Option<&str>) -> Result<Vec<Kind>, OpenError> {
    if let Some(wish) = wish {
        let known = Kind::ALL.into_iter().find(|kind| kind.name() == wish);
        let unknown = || {
            let names = encoder_names().join(", ");
            OpenError::Failed(format!(
                "The encoder '{}' is not known here; these are: {names}.",
                wish.escape_debug()
            ))
        };
        return known.ok_or_else(unknown).map(|kind| vec![kind]);
    }
    let kinds = by_board(board().family).iter().copied().filter(|kind| there(*kind)).collect();
    let resting = RESTING.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(rested_first(kinds, &resting, Instant::now()))
}

/// `kind` has failed: for a while it is tried only when nothing else is left.
pub(crate) fn failed(kind: Kind) {
    let mut resting = RESTING.lock().unwrap_or_else(PoisonError::into_inner);
    resting.retain(|(other, _)| *other != kind);
    resting.push((kind, Instant::now()));
}

/// The encoders that have failed in this process, and when. At most one entry a kind.
static RESTING: Mutex<Vec<(Kind, Instant)>> = Mutex::new(Vec::new());

fn rested_first(kinds: Vec<Kind>, resting: &[(Kind, Instant)], now: Instant) -> Vec<Kind> {
    let rests = |kind: &Kind| {
        resting.iter().any(|(other, since)| other == kind && now.saturating_duration_since(*since) < REST)
    };
    let (tired, mut order): (Vec<_>, Vec<_>) = kinds.into_iter().partition(rests);
    order.extend(tired);
    order
}

/// The chip's own encoder first, where a family has one, then the processor. x264 makes the better picture at the same
/// bitrate and takes less time for it than OpenH264.
fn by_board(family: Family) -> &'static [Kind] {
    match family {
        Family::Pi1 | Family::Pi2 | Family::PiZero2 | Family::Pi3 | Family::Pi4 => {
            &[Kind::V4l2, Kind::X264, Kind::OpenH264]
        }
        // Its V4L2 codec decodes only, and Allwinner's and the small Orin's encode nothing.
        Family::Pi5 | Family::JetsonOrinNano | Family::Allwinner => &[Kind::X264, Kind::OpenH264],
        Family::Rockchip => &[Kind::Mpp, Kind::V4l2, Kind::X264, Kind::OpenH264],
        Family::Jetson => &[Kind::Nvidia, Kind::X264, Kind::OpenH264],
        Family::X86 => &[Kind::V4l2, Kind::Va, Kind::VaLowPower, Kind::X264, Kind::OpenH264],
        Family::Other => &[Kind::V4l2, Kind::Va, Kind::X264, Kind::OpenH264],
    }
}

/// Whether it is worth trying. Plugins of codecs look at all devices when they are loaded, which takes a while and
/// memory: not where there is no device that could be one.
fn there(kind: Kind) -> bool {
    let device = |names: &[&str]| names.iter().any(|name| Path::new("/dev").join(name).exists());
    let possible = match kind {
        Kind::V4l2 => crate::camera::codecs(),
        Kind::Mpp => device(&["mpp_service", "vpu_service", "rkvenc"]),
        Kind::Nvidia => device(&["v4l2-nvenc", "nvhost-msenc"]),
        Kind::Va | Kind::VaLowPower => (128..136).any(|node| device(&[&format!("dri/renderD{node}")])),
        Kind::X264 | Kind::OpenH264 => true,
    };
    possible && known(kind.name())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_failed_lately_comes_last() {
        let now = Instant::now() + REST;
        let kinds = vec![Kind::V4l2, Kind::X264, Kind::OpenH264];
        let ago = |part: u32| now - REST / part;
        assert_eq!(rested_first(kinds.clone(), &[], now), kinds);
        let after = rested_first(kinds.clone(), &[(Kind::V4l2, ago(2))], now);
        assert_eq!(after, [Kind::X264, Kind::OpenH264, Kind::V4l2]);
        assert_eq!(
            rested_first(kinds.clone(), &[(Kind::V4l2, ago(1))], now),
            kinds,
            "rested for long enough"
        );
        let all = [(Kind::X264, ago(2)), (Kind::OpenH264, ago(3)), (Kind::V4l2, ago(4))];
        assert_eq!(rested_first(kinds.clone(), &all, now), kinds, "nothing is left out");
    }

    #[test]
    fn every_board_has_the_processor_to_fall_back_on() {
        for family in [
            Family::Pi1,
            Family::Pi2,
            Family::PiZero2,
            Family::Pi3,
            Family::Pi4,
            Family::Pi5,
            Family::Rockchip,
            Family::Jetson,
            Family::JetsonOrinNano,
            Family::Allwinner,
            Family::X86,
            Family::Other,
        ] {
            let order = by_board(family);
            assert!(order.ends_with(&[Kind::X264, Kind::OpenH264]), "{family:?}");
            let software = order.iter().position(|kind| !kind.hardware()).unwrap();
            assert!(order[software..].iter().all(|kind| !kind.hardware()), "{family:?}: the chip first");
        }
        assert!(by_board(Family::Pi4).contains(&Kind::V4l2));
        assert!(!by_board(Family::Pi5).contains(&Kind::V4l2), "it has none");
    }

    #[test]
    fn a_wish_is_taken_alone_and_checked() {
        assert_eq!(candidates(Some("mpph264enc")).unwrap(), [Kind::Mpp]);
        let error = candidates(Some("nonsense")).unwrap_err().to_string();
        assert!(error.contains("nvv4l2h264enc") && error.contains("openh264enc"), "{error}");
    }
}
