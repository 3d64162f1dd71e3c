//! `[video]`: the picture.

use super::sections::within;
use crate::nearest::did_you_mean;
use serde::{Deserialize, Serialize};

/// `[video]`
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Video {
    /// `auto` (first camera, else the test picture), `test`, `none`, or a device such as `/dev/video0`.
    pub source: String,
    /// Wanted width, pixels.
    pub width: u32,
    /// Wanted height, pixels.
    pub height: u32,
    /// Wanted frames a second.
    pub fps: u32,
    /// Bits a second.
    pub bitrate: u32,
    /// Degrees clockwise: 0, 90, 180 or 270.
    pub rotation: u32,
    /// Empty, `horizontal` or `vertical`; with rotation 0 only.
    pub flip: String,
    /// `auto`, or an encoder's GStreamer name.
    pub encoder: String,
    /// Seconds that the camera stays open after the last viewer has left.
    pub linger: f32,
    /// Draws the time code of the test picture into a camera's picture too, to measure delay.
    pub time_code: bool,
}

impl Default for Video {
    fn default() -> Self {
        Self {
            source: "auto".into(),
            width: 1280,
            height: 720,
            fps: 30,
            bitrate: 2_000_000,
            rotation: 0,
            flip: String::new(),
            encoder: "auto".into(),
            linger: 2.0,
            time_code: false,
        }
    }
}

impl Video {
    /// Bounds that a type cannot tell. The sentence names the key and what it may be.
    pub(super) fn check(&self) -> Result<(), String> {
        within("video.width", self.width, 64, 4096)?;
        within("video.height", self.height, 64, 4096)?;
        within("video.fps", self.fps, 1, 120)?;
        within("video.bitrate", self.bitrate, 50_000, 50_000_000)?;
        if ![0, 90, 180, 270].contains(&self.rotation) {
            return Err(format!("video.rotation is {}; it may be 0, 90, 180 or 270", self.rotation));
        }
        for (key, value) in [("video.width", self.width), ("video.height", self.height)] {
            if value % 2 != 0 {
                return Err(format!("{key} is {value}; it must be even"));
            }
        }
        if !matches!((self.flip.as_str(), self.rotation), ("", _) | ("horizontal" | "vertical", 0)) {
            return Err(
                r#"video.flip may be "", "horizontal" or "vertical", the latter two with rotation 0"#.into(),
            );
        }
        if !(0.0..=3600.0).contains(&self.linger) {
            return Err(format!("video.linger is {}; it may be 0 to 3600 seconds", self.linger));
        }
        self.check_source()?;
        #[cfg(feature = "device")]
        self.check_encoder()?;
        Ok(())
    }

    /// A camera is told by a path: that of its node, or libcamera's of its sensor. Whether it is there is not asked here:
    /// it may be plugged in later.
    fn check_source(&self) -> Result<(), String> {
        const NAMES: [&str; 3] = ["auto", "test", "none"];
        if self.source.starts_with('/') || NAMES.contains(&self.source.as_str()) {
            return Ok(());
        }
        Err(format!(
            "video.source is {:?}; it may be \"auto\", \"test\", \"none\" or a camera's path such as \"/dev/video0\" \
             (`watchword cameras` lists them){}",
            self.source,
            did_you_mean(&self.source, &NAMES)
        ))
    }

    #[cfg(feature = "device")]
    fn check_encoder(&self) -> Result<(), String> {
        let names = [vec!["auto"], media::encoder_names()].concat();
        if names.contains(&self.encoder.as_str()) {
            return Ok(());
        }
        Err(format!(
            "video.encoder is {:?}; it may be {}{}",
            self.encoder,
            names.join(", "),
            did_you_mean(&self.encoder, &names)
        ))
    }
}

#[cfg(test)]
mod tests {
    use crate::config::file::parse;

    #[test]
    fn a_camera_is_told_by_its_path() {
        for good in ["auto", "test", "none", "/dev/video7", "/base/soc/i2c0mux/i2c@1/imx708@1a"] {
            assert!(parse(&format!("[video]\nsource = \"{good}\"")).is_ok(), "{good}");
        }
        for (wrong, part) in [("webcam", "/dev/video0"), ("tset", "did you mean \"test\"?"), ("", "\"auto\"")]
        {
            let error = parse(&format!("[video]\nsource = \"{wrong}\"")).unwrap_err().to_string();
            assert!(error.starts_with("line 2: video.source") && error.contains(part), "{error}");
        }
    }

    #[cfg(feature = "device")]
    #[test]
    fn an_encoder_is_one_that_is_known_and_the_example_tells_all() {
        for name in media::encoder_names() {
            assert!(parse(&format!("[video]\nencoder = \"{name}\"")).is_ok(), "{name}");
            let example = include_str!("../../config.example.toml");
            assert!(example.contains(&format!("\"{name}\"")), "the example leaves out {name}");
        }
        let error = parse("[video]\nencoder = \"h264\"").unwrap_err().to_string();
        assert!(error.contains("video.encoder is \"h264\"") && error.contains("x264enc"), "{error}");
        let error = parse("[video]\nencoder = \"x265enc\"").unwrap_err().to_string();
        assert!(error.ends_with("did you mean \"x264enc\"?"), "{error}");
    }
}
