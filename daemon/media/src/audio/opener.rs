//! Opening the sound.

use super::microphones::microphones;
use crate::gstreamer::{Failure, TimeBase, element, init};
use crate::{AudioSettings, Frame, MicrophoneChoice, OpenError, Opener, Running, Sink, StreamInfo};
use bytes::Bytes;
use gst::prelude::*;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// Length of one packet (RFC 7587 section 4.2).
const PACKET: Duration = Duration::from_millis(20);
/// How far the timestamps may run away from the counted packets before they are followed.
const DRIFT: Duration = Duration::from_millis(60);
/// Loss that in-band FEC is prepared for, percent (RFC 6716 section 2.1.7).
const LOSS: i32 = 10;

/// Opens the sound that the settings ask for.
#[must_use]
pub fn audio_opener(settings: AudioSettings) -> Arc<dyn Opener> {
    Arc::new(AudioOpener { settings })
}

struct AudioOpener {
    settings: AudioSettings,
}

impl Opener for AudioOpener {
    fn open(&self, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        init()?;
        match &self.settings.microphone {
            MicrophoneChoice::Test => self.start(&self.tone()?, "test tone", sink),
            MicrophoneChoice::Alsa(device) => {
                let name = device.chars().filter(|letter| !letter.is_control()).take(64).collect::<String>();
                self.start(&microphone(device)?, &name, sink)
            }
            MicrophoneChoice::First => match microphones().first() {
                None => self.start(&self.tone()?, "test tone", sink),
                Some(found) => self.start(&microphone(&found.device)?, &found.name, sink),
            },
        }
    }
}

impl AudioOpener {
    fn tone(&self) -> Result<gst::Element, OpenError> {
        let tone = element("audiotestsrc")?;
        tone.set_property("is-live", true);
        tone.set_property("freq", self.settings.tone_hz.clamp(20.0, 20_000.0));
        tone.set_property("volume", self.settings.tone_volume.clamp(0.0, 1.0));
        tone.set_property("samplesperbuffer", 480_i32);
        Ok(tone)
    }

    fn start(&self, source: &gst::Element, name: &str, sink: Sink) -> Result<Box<dyn Running>, OpenError> {
        let failed =
            |error: gst::glib::BoolError| OpenError::Failed(format!("The sound cannot be used: {error}."));
        let encoder = self.encoder()?;
        let filter = element("capsfilter")?;
        let channels = i32::try_from(self.settings.channels.clamp(1, 2)).unwrap_or(1);
        let caps = gst::Caps::builder("audio/x-raw")
            .field("format", "S16LE")
            .field("layout", "interleaved")
            .field("rate", 48_000_i32)
            .field("channels", channels);
        filter.set_property("caps", caps.build());
        let info = StreamInfo {
            source: name.to_owned(),
            encoder: "opusenc".to_owned(),
            width: 0,
            height: 0,
            fps: 0.0,
            bitrate: self.settings.bitrate,
        };
        let chain = [
            source.clone(),
            element("audioconvert")?,
            element("audioresample")?,
            filter,
            encoder.clone(),
            appsink(sink.clone(), info).upcast(),
        ];
        let pipeline = gst::Pipeline::new();
        pipeline.add_many(&chain).map_err(failed)?;
        gst::Element::link_many(&chain).map_err(failed)?;
        // One clock for everything, whatever the sound card ticks by.
        pipeline.use_clock(Some(&gst::SystemClock::obtain()));
        let (name, heard) = (name.to_owned(), name.to_owned());
        let failure = Failure::watch(&pipeline, move |error| sink.failed(sentence(&name, error)));
        let running = RunningAudio { pipeline, encoder };
        if running.pipeline.set_state(gst::State::Playing).is_err() {
            return Err(OpenError::Failed(sentence(&heard, &failure.get().unwrap_or_default())));
        }
        Ok(Box::new(running))
    }

    /// 20 ms packets, with each the one before once more in a small form, for receivers that lost it.
    fn encoder(&self) -> Result<gst::Element, OpenError> {
        let encoder = element("opusenc")?;
        encoder.set_property("bitrate", int(self.settings.bitrate));
        encoder.set_property_from_str("audio-type", "generic");
        encoder.set_property_from_str("frame-size", "20");
        encoder.set_property("inband-fec", true);
        encoder.set_property("packet-loss-percentage", LOSS);
        encoder.set_property("complexity", 5_i32);
        Ok(encoder)
    }
}

fn int(bitrate: u32) -> i32 {
    i32::try_from(bitrate.clamp(6_000, 510_000)).unwrap_or(510_000)
}

fn microphone(device: &str) -> Result<gst::Element, OpenError> {
    let source = element("alsasrc")?;
    source.set_property("device", device);
    source.set_property("provide-clock", false);
    source.set_property("latency-time", 10_000_i64);
    source.set_property("buffer-time", 100_000_i64);
    Ok(source)
}

fn sentence(name: &str, error: &str) -> String {
    if error.contains("busy") {
        return format!("Another program uses the microphone {name}: close it there.");
    }
    format!("The microphone {name} cannot be used ({}): is it plugged in?", error.trim_end_matches('.'))
}

fn appsink(sink: Sink, info: StreamInfo) -> gst_app::AppSink {
    let time_base = TimeBase::new();
    let mut clock = PacketClock::default();
    let mut info = Some(info);
    let callbacks = gst_app::AppSinkCallbacks::builder().new_sample(move |appsink| {
        let sample = appsink.pull_sample().map_err(|_| gst::FlowError::Eos)?;
        let Some(buffer) = sample.buffer() else { return Ok(gst::FlowSuccess::Ok) };
        let captured = clock.next(time_base.captured(appsink, buffer.pts()));
        let map = buffer.map_readable().map_err(|_| gst::FlowError::Error)?;
        if let Some(info) = info.take() {
            sink.info(info);
        }
        sink.push(Frame { data: Bytes::copy_from_slice(&map), key: true, captured });
        Ok(gst::FlowSuccess::Ok)
    });
    gst_app::AppSink::builder()
        .caps(&gst::Caps::builder("audio/x-opus").build())
        .sync(false)
        .async_(false)
        .qos(false)
        .enable_last_sample(false)
        .max_buffers(4)
        .callbacks(callbacks.build())
        .build()
}

/// Packets are 20 ms apart, however their timestamps jitter; a clock that runs away is followed.
#[derive(Default)]
struct PacketClock {
    last: Option<Instant>,
}

impl PacketClock {
    fn next(&mut self, stamped: Instant) -> Instant {
        let counted = self.last.map_or(stamped, |last| last + PACKET);
        let gone = stamped.saturating_duration_since(counted).max(counted.saturating_duration_since(stamped));
        let next = match (gone > DRIFT, stamped > counted) {
            (false, _) => counted,
            (true, true) => stamped,
            // Never backwards: shorter steps until the clocks meet again.
            (true, false) => counted.checked_sub(PACKET / 2).unwrap_or(counted),
        };
        self.last = Some(next);
        next
    }
}

/// A running pipeline; dropping it stops it and frees the device.
struct RunningAudio {
    pipeline: gst::Pipeline,
    encoder: gst::Element,
}

impl Running for RunningAudio {
    /// Every packet is one.
    fn request_key_frame(&self) {}

    fn set_bitrate(&self, bits_per_second: u32) {
        self.encoder.set_property("bitrate", int(bits_per_second));
    }
}

impl Drop for RunningAudio {
    fn drop(&mut self) {
        if self.pipeline.set_state(gst::State::Null).is_err() {
            log::warn!("the sound could not be stopped");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_are_evenly_spaced_and_follow_a_clock_that_runs_away() {
        let start = Instant::now();
        let mut clock = PacketClock::default();
        assert_eq!(clock.next(start), start);
        assert_eq!(clock.next(start + Duration::from_millis(27)), start + PACKET);
        assert_eq!(clock.next(start + Duration::from_millis(33)), start + PACKET * 2);
        let after_gap = start + Duration::from_millis(500);
        assert_eq!(clock.next(after_gap), after_gap);
        let back = clock.next(start);
        assert!(back > after_gap && back < after_gap + PACKET);
    }
}
