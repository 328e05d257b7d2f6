//! See `patchbay_fuzz::redaction::redaction`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::redaction::redaction(data));
