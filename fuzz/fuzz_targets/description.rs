//! See `patchbay_fuzz::description`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::description(data));
