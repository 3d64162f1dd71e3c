//! STUN by datagrams.

use crate::harness::{PATIENCE, start, start_with};
use std::time::Duration;
use stun_types::{
    attribute::XorMappedAddress,
    message::{BINDING, Message, MessageWriteVec},
    prelude::*,
};
use tokio::{net::UdpSocket, time::timeout};
use watchword_rendezvous::Rate;

#[tokio::test]
async fn a_client_learns_its_address() {
    let server = start();
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    let mut buffer = [0; 200];
    for noise in [&b""[..], b"hello", &[0; 20], &[0x80; 1400]] {
        client.send_to(noise, server.stun.unwrap()).await.unwrap();
    }
    let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
    client.send_to(&request, server.stun.unwrap()).await.unwrap();
    let length = timeout(PATIENCE, client.recv(&mut buffer)).await.unwrap().unwrap();
    let response = Message::from_bytes(&buffer[..length]).unwrap();
    assert_eq!(response.transaction_id(), Message::from_bytes(&request).unwrap().transaction_id());
    let mapped = response.attribute::<XorMappedAddress>().unwrap().addr(response.transaction_id());
    assert_eq!(mapped, client.local_addr().unwrap());
    client.send_to(&buffer[..length], server.stun.unwrap()).await.unwrap();
    let silence = timeout(Duration::from_millis(300), client.recv(&mut buffer)).await;
    assert!(silence.is_err(), "no answer to an answer, nor to noise");
    server.stopped().await;
}

#[tokio::test]
async fn a_source_is_answered_so_often() {
    let server = start_with(|settings| settings.limits.stun = Rate { burst: 3, per_second: 0.01 });
    let client = UdpSocket::bind("127.0.0.1:0").await.unwrap();
    for _ in 0..10 {
        let request = Message::builder_request(BINDING, MessageWriteVec::new()).finish();
        client.send_to(&request, server.stun.unwrap()).await.unwrap();
    }
    for _ in 0..3 {
        timeout(PATIENCE, client.recv(&mut [0; 200])).await.expect("an answer").unwrap();
    }
    let fourth = timeout(Duration::from_millis(500), client.recv(&mut [0; 200])).await;
    assert!(fourth.is_err());
    server.stopped().await;
}
