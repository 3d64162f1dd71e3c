//! STUN (RFC 8489) as far as a Binding responder needs it: which address does this request come from?

use std::net::{IpAddr, SocketAddr};

/// RFC 8489 section 5.
const MAGIC: u32 = 0x2112_A442;
const HEADER: usize = 20;
const BINDING_REQUEST: u16 = 0x0001;
const BINDING_SUCCESS: u16 = 0x0101;
const BINDING_ERROR: u16 = 0x0111;
const ERROR_CODE: u16 = 0x0009;
const UNKNOWN_ATTRIBUTES: u16 = 0x000A;
const XOR_MAPPED_ADDRESS: u16 = 0x0020;
const FINGERPRINT: u16 = 0x8028;
/// RFC 8489 section 14.7.
const FINGERPRINT_XOR: u32 = 0x5354_554E;
/// Attributes below this must be understood (section 14).
const OPTIONAL: u16 = 0x8000;
/// Those that a server without passwords may leave unread: USERNAME, MESSAGE-INTEGRITY, REALM, NONCE,
/// MESSAGE-INTEGRITY-SHA256, PASSWORD-ALGORITHM, USERHASH; and ICE's PRIORITY and USE-CANDIDATE (RFC 8445).
const UNDERSTOOD: [u16; 9] = [0x0006, 0x0008, 0x0014, 0x0015, 0x001C, 0x001D, 0x001E, 0x0024, 0x0025];
/// Unknown attributes listed at most, so that an answer is never much larger than its request.
const LISTED: usize = 8;

/// The response to a Binding request that came from `source`; `None` for everything else (section 6.3: what is no
/// request is dropped, so that nobody can have two servers talk to each other).
pub(crate) fn respond(datagram: &[u8], source: SocketAddr) -> Option<Vec<u8>> {
    let (header, body) = datagram.split_at_checked(HEADER)?;
    let (kind, length, magic) = (u16_at(header, 0)?, u16_at(header, 2)?, u32_at(header, 4)?);
    let transaction: [u8; 12] = header.get(8..20)?.try_into().ok()?;
    if kind != BINDING_REQUEST || magic != MAGIC || usize::from(length) != body.len() || length % 4 != 0 {
        return None;
    }
    let unknown = unknown_attributes(datagram, body)?;
    let mut response = Response::new(transaction);
    if unknown.is_empty() {
        response.set_type(BINDING_SUCCESS);
        response.attribute(XOR_MAPPED_ADDRESS, &xor_mapped(source, &transaction));
    } else {
        response.set_type(BINDING_ERROR);
        response.attribute(ERROR_CODE, b"\0\0\x04\x14Unknown Attribute");
        let list: Vec<u8> = unknown.iter().take(LISTED).flat_map(|kind| kind.to_be_bytes()).collect();
        response.attribute(UNKNOWN_ATTRIBUTES, &list);
    }
    Some(response.finish())
}

/// Attributes that must be understood and are not; `None` where the attributes are broken or FINGERPRINT is wrong.
fn unknown_attributes(datagram: &[u8], mut body: &[u8]) -> Option<Vec<u16>> {
    let mut unknown = Vec::new();
    while !body.is_empty() {
        let at = datagram.len() - body.len();
        let (kind, length) = (u16_at(body, 0)?, usize::from(u16_at(body, 2)?));
        let value = body.get(4..4 + length)?;
        body = body.get(4 + length.next_multiple_of(4)..)?;
        if kind == FINGERPRINT {
            let right = crc32(datagram.get(..at)?) ^ FINGERPRINT_XOR;
            // It is the last attribute, and covers all before it.
            return (value == right.to_be_bytes() && body.is_empty()).then_some(unknown);
        }
        if kind < OPTIONAL
            && !UNDERSTOOD.contains(&kind)
            && !unknown.contains(&kind)
            && unknown.len() < LISTED
        {
            unknown.push(kind);
        }
    }
    Some(unknown)
}

/// Section 14.2.
fn xor_mapped(source: SocketAddr, transaction: &[u8; 12]) -> Vec<u8> {
    let port = source.port() ^ (MAGIC >> 16) as u16;
    let (family, octets) = match source.ip().to_canonical() {
        IpAddr::V4(v4) => (1, v4.octets().to_vec()),
        IpAddr::V6(v6) => (2, v6.octets().to_vec()),
    };
    let mask = MAGIC.to_be_bytes().into_iter().chain(transaction.iter().copied());
    let mut value = vec![0, family];
    value.extend_from_slice(&port.to_be_bytes());
    value.extend(octets.into_iter().zip(mask).map(|(octet, mask)| octet ^ mask));
    value
}

struct Response(Vec<u8>);

impl Response {
    fn new(transaction: [u8; 12]) -> Self {
        let mut bytes = vec![0; 4];
        bytes.extend_from_slice(&MAGIC.to_be_bytes());
        bytes.extend_from_slice(&transaction);
        Self(bytes)
    }

    fn set_type(&mut self, kind: u16) {
        self.0.splice(0..2, kind.to_be_bytes());
    }

    fn attribute(&mut self, kind: u16, value: &[u8]) {
        self.0.extend_from_slice(&kind.to_be_bytes());
        self.0.extend_from_slice(&(value.len() as u16).to_be_bytes());
        self.0.extend_from_slice(value);
        self.0.resize(self.0.len().next_multiple_of(4), 0);
        let length = (self.0.len() - HEADER) as u16;
        self.0.splice(2..4, length.to_be_bytes());
    }

    /// The length in the header counts FINGERPRINT already when its sum is taken (section 14.7).
    fn finish(mut self) -> Vec<u8> {
        let end = self.0.len();
        self.attribute(FINGERPRINT, &[0; 4]);
        let sum = crc32(&self.0[..end]) ^ FINGERPRINT_XOR;
        self.0.splice(end + 4.., sum.to_be_bytes());
        self.0
    }
}

/// CRC-32 of ITU-T V.42.
fn crc32(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(
            sum ^ u32::from(*byte),
            |sum, _| if sum & 1 == 1 { (sum >> 1) ^ 0xEDB8_8320 } else { sum >> 1 },
        )
    })
}

fn u16_at(bytes: &[u8], at: usize) -> Option<u16> {
    Some(u16::from_be_bytes(bytes.get(at..at + 2)?.try_into().ok()?))
}

fn u32_at(bytes: &[u8], at: usize) -> Option<u32> {
    Some(u32::from_be_bytes(bytes.get(at..at + 4)?.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use stun_types::{
        attribute::{ErrorCode, Fingerprint, Software, UnknownAttributes, XorMappedAddress},
        message::{BINDING, Message, MessageClass, MessageWriteVec},
        prelude::*,
    };

    fn request() -> MessageWriteVec {
        Message::builder_request(BINDING, MessageWriteVec::new())
    }

    #[test]
    fn tells_the_address_as_another_implementation_reads_it() {
        for source in ["192.0.2.7:40000", "[2001:db8::9]:1", "[::ffff:192.0.2.7]:65535"] {
            let source: SocketAddr = source.parse().unwrap();
            let mut request = request();
            request.add_attribute(&Software::new("a test").unwrap()).unwrap();
            request.add_fingerprint().unwrap();
            let asked = request.finish();
            let answer = respond(&asked, source).unwrap();
            let (asked, answer) =
                (Message::from_bytes(&asked).unwrap(), Message::from_bytes(&answer).unwrap());
            assert_eq!(answer.class(), MessageClass::Success);
            assert_eq!(answer.transaction_id(), asked.transaction_id());
            let mapped = answer.attribute::<XorMappedAddress>().unwrap().addr(answer.transaction_id());
            assert_eq!(mapped, SocketAddr::new(source.ip().to_canonical(), source.port()));
            assert!(answer.attribute::<Fingerprint>().is_ok(), "reading it checks it");
        }
    }

    #[test]
    fn an_unknown_attribute_that_must_be_understood_is_refused() {
        let mut asked = request().finish();
        asked.extend_from_slice(&[0x7f, 0x01, 0, 3, 1, 2, 3, 0]);
        asked[3] += 8;
        let answer = respond(&asked, "192.0.2.7:4".parse().unwrap()).unwrap();
        let answer = Message::from_bytes(&answer).unwrap();
        assert_eq!(answer.class(), MessageClass::Error);
        assert_eq!(answer.attribute::<ErrorCode>().unwrap().code(), 420);
        assert!(answer.attribute::<UnknownAttributes>().unwrap().has_attribute(0x7f01.into()));
    }

    #[test]
    fn only_well_formed_requests_are_answered() {
        let source = "192.0.2.7:4".parse().unwrap();
        let plain = request().finish();
        assert!(respond(&plain, source).is_some());
        let response = respond(&plain, source).unwrap();
        assert!(respond(&response, source).is_none(), "no answer to an answer");
        let mut marked = request();
        marked.add_fingerprint().unwrap();
        let mut marked = marked.finish();
        *marked.last_mut().unwrap() ^= 1;
        assert!(respond(&marked, source).is_none(), "a wrong fingerprint");
        for (at, byte) in [(0, 0x40), (1, 0x11), (1, 0x03), (3, 4), (4, 0)] {
            let mut broken = plain.clone();
            broken[at] = byte;
            assert!(respond(&broken, source).is_none(), "byte {at}");
        }
        assert!(respond(&plain[..19], source).is_none());
    }

    proptest! {
        #[test]
        fn any_datagram_is_answered_briefly_or_not_at_all(mut datagram in proptest::collection::vec(any::<u8>(), 0..200), stun in any::<bool>()) {
            if stun && datagram.len() >= HEADER {
                let length = (datagram.len() - HEADER) as u16;
                datagram[..2].copy_from_slice(&[0, 1]);
                datagram[2..4].copy_from_slice(&length.to_be_bytes());
                datagram[4..8].copy_from_slice(&MAGIC.to_be_bytes());
            }
            if let Some(answer) = respond(&datagram, "[2001:db8::9]:1".parse().unwrap()) {
                prop_assert!(answer.len() <= 96);
                prop_assert!(Message::from_bytes(&answer).is_ok());
            }
        }
    }
}
