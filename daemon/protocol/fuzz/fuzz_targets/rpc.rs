#![no_main]
libfuzzer_sys::fuzz_target!(|data: &[u8]| watchword_protocol::fuzzing::rpc(data));
