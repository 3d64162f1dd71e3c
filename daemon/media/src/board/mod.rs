//! Which board this is, and what is known of it.

mod family;

pub use family::Family;

use serde::Serialize;
use std::fs;
use std::path::Path;
use std::sync::LazyLock;

/// Longest property of a device tree that is read, bytes.
const PROPERTY_MAX: usize = 1024;

/// The board that this process runs on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Board {
    /// What it calls itself, such as `Raspberry Pi 4 Model B Rev 1.5`; nothing where it does not say.
    pub model: Option<String>,
    /// Its chip as the device tree names it, such as `brcm,bcm2711`; nothing on a PC.
    pub chip: Option<String>,
    /// What it is to be treated as.
    pub family: Family,
    /// Processor cores that this process may use, 1 at least.
    pub cores: usize,
}

impl Board {
    /// What is known of it, in one sentence.
    #[must_use]
    pub fn known(&self) -> &'static str {
        self.family.known()
    }

    /// From a model, a list of compatible names (most particular first, as in the device tree) and a machine name as
    /// `uname` gives it.
    fn of(model: Option<String>, compatible: &[String], machine: &str, cores: usize) -> Self {
        let family = Family::of(model.as_deref().unwrap_or_default(), compatible, machine);
        Self { model, chip: compatible.last().cloned(), family, cores: cores.max(1) }
    }

    fn read() -> Self {
        let tree = Path::new("/proc/device-tree");
        let model = property(&tree.join("model")).into_iter().next();
        let compatible = property(&tree.join("compatible"));
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        // A PC has no device tree; its firmware says what it is (SMBIOS, by way of the kernel's DMI tables).
        let model =
            model.or_else(|| property(Path::new("/sys/class/dmi/id/product_name")).into_iter().next());
        Self::of(model, &compatible, std::env::consts::ARCH, cores)
    }
}

/// The board that this process runs on. Read once: 0.1 ms.
#[must_use]
pub fn board() -> &'static Board {
    static BOARD: LazyLock<Board> = LazyLock::new(Board::read);
    &BOARD
}

/// The strings of a property of the device tree: each ends with a zero (Devicetree Specification section 2.2.4).
fn property(path: &Path) -> Vec<String> {
    strings(&fs::read(path).unwrap_or_default())
}

/// They come from firmware: without control characters, and of bounded length.
fn strings(bytes: &[u8]) -> Vec<String> {
    let bytes = bytes.get(..PROPERTY_MAX).unwrap_or(bytes);
    let text = String::from_utf8_lossy(bytes);
    let clean = |part: &str| part.chars().filter(|letter| !letter.is_control()).collect::<String>();
    text.split('\0').map(|part| clean(part).trim().to_owned()).filter(|part| !part.is_empty()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn properties_of_a_device_tree() {
        assert_eq!(
            strings(b"raspberrypi,4-model-b\0brcm,bcm2711\0"),
            ["raspberrypi,4-model-b", "brcm,bcm2711"]
        );
        assert_eq!(strings(b"Raspberry Pi 4 Model B Rev 1.5\0"), ["Raspberry Pi 4 Model B Rev 1.5"]);
        assert_eq!(strings(b"Standard PC (Q35 + ICH9, 2009)\n"), ["Standard PC (Q35 + ICH9, 2009)"]);
        assert!(strings(b"\0\n \0").is_empty());
        assert_eq!(strings(b"a\x1b[2Jb\xff"), ["a[2Jb\u{fffd}"]);
        assert_eq!(strings(&[b'x'; 5000]).concat().len(), PROPERTY_MAX);
    }

    #[test]
    fn this_machine_is_some_board() {
        let board = board();
        assert!(board.cores > 0);
        assert!(!board.known().is_empty());
        if cfg!(target_arch = "x86_64") {
            assert_eq!(board.family, Family::X86);
        }
    }

    #[test]
    fn what_is_known_names_the_encoder() {
        let tree = ["raspberrypi,5-model-b".to_owned(), "brcm,bcm2712".to_owned()];
        let board = Board::of(Some("Raspberry Pi 5 Model B Rev 1.0".to_owned()), &tree, "aarch64", 4);
        assert_eq!((board.family, board.chip.as_deref()), (Family::Pi5, Some("brcm,bcm2712")));
        assert!(board.known().contains("no H.264 encoder"), "{}", board.known());
    }
}
