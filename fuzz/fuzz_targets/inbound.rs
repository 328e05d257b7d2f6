//! See `patchbay_fuzz::inbound::inbound`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::inbound::inbound(data));
