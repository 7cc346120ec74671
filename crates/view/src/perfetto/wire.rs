//! The messages of Perfetto's trace format that a run needs.
//!
//! Field numbers are those of `perfetto_trace.proto` (`Trace`, `TracePacket`, `TrackDescriptor`,
//! `TrackEvent`). A trace is a sequence of packets, so each packet can be written on its own.

use prost::Message;

/// `TrackEvent.Type`.
const SLICE_BEGIN: i32 = 1;
const SLICE_END: i32 = 2;
const INSTANT: i32 = 3;
/// All packets belong to one sequence.
const SEQUENCE: u32 = 1;

/// A trace.
#[derive(Clone, PartialEq, Message)]
pub(super) struct Trace {
    #[prost(message, repeated, tag = "1")]
    pub(super) packet: Vec<TracePacket>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TracePacket {
    #[prost(uint64, optional, tag = "8")]
    pub(super) timestamp: Option<u64>,
    #[prost(uint32, optional, tag = "10")]
    pub(super) trusted_packet_sequence_id: Option<u32>,
    #[prost(message, optional, tag = "11")]
    pub(super) track_event: Option<TrackEvent>,
    #[prost(message, optional, tag = "60")]
    pub(super) track_descriptor: Option<TrackDescriptor>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrackDescriptor {
    #[prost(uint64, optional, tag = "1")]
    pub(super) uuid: Option<u64>,
    #[prost(string, optional, tag = "2")]
    pub(super) name: Option<String>,
    #[prost(uint64, optional, tag = "5")]
    pub(super) parent_uuid: Option<u64>,
}

#[derive(Clone, PartialEq, Message)]
pub(super) struct TrackEvent {
    #[prost(int32, optional, tag = "9")]
    pub(super) r#type: Option<i32>,
    #[prost(uint64, optional, tag = "11")]
    pub(super) track_uuid: Option<u64>,
    #[prost(string, optional, tag = "23")]
    pub(super) name: Option<String>,
    #[prost(fixed64, repeated, packed = "false", tag = "47")]
    pub(super) flow_ids: Vec<u64>,
    #[prost(fixed64, repeated, packed = "false", tag = "48")]
    pub(super) terminating_flow_ids: Vec<u64>,
}

/// A track of the UI.
pub(super) struct Track {
    pub(super) uuid: u64,
    pub(super) name: String,
    /// The track that contains it.
    pub(super) parent: Option<u64>,
}

/// An event on a track.
#[derive(Clone, Copy)]
pub(super) struct TrackEventFields<'a> {
    kind: i32,
    track: u64,
    name: Option<&'a str>,
    /// A flow through this event, and whether it ends here.
    flow: Option<(u64, bool)>,
}

impl<'a> TrackEventFields<'a> {
    pub(super) const fn begin(track: u64, name: &'a str) -> Self {
        Self::new(SLICE_BEGIN, track, Some(name))
    }

    /// Ends the innermost open slice of the track.
    pub(super) const fn end(track: u64) -> Self {
        Self::new(SLICE_END, track, None)
    }

    pub(super) const fn instant(track: u64, name: &'a str) -> Self {
        Self::new(INSTANT, track, Some(name))
    }

    const fn new(kind: i32, track: u64, name: Option<&'a str>) -> Self {
        Self {
            kind,
            track,
            name,
            flow: None,
        }
    }

    /// Puts the event on a flow, as its last event or not.
    pub(super) const fn flowing(self, flow: u64, is_last: bool) -> Self {
        Self {
            flow: Some((flow, is_last)),
            ..self
        }
    }
}

/// Encodes a track.
pub(super) fn track(track: &Track) -> Vec<u8> {
    packet(TracePacket {
        track_descriptor: Some(TrackDescriptor {
            uuid: Some(track.uuid),
            name: Some(track.name.clone()),
            parent_uuid: track.parent,
        }),
        ..TracePacket::default()
    })
}

/// Encodes an event; `at` is in nanoseconds.
pub(super) fn event(at: u64, event: TrackEventFields<'_>) -> Vec<u8> {
    let flows = |is_last: bool| {
        let flow = event.flow.filter(|(_, last)| *last == is_last);
        flow.map(|(flow, _)| flow).into_iter().collect()
    };
    packet(TracePacket {
        timestamp: Some(at),
        track_event: Some(TrackEvent {
            r#type: Some(event.kind),
            track_uuid: Some(event.track),
            name: event.name.map(str::to_owned),
            flow_ids: flows(false),
            terminating_flow_ids: flows(true),
        }),
        ..TracePacket::default()
    })
}

fn packet(packet: TracePacket) -> Vec<u8> {
    let packet = TracePacket {
        trusted_packet_sequence_id: Some(SEQUENCE),
        ..packet
    };
    // Concatenated protobuf messages are one message with the repeated fields of all.
    Trace {
        packet: vec![packet],
    }
    .encode_to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_in_a_row_are_one_trace() {
        let row = Track {
            uuid: 7,
            name: "PARIS".to_owned(),
            parent: None,
        };
        let slice = TrackEventFields::begin(7, "runs").flowing(9, true);
        let bytes = [
            track(&row),
            event(12, slice),
            event(30, TrackEventFields::end(7)),
        ]
        .concat();
        let trace = Trace::decode(bytes.as_slice()).expect("a trace");
        let [described, begun, ended] = trace.packet.as_slice() else {
            panic!("three packets, not {}", trace.packet.len());
        };
        let descriptor = described.track_descriptor.as_ref().expect("a track");
        assert_eq!((descriptor.uuid, descriptor.parent_uuid), (Some(7), None));
        assert_eq!((begun.timestamp, ended.timestamp), (Some(12), Some(30)));
        let begun = begun.track_event.as_ref().expect("an event");
        assert_eq!(begun.name.as_deref(), Some("runs"));
        assert_eq!(
            (begun.flow_ids.len(), begun.terminating_flow_ids[0]),
            (0, 9)
        );
    }
}
