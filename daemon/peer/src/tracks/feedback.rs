//! What the receivers of our tracks hear (sender reports, how far away we are) and say (they lost the picture).

use super::clock::TrackClock;
use super::loss::{HeavyLoss, LossMeter};
use rtc::interceptor::{AttributedPacket, Interceptor, Packet, StreamInfo, TaggedPacket};
use rtc::rtcp::extended_report::{
    DLRRReport, DLRRReportBlock, ExtendedReport, ReceiverReferenceTimeReportBlock,
};
use rtc::rtcp::payload_feedbacks::full_intra_request::FullIntraRequest;
use rtc::rtcp::payload_feedbacks::picture_loss_indication::PictureLossIndication;
use rtc::rtcp::sender_report::SenderReport;
use rtc::rtcp::transport_feedbacks::transport_layer_nack::TransportLayerNack;
use rtc::sansio::Protocol;
use rtc::shared::TransportContext;
use rtc::shared::error::Error;
use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::Notify;

/// Between two sender reports. RFC 3550 section 6.2 has 5 s at least for groups; receivers here want their clocks
/// soon, and the 50 bytes are nothing beside video.
const INTERVAL: Duration = Duration::from_secs(1);
/// After the first packet: lip sync from the start.
const FIRST: Duration = Duration::from_millis(100);

/// What the sender of the picture is told of its viewer.
#[derive(Debug, Default)]
pub(crate) struct Needs {
    pub(crate) key_frame: KeyFrameWanted,
    pub(crate) heavy_loss: HeavyLoss,
}

/// The viewer needs a key frame. Requests that come together count once.
#[derive(Debug, Default)]
pub(crate) struct KeyFrameWanted(Notify);

impl KeyFrameWanted {
    /// Returns when a key frame has been asked for since the last call.
    pub(crate) async fn wait(&self) {
        self.0.notified().await;
    }

    fn ask(&self) {
        self.0.notify_one();
    }
}

struct Counters {
    clock: Arc<TrackClock>,
    packets: u32,
    octets: u32,
}

/// Interceptor that makes the sender reports from the capture clock, takes the requests for key frames, and judges the
/// loss.
///
/// The crate's own interceptor extrapolates from the last packet's write, and requests reach nobody unless an
/// interceptor looks for them.
pub(super) struct Feedback {
    tracks: HashMap<u32, Counters>,
    needs: Arc<Needs>,
    loss: LossMeter,
    due: Option<Instant>,
    read: VecDeque<TaggedPacket>,
    write: VecDeque<TaggedPacket>,
}

impl Feedback {
    pub(super) fn new(clocks: HashMap<u32, Arc<TrackClock>>, needs: Arc<Needs>) -> Self {
        let counters = |clock| Counters { clock, packets: 0, octets: 0 };
        let tracks = clocks.into_iter().map(|(ssrc, clock)| (ssrc, counters(clock))).collect();
        Self {
            tracks,
            needs,
            loss: LossMeter::default(),
            due: None,
            read: VecDeque::new(),
            write: VecDeque::new(),
        }
    }

    /// Answers a receiver's reference time (RFC 3611 sections 4.4 and 4.5) at once, so that it knows the round trip: a
    /// receiver that sends nothing has no other way to, and asks for a lost packet a second time after a guess of
    /// 100 ms.
    fn answer_reference_time(&mut self, now: Instant, asked: &ExtendedReport) {
        let time = asked
            .reports
            .iter()
            .find_map(|block| block.as_any().downcast_ref::<ReceiverReferenceTimeReportBlock>());
        let (Some(time), Some(own)) = (time, self.tracks.keys().next()) else { return };
        #[allow(clippy::cast_possible_truncation, reason = "the middle 32 bits are meant")]
        let last_rr = (time.ntp_timestamp >> 16) as u32;
        let block =
            DLRRReportBlock { reports: vec![DLRRReport { ssrc: asked.sender_ssrc, last_rr, dlrr: 0 }] };
        let answer = ExtendedReport { sender_ssrc: *own, reports: vec![Box::new(block)] };
        self.send(now, answer);
    }

    fn report(&mut self, now: Instant) {
        let report = |(ssrc, track): (&u32, &Counters)| {
            let (ntp_time, rtp_time) = track.clock.report(now)?;
            let (packet_count, octet_count) = (track.packets, track.octets);
            Some(SenderReport {
                ssrc: *ssrc,
                ntp_time,
                rtp_time,
                packet_count,
                octet_count,
                ..Default::default()
            })
        };
        let reports: Vec<_> = self.tracks.iter().filter_map(report).collect();
        for report in reports {
            self.send(now, report);
        }
    }

    fn send(&mut self, now: Instant, report: impl rtc::rtcp::Packet + 'static) {
        self.write.push_back(TaggedPacket {
            now,
            transport: TransportContext::default(),
            message: AttributedPacket::new(Packet::Rtcp(vec![Box::new(report)])),
        });
    }
}

impl Protocol<TaggedPacket, TaggedPacket, ()> for Feedback {
    type Rout = TaggedPacket;
    type Wout = TaggedPacket;
    type Eout = ();
    type Error = Error;
    type Time = Instant;

    fn handle_read(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtcp(packets) = &packet.message.packet {
            for report in packets.iter().map(|packet| packet.as_any()) {
                if report.is::<PictureLossIndication>() || report.is::<FullIntraRequest>() {
                    self.needs.key_frame.ask();
                } else if let Some(nack) = report.downcast_ref::<TransportLayerNack>() {
                    self.loss.lost(nack.nacks.iter().map(|pair| pair.packet_list().len()).sum());
                } else if let Some(report) = report.downcast_ref::<ExtendedReport>() {
                    self.answer_reference_time(packet.now, report);
                }
            }
        }
        self.read.push_back(packet);
        Ok(())
    }

    fn poll_read(&mut self) -> Option<TaggedPacket> {
        self.read.pop_front()
    }

    fn handle_write(&mut self, packet: TaggedPacket) -> Result<(), Error> {
        if let Packet::Rtp(rtp) = &packet.message.packet
            && let Some(track) = self.tracks.get_mut(&rtp.header.ssrc)
        {
            track.packets = track.packets.wrapping_add(1);
            let octets = u32::try_from(rtp.payload.len()).unwrap_or(u32::MAX);
            track.octets = track.octets.wrapping_add(octets);
            self.due.get_or_insert(packet.now + FIRST);
            self.loss.sent(packet.now, &self.needs.heavy_loss);
        }
        self.write.push_back(packet);
        Ok(())
    }

    fn poll_write(&mut self) -> Option<TaggedPacket> {
        self.write.pop_front()
    }

    fn handle_timeout(&mut self, now: Instant) -> Result<(), Error> {
        if self.due.is_some_and(|due| due <= now) {
            self.due = Some(now + INTERVAL);
            self.report(now);
        }
        Ok(())
    }

    fn poll_timeout(&mut self) -> Option<Instant> {
        self.due
    }
}

impl Interceptor for Feedback {
    fn bind_local_stream(&mut self, _: &StreamInfo) {}
    fn unbind_local_stream(&mut self, _: &StreamInfo) {}
    fn bind_remote_stream(&mut self, _: &StreamInfo) {}
    fn unbind_remote_stream(&mut self, _: &StreamInfo) {}
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tracks::clock::{Epoch, VIDEO_RATE};
    use std::time::SystemTime;

    const OWN: u32 = 7;

    fn rtcp(now: Instant, report: impl rtc::rtcp::Packet + 'static) -> TaggedPacket {
        let message = AttributedPacket::new(Packet::Rtcp(vec![Box::new(report)]));
        TaggedPacket { now, transport: TransportContext::default(), message }
    }

    #[test]
    fn a_reference_time_is_answered_at_once_and_nothing_else_of_its_kind() {
        let now = Instant::now();
        let clock = Arc::new(TrackClock::new(Epoch::new(now, SystemTime::now()), VIDEO_RATE, 0));
        let mut feedback = Feedback::new(HashMap::from([(OWN, clock)]), Arc::default());
        let asked =
            |blocks: Vec<Box<dyn rtc::rtcp::Packet>>| ExtendedReport { sender_ssrc: 1, reports: blocks };

        feedback.handle_read(rtcp(now, asked(Vec::new()))).unwrap();
        feedback.handle_read(rtcp(now, asked(vec![Box::new(DLRRReportBlock::default())]))).unwrap();
        assert!(feedback.poll_write().is_none(), "no reference time, no answer");

        let time = ReceiverReferenceTimeReportBlock { ntp_timestamp: 0x0123_4567_89ab_cdef };
        feedback.handle_read(rtcp(now, asked(vec![Box::new(time)]))).unwrap();
        let Some(Packet::Rtcp(packets)) = feedback.poll_write().map(|packet| packet.message.packet) else {
            panic!("no answer")
        };
        let answer = packets[0].as_any().downcast_ref::<ExtendedReport>().unwrap();
        let block = answer.reports[0].as_any().downcast_ref::<DLRRReportBlock>().unwrap();
        assert_eq!(answer.sender_ssrc, OWN);
        assert_eq!(block.reports, [DLRRReport { ssrc: 1, last_rr: 0x4567_89ab, dlrr: 0 }]);
        assert!(feedback.poll_write().is_none(), "one answer");
    }
}
