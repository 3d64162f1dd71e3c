//! The test picture and its encoder, as the device runs them, and one reader that drops every frame: what encoding
//! alone costs. Says `encoding WIDTHxHEIGHT ENCODER` when the first frame is there, and runs until it is ended.

use anyhow::{Context, Result};
use clap::Parser;
use media::{CameraChoice, Feed, FeedSettings, FeedState, VideoSettings, video_opener};
use std::io::Write;

/// The encoder alone, until SIGTERM.
#[derive(Parser)]
struct Arguments {
    /// Pixels.
    width: u32,
    /// Pixels.
    height: u32,
    /// Frames a second.
    fps: u32,
    /// Bits a second.
    bitrate: u32,
    /// Encoder element.
    encoder: String,
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() -> Result<()> {
    let Arguments { width, height, fps, bitrate, encoder } = Arguments::parse();
    let settings = VideoSettings {
        camera: CameraChoice::Test,
        width,
        height,
        fps,
        bitrate,
        encoder: Some(encoder),
        ..VideoSettings::default()
    };
    let feed = Feed::new(video_opener(settings), FeedSettings::default());
    let (mut frames, state) = (feed.subscribe(), feed.state());
    frames.next().await.context("the source ended")?;
    let FeedState::Live(info) = state.borrow().clone() else { anyhow::bail!("the source is not live") };
    writeln!(std::io::stdout(), "encoding {}x{} {}", info.width, info.height, info.encoder)?;
    while frames.next().await.is_some() {}
    Ok(())
}
