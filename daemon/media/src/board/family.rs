//! Families of boards: those that have the same encoder and the same way to a camera.

use serde::Serialize;

/// What decides how a board encodes and where its cameras are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Raspberry Pi 1, Zero and Zero W (BCM2835, ARMv6).
    Pi1,
    /// Raspberry Pi 2 (BCM2836).
    Pi2,
    /// Raspberry Pi Zero 2 W (BCM2837, 512 MB).
    PiZero2,
    /// Raspberry Pi 3 and Compute Module 3 (BCM2837).
    Pi3,
    /// Raspberry Pi 4, 400 and Compute Module 4 (BCM2711).
    Pi4,
    /// Raspberry Pi 5, 500 and Compute Module 5 (BCM2712).
    Pi5,
    /// A board with a chip of Rockchip's.
    Rockchip,
    /// NVIDIA Jetson with an encoder.
    Jetson,
    /// NVIDIA Jetson Orin Nano: without one.
    JetsonOrinNano,
    /// A board with a chip of Allwinner's.
    Allwinner,
    /// A PC.
    X86,
    /// None of these.
    Other,
}

impl Family {
    /// From what the device tree (else the firmware) says. `machine` is the processor's architecture.
    pub(super) fn of(model: &str, compatible: &[String], machine: &str) -> Self {
        let chip = |name: &str| compatible.iter().any(|entry| entry.starts_with(name));
        // The chip decides and not the model's name: Compute Modules and keyboards have names of their own.
        if chip("brcm,bcm2712") {
            Self::Pi5
        } else if chip("brcm,bcm2711") {
            Self::Pi4
        } else if chip("brcm,bcm2837") {
            match model {
                zero if zero.contains("Zero 2") => Self::PiZero2,
                _ => Self::Pi3,
            }
        } else if chip("brcm,bcm2836") {
            Self::Pi2
        } else if chip("brcm,bcm2835") {
            Self::Pi1
        } else if chip("rockchip,") {
            Self::Rockchip
        } else if chip("nvidia,") {
            match model {
                nano if nano.contains("Orin Nano") => Self::JetsonOrinNano,
                _ => Self::Jetson,
            }
        } else if chip("allwinner,") {
            Self::Allwinner
        } else if matches!(machine, "x86_64" | "x86") {
            Self::X86
        } else {
            Self::Other
        }
    }

    /// What is known of such boards, in one sentence, mostly from their makers' documentation.
    #[must_use]
    pub fn known(self) -> &'static str {
        match self {
            Self::Pi1 => {
                "its processor (ARMv6) is too old for the packages; its chip has an H.264 encoder (v4l2h264enc)."
            }
            Self::Pi2 | Self::PiZero2 | Self::Pi3 | Self::Pi4 => {
                "its chip encodes H.264 up to 1080p30 (v4l2h264enc); cameras on the ribbon cable come by libcamera."
            }
            Self::Pi5 => {
                "its chip has no H.264 encoder, so the processor encodes; cameras on the ribbon cable come by libcamera."
            }
            Self::Rockchip => {
                "its chip encodes H.264 where Rockchip's kernel and GStreamer plugin are installed (mpph264enc)."
            }
            Self::Jetson => "its chip encodes H.264 with NVIDIA's GStreamer plugins (nvv4l2h264enc).",
            Self::JetsonOrinNano => "its chip has no H.264 encoder, so the processor encodes.",
            Self::Allwinner => "no H.264 encoder of its chip is known to Linux, so the processor encodes.",
            Self::X86 => "its graphics processor encodes H.264 where its VA-API driver says so (vah264enc).",
            Self::Other => {
                "nothing particular: a V4L2 encoder is used where there is one, else the processor."
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(model: &str, compatible: &[&str]) -> Family {
        let compatible: Vec<_> = compatible.iter().map(|&entry| entry.to_owned()).collect();
        Family::of(model, &compatible, "aarch64")
    }

    #[test]
    fn boards_as_their_device_trees_call_them() {
        for (model, compatible, family) in [
            ("Raspberry Pi Zero W Rev 1.1", &["raspberrypi,model-zero-w", "brcm,bcm2835"][..], Family::Pi1),
            ("Raspberry Pi 2 Model B Rev 1.1", &["raspberrypi,2-model-b", "brcm,bcm2836"], Family::Pi2),
            (
                "Raspberry Pi Zero 2 W Rev 1.0",
                &["raspberrypi,model-zero-2-w", "brcm,bcm2837"],
                Family::PiZero2,
            ),
            (
                "Raspberry Pi 3 Model B Plus Rev 1.3",
                &["raspberrypi,3-model-b-plus", "brcm,bcm2837"],
                Family::Pi3,
            ),
            ("Raspberry Pi 4 Model B Rev 1.5", &["raspberrypi,4-model-b", "brcm,bcm2711"], Family::Pi4),
            ("Raspberry Pi 400 Rev 1.0", &["raspberrypi,400", "brcm,bcm2711"], Family::Pi4),
            (
                "Raspberry Pi Compute Module 4 Rev 1.1",
                &["raspberrypi,4-compute-module", "brcm,bcm2711"],
                Family::Pi4,
            ),
            ("Raspberry Pi 5 Model B Rev 1.0", &["raspberrypi,5-model-b", "brcm,bcm2712"], Family::Pi5),
            (
                "Raspberry Pi Compute Module 5 Rev 1.0",
                &["raspberrypi,5-compute-module", "brcm,bcm2712"],
                Family::Pi5,
            ),
            ("Radxa ROCK 5B", &["radxa,rock-5b", "rockchip,rk3588"], Family::Rockchip),
            ("FriendlyElec NanoPi R5S", &["friendlyarm,nanopi-r5s", "rockchip,rk3568"], Family::Rockchip),
            (
                "NVIDIA Jetson Nano Developer Kit",
                &["nvidia,p3450-0000", "nvidia,jetson-nano", "nvidia,tegra210"],
                Family::Jetson,
            ),
            (
                "NVIDIA Jetson AGX Orin Developer Kit",
                &["nvidia,p3737-0000+p3701-0000", "nvidia,p3701-0000", "nvidia,tegra234"],
                Family::Jetson,
            ),
            (
                "NVIDIA Jetson Orin Nano Developer Kit",
                &["nvidia,p3768-0000+p3767-0005", "nvidia,p3767-0005", "nvidia,tegra234"],
                Family::JetsonOrinNano,
            ),
            ("OrangePi Zero2", &["xunlong,orangepi-zero2", "allwinner,sun50i-h616"], Family::Allwinner),
            ("BeagleBoard.org BeaglePlay", &["beagle,am625-beagleplay", "ti,am625"], Family::Other),
            ("", &[], Family::Other),
        ] {
            assert_eq!(of(model, compatible), family, "{model}");
        }
        assert_eq!(Family::of("Standard PC (Q35 + ICH9, 2009)", &[], "x86_64"), Family::X86);
    }
}
