//! See `patchbay_fuzz::format::description`.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| patchbay_fuzz::format::description(data));
