//! TPKT (RFC 1006), X.224 and X.225: what is decoded has an encoding that decodes to the same.

#![no_main]

use libfuzzer_sys::fuzz_target;
use mta::iso::{spdu, tpdu, tpkt};

fuzz_target!(|data: &[u8]| {
    if let Ok(unit) = tpdu::decode(data) {
        let bytes = unit.encode();
        assert_eq!(tpdu::decode(&bytes).as_ref(), Ok(&unit));
    }
    if let Ok(unit) = spdu::decode(data) {
        let bytes = unit.encode();
        assert_eq!(spdu::decode(&bytes).as_ref(), Ok(&unit));
    }
    if let Some(header) = data.first_chunk::<{ tpkt::HEADER_BYTES }>()
        && let Ok(length) = tpkt::body_length(*header)
    {
        assert!(length <= usize::from(u16::MAX));
        let packet = tpkt::encode(&vec![0; length]);
        assert_eq!(packet.len(), length + tpkt::HEADER_BYTES);
    }
});
